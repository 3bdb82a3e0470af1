/* SPDX-License-Identifier: MIT */
/* site: which path leads where. */
#ifndef SERVICE_SITE_H
#define SERVICE_SITE_H

#include "server/service.h"

extern const struct service_site site_chatd;

#endif
