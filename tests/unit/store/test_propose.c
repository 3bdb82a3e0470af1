/* SPDX-License-Identifier: MIT */
/* Goal: what is proposed is read whole and in order, and stays until it is done;
   whoever comes next finds what is left. */
#include "store/propose.h"
#include "support/death.h"
#include "support/guard.h"
#include "support/random.h"
#include "support/unit.h"
#include "wire/frame.h"

#define SIZE 4096

static struct propose_ring ring;
static uint8_t payload[SIZE];

static void make(void)
{
    struct arena a;
    guard_free_all();
    arena_init(&a, guard_before(NULL, SIZE), SIZE);
    ring = (struct propose_ring){0};
    propose_carve(&ring, &a, SIZE);
}

/* Bytes of a record with so much payload, which says which one it is. */
static struct record draft(uint8_t which, size_t len)
{
    memset(payload, which, len);
    return (struct record){.opcode = FRAME_TEXT,
                           .tag = which,
                           .name = BYTES_LITERAL("Ann"),
                           .payload = bytes_span(payload, len)};
}

static bool propose(uint8_t which, size_t len)
{
    struct record r = draft(which, len);
    if (!propose_has_space(&ring, record_len(&r)))
        return false;
    propose_write(&ring, which, 1, &r);
    return true;
}

/* The next one is this one: it is whole. */
static struct proposal *next_is(uint32_t *pos, uint8_t which)
{
    struct record r;
    struct proposal *p = propose_next(&ring, pos, &r);
    assert_non_null(p);
    assert_true(p->room == which && r.tag == which);
    assert_true(bytes_equal(r.name, BYTES_LITERAL("Ann")));
    for (size_t i = 0; i < r.payload.len; i++)
        assert_int_equal(r.payload.ptr[i], which);
    return p;
}

static void no_more(uint32_t pos)
{
    struct record r;
    assert_null(propose_next(&ring, &pos, &r));
}

static void test_a_size_is_a_power_of_two(void **state)
{
    (void)state;
    assert_int_equal(propose_size(0), 4096);
    assert_int_equal(propose_size(4096), 4096);
    assert_int_equal(propose_size(4097), 8192);
    assert_int_equal(propose_size(UINT64_C(1) << 40), UINT32_C(1) << 30);
}

static void test_measuring_writes_nowhere(void **state)
{
    (void)state;
    struct arena a;
    struct propose_ring there = {0};
    arena_init(&a, NULL, SIZE_MAX);
    propose_carve(NULL, &a, SIZE);
    propose_carve(&there, &a, SIZE);
    assert_int_equal(a.used, 2 * SIZE);
    assert_int_equal(there.size, 0);
    arena_init(&a, guard_before(NULL, SIZE), SIZE);
    propose_carve(NULL, &a, SIZE);
}

static void test_what_is_proposed_is_read_in_order(void **state)
{
    (void)state;
    uint32_t pos = 0;
    make();
    no_more(pos);
    assert_true(propose(1, 10));
    assert_true(propose(2, 0));
    struct proposal *first = next_is(&pos, 1), *second = next_is(&pos, 2);
    assert_int_equal(first->sequence, 1);
    assert_int_equal(second->sequence, 2);
    assert_int_equal(first->generation, 1);
    assert_ptr_equal(propose_at(&ring, 0), first);
    no_more(pos);
}

static void test_one_is_a_quarter_at_most(void **state)
{
    (void)state;
    make();
    size_t most = SIZE / 2 - sizeof(struct proposal);
    assert_true(propose_has_space(&ring, most));
    assert_true(propose(1, most - RECORD_HEAD - 3));
}

static void ask_too_much(void *len)
{
    propose_has_space(&ring, *(size_t *)len);
}

static void write_where_nothing_fits(void *unused)
{
    (void)unused;
    struct record r = draft(1, 900);
    propose_write(&ring, 1, 1, &r);
}

static void test_more_than_fits_trips_a_check(void **state)
{
    (void)state;
    make();
    size_t len = SIZE / 2 - sizeof(struct proposal) + 1;
    assert_true(death_by_check(ask_too_much, &len));
    while (propose(1, 900))
        ;
    assert_true(death_by_check(write_where_nothing_fits, NULL));
}

static void write_more_than_half(void *unused)
{
    (void)unused;
    struct record r = draft(1, SIZE / 2);
    propose_write(&ring, 1, 1, &r);
}

/* What says that it is longer than any that was written. */
static void read_more_than_half(void *unused)
{
    struct record r = draft(1, SIZE / 2), out;
    struct proposal *p = propose_at(&ring, 0);
    uint32_t pos = 0;
    (void)unused;
    *p = (struct proposal){.len = propose_len(record_len(&r)), .room = 1};
    record_write((uint8_t *)(p + 1), &r, NULL, 0);
    atom_put(&ring.head, p->len);
    propose_next(&ring, &pos, &out);
}

static void test_half_of_it_is_the_most(void **state)
{
    (void)state;
    make();
    assert_true(death_by_check(write_more_than_half, NULL));
    assert_true(death_by_check(read_more_than_half, NULL));
    uint32_t pos = 0;
    size_t most = SIZE / 2 - sizeof(struct proposal) - RECORD_HEAD - 3;
    assert_true(propose(1, most));
    assert_int_equal(next_is(&pos, 1)->len, SIZE / 2);
}

static void test_a_record_has_all_its_parts(void **state)
{
    (void)state;
    struct record r = draft(1, 9), out;
    uint32_t pos = 0;
    make();
    r.sub = BYTES_LITERAL("sub");
    propose_write(&ring, 1, 1, &r);
    assert_non_null(propose_next(&ring, &pos, &out));
    assert_true(bytes_equal(out.sub, BYTES_LITERAL("sub")));
    assert_true(bytes_equal(out.name, BYTES_LITERAL("Ann")));
    assert_true(bytes_equal(out.payload, r.payload));
}

static void test_what_is_full_is_so_until_something_is_done(void **state)
{
    (void)state;
    uint32_t pos = 0;
    uint8_t count = 0;
    make();
    while (propose((uint8_t)(count + 1), 400))
        count++;
    assert_int_equal(count, SIZE / propose_len(RECORD_HEAD + 3 + 400));
    assert_int_equal(atom_get(&ring.wanted), 1);
    struct proposal *first = next_is(&pos, 1);
    assert_true(propose_done(&ring, first)); /* who waits is rung, once */
    assert_int_equal(atom_get(&ring.wanted), 0);
    assert_false(propose_done(&ring, next_is(&pos, 2)));
    assert_true(propose(100, 400));
}

/* The whole of it may be in flight. */
static void test_every_byte_may_be_taken(void **state)
{
    (void)state;
    uint32_t pos = 0;
    size_t most = SIZE / 4 - sizeof(struct proposal) - RECORD_HEAD - 3;
    make();
    for (uint8_t i = 1; i <= 4; i++)
        assert_true(propose(i, most));
    assert_false(propose(5, 0));
    for (uint8_t i = 1; i <= 4; i++)
        next_is(&pos, i);
    no_more(pos);
}

static void test_what_is_done_out_of_order_is_free_in_order(void **state)
{
    (void)state;
    uint32_t pos = 0;
    make();
    for (uint8_t i = 1; i <= 3; i++)
        assert_true(propose(i, 100));
    struct proposal *one = next_is(&pos, 1), *two = next_is(&pos, 2),
                    *three = next_is(&pos, 3);
    propose_done(&ring, two);
    assert_int_equal(atom_get(&ring.done), 0);
    propose_done(&ring, one);
    assert_int_equal(atom_get(&ring.done), one->len + two->len);
    propose_done(&ring, three);
    assert_int_equal(atom_get(&ring.done), atom_get(&ring.head));
}

/* Who was there before has died: another one looks at what is not done. */
static void test_another_finds_what_was_left(void **state)
{
    (void)state;
    uint32_t pos = 0, anew;
    make();
    for (uint8_t i = 1; i <= 3; i++)
        assert_true(propose(i, 100));
    propose_done(&ring, next_is(&pos, 1));
    next_is(&pos, 2);
    propose_done(&ring, next_is(&pos, 3));
    anew = atom_get(&ring.done);
    assert_false(next_is(&anew, 2)->state == PROPOSAL_DONE);
    assert_true(next_is(&anew, 3)->state == PROPOSAL_DONE);
    no_more(anew);
    assert_true(propose(4, 100));
    assert_int_equal(next_is(&anew, 4)->sequence, 4);
}

/* Laps of it, entries of all lengths, also across the end of all positions. */
static void test_entries_are_whole_at_any_place(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 20; seed++) {
        struct random random = random_of(seed);
        uint32_t pos, taken = 0;
        uint8_t written = 0, read = 0;
        make();
        pos = UINT32_MAX - SIZE + 1;
        atom_put(&ring.head, pos);
        atom_put(&ring.done, pos);
        for (unsigned i = 0; i < 2000; i++) {
            if (random_below(&random, 2) &&
                propose((uint8_t)(written + 1), random_below(&random, 900)))
                written++;
            else if (read != written) {
                propose_done(&ring, next_is(&pos, ++read));
                taken++;
            }
        }
        while (read != written)
            propose_done(&ring, next_is(&pos, ++read));
        no_more(pos);
        assert_int_equal(atom_get(&ring.done), atom_get(&ring.head));
        assert_true(taken > 500);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_size_is_a_power_of_two),
        cmocka_unit_test(test_measuring_writes_nowhere),
        cmocka_unit_test(test_what_is_proposed_is_read_in_order),
        cmocka_unit_test(test_one_is_a_quarter_at_most),
        cmocka_unit_test(test_more_than_fits_trips_a_check),
        cmocka_unit_test(test_half_of_it_is_the_most),
        cmocka_unit_test(test_a_record_has_all_its_parts),
        cmocka_unit_test(test_what_is_full_is_so_until_something_is_done),
        cmocka_unit_test(test_every_byte_may_be_taken),
        cmocka_unit_test(test_what_is_done_out_of_order_is_free_in_order),
        cmocka_unit_test(test_another_finds_what_was_left),
        cmocka_unit_test(test_entries_are_whole_at_any_place),
    };
    int result = cmocka_run_group_tests(tests, NULL, NULL);
    guard_free_all();
    return result;
}
