/* SPDX-License-Identifier: MIT */
#include "sim/happened.h"
#include "support/unit.h"

#define KINDS_MAX 100

static struct {
    const char *kind;
    const char *what;
    uint64_t times;
} all[KINDS_MAX + 1];

static size_t find(const char *kind, const char *what)
{
    size_t i = 0;
    while (all[i].kind &&
           (strcmp(all[i].kind, kind) != 0 || strcmp(all[i].what, what) != 0))
        i++;
    return i;
}

void happened(const char *kind, const char *what, uint64_t times)
{
    size_t i = find(kind, what);
    if (times == 0)
        return;
    assert_true(i < KINDS_MAX);
    all[i].kind = kind;
    all[i].what = what;
    all[i].times += times;
}

void happened_add(const struct stats *stats)
{
    for (size_t row = 0; row < STATS_CODES; row++)
        for (enum journal_cause cause = 0; cause < CAUSES; cause++)
            happened("end", journal_cause_word(cause),
                     stats->closes[row][cause]);
    for (size_t i = 0; i < STATS_REFUSALS && stats->refusals[i].why; i++)
        happened("refusal", stats->refusals[i].why, stats->refusals[i].count);
}

void happened_print(void)
{
    for (size_t i = 0; all[i].kind; i++)
        print_message("%8llu %s: %s\n", (unsigned long long)all[i].times,
                      all[i].kind, all[i].what);
}

void happened_some(const char *kind, const char *what)
{
    if (!all[find(kind, what)].kind)
        fail_msg("never happened: %s: %s", kind, what);
}

void happened_all(void)
{
    static const char *const expected[][2] = {
        {"end", "close"},
        {"end", "end-of-stream"},
        {"end", "reset"},
        {"end", "protocol"},
        {"end", "too-big"},
        {"end", "pong-timeout"},
        {"end", "write-timeout"},
        {"store", "opened by the next server"},
        {"end", "overrun"},
        {"end", "no-buffer"},
        {"end", "stopping"},
        {"end", "token"},
        {"token", "that is no good"},
        {"token", "renewed"},
        {"token", "renewed in vain"},
        {"token", "ended"},
        {"token", "without the room"},
        {"token", "its end was told"},
        {"deadline", "ping"},
        {"deadline", "close"},
        {"deadline", "linger"},
        {"deadline", "message"},
        {"deadline", "write, of what lies in a buffer"},
        {"deadline", "write, of a page"},
        {"deadline", "watchdog"},
        {"deadline", "drain"},
        {"room", "waits for its members"},
        {"wait", "for most"},
        {"wait", "for most, far behind"},
        {"wait", "for a walk"},
        {"wait", "not for a few"},
        {"wait", "not for one who replays"},
        {"wait", "not for one who is stuck"},
        {"wait", "a control frame does not"},
        {"wait", "said when its sender went"},
        {"wait", "a member is told later"},
        {"evicted", "a message"},
        {"evicted", "a compressed message"},
        {"evicted", "a request"},
        {"evicted", "half a post"},
        {"evicted", "output"},
        {"greed", "replays and reads nothing"},
        {"greed", "replays and drips"},
        {"greed", "half a message, and a pong"},
        {"greed", "stops reading for a while"},
        {"refusal", "all client slots taken"},
        {"refusal", "all rooms taken"},
        {"refusal", "all buffers taken"},
        {"refusal", "too many from this address"},
        {"refusal", "no whole request in time"},
        {"refusal", "no PROXY header in time"},
        {"refusal", "no PROXY header"},
        {"refusal", "stopping"},
        {"answer", "200"},
        {"answer", "304"},
        {"answer", "a file in pieces"},
        {"answer", "metrics"},
        {"post", "200"},
        {"post", "100"},
        {"post", "400"},
        {"post", "401"},
        {"post", "403"},
        {"refusal", "posts above --rate"},
        {"deadline", "half a post"},
        {"machine", "out of descriptors"},
        {"machine", "fewer slots than wanted"},
    };
    for (size_t i = 0; i < UNIT_COUNT(expected); i++)
        happened_some(expected[i][0], expected[i][1]);
}
