/* SPDX-License-Identifier: MIT */
#include "base/ring.h"
#include "support/death.h"
#include "support/guard.h"
#include "support/random.h"
#include "support/unit.h"

static uint8_t bytes[8];

static struct ring ring_with(const char *text)
{
    struct ring r;
    ring_init(&r, bytes, sizeof bytes);
    for (; *text; text++)
        ring_append(&r, (const uint8_t *)text, 1);
    return r;
}

static void test_a_new_ring_holds_nothing(void **state)
{
    (void)state;
    struct ring r = ring_with("");
    struct span parts[RING_PARTS];
    assert_true(r.head == 0 && ring_oldest(&r) == 0);
    assert_true(ring_holds(&r, 0));
    assert_false(ring_holds(&r, 1));
    assert_int_equal(ring_view(&r, 0, 0, parts), 0);
}

static void test_positions_go_on_past_the_size(void **state)
{
    (void)state;
    struct ring r = ring_with("0123456789a");
    assert_true(r.head == 11 && ring_oldest(&r) == 3);
    assert_false(ring_holds(&r, 2));
    assert_true(ring_holds(&r, 3));
    assert_true(ring_holds(&r, 11));
    assert_false(ring_holds(&r, 12));
}

static void test_a_stretch_over_the_end_is_two_parts(void **state)
{
    (void)state;
    struct ring r = ring_with("0123456789a");
    struct span parts[RING_PARTS];
    assert_int_equal(ring_view(&r, 5, 10, parts), 2);
    assert_true(bytes_equal(parts[0], BYTES_LITERAL("567")));
    assert_true(bytes_equal(parts[1], BYTES_LITERAL("89")));
}

static void test_a_stretch_up_to_the_end_is_one_part(void **state)
{
    (void)state;
    struct ring r = ring_with("0123456789a");
    struct span parts[RING_PARTS];
    assert_int_equal(ring_view(&r, 5, 8, parts), 1);
    assert_true(bytes_equal(parts[0], BYTES_LITERAL("567")));
    assert_int_equal(ring_view(&r, 8, 11, parts), 1);
    assert_true(bytes_equal(parts[0], BYTES_LITERAL("89a")));
}

static void test_one_append_can_fill_the_ring(void **state)
{
    (void)state;
    struct ring r = ring_with("012");
    uint8_t out[8];
    ring_append(&r, (const uint8_t *)"abcdefgh", 8);
    assert_true(r.head == 11 && ring_oldest(&r) == 3);
    ring_copy(&r, 3, out, 8);
    assert_memory_equal(out, "abcdefgh", 8);
    ring_append(&r, NULL, 0);
    assert_true(r.head == 11);
}

static void view(void *context)
{
    const uint64_t *from_to = context;
    struct ring r = ring_with("0123456789a");
    struct span parts[RING_PARTS];
    ring_view(&r, from_to[0], from_to[1], parts);
}

static void test_a_stretch_that_is_not_here_trips_a_check(void **state)
{
    (void)state;
    uint64_t here[] = {3, 11};
    uint64_t gone[] = {2, 11}, gone_and_empty[] = {2, 2};
    uint64_t not_yet[] = {3, 12}, backwards[] = {5, 4};
    assert_false(death_by_check(view, here));
    assert_true(death_by_check(view, gone));
    assert_true(death_by_check(view, gone_and_empty));
    assert_true(death_by_check(view, not_yet));
    assert_true(death_by_check(view, backwards));
}

static void copy_over_the_top(void *context)
{
    (void)context;
    struct ring r = ring_with("0123");
    uint8_t out[1];
    ring_copy(&r, 2, out, SIZE_MAX); /* from + len wraps around to 1 */
}

static void append_nine(void *context)
{
    (void)context;
    struct ring r = ring_with("");
    ring_append(&r, (const uint8_t *)"012345678", 9);
}

static void init_without_bytes(void *context)
{
    (void)context;
    struct ring r;
    ring_init(&r, bytes, 0);
}

static void test_other_misuse_trips_a_check(void **state)
{
    (void)state;
    assert_true(death_by_check(append_nine, NULL));
    assert_true(death_by_check(init_without_bytes, NULL));
    assert_true(death_by_check(copy_over_the_top, NULL));
}

/* The model is the whole stream. */
struct model {
    uint8_t stream[2000];
    size_t len;
};

static void append_some(struct ring *ring, struct model *m, struct random *r)
{
    size_t len = (size_t)random_below(r, ring->size + 1);
    len = bytes_min(len, sizeof m->stream - m->len);
    random_fill(r, m->stream + m->len, len);
    uint8_t *copy = guard_before(m->stream + m->len, len);
    ring_append(ring, copy, len);
    guard_free(copy);
    m->len += len;
}

static void view_some(const struct ring *ring, const struct model *m,
                      struct random *r)
{
    size_t oldest = m->len > ring->size ? m->len - ring->size : 0;
    size_t from = oldest + (size_t)random_below(r, m->len - oldest + 1);
    size_t to = from + (size_t)random_below(r, m->len - from + 1);
    struct span parts[RING_PARTS];
    size_t at = from, count = ring_view(ring, from, to, parts);
    for (size_t i = 0; i < count; i++) {
        assert_true(parts[i].len > 0);
        assert_memory_equal(parts[i].ptr, m->stream + at, parts[i].len);
        at += parts[i].len;
    }
    assert_int_equal(at, to);
    uint8_t *out = guard_before(NULL, to - from);
    ring_copy(ring, from, out, to - from);
    assert_memory_equal(out, m->stream + from, to - from);
    guard_free(out);
}

static void ring_is_the_end_of_the_stream(struct random *r)
{
    struct model m = {.len = 0};
    struct ring ring;
    size_t size = (size_t)random_below(r, 70) + 1;
    ring_init(&ring, guard_before(NULL, size), size);
    while (m.len < sizeof m.stream) {
        append_some(&ring, &m, r);
        assert_true(ring.head == m.len);
        for (uint64_t pos = 0; pos < m.len + 3; pos++)
            assert_int_equal(ring_holds(&ring, pos),
                             pos <= m.len && m.len - pos <= size);
        view_some(&ring, &m, r);
    }
    guard_free_all();
}

static void test_a_ring_is_the_end_of_the_stream(void **state)
{
    (void)state;
    RANDOM_PROPERTY(ring_is_the_end_of_the_stream, 100);
}

static void test_nothing_can_be_appended(void **state)
{
    (void)state;
    struct ring r = ring_with("01");
    ring_append(&r, NULL, 0);
    assert_true(r.head == 2 && ring_oldest(&r) == 0);
}

static void test_a_ring_of_one_byte_holds_the_last(void **state)
{
    (void)state;
    uint8_t byte, out = 0;
    struct ring r;
    ring_init(&r, &byte, 1);
    ring_append(&r, (const uint8_t *)"a", 1);
    ring_append(&r, (const uint8_t *)"b", 1);
    assert_true(ring_oldest(&r) == 1);
    ring_copy(&r, 1, &out, 1);
    assert_int_equal(out, 'b');
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_new_ring_holds_nothing),
        cmocka_unit_test(test_positions_go_on_past_the_size),
        cmocka_unit_test(test_a_stretch_over_the_end_is_two_parts),
        cmocka_unit_test(test_a_stretch_up_to_the_end_is_one_part),
        cmocka_unit_test(test_one_append_can_fill_the_ring),
        cmocka_unit_test(test_a_stretch_that_is_not_here_trips_a_check),
        cmocka_unit_test(test_other_misuse_trips_a_check),
        cmocka_unit_test(test_a_ring_is_the_end_of_the_stream),
        cmocka_unit_test(test_nothing_can_be_appended),
        cmocka_unit_test(test_a_ring_of_one_byte_holds_the_last),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
