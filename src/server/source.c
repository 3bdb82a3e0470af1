/* SPDX-License-Identifier: MIT */
#include "server/source.h"
#include "server/admit.h"
#include "server/conn.h"
#include "server/request.h"

/* ---- Addresses ----------------------------------------------------------- */

static struct ip ip_of(const struct socket_address *from)
{
    struct ip ip = {.family = IP_NONE};
    if (from->family == SOCKET_UNIX)
        return ip;
    ip.family = from->family == SOCKET_INET ? IP_V4 : IP_V6;
    memcpy(ip.bytes, from->ip, ip.family == IP_V4 ? 4 : sizeof ip.bytes);
    return ip;
}

static struct socket_address address_of(const struct ip *ip)
{
    struct socket_address address = {.family = SOCKET_UNIX};
    if (ip->family != IP_NONE)
        address.family = ip->family == IP_V4 ? SOCKET_INET : SOCKET_INET6;
    memcpy(address.ip, ip->bytes, sizeof address.ip);
    return address;
}

static struct source *source_of(const struct server *s, const struct client *c)
{
    return &s->sources.table[client_index(&s->clients, c)];
}

int source_get(const struct server *s, const struct client *c, int fd,
               struct socket_address *who)
{
    if (!c || !s->sources.table)
        return socket_peer(fd, who);
    *who = address_of(&source_of(s, c)->client);
    return 0;
}

void source_log(struct journal_line *line, const struct server *s,
                const struct client *c, int fd)
{
    uint8_t bytes[64];
    struct text t = text_over(bytes, sizeof bytes);
    struct socket_address peer;
    if (source_get(s, c, fd, &peer) == 0)
        socket_put_ip(&t, &peer);
    else
        text_byte(&t, '-');
    journal_put(line, "ip", text_span(&t));
}

/* ---- X-Forwarded-For ----------------------------------------------------- */

static bool is_trusted(const struct config *config, const struct ip *ip)
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
        if (!is_trusted(config, client) || !parse_entry(&next, entry))
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

/* ---- Whose it counts as -------------------------------------------------- */

static void count(struct server *s, struct client *c)
{
    struct socket_address who = address_of(&source_of(s, c)->client);
    admit_count(s, c, &who);
}

/* Does it come from a proxy that says of each request whose it is? */
static bool hop_tells(const struct server *s, const struct client *c)
{
    return s->sources.table && is_trusted(s->config, &source_of(s, c)->hop);
}

void source_request(struct server *s, struct client *c,
                    const struct http_request *request)
{
    if (client_has(c, CLIENT_SCRAPE) || !hop_tells(s, c))
        return;
    source_choose(s->config, request, &source_of(s, c)->client);
    count(s, c);
}

void source_answered(struct server *s, struct client *c)
{
    admit_idle(s, c);
    if (s->sources.table)
        source_of(s, c)->client = source_of(s, c)->hop;
    if (hop_tells(s, c))
        admit_count(s, c, NULL);
}

void source_returns(struct server *s, struct client *c)
{
    struct socket_address who;
    if (s->config->per_ip && !hop_tells(s, c) &&
        source_get(s, c, c->fd, &who) == 0)
        admit_count(s, c, &who);
}

/* ---- The PROXY header ---------------------------------------------------- */

bool source_is_told(const struct config *config,
                    const struct socket_address *from)
{
    struct ip ip = ip_of(from);
    return config->proxy_protocol || is_trusted(config, &ip);
}

void source_begin(struct server *s, struct client *c,
                  const struct socket_address *from)
{
    if (!s->sources.table)
        return;
    struct ip ip = ip_of(from);
    *source_of(s, c) = (struct source){.hop = ip, .client = ip};
    if (!s->config->proxy_protocol || client_has(c, CLIENT_SCRAPE))
        return;
    s->sources.headers[client_index(&s->clients, c)] = (struct proxy){0};
    client_set_state(&s->clients, c, CLIENT_PROXY);
}

static void drop(struct server *s, struct client *c, const char *why)
{
    conn_log_refusal(s, c, c->fd, 0, why);
    conn_drop(s, c, CAUSE_PROTOCOL);
}

/* The header is whole. A request has the rest of the time. */
static void told(struct server *s, struct client *c, const struct proxy *header)
{
    struct source *p = source_of(s, c);
    if (header->client != PROXY_SELF)
        p->hop = p->client = header->source;
    if (!is_trusted(s->config, &p->hop))
        count(s, c);
    client_set_state(&s->clients, c, CLIENT_REQUEST);
}

void source_turn(struct server *s, struct client *c)
{
    struct span in = conn_take_input(s, c);
    if (in.len == 0)
        return;
    struct proxy *header = &s->sources.headers[client_index(&s->clients, c)];
    size_t used = proxy_read(header, in.ptr, in.len);
    switch ((enum proxy_step)header->step) {
    case PROXY_MORE: return;
    case PROXY_BAD: drop(s, c, header->why); return;
    case PROXY_DONE: break;
    }
    told(s, c, header);
    if (used < in.len)
        request_handle(s, c, bytes_part(in, used, in.len - used));
}

void source_timeout(struct server *s, struct client *c)
{
    drop(s, c, "no PROXY header in time");
}
