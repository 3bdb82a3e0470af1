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

static void test_the_start_line_tells_the_version(void **state)
{
    (void)state;
    world_start();
    world_logged(" event=start version=");
}

/* ---- Memory and descriptors ---------------------------------------------- */

/* The start fails, and tells how much it wanted. */
static void assert_wants_too_much(void)
{
    uint8_t bytes[100] = "";
    char sentence[100];
    struct text why = text_over(bytes, sizeof bytes - 1);
    assert_int_equal(world_try(&why), SERVER_FAILED);
    snprintf(sentence, sizeof sentence,
             "not enough memory for these options: bytes wanted: %zu",
             start_measure(&world.server));
    assert_string_equal(bytes, sentence);
}

static void test_too_little_memory_is_one_sentence(void **state)
{
    (void)state;
    sim_fail(SIM_MEMORY, 0, 1, ENOMEM);
    assert_wants_too_much();
}

static void test_options_beyond_any_address_space_are_refused(void **state)
{
    (void)state;
    world.config.rooms = LIMITS_COUNT_MAX;
    world.config.history = LIMITS_COUNT_MAX;
    world.config.room_log = LIMITS_SIZE_MAX;
    world.config.buffers = LIMITS_COUNT_MAX;
    world.config.max_message = LIMITS_SIZE_MAX / LIMITS_APPEND_PART;
    assert_wants_too_much();
}

/* Their sum is no number of this machine's. */
static void test_options_beyond_any_number_are_refused(void **state)
{
    (void)state;
    world.config.rooms = 4;
    world.config.room_log = SIZE_MAX / 4;
    world_fail(SERVER_FAILED, "not enough memory for these options");
    assert_int_equal(sim_count(SIM_MEMORY), 0);
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

static void test_a_quiet_log_is_told_of_no_limit(void **state)
{
    (void)state;
    world.config.level = LEVEL_ERROR;
    sim_limit_files(3 + LIMITS_OTHER_FILES + LIMITS_BESIDES + 6);
    world_start();
    assert_true(world.server.clients.size < world.config.clients);
    assert_int_equal(sim_log().len, 0);
}

static void test_no_open_files_for_clients_is_a_failure(void **state)
{
    (void)state;
    sim_limit_files(20);
    world_fail(SERVER_FAILED,
               "the limit of open files leaves none for clients: 20");
}

static void test_variables_that_are_no_option_are_one_warning(void **state)
{
    (void)state;
    world.config.unknown = BYTES_LITERAL("CHATD_CLINETS");
    world_start();
    world_logged("level=warn event=warning why=\"no such option\" "
                 "environment=CHATD_CLINETS\n");
}

static void
test_variables_that_are_no_option_leave_a_quiet_log_quiet(void **state)
{
    (void)state;
    world.config.unknown = BYTES_LITERAL("CHATD_CLINETS");
    world.config.level = LEVEL_ERROR;
    world_start();
    assert_int_equal(sim_log().len, 0);
}

static void test_keys_that_others_can_read_are_one_warning(void **state)
{
    (void)state;
    world.config.keys_readable = true;
    world_start();
    world_logged("level=warn event=warning why=\"others can read the file of "
                 "--token-key\"\n");
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
    world_logged("level=error event=warning why=\"no file of --static can be "
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

/* ---- Another user, and the sandbox --------------------------------------- */

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
    world_fail(SERVER_FAILED, "--require-sandbox: this system lacks "
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
    world_fail(SERVER_FAILED, "--user: setgroups: Operation not permitted");
}

static void test_a_list_of_users_that_cannot_be_read(void **state)
{
    (void)state;
    world.config.user = "ann";
    sim_fail(SIM_USER_FIND, 0, 1, EACCES);
    world_fail(SERVER_FAILED, "--user: /etc/passwd: Permission denied");
}

/* ---- A worker's ---------------------------------------------------------- */

static void test_a_workers_sandbox_has_no_files_to_remove(void **state)
{
    (void)state;
    assert_true(
        socket_parse(bytes_of("unix:/run/chatd"), &world.config.addrs[1]));
    world.config.addr_count = 2;
    world_start_in_crew(2);
    assert_int_equal(sim_sandboxed()->path_count, 0);
    assert_false(sim_sandboxed()->keeps);
    assert_int_equal(sim_sandboxed()->bell_count, 3);
    assert_true(world.server.listeners[1].shared);
    assert_false(world.server.listeners[0].shared);
    /* And it removes none: that is the keeper's. */
    atom_put(&world.server.crew.common->stop, 1);
    world_settle();
    assert_true(world.server.listeners[1].fd < 0);
    assert_int_equal(sim_socket_files(), 1);
}

/* The worker begins again, as *again, and comes as far as this call. */
static void assert_no_successor(struct server *again, enum sim_call call,
                                int error, const char *sentence)
{
    uint8_t bytes[256];
    struct text why = text_over(bytes, sizeof bytes);
    const int none[SERVER_LISTENERS] = {-1};
    *again = world.server;
    again->listener_count = 0;
    again->spare = -1;
    sim_fail(call, 0, 1, error);
    assert_int_equal(start_worker(again, 0, none, &why), SERVER_FAILED);
    assert_true(bytes_begins(text_span(&why), bytes_of(sentence)));
    /* As the end of the process does. */
    if (again->reactor >= 0)
        socket_close(again->reactor);
    if (again->spare >= 0)
        socket_close(again->spare);
}

static void test_a_successor_goes_on_with_what_was_counted(void **state)
{
    (void)state;
    world.config.has_metrics = true;
    world.config.metrics =
        (struct socket_address){.family = SOCKET_ANY, .port = 6869};
    world_start_in_crew(2);
    struct crew_part *part = &world.server.crew.parts[0];
    uint64_t began = world.server.stats.began;
    part->stats.accepted = 77;
    part->stats.began = 1;
    struct server again;
    assert_no_successor(&again, SIM_REACTOR_OPEN, EMFILE, "no epoll");
    assert_int_equal(again.stats.accepted, 77);
    assert_int_equal(again.stats.began, began);
}

static void test_a_successor_without_a_bell_says_so(void **state)
{
    (void)state;
    world.config.per_ip = 2;
    world_start_in_crew(2);
    struct server again;
    assert_no_successor(&again, SIM_REACTOR_ADD, ENOMEM, "no eventfd");
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        WORLD_TEST(test_the_start_line_tells_what_is_used_for_good),
        WORLD_TEST(test_the_start_line_tells_the_version),
        WORLD_TEST(test_too_little_memory_is_one_sentence),
        WORLD_TEST(test_options_beyond_any_address_space_are_refused),
        WORLD_TEST(test_options_beyond_any_number_are_refused),
        WORLD_TEST(test_few_open_files_make_few_slots_and_a_warning),
        WORLD_TEST(test_a_quiet_log_is_told_of_no_limit),
        WORLD_TEST(test_no_open_files_for_clients_is_a_failure),
        WORLD_TEST(test_variables_that_are_no_option_are_one_warning),
        WORLD_TEST(test_variables_that_are_no_option_leave_a_quiet_log_quiet),
        WORLD_TEST(test_keys_that_others_can_read_are_one_warning),
        WORLD_TEST(test_a_folder_that_is_not_there_is_a_bad_option),
        WORLD_TEST(test_a_folder_of_no_use_is_one_warning),
        WORLD_TEST(test_a_supervisor_that_cannot_be_reached_is_no_obstacle),
        WORLD_TEST(test_whatever_fails_at_the_start_it_ends_in_a_sentence),
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
        WORLD_TEST(test_a_workers_sandbox_has_no_files_to_remove),
        WORLD_TEST(test_a_successor_goes_on_with_what_was_counted),
        WORLD_TEST(test_a_successor_without_a_bell_says_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
