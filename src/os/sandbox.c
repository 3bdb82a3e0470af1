/* SPDX-License-Identifier: MIT */
#include "os/sandbox.h"

#include <sys/prctl.h>

/* The runtime of AddressSanitizer makes calls of its own, to the last moment:
   maps memory, reads /proc, starts its symbolizer. There the process is left
   outside; -DSANDBOX_OFF does the same. */
#if defined(__SANITIZE_ADDRESS__)
#define SANDBOX_OFF
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANDBOX_OFF
#endif
#endif

/* linux/prctl.h and linux/seccomp.h */
#define SET_SECCOMP      22
#define SET_NO_NEW_PRIVS 38
#define MODE_FILTER      2

/* linux/filter.h: struct sock_fprog */
struct program {
    unsigned short len;
    struct sandbox_instruction *instructions;
};

static bool enter_seccomp(const struct sandbox_plan *plan)
{
    struct sandbox_instruction instructions[SANDBOX_PROGRAM];
    struct program program = {
        .len = (unsigned short)sandbox_filter(instructions, plan),
        .instructions = instructions,
    };
    return program.len > 0 &&
           prctl(SET_SECCOMP, MODE_FILTER, &program, 0, 0) == 0;
}

/* In this order: each of the latter two wants no_new_privs of who is not
   root, and behind the filter none of these calls is left. */
unsigned sandbox_enter(const struct sandbox_plan *plan)
{
    unsigned achieved = 0;
    if (prctl(SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0)
        achieved |= SANDBOX_NO_NEW_PRIVS;
#ifndef SANDBOX_OFF
    if (sandbox_landlock(plan))
        achieved |= SANDBOX_LANDLOCK;
    if (enter_seccomp(plan))
        achieved |= SANDBOX_SECCOMP;
#else
    (void)plan;
    (void)enter_seccomp;
#endif
    return achieved;
}

const char *sandbox_word(enum sandbox_part part)
{
    switch (part) {
    case SANDBOX_NO_NEW_PRIVS: return "no_new_privs";
    case SANDBOX_LANDLOCK: return "landlock";
    case SANDBOX_SECCOMP: return "seccomp";
    case SANDBOX_ALL: break;
    }
    return "";
}
