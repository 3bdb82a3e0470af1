/* SPDX-License-Identifier: MIT */
#include "wire/explain_judge.h"

#include "base/base64.h"
#include "base/sha1.h"

/* ---- Which bytes are at fault -------------------------------------------- */

/* The field to mark, in its last line of that name. Where it is missing the
   empty line is marked, as only there one can know. Not named here: a part of
   the first line, and FAULT_FIELD. */
static const char *const fields[FAULTS] = {
    [FAULT_HOST_MISSING] = "Host",
    [FAULT_HOST_REPEATED] = "Host",
    [FAULT_HOST] = "Host",
    [FAULT_LENGTH] = "Content-Length",
    [FAULT_LENGTH_EMPTY] = "Content-Length",
    [FAULT_CODING] = "Transfer-Encoding",
    [FAULT_CHUNKED] = "Transfer-Encoding",
    [FAULT_BODY] = "Content-Length",
    [FAULT_NOT_13] = "Sec-WebSocket-Version",
    [FAULT_13_REPEATED] = "Sec-WebSocket-Version",
    [FAULT_KEY_MISSING] = "Sec-WebSocket-Key",
    [FAULT_KEY_REPEATED] = "Sec-WebSocket-Key",
    [FAULT_KEY] = "Sec-WebSocket-Key",
    [FAULT_ORIGIN_REPEATED] = "Origin",
    [FAULT_ORIGIN_FOREIGN] = "Origin",
    [FAULT_EXTENSIONS] = "Sec-WebSocket-Extensions",
    [FAULT_UPGRADE] = "Upgrade",
    [FAULT_CONNECTION] = "Connection",
    [FAULT_ACCEPT] = "Sec-WebSocket-Accept",
};

struct span explain_judge_line(struct span head, size_t offset)
{
    struct span rest = bytes_after(head, offset);
    return bytes_cut(&rest, '\r');
}

/* The line with this number: 0 is the request line, or the status line. */
static struct span line_number(struct span head, size_t number)
{
    size_t offset = head.ptr[0] == '\r' ? 2 : 0;
    for (; number > 0; number--)
        offset += explain_judge_line(head, offset).len + 2;
    return explain_judge_line(head, offset);
}

/* Where the first byte is that no token has, or the end. */
static struct span not_token(struct span s)
{
    return bytes_part(s, http_token_len(s), 0);
}

/* Of the first line: its method, its target, or what stands behind these. */
static struct span first_line_part(struct span line, enum fault fault)
{
    struct span method = bytes_cut(&line, ' ');
    if (fault == FAULT_METHOD)
        return not_token(method);
    if (fault == FAULT_NOT_GET)
        return method;
    struct span target = bytes_cut(&line, ' ');
    return fault == FAULT_TARGET ? target : line;
}

/* The value of the last field of this name, or the head's empty line. */
static struct span field_value(struct span head,
                               const struct http_request *request,
                               const char *name)
{
    for (size_t i = request->field_count; i-- > 0;)
        if (bytes_equal_nocase(request->fields[i].name, bytes_of(name)))
            return request->fields[i].value;
    return bytes_part(head, head.len - 2, 0);
}

static void find_bytes(struct explain_judge *v, struct span head)
{
    struct span part;
    if (v->fault == FAULT_FIELD)
        part = not_token(line_number(head, v->message.field_count + 1));
    else if (fields[v->fault])
        part = field_value(head, &v->message, fields[v->fault]);
    else
        part = first_line_part(line_number(head, 0), v->fault);
    v->offset = (size_t)(part.ptr - head.ptr);
    v->len = part.len ? part.len : 1;
}

static enum fault scan_fault(unsigned status, uint8_t before, uint8_t byte)
{
    if (status == 414)
        return FAULT_LINE_LONG;
    if (status == 431)
        return FAULT_HEAD_LONG;
    if (before == '\r')
        return FAULT_BARE_CR;
    if (byte == '\n')
        return FAULT_BARE_LF;
    return before == '\n' ? FAULT_FOLDED : FAULT_CONTROL_BYTE;
}

void explain_judge_scan(struct explain_judge *v, struct span head,
                        unsigned status)
{
    size_t at = head.len - 1;
    v->fault = scan_fault(status, at > 0 ? head.ptr[at - 1] : 0, head.ptr[at]);
    v->offset = at;
    v->len = 1;
}

/* ---- A request ----------------------------------------------------------- */

void explain_judge_request(struct explain_judge *v, struct span head,
                           const struct handshake_policy *policy)
{
    static const struct handshake_policy anybody = {.any_origin = true};
    const struct http_request *request = &v->message;
    v->fault = http_parse(&v->message, head.ptr, head.len);
    if (!v->fault && handshake_wanted(request))
        v->fault = bytes_equal(request->method, BYTES_LITERAL("GET"))
                       ? handshake_check(request, policy ? policy : &anybody,
                                         &v->legal)
                       : FAULT_NOT_GET;
    find_bytes(v, head);
}

/* ---- A response ---------------------------------------------------------- */

/* Its fields, as if they were a request's. The status, or 0. */
static unsigned read_response(struct span head, struct http_request *response)
{
    struct span line = line_number(head, 0);
    uint64_t status;
    if (line.len < 12 || !bytes_begins(line, BYTES_LITERAL("HTTP/1.")) ||
        !bytes_decimal(bytes_part(line, 9, 3), &status) || status < 100)
        return 0;
    for (size_t i = 1; i <= HTTP_FIELDS_MAX; i++) {
        line = line_number(head, i);
        size_t colon = bytes_find(line, ':');
        if (line.len == 0)
            break;
        if (colon == line.len)
            continue;
        response->fields[response->field_count++] = (struct http_field){
            .name = bytes_part(line, 0, colon),
            .value = bytes_trim(bytes_after(line, colon + 1)),
        };
    }
    return (unsigned)status;
}

static enum fault check_switching(const struct http_request *response,
                                  struct span accept)
{
    struct span answer;
    uint8_t digest[SHA1_LEN];
    if (!http_lists(response, "Upgrade", "websocket"))
        return FAULT_UPGRADE;
    if (!http_lists(response, "Connection", "upgrade"))
        return FAULT_CONNECTION;
    if (http_field(response, "Sec-WebSocket-Accept", &answer) != 1 ||
        base64_decode(digest, sizeof digest, answer) != SHA1_LEN ||
        (accept.len > 0 && !bytes_equal(answer, accept)))
        return FAULT_ACCEPT;
    return FAULT_NONE;
}

void explain_judge_response(struct explain_judge *v, struct span head,
                            struct span accept)
{
    v->status = read_response(head, &v->message);
    if (v->status == 0)
        v->fault = FAULT_STATUS_LINE;
    else if (v->status == 101)
        v->fault = check_switching(&v->message, accept);
    find_bytes(v, head);
}
