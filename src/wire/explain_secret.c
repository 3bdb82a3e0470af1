/* SPDX-License-Identifier: MIT */
#include "wire/explain_secret.h"

#include "wire/http.h"

static bool is_blank(uint8_t byte)
{
    return byte == ' ' || byte == '\t';
}

static size_t skip_blanks(struct span line, size_t at)
{
    while (at < line.len && is_blank(line.ptr[at]))
        at++;
    return at;
}

/* Behind a scheme and a blank; all of what has no scheme. */
static struct span credentials(struct span line, size_t at)
{
    size_t scheme = at + http_token_len(bytes_after(line, at));
    bool is_scheme = scheme < line.len && is_blank(line.ptr[scheme]);
    return bytes_after(line, is_scheme ? skip_blanks(line, scheme) : at);
}

/* Of the elements that do not end before `from`, the first that is one. */
static struct span bearer(struct span line, size_t value, size_t from)
{
    struct span prefix = BYTES_LITERAL("bearer.");
    size_t at = value;
    while (at < line.len) {
        size_t end = at + bytes_find(bytes_after(line, at), ',');
        at = bytes_min(skip_blanks(line, at), end);
        if (end - at > prefix.len && end > from &&
            bytes_equal_nocase(bytes_part(line, at, prefix.len), prefix))
            return bytes_part(line, at + prefix.len, end - at - prefix.len);
        at = bytes_min(end + 1, line.len);
    }
    return bytes_after(line, line.len);
}

/* The whole of a field's, or one of several. */
static struct span find(struct span line, size_t from)
{
    struct span name = bytes_part(line, 0, http_token_len(line));
    size_t value = skip_blanks(line, name.len);
    if (value < line.len && line.ptr[value] == ':')
        value = skip_blanks(line, value + 1);
    if (bytes_equal_nocase(name, BYTES_LITERAL("Authorization")) ||
        bytes_equal_nocase(name, BYTES_LITERAL("Proxy-Authorization")))
        return credentials(line, value);
    if (bytes_equal_nocase(name, BYTES_LITERAL("Cookie")) ||
        bytes_equal_nocase(name, BYTES_LITERAL("Set-Cookie")))
        return bytes_after(line, value);
    if (bytes_equal_nocase(name, BYTES_LITERAL("Sec-WebSocket-Protocol")))
        return bearer(line, value, from);
    return bytes_after(line, line.len);
}

struct span explain_secret_next(struct span line, size_t from)
{
    struct span secret = find(line, from);
    bool is_behind = secret.ptr + secret.len > line.ptr + from;
    return is_behind ? secret : bytes_after(line, line.len);
}
