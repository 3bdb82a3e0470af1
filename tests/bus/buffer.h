/* SPDX-License-Identifier: MIT */
/* buffer: bytes on the heap, put behind and taken from the front. */
#ifndef BUS_BUFFER_H
#define BUS_BUFFER_H

#include "base/bytes.h"

/* All zero is an empty one. */
struct buffer {
    uint8_t *bytes;
    size_t size;
    size_t start; /* bytes that were taken */
    size_t end;   /* behind the last one */
};

static inline struct span buffer_span(const struct buffer *b)
{
    return b->bytes ? bytes_span(b->bytes + b->start, b->end - b->start)
                    : bytes_span(NULL, 0);
}
static inline size_t buffer_len(const struct buffer *b)
{
    return b->end - b->start;
}

void buffer_put(struct buffer *b, struct span s);
void buffer_string(struct buffer *b, const char *string);
void buffer_decimal(struct buffer *b, uint64_t value);
void buffer_take(struct buffer *b, size_t len);
void buffer_free(struct buffer *b);

#endif
