/* SPDX-License-Identifier: MIT */
#include "server/download.h"
#include "server/conn.h"

/* The place that this client has; all->count: none. */
static uint32_t place_of(const struct downloads *all, uint64_t token)
{
    uint32_t i = 0;
    while (i < all->count && all->places[i].token != token)
        i++;
    return i;
}

static uint32_t count_of(const struct downloads *all, uint64_t whose)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < all->count; i++)
        count += all->places[i].whose == whose;
    return count;
}

/* Who gives way. One more is the newcomer's, who is asked first where another
   holds as many: nobody loses a place to somebody who has more. */
static uint64_t choose(const struct downloads *all, uint64_t newcomer)
{
    uint64_t whose = newcomer;
    uint32_t most = count_of(all, newcomer);
    most += most > 0;
    for (uint32_t i = 0; i < all->count; i++) {
        uint32_t count = count_of(all, all->places[i].whose);
        if (count > most) {
            most = count;
            whose = all->places[i].whose;
        }
    }
    uint32_t oldest = 0;
    while (all->places[oldest].whose != whose)
        oldest++;
    return all->places[oldest].token;
}

void download_keep(struct server *s, struct client *c)
{
    struct downloads *all = &s->downloads;
    struct download it = {.token = client_token(&s->clients, c)};
    if (c->as.http.file < 0 || place_of(all, it.token) < all->count)
        return;
    it.whose = c->address;
    if (all->count == all->most) {
        struct client *other = client_find(&s->clients, choose(all, it.whose));
        conn_log_refusal(s, other, other->fd, 0, "too many downloads");
        conn_drop(s, other, CAUSE_NO_BUFFER);
    }
    all->places[all->count++] = it;
}

void download_end(struct server *s, const struct client *c)
{
    struct downloads *all = &s->downloads;
    uint32_t i = place_of(all, client_token(&s->clients, c));
    if (i == all->count)
        return;
    all->count--;
    memmove(&all->places[i], &all->places[i + 1],
            (all->count - i) * sizeof *all->places);
}
