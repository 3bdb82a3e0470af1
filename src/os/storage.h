/* SPDX-License-Identifier: MIT */
/*
 * storage: a file that is memory, and outlives the process (--store).
 *
 * What is written to the mapping lies in the kernel at once: it is there when
 * the process is killed. It is on the disk after storage_sync, and before that
 * when the kernel likes: each page alone, in no order.
 */
#ifndef OS_STORAGE_H
#define OS_STORAGE_H

#include "base/bytes.h"

struct storage {
    int file;         /* nobody else has it as long as this is open */
    bool made;        /* it was not there before */
    uint64_t size;    /* bytes */
    uint64_t device;  /* which file it is: these two are of no other, */
    uint64_t inode;   /* while it is there */
    uint64_t changed; /* when that was last done to it, in nanoseconds since
                         1970, before we did anything; nobody can set it */
};

/*
 * Open a file for ourselves alone: made, empty and for our user only, where
 * there is none. 0, or -errno: ERROR_WAIT when somebody else has it;
 * -EOPNOTSUPP when it is no regular file; a link is not followed.
 */
int storage_open(struct storage *s, const char *path);

/* The same for a new, empty file; whatever had that name is removed. */
int storage_create(struct storage *s, const char *path);

/* Make it that many bytes long at least, zeros where it is new, and have a
   block for each of them, so that no write can fail for want of one. */
int storage_reserve(struct storage *s, uint64_t size);

enum storage_mode {
    STORAGE_SHARED, /* the file itself; `size` bytes are reserved */
    STORAGE_COPY, /* what is written to it stays ours: the file is as it was */
};

/* Map its first `size` bytes, page aligned; NULL: no memory. And give it back;
   what was written to the file stays there. */
void *storage_map(const struct storage *s, size_t size, enum storage_mode mode);
void storage_unmap(void *bytes, size_t size);

/* All that was written is on the disk now, or -errno. Waits for it. */
int storage_sync(const struct storage *s);

/* `changed`, as it is now; 0 when the kernel does not say. */
uint64_t storage_changed(const struct storage *s);

/* The file of the first name takes the second one's place, on the disk, too: at
   any moment there is one of them under that name, and whole. */
int storage_replace(const char *from, const char *to);

void storage_remove(const char *path);
void storage_close(struct storage *s);

/* An id of the time since the machine was started; all zero: not known. */
void storage_boot(uint8_t id[16]);

/*
 * From now on, whoever touches a page of a mapping that cannot be read or
 * written (the disk is broken, the file was cut) ends the process: one line on
 * standard error, exit status 1.
 */
void storage_guard(void);

#endif
