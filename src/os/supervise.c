/* SPDX-License-Identifier: MIT */
#include "os/supervise.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define SOCKETS_MAX 1024
/* A wait is at most INT_MAX milliseconds; no watchdog is that patient. */
#define WATCHDOG_MAX (UINT64_C(1000) * 1000 * 60 * 60 * 24) /* microseconds */

typedef const char *(*lookup)(const char *name);

/* A variable that is a number of at least 1. False when it is something else;
   not set is 0. */
static bool get_number(lookup environment, const char *name, uint64_t *number)
{
    const char *value = environment(name);
    *number = 0;
    return !value || (bytes_decimal(bytes_of(value), number) && *number > 0);
}

/* Is what stands beside this _PID meant for us? Where there is none, yes if
   it may be missing. */
static bool is_ours(uint64_t pid, bool may_miss)
{
    return pid == 0 ? may_miss : pid == (uint64_t)getpid();
}

static const char *read_sockets(struct supervise *from, lookup environment)
{
    uint64_t pid, count;
    if (!get_number(environment, "LISTEN_PID", &pid))
        return "LISTEN_PID";
    if (!is_ours(pid, false))
        return NULL;
    if (!get_number(environment, "LISTEN_FDS", &count) || count > SOCKETS_MAX)
        return "LISTEN_FDS";
    from->sockets = (uint32_t)count;
    return NULL;
}

static const char *read_watchdog(struct supervise *from, lookup environment)
{
    uint64_t pid, microseconds;
    if (!get_number(environment, "WATCHDOG_PID", &pid))
        return "WATCHDOG_PID";
    if (!is_ours(pid, true))
        return NULL;
    if (!get_number(environment, "WATCHDOG_USEC", &microseconds))
        return "WATCHDOG_USEC";
    /* Twice as often as is asked for, as sd_watchdog_enabled(3) advises. */
    uint64_t half = bytes_min64(microseconds, WATCHDOG_MAX) / 2000;
    from->watchdog = microseconds && !half ? 1 : (uint32_t)half;
    return NULL;
}

const char *supervise_read(struct supervise *from, lookup environment)
{
    *from = (struct supervise){0};
    const char *notify = environment("NOTIFY_SOCKET");
    /* Other kinds ("vsock:") are for virtual machines. */
    if (notify && (notify[0] == '/' || notify[0] == '@'))
        from->notify = notify;
    const char *fault = read_sockets(from, environment);
    return fault ? fault : read_watchdog(from, environment);
}

int supervise_open(const char *notify)
{
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    size_t len = strlen(notify);
    if (len >= sizeof to.sun_path)
        return -ENAMETOOLONG;
    memcpy(to.sun_path, notify, len);
    if (notify[0] == '@')
        to.sun_path[0] = '\0'; /* the whole length counts (unix(7)) */
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return -errno;
    socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len);
    if (connect(fd, (struct sockaddr *)&to, size) == 0)
        return fd;
    int reason = errno;
    close(fd);
    return -reason;
}

bool supervise_tell(int fd, const char *state)
{
    return fd < 0 || send(fd, state, strlen(state), MSG_NOSIGNAL) >= 0 ||
           (errno != EAGAIN && errno != ENOBUFS && errno != ENOMEM);
}
