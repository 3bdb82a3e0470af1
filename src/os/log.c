/* SPDX-License-Identifier: MIT */
#include "os/log.h"

#include <poll.h>
#include <unistd.h>

bool log_write(struct span line)
{
    /* Standard error is shared with whoever started us, so it is not made
       non-blocking. A pipe that polls writable takes PIPE_BUF bytes. */
    struct pollfd ready = {.fd = STDERR_FILENO, .events = POLLOUT};
    if (poll(&ready, 1, 0) != 1 || !(ready.revents & POLLOUT))
        return false;
    return write(STDERR_FILENO, line.ptr, line.len) == (ssize_t)line.len;
}
