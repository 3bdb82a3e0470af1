/* SPDX-License-Identifier: MIT */
/* Goal: --user means exactly one user and one group, without a way back. */
#include "os/user.h"
#include "support/unit.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static void test_how_it_is_written(void **state)
{
    (void)state;
    static const char *const good[] = {"www-data", "0",     "65534",
                                       "1000:100", "ann:7", "4294967294"};
    static const char *const bad[] = {
        "",      ":",       ":5",     "ann:",       "ann:staff",  "1000:x",
        "10ann", "1000:5:", "ann:-1", "4294967295", "99999999999"};
    for (size_t i = 0; i < UNIT_COUNT(good); i++)
        if (!user_is_valid(bytes_of(good[i])))
            fail_msg("refused: \"%s\"", good[i]);
    for (size_t i = 0; i < UNIT_COUNT(bad); i++)
        if (user_is_valid(bytes_of(bad[i])))
            fail_msg("taken: \"%s\"", bad[i]);
}

static bool in_line(const char *line, const char *name, struct user *user)
{
    return user_in_line(bytes_of(line), bytes_of(name), user);
}

static void test_a_line_of_etc_passwd(void **state)
{
    (void)state;
    struct user user = {0};
    assert_true(in_line("ann:x:7:8:Ann:/home/ann:/bin/sh", "ann", &user));
    assert_int_equal(user.id, 7);
    assert_int_equal(user.group, 8);
    assert_false(in_line("anna:x:7:8:::", "ann", &user));
    assert_false(in_line("an:x:7:8:::", "ann", &user));
    assert_false(in_line("ann", "ann", &user));
    assert_false(in_line("ann:x", "ann", &user));
    assert_false(in_line("ann:x:7", "ann", &user));
    assert_false(in_line("ann:x::8:::", "ann", &user));
    assert_false(in_line("ann:x:-7:8:::", "ann", &user));
    assert_false(in_line("", "ann", &user));
}

static void test_every_user_is_found_as_the_library_finds_it(void **state)
{
    (void)state;
    const struct passwd *entry;
    FILE *file = fopen("/etc/passwd", "r");
    assert_non_null(file);
    while ((entry = fgetpwent(file)) != NULL) {
        struct user user;
        assert_int_equal(user_find(bytes_of(entry->pw_name), &user), 0);
        assert_int_equal(user.id, entry->pw_uid);
        assert_int_equal(user.group, entry->pw_gid);
    }
    fclose(file);
}

static void test_a_line_of_etc_group(void **state)
{
    (void)state;
    struct user user = {0};
    struct span ann = BYTES_LITERAL("ann");
    assert_true(user_in_group_line(BYTES_LITERAL("ann:x:7:"), ann, &user));
    assert_int_equal(user.group, 7);
    assert_true(user_in_group_line(BYTES_LITERAL("ann:x:8:bob,c"), ann, &user));
    assert_int_equal(user.group, 8);
    assert_false(user_in_group_line(BYTES_LITERAL("anna:x:7:"), ann, &user));
    assert_false(user_in_group_line(BYTES_LITERAL("ann:x"), ann, &user));
    assert_false(user_in_group_line(BYTES_LITERAL("ann:x::"), ann, &user));
    assert_false(user_in_group_line(BYTES_LITERAL("ann:7"), ann, &user));
}

static void test_every_group_is_found_as_the_library_finds_it(void **state)
{
    (void)state;
    const struct group *entry;
    uint32_t group;
    FILE *file = fopen("/etc/group", "r");
    assert_non_null(file);
    while ((entry = fgetgrent(file)) != NULL) {
        assert_int_equal(user_find_group(bytes_of(entry->gr_name), &group), 0);
        assert_int_equal(group, entry->gr_gid);
    }
    fclose(file);
    assert_int_equal(user_find_group(bytes_of("12345"), &group), 0);
    assert_int_equal(group, 12345);
    assert_int_equal(user_find_group(bytes_of("no-such-group"), &group),
                     -ENOENT);
    assert_true(user_is_valid_group(bytes_of("www-data")));
    assert_true(user_is_valid_group(bytes_of("33")));
    assert_false(user_is_valid_group(bytes_of("33:33")));
    assert_false(user_is_valid_group(bytes_of("3x")));
    assert_false(user_is_valid_group(bytes_of("")));
}

static int find_in(const char *path, const char *name, struct user *user)
{
    return user_in_file(path, bytes_of(name), user, user_in_group_line);
}

/* 300 members, whose names are no groups though one looks like it. */
static void test_a_group_of_many_members_is_found_and_hides_nobody(void **state)
{
    (void)state;
    char path[] = "/tmp/chatd-test-XXXXXX";
    int fd = mkstemp(path);
    FILE *file = fdopen(fd, "w");
    struct user user = {0};
    fputs("first:x:1:\nmany:x:2:", file);
    for (unsigned i = 0; i < 300; i++)
        fprintf(file, "member%03u,", i);
    fprintf(file, "\nnext:x:3:\n%0*d:x:4:\nlast:x:5:", 2000, 0);
    fclose(file);
    assert_int_equal(find_in(path, "first", &user), 0);
    assert_int_equal(user.group, 1);
    assert_int_equal(find_in(path, "many", &user), 0);
    assert_int_equal(user.group, 2);
    assert_int_equal(find_in(path, "next", &user), 0);
    assert_int_equal(user.group, 3);
    assert_int_equal(find_in(path, "last", &user), 0);
    assert_int_equal(user.group, 5);
    /* what is left of the 2000 digits behind what was read at once */
    for (size_t len = 1; len < 2000; len++) {
        char name[2001];
        snprintf(name, sizeof name, "%0*d", (int)len, 0);
        assert_int_equal(find_in(path, name, &user), -ENOENT);
    }
    unlink(path);
    assert_int_equal(find_in(path, "first", &user), -ENOENT);
}

static void test_numbers_need_no_file(void **state)
{
    (void)state;
    struct user user;
    assert_int_equal(user_find(bytes_of("12345"), &user), 0);
    assert_int_equal(user.id, 12345);
    assert_int_equal(user.group, 12345);
    assert_int_equal(user_find(bytes_of("12345:6"), &user), 0);
    assert_int_equal(user.group, 6);
    assert_int_equal(user_find(bytes_of("root:6"), &user), 0);
    assert_int_equal(user.id, 0);
    assert_int_equal(user.group, 6);
    assert_int_equal(user_find(bytes_of("no-such-user"), &user), -ENOENT);
}

/* In a child: become that, and say what is wrong then; 0: nothing. */
static int become(struct user user)
{
    int status;
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        gid_t groups[] = {4, 20};
        if (getuid() == 0 && setgroups(2, groups) != 0)
            _exit(1);
        const char *step;
        int result = user_become(&user, &step);
        if (result < 0)
            _exit(-result);
        _exit(getuid() != user.id || geteuid() != user.id     ? 201
              : getgid() != user.group                        ? 202
              : getgroups(0, NULL) != 0                       ? 203
              : user.id && (setuid(0) == 0 || setgid(0) == 0) ? 204
                                                              : 0);
    }
    waitpid(child, &status, 0);
    return WEXITSTATUS(status);
}

static void test_root_becomes_anybody_for_good(void **state)
{
    (void)state;
    if (getuid() != 0)
        skip();
    assert_int_equal(become((struct user){65534, 65533}), 0);
    assert_int_equal(become((struct user){1000, 1000}), 0);
}

static void test_who_is_not_root_may_only_stay(void **state)
{
    (void)state;
    int status;
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        const char *step = NULL;
        if (getuid() == 0 && user_become(&(struct user){1000, 1000}, &step) < 0)
            _exit(1);
        struct user self = {getuid(), getgid()};
        struct user other = {self.id + 1, self.group};
        _exit(user_become(&other, &step) != -EPERM ? 2
              : strcmp(step, "setgroups") != 0     ? 3
                                                   : 0);
    }
    waitpid(child, &status, 0);
    assert_int_equal(WEXITSTATUS(status), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_how_it_is_written),
        cmocka_unit_test(test_a_line_of_etc_passwd),
        cmocka_unit_test(test_every_user_is_found_as_the_library_finds_it),
        cmocka_unit_test(test_a_line_of_etc_group),
        cmocka_unit_test(test_every_group_is_found_as_the_library_finds_it),
        cmocka_unit_test(
            test_a_group_of_many_members_is_found_and_hides_nobody),
        cmocka_unit_test(test_numbers_need_no_file),
        cmocka_unit_test(test_root_becomes_anybody_for_good),
        cmocka_unit_test(test_who_is_not_root_may_only_stay),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
