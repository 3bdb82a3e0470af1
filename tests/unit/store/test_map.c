/* SPDX-License-Identifier: MIT */
#include "store/map.h"
#include "support/guard.h"
#include "support/unit.h"

static void test_a_stream_is_the_power_of_two_that_holds_a_log(void **state)
{
    (void)state;
    assert_int_equal(map_stream_size(0), 0);
    assert_int_equal(map_stream_size(1), 4096);
    assert_int_equal(map_stream_size(4096), 4096);
    assert_int_equal(map_stream_size(4097), 8192);
    assert_int_equal(map_stream_size(1 << 20), 1 << 20);
    assert_int_equal(map_stream_size((UINT64_C(1) << 31) - 1), MAP_STREAM_MAX);
    assert_int_equal(map_stream_size(UINT64_C(1) << 40), MAP_STREAM_MAX);
}

static void test_its_size_is_pages_of_rooms_and_the_streams(void **state)
{
    (void)state;
    assert_int_equal(map_size(1, 0), 4096 + 4096);
    assert_int_equal(map_size(16, 4096), 4096 + 4096 + 16 * 4096);
    assert_int_equal(map_size(17, 4096), 4096 + 8192 + 17 * 4096);
}

/* 2^32 rooms of 2 GiB are a number of 64 bits, and none of 32. */
static void test_a_size_that_is_no_number_is_told(void **state)
{
    (void)state;
    uint64_t size =
        (UINT64_C(1) << 63) - MAP_STREAM_MAX + 4096 + (UINT64_C(1) << 40);
    assert_true(map_size(UINT32_MAX, MAP_STREAM_MAX) ==
                (size < SIZE_MAX ? (size_t)size : SIZE_MAX));
}

static void test_the_parts_lie_as_in_the_picture(void **state)
{
    (void)state;
    struct map m;
    uint8_t *bytes = guard_before(NULL, map_size(17, 4096));
    map_over(&m, bytes, 17, 4096);
    assert_ptr_equal(m.header, bytes);
    assert_ptr_equal(m.rooms, bytes + 4096);
    assert_ptr_equal(m.streams, bytes + 4096 + 8192);
    assert_int_equal(m.stream_size, 4096);
    m.streams[17 * 4096 - 1] = 1; /* the last byte */
    map_over(&m, bytes, 17, 0);
    assert_null(m.streams);
    assert_int_equal(m.stream_size, 0);
    guard_free_all();
}

static void test_a_fresh_one_says_what_it_is(void **state)
{
    (void)state;
    struct map m;
    map_over(&m, guard_before(NULL, map_size(3, 8192)), 3, 8192);
    m.header->clean = m.header->used = 7;
    map_begin(&m, 3);
    assert_memory_equal(m.header->magic, "chatd store\r\n\x1a\n", 16);
    assert_int_equal(m.header->byte_order, 0x01020304);
    assert_int_equal(m.header->format, 1);
    assert_int_equal(m.header->room_count, 3);
    assert_int_equal(m.header->room_size, 256);
    assert_true(m.header->stream_size == 8192);
    assert_int_equal(m.header->used, 0);
    assert_int_equal(m.header->clean, 0);
    guard_free_all();
}

/* The format is a promise: none of these may ever move. */
static void test_each_field_has_its_place(void **state)
{
    (void)state;
    assert_int_equal(offsetof(struct map_header, byte_order), 16);
    assert_int_equal(offsetof(struct map_header, stream_size), 32);
    assert_int_equal(offsetof(struct map_header, last_epoch), 40);
    assert_int_equal(offsetof(struct map_header, emptied), 48);
    assert_int_equal(offsetof(struct map_header, used), 56);
    assert_int_equal(offsetof(struct map_header, clean), 60);
    assert_int_equal(offsetof(struct map_header, device), 64);
    assert_int_equal(offsetof(struct map_header, inode), 72);
    assert_int_equal(offsetof(struct map_header, boot), 80);
    assert_int_equal(offsetof(struct map_header, changed), 96);
    assert_int_equal(offsetof(struct map_room, oldest), 4);
    assert_int_equal(offsetof(struct map_room, ends), 8);
    assert_int_equal(sizeof(struct map_end), 24);
    assert_int_equal(offsetof(struct map_room, emptied), 56);
    assert_int_equal(offsetof(struct map_room, began), 64);
    assert_int_equal(offsetof(struct map_room, generation), 72);
    assert_int_equal(offsetof(struct map_room, check), 76);
    assert_int_equal(offsetof(struct map_room, name_len), 80);
    assert_int_equal(offsetof(struct map_room, name), 84);
}

static void test_of_two_ends_the_one_at_the_head_holds(void **state)
{
    (void)state;
    struct map_room room = {.ends = {{.pos = 64}, {.pos = 128}}};
    atom_put(&room.head, 64);
    assert_ptr_equal(map_end(&room), &room.ends[0]);
    atom_put(&room.head, 128);
    assert_ptr_equal(map_end(&room), &room.ends[1]);
}

static void test_a_room_has_its_name(void **state)
{
    (void)state;
    struct map_room room = {.name = "tea!", .name_len = 3};
    assert_true(bytes_equal(map_name(&room), BYTES_LITERAL("tea")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_stream_is_the_power_of_two_that_holds_a_log),
        cmocka_unit_test(test_its_size_is_pages_of_rooms_and_the_streams),
        cmocka_unit_test(test_a_size_that_is_no_number_is_told),
        cmocka_unit_test(test_the_parts_lie_as_in_the_picture),
        cmocka_unit_test(test_a_fresh_one_says_what_it_is),
        cmocka_unit_test(test_each_field_has_its_place),
        cmocka_unit_test(test_of_two_ends_the_one_at_the_head_holds),
        cmocka_unit_test(test_a_room_has_its_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
