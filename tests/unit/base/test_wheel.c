/* SPDX-License-Identifier: MIT */
#include "base/wheel.h"
#include "support/death.h"
#include "support/random.h"
#include "support/unit.h"

#define SIZE  24
#define REACH ((uint64_t)WHEEL_TICK * (WHEEL_BUCKETS - 1))

struct item {
    char before[3];
    struct wheel_link link;
};

static struct item items[SIZE];

static struct wheel wheel_at(uint64_t now)
{
    struct wheel w;
    memset(items, 0, sizeof items);
    wheel_init(&w, &items[0].link, sizeof *items, now);
    return w;
}

static void assert_nothing_until(struct wheel *w, uint64_t now)
{
    assert_true(wheel_pop(w, now) == WHEEL_NONE);
}

static void test_an_empty_wheel_is_idle(void **state)
{
    (void)state;
    struct wheel w = wheel_at(12345);
    assert_true(wheel_wait(&w, 12345) == WHEEL_IDLE);
    assert_nothing_until(&w, 12345);
    assert_nothing_until(&w, UINT64_C(1) << 60);
}

static void test_a_deadline_comes_at_its_tick_and_not_before(void **state)
{
    (void)state;
    struct wheel w = wheel_at(0);
    wheel_add(&w, 3, 2 * WHEEL_TICK + 1); /* rounded up to the third tick */
    assert_true(wheel_wait(&w, 0) == 3 * WHEEL_TICK);
    assert_nothing_until(&w, 3 * WHEEL_TICK - 1);
    assert_true(wheel_wait(&w, 3 * WHEEL_TICK - 1) == 1);
    assert_int_equal(wheel_pop(&w, 3 * WHEEL_TICK), 3);
    assert_nothing_until(&w, 3 * WHEEL_TICK);
}

static void test_a_deadline_on_a_tick_is_not_late(void **state)
{
    (void)state;
    struct wheel w = wheel_at(0);
    wheel_add(&w, 0, 5 * WHEEL_TICK);
    assert_nothing_until(&w, 5 * WHEEL_TICK - 1);
    assert_int_equal(wheel_pop(&w, 5 * WHEEL_TICK), 0);
}

static void test_a_deadline_that_has_passed_comes_at_once(void **state)
{
    (void)state;
    struct wheel w = wheel_at(100000);
    wheel_add(&w, 7, 0);
    assert_true(wheel_wait(&w, 100000) == 0);
    assert_int_equal(wheel_pop(&w, 100000), 7);
}

static void test_a_deadline_beyond_reach_waits_in_the_last_bucket(void **state)
{
    (void)state;
    struct wheel w = wheel_at(0);
    wheel_add(&w, 1, UINT64_MAX);
    assert_true(wheel_wait(&w, 0) == REACH);
    assert_nothing_until(&w, REACH - 1);
    assert_int_equal(wheel_pop(&w, REACH), 1);
}

static void test_the_whole_reach_is_exact_wherever_the_hand_is(void **state)
{
    (void)state;
    for (uint64_t tick = 0; tick < WHEEL_BUCKETS; tick++) {
        uint64_t now = tick * WHEEL_TICK;
        struct wheel w = wheel_at(now);
        wheel_add(&w, 0, now + REACH);
        wheel_add(&w, 1, now + WHEEL_TICK);
        assert_nothing_until(&w, now);
        assert_int_equal(wheel_pop(&w, now + REACH), 1);
        assert_true(wheel_wait(&w, now + WHEEL_TICK) == REACH - WHEEL_TICK);
        assert_nothing_until(&w, now + REACH - 1);
        assert_int_equal(wheel_pop(&w, now + REACH), 0);
    }
}

static void test_an_item_can_leave_from_anywhere_in_a_bucket(void **state)
{
    (void)state;
    for (uint32_t gone = 0; gone < 3; gone++) {
        struct wheel w = wheel_at(0);
        for (uint32_t i = 0; i < 3; i++)
            wheel_add(&w, i, 50);
        wheel_remove(&w, gone);
        wheel_remove(&w, gone);
        uint32_t a = wheel_pop(&w, 100), b = wheel_pop(&w, 100);
        assert_true(a != gone && b != gone && a != b && a < 3 && b < 3);
        assert_nothing_until(&w, 100);
    }
}

static void test_hasten_moves_forward_and_never_back(void **state)
{
    (void)state;
    struct wheel w = wheel_at(0);
    wheel_hasten(&w, 0, 1000);
    assert_true(wheel_wait(&w, 0) == 1024);
    wheel_hasten(&w, 0, 2000);
    assert_true(wheel_wait(&w, 0) == 1024);
    wheel_hasten(&w, 0, 500);
    assert_true(wheel_wait(&w, 0) == 512);
    assert_int_equal(wheel_pop(&w, 512), 0);
    assert_nothing_until(&w, 5000);
}

static void test_an_item_put_back_later_ends_the_turn(void **state)
{
    (void)state;
    struct wheel w = wheel_at(0);
    wheel_add(&w, 0, 32);
    assert_int_equal(wheel_pop(&w, 40), 0);
    wheel_add(&w, 0, 41);
    assert_nothing_until(&w, 40);
    assert_int_equal(wheel_pop(&w, 64), 0);
}

static void add_twice(void *context)
{
    (void)context;
    struct wheel w = wheel_at(0);
    wheel_add(&w, 0, 100);
    wheel_add(&w, 0, 100);
}

static void test_adding_twice_trips_a_check(void **state)
{
    (void)state;
    assert_true(death_by_check(add_twice, NULL));
}

/* The model: for each item the tick at which it is due, and no buckets. */
struct model {
    uint64_t hand;       /* ticks before this one are done */
    uint64_t now;        /* milliseconds */
    bool in[SIZE];       /* waiting */
    bool within[SIZE];   /* its deadline was within reach when it was added */
    uint64_t due[SIZE];  /* tick */
    uint64_t dead[SIZE]; /* deadline, milliseconds */
};

static uint64_t due_of(const struct model *m, uint64_t deadline)
{
    uint64_t due = m->hand;
    while (due * WHEEL_TICK < deadline && due < m->hand + WHEEL_BUCKETS - 1)
        due++;
    return due;
}

static void put(struct model *m, uint32_t i, uint64_t deadline)
{
    m->in[i] = true;
    m->dead[i] = deadline;
    m->due[i] = due_of(m, deadline);
    m->within[i] = m->due[i] * WHEEL_TICK >= deadline;
}

/* The earliest tick anything is due at; UINT64_MAX when nothing waits. */
static uint64_t earliest(const struct model *m)
{
    uint64_t due = UINT64_MAX;
    for (uint32_t i = 0; i < SIZE; i++)
        if (m->in[i])
            due = bytes_min64(due, m->due[i]);
    return due;
}

static uint64_t some_deadline(const struct model *m, struct random *r)
{
    switch (random_below(r, 6)) {
    case 0: return random_below(r, m->now + 1);
    case 1: return m->now + random_below(r, 2 * WHEEL_TICK);
    case 2: return m->now + random_below(r, 4 * REACH);
    case 3: return m->now + REACH - 100 + random_below(r, 200);
    case 4: return m->now / WHEEL_TICK * WHEEL_TICK + WHEEL_TICK;
    default: return m->now + random_below(r, REACH);
    }
}

/* Pop once; false when nothing is due. */
static bool pop_one(struct wheel *w, struct model *m)
{
    uint64_t due = earliest(m), last = m->now / WHEEL_TICK;
    uint32_t i = wheel_pop(w, m->now);
    if (due == UINT64_MAX || due > last) {
        assert_true(i == WHEEL_NONE);
        m->hand = last;
        return false;
    }
    assert_true(i < SIZE && m->in[i]);
    assert_true(m->due[i] == due);
    assert_true(!m->within[i] || m->dead[i] <= m->now); /* never early */
    m->in[i] = false;
    m->hand = due;
    return true;
}

static void change_one(struct wheel *w, struct model *m, struct random *r)
{
    uint32_t i = (uint32_t)random_below(r, SIZE);
    uint64_t deadline = some_deadline(m, r);
    if (random_below(r, 3) == 0) {
        wheel_hasten(w, i, deadline);
        if (!m->in[i] || due_of(m, deadline) < m->due[i])
            put(m, i, deadline);
    } else if (m->in[i]) {
        wheel_remove(w, i);
        m->in[i] = false;
    } else {
        wheel_remove(w, i); /* nothing happens */
        wheel_add(w, i, deadline);
        put(m, i, deadline);
    }
}

static void pass_time(struct wheel *w, struct model *m, struct random *r)
{
    m->now += random_below(r, 16) ? random_below(r, 4 * WHEEL_TICK)
                                  : random_below(r, 2 * REACH);
    while (pop_one(w, m))
        if (random_below(r, 2)) /* others come and go between two pops */
            change_one(w, m, r);
    for (uint32_t i = 0; i < SIZE; i++) /* at most a tick late */
        assert_true(!m->in[i] || m->dead[i] + WHEEL_TICK > m->now);
}

static void assert_wait(const struct wheel *w, const struct model *m)
{
    uint64_t due = earliest(m), wait = WHEEL_IDLE;
    if (due != UINT64_MAX)
        wait = due * WHEEL_TICK > m->now ? due * WHEEL_TICK - m->now : 0;
    assert_true(wheel_wait(w, m->now) == wait);
}

static void wheel_is_like_a_table_of_ticks(struct random *r)
{
    struct model m = {.now = random_below(r, 1000000)};
    struct wheel w = wheel_at(m.now);
    m.hand = m.now / WHEEL_TICK;
    for (int step = 0; step < 400; step++) {
        if (random_below(r, 3))
            change_one(&w, &m, r);
        else
            pass_time(&w, &m, r);
        assert_wait(&w, &m);
    }
}

static void test_a_wheel_is_like_a_table_of_ticks(void **state)
{
    (void)state;
    RANDOM_PROPERTY(wheel_is_like_a_table_of_ticks, 200);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_an_empty_wheel_is_idle),
        cmocka_unit_test(test_a_deadline_comes_at_its_tick_and_not_before),
        cmocka_unit_test(test_a_deadline_on_a_tick_is_not_late),
        cmocka_unit_test(test_a_deadline_that_has_passed_comes_at_once),
        cmocka_unit_test(test_a_deadline_beyond_reach_waits_in_the_last_bucket),
        cmocka_unit_test(test_the_whole_reach_is_exact_wherever_the_hand_is),
        cmocka_unit_test(test_an_item_can_leave_from_anywhere_in_a_bucket),
        cmocka_unit_test(test_hasten_moves_forward_and_never_back),
        cmocka_unit_test(test_an_item_put_back_later_ends_the_turn),
        cmocka_unit_test(test_adding_twice_trips_a_check),
        cmocka_unit_test(test_a_wheel_is_like_a_table_of_ticks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
