/* SPDX-License-Identifier: MIT */
#include "server/confine.h"
#include "os/error.h"
#include "os/sandbox.h"
#include "os/user.h"

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
    result = user_become(&user);
    return result < 0 ? server_failed(why, "--user", result) : 0;
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

static unsigned enter_sandbox(const struct server *s)
{
    struct sandbox_plan plan = {.folder = s->folder};
    for (size_t i = 0; i < s->listener_count; i++)
        if (s->listeners[i].address.file[1])
            plan.paths[plan.path_count++] = s->listeners[i].address.path;
    return sandbox_enter(&plan);
}

int confine_enter(struct server *s, struct text *why)
{
    int result = s->config->user ? become(s->config->user, why) : 0;
    if (result != 0)
        return result;
    s->sandbox = s->config->no_sandbox ? 0 : enter_sandbox(s);
    if (!s->config->require_sandbox || s->sandbox == SANDBOX_ALL)
        return 0;
    text_string(why, "--require-sandbox: not to be had here: ");
    put_parts(why, SANDBOX_ALL & ~s->sandbox);
    return SERVER_FAILED;
}

void confine_put(const struct server *s, struct text *t)
{
    if (s->sandbox)
        put_parts(t, s->sandbox);
    else
        text_string(t, s->config->no_sandbox ? "off" : "none");
}
