/* SPDX-License-Identifier: MIT */
#include "server/caller.h"
#include "server/grant.h"

/* ---- Addresses ----------------------------------------------------------- */

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

int caller_get(const struct server *s, const struct client *c, int fd,
               struct socket_address *who)
{
    if (!c || !s->sources.table)
        return socket_peer(fd, who);
    *who = address_of(&source_of(s, c)->client);
    return 0;
}

void caller_log(struct journal_line *line, const struct server *s,
                const struct client *c, int fd)
{
    uint8_t bytes[64];
    struct text t = text_over(bytes, sizeof bytes);
    struct socket_address peer;
    if (caller_get(s, c, fd, &peer) == 0)
        socket_put_ip(&t, &peer);
    else
        text_byte(&t, '-');
    journal_put(line, "ip", text_span(&t));
}

/* ---- Whose it counts as --------------------------------------------------- */

static void warn(struct server *s, const struct client *c)
{
    struct journal_line line;
    if (!journal_begin(&s->journal, &line, LEVEL_WARN, JOURNAL_WARN, s->wall))
        return;
    journal_put(&line, "why",
                BYTES_LITERAL("one address holds over half of the slots"));
    caller_log(&line, s, c, c->fd);
    journal_number(&line, "slots", s->clients.size);
    journal_end(&line);
}

static void set_address(struct server *s, struct client *c, uint32_t key)
{
    bool counts = client_is_regular(c);
    if (counts)
        address_part(&s->crowds, c->address, s->clients.size);
    c->address = key;
    if (counts && address_join(&s->crowds, key, s->clients.size))
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

static void set_entry(struct server *s, const struct client *c, uint32_t entry)
{
    if (s->config->per_ip)
        s->addresses.entry_of[client_index(&s->clients, c)] = entry;
}

static void count_no_more(struct server *s, struct client *c)
{
    if (s->config->per_ip)
        address_leave(&s->addresses,
                      s->addresses.entry_of[client_index(&s->clients, c)]);
    set_entry(s, c, 0);
}

/* From now on, and marked where that one has too many. */
static void count_as(struct server *s, struct client *c,
                     const struct socket_address *who)
{
    bool over;
    count_no_more(s, c);
    set_entry(s, c, caller_enter(s, who, &over));
    if (over)
        client_set(c, CLIENT_OVER);
    set_address(s, c, who ? address_key(s->addresses.seed, who) : 0);
}

static void count(struct server *s, struct client *c)
{
    struct socket_address who = address_of(&source_of(s, c)->client);
    count_as(s, c, &who);
}

/* Does it come from a proxy that says of each request whose it is? */
static bool hop_tells(const struct server *s, const struct client *c)
{
    return s->sources.table && source_trusts(s->config, &source_of(s, c)->hop);
}

void caller_request(struct server *s, struct client *c,
                    const struct http_request *request)
{
    if (client_has(c, CLIENT_SCRAPE) || !hop_tells(s, c))
        return;
    source_choose(s->config, request, &source_of(s, c)->client);
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
    struct socket_address who;
    if (s->config->per_ip && !hop_tells(s, c) &&
        caller_get(s, c, c->fd, &who) == 0)
        count_as(s, c, &who);
}

/* ---- The PROXY header ---------------------------------------------------- */

void caller_begin(struct server *s, struct client *c,
                  const struct socket_address *from, uint32_t entered)
{
    struct ip ip = source_ip(from);
    bool told = client_has(c, CLIENT_SCRAPE) || source_is_told(s->config, from);
    set_entry(s, c, entered);
    grant_forget(s, c);
    if (!told)
        set_address(s, c, address_key(s->addresses.seed, from));
    if (!s->sources.table)
        return;
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
    if (!source_trusts(s->config, &p->hop))
        count(s, c);
    return PROXY_DONE;
}

void caller_leave(struct server *s, struct client *c)
{
    count_as(s, c, NULL);
}
