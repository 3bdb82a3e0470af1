/* SPDX-License-Identifier: MIT */
#include "service/health.h"
#include "sim/peer.h"

static void healthy(const char *body)
{
    struct peer *p = peer_connect();
    peer_say(p, "GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n");
    struct peer_response r = peer_response(p, false);
    assert_int_equal(r.status, 200);
    assert_true(bytes_equal(r.body, bytes_of(body)));
    assert_true(bytes_equal(peer_field(&r, "Content-Type"),
                            BYTES_LITERAL("application/json")));
    assert_true(bytes_equal(peer_field(&r, "Cache-Control"),
                            BYTES_LITERAL("no-store")));
    sim_reset(p->connection);
    world_settle();
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

int main(void)
{
    static const struct CMUnitTest tests[] = {
        WORLD_TEST(test_open_websockets_and_rooms_with_members_count),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
