/* SPDX-License-Identifier: MIT */
/* Section numbers without an RFC are those of RFC 6454. */
#include "wire/origin.h"

/* ---- Reading ------------------------------------------------------------- */

/* ALPHA *( ALPHA / DIGIT / "+" / "-" / "." ) (RFC 3986 3.1). */
static bool is_scheme(struct span s)
{
    struct span more = BYTES_LITERAL("+-.0123456789");
    for (size_t i = 0; i < s.len; i++) {
        uint8_t lower = bytes_lower(s.ptr[i]);
        bool letter = lower >= 'a' && lower <= 'z';
        if (!letter && (i == 0 || bytes_find(more, lower) == more.len))
            return false;
    }
    return s.len > 0;
}

static bool is(struct span scheme, const char *name)
{
    return bytes_equal_nocase(scheme, bytes_of(name));
}

/* An origin ends where its host and port do. */
static const char *end_fault(struct span rest)
{
    if (bytes_find(rest, '/') < rest.len)
        return "has a path: an origin ends with its host and port";
    if (bytes_find(rest, '?') < rest.len)
        return "has a query: an origin ends with its host and port";
    if (bytes_find(rest, '#') < rest.len)
        return "has a fragment: an origin ends with its host and port";
    return NULL;
}

const char *origin_fault(struct origin_triple *o, struct span text)
{
    memset(o, 0, sizeof *o);
    if (is(text, "null"))
        return NULL;
    struct span scheme = bytes_part(text, 0, bytes_find(text, ':'));
    struct span rest = bytes_after(text, scheme.len);
    if (!is_scheme(scheme) || rest.len < 3 || rest.ptr[1] != '/' ||
        rest.ptr[2] != '/')
        return "is not an origin such as https://a.example";
    rest = bytes_after(rest, 3);
    o->scheme = scheme;
    const char *fault = end_fault(rest);
    if (fault || (rest.len == 0 && is(scheme, "file")))
        return fault;
    if (is(scheme, "file"))
        return "has a host: a file's page sends file:// alone";
    return authority_fault(&o->at, rest);
}

/* ---- Comparing ----------------------------------------------------------- */

static bool is_at(const struct origin_triple *o, const struct authority *at)
{
    uint32_t port = authority_default_port(o->scheme);
    return authority_same_host(o->at.host, at->host) &&
           (o->at.has_port ? o->at.port : port) ==
               (at->has_port ? at->port : port);
}

bool origin_same(struct span a, struct span b)
{
    struct origin_triple one, other;
    return !origin_fault(&one, a) && !origin_fault(&other, b) &&
           bytes_equal_nocase(one.scheme, other.scheme) &&
           is_at(&one, &other.at);
}

bool origin_is_of(struct span origin, struct span authority)
{
    struct origin_triple o;
    struct authority at;
    return !origin_fault(&o, origin) && authority_read(&at, authority) &&
           is_at(&o, &at);
}
