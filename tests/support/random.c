/* SPDX-License-Identifier: MIT */
#include "support/random.h"
#include "support/note.h"

#include <stdlib.h>

struct random random_of(uint64_t seed)
{
    return (struct random){.state = seed};
}

/* splitmix64: Steele, Lea, Flood, "Fast splittable pseudorandom number
   generators", 2014. */
uint64_t random_next(struct random *r)
{
    uint64_t z = r->state += UINT64_C(0x9E3779B97F4A7C15);
    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return z ^ (z >> 31);
}

uint64_t random_below(struct random *r, uint64_t bound)
{
    return random_next(r) % bound;
}

void random_fill(struct random *r, uint8_t *ptr, size_t len)
{
    for (size_t i = 0; i < len; i++)
        ptr[i] = (uint8_t)random_next(r);
}

void random_property(const char *name, void (*property)(struct random *),
                     unsigned rounds)
{
    static struct note note;
    const char *given = getenv("TEST_SEED");
    const char *first = getenv("TEST_FIRST");
    uint64_t seed = given   ? strtoull(given, NULL, 0)
                    : first ? strtoull(first, NULL, 0)
                            : 1;
    uint64_t last = given ? seed : seed - 1 + rounds;
    for (; seed <= last; seed++) {
        struct random r = random_of(seed);
        note_open(&note, name, "TEST_SEED", seed);
        property(&r);
        note_close(&note);
    }
}
