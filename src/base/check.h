/* SPDX-License-Identifier: MIT */
/*
 * check: invariants that stay on in release builds.
 *
 * A CHECK states what must be true if this program is right. It is not for
 * input: bad input has an answer of its own. When one fails the state is no
 * longer what the code believes, so the only safe act is to stop at once;
 * the sentence stays in memory for the debugger and the core dump.
 */
#ifndef BASE_CHECK_H
#define BASE_CHECK_H

/* Stop the process unless condition holds. Evaluates it exactly once. */
#define CHECK(condition)                                                       \
    ((condition) ? (void)0 : check_failed(CHECK_SENTENCE(condition)))

/* For the tightest builds: the sentences alone are some kilobytes. */
#ifdef CHECK_SILENT
#define CHECK_SENTENCE(condition) ""
#else
#define CHECK_SENTENCE(condition) __FILE__ ": " #condition
#endif

/* Never returns. `what` is file and expression, a string literal. */
_Noreturn void check_failed(const char *what);

#endif
