/* SPDX-License-Identifier: MIT */
#include "os/process.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/resource.h>
#include <unistd.h>

int process_open_standard(void)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
        if (fcntl(fd, F_GETFD) != -1 || errno != EBADF)
            continue;
        /* The lowest free number is this one: those below are open. */
        if (open("/dev/null", fd == STDIN_FILENO ? O_RDONLY : O_WRONLY) != fd)
            return -errno;
    }
    return 0;
}

size_t process_read(uint8_t *ptr, size_t len)
{
    size_t have = 0;
    while (have < len) {
        ssize_t got = read(STDIN_FILENO, ptr + have, len - have);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            break;
        have += (size_t)got;
    }
    return have;
}

ptrdiff_t process_read_some(uint8_t *ptr, size_t len)
{
    ssize_t got = read(STDIN_FILENO, ptr, len);
    return got < 0 ? -errno : got;
}

int process_print(struct span s)
{
    while (s.len) {
        ssize_t put = write(STDOUT_FILENO, s.ptr, s.len);
        if (put < 0 && errno != EINTR)
            return -errno;
        if (put > 0)
            s = bytes_after(s, (size_t)put);
    }
    return 0;
}

uint64_t process_raise_files(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return 0;
    limit.rlim_cur = limit.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &limit) != 0 &&
        getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return 0;
    return limit.rlim_cur;
}

unsigned process_cores(void)
{
    cpu_set_t allowed;
    if (sched_getaffinity(0, sizeof allowed, &allowed) != 0)
        return 1; /* there are more than a cpu_set_t counts, or no such call */
    int count = CPU_COUNT(&allowed);
    return count > 1 ? (unsigned)count : 1;
}

bool process_is_terminal(int fd)
{
    return isatty(fd) == 1;
}

unsigned process_files_open(void)
{
    /* Inherited ones lie low; looking past 1024 is not worth the time. */
    unsigned count = 0;
    for (int fd = 0; fd < 1024; fd++)
        count += fcntl(fd, F_GETFD) != -1;
    return count;
}
