/* SPDX-License-Identifier: MIT */
/*
 * log: whole lines on standard error, which never waits for its reader.
 *
 * Standard error is shared with whoever started us, so O_NONBLOCK, a flag of
 * the shared open file description, is not ours to set. What is done instead:
 *
 *   terminal, pipe, FIFO   opened once more: a description of our own, which
 *                          does not wait, takes the place of descriptor 2
 *   where that fails       poll first, and write no more than surely fits
 *   socket                 MSG_DONTWAIT
 *   file                   errors are dropped. A disk that does not answer
 *                          is the one thing that can still hold us up
 *
 * A write that is cut (a terminal, a disk that fills) is not a lost line: its
 * rest goes before the next one. Standard error is the process's, and so is
 * what log.c keeps of it.
 */
#ifndef OS_LOG_H
#define OS_LOG_H

#include "base/bytes.h"

#define LOG_LINE_MAX  1024 /* bytes of a line of the log */
#define LOG_WRITE_MAX 4096 /* bytes: PIPE_BUF, so they are written whole */

/* See how standard error is to be written to, before the first line of a
   service. Until then, and where there is no /proc, it is polled. */
void log_prepare(void);

/*
 * Write lines, their newlines included, at most LOG_WRITE_MAX bytes. Never
 * waits: a standard error that takes nothing (a full pipe, a full disk, a
 * closed descriptor) loses them, and false comes back.
 */
bool log_write(struct span lines);

#endif
