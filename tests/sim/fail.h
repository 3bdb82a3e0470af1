/* SPDX-License-Identifier: MIT */
/*
 * fail: the calls that are refused, and the scenarios they are made in. For
 * fail.c, which says what for.
 */
#ifndef SIM_FAIL_H
#define SIM_FAIL_H

#include "sim/world.h"

/* ---- What each call may return (fail_calls.c) ---------------------------- */

#define FAIL_ERRORS_MAX 20

struct fail_call {
    enum sim_call call;
    const char *name;
    uint64_t lasting; /* times in a row; 0: a kernel that says it twice lies */
    struct {
        int number;
        const char *name;
    } errors[FAIL_ERRORS_MAX]; /* to the first 0 */
};

extern const struct fail_call fail_calls[];
extern const size_t fail_calls_count;

/* ---- The scenarios (fail_scenarios.c) ------------------------------------ */

#define FAIL_GETS_MAX 5

struct fail_scenario {
    const char *name;
    void (*options)(struct config *config);
    unsigned forms;    /* of its people: bits by enum client_form */
    size_t listeners;  /* people come to these, in turn */
    size_t scrape;     /* if not 0: visitors come to this one, else likewise */
    const char *hello; /* said before any request */
    bool zip;          /* people ask for compression */
    bool slow;         /* some read and write slowly */
    bool crowd;        /* descriptors run out for a while */
    bool posts;        /* visitors say something */
    unsigned steps;    /* 0: as ever */
    const char *gets[FAIL_GETS_MAX]; /* what visitors ask for */
};

extern const struct fail_scenario fail_scenarios[];
extern const size_t fail_scenarios_count;

/* Before the start: what its server is asked for. */
void fail_options(const struct fail_scenario *scenario);

#endif
