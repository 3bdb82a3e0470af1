/* SPDX-License-Identifier: MIT */
/*
 * fail_calls: every call through the seam, and the errors that its manual pages
 * have, but for those that need not be tried:
 *
 *   EBADF, EFAULT, EINVAL, ENOTSOCK, ...   said to a faulty program alone
 *   EINTR of recv, send, sendfile, getrandom and the signals' read
 *                                          src/os makes the call again
 *   EINTR of epoll_wait                    said when there are no events: no
 *                                          more than a wait that ended
 *   EAGAIN of accept4, recv                said when there is nothing: the
 *                                          simulated kernel says it itself.
 *                                          With something there, and no edge
 *                                          to come, it would be a lie
 *   clock_gettime; getrlimit, setrlimit, isatty, fcntl(F_GETFD)
 *                                          do not fail, or the answer is a no
 *   close, epoll_ctl's DEL, unlink         nobody can do anything about it
 *
 * Where a call tells only that it failed, one errno stands for all.
 */
#include "sim/fail.h"

#include <errno.h>

#define FOR_EVER UINT64_MAX
#define E(number)                                                              \
    {                                                                          \
        number, #number                                                        \
    }

const struct fail_call fail_calls[] = {
    /* accept4 */
    {SIM_ACCEPT,
     "accept",
     FOR_EVER,
     {E(ECONNABORTED), E(EPROTO), E(ENOPROTOOPT), E(ENETDOWN), E(ENETUNREACH),
      E(ENONET), E(EHOSTDOWN), E(EHOSTUNREACH), E(EOPNOTSUPP), E(EPERM),
      E(EACCES), E(EINTR), E(EMFILE), E(ENFILE), E(ENOBUFS), E(ENOMEM)}},
    /* getpeername */
    {SIM_PEER, "peer", FOR_EVER, {E(ENOTCONN), E(ENOBUFS)}},
    /* recv: errors of the network wait for it (tcp(7), ip(7)) */
    {SIM_RECEIVE,
     "receive",
     FOR_EVER,
     {E(ECONNRESET), E(ETIMEDOUT), E(EPIPE), E(EHOSTUNREACH), E(ENETUNREACH),
      E(ENETDOWN), E(EPROTO), E(ENOMEM), E(ENOBUFS)}},
    /* send, sendmsg; EAGAIN for want of memory, without anything in flight
       whose acknowledgement would make an edge */
    {SIM_SEND,
     "send",
     FOR_EVER,
     {E(EPIPE), E(ECONNRESET), E(ETIMEDOUT), E(EHOSTUNREACH), E(ENETUNREACH),
      E(ENETDOWN), E(ENOBUFS), E(ENOMEM), E(EPERM), E(EAGAIN)}},
    /* ioctl(TIOCOUTQ) */
    {SIM_UNACKNOWLEDGED, "unacknowledged", FOR_EVER, {E(EINVAL)}},
    /* shutdown */
    {SIM_SHUTDOWN, "shut", FOR_EVER, {E(ENOTCONN)}},
    /* sendfile */
    {SIM_FILE_SEND,
     "file-send",
     FOR_EVER,
     {E(EPIPE), E(ECONNRESET), E(ETIMEDOUT), E(EHOSTUNREACH), E(EIO), E(ENOMEM),
      E(ENOBUFS), E(EAGAIN), E(EINVAL), E(EOVERFLOW)}},
    /* openat2, openat, fstat */
    {SIM_FILE_OPEN,
     "file-open",
     FOR_EVER,
     {E(EACCES), E(EPERM), E(ENOENT), E(ENOTDIR), E(ELOOP), E(EXDEV), E(ENXIO),
      E(ENODEV), E(ENAMETOOLONG), E(EAGAIN), E(EINTR), E(EIO), E(ESTALE),
      E(EOVERFLOW), E(EMFILE), E(ENFILE), E(ENOMEM)}},
    /* fcntl(F_DUPFD_CLOEXEC) */
    {SIM_SPARE, "spare", FOR_EVER, {E(EMFILE)}},
    /* epoll_ctl's ADD, of a listener and of a stream; of the signals */
    {SIM_REACTOR_ADD, "reactor-add", FOR_EVER, {E(ENOSPC), E(ENOMEM)}},
    {SIM_REACTOR_ADD_SOURCE,
     "reactor-add-source",
     FOR_EVER,
     {E(ENOSPC), E(ENOMEM)}},
    /* a signalfd's read, when another wait was the first */
    {SIM_SIGNALS_READ, "signals-read", 0, {E(EAGAIN)}},
    /* poll and write: "false" */
    {SIM_LOG, "log", FOR_EVER, {E(EAGAIN)}},
    /* send to the supervisor: "false" */
    {SIM_TELL, "tell", FOR_EVER, {E(EAGAIN)}},
    /* getrandom, before Linux 3.17 or with a short answer */
    {SIM_ENTROPY, "entropy", FOR_EVER, {E(ENOSYS), E(EIO)}},
    /* At start only. epoll_create1, signalfd, open */
    {SIM_REACTOR_OPEN, "reactor", FOR_EVER, {E(EMFILE), E(ENFILE), E(ENOMEM)}},
    {SIM_SIGNALS_OPEN,
     "signals",
     FOR_EVER,
     {E(EMFILE), E(ENFILE), E(ENODEV), E(ENOMEM)}},
    {SIM_FOLDER_OPEN,
     "folder",
     FOR_EVER,
     {E(ENOENT), E(ENOTDIR), E(EACCES), E(EPERM), E(ELOOP), E(ENAMETOOLONG),
      E(EIO), E(EMFILE), E(ENFILE), E(ENOMEM)}},
    /* openat2, openat */
    {SIM_FOLDER_CHECK, "folder-check", FOR_EVER, {E(EACCES), E(EPERM)}},
    {SIM_STANDARD,
     "standard",
     FOR_EVER,
     {E(ENOENT), E(EACCES), E(EPERM), E(ENXIO), E(EMFILE), E(ENFILE),
      E(ENOMEM)}},
    /* mmap: "NULL" */
    {SIM_MEMORY, "memory", FOR_EVER, {E(ENOMEM)}},
    /* socket, ioctl(SIOCGIFINDEX), lstat, connect, unlink, bind, lchown,
       listen */
    {SIM_LISTEN,
     "listen",
     FOR_EVER,
     {E(EADDRINUSE), E(EADDRNOTAVAIL), E(EACCES), E(EPERM), E(EAFNOSUPPORT),
      E(EPROTONOSUPPORT), E(ENOENT), E(ENOTDIR), E(ELOOP), E(ENAMETOOLONG),
      E(EROFS), E(EIO), E(ENOSPC), E(ENODEV), E(EMFILE), E(ENFILE), E(ENOBUFS),
      E(ENOMEM)}},
    /* getsockopt, getsockname, fcntl */
    {SIM_ADOPT, "adopt", FOR_EVER, {E(ENOTSOCK), E(EPERM)}},
    /* socket, connect */
    {SIM_SUPERVISOR,
     "supervisor",
     FOR_EVER,
     {E(ECONNREFUSED), E(ENOENT), E(ENOTDIR), E(ELOOP), E(EACCES), E(EPERM),
      E(EPROTOTYPE), E(EAFNOSUPPORT), E(ENAMETOOLONG), E(EMFILE), E(ENFILE),
      E(ENOBUFS), E(ENOMEM)}},
    /* open, read */
    {SIM_USER_FIND,
     "user-find",
     FOR_EVER,
     {E(ENOENT), E(EACCES), E(EINTR), E(EIO), E(EMFILE), E(ENFILE), E(ENOMEM)}},
    /* open, read */
    {SIM_GROUP_FIND,
     "group-find",
     FOR_EVER,
     {E(ENOENT), E(EACCES), E(EINTR), E(EIO), E(EMFILE), E(ENFILE), E(ENOMEM)}},
    /* setgroups, setresgid, setresuid */
    {SIM_USER_BECOME,
     "user-become",
     FOR_EVER,
     {E(EPERM), E(EAGAIN), E(EINVAL), E(ENOMEM)}},
    /* open, flock, fstat */
    {SIM_STORAGE_OPEN,
     "storage-open",
     FOR_EVER,
     {E(EACCES), E(EPERM), E(ENOENT), E(ENOTDIR), E(EISDIR), E(ELOOP), E(EROFS),
      E(EIO), E(ENOSPC), E(EDQUOT), E(EOPNOTSUPP), E(EAGAIN), E(ENOLCK),
      E(ENAMETOOLONG), E(EMFILE), E(ENFILE), E(ENOMEM)}},
    {SIM_STORAGE_CREATE,
     "storage-create",
     FOR_EVER,
     {E(EACCES), E(EPERM), E(EEXIST), E(EROFS), E(ENOSPC), E(EDQUOT), E(EIO),
      E(ENAMETOOLONG), E(EMFILE), E(ENFILE), E(ENOMEM)}},
    /* fallocate */
    {SIM_STORAGE_RESERVE,
     "storage-reserve",
     FOR_EVER,
     {E(ENOSPC), E(EDQUOT), E(EFBIG), E(EIO), E(EOPNOTSUPP), E(ENOSYS),
      E(EPERM)}},
    /* mmap: "NULL" */
    {SIM_STORAGE_MAP, "storage-map", FOR_EVER, {E(ENOMEM)}},
    /* fsync */
    {SIM_STORAGE_SYNC,
     "storage-sync",
     FOR_EVER,
     {E(EIO), E(ENOSPC), E(EDQUOT)}},
    /* fstat: "0" */
    {SIM_STORAGE_CHANGED, "storage-changed", FOR_EVER, {E(EIO)}},
    /* open, rename, fsync of the folder */
    {SIM_STORAGE_REPLACE,
     "storage-replace",
     FOR_EVER,
     {E(EACCES), E(EPERM), E(EIO), E(ENOSPC), E(EDQUOT), E(EROFS), E(EMFILE),
      E(ENFILE), E(ENOMEM)}},
    /* prctl, landlock_*: "nothing" */
    {SIM_SANDBOX, "sandbox", FOR_EVER, {E(ENOSYS)}},
};

const size_t fail_calls_count = UNIT_COUNT(fail_calls);
