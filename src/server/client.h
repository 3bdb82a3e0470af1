/* SPDX-License-Identifier: MIT */
/*
 * client: the table of clients. One slot a connection, 128 bytes, two cache
 * lines; an idle client has nothing else.
 *
 *   line 0   who it is, and its links into lists     looked at when walked
 *   line 1   where it stands in its streams          looked at when it moves
 *
 * What only a member of a room (or a client under --rate) needs is in a table
 * beside it, struct profile, whose pages stay untouched for the others.
 *
 * A connection's life (conn.c):
 *
 *   PROXY     waits for a whole PROXY header (--proxy-protocol: caller.h)
 *   REQUEST   waits for a whole request head
 *   BODY      waits for the whole content of a POST (post.h)
 *   ASKING    waits for its room, in which another worker writes now
 *   REPLY     waits until the response has left
 *   IDLE      waits for the first byte of another request
 *   OPEN      a WebSocket: waits for frames
 *   CLOSING   waits until everything up to our Close has left
 *   LINGER    our side is shut; reads on, for a second at most
 *   GONE      waits for the end of the turn, when the slot is freed
 *
 *   PROXY -> REQUEST                         once it is known who it is
 *   REQUEST -> REPLY -> IDLE -> REQUEST      plain HTTP, kept alive,
 *              REPLY -> LINGER               or not
 *   REQUEST -> BODY -> REPLY                 something is said by it
 *   REQUEST or BODY -> ASKING -> the same    and looked at again (ready.h)
 *   REQUEST -> OPEN -> CLOSING -> LINGER     a WebSocket
 *   any -> GONE
 */
#ifndef SERVER_CLIENT_H
#define SERVER_CLIENT_H

#include <stddef.h>

#include "base/list.h"
#include "base/slots.h"
#include "base/wheel.h"
#include "server/limits.h"
#include "wire/close.h"

#define CLIENT_NONE UINT32_MAX

enum client_state {
    CLIENT_GONE, /* zero: a slot that was never used */
    CLIENT_PROXY,
    CLIENT_REQUEST,
    CLIENT_BODY,
    CLIENT_ASKING,
    CLIENT_REPLY,
    CLIENT_IDLE,
    CLIENT_OPEN,
    CLIENT_CLOSING,
    CLIENT_LINGER,
};
#define CLIENT_STATES (CLIENT_LINGER + 1)

/* What kind of service an open client has. */
enum client_form {
    CLIENT_ECHO,
    CLIENT_PLAIN,   /* a room, plain form */
    CLIENT_JSON,    /* a room, JSON form */
    CLIENT_JSON_V1, /* the same with subprotocol chatd.v1 */
    CLIENT_FORMS,
};

/* Bits of client.flags. */
enum client_flag {
    CLIENT_READABLE = 1 << 0, /* the kernel may have bytes for us */
    CLIENT_READY = 1 << 1,    /* in the ready queue */
    CLIENT_DIRTY = 1 << 2,    /* in the dirty queue */
    CLIENT_PARKED = 1 << 3,   /* the inbox holds input that can be handled
                                 without another receive */
    CLIENT_PINGED = 1 << 4,   /* we sent a ping and wait for a sign of life */
    CLIENT_REPLAYS = 1 << 5,  /* reads history: it has not caught up yet */
    CLIENT_SKIPS = 1 << 6,    /* member.skip_from is ahead of the cursor */
    CLIENT_HANGUP = 1 << 7,   /* the end of the stream waits to be read */
    CLIENT_LAST = 1 << 8,     /* the connection ends after this response */
    CLIENT_REFUSED = 1 << 9,  /* has a refusal slot: 503, or 429 with OVER */
    CLIENT_OVER = 1 << 10,    /* too many from its address */
    CLIENT_TWIN = 1 << 11,    /* reads the deflated twin of its room's log */
    CLIENT_SCRAPE = 1 << 12,  /* came to the address of --metrics */
    CLIENT_TAIL = 1 << 13,    /* an echo without a buffer: the beginning of a
                                 frame is kept in echo.tail */
    CLIENT_HEAVY = 1 << 14,   /* its input is much work: it waits when others
                                 have made enough of that in a turn */
};

/* Why a client is not read from: bits of client.waits (ready.h). */
enum client_wait {
    CLIENT_WAITS_OUTPUT = 1 << 0, /* until its kernel takes more bytes */
    CLIENT_WAITS_ROOM = 1 << 1,   /* a message is next, and the one before is
                                     `taken` */
    CLIENT_WAITS_RATE = 1 << 2,   /* a message is next, too early for --rate */
    CLIENT_WAITS_BUFFER = 1 << 3, /* an echo, and no buffer for the answer:
                                     until its peer has taken more */
};

/* While the connection is a plain HTTP one. */
struct client_http {
    struct http_scan scan; /* of the request being received */
    bool is_head : 1;      /* that one is a HEAD: no body in the answer */
    bool has_place : 1;    /* among `downloads` */
    bool has_uid : 1;      /* it has posted: its profile is a member's */
    bool is_whole : 1;     /* the content of a POST is all here */
    uint32_t page;         /* index of the built-in page being sent, or
                              CLIENT_NONE */
    int32_t file;          /* descriptor of the file being sent, or -1 */
    uint64_t offset;       /* of the body's next byte to send */
    uint64_t left;         /* body bytes still to send */
};

/* While it is a WebSocket. */
struct client_socket {
    uint64_t cursor;              /* room position of the next byte to send */
    struct message_reader reader; /* of what it sends */
};

/* How it ends; from CLOSING on. The Close frame is made of this whenever it is
   written, so that nobody needs a buffer for it. */
struct client_farewell {
    uint64_t cursor;          /* as client_socket's: the same place */
    const char *reason;       /* told with the code, static */
    uint32_t room;            /* it was in, or CLIENT_NONE */
    uint32_t room_generation; /* of that place then */
    uint16_t code;            /* close code, 0: no Close is sent */
    uint8_t cause;            /* enum journal_cause */
    uint8_t told;             /* bytes of the Close frame that have left */
    uint8_t is_settled;   /* 1: what was taken of it is published, and its room
                           has let it go */
    uint8_t outbox_first; /* 1: the outbox goes before what a room owes, for
                                 a part of it may have left */
    uint8_t says_more;    /* 1: behind its own Close something comes, or may */
};
_Static_assert(CLOSE_FRAME_MAX <= UINT8_MAX, "farewell.told counts its bytes");
_Static_assert(offsetof(struct client_farewell, cursor) ==
                   offsetof(struct client_socket, cursor),
               "a position stays where it is when a client leaves OPEN");

struct client {
    /* line 0; aligned by hand for i386, where a uint64_t needs but 4. In the
       slot: generation; next_free: the ready queue */
    _Alignas(64) struct slot slot;
    struct wheel_link timer; /* always in one bucket while not GONE */
    struct list_link member; /* its place among its room's members; or in a
                                list of struct clients, by flag and state */
    uint32_t dirty_next;     /* the dirty queue, later the reap list */
    int32_t fd;              /* the connection */
    uint32_t room;           /* index, or CLIENT_NONE */
    uint32_t inbox;          /* leased buffer of unfinished input, or NONE */
    uint32_t outbox;         /* leased buffer of unsent output, or NONE */
    uint8_t state;           /* enum client_state */
    uint8_t form;            /* enum client_form */
    uint8_t server_bits;     /* permessage-deflate: window bits of what we */
    uint8_t client_bits;     /* send and of what it sends; 0: not agreed */
    uint16_t flags;          /* enum client_flag */
    uint8_t waits;           /* enum client_wait; 0: it is read from */
    uint8_t taken;           /* opcode of a whole message that waits for its
                                room (member.h), or 0. It lies in the inbox, or
                                in the context it was inflated into */
    /* Times are the low 32 bits of server.now; differences are exact up to 49
       days, and the wheel looks at everybody far more often. */
    uint32_t heard; /* when a whole frame or a byte of it came */
    uint32_t since; /* PROXY to IDLE: when it began; OPEN: of the ping;
                       CLOSING, LINGER: when that began */
    /* line 1 */
    uint32_t moved;      /* WAITS_OUTPUT, WAITS_BUFFER: when the peer last took
                            a byte */
    uint32_t mark;       /* and low bits of what it had taken then */
    uint32_t frame_left; /* bytes from cursor to the end of the frame (or
                            frames) that must leave before anything else; 0 at
                            a frame boundary */
    uint32_t address;    /* key of whose it is (address.h); 0: nobody's, a unix
                            socket's or not known yet */
    uint64_t received;   /* bytes on the wire */
    uint64_t sent;
    union {
        struct client_http http;         /* REQUEST to REPLY */
        struct client_socket socket;     /* OPEN */
        struct client_farewell farewell; /* CLOSING, LINGER, GONE */
    } as;
};

_Static_assert(sizeof(struct client) == 128, "two cache lines a client");

/* What only a room's member has. */
struct client_member {
    uint32_t skip_from;  /* CLIENT_SKIPS: where in the log its own messages
                              begin, which it is not sent (low bits) */
    uint32_t skip_len;   /* and their bytes */
    uint32_t told;       /* news in the last `members` or `welcome` */
    uint32_t lag_since;  /* when `behind` was looked at last, */
    uint32_t lag_mark;   /* and its cursor then (low bits) */
    uint32_t own_now;    /* bytes it said in period own_period (member.h), */
    uint32_t own_before; /* and in the one before */
    uint8_t own_period;  /* low bits of its number */
    uint8_t behind;      /* enum member_lag: how far */
    uint8_t stuck;       /* 1: and it took too little in the last second */
    uint8_t uid[16];     /* random UUID v4 */
    uint8_t name_len;    /* 0: no name */
    uint8_t name[LIMITS_USER_NAME];
};

/* What only an echo has. */
struct client_echo {
    uint32_t deflating; /* lease of a compressed answer, or NONE */
    uint8_t tail_len;   /* CLIENT_TAIL: the beginning of a frame */
    uint8_t tail[64];
};

/* The rest of a client that is a room's member, that waits, is under --rate or
   has a compressed message under way; nobody else touches its own. */
struct profile {
    uint64_t allowance; /* --rate: microsecond at which the next message
                           would be exactly on time */
    uint32_t waited;    /* since when there has been a reason to wait */
    uint32_t inflating; /* lease of a compressed message that comes in, or
                           NONE; see compressed.h */
    union {
        struct client_member member; /* client_in_room */
        struct client_echo echo;     /* CLIENT_ECHO */
    };
};

_Static_assert(sizeof(struct profile) <= 128, "256 bytes a member in all");

/* A queue of clients, by index, linked through slot.next_free, which is a
   client's own while it has the slot; or through dirty_next. */
struct client_queue {
    uint32_t first;
    uint32_t last;
    uint32_t count;
    bool dirty; /* which of the two links */
};

struct clients {
    struct client *table;
    struct profile *profiles;
    struct slots slots;
    uint32_t size;           /* --clients, or fewer where files are short */
    uint32_t regular;        /* those that count against it and are not GONE */
    struct list_table links; /* of these lists; who is GONE is in none */
    struct list idle;        /* in state IDLE, the longest first */
    struct list asking;      /* in state ASKING, likewise */
    struct list refused;     /* with CLIENT_REFUSED, in the order they came */
    struct list scraping;    /* with CLIENT_SCRAPE, likewise */
    struct list downloads; /* in state REPLY, sent a file for more than a turn,
                              the longest first */
    uint32_t in_state[CLIENT_STATES]; /* clients, by enum client_state */
};

static inline struct client *client_at(const struct clients *all,
                                       uint32_t index)
{
    return &all->table[index];
}

static inline uint32_t client_index(const struct clients *all,
                                    const struct client *c)
{
    return (uint32_t)(c - all->table);
}

static inline struct profile *client_profile(const struct clients *all,
                                             const struct client *c)
{
    return &all->profiles[client_index(all, c)];
}

static inline bool client_has(const struct client *c, enum client_flag flag)
{
    return (c->flags & flag) != 0;
}

static inline void client_set(struct client *c, enum client_flag flag)
{
    c->flags = (uint16_t)(c->flags | flag);
}

static inline void client_clear(struct client *c, enum client_flag flag)
{
    c->flags = (uint16_t)(c->flags & ~(unsigned)flag);
}

static inline bool client_waits(const struct client *c, unsigned reasons)
{
    return (c->waits & reasons) != 0;
}

void client_set_state(struct clients *all, struct client *c,
                      enum client_state state);

/* It has one of the slots that --clients counts. */
static inline bool client_is_regular(const struct client *c)
{
    return (c->flags & (CLIENT_SCRAPE | CLIENT_REFUSED)) == 0;
}

/* profile.inflating; CLIENT_NONE also where no compression was agreed on. */
static inline uint32_t client_inflating(const struct clients *all,
                                        const struct client *c)
{
    return c->client_bits ? client_profile(all, c)->inflating : CLIENT_NONE;
}

/* True while it is in a room's list of members. */
static inline bool client_in_room(const struct client *c)
{
    return c->room != CLIENT_NONE;
}

/* Is there a request of it, or the beginning of one, without an answer? */
static inline bool client_is_unanswered(const struct client *c)
{
    return c->state == CLIENT_REQUEST || c->state == CLIENT_BODY ||
           c->state == CLIENT_ASKING;
}

/* Is there a message that was taken of it, and could not be said in its room
   yet? One that goes has to wait for that. */
static inline bool client_owes(const struct client *c)
{
    return c->taken && client_in_room(c);
}

/* Put a client at the end; take out the first one, NULL when there is none. */
void client_push(const struct clients *all, struct client_queue *q,
                 struct client *c);
struct client *client_pop(const struct clients *all, struct client_queue *q);

/* Slots beyond --clients: those that are taken up by LIMITS_BESIDES, and the
   ones of who gave way in this turn. */
#define CLIENT_BESIDES (LIMITS_BESIDES + LIMITS_GIVING_WAY)

/* Lay out a table of `size` clients and CLIENT_BESIDES more over zeroed
   memory for both. */
void client_init(struct clients *all, struct client *table,
                 struct profile *profiles, uint32_t size);

/* Is a slot free for one of this kind? A flag: 0 for a regular one,
   CLIENT_SCRAPE or CLIENT_REFUSED for one of those. */
static inline bool client_has_room(const struct clients *all, uint32_t kind)
{
    return kind & CLIENT_SCRAPE    ? all->scraping.count < LIMITS_SCRAPES
           : kind & CLIENT_REFUSED ? all->refused.count < LIMITS_REFUSALS
                                   : all->regular < all->size;
}

/* Take a slot for a connection and fill it in, in state REQUEST. NULL when they
   are out. */
struct client *client_take(struct clients *all, int fd, uint32_t kind,
                           uint32_t now);

/* Give a slot back. What it held is the caller's to have cleared away. */
void client_give(struct clients *all, struct client *c);

/* What the reactor calls a client by: index and generation. */
uint64_t client_token(const struct clients *all, const struct client *c);

/* The client of a token, or NULL when that one is no more. */
struct client *client_find(const struct clients *all, uint64_t token);

#endif
