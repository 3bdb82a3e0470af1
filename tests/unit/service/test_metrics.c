/* SPDX-License-Identifier: MIT */
/*
 * Goal: the text has the form that Prometheus reads, and its longest one fits
 * into the buffer that is set aside for it.
 */
#include "service/metrics.h"
#include "sim/peer.h"
#include "support/death.h"
#include "support/guard.h"
#include "support/quick_store.h"
#include "support/unit.h"

static struct server server;
static char bytes[LIMITS_SCRAPE_SIZE + 1];

static int begin(void **state)
{
    (void)state;
    memset(&server, 0, sizeof server);
    server.rooms.store = quick_store(1);
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
    static struct board_bus bus;
    memset(&bus, 0xFF, sizeof bus);
    server.rooms.store.board.bus = &bus;
    struct text t =
        text_over(guard_before(NULL, LIMITS_SCRAPE_SIZE), LIMITS_SCRAPE_SIZE);
    metrics_write(&t, &server);
    assert_false(t.overflow);
    /* Without much to spare it would soon not. */
    assert_in_range(t.len, 1, LIMITS_SCRAPE_SIZE * 7 / 8);
    guard_free_all();
}

static void test_of_several_workers_all_are_added_up(void **state)
{
    (void)state;
    static struct crew_part parts[2];
    static struct addresses none;
    struct crew *c = &server.crew;
    *c = (struct crew){.count = 2, .worker = 1, .slots = 7, .parts = parts};
    c->map = server.rooms.store.map;
    c->board = server.rooms.store.board;
    c->addresses = &none;
    atom_put(&parts[0].gauges[CREW_STATE + CLIENT_OPEN], 10);
    parts[0].stats.accepted = 20;
    parts[0].stats.turn.counts[0] = 30;
    server.clients.in_state[CLIENT_OPEN] = 1;
    server.stats.accepted = 2;
    server.stats.turn.counts[0] = 3;
    server.leases.slots.size = 4;
    c->map.header->used = 1;
    for (uint32_t w = 0; w < 2; w++)
        atom_put(&board_place(&c->board, 0, w)->behind[0], 5 + w);
    assert_true(has("chatd_laggards 11"));
    assert_true(has("chatd_connections{state=\"open\"} 11"));
    assert_true(has("chatd_connections_accepted_total 22"));
    assert_true(has("chatd_turn_seconds_count 33"));
    assert_true(has("chatd_slots 7"));
    assert_true(has("chatd_buffers{pool=\"message\"} 8"));
}

static void test_what_the_bus_tells(void **state)
{
    (void)state;
    static struct board_bus bus;
    static struct propose_ring ring;
    assert_null(strstr(written(), "redis"));
    server.rooms.store.proposals = &ring;
    server.rooms.store.board.bus = &bus;
    assert_true(has("chatd_redis_up 0"));
    struct atom *const atoms[] = {
        &bus.state, &bus.in_flight, &bus.lag,  &bus.connects, &bus.gaps,
        &bus.lost,  &bus.swept,     &bus.away, &bus.proposed, &bus.heard};
    for (uint32_t i = 0; i < UNIT_COUNT(atoms); i++)
        atom_put(atoms[i], i + 1);
    assert_true(has("chatd_redis_up 1"));
    assert_true(has("chatd_redis_in_flight 2"));
    assert_true(has("chatd_redis_lag_seconds 0.000003"));
    assert_true(has("chatd_redis_connects_total 4"));
    assert_true(has("chatd_redis_gaps_total 5"));
    assert_true(has("chatd_redis_lost_total 6"));
    assert_true(has("chatd_redis_swept_total 7"));
    assert_true(has("chatd_redis_away_seconds_total 8"));
    assert_true(has("chatd_redis_sent_total 9"));
    assert_true(has("chatd_redis_heard_total 10"));
}

/* ---- What cannot be ------------------------------------------------------ */

static void ask_with_all_buffers_taken(void *context)
{
    while (lease_take(&world.server.scrapes, 0, 0, 0) != LEASE_NONE)
        ;
    peer_say(context, "\r\n");
}

static void ask_with_a_short_buffer(void *context)
{
    world.server.scrapes.size = 1000;
    peer_say(context, "\r\n");
}

static void test_a_buffer_too_few_or_too_short_stops_the_process(void **state)
{
    (void)state;
    world.config.has_metrics = true;
    world.config.metrics = (struct socket_address){SOCKET_ANY, .port = 9};
    world_start();
    struct peer *p = peer_of(sim_connect(1, "192.0.2.9:9"));
    peer_say(p, "GET /metrics HTTP/1.1\r\nHost: a\r\n");
    assert_true(death_by_check(ask_with_all_buffers_taken, p));
    assert_true(death_by_check(ask_with_a_short_buffer, p));
    peer_say(p, "\r\n");
    peer_answered(p, 200);
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
        cmocka_unit_test_setup(test_of_several_workers_all_are_added_up, begin),
        cmocka_unit_test_setup(test_what_the_bus_tells, begin),
        WORLD_TEST(test_a_buffer_too_few_or_too_short_stops_the_process),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
