/* SPDX-License-Identifier: MIT */
/*
 * Authorities and origins: what can be sent, and what is the same. Section
 * numbers are those of RFC 6454.
 */
#ifndef VECTORS_ORIGIN_H
#define VECTORS_ORIGIN_H

#include <stdbool.h>

/* What somebody writes for --host or --origin; no fault: NULL. */
struct origin_fault_vector {
    const char *text, *fault;
};

#define FAULT_ASCII    "is not ASCII: browsers send such a name as xn--..."
#define FAULT_BLANK    "has a blank in it"
#define FAULT_WILD     "has a wildcard: give each name by itself"
#define FAULT_USER     "has a user's name in it"
#define FAULT_PORT     "has a port that is not 1 to 65535"
#define FAULT_FORM     "is not HOST or HOST:PORT"
#define FAULT_ORIGIN   "is not an origin such as https://a.example"
#define FAULT_PATH     "has a path: an origin ends with its host and port"
#define FAULT_QUERY    "has a query: an origin ends with its host and port"
#define FAULT_FRAGMENT "has a fragment: an origin ends with its host and port"

static const struct origin_fault_vector authority_faults[] = {
    {"a.example", NULL},
    {"A.Example:6868", NULL},
    {"a.example.", NULL},
    {"xn--bcher-kva.example", NULL},
    {"a_b.example", NULL},
    {"localhost:1", NULL},
    {"localhost:65535", NULL},
    {"192.0.2.1:80", NULL},
    {"[::1]", NULL},
    {"[2001:DB8::1]:443", NULL},
    {"1.2.3.example", NULL},
    {"z9.example", NULL},
    {"a{b", FAULT_FORM},
    {"[:80", FAULT_FORM},
    {"", "has no host"},
    {":80", "has no host"},
    {"a.example:", "has an empty port"},
    {"[::1]:", "has an empty port"},
    {"a.example:0", FAULT_PORT},
    {"a.example:65536", FAULT_PORT},
    {"a.example:99999999999999999999999", FAULT_PORT},
    {"a.example:https", FAULT_FORM},
    {"a.example:+1", FAULT_FORM},
    {"a.example/", FAULT_FORM},
    {"http://a.example", FAULT_FORM},
    {"a,b", FAULT_FORM},
    {"[::1", FAULT_FORM},
    {"[]", FAULT_FORM},
    {"::1", "has no host"},
    {"[::1]x", FAULT_FORM},
    {"[1.2.3.4]", "has no IPv6 address in its []"},
    {"[::1::]", "has no IPv6 address in its []"},
    {"*.a.example", FAULT_WILD},
    {"ann@a.example", FAULT_USER},
    {"a b", FAULT_BLANK},
    {"a\tb", FAULT_BLANK},
    {"a\x7F", FAULT_BLANK},
    {"b\xC3\xBC"
     "cher.example",
     FAULT_ASCII},
    {"a%20b", "has a byte in it that is no name's"},
    {"a;b", "has a byte in it that is no name's"},
    {";b", "has a byte in it that is no name's"},
    {"a!b", "has a byte in it that is no name's"},
    {"a\x80", FAULT_ASCII},
    {"8", "is no IPv4 address"},
    {"127.1", "is no IPv4 address"},
    {"1.2.3.256", "is no IPv4 address"},
    {"80", "is no IPv4 address"},
};

static const struct origin_fault_vector origin_faults[] = {
    {"https://a.example", NULL},
    {"HTTPS://A.EXAMPLE:443", NULL},
    {"http://[::1]:6868", NULL},
    {"http://192.0.2.1", NULL},
    {"null", NULL},
    {"file://", NULL},
    {"FILE://", NULL},
    {"chrome-extension://abcdefghijklmnopabcdefghijklmnop", NULL},
    {"moz-extension://0b9f1c2e-3f4a-4b5c-8d6e-7f8091a2b3c4", NULL},
    {"capacitor://localhost", NULL},
    {"z0+-.9://a", NULL},
    {"x://a", NULL},
    {"{://a", FAULT_ORIGIN},
    {"a/b://c", FAULT_ORIGIN},
    {"", FAULT_ORIGIN},
    {"a.example", FAULT_ORIGIN},
    {"a.example:80", FAULT_ORIGIN},
    {"//a.example", FAULT_ORIGIN},
    {"://a.example", FAULT_ORIGIN},
    {"https:", FAULT_ORIGIN},
    {"https:/a.example", FAULT_ORIGIN},
    {"https:a.example", FAULT_ORIGIN},
    {"https:/x/a.example", FAULT_ORIGIN},
    {"1http://a.example", FAULT_ORIGIN},
    {"ht_tp://a.example", FAULT_ORIGIN},
    {"https ://a.example", FAULT_ORIGIN},
    {"data:text/html,x", FAULT_ORIGIN},
    {"nul", FAULT_ORIGIN},
    {"https://", "has no host"},
    {"https://:443", "has no host"},
    {"https://a.example/", FAULT_PATH},
    {"https://a.example/chat", FAULT_PATH},
    {"file:///", FAULT_PATH},
    {"https://a.example?x", FAULT_QUERY},
    {"https://a.example#x", FAULT_FRAGMENT},
    {"file://a.example", "has a host: a file's page sends file:// alone"},
    {"https://ann:pw@a.example", FAULT_USER},
    {"https://*.a.example", FAULT_WILD},
    {"https://*", FAULT_WILD},
    {"https://a.example b", FAULT_BLANK},
    {"https://b\xC3\xBC"
     "cher.example",
     FAULT_ASCII},
    {"https://a.example:", "has an empty port"},
    {"https://a.example:x", FAULT_FORM},
    {"https://a.example:65536", FAULT_PORT},
    {"https://a.example, https://b.example", FAULT_PATH},
    {"http://127.1", "is no IPv4 address"},
};

/* Two texts, and whether they are the same. */
struct origin_pair {
    const char *a, *b;
    bool same;
};

/* Two origins (5). */
static const struct origin_pair origin_pairs[] = {
    {"https://a.example", "https://a.example", true},
    {"https://a.example", "HTTPS://A.Example", true},
    {"https://a.example", "https://a.example:443", true},
    {"http://a.example:80", "http://a.example", true},
    {"https://a.example:8443", "https://a.example:08443", true},
    {"http://[::1]", "http://[0:0::1]:80", true},
    {"null", "null", true},
    {"file://", "file://", true},
    {"moz-extension://x", "moz-extension://x", true},
    {"https://a.example", "http://a.example", false},
    {"https://a.example", "http://a.example:443", false},
    {"https://a.example", "https://b.example", false},
    {"https://a.example", "https://a.example.", false},
    {"https://a.example", "https://a.example:80", false},
    {"https://a.example", "https://a.example.evil", false},
    {"https://a.example", "https://xa.example", false},
    {"moz-extension://x", "chrome-extension://x", false},
    {"null", "file://", false},
    {"null", "https://null", false},
    {"https://a.example", "https://a.example/", false},
    {"https://a.example/", "https://a.example/", false},
    {"http://192.0.2.1", "http://[::ffff:192.0.2.1]", false},
};

/* An origin, and the authority of a request: is it that one's page? */
static const struct origin_pair origin_hosts[] = {
    {"http://a.example", "a.example", true},
    {"https://a.example", "A.example", true},
    {"http://a.example:6868", "a.example:6868", true},
    {"https://a.example:6868", "a.example:6868", true},
    {"https://a.example", "a.example:443", true},
    {"http://a.example", "a.example:80", true},
    {"https://a.example:443", "a.example", true},
    {"http://a.example:80", "a.example", true},
    {"wss://a.example", "a.example:443", true},
    {"ws://a.example", "a.example:80", true},
    {"http://a.example", "a.example:", true},
    {"http://[::1]:6868", "[::1]:6868", true},
    {"app://a", "a", true},
    {"https://a.example", "a.example:80", false},
    {"http://a.example", "a.example:443", false},
    {"http://a.example:443", "a.example", false},
    {"https://a.example", "a.example:6868", false},
    {"https://a.example:6868", "a.example", false},
    {"https://a.example", "b.example", false},
    {"https://a.example", "a.example.", false},
    {"https://a.example", "", false},
    {"app://a", "a:80", false},
    {"app://a", "a:1", false},
    {"null", "null", false},
    {"file://", "file", false},
    {"null", "", false},
    {"file://", "", false},
};

/* The authority of a request, and a --host: does it answer? */
static const struct origin_pair authority_names[] = {
    {"a.example", "a.example", true},
    {"A.EXAMPLE:6868", "a.example", true},
    {"a.example.", "a.example", true},
    {"a.example.:80", "a.example.:80", true},
    {"a.example", "a.example.", true},
    {"a.", "a", true},
    {"a.example:6868", "a.example:6868", true},
    {"a.example", "a.example:80", true},
    {"a.example", "a.example:443", true},
    {"a.example:", "a.example:443", true},
    {"[::1]:6868", "[0::1]", true},
    {"192.0.2.1", "192.0.2.1", true},
    {"a.example:81", "a.example:80", false},
    {"a.example", "a.example:6868", false},
    {"a.example:4430", "a.example:443", false},
    {"a.example:99999", "a.example:6868", false},
    {"b.example", "a.example", false},
    {"xa.example", "a.example", false},
    {"a.example.evil", "a.example", false},
    {"a.example..", "a.example", false},
    {"[::2]", "[::1]", false},
    {"", "a.example", false},
};

#endif
