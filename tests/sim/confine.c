/* SPDX-License-Identifier: MIT */
/*
 * What a simulated process has of a supervisor, other users and sandboxes:
 * nothing of the first two, and all of the last.
 */
#include "os/sandbox.h"
#include "os/socket.h"
#include "os/supervise.h"
#include "os/user.h"

#include <errno.h>

int socket_adopt(int fd, struct socket_address *address,
                 const struct socket_tuning *tuning)
{
    (void)fd, (void)address, (void)tuning;
    return -EBADF; /* no descriptor was handed over */
}

int supervise_open(const char *notify)
{
    (void)notify;
    return -1;
}

void supervise_tell(int fd, const char *state)
{
    (void)fd, (void)state;
}

bool user_is_valid(struct span text)
{
    return text.len > 0;
}

int user_find(struct span text, struct user *user)
{
    (void)text, (void)user;
    return -ENOENT;
}

int user_become(const struct user *user)
{
    (void)user;
    return -EPERM;
}

unsigned sandbox_enter(const struct sandbox_plan *plan)
{
    (void)plan;
    return SANDBOX_ALL;
}

const char *sandbox_word(enum sandbox_part part)
{
    (void)part;
    return "simulated";
}
