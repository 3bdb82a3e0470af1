/* SPDX-License-Identifier: MIT */
/*
 * bytes: spans, big-endian integers, and the smallest arithmetic.
 *
 * A span names bytes that somebody else owns: it is a view, valid as long as
 * what it looks at. Nothing here allocates, copies more than it says, or
 * depends on the alignment or byte order of the machine.
 */
#ifndef BASE_BYTES_H
#define BASE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct span {
    const uint8_t *ptr; /* may be NULL when len is 0 */
    size_t len;         /* bytes */
};

/* The span of a string literal, without its NUL. */
#define BYTES_LITERAL(text) bytes_span("" text, sizeof(text) - 1)

static inline struct span bytes_span(const void *ptr, size_t len)
{
    return (struct span){.ptr = ptr, .len = len};
}

static inline struct span bytes_of(const char *string)
{
    return bytes_span(string, strlen(string));
}

/* The part [offset, offset + len) of a span; the caller keeps it inside. */
static inline struct span bytes_part(struct span s, size_t offset, size_t len)
{
    /* Even NULL + 0 is undefined in C11 (6.5.6), and an empty span may be. */
    return bytes_span(offset ? s.ptr + offset : s.ptr, len);
}

/* What is behind the first `offset` bytes; the caller keeps it inside. */
static inline struct span bytes_after(struct span s, size_t offset)
{
    return bytes_part(s, offset, s.len - offset);
}

static inline bool bytes_equal(struct span a, struct span b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

/* Does s begin with all of `with`? */
static inline bool bytes_begins(struct span s, struct span with)
{
    return s.len >= with.len && bytes_equal(bytes_part(s, 0, with.len), with);
}

static inline uint8_t bytes_lower(uint8_t byte)
{
    return (byte >= 'A' && byte <= 'Z') ? (uint8_t)(byte + ('a' - 'A')) : byte;
}

/* Equal but for the case of ASCII letters. */
bool bytes_equal_nocase(struct span a, struct span b);

/* Are these `len` bytes the same? Takes the same time wherever they differ,
   so that nobody can guess a secret byte by byte. */
bool bytes_equal_secret(const uint8_t *a, const uint8_t *b, size_t len);

/* Overwrite what was secret, also where nobody reads it again. */
void bytes_wipe(void *ptr, size_t len);

/* Position of the first `byte` in s, or s.len. */
size_t bytes_find(struct span s, uint8_t byte);

/* The part of *s before the first `separator`, or all of it. It is taken off
   *s, and the separator with it. */
struct span bytes_cut(struct span *s, uint8_t separator);

/* s without leading and trailing SP and HTAB (RFC 9110 5.6.3, OWS). */
struct span bytes_trim(struct span s);

static inline bool bytes_is_digit(uint8_t byte)
{
    return byte >= '0' && byte <= '9';
}

/* An ASCII letter or digit, or one of some more. */
static inline bool bytes_is_alnum_or(uint8_t byte, struct span more)
{
    uint8_t lower = bytes_lower(byte);
    return (lower >= 'a' && lower <= 'z') || bytes_is_digit(byte) ||
           bytes_find(more, byte) < more.len;
}

/* The value of one hexadecimal digit, or -1. */
int bytes_hex_value(uint8_t digit);

/* The number that s begins with, of `digits` (0 to 7) hexadecimal digits; -1
   when there are fewer. */
int32_t bytes_hex(struct span s, size_t digits);

/*
 * The decimal number that s is, digits only. False when s is empty or holds
 * anything else. A number over UINT64_MAX is taken as UINT64_MAX.
 */
bool bytes_decimal(struct span s, uint64_t *value);

/* The same for a number that is at most `most`, and without leading zeros. */
bool bytes_number(struct span s, uint64_t most, uint64_t *value);

static inline size_t bytes_min(size_t a, size_t b)
{
    return a < b ? a : b;
}

static inline uint64_t bytes_min64(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* Network byte order (RFC 6455 5.2: lengths are most significant first). */
static inline uint16_t bytes_get16(const uint8_t *p)
{
    return (uint16_t)((p[0] << 8) | p[1]);
}

static inline uint32_t bytes_get32(const uint8_t *p)
{
    return ((uint32_t)bytes_get16(p) << 16) | bytes_get16(p + 2);
}

/* Each bit of the result depends on each bit of x: for hash tables, with a
   secret seed in x against those who would choose what collides. */
static inline uint64_t bytes_mix(uint64_t x)
{
    x ^= x >> 32;
    x *= UINT64_C(0xD6E8FEB86659FD93);
    x ^= x >> 32;
    x *= UINT64_C(0xD6E8FEB86659FD93);
    return x ^ x >> 32;
}

/* A hash of s; of several spans, where each goes on from the last one's hash,
   only with something that keeps them apart. */
static inline uint64_t bytes_hash(uint64_t seed, struct span s)
{
    for (size_t i = 0; i < s.len; i++)
        seed = bytes_mix(seed ^ s.ptr[i]);
    return seed;
}

static inline uint64_t bytes_get64(const uint8_t *p)
{
    return ((uint64_t)bytes_get32(p) << 32) | bytes_get32(p + 4);
}

static inline void bytes_put16(uint8_t *p, uint16_t value)
{
    p[0] = (uint8_t)(value >> 8);
    p[1] = (uint8_t)value;
}

static inline void bytes_put32(uint8_t *p, uint32_t value)
{
    bytes_put16(p, (uint16_t)(value >> 16));
    bytes_put16(p + 2, (uint16_t)value);
}

static inline void bytes_put64(uint8_t *p, uint64_t value)
{
    bytes_put32(p, (uint32_t)(value >> 32));
    bytes_put32(p + 4, (uint32_t)value);
}

#endif
