/* SPDX-License-Identifier: MIT */
#include "server/client.h"
#include "base/check.h"

void client_init(struct clients *all, struct client *table,
                 struct profile *profiles, uint32_t size)
{
    *all = (struct clients){.table = table, .profiles = profiles, .size = size};
    all->links = (struct list_table){.first = (uint8_t *)&table->member,
                                     .stride = sizeof *table};
    list_init(&all->idle);
    list_init(&all->asking);
    list_init(&all->refused);
    list_init(&all->scraping);
    list_init(&all->downloads);
    slots_init(&all->slots, &table->slot, sizeof *table, size + CLIENT_BESIDES);
}

/* The others of its kind: it is no regular one. */
static struct list *list_of(struct clients *all, uint32_t kind)
{
    return kind & CLIENT_SCRAPE ? &all->scraping : &all->refused;
}

/* Of those in a state, where there is one. */
static struct list *list_in(struct clients *all, unsigned state)
{
    return state == CLIENT_IDLE     ? &all->idle
           : state == CLIENT_ASKING ? &all->asking
                                    : NULL;
}

void client_set_state(struct clients *all, struct client *c,
                      enum client_state state)
{
    uint32_t index = client_index(all, c);
    struct list *from = list_in(all, c->state), *to = list_in(all, state);
    if (from)
        list_remove(from, &all->links, index);
    if (to)
        list_append(to, &all->links, index);
    if (state == CLIENT_GONE && client_is_regular(c))
        all->regular--;
    else if (state == CLIENT_GONE)
        list_remove(list_of(all, c->flags), &all->links, index);
    all->in_state[c->state]--;
    all->in_state[state]++;
    c->state = (uint8_t)state;
}

struct client *client_take(struct clients *all, int fd, uint32_t kind,
                           uint32_t now)
{
    uint32_t index =
        client_has_room(all, kind) ? slots_take(&all->slots) : SLOTS_NONE;
    if (index == SLOTS_NONE)
        return NULL;
    struct client *c = client_at(all, index);
    CHECK(c->state == CLIENT_GONE && c->timer.bucket == 0);
    *c = (struct client){
        .slot = c->slot,
        .fd = fd,
        .room = CLIENT_NONE,
        .inbox = CLIENT_NONE,
        .outbox = CLIENT_NONE,
        .state = CLIENT_REQUEST,
        .flags = (uint16_t)kind,
        .heard = now,
        .since = now,
        .as.http = {.page = CLIENT_NONE, .file = -1},
    };
    all->in_state[CLIENT_REQUEST]++;
    if (kind == 0)
        all->regular++;
    else
        list_append(list_of(all, kind), &all->links, index);
    return c;
}

void client_give(struct clients *all, struct client *c)
{
    CHECK(c->state == CLIENT_GONE);
    all->in_state[CLIENT_GONE]--;
    slots_give(&all->slots, client_index(all, c));
}

static uint32_t *link_of(const struct client_queue *q, struct client *c)
{
    return q->dirty ? &c->dirty_next : &c->slot.next_free;
}

void client_push(const struct clients *all, struct client_queue *q,
                 struct client *c)
{
    uint32_t index = client_index(all, c);
    if (q->count++ == 0)
        q->first = index;
    else
        *link_of(q, client_at(all, q->last)) = index;
    q->last = index;
}

struct client *client_pop(const struct clients *all, struct client_queue *q)
{
    if (q->count == 0)
        return NULL;
    struct client *c = client_at(all, q->first);
    q->first = *link_of(q, c);
    q->count--;
    return c;
}

uint64_t client_token(const struct clients *all, const struct client *c)
{
    return (uint64_t)c->slot.generation << 32 | client_index(all, c);
}

struct client *client_find(const struct clients *all, uint64_t token)
{
    uint32_t index = (uint32_t)token;
    if (!slots_current(&all->slots, index, (uint32_t)(token >> 32)))
        return NULL;
    return client_at(all, index);
}
