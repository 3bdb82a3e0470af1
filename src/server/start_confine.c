/* SPDX-License-Identifier: MIT */
/* What the process gives up at the end of its start, and the line that tells of
   it. */
#include "os/error.h"
#include "os/sandbox.h"
#include "os/user.h"
#include "server/start.h"

_Static_assert(SANDBOX_PATHS >= SERVER_LISTENERS, "each may be a unix: socket");

static int become(const char *name, struct text *why)
{
    struct user user;
    int result = user_find(bytes_of(name), &user);
    if (result < 0 && error_kind(result) != ERROR_NONE)
        return server_failed(why, "--user: /etc/passwd", result);
    if (result < 0) {
        text_string(why, "--user: \"");
        text_string(why, name);
        text_string(why, "\" is not in /etc/passwd");
        return SERVER_BAD_OPTION;
    }
    const char *step = "";
    result = user_become(&user, &step);
    if (result == 0)
        return 0;
    text_string(why, "--user: ");
    return server_failed(why, step, result);
}

int start_become_user(struct server *s, struct text *why)
{
    return s->config->user ? become(s->config->user, why) : 0;
}

static void put_parts(struct text *t, unsigned parts)
{
    for (unsigned part = 1; part < SANDBOX_ALL; part <<= 1) {
        if (!(parts & part))
            continue;
        text_string(t, sandbox_word((enum sandbox_part)part));
        parts &= ~part;
        if (parts)
            text_byte(t, ',');
    }
}

static void plan_crew(const struct server *s, struct sandbox_plan *plan)
{
    const struct crew *c = &s->crew;
    uint32_t count = crew_processes(c);
    _Static_assert(SANDBOX_BELLS > BOARD_WORKERS, "and the keeper's");
    plan->keeps = c->worker == CREW_KEEPER;
    memcpy(plan->bells, c->bells, sizeof c->bells);
    plan->bells[count] = c->keeper_bell;
    plan->bell_count = count + 1;
}

/* The bus connects, and so the keeper may, which makes it. */
static void plan_calls(const struct server *s, struct sandbox_plan *plan)
{
    _Static_assert(SANDBOX_PORTS >= LIMITS_REDIS, "each has one");
    plan->connects = true;
    for (size_t i = 0; i < s->config->redis_count; i++)
        if (s->config->redis_addrs[i].family != SOCKET_UNIX)
            plan->ports[plan->port_count++] = s->config->redis_addrs[i].port;
}

static bool is_bus(const struct server *s)
{
    return limits_has_redis(s->config) && s->crew.worker == s->crew.count;
}

int start_enter_sandbox(struct server *s, struct text *why)
{
    struct sandbox_plan plan = {.folder = s->folder,
                                .storage = s->file != NULL};
    for (size_t i = 0; i < s->listener_count; i++)
        if (s->listeners[i].address.file[1] && !is_bus(s))
            plan.paths[plan.path_count++] = s->listeners[i].address.path;
    if (crew_is_shared(&s->crew))
        plan_crew(s, &plan);
    if (is_bus(s) || (limits_has_redis(s->config) && plan.keeps))
        plan_calls(s, &plan);
    s->sandbox = s->config->no_sandbox ? 0 : sandbox_enter(&plan);
    if (!s->config->require_sandbox || s->sandbox == SANDBOX_ALL)
        return 0;
    text_string(why, "--require-sandbox: this system lacks ");
    put_parts(why, SANDBOX_ALL & ~s->sandbox);
    return SERVER_FAILED;
}

void start_log(struct server *s)
{
    struct journal_line line;
    if (!journal_begin(&s->journal, &line, LEVEL_INFO, JOURNAL_START, s->wall))
        return;
    uint8_t bytes[160];
    struct text t = text_over(bytes, sizeof bytes);
    journal_put(&line, "version", BYTES_LITERAL(CHATD_VERSION));
    for (size_t i = 0; i < s->listener_count; i++) {
        t.len = 0;
        socket_put_address(&t, &s->listeners[i].address);
        journal_put(&line, s->listeners[i].metrics ? "metrics" : "addr",
                    text_span(&t));
    }
    journal_number(&line, "slots", server_slots(s));
    journal_number(&line, "slot_bytes", sizeof(struct client));
    journal_number(&line, "rooms", s->config->rooms);
    journal_number(&line, "room_log", s->config->room_log);
    journal_number(&line, "buffers", s->config->buffers);
    journal_number(&line, "buffer_bytes", s->leases.size);
    journal_number(&line, "reserved", s->reserved);
    if (crew_is_shared(&s->crew))
        journal_number(&line, "workers", s->crew.count);
    if (limits_has_redis(s->config))
        journal_put(&line, "redis", bytes_of(s->config->redis));
    if (s->file)
        start_log_store(s, &line);
    t.len = 0;
    put_parts(&t, s->sandbox);
    if (t.len == 0)
        text_string(&t, s->config->no_sandbox ? "off" : "none");
    journal_put(&line, "sandbox", text_span(&t));
    journal_end(&line);
}
