/* SPDX-License-Identifier: MIT */
#include "sim/origin.h"

#include <stdio.h>

static struct origin origins[ORIGIN_CONNECTIONS];

const struct origin *origin_of(int connection)
{
    assert_in_range(connection, 0, ORIGIN_CONNECTIONS - 1);
    return &origins[connection];
}

bool origin_trusts(const struct ip *ip)
{
    if (ip->family == IP_NONE)
        return world.config.trust_unix;
    return world.config.trust_count > 0 && ip->family == IP_V4 &&
           ip->bytes[0] == 10; /* 10.0.0.0/8 it is, when it is any */
}

/* ---- Addresses ----------------------------------------------------------- */

static const char *client_address(struct random *r)
{
    static const char *const all[] = {"192.0.2.1",   "192.0.2.2",
                                      "192.0.2.3",   "198.51.100.7",
                                      "2001:db8::1", "2001:db8::2"};
    return all[random_below(r, UNIT_COUNT(all))];
}

static const char *proxy_address(struct random *r)
{
    static const char *const all[] = {"10.0.0.1", "10.1.2.3"};
    return all[random_below(r, UNIT_COUNT(all))];
}

static const char *any_address(struct random *r)
{
    return random_below(r, 3) ? client_address(r) : proxy_address(r);
}

static struct ip parse(const char *text)
{
    struct ip ip;
    assert_true(ip_parse(&ip, bytes_of(text)));
    return ip;
}

/* ---- What is said about it ----------------------------------------------- */

static void put_line(struct origin *o, struct random *r)
{
    const char *from = any_address(r);
    bool unknown = random_below(r, 4) == 0;
    struct ip ip = parse(from);
    o->header_len = (size_t)snprintf(
        (char *)o->header, sizeof o->header, "PROXY %s %s %s 4000 80\r\n",
        unknown              ? "UNKNOWN"
        : ip.family == IP_V4 ? "TCP4"
                             : "TCP6",
        from, ip.family == IP_V4 ? "203.0.113.1" : "2001:db8::99");
    if (!unknown)
        o->hop = ip;
}

static void put_binary(struct origin *o, struct random *r)
{
    static const uint8_t signature[] = {0x0D, 0x0A, 0x0D, 0x0A, 0x00, 0x0D,
                                        0x0A, 0x51, 0x55, 0x49, 0x54, 0x0A};
    struct text t = text_over(o->header, sizeof o->header);
    struct ip ip = parse(any_address(r));
    bool local = random_below(r, 4) == 0;
    size_t len = ip.family == IP_V4 ? 4 : 16;
    size_t more = (size_t)random_below(r, 2) * random_below(r, 40);
    text_put(&t, bytes_span(signature, sizeof signature));
    text_byte(&t, local ? 0x20 : 0x21);
    text_byte(&t, ip.family == IP_V4 ? 0x11 : 0x21);
    text_byte(&t, 0);
    text_byte(&t, (uint8_t)(2 * len + 4 + more));
    text_put(&t, bytes_span(ip.bytes, len));
    for (size_t i = 0; i < len + 4 + more; i++)
        text_byte(&t, (uint8_t)i);
    assert_false(t.overflow);
    o->header_len = t.len;
    if (!local)
        o->hop = ip;
}

static void put_header(struct origin *o, struct random *r)
{
    if (random_below(r, 2))
        put_line(o, r);
    else
        put_binary(o, r);
    o->bad = random_below(r, 16) == 0;
    if (o->bad)
        o->header[random_below(r, 5)] ^= 0x20;
}

/* The right-most address that is no trusted proxy's is whose it is; left of
   it stands what anybody may have made up. */
static void put_forwarded(struct origin *o, struct random *r)
{
    const char *who = client_address(r);
    const char *lie = random_below(r, 2) ? "192.0.2.99, " : "";
    const char *between = random_below(r, 2) ? ", 10.9.9.9" : "";
    snprintf(o->fields, sizeof o->fields, "X-Forwarded-For: %s%s%s\r\n", lie,
             who, between);
    if (o->trusted)
        o->who = parse(who);
    if (o->trusted && *between && !world.config.trust_count)
        o->who = parse("10.9.9.9"); /* only unix: sockets are trusted */
}

/* ---- A connection -------------------------------------------------------- */

int origin_connect(struct random *r)
{
    size_t listener = (size_t)random_below(
        r, world.config.addr_count + world.config.supervised.sockets);
    bool is_unix =
        world.server.listeners[listener].address.family == SOCKET_UNIX;
    struct origin o = {.peer.family = IP_NONE};
    char from[64] = "unix:x";
    if (!is_unix) {
        const char *address = any_address(r);
        o.peer = parse(address);
        snprintf(from, sizeof from,
                 o.peer.family == IP_V4 ? "%s:%u" : "[%s]:%u", address,
                 1000 + (unsigned)random_below(r, 1000));
    }
    o.hop = o.peer;
    if (world.config.proxy_protocol)
        put_header(&o, r);
    o.trusted = origin_trusts(&o.hop);
    o.who = o.hop;
    if (random_below(r, 2))
        put_forwarded(&o, r);
    int connection = sim_connect(listener, from);
    if (connection < 0)
        return -1;
    assert_true(connection < ORIGIN_CONNECTIONS);
    origins[connection] = o;
    return connection;
}
