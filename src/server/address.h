/* SPDX-License-Identifier: MIT */
/*
 * address: whose a connection is, and how many each of them has (--per-ip).
 *
 * Whoever has an IPv6 address has a whole /64 of them (RFC 4291 2.5.1), so
 * that block counts as one address; one of IPv4 written as IPv6 is that one.
 *
 * A hash table of fixed size with as many entries as there are slots, so it
 * cannot overflow; carved only when the option is on.
 */
#ifndef SERVER_ADDRESS_H
#define SERVER_ADDRESS_H

#include "base/slots.h"
#include "os/socket.h"

/* An address without what does not tell whose it is. */
struct address {
    uint8_t bytes[8]; /* of IPv6 the first 64 bits; IPv4 in the first four */
    uint8_t family;   /* enum socket_family */
};

struct address_entry {
    struct slot slot;
    uint32_t next;  /* index + 1 of the next in the same bucket */
    uint32_t count; /* connections */
    struct address whose;
};

struct addresses {
    struct address_entry *table;
    uint32_t *buckets; /* slots.size: index + 1 of a chain's first, or 0 */
    struct slots slots;
    uint32_t *entry_of; /* of each client, by index: its entry + 1, 0: none */
    uint64_t seed;      /* so that nobody can choose colliding addresses */
};

/* An address in 32 bits: the same for the same one, another for another but
   for one in 2^32. 0 is nobody's, and that of all peers of unix sockets. */
uint32_t address_key(uint64_t seed, const struct socket_address *peer);

/* The three arrays have `count` items, zeroed. */
void address_init(struct addresses *all, struct address_entry *table,
                  uint32_t *buckets, uint32_t *entry_of, uint32_t count);

/* Count one connection more from this address. Its entry + 1, or 0 when it
   has `most` already. */
uint32_t address_enter(struct addresses *all, const struct socket_address *peer,
                       uint32_t most);

/* Count one less for what address_enter returned; the entry goes with the
   last. Nothing happens for 0. */
void address_leave(struct addresses *all, uint32_t entry);

/* ---- Crowds -------------------------------------------------------------- */

#define ADDRESS_CROWDS 1024

/*
 * Roughly how many connections each address has: a place for each is too much
 * for a warning, so a thousand of them share one, by their keys. A count is
 * never too small; it is too large by those that meet there by chance, on
 * average a thousandth of all. So one that holds over half of the slots is
 * always found, and one that is found may hold a thousandth less.
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
