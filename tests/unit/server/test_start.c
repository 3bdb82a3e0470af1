/* SPDX-License-Identifier: MIT */
/*
 * Goal: a start ends in a server that listens, or in one sentence that says why
 * not.
 */
#include "server/start.h"
#include "sim/peer.h"
#include "support/note.h"

#include <errno.h>
#include <stdio.h>

static struct note note;

static void test_the_start_line_tells_what_is_used_for_good(void **state)
{
    (void)state;
    world.config.addrs[1] =
        (struct socket_address){.family = SOCKET_INET, .ip = {127, 0, 0, 1}};
    world.config.addr_count = 2;
    world_start();
    char reserved[64];
    snprintf(reserved, sizeof reserved,
             "reserved=%zu sandbox=", world.server.reserved);
    struct span log = sim_log();
    assert_int_equal(bytes_find(log, '\n'), log.len - 1);
    world_logged(reserved);
}

/* ---- Memory and descriptors ---------------------------------------------- */

static void test_too_little_memory_is_one_sentence(void **state)
{
    (void)state;
    sim_fail(SIM_MEMORY, 0, 1, ENOMEM);
    world_fail(SERVER_FAILED, "not enough memory for these options");
}

static void test_options_beyond_any_address_space_are_refused(void **state)
{
    (void)state;
    world.config.rooms = LIMITS_COUNT_MAX;
    world.config.history = LIMITS_COUNT_MAX;
    world.config.room_log = LIMITS_SIZE_MAX;
    world.config.buffers = LIMITS_COUNT_MAX;
    world.config.max_message = LIMITS_SIZE_MAX / LIMITS_APPEND_PART;
    world_fail(SERVER_FAILED, "not enough memory for these options");
}

static void test_few_open_files_make_few_slots_and_a_warning(void **state)
{
    (void)state;
    sim_limit_files(3 + LIMITS_OTHER_FILES + LIMITS_BESIDES + 6);
    world_start();
    assert_true(world.server.clients.size < world.config.clients);
    assert_true(world.server.clients.size > 0);
    world_logged("level=warn event=warning why=\"the limit of open files is "
                 "too low for --clients\"");
}

static void test_no_open_files_for_clients_is_a_failure(void **state)
{
    (void)state;
    sim_limit_files(20);
    world_fail(SERVER_FAILED,
               "the limit of open files leaves none for clients");
}

/* ---- Files --------------------------------------------------------------- */

static void test_a_folder_that_is_not_there_is_a_bad_option(void **state)
{
    (void)state;
    world.config.static_folder = "nowhere";
    sim_fail(SIM_FOLDER_OPEN, 0, 1, ENOENT);
    world_fail(SERVER_BAD_OPTION,
               "--static: nowhere: No such file or directory");
}

static void test_a_folder_of_no_use_is_one_warning(void **state)
{
    (void)state;
    world.config.static_folder = "folder";
    sim_fail(SIM_FOLDER_CHECK, 0, 1, EPERM);
    world_start();
    world_logged("level=warn event=warning why=\"no file of --static can be "
                 "opened\" error=\"Operation not permitted\"\n");
}

static void
test_a_supervisor_that_cannot_be_reached_is_no_obstacle(void **state)
{
    (void)state;
    world.config.supervised =
        (struct supervise){.notify = "/run/notify", .watchdog = 1000};
    sim_fail(SIM_SUPERVISOR, 0, 1, ENOENT);
    world_start();
    world_pass(5000);
    peer_text(peer_open("/echo"), "it serves");
}

/* ---- Whatever fails ------------------------------------------------------ */

/* The start, with its call number n failing. False when there are fewer. */
static bool start_without(uint64_t n)
{
    uint8_t bytes[256] = "";
    struct text why = text_over(bytes, sizeof bytes - 1);
    world.config.per_ip = 5;
    world.config.static_folder = "folder";
    world.config.user = "ann";
    sim_fail(SIM_ANY, n, 1, ENOMEM);
    int result = world_try(&why);
    if (result != 0) {
        assert_int_equal(bytes_find(bytes_of((char *)bytes), '\n'), why.len);
        assert_true(why.len > 10 && !why.overflow);
        assert_int_equal(sim_connect(0, "192.0.2.1:1"), -1);
    }
    return sim_count(SIM_ANY) > n;
}

static void test_whatever_fails_at_the_start_it_ends_in_a_sentence(void **state)
{
    (void)state;
    for (uint64_t n = 0; start_without(n); n++) {
        note_open(&note, "the start", "failing call", n);
        world_teardown(NULL);
        world_setup(NULL);
        note_close(&note);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        WORLD_TEST(test_the_start_line_tells_what_is_used_for_good),
        WORLD_TEST(test_too_little_memory_is_one_sentence),
        WORLD_TEST(test_options_beyond_any_address_space_are_refused),
        WORLD_TEST(test_few_open_files_make_few_slots_and_a_warning),
        WORLD_TEST(test_no_open_files_for_clients_is_a_failure),
        WORLD_TEST(test_a_folder_that_is_not_there_is_a_bad_option),
        WORLD_TEST(test_a_folder_of_no_use_is_one_warning),
        WORLD_TEST(test_a_supervisor_that_cannot_be_reached_is_no_obstacle),
        WORLD_TEST(test_whatever_fails_at_the_start_it_ends_in_a_sentence),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
