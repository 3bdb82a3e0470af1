/* SPDX-License-Identifier: MIT */
/*
 * sources: src/wire/proxy.c
 * with: src/base/bytes.c src/base/ip.c
 * eva: -eva-slevel 500 -eva-split-return full
 *
 * Headers of some shapes, of both versions; and of version 2 addresses of any
 * bytes.
 */
#include "tests/prove/prove.h"

#include "wire/proxy.h"

static void read_span(struct proxy *p, struct span in)
{
    size_t taken = proxy_read(p, in.ptr, in.len);
    //@ assert taken: taken <= in.len;
    if (p->step == PROXY_MORE) {
        //@ assert progress: taken == in.len;
    }
    //@ assert room: p->len <= PROXY_LINE_MAX;
}

static void read_line(const char *shape)
{
    struct proxy p = {0};
    read_span(&p, any_like(shape, 0));
}

/* What follows the signature, and `behind` bytes more. */
static void read_binary(uint8_t command, uint8_t family, uint16_t len,
                        size_t behind)
{
    static uint8_t bytes[16 + 36 + 4] = "\r\n\r\n\0\r\nQUIT\n";
    struct proxy p = {0};
    any_bytes(bytes + 16, sizeof bytes - 16);
    bytes[12] = command;
    bytes[13] = family;
    bytes_put16(bytes + 14, len);
    read_span(&p, bytes_span(bytes, 16 + behind));
}

static void read_binaries(uint8_t family)
{
    read_binary(0x20, family, 9, 4);
    read_binary(0x21, family, 12, 13);
    read_binary(0x21, family, 36, 40);
    read_binary(0x21, family, 300, 0);
    read_binary(0x21, family, UINT16_MAX, 40);
    read_binary(0x22, family, 12, 0);
}

void main(void)
{
    static const char *const shapes[] = {
        "",
        "?",
        "PROX?",
        "PROXY ?",
        "PROXY TCP4 1.2.3.? 1.2.3.4 ? ?\r\n?",
        "PROXY TCP4 1.2.3.4 1.2.3.4 5 6\r\n",
        "PROXY TCP4 1.2.3.4 1.2.3 5 6\r\n",
        "PROXY TCP4 1.2.3.4 1.2.3.4 65536 6\r\n",
        "PROXY TCP4 1.2.3.4 1.2.3.4 5 6x\r\n",
        "PROXY TCP6 ::? 1.2.3.4 5 6\r\n",
        "PROXY TCP6 ::1 ::1 5 6\r\n",
        "PROXY TCP? ::1 ::1 5 6\r\n",
        "PROXY UNKNOWN ??\r\n",
        "PROXY \r?",
        "PROXY aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        "\r\n\r?",
    };
    static const uint8_t families[] = {0,    0x01, 0x11, 0x12, 0x13,
                                       0x10, 0x21, 0x31, 0x41, 0xFF};
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
        read_line(shapes[i]);
    for (size_t i = 0; i < sizeof families; i++)
        read_binaries(families[i]);
}
