/* SPDX-License-Identifier: MIT */
/* file: reading below one folder, and nowhere else (--static); and, at the start,
   a file of the options. */
#ifndef OS_FILE_H
#define OS_FILE_H

#include "base/bytes.h"

#define FILE_NONE     (-2) /* -ENOENT: what file_open says when there is none */
#define FILE_PATH_MAX 1024 /* bytes of a path below the folder */

struct file_info {
    uint64_t size;     /* bytes */
    uint64_t modified; /* nanoseconds since 1970 */
    uint64_t number;   /* the inode */
};

/* Open the folder itself. A descriptor, or -errno. */
int file_open_folder(const char *path);

/* Can files below it be opened at all, as the process is now? 0, or the -errno
   of the kernel, or of a filter, that will not. */
int file_check_folder(int folder);

/*
 * Open a regular file by its path below `folder`, without a leading slash.
 * Refused (-ENOENT or another -errno): what is no regular file, and every
 * path that leaves the folder, by ".." or by a link. Where the kernel does not
 * watch that itself (openat2, Linux 5.6) no link is followed at all.
 */
int file_open(int folder, struct span path, struct file_info *info);

/* Send up to len bytes from `offset` of a file to a stream. Bytes sent; 0 when
   the file ends there. */
ptrdiff_t file_send(int stream, int file, uint64_t offset, size_t len);

/* Read a whole file, of fewer than `size` bytes, into `bytes`: its length, or
   -errno; -EFBIG when it is longer. *mode is its permission bits. */
ptrdiff_t file_read_all(const char *path, uint8_t *bytes, size_t size,
                        unsigned *mode);

void file_close(int fd);

#endif
