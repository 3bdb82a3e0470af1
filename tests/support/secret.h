/* SPDX-License-Identifier: MIT */
/*
 * secret: does how long it takes depend on a secret?
 *
 * To valgrind's memcheck bytes can be declared as never written. It follows
 * them through every operation, and reports a branch, or an address, that
 * depends on one. So: hide the secret, run the code, show what everybody may
 * see of the result. A report is an error of the program (`make valgrind`).
 */
#ifndef SUPPORT_SECRET_H
#define SUPPORT_SECRET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Is memcheck watching, and can we tell it something? */
bool secret_watched(void);

/* From here on these bytes are secret; they are no more. */
void secret_hide(const void *ptr, size_t len);
void secret_show(const void *ptr, size_t len);

/* ---- What is left behind ------------------------------------------------- */

/* Run this on a stack of its own. */
void secret_run(void (*act)(void *context), void *context);

/* Do these eight bytes lie on that stack, as they are or as two words? They
   are the beginning of a secret, and would be too much of it already. */
bool secret_left(const uint8_t *eight);

/* Do they lie among these? */
bool secret_lies_in(const void *ptr, size_t len, const uint8_t *eight);

/* At the start of a test: leave it out without memcheck, or with it. */
#define SECRET_WANTED()                                                        \
    do {                                                                       \
        if (!secret_watched()) {                                               \
            print_message("left out: only valgrind sees it\n");                \
            skip();                                                            \
        }                                                                      \
    } while (0)
#define SECRET_UNWATCHED()                                                     \
    do {                                                                       \
        if (secret_watched()) {                                                \
            print_message("left out: it looks where valgrind lets nobody\n");  \
            skip();                                                            \
        }                                                                      \
    } while (0)

#endif
