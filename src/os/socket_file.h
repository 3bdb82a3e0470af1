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

#include "os/socket.h"

/*
 * Bind an unbound socket to address->path, and listen. Fills in
 * address->file. -EADDRINUSE where a server lives or starts, or a file that
 * is no socket is. The file never has more rights than tuning->mode, and
 * nobody can connect before it is tuning->group's; what fails leaves none.
 */
int socket_file_listen(int fd, struct socket_address *address,
                       const struct socket_tuning *tuning);

/* Remove the file, if we made it and it is still ours. */
void socket_file_remove(const struct socket_address *address);

#endif
