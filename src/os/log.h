/* SPDX-License-Identifier: MIT */
/* log: whole lines, one write, on standard error. */
#ifndef OS_LOG_H
#define OS_LOG_H

#include "base/bytes.h"

#define LOG_LINE_MAX  1024 /* bytes of a line of the log */
#define LOG_WRITE_MAX 4096 /* bytes: PIPE_BUF, so they are written whole */

/*
 * Write lines, their newlines included, at most LOG_WRITE_MAX bytes. Never
 * waits: a standard error that takes nothing (a full pipe, a full disk, a
 * closed descriptor) loses them, and false comes back.
 */
bool log_write(struct span lines);

#endif
