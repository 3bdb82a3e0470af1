/* SPDX-License-Identifier: MIT */
/*
 * Goal: the text has the form that Prometheus reads, and its longest one fits
 * into the buffer that is set aside for it.
 */
#include "service/metrics.h"
#include "support/guard.h"
#include "support/unit.h"

static struct server server;
static char bytes[LIMITS_SCRAPE_SIZE + 1];

static int begin(void **state)
{
    (void)state;
    memset(&server, 0, sizeof server);
    return 0;
}

static const char *written(void)
{
    struct text t = text_over((uint8_t *)bytes, sizeof bytes - 1);
    metrics_write(&t, &server);
    assert_false(t.overflow);
    bytes[t.len] = '\0';
    return bytes;
}

/* True when the text has this whole line. */
static bool has(const char *line)
{
    const char *text = written();
    size_t len = strlen(line);
    for (const char *at = text; (at = strstr(at, line)) != NULL; at++)
        if ((at == text || at[-1] == '\n') && at[len] == '\n')
            return true;
    return false;
}

static void test_values_stand_with_their_labels(void **state)
{
    (void)state;
    server.stats.open[CLIENT_JSON_V1] = 3;
    server.stats.messages_in[CLIENT_ECHO] = UINT64_MAX;
    server.clients.in_state[CLIENT_LINGER] = 2;
    server.leases.slots.count = 5;
    server.draining = true;
    assert_true(has("chatd_websockets{form=\"json-v1\"} 3"));
    assert_true(has("chatd_messages_received_total{form=\"echo\"} "
                    "18446744073709551615"));
    assert_true(has("chatd_connections{state=\"linger\"} 2"));
    assert_true(has("chatd_buffers_in_use{pool=\"message\"} 5"));
    assert_true(has("chatd_draining 1"));
    assert_true(has("# TYPE chatd_websockets gauge"));
}

static void test_closes_that_occurred(void **state)
{
    (void)state;
    assert_null(strstr(written(), "chatd_closes_total{"));
    stats_close(&server.stats, 1013, CAUSE_OVERRUN);
    stats_close(&server.stats, 0, CAUSE_OVERRUN);
    stats_close(&server.stats, 3333, CAUSE_CLOSE);
    stats_close(&server.stats, 4444, CAUSE_CLOSE);
    assert_true(has("chatd_closes_total{code=\"1013\",cause=\"overrun\"} 1"));
    assert_true(has("chatd_closes_total{code=\"1006\",cause=\"overrun\"} 1"));
    assert_true(has("chatd_closes_total{code=\"3xxx\",cause=\"close\"} 1"));
    assert_true(has("chatd_closes_total{code=\"4xxx\",cause=\"close\"} 1"));
    assert_true(has("chatd_evictions_total{cause=\"overrun\"} 2"));
    assert_true(has("chatd_evictions_total{cause=\"no-buffer\"} 0"));
}

static void test_refusals_with_their_reasons(void **state)
{
    (void)state;
    stats_refuse(&server.stats, 403, "a \"quoted\" \\ reason");
    stats_refuse(&server.stats, 0, "dropped");
    server.stats.other_refusals = 7;
    assert_true(has("chatd_refusals_total{status=\"403\","
                    "reason=\"a \\\"quoted\\\" \\\\ reason\"} 1"));
    assert_true(
        has("chatd_refusals_total{status=\"none\",reason=\"dropped\"} 1"));
    assert_true(
        has("chatd_refusals_total{status=\"none\",reason=\"other\"} 7"));
}

static void test_a_histogram_adds_up(void **state)
{
    (void)state;
    stats_time(&server.stats.turn, 50);
    stats_time(&server.stats.turn, 51);
    stats_time(&server.stats.turn, 2000000);
    stats_time(&server.stats.turn, 60000000);
    assert_true(has("chatd_turn_seconds_bucket{le=\"0.00005\"} 1"));
    assert_true(has("chatd_turn_seconds_bucket{le=\"0.0001\"} 2"));
    assert_true(has("chatd_turn_seconds_bucket{le=\"1\"} 2"));
    assert_true(has("chatd_turn_seconds_bucket{le=\"5\"} 3"));
    assert_true(has("chatd_turn_seconds_bucket{le=\"+Inf\"} 4"));
    assert_true(has("chatd_turn_seconds_sum 62.000101"));
    assert_true(has("chatd_turn_seconds_count 4"));
    assert_true(has("chatd_delivery_lag_seconds_count 0"));
}

static void test_the_start_is_in_seconds(void **state)
{
    (void)state;
    server.stats.began = UINT64_C(1795163341123);
    assert_true(has("process_start_time_seconds 1795163341.123"));
    server.stats.began = UINT64_C(1795163341000);
    assert_true(has("process_start_time_seconds 1795163341"));
}

/* Every place of every table used, every number as long as it can be. */
static void test_the_longest_text_fits(void **state)
{
    (void)state;
    static char reason[64];
    memset(reason, '"', sizeof reason - 1); /* each is escaped */
    memset(&server.stats, 0xFF, sizeof server.stats);
    for (size_t i = 0; i < STATS_REFUSALS; i++)
        server.stats.refusals[i] = (struct stats_refusal){
            .why = reason, .status = 431, .count = UINT64_MAX};
    memset(&server.clients.in_state, 0xFF, sizeof server.clients.in_state);
    server.reserved = SIZE_MAX;
    struct text t =
        text_over(guard_before(NULL, LIMITS_SCRAPE_SIZE), LIMITS_SCRAPE_SIZE);
    metrics_write(&t, &server);
    assert_false(t.overflow);
    /* Without much to spare it would soon not. */
    assert_in_range(t.len, 1, LIMITS_SCRAPE_SIZE * 7 / 8);
    guard_free_all();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_values_stand_with_their_labels, begin),
        cmocka_unit_test_setup(test_closes_that_occurred, begin),
        cmocka_unit_test_setup(test_refusals_with_their_reasons, begin),
        cmocka_unit_test_setup(test_a_histogram_adds_up, begin),
        cmocka_unit_test_setup(test_the_start_is_in_seconds, begin),
        cmocka_unit_test_setup(test_the_longest_text_fits, begin),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
