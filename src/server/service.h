/* SPDX-License-Identifier: MIT */
/*
 * service: what the server asks of the services above it.
 *
 * The server knows connections, frames and rooms; what a path means, and what
 * is done with a message, is told by a table of functions that main hands in.
 * All run inside a turn of the loop, must not wait, and answer through
 * staging.h, member.h and conn.h.
 */
#ifndef SERVER_SERVICE_H
#define SERVER_SERVICE_H

#include "server/client.h"

struct record;
struct room;
struct server;

/* Instead of a status: its room cannot be had now, it is to be asked again. */
#define SERVICE_LATER 1

/* What a WebSocket on a path gets. */
struct service {
    const char *path;        /* "/echo": the log's path begins with it */
    const char *subprotocol; /* the one it knows */
    enum client_form form;
    bool streams; /* pieces as they come; else whole messages */

    /*
     * The handshake is in order. Look at the rest of the request and join a
     * room: 0, or the status to refuse with and *why, or SERVICE_LATER.
     * c->form is the service's, or CLIENT_JSON_V1; c->as.socket is cleared.
     */
    unsigned (*open)(struct server *s, struct client *c,
                     const struct http_request *request, struct span rest,
                     const char **why);

    /* Its token ends in so many seconds. NULL: nobody is told. */
    void (*expiring)(struct server *s, struct client *c, uint64_t seconds);

    /* The 101 stands in the outbox: the first words behind it. May be NULL. */
    void (*greet)(struct server *s, struct client *c,
                  const struct http_request *request);

    /*
     * A message by a plain request (post.h); NULL: there are none. First for
     * the head: 0, or the status to refuse with and *why. Then with the whole
     * content, for a room: its id is put in `answer`; or as for open.
     */
    unsigned (*post_begin)(struct server *s, struct client *c,
                           const struct http_request *request,
                           const char **why);
    unsigned (*post)(struct server *s, struct client *c, struct span room,
                     uint8_t opcode, struct span content, struct text *answer,
                     const char **why);

    /* Told from a message's first piece: false, and the connection closes
       with 1003. NULL: every type is taken. */
    bool (*takes)(const struct client *c, uint8_t opcode);

    /* streams: a piece of a message (MESSAGE_DATA), and its unmasked bytes.
       The answer must not be longer than the piece and one frame header. */
    void (*piece)(struct server *s, struct client *c,
                  const struct message_event *event);

    /* streams: whole short messages at the front of what came (message_echo), in
       one go: the bytes that were handled. NULL: none. */
    size_t (*burst)(struct server *s, struct client *c, struct span in);

    /* Is there something in this message that the room would be told? Its bytes
       are left as they are. NULL: always. */
    bool (*publishes)(struct server *s, struct span message);

    /* else: a whole message; its bytes are the service's to overwrite. */
    void (*message)(struct server *s, struct client *c, uint8_t opcode,
                    uint8_t *ptr, size_t len);
};

/* What a plain GET gets. Filled in by the site; sent by request.c. */
struct service_reply {
    unsigned status;
    const char *type;      /* Content-Type */
    struct span body;      /* bytes that stay until copied: `small`, or
                                static; unused with page or file */
    uint32_t page;         /* index of a page of the site's, or CLIENT_NONE */
    int file;              /* descriptor of a file, or -1; ours to close */
    uint64_t file_size;    /* bytes */
    struct text etag;      /* over etag_bytes, with its quotes; len 0: none */
    const char *cache;     /* Cache-Control, or NULL */
    const char *allow;     /* Allow, or NULL */
    bool varies;           /* Vary: Accept */
    bool varies_in_coding; /* Vary: Accept-Encoding */
    const char *coding;    /* Content-Encoding, or NULL */
    bool is_page;          /* HTML: the security headers of a page */
    uint8_t etag_bytes[64];
    uint8_t small[256];
};

/* Where a request leads. */
struct service_route {
    const struct service *service;   /* of an upgrade here, or NULL: 404 */
    struct span rest;                /* what follows the service's path and a
                                      slash, decoded: the room; else empty */
    bool found;                      /* there is a plain resource here */
    bool upgrade_only;               /* a plain GET is 426 */
    bool health;                     /* answered to the refused, too */
    uint8_t bytes[LIMITS_ROOM_NAME]; /* `rest` lies here */
};

struct service_site {
    const struct service *services[CLIENT_FORMS]; /* by enum client_form */

    /* What a path (not decoded) leads to. `found` and `service` are both
       unset where there is nothing. */
    void (*route)(struct server *s, const struct http_request *request,
                  struct service_route *route);

    /* Answer a plain GET or HEAD of a route that was found. */
    void (*get)(struct server *s, const struct http_request *request,
                const struct service_route *route, struct service_reply *reply);

    /* The bytes of page `index` of a reply; and that they are no longer
       needed, NULL where that is all the same. */
    struct span (*page)(const struct server *s, uint32_t index);
    void (*page_sent)(struct server *s, uint32_t index);

    /* What was said in a room is read back from the store: encode it, and bring
       it to its members (broadcast_publish). `c` is who has just said it, NULL
       when that was not here, or not now. */
    void (*heard)(struct server *s, struct room *room, const struct record *r,
                  struct client *c);

    /* What is read is no message (enum record_kind): something was said that is
       not known. `c` is whose message may be lost. */
    void (*missed)(struct server *s, struct room *room, const struct record *r,
                   struct client *c);

    /* What is behind the address of --metrics. */
    const struct service_site *metrics;
};

#endif
