/* SPDX-License-Identifier: MIT */
/*
 * The model of Redis against what a real one answered: the vectors that
 * resp/record.py has recorded, and what redis-server 7.0.15 says besides.
 */
#include "bus/redis.h"
#include "support/unit.h"
#include "vectors/resp/redis.h"

#include <stdio.h>

#define E "4611686018427387904"

static struct redis r, other;
static struct redis_client *c, *d;
static uint64_t now;

static int setup(void **state)
{
    (void)state;
    redis_start(&r, REDIS_SEVEN, 1);
    redis_start(&other, REDIS_SEVEN, 2);
    c = redis_connect(&r);
    d = redis_connect(&r);
    now = 1000;
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    redis_release(c);
    redis_release(d);
    redis_end(&r);
    redis_end(&other);
    redis_forget();
    return 0;
}

/* ---- Asking -------------------------------------------------------------- */

/* Words, with a space between each two. */
static void send(struct redis_client *from, const char *words)
{
    struct buffer b = {0};
    struct span left = bytes_of(words);
    size_t count = 1;
    for (size_t i = 0; words[i]; i++)
        count += words[i] == ' ';
    buffer_string(&b, "*");
    buffer_decimal(&b, count);
    for (; count > 0; count--) {
        struct span word = bytes_cut(&left, ' ');
        buffer_string(&b, "\r\n$");
        buffer_decimal(&b, word.len);
        buffer_string(&b, "\r\n");
        buffer_put(&b, word);
    }
    buffer_string(&b, "\r\n");
    redis_send(from, buffer_span(&b));
    buffer_free(&b);
}

static void turn(uint64_t passed)
{
    now += passed;
    do
        redis_turn(&r, now, 1000000 + now);
    while (!redis_is_idle(&r) && now >= r.trouble.paused);
}

/* What was said meanwhile. */
static const char *told(struct redis_client *from)
{
    static char text[4096];
    struct span s = buffer_span(&from->out);
    assert_true(s.len < sizeof text);
    if (s.len)
        memcpy(text, s.ptr, s.len);
    text[s.len] = '\0';
    buffer_take(&from->out, s.len);
    return text;
}

static const char *ask_by(struct redis_client *from, const char *words)
{
    send(from, words);
    turn(0);
    return told(from);
}

static const char *ask(const char *words)
{
    return ask_by(c, words);
}

static const struct resp_vector *vector_of(const char *name)
{
    for (size_t i = 0; i < UNIT_COUNT(resp_redis_vectors); i++)
        if (strcmp(resp_redis_vectors[i].name, name) == 0)
            return &resp_redis_vectors[i];
    fail_msg("no vector %s", name);
    return NULL;
}

static void says_as_recorded(struct redis_client *from, const char *name,
                             const char *words)
{
    const struct resp_vector *v = vector_of(name);
    send(from, words);
    turn(0);
    struct span s = buffer_span(&from->out);
    if (s.len != v->len || memcmp(s.ptr, v->bytes, s.len) != 0)
        fail_msg("%s: %.*s", name, (int)s.len, (const char *)s.ptr);
    buffer_take(&from->out, s.len);
}

/* ---- What it says -------------------------------------------------------- */

static void test_it_says_what_a_real_one_said(void **state)
{
    (void)state;
    says_as_recorded(c, "PING", "PING");
    says_as_recorded(c, "CLIENT KILL of nobody", "CLIENT KILL ID 99");
    says_as_recorded(c, "XADD NOMKSTREAM to nothing",
                     "XADD tea NOMKSTREAM " E "-* m a");
    says_as_recorded(c, "XADD", "XADD tea " E "-* m first");
    says_as_recorded(c, "XADD once more",
                     "XADD tea NOMKSTREAM MAXLEN ~ 1000 " E "-* m b");
    says_as_recorded(c, "EXPIRE", "EXPIRE tea 86400");
    says_as_recorded(c, "XREAD of nothing new",
                     "XREAD COUNT 3 STREAMS tea " E "-2");
    says_as_recorded(c, "XRANGE", "XRANGE tea " E "-0 " E "-0");
    says_as_recorded(c, "XRANGE of nothing", "XRANGE none - +");
    ask("XADD mate 1-1 m x");
    says_as_recorded(c, "XADD with the same id", "XADD mate 1-1 m x");
    says_as_recorded(c, "XADD of an epoch that is over", "XADD tea 7-* m x");
    says_as_recorded(c, "an id that is none", "XADD tea x-y m x");
    r.trouble.out_of_memory = UINT64_MAX;
    says_as_recorded(c, "OOM", "XADD tea * m x");
    r.trouble.out_of_memory = 0;
    redis_demote(&r, &r);
    says_as_recorded(c, "READONLY", "XADD tea * m x");
    r.user = "u", r.password = "pw";
    d->is_known = false;
    says_as_recorded(d, "NOAUTH", "PING");
    says_as_recorded(d, "WRONGPASS", "AUTH u other");
    says_as_recorded(d, "AUTH", "AUTH u pw");
    says_as_recorded(d, "PING", "PING");
}

static void test_it_says_what_was_tried_by_hand(void **state)
{
    static const struct {
        const char *words, *said;
    } tried[] = {
        {"XADD k 0-* m x", "$3\r\n0-1\r\n"},
        {"XADD k2 5-18446744073709551615 m x",
         "$22\r\n5-18446744073709551615\r\n"},
        {"XADD k2 5-* m x", "-ERR Elements are too large to be stored\r\n"},
        {"XADD k2 0-0 m x",
         "-ERR The ID specified in XADD must be greater than 0-0\r\n"},
        {"XADD k2 NOMKSTREAM MAXLEN ~ 10 6-* m",
         "-ERR wrong number of arguments for 'xadd' command\r\n"},
        {"XREAD STREAMS k2 k 5",
         "-ERR Unbalanced XREAD list of streams: for each stream key an ID or "
         "'$' must be specified.\r\n"},
        {"XRANGE k2 + -", "*0\r\n"},
        {"EXPIRE nope 5", ":0\r\n"},
        {"FOO", "-ERR unknown command 'FOO', with args beginning with: \r\n"},
        {"XADD k2 5 m x", "-ERR The ID specified in XADD is equal or smaller "
                          "than the target stream top item\r\n"},
        {"CLIENT KILL ID 0", "-ERR client-id should be greater than 0\r\n"},
        {"AUTH x", "-ERR AUTH <password> called without any password "
                   "configured for the default user. Are you sure your "
                   "configuration is correct?\r\n"},
        {"AUTH a b", "-WRONGPASS invalid username-password pair or user is "
                     "disabled.\r\n"},
        {"AUTH default zz", "+OK\r\n"},
    };
    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(tried); i++)
        assert_string_equal(ask(tried[i].words), tried[i].said);
}

static void test_an_older_one_knows_no_next_number(void **state)
{
    (void)state;
    r.kind = REDIS_SIX;
    says_as_recorded(c, "an id that is none", "XADD tea 7-* m x");
    assert_non_null(strstr(ask("INFO server"), "redis_version:6."));
}

static void test_what_is_no_redis_says_something_else(void **state)
{
    (void)state;
    r.kind = REDIS_OTHER;
    assert_string_equal(
        ask("INFO"),
        "-ERR unknown command 'INFO', with args beginning with: \r\n");
    r.kind = REDIS_HTTP;
    assert_string_equal(ask("INFO"), "HTTP/1.1 400 Bad Request\r\n\r\n");
    assert_true(c->is_closed);
}

static void test_info_tells_who_it_is(void **state)
{
    char expect[80];
    (void)state;
    const char *info = ask("INFO server");
    assert_non_null(strstr(info, "redis_version:7.0.15\r\n"));
    snprintf(expect, sizeof expect, "\r\nrun_id:%s\r\n", r.run_id);
    assert_non_null(strstr(info, expect));
    assert_null(strstr(info, "master_replid:"));
    info = ask("INFO server replication");
    assert_non_null(strstr(info, "run_id:"));
    assert_non_null(strstr(info, "\r\nrole:master\r\n"));
    snprintf(expect, sizeof expect, "\r\nmaster_replid:%s\r\n", r.replid);
    assert_non_null(strstr(info, expect));
    assert_non_null(strstr(ask("CLIENT INFO"), "id=3 addr=127.0.0.1:40003 "));
}

/* ---- Streams ------------------------------------------------------------- */

static void test_numbers_go_on_in_an_epoch_and_begin_in_the_next(void **state)
{
    (void)state;
    assert_string_equal(ask("XADD tea 7-* m x"), "$3\r\n7-0\r\n");
    assert_string_equal(ask("XADD tea 7-* m x"), "$3\r\n7-1\r\n");
    assert_string_equal(ask("XADD tea 9-* m x"), "$3\r\n9-0\r\n");
}

static void test_old_entries_go_in_whole_nodes(void **state)
{
    char words[64];
    (void)state;
    for (int i = 0; i < 450; i++) {
        snprintf(words, sizeof words, "XADD tea MAXLEN ~ 120 7-* m %d", i);
        ask(words);
    }
    const struct redis_stream *s = redis_find(&r, BYTES_LITERAL("tea"));
    assert_int_equal(s->first, 300);
    assert_non_null(strstr(ask("XRANGE tea - + COUNT 1"), "7-300"));
    assert_non_null(strstr(ask("XREVRANGE tea + - COUNT 1"), "7-449"));
    assert_non_null(strstr(ask("XREAD COUNT 1 STREAMS tea 7-5"), "7-300"));
}

static void test_who_blocks_is_told_when_there_is_something(void **state)
{
    (void)state;
    assert_string_equal(ask("XREAD BLOCK 500 STREAMS tea 0-0"), "");
    send(c, "PING"); /* behind it */
    turn(499);
    assert_string_equal(told(c), "");
    ask_by(d, "XADD tea 7-* m x");
    assert_string_equal(told(c),
                        "*1\r\n*2\r\n$3\r\ntea\r\n*1\r\n*2\r\n$3\r\n7-0\r\n"
                        "*2\r\n$1\r\nm\r\n$1\r\nx\r\n+PONG\r\n");
    assert_string_equal(ask("XREAD BLOCK 500 STREAMS tea 7-0"), "");
    turn(500);
    assert_string_equal(told(c), "*-1\r\n");
}

static void test_a_key_is_gone_in_its_time(void **state)
{
    (void)state;
    ask("XADD tea 7-* m x");
    ask("EXPIRE tea 10");
    turn(9999);
    assert_string_equal(ask("XADD tea NOMKSTREAM 7-* m x"), "$3\r\n7-1\r\n");
    turn(1);
    assert_string_equal(ask("XRANGE tea - +"), "*0\r\n");
    assert_string_equal(ask("XADD tea NOMKSTREAM 7-* m x"), "$-1\r\n");
    assert_string_equal(ask("XADD tea 7-* m x"), "$3\r\n7-0\r\n"); /* again! */
}

static void test_the_value_of_an_entry_is_found(void **state)
{
    (void)state;
    ask("XADD tea 7-* m hello");
    assert_true(bytes_equal(redis_value(r.log.ops[0]), BYTES_LITERAL("hello")));
}

/* ---- Clients ------------------------------------------------------------- */

static void test_what_is_under_way_comes_late_unless_it_is_killed(void **state)
{
    (void)state;
    c->is_gone = true;
    send(c, "XADD tea 7-* m late");
    turn(0);
    assert_int_equal(r.log.count, 1);
    assert_int_equal(buffer_len(&c->out), 0);
    assert_string_equal(ask_by(d, "CLIENT KILL ID 3 ADDR 127.0.0.1:1"),
                        ":0\r\n");
    assert_string_equal(ask_by(d, "CLIENT KILL ID 3 ADDR 127.0.0.1:40003"),
                        ":1\r\n");
    assert_int_equal(r.strangers, 0);
    send(c, "XADD tea 7-* m late");
    turn(0);
    assert_int_equal(r.log.count, 1);
}

static void test_who_kills_a_stranger_is_counted(void **state)
{
    (void)state;
    ask_by(d, "CLIENT KILL ID 3 ADDR 127.0.0.1:40003");
    assert_int_equal(r.strangers, 1);
    assert_true(c->is_closed);
    r.trouble.refuses_kill = true;
    assert_string_equal(ask_by(d, "CLIENT KILL ID 3"),
                        "-NOPERM this user has no permissions to run the "
                        "'client|kill' command\r\n");
}

static void test_half_a_command_waits(void **state)
{
    (void)state;
    redis_send(c, BYTES_LITERAL("*1\r\n$4\r\nPI"));
    turn(0);
    assert_string_equal(told(c), "");
    redis_send(c, BYTES_LITERAL("NG\r\n"));
    turn(0);
    assert_string_equal(told(c), "+PONG\r\n");
}

/* ---- Servers ------------------------------------------------------------- */

static void add_three(void)
{
    ask("XADD tea 7-* m a");
    ask("XADD tea 7-* m b");
    ask("XADD tea 7-* m c");
}

static void test_a_restart_is_another_process_and_another_life(void **state)
{
    char run_id[41], replid[41];
    (void)state;
    memcpy(run_id, r.run_id, sizeof run_id);
    memcpy(replid, r.replid, sizeof replid);
    add_three();
    redis_restart(&r, 2);
    assert_true(c->is_closed && d->is_closed);
    assert_string_not_equal(r.run_id, run_id);
    assert_string_not_equal(r.replid, replid);
    redis_release(c);
    c = redis_connect(&r);
    assert_int_equal(c->id, 3);
    assert_string_equal(ask("XADD tea 7-* m d"), "$3\r\n7-1\r\n");
    redis_restart(&r, 0);
    assert_int_equal(r.log.count, 2);
}

static void test_two_masters_go_their_own_ways(void **state)
{
    char run_id[41], replid[41];
    (void)state;
    add_three();
    memcpy(run_id, other.run_id, sizeof run_id);
    memcpy(replid, other.replid, sizeof replid);
    redis_promote(&other, &r, 1);
    assert_string_equal(other.run_id, run_id);
    assert_string_not_equal(other.replid, replid);
    assert_string_equal(ask("XADD tea 7-* m d"), "$3\r\n7-3\r\n");
    assert_int_equal(other.log.count, 2);
    send(d, "XREAD BLOCK 0 STREAMS bell 0-0");
    turn(0);
    redis_demote(&r, &other);
    assert_int_equal(r.log.count, 2);
    assert_string_equal(r.replid, other.replid);
    assert_memory_equal(told(d), vector_of("UNBLOCKED")->bytes, 60);
    assert_true(d->is_closed && !c->is_closed);
    assert_non_null(strstr(ask("INFO replication"), "role:slave"));
}

static void test_troubles_pass(void **state)
{
    (void)state;
    r.trouble.loading = now + 100;
    assert_string_equal(ask("XRANGE tea - +"),
                        "-LOADING Redis is loading the dataset in memory\r\n");
    assert_non_null(strstr(ask("INFO"), "loading:1"));
    turn(100);
    assert_string_equal(ask("XRANGE tea - +"), "*0\r\n");
    r.trouble.paused = now + 100;
    assert_string_equal(ask("PING"), "");
    turn(100);
    assert_string_equal(told(c), "+PONG\r\n");
    ask("XADD tea 7-* m a");
    redis_flush(&r);
    assert_string_equal(ask("XADD tea NOMKSTREAM 7-* m a"), "$-1\r\n");
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
#define ONE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
        ONE(test_it_says_what_a_real_one_said),
        ONE(test_it_says_what_was_tried_by_hand),
        ONE(test_an_older_one_knows_no_next_number),
        ONE(test_what_is_no_redis_says_something_else),
        ONE(test_info_tells_who_it_is),
        ONE(test_numbers_go_on_in_an_epoch_and_begin_in_the_next),
        ONE(test_old_entries_go_in_whole_nodes),
        ONE(test_who_blocks_is_told_when_there_is_something),
        ONE(test_a_key_is_gone_in_its_time),
        ONE(test_the_value_of_an_entry_is_found),
        ONE(test_what_is_under_way_comes_late_unless_it_is_killed),
        ONE(test_who_kills_a_stranger_is_counted),
        ONE(test_half_a_command_waits),
        ONE(test_a_restart_is_another_process_and_another_life),
        ONE(test_two_masters_go_their_own_ways),
        ONE(test_troubles_pass),
#undef ONE
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
