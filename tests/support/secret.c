/* SPDX-License-Identifier: MIT */
#include "support/secret.h"

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
