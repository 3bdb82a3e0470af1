/* SPDX-License-Identifier: MIT */
/*
 * unit: cmocka, with the headers that it wants before it.
 */
#ifndef SUPPORT_UNIT_H
#define SUPPORT_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define UNIT_COUNT(array) (sizeof(array) / sizeof *(array))

/* Milliseconds in which even a starved machine does what else takes none. */
#define UNIT_PATIENCE 120000

#endif
