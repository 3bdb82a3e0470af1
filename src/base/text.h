/* SPDX-License-Identifier: MIT */
/*
 * text: writing into a buffer that is large enough, or saying that it was not.
 *
 * A writer over the caller's bytes. What does not fit is left out whole, piece
 * by piece, and `overflow` stays set: the caller looks once, at the end. No
 * NUL is added.
 */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include "base/bytes.h"

struct text {
    uint8_t *ptr;  /* the caller's buffer */
    size_t size;   /* its bytes */
    size_t len;    /* bytes written so far */
    bool overflow; /* something did not fit: what is there is not whole */
};

static inline struct text text_over(uint8_t *ptr, size_t size)
{
    return (struct text){.ptr = ptr, .size = size};
}

static inline struct span text_span(const struct text *t)
{
    return bytes_span(t->ptr, t->len);
}

/* Append bytes, a C string, one byte. */
void text_put(struct text *t, struct span s);
void text_string(struct text *t, const char *string);
void text_byte(struct text *t, uint8_t byte);

/* Append a number: decimal, or lower-case hexadecimal of at least `digits`
   digits (0 to 16), without prefix. */
void text_decimal(struct text *t, uint64_t value);
void text_hex(struct text *t, uint64_t value, unsigned digits);

#endif
