/* SPDX-License-Identifier: MIT */
/*
 * files: the pages that are compiled in.
 *
 * The table is written at build time by scripts/embed.c from what is in
 * static/, which says what it does to them.
 */
#ifndef SERVICE_FILES_H
#define SERVICE_FILES_H

#include "base/bytes.h"

struct files_entry {
    const char *name;    /* of the file, without folder */
    const char *version; /* part of its SHA-1, in hexadecimal */
    struct span content;
    struct span twin; /* the same, gzip (RFC 1952); len 0: not smaller */
    uint8_t *space;   /* where the content is, blank until it is unpacked from
                         the twin; NULL: it is there already */
};

extern const struct files_entry files_table[];
extern const uint32_t files_count;

#endif
