/* SPDX-License-Identifier: MIT */
/*
 * download: who keeps a file of --static open, which few can at once.
 *
 * A file that is sent in one turn needs no place here; one that its reader
 * takes slowly holds a descriptor for as long as that lasts, and a few hundred
 * such readers would leave none for anybody. So there are places, kept at the
 * start, and when all are taken one gives way: the oldest of the address
 * (IPv6: /64) that holds most of them. The newcomer is served.
 */
#ifndef SERVER_DOWNLOAD_H
#define SERVER_DOWNLOAD_H

#include "server/client.h"

struct download {
    uint64_t token; /* of the client */
    uint32_t whose; /* its address */
};

struct downloads {
    struct download places[LIMITS_DOWNLOADS]; /* the oldest first */
    uint32_t count;
    uint32_t most; /* an open file limit that is low leaves fewer */
};

/* The file that this client is sent does not end in this turn, and is to have a
   place: who has to give way for that and be dropped first, or NULL. */
struct client *download_rival(const struct downloads *all,
                              const struct clients *clients,
                              const struct client *c);
void download_keep(struct downloads *all, const struct clients *clients,
                   const struct client *c);

/* It is sent no more. */
void download_end(struct downloads *all, const struct clients *clients,
                  const struct client *c);

#endif
