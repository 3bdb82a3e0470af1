/* SPDX-License-Identifier: MIT */
/*
 * sandbox: what a process gives up, for good, before the first client.
 *
 *   no_new_privs   no program it might start gains rights (prctl(2))
 *   landlock       files: nothing but reading below --static, and removing
 *                  its own unix: sockets; TCP: no bind, no connect but to
 *                  the ports of --redis, of who calls there; no signal
 *                  and no abstract socket of processes outside (landlock(7),
 *                  Linux 5.13 and later, each part where the kernel has it)
 *   seccomp        system calls: the few that the loop makes, some of them
 *                  with one argument looked at (seccomp(2))
 *
 * The filter gives every system call one of three answers:
 *
 *   the loop makes it          it is done
 *   nobody here ever could     the process is killed at once: new programs
 *   mean it                    and processes, other processes' memory, new
 *                              code, mounts, modules, namespaces, ...
 *   anything else              ENOSYS, so that a library that tries a newer
 *                              call first goes on to the older one
 *
 * A keeper's is wider: it makes processes and ends them, and each of these must
 * still be able to start, which goes into its own as its last step.
 *
 * Everything is open before: listeners, --static's folder, the reactor. A
 * part that the kernel lacks is left out, and the caller is told.
 */
#ifndef OS_SANDBOX_H
#define OS_SANDBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SANDBOX_PATHS 17
#define SANDBOX_BELLS 33
#define SANDBOX_PORTS 8

enum sandbox_part {
    SANDBOX_NO_NEW_PRIVS = 1 << 0,
    SANDBOX_LANDLOCK = 1 << 1,
    SANDBOX_SECCOMP = 1 << 2,
    SANDBOX_ALL = 7,
};

/* What must still work inside. */
struct sandbox_plan {
    int folder; /* files below it are opened and read; -1: there is none */
    const char *paths[SANDBOX_PATHS]; /* files that are removed at the end */
    size_t path_count;
    int bells[SANDBOX_BELLS]; /* that are rung (bell.h) */
    size_t bell_count;
    bool keeps; /* it makes processes (child.h), which start and go in, too */
    bool connects; /* it calls others (socket_dial), over TCP at these ports; it
                      accepts nobody, where it does not keep */
    uint16_t ports[SANDBOX_PORTS];
    size_t port_count;
    bool storage; /* a file that is memory is closed in order at the end */
};

/* Go in. Returns the parts achieved (enum sandbox_part). */
unsigned sandbox_enter(const struct sandbox_plan *plan);

/* The word for one part: "seccomp". */
const char *sandbox_word(enum sandbox_part part);

/* ---- The parts, for sandbox.c -------------------------------------------- */

bool sandbox_landlock(const struct sandbox_plan *plan);

/* ---- The filter, for sandbox.c and the tests ----------------------------- */

/* An instruction of classic BPF (linux/filter.h, which not every libc's
   headers have). */
struct sandbox_instruction {
    uint16_t code;
    uint8_t if_true; /* instructions to pass over */
    uint8_t if_false;
    uint32_t value;
};

#define SANDBOX_PROGRAM 768 /* most instructions of a filter */

/* Write the filter; returns its length, or 0 on a machine whose system calls
   we do not know. */
size_t sandbox_filter(struct sandbox_instruction program[SANDBOX_PROGRAM],
                      const struct sandbox_plan *plan);

/* What the filter answers, as the kernel wants it (linux/seccomp.h). */
#define SANDBOX_ALLOW UINT32_C(0x7FFF0000)
#define SANDBOX_KILL  UINT32_C(0x80000000) /* the whole process, SIGSYS */
#define SANDBOX_ERROR UINT32_C(0x00050000) /* + errno */

#endif
