/* SPDX-License-Identifier: MIT */
#include "server/client.h"
#include "base/check.h"

void client_init(struct clients *all, struct client *table,
                 struct profile *profiles, uint32_t size)
{
    *all = (struct clients){.table = table, .profiles = profiles, .size = size};
    slots_init(&all->slots, &table->slot, sizeof *table,
               size + LIMITS_REFUSALS);
}

struct client *client_take(struct clients *all, int fd, bool regular,
                           uint32_t now)
{
    regular = regular && all->regular < all->size;
    if (!regular && all->slots.count - all->regular >= LIMITS_REFUSALS)
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
        .flags = regular ? 0 : CLIENT_REFUSED,
        .heard = now,
        .since = now,
        .as.http = {.page = CLIENT_NONE, .file = -1},
    };
    all->in_state[CLIENT_REQUEST]++;
    if (regular)
        all->regular++;
    return c;
}

void client_give(struct clients *all, struct client *c)
{
    CHECK(c->state == CLIENT_GONE);
    if (!client_has(c, CLIENT_REFUSED))
        all->regular--;
    all->in_state[CLIENT_GONE]--;
    slots_give(&all->slots, client_index(all, c));
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
