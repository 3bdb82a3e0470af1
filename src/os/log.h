/* SPDX-License-Identifier: MIT */
/* log: one line, one write, on standard error. */
#ifndef OS_LOG_H
#define OS_LOG_H

#include "base/bytes.h"

#define LOG_LINE_MAX 1024 /* bytes; far below PIPE_BUF: written whole */

/*
 * Write one line, its newline included, at most LOG_LINE_MAX bytes. Never
 * waits: a standard error that takes nothing (a full pipe, a full disk, a
 * closed descriptor) loses the line, and false comes back.
 */
bool log_write(struct span line);

#endif
