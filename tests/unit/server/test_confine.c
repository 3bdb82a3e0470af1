/* SPDX-License-Identifier: MIT */
/*
 * Goal: whatever the kernel does not let us leave behind is told, and is enough
 * or ends the start.
 */
#include "server/confine.h"
#include "sim/peer.h"

#include <errno.h>

static void test_the_start_line_tells_what_was_achieved(void **state)
{
    (void)state;
    world_start();
    world_logged("sandbox=no_new_privs,landlock,seccomp\n");
}

static void test_less_is_told_too(void **state)
{
    (void)state;
    sim_set_sandbox(SANDBOX_NO_NEW_PRIVS | SANDBOX_SECCOMP);
    world_start();
    world_logged("sandbox=no_new_privs,seccomp\n");
}

static void test_nothing_at_all_is_none(void **state)
{
    (void)state;
    sim_set_sandbox(0);
    world_start();
    world_logged("sandbox=none\n");
}

static void test_left_out_it_is_off(void **state)
{
    (void)state;
    world.config.no_sandbox = true;
    world_start();
    assert_null(sim_sandboxed());
    world_logged("sandbox=off\n");
}

static void test_all_of_it_meets_what_is_required(void **state)
{
    (void)state;
    world.config.require_sandbox = true;
    world_start();
}

static void test_less_than_required_is_one_sentence(void **state)
{
    (void)state;
    world.config.require_sandbox = true;
    sim_set_sandbox(SANDBOX_SECCOMP);
    world_fail(SERVER_FAILED, "--require-sandbox: not to be had here: "
                              "no_new_privs,landlock");
    assert_int_equal(sim_connect(0, "192.0.2.1:1"), -1);
}

static void test_inside_only_what_is_served_is_left(void **state)
{
    (void)state;
    world.config.static_folder = "folder";
    assert_true(
        socket_parse(bytes_of("unix:/run/chatd"), &world.config.addrs[1]));
    world.config.addrs[1].file[1] = 1; /* as a listener of ours has it */
    world.config.addr_count = 2;
    world_start();
    const struct sandbox_plan *plan = sim_sandboxed();
    assert_non_null(plan);
    assert_int_equal(plan->folder, world.server.folder);
    assert_int_equal(plan->path_count, 1);
    assert_string_equal(plan->paths[0], "/run/chatd");
}

static void test_without_pages_and_sockets_no_file_at_all(void **state)
{
    (void)state;
    world_start();
    assert_int_equal(sim_sandboxed()->folder, -1);
    assert_int_equal(sim_sandboxed()->path_count, 0);
}

static void test_nobody_else_unless_it_is_said(void **state)
{
    (void)state;
    world_start();
    assert_int_equal(sim_user(), 0);
}

static void test_another_user_before_the_sandbox(void **state)
{
    (void)state;
    world.config.user = "ann";
    world_start();
    assert_int_equal(sim_user(), 7);
    assert_non_null(sim_sandboxed());
}

static void test_a_user_that_is_not_there_is_a_bad_option(void **state)
{
    (void)state;
    world.config.user = "bob";
    world_fail(SERVER_BAD_OPTION, "--user: \"bob\" is not in /etc/passwd");
    assert_null(sim_sandboxed());
}

static void test_what_the_system_says_to_another_user(void **state)
{
    (void)state;
    world.config.user = "ann";
    sim_fail(SIM_USER_BECOME, 0, 1, EPERM);
    world_fail(SERVER_FAILED, "--user: Operation not permitted");
}

static void test_a_list_of_users_that_cannot_be_read(void **state)
{
    (void)state;
    world.config.user = "ann";
    sim_fail(SIM_USER_FIND, 0, 1, EACCES);
    world_fail(SERVER_FAILED, "--user: /etc/passwd: Permission denied");
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        WORLD_TEST(test_the_start_line_tells_what_was_achieved),
        WORLD_TEST(test_less_is_told_too),
        WORLD_TEST(test_nothing_at_all_is_none),
        WORLD_TEST(test_left_out_it_is_off),
        WORLD_TEST(test_all_of_it_meets_what_is_required),
        WORLD_TEST(test_less_than_required_is_one_sentence),
        WORLD_TEST(test_inside_only_what_is_served_is_left),
        WORLD_TEST(test_without_pages_and_sockets_no_file_at_all),
        WORLD_TEST(test_nobody_else_unless_it_is_said),
        WORLD_TEST(test_another_user_before_the_sandbox),
        WORLD_TEST(test_a_user_that_is_not_there_is_a_bad_option),
        WORLD_TEST(test_what_the_system_says_to_another_user),
        WORLD_TEST(test_a_list_of_users_that_cannot_be_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
