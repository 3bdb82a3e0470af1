/* SPDX-License-Identifier: MIT */
#include "os/storage.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* O_NONBLOCK: opening a FIFO or a device must not wait. */
#define FLAGS                                                                  \
    (O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY | O_NONBLOCK)
#define OWNER_ONLY 0600
#define TRIES      8 /* times that a file is replaced while it is opened */

/* ---- Opening ------------------------------------------------------------- */

static uint64_t changed(const struct stat *info)
{
    return (uint64_t)info->st_ctim.tv_sec * 1000000000 +
           (uint64_t)info->st_ctim.tv_nsec;
}

static int describe(struct storage *s)
{
    struct stat info = {0};
    if (fstat(s->file, &info) != 0)
        return -errno;
    if (!S_ISREG(info.st_mode))
        return -EOPNOTSUPP;
    s->size = (uint64_t)info.st_size;
    s->device = (uint64_t)info.st_dev;
    s->inode = (uint64_t)info.st_ino;
    s->changed = changed(&info);
    return 0;
}

/* flock: a lock of fcntl is gone as soon as anybody closes the file. It is
   described once more behind it: as it is when it is ours. */
static int lock_and_describe(struct storage *s)
{
    int result = describe(s);
    if (result == 0 && flock(s->file, LOCK_EX | LOCK_NB) != 0)
        result = -errno;
    if (result == 0)
        result = describe(s);
    if (result < 0)
        storage_close(s);
    return result;
}

/* Somebody who had it may have put another in its place meanwhile: then it is
   that one which is to be had. */
static bool is_still_there(const struct storage *s, const char *path)
{
    struct stat info = {0};
    return lstat(path, &info) == 0 && (uint64_t)info.st_dev == s->device &&
           (uint64_t)info.st_ino == s->inode;
}

/* Asked for first without making it: so we know which it was. */
static int open_one(struct storage *s, const char *path)
{
    s->made = false;
    s->file = open(path, FLAGS & ~O_CREAT);
    if (s->file < 0 && errno == ENOENT) {
        s->file = open(path, FLAGS | O_EXCL, OWNER_ONLY);
        s->made = s->file >= 0;
    }
    return s->file < 0 ? -errno : lock_and_describe(s);
}

int storage_open(struct storage *s, const char *path)
{
    for (unsigned tries = 0; tries < TRIES; tries++) {
        int result = open_one(s, path);
        if (result < 0 && result != -EEXIST)
            return result;
        if (result == 0 && is_still_there(s, path))
            return 0;
        if (result == 0)
            storage_close(s);
    }
    return -EAGAIN;
}

int storage_create(struct storage *s, const char *path)
{
    storage_remove(path);
    s->made = true;
    s->file = open(path, FLAGS | O_EXCL, OWNER_ONLY);
    return s->file < 0 ? -errno : lock_and_describe(s);
}

void storage_close(struct storage *s)
{
    close(s->file);
    s->file = -1;
}

/* ---- Its bytes ----------------------------------------------------------- */

int storage_reserve(struct storage *s, uint64_t size)
{
    /* Not posix_fallocate: where the filesystem cannot, that writes. */
    int result;
    do
        result = fallocate(s->file, 0, 0, (off_t)size);
    while (result != 0 && errno == EINTR);
    if (result != 0)
        return -errno;
    if (s->size < size)
        s->size = size;
    return 0;
}

void *storage_map(const struct storage *s, size_t size, enum storage_mode mode)
{
    /* Of a copy few pages are written. */
    int flags =
        mode == STORAGE_SHARED ? MAP_SHARED : MAP_PRIVATE | MAP_NORESERVE;
    void *bytes = mmap(NULL, size, PROT_READ | PROT_WRITE, flags, s->file, 0);
    return bytes == MAP_FAILED ? NULL : bytes;
}

void storage_unmap(void *bytes, size_t size)
{
    munmap(bytes, size);
}

/* Not fdatasync: `changed` is to be on the disk, too. */
int storage_sync(const struct storage *s)
{
    return fsync(s->file) != 0 ? -errno : 0;
}

uint64_t storage_changed(const struct storage *s)
{
    struct stat info = {0};
    return fstat(s->file, &info) == 0 ? changed(&info) : 0;
}

/* ---- Its name ------------------------------------------------------------ */

/* The folder that a path is in. */
static int open_folder(const char *path)
{
    char folder[4096] = ".";
    const char *slash = strrchr(path, '/');
    size_t len = slash ? (size_t)(slash - path) + 1 : 0;
    if (len >= sizeof folder)
        return -ENAMETOOLONG;
    if (len > 0) {
        memcpy(folder, path, len);
        folder[len] = '\0';
    }
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return fd < 0 ? -errno : fd;
}

int storage_replace(const char *from, const char *to)
{
    int folder = open_folder(to);
    if (folder < 0)
        return folder;
    int result = rename(from, to) != 0 || fsync(folder) != 0 ? -errno : 0;
    close(folder);
    return result;
}

void storage_remove(const char *path)
{
    unlink(path);
}

/* ---- The machine --------------------------------------------------------- */

void storage_boot(uint8_t id[16])
{
    uint8_t text[36]; /* 00112233-4455-6677-8899-aabbccddeeff */
    size_t digits = 0;
    memset(id, 0, 16);
    int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
    ssize_t len = fd < 0 ? 0 : read(fd, text, sizeof text);
    for (ssize_t i = 0; i < len && digits < 32; i++) {
        int value = bytes_hex_value(text[i]);
        if (value >= 0) {
            id[digits / 2] = (uint8_t)(id[digits / 2] << 4 | value);
            digits++;
        }
    }
    if (fd >= 0)
        close(fd);
    if (digits < 32)
        memset(id, 0, 16);
}

static void tell_and_end(int number, siginfo_t *info, void *context)
{
    static const char line[] =
        "chatd: --store: a page cannot be read or written\n";
    (void)number;
    (void)context;
    if (info->si_code != BUS_ADRERR)
        return; /* another fault: it comes again, and nobody catches it */
    ssize_t told = write(STDERR_FILENO, line, sizeof line - 1);
    (void)told;
    _exit(1);
}

void storage_guard(void)
{
    struct sigaction action = {.sa_sigaction = tell_and_end,
                               .sa_flags = SA_SIGINFO | (int)SA_RESETHAND};
    sigemptyset(&action.sa_mask);
    sigaction(SIGBUS, &action, NULL);
}
