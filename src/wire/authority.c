/* SPDX-License-Identifier: MIT */
/* Section numbers without an RFC are those of RFC 3986. */
#include "wire/authority.h"
#include "base/ip.h"

#define PORT_MAX 65535

/* ---- The grammar --------------------------------------------------------- */

/* "[" IPv6 "]" (3.2.2), by its characters: the length, or 0. */
static size_t literal_len(struct span s)
{
    size_t len = 1;
    while (len < s.len && (bytes_hex_value(s.ptr[len]) >= 0 ||
                           s.ptr[len] == ':' || s.ptr[len] == '.'))
        len++;
    return len > 1 && len < s.len && s.ptr[len] == ']' ? len + 1 : 0;
}

/* reg-name or IPv4address (3.2.2), with %XX (2.1), at the start of s: the
   length. */
static size_t name_len(struct span s)
{
    size_t len = 0;
    while (len < s.len &&
           (bytes_is_alnum_or(s.ptr[len], BYTES_LITERAL("-._~!$&'()*+;=")) ||
            (s.ptr[len] == '%' && bytes_hex(bytes_after(s, len + 1), 2) >= 0)))
        len++;
    return len;
}

/* Userinfo is refused with no rule of its own: neither '@' nor a port that is
   not digits fits (RFC 9110 4.2.4). */
bool authority_read(struct authority *a, struct span text)
{
    size_t host =
        text.len && text.ptr[0] == '[' ? literal_len(text) : name_len(text);
    uint64_t port;
    *a = (struct authority){.host = bytes_part(text, 0, host)};
    if (host == 0 || host == text.len)
        return host > 0;
    if (text.ptr[host] != ':')
        return false;
    struct span digits = bytes_after(text, host + 1);
    a->has_port = digits.len > 0;
    if (!a->has_port)
        return true;
    if (!bytes_decimal(digits, &port))
        return false;
    a->port = (uint32_t)bytes_min64(port, PORT_MAX + 1);
    return true;
}

uint32_t authority_default_port(struct span scheme)
{
    static const char *const schemes[] = {"http", "ws", "https", "wss"};
    for (size_t i = 0; i < 4; i++)
        if (bytes_equal_nocase(scheme, bytes_of(schemes[i])))
            return i < 2 ? 80 : 443;
    return 0;
}

/* ---- Comparing ----------------------------------------------------------- */

static bool read_literal(struct ip *ip, struct span host)
{
    size_t close = bytes_find(host, ']');
    return close < host.len && host.ptr[0] == '[' &&
           bytes_find(host, ':') != host.len &&
           ip_parse(ip, bytes_part(host, 1, close - 1));
}

bool authority_same_host(struct span a, struct span b)
{
    struct ip one, other;
    if (read_literal(&one, a) && read_literal(&other, b))
        return ip_equal(&one, &other);
    return bytes_equal_nocase(a, b);
}

static struct span without_dot(struct span host)
{
    bool dot = host.ptr[host.len - 1] == '.';
    return bytes_part(host, 0, host.len - dot);
}

bool authority_is_for(struct span authority, struct span name)
{
    struct authority asked, wanted;
    if (!authority_read(&asked, authority) || !authority_read(&wanted, name) ||
        !authority_same_host(without_dot(asked.host), without_dot(wanted.host)))
        return false;
    if (!wanted.has_port)
        return true;
    if (!asked.has_port)
        return wanted.port == 80 || wanted.port == 443;
    return asked.port == wanted.port;
}

/* ---- What somebody writes down ------------------------------------------- */

static const char *byte_fault(struct span text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] >= 0x80)
            return "is not ASCII: browsers send such a name as xn--...";
        if (text.ptr[i] <= ' ' || text.ptr[i] == 0x7F)
            return "has a blank in it";
        if (text.ptr[i] == '*')
            return "has a wildcard: give each name by itself";
        if (text.ptr[i] == '@')
            return "has a user's name in it";
    }
    return NULL;
}

/* A name whose last part is a number is an IPv4 address (the URL standard,
   "ends in a number"), and is sent as one. */
static bool ends_in_number(struct span host)
{
    uint64_t number;
    size_t dot = host.len;
    while (dot > 0 && host.ptr[dot - 1] != '.')
        dot--;
    return bytes_decimal(bytes_after(host, dot), &number);
}

static const char *host_fault(struct span host)
{
    struct ip ip;
    if (host.ptr[0] == '[')
        return read_literal(&ip, host) ? NULL : "has no IPv6 address in its []";
    for (size_t i = 0; i < host.len; i++)
        if (!bytes_is_alnum_or(host.ptr[i], BYTES_LITERAL("-._")))
            return "has a byte in it that is no name's";
    if (ends_in_number(host) && !ip_parse(&ip, host))
        return "is no IPv4 address";
    return NULL;
}

const char *authority_fault(struct authority *a, struct span text)
{
    const char *fault = byte_fault(text);
    if (fault)
        return fault;
    if (bytes_find(text, ':') == 0)
        return "has no host";
    if (!authority_read(a, text))
        return "is not HOST or HOST:PORT";
    if (text.ptr[text.len - 1] == ':')
        return "has an empty port";
    if (a->has_port && (a->port == 0 || a->port > PORT_MAX))
        return "has a port that is not 1 to 65535";
    return host_fault(a->host);
}
