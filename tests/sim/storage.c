/* SPDX-License-Identifier: MIT */
/*
 * Files that are memory: storage.h. Of each there are two images: what the
 * kernel has, and what is on the disk. A power cut leaves of each sector one or
 * the other.
 */
#include "os/storage.h"
#include "sim/kernel.h"
#include "support/unit.h"

#include <errno.h>
#include <stdlib.h>

#define FILES_MAX 64
#define PAGE      4096
#define SECTOR    512
#define SIZE_MOST (64u << 20) /* of a file: the disk is full */

static struct file {
    char path[4096]; /* "": it has no name any more */
    bool open;
    uint8_t *kernel; /* its bytes, and those on the disk */
    uint8_t *disk;
    size_t size;
    uint64_t changed;
} files[FILES_MAX];

static struct {
    size_t count;
    uint64_t changes;
    uint8_t boot;
    unsigned late;   /* syncs that change the file */
    unsigned shared; /* mappings of files themselves */
    bool guarded;
    struct {
        void *bytes;
    } copies[4];
} storage;

void storage_begin(void)
{
    for (size_t i = 0; i < storage.count; i++) {
        free(files[i].kernel);
        free(files[i].disk);
    }
    for (size_t i = 0; i < UNIT_COUNT(storage.copies); i++)
        free(storage.copies[i].bytes);
    memset(files, 0, sizeof files);
    memset(&storage, 0, sizeof storage);
    storage.boot = 1;
}

/* ---- What a test does ------------------------------------------------------ */

static size_t find(const char *path)
{
    size_t i = 0;
    while (i < storage.count && strcmp(files[i].path, path) != 0)
        i++;
    return i;
}

static struct file *make(const char *path)
{
    assert_true(storage.count < FILES_MAX &&
                strlen(path) < sizeof files[0].path);
    struct file *f = &files[storage.count++];
    strcpy(f->path, path);
    f->changed = ++storage.changes;
    return f;
}

static void resize(struct file *f, size_t size)
{
    size_t whole = (size + PAGE - 1) / PAGE * PAGE;
    uint8_t *kernel = aligned_alloc(PAGE, whole ? whole : PAGE);
    uint8_t *disk = aligned_alloc(PAGE, whole ? whole : PAGE);
    assert_true(kernel && disk);
    memset(kernel, 0, whole);
    memset(disk, 0, whole);
    if (f->size) {
        memcpy(kernel, f->kernel, bytes_min(size, f->size));
        memcpy(disk, f->disk, bytes_min(size, f->size));
    }
    free(f->kernel);
    free(f->disk);
    f->kernel = kernel;
    f->disk = disk;
    f->size = size;
}

void sim_put_storage(const char *path, struct span bytes)
{
    size_t i = find(path);
    struct file *f = i < storage.count ? &files[i] : make(path);
    assert_false(f->open);
    resize(f, bytes.len);
    if (bytes.len) {
        memcpy(f->kernel, bytes.ptr, bytes.len);
        memcpy(f->disk, bytes.ptr, bytes.len);
    }
    f->changed = ++storage.changes;
}

bool sim_storage(const char *path, struct span *bytes)
{
    size_t i = find(path);
    if (i == storage.count)
        return false;
    *bytes = bytes_span(files[i].kernel, files[i].size);
    return true;
}

void sim_rename_storage(const char *from, const char *to)
{
    size_t old = find(to), new = find(from);
    assert_true(new < storage.count);
    if (old < storage.count)
        files[old].path[0] = '\0';
    strcpy(files[new].path, to);
    files[new].changed = ++storage.changes;
}

void sim_change_late(unsigned syncs)
{
    storage.late = syncs;
}

unsigned sim_storage_mapped(void)
{
    unsigned count = storage.shared;
    for (size_t i = 0; i < UNIT_COUNT(storage.copies); i++)
        count += storage.copies[i].bytes != NULL;
    return count;
}

bool sim_storage_guarded(void)
{
    return storage.guarded;
}

void sim_kill(void)
{
    storage.shared = 0;
    for (size_t i = 0; i < storage.count; i++)
        files[i].open = false;
    for (int fd = 3; fd < kernel_bound(); fd++)
        if (kernel_kind_of(fd) == KERNEL_STORAGE)
            kernel_close(fd, KERNEL_STORAGE);
}

/* Where both images differ, the one that is picked becomes the other, too. */
static void settle(bool (*is_lost)(void *, size_t), void *context, bool both)
{
    for (size_t i = 0; i < storage.count; i++)
        for (size_t at = 0; at < files[i].size; at += SECTOR) {
            uint8_t *kernel = files[i].kernel + at, *disk = files[i].disk + at;
            size_t len = bytes_min(SECTOR, files[i].size - at);
            if (memcmp(kernel, disk, len) == 0)
                continue;
            if (!is_lost(context, at))
                memcpy(disk, kernel, len);
            else if (both)
                memcpy(kernel, disk, len);
        }
}

void sim_write_back(bool (*is_left)(void *context, size_t offset),
                    void *context)
{
    settle(is_left, context, false);
}

void sim_power_cut(bool (*is_lost)(void *context, size_t offset), void *context)
{
    sim_kill();
    storage.boot++;
    storage.guarded = false;
    settle(is_lost, context, true);
}

void sim_set_boot(uint8_t boot)
{
    storage.boot = boot;
}

/* ---- storage.h ------------------------------------------------------------- */

static int open_file(struct storage *s, size_t i, bool made)
{
    struct file *f = &files[i];
    if (f->open)
        return -EAGAIN;
    int fd = kernel_open(KERNEL_STORAGE, i);
    if (fd < 0)
        return fd;
    f->open = true;
    *s = (struct storage){.file = fd,
                          .made = made,
                          .size = f->size,
                          .device = 7,
                          .inode = i + 1,
                          .changed = f->changed};
    return 0;
}

int storage_open(struct storage *s, const char *path)
{
    int result = kernel_call(SIM_STORAGE_OPEN);
    if (result < 0)
        return result;
    size_t i = find(path);
    bool made = i == storage.count;
    if (made)
        make(path);
    return open_file(s, i, made);
}

int storage_create(struct storage *s, const char *path)
{
    int result = kernel_call(SIM_STORAGE_CREATE);
    if (result < 0)
        return result;
    storage_remove(path);
    make(path);
    return open_file(s, storage.count - 1, true);
}

static struct file *file_of(const struct storage *s)
{
    return &files[kernel_at(s->file, KERNEL_STORAGE)->number];
}

int storage_reserve(struct storage *s, uint64_t size)
{
    struct file *f = file_of(s);
    int result = kernel_call(SIM_STORAGE_RESERVE);
    if (result == 0 && size > SIZE_MOST)
        result = -ENOSPC;
    if (result == 0 && f->size < size)
        resize(f, (size_t)size);
    if (result == 0)
        s->size = f->size;
    return result;
}

void *storage_map(const struct storage *s, size_t size, enum storage_mode mode)
{
    struct file *f = file_of(s);
    assert_in_range(size, 1, f->size);
    if (kernel_call(SIM_STORAGE_MAP))
        return NULL;
    if (mode == STORAGE_SHARED) {
        storage.shared++;
        return f->kernel;
    }
    size_t i = 0;
    while (storage.copies[i].bytes)
        assert_true(++i < UNIT_COUNT(storage.copies));
    storage.copies[i].bytes =
        aligned_alloc(PAGE, (size + PAGE - 1) & ~(PAGE - 1ul));
    assert_non_null(storage.copies[i].bytes);
    return memcpy(storage.copies[i].bytes, f->kernel, size);
}

void storage_unmap(void *bytes, size_t size)
{
    (void)size;
    for (size_t i = 0; i < UNIT_COUNT(storage.copies); i++)
        if (storage.copies[i].bytes == bytes) {
            free(bytes);
            storage.copies[i].bytes = NULL;
            return;
        }
    assert_true(storage.shared > 0);
    storage.shared--;
}

int storage_sync(const struct storage *s)
{
    struct file *f = file_of(s);
    int result = kernel_call(SIM_STORAGE_SYNC);
    if (result == 0)
        memcpy(f->disk, f->kernel, f->size);
    if (result == 0 && storage.late) {
        storage.late--;
        f->changed = ++storage.changes;
    }
    return result;
}

uint64_t storage_changed(const struct storage *s)
{
    return kernel_call(SIM_STORAGE_CHANGED) ? 0 : file_of(s)->changed;
}

int storage_replace(const char *from, const char *to)
{
    int result = kernel_call(SIM_STORAGE_REPLACE);
    if (result == 0)
        sim_rename_storage(from, to);
    return result;
}

void storage_remove(const char *path)
{
    size_t i = find(path);
    if (i < storage.count)
        files[i].path[0] = '\0';
}

void storage_close(struct storage *s)
{
    file_of(s)->open = false;
    kernel_close(s->file, KERNEL_STORAGE);
    s->file = -1;
}

void storage_boot(uint8_t id[16])
{
    memset(id, storage.boot, 16);
}

void storage_guard(void)
{
    storage.guarded = true;
}
