/* SPDX-License-Identifier: MIT */
#include "wire/explain_judge.h"

#include "base/base64.h"
#include "base/sha1.h"

/* ---- Rules --------------------------------------------------------------- */

/*
 * The phrases with which http.c and handshake.c refuse a request, where the
 * fault lies, and the rule. The field is the one to mark, in its last line of
 * that name; where it is missing, the empty line is marked, as only there one
 * can know. No field: the request line.
 */
struct refusal {
    struct listing_rule rule;
    const char *field;
};

static const struct refusal refusals[] = {
    {{"malformed method", "a method is a token", "9112 3.1"}, NULL},
    {{"malformed target", "a path, or for a proxy a whole URI", "9112 3.2"},
     NULL},
    {{"malformed HTTP version", "HTTP/ and two digits with a point between",
      "9112 2.3"},
     NULL},
    {{"malformed field", "a name, which is a token, and at once a colon",
      "9112 5.1"},
     ""},
    {{"HTTP version not 1.x", "a version 1.1 or higher of HTTP/1", "4.2.1"},
     NULL},
    {{"Host missing", "an HTTP/1.1 request MUST have one Host", "9112 3.2"},
     "Host"},
    {{"Host repeated", "an HTTP/1.1 request MUST have one Host", "9112 3.2"},
     "Host"},
    {{"malformed Host", "host, or host:port", "9110 7.2"}, "Host"},
    {{"malformed Content-Length", "one number", "9110 8.6"}, "Content-Length"},
    {{"empty Content-Length", "one number", "9110 8.6"}, "Content-Length"},
    {{"Transfer-Encoding", "chatd knows no transfer coding", "9112 6.1"},
     "Transfer-Encoding"},
    {{"a body on an upgrade", "what follows the head is frames", "4.1"},
     "Content-Length"},
    {{"Sec-WebSocket-Version not 13", "the value MUST be 13", "4.2.1"},
     "Sec-WebSocket-Version"},
    {{"Sec-WebSocket-Version repeated", "MUST NOT appear more than once",
      "11.3.5"},
     "Sec-WebSocket-Version"},
    {{"Sec-WebSocket-Key missing", "the request MUST include it", "4.2.1"},
     "Sec-WebSocket-Key"},
    {{"Sec-WebSocket-Key repeated", "MUST NOT appear more than once", "11.3.1"},
     "Sec-WebSocket-Key"},
    {{"Sec-WebSocket-Key not 16 bytes of base64",
      "base64 that decodes to 16 bytes", "4.2.1"},
     "Sec-WebSocket-Key"},
    {{"Origin repeated", "a request has one origin", "6454 7.3"}, "Origin"},
    {{"Origin not allowed", "a server may keep other sites' pages out", "10.2"},
     "Origin"},
    {{"malformed Sec-WebSocket-Extensions", "the grammar of extensions", "9.1"},
     "Sec-WebSocket-Extensions"},
    {{"a method other than GET", "the method MUST be GET", "4.1"}, NULL},
    /* What a client looks for in a response. */
    {{"malformed status line", "HTTP/1.1, a blank, three digits", "9112 4"},
     NULL},
    {{"Upgrade is not websocket", "else the client MUST fail the connection",
      "4.1"},
     "Upgrade"},
    {{"Connection does not list upgrade",
      "else the client MUST fail the connection", "4.1"},
     "Connection"},
    {{"not the answer to the key",
      "base64 of the SHA-1 of the key with the GUID behind it", "4.1"},
     "Sec-WebSocket-Accept"},
};

struct span explain_judge_line(struct span head, size_t offset)
{
    struct span rest = bytes_part(head, offset, head.len - offset);
    return bytes_part(rest, 0, bytes_find(rest, '\r'));
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
    struct span more = BYTES_LITERAL("!#$%&'*+-.^_`|~");
    size_t at = 0;
    for (; at < s.len; at++) {
        uint8_t byte = bytes_lower(s.ptr[at]);
        if (!(byte >= 'a' && byte <= 'z') && !(byte >= '0' && byte <= '9') &&
            bytes_find(more, byte) == more.len)
            break;
    }
    return bytes_part(s, at, 0);
}

/* Which bytes of the request line a refusal is about: its words say it. */
static struct span request_part(struct span head, struct span what)
{
    struct span line = line_number(head, 0);
    struct span method = bytes_part(line, 0, bytes_find(line, ' '));
    if (bytes_equal(what, BYTES_LITERAL("malformed method")))
        return not_token(method);
    if (bytes_equal(what, BYTES_LITERAL("a method other than GET")))
        return method;
    size_t at = bytes_min(method.len + 1, line.len);
    struct span rest = bytes_part(line, at, line.len - at);
    size_t target = bytes_find(rest, ' ');
    if (bytes_equal(what, BYTES_LITERAL("malformed target")))
        return bytes_part(rest, 0, target);
    at = bytes_min(target + 1, rest.len);
    return bytes_part(rest, at, rest.len - at);
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

static struct explain_judge refuse(struct span head,
                                   const struct http_request *request,
                                   unsigned status, const char *why)
{
    struct explain_judge v = {.status = status, .rule = {why, NULL, "9112 3"}};
    struct span what = bytes_of(why);
    struct span part = line_number(head, 0);
    for (size_t i = 0; i < sizeof refusals / sizeof refusals[0]; i++) {
        const struct refusal *r = &refusals[i];
        if (!bytes_equal(bytes_of(r->rule.what), what))
            continue;
        v.rule = r->rule;
        if (!r->field)
            part = request_part(head, what);
        else if (r->field[0] == '\0')
            part = not_token(line_number(head, request->field_count + 1));
        else
            part = field_value(head, request, r->field);
    }
    v.offset = (size_t)(part.ptr - head.ptr);
    v.len = part.len ? part.len : 1;
    return v;
}

struct explain_judge explain_judge_scan(struct span head, unsigned status)
{
    size_t at = head.len - 1;
    uint8_t byte = head.ptr[at], before = at > 0 ? head.ptr[at - 1] : 0;
    struct explain_judge v = {.status = status, .offset = at, .len = 1};
    v.rule = (struct listing_rule){"a control character",
                                   "a field holds none but TAB", "9110 5.5"};
    if (status == 414)
        v.rule = (struct listing_rule){"the request line is too long",
                                       "chatd takes heads of 16384 bytes",
                                       "9110 15.5.15"};
    else if (status == 431)
        v.rule = (struct listing_rule){"the head is too long",
                                       "chatd takes 16384 bytes and 64 fields",
                                       "6585 5"};
    else if (before == '\r')
        v.rule = (struct listing_rule){"a CR that no LF follows",
                                       "a line ends with CR LF", "9112 2.2"};
    else if (byte == '\n')
        v.rule = (struct listing_rule){"a LF without a CR before it",
                                       "a line ends with CR LF", "9112 2.2"};
    else if (before == '\n')
        v.rule =
            (struct listing_rule){"a folded line, or a blank before a name",
                                  "MUST NOT be sent", "9112 5.2"};
    return v;
}

/* ---- A request ----------------------------------------------------------- */

enum extension_result
explain_judge_extension(const struct http_request *request,
                        struct extension *chosen)
{
    struct span values[HTTP_FIELDS_MAX];
    size_t count = 0;
    for (size_t i = 0; i < request->field_count; i++)
        if (bytes_equal_nocase(request->fields[i].name,
                               BYTES_LITERAL("Sec-WebSocket-Extensions")))
            values[count++] = request->fields[i].value;
    return extension_choose(values, count, chosen);
}

struct explain_judge
explain_judge_request(struct span head, const struct handshake_policy *policy,
                      struct http_request *request)
{
    static const struct handshake_policy anybody = {.any_origin = true};
    struct handshake agreed;
    struct extension extension;
    if (http_parse(request, head.ptr, head.len))
        return refuse(head, request, request->status, request->why);
    if (!handshake_wanted(request))
        return (struct explain_judge){.status = 0};
    if (!bytes_equal(request->method, BYTES_LITERAL("GET")))
        return refuse(head, request, 405, "a method other than GET");
    if (handshake_check(request, policy ? policy : &anybody, &agreed) != 101)
        return refuse(head, request, agreed.status, agreed.why);
    if (explain_judge_extension(request, &extension) == EXTENSION_MALFORMED)
        return refuse(head, request, 400, "malformed Sec-WebSocket-Extensions");
    return (struct explain_judge){.status = 0};
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
            .value =
                bytes_trim(bytes_part(line, colon + 1, line.len - colon - 1)),
        };
    }
    return (unsigned)status;
}

struct explain_judge explain_judge_response(struct span head,
                                            struct span accept,
                                            struct http_request *response,
                                            unsigned *status)
{
    struct span answer;
    uint8_t digest[SHA1_LEN];
    *status = read_response(head, response);
    if (*status == 0)
        return refuse(head, response, 1, "malformed status line");
    if (*status != 101)
        return (struct explain_judge){.status = 0};
    if (!http_lists(response, "Upgrade", "websocket"))
        return refuse(head, response, 1, "Upgrade is not websocket");
    if (!http_lists(response, "Connection", "upgrade"))
        return refuse(head, response, 1, "Connection does not list upgrade");
    if (http_field(response, "Sec-WebSocket-Accept", &answer) != 1 ||
        base64_decode(digest, sizeof digest, answer) != SHA1_LEN ||
        (accept.len > 0 && !bytes_equal(answer, accept)))
        return refuse(head, response, 1, "not the answer to the key");
    return (struct explain_judge){.status = 0};
}
