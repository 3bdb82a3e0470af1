/* SPDX-License-Identifier: MIT */
/*
 * Goal: a compressed message says what it says without compression, and its work
 * and its memory are shared as others' are.
 */
#include "server/compressed.h"
#include "sim/peer.h"
#include "sim/zip.h"
#include "support/death.h"
#include "support/note.h"
#include "support/random.h"

#include <stdlib.h>

#define LINE "a line that is said again and again, a line that is said again"

static struct note note;

static struct peer *open_zip(const char *target)
{
    return peer_open_with(target, PEER_DEFLATE);
}

static uint32_t contexts(void)
{
    return world.server.inflating.slots.count +
           world.server.deflating.slots.count;
}

/* The message's payload, compressed, in frames of at most `most` bytes. */
static void add_in_frames(struct peer *p, uint8_t opcode, struct span message,
                          size_t most)
{
    struct span all = zip_deflate(message, 15);
    for (size_t at = 0; at == 0 || at < all.len; at += most) {
        size_t len = bytes_min(most, all.len - at);
        uint8_t first = at == 0 ? (uint8_t)(opcode | PEER_RSV1) : 0;
        if (at + len == all.len)
            first |= 0x80;
        peer_add_frame(p, first, bytes_part(all, at, len));
    }
    free((uint8_t *)(uintptr_t)all.ptr);
}

/* What came back is one compressed message with these bytes. */
static void echoed(struct peer *p, struct span message)
{
    struct span got = peer_bytes(p);
    uint8_t *payload = malloc(got.len + 1);
    size_t len = 0;
    bool fin = false;
    for (size_t at = 0; at < got.len;) {
        const uint8_t *frame = got.ptr + at;
        size_t size = frame[1], head = 2;
        if (size == 126) {
            size = (size_t)frame[2] << 8 | frame[3];
            head = 4;
        }
        assert_false(fin);
        assert_int_equal(frame[0] & 0x7F, at == 0 ? 0x42 : 0);
        fin = frame[0] & 0x80;
        memcpy(payload + len, frame + head, size);
        len += size;
        at += head + size;
    }
    assert_true(fin);
    struct span back = zip_inflate(bytes_span(payload, len));
    assert_true(bytes_equal(back, message));
    free((uint8_t *)(uintptr_t)back.ptr);
    free(payload);
}

/* ---- Echo ---------------------------------------------------------------- */

static void test_echo_comes_back_compressed_at_every_cut(void **state)
{
    (void)state;
    world_start();
    size_t len = 1;
    for (size_t cut = 0; cut <= len; cut++) {
        note_open(&note, "a compressed echo", "cut at", cut);
        struct peer *ann = open_zip("/echo");
        peer_add_compressed(ann, PEER_TEXT, BYTES_LITERAL(LINE));
        peer_add_frame(ann, PEER_PING, BYTES_LITERAL("?"));
        add_in_frames(ann, FRAME_BINARY, BYTES_LITERAL(LINE), 7);
        len = ann->out_len;
        sim_write(ann->connection, bytes_span(ann->out, cut));
        world_settle();
        sim_write(ann->connection, bytes_span(ann->out + cut, len - cut));
        world_settle();
        ann->out_len = 0;
        assert_int_equal(contexts(), 0);
        peer_told(ann, "text* " LINE "\npong ?\nbinary* " LINE "\n");
        note_close(&note);
        world_again();
    }
}

static void test_an_empty_message_comes_back_empty(void **state)
{
    (void)state;
    world_start();
    struct peer *ann = open_zip("/echo");
    peer_add_compressed(ann, PEER_TEXT, bytes_span(NULL, 0));
    peer_flush(ann);
    peer_told(ann, "text* \n");
}

static uint8_t *long_message(size_t len, unsigned alphabet)
{
    struct random r = random_of(len);
    uint8_t *bytes = malloc(len);
    for (size_t i = 0; i < len; i++)
        bytes[i] = (uint8_t)random_below(&r, alphabet);
    return bytes;
}

static void test_long_messages_come_back_whole(void **state)
{
    static const unsigned alphabets[] = {1, 2, 20, 256};
    (void)state;
    world_start();
    for (size_t i = 0; i < UNIT_COUNT(alphabets); i++)
        for (size_t frame = 1000; frame <= 1000000; frame *= 1000) {
            note_open(&note, "a long echo", "alphabet", alphabets[i]);
            uint8_t *bytes = long_message(200000, alphabets[i]);
            struct span message = bytes_span(bytes, 200000);
            struct peer *ann = open_zip("/echo");
            add_in_frames(ann, FRAME_BINARY, message, frame);
            peer_flush(ann);
            echoed(ann, message);
            free(bytes);
            note_close(&note);
            world_again();
        }
}

static void test_a_reader_that_stops_anywhere_misses_nothing(void **state)
{
    (void)state;
    world_start();
    uint8_t *bytes = long_message(60000, 5);
    for (size_t step = 37; step < 60000; step *= 4) {
        note_open(&note, "a slow reader", "bytes a time", step);
        struct peer *ann = open_zip("/echo");
        sim_set_window(ann->connection, step);
        sim_set_send_buffer(ann->connection, step);
        add_in_frames(ann, FRAME_BINARY, bytes_span(bytes, 60000), 5000);
        peer_flush(ann);
        echoed(ann, bytes_span(bytes, 60000)); /* reads and settles in turn */
        note_close(&note);
        world_again();
    }
    free(bytes);
}

static void test_a_bomb_is_inflated_a_little_each_turn(void **state)
{
    (void)state;
    world_start();
    size_t len = 3 * LIMITS_INFLATE;
    uint8_t *zeros = calloc(1, len);
    struct peer *ann = open_zip("/echo"), *bob = peer_open("/echo");
    peer_add_compressed(ann, PEER_BINARY, bytes_span(zeros, len));
    peer_push(ann);
    world_turn();
    assert_int_equal(contexts(), 2);
    peer_add_frame(bob, PEER_TEXT, BYTES_LITERAL("me too"));
    peer_push(bob);
    world_turn();
    assert_int_equal(sim_in_flight(bob->connection), 8);
    assert_int_equal(contexts(), 2); /* not half done */
    world_settle();
    assert_int_equal(contexts(), 0);
    echoed(ann, bytes_span(zeros, len));
    free(zeros);
}

/* ---- Much work ----------------------------------------------------------- */

#define FLOODERS 30
#define FLOOD    8 /* messages of each */

static void flood(struct peer *p, struct random *r, size_t len)
{
    uint8_t *letters = malloc(len);
    for (unsigned left = FLOOD; left > 0; left--) {
        for (size_t i = 0; i < len; i++)
            letters[i] = (uint8_t)('a' + random_below(r, 16));
        peer_add_compressed(p, PEER_TEXT, bytes_span(letters, len));
    }
    free(letters);
    peer_push(p);
}

/* How far the one who was read most is ahead of the one who was read least. */
static uint64_t unfairness(struct peer *const peers[FLOODERS])
{
    uint64_t least = UINT64_MAX, most = 0;
    for (size_t i = 0; i < FLOODERS; i++) {
        uint64_t got = world_client(peers[i]->connection)->received;
        least = bytes_min64(least, got);
        most = got > most ? got : most;
    }
    return most - least;
}

static struct peer *start_flood(struct peer *flooders[FLOODERS])
{
    struct random r = random_of(7);
    world.config.clients = FLOODERS + 1;
    world.config.buffers = 256;
    world.config.max_message = 32768;
    world.config.room_log = 1024 * 1024;
    world_start();
    for (size_t i = 0; i < FLOODERS; i++)
        flooders[i] = open_zip("/chat/x");
    struct peer *bob = peer_open("/echo");
    for (size_t i = 0; i < FLOODERS; i++)
        flood(flooders[i], &r, 30000);
    return bob;
}

static void test_those_who_ask_for_much_wait_and_others_do_not(void **state)
{
    struct peer *flooders[FLOODERS], *bob = start_flood(flooders);
    const uint64_t *said = &world.server.stats.messages_in[CLIENT_PLAIN];
    unsigned turns = 0;
    (void)state;
    size_t in_flight = sim_in_flight(bob->connection);
    while (*said < FLOODERS * FLOOD) {
        uint64_t before = *said;
        peer_add_frame(bob, PEER_TEXT, BYTES_LITERAL("me too"));
        peer_push(bob);
        world_turn();
        in_flight += 8;
        assert_int_equal(sim_in_flight(bob->connection), in_flight);
        assert_in_range(*said - before, 1, 20);
        assert_true(world.server.cost < LIMITS_TURN_READ + 3000000);
        assert_true(unfairness(flooders) <= 2 * world.server.receive_size);
        for (size_t i = 0; i < FLOODERS; i++) {
            peer_pull(flooders[i], SIM_UNLIMITED);
            peer_push(flooders[i]);
        }
        assert_true(++turns < FLOODERS * FLOOD);
    }
}

static void test_who_asked_for_much_once_is_not_put_off_for_ever(void **state)
{
    struct random r = random_of(8);
    (void)state;
    world.config.max_message = 32768;
    world.config.room_log = 1024 * 1024;
    world_start();
    struct peer *ann = open_zip("/chat/x");
    flood(ann, &r, 30000);
    world_settle();
    struct client *c = world_client(ann->connection);
    assert_true(client_has(c, CLIENT_HEAVY));
    peer_pull_all(ann);
    peer_text(ann, "thanks");
    assert_false(client_has(c, CLIENT_HEAVY));
}

/* ---- Rooms --------------------------------------------------------------- */

static void test_members_with_and_without_hear_the_same(void **state)
{
    (void)state;
    world_start();
    struct peer *ann = open_zip("/chat/x"), *bob = peer_open("/chat/x");
    struct peer *cid = open_zip("/ws/x"), *dan = peer_open("/ws/x");
    peer_add_compressed(ann, PEER_TEXT, BYTES_LITERAL(LINE));
    peer_flush(ann);
    peer_text(bob, LINE);
    peer_text(cid, "{\"message\":\"" LINE "\"}");
    peer_text(bob, "short");
    peer_told(ann,
              "text* " LINE "\ntext* " LINE "\ntext* " LINE "\ntext short\n");
    peer_told(bob, "text " LINE "\ntext " LINE "\ntext " LINE "\ntext short\n");
    peer_told(cid, "#1 " LINE "\n#2 " LINE "\n#4 short\n");
    peer_told(dan, "#1 " LINE "\n#2 " LINE "\n#3 " LINE "\n#4 short\n");
}

static void test_what_does_not_get_shorter_goes_as_it_is(void **state)
{
    (void)state;
    world_start();
    struct peer *ann = open_zip("/chat/x"), *bob = peer_open("/chat/x");
    uint8_t *bytes = long_message(200, 256);
    peer_frame(bob, PEER_BINARY, bytes_span(bytes, 200));
    struct peer_frame m;
    peer_pull_all(ann);
    assert_true(peer_take_message(ann, &m));
    assert_int_equal(m.first, PEER_BINARY); /* without RSV1 */
    assert_true(bytes_equal(m.payload, bytes_span(bytes, 200)));
    free(bytes);
}

/* How many bytes of payload that came are those of one such frame. */
static size_t frame_len(struct peer *p)
{
    struct span got = peer_bytes(p);
    assert_true(got.len > 4);
    assert_int_equal(got.ptr[1], 126);
    return (size_t)got.ptr[2] << 8 | got.ptr[3];
}

static size_t len_with(enum deflate_effort effort, struct span message)
{
    static struct deflate z;
    uint8_t packed[4000];
    struct text out = text_over(packed, sizeof packed);
    assert_true(permessage_compress(&z, 15, message, effort, &out));
    return out.len;
}

/* One compression for all of a room, one for each echo. */
static void test_a_room_gets_it_small_and_an_echo_fast(void **state)
{
    (void)state;
    world_start();
    uint8_t *bytes = long_message(700, 3);
    struct span message = bytes_span(bytes, 700);
    for (size_t i = 0; i < message.len; i++)
        bytes[i] = (uint8_t)(bytes[i] + 'a');
    struct peer *ann = open_zip("/echo"), *bob = open_zip("/chat/x");
    add_in_frames(ann, FRAME_TEXT, message, SIZE_MAX);
    peer_flush(ann);
    world_settle();
    assert_int_equal(frame_len(ann), len_with(DEFLATE_FAST, message));
    add_in_frames(bob, FRAME_TEXT, message, SIZE_MAX);
    peer_flush(bob);
    world_settle();
    assert_int_equal(frame_len(bob), len_with(DEFLATE_SMALL, message));
    assert_int_not_equal(len_with(DEFLATE_SMALL, message),
                         len_with(DEFLATE_FAST, message));
    free(bytes);
}

static void test_history_is_read_as_it_is_and_then_the_twin(void **state)
{
    (void)state;
    world_start();
    struct peer *bob = peer_open("/chat/x");
    peer_text(bob, LINE);
    struct peer *ann = open_zip("/ws/x?history=1");
    peer_text(bob, "after");
    struct peer *cid = open_zip("/ws/x?history=2");
    assert_true(client_has(world_client(ann->connection), CLIENT_TWIN));
    peer_text(bob, LINE);
    peer_told(ann, "#1 " LINE "\n#2 after\n#3 " LINE "\n");
    peer_told(cid, "#1 " LINE "\n#2 after\n#3 " LINE "\n");
}

static void test_twins_are_whole_wherever_a_write_ends(void **state)
{
    (void)state;
    world_start();
    for (size_t n = 0; n < 200; n++) {
        note_open(&note, "a twin", "bytes taken", n);
        struct peer *ann = open_zip("/ws/x"), *bob = open_zip("/ws/x");
        sim_set_window(ann->connection, 0);
        sim_set_send_buffer(ann->connection, n);
        peer_text(bob, "{\"message\":\"" LINE "\"}");
        peer_text(bob, "{\"message\":\"" LINE " and more\"}");
        peer_read_again(ann);
        peer_told(ann, "#1 " LINE "\n#2 " LINE " and more\n");
        peer_told_nothing(bob);
        note_close(&note);
        world_again();
    }
}

static void test_a_smaller_window_is_served_without_compression(void **state)
{
    (void)state;
    world_start();
    struct peer *ann = peer_open_with(
        "/chat/x", "Sec-WebSocket-Extensions: permessage-deflate; "
                   "server_max_window_bits=10\r\n");
    peer_text(ann, LINE);
    peer_told(ann, "text " LINE "\n");
}

static void test_a_compressed_message_in_pieces_is_gathered(void **state)
{
    (void)state;
    world_start();
    struct peer *ann = open_zip("/chat/x"), *bob = peer_open("/chat/x");
    add_in_frames(ann, FRAME_TEXT, BYTES_LITERAL(LINE), 3);
    for (size_t i = 0; i < ann->out_len; i++) {
        sim_write(ann->connection, bytes_span(ann->out + i, 1));
        world_settle();
    }
    ann->out_len = 0;
    peer_told(bob, "text " LINE "\n");
    assert_int_equal(world.server.leases.slots.count, 0);
}

/* ---- What is wrong ------------------------------------------------------- */

static void test_what_is_no_deflate_data_is_1007(void **state)
{
    (void)state;
    world_start();
    static const char *const paths[] = {"/echo", "/chat/x"};
    for (size_t i = 0; i < 2; i++) {
        struct peer *ann = open_zip(paths[i]);
        peer_frame(ann, PEER_TEXT | PEER_RSV1, BYTES_LITERAL("\x07rubbish"));
        peer_tells(ann, "close 1007 not DEFLATE data\nend\n");
        world_again();
    }
}

static void test_text_that_is_not_utf8_is_1007(void **state)
{
    (void)state;
    world_start();
    static const char *const paths[] = {"/echo", "/chat/x"};
    for (size_t i = 0; i < 2; i++) {
        struct peer *ann = open_zip(paths[i]);
        peer_add_compressed(ann, PEER_TEXT, BYTES_LITERAL("\xC3"));
        peer_flush(ann);
        peer_tells(ann, "close 1007 not UTF-8\nend\n");
        world_again();
    }
}

static void test_the_limit_counts_what_it_inflates_to(void **state)
{
    (void)state;
    world.config.room_log = 16384;
    world_start();
    static uint8_t zeros[1025];
    struct peer *ann = open_zip("/chat/x");
    peer_add_compressed(ann, PEER_BINARY, bytes_span(zeros, 1024));
    peer_flush(ann);
    assert_memory_equal(peer_story(ann), "binary* ", 8);
    peer_add_compressed(ann, PEER_BINARY, bytes_span(zeros, 1025));
    peer_flush(ann);
    assert_memory_equal(peer_story(ann), "close 1009", 10);
}

/* FF first, then more than may come; and the other way round. */
static void test_of_two_things_wrong_the_first_counts(void **state)
{
    (void)state;
    static uint8_t text[3000];
    memset(text, 'x', sizeof text);
    world.config.room_log = 16384;
    world_start();
    for (unsigned last = 0; last < 2; last++) {
        struct peer *ann = open_zip("/chat/x");
        text[0] = text[sizeof text - 1] = 'x';
        text[last ? sizeof text - 1 : 0] = 0xFF;
        peer_add_compressed(ann, PEER_TEXT, bytes_span(text, sizeof text));
        peer_flush(ann);
        assert_memory_equal(peer_story(ann), last ? "close 1009" : "close 1007",
                            10);
        world_again();
    }
}

static void test_the_oldest_unfinished_one_gives_its_context(void **state)
{
    (void)state;
    world_start();
    struct peer *first = NULL, *last = NULL;
    uint32_t most = world.server.inflating.slots.size;
    for (uint32_t i = 0; i <= most; i++) {
        last = open_zip("/echo");
        first = first ? first : last;
        peer_frame(last, FRAME_TEXT | PEER_RSV1, BYTES_LITERAL("\x00"));
        world_pass(10);
    }
    peer_told(first, "close 1013 its buffer is needed\nend\n");
    peer_told_nothing(last);
    assert_int_equal(world.server.inflating.slots.count, most);
}

static void test_who_goes_in_the_middle_leaves_no_context(void **state)
{
    (void)state;
    world_start();
    struct peer *ann = open_zip("/echo");
    uint8_t *bytes = long_message(5000, 9);
    add_in_frames(ann, FRAME_BINARY, bytes_span(bytes, 5000), 1000);
    ann->out_len -= 500;
    peer_stop_reading(ann);
    peer_flush(ann);
    assert_true(contexts() > 0);
    sim_reset(ann->connection);
    world_settle();
    assert_int_equal(contexts(), 0);
    free(bytes);
}

static void test_without_the_option_rsv1_is_1002(void **state)
{
    (void)state;
    world.config.compression = false;
    world_start();
    struct peer *ann = open_zip("/echo");
    peer_frame(ann, PEER_TEXT | PEER_RSV1, BYTES_LITERAL("x"));
    assert_memory_equal(peer_story(ann), "close 1002", 10);
}

/* Not only where the text ends. */
static void test_a_byte_that_no_text_has_is_1007_at_once(void **state)
{
    (void)state;
    world_start();
    struct peer *ann = open_zip("/echo");
    add_in_frames(ann, FRAME_TEXT, BYTES_LITERAL("\xFF" LINE), 10);
    ann->out_len -= 16; /* the last frame */
    peer_flush(ann);
    peer_tells(ann, "close 1007 not UTF-8\nend\n");
}

/* All of it can be inflated, but it is not all (RFC 7692 7.2.1). */
static void test_a_message_that_ends_inside_a_block_is_1007(void **state)
{
    (void)state;
    world_start();
    static const char *const paths[] = {"/echo", "/chat/x"};
    for (size_t i = 0; i < 2; i++) {
        struct peer *ann = open_zip(paths[i]);
        peer_frame(ann, PEER_TEXT | PEER_RSV1,
                   BYTES_LITERAL("\xF2\x48\xCD\xC9"));
        peer_tells(ann, "close 1007 not DEFLATE data\nend\n");
        world_again();
    }
}

static void test_a_message_of_more_than_one_turn_is_gathered(void **state)
{
    (void)state;
    size_t len = LIMITS_INFLATE + 1000;
    world.config.max_message = len;
    world.config.room_log = 8 * len; /* in base64, a quarter of it */
    world_start();
    uint8_t *zeros = calloc(1, len);
    struct peer *ann = open_zip("/chat/x"), *bob = peer_open("/chat/x");
    peer_add_compressed(ann, PEER_BINARY, bytes_span(zeros, len));
    peer_flush(ann);
    struct peer_frame m;
    peer_pull_all(bob);
    assert_true(peer_take_message(bob, &m));
    assert_int_equal(m.payload.len, len);
    assert_memory_equal(m.payload.ptr, zeros, len);
    free(zeros);
}

static void
test_what_is_too_long_for_a_room_to_deflate_comes_as_it_is(void **state)
{
    (void)state;
    world.config.max_message = LIMITS_DEFLATE_MOST + 1;
    world.config.room_log = 8 * world.config.max_message;
    world_start();
    struct peer *ann = peer_open("/chat/x"), *bob = open_zip("/chat/x");
    uint8_t *zeros = calloc(1, world.config.max_message);
    for (size_t over = 0; over < 2; over++) {
        struct peer_frame m;
        size_t len = LIMITS_DEFLATE_MOST + over;
        peer_frame(ann, PEER_BINARY, bytes_span(zeros, len));
        peer_pull_all(bob);
        assert_true(peer_take_message(bob, &m));
        assert_int_equal(m.first, over ? PEER_BINARY : PEER_BINARY | PEER_RSV1);
        assert_int_equal(m.payload.len, len);
    }
    free(zeros);
}

/* ---- Where a turn ends --------------------------------------------------- */

/* Its input is used up, and a match is still to be copied. */
static void test_a_turn_may_end_inside_the_last_match(void **state)
{
    (void)state;
    world_start();
    /* A zero, and matches of 258 of them: the last goes over the limit, which
       is one of whole chunks. */
    size_t chunk = world.server.chunk_size;
    size_t limit = (LIMITS_INFLATE + chunk - 1) / chunk * chunk;
    size_t len = 1 + 258 * ((limit - 1) / 258 + 1);
    uint8_t *zeros = calloc(1, len);
    struct peer *ann = open_zip("/echo");
    peer_add_compressed(ann, PEER_BINARY, bytes_span(zeros, len));
    peer_push(ann);
    world_turn();
    assert_int_equal(contexts(), 2);
    assert_int_equal(sim_unread(ann->connection), 0);
    world_settle();
    echoed(ann, bytes_span(zeros, len));
    free(zeros);
}

/* Nothing comes out of them, and the tables of each are built. */
static void test_empty_blocks_are_read_a_few_each_turn(void **state)
{
    static const uint8_t empty[] = {0x00, 0x00, 0x00, 0xFF, 0xFF};
    (void)state;
    uint8_t bytes[2 * LIMITS_BLOCKS * sizeof empty + 1] = {0};
    for (size_t at = 0; at + sizeof empty <= sizeof bytes; at += sizeof empty)
        memcpy(bytes + at, empty, sizeof empty);
    world_start();
    struct peer *ann = open_zip("/echo");
    peer_add_frame(ann, PEER_BINARY | PEER_RSV1,
                   bytes_span(bytes, sizeof bytes));
    peer_push(ann);
    world_turn();
    assert_true(contexts() > 0);
    assert_true(world.server.cost <
                (LIMITS_BLOCKS + 10) * (uint64_t)LIMITS_COST_BLOCK);
    world_turn();
    world_turn();
    assert_int_equal(contexts(), 0);
    echoed(ann, bytes_span(NULL, 0));
}

/* Two who ask for all that one may have in a turn. */
static void test_a_turn_that_has_cost_enough_inflates_no_more(void **state)
{
    (void)state;
    world.config.buffers = LIMITS_DEFLATE_PART; /* two are deflated */
    world_start();
    size_t len = 2 * LIMITS_INFLATE;
    uint8_t *zeros = calloc(1, len);
    struct peer *ann = open_zip("/echo"), *bob = open_zip("/echo");
    peer_add_compressed(ann, PEER_BINARY, bytes_span(zeros, len));
    peer_add_compressed(bob, PEER_BINARY, bytes_span(zeros, len));
    peer_push(ann);
    peer_push(bob);
    world_turn();
    assert_true(world.server.cost > LIMITS_TURN_HEAVY);
    assert_true(world.server.cost < LIMITS_TURN_HEAVY + LIMITS_TURN_READ / 10);
    world_settle();
    echoed(ann, bytes_span(zeros, len));
    echoed(bob, bytes_span(zeros, len));
    free(zeros);
}

/* ---- What cannot be ------------------------------------------------------ */

/* All contexts hold something that waits for its room. */
static void test_without_a_context_a_message_ends_its_connection(void **state)
{
    (void)state;
    world_start();
    struct leases *pool = &world.server.inflating;
    struct peer *ann = open_zip("/chat/x"), *bob = peer_open("/chat/x");
    struct client *other = world_client(bob->connection);
    other->taken = FRAME_TEXT; /* nobody takes a buffer of it */
    while (lease_take(pool, client_index(&world.server.clients, other), 0, 0) !=
           LEASE_NONE)
        ;
    peer_add_compressed(ann, PEER_TEXT, BYTES_LITERAL("hello"));
    peer_flush(ann);
    peer_told(ann, "close 1013 no room to inflate a message\nend\n");
    other->taken = 0;
    for (uint32_t i = 0; i < pool->slots.size; i++)
        lease_give(pool, &(uint32_t){i});
    peer_told_nothing(bob);
}

static void begin_twice(void *context)
{
    compressed_begin(&world.server, context, 0, FRAME_TEXT);
    compressed_begin(&world.server, context, 0, FRAME_TEXT);
}

/* How long an answer can be was known when its space was measured. */
static void answer_in_less_space(void *context)
{
    world.server.deflated_size = 1;
    peer_flush(context);
}

static void test_what_was_not_reckoned_with_stops_the_process(void **state)
{
    (void)state;
    world_start();
    struct peer *ann = open_zip("/echo");
    assert_true(death_by_check(begin_twice, world_client(ann->connection)));
    peer_add_compressed(ann, PEER_TEXT, BYTES_LITERAL("hello"));
    assert_true(death_by_check(answer_in_less_space, ann));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        WORLD_TEST(test_echo_comes_back_compressed_at_every_cut),
        WORLD_TEST(test_an_empty_message_comes_back_empty),
        WORLD_TEST(test_long_messages_come_back_whole),
        WORLD_TEST(test_a_reader_that_stops_anywhere_misses_nothing),
        WORLD_TEST(test_a_bomb_is_inflated_a_little_each_turn),
        WORLD_TEST(test_those_who_ask_for_much_wait_and_others_do_not),
        WORLD_TEST(test_who_asked_for_much_once_is_not_put_off_for_ever),
        WORLD_TEST(test_members_with_and_without_hear_the_same),
        WORLD_TEST(test_what_does_not_get_shorter_goes_as_it_is),
        WORLD_TEST(test_a_room_gets_it_small_and_an_echo_fast),
        WORLD_TEST(test_history_is_read_as_it_is_and_then_the_twin),
        WORLD_TEST(test_twins_are_whole_wherever_a_write_ends),
        WORLD_TEST(test_a_smaller_window_is_served_without_compression),
        WORLD_TEST(test_a_compressed_message_in_pieces_is_gathered),
        WORLD_TEST(test_what_is_no_deflate_data_is_1007),
        WORLD_TEST(test_text_that_is_not_utf8_is_1007),
        WORLD_TEST(test_the_limit_counts_what_it_inflates_to),
        WORLD_TEST(test_of_two_things_wrong_the_first_counts),
        WORLD_TEST(test_the_oldest_unfinished_one_gives_its_context),
        WORLD_TEST(test_who_goes_in_the_middle_leaves_no_context),
        WORLD_TEST(test_without_the_option_rsv1_is_1002),
        WORLD_TEST(test_a_byte_that_no_text_has_is_1007_at_once),
        WORLD_TEST(test_a_message_that_ends_inside_a_block_is_1007),
        WORLD_TEST(test_a_message_of_more_than_one_turn_is_gathered),
        WORLD_TEST(test_what_is_too_long_for_a_room_to_deflate_comes_as_it_is),
        WORLD_TEST(test_a_turn_may_end_inside_the_last_match),
        WORLD_TEST(test_empty_blocks_are_read_a_few_each_turn),
        WORLD_TEST(test_a_turn_that_has_cost_enough_inflates_no_more),
        WORLD_TEST(test_without_a_context_a_message_ends_its_connection),
        WORLD_TEST(test_what_was_not_reckoned_with_stops_the_process),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
