/* SPDX-License-Identifier: MIT */
/*
 * socket_file: the file of a unix: socket, from its making to its end.
 *
 * bind(2) makes the file, and fails where there is one; a server that was
 * killed leaves its own behind. So a stale one is removed first: one behind
 * which nobody answers. Between that look and our bind another server could
 * do the same, and remove what we have just made. Who starts on PATH therefore
 * holds a lock over it, flock(2) of PATH.starting, which is gone afterwards.
 */
#ifndef OS_SOCKET_FILE_H
#define OS_SOCKET_FILE_H

#include <stdint.h>

/*
 * Bind an unbound socket to a path that fits sun_path with its NUL, and listen.
 * Fills in the file's device and inode. -EADDRINUSE where a server lives or
 * starts, or a file that is no socket is. The file never has more rights than
 * `mode` (0: as the umask has it), and nobody can connect before it is *group's
 * (NULL: it stays as made); what fails leaves none.
 */
int socket_file_listen(int fd, const char *path, unsigned mode,
                       const uint32_t *group, uint64_t file[2]);

/* Remove the file, if we made it (file[1] is not 0) and it is still ours. 0, or
   -errno: it stays. */
int socket_file_remove(const char *path, const uint64_t file[2]);

#endif
