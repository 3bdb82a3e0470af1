/* SPDX-License-Identifier: MIT */
/* quick_store: a store of one worker without streams, for tests. */
#ifndef SUPPORT_QUICK_STORE_H
#define SUPPORT_QUICK_STORE_H

#include "store/store.h"

#define QUICK_STORE_ROOMS 16

/* A fresh one of so many rooms, in the one memory there is for it. */
struct store quick_store(uint32_t room_count);

#endif
