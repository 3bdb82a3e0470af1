/* SPDX-License-Identifier: MIT */
/*
 * crc32c: the cyclic redundancy check of iSCSI (RFC 3720 12.1, B.4), reflected,
 * polynomial 0x1EDC6F41. It finds what a disk did, not what a person did.
 *
 * Eight bytes a step, by eight tables that are reckoned at the start.
 */
#ifndef BASE_CRC32C_H
#define BASE_CRC32C_H

#include "base/bytes.h"

struct crc32c {
    uint32_t tables[8][256];
};

void crc32c_init(struct crc32c *c);

/* The check of what `sum` is of and `s` behind it; sum 0 is that of nothing. */
uint32_t crc32c_add(const struct crc32c *c, uint32_t sum, struct span s);

#endif
