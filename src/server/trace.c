/* SPDX-License-Identifier: MIT */
#include "server/trace.h"
#include "os/process.h"

void trace_open(struct server *s)
{
    if (!s->trace)
        return;
    s->trace->colour = process_is_terminal(2);
    s->trace->policy = server_policy(s);
}

/* ---- Writing ------------------------------------------------------------- */

/* A line of our own. */
static struct span count_of(uint8_t bytes[80], uint64_t count, const char *what)
{
    struct text line = text_over(bytes, 80);
    text_string(&line, "trace: ");
    text_decimal(&line, count);
    text_string(&line, what);
    return text_span(&line);
}

/* How many were lost is told as soon as anything can be. */
static void write_lines(struct trace *t, struct span lines)
{
    uint8_t bytes[80];
    if (lines.len == 0)
        return;
    if (t->lost &&
        log_write(count_of(bytes, t->lost,
                           " lines lost, standard error took nothing\n")))
        t->lost = 0;
    if (t->lost == 0 && log_write(lines))
        return;
    for (size_t i = 0; i < lines.len; i++)
        t->lost += lines.ptr[i] == '\n';
}

/* ---- Whom to follow ------------------------------------------------------ */

/* Where a client is followed. NULL has the places of nobody, and of those who
   are gone. */
static struct trace_client *find(struct server *s, const struct client *c)
{
    for (size_t i = 0; i < TRACE_FOLLOWED; i++) {
        struct trace_client *f = &s->trace->clients[i];
        if (client_find(&s->clients, f->token) == c)
            return f;
    }
    return NULL;
}

/* At the first byte of a request, and nowhere else, following can begin. */
static struct trace_client *begin(struct server *s, const struct client *c)
{
    const struct config *config = s->config;
    uint32_t index = client_index(&s->clients, c);
    bool fresh = c->state == CLIENT_PROXY || c->state == CLIENT_IDLE ||
                 (c->state == CLIENT_REQUEST && c->as.http.scan.pos == 0);
    if (!fresh || client_has(c, CLIENT_SCRAPE) ||
        (config->trace == TRACE_CLIENT && index != config->trace_client))
        return NULL;
    struct trace_client *f = find(s, NULL);
    if (!f) {
        uint8_t bytes[80];
        _Static_assert(TRACE_FOLLOWED == 32, "as the line says");
        write_lines(s->trace,
                    count_of(bytes, ++s->trace->unfollowed,
                             " clients not followed, 32 are already\n"));
        return NULL;
    }
    f->token = client_token(&s->clients, c);
    f->wanted = config->trace != TRACE_PATH;
    f->sent = c->sent;
    for (unsigned down = 0; down < 2; down++) {
        struct explain *e = down ? &f->down : &f->up;
        struct text name = text_over(f->names[down], sizeof f->names[down]);
        text_decimal(&name, index);
        text_string(&name, down ? "< " : "> ");
        explain_begin(e, !down, EXPLAIN_HEAD);
        e->prefix = text_span(&name);
        e->colour = s->trace->colour;
    }
    f->up.head.policy = &s->trace->policy;
    f->up.head.compression = config->compression;
    f->up.frame.hides = s->grants != NULL; /* {"token":"..."} */
    return f;
}

/* ---- Bytes --------------------------------------------------------------- */

static void explain(struct server *s, struct trace_client *f, struct explain *e,
                    struct span in)
{
    bool more = true;
    while (more) {
        struct text out = text_over(s->trace->out, sizeof s->trace->out);
        more = explain_run(e, &in, &out);
        if (out.len == 0)
            continue;
        if (!f->wanted) /* a head is told when it is whole, with its path */
            f->wanted = bytes_equal(f->up.head.path, s->config->trace_path);
        if (!f->wanted) {
            f->token = 0;
            return;
        }
        write_lines(s->trace, text_span(&out));
    }
}

/* What is behind a PROXY header; its state is still that before these bytes. */
static struct span behind_header(const struct server *s, const struct client *c,
                                 struct span in)
{
    struct proxy header = s->sources.headers[client_index(&s->clients, c)];
    size_t used = proxy_read(&header, in.ptr, in.len);
    return bytes_after(in, header.step == PROXY_DONE ? used : in.len);
}

/* Bytes that a message may have on this path. */
static uint64_t limit_of(struct server *s, struct span path)
{
    struct http_request request = {.path = path};
    struct service_route route = {.found = false};
    s->site->route(s, &request, &route);
    return route.service && !route.service->streams ? s->config->max_message
                                                    : UINT64_MAX;
}

void trace_received(struct server *s, struct client *c, struct span in)
{
    struct trace_client *f = find(s, c);
    if (c->state == CLIENT_PROXY)
        in = behind_header(s, c, in);
    if (in.len > 0 && !f)
        f = begin(s, c);
    if (in.len == 0 || !f)
        return;
    explain_learn(&f->up, &f->down);
    /* Frames may be in one segment with their head. */
    while (in.len > 0 && f->up.phase == EXPLAIN_HEAD) {
        size_t len = bytes_min(bytes_find(in, '\n') + 1, in.len);
        explain(s, f, &f->up, bytes_part(in, 0, len));
        in = bytes_after(in, len);
        if (f->up.phase == EXPLAIN_FRAMES)
            f->up.frame.limit = limit_of(s, f->up.head.path);
    }
    explain(s, f, &f->up, in);
}

void trace_sent(struct server *s, struct client *c, const struct span *parts,
                size_t sent)
{
    struct trace_client *f = find(s, c);
    if (!f)
        return;
    /* A file's bytes are the kernel's alone (send_file). */
    explain_skip(&f->down, c->sent - sent - f->sent);
    f->sent = c->sent;
    explain_learn(&f->down, &f->up);
    if (c->state == CLIENT_CLOSING) {
        /* For a fault, maybe: the client's last bytes hold it. */
        struct text out = text_over(s->trace->out, sizeof s->trace->out);
        explain_settle(&f->up, &out);
        write_lines(s->trace, text_span(&out));
    }
    for (size_t i = 0; sent > 0; i++) {
        size_t len = bytes_min(sent, parts[i].len);
        explain(s, f, &f->down, bytes_part(parts[i], 0, len));
        sent -= len;
    }
}
