/* SPDX-License-Identifier: MIT */
/*
 * watch: what must be true of every connection of a server, at every turn.
 *
 * The linker leads the server's own calls through here (--wrap), and after
 * each turn all slots are looked at. What a connection did and when is known
 * from the simulated network, not from the times that the server keeps:
 *
 *   deadlines   none comes early, and none later than a tick of the wheel:
 *               handshake, ping, pong, write, close, linger, drain, watchdog;
 *               nor does the server sleep over one
 *   places      a slot is refused when all are taken and nobody is idle, and
 *               only then; nobody else gives way; likewise rooms, buffers,
 *               and 429 (watch_places.c)
 *   progress    no turn that nothing came of asks for another one at once
 *   waits       no client waits for another beyond the contract's bounds
 *               (watch_waits.c); see below, line by line
 *   telling     the counters of --metrics are what has happened
 */
#ifndef SIM_WATCH_H
#define SIM_WATCH_H

#include "server/server.h"
#include "sim/origin.h"

#define WATCHED_PAST 16

/* What is known of a connection. Times are milliseconds. */
struct watched {
    bool accepted;
    bool scrape;    /* of --metrics */
    bool regular;   /* counts among --clients */
    bool closed;    /* by the server, */
    unsigned turns; /* so many turns ago */
    uint64_t token; /* its client's */
    bool told;      /* who it is, in a PROXY header */
    bool over;      /* it was one too many from its address */
    bool counted;   /* among those of `as` */
    struct ip as;
    bool excused; /* sent away, because there was no buffer for it */

    uint8_t state;     /* enum client_state, at the end of the last turn */
    uint64_t state_at; /* since then */
    uint64_t asked_at; /* when its time for a request began */
    uint64_t idle_at;  /* and when the last one was answered */
    uint64_t heard_at, received;
    uint64_t acked_at, acked; /* our kernel's last acknowledgement */
    struct {
        uint64_t at, acked;
    } past[WATCHED_PAST]; /* the last ones, the last first */
    uint64_t sent_at, sent;
    bool waits; /* output waits for us, */
    uint64_t waits_at;
    bool pinged;
    uint64_t pinged_at;
    uint64_t unheard_at; /* the server did not want to hear it then */
    bool unfinished;     /* a buffer holds the beginning of a message; */
    uint64_t begun_at;   /* since then at least, */
    uint64_t unread;     /* and for so long of it it was not read */
    bool paused;         /* it had a reason not to, after the last turn; */
    uint64_t pause;      /* so long altogether since it was pinged */
};

/* Nothing is watched any more; or from now on the world's server, in which
   calls may fail that this knows nothing of. */
void watch_forget(void);
void watch_begin(bool calls_fail);

/* Does a message of it wait for its room? */
bool watch_is_held(int connection);

/* Has it said so much that its next would wait, too, if most are behind? */
bool watch_would_wait(int connection);

/* Of a connection made by origin_connect or to --metrics, or NULL when
   nothing is watched. */
struct watched *watch_of(int connection);

/* It was sent away because there was no buffer: so it may be. */
bool watch_excused(int connection);

/* Assert that the counters are what has happened: after a turn. */
void watch_counters(void);

/* ---- Between the parts --------------------------------------------------- */

struct watch {
    bool on;
    bool calls_fail;
    int newcomer; /* descriptor + 1 of somebody for whom one may have to give
                     way now, or 0 */
    struct watched all[ORIGIN_CONNECTIONS];
    uint64_t last;     /* time of the last turn */
    uint64_t patience; /* that it asked for */
    uint64_t frozen;   /* when it came later than that */
    uint64_t drained;  /* when it began to drain, or 0 */
    uint64_t alive;    /* when the supervisor was told last */
    uint64_t shape;    /* of all that may change, after the last turn */
    unsigned idle;     /* turns since it did */
    uint64_t accepted, refused, closed;
    uint64_t opened[CLIENT_FORMS];
};

extern struct watch watch;

uint64_t watch_now(void);

/* Of a client that is not gone. */
struct watched *watch_client(const struct client *c);

/* All its buffers are lent out. */
bool watch_exhausted(const struct leases *all);

/* At the end of a turn: those that were closed have given back their slot, or
   do with the next one, when they come out of a queue. */
void watch_free_slots(const struct server *s);

/* Once its PROXY header was read, and before anything comes of that. */
void watch_is_counted(const struct client *c);

/* Assert that this one may end for a newcomer's sake. */
void watch_gives_way(const struct server *s, const struct client *c);

/* Assert that rooms count their members, and whom they wait for. */
void watch_rooms(const struct server *s);

/* Assert that something comes of the turns. */
void watch_progress(const struct server *s);

/* ---- Who waits, for whom, and how long ----------------------------------- */

/*
 * At every turn, of every client. What was said, by whom and when, who joined
 * to replay, what was written and what the kernels have is known from the model
 * and the network; of the server only where it stands in its streams. A turn
 * counts in which nothing was in the way; SOON is 4 of them.
 *
 *   a message is held (client.taken) only while its sender has said over 1/8 of
 *       a log in this half of a log and the one before, and more than half of
 *       the other members are over 1/2 log behind; or over 1/32, and they are
 *       over 3/4 behind; or it is over 1/8, and 1/8 was said since the last
 *       walk began; or 1/4 was; or its own have yet to be passed over. Who
 *       replays does not count, nor who took less than 1/16 of a log in a
 *       second, once a whole one was measured. When none of that is so any
 *       longer it is published within SOON turns and two walks.
 *   it is published before its sender has left, however that goes
 *   input (READY, WAITS_*): a frame that our kernel has whole is handled within
 *       SOON turns, unless its own peer does not read, or it is data and waits
 *       for a message before it that is held, or for --rate: one interval; or
 *       an echo finds no buffer: until its peer has taken most
 *   output (DIRTY): private output is written at the end of its turn
 *   a room that is dirty is walked on in every turn, or with others in turn
 *   what was said reaches a member whose kernel takes it within SOON turns and
 *       two walks
 *   a member with chatd.v1 that reads is told a number that has changed within
 *       LIMITS_MEMBERS
 *   a buffer or a context is refused only when nobody else has one; who gives
 *       it back is the oldest of the address that holds most
 *   no turn costs more than 25 ms, by limits.h, and one message
 */
void watch_waits(const struct server *s);

/* Before a turn; and before the first one of a run. */
void watch_waits_before(const struct server *s);
void watch_waits_forget(void);

/* Told by the model: a message was appended; a member joins, replays; leaves. */
void watch_said(const struct room *room, int connection,
                const struct room_record *record);
void watch_joins(const struct client *c, const struct room *room, bool replays);
void watch_leaves(const struct client *c);

/* Told by watch.c: a frame was put out; it ends so that others have its
   buffer. */
void watch_told(const struct client *c, struct span payload);
void watch_evicted(const struct client *c);

#endif
