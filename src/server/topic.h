/* SPDX-License-Identifier: MIT */
/*
 * topic: a room's name, the numbers of its messages, and where in the log the
 * last ones begin.
 *
 * Message N of a topic has the id EPOCH-N. Who listens, and the logs, are the
 * room's (room.h), which has the same index.
 *
 *   log    40)[frame 41   )[frame 42        )[frame 43 )
 *             ^             ^                 ^          head
 *   marks     [41 % 3]      [42 % 3]          [43 % 3]      with --history 3
 *
 *   A mark that the log has overrun holds nothing any more; nor do the marks
 *   before it.
 *
 *   free -> named, with listeners -> empty, its history kept -> listeners
 *   again, or given to another name when its place is needed
 */
#ifndef SERVER_TOPIC_H
#define SERVER_TOPIC_H

#include "base/list.h"
#include "base/ring.h"
#include "base/slots.h"
#include "server/limits.h"

#define TOPIC_NONE UINT32_MAX

struct topic {
    struct slot slot;       /* taken: it has a name */
    struct list_link empty; /* in the list of those to whom nobody listens */
    uint32_t next_named;    /* index + 1 of the next in the hash bucket */
    uint8_t name_len;       /* bytes */
    uint8_t name[LIMITS_ROOM_NAME];
    uint64_t epoch;  /* changes whenever `number` starts afresh */
    uint64_t number; /* of the last message; the first has 1 */
    uint64_t *marks; /* log position of message n at [n % history], of the
                        last `history` ones */
};

struct topics {
    struct topic *table;
    uint32_t *buckets; /* slots.size of them: index + 1, or 0 */
    struct slots slots;
    struct list empty; /* the longest first */
    struct list_table links;
    uint64_t evicted; /* empty ones whose place another got */
    uint32_t history; /* marks that each has; 0: no history */
    uint64_t *mark_space;
    uint64_t seed;   /* random: nobody can choose names that collide */
    uint64_t epochs; /* counts begun so far, from a random number on */
};

/* The table starts zeroed. Spaces are filled in by the caller before. */
void topic_init(struct topics *all, uint32_t count);

static inline struct topic *topic_at(const struct topics *all, uint32_t index)
{
    return &all->table[index];
}

static inline struct span topic_name(const struct topic *t)
{
    return bytes_span(t->name, t->name_len);
}

/*
 * The index of the topic of this name (1 to LIMITS_ROOM_NAME bytes), or of one
 * made for it (*made): at a place never used, else at that of the one which
 * has been empty longest. TOPIC_NONE when somebody listens to each. `wall` is
 * milliseconds since 1970.
 */
uint32_t topic_open(struct topics *all, struct span name, uint64_t wall,
                    bool *made);

/* Somebody listens from now on; nobody does any more. */
void topic_use(struct topics *all, uint32_t index);
void topic_let_go(struct topics *all, uint32_t index);

/* One message more, which begins at this position. */
void topic_add(const struct topics *all, struct topic *t, uint64_t pos);

/* How many of the last `count` messages can be replayed: fewer when the log or
   the marks hold no more. */
uint64_t topic_replayable(const struct topics *all, const struct topic *t,
                          const struct ring *log, uint64_t count);

/*
 * How many follow message `number` of `epoch`. *gap is set when that does not
 * join up (another epoch, a number not reached yet, messages no longer held);
 * it is then all the history there is.
 */
uint64_t topic_resume(const struct topics *all, const struct topic *t,
                      const struct ring *log, uint64_t epoch, uint64_t number,
                      bool *gap);

/* Position at which the last `count` messages begin; that many are held. */
uint64_t topic_position(const struct topics *all, const struct topic *t,
                        const struct ring *log, uint64_t count);

#endif
