/* SPDX-License-Identifier: MIT */
#include "service/health.h"
#include "sim/peer.h"
#include "sim/standin.h"

static void asked(struct peer *p, const char *path, unsigned status,
                  const char *body)
{
    peer_add(p, BYTES_LITERAL("GET "));
    peer_add(p, bytes_of(path));
    peer_say(p, " HTTP/1.1\r\nHost: a\r\n\r\n");
    struct peer_response r = peer_response(p, false);
    assert_int_equal(r.status, status);
    assert_true(bytes_equal(r.body, bytes_of(body)));
    assert_true(bytes_equal(peer_field(&r, "Content-Type"),
                            BYTES_LITERAL("application/json")));
    assert_true(bytes_equal(peer_field(&r, "Cache-Control"),
                            BYTES_LITERAL("no-store")));
    sim_reset(p->connection);
    world_settle();
}

static void healthy(const char *body)
{
    asked(peer_connect(), "/healthz", 200, body);
    asked(peer_connect(), "/readyz", 200, body);
}

static void test_open_websockets_and_rooms_with_members_count(void **state)
{
    (void)state;
    world_start();
    healthy("{\"status\":\"ok\",\"clients\":0,\"rooms\":0}");
    peer_open("/echo");
    peer_open("/chat/x");
    struct peer *ann = peer_open("/ws/y");
    peer_connect();
    healthy("{\"status\":\"ok\",\"clients\":3,\"rooms\":2}");
    peer_close(ann, 1000); /* it lingers */
    healthy("{\"status\":\"ok\",\"clients\":2,\"rooms\":1}");
}

static struct peer *scraper(void)
{
    return peer_of(sim_connect(1, "192.0.2.50:1"));
}

static void test_who_is_full_is_healthy_and_not_ready(void **state)
{
    static const char full[] =
        "{\"status\":\"full\",\"clients\":8,\"rooms\":0}";
    static const char ok[] = "{\"status\":\"ok\",\"clients\":8,\"rooms\":0}";
    (void)state;
    world.config.has_metrics = true;
    world.config.metrics = (struct socket_address){SOCKET_ANY, .port = 9};
    world_start();
    struct peer *last = NULL;
    for (uint32_t i = 0; i < world.config.clients; i++)
        last = peer_open("/echo");
    asked(peer_connect(), "/healthz", 200, ok);
    asked(peer_connect(), "/readyz", 503, full);
    asked(scraper(), "/healthz", 200, ok);
    asked(scraper(), "/readyz", 503, full);
    sim_reset(last->connection);
    world_settle();
    healthy("{\"status\":\"ok\",\"clients\":7,\"rooms\":0}");
}

static void test_who_asks_and_who_is_idle_take_no_slot_of_it(void **state)
{
    static const char ok[] = "{\"status\":\"ok\",\"clients\":7,\"rooms\":0}";
    (void)state;
    world.config.has_metrics = true;
    world.config.metrics = (struct socket_address){SOCKET_ANY, .port = 9};
    world_start();
    for (uint32_t i = 0; i < world.config.clients - 1; i++)
        peer_open("/echo");
    struct peer *idle = peer_connect();
    peer_say(idle, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    peer_answered(idle, 200);
    asked(scraper(), "/readyz", 200, ok);
    asked(idle, "/readyz", 200, ok);
}

static void test_who_drains_is_neither(void **state)
{
    static const char body[] =
        "{\"status\":\"draining\",\"clients\":0,\"rooms\":0}";
    (void)state;
    world_start();
    struct peer *healthz = peer_connect(), *readyz = peer_connect();
    struct peer *slow = peer_open("/echo");
    sim_set_window(slow->connection, 0);
    sim_signal(SIGNALS_STOP);
    world_turn();
    asked(healthz, "/healthz", 503, body);
    asked(readyz, "/readyz", 503, body);
}

static void test_of_several_workers_all_count(void **state)
{
    (void)state;
    world_start_in_crew(3);
    struct crew_part *parts = world.server.crew.parts;
    atom_put(&parts[1].gauges[CREW_STATE + CLIENT_OPEN], 10);
    atom_put(&parts[2].gauges[CREW_STATE + CLIENT_OPEN], 100);
    peer_open("/ws/y");
    healthy("{\"status\":\"ok\",\"clients\":111,\"rooms\":1}");
}

static void test_redis_may_be_away(void **state)
{
    (void)state;
    standin_start();
    static const char here[] = "{\"status\":\"ok\",\"clients\":0,\"rooms\":0,"
                               "\"redis\":\"here\"}";
    asked(peer_connect(), "/healthz", 200, here);
    asked(peer_connect(), "/readyz", 200, here);
    standin_set_here(false);
    asked(peer_connect(), "/healthz", 200,
          "{\"status\":\"ok\",\"clients\":0,\"rooms\":0,\"redis\":\"away\"}");
    asked(peer_connect(), "/readyz", 503,
          "{\"status\":\"away\",\"clients\":0,\"rooms\":0,"
          "\"redis\":\"away\"}");
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        WORLD_TEST(test_open_websockets_and_rooms_with_members_count),
        WORLD_TEST(test_who_is_full_is_healthy_and_not_ready),
        WORLD_TEST(test_who_asks_and_who_is_idle_take_no_slot_of_it),
        WORLD_TEST(test_who_drains_is_neither),
        WORLD_TEST(test_of_several_workers_all_count),
        STANDIN_TEST(test_redis_may_be_away),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
