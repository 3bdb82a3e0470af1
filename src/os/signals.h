/* SPDX-License-Identifier: MIT */
/* signals: as a descriptor that is read in the loop (signalfd). */
#ifndef OS_SIGNALS_H
#define OS_SIGNALS_H

enum signals_event {
    SIGNALS_NONE,  /* nothing more waits */
    SIGNALS_STOP,  /* TERM or INT */
    SIGNALS_STATE, /* USR1 */
    SIGNALS_CHILD, /* CHLD: some child has ended, or was stopped */
};

/* Block TERM, INT and USR1 and open the descriptor they arrive on; ignore
   HUP, what a log can bring upon its writer (PIPE, XFSZ, TTOU and TTIN), and
   CHLD (process 1 inherits the children of others; the kernel removes them when
   they end). A descriptor, or -errno. */
int signals_open(void);

/* The same for a process that makes children (child.h): CHLD comes, too. They
   have all of these blocked, and do not hear them. */
int signals_open_parent(void);

/* The next signal that waits. */
enum signals_event signals_read(int fd);

#endif
