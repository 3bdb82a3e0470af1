/* SPDX-License-Identifier: MIT */
#include "server/caller.h"
#include "server/grant.h"
#include "server/pending.h"

/* ---- Addresses ----------------------------------------------------------- */

static struct socket_address address_of(const struct ip *ip)
{
    struct socket_address address = {.family = SOCKET_UNIX};
    if (ip->family != IP_NONE)
        address.family = ip->family == IP_V4 ? SOCKET_INET : SOCKET_INET6;
    memcpy(address.ip, ip->bytes, sizeof address.ip);
    return address;
}

/* Without its port. */
static struct ip ip_of(const struct socket_address *from)
{
    struct ip ip = {.family = IP_NONE};
    if (from->family == SOCKET_UNIX)
        return ip;
    ip.family = from->family == SOCKET_INET ? IP_V4 : IP_V6;
    memcpy(ip.bytes, from->ip, ip.family == IP_V4 ? 4 : sizeof ip.bytes);
    return ip;
}

static struct source *source_of(const struct server *s, const struct client *c)
{
    return &s->sources.table[client_index(&s->clients, c)];
}

int caller_get(const struct server *s, const struct client *c,
               struct socket_address *who)
{
    if (!s->sources.table)
        return socket_peer(c->fd, who);
    *who = address_of(&source_of(s, c)->client);
    return 0;
}

void caller_log(struct journal_line *line, const struct server *s,
                const struct client *c)
{
    uint8_t bytes[64];
    struct text t = text_over(bytes, sizeof bytes);
    struct socket_address peer;
    if (caller_get(s, c, &peer) == 0)
        socket_put_ip(&t, &peer);
    else
        text_byte(&t, '-');
    journal_put(line, "ip", text_span(&t));
}

/* ---- X-Forwarded-For ----------------------------------------------------- */

/* Is its X-Forwarded-For believed? IP_NONE: a unix: socket's peer. */
static bool trusts(const struct config *config, const struct ip *ip)
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
    struct span entry = bytes_after(*list, start);
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
        if (!trusts(config, client) || !parse_entry(&next, entry))
            return false;
        *client = next;
    }
    return true;
}

void caller_choose(const struct config *config,
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

bool caller_is_told(const struct config *config,
                    const struct socket_address *from)
{
    if (config->trust_count == 0 && !config->trust_unix)
        return config->proxy_protocol;
    struct ip ip = ip_of(from);
    return config->proxy_protocol || trusts(config, &ip);
}

/* ---- Whose it counts as --------------------------------------------------- */

static struct address_crowd crowd_of(struct server *s)
{
    const struct crew *c = &s->crew;
    struct address_crowd all = {.workers = &s->crowds, .worker_count = 1};
    if (crew_is_shared(c))
        all = (struct address_crowd){.workers = c->crowds,
                                     .worker_count = c->count,
                                     .worker = c->worker};
    return all;
}

static void warn(struct server *s, const struct client *c)
{
    struct journal_line line;
    if (!journal_begin(&s->journal, &line, LEVEL_WARN, JOURNAL_WARN, s->wall))
        return;
    journal_put(&line, "why",
                BYTES_LITERAL("one address holds over half of the slots"));
    caller_log(&line, s, c);
    journal_number(&line, "slots", server_slots(s));
    journal_end(&line);
}

static void set_address(struct server *s, struct client *c, uint32_t key)
{
    bool counts = client_is_regular(c);
    struct address_crowd crowd = crowd_of(s);
    if (counts && c->address)
        address_part(&crowd, c->address, server_slots(s));
    c->address = key;
    if (counts && key && address_join(&crowd, key, server_slots(s)))
        warn(s, c);
}

uint32_t caller_enter(struct server *s, const struct socket_address *who,
                      bool *over)
{
    uint32_t entry = 0;
    *over = false;
    if (s->config->per_ip && who && who->family != SOCKET_UNIX) {
        entry = address_enter(&s->addresses, who, s->config->per_ip);
        *over = entry == 0;
    }
    return entry;
}

/* Two counts: c->address is who it is among the crowds (the warning), this the
   entry that --per-ip counts. */
static void set_address_entry(struct server *s, const struct client *c,
                              uint32_t entry)
{
    if (s->config->per_ip)
        s->addresses.entry_of[client_index(&s->clients, c)] = entry;
}

static void count_no_more(struct server *s, struct client *c)
{
    if (s->config->per_ip)
        address_leave(&s->addresses,
                      s->addresses.entry_of[client_index(&s->clients, c)]);
    set_address_entry(s, c, 0);
}

/* From now on, and marked where that one has too many. */
static void count_as(struct server *s, struct client *c,
                     const struct socket_address *who)
{
    bool over;
    count_no_more(s, c);
    set_address_entry(s, c, caller_enter(s, who, &over));
    if (over)
        client_set(c, CLIENT_OVER);
    set_address(s, c, who ? address_key(s->addresses.seed, who) : 0);
}

/* As whom it is from by now. */
static void count(struct server *s, struct client *c)
{
    struct socket_address who;
    if (caller_get(s, c, &who) == 0)
        count_as(s, c, &who);
}

/* Does it come from a proxy that says of each request whose it is? */
static bool hop_tells(const struct server *s, const struct client *c)
{
    return s->sources.table && trusts(s->config, &source_of(s, c)->hop);
}

void caller_request(struct server *s, struct client *c,
                    const struct http_request *request)
{
    if (client_has(c, CLIENT_SCRAPE) || !hop_tells(s, c))
        return;
    caller_choose(s->config, request, &source_of(s, c)->client);
    count(s, c);
}

void caller_answered(struct server *s, struct client *c)
{
    count_no_more(s, c);
    grant_forget(s, c);
    if (s->sources.table)
        source_of(s, c)->client = source_of(s, c)->hop;
    if (hop_tells(s, c))
        count_as(s, c, NULL);
}

void caller_returns(struct server *s, struct client *c)
{
    if (s->config->per_ip && !hop_tells(s, c))
        count(s, c);
}

/* ---- The PROXY header ---------------------------------------------------- */

void caller_begin(struct server *s, struct client *c,
                  const struct socket_address *from, uint32_t entered)
{
    bool told = client_has(c, CLIENT_SCRAPE) || caller_is_told(s->config, from);
    set_address_entry(s, c, entered);
    grant_forget(s, c);
    pending_forget(s, c);
    if (!told)
        set_address(s, c, address_key(s->addresses.seed, from));
    if (!s->sources.table)
        return;
    struct ip ip = ip_of(from);
    *source_of(s, c) = (struct source){.hop = ip, .client = ip};
    if (!s->config->proxy_protocol || client_has(c, CLIENT_SCRAPE))
        return;
    s->sources.headers[client_index(&s->clients, c)] = (struct proxy){0};
    client_set_state(&s->clients, c, CLIENT_PROXY);
}

enum proxy_step caller_read(struct server *s, struct client *c, struct span in,
                            size_t *used, const char **why)
{
    struct proxy *header = &s->sources.headers[client_index(&s->clients, c)];
    struct source *p = source_of(s, c);
    *used = proxy_read(header, in.ptr, in.len);
    *why = header->why;
    if (header->step != PROXY_DONE)
        return (enum proxy_step)header->step;
    if (header->client != PROXY_SELF)
        p->hop = p->client = header->source;
    if (!trusts(s->config, &p->hop))
        count(s, c);
    return PROXY_DONE;
}

void caller_leave(struct server *s, struct client *c)
{
    count_as(s, c, NULL);
}
