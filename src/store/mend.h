/* SPDX-License-Identifier: MIT */
/*
 * mend: a map that somebody left, made one that can be gone on with.
 *
 *   the process ended, in order or not     all is there
 *   the machine did                        each page is as it was at some
 *                                          time since it was last synced
 *   the file was put back, or damaged      anything
 *
 * Of each room what checks is kept, up to the first thing that does not:
 *
 *     oldest                                head
 *     [ 41        )[ 42    )[ 43  ????  )[ 44  )
 *     kept                  ^
 *                           its new head: the room ends here
 *
 *   a record    its lengths and its check, which is of its position, too; its
 *               number is the next one, or 1 of a younger epoch; and its
 *               epoch is one of this room's
 *   a room      its name and its check; no other has this name. Else its place
 *               is free again
 *   its end     is that of its last record, or begins a younger epoch
 *
 * If the map is trusted, and nothing is wrong, the counts go on. Else some ids
 * may have been told to somebody and be forgotten here: then every room begins
 * a new epoch, behind what is kept, and no id is ever given twice.
 */
#ifndef STORE_MEND_H
#define STORE_MEND_H

#include "store/store.h"

/* Is there nothing but zeros? Such a file is as good as none. */
bool mend_is_blank(struct span file);

/* Why a file is no map that we can use: NULL, or a sentence. It begins at an
   address that a struct map_header may have. */
const char *mend_refuse(struct span file);

struct mend_plan {
    bool trusted;    /* nobody has changed it since it was left, and no page
                        was lost */
    uint64_t wall;   /* milliseconds since 1970 */
    uint64_t random; /* nobody can guess it */
    uint32_t *names; /* scratch, zeroed: two words a room */
};

struct mend_found {
    uint32_t rooms;    /* that are there */
    uint64_t messages; /* in them */
    uint32_t damaged;  /* rooms that lost their end or their place */
    bool renewed;      /* each began a new epoch */
};

/*
 * Mend a map that mend_refuse takes. Of s are needed: map, crc and whole.
 *
 * It may be cut short anywhere, and begun anew: the header says by its `boot`,
 * which is cleared first and which the caller sets last, that it is not to be
 * trusted meanwhile.
 */
void mend_rooms(struct store *s, const struct mend_plan *plan,
                struct mend_found *found);

#endif
