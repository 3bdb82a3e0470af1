/* SPDX-License-Identifier: MIT */
/* kernel: what the parts of the simulated os/ share. Not for tests. */
#ifndef SIM_KERNEL_H
#define SIM_KERNEL_H

#include "sim/os.h"

#define KERNEL_FILES 16384 /* most descriptors; and their limit at first */
#define KERNEL_LIMIT 4096

enum kernel_kind {
    KERNEL_FREE,
    KERNEL_OTHER, /* reactor, folder, spare */
    KERNEL_SIGNALS,
    KERNEL_LISTENER,
    KERNEL_STREAM,
    KERNEL_FILE,
    KERNEL_BELL,
    KERNEL_STORAGE,
};

struct kernel_descriptor {
    enum kernel_kind kind;
    size_t number; /* of the listener, connection or file */
    int process;   /* that has it open */
    /* with a reactor: */
    bool registered;
    int reactor;
    bool is_source; /* level-triggered: the signals */
    bool edge;      /* something changed since it was told last */
    uint64_t token;
    uint64_t rung;    /* a bell */
    uint64_t rung_at; /* how many sends there had been */
};

/* Count a call: 0, or the -errno it is to fail with. */
int kernel_call(enum sim_call call);

/* The same of a call about a stream. */
int kernel_call_on(enum sim_call call, int fd);

/* The lowest free descriptor, or -EMFILE. */
int kernel_open(enum kernel_kind kind, size_t number);

/* An open descriptor of this kind: anything else is the server's fault. */
struct kernel_descriptor *kernel_at(int fd, enum kernel_kind kind);
void kernel_close(int fd, enum kernel_kind kind);

/* The lowest one for the same thing, or -1. */
int kernel_find(enum kernel_kind kind, size_t number);

/* What a descriptor is; and: the same, when this reactor knows it, or NULL. */
enum kernel_kind kernel_kind_of(int fd);
struct kernel_descriptor *kernel_if_registered(int fd, int reactor);

/* No descriptor was ever as high as this. */
int kernel_bound(void);

/* A signal waits to be read. */
bool kernel_signalled(void);

/* The present process waits: sim_on_wait. */
void kernel_wait(int reactor, uint64_t milliseconds);

/* ---- Of the network ------------------------------------------------------ */

/* So many bytes of these parts go out: how many, or -errno. */
ptrdiff_t network_send(int fd, const struct span *parts, size_t count);
void network_begin(void);
void network_end(void);
void network_unlisten(int fd);
void disk_begin(void);
void storage_begin(void);
void supervisor_begin(void);
void supervisor_again(void);
void children_begin(void);

#endif
