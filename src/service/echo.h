/* SPDX-License-Identifier: MIT */
/*
 * echo: every message comes back, same type, same bytes.
 *
 * It streams: each piece goes out as a frame of its own as it arrives, so a
 * message of any length needs constant memory, and a Pong or a Close can go
 * between two pieces. A message that arrived whole goes back as one frame.
 */
#ifndef SERVICE_ECHO_H
#define SERVICE_ECHO_H

#include "server/service.h"

extern const struct service echo_service;

#endif
