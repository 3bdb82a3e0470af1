/* SPDX-License-Identifier: MIT */
/*
 * Replies in RESP2 (redis.io, "Redis serialization protocol specification";
 * names in brackets are its headings). What a real server says is in
 * resp/redis.h.
 */
#ifndef VECTORS_RESP_H
#define VECTORS_RESP_H

#include <stddef.h>

/* The limits that these are read under. */
#define RESP_VECTOR_BULK  400
#define RESP_VECTOR_COUNT 9

struct resp_vector {
    const char *name;
    const char *bytes;
    size_t len;
    const char *expect; /* as test_resp.c tells it */
};

#define RESP_BYTES(text) .bytes = text, .len = sizeof(text) - 1

static const struct resp_vector resp_vectors[] = {
    /* ---- what the specification shows ---- */
    {
        .name = "a simple string (Simple strings)",
        RESP_BYTES("+OK\r\n"),
        .expect = "+OK .",
    },
    {
        .name = "an error (Simple errors)",
        RESP_BYTES("-ERR unknown command 'asdf'\r\n"),
        .expect = "-ERR unknown command 'asdf' .",
    },
    {
        .name = "integers (Integers)",
        RESP_BYTES(":0\r\n:1000\r\n"),
        .expect = ":0 . :1000 .",
    },
    {
        .name = "a bulk string (Bulk strings)",
        RESP_BYTES("$5\r\nhello\r\n"),
        .expect = "\"hello\" .",
    },
    {
        .name = "an empty bulk string (Bulk strings)",
        RESP_BYTES("$0\r\n\r\n"),
        .expect = "\"\" .",
    },
    {
        .name = "a null bulk string (Null bulk strings)",
        RESP_BYTES("$-1\r\n"),
        .expect = "nil .",
    },
    {
        .name = "an empty array (Arrays)",
        RESP_BYTES("*0\r\n"),
        .expect = "[0 ] .",
    },
    {
        .name = "an array of two bulk strings (Arrays)",
        RESP_BYTES("*2\r\n$5\r\nhello\r\n$5\r\nworld\r\n"),
        .expect = "[2 \"hello\" \"world\" ] .",
    },
    {
        .name = "an array of mixed types (Arrays)",
        RESP_BYTES("*5\r\n:1\r\n:2\r\n:3\r\n:4\r\n$5\r\nhello\r\n"),
        .expect = "[5 :1 :2 :3 :4 \"hello\" ] .",
    },
    {
        .name = "an array of arrays (Arrays)",
        RESP_BYTES("*2\r\n*3\r\n:1\r\n:2\r\n:3\r\n*2\r\n+Hello\r\n-World\r\n"),
        .expect = "[2 [3 :1 :2 :3 ] [2 +Hello -World ] ] .",
    },
    {
        .name = "a null array (Null arrays)",
        RESP_BYTES("*-1\r\n"),
        .expect = "nil .",
    },
    {
        .name = "null within an array (Null elements in arrays)",
        RESP_BYTES("*3\r\n$5\r\nhello\r\n$-1\r\n$5\r\nworld\r\n"),
        .expect = "[3 \"hello\" nil \"world\" ] .",
    },

    /* ---- what else may be ---- */
    {
        .name = "nothing",
        RESP_BYTES(""),
        .expect = "",
    },
    {
        .name = "empty lines",
        RESP_BYTES("+\r\n-\r\n"),
        .expect = "+ . - .",
    },
    {
        .name = "any bytes in a line but CR and LF",
        RESP_BYTES("+\0\x01\x7F\xFF$*\t\r\n"),
        .expect = "+\\x00\\x01\\x7F\\xFF$*\\x09 .",
    },
    {
        .name = "CRLF and replies inside a bulk string",
        RESP_BYTES("$9\r\n\r\n+OK\r\n\r\n\r\n+OK\r\n"),
        .expect = "\"\\x0D\\x0A+OK\\x0D\\x0A\\x0D\\x0A\" . +OK .",
    },
    {
        .name = "replies one behind the other (Pipelining)",
        RESP_BYTES("+OK\r\n$1\r\na\r\n*1\r\n:7\r\n-ERR\r\n*-1\r\n"),
        .expect = "+OK . \"a\" . [1 :7 ] . -ERR . nil .",
    },
    {
        .name = "arrays that end together, and go on",
        RESP_BYTES("*2\r\n*1\r\n*1\r\n*0\r\n*1\r\n*-1\r\n+OK\r\n"),
        .expect = "[2 [1 [1 [0 ] ] ] [1 nil ] ] . +OK .",
    },
    {
        .name = "the largest and the smallest integer",
        RESP_BYTES(":9223372036854775807\r\n:-9223372036854775808\r\n:-1\r\n"),
        .expect = ":9223372036854775807 . :-9223372036854775808 . :-1 .",
    },

    /* ---- unfinished ---- */
    {
        .name = "a line without its end",
        RESP_BYTES("+OK\r\n+OK\r"),
        .expect = "+OK . more",
    },
    {
        .name = "a type alone",
        RESP_BYTES("$"),
        .expect = "more",
    },
    {
        .name = "a bulk string without its last byte",
        RESP_BYTES("$5\r\nhello\r"),
        .expect = "more",
    },
    {
        .name = "a bulk string that is not there",
        RESP_BYTES("$0\r\n"),
        .expect = "more",
    },
    {
        .name = "an array without its last element",
        RESP_BYTES("*2\r\n*1\r\n+a\r\n"),
        .expect = "[2 [1 +a ] more",
    },

    /* ---- types ---- */
    {
        .name = "version 3's null is no type of version 2",
        RESP_BYTES("_\r\n"),
        .expect = "! a reply of an unknown type",
    },
    {
        .name = "an inline reply",
        RESP_BYTES("OK\r\n"),
        .expect = "! a reply of an unknown type",
    },
    {
        .name = "an empty line",
        RESP_BYTES("+OK\r\n\r\n"),
        .expect = "+OK . ! a reply of an unknown type",
    },
    {
        .name = "a line feed",
        RESP_BYTES("\n"),
        .expect = "! a reply of an unknown type",
    },
    {
        .name = "NUL",
        RESP_BYTES("\0"),
        .expect = "! a reply of an unknown type",
    },
    {
        .name = "an unknown type alone, behind a line",
        RESP_BYTES("+OK\r\n?"),
        .expect = "+OK . ! a reply of an unknown type",
    },
    {
        .name = "an unknown type within an array",
        RESP_BYTES("*2\r\n:1\r\n%1\r\n"),
        .expect = "[2 :1 ! a reply of an unknown type",
    },
    {
        .name = "a web server",
        RESP_BYTES("HTTP/1.1 400 Bad Request\r\n"),
        .expect = "! a reply of an unknown type",
    },
    {
        .name = "nothing is read behind a fault",
        RESP_BYTES("?\r\n+OK\r\n"),
        .expect = "! a reply of an unknown type",
    },

    /* ---- ends of lines ---- */
    {
        .name = "LF without CR",
        RESP_BYTES("+OK\n"),
        .expect = "! a bare CR or LF in a line",
    },
    {
        .name = "LF right behind the type",
        RESP_BYTES(":\n"),
        .expect = "! a bare CR or LF in a line",
    },
    {
        .name = "CR without LF",
        RESP_BYTES("-ERR\rx\r\n"),
        .expect = "! a bare CR or LF in a line",
    },
    {
        .name = "CR CR LF",
        RESP_BYTES("+OK\r\r\n"),
        .expect = "! a bare CR or LF in a line",
    },
    {
        .name = "a length that ends with LF",
        RESP_BYTES("$5\nhello\r\n"),
        .expect = "! a bare CR or LF in a line",
    },
    {
        .name = "a bulk string with a byte too many",
        RESP_BYTES("$5\r\nhello!\r\n"),
        .expect = "! a bulk string without its CRLF",
    },
    {
        .name = "a bulk string with a byte too few",
        RESP_BYTES("$5\r\nhell\r\n+OK\r\n"),
        .expect = "! a bulk string without its CRLF",
    },
    {
        .name = "a bulk string that ends with LF and no CR",
        RESP_BYTES("$1\r\na!\n"),
        .expect = "! a bulk string without its CRLF",
    },
    {
        .name = "a bulk string that ends with LF and CR",
        RESP_BYTES("$1\r\na\n\r"),
        .expect = "! a bulk string without its CRLF",
    },
    {
        .name = "a bulk string that ends with CR and no LF",
        RESP_BYTES("*1\r\n$0\r\n\r\r"),
        .expect = "[1 ! a bulk string without its CRLF",
    },

    /* ---- numbers ---- */
    {
        .name = "no digits",
        RESP_BYTES(":\r\n"),
        .expect = "! a malformed number",
    },
    {
        .name = "no length",
        RESP_BYTES("$\r\n"),
        .expect = "! a malformed number",
    },
    {
        .name = "no count",
        RESP_BYTES("*\r\n"),
        .expect = "! a malformed number",
    },
    {
        .name = "a plus sign (the specification has it, Redis never)",
        RESP_BYTES(":+5\r\n"),
        .expect = "! a malformed number",
    },
    {
        .name = "a length with a plus sign",
        RESP_BYTES("$+1\r\na\r\n"),
        .expect = "! a malformed number",
    },
    {
        .name = "a minus sign alone",
        RESP_BYTES(":-\r\n"),
        .expect = "! a malformed number",
    },
    {
        .name = "two minus signs",
        RESP_BYTES("$--1\r\n"),
        .expect = "! a malformed number",
    },
    {
        .name = "minus nothing",
        RESP_BYTES(":-0\r\n"),
        .expect = "! a malformed number",
    },
    {
        .name = "minus no bytes",
        RESP_BYTES("$-0\r\n\r\n"),
        .expect = "! a malformed number",
    },
    {
        .name = "a leading zero",
        RESP_BYTES(":07\r\n"),
        .expect = "! a malformed number",
    },
    {
        .name = "a leading zero behind a minus sign",
        RESP_BYTES("*-01\r\n"),
        .expect = "! a malformed number",
    },
    {
        .name = "two zeros",
        RESP_BYTES("*00\r\n"),
        .expect = "! a malformed number",
    },
    {
        .name = "a blank before a number",
        RESP_BYTES(": 1\r\n"),
        .expect = "! a malformed number",
    },
    {
        .name = "a blank behind a number",
        RESP_BYTES("$1 \r\na\r\n"),
        .expect = "! a malformed number",
    },
    {
        .name = "hexadecimal",
        RESP_BYTES("$a\r\n0123456789\r\n"),
        .expect = "! a malformed number",
    },
    {
        .name = "NUL in a number",
        RESP_BYTES(":1\0\r\n"),
        .expect = "! a malformed number",
    },
    {
        .name = "larger than the largest integer by one",
        RESP_BYTES(":9223372036854775808\r\n"),
        .expect = "! a malformed number",
    },
    {
        .name = "smaller than the smallest integer by one",
        RESP_BYTES(":-9223372036854775809\r\n"),
        .expect = "! a malformed number",
    },
    {
        .name = "2 to the power of 64: in 64 bits nothing is left of it",
        RESP_BYTES("$18446744073709551616\r\n\r\n"),
        .expect = "! a malformed number",
    },
    {
        .name = "as many digits as fit into the longest line",
        RESP_BYTES(":99999999999999999999\r\n"),
        .expect = "! a malformed number",
    },
    {
        .name = "one more",
        RESP_BYTES(":000000000000000000001\r\n"),
        .expect = "! a line too long",
    },
    {
        .name = "a count that does not end",
        RESP_BYTES("*1111111111111111111111111111111111"),
        .expect = "! a line too long",
    },

    /* ---- lengths ---- */
    {
        .name = "a length of -2",
        RESP_BYTES("$-2\r\n"),
        .expect = "! a negative length",
    },
    {
        .name = "a count of -2",
        RESP_BYTES("*-2\r\n"),
        .expect = "! a negative length",
    },
    {
        .name = "the smallest length",
        RESP_BYTES("$-9223372036854775808\r\n"),
        .expect = "! a negative length",
    },
    {
        .name = "a length over the limit",
        RESP_BYTES("$401\r\n"),
        .expect = "! a length over the limit",
    },
    {
        .name = "the largest length",
        RESP_BYTES("$9223372036854775807\r\n"),
        .expect = "! a length over the limit",
    },
    {
        .name = "as many elements as there may be",
        RESP_BYTES("*9\r\n:1\r\n:2\r\n:3\r\n:4\r\n:5\r\n:6\r\n:7\r\n:8\r\n"
                   ":9\r\n"),
        .expect = "[9 :1 :2 :3 :4 :5 :6 :7 :8 :9 ] .",
    },
    {
        .name = "one more element",
        RESP_BYTES("*10\r\n"),
        .expect = "! a length over the limit",
    },
    {
        .name = "2 to the power of 32, and one",
        RESP_BYTES("*4294967297\r\n:1\r\n"),
        .expect = "! a length over the limit",
    },

    /* ---- depth ---- */
    {
        .name = "as deep as may be",
        RESP_BYTES("*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n$1\r\na\r\n"),
        .expect = "[1 [1 [1 [1 [1 [1 [1 \"a\" ] ] ] ] ] ] ] .",
    },
    {
        .name = "as deep as may be, and null is no array",
        RESP_BYTES("*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*-1\r\n"),
        .expect = "[1 [1 [1 [1 [1 [1 [1 nil ] ] ] ] ] ] ] .",
    },
    {
        .name = "one deeper",
        RESP_BYTES("*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*0\r\n"),
        .expect = "[1 [1 [1 [1 [1 [1 [1 ! arrays nested too deeply",
    },
};

#endif
