/* SPDX-License-Identifier: MIT */
/* process: what is set up once, before anything else is opened. */
#ifndef OS_PROCESS_H
#define OS_PROCESS_H

#include "base/bytes.h"

/* Open /dev/null for each of the three standard descriptors that is closed,
   so that no socket ever gets its number. 0 or -errno. */
int process_open_standard(void);

/* Write all of it to standard output, however long that takes. 0 or -errno.
   (In place of stdio: with that a static program is a tenth larger.) */
int process_print(struct span s);

/* Read standard input until len bytes are there or it ends; how many. An error
   ends it, too. */
size_t process_read(uint8_t *ptr, size_t len);

/* Read once what standard input has, up to len bytes; 0 at its end, or
   -errno. */
ptrdiff_t process_read_some(uint8_t *ptr, size_t len);

/* Raise the limit of open files to what the hard limit allows; returns it. */
uint64_t process_raise_files(void);

/* Processors that this process may run on, at least 1. */
unsigned process_cores(void);

/* Is this descriptor a terminal? */
bool process_is_terminal(int fd);

/* Descriptors that are open already. */
unsigned process_files_open(void);

#endif
