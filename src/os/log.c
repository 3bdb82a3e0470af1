/* SPDX-License-Identifier: MIT */
#include "os/log.h"

#include <limits.h>
#include <poll.h>
#include <unistd.h>

_Static_assert(LOG_WRITE_MAX <= PIPE_BUF, "what a pipe takes whole");

bool log_write(struct span lines)
{
    /* Standard error is shared with whoever started us, so it is not made
       non-blocking. A pipe that polls writable takes PIPE_BUF bytes. */
    struct pollfd ready = {.fd = STDERR_FILENO, .events = POLLOUT};
    if (poll(&ready, 1, 0) != 1 || !(ready.revents & POLLOUT))
        return false;
    return write(STDERR_FILENO, lines.ptr, lines.len) == (ssize_t)lines.len;
}
