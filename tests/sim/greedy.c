/* SPDX-License-Identifier: MIT */
#include "sim/greedy.h"
#include "sim/happened.h"
#include "sim/watch.h"

#define LONG_STOP 20000 /* milliseconds, at most */
#define DRIP      8     /* bytes, at most */
#define RESPONSE  64    /* bytes: not much of what comes behind it */

static bool in_json(const struct actor *a)
{
    return a->form == CLIENT_JSON || a->form == CLIENT_JSON_V1;
}

void greedy_draw(struct actor *a, struct random *r)
{
    static const enum model_greed kinds[] = {MODEL_REPLAYS, MODEL_DRIPS,
                                             MODEL_HALF_SENDS, MODEL_STOPS};
    if (a->good || random_below(r, 2) == 0)
        return;
    a->greed = kinds[random_below(r, UNIT_COUNT(kinds))];
    if (greedy_replays(a) && !in_json(a))
        a->greed = MODEL_STOPS;
    if (a->greed == MODEL_HALF_SENDS)
        a->mute = false;
    a->deaf = a->greed == MODEL_REPLAYS;
}

bool greedy_replays(const struct actor *a)
{
    return a->greed == MODEL_REPLAYS || a->greed == MODEL_DRIPS;
}

void greedy_does_its_part(struct actor *a)
{
    if (a->greed == MODEL_MODEST || a->over || a->wants != MODEL_STAYS)
        return;
    if (a->open && !a->half)
        return;
    model_read(a, a->half ? SIM_UNLIMITED : RESPONSE);
    model_write(a, SIM_UNLIMITED);
}

static void stop_or_wake(struct actor *a, struct random *r)
{
    int c = a->peer->connection;
    if (a->wakes == 0) {
        a->wakes = watch_now() + 1 + random_below(r, LONG_STOP);
        sim_set_window(c, 0);
    } else if (watch_now() >= a->wakes) {
        a->wakes = 0;
        a->had_its_way |= model_is_behind(a);
        sim_set_window(c, SIM_UNLIMITED);
        model_read(a, SIM_UNLIMITED);
    }
}

bool greedy_reads(struct actor *a, struct random *r)
{
    if (!a->open || a->over)
        return false;
    switch (a->greed) {
    case MODEL_REPLAYS:
        a->had_its_way |= model_is_behind(a);
        return false; /* it is deaf */
    case MODEL_DRIPS:
        model_read(a, 1 + (size_t)random_below(r, DRIP));
        a->had_its_way |= model_is_behind(a);
        return true;
    case MODEL_STOPS: stop_or_wake(a, r); return true;
    case MODEL_HALF_SENDS:
    case MODEL_MODEST: break;
    }
    return false;
}

bool greedy_says(struct actor *a, struct random *r)
{
    if (a->greed == MODEL_HALF_SENDS && a->open && !a->over && !a->half &&
        random_below(r, 2) == 0)
        model_say_half(a, r);
    return a->half;
}

void greedy_end(void)
{
    for (size_t i = 0; i < model_count; i++) {
        struct actor *a = &model_actors[i];
        a->wakes = 0;
        if (!a->half || a->wants == MODEL_GONE)
            continue;
        a->wants = MODEL_GONE;
        sim_close(a->peer->connection);
    }
}

void greedy_count(void)
{
    static const char *const words[] = {
        [MODEL_REPLAYS] = "replays and reads nothing",
        [MODEL_DRIPS] = "replays and drips",
        [MODEL_HALF_SENDS] = "half a message, and a pong",
        [MODEL_STOPS] = "stops reading for a while",
    };
    for (size_t i = 0; i < model_count; i++) {
        const struct actor *a = &model_actors[i];
        if (a->greed != MODEL_MODEST)
            happened("greed", words[a->greed], a->had_its_way);
    }
}
