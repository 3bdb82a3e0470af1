/* SPDX-License-Identifier: MIT */
#include "server/download.h"

/* The place that this client has; all->count: none. */
static uint32_t place_of(const struct downloads *all, uint64_t token)
{
    uint32_t i = 0;
    while (i < all->count && all->places[i].token != token)
        i++;
    return i;
}

static uint32_t count_of(const struct downloads *all, uint32_t whose)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < all->count; i++)
        count += all->places[i].whose == whose;
    return count;
}

/* Who gives way. One more is the newcomer's, who is asked first where another
   holds as many: nobody loses a place to somebody who has more. */
static uint64_t choose(const struct downloads *all, uint32_t newcomer)
{
    uint32_t whose = newcomer;
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

static bool has_place(const struct downloads *all,
                      const struct clients *clients, const struct client *c)
{
    return place_of(all, client_token(clients, c)) < all->count;
}

struct client *download_rival(const struct downloads *all,
                              const struct clients *clients,
                              const struct client *c)
{
    if (has_place(all, clients, c) || all->count < all->most)
        return NULL;
    return client_find(clients, choose(all, c->address));
}

void download_keep(struct downloads *all, const struct clients *clients,
                   const struct client *c)
{
    if (!has_place(all, clients, c))
        all->places[all->count++] = (struct download){
            .token = client_token(clients, c), .whose = c->address};
}

void download_end(struct downloads *all, const struct clients *clients,
                  const struct client *c)
{
    uint32_t i = place_of(all, client_token(clients, c));
    if (i == all->count)
        return;
    all->count--;
    memmove(&all->places[i], &all->places[i + 1],
            (all->count - i) * sizeof *all->places);
}
