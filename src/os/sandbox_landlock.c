/* SPDX-License-Identifier: MIT */
/*
 * Landlock: from here on files and ports only as the rules allow.
 *
 * A ruleset names the rights it handles; what is handled and in no rule is
 * refused (EACCES). Descriptors that are open stay as they are. Later kernels
 * handle more: asked first which version they speak.
 */
#include "os/sandbox.h"
#include "os/calls.h"

#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

/* linux/landlock.h */
struct ruleset {
    uint64_t files;  /* handled rights */
    uint64_t net;    /* version 4 and later */
    uint64_t scoped; /* version 6 and later */
};
struct beneath {
    uint64_t rights;
    int32_t folder;
} __attribute__((packed));
struct at_port {
    uint64_t rights;
    uint64_t port;
};
#define ASK_VERSION   1
#define RULE_BENEATH  1
#define RULE_PORT     2
#define READ_FILE     (1u << 2)
#define REMOVE_FILE   (1u << 5)
#define NET_CONNECT   (1u << 1)
#define NET_ALL       (1u << 0 | NET_CONNECT) /* bind */
#define SCOPED_ALL    (1u << 0 | 1u << 1)     /* abstract sockets, signals */
#define VERSION_NET   4
#define VERSION_SCOPE 6

/* All rights over files that a version of Landlock knows. */
static uint64_t files_of(long version)
{
    return version >= 5   ? (1u << 16) - 1 /* ioctl of devices */
           : version >= 3 ? (1u << 15) - 1 /* truncate */
           : version >= 2 ? (1u << 14) - 1 /* link and rename */
                          : (1u << 13) - 1;
}

static long ask_version(void)
{
    return syscall(SYS_landlock_create_ruleset, NULL, (size_t)0, ASK_VERSION);
}

static int create(long version)
{
    if (version < 1)
        return -1;
    struct ruleset all = {files_of(version), NET_ALL, SCOPED_ALL};
    /* A size the kernel does not know it refuses, if what is beyond is set. */
    size_t size = version >= VERSION_SCOPE ? sizeof all
                  : version >= VERSION_NET ? offsetof(struct ruleset, scoped)
                                           : offsetof(struct ruleset, net);
    return (int)syscall(SYS_landlock_create_ruleset, &all, size, 0);
}

static bool allow(int ruleset, int folder, uint64_t rights)
{
    struct beneath rule = {.rights = rights, .folder = folder};
    return syscall(SYS_landlock_add_rule, ruleset, RULE_BENEATH, &rule, 0) == 0;
}

/* To remove a file is a right over the folder it is in. Where that cannot be
   had the file stays, and is replaced at the next start. */
static void allow_removal(int ruleset, const char *path)
{
    char folder[PATH_MAX] = ".";
    const char *slash = strrchr(path, '/');
    size_t len = slash ? (size_t)(slash - path) + 1 : 0;
    if (len >= sizeof folder)
        return;
    if (slash) {
        memcpy(folder, path, len);
        folder[len] = '\0';
    }
    int fd = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return;
    (void)allow(ruleset, fd, REMOVE_FILE);
    close(fd);
}

static bool allow_port(int ruleset, uint16_t port)
{
    struct at_port rule = {.rights = NET_CONNECT, .port = port};
    return syscall(SYS_landlock_add_rule, ruleset, RULE_PORT, &rule, 0) == 0;
}

static bool allow_plan(int ruleset, long version,
                       const struct sandbox_plan *plan)
{
    bool has_net = version >= VERSION_NET;
    for (size_t i = 0; has_net && i < plan->port_count; i++)
        if (!allow_port(ruleset, plan->ports[i]))
            return false;
    if (plan->folder >= 0 && !allow(ruleset, plan->folder, READ_FILE))
        return false;
    for (size_t i = 0; i < plan->path_count; i++)
        allow_removal(ruleset, plan->paths[i]);
    return true;
}

bool sandbox_landlock(const struct sandbox_plan *plan)
{
    long version = ask_version();
    int ruleset = create(version);
    if (ruleset < 0)
        return false;
    bool entered = allow_plan(ruleset, version, plan) &&
                   syscall(SYS_landlock_restrict_self, ruleset, 0) == 0;
    close(ruleset);
    return entered;
}
