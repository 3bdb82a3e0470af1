/* SPDX-License-Identifier: MIT */
#include "os/file.h"
#include "support/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

/* A folder with an outside:  ROOT/outside  ROOT/in/{a,dir/b,link,...} */
static char root[] = "/tmp/chatd-test-XXXXXX";
static int folder = -1;

static void put(const char *path, const char *bytes)
{
    char name[256];
    snprintf(name, sizeof name, "%s/%s", root, path);
    FILE *f = fopen(name, "w");
    assert_non_null(f);
    fputs(bytes, f);
    fclose(f);
}

static void make(const char *path, int (*how)(const char *))
{
    char name[256];
    snprintf(name, sizeof name, "%s/%s", root, path);
    assert_int_equal(how(name), 0);
}

static int folder_at(const char *name)
{
    return mkdir(name, 0700);
}

static int fifo_at(const char *name)
{
    return mkfifo(name, 0600);
}

static void link_to(const char *target, const char *path)
{
    char name[256];
    snprintf(name, sizeof name, "%s/%s", root, path);
    assert_int_equal(symlink(target, name), 0);
}

static int begin(void **state)
{
    (void)state;
    assert_non_null(mkdtemp(root));
    make("in", folder_at);
    make("in/dir", folder_at);
    put("outside", "secret");
    put("in/a", "the file a");
    put("in/dir/b", "b");
    make("in/fifo", fifo_at);
    link_to("a", "in/link");
    link_to("../outside", "in/out");
    link_to("/etc/passwd", "in/absolute");
    link_to("..", "in/up");
    char name[256];
    snprintf(name, sizeof name, "%s/in", root);
    folder = file_open_folder(name);
    return folder < 0;
}

static int end(void **state)
{
    static const char *const names[] = {
        "in/a",  "in/dir/b", "in/fifo", "in/link", "in/out", "in/absolute",
        "in/up", "outside",  "in/dir",  "in",      "",
    };
    (void)state;
    close(folder);
    for (size_t i = 0; i < UNIT_COUNT(names); i++) {
        char name[256];
        snprintf(name, sizeof name, "%s/%s", root, names[i]);
        remove(name);
    }
    return 0;
}

static int open_path(const char *path)
{
    struct file_info info;
    return file_open(folder, bytes_of(path), &info);
}

static void test_a_file_is_opened_and_described(void **state)
{
    (void)state;
    struct file_info info;
    struct stat s;
    int fd = file_open(folder, BYTES_LITERAL("a"), &info);
    assert_true(fd >= 0);
    assert_int_equal(info.size, 10);
    fstat(fd, &s);
    assert_true(info.number == s.st_ino);
    assert_true(info.modified / 1000000000 == (uint64_t)s.st_mtim.tv_sec);
    file_close(fd);
    fd = open_path("dir/b");
    assert_true(fd >= 0);
    file_close(fd);
}

static void test_what_leads_out_is_refused(void **state)
{
    static const char *const paths[] = {
        "../outside", "dir/../../outside", "/etc/passwd", "out",
        "absolute",   "up/outside",        "..",
    };
    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(paths); i++)
        assert_true(open_path(paths[i]) < 0);
}

static void test_what_is_no_regular_file_is_refused(void **state)
{
    (void)state;
    assert_int_equal(open_path("dir"), -ENOENT);
    assert_int_equal(open_path("fifo"), -ENOENT); /* and nothing waits */
    assert_int_equal(open_path("none"), -ENOENT);
    assert_int_equal(open_path("a/b"), -ENOTDIR);
    assert_int_equal(open_path(""), -ENOENT);
}

static void test_a_nul_ends_no_path_early(void **state)
{
    (void)state;
    struct file_info info;
    assert_int_equal(file_open(folder, BYTES_LITERAL("a\0b"), &info), -ENOENT);
}

static void test_a_path_too_long_is_refused(void **state)
{
    static uint8_t path[FILE_PATH_MAX + 1];
    struct file_info info;
    (void)state;
    memset(path, 'x', sizeof path);
    assert_int_equal(file_open(folder, bytes_span(path, sizeof path), &info),
                     -ENOENT);
    assert_int_equal(
        file_open(folder, bytes_span(path, sizeof path - 1), &info),
        -ENAMETOOLONG);
}

static void test_a_folder_must_be_one(void **state)
{
    (void)state;
    char name[256];
    snprintf(name, sizeof name, "%s/outside", root);
    assert_int_equal(file_open_folder(name), -ENOTDIR);
    assert_int_equal(file_open_folder("/nowhere/at/all"), -ENOENT);
}

static void test_a_file_is_sent_from_any_offset(void **state)
{
    (void)state;
    int ends[2], fd = open_path("a");
    char got[32];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends),
                     0);
    assert_int_equal(file_send(ends[0], fd, 4, 100), 6);
    assert_int_equal(read(ends[1], got, sizeof got), 6);
    assert_memory_equal(got, "file a", 6);
    assert_int_equal(file_send(ends[0], fd, 0, 3), 3);
    assert_int_equal(file_send(ends[0], fd, 10, 3), 0); /* its end */
    while (file_send(ends[0], fd, 0, 10) > 0)
        ;
    assert_int_equal(file_send(ends[0], fd, 0, 10), -EAGAIN);
    close(ends[1]);
    close(ends[0]);
    file_close(fd);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_file_is_opened_and_described),
        cmocka_unit_test(test_what_leads_out_is_refused),
        cmocka_unit_test(test_what_is_no_regular_file_is_refused),
        cmocka_unit_test(test_a_nul_ends_no_path_early),
        cmocka_unit_test(test_a_path_too_long_is_refused),
        cmocka_unit_test(test_a_folder_must_be_one),
        cmocka_unit_test(test_a_file_is_sent_from_any_offset),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
