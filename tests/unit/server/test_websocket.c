/* SPDX-License-Identifier: MIT */
/*
 * Goal: messages are the same wherever their frames and bytes are cut, and each
 * limit is kept as its option says.
 */
#include "server/websocket.h"
#include "server/member.h"
#include "sim/peer.h"
#include "support/note.h"

#include <stdio.h>

static struct note note;

/* Send what was added in two parts, cut at byte `cut`. */
static void push_cut(struct peer *p, size_t cut)
{
    sim_write(p->connection, bytes_span(p->out, cut));
    world_settle();
    sim_write(p->connection, bytes_span(p->out + cut, p->out_len - cut));
    world_settle();
    p->out_len = 0;
}

static uint32_t leases(void)
{
    return world.server.leases.slots.count;
}

/* ---- Messages in pieces -------------------------------------------------- */

/* Four frames: a message of three fragments with a ping inside, and another. */
static void add_conversation(struct peer *p)
{
    peer_add_frame(p, FRAME_TEXT, BYTES_LITERAL("one \xC3"));
    peer_add_frame(p, FRAME_CONTINUATION, BYTES_LITERAL("\xA4 two "));
    peer_add_frame(p, PEER_PING, BYTES_LITERAL("?"));
    peer_add_frame(p, FRAME_FIN | FRAME_CONTINUATION, BYTES_LITERAL("three"));
    peer_add_frame(p, PEER_BINARY, BYTES_LITERAL("more"));
}

static void test_a_cut_anywhere_changes_nothing(void **state)
{
    (void)state;
    world_start();
    size_t len = 1;
    for (size_t cut = 0; cut <= len; cut++) {
        note_open(&note, "a conversation", "cut at", cut);
        struct peer *ann = peer_open("/chat/x"), *bob = peer_open("/chat/x");
        add_conversation(ann);
        len = ann->out_len;
        push_cut(ann, cut);
        assert_int_equal(leases(), 0);
        peer_told(bob, "text one \\xc3\\xa4 two three\nbinary more\n");
        const char *story = peer_story(ann);
        assert_true(strstr(story, "pong ?\n"));
        assert_true(strstr(story, "text one \\xc3\\xa4 two three\n"));
        assert_true(strstr(story, "binary more\n"));
        note_close(&note);
        world_again();
    }
}

static void test_byte_by_byte_is_the_same(void **state)
{
    (void)state;
    world_start();
    struct peer *ann = peer_open("/chat/x"), *bob = peer_open("/chat/x");
    add_conversation(ann);
    for (size_t i = 0; i < ann->out_len; i++) {
        sim_write(ann->connection, bytes_span(ann->out + i, 1));
        world_settle();
    }
    ann->out_len = 0;
    assert_int_equal(leases(), 0);
    peer_told(bob, "text one \\xc3\\xa4 two three\nbinary more\n");
}

static void test_an_unfinished_header_is_kept_in_a_lease(void **state)
{
    (void)state;
    world_start();
    struct peer *ann = peer_open("/echo");
    peer_add_frame(ann, PEER_TEXT, BYTES_LITERAL("hello"));
    push_cut(ann, 1);
    peer_told(ann, "text hello\n");
    peer_add_frame(ann, PEER_TEXT, BYTES_LITERAL("again"));
    sim_write(ann->connection, bytes_span(ann->out, 3));
    world_settle();
    assert_int_equal(leases(), 1);
    sim_write(ann->connection, bytes_span(ann->out + 3, ann->out_len - 3));
    ann->out_len = 0;
    world_settle();
    assert_int_equal(leases(), 0);
    peer_told(ann, "text again\n");
}

static void test_answers_longer_than_the_questions_are_all_given(void **state)
{
    (void)state;
    world_start();
    struct peer *ann =
        peer_open_with("/ws/x", "Sec-WebSocket-Protocol: chatd.v1\r\n");
    peer_bytes(ann);
    for (unsigned i = 0; i < 1000; i++)
        peer_add_frame(ann, PEER_TEXT, BYTES_LITERAL("x"));
    peer_add_frame(ann, PEER_PING, BYTES_LITERAL("?"));
    peer_push(ann);
    world_turn();
    assert_true(client_has(world_client(ann->connection), CLIENT_PARKED));
    world_settle();
    const char *story = peer_story(ann);
    for (unsigned i = 0; i < 1000; i++) {
        assert_memory_equal(story, "text {\"event\":\"error\"", 21);
        story = strchr(story, '\n') + 1;
    }
    assert_string_equal(story, "pong ?\n");
}

/* ---- --max-message ------------------------------------------------------- */

static void test_one_byte_more_is_1009_from_the_header_alone(void **state)
{
    (void)state;
    world_start();
    static uint8_t bytes[1025];
    struct peer *ann = peer_open("/chat/x");
    peer_add_frame(ann, PEER_BINARY, bytes_span(bytes, sizeof bytes));
    ann->out_len -= sizeof bytes; /* not a byte of the payload */
    peer_flush(ann);
    assert_memory_equal(peer_story(ann), "close 1009", 10);
    world_pass(LIMITS_LINGER + WHEEL_TICK);
    world_logged("code=1009 by=server cause=too-big");
}

static void test_fragments_count_together(void **state)
{
    (void)state;
    world_start();
    static uint8_t bytes[1024];
    struct peer *ann = peer_open("/chat/x");
    peer_frame(ann, FRAME_BINARY, bytes_span(bytes, 1000));
    peer_told_nothing(ann);
    peer_frame(ann, FRAME_CONTINUATION, bytes_span(bytes, 25));
    assert_memory_equal(peer_story(ann), "close 1009", 10);
}

/* ---- Echo streams -------------------------------------------------------- */

static void test_echo_of_a_long_message_needs_no_memory(void **state)
{
    (void)state;
    world.config.buffers = 1;
    world_start();
    static uint8_t piece[100000];
    struct peer *ann = peer_open("/echo");
    uint8_t header[14] = {PEER_BINARY, 0xFF}; /* 64 bits of length, masked */
    uint64_t total = 50 * sizeof piece, echoed = 0;
    for (unsigned i = 0; i < 8; i++)
        header[2 + i] = (uint8_t)(total >> (56 - 8 * i));
    sim_write(ann->connection, bytes_span(header, sizeof header));
    for (unsigned i = 0; i < 50; i++) {
        for (size_t j = 0; j < sizeof piece; j++)
            piece[j] = (uint8_t)(i + j / 251);
        sim_write(ann->connection, bytes_span(piece, sizeof piece));
        world_settle();
        assert_int_equal(leases(), 0);
        struct span got = peer_bytes(ann);
        /* Without the headers, the masking key being 0: the same bytes. */
        for (size_t at = 0; at < got.len;) {
            size_t len = (size_t)got.ptr[at + 2] << 8 | got.ptr[at + 3];
            size_t head = 4;
            assert_int_equal(got.ptr[at + 1], 126);
            for (size_t j = 0; j < len; j++) {
                uint64_t offset = echoed + j - (uint64_t)i * sizeof piece;
                assert_int_equal(got.ptr[at + head + j],
                                 (uint8_t)(i + offset / 251));
            }
            echoed += len;
            at += head + len;
        }
    }
    assert_true(echoed == total);
    peer_text(ann, "and then");
    peer_told(ann, "text and then\n");
}

static void test_echo_answers_pings_between_pieces(void **state)
{
    (void)state;
    world_start();
    struct peer *ann = peer_open("/echo");
    peer_frame(ann, FRAME_TEXT, BYTES_LITERAL("a"));
    peer_frame(ann, PEER_PING, BYTES_LITERAL("?"));
    peer_frame(ann, FRAME_CONTINUATION, bytes_span(NULL, 0));
    peer_frame(ann, FRAME_FIN | FRAME_CONTINUATION, BYTES_LITERAL("b"));
    peer_told(ann, "text+ a\npong ?\n+cont b\n");
}

/* ---- With all buffers lent out ------------------------------------------- */

/* Every one of them, to nobody in particular. */
static void lend_all(void)
{
    while (lease_take(&world.server.leases, 0, 0, 0) != LEASE_NONE)
        ;
}

static void give_all_back(void)
{
    for (uint32_t i = 0; i < world.config.buffers; i++)
        lease_give(&world.server.leases, &(uint32_t){i});
}

static void test_then_an_echo_may_still_be_cut_in_a_header(void **state)
{
    (void)state;
    static uint8_t bytes[300];
    world_start();
    struct peer *ann = peer_open("/echo");
    lend_all();
    memset(bytes, 'x', sizeof bytes);
    for (size_t cut = 1; cut < 8; cut++) {
        note_open(&note, "a frame of 300 bytes", "cut at", cut);
        peer_add_frame(ann, PEER_BINARY, bytes_span(bytes, sizeof bytes));
        push_cut(ann, cut);
        struct peer_frame m;
        peer_pull_all(ann);
        assert_true(peer_take_message(ann, &m));
        assert_int_equal(m.payload.len, sizeof bytes);
        assert_memory_equal(m.payload.ptr, bytes, sizeof bytes);
        note_close(&note);
    }
    give_all_back();
}

static void test_then_nobody_loses_his_for_a_header(void **state)
{
    (void)state;
    world.config.buffers = 1;
    world_start();
    struct peer *ann = peer_open("/echo"), *bob = peer_open("/chat/x");
    peer_add_frame(bob, FRAME_TEXT, BYTES_LITERAL("half "));
    peer_flush(bob);
    peer_add_frame(ann, PEER_BINARY, BYTES_LITERAL("0123456789"));
    push_cut(ann, 3);
    peer_told(ann, "binary 0123456789\n");
    peer_add_frame(bob, FRAME_FIN, BYTES_LITERAL("of it"));
    peer_flush(bob);
    peer_told(bob, "text half of it\n");
}

/* Byte by byte: what is kept is added to what was kept before. */
static void test_then_a_ping_of_an_echo_may_come_byte_by_byte(void **state)
{
    (void)state;
    world_start();
    struct peer *ann = peer_open("/echo");
    lend_all();
    peer_add_frame(ann, PEER_PING, BYTES_LITERAL("still there?"));
    for (size_t i = 0; i < ann->out_len; i++) {
        sim_write(ann->connection, bytes_span(ann->out + i, 1));
        world_settle();
    }
    ann->out_len = 0;
    peer_told(ann, "pong still there?\n");
    give_all_back();
}

static void test_then_half_a_long_ping_ends_an_echo(void **state)
{
    (void)state;
    static uint8_t bytes[FRAME_CONTROL_MAX];
    world_start();
    struct peer *ann = peer_open("/echo");
    lend_all();
    peer_add_frame(ann, PEER_PING, bytes_span(bytes, sizeof bytes));
    push_cut(ann, 6 + LIMITS_USER_NAME);
    peer_tells(ann, "close 1013 no buffer for an unfinished message\nend\n");
    give_all_back();
}

static void test_then_a_cut_frame_ends_a_chat(void **state)
{
    (void)state;
    world_start();
    struct peer *ann = peer_open("/chat/x");
    lend_all();
    sim_write(ann->connection, BYTES_LITERAL("\x81"));
    world_settle();
    peer_told(ann, "close 1013 no buffer for an unfinished message\nend\n");
    give_all_back();
}

/* More of it is to come out than in a turn may, and nothing keeps the rest. */
static void test_then_a_message_that_takes_several_turns_ends(void **state)
{
    (void)state;
    /* What is left of it then is short enough for a tail. */
    static uint8_t zeros[LIMITS_INFLATE + 2 * LIMITS_CHUNK];
    world_start();
    struct peer *ann = peer_open_with("/echo", PEER_DEFLATE);
    lend_all();
    peer_add_compressed(ann, PEER_BINARY, bytes_span(zeros, sizeof zeros));
    peer_flush(ann);
    struct span got = peer_bytes(ann);
    struct span words = BYTES_LITERAL("no buffer for an unfinished message");
    assert_true(got.len > words.len);
    assert_memory_equal(got.ptr + got.len - words.len, words.ptr, words.len);
    give_all_back();
}

/* ---- A Close ------------------------------------------------------------- */

static void test_a_close_is_answered_with_its_own_code(void **state)
{
    static const unsigned codes[] = {1000, 1001, 1003, 1011, 3000, 4999};
    (void)state;
    world_start();
    for (size_t i = 0; i < UNIT_COUNT(codes); i++) {
        char story[64];
        struct peer *ann = peer_open("/chat/x");
        peer_close(ann, codes[i]);
        snprintf(story, sizeof story, "close %u\nend\n", codes[i]);
        peer_told(ann, story);
        world_again();
    }
}

static void test_a_close_without_code_is_answered_with_1000(void **state)
{
    (void)state;
    world_start();
    struct peer *ann = peer_open("/chat/x");
    peer_frame(ann, PEER_CLOSE, bytes_span(NULL, 0));
    peer_told(ann, "close 1000\nend\n");
}

/* No ping of ours is on its way, though the low bits of the time are those of
   when she came. */
static void test_without_pings_a_close_is_the_end_at_once(void **state)
{
    (void)state;
    world.config.ping = 0;
    world_start();
    struct peer *ann = peer_open("/echo");
    world_pass((UINT64_C(1) << 32) - WORLD_PONG_TIMEOUT / 2);
    peer_close(ann, 1000);
    assert_int_equal(sim_side(ann->connection), SIM_CLOSED);
    peer_told(ann, "close 1000\nend\n");
}

static void test_nothing_behind_a_close_is_looked_at(void **state)
{
    (void)state;
    world_start();
    struct peer *ann = peer_open("/chat/x"), *bob = peer_open("/chat/x");
    peer_add_frame(ann, PEER_TEXT, BYTES_LITERAL("before"));
    peer_add_frame(ann, PEER_CLOSE, bytes_span(NULL, 0));
    peer_add_frame(ann, PEER_TEXT, BYTES_LITERAL("behind"));
    peer_add_frame(ann, PEER_CLOSE, bytes_span(NULL, 0));
    peer_flush(ann);
    peer_told(bob, "text before\n");
    peer_told(ann, "text before\nclose 1000\nend\n");
    /* It is read on, so that no reset overtakes the Close. */
    assert_int_equal(sim_side(ann->connection), SIM_SHUT);
}

/* ---- Faults -------------------------------------------------------------- */

static void test_every_framing_fault_is_1002(void **state)
{
    static const char *const bytes[] = {
        "\x81\x05hello",                /* not masked */
        "\xC1\x80\x01\x01\x01\x01",     /* RSV1 */
        "\x83\x80\x01\x01\x01\x01",     /* no such opcode */
        "\x80\x80\x01\x01\x01\x01",     /* nothing to continue */
        "\x09\x80\x01\x01\x01\x01",     /* a ping in fragments */
        "\x88\x81\x01\x01\x01\x01\x01", /* half a close code */
    };
    (void)state;
    world_start();
    for (size_t i = 0; i < UNIT_COUNT(bytes); i++) {
        note_open(&note, "framing faults", "vector", i);
        struct peer *ann = peer_open(i % 2 ? "/echo" : "/chat/x");
        peer_say(ann, bytes[i]);
        const char *story = peer_story(ann);
        assert_memory_equal(story, "close 1002", 10);
        assert_string_equal(strchr(story, '\n'), "\nend\n");
        note_close(&note);
        world_again();
    }
}

static void test_a_fault_behind_good_messages_loses_none(void **state)
{
    (void)state;
    world_start();
    struct peer *ann = peer_open("/echo");
    peer_stop_reading(ann);
    peer_text(ann, "one");
    peer_add_frame(ann, PEER_TEXT, BYTES_LITERAL("two"));
    peer_add_frame(ann, 0x83, BYTES_LITERAL("bad"));
    peer_flush(ann);
    peer_read_again(ann);
    const char *story = peer_story(ann);
    assert_memory_equal(story, "text one\ntext two\nclose 1002", 28);
}

static void test_binary_on_ws_is_1003_from_its_first_piece(void **state)
{
    (void)state;
    world_start();
    struct peer *ann = peer_open("/ws/x");
    peer_frame(ann, FRAME_BINARY, BYTES_LITERAL("first piece"));
    peer_told(ann, "close 1003 JSON text only\nend\n");
}

/* ---- A turn -------------------------------------------------------------- */

/* What she has said is to be passed over first. */
static void test_who_has_not_passed_over_its_own_is_not_read(void **state)
{
    (void)state;
    world_start();
    struct server *s = &world.server;
    struct peer *ann = peer_open("/ws/x"), *bob = peer_open("/chat/x");
    struct client *c = world_client(ann->connection);
    uint32_t head = (uint32_t)member_log(s, c)->head;
    member_skip(s, c, head, head);
    peer_push_text(ann, "{\"message\":\"hello\"}");
    world_turn();
    assert_true(sim_unread(ann->connection) > 0);
    assert_false(client_has(c, CLIENT_SKIPS));
    world_turn();
    assert_int_equal(sim_unread(ann->connection), 0);
    peer_told(bob, "text hello\n");
}

/* What she says comes back to her, and her kernel takes nothing any more. */
static void
test_who_is_blocked_by_its_own_words_is_read_no_further(void **state)
{
    (void)state;
    static uint8_t bytes[400]; /* as JSON an eighth of the log, and more */
    world_start();
    struct peer *ann = peer_open("/chat/x");
    peer_stop_reading(ann);
    peer_add_frame(ann, PEER_BINARY, bytes_span(bytes, sizeof bytes));
    peer_add_frame(ann, PEER_PING, BYTES_LITERAL("?"));
    peer_flush(ann);
    struct client *c = world_client(ann->connection);
    assert_true(client_waits(c, CLIENT_WAITS_OUTPUT));
    assert_true(client_has(c, CLIENT_PARKED));
    assert_true(c->outbox == LEASE_NONE); /* no pong waits in one */
    peer_read_again(ann);
    peer_tells(ann, "pong ?\n");
}

/* What waited is her end: what is behind it is not read in that turn. */
static void test_who_ends_by_what_was_held_is_not_read(void **state)
{
    (void)state;
    static uint8_t bytes[1024]; /* too long as JSON */
    world_start();
    struct peer *bob = peer_open("/chat/x"), *ann = peer_open("/chat/x");
    peer_stop_reading(bob);
    peer_push_numbered(ann, 0, 6, 400);
    world_settle();
    peer_bytes(ann);
    peer_frame(ann, PEER_BINARY, bytes_span(bytes, sizeof bytes));
    struct client *c = world_client(ann->connection);
    assert_int_not_equal(c->taken, 0);
    peer_text(ann, "and then"); /* which stops her */
    peer_text(ann, "this too");
    assert_int_equal(sim_unread(ann->connection), 2 + 4 + 8);
    sim_set_window(bob->connection, SIM_UNLIMITED);
    sim_set_send_buffer(bob->connection, SIM_UNLIMITED);
    while (c->state == CLIENT_OPEN)
        world_turn();
    assert_int_equal(sim_unread(ann->connection), 2 + 4 + 8);
    peer_told(ann, "close 1009 too long as JSON\nend\n");
    peer_told_numbered(bob, 0, 6);
}

/* Of somebody who is not known as heavy yet. */
static void test_input_that_has_cost_a_turn_goes_on_in_the_next(void **state)
{
    const uint64_t count = 4500;
    const uint64_t *said = &world.server.stats.messages_in[CLIENT_PLAIN];
    (void)state;
    world_start();
    struct peer *ann = peer_open("/chat/x");
    for (uint64_t i = 0; i < count; i++)
        peer_add_frame(ann, PEER_TEXT, BYTES_LITERAL("x"));
    peer_push(ann);
    world_turn();
    assert_in_range(world.server.cost, LIMITS_TURN_READ,
                    LIMITS_TURN_READ + 100000);
    assert_in_range(*said, 1, count - 1);
    world_settle();
    assert_int_equal(*said, count);
}

/* Each one's is less than a turn's, and all together more. */
static void test_bursts_that_have_cost_a_turn_do_too(void **state)
{
    enum { PEERS = 20 };
    const uint64_t count = 10000;
    const uint64_t *said = &world.server.stats.messages_in[CLIENT_ECHO];
    struct peer *peers[PEERS];
    (void)state;
    world.config.clients = PEERS;
    world.config.max_message = 64 * 1024; /* so much is received at once */
    world.config.room_log = 256 * 1024;
    world_start();
    for (size_t i = 0; i < PEERS; i++) {
        peers[i] = peer_open("/echo");
        for (uint64_t n = 0; n < count; n++)
            peer_add_frame(peers[i], PEER_BINARY, BYTES_LITERAL(""));
    }
    for (size_t i = 0; i < PEERS; i++)
        peer_push(peers[i]);
    world_turn();
    assert_in_range(world.server.cost, LIMITS_TURN_READ,
                    LIMITS_TURN_READ + 100000);
    assert_in_range(*said, 1, PEERS * count - 1);
    world_settle();
    assert_int_equal(*said, PEERS * count);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        WORLD_TEST(test_input_that_has_cost_a_turn_goes_on_in_the_next),
        WORLD_TEST(test_bursts_that_have_cost_a_turn_do_too),
        WORLD_TEST(test_a_cut_anywhere_changes_nothing),
        WORLD_TEST(test_byte_by_byte_is_the_same),
        WORLD_TEST(test_an_unfinished_header_is_kept_in_a_lease),
        WORLD_TEST(test_answers_longer_than_the_questions_are_all_given),
        WORLD_TEST(test_one_byte_more_is_1009_from_the_header_alone),
        WORLD_TEST(test_fragments_count_together),
        WORLD_TEST(test_echo_of_a_long_message_needs_no_memory),
        WORLD_TEST(test_echo_answers_pings_between_pieces),
        WORLD_TEST(test_then_an_echo_may_still_be_cut_in_a_header),
        WORLD_TEST(test_then_nobody_loses_his_for_a_header),
        WORLD_TEST(test_then_a_ping_of_an_echo_may_come_byte_by_byte),
        WORLD_TEST(test_then_half_a_long_ping_ends_an_echo),
        WORLD_TEST(test_then_a_cut_frame_ends_a_chat),
        WORLD_TEST(test_then_a_message_that_takes_several_turns_ends),
        WORLD_TEST(test_a_close_is_answered_with_its_own_code),
        WORLD_TEST(test_a_close_without_code_is_answered_with_1000),
        WORLD_TEST(test_without_pings_a_close_is_the_end_at_once),
        WORLD_TEST(test_nothing_behind_a_close_is_looked_at),
        WORLD_TEST(test_every_framing_fault_is_1002),
        WORLD_TEST(test_a_fault_behind_good_messages_loses_none),
        WORLD_TEST(test_binary_on_ws_is_1003_from_its_first_piece),
        WORLD_TEST(test_who_has_not_passed_over_its_own_is_not_read),
        WORLD_TEST(test_who_is_blocked_by_its_own_words_is_read_no_further),
        WORLD_TEST(test_who_ends_by_what_was_held_is_not_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
