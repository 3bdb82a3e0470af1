/* SPDX-License-Identifier: MIT */
#include "bus/buffer.h"
#include "base/text.h"

#include <stdlib.h>

static void *grown(void *bytes, size_t size)
{
    bytes = realloc(bytes, size);
    if (!bytes)
        abort();
    return bytes;
}

void buffer_put(struct buffer *b, struct span s)
{
    size_t len = buffer_len(b);
    if (b->start > 0 && b->end + s.len > b->size) {
        memmove(b->bytes, b->bytes + b->start, len);
        b->start = 0;
        b->end = len;
    }
    if (b->end + s.len > b->size) {
        b->size = 2 * (b->end + s.len);
        b->bytes = grown(b->bytes, b->size);
    }
    if (s.len)
        memcpy(b->bytes + b->end, s.ptr, s.len);
    b->end += s.len;
}

void buffer_string(struct buffer *b, const char *string)
{
    buffer_put(b, bytes_of(string));
}

void buffer_decimal(struct buffer *b, uint64_t value)
{
    uint8_t digits[20];
    struct text t = text_over(digits, sizeof digits);
    text_decimal(&t, value);
    buffer_put(b, text_span(&t));
}

void buffer_take(struct buffer *b, size_t len)
{
    if (len > buffer_len(b))
        abort();
    b->start += len;
}

void buffer_free(struct buffer *b)
{
    free(b->bytes);
    *b = (struct buffer){0};
}
