/* SPDX-License-Identifier: MIT */
#include "explore/explore.h"
#include "explore/actors.h"

#include <stdio.h>
#include <stdlib.h>
#include <ucontext.h>

#define STACK (64 * 1024)
#define SAVED 4096 /* bytes of a stack that are in use, at most */
#define DEPTH 4096

/* ---- Coroutines ---------------------------------------------------------- */

static struct coroutine {
    ucontext_t context;
    struct atom_step pending; /* what it is about to do */
    uint32_t told;            /* and was told of that */
    uint8_t *low;             /* of its stack, which is in use from there up */
} coroutines[MACHINE_ACTORS];

static _Alignas(16) uint8_t stacks[MACHINE_ACTORS][STACK];
static ucontext_t explorer;
static uint32_t running = MACHINE_ACTORS; /* none: the world is being made */

static void begin(unsigned actor)
{
    actors_run(actor);
    abort();
}

static void resume(uint32_t actor)
{
    running = actor;
    swapcontext(&explorer, &coroutines[actor].context);
    running = MACHINE_ACTORS;
}

/* board_lock looks before it tries, for speed. To look and not to try is as if
   the try had come then, and failed: what stands behind it waits for the buffer
   as well. So it is always tried. */
static bool is_a_look(const struct atom_step *step)
{
    return step->kind == ATOM_LOAD && strcmp(step->function, "board_lock") == 0;
}

uint32_t atom_stop(struct atom_step step)
{
    if (running == MACHINE_ACTORS)
        return machine_do_at_once(&step);
    if (is_a_look(&step))
        return 0;
    struct coroutine *c = &coroutines[running];
    struct machine_actor *a = &world.actors[running];
    c->pending = step;
    c->low = (uint8_t *)__builtin_frame_address(0) - 512;
    swapcontext(&c->context, &explorer);
    a->trace = bytes_mix(a->trace ^ (c->told + UINT64_C(1)));
    return c->told;
}

void explore_passes(uint32_t actor, uint64_t place)
{
    world.actors[actor].trace = place;
}

static void start(uint32_t actor)
{
    struct coroutine *c = &coroutines[actor];
    getcontext(&c->context);
    c->context.uc_stack.ss_sp = stacks[actor];
    c->context.uc_stack.ss_size = STACK;
    makecontext(&c->context, (void (*)(void))begin, 1, (unsigned)actor);
    resume(actor);
}

/* ---- The plan ------------------------------------------------------------ */

static const struct explore_plan *plan;
static struct explore_result result;
static uint32_t way; /* frames of the way that we are on */

enum explore_fault explore_fault(void)
{
    return plan->fault;
}

void explore_broken(const char *what)
{
    if (!result.broken)
        result.broken = what;
}

uint32_t explore_load(const struct atom_step *step, uint32_t value)
{
    if (plan && plan->fault == FAULT_SPACE &&
        strcmp(step->function, "in_the_way") == 0 &&
        step->at != &world.board_room.open)
        return world.room.head.value;
    return value;
}

bool explore_orders(const struct atom_step *step)
{
    return !plan || plan->fault != FAULT_COMMIT || step->at != &world.room.head;
}

static bool is_left_out(const struct atom_step *step)
{
    if (plan->fault == FAULT_LATE)
        return step->kind == ATOM_SET &&
               (strcmp(step->function, "store_take_lock") == 0 ||
                strcmp(step->function, "ask_to_be_rung") == 0);
    return plan->fault == FAULT_FENCE && step->kind == ATOM_FENCE &&
           strcmp(step->function, plan->function) == 0;
}

/* ---- States met before --------------------------------------------------- */

static uint64_t *seen;
static size_t seen_size; /* a power of two */
static size_t seen_count;

/* Where one stands, or would. */
static uint64_t *seen_at(uint64_t hash)
{
    size_t at = hash & (seen_size - 1);
    while (seen[at] && seen[at] != hash)
        at = (at + 1) & (seen_size - 1);
    return &seen[at];
}

static void make_seen(size_t size)
{
    uint64_t *old = seen;
    size_t old_size = seen_size;
    seen = calloc(size, sizeof *seen);
    if (!seen)
        abort();
    seen_size = size;
    for (size_t i = 0; i < old_size; i++)
        if (old[i])
            *seen_at(old[i]) = old[i];
    free(old);
}

/* True when it is new. */
static bool note_state(uint64_t hash)
{
    if (seen_count * 2 >= seen_size)
        make_seen(2 * seen_size);
    uint64_t *at = seen_at(hash);
    if (*at)
        return false;
    *at = hash;
    seen_count++;
    return true;
}

/* ---- Choices ------------------------------------------------------------- */

enum choice_kind { CHOICE_STEP, CHOICE_DIE, CHOICE_DRAIN };

struct choice {
    enum choice_kind kind;
    uint32_t actor;
    uint32_t write; /* DRAIN: which */
};

#define CHOICES (MACHINE_ACTORS * (2 + MACHINE_BUFFER))

/* One of the way from the beginning to here. */
static struct frame {
    uint64_t hash;
    struct world world;
    struct choice choices[CHOICES];
    uint32_t count;
    struct choice chosen;
    struct coroutine coroutine; /* of who was chosen, */
    uint8_t stack[SAVED];       /* and of its stack what is in use */
    size_t stack_len;
} frames[DEPTH];

static void add_steps(struct frame *f, uint32_t actor)
{
    const struct machine_actor *a = &world.actors[actor];
    if (!a->lives || !machine_can(actor, &coroutines[actor].pending))
        return;
    f->choices[f->count++] = (struct choice){CHOICE_STEP, actor, 0};
    if (a->mortal && world.deaths)
        f->choices[f->count++] = (struct choice){CHOICE_DIE, actor, 0};
}

static void list_choices(struct frame *f)
{
    f->count = 0;
    for (uint32_t actor = 0; actor < MACHINE_ACTORS; actor++)
        if (world.actors[actor].lives &&
            machine_is_private(actor, &coroutines[actor].pending)) {
            add_steps(f, actor);
            return;
        }
    for (uint32_t actor = 0; actor < MACHINE_ACTORS; actor++) {
        add_steps(f, actor);
        for (uint32_t i = 0; i < world.buffers[actor].count; i++)
            if (machine_can_drain(actor, i))
                f->choices[f->count++] =
                    (struct choice){CHOICE_DRAIN, actor, i};
    }
}

/* What an exchange has just put into the buffer is seen at once where no load
   can go first. To leave it there would be as if the exchange came later. */
static void settle_exchange(uint32_t actor)
{
    const struct machine_buffer *b = &world.buffers[actor];
    if (b->count == 1 && b->writes[0].held &&
        coroutines[actor].pending.kind != ATOM_LOAD)
        machine_drain(actor, 0);
}

static void step(uint32_t actor)
{
    struct coroutine *c = &coroutines[actor];
    bool is_exchange =
        c->pending.kind >= ATOM_SWAP && c->pending.kind <= ATOM_REPLACE;
    do {
        c->told = is_left_out(&c->pending) ? 0 : machine_do(actor, &c->pending);
        resume(actor);
    } while (is_left_out(&c->pending) && !result.broken);
    if (is_exchange)
        settle_exchange(actor);
    actors_watch(actor, &c->pending);
}

static void choose(struct frame *f, struct choice choice)
{
    struct coroutine *c = &coroutines[choice.actor];
    f->chosen = choice;
    result.steps++;
    if (choice.kind == CHOICE_DRAIN) {
        machine_drain(choice.actor, choice.write);
        return;
    }
    f->coroutine = *c;
    f->stack_len = (size_t)(stacks[choice.actor] + STACK - c->low);
    CHECK(f->stack_len <= SAVED);
    memcpy(f->stack, c->low, f->stack_len);
    step(choice.actor);
    if (choice.kind == CHOICE_DIE)
        actors_die(choice.actor);
}

static void undo(const struct frame *f)
{
    world = f->world;
    if (f->chosen.kind == CHOICE_DRAIN)
        return;
    struct coroutine *c = &coroutines[f->chosen.actor];
    *c = f->coroutine;
    memcpy(c->low, f->stack, f->stack_len);
}

/* ---- All ways ------------------------------------------------------------ */

static bool is_on_the_way(uint64_t hash, uint32_t depth)
{
    for (uint32_t i = 0; i < depth; i++)
        if (frames[i].hash == hash)
            return true;
    return false;
}

/* What may come next, where this state is new. */
static bool enter(struct frame *f, uint32_t depth)
{
    f->hash = 0;
    if (depth > result.depth)
        result.depth = depth;
    list_choices(f);
    bool is_private =
        f->count && f->choices[0].kind == CHOICE_STEP &&
        machine_is_private(f->choices[0].actor,
                           &coroutines[f->choices[0].actor].pending);
    if (is_private)
        return true;
    uint64_t hash = machine_hash();
    if (!note_state(hash)) {
        EXPLORE_HOLDS(!is_on_the_way(hash, depth), "nobody polls");
        return false;
    }
    f->hash = hash;
    result.states++;
    if (f->count == 0) {
        result.ends++;
        actors_end();
    }
    return true;
}

static void go_on(uint32_t depth)
{
    struct frame *f = &frames[depth];
    CHECK(depth < DEPTH);
    way = depth;
    if (result.broken || result.given_up || !enter(f, depth))
        return;
    result.given_up = plan->states_max && result.states > plan->states_max;
    f->world = world;
    for (uint32_t i = 0; i < f->count; i++) {
        choose(f, f->choices[i]);
        go_on(depth + 1);
        if (result.broken)
            return;
        undo(f);
    }
}

/* ---- Telling ------------------------------------------------------------- */

static const char *const kinds[] = {
    [ATOM_LOAD] = "load",       [ATOM_PUT] = "put",
    [ATOM_RELEASE] = "release", [ATOM_SWAP] = "swap",
    [ATOM_SET] = "set",         [ATOM_CLEAR] = "clear",
    [ATOM_REPLACE] = "replace", [ATOM_FENCE] = "fence",
    [ATOM_COPY] = "copy",       [ATOM_WAKE] = "wake",
    [ATOM_WAIT] = "wait",
};

static const char *name_of(uint32_t actor)
{
    static char name[16];
    if (actor == MACHINE_KEEPER)
        return "keeper";
    snprintf(name, sizeof name, "worker %u", (unsigned)actor);
    return name;
}

/* A word of the world by name, and of several the number: those of rung from
   w * BOARD_LINE on are worker w's, for which words, and for which rooms. */
static const char *place_of(size_t offset)
{
    static char name[40];
    static const struct {
        size_t offset, each;
        const char *name;
    } places[] = {
        {offsetof(struct world, actors), 1, "?"},
        {offsetof(struct world, rung), sizeof(struct atom), "rung"},
        {offsetof(struct world, workers), sizeof(struct board_worker),
         "asleep"},
        {offsetof(struct world, places), sizeof(struct board_place), "cursor"},
        {offsetof(struct world, board_room.want_lock), 0, "want_lock"},
        {offsetof(struct world, board_room.open), 0, "open"},
        {offsetof(struct world, board_room.lock), 0, "lock"},
        {offsetof(struct world, table.want), 0, "table's want"},
        {offsetof(struct world, table), 0, "table's lock"},
        {offsetof(struct world, stream), 1, "stream"},
        {offsetof(struct world, room.oldest), 0, "oldest"},
        {offsetof(struct world, room.head), 0, "head"},
        {0, 0, "?"},
    };
    size_t i = 0;
    while (offset < places[i].offset)
        i++;
    if (places[i].each == 0)
        return places[i].name;
    snprintf(name, sizeof name, "%s %zu", places[i].name,
             (offset - places[i].offset) / places[i].each);
    return name;
}

static void tell_way(void)
{
    for (uint32_t depth = 0; depth < way; depth++) {
        const struct frame *f = &frames[depth];
        const struct atom_step *s = &f->coroutine.pending;
        printf("  %3u %-9s ", (unsigned)depth, name_of(f->chosen.actor));
        if (f->chosen.kind == CHOICE_DRAIN) {
            const struct machine_buffer *b = &f->world.buffers[f->chosen.actor];
            printf("        %s leaves the buffer\n",
                   place_of(b->writes[f->chosen.write].offset));
            continue;
        }
        const uint8_t *at = s->at;
        printf("%-7s %-12s %8x  in %s%s\n", kinds[s->kind],
               at ? place_of((size_t)(at - (const uint8_t *)&world)) : "",
               (unsigned)s->value, s->function,
               f->chosen.kind == CHOICE_DIE ? ", and dies" : "");
    }
}

struct explore_result explore_run(const struct explore_plan *p, bool tell)
{
    plan = p;
    result = (struct explore_result){.broken = NULL};
    free(seen);
    seen = NULL;
    seen_size = seen_count = 0;
    make_seen(1 << 16);
    for (uint32_t actor = 0; actor < MACHINE_ACTORS; actor++)
        if (world.actors[actor].lives)
            start(actor);
    go_on(0);
    if (result.broken && tell)
        tell_way();
    plan = NULL;
    return result;
}
