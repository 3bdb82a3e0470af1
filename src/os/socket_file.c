/* SPDX-License-Identifier: MIT */
#include "os/socket_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define RIGHTS 0777

/* ---- One at a time ------------------------------------------------------- */

struct lock {
    char path[sizeof(struct sockaddr_un) + sizeof ".starting"];
    int fd; /* -1: none could be had */
};

/* Is the file that we have open still the one of that name? */
static bool is_there(const struct lock *lock)
{
    struct stat ours, found;
    return fstat(lock->fd, &ours) == 0 && lstat(lock->path, &found) == 0 &&
           ours.st_dev == found.st_dev && ours.st_ino == found.st_ino;
}

/*
 * False: another server is just starting there. Where the folder or its kind
 * of filesystem allows no lock we go on without: bind says what is wrong.
 */
static bool take_lock(struct lock *lock, const char *path)
{
    size_t len = strlen(path);
    memcpy(lock->path, path, len);
    memcpy(lock->path + len, ".starting", sizeof ".starting");
    for (;;) {
        lock->fd = open(lock->path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC,
                        S_IRUSR | S_IWUSR);
        if (lock->fd < 0)
            return true;
        bool taken =
            flock(lock->fd, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK;
        if (!taken && is_there(lock))
            return true;
        close(lock->fd);
        if (taken)
            return false;
        /* Whoever had it is through, and has removed it: once more. */
    }
}

static void give_lock(struct lock *lock)
{
    if (lock->fd < 0)
        return;
    (void)unlink(lock->path); /* first: a lock of no name is nobody's */
    close(lock->fd);
}

/* ---- Making -------------------------------------------------------------- */

/* A socket file is stale when nobody answers behind it. */
static int remove_stale(const struct sockaddr_un *at)
{
    struct stat file;
    if (lstat(at->sun_path, &file) != 0)
        return errno == ENOENT ? 0 : -errno;
    if (!S_ISSOCK(file.st_mode))
        return -EADDRINUSE;
    int probe = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (probe < 0)
        return -errno;
    const struct sockaddr *any = (const struct sockaddr *)at;
    int result = connect(probe, any, sizeof *at) == 0 ? 0 : errno;
    close(probe);
    if (result != ECONNREFUSED)
        return -EADDRINUSE;
    return unlink(at->sun_path) == 0 ? 0 : -errno;
}

/* The file is made with these rights; a chmod behind it would be too late, and
   could meet another file. */
static int bind_with(int fd, const struct sockaddr_un *at, unsigned mode)
{
    mode_t before = mode ? umask(RIGHTS & ~mode) : 0;
    int result = bind(fd, (const struct sockaddr *)at, sizeof *at);
    int reason = errno;
    if (mode)
        (void)umask(before);
    return result == 0 ? 0 : -reason;
}

/* Which file the path leads to now. */
static bool identify(const char *path, uint64_t file[2])
{
    struct stat found;
    if (lstat(path, &found) != 0)
        return false;
    file[0] = (uint64_t)found.st_dev;
    file[1] = (uint64_t)found.st_ino;
    return true;
}

/* Before listen everybody is refused: nobody comes by the wrong group. */
static int make(int fd, const char *path, unsigned mode, const uint32_t *group,
                uint64_t file[2])
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    memcpy(at.sun_path, path, strlen(path));
    int result = remove_stale(&at);
    if (result == 0)
        result = bind_with(fd, &at, mode);
    if (result < 0)
        return result;
    (void)identify(path, file);
    if ((group && lchown(path, (uid_t)-1, *group) != 0) ||
        listen(fd, SOMAXCONN) != 0) {
        result = -errno;
        socket_file_remove(path, file);
    }
    return result;
}

int socket_file_listen(int fd, const char *path, unsigned mode,
                       const uint32_t *group, uint64_t file[2])
{
    struct lock lock;
    if (!take_lock(&lock, path))
        return -EADDRINUSE;
    int result = make(fd, path, mode, group, file);
    give_lock(&lock);
    return result;
}

/* ---- The end ------------------------------------------------------------- */

/* The file may have been replaced by another server's since. Its inode cannot
   be another's while we hold the socket. */
int socket_file_remove(const char *path, const uint64_t file[2])
{
    uint64_t found[2];
    bool is_ours = file[1] && identify(path, found) && found[0] == file[0] &&
                   found[1] == file[1];
    return is_ours && unlink(path) != 0 ? -errno : 0;
}
