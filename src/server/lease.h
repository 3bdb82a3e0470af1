/* SPDX-License-Identifier: MIT */
/*
 * lease: the buffers that are lent out (--buffers), all of one size.
 *
 * For what could not be finished at once: a request head or a message of
 * which a part is missing, and output the kernel would not take. They are
 * given back as soon as they are empty; an idle client holds none.
 *
 * An inbox:    [ message so far )[ held )[ bytes not looked at )   free
 *              0                start                         end   size
 * An outbox:            sent     [ to be sent )                   free
 */
#ifndef SERVER_LEASE_H
#define SERVER_LEASE_H

#include "base/slots.h"

#define LEASE_NONE UINT32_MAX

struct lease {
    struct slot slot;
    uint32_t owner;   /* index of the client that has it */
    uint32_t address; /* key of whose that one is: address.h */
    uint32_t since;   /* when what is unfinished in it began, as a client's
                         times */
    uint32_t due;     /* of an outbox: bytes that its peer has to acknowledge
                         within --write-timeout; 0: not reckoned yet */
    uint32_t start;   /* offset of the first byte of what is left */
    uint32_t end;     /* offset behind the last */
    uint32_t held;    /* of an inbox: of these, the first ones were looked at:
                       payload of a compressed message that is still to be
                       inflated */
};

struct leases {
    struct lease *table;
    uint8_t *bytes; /* slots.size buffers of `size` bytes */
    size_t size;    /* bytes of each */
    struct slots slots;
    uint32_t kept; /* whole messages in them that wait for a room (member.h) */
};

void lease_init(struct leases *all, struct lease *table, uint8_t *bytes,
                uint32_t count, size_t size);

/* Lend an empty one to a client: its index, or LEASE_NONE. */
uint32_t lease_take(struct leases *all, uint32_t owner, uint32_t address,
                    uint32_t now);

/* Is one left, so that nobody loses his to whoever takes it? */
static inline bool lease_is_left(const struct leases *all)
{
    return all->slots.count < all->slots.size;
}

/* May one more be kept? A quarter of them: the others must do for what comes and
   goes. */
static inline bool lease_can_keep(const struct leases *all)
{
    return all->kept < all->slots.size / 4;
}

/* Give one back, and set the holder's *index to LEASE_NONE. Nothing happens
   when it is that already. */
void lease_give(struct leases *all, uint32_t *index);

static inline struct lease *lease_at(const struct leases *all, uint32_t index)
{
    return &all->table[index];
}

static inline uint8_t *lease_bytes(const struct leases *all, uint32_t index)
{
    return all->bytes + (size_t)index * all->size;
}

/* What is between start and end. */
static inline struct span lease_left(const struct leases *all, uint32_t index)
{
    const struct lease *l = lease_at(all, index);
    return bytes_span(lease_bytes(all, index) + l->start, l->end - l->start);
}

/* The message at the start of an inbox is gone. */
void lease_drop_front(struct leases *all, uint32_t index);

/* Append bytes; false (and nothing is done) when they do not fit. */
bool lease_append(struct leases *all, uint32_t index, struct span s);

#endif
