/* SPDX-License-Identifier: MIT */
#include "bus/audit.h"

#include <stdlib.h>

/* Space for one more behind `count` of them. */
static void *more(void *ptr, size_t count, size_t size)
{
    if (count & (count - 1))
        return ptr;
    ptr = realloc(ptr, (count ? 2 * count : 1) * size);
    if (!ptr)
        abort();
    return ptr;
}

static bool same(struct store_id a, struct store_id b)
{
    return a.epoch == b.epoch && a.number == b.number;
}

static void found(struct audit *c, const char *fault, uint32_t room,
                  struct store_id id, uint64_t message)
{
    if (c->fault)
        return;
    c->fault = fault;
    c->where[0] = room;
    c->where[1] = id.epoch;
    c->where[2] = id.number;
    c->where[3] = message;
}

static void add(struct audit_stretch *s, struct store_id id, uint64_t message)
{
    s->all = more(s->all, s->count, sizeof *s->all);
    s->all[s->count++] = (struct audit_heard){id, message};
}

void audit_begin(struct audit *c)
{
    *c = (struct audit){0};
}

void audit_free(struct audit *c)
{
    for (size_t i = 0; i < c->listener_count; i++) {
        struct audit_listener *l = &c->listeners[i];
        for (size_t k = 0; k < l->done_count; k++)
            free(l->done[k].all);
        free(l->done);
        free(l->now.all);
    }
    for (size_t i = 0; i < c->history_count; i++)
        free(c->histories[i].entries.all);
    free(c->listeners);
    free(c->histories);
    free(c->messages);
    free(c->names);
}

/* ---- What an id names ---------------------------------------------------- */

static struct audit_name *name_of(const struct audit *c, uint32_t room,
                                  struct store_id id)
{
    size_t at = (size_t)bytes_mix(bytes_mix(id.epoch ^ room) ^ id.number);
    for (;; at++) {
        struct audit_name *n = &c->names[at & (c->name_size - 1)];
        if (n->room == 0 || (n->room == room + 1 && same(n->is.id, id)))
            return n;
    }
}

static void grow_names(struct audit *c)
{
    struct audit before = *c;
    c->name_size = before.name_size ? 2 * before.name_size : 1024;
    c->names = calloc(c->name_size, sizeof *c->names);
    if (!c->names)
        abort();
    for (size_t i = 0; i < before.name_size; i++)
        if (before.names[i].room)
            *name_of(c, before.names[i].room - 1, before.names[i].is.id) =
                before.names[i];
    free(before.names);
}

static void name(struct audit *c, uint32_t room, struct store_id id,
                 uint64_t message)
{
    if (2 * c->name_count >= c->name_size)
        grow_names(c);
    struct audit_name *n = name_of(c, room, id);
    if (n->room == 0) {
        *n = (struct audit_name){room + 1, {id, message}};
        c->name_count++;
    } else if (n->is.message != message)
        found(c, "one id names two messages", room, id, message);
}

/* ---- While it goes on ---------------------------------------------------- */

uint64_t audit_say(struct audit *c, uint32_t listener, uint64_t tag)
{
    const struct audit_listener *l = &c->listeners[listener];
    c->messages = more(c->messages, c->message_count, sizeof *c->messages);
    c->messages[c->message_count] = (struct audit_message){
        .room = l->room,
        .speaker = l->speaker,
        .tag = tag,
        .listener = listener,
    };
    return c->message_count++;
}

uint32_t audit_listen(struct audit *c, uint32_t room, uint32_t speaker,
                      struct store_id last)
{
    c->listeners = more(c->listeners, c->listener_count, sizeof *c->listeners);
    c->listeners[c->listener_count] =
        (struct audit_listener){.room = room, .speaker = speaker, .last = last};
    return (uint32_t)c->listener_count++;
}

void audit_begun(struct audit *c, uint32_t listener)
{
    c->listeners[listener].has_begun = true;
}

void audit_leave(struct audit *c, uint32_t listener)
{
    c->listeners[listener].left = true;
}

/* Of a stretch, and one more: nothing twice, each speaker's in order. */
static void follows_in_order(struct audit *c, const struct audit_stretch *s,
                             uint32_t room, struct audit_heard next)
{
    uint32_t speaker = c->messages[next.message].speaker;
    if (c->rules.may_mix)
        return;
    for (size_t i = s->count; i > 0; i--) {
        uint64_t before = s->all[i - 1].message;
        if (before == next.message)
            found(c, "a message is heard twice", room, next.id, next.message);
        else if (before > next.message &&
                 c->messages[before].speaker == speaker)
            found(c, "a speaker's messages change their order", room, next.id,
                  next.message);
    }
}

static bool joins(struct store_id before, struct store_id id)
{
    return id.epoch == before.epoch ? id.number == before.number + 1
                                    : id.number == 1;
}

void audit_hear(struct audit *c, uint32_t listener, struct store_id id,
                uint64_t message)
{
    struct audit_listener *l = &c->listeners[listener];
    c->heard++;
    if (message >= c->message_count) {
        found(c, "what nobody has said is heard", l->room, id, message);
        return;
    }
    struct audit_message *m = &c->messages[message];
    if (m->room != l->room)
        found(c, "it is heard in another room", l->room, id, message);
    if (!joins(l->last, id))
        found(c, "there is a hole without a gap", l->room, id, message);
    name(c, l->room, id, message);
    follows_in_order(c, &l->now, l->room, (struct audit_heard){id, message});
    m->heard |= m->speaker == l->speaker;
    l->last = id;
    add(&l->now, id, message);
}

void audit_gap(struct audit *c, uint32_t listener, struct store_id id)
{
    struct audit_listener *l = &c->listeners[listener];
    c->gaps += l->has_begun;
    if (l->has_begun && c->is_calm)
        found(c, "a gap, though all is calm", l->room, id, 0);
    else if (l->has_begun && !c->rules.may_lose)
        found(c, "a gap, though nothing was forgotten", l->room, id, 0);
    l->done = more(l->done, l->done_count, sizeof *l->done);
    l->done[l->done_count++] = l->now;
    l->now = (struct audit_stretch){0};
    l->last = id;
}

void audit_lost(struct audit *c, uint32_t listener, uint64_t tag)
{
    const struct audit_listener *l = &c->listeners[listener];
    c->lost++;
    if (c->is_calm || !(c->rules.may_lose || c->rules.may_refuse))
        found(c, "lost, though nothing was forgotten", l->room, l->last, tag);
    for (size_t i = 0; i < c->message_count; i++) {
        struct audit_message *m = &c->messages[i];
        if (m->speaker == l->speaker && m->tag == tag)
            m->lost = true;
    }
}

/* ---- When it is over ----------------------------------------------------- */

uint32_t audit_history(struct audit *c, uint32_t room, bool is_last)
{
    c->histories = more(c->histories, c->history_count, sizeof *c->histories);
    c->histories[c->history_count] =
        (struct audit_history){.room = room, .is_last = is_last};
    return (uint32_t)c->history_count++;
}

/* The last one is what there is now: it holds each message once, in order. */
void audit_entry(struct audit *c, uint32_t history, struct store_id id,
                 uint64_t message)
{
    struct audit_history *h = &c->histories[history];
    if (message >= c->message_count || c->messages[message].room != h->room) {
        found(c, "Redis has what nobody has said", h->room, id, message);
        return;
    }
    if (h->is_last)
        follows_in_order(c, &h->entries, h->room,
                         (struct audit_heard){id, message});
    add(&h->entries, id, message);
}

/* How much of a stretch stands in a history, and where that ends there: *end. */
static size_t found_in(const struct audit_history *h,
                       const struct audit_stretch *s, size_t *end)
{
    const struct audit_stretch *all = &h->entries;
    size_t most = 0;
    for (size_t at = 0; at < all->count; at++) {
        size_t i = 0;
        while (i < s->count && at + i < all->count &&
               same(all->all[at + i].id, s->all[i].id) &&
               all->all[at + i].message == s->all[i].message)
            i++;
        if (i > most) {
            most = i;
            *end = at + i;
        }
    }
    return most;
}

/* Told is the first that is in none, behind those before it. */
static void stretch_is_history(struct audit *c, uint32_t room,
                               const struct audit_stretch *s)
{
    size_t most = 0, end;
    for (size_t i = c->history_count; i > 0 && most < s->count; i--) {
        const struct audit_history *h = &c->histories[i - 1];
        size_t part = h->room == room ? found_in(h, s, &end) : 0;
        most = part > most ? part : most;
    }
    if (most < s->count)
        found(c, "what was heard is no part of any history", room,
              s->all[most].id, s->all[most].message);
}

/* Whoever stays has heard all to the end. */
static void ends_at_the_end(struct audit *c, const struct audit_listener *l)
{
    const struct audit_stretch *s = &l->now;
    for (size_t i = 0; i < c->history_count; i++) {
        const struct audit_history *h = &c->histories[i];
        if (!h->is_last || h->room != l->room || h->entries.count == 0)
            continue;
        struct audit_heard end = h->entries.all[h->entries.count - 1];
        size_t end_at = 0;
        if (s->count == 0 || found_in(h, s, &end_at) < s->count ||
            end_at != h->entries.count)
            found(c, "who stays has not heard the end", l->room, end.id,
                  end.message);
    }
}

static void nothing_is_stuck(struct audit *c)
{
    for (size_t i = 0; i < c->message_count; i++) {
        const struct audit_message *m = &c->messages[i];
        if (!m->heard && !m->lost && !c->listeners[m->listener].left)
            found(c, "a message is stuck", m->room, (struct store_id){0, 0}, i);
    }
}

void audit_end(struct audit *c)
{
    for (size_t i = 0; i < c->listener_count; i++) {
        const struct audit_listener *l = &c->listeners[i];
        for (size_t k = 0; k < l->done_count && !c->rules.may_mix; k++)
            stretch_is_history(c, l->room, &l->done[k]);
        if (!c->rules.may_mix)
            stretch_is_history(c, l->room, &l->now);
        if (!l->left)
            ends_at_the_end(c, l);
    }
    nothing_is_stuck(c);
}
