/* SPDX-License-Identifier: MIT */
#include "support/secret.h"

#include <pthread.h>
#include <string.h>

#include "base/bytes.h"
#include "base/check.h"
#include "support/shadow.h"

#ifdef __has_include
#if __has_include(<valgrind/memcheck.h>)
#include <valgrind/memcheck.h>
#define WITH_MEMCHECK
#endif
#endif

#ifdef WITH_MEMCHECK

bool secret_watched(void)
{
    return RUNNING_ON_VALGRIND != 0;
}

void secret_hide(const void *ptr, size_t len)
{
    (void)VALGRIND_MAKE_MEM_UNDEFINED(ptr, len);
}

void secret_show(const void *ptr, size_t len)
{
    (void)VALGRIND_MAKE_MEM_DEFINED(ptr, len);
}

#else

bool secret_watched(void)
{
    return false;
}

void secret_hide(const void *ptr, size_t len)
{
    (void)ptr, (void)len;
}

void secret_show(const void *ptr, size_t len)
{
    (void)ptr, (void)len;
}

#endif

static uint8_t stack[1 << 18] __attribute__((aligned(4096)));

struct run {
    void (*act)(void *context);
    void *context;
};

static void *run_it(void *run)
{
    struct run *r = run;
    r->act(r->context);
    return NULL;
}

void secret_run(void (*act)(void *context), void *context)
{
    pthread_t thread;
    pthread_attr_t attr;
    struct run run = {act, context};
    memset(stack, 0, sizeof stack);
    CHECK(pthread_attr_init(&attr) == 0);
    CHECK(pthread_attr_setstack(&attr, stack, sizeof stack) == 0);
    CHECK(pthread_create(&thread, &attr, run_it, &run) == 0);
    CHECK(pthread_join(thread, NULL) == 0);
    pthread_attr_destroy(&attr);
    shadow_written(stack, sizeof stack);
}

bool secret_lies_in(const void *ptr, size_t len, const uint8_t *eight)
{
    const uint8_t *at = ptr;
    for (size_t i = 0; i + 8 <= len; i++)
        if (memcmp(at + i, eight, 8) == 0)
            return true;
    return false;
}

bool secret_left(const uint8_t *eight)
{
    uint32_t words[2] = {bytes_get32(eight), bytes_get32(eight + 4)};
    return secret_lies_in(stack, sizeof stack, eight) ||
           secret_lies_in(stack, sizeof stack, (const uint8_t *)words);
}
