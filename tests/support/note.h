/* SPDX-License-Identifier: MIT */
/*
 * note: what a test was doing when it failed.
 *
 * A failed cmocka assertion jumps out of the test, past whoever knew the seed
 * or the cut that was being tried. So that is noted before, and crossed out
 * after; a note that was never crossed out is printed when the next one is
 * opened, or at exit.
 */
#ifndef SUPPORT_NOTE_H
#define SUPPORT_NOTE_H

#include <stdbool.h>
#include <stdint.h>

/* Lives as long as the program: make it static. All zero is the start. */
struct note {
    const char *name; /* of what is being tried; NULL: nothing is open */
    const char *what; /* what the number is: "seed", "cut at" */
    uint64_t number;
    bool listed;       /* it is in the list of notes printed at exit */
    struct note *next; /* in that list */
};

/* From here on, `name` is being tried with this number. */
void note_open(struct note *n, const char *name, const char *what,
               uint64_t number);

/* It went well. */
void note_close(struct note *n);

#endif
