/* SPDX-License-Identifier: MIT */
/*
 * Goal: what is posted is one message, whole and once, or nothing, and the
 * answer says which; a buffer is held no longer than a half is there.
 */
#include "server/post.h"
#include "sim/peer.h"
#include "support/note.h"

#include <stdio.h>

#define HOST  "Host: a.example\r\n"
#define THREE "Content-Length: 3\r\n"
#define GET   "GET /style.css HTTP/1.1\r\n" HOST "\r\n"

static struct note note;

static uint32_t leases(void)
{
    return world.server.leases.slots.count;
}

/* Assert that this is the answer of a message that was published. */
static void is_message(const struct peer_response *r, unsigned number)
{
    char body[64];
    int len = snprintf(
        body, sizeof body, "{\"id\":\"%llx-%u\"}\n",
        (unsigned long long)world.server.rooms.table[0].history.last.epoch,
        number);
    assert_int_equal(r->status, 200);
    assert_true(bytes_equal(r->body, bytes_span(body, (size_t)len)));
}

static void posted(struct peer *p, unsigned number)
{
    struct peer_response r = peer_response(p, false);
    is_message(&r, number);
}

static void push(struct peer *p, struct span bytes)
{
    assert_int_equal(sim_write(p->connection, bytes), bytes.len);
    world_settle();
}

/* ---- In pieces ----------------------------------------------------------- */

static const char conversation[] =
    GET "POST /chat/x?name=Ann HTTP/1.1\r\n" HOST
        "Content-Length: 9\r\nExpect: 100-continue\r\n\r\n"
        "GET / \r\n\xC3" /* no request, and no whole character */
        "POST /ws/x HTTP/1.1\r\n" HOST "Content-Length: 0\r\n\r\n"
        "POST /chat/x HTTP/1.1\r\n" HOST "Content-Length: 4, 4\r\n"
        "Content-Type: Application/Octet-Stream ; a=b\r\n\r\n\0\1\2\3" GET;

/* The answers in their order; a 100 may be before the first post's. */
static void read_conversation(struct peer *p)
{
    assert_int_equal(peer_response(p, false).status, 200);
    struct peer_response r = peer_response(p, true);
    if (r.status == 100)
        r = peer_response(p, false);
    assert_int_equal(r.status, 400);
    posted(p, 1);
    posted(p, 2);
    assert_int_equal(peer_response(p, false).status, 200);
    peer_told_nothing(p);
}

static void test_posts_may_be_cut_anywhere(void **state)
{
    const size_t len = sizeof conversation - 1;
    struct span all = bytes_span(conversation, len);
    (void)state;
    world_start();
    for (size_t cut = 0; cut <= len; cut++) {
        note_open(&note, "pipelined posts", "cut at", cut);
        struct peer *bob = peer_open("/chat/x"), *ann = peer_connect();
        push(ann, bytes_part(all, 0, cut));
        push(ann, bytes_part(all, cut, len - cut));
        assert_int_equal(leases(), 0);
        peer_told(bob, "text \nbinary \\x00\\x01\\x02\\x03\n");
        assert_int_equal(world.server.stats.posted, 2);
        note_close(&note);
        world_again();
    }
}

/* Whatever is cut: 100 is answered once, when the head is there. */
static void test_who_expects_100_is_told_to_go_on(void **state)
{
    static const char head[] =
        "POST /chat/x HTTP/1.1\r\n" HOST THREE "Expect: 100-Continue\r\n\r\n";
    (void)state;
    world_start();
    for (size_t cut = 0; cut < sizeof head; cut++) {
        note_open(&note, "a head that expects", "cut at", cut);
        struct peer *ann = peer_connect();
        push(ann, bytes_span(head, cut));
        push(ann, bytes_span(head + cut, sizeof head - 1 - cut));
        struct peer_response r = peer_response(ann, true);
        assert_int_equal(r.status, 100);
        assert_int_equal(r.head.len, 25);
        peer_told_nothing(ann);
        peer_say(ann, "yes");
        posted(ann, 1);
        note_close(&note);
        world_again();
    }
}

static void test_posts_may_come_byte_by_byte(void **state)
{
    const size_t len = sizeof conversation - 1;
    (void)state;
    world_start();
    struct peer *bob = peer_open("/chat/x"), *ann = peer_connect();
    for (size_t i = 0; i < len; i++) {
        push(ann, bytes_span(conversation + i, 1));
        assert_true(leases() <= 1);
    }
    assert_int_equal(leases(), 0);
    read_conversation(ann);
    peer_told(bob, "text \nbinary \\x00\\x01\\x02\\x03\n");
}

static void test_half_a_post_reaches_nobody(void **state)
{
    static const char post[] = "POST /chat/x HTTP/1.1\r\n" HOST THREE "\r\nyes";
    (void)state;
    world_start();
    struct peer *bob = peer_open("/chat/x");
    for (size_t len = 0; len < sizeof post - 1; len++) {
        for (unsigned way = 0; way < 3; way++) {
            note_open(&note, "half a post", "bytes", len);
            struct peer *ann = peer_connect();
            push(ann, bytes_span(post, len));
            if (way == 0)
                sim_reset(ann->connection);
            else if (way == 1)
                sim_close(ann->connection);
            else
                sim_shut(ann->connection);
            world_settle();
            assert_int_equal(leases(), 0);
            peer_told_nothing(bob);
            note_close(&note);
        }
    }
    assert_int_equal(world.server.stats.posted, 0);
}

/* The end of its stream does not take it back. */
static void test_who_posts_and_shuts_is_answered(void **state)
{
    (void)state;
    world_start();
    struct peer *bob = peer_open("/chat/x"), *ann = peer_connect();
    peer_push_text(bob, "first");
    sim_write(ann->connection,
              BYTES_LITERAL("POST /chat/x HTTP/1.1\r\n" HOST THREE "\r\nyes"));
    sim_shut(ann->connection);
    world_settle();
    posted(ann, 2);
    peer_told(ann, "end\n");
    peer_told(bob, "text first\ntext yes\n");
}

/* ---- Answers ------------------------------------------------------------- */

static const struct {
    const char *request;
    unsigned status;
    bool goes_on;
} answers[] = {
    {"POST /chat HTTP/1.1\r\n" HOST THREE "\r\nyes", 200, true},
    {"POST /chat/ HTTP/1.1\r\n" HOST THREE "\r\nyes", 200, true},
    {"POST /ws/%C3%A4?name=a+b HTTP/1.1\r\n" HOST THREE "\r\nyes", 200, true},
    {"POST http://a.example/ws HTTP/1.1\r\n" HOST THREE "\r\nyes", 200, true},
    {"POST /ws HTTP/1.1\r\n" HOST THREE "Connection: close\r\n\r\nyes", 200,
     false},
    {"POST /ws HTTP/1.0\r\n" THREE "\r\nyes", 200, false},
    {"POST /ws HTTP/1.0\r\n" THREE "Expect: 100-continue\r\n\r\nyes", 200,
     false},
    {"POST /ws HTTP/1.1\r\n" HOST THREE "Expect:\r\n\r\nyes", 200, true},
    {"POST /ws HTTP/1.1\r\n" HOST THREE
     "Expect: 100-continue, 100-CONTINUE\r\nExpect: 100-continue\r\n\r\nyes",
     200, true},
    {"POST /ws HTTP/1.1\r\n" HOST THREE "Origin: http://a.example\r\n\r\nyes",
     200, true},
    {"POST /ws HTTP/1.1\r\n" HOST "Content-Length: 0\r\n\r\n", 200, true},
    {"POST /ws HTTP/1.1\r\n" HOST THREE "Content-Type: text/plain\r\n\r\nyes",
     200, true},
    {"POST /ws HTTP/1.1\r\n" HOST THREE
     "Content-Type: application/octet-streams\r\n\r\nno\xFF",
     400, true},
    {"POST /ws HTTP/1.1\r\n" HOST THREE "\r\nno\xFF", 400, true},
    {"POST /ws?name=%FF HTTP/1.1\r\n" HOST THREE "\r\nyes", 400, false},
    {"POST /ws?name=%00 HTTP/1.1\r\n" HOST THREE "\r\nyes", 400, false},
    {"POST /ws HTTP/1.1\r\n" HOST "Content-Length: x\r\n\r\nyes", 400, false},
    {"POST /ws HTTP/1.1\r\n" HOST "Content-Length: 3, 4\r\n\r\nyes", 400,
     false},
    {"POST /ws HTTP/1.1\r\n" THREE "\r\nyes", 400, false},
    {"POST /ws HTTP/1.1\r\n" HOST THREE
     "Origin: http://a.example\r\nOrigin: http://a.example\r\n\r\nyes",
     400, false},
    {"POST /ws HTTP/1.1\r\n" HOST THREE
     "Origin: http://evil.example\r\n\r\nyes",
     403, false},
    {"POST /chat HTTP/1.1\r\n" HOST THREE "Origin: null\r\n\r\nyes", 403,
     false},
    {"POST /ws/a%2Fb HTTP/1.1\r\n" HOST THREE "\r\nyes", 404, false},
    {"POST /chatter HTTP/1.1\r\n" HOST THREE "\r\nyes", 404, false},
    {"POST /echo HTTP/1.1\r\n" HOST THREE "\r\nyes", 405, false},
    {"PUT /ws HTTP/1.1\r\n" HOST THREE "\r\nyes", 405, false},
    {"POST /ws HTTP/1.1\r\n" HOST THREE
     "Upgrade: websocket\r\nConnection: Upgrade\r\n\r\nyes",
     405, false},
    {"POST /ws HTTP/1.1\r\n" HOST "\r\n", 411, false},
    {"POST /ws HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n", 411,
     false},
    {"POST /ws HTTP/1.1\r\n" HOST "Transfer-Encoding: gzip, chunked\r\n\r\n",
     501, false},
    {"POST /ws HTTP/1.1\r\n" HOST "Content-Length: 1025\r\n\r\n", 413, false},
    {"POST /ws HTTP/1.1\r\n" HOST
     "Content-Length: 18446744073709551615\r\n\r\n",
     413, false},
    {"POST /ws HTTP/1.1\r\n" HOST THREE "Expect: 200-ok\r\n\r\nyes", 417,
     false},
    {"POST /ws HTTP/1.1\r\n" HOST THREE
     "Expect: 100-continue\r\nExpect: x=y\r\n\r\nyes",
     417, false},
};

static void test_every_post_has_its_status(void **state)
{
    (void)state;
    world_start();
    for (size_t i = 0; i < UNIT_COUNT(answers); i++) {
        note_open(&note, "posts", "vector", i);
        struct peer *ann = peer_connect();
        peer_say(ann, answers[i].request);
        struct peer_response r = peer_response(ann, false);
        assert_int_equal(r.status, answers[i].status);
        struct span ends = peer_field(&r, "Connection");
        assert_int_equal(ends.len == 0, answers[i].goes_on);
        peer_told(ann, answers[i].goes_on ? "" : "end\n");
        assert_int_equal(world.server.stats.posted, r.status == 200);
        assert_int_equal(leases(), 0);
        note_close(&note);
        world_again();
    }
}

static void test_other_methods_are_told_what_there_is(void **state)
{
    static const struct {
        const char *request, *allow;
    } requests[] = {
        {"PUT /chat/x HTTP/1.1\r\n" HOST "\r\n", "GET, HEAD, POST"},
        {"DELETE /ws/x HTTP/1.1\r\n" HOST "\r\n", "GET, HEAD, POST"},
        {"OPTIONS /ws HTTP/1.1\r\n" HOST "\r\n", "GET, HEAD, POST"},
        {"POST /echo HTTP/1.1\r\n" HOST "\r\n", "GET, HEAD"},
    };
    (void)state;
    world_start();
    for (size_t i = 0; i < UNIT_COUNT(requests); i++) {
        struct peer *ann = peer_connect();
        peer_say(ann, requests[i].request);
        struct peer_response r = peer_response(ann, false);
        assert_int_equal(r.status, 405);
        assert_true(
            bytes_equal(peer_field(&r, "Allow"), bytes_of(requests[i].allow)));
    }
}

static void test_the_answer_is_kept_by_nobody(void **state)
{
    (void)state;
    world_start();
    struct peer *ann = peer_connect();
    peer_say(ann, "POST /ws HTTP/1.1\r\n" HOST THREE "\r\nyes");
    struct peer_response r = peer_response(ann, false);
    is_message(&r, 1);
    assert_true(bytes_equal(peer_field(&r, "Content-Type"),
                            BYTES_LITERAL("application/json")));
    assert_true(bytes_equal(peer_field(&r, "Cache-Control"),
                            BYTES_LITERAL("no-store")));
}

static void test_a_post_at_the_limit_is_taken(void **state)
{
    static uint8_t bytes[1024];
    char head[128];
    (void)state;
    world.config.room_log = 65536;
    world_start();
    struct peer *bob = peer_open("/chat/x"), *ann = peer_connect();
    memset(bytes, 'x', sizeof bytes);
    snprintf(head, sizeof head,
             "POST /chat/x HTTP/1.1\r\n" HOST "Content-Length: %zu\r\n\r\n",
             sizeof bytes);
    push(ann, bytes_of(head));
    push(ann, bytes_span(bytes, sizeof bytes - 1));
    peer_told_nothing(bob);
    push(ann, bytes_span(bytes, 1));
    posted(ann, 1);
    struct peer_frame m;
    peer_pull_all(bob);
    assert_true(peer_take_message(bob, &m));
    assert_int_equal(m.payload.len, sizeof bytes);
}

static void test_a_connection_may_become_a_websocket_later(void **state)
{
    (void)state;
    world_start();
    struct peer *ann = peer_connect();
    peer_say(ann, "POST /chat/x HTTP/1.1\r\n" HOST THREE "\r\nyes");
    posted(ann, 1);
    peer_upgrade(ann, "/ws/x?history=1", "");
    peer_answered(ann, 101);
    peer_told(ann, "#1 yes\n");
}

/* ---- In time ------------------------------------------------------------- */

#define SLOW "POST /chat/x HTTP/1.1\r\n" HOST THREE "\r\nye"

/* The head's time is over then, the message's is not, and bytes change
   nothing. */
static void test_half_a_post_has_the_time_of_a_message(void **state)
{
    (void)state;
    world_start();
    struct peer *ann = peer_connect();
    peer_say(ann, "POST /chat/x HTTP/1.1\r\n" HOST THREE "\r\n");
    world_pass(WORLD_MESSAGE_TIMEOUT - 1);
    peer_say(ann, "ye");
    assert_true(peer_is_there(ann));
    world_pass(1 + WHEEL_TICK);
    peer_answered(ann, 408);
    peer_told(ann, "end\n");
    assert_int_equal(leases(), 0);
    assert_int_equal(world.server.stats.posted, 0);
}

static void test_while_it_stops_half_a_post_is_refused(void **state)
{
    (void)state;
    world_start();
    struct peer *ann = peer_connect(), *cid = peer_connect();
    struct peer *bob = peer_open("/chat/x");
    peer_say(ann, SLOW);
    peer_say(cid, "POST /chat/x HTTP/1.1\r\n");
    sim_signal(SIGNALS_STOP);
    world_turn();
    world_turn();
    peer_answered(ann, 503);
    peer_told(bob, "close 1001 stopping\nend\n");
    peer_say(cid, HOST THREE "\r\nyes");
    peer_answered(cid, 503);
    assert_int_equal(world.server.stats.posted, 0);
}

/* Its goodbye may be many turns away. */
static void test_a_post_that_ends_while_it_stops_is_refused(void **state)
{
    (void)state;
    world_start();
    struct peer *ann = peer_connect(), *bob = peer_open("/chat/x");
    peer_say(ann, SLOW);
    world.server.draining = true;
    world.server.drain_at = world.server.clients.slots.fresh;
    world.server.drain_until = world.server.now + WORLD_DRAIN;
    peer_say(ann, "s");
    peer_answered(ann, 503);
    peer_told_nothing(bob);
    world.server.draining = false;
}

/* ---- Buffers ------------------------------------------------------------- */

static void test_half_a_post_gives_its_buffer_with_503(void **state)
{
    (void)state;
    world.config.buffers = 1;
    world_start();
    struct peer *ann = peer_connect(), *bob = peer_connect();
    peer_say(ann, SLOW);
    peer_say(bob, SLOW);
    peer_answered(ann, 503);
    peer_told(ann, "end\n");
    peer_say(bob, "s");
    posted(bob, 1);
}

static void test_without_a_buffer_half_a_post_is_503(void **state)
{
    (void)state;
    world_start();
    struct peer *ann = peer_connect(), *bob = peer_connect();
    struct client *other = world_client(bob->connection);
    other->taken = FRAME_TEXT; /* nobody takes a buffer of it */
    while (lease_take(&world.server.leases,
                      client_index(&world.server.clients, other), 0,
                      0) != LEASE_NONE)
        ;
    peer_say(ann, SLOW);
    peer_answered(ann, 503);
    peer_told(ann, "end\n");
    struct peer *cid = peer_connect(); /* who needs none */
    peer_say(cid, SLOW "s");
    posted(cid, 1);
    other->taken = 0;
    for (uint32_t i = 0; i < world.config.buffers; i++)
        lease_give(&world.server.leases, &(uint32_t){i});
}

/* The head came in two parts, and says whose it is at its end: the buffer of
   the first is then that one's. */
static void test_the_buffer_is_whose_the_post_is(void **state)
{
    (void)state;
    world.config.trust_count = 1;
    ip_parse_block(&world.config.trust[0], bytes_of("192.0.2.1"));
    world_start();
    struct peer *ann = peer_connect();
    peer_say(ann, "POST /chat/x HTTP/1.1\r\n" HOST THREE);
    struct client *c = world_client(ann->connection);
    assert_int_equal(lease_at(&world.server.leases, c->inbox)->address, 0);
    peer_say(ann, "X-Forwarded-For: 198.51.100.7\r\n\r\n");
    assert_int_not_equal(c->address, 0);
    assert_int_equal(lease_at(&world.server.leases, c->inbox)->address,
                     c->address);
    peer_say(ann, "yes");
    posted(ann, 1);
}

/* It is not asked for the next message before it was told of this one. */
static void test_a_post_waits_until_the_answer_before_it_left(void **state)
{
    (void)state;
    world_start();
    struct peer *bob = peer_open("/chat/x"), *ann = peer_connect();
    sim_set_window(ann->connection, 0);
    sim_set_send_buffer(ann->connection, 10);
    peer_say(ann, SLOW "s" SLOW "s");
    peer_told(bob, "text yes\n");
    sim_set_window(ann->connection, SIM_UNLIMITED);
    world_settle();
    peer_told(bob, "text yes\n");
    posted(ann, 1);
    posted(ann, 2);
}

/* ---- --rate -------------------------------------------------------------- */

static void test_posts_above_the_rate_are_429(void **state)
{
    (void)state;
    world.config.rate = 1;
    world.config.burst = 2;
    world_start();
    for (unsigned i = 1; i <= 3; i++) { /* each in a connection of its own */
        struct peer *ann = peer_connect();
        peer_say(ann, SLOW "s");
        struct peer_response r = peer_response(ann, false);
        assert_int_equal(r.status, i <= 2 ? 200 : 429);
        assert_int_equal(peer_field(&r, "Retry-After").len > 0, i > 2);
    }
    struct peer *other = peer_connect_from("192.0.2.2:1");
    peer_say(other, SLOW "s");
    posted(other, 3);
    world_pass(1000 + WHEEL_TICK);
    struct peer *ann = peer_connect();
    peer_say(ann, SLOW "s");
    posted(ann, 4);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        WORLD_TEST(test_posts_may_be_cut_anywhere),
        WORLD_TEST(test_who_expects_100_is_told_to_go_on),
        WORLD_TEST(test_posts_may_come_byte_by_byte),
        WORLD_TEST(test_half_a_post_reaches_nobody),
        WORLD_TEST(test_who_posts_and_shuts_is_answered),
        WORLD_TEST(test_every_post_has_its_status),
        WORLD_TEST(test_other_methods_are_told_what_there_is),
        WORLD_TEST(test_the_answer_is_kept_by_nobody),
        WORLD_TEST(test_a_post_at_the_limit_is_taken),
        WORLD_TEST(test_a_connection_may_become_a_websocket_later),
        WORLD_TEST(test_half_a_post_has_the_time_of_a_message),
        WORLD_TEST(test_while_it_stops_half_a_post_is_refused),
        WORLD_TEST(test_a_post_that_ends_while_it_stops_is_refused),
        WORLD_TEST(test_half_a_post_gives_its_buffer_with_503),
        WORLD_TEST(test_without_a_buffer_half_a_post_is_503),
        WORLD_TEST(test_the_buffer_is_whose_the_post_is),
        WORLD_TEST(test_a_post_waits_until_the_answer_before_it_left),
        WORLD_TEST(test_posts_above_the_rate_are_429),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
