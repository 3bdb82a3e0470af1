/* SPDX-License-Identifier: MIT */
/*
 * os: a kernel that a test holds in its hands.
 *
 * Everything above src/os is linked against this instead: the functions of
 * src/os, over memory. Nothing waits, nothing is random, no time passes
 * unless the test says so, and any call can be made to fail. What a test does
 * as the rest of the world (connect, write, read, reset) is below.
 *
 * A connection, seen from the server's kernel:
 *
 *   sim_write   ->  [ receive buffer ]  ->  socket_receive
 *
 *   socket_send ->  [ send buffer    ]  ->  [ the peer's kernel ] ->  sim_read
 *                     not acknowledged        acknowledged, as far
 *                     yet: send_buffer        as the window goes
 *
 * As in Linux, readiness is told at its edges: when bytes or an end arrive,
 * and when there is room again after a send that was told there was none.
 * What an event then says is all that is so, not only what changed.
 */
#ifndef SIM_OS_H
#define SIM_OS_H

#include "base/text.h"
#include "os/sandbox.h"
#include "os/signals.h"

#define SIM_UNLIMITED SIZE_MAX

/* Start with nothing open and both clocks at fixed times. */
void sim_begin(void);

/* Give all memory back. */
void sim_end(void);

/* ---- Time ---------------------------------------------------------------- */

#define SIM_WALL UINT64_C(1795163341123) /* where the wall clock starts, ms */

/* Milliseconds pass, on both clocks. */
void sim_pass(uint64_t milliseconds);

/* Somebody sets the wall clock. */
void sim_set_wall(uint64_t milliseconds);

/* ---- Calls, and how to make them fail ------------------------------------ */

/* The calls that a kernel can refuse. */
enum sim_call {
    SIM_LISTEN,
    SIM_ACCEPT,
    SIM_PEER,
    SIM_RECEIVE,
    SIM_SEND,
    SIM_UNACKNOWLEDGED,
    SIM_SHUTDOWN, /* nobody is told: the stream is not shut */
    SIM_SPARE,
    SIM_REACTOR_OPEN,
    SIM_REACTOR_ADD,
    SIM_REACTOR_ADD_SOURCE,
    SIM_SIGNALS_OPEN,
    SIM_SIGNALS_READ, /* there is none after all */
    SIM_FOLDER_OPEN,
    SIM_FOLDER_CHECK,
    SIM_FILE_OPEN,
    SIM_FILE_SEND,
    SIM_LOG,    /* the error is not looked at: false */
    SIM_MEMORY, /* likewise: NULL */
    SIM_ENTROPY,
    SIM_STANDARD, /* process_open_standard */
    SIM_ADOPT,
    SIM_SUPERVISOR,
    SIM_TELL, /* the supervisor has no room: false */
    SIM_USER_FIND,
    SIM_USER_BECOME,
    SIM_GROUP_FIND,
    SIM_SANDBOX, /* nothing of it is to be had */
    SIM_STORAGE_OPEN,
    SIM_STORAGE_CREATE,
    SIM_STORAGE_RESERVE,
    SIM_STORAGE_MAP, /* NULL */
    SIM_STORAGE_SYNC,
    SIM_STORAGE_CHANGED, /* 0 */
    SIM_STORAGE_REPLACE,
    SIM_OF_KEEPER,             /* from here on no server's: test_keeper */
    SIM_SHARE = SIM_OF_KEEPER, /* memory_share: NULL */
    SIM_BELL_OPEN,
    SIM_FORK,
    SIM_CALLS,
    SIM_ANY = SIM_CALLS, /* every one of them */
};

/* How often a call was made since sim_begin. */
uint64_t sim_count(enum sim_call call);

/* After `after` more calls of this kind, let the next `times` of them fail
   with `error`, a positive errno. The last order counts. */
void sim_fail(enum sim_call call, uint64_t after, uint64_t times, int error);

/* Calls that failed so since sim_begin. And: was one of them about this
   connection, so that it may have been lost by it? An accept that fails in the
   way of a dead connection takes one from the queue; for want of descriptors,
   the one in front may be turned away. */
uint64_t sim_failed(void);
bool sim_struck(int connection);

/* Unix sockets' files that are there because a listener made them; and of the
   last one its mode, and its group: "guests", of /etc/group, is 9; 0: ours. */
unsigned sim_socket_files(void);
/* From now on they cannot be removed. */
void sim_keep_socket_files(int error);
unsigned sim_socket_mode(void);
unsigned sim_socket_group(void);

/* The most descriptors there can be, the standard ones included: the limit
   that process_raise_files tells, and where EMFILE begins. */
void sim_limit_files(unsigned most);

/* Descriptors that the server has open. */
unsigned sim_files_open(void);

/* ---- The rest of the machine --------------------------------------------- */

/* A signal comes. */
void sim_signal(enum signals_event event);

/* What was logged so far: whole lines. And: forget it. */
struct span sim_log(void);
void sim_forget_log(void);

/* From now on nothing that is logged is kept: a trace is long. */
void sim_discard_log(void);

/* A file appears below the folder that any --static names, or is replaced;
   the bytes must stay. "dir/" + name for one in a subfolder. */
void sim_put_file(const char *path, struct span bytes);

/* ---- Files that are memory ------------------------------------------------ */

/* A file is there, or others bytes are written into the one that is; all of it
   is on the disk. */
void sim_put_storage(const char *path, struct span bytes);

/* What is in one now, until it changes its size; false: there is none. */
bool sim_storage(const char *path, struct span *bytes);

/* Somebody renames one. */
void sim_rename_storage(const char *from, const char *to);

/* The next syncs count as changes of their file, as they may where pages are
   written back just then. */
void sim_change_late(unsigned syncs);

/* Mappings of memory, and of files, that are there; and does a page that cannot be had end the
   process? */
unsigned sim_memory_mapped(void);
unsigned sim_storage_mapped(void);
bool sim_storage_guarded(void);

/* The process dies: its storages are closed, and are as they are. */
void sim_kill(void);

/* The kernel writes some of what was written to the disk: of each 512 bytes
   is_left tells whether not. */
void sim_write_back(bool (*is_left)(void *context, size_t offset),
                    void *context);

/* The machine does, and is started again: of each 512 bytes that were written
   since they were synced, or written back, is_lost tells whether they are as
   they were then. */
void sim_power_cut(bool (*is_lost)(void *context, size_t offset),
                   void *context);

/* Which boot it is, from 1; 0: nobody knows. */
void sim_set_boot(uint8_t boot);

/* ---- Who starts us ------------------------------------------------------- */

/* What the supervisor was told since the last call, a line each. */
const char *sim_told(void);

/* Before the start: the supervisor opens a listener, as the next descriptor
   from SUPERVISE_FIRST on. */
void sim_hand_over(const char *address);

/* Whom the server became ("ann", of /etc/passwd, is 7); 0 at first. */
unsigned sim_user(void);

/* What there is of a sandbox here (enum sandbox_part); all at first. */
void sim_set_sandbox(unsigned parts);

/* The plan it went in with, or NULL while it is outside. */
const struct sandbox_plan *sim_sandboxed(void);

/* ---- Processes ----------------------------------------------------------- */

/* Calls from now on are made by this process: at first by 0. */
#define SIM_PROCESSES 8
void sim_enter(int process);

/* The process that has a connection open; -1: none has. */
int sim_process(int connection);

/* The present process has this listener, too: its own descriptor of it, which is
   told of who comes from now on. */
int sim_inherit(int listener);

/* It is killed: what it has opened is closed, and its memory is gone. */
void sim_process_ends(int process);

/* Whoever looks at a reactor says so first, and how long it would wait; NULL, as
   at first: nobody is told, for nothing waits. Would it wake now? */
void sim_on_wait(void (*waits)(int reactor, uint64_t milliseconds));
bool sim_wakes(int reactor);

/* ---- Children ------------------------------------------------------------ */

/* Who calls child_fork is the parent; its children do nothing but what a test
   does for them. How many were made so far; they are numbered from 100 on. And:
   does this one live? */
#define SIM_CHILD 100
int sim_children(void);
bool sim_child_lives(int pid);

/* One ends, with an exit status; or by a signal, where that is not 0. */
void sim_child_ends(int pid, int status, int signal);

/* So many processors are there; 1 at first. */
void sim_set_cores(unsigned count);

/* How often a bell was rung; and how many sends there had been, the last time. */
uint64_t sim_rung(int bell);
uint64_t sim_rung_at(int bell);

/* ---- The rest of the world ----------------------------------------------- */

/*
 * Connect from an address ("192.0.2.1:1000", "unix:x") to the listener that
 * was opened as number `listener`. A connection's number, or -1 when nobody
 * listens there.
 */
int sim_connect(size_t listener, const char *from);

/* Connections made so far; they are numbered from 0. */
int sim_connections(void);

/* Write to the server: how many bytes its receive buffer took. */
size_t sim_write(int connection, struct span bytes);

/* Read what the server has sent and our kernel has: at most `size` bytes. */
size_t sim_read(int connection, uint8_t *out, size_t size);

/* We send no more: the server reads an end of stream. */
void sim_shut(int connection);

/* We are gone, politely: an end of stream, and a reset for what the server
   sends after it. */
void sim_close(int connection);

/* The connection breaks. */
void sim_reset(int connection);

/* How it stands with the server's side. */
enum sim_side {
    SIM_WAITING, /* in the listener's queue */
    SIM_OPEN,
    SIM_SHUT,   /* it sends no more, and reads on */
    SIM_CLOSED, /* it closed: an end of stream for us */
    SIM_BROKEN, /* it closed with bytes unread: a reset for us */
};
enum sim_side sim_side(int connection);

/* True when an end of stream is all that is left to be read. */
bool sim_ended(int connection);

/* The server's descriptor of a connection, or -1. */
int sim_descriptor(int connection);

/* ---- The network between ------------------------------------------------- */

/* Sizes, SIM_UNLIMITED at first; the window can go to 0 at any time. */
void sim_set_send_buffer(int connection, size_t size);
void sim_set_receive_buffer(int connection, size_t size);
void sim_set_window(int connection, size_t size);

/* Room in the send buffer below which the server is not told "writable"; 1 at
   first. Linux tells from a third on. */
void sim_set_low_water(int connection, size_t size);

/* No single call moves more than this, whatever there is; the rest makes a
   further edge. */
void sim_set_piece(int connection, size_t size);

/* From now on what is sent to it is read at once, and forgotten: where there
   are thousands. */
void sim_set_sink(int connection);

/* Our kernel acknowledges so many bytes more, whatever the window says. */
void sim_acknowledge(int connection, size_t len);

/* Bytes the server has sent and we have not read; of these, those that our
   kernel has not acknowledged; and bytes we sent that it has not read. */
size_t sim_in_flight(int connection);
size_t sim_unacknowledged(int connection);
size_t sim_unread(int connection);

/* Would the server's kernel take a byte of it now, and tell so? */
bool sim_has_room(int connection);

/* The connection behind a descriptor of the server's. */
int sim_connection(int fd);

/* Events that the server's last look at the reactor found. */
int sim_events(void);

#endif
