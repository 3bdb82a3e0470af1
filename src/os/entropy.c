/* SPDX-License-Identifier: MIT */
#include "os/entropy.h"

#include <errno.h>
#include <sys/random.h>

int entropy_fill(uint8_t *ptr, size_t len)
{
    /* Up to 256 bytes come whole once the pool is up (getrandom(2)). */
    ssize_t got;
    do
        got = getrandom(ptr, len, 0);
    while (got < 0 && errno == EINTR);
    return got == (ssize_t)len ? 0 : got < 0 ? -errno : -EIO;
}
