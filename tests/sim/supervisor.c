/* SPDX-License-Identifier: MIT */
/* Who starts us, and what we give up: sandbox.h, supervise.h and user.h. */
#include "os/sandbox.h"
#include "os/supervise.h"
#include "os/user.h"
#include "sim/kernel.h"
#include "support/unit.h"

#include <errno.h>

static struct {
    uint8_t told_bytes[1024];
    struct text told;
    struct user user; /* whom we became */
    unsigned parts;   /* of the sandbox that there are */
    bool inside;
    struct sandbox_plan plan;
} supervisor;

void supervisor_begin(void)
{
    memset(&supervisor, 0, sizeof supervisor);
    supervisor.told =
        text_over(supervisor.told_bytes, sizeof supervisor.told_bytes - 1);
    supervisor.parts = SANDBOX_ALL;
}

/* Another process. */
void supervisor_again(void)
{
    supervisor.inside = false;
    supervisor.user = (struct user){0};
}

/* ---- The supervisor ------------------------------------------------------ */

const char *sim_told(void)
{
    supervisor.told_bytes[supervisor.told.len] = '\0';
    supervisor.told.len = 0;
    return (const char *)supervisor.told_bytes;
}

int supervise_open(const char *notify)
{
    assert_non_null(notify);
    int result = kernel_call(SIM_SUPERVISOR);
    return result < 0 ? result : kernel_open(KERNEL_OTHER, 0);
}

bool supervise_tell(int fd, const char *state)
{
    if (fd < 0)
        return true;
    kernel_at(fd, KERNEL_OTHER);
    if (kernel_call(SIM_TELL) < 0)
        return false;
    text_string(&supervisor.told, state);
    text_byte(&supervisor.told, '\n');
    return true;
}

/* ---- Another user -------------------------------------------------------- */

int user_find(struct span text, struct user *user)
{
    int result = kernel_call(SIM_USER_FIND);
    *user = (struct user){.id = 7, .group = 8};
    return result < 0                                ? result
           : bytes_equal(text, BYTES_LITERAL("ann")) ? 0
                                                     : -ENOENT;
}

int user_find_group(struct span text, uint32_t *group)
{
    int result = kernel_call(SIM_GROUP_FIND);
    *group = 9;
    return result < 0                                   ? result
           : bytes_equal(text, BYTES_LITERAL("guests")) ? 0
                                                        : -ENOENT;
}

int user_become(const struct user *user, const char **step)
{
    *step = "setgroups";
    int result = kernel_call(SIM_USER_BECOME);
    assert_false(supervisor.inside); /* there it would be deadly */
    if (result == 0)
        supervisor.user = *user;
    return result;
}

unsigned sim_user(void)
{
    return supervisor.user.id;
}

/* ---- The sandbox --------------------------------------------------------- */

void sim_set_sandbox(unsigned parts)
{
    supervisor.parts = parts;
}

unsigned sandbox_enter(const struct sandbox_plan *plan)
{
    /* A worker goes in once more, from within its keeper's. */
    assert_true(!supervisor.inside || supervisor.plan.keeps);
    supervisor.inside = true;
    supervisor.plan = *plan;
    return kernel_call(SIM_SANDBOX) < 0 ? 0 : supervisor.parts;
}

const struct sandbox_plan *sim_sandboxed(void)
{
    return supervisor.inside ? &supervisor.plan : NULL;
}

const char *sandbox_word(enum sandbox_part part)
{
    return part == SANDBOX_SECCOMP    ? "seccomp"
           : part == SANDBOX_LANDLOCK ? "landlock"
                                      : "no_new_privs";
}
