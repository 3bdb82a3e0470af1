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

static struct explain_judge
refuse(struct span head, const struct http_request *request, enum fault fault)
{
    struct span part;
    if (fault == FAULT_NONE)
        return (struct explain_judge){.fault = FAULT_NONE};
    if (fault == FAULT_FIELD)
        part = not_token(line_number(head, request->field_count + 1));
    else if (fields[fault])
        part = field_value(head, request, fields[fault]);
    else
        part = first_line_part(line_number(head, 0), fault);
    return (struct explain_judge){.fault = fault,
                                  .offset = (size_t)(part.ptr - head.ptr),
                                  .len = part.len ? part.len : 1};
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

struct explain_judge explain_judge_scan(struct span head, unsigned status)
{
    size_t at = head.len - 1;
    uint8_t before = at > 0 ? head.ptr[at - 1] : 0;
    return (struct explain_judge){.fault =
                                      scan_fault(status, before, head.ptr[at]),
                                  .offset = at,
                                  .len = 1};
}

/* ---- A request ----------------------------------------------------------- */

struct explain_judge
explain_judge_request(struct span head, const struct handshake_policy *policy,
                      struct http_request *request, struct handshake *agreed)
{
    static const struct handshake_policy anybody = {.any_origin = true};
    enum fault fault = http_parse(request, head.ptr, head.len);
    if (fault == FAULT_NONE && handshake_wanted(request)) {
        if (!bytes_equal(request->method, BYTES_LITERAL("GET")))
            fault = FAULT_NOT_GET;
        else
            fault =
                handshake_check(request, policy ? policy : &anybody, agreed);
    }
    return refuse(head, request, fault);
}

/* ---- A response ---------------------------------------------------------- */

/* Its fields, as if they were a request's. The status, or 0. */
static unsigned read_response(struct span head, struct http_request *response)
{
    struct span line = line_number(head, 0);
    uint64_t status;
    *response = (struct http_request){.minor = 1};
    if (line.len < 12 ||
        !bytes_equal(bytes_part(line, 0, 7), BYTES_LITERAL("HTTP/1.")) ||
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

struct explain_judge explain_judge_response(struct span head,
                                            struct span accept,
                                            struct http_request *response,
                                            unsigned *status)
{
    enum fault fault = FAULT_NONE;
    *status = read_response(head, response);
    if (*status == 0)
        fault = FAULT_STATUS_LINE;
    else if (*status == 101)
        fault = check_switching(response, accept);
    return refuse(head, response, fault);
}
