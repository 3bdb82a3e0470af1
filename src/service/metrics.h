/* SPDX-License-Identifier: MIT */
/*
 * metrics: what --metrics tells, in Prometheus' text format 0.0.4.
 *
 *   # HELP chatd_websockets WebSockets open now.
 *   # TYPE chatd_websockets gauge
 *   chatd_websockets{form="echo"} 3
 *
 * The text is written whole, into one of a few buffers that were set aside for
 * it at start, and sent from there. Labels are taken from fixed lists: no room,
 * no name and no address of a client ever stands here, so the text has a
 * longest form, and it fits.
 */
#ifndef SERVICE_METRICS_H
#define SERVICE_METRICS_H

#include "server/server.h"

/* /metrics, and nothing else. */
extern const struct service_site metrics_site;

/* Append all of it; at most LIMITS_SCRAPE_SIZE bytes. */
void metrics_write(struct text *t, const struct server *s);

#endif
