/* SPDX-License-Identifier: MIT */
/*
 * error: what the kernel's refusals mean for us.
 *
 * The functions of os/ return a result or -errno. Nobody above knows errno's
 * numbers; they ask here what kind of refusal it was, and the triage is one
 * table in error.c.
 */
#ifndef OS_ERROR_H
#define OS_ERROR_H

enum error_kind {
    ERROR_WAIT,  /* not now: wait until the reactor says so */
    ERROR_RETRY, /* that one is gone or interrupted; go on with the next */
    ERROR_FULL,  /* out of descriptors or kernel memory: rest a while */
    ERROR_PEER,  /* the connection is broken */
    ERROR_NONE,  /* there is no such file */
    ERROR_FAULT, /* anything else: ours, or the machine's */
};

/* The kind of a negative result. */
enum error_kind error_kind(int result);

/* A few words for a negative result, for the one line at start. */
const char *error_text(int result);

#endif
