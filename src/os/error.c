/* SPDX-License-Identifier: MIT */
#include "os/error.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

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

const char *error_text(int result)
{
    return strerror(-result);
}
