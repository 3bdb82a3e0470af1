/* SPDX-License-Identifier: MIT */
/*
 * Opening handshakes. Section numbers are those of RFC 6455.
 */
#ifndef VECTORS_HANDSHAKE_H
#define VECTORS_HANDSHAKE_H

struct handshake_vector {
    const char *name;
    const char *head;
    const char *origin;      /* the policy lets this one in; NULL: none */
    const char *subprotocol; /* the policy's; NULL: none */
    const char *expect;      /* as test_handshake.c tells it */
};

/* What goes right in a head that is about something else. */
#define HANDSHAKE_START                                                        \
    "GET /chat HTTP/1.1\r\n"                                                   \
    "Host: server.example.com\r\n"
#define HANDSHAKE_UPGRADE                                                      \
    "Upgrade: websocket\r\n"                                                   \
    "Connection: Upgrade\r\n"
#define HANDSHAKE_VERSION "Sec-WebSocket-Version: 13\r\n"
#define HANDSHAKE_KEY     "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
#define HANDSHAKE_GOOD                                                         \
    HANDSHAKE_START HANDSHAKE_UPGRADE HANDSHAKE_VERSION HANDSHAKE_KEY

/* What 1.3 computes for that key. */
#define HANDSHAKE_101 "101 s3pPLMBiTxaQ9kYGzzhZRbK+xOo="

/* One wire field a line, which clang-format would not have. */
/* clang-format off */
static const struct handshake_vector handshake_vectors[] = {
    {
        .name = "the example of 1.2",
        .head = "GET /chat HTTP/1.1\r\n"
                "Host: server.example.com\r\n"
                "Upgrade: websocket\r\n"
                "Connection: Upgrade\r\n"
                "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
                "Origin: http://example.com\r\n"
                "Sec-WebSocket-Protocol: chat, superchat\r\n"
                "Sec-WebSocket-Version: 13\r\n"
                "\r\n",
        .origin = "http://example.com",
        .subprotocol = "chat",
        .expect = "101 s3pPLMBiTxaQ9kYGzzhZRbK+xOo= chat",
    },
    {
        .name = "as a browser sends it",
        .head = "GET /echo HTTP/1.1\r\n"
                "Host: localhost:6868\r\n"
                "User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:128.0)\r\n"
                "Accept: */*\r\n"
                "Accept-Encoding: gzip, deflate, br, zstd\r\n"
                "Sec-WebSocket-Version: 13\r\n"
                "Origin: http://localhost:6868\r\n"
                "Sec-WebSocket-Extensions: permessage-deflate\r\n"
                "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
                "Connection: keep-alive, Upgrade\r\n"
                "Pragma: no-cache\r\n"
                "Upgrade: websocket\r\n"
                "\r\n",
        .expect = HANDSHAKE_101,
    },
    {
        .name = "tokens and names without case, in lists (4.2.1, 3 and 4)",
        .head = HANDSHAKE_START
                "upgrade: h2c\r\n"
                "UPGRADE: x, WebSocket\r\n"
                "connection: close\r\n"
                "Connection: ,uPGRADE\r\n"
                "sec-websocket-version: 13\r\n"
                "SEC-WEBSOCKET-KEY: AQIDBAUGBwgJCgsMDQ4PEC==\r\n"
                "\r\n",
        .expect = "101 OfS0wDaT5NoxF2gqm7Zj2YtetzM=",
    },
    {
        .name = "Content-Length: 0 announces no body",
        .head = HANDSHAKE_GOOD
                "Content-Length: 0\r\n"
                "\r\n",
        .expect = HANDSHAKE_101,
    },

    /* ---- no attempt at all ---- */
    {
        .name = "no Upgrade",
        .head = HANDSHAKE_START
                "Connection: Upgrade\r\n"
                HANDSHAKE_VERSION
                HANDSHAKE_KEY
                "\r\n",
        .expect = "not wanted",
    },
    {
        .name = "Upgrade to something else",
        .head = HANDSHAKE_START
                "Upgrade: websockets, h2c\r\n"
                "Connection: Upgrade\r\n"
                HANDSHAKE_VERSION
                HANDSHAKE_KEY
                "\r\n",
        .expect = "not wanted",
    },
    {
        .name = "HTTP/1.0 cannot upgrade (RFC 9110 7.8)",
        .head = "GET /chat HTTP/1.0\r\n"
                "Host: a\r\n"
                HANDSHAKE_UPGRADE
                HANDSHAKE_VERSION
                HANDSHAKE_KEY
                "\r\n",
        .expect = "not wanted",
    },
    {
        .name = "no Connection (RFC 9110 7.8)",
        .head = HANDSHAKE_START
                "Upgrade: websocket\r\n"
                HANDSHAKE_VERSION
                HANDSHAKE_KEY
                "\r\n",
        .expect = "not wanted",
    },
    {
        .name = "Connection without upgrade",
        .head = HANDSHAKE_START
                "Upgrade: websocket\r\n"
                "Connection: keep-alive\r\n"
                HANDSHAKE_VERSION
                HANDSHAKE_KEY
                "\r\n",
        .expect = "not wanted",
    },

    /* ---- a body ---- */
    {
        .name = "a body",
        .head = HANDSHAKE_GOOD
                "Content-Length: 1\r\n"
                "\r\n",
        .expect = "400 a body on an upgrade",
    },
    {
        .name = "a body before the version",
        .head = HANDSHAKE_START
                HANDSHAKE_UPGRADE
                "Content-Length: 1\r\n"
                "\r\n",
        .expect = "400 a body on an upgrade",
    },

    /* ---- Sec-WebSocket-Version (4.2.1, 6; 4.4) ---- */
    {
        .name = "no version",
        .head = HANDSHAKE_START
                HANDSHAKE_UPGRADE
                HANDSHAKE_KEY
                "\r\n",
        .expect = "426 Sec-WebSocket-Version not 13",
    },
    {
        .name = "an empty version",
        .head = HANDSHAKE_START
                HANDSHAKE_UPGRADE
                HANDSHAKE_KEY
                "Sec-WebSocket-Version:\r\n"
                "\r\n",
        .expect = "426 Sec-WebSocket-Version not 13",
    },
    {
        .name = "an old version, whose key had another name",
        .head = HANDSHAKE_START
                HANDSHAKE_UPGRADE
                "Sec-WebSocket-Version: 8\r\n"
                "\r\n",
        .expect = "426 Sec-WebSocket-Version not 13",
    },
    {
        .name = "several versions in one field",
        .head = HANDSHAKE_START
                HANDSHAKE_UPGRADE
                HANDSHAKE_KEY
                "Sec-WebSocket-Version: 13, 8\r\n"
                "\r\n",
        .expect = "426 Sec-WebSocket-Version not 13",
    },
    {
        .name = "a leading zero (4.3)",
        .head = HANDSHAKE_START
                HANDSHAKE_UPGRADE
                HANDSHAKE_KEY
                "Sec-WebSocket-Version: 013\r\n"
                "\r\n",
        .expect = "426 Sec-WebSocket-Version not 13",
    },
    {
        .name = "the version twice (11.3.5)",
        .head = HANDSHAKE_GOOD
                HANDSHAKE_VERSION
                "\r\n",
        .expect = "400 Sec-WebSocket-Version repeated",
    },

    /* ---- Sec-WebSocket-Key (4.2.1, 5) ---- */
    {
        .name = "no key",
        .head = HANDSHAKE_START
                HANDSHAKE_UPGRADE
                HANDSHAKE_VERSION
                "\r\n",
        .expect = "400 Sec-WebSocket-Key missing",
    },
    {
        .name = "the key twice (11.3.1)",
        .head = HANDSHAKE_GOOD
                HANDSHAKE_KEY
                "\r\n",
        .expect = "400 Sec-WebSocket-Key repeated",
    },
    {
        .name = "an empty key",
        .head = HANDSHAKE_START
                HANDSHAKE_UPGRADE
                HANDSHAKE_VERSION
                "Sec-WebSocket-Key:\r\n"
                "\r\n",
        .expect = "400 Sec-WebSocket-Key not 16 bytes of base64",
    },
    {
        .name = "15 bytes",
        .head = HANDSHAKE_START
                HANDSHAKE_UPGRADE
                HANDSHAKE_VERSION
                "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAA\r\n"
                "\r\n",
        .expect = "400 Sec-WebSocket-Key not 16 bytes of base64",
    },
    {
        .name = "17 bytes",
        .head = HANDSHAKE_START
                HANDSHAKE_UPGRADE
                HANDSHAKE_VERSION
                "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAAA=\r\n"
                "\r\n",
        .expect = "400 Sec-WebSocket-Key not 16 bytes of base64",
    },
    {
        .name = "padding left out",
        .head = HANDSHAKE_START
                HANDSHAKE_UPGRADE
                HANDSHAKE_VERSION
                "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ\r\n"
                "\r\n",
        .expect = "400 Sec-WebSocket-Key not 16 bytes of base64",
    },
    {
        .name = "another alphabet",
        .head = HANDSHAKE_START
                HANDSHAKE_UPGRADE
                HANDSHAKE_VERSION
                "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25j-_==\r\n"
                "\r\n",
        .expect = "400 Sec-WebSocket-Key not 16 bytes of base64",
    },

    /* ---- Origin (4.2.1, 7; 10.2) ---- */
    {
        .name = "the same host",
        .head = HANDSHAKE_GOOD
                "Origin: https://SERVER.example.com\r\n"
                "\r\n",
        .expect = HANDSHAKE_101,
    },
    {
        .name = "the same host and port",
        .head = "GET / HTTP/1.1\r\n"
                "Host: [::1]:6868\r\n"
                HANDSHAKE_UPGRADE
                HANDSHAKE_VERSION
                HANDSHAKE_KEY
                "Origin: http://[::1]:6868\r\n"
                "\r\n",
        .expect = HANDSHAKE_101,
    },
    {
        .name = "the host of an absolute-form target (RFC 9112 3.2.2)",
        .head = "GET ws://b/chat HTTP/1.1\r\n"
                "Host: a\r\n"
                HANDSHAKE_UPGRADE
                HANDSHAKE_VERSION
                HANDSHAKE_KEY
                "Origin: http://b\r\n"
                "\r\n",
        .expect = HANDSHAKE_101,
    },
    {
        .name = "another host",
        .head = HANDSHAKE_GOOD
                "Origin: http://evil.example\r\n"
                "\r\n",
        .expect = "403 Origin not allowed",
    },
    {
        .name = "another port",
        .head = HANDSHAKE_GOOD
                "Origin: http://server.example.com:81\r\n"
                "\r\n",
        .expect = "403 Origin not allowed",
    },
    {
        .name = "a host that ends in ours",
        .head = HANDSHAKE_GOOD
                "Origin: http://xserver.example.com\r\n"
                "\r\n",
        .expect = "403 Origin not allowed",
    },
    {
        .name = "a host that starts with ours",
        .head = HANDSHAKE_GOOD
                "Origin: http://server.example.com.evil\r\n"
                "\r\n",
        .expect = "403 Origin not allowed",
    },
    {
        .name = "our name without a scheme",
        .head = HANDSHAKE_GOOD
                "Origin: server.example.com\r\n"
                "\r\n",
        .expect = "403 Origin not allowed",
    },
    {
        .name = "a scheme without slashes",
        .head = HANDSHAKE_GOOD
                "Origin: http:xxserver.example.com\r\n"
                "\r\n",
        .expect = "403 Origin not allowed",
    },
    {
        .name = "a scheme with one slash, then the other way round",
        .head = HANDSHAKE_GOOD
                "Origin: http:/xserver.example.com\r\n"
                "\r\n",
        .expect = "403 Origin not allowed",
    },
    {
        .name = "a slash in the wrong place",
        .head = HANDSHAKE_GOOD
                "Origin: http:x/server.example.com\r\n"
                "\r\n",
        .expect = "403 Origin not allowed",
    },
    {
        .name = "the default port of its scheme, written out",
        .head = HANDSHAKE_GOOD
                "Origin: https://server.example.com:443\r\n"
                "\r\n",
        .expect = HANDSHAKE_101,
    },
    {
        .name = "the default port of the other scheme",
        .head = HANDSHAKE_GOOD
                "Origin: https://server.example.com:80\r\n"
                "\r\n",
        .expect = "403 Origin not allowed",
    },
    {
        .name = "the list has the default port written out",
        .head = HANDSHAKE_GOOD
                "Origin: https://a.example\r\n"
                "\r\n",
        .origin = "https://a.example:443",
        .expect = HANDSHAKE_101,
    },
    {
        .name = "null, in the list",
        .head = HANDSHAKE_GOOD
                "Origin: null\r\n"
                "\r\n",
        .origin = "null",
        .expect = HANDSHAKE_101,
    },
    {
        .name = "null (RFC 6454 7.1)",
        .head = HANDSHAKE_GOOD
                "Origin: null\r\n"
                "\r\n",
        .expect = "403 Origin not allowed",
    },
    {
        .name = "nothing",
        .head = HANDSHAKE_GOOD
                "Origin:\r\n"
                "\r\n",
        .expect = "403 Origin not allowed",
    },
    {
        .name = "a scheme alone",
        .head = HANDSHAKE_GOOD
                "Origin: http://\r\n"
                "\r\n",
        .expect = "403 Origin not allowed",
    },
    {
        .name = "it ends at the colon",
        .head = HANDSHAKE_GOOD
                "Origin: http:\r\n"
                "\r\n",
        .expect = "403 Origin not allowed",
    },
    {
        .name = "one of the list",
        .head = HANDSHAKE_GOOD
                "Origin: https://A.example\r\n"
                "\r\n",
        .origin = "https://a.example",
        .expect = HANDSHAKE_101,
    },
    {
        .name = "the first of the list",
        .head = HANDSHAKE_GOOD
                "Origin: https://first.example\r\n"
                "\r\n",
        .origin = "https://a.example",
        .expect = HANDSHAKE_101,
    },
    {
        .name = "null, at a host with a name of one letter",
        .head = "GET / HTTP/1.1\r\n"
                "Host: a\r\n"
                HANDSHAKE_UPGRADE
                HANDSHAKE_VERSION
                HANDSHAKE_KEY
                "Origin: null\r\n"
                "\r\n",
        .expect = "403 Origin not allowed",
    },
    {
        .name = "one of the list but for its scheme",
        .head = HANDSHAKE_GOOD
                "Origin: http://a.example\r\n"
                "\r\n",
        .origin = "https://a.example",
        .expect = "403 Origin not allowed",
    },
    {
        .name = "the same host still, beside a list",
        .head = HANDSHAKE_GOOD
                "Origin: http://server.example.com\r\n"
                "\r\n",
        .origin = "https://a.example",
        .expect = HANDSHAKE_101,
    },
    {
        .name = "everybody",
        .head = HANDSHAKE_GOOD
                "Origin: null\r\n"
                "\r\n",
        .origin = "*",
        .expect = HANDSHAKE_101,
    },
    {
        .name = "two origins, even where everybody may",
        .head = HANDSHAKE_GOOD
                "Origin: http://server.example.com\r\n"
                "Origin: http://server.example.com\r\n"
                "\r\n",
        .origin = "*",
        .expect = "400 Origin repeated",
    },

    /* ---- Sec-WebSocket-Protocol (4.2.2, 5.5) ---- */
    {
        .name = "offered among others, over several lines",
        .head = HANDSHAKE_GOOD
                "Sec-WebSocket-Protocol: soap, wamp\r\n"
                "Sec-WebSocket-Protocol: chatd.v1\r\n"
                "\r\n",
        .subprotocol = "chatd.v1",
        .expect = HANDSHAKE_101 " chatd.v1",
    },
    {
        .name = "offered in the very first field",
        .head = "GET /chat HTTP/1.1\r\n"
                "Sec-WebSocket-Protocol: chatd.v1\r\n"
                "Host: server.example.com\r\n"
                HANDSHAKE_UPGRADE
                HANDSHAKE_VERSION
                HANDSHAKE_KEY
                "\r\n",
        .subprotocol = "chatd.v1",
        .expect = HANDSHAKE_101 " chatd.v1",
    },
    {
        .name = "not offered",
        .head = HANDSHAKE_GOOD
                "Sec-WebSocket-Protocol: chatd.v10\r\n"
                "\r\n",
        .subprotocol = "chatd.v1",
        .expect = HANDSHAKE_101,
    },
    {
        .name = "offered in another case: that is another",
        .head = HANDSHAKE_GOOD
                "Sec-WebSocket-Protocol: CHATD.v1\r\n"
                "\r\n",
        .subprotocol = "chatd.v1",
        .expect = HANDSHAKE_101,
    },
    {
        .name = "offered where none is known",
        .head = HANDSHAKE_GOOD
                "Sec-WebSocket-Protocol: chat\r\n"
                "\r\n",
        .expect = HANDSHAKE_101,
    },
    {
        .name = "nothing offered, where one is known",
        .head = HANDSHAKE_GOOD
                "\r\n",
        .subprotocol = "chat",
        .expect = HANDSHAKE_101,
    },

    /* ---- the order ---- */
    {
        .name = "the version before the key",
        .head = HANDSHAKE_START
                HANDSHAKE_UPGRADE
                "\r\n",
        .expect = "426 Sec-WebSocket-Version not 13",
    },
    {
        .name = "the key before the origin",
        .head = HANDSHAKE_START
                HANDSHAKE_UPGRADE
                HANDSHAKE_VERSION
                "Origin: null\r\n"
                "\r\n",
        .expect = "400 Sec-WebSocket-Key missing",
    },
};
/* clang-format on */

#endif
