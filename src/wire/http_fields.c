/* SPDX-License-Identifier: MIT */
/*
 * Questions about the fields of a request that http_parse has read. Section
 * numbers without an RFC are those of RFC 9110.
 */
#include "wire/http.h"

/* ---- Fields and lists ---------------------------------------------------- */

size_t http_field(const struct http_request *request, const char *name,
                  struct span *value)
{
    size_t count = 0;
    *value = bytes_span(NULL, 0);
    for (size_t i = 0; i < request->field_count; i++) {
        if (!bytes_equal_nocase(request->fields[i].name, bytes_of(name)))
            continue;
        if (count++ == 0)
            *value = request->fields[i].value;
    }
    return count;
}

/*
 * Where the first `separator` outside a quoted string is, or s.len. In a
 * quoted string a backslash takes the next byte along (5.6.4); a string that
 * does not end holds all there is.
 */
static size_t find_unquoted(struct span s, uint8_t separator)
{
    bool quoted = false;
    for (size_t i = 0; i < s.len; i++) {
        if (s.ptr[i] == '"')
            quoted = !quoted;
        else if (quoted && s.ptr[i] == '\\')
            i++;
        else if (!quoted && s.ptr[i] == separator)
            return i;
    }
    return s.len;
}

/* The next part of *s, trimmed; it and its separator are taken off. */
static struct span next_part(struct span *s, uint8_t separator)
{
    size_t len = find_unquoted(*s, separator);
    struct span part = bytes_trim(bytes_part(*s, 0, len));
    *s = bytes_after(*s, bytes_min(len + 1, s->len));
    return part;
}

bool http_list_next(const struct http_request *request, const char *name,
                    struct http_list *list, struct span *element)
{
    for (; list->field < request->field_count; list->field++) {
        const struct http_field *field = &request->fields[list->field];
        if (!bytes_equal_nocase(field->name, bytes_of(name)))
            continue;
        struct span rest = bytes_after(field->value, list->offset);
        while (rest.len) {
            *element = next_part(&rest, ',');
            list->offset = field->value.len - rest.len;
            if (element->len) /* 5.6.1.2: empty elements do not count */
                return true;
        }
        list->offset = 0; /* 5.3: the next line of that name goes on */
    }
    return false;
}

bool http_lists(const struct http_request *request, const char *name,
                const char *token)
{
    struct http_list list = {0};
    struct span element;
    while (http_list_next(request, name, &list, &element))
        if (bytes_equal_nocase(element, bytes_of(token)))
            return true;
    return false;
}

/* ---- The method ---------------------------------------------------------- */

bool http_method_known(struct span method)
{
    static const char *const known[] = {"GET",     "HEAD",   "POST",
                                        "PUT",     "DELETE", "CONNECT",
                                        "OPTIONS", "TRACE",  "PATCH"};
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (bytes_equal(method, bytes_of(known[i])))
            return true;
    return false;
}

bool http_asks_head(struct span start)
{
    static const uint8_t head[] = "\r\nHEAD ";
    size_t line = start.len && start.ptr[0] == '\r' ? 0 : 2;
    size_t len = sizeof head - 1 - line;
    return start.len >= len && memcmp(start.ptr, head + line, len) == 0;
}

/* ---- What single fields say ---------------------------------------------- */

/* 12.4.2: a weight is above 0 when any of its digits is. */
static bool above_zero(struct span weight)
{
    for (size_t i = 0; i < weight.len; i++)
        if (weight.ptr[i] >= '1' && weight.ptr[i] <= '9')
            return true;
    return false;
}

/* The parameters behind a media type: is there no weight, or one above 0? */
static bool wanted(struct span parameters)
{
    while (parameters.len) {
        struct span p = next_part(&parameters, ';');
        if (p.len >= 2 && bytes_lower(p.ptr[0]) == 'q' && p.ptr[1] == '=')
            return above_zero(p);
    }
    return true;
}

bool http_accepts(const struct http_request *request, const char *field,
                  const char *what)
{
    struct http_list list = {0};
    struct span element;
    while (http_list_next(request, field, &list, &element)) {
        struct span name = next_part(&element, ';');
        if (bytes_equal_nocase(name, bytes_of(what)) && wanted(element))
            return true;
    }
    return false;
}

/* 13.1.2: the weak comparison does not look at the W/ in front. */
static struct span opaque_tag(struct span etag)
{
    if (etag.len >= 2 && etag.ptr[0] == 'W' && etag.ptr[1] == '/')
        return bytes_after(etag, 2);
    return etag;
}

/*
 * Format note: in an entity tag a backslash is just a byte (8.8.3), but the
 * walk over the list takes it for an escape. A client that holds a tag of
 * somebody else's with one in it may get the page once more; ours have none.
 */
bool http_none_match(const struct http_request *request, struct span etag)
{
    struct http_list list = {0};
    struct span element;
    while (http_list_next(request, "If-None-Match", &list, &element))
        if (bytes_equal(element, BYTES_LITERAL("*")) ||
            bytes_equal(opaque_tag(element), opaque_tag(etag)))
            return true;
    return false;
}

/* RFC 9112 9.3. Keep-alive of HTTP/1.0 may be declined, and is. */
bool http_persists(const struct http_request *request)
{
    return request->minor > 0 && !http_lists(request, "Connection", "close");
}

uint64_t http_body_len(const struct http_request *request)
{
    struct http_list list = {0};
    struct span element;
    uint64_t len = 0;
    if (http_list_next(request, "Content-Length", &list, &element) &&
        !bytes_decimal(element, &len))
        return 0;
    return len;
}
