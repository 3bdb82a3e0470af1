/* SPDX-License-Identifier: MIT */
#include "os/log.h"

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

_Static_assert(LOG_WRITE_MAX <= PIPE_BUF, "what a pipe takes whole");

/* A terminal that polls writable has room for this much, newlines counted
   twice: of a pty room comes in units of 256 bytes, and a serial line polls so
   with less than 256 in a buffer of 4096 (Linux, drivers/tty). */
#define TERMINAL_PIECE 128

static struct {
    enum {
        POLLED,   /* a write might wait: ask first */
        TERMINAL, /* as well, and no more than surely fits */
        PLAIN,    /* it never waits */
        SOCKET,
    } kind;
    size_t rest_len;
    uint8_t rest[LOG_WRITE_MAX]; /* of a write that was cut */
} target;

/* ---- How ----------------------------------------------------------------- */

/* A FIFO in the mode it has: whoever opened it for both keeps it alive. */
static bool open_again(bool is_fifo)
{
    int mode = is_fifo ? fcntl(STDERR_FILENO, F_GETFL) & O_ACCMODE : O_WRONLY;
    int fd = open("/proc/self/fd/2", mode | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (fd < 0)
        return false;
    bool placed = dup2(fd, STDERR_FILENO) == STDERR_FILENO;
    close(fd);
    return placed;
}

/* /dev/ptmx, the other end of a pty: opened again it would be that of a new
   one. Its number is fixed: admin-guide/devices.txt of Linux. */
static bool is_master(const struct stat *file)
{
    return file->st_rdev == makedev(5, 2);
}

void log_prepare(void)
{
    struct stat file;
    target.kind = POLLED;
    target.rest_len = 0;
    if (fstat(STDERR_FILENO, &file) != 0)
        return;
    bool is_terminal = isatty(STDERR_FILENO) == 1;
    if (S_ISSOCK(file.st_mode))
        target.kind = SOCKET;
    else if (S_ISREG(file.st_mode))
        target.kind = PLAIN;
    else if ((S_ISFIFO(file.st_mode) || (is_terminal && !is_master(&file))) &&
             open_again(!is_terminal))
        target.kind = PLAIN;
    else if (is_terminal)
        target.kind = TERMINAL;
}

/* ---- Writing ------------------------------------------------------------- */

static ssize_t write_piece(struct span piece)
{
    struct pollfd ready = {.fd = STDERR_FILENO, .events = POLLOUT};
    if (target.kind == SOCKET)
        return send(STDERR_FILENO, piece.ptr, piece.len,
                    MSG_DONTWAIT | MSG_NOSIGNAL);
    if (target.kind != PLAIN &&
        (poll(&ready, 1, 0) != 1 || !(ready.revents & POLLOUT)))
        return -1;
    return write(STDERR_FILENO, piece.ptr, piece.len);
}

/* As much as is taken now. */
static size_t write_some(struct span bytes)
{
    size_t most = target.kind == TERMINAL ? TERMINAL_PIECE : LOG_WRITE_MAX;
    size_t done = 0;
    while (done < bytes.len) {
        size_t len = bytes_min(most, bytes.len - done);
        ssize_t written = write_piece(bytes_part(bytes, done, len));
        if (written <= 0)
            break;
        done += (size_t)written;
    }
    return done;
}

static void keep_rest(struct span bytes, size_t done)
{
    target.rest_len = bytes.len - done;
    memmove(target.rest, bytes.ptr + done, target.rest_len);
}

bool log_write(struct span lines)
{
    struct span rest = bytes_span(target.rest, target.rest_len);
    keep_rest(rest, write_some(rest));
    if (target.rest_len)
        return false;
    size_t done = write_some(lines);
    if (done)
        keep_rest(lines, done);
    return done > 0;
}
