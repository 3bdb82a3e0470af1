/* SPDX-License-Identifier: MIT */
#include "server/source.h"

struct ip source_ip(const struct socket_address *from)
{
    struct ip ip = {.family = IP_NONE};
    if (from->family == SOCKET_UNIX)
        return ip;
    ip.family = from->family == SOCKET_INET ? IP_V4 : IP_V6;
    memcpy(ip.bytes, from->ip, ip.family == IP_V4 ? 4 : sizeof ip.bytes);
    return ip;
}

bool source_trusts(const struct config *config, const struct ip *ip)
{
    if (ip->family == IP_NONE)
        return config->trust_unix;
    for (size_t i = 0; i < config->trust_count; i++)
        if (ip_within(ip, &config->trust[i]))
            return true;
    return false;
}

/* Some proxies write a port, too: "192.0.2.1:4000", "[2001:db8::1]:4000". */
static bool parse_entry(struct ip *ip, struct span text)
{
    size_t colon = bytes_find(text, ':'), bracket = bytes_find(text, ']');
    if (text.ptr[0] == '[')
        return bracket < text.len &&
               ip_parse(ip, bytes_part(text, 1, bracket - 1));
    bool v4 = bytes_find(text, '.') < colon;
    return ip_parse(ip, v4 ? bytes_part(text, 0, colon) : text);
}

/* The last entry of *list, which is taken off with its comma. */
static struct span last_entry(struct span *list)
{
    size_t start = list->len;
    while (start > 0 && list->ptr[start - 1] != ',')
        start--;
    struct span entry = bytes_part(*list, start, list->len - start);
    list->len = start ? start - 1 : 0;
    return bytes_trim(entry);
}

/* One line of it, from the right. False when the way ends in it. */
static bool follow(const struct config *config, struct span list,
                   struct ip *client)
{
    while (list.len) {
        struct span entry = last_entry(&list);
        struct ip next;
        if (entry.len == 0)
            continue;
        if (!source_trusts(config, client) || !parse_entry(&next, entry))
            return false;
        *client = next;
    }
    return true;
}

void source_choose(const struct config *config,
                   const struct http_request *request, struct ip *client)
{
    /* RFC 9110 5.3: lines of one name are one list, in their order. */
    for (size_t i = request->field_count; i > 0; i--) {
        const struct http_field *field = &request->fields[i - 1];
        if (bytes_equal_nocase(field->name, BYTES_LITERAL("X-Forwarded-For")) &&
            !follow(config, field->value, client))
            return;
    }
}

bool source_is_told(const struct config *config,
                    const struct socket_address *from)
{
    if (config->trust_count == 0 && !config->trust_unix)
        return config->proxy_protocol;
    struct ip ip = source_ip(from);
    return config->proxy_protocol || source_trusts(config, &ip);
}
