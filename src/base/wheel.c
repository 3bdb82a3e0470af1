/* SPDX-License-Identifier: MIT */
#include "base/wheel.h"
#include "base/check.h"

#define WORDS (WHEEL_BUCKETS / 64) /* of the bit field `busy` */

static struct wheel_link *link_at(const struct wheel *w, uint32_t index)
{
    return (struct wheel_link *)(void *)(w->first + (size_t)index * w->stride);
}

void wheel_init(struct wheel *w, struct wheel_link *first, size_t stride,
                uint64_t now)
{
    *w = (struct wheel){
        .first = (uint8_t *)first, .stride = stride, .tick = now / WHEEL_TICK};
}

/* The tick at which a deadline comes up: rounded up, within reach. */
static uint64_t tick_of(const struct wheel *w, uint64_t deadline)
{
    uint64_t tick = deadline / WHEEL_TICK + (deadline % WHEEL_TICK != 0);
    if (tick < w->tick)
        return w->tick;
    return bytes_min64(tick, w->tick + WHEEL_BUCKETS - 1);
}

void wheel_add(struct wheel *w, uint32_t index, uint64_t deadline)
{
    uint32_t bucket = (uint32_t)(tick_of(w, deadline) % WHEEL_BUCKETS);
    struct wheel_link *link = link_at(w, index);
    CHECK(link->bucket == 0);
    *link = (struct wheel_link){.next = w->head[bucket], .bucket = bucket + 1};
    if (link->next)
        link_at(w, link->next - 1)->prev = index + 1;
    w->head[bucket] = index + 1;
    w->busy[bucket / 64] |= UINT64_C(1) << bucket % 64;
}

void wheel_remove(struct wheel *w, uint32_t index)
{
    struct wheel_link *link = link_at(w, index);
    if (link->bucket == 0)
        return;
    uint32_t bucket = link->bucket - 1;
    if (link->next)
        link_at(w, link->next - 1)->prev = link->prev;
    if (link->prev)
        link_at(w, link->prev - 1)->next = link->next;
    else
        w->head[bucket] = link->next;
    if (w->head[bucket] == 0)
        w->busy[bucket / 64] &= ~(UINT64_C(1) << bucket % 64);
    link->bucket = 0;
}

/* How many ticks from the hand to a bucket. */
static uint64_t ahead(const struct wheel *w, uint64_t bucket)
{
    return (bucket + WHEEL_BUCKETS - w->tick % WHEEL_BUCKETS) % WHEEL_BUCKETS;
}

void wheel_hasten(struct wheel *w, uint32_t index, uint64_t deadline)
{
    const struct wheel_link *link = link_at(w, index);
    if (link->bucket &&
        w->tick + ahead(w, link->bucket - 1) <= tick_of(w, deadline))
        return;
    wheel_remove(w, index);
    wheel_add(w, index, deadline);
}

/*
 * Ticks from the hand to the first busy bucket, or WHEEL_BUCKETS. The hand's
 * own word comes twice: at first without the buckets below the hand, and at
 * last, when all the others were empty, for those.
 */
static uint64_t first_busy(const struct wheel *w)
{
    uint64_t hand = w->tick % WHEEL_BUCKETS;
    uint64_t word = hand / 64;
    uint64_t bits = w->busy[word] & UINT64_MAX << hand % 64;
    for (unsigned i = 0; bits == 0 && i < WORDS; i++) {
        word = (word + 1) % WORDS;
        bits = w->busy[word];
    }
    if (bits == 0)
        return WHEEL_BUCKETS;
    return ahead(w, word * 64 + (unsigned)__builtin_ctzll(bits));
}

uint32_t wheel_pop(struct wheel *w, uint64_t now)
{
    uint64_t last = now / WHEEL_TICK;
    uint64_t next = first_busy(w);
    if (next == WHEEL_BUCKETS || w->tick + next > last) {
        /* Nothing is due up to now: the hand moves there. */
        if (last > w->tick)
            w->tick = last;
        return WHEEL_NONE;
    }
    w->tick += next;
    uint32_t index = w->head[w->tick % WHEEL_BUCKETS] - 1;
    wheel_remove(w, index);
    return index;
}

uint64_t wheel_wait(const struct wheel *w, uint64_t now)
{
    uint64_t next = first_busy(w);
    if (next == WHEEL_BUCKETS)
        return WHEEL_IDLE;
    uint64_t due = (w->tick + next) * WHEEL_TICK;
    return due > now ? due - now : 0;
}
