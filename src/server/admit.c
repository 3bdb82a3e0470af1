/* SPDX-License-Identifier: MIT */
#include "server/admit.h"
#include "base/check.h"
#include "server/caller.h"
#include "server/conn.h"
#include "server/due.h"
#include "server/reply.h"

/* ---- Giving way ---------------------------------------------------------- */

/* Has it said something that nobody has looked at? It is looked at in this
   turn. Of those with a request under way the first look counts, or they would
   hold their slots by dripping. */
static bool waits_to_be_read(const struct client *c)
{
    if (c->state == CLIENT_IDLE)
        return (c->flags & (CLIENT_READABLE | CLIENT_PARKED)) != 0;
    return client_has(c, CLIENT_READABLE) && c->received == 0;
}

/* The first of a list that may end: one of the first few. */
static struct client *first_of(const struct clients *all,
                               const struct list *list, uint32_t few)
{
    uint32_t at = list->first;
    for (; few > 0 && at != LIST_NONE; few--) {
        struct client *c = client_at(all, at);
        if (!waits_to_be_read(c))
            return c;
        at = list_next(&all->links, at);
    }
    return NULL;
}

static struct client *first_idle(const struct server *s)
{
    return first_of(&s->clients, &s->clients.idle, LIMITS_GIVING_WAY);
}

/* Of a list in the order they came; of those of this turn the reactor has told
   nothing yet. */
static struct client *first_come(const struct server *s,
                                 const struct list *list)
{
    uint32_t fresh = (uint32_t)bytes_min(s->came, list->count);
    return first_of(&s->clients, list, list->count - fresh);
}

bool admit_now(const struct server *s)
{
    const struct clients *all = &s->clients;
    return all->slots.count < all->slots.size &&
           (client_has_room(all, 0) || list_empty(&all->idle) ||
            first_idle(s)) &&
           (client_has_room(all, CLIENT_REFUSED) ||
            first_come(s, &all->refused)) &&
           (client_has_room(all, CLIENT_SCRAPE) ||
            first_come(s, &all->scraping));
}

/* Somebody ends, where there is somebody: who is refused is told so, though it
   has not asked. */
static bool end(struct server *s, struct client *c)
{
    if (!c)
        return false;
    if (c->state == CLIENT_REQUEST && client_has(c, CLIENT_REFUSED))
        reply_no_slot(s, c, true);
    conn_drop(s, c, CAUSE_NONE);
    return true;
}

static struct client *take(struct server *s, int fd, uint32_t kind)
{
    struct clients *all = &s->clients;
    if (kind == 0 && !client_has_room(all, 0) && !end(s, first_idle(s)))
        kind = CLIENT_REFUSED;
    if (kind && !client_has_room(all, kind))
        end(s, first_come(s, kind == CLIENT_REFUSED ? &all->refused
                                                    : &all->scraping));
    s->came += kind != 0;
    return client_take(all, fd, kind, (uint32_t)s->now);
}

bool admit_full(const struct server *s, const struct client *beside)
{
    const struct clients *all = &s->clients;
    uint32_t others = all->regular - client_is_regular(beside);
    return others - all->idle.count >= all->size;
}

/* ---- Coming -------------------------------------------------------------- */

void admit_one(struct server *s, int fd, const struct socket_address *peer,
               bool metrics)
{
    bool over = false;
    bool counts = !metrics && !source_is_told(s->config, peer);
    uint32_t entered = caller_enter(s, counts ? peer : NULL, &over);
    struct client *c = take(s, fd,
                            metrics ? CLIENT_SCRAPE
                            : over  ? CLIENT_REFUSED
                                    : 0);
    CHECK(c); /* admit_now said so */
    s->stats.accepted += !metrics;
    if (over)
        client_set(c, CLIENT_OVER);
    caller_begin(s, c, peer, entered);
    due_set(s, c);
    if (reactor_add(s->reactor, c->fd, client_token(&s->clients, c)) < 0)
        conn_drop(s, c, CAUSE_FAULT);
}
