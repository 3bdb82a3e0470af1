/* SPDX-License-Identifier: MIT */
/*
 * chat: rooms, in two forms that share them.
 *
 *   plain  /chat/ROOM   what a member sends goes, unchanged, to every member
 *   JSON   /ws/ROOM     {"message":"hello"} goes to every other member as
 *                       {"id":"EPOCH-N","time":T,"uid":"...","message":"hello"}
 *
 * A message is encoded once in each form and published in one call, so both
 * forms see one order. Subprotocol chatd.v1 adds events that only its clients
 * get: welcome, members, gap, error.
 */
#ifndef SERVICE_CHAT_H
#define SERVICE_CHAT_H

#include "server/service.h"

extern const struct service chat_plain;
extern const struct service chat_json;

/* struct service_site's. */
void chat_heard(struct server *s, struct room *room, const struct record *r,
                struct client *c);

void chat_missed(struct server *s, struct room *room, const struct record *r,
                 struct client *c);

/*
 * The room that a path's rest names: percent-decoded into out, which holds
 * LIMITS_ROOM_NAME bytes; "" is the lobby. False for what cannot be a room:
 * too long, not UTF-8, control characters, a slash, "." and "..".
 */
bool chat_room_name(struct span rest, uint8_t out[LIMITS_ROOM_NAME],
                    struct span *name);

#endif
