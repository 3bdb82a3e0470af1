/* SPDX-License-Identifier: MIT */
#include "store/record.h"
#include "support/guard.h"
#include "support/random.h"
#include "support/unit.h"
#include "wire/frame.h"

static struct crc32c crc;

static const struct record sample = {
    .epoch = 0x1112131415161718,
    .number = 0x2122232425262728,
    .time = 0x3132333435363738,
    .tag = 0x4142434445464748,
    .worker = 0x5152,
    .opcode = FRAME_BINARY,
    .uid = "0123456789abcde",
    .sub = {(const uint8_t *)"ann", 3},
    .name = {(const uint8_t *)"Ann K", 5},
    .payload = {(const uint8_t *)"hello", 5},
};

/* All bytes of one, right before a page that cannot be touched. */
static uint8_t *laid_down(const struct record *r, const struct crc32c *c,
                          uint32_t pos)
{
    uint8_t *ptr = guard_before(NULL, record_len(r));
    record_write(ptr, r, c, pos);
    return ptr;
}

static void assert_same(const struct record *a, const struct record *b)
{
    assert_true(a->epoch == b->epoch && a->number == b->number);
    assert_true(a->time == b->time && a->tag == b->tag);
    assert_true(a->worker == b->worker && a->opcode == b->opcode);
    assert_memory_equal(a->uid, b->uid, sizeof a->uid);
    assert_true(bytes_equal(a->sub, b->sub));
    assert_true(bytes_equal(a->name, b->name));
    assert_true(bytes_equal(a->payload, b->payload));
}

static void assert_number(const uint8_t *ptr, uint64_t value, size_t len)
{
    assert_memory_equal(ptr,
                        len == 2   ? (const void *)&(uint16_t){(uint16_t)value}
                        : len == 4 ? (const void *)&(uint32_t){(uint32_t)value}
                                   : (const void *)&value,
                        len);
}

static void test_it_lies_as_in_the_picture(void **state)
{
    (void)state;
    static const uint8_t none[3];
    uint8_t *ptr = laid_down(&sample, NULL, 0);
    assert_number(ptr, 0, 4);
    assert_number(ptr + 4, 64 + 3 + 5 + 5, 4);
    assert_number(ptr + 8, sample.epoch, 8);
    assert_number(ptr + 16, sample.number, 8);
    assert_number(ptr + 24, sample.time, 8);
    assert_number(ptr + 32, sample.tag, 8);
    assert_number(ptr + 40, sample.worker, 2);
    assert_int_equal(ptr[42], FRAME_BINARY);
    assert_int_equal(ptr[43], 3);
    assert_int_equal(ptr[44], 5);
    assert_memory_equal(ptr + 45, none, 3);
    assert_memory_equal(ptr + 48, sample.uid, 16);
    assert_memory_equal(ptr + 64, "annAnn Khello", 13);
    guard_free_all();
}

static void test_its_key_is_read_from_its_head(void **state)
{
    (void)state;
    uint8_t *head = guard_before(laid_down(&sample, NULL, 0), RECORD_HEAD);
    struct record_key key = record_key(head);
    assert_int_equal(key.len, record_len(&sample));
    assert_true(key.epoch == sample.epoch && key.number == sample.number);
    guard_free_all();
}

static void test_the_next_begins_at_a_multiple_of_eight(void **state)
{
    (void)state;
    assert_int_equal(record_aligned(64), 64);
    assert_int_equal(record_aligned(65), 72);
    assert_int_equal(record_aligned(71), 72);
    assert_int_equal(record_aligned(72), 72);
    assert_int_equal(record_aligned(0), 0);
}

static void any_record_is_read_as_written(struct random *r)
{
    uint8_t bytes[255 + 255 + 300];
    struct record in = sample, out;
    const struct crc32c *c = random_below(r, 2) ? &crc : NULL;
    random_fill(r, bytes, sizeof bytes);
    in.epoch = random_next(r);
    in.opcode = random_below(r, 2) ? FRAME_TEXT : FRAME_BINARY;
    in.sub = bytes_span(bytes, (size_t)random_below(r, 256));
    in.name = bytes_span(bytes + 255, (size_t)random_below(r, 256));
    in.payload = bytes_span(bytes + 510, (size_t)random_below(r, 301));
    uint32_t pos = (uint32_t)random_next(r);
    uint8_t *ptr = laid_down(&in, c, pos);
    assert_true(record_read(&out, ptr, (uint32_t)record_len(&in), c, pos));
    assert_same(&in, &out);
    guard_free_all();
}

static void test_any_record_is_read_as_written(void **state)
{
    (void)state;
    RANDOM_PROPERTY(any_record_is_read_as_written, 500);
}

static void test_the_longest_names_and_an_empty_payload(void **state)
{
    (void)state;
    uint8_t bytes[255];
    struct record in = sample, out;
    memset(bytes, 'n', sizeof bytes);
    in.sub = in.name = bytes_span(bytes, sizeof bytes);
    in.payload = bytes_span(NULL, 0);
    uint8_t *ptr = laid_down(&in, &crc, 8);
    assert_true(record_read(&out, ptr, 64 + 510, &crc, 8));
    assert_same(&in, &out);
    in.sub = in.name = bytes_span(NULL, 0);
    ptr = laid_down(&in, &crc, 8);
    assert_true(record_read(&out, ptr, 64, &crc, 8));
    assert_same(&in, &out);
    guard_free_all();
}

static void test_its_check_is_of_its_place_and_all_behind(void **state)
{
    (void)state;
    uint32_t pos = 72, check;
    size_t len = record_len(&sample);
    uint8_t *ptr = laid_down(&sample, &crc, pos);
    uint32_t sum = crc32c_add(&crc, 0, bytes_span(&pos, 4));
    memcpy(&check, ptr, 4);
    assert_int_equal(check,
                     crc32c_add(&crc, sum, bytes_span(ptr + 4, len - 4)));
    guard_free_all();
}

static void test_each_wrong_bit_is_found(void **state)
{
    (void)state;
    struct record out;
    uint32_t len = (uint32_t)record_len(&sample);
    uint8_t *ptr = laid_down(&sample, &crc, 72);
    for (uint32_t bit = 0; bit < 8 * len; bit++) {
        ptr[bit / 8] ^= (uint8_t)(1 << bit % 8);
        assert_false(record_read(&out, ptr, len, &crc, 72));
        ptr[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    assert_true(record_read(&out, ptr, len, &crc, 72));
    guard_free_all();
}

static void test_one_of_another_place_or_length_is_none(void **state)
{
    (void)state;
    struct record out;
    uint32_t len = (uint32_t)record_len(&sample);
    uint8_t *ptr = laid_down(&sample, &crc, 72);
    assert_false(record_read(&out, ptr, len, &crc, 72 + 4096));
    assert_false(record_read(&out, ptr, len - 1, &crc, 72));
    guard_free_all();
}

static void test_names_beyond_its_end_are_none(void **state)
{
    (void)state;
    struct record out;
    uint8_t *ptr = laid_down(&sample, NULL, 0);
    assert_true(record_read(&out, ptr, 64 + 8, NULL, 0));
    assert_int_equal(out.payload.len, 0);
    assert_false(record_read(&out, ptr, 64 + 7, NULL, 0));
    assert_false(record_read(&out, ptr, 64, NULL, 0));
    ptr[43] = ptr[44] = 255;
    assert_false(record_read(&out, ptr, 64 + 13, NULL, 0));
    guard_free_all();
}

static void test_only_text_and_binary_are_messages(void **state)
{
    (void)state;
    struct record out;
    uint32_t len = (uint32_t)record_len(&sample);
    uint8_t *ptr = laid_down(&sample, NULL, 0);
    for (unsigned opcode = 0; opcode < 256; opcode++) {
        ptr[42] = (uint8_t)opcode;
        assert_int_equal(record_read(&out, ptr, len, NULL, 0),
                         opcode == FRAME_TEXT || opcode == FRAME_BINARY);
    }
    guard_free_all();
}

/* What is no message has no opcode, and there are so many kinds. */
static void test_of_other_kinds_there_are_two(void **state)
{
    (void)state;
    struct record out, sign = sample;
    uint32_t len = (uint32_t)record_len(&sample);
    for (unsigned kind = RECORD_GAP; kind < 256; kind++)
        for (uint8_t opcode = 0; opcode < 3; opcode++) {
            sign.kind = (uint8_t)kind;
            sign.opcode = opcode;
            uint8_t *ptr = laid_down(&sign, NULL, 0);
            assert_int_equal(record_read(&out, ptr, len, NULL, 0),
                             kind <= RECORD_LOST && opcode == 0);
            guard_free_all();
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_it_lies_as_in_the_picture),
        cmocka_unit_test(test_of_other_kinds_there_are_two),
        cmocka_unit_test(test_its_key_is_read_from_its_head),
        cmocka_unit_test(test_the_next_begins_at_a_multiple_of_eight),
        cmocka_unit_test(test_any_record_is_read_as_written),
        cmocka_unit_test(test_the_longest_names_and_an_empty_payload),
        cmocka_unit_test(test_each_wrong_bit_is_found),
        cmocka_unit_test(test_one_of_another_place_or_length_is_none),
        cmocka_unit_test(test_names_beyond_its_end_are_none),
        cmocka_unit_test(test_only_text_and_binary_are_messages),
        cmocka_unit_test(test_its_check_is_of_its_place_and_all_behind),
    };
    crc32c_init(&crc);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
