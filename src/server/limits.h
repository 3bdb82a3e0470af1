/* SPDX-License-Identifier: MIT */
/*
 * limits: what a user may choose, struct config (options.c fills it, and has
 * the defaults), and every size that is fixed. Times are milliseconds and sizes
 * bytes where nothing else is said.
 */
#ifndef SERVER_LIMITS_H
#define SERVER_LIMITS_H

#include "base/ip.h"
#include "os/log.h"
#include "os/socket.h"
#include "os/supervise.h"
#include "wire/http.h"
#include "wire/message.h"
#include "wire/token.h"

#define LIMITS_COUNT_MAX    (64 * 1024 * 1024)  /* of anything counted */
#define LIMITS_SIZE_MAX     (UINT64_C(2) << 30) /* of a log or message */
#define LIMITS_SECONDS_MAX  (24 * 60 * 60)
#define LIMITS_ROOM_LOG_MIN 4096
#define LIMITS_ADDRS        16 /* --addr */
#define LIMITS_HOSTS        64 /* --host */
#define LIMITS_ORIGINS      64 /* --origin */
#define LIMITS_TRUST        64 /* --trust */
#define LIMITS_HEADERS      16 /* --header */
#define LIMITS_REDIS        8  /* addresses of --redis */
#define LIMITS_REDIS_PREFIX 64
#define LIMITS_REDIS_AUTH   1024 /* bytes of that file */
#define LIMITS_KEEP_MAX     (UINT64_C(3650) * 24 * 60 * 60) /* seconds */
#define LIMITS_QUEUE_MAX    (UINT64_C(1) << 30)             /* propose.h */
#define LIMITS_ROOM_NAME    64                              /* UTF-8 */
#define LIMITS_USER_NAME    64                              /* UTF-8 */

/* Slots beyond --clients: for who is told why he is refused, and for who reads
   --metrics, each with a buffer for the whole text. */
#define LIMITS_REFUSALS    16
#define LIMITS_SCRAPES     4
#define LIMITS_SCRAPE_SIZE (64 * 1024)
#define LIMITS_BESIDES     (LIMITS_REFUSALS + LIMITS_SCRAPES)
#define LIMITS_GIVING_WAY  8  /* connections that end for newcomers, a turn */
#define LIMITS_ASKED       20 /* times that another worker is asked for one, */
#define LIMITS_ASK         5  /* and a newcomer then waits so long */

/* Descriptors. */
#define LIMITS_OTHER_FILES     8  /* neither clients' nor open at the start */
#define LIMITS_DOWNLOADS       64 /* files of --static for slow readers; */
#define LIMITS_DOWNLOADS_PART  16 /* at most this part of all descriptors, */
#define LIMITS_DOWNLOADS_LEAST 4  /* but so many */

/* Addresses whose posts are counted at a time, under --rate. */
#define LIMITS_POSTERS 1024

/* SO_SNDBUF and SO_RCVBUF, which Linux doubles for its own bookkeeping. Small:
   the room log is everybody's send buffer. */
#define LIMITS_SEND_BUFFER    (64 * 1024)
#define LIMITS_RECEIVE_BUFFER (64 * 1024)

#define LIMITS_RECEIVE     (64 * 1024 + 512) /* in one go, whatever waits */
#define LIMITS_PEEK        1024 /* looked at, not taken: some control frames */
#define LIMITS_FILE_PIECE  (256 * 1024) /* of a file, sent a turn */
#define LIMITS_APPEND_PART 4            /* of a room log: the longest append */

/* A leased buffer is so much larger than the largest thing it is leased for:
   headers, a control frame behind an unfinished message, a Close. */
#define LIMITS_LEASE_SLACK 2048

/* Output that must be free before a message is handled: its answer may be
   longer than itself (an error event, a Close). */
#define LIMITS_ANSWER 1024

/* With all buffers lent out, an echo is read only as far as its answer surely
   fits into the kernel's send buffer, and else looked at again. */
#define LIMITS_SURE  (LIMITS_SEND_BUFFER / 4)
#define LIMITS_AGAIN 20

/* Compressed messages. Blocks are bounded, too: one that yields nothing still
   has tables built. */
#define LIMITS_INFLATE       (256 * 1024) /* inflated of a client a turn */
#define LIMITS_BLOCKS        64           /* blocks of a client a turn */
#define LIMITS_CHUNK         (16 * 1024)  /* inflated at once */
#define LIMITS_INFLATE_PART  4  /* of --buffers: messages being inflated */
#define LIMITS_DEFLATE_PART  16 /* of --buffers: being deflated */
#define LIMITS_DEFLATE_LEAST 32 /* shorter messages do not gain */
#define LIMITS_DEFLATE_MOST  (1024 * 1024) /* a room's are done in one go */

/* What a turn may cost, in nanoseconds of one core of a PC, as they were
   measured once; counted, not timed, so that a run can be repeated. Each part
   of a turn stops when it has cost its share, and goes on in the next; it does
   one thing at least. All shares together are 25 ms. */
#define LIMITS_COST_VISIT    50 /* somebody is looked at in a walk */
#define LIMITS_COST_ACCEPT   10000
#define LIMITS_COST_REQUEST  10000
#define LIMITS_COST_VERIFIED 10 /* a byte of a token */
#define LIMITS_COST_TIMER    1000
#define LIMITS_COST_LEASE    20   /* looked at, to find one to take back */
#define LIMITS_COST_RECEIVED 1    /* a byte */
#define LIMITS_COST_FRAME    50   /* or as much of one as came */
#define LIMITS_COST_MESSAGE  2500 /* said in a room: both forms of it */
#define LIMITS_COST_SAID     10   /* a byte of it */
#define LIMITS_COST_SENT     4    /* bytes that go for one nanosecond */
#define LIMITS_COST_SEND     3000
#define LIMITS_COST_INFLATED 4    /* a byte */
#define LIMITS_COST_BLOCK    8000 /* of compressed data, begun */
#define LIMITS_COST_DEFLATED 25   /* a byte */
#define LIMITS_COST_DEFLATE  3000

#define LIMITS_TURN_ACCEPT  1000000
#define LIMITS_TURN_READ    10000000 /* input, */
#define LIMITS_TURN_HEAVY   7000000  /* of it that of heavy clients */
#define LIMITS_HEAVY        200000   /* a client's input of one turn: heavy */
#define LIMITS_TURN_FLUSH   8000000  /* rooms' messages to their members, */
#define LIMITS_TURN_WALK    500000   /* where all else has cost less */
#define LIMITS_FLUSH_SLICE  250000   /* one room after another, so much each; */
#define LIMITS_FLUSH_ROOM   1000000  /* one that overflows, before it does */
#define LIMITS_TURN_DIRTY   2000000  /* private output */
#define LIMITS_TURN_GOODBYE 1000000  /* Close 1001 on SIGTERM */
#define LIMITS_TURN_TIMERS  2000000
#define LIMITS_TURN_TELL    1000000 /* `members` events */

/* Where input has cost no more, what one receive brings of short frames, of six
   bytes at least, is within the share of light and heavy. */
#define LIMITS_TURN_BURST                                                      \
    (LIMITS_TURN_HEAVY - LIMITS_RECEIVE / 6 * LIMITS_COST_FRAME)

#define LIMITS_LINGER      1000  /* reading after our Close (RFC 6455 7.1.1) */
#define LIMITS_ABANDON     15000 /* the kernel offers our last bytes so long */
#define LIMITS_REST        100  /* of accepting; of telling a full supervisor */
#define LIMITS_MEMBERS     1000 /* between two `members` events of a room; */
#define LIMITS_TOLD        16   /* and at least one for so many who are told */
#define LIMITS_PACE        1000 /* between two looks at how fast a laggard is */
#define LIMITS_PAUSE       1000 /* to oversleep by so much is a pause */
#define LIMITS_FIRST_LOOK  250  /* after output blocks: who is the peer? */
#define LIMITS_PROGRESS    4    /* looks at blocked output a --write-timeout */
#define LIMITS_LEAST_PACE  1024 /* bytes of an outbox to be acked a second */
#define LIMITS_RETRY_AFTER 5    /* seconds, told with 429 and 503 */
#define LIMITS_LOG_LINES   20   /* of the log, of one kind a second */

enum limits_level { LEVEL_ERROR, LEVEL_WARN, LEVEL_INFO, LEVEL_DEBUG };

/* --trace: whom to follow. --explain: whose bytes they are. */
enum limits_trace { TRACE_OFF, TRACE_ALL, TRACE_CLIENT, TRACE_PATH };
enum limits_whose { WHOSE_EITHER, WHOSE_CLIENT, WHOSE_SERVER };

/* Who we are for Redis: the line of --redis-auth. Of all processes only the
   keeper and its bus have it. */
struct limits_login {
    uint8_t bytes[LIMITS_REDIS_AUTH];
    uint32_t user_len; /* in front; 0: none */
    uint32_t password; /* where it begins, */
    uint32_t password_len;
};

/* What the user chose. */
struct config {
    struct socket_address addrs[LIMITS_ADDRS];
    size_t addr_count;
    uint32_t workers; /* processes; 0: as many as there are processors */
    uint32_t clients;
    uint32_t rooms;
    size_t room_log;
    uint32_t history;  /* messages; 0: off */
    const char *store; /* the file of what was said; NULL: none */
    const char *redis; /* its addresses, as given; NULL: none */
    struct socket_address redis_addrs[LIMITS_REDIS];
    size_t redis_count;
    const char *redis_auth; /* the file of who we are there; NULL: nobody, */
    struct limits_login *login; /* and what is in it: to be wiped */
    bool login_readable;        /* by others than its owner */
    const char *redis_prefix;
    uint64_t redis_keep;    /* seconds; 0: for ever */
    uint64_t redis_queue;   /* bytes */
    uint64_t redis_timeout; /* 0: never */
    size_t max_message;
    uint32_t buffers;
    uint32_t ping; /* 0: off */
    uint32_t pong_timeout;
    uint32_t handshake_timeout;
    uint32_t keep_alive; /* of plain connections, between requests */
    uint32_t write_timeout;
    uint32_t close_timeout;
    uint32_t message_timeout; /* from a message's first byte to its last */
    uint32_t drain;
    struct span hosts[LIMITS_HOSTS];     /* no authority_fault in any */
    size_t host_count;                   /* 0: it answers to every name */
    struct span origins[LIMITS_ORIGINS]; /* no origin_fault in any */
    size_t origin_count;
    bool any_origin;
    uint32_t rate;   /* messages a second; 0: off */
    uint32_t burst;  /* messages */
    uint32_t per_ip; /* connections; 0: off */
    bool compression;
    bool proxy_protocol; /* each connection begins with a PROXY header */
    struct ip_block trust[LIMITS_TRUST]; /* whose X-Forwarded-For counts */
    size_t trust_count;
    bool trust_unix;               /* and that of peers on unix: sockets */
    const char *static_folder;     /* NULL: the built-in pages only */
    struct socket_address metrics; /* where they are told */
    bool has_metrics;
    enum limits_level level;
    enum limits_trace trace;
    uint32_t trace_client;  /* TRACE_CLIENT: its number in the log */
    struct span trace_path; /* TRACE_PATH: as it stands in the request */
    enum limits_whose explain;
    struct socket_address check; /* --check's URL: whom to ask, */
    bool has_check;              /* false: metrics or addrs[0], */
    struct span check_host;      /* for which host, */
    struct span check_path;      /* and for what */
    const char *user;            /* to become, user.h; NULL: nobody else */
    bool require_sandbox;
    bool no_sandbox;
    uint32_t unix_mode;     /* of the files of unix: sockets; 0: the umask's */
    const char *unix_group; /* and their group, user.h; NULL: ours */
    const char *token_key;  /* the file of keys; NULL: everybody comes in */
    struct token_keys keys; /* and what is in it */
    bool keys_readable;     /* by others than their owner */
    struct span unknown;    /* variables CHATD_* that are no option */
    struct span token_aud;  /* len 0: none */
    struct span token_cookie; /* len 0: none */
    const char *sign;         /* claims to be signed, or NULL */
    bool default_addr; /* nobody chose addrs: sockets handed over replace it */
    struct supervise supervised; /* from the environment */

    /* --connect, and what goes with it. It also looks at origins, ping,
       pong_timeout, handshake_timeout, close_timeout and compression. */
    const char *connect;     /* the URL; NULL: this is a server */
    const char *name;        /* NULL: none */
    const char *subprotocol; /* a list; NULL: what the path suggests */
    const char *headers[LIMITS_HEADERS]; /* "Name: value" */
    size_t header_count;
    const char *token; /* the file that holds one; NULL: none */
    bool binary;
    bool stay;
};

/* Is Redis to be asked? Not in a build that was made without it. */
static inline bool limits_has_redis(const struct config *config)
{
#ifdef WITHOUT_REDIS
    (void)config;
    return false;
#else
    return config->redis != NULL;
#endif
}

/* Are there several processes, which a keeper looks after? */
static inline bool limits_has_keeper(const struct config *config)
{
    return config->workers > 1 || limits_has_redis(config);
}

#endif
