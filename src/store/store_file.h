/* SPDX-License-Identifier: MIT */
/*
 * store_file: a map in a file (--store FILE).
 *
 *   open     nobody else has it; it is ours, or new      else: refused as it is
 *            new, or of another geometry: FILE.new is written, synced and put
 *            in its place; else it is mended where it lies
 *            header: not clean, this boot, this file; synced
 *   close    synced; header: clean; synced
 *
 * Whether a count goes on or a new epoch begins (mend.h) is decided by the
 * header alone: by the boot in which the file was written, which file that
 * was, and whether it was closed in order.
 */
#ifndef STORE_STORE_FILE_H
#define STORE_STORE_FILE_H

#include "base/text.h"
#include "os/storage.h"
#include "store/mend.h"

#define STORE_FILE_FAILED 1 /* exit status */

struct store_file_plan {
    const char *path;
    uint32_t rooms;       /* places */
    uint32_t stream_size; /* of map_stream_size */
    uint64_t wall;        /* milliseconds since 1970 */
    uint64_t random;      /* nobody can guess it */
};

struct store_file {
    struct storage storage; /* locked as long as it is open */
    struct map map;
    struct crc32c crc;       /* of its records, for struct store */
    struct mend_found found; /* what was there */
    uint64_t carried;        /* messages that came along, where the geometry */
    bool is_carried;         /* was another */
};

/*
 * Open it, or make it: map and crc are ready, and the process ends when a page
 * cannot be had any more (storage_guard). 0, or an exit status with a
 * sentence; what was there is as it was then. May wait for the disk.
 */
int store_file_open(struct store_file *f, const struct store_file_plan *plan,
                    struct text *why);

/* Everybody has stopped writing: close it in order. Waits for the disk. False:
   the system would not; what was said is there as long as the machine runs. */
bool store_file_close(struct store_file *f);

#endif
