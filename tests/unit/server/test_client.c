/* SPDX-License-Identifier: MIT */
/*
 * Goal: a slot is one connection's at a time, and each list and count has who is
 * in it.
 */
#include "server/client.h"
#include "support/death.h"
#include "support/unit.h"

#define SIZE 3 /* --clients */

static struct client table[SIZE + CLIENT_BESIDES];
static struct profile profiles[SIZE + CLIENT_BESIDES];

static struct clients clients_of(uint32_t size)
{
    struct clients all;
    memset(table, 0, sizeof table);
    client_init(&all, table, profiles, size);
    return all;
}

static void give(struct clients *all, struct client *c)
{
    client_set_state(all, c, CLIENT_GONE);
    client_give(all, c);
}

static void test_a_new_client_is_in_request_and_holds_nothing(void **state)
{
    (void)state;
    struct clients all = clients_of(SIZE);
    struct client *c = client_take(&all, 7, 0, 1234);
    assert_int_equal(c->state, CLIENT_REQUEST);
    assert_int_equal(c->fd, 7);
    assert_int_equal(c->since, 1234);
    assert_int_equal(c->flags, 0);
    assert_false(client_in_room(c));
    assert_true(c->inbox == CLIENT_NONE && c->outbox == CLIENT_NONE);
    assert_true(c->as.http.page == CLIENT_NONE && c->as.http.file == -1);
    assert_int_equal(all.in_state[CLIENT_REQUEST], 1);
}

static void test_each_kind_has_so_many_slots(void **state)
{
    static const struct {
        uint32_t kind, most;
    } kinds[] = {{0, SIZE},
                 {CLIENT_REFUSED, LIMITS_REFUSALS},
                 {CLIENT_SCRAPE, LIMITS_SCRAPES}};
    (void)state;
    struct clients all = clients_of(SIZE);
    for (size_t i = 0; i < UNIT_COUNT(kinds); i++) {
        struct client *c = NULL;
        for (uint32_t j = 0; j < kinds[i].most; j++) {
            c = client_take(&all, 7, kinds[i].kind, 0);
            assert_non_null(c);
            assert_int_equal(c->flags, kinds[i].kind);
        }
        assert_null(client_take(&all, 7, kinds[i].kind, 0));
        give(&all, c);
        assert_non_null(client_take(&all, 7, kinds[i].kind, 0));
    }
    assert_int_equal(all.regular, SIZE);
    assert_int_equal(all.refused.count, LIMITS_REFUSALS);
    assert_int_equal(all.scraping.count, LIMITS_SCRAPES);
}

static void test_one_that_is_gone_counts_no_more(void **state)
{
    (void)state;
    struct clients all = clients_of(1);
    struct client *first = client_take(&all, 7, 0, 0);
    client_set_state(&all, first, CLIENT_GONE); /* and keeps its slot */
    assert_int_equal(all.regular, 0);
    struct client *second = client_take(&all, 8, 0, 0);
    assert_ptr_not_equal(first, second);
    client_give(&all, first);
    assert_int_equal(all.regular, 1);
    assert_int_equal(all.slots.count, 1);
}

static void test_the_refused_stand_in_the_order_they_came(void **state)
{
    (void)state;
    struct clients all = clients_of(SIZE);
    struct client *a = client_take(&all, 7, CLIENT_REFUSED, 0);
    struct client *b = client_take(&all, 8, CLIENT_REFUSED, 0);
    assert_int_equal(all.refused.first, client_index(&all, a));
    give(&all, a);
    assert_int_equal(all.refused.first, client_index(&all, b));
    assert_int_equal(all.refused.count, 1);
}

static void test_the_idle_stand_in_the_order_they_became_so(void **state)
{
    (void)state;
    struct clients all = clients_of(SIZE);
    struct client *a = client_take(&all, 7, 0, 0);
    struct client *b = client_take(&all, 8, 0, 0);
    client_set_state(&all, b, CLIENT_IDLE);
    client_set_state(&all, a, CLIENT_IDLE);
    assert_int_equal(all.idle.first, client_index(&all, b));
    client_set_state(&all, b, CLIENT_REQUEST);
    assert_int_equal(all.idle.first, client_index(&all, a));
    assert_int_equal(all.idle.count, 1);
    give(&all, a);
    assert_true(list_empty(&all.idle));
}

static void test_a_token_finds_its_client_and_nobody_else(void **state)
{
    (void)state;
    struct clients all = clients_of(SIZE);
    struct client *c = client_take(&all, 7, 0, 0);
    uint64_t token = client_token(&all, c);
    assert_ptr_equal(client_find(&all, token), c);
    assert_true(token >= UINT64_C(1) << 32);
    assert_null(client_find(&all, token + 1));
    assert_null(client_find(&all, token | 0xFFFF));
    give(&all, c);
    assert_null(client_find(&all, token));
    assert_ptr_equal(client_take(&all, 8, 0, 0), c);
    assert_null(client_find(&all, token));
    assert_true(client_token(&all, c) != token);
}

static void test_states_are_counted(void **state)
{
    (void)state;
    struct clients all = clients_of(SIZE);
    struct client *a = client_take(&all, 7, 0, 0);
    client_take(&all, 8, 0, 0);
    client_set_state(&all, a, CLIENT_OPEN);
    assert_int_equal(all.in_state[CLIENT_REQUEST], 1);
    assert_int_equal(all.in_state[CLIENT_OPEN], 1);
    give(&all, a);
    assert_int_equal(all.in_state[CLIENT_OPEN], 0);
    assert_int_equal(all.in_state[CLIENT_GONE], 0);
}

static void test_flags_are_set_and_cleared_alone(void **state)
{
    (void)state;
    struct client c = {0};
    client_set(&c, CLIENT_HEAVY); /* the highest bit */
    client_set(&c, CLIENT_READABLE);
    client_clear(&c, CLIENT_READABLE);
    assert_true(client_has(&c, CLIENT_HEAVY));
    assert_false(client_has(&c, CLIENT_READABLE));
    assert_int_equal(c.flags, CLIENT_HEAVY);
}

static void give_an_open_one(void *context)
{
    struct clients *all = context;
    client_give(all, client_take(all, 7, 0, 0));
}

static void test_only_one_that_is_gone_can_be_given_back(void **state)
{
    (void)state;
    struct clients all = clients_of(SIZE);
    assert_true(death_by_check(give_an_open_one, &all));
}

static void take_one_in_use(void *context)
{
    struct clients *all = context;
    all->table[0].state = CLIENT_OPEN;
    client_take(all, 7, 0, 0);
}

static void take_one_with_a_timer(void *context)
{
    struct clients *all = context;
    all->table[0].timer.bucket = 1;
    client_take(all, 7, 0, 0);
}

static void test_who_is_taken_was_gone_and_in_no_bucket(void **state)
{
    (void)state;
    struct clients all = clients_of(SIZE);
    assert_true(death_by_check(take_one_in_use, &all));
    assert_true(death_by_check(take_one_with_a_timer, &all));
}

static void test_who_is_in_no_room_owes_it_nothing(void **state)
{
    (void)state;
    struct client c = {.taken = 1, .room = CLIENT_NONE};
    assert_false(client_owes(&c));
    c.room = 0;
    assert_true(client_owes(&c));
    c.taken = 0;
    assert_false(client_owes(&c));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_new_client_is_in_request_and_holds_nothing),
        cmocka_unit_test(test_each_kind_has_so_many_slots),
        cmocka_unit_test(test_one_that_is_gone_counts_no_more),
        cmocka_unit_test(test_the_refused_stand_in_the_order_they_came),
        cmocka_unit_test(test_the_idle_stand_in_the_order_they_became_so),
        cmocka_unit_test(test_a_token_finds_its_client_and_nobody_else),
        cmocka_unit_test(test_states_are_counted),
        cmocka_unit_test(test_flags_are_set_and_cleared_alone),
        cmocka_unit_test(test_only_one_that_is_gone_can_be_given_back),
        cmocka_unit_test(test_who_is_taken_was_gone_and_in_no_bucket),
        cmocka_unit_test(test_who_is_in_no_room_owes_it_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
