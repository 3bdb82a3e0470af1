/* SPDX-License-Identifier: MIT */
/*
 * random: repeatable random numbers, and the property tests that use them.
 *
 * A property is a function that draws its own input and asserts. It runs for
 * the seeds 1, 2, 3 ..., the same on every machine and every day; a failure
 * prints its seed, and TEST_SEED=n in the environment runs that one alone;
 * TEST_FIRST=n begins with n instead of 1.
 */
#ifndef SUPPORT_RANDOM_H
#define SUPPORT_RANDOM_H

#include <stddef.h>
#include <stdint.h>

struct random {
    uint64_t state; /* splitmix64: any value is a seed */
};

struct random random_of(uint64_t seed);

/* 64 random bits. */
uint64_t random_next(struct random *r);

/* A number from 0 to bound - 1, nearly uniform. bound > 0. */
uint64_t random_below(struct random *r, uint64_t bound);

/* len random bytes at ptr. */
void random_fill(struct random *r, uint8_t *ptr, size_t len);

/* Run a property for so many seeds. Properties do not nest. */
#define RANDOM_PROPERTY(property, rounds)                                      \
    random_property(#property, property, rounds)

void random_property(const char *name, void (*property)(struct random *),
                     unsigned rounds);

#endif
