/* SPDX-License-Identifier: MIT */
#include "support/note.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

static struct note *notes;

static void print(struct note *n)
{
    if (n->name)
        fprintf(stderr, "note: %s failed with %s %" PRIu64 "\n", n->name,
                n->what, n->number);
    n->name = NULL;
}

static void print_all(void)
{
    for (struct note *n = notes; n; n = n->next)
        print(n);
}

void note_open(struct note *n, const char *name, const char *what,
               uint64_t number)
{
    print(n);
    if (!n->listed) {
        if (!notes)
            atexit(print_all);
        n->next = notes;
        n->listed = true;
        notes = n;
    }
    n->name = name;
    n->what = what;
    n->number = number;
}

void note_close(struct note *n)
{
    n->name = NULL;
}
