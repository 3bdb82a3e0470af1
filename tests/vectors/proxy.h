/* SPDX-License-Identifier: MIT */
/*
 * PROXY headers. Section numbers are those of HAProxy's proxy-protocol.txt.
 */
#ifndef VECTORS_PROXY_H
#define VECTORS_PROXY_H

#include <stddef.h>

struct proxy_vector {
    const char *name;
    const char *bytes;
    size_t len;
    const char *expect; /* as test_proxy.c tells it */
};

#define PROXY_BYTES(text) .bytes = text, .len = sizeof(text) - 1

#define SIGNATURE "\r\n\r\n\0\r\nQUIT\n"
#define EIGHT     "\1\2\3\4\5\6\7\10"
#define FOUR_GET  "GET "

/* 216 bytes: two paths of a unix socket, 108 each. */
#define SIXTY_FOUR EIGHT EIGHT EIGHT EIGHT EIGHT EIGHT EIGHT EIGHT
#define TWO_PATHS  SIXTY_FOUR SIXTY_FOUR SIXTY_FOUR EIGHT EIGHT EIGHT

static const struct proxy_vector proxy_vectors[] = {
    /* ---- version 1 (2.1) ---- */
    {
        .name = "TCP over IPv4, the example of 2.1",
        PROXY_BYTES("PROXY TCP4 192.168.0.1 192.168.0.11 56324 443\r\n"
                    "GET / HTTP/1.1\r\n"),
        .expect = "192.168.0.1 port 56324, rest 16",
    },
    {
        .name = "the longest line of TCP4",
        PROXY_BYTES("PROXY TCP4 255.255.255.255 255.255.255.255 65535 65535"
                    "\r\n"),
        .expect = "255.255.255.255 port 65535, rest 0",
    },
    {
        .name = "the longest line of TCP6",
        PROXY_BYTES("PROXY TCP6 ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff "
                    "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535"
                    "\r\n"),
        .expect = "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff port 65535, "
                  "rest 0",
    },
    {
        .name = "TCP over IPv6",
        PROXY_BYTES("PROXY TCP6 2001:db8::7 2001:db8::1 4000 80\r\n"),
        .expect = "2001:db8::7 port 4000, rest 0",
    },
    {
        .name = "IPv4 within IPv6",
        PROXY_BYTES("PROXY TCP6 ::ffff:192.0.2.1 ::ffff:192.0.2.2 1 2\r\n"),
        .expect = "192.0.2.1 port 1, rest 0",
    },
    {
        .name = "port 0",
        PROXY_BYTES("PROXY TCP4 192.0.2.1 192.0.2.2 0 0\r\n"),
        .expect = "192.0.2.1 port 0, rest 0",
    },
    {
        .name = "UNKNOWN, short",
        PROXY_BYTES("PROXY UNKNOWN\r\n" FOUR_GET),
        .expect = "self, rest 4",
    },
    {
        .name = "UNKNOWN, what is in it is not looked at",
        PROXY_BYTES("PROXY UNKNOWN ::1 ::2 x y  z\r\n"),
        .expect = "self, rest 0",
    },
    {
        .name = "the longest line there can be (2.1)",
        PROXY_BYTES("PROXY UNKNOWN ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff "
                    "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535"
                    "\r\n"),
        .expect = "self, rest 0",
    },
    {
        .name = "a line longer by one",
        PROXY_BYTES("PROXY UNKNOWN ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff "
                    "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 655350"
                    "\r\n"),
        .expect = "PROXY line too long, at 107",
    },
    {
        .name = "a line that does not end",
        PROXY_BYTES("PROXY TCP4 192.0.2.1 192.0.2.2 1"),
        .expect = "more",
    },
    {
        .name = "LF without CR",
        PROXY_BYTES("PROXY TCP4 192.0.2.1 192.0.2.2 1 2\n"),
        .expect = "bare CR or LF in the PROXY line, at 35",
    },
    {
        .name = "CR without LF",
        PROXY_BYTES("PROXY TCP4 192.0.2.1\r192.0.2.2 1 2\r\n"),
        .expect = "bare CR or LF in the PROXY line, at 22",
    },
    {
        .name = "CR CR LF",
        PROXY_BYTES("PROXY UNKNOWN\r\r\n"),
        .expect = "bare CR or LF in the PROXY line, at 15",
    },
    {
        .name = "two spaces",
        PROXY_BYTES("PROXY TCP4 192.0.2.1  192.0.2.2 1 2\r\n"),
        .expect = "bad address or port in the PROXY line, at 37",
    },
    {
        .name = "a space at the end",
        PROXY_BYTES("PROXY TCP4 192.0.2.1 192.0.2.2 1 2 \r\n"),
        .expect = "bad address or port in the PROXY line, at 37",
    },
    {
        .name = "a port is missing",
        PROXY_BYTES("PROXY TCP4 192.0.2.1 192.0.2.2 1\r\n"),
        .expect = "bad address or port in the PROXY line, at 34",
    },
    {
        .name = "a port over 65535",
        PROXY_BYTES("PROXY TCP4 192.0.2.1 192.0.2.2 65536 2\r\n"),
        .expect = "bad address or port in the PROXY line, at 40",
    },
    {
        .name = "a port with a leading zero (2.1)",
        PROXY_BYTES("PROXY TCP4 192.0.2.1 192.0.2.2 01 2\r\n"),
        .expect = "bad address or port in the PROXY line, at 37",
    },
    {
        .name = "the destination's port counts, too",
        PROXY_BYTES("PROXY TCP4 192.0.2.1 192.0.2.2 1 x\r\n"),
        .expect = "bad address or port in the PROXY line, at 36",
    },
    {
        .name = "the destination counts, too",
        PROXY_BYTES("PROXY TCP4 192.0.2.1 192.0.2.256 1 2\r\n"),
        .expect = "bad address or port in the PROXY line, at 38",
    },
    {
        .name = "IPv6 called IPv4",
        PROXY_BYTES("PROXY TCP4 ::1 ::2 1 2\r\n"),
        .expect = "bad address or port in the PROXY line, at 24",
    },
    {
        .name = "IPv4 called IPv6",
        PROXY_BYTES("PROXY TCP6 192.0.2.1 192.0.2.2 1 2\r\n"),
        .expect = "bad address or port in the PROXY line, at 36",
    },
    {
        .name = "UDP is not of version 1",
        PROXY_BYTES("PROXY UDP4 192.0.2.1 192.0.2.2 1 2\r\n"),
        .expect = "unknown family in the PROXY line, at 36",
    },
    {
        .name = "UNKNOWN and a letter more",
        PROXY_BYTES("PROXY UNKNOWNS\r\n"),
        .expect = "unknown family in the PROXY line, at 16",
    },
    {
        .name = "nothing behind PROXY",
        PROXY_BYTES("PROXY \r\n"),
        .expect = "unknown family in the PROXY line, at 8",
    },

    /* ---- neither ---- */
    {
        .name = "a request",
        PROXY_BYTES("GET / HTTP/1.1\r\n"),
        .expect = "no PROXY header, at 1",
    },
    {
        .name = "a request that begins with the same letter",
        PROXY_BYTES("POST / HTTP/1.1\r\n"),
        .expect = "no PROXY header, at 2",
    },
    {
        .name = "in small letters",
        PROXY_BYTES("PROXy UNKNOWN\r\n"),
        .expect = "no PROXY header, at 5",
    },
    {
        .name = "a line that ends in the first word",
        PROXY_BYTES("PRO\n"),
        .expect = "no PROXY header, at 4",
    },
    {
        .name = "without its first blank",
        PROXY_BYTES("PROXY\tUNKNOWN\r\n"),
        .expect = "no PROXY header, at 6",
    },
    {
        .name = "an empty line",
        PROXY_BYTES("\r\nPROXY UNKNOWN\r\n"),
        .expect = "no PROXY header, at 3",
    },
    {
        .name = "a TLS hello",
        PROXY_BYTES("\x16\x03\x01\x02\x00"),
        .expect = "no PROXY header, at 1",
    },
    {
        .name = "nothing",
        PROXY_BYTES(""),
        .expect = "more",
    },

    /* ---- version 2 (2.2) ---- */
    {
        .name = "TCP over IPv4",
        PROXY_BYTES(SIGNATURE "\x21\x11"         /* PROXY, TCP over IPv4 */
                              "\x00\x0C"         /* 12 bytes */
                              "\xC0\x00\x02\x01" /* 192.0.2.1 */
                              "\xC6\x33\x64\x07" /* 198.51.100.7 */
                              "\xDC\x04\x01\xBB" /* 56324, 443 */
                    FOUR_GET),
        .expect = "192.0.2.1 port 56324, rest 4",
    },
    {
        .name = "TCP over IPv6",
        PROXY_BYTES(SIGNATURE "\x21\x21"
                              "\x00\x24" /* 36 bytes */
                              "\x20\x01\x0D\xB8\0\0\0\0\0\0\0\0\0\0\0\x07"
                              "\x20\x01\x0D\xB8\0\0\0\0\0\0\0\0\0\0\0\x01"
                              "\x0F\xA0\x00\x50"),
        .expect = "2001:db8::7 port 4000, rest 0",
    },
    {
        .name = "IPv4 within IPv6, binary",
        PROXY_BYTES(SIGNATURE "\x21\x21"
                              "\x00\x24"
                              "\0\0\0\0\0\0\0\0\0\0\xFF\xFF\xC0\x00\x02\x01"
                              "\0\0\0\0\0\0\0\0\0\0\xFF\xFF\xC0\x00\x02\x02"
                              "\x00\x01\x00\x02"),
        .expect = "192.0.2.1 port 1, rest 0",
    },
    {
        .name = "UDP over IPv4: a client by QUIC",
        PROXY_BYTES(SIGNATURE "\x21\x12"
                              "\x00\x0C"
                              "\xC0\x00\x02\x01\xC6\x33\x64\x07"
                              "\x00\x01\x00\x02"),
        .expect = "192.0.2.1 port 1, rest 0",
    },
    {
        .name = "with further fields, passed over",
        PROXY_BYTES(SIGNATURE "\x21\x11"
                              "\x00\x14"
                              "\xC0\x00\x02\x01\xC6\x33\x64\x07"
                              "\x00\x01\x00\x02"
                              "\x04\x00\x05" /* a TLV: PP2_TYPE_NOOP */
                              "PROXY" FOUR_GET),
        .expect = "192.0.2.1 port 1, rest 4",
    },
    {
        .name = "a unix socket",
        PROXY_BYTES(SIGNATURE "\x21\x31"
                              "\x00\xD8" TWO_PATHS FOUR_GET),
        .expect = "unix, rest 4",
    },
    {
        .name = "a unix socket with a field behind it",
        PROXY_BYTES(SIGNATURE "\x21\x32"
                              "\x00\xDB" TWO_PATHS "\x04\x00\x00" FOUR_GET),
        .expect = "unix, rest 4",
    },
    {
        .name = "LOCAL",
        PROXY_BYTES(SIGNATURE "\x20\x00\x00\x00" FOUR_GET),
        .expect = "self, rest 4",
    },
    {
        .name = "LOCAL with addresses that do not count",
        PROXY_BYTES(SIGNATURE "\x20\x11"
                              "\x00\x0C"
                              "\xC0\x00\x02\x01\xC6\x33\x64\x07"
                              "\x00\x01\x00\x02" FOUR_GET),
        .expect = "self, rest 4",
    },
    {
        .name = "LOCAL with a family that does not exist (2.2: ignored)",
        PROXY_BYTES(SIGNATURE "\x20\xFF\x00\x01x" FOUR_GET),
        .expect = "self, rest 4",
    },
    {
        .name = "UNSPEC: the proxy does not know",
        PROXY_BYTES(SIGNATURE "\x21\x00\x00\x08" EIGHT FOUR_GET),
        .expect = "self, rest 4",
    },
    {
        .name = "further fields that do not end",
        PROXY_BYTES(SIGNATURE "\x20\x00\xFF\xFF" EIGHT),
        .expect = "more",
    },
    {
        .name = "addresses that do not end",
        PROXY_BYTES(SIGNATURE "\x21\x11\x00\x0C" EIGHT "\x00\x01\x00"),
        .expect = "more",
    },
    {
        .name = "version 1 in the binary form",
        PROXY_BYTES(SIGNATURE "\x11\x11\x00\x0C"),
        .expect = "unknown version or command in the PROXY header, at 13",
    },
    {
        .name = "a command that does not exist",
        PROXY_BYTES(SIGNATURE "\x22\x11\x00\x0C"),
        .expect = "unknown version or command in the PROXY header, at 13",
    },
    {
        .name = "a family that does not exist",
        PROXY_BYTES(SIGNATURE "\x21\x41\x00\x0C"),
        .expect = "unknown family in the PROXY header, at 14",
    },
    {
        .name = "a transport that does not exist",
        PROXY_BYTES(SIGNATURE "\x21\x13\x00\x0C"),
        .expect = "unknown family in the PROXY header, at 14",
    },
    {
        .name = "a family without a transport",
        PROXY_BYTES(SIGNATURE "\x21\x10\x00\x0C"),
        .expect = "unknown family in the PROXY header, at 14",
    },
    {
        .name = "a transport without a family",
        PROXY_BYTES(SIGNATURE "\x21\x01\x00\x0C"),
        .expect = "unknown family in the PROXY header, at 14",
    },
    {
        .name = "IPv4 with a length one too short",
        PROXY_BYTES(SIGNATURE "\x21\x11\x00\x0B" EIGHT EIGHT),
        .expect = "PROXY header too short for its addresses, at 16",
    },
    {
        .name = "IPv6 with the length of IPv4",
        PROXY_BYTES(SIGNATURE "\x21\x21\x00\x0C" EIGHT EIGHT),
        .expect = "PROXY header too short for its addresses, at 16",
    },
    {
        .name = "IPv6 with a length one too short",
        PROXY_BYTES(SIGNATURE "\x21\x21\x00\x23" EIGHT EIGHT EIGHT EIGHT EIGHT),
        .expect = "PROXY header too short for its addresses, at 16",
    },
    {
        .name = "a unix socket with a length one too short",
        PROXY_BYTES(SIGNATURE "\x21\x31\x00\xD7" TWO_PATHS),
        .expect = "PROXY header too short for its addresses, at 16",
    },
    {
        .name = "a signature with its last byte wrong",
        PROXY_BYTES("\r\n\r\n\0\r\nQUIT\r\x21\x11"),
        .expect = "no PROXY header, at 12",
    },
};

#endif
