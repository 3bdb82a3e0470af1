/* SPDX-License-Identifier: MIT */
/*
 * reply: answers in plain HTTP: a resource, or a refusal.
 *
 * A refusal is one response, then the connection ends. Only after a response
 * has left is the next request looked at, however many are pipelined.
 */
#ifndef SERVER_REPLY_H
#define SERVER_REPLY_H

#include "server/server.h"

/* An answer of this status that says nothing yet. */
void reply_begin(struct service_reply *reply, unsigned status);

/* Put it into staging; a page or a file is sent from where it lies. */
void reply_send(struct server *s, struct client *c,
                const struct service_reply *reply);

/* A short text that says what is wrong; `why` is static, NULL: the status's
   phrase. */
void reply_with_text(struct server *s, struct client *c, unsigned status,
                     const char *why);

/* The same, and the end: bytes after the request are not looked at. */
void reply_refuse(struct server *s, struct client *c, unsigned status,
                  const char *why);

/* To a method that a resource does not have; `allow`: those that it has. */
void reply_not_allowed(struct server *s, struct client *c, const char *allow);

/* For a fault of the request's. */
void reply_fault(struct server *s, struct client *c, enum fault fault);

/* To somebody who got none of the regular slots; `at_once`: it has not asked,
   and its slot is another's now. */
void reply_no_slot(struct server *s, struct client *c, bool at_once);

/* The response has left: the next request, or the end. */
void reply_sent(struct server *s, struct client *c);

#endif
