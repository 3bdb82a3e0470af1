/* SPDX-License-Identifier: MIT */
/*
 * files: the pages that are compiled in.
 *
 * The table is written at build time by scripts/embed.c from what is in
 * static/; its index is what the server calls a page by.
 */
#ifndef SERVICE_FILES_H
#define SERVICE_FILES_H

#include "base/bytes.h"

struct files_entry {
    const char *name; /* of the file, without folder */
    const char *etag; /* with its quotes: part of its SHA-1 */
    const uint8_t *bytes;
    size_t len;
};

extern const struct files_entry files_table[];
extern const uint32_t files_count;

#endif
