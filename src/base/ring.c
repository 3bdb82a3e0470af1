/* SPDX-License-Identifier: MIT */
#include "base/ring.h"
#include "base/check.h"

void ring_init(struct ring *r, uint8_t *bytes, size_t size)
{
    CHECK(size > 0);
    *r = (struct ring){.bytes = bytes, .size = size};
}

/* Where a position that is here lies: in this lap, or in the one before. */
static size_t offset_of(const struct ring *r, uint64_t pos)
{
    return (size_t)(pos - r->lap + (pos < r->lap ? r->size : 0));
}

void ring_append(struct ring *r, const uint8_t *ptr, size_t len)
{
    CHECK(len <= r->size);
    if (len == 0)
        return;
    size_t offset = (size_t)(r->head - r->lap);
    size_t first = bytes_min(len, r->size - offset);
    memcpy(r->bytes + offset, ptr, first);
    if (len > first)
        memcpy(r->bytes, ptr + first, len - first);
    r->head += len;
    if (r->head - r->lap >= r->size)
        r->lap += r->size;
}

size_t ring_view(const struct ring *r, uint64_t from, uint64_t to,
                 struct span parts[RING_PARTS])
{
    CHECK(from <= to && to <= r->head && from >= ring_oldest(r));
    if (from == to)
        return 0;
    size_t len = (size_t)(to - from);
    size_t offset = offset_of(r, from);
    size_t first = bytes_min(len, r->size - offset);
    parts[0] = bytes_span(r->bytes + offset, first);
    if (first == len)
        return 1;
    parts[1] = bytes_span(r->bytes, len - first);
    return 2;
}

void ring_copy(const struct ring *r, uint64_t from, uint8_t *out, size_t len)
{
    struct span parts[RING_PARTS];
    size_t count = ring_view(r, from, from + len, parts);
    for (size_t i = 0; i < count; i++) {
        memcpy(out, parts[i].ptr, parts[i].len);
        out += parts[i].len;
    }
}
