/* SPDX-License-Identifier: MIT */
#include "os/file.h"
#include "os/calls.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

/* openat2(2), Linux 5.6; here by hand, since not every libc has its header. */
struct open_how {
    uint64_t flags;
    uint64_t mode;
    uint64_t resolve;
};
#define RESOLVE_NO_MAGICLINKS 0x02
#define RESOLVE_BENEATH       0x08

/* O_NONBLOCK: opening a FIFO must not wait for its writer. */
#define READ_FLAGS   (O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK)
#define FOLDER_FLAGS (O_PATH | O_DIRECTORY | O_CLOEXEC)

int file_open_folder(const char *path)
{
    int fd = open(path, FOLDER_FLAGS);
    return fd < 0 ? -errno : fd;
}

static int open_beneath(int folder, const char *path, int flags)
{
    struct open_how how = {
        .flags = (uint64_t)flags,
        .resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS,
    };
    long fd = syscall(SYS_openat2, folder, path, &how, sizeof how);
    return fd < 0 ? -errno : (int)fd;
}

/*
 * One component after the other, no links: where there is no openat2. A kernel
 * before 5.6 says ENOSYS then, and a filter around us that does not know it
 * anything, often EPERM. So every refusal is tried again: what is not to be
 * opened is refused here as well.
 */
static int open_stepwise(int folder, char *path)
{
    int at = folder;
    for (;;) {
        char *slash = strchr(path, '/');
        if (slash)
            *slash = '\0';
        if (strcmp(path, "..") == 0) {
            errno = ENOENT;
            break;
        }
        int next =
            openat(at, path, O_NOFOLLOW | (slash ? FOLDER_FLAGS : READ_FLAGS));
        int reason = errno;
        if (at != folder)
            close(at);
        errno = reason;
        if (next < 0 || !slash)
            return next < 0 ? -errno : next;
        at = next;
        path = slash + 1;
    }
    if (at != folder)
        close(at);
    return -ENOENT;
}

int file_check_folder(int folder)
{
    int fd = open_beneath(folder, ".", FOLDER_FLAGS);
    if (fd < 0)
        fd = openat(folder, ".", FOLDER_FLAGS);
    if (fd < 0)
        return -errno;
    close(fd);
    return 0;
}

static int describe(int fd, struct file_info *info)
{
    struct stat file;
    if (fstat(fd, &file) != 0)
        return -errno;
    if (!S_ISREG(file.st_mode))
        return -ENOENT;
    *info = (struct file_info){
        .size = (uint64_t)file.st_size,
        .modified = (uint64_t)file.st_mtim.tv_sec * 1000000000 +
                    (uint64_t)file.st_mtim.tv_nsec,
        .number = (uint64_t)file.st_ino,
    };
    return 0;
}

int file_open(int folder, struct span path, struct file_info *info)
{
    char name[FILE_PATH_MAX + 1];
    if (path.len == 0 || path.len > FILE_PATH_MAX ||
        bytes_find(path, 0) != path.len)
        return -ENOENT;
    memcpy(name, path.ptr, path.len);
    name[path.len] = '\0';

    int fd = open_beneath(folder, name, READ_FLAGS);
    if (fd < 0 && fd != -ENOENT)
        fd = open_stepwise(folder, name);
    if (fd < 0)
        return fd;
    int result = describe(fd, info);
    if (result < 0) {
        close(fd);
        return result;
    }
    return fd;
}

ptrdiff_t file_send(int stream, int file, uint64_t offset, size_t len)
{
    off_t from = (off_t)offset;
    ssize_t sent;
    do
        sent = sendfile(stream, file, &from, len);
    while (sent < 0 && errno == EINTR);
    return sent < 0 ? -errno : sent;
}

/* Until its end, or until there is no room. */
static ptrdiff_t read_whole(int fd, uint8_t *bytes, size_t size)
{
    size_t len = 0;
    for (;;) {
        ssize_t got = read(fd, bytes + len, size - len);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return got < 0 ? -errno : (ptrdiff_t)len;
        len += (size_t)got;
        if (len == size)
            return -EFBIG;
    }
}

ptrdiff_t file_read_all(const char *path, uint8_t *bytes, size_t size,
                        unsigned *mode)
{
    struct stat info;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0)
        return -errno;
    ptrdiff_t len = fstat(fd, &info) < 0 ? -errno : read_whole(fd, bytes, size);
    if (len >= 0)
        *mode = info.st_mode & 0777;
    close(fd);
    return len;
}

void file_close(int fd)
{
    close(fd);
}
