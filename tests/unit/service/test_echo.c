/* SPDX-License-Identifier: MIT */
#include "service/echo.h"
#include "sim/peer.h"

static void test_a_message_that_came_whole_goes_back_as_one_frame(void **state)
{
    (void)state;
    static char long_text[1001];
    static char story[1100] = "text ";
    world_start();
    memset(long_text, 'x', sizeof long_text - 1);
    struct peer *ann = peer_open("/echo");
    peer_text(ann, "hello");
    peer_frame(ann, PEER_BINARY, BYTES_LITERAL("\x00\xFF"));
    peer_told(ann, "text hello\nbinary \\x00\\xff\n");
    peer_text(ann, long_text);
    strcat(strcat(story, long_text), "\n");
    peer_told(ann, story);
}

static void test_an_empty_message_comes_back_empty(void **state)
{
    (void)state;
    world_start();
    struct peer *ann = peer_open("/echo");
    peer_text(ann, "");
    peer_frame(ann, PEER_BINARY, bytes_span(NULL, 0));
    peer_told(ann, "text \nbinary \n");
}

static void test_fragments_come_back_as_fragments(void **state)
{
    (void)state;
    world_start();
    struct peer *ann = peer_open("/echo");
    peer_add_frame(ann, FRAME_BINARY, BYTES_LITERAL("a"));
    peer_add_frame(ann, FRAME_CONTINUATION, BYTES_LITERAL("b"));
    peer_add_frame(ann, FRAME_FIN | FRAME_CONTINUATION, BYTES_LITERAL("c"));
    peer_flush(ann);
    peer_told(ann, "binary+ a\n+cont+ b\n+cont c\n");
}

static void test_empty_fragments_in_the_middle_say_nothing(void **state)
{
    (void)state;
    world_start();
    struct peer *ann = peer_open("/echo");
    peer_add_frame(ann, FRAME_TEXT, bytes_span(NULL, 0));
    for (unsigned i = 0; i < 1000; i++)
        peer_add_frame(ann, FRAME_CONTINUATION, bytes_span(NULL, 0));
    peer_add_frame(ann, FRAME_CONTINUATION, BYTES_LITERAL("a"));
    peer_add_frame(ann, FRAME_FIN | FRAME_CONTINUATION, bytes_span(NULL, 0));
    peer_flush(ann);
    peer_told(ann, "text+ \n+cont+ a\n+cont \n");
}

static void test_two_who_echo_do_not_hear_each_other(void **state)
{
    (void)state;
    world_start();
    struct peer *ann = peer_open("/echo"), *bob = peer_open("/echo");
    peer_text(ann, "hello");
    peer_told_nothing(bob);
    peer_told(ann, "text hello\n");
}

/* Inflated piece by piece, and no context to deflate the answer with: the next
   piece lies where this one did. */
static void test_what_was_inflated_goes_back_plain(void **state)
{
    (void)state;
    enum { LEN = 20000 };
    static uint8_t message[LEN];
    for (size_t i = 0; i < LEN; i++)
        message[i] = (uint8_t)('a' + i / 7 % 26);
    world.config.compression = true;
    world.config.max_message = LEN;
    world_start();
    struct leases *deflating = &world.server.deflating;
    struct peer *ann = peer_open_with("/echo", PEER_DEFLATE);
    while (lease_take(deflating, 0, 0, 0) != LEASE_NONE)
        ;
    peer_add_compressed(ann, PEER_BINARY, bytes_span(message, LEN));
    peer_flush(ann);
    peer_pull_all(ann);
    struct peer_frame m;
    assert_true(peer_take_message(ann, &m));
    assert_int_equal(m.first & PEER_RSV1, 0);
    assert_true(bytes_equal(m.payload, bytes_span(message, LEN)));
    for (uint32_t i = 0; i < deflating->slots.size; i++)
        lease_give(deflating, &(uint32_t){i});
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        WORLD_TEST(test_a_message_that_came_whole_goes_back_as_one_frame),
        WORLD_TEST(test_an_empty_message_comes_back_empty),
        WORLD_TEST(test_fragments_come_back_as_fragments),
        WORLD_TEST(test_empty_fragments_in_the_middle_say_nothing),
        WORLD_TEST(test_what_was_inflated_goes_back_plain),
        WORLD_TEST(test_two_who_echo_do_not_hear_each_other),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
