/* SPDX-License-Identifier: MIT */
/*
 * state: what a bus knows (bus.h), and what has become of its connections.
 *
 *   flight    messages of ours that are on their way
 *   entry     a message as it lies in Redis
 *   trouble   what an error of Redis means
 *   call      commands, and which reply is whose
 *   presence  who is in a room on other nodes
 *   stream    a room: match, read, send
 *   greet     from two fresh connections to a life: who is there, and nothing of
 *             ours is under way any more
 *   answer    replies, event by event
 *   bus       a turn: what is due
 *   run       sockets and time
 */
#ifndef BUS_STATE_H
#define BUS_STATE_H

#include "bus/flight.h"
#include "store/store.h"
#include "wire/resp.h"

enum bus_link { BUS_W, BUS_R, BUS_LINKS };

struct bus_plan {
    struct span prefix;
    struct span user; /* empty: none */
    struct span password;
    uint64_t keep;    /* seconds that a room stays when nobody is there; 0: for
                           ever */
    uint32_t history; /* entries of a stream, about */
    uint32_t entry_max; /* bytes of m */
    uint64_t random;
};

/* Entries by which a node may be behind, beside those of history, before it misses
   one. */
#define BUS_KEPT 10000

#define BUS_CALLS  1024 /* replies that are waited for, on W */
#define BUS_ROOMS  16   /* in one XREAD */
#define BUS_COUNT  64   /* entries of each */
#define BUS_OUTPUT (1024 * 1024)

/* Milliseconds. */
#define BUS_BEAT    1000 /* between two signs of life */
#define BUS_DEAF    3000 /* after which one that did not come back is too late */
#define BUS_BLOCK   2000 /* of XREAD BLOCK */
#define BUS_ANSWER  5000 /* for a reply, and for a step of the connecting */
#define BUS_SWEEP   5000
#define BUS_LINGER  10000 /* for which a room stays open, unwanted */
#define BUS_RETRY   50    /* between two attempts at first; doubled, up to */
#define BUS_RETRIES 2000
#define BUS_SILENT  15000 /* after which a node is not there any more */

/* What the loop is to do. */
enum bus_wish {
    BUS_STAY,
    BUS_DIAL, /* connect both links, once `dial_at` has come */
    BUS_DROP, /* close both, and say so by bus_dropped */
    BUS_END,  /* this is no Redis that we can have: `why`, exit 1 */
};

/* ---- Rooms ---------------------------------------------------------------- */

/*
 *   NONE -> WANTED -> MATCH -> MATCHING -> OPEN       once connected
 *                       ^                   |
 *                       +---- reconnected --+
 */
enum bus_room_state {
    BUS_ROOM_NONE,     /* it is not ours */
    BUS_ROOM_WANTED,   /* it is to be, as soon as the table can be locked */
    BUS_ROOM_MATCH,    /* is our last entry still there? To be asked */
    BUS_ROOM_MATCHING, /* asked */
    BUS_ROOM_OPEN,
};

struct bus_room {
    struct list_link link; /* among those at work */
    uint32_t next_named;   /* place + 1 */
    uint32_t generation;   /* of the name that it is ours under */
    uint8_t state;         /* enum bus_room_state */
    bool works;            /* in the list */
    bool dirty;            /* something may be there that was not read */
    bool reading;          /* part of the XREAD that is under way */
    bool read;             /* to the end, in this connection, once */
    bool is_fresh;         /* nothing of it was ever read */
    bool is_there;         /* it has a stream */
    bool is_made;          /* or we have just told Redis to make one */
    bool gap;              /* what was said before what is next is not known */
    bool has_hole;         /* once, what came next did not follow */
    bool refused;          /* an older epoch than another's: read first */
    bool swept;            /* only the sweep has sent us there */
    bool ends;             /* it was read to its end: to be looked at */
    uint8_t refusals;      /* since something was read */
    uint8_t seen;          /* entries of this XREAD, up to BUS_COUNT */
    uint32_t unrung;       /* messages that were found in passing */
    uint32_t unanswered;   /* messages sent */
    uint64_t sent_epoch;   /* with this epoch */
    uint64_t epoch;        /* a new one, of this connection; 0: none */
    struct resp_id skip;   /* what cannot be read begins here; 0-0: nothing */
    struct flight_line line;
    uint64_t wanted_at; /* when somebody was last seen to want it */
    uint64_t renew_at;  /* when it is to expire later again */
    uint32_t told;      /* presence of ours that was told last, in a word */
    bool shares;        /* workers do not know yet who is elsewhere */
    bool asks;          /* others are to tell theirs */
    bool tells;         /* and we ours */
};

/* ---- Replies --------------------------------------------------------------- */

enum bus_call_kind {
    BUS_CALL_AUTH,
    BUS_CALL_CLIENT, /* CLIENT INFO */
    BUS_CALL_INFO,
    BUS_CALL_KILL,
    BUS_CALL_LAST_LIFE,
    BUS_CALL_NEW_LIFE,
    BUS_CALL_LAST_BELL,
    BUS_CALL_MATCH,
    BUS_CALL_LAST, /* of a room that was never read */
    BUS_CALL_READ,
    BUS_CALL_ADD,
    BUS_CALL_BELL,
    BUS_CALL_EXPIRE,
    BUS_CALL_WAIT, /* for the bell: on R */
};

struct bus_call {
    uint8_t kind;
    uint32_t room;
};

/* What is read of a stream just now. */
struct bus_cursor {
    uint32_t room;     /* whose entries come; FLIGHT_NONE: none of ours */
    struct resp_id id; /* of the entry */
    bool has_id;
    uint8_t field; /* the first byte of the field's name whose value is next */
    bool found;    /* its message was, or what was looked for */
    bool is_life;  /* they are of PREFIX:life */
    uint64_t node; /* of the bell: who rings */
};

struct bus_end {
    struct resp_reader reader;
    struct text out;  /* what is to be written */
    size_t out_begun; /* bytes of it that were */
    struct bus_call calls[BUS_CALLS];
    uint32_t asked, answered; /* calls, modulo 2^32 */
    uint64_t moved;           /* when something came, or was first asked */
    struct bus_cursor cursor;
    uint64_t id; /* the connection's, as Redis counts; 0: not told yet */
    uint8_t address[64];
};

/* ---- Presence -------------------------------------------------------------- */

#define BUS_NODES 64 /* other ones that are known */

struct bus_node {
    uint64_t id; /* 0: none */
    uint64_t heard;
};

/* People of other nodes, named while they are few. */
struct bus_people {
    uint32_t members[BUS_NODES];
    uint8_t nodes[BOARD_PEOPLE]; /* whose each of these is */
    struct board_people all;
};

/* ---- All -------------------------------------------------------------------- */

enum bus_phase {
    BUS_OFF,
    BUS_GREETS, /* AUTH, CLIENT INFO, INFO */
    BUS_FENCES, /* the old connections are ended */
    BUS_LIVES,  /* which life is it? */
    BUS_WORKS,
};

struct bus {
    const struct bus_plan *plan;
    struct store store;
    struct board_bus *board;
    struct bus_room *rooms;
    struct list_table links;
    struct list work;
    uint32_t *buckets; /* rooms of ours by name: place + 1 */
    uint32_t at_work;  /* rooms that were ever ours are below */
    struct flights flights;
    uint32_t taken[BOARD_WORKERS];   /* positions in the rings */
    uint32_t sent_at[BOARD_WORKERS]; /* what a predecessor sent: up to here */
    bool has_succeeded;              /* all of that was taken */
    struct bus_people *people;       /* by room */
    struct bus_node nodes[BUS_NODES];
    struct bus_end ends[BUS_LINKS];
    struct resp_limits limits;
    uint64_t now, wall;
    enum bus_phase phase;
    enum bus_wish wish;
    const char *why;
    uint64_t dial_at, retry;
    uint64_t random;
    bool was_here; /* once: what is found out now is no reason to end */
    bool is_full;  /* OOM or alike: nothing can be said */
    bool is_weak;  /* the old connections could not be ended: new epochs */
    uint8_t run_id[64];
    uint8_t replid[64];
    uint8_t life_name[64]; /* of this connection: field r of PREFIX:life */
    unsigned life_tries;
    uint64_t away_since;
    struct resp_id bell; /* read up to here */
    bool keeps_bell;     /* the next connection goes on there: what is last may
                            be what cannot be read */
    uint64_t beat;       /* counts signs of life, */
    uint64_t beat_at;    /* the next is due, */
    uint64_t beat_sent;  /* the last one was sent, and */
    uint64_t beat_back;  /* this one came back */
    uint64_t sweep_at;
    uint64_t tell_at;      /* presence */
    uint64_t share_at;     /* nor are workers told sooner */
    bool tells_anew;       /* what we told before is no longer so */
    struct text presence;  /* being told */
    struct text questions; /* being asked */
    struct text rung;      /* names of rooms for the bell */
    struct text news;
    struct text value;  /* an entry that cannot be put yet: its value, */
    uint32_t held_room; /* its room + 1; 0: none */
    struct resp_id held_id;
    uint32_t reading[BUS_ROOMS]; /* rooms of the XREAD that is under way */
    uint32_t reads;              /* so many; 0: none is */
    bool is_same_life;           /* as it says itself */
    uint64_t last_epoch;         /* begun by us */
    bool is_informed;            /* INFO has come */
    uint64_t dialled_at;
    uint64_t let_go_at;
    uint32_t tell_next;
    const char *told; /* why it is away, as it was told last */
};

/* It takes nothing of this link now: an entry waits for a worker to read. */
static inline bool state_holds(const struct bus *b, enum bus_link link)
{
    return link == BUS_W && b->held_room;
}

/* ---- What has become of it --------------------------------------------------- */

/* The connection is of no use any more, and why: static. Or what is there is no
   Redis for us; once it was one, that is but a connection lost. */
void state_fail(struct bus *b, const char *why);
void state_refuse(struct bus *b, const char *why);

/* Redis takes no messages now; and: workers are told whether it is here. */
void state_full(struct bus *b);
void state_set(struct bus *b, enum board_bus_state state);

/* For the log: the last word counts. */
void state_tell(struct bus *b, const char *what);

/* ---- Rooms -------------------------------------------------------------------- */

static inline struct bus_room *state_room(const struct bus *b, uint32_t index)
{
    return &b->rooms[index];
}
static inline struct span state_name(const struct bus *b, uint32_t index)
{
    return store_name(&b->store, index);
}

/* It has a part in the next turn. */
void state_work(struct bus *b, uint32_t index);

/* A room of ours by its name, or FLIGHT_NONE. While its name is its own, it is
   known by it. */
uint32_t state_named(const struct bus *b, struct span name);
void state_add_name(struct bus *b, uint32_t index);
void state_remove_name(struct bus *b, uint32_t index);

/* In the bell they stand in a row, ROOM/ROOM/...: put one more; take the next that
   is ours, or FLIGHT_NONE when there is none. */
void state_put_name(const struct bus *b, struct text *names, uint32_t index);
uint32_t state_take_name(const struct bus *b, struct span *names);

#endif
