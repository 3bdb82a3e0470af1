/* SPDX-License-Identifier: MIT */
#include "server/pending.h"
#include "server/ready.h"

const char pending_unknown[] = "it is not known whether it was said";

bool pending_may_add(const struct server *s, const struct client *c)
{
    const struct store *store = &s->rooms.store;
    uint32_t bytes = pending_of(s, c)->bytes;
    if (c->state != CLIENT_OPEN || bytes == 0)
        return true;
    return c->form != CLIENT_JSON &&
           bytes < store->proposals[store->worker].size / PENDING_PART;
}

void pending_add(const struct server *s, const struct client *c,
                 const struct record *r)
{
    if (client_in_room(c))
        pending_of(s, c)->bytes += propose_len(record_len(r));
}

/* ---- Posts --------------------------------------------------------------- */

void pending_post(struct server *s, const struct client *c, struct room *room)
{
    struct pending *p = pending_of(s, c);
    p->room = room_index(&s->rooms, room) + 1;
    p->outcome = PENDING_WAITS;
    room_post_waits(room);
}

void pending_end(struct server *s, const struct client *c)
{
    if (!pending_is_post(s, c))
        return;
    struct pending *p = pending_of(s, c);
    struct room *room = room_at(&s->rooms, p->room - 1);
    p->room = 0;
    room_post_ends(&s->rooms, room);
}

static void settle_post(struct server *s, struct client *c,
                        const struct record *r)
{
    struct pending *p = pending_of(s, c);
    p->outcome = r->kind == RECORD_LOST ? PENDING_LOST : PENDING_SAID;
    p->said = (struct store_id){r->epoch, r->number};
    if (c->state == CLIENT_ASKING)
        ready_ask_again(s, c);
}

/* ---- Read back ----------------------------------------------------------- */

/* Tokens of ours may have been those of a worker that has died in our place: the
   uid is nobody else's. */
static struct client *find(const struct server *s, const struct record *r)
{
    struct client *c = client_find(&s->clients, r->tag);
    if (!c)
        return NULL;
    const struct client_member *m = &client_profile(&s->clients, c)->member;
    return memcmp(m->uid, r->uid, sizeof m->uid) == 0 ? c : NULL;
}

struct client *pending_heard(struct server *s, const struct room *room,
                             const struct record *r)
{
    uint32_t index = room_index(&s->rooms, room);
    if (r->worker != s->rooms.store.worker)
        return NULL;
    struct client *c = find(s, r);
    if (!c)
        return NULL;
    struct pending *p = pending_of(s, c);
    if (c->room == index) {
        p->bytes -= (uint32_t)bytes_min(p->bytes, propose_len(record_len(r)));
        return c;
    }
    if (p->room != index + 1)
        return NULL;
    settle_post(s, c, r);
    return c;
}
