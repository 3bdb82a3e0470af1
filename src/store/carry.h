/* SPDX-License-Identifier: MIT */
/*
 * carry: from a map of one geometry into one of another.
 *
 *   fewer places       the rooms that were left last
 *   smaller streams    of each room the youngest messages that fit
 *
 * A room that comes along goes on with its count, and its messages keep their
 * ids.
 */
#ifndef STORE_CARRY_H
#define STORE_CARRY_H

#include "store/store.h"

/* `from` is mended (mend.h), and `to` zeroed but for its header. Of both are
   needed: map, crc and whole; nothing of `from` is changed but whole. The
   messages that came along. */
uint64_t carry_rooms(struct store *to, const struct store *from);

#endif
