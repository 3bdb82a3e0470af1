/* SPDX-License-Identifier: MIT */
/* start: from the options to a server that listens. */
#ifndef SERVER_START_H
#define SERVER_START_H

#include "server/server.h"

/*
 * Make everything ready: memory, listeners, signals. 0, or the exit status
 * with a sentence in `why`: SERVER_BAD_OPTION when an option's value was
 * wrong, SERVER_FAILED when the machine would not. Nobody listens then, and no
 * unix: socket is left; other descriptors stay open, for the process ends.
 * The config must stay for the life of the server.
 */
int start_server(struct server *s, const struct config *config,
                 const struct service_site *site, struct text *why);

/* ---- The same in parts, with a keeper ------------------------------------ */

/* In the keeper: what is opened once, for all workers. As start_server. */
int start_shared(struct server *s, const struct config *config,
                 const struct service_site *site, struct text *why);

/* Then: bytes that each worker will set aside. SIZE_MAX: more than there are. */
size_t start_measure(struct server *s);

/* At last: --user, the sandbox, and what there is to be warned of. */
int start_confine(struct server *s, struct text *why);

/* The line that tells of it. */
void start_log(struct server *s);

/* In a worker: all the rest, over its copy of the keeper's server, with the
   listeners that are its own. */
int start_worker(struct server *s, uint32_t worker,
                 const int fds[SERVER_LISTENERS], struct text *why);

/* ---- The parts, for each other and the keeper ------------------------------ */

/* The last steps, when all that will ever be needed is open: the process becomes
   --user (workers come to be as the keeper's), and goes into the sandbox. 0, or
   an exit status. */
int start_become_user(struct server *s, struct text *why);
int start_enter_sandbox(struct server *s, struct text *why);

/* Open --store, where there is one, as s->file. 0, or an exit status. */
int start_open_store(struct server *s, struct text *why);

/* Carve what this worker has of the store. */
void start_carve_store(struct server *s, struct arena *a);

/* The store begins: its rooms, and s's addresses, are found by seeds that nobody
   knows. 0, or an exit status. */
int start_seed(struct server *s, struct store *store, struct text *why);

/* Of --store, for the start's line: what was found there. */
void start_log_store(const struct server *s, struct journal_line *line);

#endif
