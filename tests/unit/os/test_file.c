/* SPDX-License-Identifier: MIT */
#include "os/file.h"
#include "os/calls.h"
#include "support/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
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
    put("in/secret", "of another user");
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
        "in/a",        "in/dir/b", "in/fifo", "in/link", "in/secret", "in/out",
        "in/absolute", "in/up",    "outside", "in/dir",  "in",        "",
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

/* ---- A kernel, or a filter around us, that will not do it ---------------- */

/* From here on these two calls fail with `error`. */
static void refuse(uint32_t call, uint32_t other, uint32_t error)
{
    struct sock_filter filter[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, call, 1, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, other, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | error),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {.len = UNIT_COUNT(filter), .filter = filter};
    assert_int_equal(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
    assert_int_equal(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program), 0);
}

/* qemu has none. */
static void need_filters(void)
{
    if (prctl(PR_GET_SECCOMP) < 0)
        skip();
}

static void in_a_child(void (*test)(void))
{
    int status;
    pid_t child = fork();
    if (child == 0) {
        test();
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

static void go_without_openat2(uint32_t error)
{
    refuse(SYS_openat2, SYS_openat2, error);
    assert_int_equal(file_check_folder(folder), 0);
    test_a_file_is_opened_and_described(NULL);
    test_what_leads_out_is_refused(NULL);
    test_what_is_no_regular_file_is_refused(NULL);
    assert_true(open_path("link") < 0); /* none is followed, then */
}

static void without_openat2(void)
{
    go_without_openat2(ENOSYS);
}

static void forbidden_openat2(void)
{
    go_without_openat2(EPERM);
}

static void openat2_by_other_words(void)
{
    go_without_openat2(EACCES);
}

static void test_without_openat2_files_are_opened_stepwise(void **state)
{
    (void)state;
    need_filters();
    in_a_child(without_openat2);
    in_a_child(forbidden_openat2);
    in_a_child(openat2_by_other_words);
}

static void without_any_open(void)
{
    refuse(SYS_openat2, SYS_openat, EPERM);
    assert_int_equal(file_check_folder(folder), -EPERM);
    assert_int_equal(open_path("a"), -EPERM);
}

static void test_where_nothing_can_be_opened_it_is_said(void **state)
{
    (void)state;
    need_filters();
    assert_int_equal(file_check_folder(folder), 0);
    in_a_child(without_any_open);
}

/* Only root can. */
static bool become_another_user(mode_t mode_of_folder)
{
    char name[256];
    snprintf(name, sizeof name, "%s/in", root);
    return chmod(root, 0711) == 0 && chmod(name, mode_of_folder) == 0 &&
           setresuid(65534, 65534, 65534) == 0;
}

static void without_rights_to_the_file(void)
{
    if (!become_another_user(0711))
        return;
    assert_int_equal(file_check_folder(folder), 0);
    assert_int_equal(open_path("secret"), -EACCES);
    file_close(open_path("a"));
}

static void without_rights_to_the_folder(void)
{
    if (!become_another_user(0700))
        return;
    assert_int_equal(file_check_folder(folder), -EACCES);
    assert_int_equal(open_path("a"), -EACCES);
}

static void test_what_the_user_may_not_open_stays_closed(void **state)
{
    (void)state;
    char name[256];
    snprintf(name, sizeof name, "%s/in/secret", root);
    assert_int_equal(chmod(name, 0600), 0);
    in_a_child(without_rights_to_the_file);
    in_a_child(without_rights_to_the_folder);
}

static ptrdiff_t read_all(const char *path, uint8_t *bytes, size_t size,
                          unsigned *mode)
{
    char name[256];
    snprintf(name, sizeof name, "%s/%s", root, path);
    return file_read_all(name, bytes, size, mode);
}

static void test_a_whole_file_is_read_or_none_of_it(void **state)
{
    (void)state;
    uint8_t bytes[32];
    unsigned mode = 0;
    char name[256];
    snprintf(name, sizeof name, "%s/in/a", root);
    assert_int_equal(chmod(name, 0640), 0);
    assert_int_equal(read_all("in/a", bytes, sizeof bytes, &mode), 10);
    assert_memory_equal(bytes, "the file a", 10);
    assert_int_equal(mode, 0640);
    mode = 1;
    assert_int_equal(read_all("in/link", bytes, 11, &mode), 10);
    assert_int_equal(mode, 0640); /* the file's, not the link's */
    mode = 1;
    assert_int_equal(read_all("in/a", bytes, 10, &mode), -EFBIG);
    assert_int_equal(read_all("in", bytes, sizeof bytes, &mode), -EISDIR);
    assert_int_equal(read_all("in/none", bytes, sizeof bytes, &mode), -ENOENT);
    assert_int_equal(mode, 1);
    assert_int_equal(file_read_all("/dev/null", bytes, sizeof bytes, &mode), 0);
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
        cmocka_unit_test(test_without_openat2_files_are_opened_stepwise),
        cmocka_unit_test(test_where_nothing_can_be_opened_it_is_said),
        cmocka_unit_test(test_what_the_user_may_not_open_stays_closed),
        cmocka_unit_test(test_a_whole_file_is_read_or_none_of_it),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
