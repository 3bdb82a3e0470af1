/* SPDX-License-Identifier: MIT */
#include "os/bell.h"

#include <errno.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <unistd.h>

int bell_open(void)
{
    int fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    return fd < 0 ? -errno : fd;
}

void bell_ring(int bell)
{
    uint64_t once = 1; /* it counts to 2^64 */
    if (write(bell, &once, sizeof once) < 0)
        return;
}
