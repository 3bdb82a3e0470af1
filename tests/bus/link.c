/* SPDX-License-Identifier: MIT */
#include "bus/link.h"

#include <stdlib.h>

#define PIECE 3000 /* bytes at once, at most */

uint64_t link_late_bytes, link_late_killed;

static struct late {
    struct redis_client *peer;
    struct buffer up;
    struct late *next;
} * lates;

void link_connect(struct link *l, struct redis *r)
{
    *l = (struct link){.peer = redis_connect(r)};
}

/* How many of `len` go now: all, some, or a few. */
static size_t pick(struct random *chance, size_t len)
{
    uint64_t how = random_below(chance, 4);
    if (how == 0 || len == 0)
        return len;
    size_t most = bytes_min(len, how == 1 ? 7 : PIECE);
    return (size_t)random_below(chance, most + 1);
}

static size_t send_some(struct redis_client *peer, struct buffer *up,
                        struct random *chance)
{
    size_t len = pick(chance, buffer_len(up));
    redis_send(peer, bytes_part(buffer_span(up), 0, len));
    buffer_take(up, len);
    return len;
}

bool link_moves(struct link *l, struct random *chance, uint64_t now)
{
    if (now < l->stuck)
        return true;
    struct buffer *out = &l->peer->out;
    send_some(l->peer, &l->up, chance);
    size_t len = pick(chance, buffer_len(out));
    buffer_put(&l->down, bytes_part(buffer_span(out), 0, len));
    buffer_take(out, len);
    return !l->peer->is_closed || buffer_len(out) > 0;
}

void link_cut(struct link *l, bool commands)
{
    struct late *late = calloc(1, sizeof *late);
    if (!late)
        abort();
    l->peer->is_gone = true;
    *late = (struct late){.peer = l->peer, .up = l->up, .next = lates};
    if (!commands)
        buffer_free(&late->up);
    lates = late;
    buffer_free(&l->down);
    *l = (struct link){0};
}

static void end_late(struct late **link)
{
    struct late *late = *link;
    *link = late->next;
    if (late->peer->is_closed && late->peer->server)
        link_late_killed++;
    redis_release(late->peer);
    buffer_free(&late->up);
    free(late);
}

/* Whose bytes have all come has ended, when they are done. */
static bool is_over(const struct late *late)
{
    return late->peer->is_closed ||
           (buffer_len(&late->up) == 0 && !late->peer->is_blocked &&
            (!late->peer->server || redis_is_idle(late->peer->server)));
}

void link_late_moves(struct random *chance)
{
    struct late **link = &lates;
    while (*link) {
        struct late *late = *link;
        if (is_over(late) || random_below(chance, 200) == 0) {
            end_late(link);
            continue;
        }
        if (random_below(chance, 4) == 0)
            link_late_bytes += send_some(late->peer, &late->up, chance);
        link = &late->next;
    }
}

void link_late_ends(struct random *chance)
{
    while (lates) {
        if (random_below(chance, 2)) {
            redis_send(lates->peer, buffer_span(&lates->up));
            if (lates->peer->server)
                redis_turn(lates->peer->server, lates->peer->server->now,
                           lates->peer->server->wall);
        }
        end_late(&lates);
    }
}
