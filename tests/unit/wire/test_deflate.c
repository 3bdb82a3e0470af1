/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "support/codec.h"
#include "support/death.h"

#define LEN 300000
#define OUT (LEN + 1000)

/* Most tests are run for both. */
static enum deflate_effort effort = DEFLATE_SMALL;

static int be_fast(void **state)
{
    (void)state;
    effort = DEFLATE_FAST;
    return 0;
}

static int be_small(void **state)
{
    (void)state;
    effort = DEFLATE_SMALL;
    return 0;
}

static struct deflate z;
static struct inflate inflater;
static uint8_t plain[LEN];
static uint8_t packed[OUT];
static uint8_t again[LEN];

/* Compress in pieces, let the walker decode it, and hold everything against
   everything: bytes, greatest distance, the end, the promised bound. */
static struct codec_walk round_trip(unsigned bits, size_t len, size_t in_step,
                                    size_t out_step)
{
    struct text out = text_over(packed, OUT);
    deflate_init(&z, bits, len, effort);
    codec_deflate(&z, bytes_span(plain, len), in_step, &out, out_step,
                  DEFLATE_SYNC);
    assert_false(out.overflow);
    assert_true(out.len <= deflate_bound(len));
    assert_memory_equal(packed + out.len - 4, "\x00\x00\xFF\xFF", 4);
    struct codec_walk walk = codec_walk(text_span(&out), again, LEN);
    assert_true(walk.whole);
    assert_int_equal(walk.len, len);
    if (len)
        assert_memory_equal(again, plain, len);
    assert_true(walk.far <= 1u << bits);
    return walk;
}

static void test_round_trips_at_all_window_sizes(void **state)
{
    (void)state;
    static const size_t lens[] = {0, 1, 2, 3, 4, 5, 63, 300, 5000, 40000};
    struct codec_random random = {1};
    for (unsigned bits = 8; bits <= 15; bits++) {
        for (unsigned kind = 0; kind < CODEC_KINDS; kind++) {
            for (size_t i = 0; i < sizeof lens / sizeof lens[0]; i++) {
                codec_sample(&random, (enum codec_kind)kind, plain, lens[i]);
                round_trip(bits, lens[i], 0, 0);
            }
        }
    }
}

/* The window slides several times. */
static void test_round_trips_of_long_input_in_pieces(void **state)
{
    (void)state;
    struct codec_random random = {2};
    for (unsigned kind = 0; kind < CODEC_KINDS; kind++) {
        codec_sample(&random, (enum codec_kind)kind, plain, LEN);
        round_trip(15, LEN, 0, 0);
        round_trip(9, LEN, 1 + codec_below(&random, 70000),
                   1 + codec_below(&random, 5000));
        round_trip(15, LEN, 1 + codec_below(&random, 1000), 0);
    }
}

/* Something that repeats at exactly the window's size is found, and one byte
   farther is not: 8 bits mean 256, not zlib's 512. */
static void test_windows_are_used_to_their_last_byte(void **state)
{
    (void)state;
    struct codec_random random = {3};
    for (unsigned bits = 8; bits <= 15; bits++) {
        size_t window = (size_t)1 << bits;
        codec_sample(&random, CODEC_RANDOM, plain, window);
        memcpy(plain + window, plain, window);
        struct codec_walk walk = round_trip(bits, 2 * window, 0, 0);
        assert_int_equal(walk.far, window);
        assert_true(walk.symbols[1] > 0);
        codec_sample(&random, CODEC_RANDOM, plain, window + 1);
        memcpy(plain + window + 1, plain, window + 1);
        walk = round_trip(bits, 2 * window + 2, 0, 0);
        assert_true(walk.far <= window);
    }
}

/* What comes out does not depend on how it goes in or leaves. */
static void test_every_size_of_pieces_gives_the_same_bytes(void **state)
{
    (void)state;
    static uint8_t whole[OUT];
    struct codec_random random = {4};
    for (unsigned kind = 0; kind < CODEC_KINDS; kind++) {
        size_t len = 3000;
        codec_sample(&random, (enum codec_kind)kind, plain, len);
        struct text expected = text_over(whole, OUT);
        deflate_init(&z, 15, len, effort);
        codec_deflate(&z, bytes_span(plain, len), 0, &expected, 0,
                      DEFLATE_SYNC);
        for (size_t step = 1; step < 20; step++) {
            for (size_t room = 0; room < 20; room++) {
                struct text out = text_over(packed, OUT);
                deflate_init(&z, 15, len, effort);
                codec_deflate(&z, bytes_span(plain, len), step, &out, room,
                              DEFLATE_SYNC);
                assert_int_equal(out.len, expected.len);
                assert_memory_equal(packed, whole, out.len);
            }
        }
    }
}

static void test_every_split_of_input_and_output(void **state)
{
    (void)state;
    struct codec_random random = {5};
    static struct deflate moved;
    size_t len = 1200;
    codec_sample(&random, CODEC_HTML, plain, len);
    for (size_t cut = 0; cut <= len; cut++) {
        struct text out = text_over(packed, OUT);
        struct span in = bytes_span(plain, cut);
        deflate_init(&z, 15, len, effort);
        assert_int_equal(deflate_run(&z, &in, &out, DEFLATE_MORE),
                         DEFLATE_INPUT);
        assert_int_equal(in.len, 0);
        memcpy(&moved, &z, sizeof z);
        memset(&z, 0xEE, sizeof z);
        in = bytes_span(plain + cut, len - cut);
        out.size = bytes_min(cut, OUT);
        enum deflate_status status;
        while ((status = deflate_run(&moved, &in, &out, DEFLATE_SYNC)) ==
               DEFLATE_OUTPUT)
            out.size = OUT;
        assert_int_equal(status, DEFLATE_DONE);
        struct codec_walk walk = codec_walk(text_span(&out), again, LEN);
        assert_true(walk.whole);
        assert_int_equal(walk.len, len);
        assert_memory_equal(again, plain, len);
    }
}

/* After each flush everything so far can be decompressed. */
static void test_flushes_in_the_middle(void **state)
{
    (void)state;
    struct codec_random random = {6};
    struct text out = text_over(packed, OUT);
    struct text back = text_over(again, LEN);
    size_t len = 0;
    deflate_init(&z, 12, SIZE_MAX, effort);
    inflate_init(&inflater, 12);
    for (int i = 0; i < 300 && len < LEN / 2; i++) {
        size_t n = codec_below(&random, 1000), from = out.len;
        codec_sample(&random, (enum codec_kind)(i % CODEC_KINDS), plain + len,
                     n);
        codec_deflate(&z, bytes_span(plain + len, n), 0, &out, 0, DEFLATE_SYNC);
        len += n;
        assert_int_equal(
            codec_inflate(&inflater,
                          bytes_part(text_span(&out), from, out.len - from), 0,
                          &back, 0),
            INFLATE_INPUT);
        assert_int_equal(back.len, len);
        assert_memory_equal(again, plain, len);
    }
}

static void test_a_message_ends_without_the_four_bytes(void **state)
{
    (void)state;
    struct codec_random random = {7};
    static uint8_t message[OUT];
    for (size_t len = 0; len < 300; len++) {
        codec_sample(&random, CODEC_CHAT, plain, len);
        struct text sync = text_over(packed, OUT);
        deflate_init(&z, 15, len, effort);
        codec_deflate(&z, bytes_span(plain, len), 0, &sync, 0, DEFLATE_SYNC);
        struct text out = text_over(message, OUT);
        deflate_init(&z, 15, len, effort);
        codec_deflate(&z, bytes_span(plain, len), 0, &out, 0, DEFLATE_MESSAGE);
        assert_int_equal(out.len + 4, sync.len);
        assert_memory_equal(message, packed, out.len);
    }
}

/* ---- the kind of block --------------------------------------------------- */

static void test_random_bytes_are_stored(void **state)
{
    (void)state;
    struct codec_random random = {8};
    codec_sample(&random, CODEC_RANDOM, plain, LEN);
    struct codec_walk walk = round_trip(15, LEN, 0, 0);
    assert_int_equal(walk.blocks[1] + walk.blocks[2], 0);
}

static void test_short_text_is_fixed(void **state)
{
    (void)state;
    memcpy(plain, "Hello, hello, how are you?", 26);
    struct codec_walk walk = round_trip(15, 26, 0, 0);
    assert_int_equal(walk.blocks[1], 1);
    assert_int_equal(walk.blocks[2], 0);
}

static void test_long_text_is_dynamic(void **state)
{
    (void)state;
    struct codec_random random = {9};
    codec_sample(&random, CODEC_CHAT, plain, 20000);
    struct codec_walk walk = round_trip(15, 20000, 0, 0);
    assert_int_equal(walk.blocks[1], 0);
    assert_int_equal(walk.blocks[2], 1);
}

/* Of the three kinds no other would have been smaller: stored text, or random
   bytes in a code, would fail these. */
static void test_no_sample_grows_much(void **state)
{
    (void)state;
    struct codec_random random = {10};
    for (unsigned kind = 0; kind < CODEC_KINDS; kind++) {
        for (size_t len = 0; len < 400; len++) {
            codec_sample(&random, (enum codec_kind)kind, plain, len);
            struct text out = text_over(packed, OUT);
            deflate_init(&z, 15, len, effort);
            codec_deflate(&z, bytes_span(plain, len), 0, &out, 0,
                          DEFLATE_MESSAGE);
            assert_true(out.len <= len + 6);
        }
    }
}

/* What the kinds of block would cost, in bits, for so many of each symbol. */
struct costs {
    size_t stored, fixed, dynamic;
};

static size_t sum(const uint32_t *freqs, const uint8_t *bits, unsigned count)
{
    size_t len = 0;
    for (unsigned s = 0; s < count; s++)
        len += (size_t)freqs[s] * bits[s];
    return len;
}

/* How the lengths of both codes are sent: how often by which symbol. */
static void count_runs(const uint8_t *lengths, unsigned count, uint32_t *freqs)
{
    for (unsigned from = 0, to; from < count; from = to) {
        for (to = from; to < count && lengths[to] == lengths[from];)
            to++;
        unsigned repeat = lengths[from] ? 6 : 138; /* at most, and at once */
        unsigned symbol = lengths[from] ? 16 : 18;
        unsigned n = to - from - (symbol == 16), rest = n % repeat;
        freqs[lengths[from]] += symbol == 16;
        freqs[symbol] += n / repeat;
        if (symbol == 18 && rest >= 11)
            freqs[18]++;
        else if (rest >= 3)
            freqs[symbol == 18 ? 17 : 16]++;
        else
            freqs[lengths[from]] += rest;
    }
}

/* 257 of the literal/length codes are sent at least, and of the others those
   up to the last in use. */
static unsigned join_lengths(const uint8_t *literals, const uint8_t *distances,
                             uint8_t *both)
{
    unsigned most = 286, more = 30;
    while (most > 257 && literals[most - 1] == 0)
        most--;
    while (more > 1 && distances[more - 1] == 0)
        more--;
    memcpy(both, literals, most);
    memcpy(both + most, distances, more);
    return most + more;
}

static struct costs costs_of(size_t len, const struct codec_walk *w)
{
    static const uint8_t order[] = {SYMBOLS_LENGTH_ORDER};
    static const uint8_t extra[19] = {[16] = 2, [17] = 3, [18] = 7};
    uint8_t literals[288], distances[32], both[320], bits[19];
    uint32_t runs[19] = {0};
    struct costs costs = {.stored = 3 + 7 + 32 + 8 * len};
    memset(distances, 5, sizeof distances);
    for (unsigned s = 0; s < 288; s++)
        literals[s] = symbols_fixed_bits(s);
    costs.fixed = 3 + w->extra + sum(w->literals, literals, 288) +
                  sum(w->distances, distances, 32);

    huffman_lengths(w->literals, 288, 15, literals);
    huffman_lengths(w->distances, 32, 15, distances);
    count_runs(both, join_lengths(literals, distances, both), runs);
    huffman_lengths(runs, 19, 7, bits);
    unsigned count = 19;
    while (bits[order[count - 1]] == 0)
        count--;
    costs.dynamic = 3 + 5 + 5 + 4 + 3 * count + sum(runs, bits, 19) +
                    sum(runs, extra, 19) + w->extra +
                    sum(w->literals, literals, 288) +
                    sum(w->distances, distances, 32);
    return costs;
}

/* To the bit; of equals stored, then fixed. */
static void check_choice(size_t len, const struct codec_walk *walk,
                         const struct costs *costs)
{
    if (costs->stored <= costs->fixed && costs->stored <= costs->dynamic) {
        assert_int_equal(walk->blocks[0], 2); /* one ends the flush */
    } else if (costs->fixed <= costs->dynamic) {
        assert_int_equal(walk->blocks[1], 1);
        assert_int_equal(walk->first, costs->fixed);
    } else {
        assert_int_equal(walk->blocks[2], 1);
        assert_int_equal(walk->first, costs->dynamic);
    }
    assert_int_equal(walk->len, len);
}

static void test_the_smallest_kind_of_block_is_chosen(void **state)
{
    (void)state;
    struct codec_random random = {13};
    for (unsigned kind = 0; kind < CODEC_KINDS; kind++) {
        for (size_t len = 1; len < 1000; len += 1 + len / 100) {
            codec_sample(&random, (enum codec_kind)kind, plain, len);
            struct codec_walk walk = round_trip(15, len, 0, 0);
            struct costs costs = costs_of(len, &walk);
            if (walk.blocks[0] < 2) /* else nobody sees what it would be */
                check_choice(len, &walk, &costs);
        }
    }
}

/* Random bytes, and among them, more and more seldom, four that were there 2000
   before: a match of 21 bits, nine of them extra. At some time it is not worth
   the codes any more. */
static void test_extra_bits_are_weighed_too(void **state)
{
    (void)state;
    struct codec_random random = {17};
    size_t len = 4000;
    unsigned stored = 0;
    for (size_t every = 20; every < 400; every += 5) {
        codec_sample(&random, CODEC_RANDOM, plain, len);
        for (size_t at = 2000; at + 4 <= len; at += every)
            memcpy(plain + at, plain + at - 2000, 4);
        struct codec_walk walk = round_trip(15, len, 0, 0);
        struct costs costs = costs_of(len, &walk);
        if (walk.blocks[0] < 2)
            check_choice(len, &walk, &costs);
        else
            stored++;
    }
    assert_in_range(stored, 1, 75);
}

/* Runs of one byte each: all matches have the distance 1, of which the fixed
   code thinks no better than of others. */
static void test_the_first_distance_is_weighed_too(void **state)
{
    (void)state;
    struct codec_random random = {18};
    size_t len = 0;
    for (unsigned run = 0; run < 100; run++) {
        size_t n = 5 + codec_below(&random, 5);
        memset(plain + len, 'a' + (int)(run % 26), n);
        len += n;
        struct codec_walk walk = round_trip(8, len, 0, 0);
        struct costs costs = costs_of(len, &walk);
        if (walk.blocks[0] < 2)
            check_choice(len, &walk, &costs);
    }
}

/* Do the last three of these bytes stand before, too? */
static bool has_match(const uint8_t *bytes, size_t len)
{
    for (size_t at = 3; at < len; at++)
        if (memcmp(bytes + at - 3, bytes + len - 3, 3) == 0)
            return true;
    return false;
}

/* Few bytes or many, of eight bits or of nine, and no match among them: the
   symbols are known whatever is chosen. */
static void test_bytes_without_a_match_are_weighed_too(void **state)
{
    (void)state;
    struct codec_random random = {14};
    unsigned kinds[3] = {0};
    for (unsigned turn = 0; turn < 1000; turn++) {
        struct codec_walk plan = {.literals = {[256] = 1}};
        size_t len = 1 + codec_below(&random, 200);
        uint32_t width = 8 + codec_below(&random, 64);
        uint32_t low = codec_below(&random, 256 - width);
        for (size_t i = 0; i < len; i++) {
            do {
                plain[i] = (uint8_t)(low + codec_below(&random, width));
            } while (has_match(plain, i + 1));
            plan.literals[plain[i]]++;
        }
        struct codec_walk walk = round_trip(15, len, 0, 0);
        struct costs costs = costs_of(len, &plan);
        check_choice(len, &walk, &costs);
        kinds[walk.blocks[0] == 2 ? 0 : walk.blocks[1] ? 1 : 2]++;
    }
    for (unsigned kind = 0; kind < 3; kind++)
        assert_true(kinds[kind] > 0);
}

/* These bytes have nothing in common with those of a first block: they are
   packed as if there had been none. */
static void check_second(enum codec_kind kind, size_t first,
                         const uint8_t *bytes, size_t len)
{
    static uint8_t alone[OUT];
    struct codec_random random = {15};
    struct text out = text_over(packed, OUT), expected = text_over(alone, OUT);
    codec_sample(&random, kind, plain, first);
    deflate_init(&z, 15, 0, effort);
    codec_deflate(&z, bytes_span(plain, first), 0, &out, 0, DEFLATE_SYNC);
    size_t start = out.len;
    codec_deflate(&z, bytes_span(bytes, len), 0, &out, 0, DEFLATE_SYNC);
    deflate_init(&z, 15, 0, effort);
    codec_deflate(&z, bytes_span(bytes, len), 0, &expected, 0, DEFLATE_SYNC);
    assert_int_equal(out.len - start, expected.len);
    assert_memory_equal(packed + start, alone, expected.len);
}

static void test_a_block_is_weighed_without_the_one_before(void **state)
{
    (void)state;
    struct codec_random random = {15};
    uint8_t bytes[400];
    for (size_t len = 1; len < sizeof bytes; len++) {
        codec_sample(&random, CODEC_CHAT, bytes, len);
        for (size_t i = 0; i < len; i++)
            bytes[i] ^= 0x80;
        check_second(CODEC_JSON, 500, bytes, len);
    }
    /* Of nine bits each: 31 are a bit shorter in the fixed code than stored. */
    for (size_t i = 0; i < 32; i++)
        bytes[i] = (uint8_t)(144 + i * i * 5 % 112);
    for (size_t len = 30; len <= 32; len++)
        check_second(CODEC_JSON, 500, bytes, len);
}

/* ---- the longest codes --------------------------------------------------- */

/* So often each, in the order of Fibonacci: their codes have 1 bit to 15. */
static const uint32_t fibonacci[] = {1,  1,  2,  3,   5,   8,   13,  21,
                                     34, 55, 89, 144, 233, 377, 610, 987};

/* A distance of each of the first symbols. */
static const uint32_t nearest[] = {1,  2,  3,  4,  5,  7,  9,  13,
                                   17, 25, 33, 49, 65, 97, 129};

#define TOKENS (1594 + 2582 + 1)

/* Literals, and matches of ten bytes: the one that is longer, has as many extra
   bits as there are, and comes once, is the last. */
static void put_tokens(uint32_t *tokens, struct codec_random *random)
{
    unsigned count = 0, from;
    for (unsigned i = 2; i < 15; i++)
        for (uint32_t n = fibonacci[i]; n > 0; n--)
            tokens[count++] = 'a' + i;
    from = count / 2; /* so much stands in front of the first match */
    for (unsigned i = 1; i < 16; i++)
        for (uint32_t n = fibonacci[i]; n > 0; n--)
            tokens[count++] = nearest[i - 1] << 16 | 10;
    for (unsigned i = from; i < count; i++) {
        unsigned other = i + codec_below(random, count - i);
        uint32_t token = tokens[i];
        tokens[i] = tokens[other];
        tokens[other] = token;
    }
    tokens[count++] = 25000u << 16 | 250;
    assert_int_equal(count, TOKENS);
}

/* As if they had been parsed; and what they stand for. */
static size_t gather(const uint32_t *tokens, uint8_t *bytes)
{
    size_t len = 0;
    for (unsigned i = 0; i < TOKENS; i++) {
        uint32_t distance = tokens[i] >> 16, value = tokens[i] & 0xFFFF;
        z.tokens[z.token_count++] = tokens[i];
        if (distance == 0) {
            z.literal_freqs[value]++;
            bytes[len++] = (uint8_t)value;
            continue;
        }
        z.literal_freqs[SYMBOLS_LENGTH + symbols_of_length(value)]++;
        z.distance_freqs[symbols_of_distance(distance)]++;
        for (; value > 0; value--, len++)
            bytes[len] = bytes[len - distance];
    }
    return len;
}

/* A match of 48 bits: both codes have 15, and there are 18 extra bits. No input
   of a reasonable size is parsed to that: the tokens are put in place here, in
   many orders, so that any number of bits is held before the last. */
static void test_the_longest_match_fits_beside_what_is_held(void **state)
{
    (void)state;
    struct codec_random random = {16};
    static uint32_t tokens[TOKENS];
    for (unsigned turn = 0; turn < 200; turn++) {
        struct text out = text_over(packed, OUT), back = text_over(again, LEN);
        struct span none = bytes_span(NULL, 0);
        deflate_init(&z, 15, 0, effort);
        put_tokens(tokens, &random);
        size_t len = gather(tokens, plain);
        z.block_len = DEFLATE_WINDOW; /* this is not stored */
        assert_int_equal(deflate_run(&z, &none, &out, DEFLATE_SYNC),
                         DEFLATE_DONE);
        assert_int_equal(z.literal_bits[284] + z.distance_bits[29], 30);
        inflate_init(&inflater, 15);
        assert_int_equal(codec_inflate(&inflater, text_span(&out), 0, &back, 0),
                         INFLATE_INPUT);
        assert_int_equal(back.len, len);
        assert_memory_equal(again, plain, len);
    }
}

/* ---- matches ------------------------------------------------------------- */

/* Two pieces, each flushed: what they are packed in. */
static struct codec_walk pack_pieces(struct span first, struct span second)
{
    struct text out = text_over(packed, OUT);
    memcpy(plain, first.ptr, first.len);
    if (second.len)
        memcpy(plain + first.len, second.ptr, second.len);
    deflate_init(&z, 15, first.len + second.len, effort);
    codec_deflate(&z, first, 0, &out, 0, DEFLATE_SYNC);
    if (second.len)
        codec_deflate(&z, second, 0, &out, 0, DEFLATE_SYNC);
    struct codec_walk walk = codec_walk(text_span(&out), again, LEN);
    assert_int_equal(walk.len, first.len + second.len);
    assert_memory_equal(again, plain, walk.len);
    return walk;
}

/* So many literals, so many matches, and the farthest of these. */
static void check_matches(const struct codec_walk *walk, unsigned literals,
                          unsigned matches, size_t far)
{
    assert_int_equal(walk->symbols[0], literals);
    assert_int_equal(walk->symbols[1], matches);
    assert_int_equal(walk->far, far);
}

static void check_text(const char *text, unsigned literals, unsigned matches,
                       size_t far)
{
    struct codec_walk walk = pack_pieces(bytes_of(text), bytes_span(NULL, 0));
    check_matches(&walk, literals, matches, far);
}

static void test_matches_are_as_long_as_can_be(void **state)
{
    (void)state;
    for (unsigned len = 3; len <= 100; len++) { /* in a fixed block */
        for (unsigned i = 0; i < len; i++)
            plain[i] = plain[len + 1 + i] = (uint8_t)(20 + i);
        plain[len] = 1;
        plain[2 * len + 1] = 2;
        struct codec_walk walk = round_trip(15, 2 * len + 2, 0, 0);
        check_matches(&walk, len + 2, 1, len + 1);
    }
}

static void test_three_bytes_match_up_to_4096_back(void **state)
{
    (void)state;
    for (size_t distance = 4095; distance <= 4097; distance++) {
        memset(plain, 'x', distance);
        memcpy(plain, "abc", 3);
        memcpy(plain + distance, "abcY", 4);
        size_t far = round_trip(15, distance + 4, 0, 0).far;
        assert_int_equal(far, distance <= 4096 ? distance : 1);
    }
}

static void test_a_match_waits_only_for_a_longer_one(void **state)
{
    (void)state;
    check_text("abcXbcdYabcdZ", 10, 1, 8);
}

/* Candidates are tried from the newest on: 20 that agree in four bytes hide
   the one that agrees in eight. */
static void test_the_longest_of_many_is_taken(void **state)
{
    (void)state;
    char text[256] = "abcdefgh.";
    size_t len = 9;
    for (unsigned i = 0; i < 20; i++) {
        memcpy(text + len, "abcd", 4);
        text[len + 4] = (char)('A' + i);
        text[len + 5] = (char)(14 + i);
        len += 6;
    }
    memcpy(text + len, "abcdefgh~", 9);
    check_text(text, 9 + 40 + 1, 21, len);
}

/* The second agrees in "fghi", where only a longer match would, and not before:
   there is a better one behind it. */
static void test_what_only_looks_longer_does_not_end_the_search(void **state)
{
    (void)state;
    check_text("abcdefghijkl.abcdXfghi!abcdefghZabcdefghijkl?", 17, 4, 32);
}

/* The same bytes but for the first, and yet the same hash: that is so of some
   of these pairs, mostly those 233 apart. */
static void test_what_only_has_the_same_hash_is_no_match(void **state)
{
    (void)state;
    for (unsigned turn = 0; turn < 8 * 256; turn++) {
        char text[] = "?bcdefghi.?bcde!?bcdefghi,";
        text[0] = (char)(turn / 256);
        text[10] = text[16] = (char)turn;
        (void)pack_pieces(bytes_span((uint8_t *)text, sizeof text - 1),
                          bytes_span(NULL, 0));
    }
}

/* What a match has covered can be the start of another, up to the last four
   bytes before a flush. */
static void test_the_nearest_of_equals_is_taken(void **state)
{
    (void)state;
    check_text("abcdefghQabcdefghRcdefgS", 11, 2, 9);
    struct codec_walk walk =
        pack_pieces(BYTES_LITERAL("abcdefghabcdefgh"), BYTES_LITERAL("efghZ"));
    check_matches(&walk, 9, 2, 8);
    walk = pack_pieces(BYTES_LITERAL("abcdefgh"), BYTES_LITERAL("efghZ"));
    check_matches(&walk, 9, 1, 4);
}

/* ---- where nothing matches ----------------------------------------------- */

/* Few enough values that they are not stored, and within a window no three
   occur twice. */
static void put_unlike(struct codec_random *random, size_t len, unsigned bits)
{
    size_t reach = ((size_t)1 << bits) + 2;
    for (size_t i = 0; i < len; i++) {
        size_t from = i < reach ? 0 : i - reach;
        do {
            plain[i] = (uint8_t)codec_below(random, 100);
        } while (has_match(plain + from, i + 1 - from));
    }
}

/* How many matches are found when eight bytes come again behind so many. */
static size_t found_behind(size_t len)
{
    struct codec_random random = {19};
    put_unlike(&random, len, 8);
    memcpy(plain + len, plain + len - 100, 8);
    return round_trip(8, len + 8, 0, 0).symbols[1];
}

static void test_most_is_passed_over_where_nothing_matches(void **state)
{
    (void)state;
    for (size_t len = 101; len < 256; len++)
        assert_int_equal(found_behind(len), 1);
    assert_int_equal(found_behind(20000), 0);
}

/* At any distance. */
static void test_what_is_long_is_found_all_the_same(void **state)
{
    (void)state;
    struct codec_random random = {20};
    size_t len = 6000, again_len = 600;
    put_unlike(&random, len, 11);
    for (size_t far = 1000; far < 1032; far++) {
        memcpy(plain + len, plain + len - far, again_len);
        struct codec_walk walk = round_trip(11, len + again_len, 0, 0);
        assert_int_equal(walk.far, far);
        assert_in_range(walk.symbols[0], len, len + again_len / 2);
    }
}

static size_t packed_len(const uint8_t *bytes, size_t len)
{
    struct text out = text_over(packed, OUT);
    deflate_init(&z, 15, len, effort);
    codec_deflate(&z, bytes_span(bytes, len), 0, &out, 0, DEFLATE_SYNC);
    return out.len;
}

/* Of the text little is lost. (Its block has the last of the random bytes, too,
   and costs more for that.) */
static void test_text_behind_random_bytes_is_compressed(void **state)
{
    (void)state;
    struct codec_random random = {21};
    size_t noise = 3 * DEFLATE_TOKENS, len = 20000;
    codec_sample(&random, CODEC_RANDOM, plain, noise);
    codec_sample(&random, CODEC_CHAT, plain + noise, len);
    size_t alone = packed_len(plain + noise, len);
    size_t both = packed_len(plain, noise + len);
    assert_true(both < noise + alone + 600);
}

/* It goes out as if there had been no random bytes before. */
static void test_after_a_flush_everything_is_looked_at_again(void **state)
{
    (void)state;
    struct codec_random random = {22};
    static uint8_t bytes[3000];
    codec_sample(&random, CODEC_JSON, bytes, sizeof bytes);
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] ^= 0x80;
    for (size_t noise = 40000; noise < 40010; noise++)
        check_second(CODEC_RANDOM, noise, bytes, sizeof bytes);
}

/* ---- in a hurry ---------------------------------------------------------- */

/* Behind 260 bytes that nothing here matches, for a short message has no hurry.
   The last ten are a match of their own, so that none are passed over. */
static size_t put_prefix(void)
{
    struct codec_random random = {23};
    put_unlike(&random, 250, 9);
    memcpy(plain + 250, plain, 10);
    return 260;
}

static struct codec_walk pack_fast(const char *text)
{
    size_t prefix = put_prefix(), len = strlen(text);
    memcpy(plain + prefix, text, len);
    return round_trip(9, prefix + len, 0, 0);
}

/* So many literals and two matches, the second with this distance symbol. */
static void check_fast(const struct codec_walk *walk, unsigned literals,
                       unsigned first, unsigned second)
{
    check_matches(walk, 250 + literals, 3, 250);
    for (unsigned s = 0; s < 15; s++)
        assert_int_equal(walk->distances[s], (s == first) + (s == second));
}

static void test_a_short_message_has_no_hurry(void **state)
{
    (void)state;
    static uint8_t small[OUT];
    struct codec_random random = {24};
    for (size_t len = 250; len < 263; len++) {
        codec_sample(&random, CODEC_CHAT, plain, len);
        be_small(NULL);
        size_t small_len = packed_len(plain, len);
        memcpy(small, packed, small_len);
        be_fast(NULL);
        bool same = packed_len(plain, len) == small_len &&
                    memcmp(packed, small, small_len) == 0;
        assert_int_equal(same, len <= 256);
    }
}

static void test_the_longer_of_the_latest_two_is_taken(void **state)
{
    (void)state;
    struct codec_walk walk = pack_fast("stuvwxyz}stuv~stuvwxyz{");
    check_fast(&walk, 9 + 1 + 1, 6, 7); /* 9, and 13 to 16 */
    walk = pack_fast("stuv}stuvwxyz~stuvwxyz{");
    check_fast(&walk, 5 + 5 + 1, 4, 6); /* 5, and 9 */
}

static void test_what_a_match_covers_is_entered_by_both(void **state)
{
    (void)state;
    struct codec_walk walk = pack_fast("stuvwxyzstuvwxyzvwxy~");
    check_fast(&walk, 8 + 1, 5, 4); /* 8, and 5 */
}

/* The last four bytes before a flush are the last that are entered. */
static void test_a_match_may_go_back_over_a_flush(void **state)
{
    (void)state;
    static uint8_t first[276];
    memcpy(first, plain, put_prefix());
    memcpy(first + 260, "stuvwxyzstuvwxyz", 16);
    struct codec_walk walk =
        pack_pieces(bytes_span(first, 276), BYTES_LITERAL("wxyz~"));
    check_fast(&walk, 8 + 1, 5, 3); /* 8, and 4 */
}

/* ---- the window slides --------------------------------------------------- */

/* 80,000 times "x", but for two or three texts. */
static struct codec_walk pack_far(const size_t *at, const char *const *texts,
                                  size_t count)
{
    memset(plain, 'x', 80000);
    for (size_t i = 0; i < count; i++)
        memcpy(plain + at[i], texts[i], strlen(texts[i]));
    return round_trip(15, 80000, 0, 0);
}

/* Of the first half, which goes, and the second, which stays. */
static void test_what_the_window_keeps_is_found_in_it(void **state)
{
    (void)state;
    struct codec_walk walk =
        pack_far((const size_t[]){40000, 72768},
                 (const char *const[]){"abcdPQRS", "abcdPQRS"}, 2);
    check_matches(&walk, 9, walk.symbols[1], 32768);
    walk = pack_far((const size_t[]){64000, 67000},
                    (const char *const[]){"abcY", "abcZ"}, 2);
    check_matches(&walk, 6, walk.symbols[1], 3000);
    walk =
        pack_far((const size_t[]){33000, 34000, 65500},
                 (const char *const[]){"abcdefgh1", "abcd2", "abcdefgh3"}, 3);
    check_matches(&walk, 12, walk.symbols[1], 32500);
}

/* Four zeros have the hash 0, with any multiplier. (Three of them match the
   first, and later all eight bytes do.) */
static void test_the_first_hash_slides_along(void **state)
{
    (void)state;
    memset(plain, 'x', 80000);
    memcpy(plain + 40000, "\0\0\0\0PQRS", 8);
    memcpy(plain + 72768, "\0\0\0\0PQRS", 8);
    struct codec_walk walk = round_trip(15, 80000, 0, 0);
    check_matches(&walk, 6, walk.symbols[1], 32768);
}

/* Both of a pair; and four zeros have the hash 0. */
static void test_pairs_slide_along(void **state)
{
    (void)state;
    struct codec_walk walk =
        pack_far((const size_t[]){40000, 72768},
                 (const char *const[]){"abcdPQRS", "abcdPQRS"}, 2);
    check_matches(&walk, 9, walk.symbols[1], 32768);
    walk =
        pack_far((const size_t[]){33000, 34000, 65500},
                 (const char *const[]){"abcdefgh1", "abcd2", "abcdefgh3"}, 3);
    check_matches(&walk, 12, walk.symbols[1], 32500);
    memset(plain, 'x', 80000);
    memcpy(plain + 40000, "\0\0\0\0PQRS", 8);
    memcpy(plain + 72768, "\0\0\0\0PQRS", 8);
    walk = round_trip(15, 80000, 0, 0);
    check_matches(&walk, 9, walk.symbols[1], 32768);
}

/* Matches may end with the window, and nothing behind it is looked at: the
   last is of 20 bytes, and all candidates agree. */
static void test_a_match_may_end_with_the_window(void **state)
{
    (void)state;
    memset(plain, 0, DEFLATE_WINDOW);
    for (unsigned i = 0; i < 241; i++)
        plain[i] = (uint8_t)(1 + i);
    struct codec_walk walk = round_trip(15, DEFLATE_WINDOW, 0, 0);
    assert_int_equal(walk.symbols[0], 242);
    assert_int_equal(walk.literals[265 + 3], 0);
    assert_int_equal(walk.literals[269], 1); /* 19 to 22 */
}

/* A match beats the one before it only where it is worth a literal. */
static void test_a_longer_match_one_byte_later_is_taken(void **state)
{
    (void)state;
    const char text[] = "abcXbcdefghijYabcdefghij";
    memcpy(plain, text, sizeof text - 1);
    struct codec_walk walk = round_trip(15, sizeof text - 1, 0, 0);
    /* abcXbcdefghijY, a, and one match; greedy would take abc and defghij */
    assert_int_equal(walk.symbols[0], 15);
    assert_int_equal(walk.symbols[1], 1);
}

/* ---- the context --------------------------------------------------------- */

static size_t pack(size_t len, uint8_t *to)
{
    struct text out = text_over(to, OUT);
    deflate_init(&z, 15, len, effort);
    codec_deflate(&z, bytes_span(plain, len), 0, &out, 0, DEFLATE_SYNC);
    return out.len;
}

/* Nothing of an earlier message can be seen, or changes what comes out: all
   of them begin alike, so that what is left in the tables would match. */
static void test_a_used_context_is_as_good_as_new(void **state)
{
    (void)state;
    struct codec_random random = {11};
    static uint8_t fresh[OUT];
    for (int turn = 0; turn < 50; turn++) {
        size_t len = 1 + codec_below(&random, 3000);
        codec_sample(&random, (enum codec_kind)(turn % CODEC_KINDS), plain,
                     2 * len);
        memset(&z, 0, sizeof z);
        size_t fresh_len = pack(len, fresh);
        pack(2 * len, packed);
        assert_int_equal(pack(len, packed), fresh_len);
        assert_memory_equal(fresh, packed, fresh_len);
    }
}

/* A size that was told wrong costs compression, nothing else. */
static void test_the_size_is_only_a_hint(void **state)
{
    (void)state;
    struct codec_random random = {12};
    static const size_t told[] = {0, 1, 1000, SIZE_MAX};
    codec_sample(&random, CODEC_JSON, plain, LEN);
    for (size_t i = 0; i < 4; i++) {
        struct text out = text_over(packed, OUT);
        deflate_init(&z, 15, told[i], effort);
        codec_deflate(&z, bytes_span(plain, LEN), 0, &out, 0, DEFLATE_SYNC);
        struct codec_walk walk = codec_walk(text_span(&out), again, LEN);
        assert_true(walk.whole);
        assert_int_equal(walk.len, LEN);
        assert_memory_equal(again, plain, LEN);
    }
}

/* All tokens of a block are in use, and the last byte is in none yet: within
   256 bytes no three occur twice, so every byte is a token. */
static void test_a_block_may_be_full_with_a_byte_undecided(void **state)
{
    (void)state;
    for (size_t len = DEFLATE_TOKENS - 1; len < DEFLATE_TOKENS + 3; len++) {
        for (size_t i = 0; i < len; i++)
            plain[i] = (uint8_t)(i - i / 256);
        round_trip(8, len, 0, 0);
    }
}

static void window_of(void *bits)
{
    deflate_init(&z, *(unsigned *)bits, 0, effort);
}

static void test_a_window_of_7_or_16_bits_trips_a_check(void **state)
{
    (void)state;
    unsigned few = 7, many = 16;
    assert_true(death_by_check(window_of, &few));
    assert_true(death_by_check(window_of, &many));
}

#define FAST_TEST(f)                                                           \
    {                                                                          \
#f ", fast", f, be_fast, be_small, NULL                                \
    }

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trips_at_all_window_sizes),
        cmocka_unit_test(test_round_trips_of_long_input_in_pieces),
        cmocka_unit_test(test_windows_are_used_to_their_last_byte),
        cmocka_unit_test(test_every_size_of_pieces_gives_the_same_bytes),
        cmocka_unit_test(test_every_split_of_input_and_output),
        cmocka_unit_test(test_flushes_in_the_middle),
        cmocka_unit_test(test_a_message_ends_without_the_four_bytes),
        cmocka_unit_test(test_random_bytes_are_stored),
        cmocka_unit_test(test_short_text_is_fixed),
        cmocka_unit_test(test_long_text_is_dynamic),
        cmocka_unit_test(test_no_sample_grows_much),
        cmocka_unit_test(test_the_smallest_kind_of_block_is_chosen),
        cmocka_unit_test(test_extra_bits_are_weighed_too),
        cmocka_unit_test(test_the_first_distance_is_weighed_too),
        cmocka_unit_test(test_bytes_without_a_match_are_weighed_too),
        cmocka_unit_test(test_a_block_is_weighed_without_the_one_before),
        cmocka_unit_test(test_the_longest_match_fits_beside_what_is_held),
        cmocka_unit_test(test_matches_are_as_long_as_can_be),
        cmocka_unit_test(test_three_bytes_match_up_to_4096_back),
        cmocka_unit_test(test_a_match_waits_only_for_a_longer_one),
        cmocka_unit_test(test_the_longest_of_many_is_taken),
        cmocka_unit_test(test_what_only_looks_longer_does_not_end_the_search),
        cmocka_unit_test(test_what_only_has_the_same_hash_is_no_match),
        cmocka_unit_test(test_the_nearest_of_equals_is_taken),
        cmocka_unit_test(test_most_is_passed_over_where_nothing_matches),
        cmocka_unit_test(test_what_is_long_is_found_all_the_same),
        cmocka_unit_test(test_text_behind_random_bytes_is_compressed),
        cmocka_unit_test(test_after_a_flush_everything_is_looked_at_again),
        cmocka_unit_test(test_what_the_window_keeps_is_found_in_it),
        cmocka_unit_test(test_the_first_hash_slides_along),
        cmocka_unit_test(test_a_match_may_end_with_the_window),
        cmocka_unit_test(test_a_longer_match_one_byte_later_is_taken),
        cmocka_unit_test(test_a_used_context_is_as_good_as_new),
        cmocka_unit_test(test_the_size_is_only_a_hint),
        cmocka_unit_test(test_a_block_may_be_full_with_a_byte_undecided),
        cmocka_unit_test(test_a_window_of_7_or_16_bits_trips_a_check),
        FAST_TEST(test_round_trips_at_all_window_sizes),
        FAST_TEST(test_round_trips_of_long_input_in_pieces),
        FAST_TEST(test_windows_are_used_to_their_last_byte),
        FAST_TEST(test_every_size_of_pieces_gives_the_same_bytes),
        FAST_TEST(test_every_split_of_input_and_output),
        FAST_TEST(test_flushes_in_the_middle),
        FAST_TEST(test_random_bytes_are_stored),
        FAST_TEST(test_long_text_is_dynamic),
        FAST_TEST(test_the_smallest_kind_of_block_is_chosen),
        FAST_TEST(test_extra_bits_are_weighed_too),
        FAST_TEST(test_most_is_passed_over_where_nothing_matches),
        FAST_TEST(test_what_is_long_is_found_all_the_same),
        FAST_TEST(test_text_behind_random_bytes_is_compressed),
        FAST_TEST(test_after_a_flush_everything_is_looked_at_again),
        FAST_TEST(test_pairs_slide_along),
        FAST_TEST(test_a_match_may_end_with_the_window),
        FAST_TEST(test_a_used_context_is_as_good_as_new),
        FAST_TEST(test_the_size_is_only_a_hint),
        FAST_TEST(test_a_block_may_be_full_with_a_byte_undecided),
        FAST_TEST(test_a_short_message_has_no_hurry),
        FAST_TEST(test_the_longer_of_the_latest_two_is_taken),
        FAST_TEST(test_what_a_match_covers_is_entered_by_both),
        FAST_TEST(test_a_match_may_go_back_over_a_flush),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
