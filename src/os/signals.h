/* SPDX-License-Identifier: MIT */
/* signals: as a descriptor that is read in the loop (signalfd). */
#ifndef OS_SIGNALS_H
#define OS_SIGNALS_H

enum signals_event {
    SIGNALS_NONE,  /* nothing more waits */
    SIGNALS_STOP,  /* TERM or INT */
    SIGNALS_STATE, /* USR1 */
};

/* Block TERM, INT and USR1 and open the descriptor they arrive on; ignore
   HUP, what a log can bring upon its writer (PIPE, XFSZ, TTOU and TTIN), and
   CHLD (as process 1 we get orphans: the kernel buries them). A descriptor,
   or -errno. */
int signals_open(void);

/* The next signal that waits. */
enum signals_event signals_read(int fd);

#endif
