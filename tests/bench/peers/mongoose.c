/* SPDX-License-Identifier: MIT */
/* mongoose: /echo, and one room on every other path. mongoose PORT */
#include "mongoose.h"

/* In the data of a connection: is it in the room? */
static void open_socket(struct mg_connection *c, struct mg_http_message *head)
{
    c->data[0] = !mg_match(head->uri, mg_str("/echo"), NULL);
    mg_ws_upgrade(c, head, NULL);
}

static void take_message(struct mg_connection *c, struct mg_ws_message *m)
{
    int opcode = m->flags & 15;
    if (!c->data[0]) {
        mg_ws_send(c, m->data.buf, m->data.len, opcode);
        return;
    }
    for (struct mg_connection *to = c->mgr->conns; to; to = to->next)
        if (to->is_websocket && to->data[0])
            mg_ws_send(to, m->data.buf, m->data.len, opcode);
}

static void handle(struct mg_connection *c, int event, void *data)
{
    if (event == MG_EV_HTTP_MSG)
        open_socket(c, data);
    else if (event == MG_EV_WS_MSG)
        take_message(c, data);
}

int main(int argc, char **argv)
{
    struct mg_mgr mgr;
    char url[64];
    if (argc != 2)
        return 2;
    mg_log_set(MG_LL_NONE);
    mg_mgr_init(&mgr);
    mg_snprintf(url, sizeof url, "http://127.0.0.1:%s", argv[1]);
    if (!mg_http_listen(&mgr, url, handle, NULL))
        return 1;
    for (;;)
        mg_mgr_poll(&mgr, 1000);
}
