/* SPDX-License-Identifier: MIT */
/*
 * Request heads. Section numbers are those of RFC 9112.
 */
#ifndef VECTORS_HTTP_H
#define VECTORS_HTTP_H

#include <stddef.h>

struct http_vector {
    const char *name;
    const char *bytes;
    size_t len;
    const char *expect; /* as test_http.c tells it; NULL where the array's
                           comment says what all of it come to */
};

#define HTTP_BYTES(text) .bytes = text, .len = sizeof(text) - 1

/* ---- Well formed --------------------------------------------------------- */

static const struct http_vector http_good[] = {
    {
        .name = "origin-form, the example of 3.2.1",
        HTTP_BYTES("GET /where?q=now HTTP/1.1\r\n"
                   "Host: www.example.org\r\n"
                   "\r\n"),
        .expect = "GET /where query q=now at www.example.org, HTTP/1.1, "
                  "fields 1, rest 0",
    },
    {
        .name = "absolute-form, the example of 3.2.2",
        HTTP_BYTES("GET http://www.example.org/pub/TheProject.html HTTP/1.1\r\n"
                   "Host: www.example.org\r\n"
                   "\r\n"),
        .expect = "GET /pub/TheProject.html at www.example.org, HTTP/1.1, "
                  "fields 1, rest 0",
    },
    {
        .name = "asterisk-form, the example of 3.2.4",
        HTTP_BYTES("OPTIONS * HTTP/1.1\r\n"
                   "Host: www.example.org:8001\r\n"
                   "\r\n"),
        .expect = "OPTIONS * at www.example.org:8001, HTTP/1.1, "
                  "fields 1, rest 0",
    },
    {
        .name = "authority-form, the example of 3.2.3",
        HTTP_BYTES("CONNECT www.example.com:80 HTTP/1.1\r\n"
                   "Host: www.example.com\r\n"
                   "\r\n"),
        .expect = "CONNECT www.example.com:80 at www.example.com, HTTP/1.1, "
                  "fields 1, rest 0",
    },
    {
        .name = "one empty line before the request line (2.2)",
        HTTP_BYTES("\r\n"
                   "GET / HTTP/1.1\r\n"
                   "Host: a\r\n"
                   "\r\n"),
        .expect = "GET / at a, HTTP/1.1, fields 1, rest 0",
    },
    {
        .name = "another request behind the first (9.3.2)",
        HTTP_BYTES("GET / HTTP/1.1\r\n"
                   "Host: a\r\n"
                   "\r\n"
                   "GET \0\n"),
        .expect = "GET / at a, HTTP/1.1, fields 1, rest 6",
    },
    {
        .name = "HTTP/1.0 needs no Host (3.2)",
        HTTP_BYTES("GET / HTTP/1.0\r\n"
                   "\r\n"),
        .expect = "GET / at nothing, HTTP/1.0, fields 0, rest 0",
    },
    {
        .name = "HTTP/1.0 may have a Host",
        HTTP_BYTES("GET / HTTP/1.0\r\n"
                   "Host: a\r\n"
                   "\r\n"),
        .expect = "GET / at a, HTTP/1.0, fields 1, rest 0",
    },
    {
        .name = "a later minor version counts as 1 (RFC 9110 2.5)",
        HTTP_BYTES("GET / HTTP/1.9\r\n"
                   "Host: a\r\n"
                   "\r\n"),
        .expect = "GET / at a, HTTP/1.1, fields 1, rest 0",
    },
    {
        .name = "the target's authority counts, not Host (3.2.2)",
        HTTP_BYTES("GET http://b.example:8080/x HTTP/1.1\r\n"
                   "Host: a\r\n"
                   "\r\n"),
        .expect = "GET /x at b.example:8080, HTTP/1.1, fields 1, rest 0",
    },
    {
        .name = "absolute-form without Host under HTTP/1.0",
        HTTP_BYTES("GET http://b/ HTTP/1.0\r\n"
                   "\r\n"),
        .expect = "GET / at b, HTTP/1.0, fields 0, rest 0",
    },
    {
        .name = "schemes have no case (RFC 3986 3.1)",
        HTTP_BYTES("GET wS://b/x HTTP/1.1\r\n"
                   "Host: a\r\n"
                   "\r\n"),
        .expect = "GET /x at b, HTTP/1.1, fields 1, rest 0",
    },
    {
        .name = "https, and an IPv6 address",
        HTTP_BYTES("GET https://[2001:db8::1]:443/x HTTP/1.1\r\n"
                   "Host: a\r\n"
                   "\r\n"),
        .expect = "GET /x at [2001:db8::1]:443, HTTP/1.1, fields 1, rest 0",
    },
    {
        .name = "wss, an empty path is / (RFC 9110 4.2.3)",
        HTTP_BYTES("GET wss://b HTTP/1.1\r\n"
                   "Host: a\r\n"
                   "\r\n"),
        .expect = "GET / at b, HTTP/1.1, fields 1, rest 0",
    },
    {
        .name = "an empty path before a query that holds a slash",
        HTTP_BYTES("GET http://b?x/y HTTP/1.1\r\n"
                   "Host: a\r\n"
                   "\r\n"),
        .expect = "GET / query x/y at b, HTTP/1.1, fields 1, rest 0",
    },
    {
        .name = "an empty query is a query; a second ? is part of one",
        HTTP_BYTES("GET /?? HTTP/1.1\r\n"
                   "Host: a\r\n"
                   "\r\n"),
        .expect = "GET / query ? at a, HTTP/1.1, fields 1, rest 0",
    },
    {
        .name = "the lowest and highest bytes of a target",
        HTTP_BYTES("GET /!~\"<>\\^`{|}[]%zz HTTP/1.1\r\n"
                   "Host: a\r\n"
                   "\r\n"),
        .expect = "GET /!~\"<>\\^`{|}[]%zz at a, HTTP/1.1, fields 1, rest 0",
    },
    {
        .name = "every character of a token that is no letter",
        HTTP_BYTES("!#$%&'*+-.^_`|~09 / HTTP/1.1\r\n"
                   "Host: a\r\n"
                   "!#$%&'*+-.^_`|~09:\r\n"
                   "\r\n"),
        .expect = "!#$%&'*+-.^_`|~09 / at a, HTTP/1.1, fields 2, rest 0",
    },
    {
        .name = "names of fields have no case (RFC 9110 5.1)",
        HTTP_BYTES("GET / HTTP/1.1\r\n"
                   "hOST:a\r\n"
                   "\r\n"),
        .expect = "GET / at a, HTTP/1.1, fields 1, rest 0",
    },
    {
        .name = "a value of TAB, obs-text and white space around it",
        HTTP_BYTES("GET / HTTP/1.1\r\n"
                   "Host: \t a \t \r\n"
                   "X: \x80\t\xFF \t\r\n"
                   "\r\n"),
        .expect = "GET / at a, HTTP/1.1, fields 2, rest 0",
    },
    {
        .name = "Content-Length (6.2)",
        HTTP_BYTES("GET / HTTP/1.1\r\n"
                   "Host: a\r\n"
                   "Content-Length: 42\r\n"
                   "\r\n"),
        .expect = "GET / at a, HTTP/1.1, fields 2, rest 0",
    },
    {
        .name = "Content-Length repeated, the same (6.3)",
        HTTP_BYTES("GET / HTTP/1.1\r\n"
                   "Host: a\r\n"
                   "Content-Length: 42, 42\r\n"
                   "Content-Length: 42\r\n"
                   "\r\n"),
        .expect = "GET / at a, HTTP/1.1, fields 3, rest 0",
    },
    {
        .name = "not whole yet",
        HTTP_BYTES("GET / HTTP/1.1\r\n"
                   "Host: a\r\n"
                   "\r"),
        .expect = "more",
    },
};

/* RFC 9110 7.2, RFC 3986 3.2.2: what may stand in Host. */
static const char *const http_good_hosts[] = {
    "example.org",
    "example.org:80",
    "example.org:", /* a port may be empty (RFC 3986 3.2.3) */
    "192.0.2.1:6868",
    "[::1]",
    "[::FFFF:192.0.2.1]:65536",
    "b%C3%bccher.example",
    "%41",
    "a%00",
    "a%0a",
    "-._~!$&'()*+;=0", /* unreserved, and sub-delims but the comma */
};

static const char *const http_bad_hosts[] = {
    "",
    ":80",
    "user@example.org",
    "user:pw@example.org",
    "user:1@example.org",
    "a b",
    "a,b", /* two Host fields, made into one on the way */
    "a/",
    "a:8o",
    "a%g0",
    "a%0g",
    "a:80:80",
    "a:-1",
    "[]",
    "[::1",
    "[::1]x",
    "[::1]:x",
    "[::g]",
    "[g::1]",
    "[:80",
    "[fe80::1%25eth0]", /* a zone means nothing to others (RFC 6874 4) */
    "::1",
    "%",
    "%4",
    "%4x",
    "%x4",
    "m\xC3\xBCnster.example",
    "\"a\"",
};

/* ---- Refused by the scanner ---------------------------------------------- */

/* Each is 400 with its last byte, and not before it. */
static const struct http_vector http_bad_bytes[] = {
    {.name = "NUL first", HTTP_BYTES("\0")},
    {.name = "a TLS ClientHello", HTTP_BYTES("\x16")},
    {.name = "LF first (2.2)", HTTP_BYTES("\n")},
    {.name = "CR alone first", HTTP_BYTES("\rG")},
    {.name = "two CRs first", HTTP_BYTES("\r\r")},
    {.name = "a second empty line", HTTP_BYTES("\r\n\r")},
    {.name = "LF after an empty line", HTTP_BYTES("\r\n\n")},
    {.name = "LF ends the request line", HTTP_BYTES("GET / HTTP/1.1\n")},
    {.name = "CR in the request line", HTTP_BYTES("GET /\rX")},
    {.name = "two CRs after it", HTTP_BYTES("GET / HTTP/1.1\r\r")},
    {.name = "NUL in the request line", HTTP_BYTES("GET /\0")},
    {.name = "DEL in the request line", HTTP_BYTES("GET /\x7F")},
    {.name = "SP after the request line (2.2)",
     HTTP_BYTES("GET / HTTP/1.1\r\n ")},
    {.name = "TAB after the request line", HTTP_BYTES("GET / HTTP/1.1\r\n\t")},
    {.name = "LF after the request line", HTTP_BYTES("GET / HTTP/1.1\r\n\n")},
    {.name = "obs-fold with SP (5.2)",
     HTTP_BYTES("GET / HTTP/1.1\r\n"
                "X: a\r\n ")},
    {.name = "obs-fold with TAB",
     HTTP_BYTES("GET / HTTP/1.1\r\n"
                "X: a\r\n\t")},
    {.name = "LF ends a field",
     HTTP_BYTES("GET / HTTP/1.1\r\n"
                "X: a\n")},
    {.name = "CR in a value",
     HTTP_BYTES("GET / HTTP/1.1\r\n"
                "X: a\rb")},
    {.name = "NUL in a value (RFC 9110 5.5)",
     HTTP_BYTES("GET / HTTP/1.1\r\n"
                "X: \0")},
    {.name = "the highest control in a value",
     HTTP_BYTES("GET / HTTP/1.1\r\n"
                "X: a\x1F")},
    {.name = "DEL in a value",
     HTTP_BYTES("GET / HTTP/1.1\r\n"
                "X: a\x7F")},
    {.name = "NUL in a name",
     HTTP_BYTES("GET / HTTP/1.1\r\n"
                "X\0")},
    {.name = "a control starts a line",
     HTTP_BYTES("GET / HTTP/1.1\r\n"
                "\x01")},
    {.name = "LF after the last field",
     HTTP_BYTES("GET / HTTP/1.1\r\n"
                "X: a\r\n\n")},
    {.name = "CR without LF at the end",
     HTTP_BYTES("GET / HTTP/1.1\r\n"
                "X: a\r\n\rX")},
};

/* ---- Refused by the parser ----------------------------------------------- */

/* Request lines; a Host and the empty line are put behind them. */
static const struct http_vector http_bad_request_lines[] = {
    {HTTP_BYTES(" / HTTP/1.1"), .expect = "400 malformed method"},
    {HTTP_BYTES("GE(T / HTTP/1.1"), .expect = "400 malformed method"},
    {HTTP_BYTES("GET\t/ HTTP/1.1"), .expect = "400 malformed method"},
    {HTTP_BYTES("G\xC3\x8BT / HTTP/1.1"), .expect = "400 malformed method"},
    {HTTP_BYTES("GET"), .expect = "400 malformed target"},
    {HTTP_BYTES("GET "), .expect = "400 malformed target"},
    {HTTP_BYTES("GET HTTP/1.1"), .expect = "400 malformed target"},
    {HTTP_BYTES("GET  / HTTP/1.1"), .expect = "400 malformed target"},
    {HTTP_BYTES("GET /\t HTTP/1.1"), .expect = "400 malformed target"},
    {HTTP_BYTES("GET /# HTTP/1.1"), .expect = "400 malformed target"},
    {HTTP_BYTES("GET /\x80 HTTP/1.1"), .expect = "400 malformed target"},
    {HTTP_BYTES("GET * HTTP/1.1"), .expect = "400 malformed target"},
    {HTTP_BYTES("options * HTTP/1.1"), .expect = "400 malformed target"},
    {HTTP_BYTES("OPTIONS ** HTTP/1.1"), .expect = "400 malformed target"},
    {HTTP_BYTES("GET chat HTTP/1.1"), .expect = "400 malformed target"},
    {HTTP_BYTES("GET ?x HTTP/1.1"), .expect = "400 malformed target"},
    {HTTP_BYTES("CONNECT /x/ HTTP/1.1x"),
     .expect = "400 malformed HTTP version"},
    {HTTP_BYTES("CONNECT a/b HTTP/1.1"), .expect = "400 malformed target"},
    {HTTP_BYTES("GET a:443 HTTP/1.1"), .expect = "400 malformed target"},
    {HTTP_BYTES("GET ftp://a/ HTTP/1.1"), .expect = "400 malformed target"},
    {HTTP_BYTES("GET http: HTTP/1.1"), .expect = "400 malformed target"},
    {HTTP_BYTES("GET http:/ HTTP/1.1"), .expect = "400 malformed target"},
    {HTTP_BYTES("GET http:/a/ HTTP/1.1"), .expect = "400 malformed target"},
    {HTTP_BYTES("GET http:x/a/ HTTP/1.1"), .expect = "400 malformed target"},
    {HTTP_BYTES("GET http:/xa/ HTTP/1.1"), .expect = "400 malformed target"},
    {HTTP_BYTES("GET http:// HTTP/1.1"), .expect = "400 malformed target"},
    {HTTP_BYTES("GET http:///x HTTP/1.1"), .expect = "400 malformed target"},
    {HTTP_BYTES("GET http://u@a/ HTTP/1.1"), .expect = "400 malformed target"},
    {HTTP_BYTES("GET http://a:x/ HTTP/1.1"), .expect = "400 malformed target"},
    {HTTP_BYTES("GET /"), .expect = "400 malformed HTTP version"},
    {HTTP_BYTES("GET / "), .expect = "400 malformed HTTP version"},
    {HTTP_BYTES("GET /  HTTP/1.1"), .expect = "400 malformed HTTP version"},
    {HTTP_BYTES("GET / HTTP/1.1 "), .expect = "400 malformed HTTP version"},
    {HTTP_BYTES("GET / HTTP/1.1 x"), .expect = "400 malformed HTTP version"},
    {HTTP_BYTES("GET / x HTTP/1.1"), .expect = "400 malformed HTTP version"},
    {HTTP_BYTES("GET / http/1.1"), .expect = "400 malformed HTTP version"},
    {HTTP_BYTES("GET / HTTP/1"), .expect = "400 malformed HTTP version"},
    {HTTP_BYTES("GET / HTTP/1.10"), .expect = "400 malformed HTTP version"},
    {HTTP_BYTES("GET / HTTP/1,1"), .expect = "400 malformed HTTP version"},
    {HTTP_BYTES("GET / HTTP/x.1"), .expect = "400 malformed HTTP version"},
    {HTTP_BYTES("GET / HTTP/1.x"), .expect = "400 malformed HTTP version"},
    {HTTP_BYTES("GET / HTTPS1.1"), .expect = "400 malformed HTTP version"},
    {HTTP_BYTES("GET / HTTP/0.9"), .expect = "505 HTTP version not 1.x"},
    {HTTP_BYTES("GET / HTTP/2.0"), .expect = "505 HTTP version not 1.x"},
};

/* Field lines; a request line with HTTP/1.1 is put before them. */
static const struct http_vector http_bad_fields[] = {
    /* 5: field-name ":" */
    {HTTP_BYTES("Host: a\r\nX\r\n"), .expect = "400 malformed field"},
    {HTTP_BYTES("Host: a\r\n: x\r\n"), .expect = "400 malformed field"},
    {HTTP_BYTES("Host: a\r\nX : x\r\n"), .expect = "400 malformed field"},
    {HTTP_BYTES("Host: a\r\nX\t: x\r\n"), .expect = "400 malformed field"},
    {HTTP_BYTES("Host: a\r\nX Y: x\r\n"), .expect = "400 malformed field"},
    {HTTP_BYTES("Host: a\r\n(X): x\r\n"), .expect = "400 malformed field"},
    {HTTP_BYTES("Host: a\r\n\xC3\x84: x\r\n"), .expect = "400 malformed field"},
    /* 3.2 */
    {HTTP_BYTES(""), .expect = "400 Host missing"},
    {HTTP_BYTES("Hos: a\r\nHostx: a\r\n"), .expect = "400 Host missing"},
    {HTTP_BYTES("Host: a\r\nHost: b\r\n"), .expect = "400 Host repeated"},
    {HTTP_BYTES("Host: a\r\nhost: a\r\n"), .expect = "400 Host repeated"},
    {HTTP_BYTES("Host:\r\n"), .expect = "400 malformed Host"},
    /* RFC 9110 8.6 */
    {HTTP_BYTES("Host: a\r\nContent-Length:\r\n"),
     .expect = "400 empty Content-Length"},
    {HTTP_BYTES("Host: a\r\nContent-Length: ,\r\n"),
     .expect = "400 empty Content-Length"},
    {HTTP_BYTES("Host: a\r\nContent-Length: -1\r\n"),
     .expect = "400 malformed Content-Length"},
    {HTTP_BYTES("Host: a\r\nContent-Length: +1\r\n"),
     .expect = "400 malformed Content-Length"},
    {HTTP_BYTES("Host: a\r\nContent-Length: 0x1\r\n"),
     .expect = "400 malformed Content-Length"},
    {HTTP_BYTES("Host: a\r\nContent-Length: 1 1\r\n"),
     .expect = "400 malformed Content-Length"},
    {HTTP_BYTES("Host: a\r\nContent-Length: \"1\"\r\n"),
     .expect = "400 malformed Content-Length"},
    {HTTP_BYTES("Host: a\r\nContent-Length: 1, 2\r\n"),
     .expect = "400 malformed Content-Length"},
    {HTTP_BYTES("Host: a\r\nContent-Length: 1, 1, x\r\n"),
     .expect = "400 malformed Content-Length"},
    {HTTP_BYTES("Host: a\r\nContent-Length: 5\r\nContent-Length: 05\r\n"),
     .expect = "400 malformed Content-Length"},
    /* 6.1 */
    {HTTP_BYTES("Host: a\r\nTransfer-Encoding: chunked\r\n"),
     .expect = "501 Transfer-Encoding"},
    {HTTP_BYTES("Host: a\r\nTransfer-Encoding:\r\nContent-Length: 1\r\n"),
     .expect = "501 Transfer-Encoding"},
};

/* Whole heads with two faults: which one is told. */
static const struct http_vector http_two_faults[] = {
    {
        .name = "the request line before a field",
        HTTP_BYTES("GET x HTTP/1.1\r\n"
                   "X\r\n"
                   "\r\n"),
        .expect = "400 malformed target",
    },
    {
        .name = "a malformed field before the version",
        HTTP_BYTES("GET / HTTP/2.0\r\n"
                   "X\r\n"
                   "\r\n"),
        .expect = "400 malformed field",
    },
    {
        .name = "the version before a missing Host",
        HTTP_BYTES("GET / HTTP/2.0\r\n"
                   "\r\n"),
        .expect = "505 HTTP version not 1.x",
    },
    {
        .name = "a missing Host before Transfer-Encoding",
        HTTP_BYTES("GET / HTTP/1.1\r\n"
                   "Transfer-Encoding: chunked\r\n"
                   "\r\n"),
        .expect = "400 Host missing",
    },
    {
        .name = "Content-Length before Transfer-Encoding",
        HTTP_BYTES("GET / HTTP/1.1\r\n"
                   "Host: a\r\n"
                   "Transfer-Encoding: chunked\r\n"
                   "Content-Length: x\r\n"
                   "\r\n"),
        .expect = "400 malformed Content-Length",
    },
    {
        .name = "content of a POST without a length (6.3)",
        HTTP_BYTES("POST / HTTP/1.1\r\n"
                   "Host: a\r\n"
                   "Transfer-Encoding: Chunked\r\n"
                   "\r\n"),
        .expect = "411 content of no known length",
    },
    {
        .name = "a coding twice is none that is known",
        HTTP_BYTES("POST / HTTP/1.1\r\n"
                   "Host: a\r\n"
                   "Transfer-Encoding: chunked\r\n"
                   "Transfer-Encoding: chunked\r\n"
                   "\r\n"),
        .expect = "501 Transfer-Encoding",
    },
    {
        .name = "absolute-form does not replace Host (3.2)",
        HTTP_BYTES("GET http://a/ HTTP/1.1\r\n"
                   "\r\n"),
        .expect = "400 Host missing",
    },
    {
        .name = "nor does it excuse a bad one",
        HTTP_BYTES("GET http://a/ HTTP/1.1\r\n"
                   "Host: b b\r\n"
                   "\r\n"),
        .expect = "400 malformed Host",
    },
    {
        .name = "nor two of them",
        HTTP_BYTES("GET http://a/ HTTP/1.1\r\n"
                   "Host: a\r\n"
                   "Host: a\r\n"
                   "\r\n"),
        .expect = "400 Host repeated",
    },
    {
        .name = "HTTP/1.0 may do without Host, not with a bad one",
        HTTP_BYTES("GET / HTTP/1.0\r\n"
                   "Host: @\r\n"
                   "\r\n"),
        .expect = "400 malformed Host",
    },
    {
        .name = "Transfer-Encoding under HTTP/1.0",
        HTTP_BYTES("GET / HTTP/1.0\r\n"
                   "Transfer-Encoding: chunked\r\n"
                   "\r\n"),
        .expect = "501 Transfer-Encoding",
    },
};

#endif
