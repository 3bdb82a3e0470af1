/* SPDX-License-Identifier: MIT */
#include "server/topic.h"
#include "base/check.h"

#define EPOCH_BITS 22 /* of an epoch that are counted; above is the time */

void topic_init(struct topics *all, uint32_t count)
{
    slots_init(&all->slots, &all->table->slot, sizeof *all->table, count);
    list_init(&all->empty);
    all->links = (struct list_table){.first = (uint8_t *)&all->table->empty,
                                     .stride = sizeof *all->table};
}

/* ---- Finding one by name ------------------------------------------------- */

static uint32_t *bucket_of(const struct topics *all, struct span name)
{
    uint64_t hash = all->seed;
    for (size_t i = 0; i < name.len; i++)
        hash = bytes_mix(hash ^ name.ptr[i]);
    return &all->buckets[hash % all->slots.size];
}

static void forget_name(struct topics *all, const struct topic *t)
{
    uint32_t *link = bucket_of(all, topic_name(t));
    while (&all->table[*link - 1] != t)
        link = &all->table[*link - 1].next_named;
    *link = t->next_named;
}

/* A place for one more, or TOPIC_NONE. */
static uint32_t take_place(struct topics *all)
{
    uint32_t index = slots_take(&all->slots);
    if (index != SLOTS_NONE)
        return index;
    index = list_pop(&all->empty, &all->links);
    if (index == LIST_NONE)
        return TOPIC_NONE;
    all->evicted++;
    forget_name(all, topic_at(all, index));
    slots_give(&all->slots, index);
    return slots_take(&all->slots);
}

uint32_t topic_open(struct topics *all, struct span name, uint64_t wall,
                    bool *made)
{
    CHECK(name.len > 0 && name.len <= LIMITS_ROOM_NAME);
    uint32_t *bucket = bucket_of(all, name), at = *bucket;
    while (at && !bytes_equal(topic_name(topic_at(all, at - 1)), name))
        at = topic_at(all, at - 1)->next_named;
    *made = at == 0;
    if (at)
        return at - 1;
    uint32_t index = take_place(all);
    if (index == TOPIC_NONE)
        return TOPIC_NONE;
    /* No two counts share an epoch: of one process the low bits differ, also when
       the clock was set back; of two that start in one millisecond they are
       random at first. The other 42 bits last until the year 2109. */
    uint64_t low = all->epochs++ % (UINT64_C(1) << EPOCH_BITS);
    struct topic *t = topic_at(all, index);
    *t = (struct topic){
        .slot = t->slot,
        .next_named = *bucket,
        .name_len = (uint8_t)name.len,
        .epoch = wall << EPOCH_BITS | low,
        .marks = all->mark_space + (size_t)index * all->history,
    };
    memcpy(t->name, name.ptr, name.len);
    *bucket = index + 1;
    topic_let_go(all, index);
    return index;
}

void topic_use(struct topics *all, uint32_t index)
{
    list_remove(&all->empty, &all->links, index);
}

void topic_let_go(struct topics *all, uint32_t index)
{
    list_append(&all->empty, &all->links, index);
}

/* ---- Messages ------------------------------------------------------------ */

void topic_add(const struct topics *all, struct topic *t, uint64_t pos)
{
    t->number++;
    if (all->history)
        t->marks[t->number % all->history] = pos;
}

uint64_t topic_replayable(const struct topics *all, const struct topic *t,
                          const struct ring *log, uint64_t count)
{
    uint64_t n = 0;
    count = bytes_min64(count, bytes_min64(all->history, t->number));
    while (n < count &&
           ring_holds(log, t->marks[(t->number - n) % all->history]))
        n++;
    return n;
}

uint64_t topic_resume(const struct topics *all, const struct topic *t,
                      const struct ring *log, uint64_t epoch, uint64_t number,
                      bool *gap)
{
    bool known = epoch == t->epoch && number <= t->number;
    uint64_t missed = known ? t->number - number : 0;
    *gap = !known || topic_replayable(all, t, log, missed) < missed;
    return *gap ? topic_replayable(all, t, log, all->history) : missed;
}

uint64_t topic_position(const struct topics *all, const struct topic *t,
                        const struct ring *log, uint64_t count)
{
    return count ? t->marks[(t->number - count + 1) % all->history] : log->head;
}
