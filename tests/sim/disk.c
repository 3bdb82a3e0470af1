/* SPDX-License-Identifier: MIT */
/* Files below one folder: file.h. */
#include "os/file.h"
#include "sim/kernel.h"
#include "support/unit.h"

#include <errno.h>

#define FILES_MAX 32

static struct {
    const char *path;
    struct span bytes;
    uint64_t modified;
} files[FILES_MAX];

static size_t file_count;

void disk_begin(void)
{
    file_count = 0;
}

static size_t find(struct span path)
{
    size_t i = 0;
    while (i < file_count && !bytes_equal(path, bytes_of(files[i].path)))
        i++;
    return i;
}

void sim_put_file(const char *path, struct span bytes)
{
    static uint64_t modified;
    size_t i = find(bytes_of(path));
    assert_true(i < FILES_MAX);
    file_count += i == file_count;
    files[i].path = path;
    files[i].bytes = bytes;
    files[i].modified = ++modified;
}

int file_open_folder(const char *path)
{
    int result = kernel_call(SIM_FOLDER_OPEN);
    assert_non_null(path);
    return result < 0 ? result : kernel_open(KERNEL_OTHER, 0);
}

int file_check_folder(int folder)
{
    kernel_at(folder, KERNEL_OTHER);
    return kernel_call(SIM_FOLDER_CHECK);
}

int file_open(int folder, struct span path, struct file_info *info)
{
    int result = kernel_call(SIM_FILE_OPEN);
    kernel_at(folder, KERNEL_OTHER);
    if (result < 0)
        return result;
    size_t i = find(path);
    if (i == file_count)
        return -ENOENT;
    *info = (struct file_info){.size = files[i].bytes.len,
                               .modified = files[i].modified,
                               .number = i + 1};
    return kernel_open(KERNEL_FILE, i);
}

ptrdiff_t file_send(int stream, int file, uint64_t offset, size_t len)
{
    struct span all = files[kernel_at(file, KERNEL_FILE)->number].bytes;
    int result = kernel_call_on(SIM_FILE_SEND, stream);
    if (result < 0 || offset >= all.len)
        return result;
    len = bytes_min(len, all.len - (size_t)offset);
    struct span part = bytes_part(all, (size_t)offset, len);
    return network_send(stream, &part, 1);
}

void file_close(int fd)
{
    kernel_close(fd, KERNEL_FILE);
}
