/* SPDX-License-Identifier: MIT */
#include "server/trace.h"
#include "os/process.h"

void trace_open(struct server *s)
{
    const struct config *config = s->config;
    if (!s->trace)
        return;
    s->trace->colour = process_is_terminal(2);
    s->trace->policy = (struct handshake_policy){
        .origins = config->origins,
        .origin_count = config->origin_count,
        .any_origin = config->any_origin,
    };
}

/* ---- Writing ------------------------------------------------------------- */

static uint64_t count_lines(struct span lines)
{
    uint64_t count = 0;
    for (size_t i = 0; i < lines.len; i++)
        count += lines.ptr[i] == '\n';
    return count;
}

/* How many were lost is told as soon as anything can be. */
static bool tell_loss(struct trace *t)
{
    uint8_t bytes[80];
    struct text line = text_over(bytes, sizeof bytes);
    text_string(&line, "trace: ");
    text_decimal(&line, t->lost);
    text_string(&line, " lines lost, standard error took nothing\n");
    if (!log_write(text_span(&line)))
        return false;
    t->lost = 0;
    return true;
}

static void write_lines(struct trace *t, struct span lines)
{
    if (lines.len == 0)
        return;
    if ((t->lost && !tell_loss(t)) || !log_write(lines))
        t->lost += count_lines(lines);
}

/* ---- Whom to follow ------------------------------------------------------ */

static struct trace_client *find(struct server *s, const struct client *c)
{
    uint64_t token = client_token(&s->clients, c);
    for (size_t i = 0; i < TRACE_FOLLOWED; i++)
        if (s->trace->clients[i].token == token)
            return &s->trace->clients[i];
    return NULL;
}

/* A place of nobody, or of somebody who is gone. */
static struct trace_client *find_place(struct server *s)
{
    for (size_t i = 0; i < TRACE_FOLLOWED; i++) {
        struct trace_client *place = &s->trace->clients[i];
        if (place->token == 0 || !client_find(&s->clients, place->token))
            return place;
    }
    return NULL;
}

static void tell_unfollowed(struct trace *t)
{
    uint8_t bytes[80];
    struct text line = text_over(bytes, sizeof bytes);
    text_string(&line, "trace: ");
    text_decimal(&line, ++t->unfollowed);
    text_string(&line, " clients not followed, ");
    text_decimal(&line, TRACE_FOLLOWED);
    text_string(&line, " are already\n");
    write_lines(t, text_span(&line));
}

static struct span name(struct trace_client *f, uint32_t index, bool down)
{
    struct text t = text_over(f->names[down], sizeof f->names[down]);
    text_decimal(&t, index);
    text_string(&t, down ? "< " : "> ");
    return text_span(&t);
}

/* At the first byte of a request, and nowhere else, following can begin. */
static struct trace_client *begin(struct server *s, const struct client *c)
{
    const struct config *config = s->config;
    uint32_t index = client_index(&s->clients, c);
    bool fresh = c->state == CLIENT_PROXY || c->state == CLIENT_IDLE ||
                 (c->state == CLIENT_REQUEST && c->as.http.scan.pos == 0);
    if (!fresh || c->inbox != LEASE_NONE || client_has(c, CLIENT_SCRAPE) ||
        (config->trace == TRACE_CLIENT && index != config->trace_client))
        return NULL;
    struct trace_client *f = find_place(s);
    if (!f) {
        tell_unfollowed(s->trace);
        return NULL;
    }
    f->token = client_token(&s->clients, c);
    f->wanted = config->trace != TRACE_PATH;
    f->sent = c->sent;
    explain_begin(&f->up, true, EXPLAIN_HEAD);
    explain_begin(&f->down, false, EXPLAIN_HEAD);
    f->up.prefix = name(f, index, false);
    f->down.prefix = name(f, index, true);
    f->up.colour = f->down.colour = s->trace->colour;
    f->up.head.policy = &s->trace->policy;
    f->up.head.compression = config->compression;
    return f;
}

/* ---- Bytes --------------------------------------------------------------- */

/* A head is told when it is whole: then its path is known. */
static bool is_wanted(const struct server *s, struct trace_client *f)
{
    if (!f->wanted)
        f->wanted = bytes_equal(f->up.head.path, s->config->trace_path);
    return f->wanted;
}

static void explain(struct server *s, struct trace_client *f, struct explain *e,
                    struct span in)
{
    bool more = true;
    while (more) {
        struct text out = text_over(s->trace->out, sizeof s->trace->out);
        more = explain_run(e, &in, &out);
        if (out.len == 0)
            continue;
        if (!is_wanted(s, f)) {
            f->token = 0;
            return;
        }
        write_lines(s->trace, text_span(&out));
    }
}

/* What is behind the PROXY header of a connection that begins with one. The
   header's state is still that before these bytes. */
static struct span behind_header(const struct server *s, const struct client *c,
                                 struct span in)
{
    struct proxy header = s->sources.headers[client_index(&s->clients, c)];
    size_t used = proxy_read(&header, in.ptr, in.len);
    return header.step == PROXY_DONE ? bytes_part(in, used, in.len - used)
                                     : bytes_span(NULL, 0);
}

void trace_received(struct server *s, struct client *c, struct span in)
{
    struct trace_client *f = find(s, c);
    if (c->state == CLIENT_PROXY)
        in = behind_header(s, c, in);
    if (in.len == 0)
        return;
    if (!f)
        f = begin(s, c);
    if (!f)
        return;
    explain_learn(&f->up, &f->down);
    if (c->state == CLIENT_OPEN && !server_service(s, c)->streams)
        f->up.frame.limit = s->config->max_message;
    explain(s, f, &f->up, in);
}

/* The end of a WebSocket is being sent: if that is for a fault, the client's
   last bytes hold it. */
static void settle(struct server *s, struct trace_client *f)
{
    struct text out = text_over(s->trace->out, sizeof s->trace->out);
    explain_settle(&f->up, &out);
    write_lines(s->trace, text_span(&out));
}

void trace_sent(struct server *s, struct client *c, const struct span *parts,
                size_t sent)
{
    struct trace_client *f = find(s, c);
    if (!f || !f->wanted)
        return;
    /* A file's bytes are the kernel's alone (send_file). */
    explain_skip(&f->down, c->sent - sent - f->sent);
    f->sent = c->sent;
    explain_learn(&f->down, &f->up);
    if (c->state == CLIENT_CLOSING)
        settle(s, f);
    for (size_t i = 0; sent > 0; i++) {
        size_t len = bytes_min(sent, parts[i].len);
        explain(s, f, &f->down, bytes_part(parts[i], 0, len));
        sent -= len;
    }
}
