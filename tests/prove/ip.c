/* SPDX-License-Identifier: MIT */
/*
 * slow: yes
 * sources: src/base/ip.c src/base/ip_put.c
 * with: src/base/bytes.c src/base/text.c
 * eva: -eva-slevel 500 -eva-split-return full
 *
 * Texts of some shapes as an address and as a block, any addresses compared
 * and written.
 */
#include "tests/prove/prove.h"

#include "base/ip.h"

static struct ip any_ip(void)
{
    struct ip ip = {.family = (uint8_t)any_between(IP_NONE, IP_V6)};
    any_bytes(ip.bytes, sizeof ip.bytes);
    return ip;
}

static void read_like(const char *shape)
{
    struct ip ip;
    struct ip_block block;
    struct span text = any_like(shape, 0);
    ip_parse(&ip, text);
    //@ assert family: ip.family <= IP_V6;
    if (ip_parse_block(&block, text)) {
        //@ assert bits: block.bits <= 128;
        ip = any_ip();
        ip_within(&ip, &block);
    }
}

static void write_any(size_t size)
{
    uint8_t out[48];
    struct ip ip = any_ip(), other = any_ip();
    ip_normalize(&ip);
    ip_equal(&ip, &other);
    struct text t = text_over(out + sizeof out - size, size);
    ip_put4(&t, ip.bytes);
    //@ assert in_it: t.len <= size;
}

/* Groups that are zero or not, in each order. */
static void write_groups(unsigned zeros)
{
    uint8_t out[48], bytes[16] = {0};
    for (size_t i = 0; i < 8; i++)
        if (!(zeros >> i & 1))
            bytes[2 * i + (i & 1)] = (uint8_t)any_between(1, UINT8_MAX);
    struct text t = text_over(out, sizeof out);
    ip_put6(&t, bytes);
    //@ assert fits: !t.overflow;
}

void main(void)
{
    static const char *const shapes[] = {
        "",
        "?",
        "??",
        "1.2.3.4",
        "1.?.3.??",
        "1.2.3.4/3?",
        "1.2.3.0/24",
        "1.2.3.4.5",
        "::",
        "::?",
        "?::",
        "1:2:3:4:5:6:7:?",
        "1::?:3",
        "::ffff:1.2.3.?",
        "::ffff:1.2.3.4/1?",
        "1:2:3:4:5:6:7:8:9",
        "1:2:3:4:5:6:7:8/12?",
        "12345::",
        ":",
        "a:b",
        "1:2::3:4:5:6:7:8:9",
        "::1:2:3:4:5:6:7:8",
        "1:2:3:4:5:6:7:8::",
        "1.2.3.4/999",
        "1.2.3.4/1234",
        "1.2.3.4/x",
        "1.2.3.4/33",
        "::1::",
        "fe80::/10",
    };
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
        read_like(shapes[i]);
    write_any(0);
    write_any(48);
    for (unsigned zeros = 0; zeros <= UINT8_MAX; zeros += SIZE(17, 7))
        write_groups(zeros);
}
