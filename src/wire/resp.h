/* SPDX-License-Identifier: MIT */
/*
 * resp: what a client of Redis writes and reads: the Redis serialization
 * protocol, version 2 (redis.io, "Redis serialization protocol
 * specification"; names in brackets below are its headings).
 *
 *   a command (Sending commands)      *2 CRLF $4 CRLF ECHO CRLF $2 CRLF hi CRLF
 *
 *   a reply   +OK CRLF                a simple string
 *             -ERR no such key CRLF   an error; its first word says which
 *             :-12 CRLF               an integer of 64 bits
 *             $2 CRLF hi CRLF         a bulk string: any bytes
 *             *2 CRLF ... ...         an array: so many replies follow
 *             $-1 CRLF   *-1 CRLF     nothing: null
 *
 * Not here: version 3 and its types, inline commands, and Pub/Sub, where
 * replies come that nobody asked for.
 *
 * The reader is pulled, and keeps no bytes: resp_read takes some from the
 * front of what the caller has and fills one event. What is not whole yet (a
 * line; the bytes of a bulk string behind its line) is not taken: the caller keeps it and shows it again
 * with more behind. So a reply of any length goes through a buffer that holds
 * one line or one bulk string. An event says where it stands; nobody has to
 * keep a stack of his own. An answer to XREAD, with depth and index of each:
 *
 *   *1               ARRAY 0 0          streams
 *     *2             ARRAY 1 0
 *       $3 tea       BULK  2 0          the stream's name
 *       *1           ARRAY 2 1          entries
 *         *2         ARRAY 3 0
 *           $3 7-1   BULK  4 0          the entry's id
 *           *2       ARRAY 4 1
 *             $1 m   BULK  5 0          a field
 *             $2 hi  BULK  5 1          its value
 *                    END   4 1, then END 3 0, 2 1, 1 0, 0 0 (last)
 *
 * Stricter than the specification: no plus sign and no leading zeros, as Redis
 * writes none. Two ways to say one thing are two ways for two parsers to
 * disagree.
 */
#ifndef WIRE_RESP_H
#define WIRE_RESP_H

#include "base/text.h"

#define RESP_DEPTH_MAX 7 /* arrays inside each other; XREAD has 5 */

/* Bytes of a line with its type and CRLF; the longest that Redis 7 writes of
   itself, MISCONF, has under 400. */
#define RESP_LINE_MAX 1024

/* ---- Reading ------------------------------------------------------------- */

/* What the caller can take; the same for the whole connection. */
struct resp_limits {
    size_t bulk;    /* most bytes of a bulk string, without its CRLF */
    uint32_t count; /* most elements of one array */
};

/* All zero is the start of a connection. */
struct resp_reader {
    struct resp_array {
        uint32_t count;     /* its elements */
        uint32_t begun;     /* of which so many have begun */
    } open[RESP_DEPTH_MAX]; /* the arrays that are not over, outermost first */
    uint32_t depth;         /* how many */
    uint32_t seen;          /* bytes of an unfinished line already looked at */
    size_t bulk;            /* of a bulk string that is next: its bytes with
                               CRLF; 0: a line is next */
    const char *fault;      /* the first one, a sentence, static; or NULL */
};

enum resp_type {
    RESP_NONE,    /* more bytes are needed */
    RESP_SIMPLE,  /* a simple string */
    RESP_ERROR,   /* an error, without its minus sign */
    RESP_INTEGER, /* a number */
    RESP_BULK,    /* a bulk string */
    RESP_NULL,    /* a null bulk string, or a null array */
    RESP_ARRAY,   /* an array begins */
    RESP_END,     /* an array is over */
    RESP_FAIL, /* this is not RESP, or more than the limits; nothing follows */
};

struct resp_event {
    enum resp_type type;
    bool last;          /* a whole reply ends with this event */
    uint32_t depth;     /* inside how many arrays */
    uint32_t index;     /* which element of the innermost of these, from 0;
                           END: as the array's beginning had it */
    uint32_t count;     /* ARRAY, END: elements of this array */
    int64_t integer;    /* INTEGER */
    struct span text;   /* SIMPLE, ERROR, BULK: inside `in`, good until those
                           bytes move. The first two hold any bytes but CR
                           and LF: not fit for a log as is */
    const char *reason; /* FAIL: a sentence, static */
};

/*
 * Take bytes from in[0, len) and fill *event; in is never NULL. Returns how
 * many were taken.
 * Call it until it gives NONE, even when no bytes are left: END takes none.
 * Drop what was taken, after NONE as well: it may have taken the line in front
 * of a bulk string. Then in[returned, len) is unfinished, and must be shown
 * again, the same, with more behind. A buffer of the larger of RESP_LINE_MAX
 * and limits->bulk + 2 bytes is enough: NONE never comes with it full.
 * Every other event makes progress. FAIL takes everything, and comes again,
 * the same, at each call after it. Time is linear in the bytes however they
 * are cut.
 */
size_t resp_read(struct resp_reader *r, const struct resp_limits *limits,
                 const uint8_t *in, size_t len, struct resp_event *event);

/* True between replies: nothing has begun, nothing failed. `len` bytes are
   left that resp_read did not take. */
bool resp_at_rest(const struct resp_reader *r, size_t len);

/* ---- What an error says -------------------------------------------------- */

/* An error begins with a word in capitals (Simple errors). Those that mean
   something to whoever keeps streams; what to do then is his to know. */
enum resp_word {
    RESP_WORD_UNKNOWN,     /* none of these */
    RESP_WORD_ERR,         /* refused; sending it again will not help */
    RESP_WORD_ID,          /* an ERR of XADD: the stream has a larger id, or the
                              same */
    RESP_WORD_NOAUTH,      /* AUTH comes first */
    RESP_WORD_WRONGPASS,   /* AUTH: no such user, or another password */
    RESP_WORD_NOPERM,      /* this user may not do that */
    RESP_WORD_LOADING,     /* started a moment ago; reads its file */
    RESP_WORD_READONLY,    /* a replica */
    RESP_WORD_MASTERDOWN,  /* a replica without its master */
    RESP_WORD_UNBLOCKED,   /* what blocked was ended: it became a replica */
    RESP_WORD_OOM,         /* maxmemory is reached */
    RESP_WORD_BUSY,        /* a script runs and runs */
    RESP_WORD_MISCONF,     /* its file cannot be written */
    RESP_WORD_NOREPLICAS,  /* fewer than min-replicas-to-write */
    RESP_WORD_WRONGTYPE,   /* the key holds no stream */
    RESP_WORD_MOVED,       /* Redis Cluster: the key is elsewhere */
    RESP_WORD_CLUSTERDOWN, /* Redis Cluster: not all of it is there */
};

/* `error` is the text of a RESP_ERROR. */
enum resp_word resp_word_of(struct span error);

/* ---- Ids of a stream's entries ------------------------------------------- */

/* EPOCH-N: larger in the first number, or the same in it and larger in the
   second, is later. 0-0 is no entry's id: before all of them. */
struct resp_id {
    uint64_t epoch;
    uint64_t number;
};

/* Two decimal numbers of 64 bits without leading zeros and the minus sign
   between them, nothing else. False: *id says nothing. */
bool resp_id_parse(struct span text, struct resp_id *id);

/* ---- Writing ------------------------------------------------------------- */

/*
 *     struct resp_command c = resp_begin(&out, 3);
 *     resp_put(&c, BYTES_LITERAL("EXPIRE"));
 *     resp_put(&c, key);
 *     resp_put_number(&c, seconds);
 *     if (!resp_end(&c)) there is no room now: nothing of it was written
 *
 * A command goes into the caller's text whole or not at all: behind half a
 * one, nothing on the connection would mean what it says.
 */
struct resp_command {
    struct text *out;
    size_t start;   /* out->len before it */
    uint32_t count; /* arguments still to come, the name being the first */
};

/* Begin a command of so many arguments, over 0. `out` has not overflowed. */
struct resp_command resp_begin(struct text *out, uint32_t count);

/* One argument: bytes; bytes in several parts, one behind the other; a number
   in decimal; an id; "EPOCH-*", for which XADD puts the next number (Redis 7
   and later). More of them than were announced trip CHECK. */
void resp_put(struct resp_command *c, struct span s);
void resp_put_parts(struct resp_command *c, const struct span *parts,
                    size_t count);
void resp_put_number(struct resp_command *c, uint64_t value);
void resp_put_id(struct resp_command *c, const struct resp_id *id);
void resp_put_next(struct resp_command *c, uint64_t epoch);

/* The command is complete (fewer arguments than announced trip CHECK). False:
   it did not fit, and was taken back; `out` is as it was before. */
bool resp_end(struct resp_command *c);

#endif
