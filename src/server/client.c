/* SPDX-License-Identifier: MIT */
#include "server/client.h"
#include "base/check.h"

void client_init(struct clients *all, struct client *table,
                 struct profile *profiles, uint32_t size)
{
    *all = (struct clients){.table = table, .profiles = profiles, .size = size};
    slots_init(&all->slots, &table->slot, sizeof *table, size + LIMITS_BESIDES);
}

/* May one more of this kind come? */
static bool has_room(const struct clients *all, uint32_t kind)
{
    uint32_t others = all->slots.count - all->regular;
    if (kind & CLIENT_SCRAPE)
        return all->scrapes < LIMITS_SCRAPES;
    return !(kind & CLIENT_REFUSED) || others - all->scrapes < LIMITS_REFUSALS;
}

static void count(struct clients *all, uint32_t flags, uint32_t change)
{
    if (flags & CLIENT_SCRAPE)
        all->scrapes += change;
    else if (!(flags & CLIENT_REFUSED))
        all->regular += change;
}

struct client *client_take(struct clients *all, int fd, uint32_t kind,
                           uint32_t now)
{
    if (kind == 0 && all->regular >= all->size)
        kind = CLIENT_REFUSED;
    if (!has_room(all, kind))
        return NULL;
    uint32_t index = slots_take(&all->slots);
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
    count(all, kind, 1);
    return c;
}

void client_give(struct clients *all, struct client *c)
{
    CHECK(c->state == CLIENT_GONE);
    count(all, c->flags, (uint32_t)-1);
    all->in_state[CLIENT_GONE]--;
    slots_give(&all->slots, client_index(all, c));
}

void client_push(const struct clients *all, struct client_queue *q,
                 struct client *c)
{
    uint32_t index = client_index(all, c);
    c->slot.next_free = CLIENT_NONE;
    if (q->last == CLIENT_NONE)
        q->first = index;
    else
        client_at(all, q->last)->slot.next_free = index;
    q->last = index;
    q->count++;
}

struct client *client_pop(const struct clients *all, struct client_queue *q)
{
    if (q->count == 0)
        return NULL;
    struct client *c = client_at(all, q->first);
    q->first = c->slot.next_free;
    if (q->first == CLIENT_NONE)
        q->last = CLIENT_NONE;
    q->count--;
    return c;
}

void client_put_first(const struct clients *all, struct client_queue *q,
                      struct client_queue *before)
{
    if (before->count == 0)
        return;
    client_at(all, before->last)->slot.next_free = q->first;
    if (q->count == 0)
        q->last = before->last;
    q->first = before->first;
    q->count += before->count;
    *before = CLIENT_QUEUE_EMPTY;
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
