/* SPDX-License-Identifier: MIT */
#include "bench/options.h"

#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum kind { FLAG, NUMBER, REAL, STRING };

struct row {
    const char *name;    /* without the dashes */
    enum kind kind;      /* of its value */
    size_t offset;       /* of its field in struct options */
    const char *meaning; /* for --help */
};

#define ROW(name, kind, field, meaning)                                        \
    {                                                                          \
        name, kind, offsetof(struct options, field), meaning                   \
    }

static const struct row rows[] = {
    ROW("host", STRING, host, "IPv4 address of the server (127.0.0.1)"),
    ROW("port", NUMBER, port, "its port (6868)"),
    ROW("path", STRING, path, "/echo; for broadcast /chat/bench"),
    ROW("pid", NUMBER, pid, "process to meter (none)"),
    ROW("connections", NUMBER, connections, "at once (64)"),
    ROW("members", NUMBER, connections, "the same, for broadcast"),
    ROW("size", NUMBER, size, "payload bytes of a message (32)"),
    ROW("depth", NUMBER, depth, "echo: in flight on a connection (1)"),
    ROW("senders", NUMBER, senders, "broadcast: members that send (1)"),
    ROW("rate", REAL, rate, "broadcast: messages a second (closed loop)"),
    ROW("wait-all", FLAG, wait_all, "send next when all members have it"),
    ROW("time", REAL, seconds, "seconds to measure (2)"),
    ROW("count", NUMBER, count, "messages to measure instead"),
    ROW("warmup", REAL, warmup, "seconds before measuring (0.3)"),
    ROW("sources", NUMBER, sources, "loopback addresses to come from"),
    ROW("source", NUMBER, source, "number of the first of them (0)"),
    ROW("opening", NUMBER, opening, "handshakes at once (128)"),
    ROW("term", FLAG, term, "end by SIGTERM: all must get Close 1001"),
    ROW("text", FLAG, text, "send text, not binary"),
    ROW("floor", FLAG, floor, "the server is ./floor"),
    ROW("json", FLAG, json, "print one JSON object"),
};

#define ROWS (sizeof rows / sizeof rows[0])

static const char usage[] =
    "usage: wsbench echo|broadcast|idle|churn [--option VALUE]...\n"
    "  echo       every connection keeps --depth messages in flight\n"
    "  broadcast  --senders of --members send, all must get everything\n"
    "  idle       --connections are opened and held for --time\n"
    "  churn      connect, handshake, one message, close, over and over\n\n";

_Noreturn static void bad(const char *what, const char *name)
{
    fprintf(stderr, "wsbench: %s: %s (--help)\n", what, name);
    exit(2);
}

_Noreturn static void help(void)
{
    fputs(usage, stdout);
    for (size_t i = 0; i < ROWS; i++)
        printf("  --%-12s %s\n", rows[i].name, rows[i].meaning);
    exit(0);
}

static const struct row *find_row(const char *name, size_t len)
{
    for (size_t i = 0; i < ROWS; i++)
        if (strlen(rows[i].name) == len && memcmp(rows[i].name, name, len) == 0)
            return &rows[i];
    bad("unknown option", name);
}

static void set(struct options *o, const struct row *row, const char *value)
{
    char *field = (char *)o + row->offset;
    char *end = "";
    double real = row->kind == STRING ? 0 : strtod(value, &end);
    if (*value == 0 || *end || !(real >= 0 && real < 1e12))
        bad("bad value for option", row->name);
    if (row->kind == STRING)
        memcpy(field, &value, sizeof value);
    else if (row->kind == REAL)
        memcpy(field, &real, sizeof real);
    else
        memcpy(field, &(uint64_t){(uint64_t)real}, sizeof(uint64_t));
}

/* Take --name VALUE, --name=VALUE or a flag; returns the arguments used. */
static int take(struct options *o, char **arguments)
{
    const char *name = arguments[0];
    if (strcmp(name, "--help") == 0)
        help();
    if (strncmp(name, "--", 2) != 0)
        bad("not an option", name);
    size_t len = strcspn(name + 2, "=");
    const struct row *row = find_row(name + 2, len);
    if (row->kind == FLAG) {
        *((bool *)((char *)o + row->offset)) = true;
        return 1;
    }
    if (name[2 + len] == '=') {
        set(o, row, name + 2 + len + 1);
        return 1;
    }
    if (!arguments[1])
        bad("value missing after", name);
    set(o, row, arguments[1]);
    return 2;
}

static void check(const struct options *o)
{
    if (o->connections == 0 || o->depth == 0 || o->opening == 0)
        bad("must be at least 1", "connections, depth, opening");
    if (o->port == 0 || o->port > 65535)
        bad("must be 1 to 65535", "port");
    if (o->size == 0 || o->size > UINT32_MAX)
        bad("must be 1 to 4294967295", "size");
    if (o->senders == 0 || o->senders > o->connections)
        bad("must be 1 to the number of members", "senders");
    if (o->rate != 0 && o->wait_all)
        bad("cannot be both", "rate and wait-all");
    if (o->term && o->pid == 0)
        bad("needs --pid", "term");
}

struct options options_read(int argc, char **argv)
{
    struct options o = {.host = "127.0.0.1",
                        .port = 6868,
                        .connections = 64,
                        .size = 32,
                        .depth = 1,
                        .senders = 1,
                        .seconds = 2,
                        .warmup = 0.3,
                        .opening = 128};
    if (argc < 2)
        bad("a mode is wanted", "echo, broadcast, idle or churn");
    if (strcmp(argv[1], "--help") == 0)
        help();
    o.mode = argv[1];
    for (int i = 2; i < argc;)
        i += take(&o, argv + i);
    check(&o);
    return o;
}
