/* SPDX-License-Identifier: MIT */
/*
 * libwebsockets: /echo, and one room on every other path. lws PORT
 *
 * The library calls back when a socket may be written, and takes one message
 * a call. Echo queues what came, in a growing buffer for each client; the room
 * keeps its latest ROOM messages and every member its place in them, as in the
 * library's own ring examples.
 */
#include <libwebsockets.h>
#include <stdlib.h>
#include <string.h>

#define ROOM    16384 /* messages kept */
#define LARGEST 1024  /* bytes of a room's message */

struct message {
    size_t len;
    unsigned char bytes[LWS_PRE + LARGEST];
};

struct room {
    struct message *ring; /* ROOM of them */
    unsigned long head;   /* messages so far */
};

/* A piece of a message in a client's queue: this, LWS_PRE bytes, payload. */
struct piece {
    size_t len;
    int protocol; /* of lws_write */
};

struct client {
    int echo;           /* else in the room */
    unsigned long next; /* room: the next message to get */
    unsigned char *queue;
    size_t queue_size, queue_len, queue_offset;
};

static void queue_piece(struct client *c, struct lws *wsi, const void *in,
                        size_t len)
{
    enum lws_write_protocol kind =
        lws_frame_is_binary(wsi) ? LWS_WRITE_BINARY : LWS_WRITE_TEXT;
    struct piece piece = {len, lws_write_ws_flags((int)kind,
                                                  lws_is_first_fragment(wsi),
                                                  lws_is_final_fragment(wsi))};
    size_t need = sizeof piece + LWS_PRE + len;
    if (c->queue_offset == c->queue_len)
        c->queue_offset = c->queue_len = 0;
    if (c->queue_size - c->queue_len < need) {
        c->queue_size = (c->queue_len + need) * 2;
        c->queue = realloc(c->queue, c->queue_size);
        if (!c->queue)
            abort();
    }
    unsigned char *at = c->queue + c->queue_len;
    memcpy(at, &piece, sizeof piece);
    memcpy(at + sizeof piece + LWS_PRE, in, len);
    c->queue_len += need;
}

static int write_pieces(struct client *c, struct lws *wsi)
{
    while (c->queue_offset < c->queue_len && !lws_send_pipe_choked(wsi)) {
        struct piece piece;
        unsigned char *at = c->queue + c->queue_offset;
        memcpy(&piece, at, sizeof piece);
        if (lws_write(wsi, at + sizeof piece + LWS_PRE, piece.len,
                      (enum lws_write_protocol)piece.protocol) < 0)
            return -1;
        c->queue_offset += sizeof piece + LWS_PRE + piece.len;
    }
    return c->queue_offset < c->queue_len;
}

static int write_messages(struct room *room, struct client *c, struct lws *wsi)
{
    while (c->next < room->head && !lws_send_pipe_choked(wsi)) {
        struct message *m = &room->ring[c->next++ % ROOM];
        if (lws_write(wsi, m->bytes + LWS_PRE, m->len, LWS_WRITE_BINARY) < 0)
            return -1;
    }
    return c->next < room->head;
}

static int publish(struct room *room, struct lws *wsi, const void *in,
                   size_t len)
{
    struct message *m = &room->ring[room->head % ROOM];
    if (len > LARGEST || !lws_is_final_fragment(wsi))
        return -1;
    m->len = len;
    memcpy(m->bytes + LWS_PRE, in, len);
    room->head++;
    lws_callback_on_writable_all_protocol(lws_get_context(wsi),
                                          lws_get_protocol(wsi));
    return 0;
}

static int take(struct room *room, struct client *c, struct lws *wsi,
                const void *in, size_t len)
{
    if (!c->echo)
        return publish(room, wsi, in, len);
    queue_piece(c, wsi, in, len);
    lws_callback_on_writable(wsi);
    return 0;
}

static int writable(struct room *room, struct client *c, struct lws *wsi)
{
    int more = c->echo ? write_pieces(c, wsi) : write_messages(room, c, wsi);
    if (more > 0)
        lws_callback_on_writable(wsi);
    return more < 0 ? -1 : 0;
}

static int on_event(struct lws *wsi, enum lws_callback_reasons reason,
                    void *user, void *in, size_t len)
{
    struct room *room = lws_context_user(lws_get_context(wsi));
    struct client *c = user;
    char uri[64] = "";
    switch (reason) {
    case LWS_CALLBACK_ESTABLISHED:
        lws_hdr_copy(wsi, uri, sizeof uri, WSI_TOKEN_GET_URI);
        *c = (struct client){.echo = strcmp(uri, "/echo") == 0,
                             .next = room->head};
        return 0;
    case LWS_CALLBACK_RECEIVE: return take(room, c, wsi, in, len);
    case LWS_CALLBACK_SERVER_WRITEABLE: return writable(room, c, wsi);
    case LWS_CALLBACK_CLOSED: free(c->queue); return 0;
    default: return 0;
    }
}

int main(int argc, char **argv)
{
    static const struct lws_protocols protocols[] = {
        {.name = "bench",
         .callback = on_event,
         .per_session_data_size = sizeof(struct client),
         .rx_buffer_size = 65536},
        {.name = NULL}};
    struct room room = {.ring = calloc(ROOM, sizeof *room.ring)};
    struct lws_context_creation_info info = {
        .protocols = protocols, .user = &room, .pt_serv_buf_size = 65536};
    if (argc != 2 || !room.ring)
        return 2;
    info.port = atoi(argv[1]);
    lws_set_log_level(LLL_ERR, NULL);
    struct lws_context *context = lws_create_context(&info);
    while (context && lws_service(context, 0) >= 0)
        ;
    return 1;
}
