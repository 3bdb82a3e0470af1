/* SPDX-License-Identifier: MIT */
/*
 * target: the URL of --connect (RFC 6455 3).
 *
 *     ws://127.0.0.1:6868/chat/tea?history=10
 *     ws://[::1]/echo                           port 80
 *     ws+unix:/run/chatd.sock:/ws/tea           a unix socket, and what to ask
 *
 * No wss:, as there is no TLS here; no userinfo and no fragment. Spans lie in
 * the caller's text.
 */
#ifndef CLIENT_TARGET_H
#define CLIENT_TARGET_H

#include "wire/authority.h"

struct target {
    struct span local;     /* path of a unix socket; len 0: TCP */
    struct span authority; /* host[:port], for the Host field */
    struct span host;      /* a name, or an address, IPv6 in its brackets */
    uint16_t port;
    struct span path;  /* begins with '/', without the query */
    struct span query; /* behind the '?'; len 0: none */
};

/* Read one. NULL, or what is wrong: a phrase to stand behind it, static. */
const char *target_read(struct target *t, struct span url);

/* Is it a room of chatd's in JSON form: /ws, or /ws/ROOM? */
bool target_is_room(const struct target *t);

#endif
