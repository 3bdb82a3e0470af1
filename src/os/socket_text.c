/* SPDX-License-Identifier: MIT */
/* The part of socket.h that asks no kernel: addresses as text. */
#include "os/socket.h"
#include "base/ip.h"

static bool parse_unix(struct span path, struct socket_address *address)
{
    if (path.len == 0 || path.len > SOCKET_PATH_MAX)
        return false;
    if (bytes_find(path, 0) != path.len)
        return false;
    address->family = SOCKET_UNIX;
    memcpy(address->path, path.ptr, path.len);
    return true;
}

/* A number is the scope itself; a name is looked up to listen. */
static bool parse_zone(struct span zone, struct socket_address *address)
{
    uint64_t number;
    if (bytes_decimal(zone, &number)) {
        address->scope = (uint32_t)number;
        return number > 0 && number <= UINT32_MAX;
    }
    if (zone.len == 0 || zone.len > SOCKET_ZONE_MAX)
        return false;
    for (size_t i = 0; i < zone.len; i++)
        if (zone.ptr[i] <= ' ' || zone.ptr[i] == '/' || zone.ptr[i] == ':')
            return false; /* as the kernel has it (dev_valid_name) */
    memcpy(address->zone, zone.ptr, zone.len);
    return true;
}

static bool parse_host(struct span host, struct socket_address *address)
{
    struct ip ip;
    bool brackets =
        host.len >= 2 && host.ptr[0] == '[' && host.ptr[host.len - 1] == ']';
    if (brackets)
        host = bytes_part(host, 1, host.len - 2);
    size_t percent = brackets ? bytes_find(host, '%') : host.len;
    bool zoned = percent < host.len;
    if (zoned && !parse_zone(bytes_after(host, percent + 1), address))
        return false;
    host.len = percent;
    /* In brackets what has colons, and nothing else is. */
    if (brackets != (bytes_find(host, ':') < host.len) || !ip_parse(&ip, host))
        return false;
    address->family = ip.family == IP_V4 ? SOCKET_INET : SOCKET_INET6;
    memcpy(address->ip, ip.bytes, sizeof address->ip);
    return ip.family == IP_V6 || !zoned;
}

bool socket_parse(struct span text, struct socket_address *address)
{
    *address = (struct socket_address){.family = SOCKET_ANY};
    struct span prefix = BYTES_LITERAL("unix:");
    if (bytes_begins(text, prefix))
        return parse_unix(bytes_after(text, prefix.len), address);

    size_t colon = text.len;
    while (colon > 0 && text.ptr[colon - 1] != ':')
        colon--;
    if (colon == 0)
        return false;
    uint64_t port;
    if (!bytes_decimal(bytes_after(text, colon), &port) || port > UINT16_MAX)
        return false;
    address->port = (uint16_t)port;
    return colon == 1 || parse_host(bytes_part(text, 0, colon - 1), address);
}

void socket_put_ip(struct text *t, const struct socket_address *address)
{
    if (address->family == SOCKET_INET)
        ip_put4(t, address->ip);
    else if (address->family == SOCKET_INET6)
        ip_put6(t, address->ip);
    else
        text_string(t, "unix");
}

void socket_put_address(struct text *t, const struct socket_address *address)
{
    if (address->family == SOCKET_UNIX) {
        text_string(t, "unix:");
        text_string(t, address->path);
        return;
    }
    if (address->family == SOCKET_INET6)
        text_byte(t, '[');
    if (address->family != SOCKET_ANY)
        socket_put_ip(t, address);
    if (address->zone[0] || address->scope)
        text_byte(t, '%');
    if (address->zone[0])
        text_string(t, address->zone);
    else if (address->scope)
        text_decimal(t, address->scope);
    if (address->family == SOCKET_INET6)
        text_byte(t, ']');
    text_byte(t, ':');
    text_decimal(t, address->port);
}
