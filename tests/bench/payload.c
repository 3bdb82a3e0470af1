/* SPDX-License-Identifier: MIT */
#include "bench/payload.h"
#include "bench/tool.h"

#include <string.h>

/* xorshift32 (Marsaglia 2003): good enough to tell bytes apart. */
static uint32_t next_random(uint32_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 17;
    *state ^= *state << 5;
    return *state;
}

void payload_init(struct payload *p, size_t size, bool alike)
{
    uint32_t state = 6455;
    *p = (struct payload){.size = size,
                          .shifts = alike ? 1 : PAYLOAD_SHIFT,
                          .pattern = tool_alloc(size + PAYLOAD_SHIFT, 1)};
    for (size_t i = 0; i < size + PAYLOAD_SHIFT; i++)
        p->pattern[i] = (uint8_t)('a' + next_random(&state) % 26);
}

static void write_hex(uint8_t out[8], uint32_t value)
{
    for (int i = 7; i >= 0; i--, value >>= 4)
        out[i] = (uint8_t) "0123456789abcdef"[value & 15];
}

static bool read_hex(const uint8_t text[8], uint32_t *value)
{
    *value = 0;
    for (int i = 0; i < 8; i++) {
        unsigned digit = text[i];
        if (digit >= '0' && digit <= '9')
            digit -= '0';
        else if (digit >= 'a' && digit <= 'f')
            digit -= 'a' - 10;
        else
            return false;
        *value = *value << 4 | digit;
    }
    return true;
}

static size_t min(size_t a, size_t b)
{
    return a < b ? a : b;
}

static void write_stamp(struct stamp s, uint8_t text[PAYLOAD_STAMP])
{
    write_hex(text, s.sender);
    write_hex(text + 8, s.number);
}

static const uint8_t *pattern_of(const struct payload *p, struct stamp s)
{
    return p->pattern + s.number % p->shifts;
}

void payload_write(const struct payload *p, struct stamp s, uint8_t *out)
{
    uint8_t text[PAYLOAD_STAMP];
    write_stamp(s, text);
    memcpy(out, pattern_of(p, s), p->size);
    memcpy(out, text, min(p->size, PAYLOAD_STAMP));
}

/* The pattern alone, for what lies after the stamp. */
static bool pattern_equal(const struct payload *p, struct stamp s,
                          size_t offset, const uint8_t *ptr, size_t len)
{
    if (offset > p->size || len > p->size - offset)
        return false;
    return len == 0 || memcmp(ptr, pattern_of(p, s) + offset, len) == 0;
}

bool payload_equal(const struct payload *p, struct stamp s, size_t offset,
                   const uint8_t *ptr, size_t len)
{
    uint8_t text[PAYLOAD_STAMP];
    if (offset >= PAYLOAD_STAMP)
        return pattern_equal(p, s, offset, ptr, len);
    size_t n = min(len, PAYLOAD_STAMP - offset);
    write_stamp(s, text);
    return memcmp(ptr, text + offset, n) == 0 &&
           pattern_equal(p, s, offset + n, ptr + n, len - n);
}

bool payload_read_stamp(const uint8_t text[PAYLOAD_STAMP], struct stamp *s)
{
    return read_hex(text, &s->sender) && read_hex(text + 8, &s->number);
}
