/* SPDX-License-Identifier: MIT */
#include "keeper/watch.h"

void watch_started(struct watch *w, uint64_t now)
{
    w->started = now;
    w->pokes = 0;
}

enum watch_verdict watch_look(struct watch *w, uint32_t turns, uint64_t since)
{
    if (turns != w->turns) {
        w->turns = turns;
        w->pokes = 0;
        return WATCH_WELL;
    }
    if (since > WATCH_LATE)
        w->pokes = 0;
    return w->pokes++ == WATCH_POKES ? WATCH_HANGS : WATCH_WAKE;
}

uint64_t watch_died(struct watch *w, uint64_t now)
{
    if (now - w->started >= WATCH_SOON)
        w->delay = 0;
    uint64_t delay = w->delay;
    w->delay = delay ? bytes_min64(2 * delay, WATCH_MOST) : WATCH_FIRST;
    return delay;
}
