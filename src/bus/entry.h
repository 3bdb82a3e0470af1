/* SPDX-License-Identifier: MIT */
/*
 * entry: a message as it lies in Redis: the value of field m of an entry whose
 * id is EPOCH-N.
 *
 *   0     1    2      3      4     12    20      28      44
 *   +-----+----+------+------+-----+-----+-------+-------+-----+------+---------
 *   |form | op |sub   |name  |time |node |number |  uid  | sub | name | payload
 *   +-----+----+------+------+-----+-----+-------+-------+-----+------+---------
 *          its len, its len
 *
 * node and number say which proposal it was (number: worker and sequence), so
 * that it is known again when it is read back. Numbers are in network byte order:
 * machines of any kind meet here.
 */
#ifndef BUS_ENTRY_H
#define BUS_ENTRY_H

#include "store/record.h"

#define ENTRY_HEAD 44
#define ENTRY_FORM 1 /* of what is written here */

struct entry {
    uint64_t node;
    uint64_t number;
    struct record record; /* without id, tag and worker; its spans point into
                             the value */
};

/* What a message is numbered by: 255 workers, 2^56 messages of each. */
static inline uint64_t entry_number(unsigned worker, uint64_t sequence)
{
    return (uint64_t)worker << 56 | sequence;
}

/* Write the first bytes of a value; sub, name and payload follow. */
void entry_write(uint8_t head[ENTRY_HEAD], const struct entry *e);

/* Take one apart. False: it is none, or of another form. */
bool entry_read(struct entry *e, struct span value);

#endif
