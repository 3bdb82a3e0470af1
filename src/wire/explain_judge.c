/* SPDX-License-Identifier: MIT */
#include "wire/explain_judge.h"

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
    [FAULT_SWITCHING_BODY] = "Content-Length",
    [FAULT_ACCEPT] = "Sec-WebSocket-Accept",
    [FAULT_ANSWERS_REPEATED] = "Sec-WebSocket-Extensions",
    [FAULT_ANSWER] = "Sec-WebSocket-Extensions",
    [FAULT_ANSWER_FOREIGN] = "Sec-WebSocket-Extensions",
    [FAULT_ANSWER_TERMS] = "Sec-WebSocket-Extensions",
    [FAULT_PROTOCOL_REPEATED] = "Sec-WebSocket-Protocol",
    [FAULT_PROTOCOL_FOREIGN] = "Sec-WebSocket-Protocol",
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
    if (fault == FAULT_SWITCHING_VERSION)
        return method; /* of a response it is the version */
    if (fault == FAULT_STATUS_LINE)
        return line;
    if (fault == FAULT_METHOD)
        return not_token(method);
    if (fault == FAULT_NOT_GET || fault == FAULT_METHOD_UNKNOWN)
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
    struct span none;
    if (v->fault == FAULT_SWITCHING_BODY &&
        http_field(&v->message, "Content-Length", &none) == 0)
        part = field_value(head, &v->message, "Transfer-Encoding");
    else if (v->fault == FAULT_FIELD)
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
    if (v->fault || !handshake_wanted(request)) {
        /* That is all. */
    } else if (!http_method_known(request->method)) {
        v->fault = FAULT_METHOD_UNKNOWN;
    } else if (!bytes_equal(request->method, BYTES_LITERAL("GET"))) {
        v->fault = FAULT_NOT_GET;
    } else {
        v->fault =
            handshake_check(request, policy ? policy : &anybody, &v->legal);
    }
    find_bytes(v, head);
}

/* ---- A response ---------------------------------------------------------- */

void explain_judge_response(struct explain_judge *v, struct span head,
                            struct span accept)
{
    struct opening_answer answer;
    v->fault =
        opening_judge(NULL, accept.len ? accept.ptr : NULL, head, &answer);
    v->message = answer.response;
    v->status = answer.status;
    v->terms = answer.terms;
    find_bytes(v, head);
}
