/* SPDX-License-Identifier: MIT */
/*
 * sources: src/base/ring.c src/base/ring.h
 * with: src/base/bytes.c
 * eva: -eva-slevel 200
 *
 * A ring at any position of its stream: appended to, viewed and copied from.
 */
#include "tests/prove/prove.h"

#include "base/ring.h"

#define SIZE_MAX_HERE SIZE(3, 5)

static void at(size_t size, uint64_t head, size_t len)
{
    uint8_t bytes[SIZE_MAX_HERE], out[SIZE_MAX_HERE];
    struct span parts[RING_PARTS];
    struct ring r;
    ring_init(&r, any_end(bytes, sizeof bytes, size), size);
    r.head = head;
    r.lap = head - head % size;
    ring_append(&r, any_text(len), len);
    //@ assert head: r.head == head + len;
    uint64_t oldest = ring_oldest(&r);
    //@ assert oldest: r.head - oldest <= size;
    ring_holds(&r, any_u64());
    for (uint64_t from = oldest; from <= r.head; from++) {
        bool held = ring_holds(&r, from);
        //@ assert held: held;
        size_t count = ring_view(&r, from, r.head, parts);
        //@ assert count: count <= RING_PARTS;
        for (size_t i = 0; i < count; i++) {
            const uint8_t *first = parts[i].ptr, *end = first + parts[i].len;
            //@ assert inside: r.bytes <= first && end <= r.bytes + size;
        }
        ring_copy(&r, from, out, (size_t)(r.head - from));
    }
}

void main(void)
{
    for (size_t size = 1; size <= SIZE_MAX_HERE; size++)
        for (uint64_t head = 0; head <= 2 * size; head++)
            for (size_t len = 0; len <= size; len++) {
                at(size, head, len);
                at(size, UINT64_MAX / 2 + head, len);
            }
}
