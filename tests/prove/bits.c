/* SPDX-License-Identifier: MIT */
/*
 * sources: src/wire/bits.h
 * eva: -eva-slevel 100000 -eva-split-return full
 *
 * A reader and a writer in any state. As the state behind each call is one of
 * those, too, this holds for any number of calls.
 */
#include "tests/prove/prove.h"

#include "wire/bits.h"

#define HELD_MAX 63 /* bits; what want and put ask for leaves no more */

static struct bits any_bits(uint32_t count)
{
    return (struct bits){any_between(0, bits_mask(count)), count};
}

/* ---- One at a time ------------------------------------------------------- */

static void want_any(uint32_t count, size_t len, unsigned n)
{
    uint8_t memory[8];
    const uint8_t *ptr = any_end(memory, sizeof memory, len);
    struct bits_reader r = {ptr, ptr + len, any_bits(count)};
    bool got = bits_want(&r, n);
    size_t taken = (size_t)(r.next - ptr);
    //@ assert inside: taken <= len;
    //@ assert counted: r.bits.count == count + 8 * taken;
    //@ assert nothing_above: r.bits.hold <= (1 << r.bits.count) - 1;
    if (got) {
        //@ assert held: r.bits.count >= n;
        //@ assert no_more: taken == 0 || r.bits.count < n + 8;
    } else {
        //@ assert all: taken == len && r.bits.count < n;
    }
}

static void take_any(uint32_t count, unsigned n)
{
    struct bits_reader r = {.bits = any_bits(count)};
    uint64_t value = bits_take(&r, n);
    //@ assert below: value <= (1 << n) - 1;
    //@ assert left: r.bits.count == count - n;
    //@ assert nothing_above: r.bits.hold <= (1 << r.bits.count) - 1;
}

static void align_any(uint32_t count)
{
    struct bits_reader r = {.bits = any_bits(count)};
    bits_align(&r);
    //@ assert whole: r.bits.count == count - count % 8;
    //@ assert nothing_above: r.bits.hold <= (1 << r.bits.count) - 1;
}

/* ---- Filled -------------------------------------------------------------- */

/* Bits that are held, when `taken` bytes were since the first fill. */
static void check_filled(const struct bits_reader *r, const uint8_t *ptr)
{
    //@ assert held: r->bits.count <= HELD_MAX;
    //@ assert not_more: r->bits.count <= 8 * (r->next - ptr) + 7;
}

static void fill_any(size_t taken, uint32_t count)
{
    uint8_t memory[8 + BITS_FILL];
    const uint8_t *ptr = any_end(memory, sizeof memory, taken + BITS_FILL);
    const struct bits_reader before = {
        ptr + taken, ptr + taken + BITS_FILL, {any_u64(), count}};
    struct bits_reader r = before;
    bits_fill(&r);
    //@ assert filled: 56 <= r.bits.count && r.next <= r.end;
    //@ assert counted: r.bits.count == count + 8 * (r.next - before.next);
    check_filled(&r, ptr);
    for (unsigned n = 0; n <= count; n += SIZE(7, 1)) {
        r = before;
        bits_drop(&r, n);
        check_filled(&r, ptr);
    }
    r = before;
    bits_unfill(&r);
    //@ assert back: ptr <= r.next;
    //@ assert part: r.bits.count == count % 8;
    //@ assert nothing_above: r.bits.hold <= (1 << r.bits.count) - 1;
}

/* ---- Written ------------------------------------------------------------- */

static void put_any(uint32_t count, unsigned n)
{
    struct bits_writer w = {.bits = any_bits(count)};
    bits_put(&w, any_between(0, bits_mask(n)), n);
    //@ assert held: w.bits.count == count + n <= HELD_MAX;
    //@ assert nothing_above: w.bits.hold <= (1 << w.bits.count) - 1;
}

static void drain_any(uint32_t count, size_t room)
{
    uint8_t memory[9];
    uint8_t *ptr = memory + sizeof memory - room;
    struct bits_writer w = {ptr, ptr + room, any_bits(count)};
    bool whole = bits_drain(&w);
    size_t written = (size_t)(w.next - ptr);
    //@ assert inside: written <= room;
    //@ assert left: w.bits.count == count - 8 * written;
    //@ assert nothing_above: w.bits.hold <= (1 << w.bits.count) - 1;
    //@ assert initialized: \initialized(ptr + (0 .. written - 1));
    if (whole) {
        //@ assert part: w.bits.count < 8;
    } else {
        //@ assert full: written == room;
    }
    bits_pad(&w);
    //@ assert padded: w.bits.count % 8 == 0;
}

/* ---- Exact --------------------------------------------------------------- */

static void turn_each(unsigned count)
{
    for (uint32_t code = 0; code <= bits_mask(count); code++) {
        uint32_t turned = bits_reverse((uint16_t)code, count);
        uint32_t again = bits_reverse((uint16_t)turned, count);
        //@ assert inside: turned <= (1 << count) - 1;
        //@ assert turned_twice: again == code;
        //@ assert first_is_last: (code & 1) == turned >> (count - 1);
    }
}

/* What is put is taken, behind each number of bits. */
static void put_and_take(uint32_t before, uint64_t value, unsigned n)
{
    uint8_t memory[8];
    struct bits_writer w = {memory, memory + sizeof memory, {0}};
    bits_put(&w, bits_mask(before), before);
    bits_put(&w, value, n);
    bits_pad(&w);
    bits_drain(&w);
    struct bits_reader r = {memory, w.next, {0}};
    bool held = bits_want(&r, before + n);
    //@ assert held: held;
    bits_take(&r, before);
    uint32_t taken = bits_take(&r, n);
    //@ assert same: taken == value;
}

static void store_and_load(uint64_t value)
{
    uint8_t memory[8];
    bits_store64(memory, value);
    uint64_t loaded = bits_load64(memory);
    //@ assert same: loaded == value;
}

void main(void)
{
    for (uint32_t count = 0; count <= HELD_MAX; count += SIZE(3, 1)) {
        for (unsigned n = 0; n <= 56; n += SIZE(14, 4))
            for (size_t len = 0; len <= 8; len++)
                want_any(count, len, n);
        for (unsigned n = 0; n <= count && n <= 32; n += SIZE(4, 1))
            take_any(count, n);
        for (unsigned n = 0; n <= HELD_MAX - count; n += SIZE(4, 1))
            put_any(count, n);
        align_any(count);
        for (size_t taken = count / 8; taken <= 8; taken++)
            fill_any(taken, count);
        for (size_t room = 0; room <= 9; room++)
            drain_any(count, room);
        store_and_load(UINT64_C(1) << count);
    }
    for (unsigned count = 1; count <= SIZE(6, 10); count++)
        turn_each(count);
    for (unsigned before = 0; before < 8; before++)
        for (unsigned n = 1; n <= 32; n += SIZE(8, 1))
            put_and_take(before, UINT64_C(1) << (n - 1), n);
}
