/* SPDX-License-Identifier: MIT */
/*
 * Explores scenes, in each of which nothing may break; then puts in faults, one
 * by one, each of which must be found.
 *
 *     explore               the short scenes, and all faults
 *     explore all           the long ones, too
 *     explore SCENE         one of them, also of those that nobody waits for
 *     explore FAULT         tells the way to a fault, step by step
 */
#include "explore/actors.h"

#include <stdio.h>
#include <time.h>

static const struct {
    enum { SHORT, LONG, HOURS } length;
    struct actors_scene scene;
} scenes[] = {
    {SHORT,
     {.name = "two who talk",
      .workers = 2,
      .worker = {{.says = 2}, {.says = 2}}}},
    {SHORT,
     {.name = "two who talk, and one dies",
      .workers = 2,
      .deaths = 1,
      .worker = {{.says = 1}, {.says = 1}}}},
    {SHORT,
     {.name = "a full ring",
      .workers = 2,
      .before = 4,
      .worker = {{.says = 2}, {.behind = 4}}}},
    {SHORT,
     {.name = "a full ring, and one dies",
      .workers = 2,
      .before = 4,
      .deaths = 1,
      .worker = {{.says = 1}, {.says = 1, .behind = 4}}}},
    {SHORT,
     {.name = "somebody leaves a full ring, or dies",
      .workers = 2,
      .before = 4,
      .deaths = 1,
      .worker = {{.says = 1}, {.behind = 4, .leaves = true}}}},
    {SHORT,
     {.name = "somebody joins",
      .workers = 2,
      .before = 3,
      .history = 2,
      .worker = {{.says = 2}, {.joins = true}}}},
    {SHORT,
     {.name = "somebody joins, and one dies",
      .workers = 2,
      .before = 3,
      .history = 1,
      .deaths = 1,
      .worker = {{.says = 1}, {.joins = true}}}},
    {SHORT,
     {.name = "two who talk, one who listens",
      .workers = 3,
      .worker = {{.says = 1}, {.says = 1}, {0}}}},
    {LONG,
     {.name = "two who talk more, and one dies",
      .workers = 2,
      .deaths = 1,
      .worker = {{.says = 2}, {.says = 2}}}},
    {LONG,
     {.name = "two wait for one who leaves",
      .workers = 3,
      .before = 4,
      .worker = {{.says = 1}, {.says = 1}, {.behind = 4, .leaves = true}}}},
    {HOURS,
     {.name = "two talk, one listens, and one dies",
      .workers = 3,
      .deaths = 1,
      .worker = {{.says = 1}, {.says = 1}, {0}}}},
    {HOURS,
     {.name = "two who talk, two who listen",
      .workers = 4,
      .worker = {{.says = 1}, {.says = 1}, {0}, {0}}}},
};

/* Where faults are looked for: the smallest in which they do harm. */
static const struct actors_scene busy = {.name = "busy",
                                         .workers = 2,
                                         .deaths = 1,
                                         .worker = {{.says = 1}, {.says = 1}}};
static const struct actors_scene full = {
    .name = "full",
    .workers = 2,
    .before = 4,
    .worker = {{.says = 1}, {.behind = 4}}};
static const struct actors_scene left = {
    .name = "left",
    .workers = 2,
    .before = 4,
    .worker = {{.says = 1}, {.behind = 4, .leaves = true}}};
static const struct actors_scene heard = {
    .name = "heard",
    .workers = 2,
    .deaths = 1,
    .worker = {{.says = 1}, {.immortal = true}}};

static const struct actors_scene joins = {
    .name = "joins",
    .workers = 2,
    .deaths = 1,
    .worker = {{.says = 1}, {.joins = true}}};

static const struct fault {
    const char *name;
    struct explore_plan plan;
    const struct actors_scene *scene;
} faults[] = {
    {"the commit before the copy", {.fault = FAULT_COMMIT}, &busy},
    {"no fence at sleep", {FAULT_FENCE, "store_sleep", 0}, &busy},
    {"no fence before waking", {FAULT_FENCE, "store_wake", 0}, &left},
    {"no fence before waiting for readers",
     {FAULT_FENCE, "ask_to_be_rung", 0},
     &full},
    {"no fence behind a burial", {FAULT_FENCE, "store_bury", 0}, &joins},
    {"no fence before those who wait",
     {FAULT_FENCE, "store_ring_waiting", 0},
     &full},
    {"a reader is not in the way", {.fault = FAULT_SPACE}, &full},
    {"the waiting bit after the check", {.fault = FAULT_LATE}, &full},
    {"FULL rings oneself", {.fault = FAULT_SELF}, &full},
    {"half an append is published", {.fault = FAULT_PUBLISH}, &busy},
    {"the lock of the dead is kept", {.fault = FAULT_KEPT}, &busy},
    {"nobody is woken for the dead", {.fault = FAULT_UNRUNG}, &busy},
    {"who wakes clears asleep", {.fault = FAULT_AWAKE}, &heard},
};

static double seconds_since(clock_t began)
{
    return (double)(clock() - began) / CLOCKS_PER_SEC;
}

/* True when nothing broke. */
static bool play(const struct actors_scene *scene)
{
    static const struct explore_plan sound = {.fault = FAULT_NONE};
    clock_t began = clock();
    actors_begin(scene);
    struct explore_result r = explore_run(&sound, true);
    printf("%-38s %9llu states %10llu steps %4llu ends %6.1f s%s%s\n",
           scene->name, (unsigned long long)r.states,
           (unsigned long long)r.steps, (unsigned long long)r.ends,
           seconds_since(began), r.broken ? ": BROKEN: " : "",
           r.broken ? r.broken : "");
    return !r.broken;
}

/* True when it is found. */
static bool find(const struct fault *f, bool tell)
{
    actors_begin(f->scene);
    struct explore_result r = explore_run(&f->plan, tell);
    printf("%-34s %9llu states: %s%s\n", f->name, (unsigned long long)r.states,
           r.broken ? "found: not so is: " : "NOT FOUND",
           r.broken ? r.broken : "");
    return r.broken;
}

static bool play_all(bool with_long)
{
    const int longest = with_long ? LONG : SHORT;
    bool good = true;
    for (size_t i = 0; i < sizeof scenes / sizeof *scenes; i++)
        if ((int)scenes[i].length <= longest)
            good = play(&scenes[i].scene) && good;
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++)
        good = find(&faults[i], false) && good;
    return good;
}

int main(int argc, char **argv)
{
    setvbuf(stdout, NULL, _IOLBF, 0);
    if (argc < 2 || strcmp(argv[1], "all") == 0)
        return play_all(argc > 1) ? 0 : 1;
    for (size_t i = 0; i < sizeof scenes / sizeof *scenes; i++)
        if (strcmp(argv[1], scenes[i].scene.name) == 0)
            return play(&scenes[i].scene) ? 0 : 1;
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++)
        if (strcmp(argv[1], faults[i].name) == 0)
            return find(&faults[i], true) ? 0 : 1;
    fprintf(stderr, "explore: nothing is called \"%s\"\n", argv[1]);
    return 2;
}
