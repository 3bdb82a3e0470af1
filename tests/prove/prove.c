/* SPDX-License-Identifier: MIT */
#include "tests/prove/prove.h"

#include "base/check.h"
#include <__fc_builtin.h>

uint64_t any_between(uint64_t least, uint64_t most)
{
    return Frama_C_unsigned_long_interval(least, most);
}

uint64_t any_u64(void)
{
    return any_between(0, UINT64_MAX);
}

uint32_t any_u32(void)
{
    return (uint32_t)any_between(0, UINT32_MAX);
}

uint8_t any_u8(void)
{
    return (uint8_t)any_between(0, UINT8_MAX);
}

bool any_bool(void)
{
    return (bool)any_between(0, 1);
}

void any_bytes(void *ptr, size_t len)
{
    if (len)
        Frama_C_make_unknown(ptr, len);
}

uint8_t *any_end(uint8_t *memory, size_t size, size_t len)
{
    any_bytes(memory + size - len, len);
    return memory + size - len;
}

const uint8_t *any_text(size_t len)
{
    static uint8_t one[ANY_TEXT_MAX], other[ANY_TEXT_MAX];
    const uint8_t *a = any_end(one, sizeof one, len);
    const uint8_t *b = any_end(other, sizeof other, len);
    return Frama_C_nondet_ptr((void *)a, (void *)b);
}

struct span any_like(const char *shape, uint8_t least)
{
    static uint8_t memory[ANY_LIKE_MAX];
    size_t len = strlen(shape);
    uint8_t *ptr = memory + sizeof memory - len;
    for (size_t i = 0; i < len; i++) {
        ptr[i] = (uint8_t)shape[i];
        if (ptr[i] == '?')
            ptr[i] = (uint8_t)any_between(least, UINT8_MAX);
    }
    return bytes_span(ptr, len);
}

/* libc's, byte by byte: of Eva's own one learns less. */
void *memchr(const void *s, int c, size_t n)
{
    const uint8_t *bytes = s;
    for (size_t at = 0; at < n; at++)
        if (bytes[at] == (uint8_t)c)
            return (void *)(bytes + at);
    return NULL;
}

int memcmp(const void *s1, const void *s2, size_t n)
{
    const uint8_t *a = s1, *b = s2;
    for (size_t at = 0; at < n; at++)
        if (a[at] != b[at])
            return a[at] < b[at] ? -1 : 1;
    return 0;
}

/* gcc's: the lowest bit that is set. */
int __builtin_ctzll(unsigned long long x)
{
    int at = 0;
    //@ assert a_bit_is_set: x != 0;
    while (at < 63 && !(x >> at & 1))
        at++;
    return at;
}

/* And how many bits above the highest one are not. */
int __builtin_clz(unsigned x)
{
    int above = 0;
    //@ assert a_bit_is_set: x != 0;
    while (above < 31 && !(x >> (31 - above) & 1))
        above++;
    return above;
}

/* A CHECK that can fail is an alarm. */
void check_failed(const char *what)
{
    (void)what;
    //@ assert a_check_fails: \false;
    for (;;)
        ;
}
