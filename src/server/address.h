/* SPDX-License-Identifier: MIT */
/*
 * address: whose a connection is, and how many each address has (--per-ip).
 *
 * Whoever has an IPv6 address has its whole /64 (RFC 4291 2.5.1), so that block
 * counts as one address. IPv4 written as IPv6 counts as IPv4.
 *
 * The hash table has an entry for every connection there can be, so it cannot
 * overflow. It is there only with the option.
 */
#ifndef SERVER_ADDRESS_H
#define SERVER_ADDRESS_H

#include "base/arena.h"
#include "base/slots.h"
#include "os/socket.h"

struct address_entry {
    struct slot slot;
    uint32_t next;  /* entry + 1 of the next in the same bucket */
    uint32_t count; /* connections */
    uint64_t owner; /* the address they come from */
};

struct addresses {
    struct address_entry *table;
    uint32_t *buckets; /* slots.size: entry + 1 of the first, or 0 */
    struct slots slots;
    uint32_t *entry_of; /* of each client, by index: its entry + 1, 0: none */
    uint64_t seed;      /* secret: nobody can choose addresses that collide */
};

/* An address in 32 bits: equal addresses have equal keys, different ones do but
   once in 2^32. 0 is nobody's, and that of all peers of unix: sockets. */
uint32_t address_key(uint64_t seed, const struct socket_address *peer);

/* Carve the three arrays, zeroed, for `count` connections. */
void address_carve(struct addresses *all, struct arena *a, uint32_t count);

/* Count one more connection of this address. Its entry + 1, or 0 when it
   has `most` already. */
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
 */
struct address_crowds {
    uint32_t counts[ADDRESS_CROWDS];
    uint32_t told; /* place + 1 of the one that was found, 0: none */
};

/* One more of this key. True when it now has over half of `slots`: once, until
   it has had under a quarter. Key 0 does not count. */
bool address_join(struct address_crowds *all, uint32_t key, uint32_t slots);

/* One less. */
void address_part(struct address_crowds *all, uint32_t key, uint32_t slots);

#endif
