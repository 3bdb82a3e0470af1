/* SPDX-License-Identifier: MIT */
#include "os/error.h"

#include <errno.h>
#include <stddef.h>

static const struct {
    int number;
    enum error_kind kind;
} triage[] = {
    {EAGAIN, ERROR_WAIT},
    {EINTR, ERROR_RETRY},
    /* accept(2): the connection died in the queue, or its network did. */
    {ECONNABORTED, ERROR_RETRY},
    {EPROTO, ERROR_RETRY},
    {ENOPROTOOPT, ERROR_RETRY},
    {ENETDOWN, ERROR_RETRY},
    {ENETUNREACH, ERROR_RETRY},
    {ENONET, ERROR_RETRY},
    {EHOSTDOWN, ERROR_RETRY},
    {EHOSTUNREACH, ERROR_RETRY},
    {EOPNOTSUPP, ERROR_RETRY},
    {EPERM, ERROR_RETRY}, /* a firewall rule says no */
    {EMFILE, ERROR_FULL},
    {ENFILE, ERROR_FULL},
    {ENOBUFS, ERROR_FULL},
    {ENOMEM, ERROR_FULL},
    {ENOSPC, ERROR_FULL}, /* epoll_ctl: max_user_watches */
    {ECONNRESET, ERROR_PEER},
    {EPIPE, ERROR_PEER},
    {ETIMEDOUT, ERROR_PEER},
    {ENOTCONN, ERROR_PEER},
    {ENOENT, ERROR_NONE},
    {ENOTDIR, ERROR_NONE},
};

enum error_kind error_kind(int result)
{
    if (result == -EWOULDBLOCK)
        return ERROR_WAIT;
    for (size_t i = 0; i < sizeof triage / sizeof triage[0]; i++)
        if (triage[i].number == -result)
            return triage[i].kind;
    return ERROR_FAULT;
}

/* What can be wrong at start, or when somebody is called, in the system's
   own words. Not strerror: that may allocate, and brings every message there
   is into a static program. */
static const struct {
    int number;
    const char *text;
} texts[] = {
    {EADDRINUSE, "Address already in use"},
    {EADDRNOTAVAIL, "Cannot assign requested address"},
    {EAFNOSUPPORT, "Address family not supported by protocol"},
    {EACCES, "Permission denied"},
    {EPERM, "Operation not permitted"},
    {ENODEV, "No such device"},
    {ENOENT, "No such file or directory"},
    {ENOTDIR, "Not a directory"},
    {EISDIR, "Is a directory"},
    {EFBIG, "File too large"},
    {ELOOP, "Too many levels of symbolic links"},
    {ENAMETOOLONG, "File name too long"},
    {EROFS, "Read-only file system"},
    {EMFILE, "Too many open files"},
    {ENFILE, "Too many open files in system"},
    {ENOMEM, "Cannot allocate memory"},
    {ENOSPC, "No space left on device"},
    {EDQUOT, "Disk quota exceeded"},
    {EIO, "Input/output error"},
    {EOPNOTSUPP, "Operation not supported"},
    {EINVAL, "Invalid argument"},
    {ENOSYS, "Function not implemented"},
    {EBADF, "Bad file descriptor"},
    {ENOTSOCK, "Socket operation on non-socket"},
    {ECONNREFUSED, "Connection refused"},
    {ECONNRESET, "Connection reset by peer"},
    {EPIPE, "Broken pipe"},
    {ETIMEDOUT, "Connection timed out"},
    {ENETUNREACH, "Network is unreachable"},
    {EHOSTUNREACH, "No route to host"},
};

const char *error_text(int result)
{
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        if (texts[i].number == -result)
            return texts[i].text;
    return "the system refuses";
}
