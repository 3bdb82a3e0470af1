/* SPDX-License-Identifier: MIT */
/*
 * Responses to an opening handshake, as a client judges them. The key is that
 * of RFC 6455 1.3; asked for are the subprotocols "chat, superchat", and of
 * extensions what `offer` says. Section numbers are those of RFC 6455.
 */
#ifndef VECTORS_OPENING_H
#define VECTORS_OPENING_H

#include "wire/extension.h"

struct opening_vector {
    const char *name;
    const char *head;
    const struct extension_offer *offer;
    const char *expect; /* as test_opening.c tells it */
};

#define OPENING_STATUS  "HTTP/1.1 101 Switching Protocols\r\n"
#define OPENING_UPGRADE "Upgrade: websocket\r\n"
#define OPENING_CONNECT "Connection: Upgrade\r\n"
#define OPENING_ACCEPT  "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"
#define OPENING_GOOD                                                           \
    OPENING_STATUS OPENING_UPGRADE OPENING_CONNECT OPENING_ACCEPT
#define OPENING_EXTENSION "Sec-WebSocket-Extensions: permessage-deflate"

static const struct extension_offer opening_plain = {.client_window_bits = 15};
static const struct extension_offer opening_fixed = {.client_window_bits = 0};
static const struct extension_offer opening_all = {
    .server_drops = true,
    .client_drops = true,
    .server_window_bits = 10,
    .client_window_bits = 11,
};

/* clang-format off */
static const struct opening_vector opening_vectors[] = {

    /* ---- What is taken --------------------------------------------------- */

    {"the example of 1.2",
     "HTTP/1.1 101 Switching Protocols\r\n"
     "Upgrade: websocket\r\n"
     "Connection: Upgrade\r\n"
     "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"
     "Sec-WebSocket-Protocol: chat\r\n"
     "\r\n", NULL, "101 chat"},
    {"names, websocket and upgrade in any case",
     "HTTP/1.1 101 ok\r\nUPGRADE: WebSocket\r\nconnection: keep-alive, UPGRADE"
     "\r\nsec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n",
     NULL, "101"},
    {"a status line without a phrase",
     "HTTP/1.1 101 \r\n" OPENING_UPGRADE OPENING_CONNECT OPENING_ACCEPT "\r\n",
     NULL, "101"},
    {"and without the blank before it",
     "HTTP/1.1 101\r\n" OPENING_UPGRADE OPENING_CONNECT OPENING_ACCEPT "\r\n",
     NULL, "101"},
    {"the second of the subprotocols",
     OPENING_GOOD "Sec-WebSocket-Protocol: superchat\r\n\r\n", NULL,
     "101 superchat"},
    {"compression as it was offered",
     OPENING_GOOD OPENING_EXTENSION "\r\n\r\n", &opening_plain,
     "101 deflate 15 15 server keeps, client keeps"},
    {"the server drops its window, unasked",
     OPENING_GOOD OPENING_EXTENSION "; server_no_context_takeover\r\n\r\n",
     &opening_plain, "101 deflate 15 15 client keeps"},
    {"and has the client do so",
     OPENING_GOOD OPENING_EXTENSION "; client_no_context_takeover\r\n\r\n",
     &opening_plain, "101 deflate 15 15 server keeps,"},
    {"windows that the server chooses",
     OPENING_GOOD OPENING_EXTENSION "; client_max_window_bits=9"
     "; server_max_window_bits=\"8\"\r\n\r\n",
     &opening_plain, "101 deflate 8 9 server keeps, client keeps"},
    {"all that was asked for",
     OPENING_GOOD OPENING_EXTENSION "; server_no_context_takeover"
     "; server_max_window_bits=10; client_max_window_bits=11\r\n\r\n",
     &opening_all, "101 deflate 10 11"},
    {"a client that names its window keeps to it",
     OPENING_GOOD OPENING_EXTENSION "; server_no_context_takeover"
     "; server_max_window_bits=9\r\n\r\n",
     &opening_all, "101 deflate 9 11"},
    {"no compression, though it was offered",
     OPENING_GOOD "\r\n", &opening_plain, "101"},
    {"a refusal with a body",
     "HTTP/1.1 404 Not Found\r\nContent-Length: 9\r\n\r\n", NULL, "404"},
    {"an interim response", "HTTP/1.1 103 Early Hints\r\n\r\n", NULL, "103"},
    {"a refusal of an older server",
     "HTTP/1.0 503 Busy\r\n\r\n", NULL, "503"},

    /* ---- The status line (RFC 9112 4) ------------------------------------ */

    {"four digits", "HTTP/1.1 2000 OK\r\n\r\n", NULL, "malformed status line"},
    {"a letter behind them", "HTTP/1.1 101x\r\n\r\n", NULL,
     "malformed status line"},
    {"two digits", "HTTP/1.1 20 OK\r\n\r\n", NULL, "malformed status line"},
    {"a status below 100", "HTTP/1.1 099 OK\r\n\r\n", NULL,
     "malformed status line"},
    {"a letter in it", "HTTP/1.1 2O0 OK\r\n\r\n", NULL,
     "malformed status line"},
    {"the version ends otherwise", "HTTP/1.1X101zz\r\n\r\n", NULL,
     "malformed status line"},
    {"two blanks", "HTTP/1.1  101 OK\r\n\r\n", NULL, "malformed status line"},
    {"HTTP/2", "HTTP/2.0 101 OK\r\n\r\n", NULL, "malformed status line"},
    {"small letters", "http/1.1 101 OK\r\n\r\n", NULL,
     "malformed status line"},
    {"a request", "GET / HTTP/1.1\r\n\r\n", NULL, "malformed status line"},
    {"an empty line before it", "\r\nHTTP/1.1 101 OK\r\n\r\n", NULL,
     "malformed status line"},
    {"101 in HTTP/1.0",
     "HTTP/1.0 101 OK\r\n" OPENING_UPGRADE OPENING_CONNECT OPENING_ACCEPT
     "\r\n", NULL, "101 in a version other than HTTP/1.1"},

    /* ---- Fields (RFC 9112 5, 6) ------------------------------------------ */

    {"a field without a colon", OPENING_GOOD "No colon here\r\n\r\n", NULL,
     "malformed field"},
    {"a blank before the colon", OPENING_GOOD "Foo : bar\r\n\r\n", NULL,
     "malformed field"},
    {"a length that is none",
     "HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n", NULL,
     "malformed Content-Length"},
    {"two lengths",
     "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", NULL,
     "malformed Content-Length"},
    {"a body on a 101", OPENING_GOOD "Content-Length: 5\r\n\r\n", NULL,
     "a body on a 101"},
    {"an empty one", OPENING_GOOD "Content-Length: 0\r\n\r\n", NULL,
     "a body on a 101"},
    {"one in chunks", OPENING_GOOD "Transfer-Encoding: chunked\r\n\r\n", NULL,
     "a body on a 101"},

    /* ---- 4.1, steps 2 to 4 ----------------------------------------------- */

    {"Upgrade missing", OPENING_STATUS OPENING_CONNECT OPENING_ACCEPT "\r\n",
     NULL, "Upgrade is not websocket"},
    {"Upgrade empty",
     OPENING_STATUS "Upgrade:\r\n" OPENING_CONNECT OPENING_ACCEPT "\r\n",
     NULL, "Upgrade is not websocket"},
    {"another protocol",
     OPENING_STATUS "Upgrade: h2c\r\n" OPENING_CONNECT OPENING_ACCEPT "\r\n",
     NULL, "Upgrade is not websocket"},
    {"another protocol as well",
     OPENING_STATUS "Upgrade: websocket, h2c\r\n" OPENING_CONNECT
     OPENING_ACCEPT "\r\n", NULL, "Upgrade is not websocket"},
    {"Connection missing", OPENING_STATUS OPENING_UPGRADE OPENING_ACCEPT "\r\n",
     NULL, "Connection does not list upgrade"},
    {"Connection of another kind",
     OPENING_STATUS OPENING_UPGRADE "Connection: close\r\n" OPENING_ACCEPT
     "\r\n", NULL, "Connection does not list upgrade"},
    {"Accept missing", OPENING_STATUS OPENING_UPGRADE OPENING_CONNECT "\r\n",
     NULL, "not the answer to the key"},
    {"the answer to another key",
     OPENING_STATUS OPENING_UPGRADE OPENING_CONNECT
     "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOp=\r\n\r\n",
     NULL, "not the answer to the key"},
    {"its letters in another case",
     OPENING_STATUS OPENING_UPGRADE OPENING_CONNECT
     "Sec-WebSocket-Accept: S3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n",
     NULL, "not the answer to the key"},
    {"the answer twice", OPENING_GOOD OPENING_ACCEPT "\r\n", NULL,
     "not the answer to the key"},

    /* ---- Step 5: extensions ---------------------------------------------- */

    {"compression, unasked", OPENING_GOOD OPENING_EXTENSION "\r\n\r\n", NULL,
     "an extension that was not asked for"},
    {"another extension",
     OPENING_GOOD "Sec-WebSocket-Extensions: x-other\r\n\r\n", &opening_plain,
     "an extension that was not asked for"},
    {"another one beside it",
     OPENING_GOOD OPENING_EXTENSION ", x-other\r\n\r\n", &opening_plain,
     "an extension that was not asked for"},
    {"the field twice",
     OPENING_GOOD OPENING_EXTENSION "\r\n" OPENING_EXTENSION "\r\n\r\n",
     &opening_plain, "Sec-WebSocket-Extensions repeated"},
    {"the extension twice",
     OPENING_GOOD OPENING_EXTENSION ", permessage-deflate\r\n\r\n",
     &opening_plain, "parameters that the offer does not allow"},
    {"the field empty",
     OPENING_GOOD "Sec-WebSocket-Extensions: \r\n\r\n", &opening_plain,
     "an answer that is no list of extensions"},
    {"no grammar", OPENING_GOOD "Sec-WebSocket-Extensions: ;;;=\r\n\r\n",
     &opening_plain, "an answer that is no list of extensions"},
    {"something behind the list",
     OPENING_GOOD OPENING_EXTENSION " x\r\n\r\n", &opening_plain,
     "an answer that is no list of extensions"},
    {"an unknown parameter",
     OPENING_GOOD OPENING_EXTENSION "; level=9\r\n\r\n", &opening_plain,
     "parameters that the offer does not allow"},
    {"a parameter twice",
     OPENING_GOOD OPENING_EXTENSION "; server_max_window_bits=9"
     "; server_max_window_bits=9\r\n\r\n", &opening_plain,
     "parameters that the offer does not allow"},
    {"a window that is none",
     OPENING_GOOD OPENING_EXTENSION "; server_max_window_bits=16\r\n\r\n",
     &opening_plain, "parameters that the offer does not allow"},
    {"a window without a value",
     OPENING_GOOD OPENING_EXTENSION "; server_max_window_bits\r\n\r\n",
     &opening_plain, "parameters that the offer does not allow"},
    {"the hint, which is for offers",
     OPENING_GOOD OPENING_EXTENSION "; client_max_window_bits\r\n\r\n",
     &opening_plain, "parameters that the offer does not allow"},
    {"a client's window that was not for the server to choose",
     OPENING_GOOD OPENING_EXTENSION "; client_max_window_bits=15\r\n\r\n",
     &opening_fixed, "parameters that the offer does not allow"},
    {"a client's window larger than it said",
     OPENING_GOOD OPENING_EXTENSION "; server_no_context_takeover"
     "; server_max_window_bits=10; client_max_window_bits=12\r\n\r\n",
     &opening_all, "parameters that the offer does not allow"},
    {"a server's window larger than asked",
     OPENING_GOOD OPENING_EXTENSION "; server_no_context_takeover"
     "; server_max_window_bits=11\r\n\r\n",
     &opening_all, "parameters that the offer does not allow"},
    {"a server's window that is not named",
     OPENING_GOOD OPENING_EXTENSION "; server_no_context_takeover\r\n\r\n",
     &opening_all, "parameters that the offer does not allow"},
    {"a server that was asked to drop its window, and does not say so",
     OPENING_GOOD OPENING_EXTENSION "; server_max_window_bits=10\r\n\r\n",
     &opening_all, "parameters that the offer does not allow"},
    {"a switch with a value",
     OPENING_GOOD OPENING_EXTENSION "; server_no_context_takeover=1\r\n\r\n",
     &opening_plain, "parameters that the offer does not allow"},

    /* ---- Step 6: the subprotocol ----------------------------------------- */

    {"one that was not asked for",
     OPENING_GOOD "Sec-WebSocket-Protocol: soap\r\n\r\n", NULL,
     "a subprotocol that was not asked for"},
    {"in another case",
     OPENING_GOOD "Sec-WebSocket-Protocol: Chat\r\n\r\n", NULL,
     "a subprotocol that was not asked for"},
    {"an empty one",
     OPENING_GOOD "Sec-WebSocket-Protocol:\r\n\r\n", NULL,
     "a subprotocol that was not asked for"},
    {"both", OPENING_GOOD "Sec-WebSocket-Protocol: chat, superchat\r\n\r\n",
     NULL, "a subprotocol that was not asked for"},
    {"the same twice",
     OPENING_GOOD "Sec-WebSocket-Protocol: chat\r\n"
     "Sec-WebSocket-Protocol: chat\r\n\r\n", NULL,
     "Sec-WebSocket-Protocol repeated"},
};
/* clang-format on */

#endif
