/* SPDX-License-Identifier: MIT */
/*
 * A head: where it ends (http_scan), and what it says (http_parse and
 * http_parse_response). Lists, targets and responses have files of their own beside
 * this one. Section numbers without an RFC are those of RFC 9112.
 */
#include "wire/http.h"

#include "base/check.h"
#include "wire/authority.h"

/* ---- Finding the end of the head ----------------------------------------- */

/*
 * What the scanner waits for. It knows lines and which bytes may stand in
 * them, nothing more: a head that passes consists of lines that end in CRLF,
 * has no control character but TAB, no folded line, and an empty line last.
 *
 *   START ----------------------> REQUEST -> REQUEST_LF -> LINE
 *     `-> EMPTY_LF -> FRESH ----^
 *
 *   LINE -> FIELD -> FIELD_LF -> LINE
 *     `---> END_LF -> WHOLE                any -> REFUSED
 *
 * The order is that of a head, so that "not begun yet" and "still in the
 * request line" are comparisons.
 */
enum scan_state {
    START,      /* the first byte of the request line or of an empty one */
    EMPTY_LF,   /* the LF of the empty line before the request */
    FRESH,      /* the first byte of the request line, nothing else */
    REQUEST,    /* more of the request line, or its CR */
    REQUEST_LF, /* the LF of the request line */
    LINE,       /* the first byte of a field line or of the empty line */
    FIELD,      /* more of a field line, or its CR */
    FIELD_LF,   /* the LF of a field line */
    END_LF,     /* the LF of the empty line that ends the head */
    WHOLE,      /* nothing: the head is there */
    REFUSED,    /* nothing: the byte before was one that no head may hold */
};

/* TAB, SP, VCHAR and obs-text (RFC 9110 5.5): all but the controls. */
static bool is_text(uint8_t byte)
{
    return byte == '\t' || (byte >= ' ' && byte != 0x7F);
}

/* 2.2: a CR means the end of the line and nothing else. */
static enum scan_state line_feed(uint8_t byte, enum scan_state after)
{
    return byte == '\n' ? after : REFUSED;
}

/* The inside of a line: stay until its CR has come. */
static enum scan_state text_or_return(uint8_t byte, enum scan_state inside,
                                      enum scan_state after)
{
    if (byte == '\r')
        return after;
    return is_text(byte) ? inside : REFUSED; /* a bare LF is refused here */
}

static enum scan_state next_state(enum scan_state state, uint8_t byte)
{
    switch (state) {
    case START: return text_or_return(byte, REQUEST, EMPTY_LF);
    case EMPTY_LF: return line_feed(byte, FRESH);
    case FRESH: return text_or_return(byte, REQUEST, REFUSED);
    case REQUEST: return text_or_return(byte, REQUEST, REQUEST_LF);
    case REQUEST_LF: return line_feed(byte, LINE);
    case LINE:
        if (byte == ' ' || byte == '\t')
            return REFUSED; /* 2.2, 5.2: no folding */
        return text_or_return(byte, FIELD, END_LF);
    case FIELD: return text_or_return(byte, FIELD, FIELD_LF);
    case FIELD_LF: return line_feed(byte, LINE);
    case END_LF: return line_feed(byte, WHOLE);
    case WHOLE:
    case REFUSED: break;
    }
    return state;
}

/* One byte on: 0, or the status it is refused with. */
static uint16_t scan_byte(struct http_scan *scan, uint8_t byte)
{
    enum scan_state before = (enum scan_state)scan->state;
    enum scan_state state = next_state(before, byte);

    scan->pos++;
    scan->state = (uint8_t)state;
    if (state == REFUSED)
        return 400;
    if (before == LINE && state == FIELD && scan->fields++ == HTTP_FIELDS_MAX)
        return 431; /* RFC 6585 5 */
    return 0;
}

/* The inside of a line is text, and text changes nothing: passed over without
   a look at the state, it takes a third of the time. */
static void pass_text(struct http_scan *scan, const uint8_t *head, size_t len)
{
    size_t pos = scan->pos;
    if (scan->status || (scan->state != REQUEST && scan->state != FIELD))
        return;
    while (pos < len && is_text(head[pos]))
        pos++;
    scan->pos = (uint16_t)pos;
}

enum http_step http_scan(struct http_scan *scan, const uint8_t *head,
                         size_t len)
{
    len = bytes_min(len, HTTP_HEAD_MAX);
    while (scan->pos < len && scan->state != WHOLE && !scan->status) {
        scan->status = scan_byte(scan, head[scan->pos]);
        pass_text(scan, head, len);
    }

    if (scan->state == WHOLE)
        return HTTP_DONE;
    /* No room is left for the end: whose fault is it? RFC 9110 15.5.15. */
    if (!scan->status && scan->pos == HTTP_HEAD_MAX)
        scan->status = scan->state <= REQUEST_LF ? 414 : 431;
    return scan->status ? HTTP_BAD : HTTP_MORE;
}

bool http_begun(const struct http_scan *scan)
{
    return scan->state > FRESH;
}

/* ---- The grammar's small pieces ------------------------------------------ */

size_t http_token_len(struct span s)
{
    size_t len = 0;
    while (len < s.len &&
           bytes_is_alnum_or(s.ptr[len], BYTES_LITERAL("!#$%&'*+-.^_`|~")))
        len++;
    return len;
}

static bool is_token(struct span s)
{
    return s.len > 0 && http_token_len(s) == s.len;
}

/* The next line, without its CRLF. http_scan has seen to it that there is
   one. */
static struct span next_line(struct span *rest)
{
    size_t len = bytes_find(*rest, '\r');
    CHECK(rest->len >= 2 && len <= rest->len - 2);
    struct span line = bytes_part(*rest, 0, len);
    *rest = bytes_after(*rest, len + 2);
    return line;
}

static bool is_host(struct span s)
{
    struct authority a;
    return authority_read(&a, s);
}

/* ---- The request line ---------------------------------------------------- */

/*
 * RFC 3986 would have fewer bytes (no <>"{}|\^`), but browsers send some of
 * those in a query, and none of them can end a line or a part of it. A
 * fragment is never sent (3.2).
 */
static bool is_target_text(struct span s)
{
    for (size_t i = 0; i < s.len; i++)
        if (s.ptr[i] < 0x21 || s.ptr[i] > 0x7E || s.ptr[i] == '#')
            return false;
    return s.len > 0;
}

/* origin-form (3.2.1): absolute-path [ "?" query ]. */
static void read_path(struct http_request *request, struct span target)
{
    size_t path = bytes_find(target, '?');
    request->path = bytes_part(target, 0, path);
    if (path < target.len)
        request->query = bytes_after(target, path + 1);
    if (path == 0)
        request->path = BYTES_LITERAL("/"); /* RFC 9110 4.2.3 */
}

/* absolute-form (3.2.2): scheme "://" host[:port] path [ "?" query ]. */
static bool read_absolute(struct http_request *request, struct span target)
{
    struct span rest = target;
    struct span scheme = bytes_cut(&rest, ':');
    if (authority_default_port(scheme) == 0 || rest.len < 2 ||
        rest.ptr[0] != '/' || rest.ptr[1] != '/')
        return false;

    rest = bytes_after(rest, 2);
    size_t len = bytes_min(bytes_find(rest, '/'), bytes_find(rest, '?'));
    request->authority = bytes_part(rest, 0, len);
    read_path(request, bytes_after(rest, len));
    return is_host(request->authority);
}

static bool read_target(struct http_request *request, struct span target)
{
    if (!is_target_text(target))
        return false;
    if (target.ptr[0] == '/') {
        read_path(request, target);
        return true;
    }
    if (bytes_equal(target, BYTES_LITERAL("*"))) {
        request->path = target; /* asterisk-form (3.2.4) */
        return bytes_equal(request->method, BYTES_LITERAL("OPTIONS"));
    }
    if (bytes_equal(request->method, BYTES_LITERAL("CONNECT")) &&
        is_host(target)) {
        request->path = target; /* authority-form (3.2.3) */
        return true;
    }
    return read_absolute(request, target);
}

/* HTTP-version (2.3), case-sensitive: "HTTP/" DIGIT "." DIGIT. */
static bool read_version(struct http_request *request, struct span version,
                         unsigned *major)
{
    if (version.len != 8 || !bytes_begins(version, BYTES_LITERAL("HTTP/")) ||
        !bytes_is_digit(version.ptr[5]) || version.ptr[6] != '.' ||
        !bytes_is_digit(version.ptr[7]))
        return false;
    *major = version.ptr[5] - (unsigned)'0';
    request->minor = version.ptr[7] == '0' ? 0 : 1; /* RFC 9110 2.5 */
    return true;
}

/* method SP request-target SP HTTP-version (3): one SP each, and no other. */
static enum fault read_request_line(struct http_request *request,
                                    struct span line, unsigned *major)
{
    request->method = bytes_cut(&line, ' ');
    struct span target = bytes_cut(&line, ' ');
    if (!is_token(request->method)) {
        request->method.len = 0;
        return FAULT_METHOD;
    }
    if (!read_target(request, target))
        return FAULT_TARGET;
    return read_version(request, line, major) ? FAULT_NONE : FAULT_VERSION_FORM;
}

/* ---- The status line ----------------------------------------------------- */

/* HTTP-version SP status-code SP [ reason-phrase ] (4). Some leave out the
   second blank with the phrase, and nobody is misled. The status, or 0. */
static unsigned read_status_line(struct http_request *response,
                                 struct span line)
{
    unsigned major;
    uint64_t status;
    struct span version = bytes_cut(&line, ' ');
    if (!read_version(response, version, &major) || major != 1 ||
        line.len < 3 || (line.len > 3 && line.ptr[3] != ' ') ||
        !bytes_decimal(bytes_part(line, 0, 3), &status) || status < 100)
        return 0;
    return (unsigned)status;
}

/* ---- The fields ---------------------------------------------------------- */

/* field-line (5): field-name ":" OWS field-value OWS, up to the empty line. */
static enum fault read_fields(struct http_request *request, struct span rest)
{
    struct span line;
    while (line = next_line(&rest), line.len > 0) {
        size_t colon = bytes_find(line, ':');
        struct span name = bytes_part(line, 0, colon);
        /* 5.1: no space before the colon; a space is no token's. */
        if (colon == line.len || !is_token(name))
            return FAULT_FIELD;
        CHECK(request->field_count < HTTP_FIELDS_MAX);
        request->fields[request->field_count++] = (struct http_field){
            .name = name,
            .value = bytes_trim(bytes_after(line, colon + 1)),
        };
    }
    return FAULT_NONE;
}

/* 3.2: HTTP/1.1 must have one Host, even where the target has an authority,
   and then the target's counts (3.2.2). */
static enum fault check_host(struct http_request *request)
{
    struct span host;
    size_t count = http_field(request, "Host", &host);
    if (count > 1)
        return FAULT_HOST_REPEATED;
    if (count == 0)
        return request->minor ? FAULT_HOST_MISSING : FAULT_NONE;
    if (!is_host(host))
        return FAULT_HOST;
    if (request->authority.len == 0)
        request->authority = host;
    return FAULT_NONE;
}

/* RFC 9110 8.6: one number. Some senders repeat it, which does no harm as
   long as it is the same one; compared as text, so 5 and 05 are not. */
static enum fault check_content_length(const struct http_request *request)
{
    struct http_list list = {0};
    struct span first = {0};
    struct span element;
    uint64_t number;
    while (http_list_next(request, "Content-Length", &list, &element)) {
        if (!bytes_decimal(element, &number) ||
            (first.ptr && !bytes_equal(first, element)))
            return FAULT_LENGTH;
        first = element;
    }
    return first.ptr || !http_field(request, "Content-Length", &element)
               ? FAULT_NONE
               : FAULT_LENGTH_EMPTY;
}

/* 6.1: a coding we do not know is 501, and chatd knows none. 6.3: content that
   is taken must have a length. */
static enum fault check_coding(const struct http_request *request)
{
    struct span value;
    size_t count = http_field(request, "Transfer-Encoding", &value);
    if (count == 0)
        return FAULT_NONE;
    bool posts = bytes_equal(request->method, BYTES_LITERAL("POST"));
    return posts && count == 1 &&
                   bytes_equal_nocase(value, BYTES_LITERAL("chunked"))
               ? FAULT_CHUNKED
               : FAULT_CODING;
}

enum fault http_parse(struct http_request *request, const uint8_t *head,
                      size_t len)
{
    struct span rest = bytes_span(head, len);
    unsigned major = 0;

    *request = (struct http_request){0};
    struct span line = next_line(&rest);
    if (line.len == 0)
        line = next_line(&rest); /* 2.2: the one before the request line */

    enum fault fault = read_request_line(request, line, &major);
    if (!fault)
        fault = read_fields(request, rest);
    if (!fault && major != 1)
        fault = FAULT_VERSION;
    if (!fault)
        fault = check_host(request);
    if (!fault)
        fault = check_content_length(request);
    if (!fault)
        fault = check_coding(request);
    request->fault = fault;
    return fault;
}

enum fault http_parse_response(struct http_request *response, unsigned *status,
                               const uint8_t *head, size_t len)
{
    struct span rest = bytes_span(head, len);
    *response = (struct http_request){0};
    *status = read_status_line(response, next_line(&rest));
    enum fault fault = *status ? FAULT_NONE : FAULT_STATUS_LINE;
    if (!fault)
        fault = read_fields(response, rest);
    if (!fault)
        fault = check_content_length(response);
    response->fault = fault;
    return fault;
}
