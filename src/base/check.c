/* SPDX-License-Identifier: MIT */
#include "base/check.h"

/* Volatile, so that the store survives: it is for whoever opens the core. */
static const char *volatile failed_check;

_Noreturn void check_failed(const char *what)
{
    failed_check = what;
    (void)failed_check;
    __builtin_trap();
}
