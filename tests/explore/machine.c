/* SPDX-License-Identifier: MIT */
#include "explore/machine.h"
#include "explore/explore.h"

struct world world;

static uint16_t offset_of(const void *at)
{
    ptrdiff_t offset = (const uint8_t *)at - (const uint8_t *)&world;
    CHECK(offset >= 0 && (size_t)offset < sizeof world);
    return (uint16_t)offset;
}

bool atom_is_own(const void *at)
{
    const uint8_t *whole = world.whole[0];
    return (const uint8_t *)at >= whole &&
           (const uint8_t *)at < whole + sizeof world.whole;
}

static uint8_t *byte_at(uint16_t offset)
{
    return (uint8_t *)&world + offset;
}

static bool overlap(const struct machine_write *w, uint16_t offset, size_t len)
{
    return w->offset < offset + len && offset < w->offset + w->len;
}

/* ---- Buffers ------------------------------------------------------------- */

static bool is_held_by_others(uint32_t actor, uint16_t offset, size_t len)
{
    for (uint32_t other = 0; other < MACHINE_ACTORS; other++) {
        const struct machine_buffer *b = &world.buffers[other];
        for (uint32_t i = 0; other != actor && i < b->count; i++)
            if (b->writes[i].held && overlap(&b->writes[i], offset, len))
                return true;
    }
    return false;
}

bool machine_can_drain(uint32_t actor, uint32_t i)
{
    const struct machine_buffer *b = &world.buffers[actor];
    const struct machine_write *w = &b->writes[i];
    if (w->release && i > 0)
        return false;
    for (uint32_t before = 0; before < i; before++)
        if (overlap(&b->writes[before], w->offset, w->len))
            return false;
    return !is_held_by_others(actor, w->offset, w->len);
}

void machine_drain(uint32_t actor, uint32_t i)
{
    struct machine_buffer *b = &world.buffers[actor];
    memcpy(byte_at(b->writes[i].offset), b->writes[i].bytes, b->writes[i].len);
    b->count--;
    memmove(&b->writes[i], &b->writes[i + 1],
            (b->count - i) * sizeof *b->writes);
}

static void buffer(uint32_t actor, struct machine_write w, const void *bytes)
{
    struct machine_buffer *b = &world.buffers[actor];
    CHECK(b->count < MACHINE_BUFFER && w.len <= sizeof w.bytes);
    memcpy(w.bytes, bytes, w.len);
    b->writes[b->count++] = w;
}

static uint32_t load(uint32_t actor, const void *at)
{
    const struct machine_buffer *b = &world.buffers[actor];
    uint16_t offset = offset_of(at);
    uint32_t value;
    memcpy(&value, at, sizeof value);
    for (uint32_t i = 0; i < b->count; i++)
        if (b->writes[i].offset == offset)
            memcpy(&value, b->writes[i].bytes, sizeof value);
    return value;
}

bool machine_has(uint32_t actor, const struct atom *at, uint32_t value)
{
    return load(actor, at) == value;
}

/* ---- Steps --------------------------------------------------------------- */

static bool is_exchange(enum atom_kind kind)
{
    return kind >= ATOM_SWAP && kind <= ATOM_REPLACE;
}

static bool are_the_dead_gone(void)
{
    bool dead = false;
    for (uint32_t w = 0; w < MACHINE_WORKERS; w++) {
        const struct machine_actor *a = &world.actors[w];
        if (a->lives || a->buried)
            continue;
        dead = true;
        if (world.buffers[w].count)
            return false;
    }
    return dead;
}

/* Does a live worker have the table, or a room that is wanted? */
static bool is_in_the_way(uint32_t actor)
{
    uint32_t lock = world.table.lock.value;
    if (actor != MACHINE_KEEPER)
        return lock || world.board_room.lock.value;
    return lock && world.actors[lock - 1].lives;
}

bool machine_can(uint32_t actor, const struct atom_step *step)
{
    if (is_exchange(step->kind))
        return world.buffers[actor].count == 0 &&
               !is_held_by_others(actor, offset_of(step->at), 4);
    if (step->kind == ATOM_FENCE)
        return world.buffers[actor].count == 0;
    if (step->kind == ATOM_WAIT && step->value)
        return !is_in_the_way(actor);
    if (step->kind == ATOM_WAIT)
        return actor == MACHINE_KEEPER ? are_the_dead_gone()
                                       : world.actors[actor].woken;
    return true;
}

/* ---- What is nobody else's business -------------------------------------- */

/* Does somebody else still open or close the room, or bury? */
static bool others_come_or_go(uint32_t actor)
{
    bool any = false;
    for (uint32_t w = 0; w < MACHINE_WORKERS; w++) {
        const struct machine_actor *a = &world.actors[w];
        if (a->lives)
            any = any || (w != actor && (a->joins || a->leaves ||
                                         (a->mortal && world.deaths)));
        else
            any = any || (!a->buried && actor != MACHINE_KEEPER);
    }
    return any;
}

/* Does somebody else still want to say something? */
static bool others_say(uint32_t actor)
{
    for (uint32_t w = 0; w < MACHINE_WORKERS; w++)
        if (w != actor && (world.actors[w].to_say || world.actors[w].saying))
            return true;
    return others_come_or_go(actor);
}

/* What only who has the room's lock writes, which actors_watch sees to. */
static bool is_locked(const void *at)
{
    return at == &world.room.head || at == &world.room.oldest;
}

/* May somebody else change this word, from now on? */
static bool others_write(uint32_t actor, const void *at)
{
    const struct board_room *b = &world.board_room;
    if (is_locked(at))
        return b->lock.value != actor + 1 && others_say(actor);
    if (actor < MACHINE_WORKERS && at == &world.places[actor].cursor)
        return false;
    if (at == &b->lock || at == &b->want_lock)
        return others_say(actor);
    for (uint32_t w = 0; w < MACHINE_WORKERS; w++)
        if (at == &world.places[w].wanted && world.places[w].wanted.value == 0)
            return others_say(actor);
    if (at == &b->open || at == &world.table.lock || at == &world.table.want)
        return others_come_or_go(actor);
    return true;
}

bool machine_is_private(uint32_t actor, const struct atom_step *step)
{
    if (step->kind == ATOM_LOAD)
        return !others_write(actor, step->at);
    return step->kind == ATOM_PUT || step->kind == ATOM_RELEASE ||
           step->kind == ATOM_COPY ||
           (step->kind == ATOM_FENCE && world.buffers[actor].count == 0);
}

/* Members, and how far they are behind: nobody asks for these here. */
static bool is_unread(const void *at)
{
    for (uint32_t w = 0; w < MACHINE_WORKERS; w++)
        if (at == &world.places[w].members ||
            at == &world.places[w].behind[0] ||
            at == &world.places[w].behind[1])
            return true;
    return false;
}

/* The new value of an exchange. */
static uint32_t exchanged(const struct atom_step *step, uint32_t before)
{
    switch (step->kind) {
    case ATOM_SET: return before | step->value;
    case ATOM_CLEAR: return before & ~step->value;
    case ATOM_REPLACE: return before == step->before ? step->value : before;
    default: return step->value;
    }
}

static void write_word(uint32_t actor, const struct atom_step *step,
                       uint32_t value, bool release, bool held)
{
    buffer(actor,
           (struct machine_write){.offset = offset_of(step->at),
                                  .len = sizeof value,
                                  .release = release,
                                  .held = held},
           &value);
}

uint32_t machine_do(uint32_t actor, const struct atom_step *step)
{
    uint32_t before = 0;
    if (step->kind == ATOM_PUT && is_unread(step->at))
        return 0;
    if (step->kind == ATOM_LOAD)
        return explore_load(step, load(actor, step->at));
    if (is_exchange(step->kind)) {
        before = load(actor, step->at);
        if (exchanged(step, before) != before)
            write_word(actor, step, exchanged(step, before), true, true);
    }
    if (step->kind == ATOM_PUT || step->kind == ATOM_RELEASE)
        write_word(actor, step, step->value,
                   step->kind == ATOM_RELEASE && explore_orders(step), false);
    if (step->kind == ATOM_COPY)
        buffer(actor,
               (struct machine_write){.offset = offset_of(step->at),
                                      .len = (uint8_t)step->len},
               step->from);
    if (step->kind == ATOM_WAKE)
        world.actors[step->value].woken = true;
    if (step->kind == ATOM_WAIT && !step->value)
        world.actors[actor].woken = false;
    return before;
}

uint32_t machine_do_at_once(const struct atom_step *step)
{
    uint32_t before = machine_do(MACHINE_KEEPER, step);
    while (world.buffers[MACHINE_KEEPER].count)
        machine_drain(MACHINE_KEEPER, 0);
    return before;
}

/* ---- Telling states apart ------------------------------------------------ */

#define ODD UINT64_C(0x9E3779B97F4A7C15)

static uint64_t stir(uint64_t sum, const uint8_t *at)
{
    uint64_t word;
    memcpy(&word, at, sizeof word);
    sum = (sum ^ word) * ODD;
    return sum ^ sum >> 29;
}

/* Four words at a time, each in a sum of its own: none waits for another. */
static uint64_t add(uint64_t hash, const void *bytes, size_t len)
{
    uint64_t a = hash, b = 2, c = 3, d = 4;
    const uint8_t *at = bytes;
    for (; len >= 32; at += 32, len -= 32) {
        a = stir(a, at);
        b = stir(b, at + 8);
        c = stir(c, at + 16);
        d = stir(d, at + 24);
    }
    for (; len; at++, len--)
        a = (a ^ *at) * ODD;
    return bytes_mix(a ^ bytes_mix(b ^ bytes_mix(c ^ bytes_mix(d))));
}

uint64_t machine_hash(void)
{
    uint64_t hash = add(1, &world, offsetof(struct world, buffers));
    for (uint32_t actor = 0; actor < MACHINE_ACTORS; actor++) {
        const struct machine_buffer *b = &world.buffers[actor];
        hash = add(hash, &b->count, sizeof b->count);
        hash = add(hash, b->writes, b->count * sizeof *b->writes);
    }
    return bytes_mix(hash);
}
