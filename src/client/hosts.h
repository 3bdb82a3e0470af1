/* SPDX-License-Identifier: MIT */
/*
 * hosts: from a name to addresses, as /etc/hosts has them (hosts(5)).
 *
 * No DNS: libc's resolver would be a quarter of the static program, and a
 * resolver of our own is no part of WebSocket. A name is looked up with
 * `getent ahosts NAME`, say.
 */
#ifndef CLIENT_HOSTS_H
#define CLIENT_HOSTS_H

#include "base/ip.h"

#define HOSTS_MAX 4 /* addresses that are tried */

/* The addresses of a host: of a number itself (IPv6 in brackets), of a name
   those that `text`, the content of /etc/hosts, gives it, in its order; of
   localhost 127.0.0.1 and ::1 where it gives none (RFC 6761 6.3). How many. */
size_t hosts_find(struct ip out[HOSTS_MAX], struct span host, struct span text);

#endif
