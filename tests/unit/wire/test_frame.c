/* SPDX-License-Identifier: MIT */
#include "wire/frame.h"
#include "vectors/frame.h"
#include "support/guard.h"
#include "support/note.h"
#include "support/random.h"
#include "support/unit.h"

static struct note note;

/* ---- Reading ------------------------------------------------------------- */

static void assert_same_start(const struct frame_header *a,
                              const struct frame_header *b)
{
    assert_int_equal(a->fin, b->fin);
    assert_int_equal(a->reserved, b->reserved);
    assert_int_equal(a->opcode, b->opcode);
    assert_int_equal(a->masked, b->masked);
}

static void assert_same(const struct frame_header *a,
                        const struct frame_header *b)
{
    assert_same_start(a, b);
    assert_memory_equal(a->masking_key, b->masking_key, 4);
    assert_int_equal(a->payload_length, b->payload_length);
    assert_int_equal(a->header_len, b->header_len);
}

static void test_vectors_read_as_they_say(void **state)
{
    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(frame_vectors); i++) {
        const struct frame_vector *v = &frame_vectors[i];
        note_open(&note, v->name, "bytes:", v->len);
        const uint8_t *in = guard_before(v->bytes, v->len);
        struct frame_header header;
        memset(&header, 0xEE, sizeof header);
        assert_int_equal(frame_read(&header, in, v->len), v->step);
        if (v->step == FRAME_DONE)
            assert_same(&header, &v->header);
        guard_free_all();
        note_close(&note);
    }
}

static void test_less_than_a_header_asks_for_more(void **state)
{
    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(frame_vectors); i++) {
        const struct frame_vector *v = &frame_vectors[i];
        for (size_t len = 0; len < v->len; len++) {
            note_open(&note, v->name, "a cut at byte", len);
            const uint8_t *in = guard_before(v->bytes, len);
            struct frame_header header = {.payload_length = 77};
            assert_int_equal(frame_read(&header, in, len), FRAME_MORE);
            assert_int_equal(header.payload_length, 77);
            assert_int_equal(header.header_len, 0);
            guard_free_all();
            note_close(&note);
        }
    }
}

static void test_two_bytes_give_their_fields(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 0x10000; i++) {
        const uint8_t in[2] = {(uint8_t)(i >> 8), (uint8_t)i};
        struct frame_header header;
        memset(&header, 0xEE, sizeof header);
        frame_read(&header, in, sizeof in);
        assert_int_equal(header.fin, i >> 15);
        assert_int_equal(header.reserved, i >> 8 & 0x70);
        assert_int_equal(header.opcode, i >> 8 & 0x0F);
        assert_int_equal(header.masked, i >> 7 & 1);
    }
}

static void test_payload_behind_the_header_is_not_looked_at(void **state)
{
    (void)state;
    const uint8_t in[] = {0x82, 0x81, 1, 2, 3, 4, 0xFF, 0xFF};
    struct frame_header header;
    assert_int_equal(frame_read(&header, in, sizeof in), FRAME_DONE);
    assert_int_equal(header.header_len, 6);
    assert_int_equal(header.payload_length, 1);
}

/* ---- Writing ------------------------------------------------------------- */

static void test_vectors_write_as_the_rfc_prints_them(void **state)
{
    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(frame_vectors); i++) {
        const struct frame_vector *v = &frame_vectors[i];
        if (v->step != FRAME_DONE)
            continue;
        note_open(&note, v->name, "bytes:", v->len);
        uint8_t *out = guard_before(NULL, v->len);
        uint64_t length = v->header.payload_length;
        size_t len = v->header.masked
                         ? frame_write_masked(out, v->bytes[0], length,
                                              v->header.masking_key)
                         : frame_write(out, v->bytes[0], length);
        assert_int_equal(len, v->len);
        assert_int_equal(frame_header_len(length),
                         v->header.masked ? v->len - 4 : v->len);
        assert_memory_equal(out, v->bytes, v->len);
        guard_free_all();
        note_close(&note);
    }
}

static void written_is_read_back(struct random *r)
{
    uint8_t out[FRAME_SERVER_HEADER_MAX];
    uint8_t first = (uint8_t)random_next(r);
    uint64_t length = random_next(r) >> (1 + random_below(r, 63));
    size_t len = frame_write(out, first, length);
    assert_int_equal(len, frame_header_len(length));

    struct frame_header header;
    assert_int_equal(frame_read(&header, out, len), FRAME_DONE);
    assert_int_equal(header.header_len, len);
    assert_int_equal(header.payload_length, length);
    assert_int_equal(
        (header.fin ? FRAME_FIN : 0) | header.reserved | header.opcode, first);
    assert_false(header.masked);
    const uint8_t no_key[4] = {0};
    assert_memory_equal(header.masking_key, no_key, 4);
}

static void test_what_is_written_is_read_back(void **state)
{
    (void)state;
    RANDOM_PROPERTY(written_is_read_back, 5000);
}

/* ---- Masking ------------------------------------------------------------- */

/* RFC 6455 5.3, word for word: j = i MOD 4, and so on. The oracle. */
static void mask_simply(uint8_t *ptr, size_t len, const uint8_t key[4],
                        uint64_t offset)
{
    for (size_t i = 0; i < len; i++)
        ptr[i] ^= key[(offset + i) % 4];
}

static void test_the_example_of_rfc_6455_unmasks_to_hello(void **state)
{
    (void)state;
    const uint8_t key[4] = {0x37, 0xFA, 0x21, 0x3D};
    uint8_t payload[] = {0x7F, 0x9F, 0x4D, 0x51, 0x58};
    frame_mask(payload, sizeof payload, key, 0);
    assert_memory_equal(payload, "Hello", 5);
}

/* Every length and offset at every alignment, and nothing beside it touched:
   the copies lean on guard pages, and the rest of them must stay. */
static void assert_masks(uint8_t *room, size_t size, size_t start, size_t len)
{
    static const uint8_t key[4] = {0x37, 0xFA, 0x21, 0x3D};
    uint8_t expected[64];
    for (uint64_t offset = 0; offset < 5; offset++) {
        for (size_t i = 0; i < size; i++)
            expected[i] = room[i] = (uint8_t)(i * 37);
        mask_simply(expected + start, len, key, offset);
        frame_mask(room + start, len, key, offset);
        assert_memory_equal(room, expected, size);
    }
}

static void test_masking_is_the_same_at_any_alignment(void **state)
{
    (void)state;
    const size_t size = 64;
    uint8_t *before = guard_before(NULL, size);
    uint8_t *after = guard_after(NULL, size);
    for (size_t start = 0; start <= size; start++) {
        for (size_t len = 0; len <= size - start; len++) {
            assert_masks(before, size, start, len);
            assert_masks(after, size, start, len);
        }
    }
    guard_free_all();
}

static void test_only_the_last_two_bits_of_an_offset_matter(void **state)
{
    (void)state;
    const uint8_t key[4] = {1, 2, 3, 4};
    for (unsigned i = 0; i < 4; i++) {
        uint8_t bytes[9] = {0}, expected[9] = {0};
        mask_simply(expected, sizeof expected, key, i);
        frame_mask(bytes, sizeof bytes, key, UINT64_MAX - 3 + i);
        assert_memory_equal(bytes, expected, sizeof bytes);
    }
}

static void pieces_mask_as_the_whole(struct random *r)
{
    uint8_t key[4], whole[300], pieces[300];
    random_fill(r, key, sizeof key);
    random_fill(r, whole, sizeof whole);
    memcpy(pieces, whole, sizeof whole);
    mask_simply(whole, sizeof whole, key, 0);
    for (size_t at = 0; at < sizeof pieces;) {
        size_t len = 1 + random_below(r, 40);
        len = bytes_min(len, sizeof pieces - at);
        frame_mask(pieces + at, len, key, at);
        at += len;
    }
    assert_memory_equal(pieces, whole, sizeof whole);
}

static void test_pieces_mask_as_the_whole(void **state)
{
    (void)state;
    RANDOM_PROPERTY(pieces_mask_as_the_whole, 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vectors_read_as_they_say),
        cmocka_unit_test(test_less_than_a_header_asks_for_more),
        cmocka_unit_test(test_two_bytes_give_their_fields),
        cmocka_unit_test(test_payload_behind_the_header_is_not_looked_at),
        cmocka_unit_test(test_vectors_write_as_the_rfc_prints_them),
        cmocka_unit_test(test_what_is_written_is_read_back),
        cmocka_unit_test(test_the_example_of_rfc_6455_unmasks_to_hello),
        cmocka_unit_test(test_masking_is_the_same_at_any_alignment),
        cmocka_unit_test(test_only_the_last_two_bits_of_an_offset_matter),
        cmocka_unit_test(test_pieces_mask_as_the_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
