/* SPDX-License-Identifier: MIT */
/*
 * address: whose a connection is, and how many each address has (--per-ip).
 *
 * Whoever has an IPv6 address has its whole /64 (RFC 4291 2.5.1), so that block
 * counts as one address. IPv4 written as IPv6 counts as IPv4.
 *
 * The hash table has an entry for every connection there can be, so it cannot
 * overflow. It is there only with the option.
 *
 * With --workers each worker has a table of its own, where the others can read
 * it, and counts what they have as well. Who comes is counted before that is
 * looked at: of two that come at once to two workers, at least one is seen by
 * the other. So there are never too many; the last place may be refused to both.
 */
#ifndef SERVER_ADDRESS_H
#define SERVER_ADDRESS_H

#include "base/arena.h"
#include "base/slots.h"
#include "os/socket.h"
#include "store/atom.h"

struct address_entry {
    struct slot slot;
    struct atom next;  /* entry + 1 of the next in the same bucket */
    struct atom count; /* connections */
    uint64_t owner;    /* the address they come from */
};

struct addresses {
    struct address_entry *table;
    struct atom *buckets; /* slots.size: entry + 1 of the first, or 0 */
    struct slots slots;
    uint32_t *entry_of; /* of each client, by index: its entry + 1, 0: none */
    uint64_t seed;      /* secret: nobody can choose addresses that collide */

    /* With --workers, else NULL and 0: */
    struct atom *changes; /* odd while entries go into chains and out of them */
    const struct addresses *others; /* of all workers, in their order */
    uint32_t worker_count;
    uint32_t worker; /* which one of them is this */
};

/* An address in 32 bits: equal addresses have equal keys, different ones do but
   once in 2^32. 0 is nobody's, and that of all peers of unix: sockets. */
uint32_t address_key(uint64_t seed, const struct socket_address *peer);

/* Carve the three arrays, zeroed, for `count` connections; of one of several
   workers the last: the others are there. */
void address_carve(struct addresses *all, struct arena *a, uint32_t count);

/* Carve what others read, zeroed, in memory that is shared. */
void address_share(struct addresses *all, struct arena *a, uint32_t count);

/* A worker has died: its table is as it was when it was carved. */
void address_forget(struct addresses *all);

/* Count one more connection of this address. Its entry + 1, or 0 when it
   has `most` already, with all workers. */
uint32_t address_enter(struct addresses *all, const struct socket_address *peer,
                       uint32_t most);

/* Count one less for what address_enter returned; nothing happens for 0. An
   entry without connections is free again. */
void address_leave(struct addresses *all, uint32_t entry);

/* ---- Crowds -------------------------------------------------------------- */

#define ADDRESS_CROWDS 1024

/*
 * Roughly how many connections each address has, for a warning. All keys share
 * these few counts, so a count is never too small, and on average too large by
 * a thousandth of all connections. An address with over half of the slots is
 * always found; one that is found may have a thousandth less.
 *
 * Of several workers each has its own counts, and adds up those of all.
 */
struct address_crowds {
    struct atom counts[ADDRESS_CROWDS];
    struct atom told; /* place + 1 of the one that was found, 0: none */
};

/* All the counts there are; which are ours. */
struct address_crowd {
    struct address_crowds *workers;
    uint32_t worker_count;
    uint32_t worker;
};

/* One more of this key. True when it now has over half of `slots`: once, until
   it has had under a quarter. Key 0 does not count. */
bool address_join(const struct address_crowd *all, uint32_t key,
                  uint32_t slots);

/* One less. */
void address_part(const struct address_crowd *all, uint32_t key,
                  uint32_t slots);

#endif
