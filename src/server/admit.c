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

/* The first of a list that may end: of the idle one of the first few; of those
   in the order they came none of this turn, of whom the reactor has told nothing
   yet. */
static struct client *first_of(const struct server *s, const struct list *list)
{
    const struct clients *all = &s->clients;
    size_t few = list == &all->idle
                     ? LIMITS_GIVING_WAY
                     : list->count - bytes_min(s->came, list->count);
    uint32_t at = list->first;
    for (; few > 0 && at != LIST_NONE; few--) {
        struct client *c = client_at(all, at);
        if (!waits_to_be_read(c))
            return c;
        at = list_next(&all->links, at);
    }
    return NULL;
}

/* Has one regular client more a slot? With all workers together, too. */
static bool has_room(const struct server *s)
{
    uint32_t others = crew_elsewhere(&s->crew, CREW_REGULAR);
    return client_has_room(&s->clients, 0) &&
           (!crew_is_shared(&s->crew) ||
            s->clients.regular + others < s->crew.slots);
}

bool admit_now(const struct server *s)
{
    const struct clients *all = &s->clients;
    return all->slots.count < all->slots.size &&
           (has_room(s) || list_empty(&all->idle) || first_of(s, &all->idle)) &&
           (client_has_room(all, CLIENT_REFUSED) ||
            first_of(s, &all->refused)) &&
           (client_has_room(all, CLIENT_SCRAPE) || first_of(s, &all->scraping));
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

/* A slot for a regular client, of those that all workers have together. */
static bool claim(struct server *s)
{
    const struct clients *all = &s->clients;
    return client_has_room(all, 0) && (!crew_is_shared(&s->crew) ||
                                       crew_claim(&s->crew, all->regular + 1));
}

static struct client *take(struct server *s, int fd, uint32_t kind)
{
    struct clients *all = &s->clients;
    if (kind == 0 && !claim(s) &&
        !(end(s, first_of(s, &all->idle)) && claim(s)))
        kind = CLIENT_REFUSED;
    if (!client_has_room(all, kind))
        end(s, first_of(s, kind == CLIENT_REFUSED ? &all->refused
                                                  : &all->scraping));
    s->came += kind != 0;
    return client_take(all, fd, kind, (uint32_t)s->now);
}

bool admit_full(const struct server *s, const struct client *beside)
{
    uint32_t now[CREW_GAUGES];
    server_count_all(s, now);
    uint32_t others = now[CREW_REGULAR] - client_is_regular(beside);
    uint32_t idle = now[CREW_IDLE];
    return others > idle && others - idle >= server_slots(s);
}

bool admit_waits(struct server *s)
{
    if (!crew_is_shared(&s->crew) || has_room(s) ||
        !list_empty(&s->clients.idle) ||
        crew_elsewhere(&s->crew, CREW_IDLE) == 0 || s->asked == LIMITS_ASKED) {
        s->asked = 0;
        return false;
    }
    s->asked++;
    crew_ask(&s->crew);
    return true;
}

void admit_give_way(struct server *s)
{
    if (!has_room(s))
        end(s, first_of(s, &s->clients.idle));
}

/* ---- Coming -------------------------------------------------------------- */

void admit_one(struct server *s, int fd, const struct socket_address *peer,
               bool metrics)
{
    bool over = false;
    bool counts = !metrics && !caller_is_told(s->config, peer);
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
