/* SPDX-License-Identifier: MIT */
/*
 * Goal: inside, each thing that is forbidden fails as it should, and the few
 * that are not go on.
 *
 * The filter is tried twice: run by a small machine here, on every
 * architecture, and by the kernel, where this one has what it takes.
 */
#include "os/dial.h"
#include "os/sandbox.h"
#include "os/socket.h"
#include "os/storage.h"
#include "os/calls.h"
#include "support/unit.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/bpf_common.h>
#include <linux/filter.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static const struct sandbox_plan bare = {.folder = -1};

/* ---- Against the kernel's own headers ------------------------------------ */

_Static_assert(sizeof(struct sandbox_instruction) == sizeof(struct sock_filter),
               "the same");
_Static_assert(offsetof(struct sandbox_instruction, value) ==
                   offsetof(struct sock_filter, k),
               "the same");
_Static_assert(SANDBOX_ALLOW == SECCOMP_RET_ALLOW, "the same");
_Static_assert(SANDBOX_KILL == SECCOMP_RET_KILL_PROCESS, "the same");
_Static_assert(SANDBOX_ERROR == SECCOMP_RET_ERRNO, "the same");

#if defined(__x86_64__)
#define OURS AUDIT_ARCH_X86_64
#elif defined(__i386__)
#define OURS AUDIT_ARCH_I386
#elif defined(__aarch64__)
#define OURS AUDIT_ARCH_AARCH64
#elif defined(__arm__)
#define OURS AUDIT_ARCH_ARM
#elif defined(__s390x__)
#define OURS AUDIT_ARCH_S390X
#elif defined(__mips64)
#define OURS AUDIT_ARCH_MIPS64
#elif defined(__mips__)
#define OURS AUDIT_ARCH_MIPS
#else
#error "which one is this?"
#endif

/* ---- A machine for the filter -------------------------------------------- */

static uint32_t run(const struct sandbox_plan *plan,
                    const struct seccomp_data *data)
{
    struct sandbox_instruction program[SANDBOX_PROGRAM];
    size_t len = sandbox_filter(program, plan);
    uint32_t value = 0;
    for (size_t at = 0; at < len; at++) {
        const struct sandbox_instruction *i = &program[at];
        bool jump = false;
        switch (i->code) {
        case BPF_LD | BPF_W | BPF_ABS:
            assert_true(i->value % 4 == 0 && i->value < sizeof *data);
            memcpy(&value, (const uint8_t *)data + i->value, sizeof value);
            continue;
        case BPF_RET | BPF_K: return i->value;
        case BPF_JMP | BPF_JEQ | BPF_K: jump = value == i->value; break;
        case BPF_JMP | BPF_JGE | BPF_K: jump = value >= i->value; break;
        case BPF_JMP | BPF_JSET | BPF_K: jump = (value & i->value) != 0; break;
        default: fail_msg("an unknown instruction: %x", i->code);
        }
        at += jump ? i->if_true : i->if_false;
    }
    fail_msg("it ends without an answer");
    return 0;
}

/* A call with one argument given, the others all ones. */
static uint32_t answer_to(const struct sandbox_plan *plan, uint32_t call,
                          unsigned argument, uint64_t value)
{
    struct seccomp_data data = {.nr = (int)call, .arch = OURS};
    memset(data.args, 0xFF, sizeof data.args);
    data.args[argument] = value;
    return run(plan, &data);
}

#define IS_REFUSED(answer) assert_int_equal(answer, SANDBOX_ERROR | ENOSYS)
#define IS_ALLOWED(answer) assert_int_equal(answer, SANDBOX_ALLOW)
#define IS_DEADLY(answer)  assert_int_equal(answer, SANDBOX_KILL)

static void test_calls_of_the_loop_are_allowed(void **state)
{
    (void)state;
    IS_ALLOWED(answer_to(&bare, SYS_sendmsg, 0, 7));
    IS_ALLOWED(answer_to(&bare, SYS_close, 0, 7));
    IS_ALLOWED(answer_to(&bare, SYS_epoll_pwait, 0, 7));
    IS_ALLOWED(answer_to(&bare, SYS_exit_group, 0, 0));
}

static void test_arguments_count(void **state)
{
    (void)state;
    IS_ALLOWED(answer_to(&bare, SYS_ioctl, 1, TIOCOUTQ));
    IS_REFUSED(answer_to(&bare, SYS_ioctl, 1, TIOCSTI));
    IS_ALLOWED(answer_to(&bare, SYS_write, 0, STDERR_FILENO));
    IS_REFUSED(answer_to(&bare, SYS_write, 0, STDOUT_FILENO));
    IS_REFUSED(answer_to(&bare, SYS_write, 0, 4));
    if (SYS_fcntl != CALLS_NONE) {
        IS_ALLOWED(answer_to(&bare, SYS_fcntl, 1, F_DUPFD_CLOEXEC));
        IS_REFUSED(answer_to(&bare, SYS_fcntl, 1, F_SETOWN));
    }
    if (SYS_socketcall != CALLS_NONE) {
        IS_ALLOWED(answer_to(&bare, SYS_socketcall, 0, CALLS_SOCKET_ACCEPT4));
        IS_REFUSED(answer_to(&bare, SYS_socketcall, 0, 1)); /* socket */
        IS_REFUSED(answer_to(&bare, SYS_socketcall, 0, 3)); /* connect */
    }
}

static void test_files_only_for_a_folder_and_only_to_be_read(void **state)
{
    (void)state;
    struct sandbox_plan pages = {.folder = 5};
    IS_REFUSED(answer_to(&bare, SYS_openat, 2, O_RDONLY));
    IS_REFUSED(answer_to(&bare, SYS_openat2, 0, 5));
    IS_ALLOWED(answer_to(&pages, SYS_openat2, 0, 5));
    IS_ALLOWED(answer_to(&pages, SYS_openat, 2,
                         O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW));
    IS_REFUSED(answer_to(&pages, SYS_openat, 2, O_WRONLY));
    IS_REFUSED(answer_to(&pages, SYS_openat, 2, O_RDWR | O_CLOEXEC));
    IS_REFUSED(answer_to(&pages, SYS_openat, 2, O_RDONLY | O_CREAT));
    IS_REFUSED(answer_to(&pages, SYS_openat, 2, O_RDONLY | O_TRUNC));
    IS_REFUSED(answer_to(&pages, SYS_unlinkat, 0, 5));
}

static void test_removing_only_what_is_to_be_removed(void **state)
{
    (void)state;
    struct sandbox_plan removal = {
        .folder = -1, .paths = {"/run/chatd"}, .path_count = 1};
    IS_REFUSED(answer_to(&bare, SYS_unlinkat, 0, 0));
    IS_ALLOWED(answer_to(&removal, SYS_unlinkat, 0, 0));
    IS_REFUSED(answer_to(&removal, SYS_openat2, 0, 0));
}

static void test_bells_alone_are_rung(void **state)
{
    (void)state;
    struct sandbox_plan plan = {.folder = -1, .bell_count = SANDBOX_BELLS};
    for (int i = 0; i < SANDBOX_BELLS; i++)
        plan.bells[i] = 10 + i;
    IS_REFUSED(answer_to(&bare, SYS_write, 0, 10));
    IS_ALLOWED(answer_to(&plan, SYS_write, 0, 2));
    IS_ALLOWED(answer_to(&plan, SYS_write, 0, 10));
    IS_ALLOWED(answer_to(&plan, SYS_write, 0, 10 + SANDBOX_BELLS - 1));
    IS_REFUSED(answer_to(&plan, SYS_write, 0, 9));
    IS_REFUSED(answer_to(&plan, SYS_write, 0, 10 + SANDBOX_BELLS));
    IS_DEADLY(answer_to(&plan, SYS_execve, 0, 10));
    IS_REFUSED(answer_to(&plan, SYS_socket, 0, 10));
}

static void test_a_keeper_makes_processes_and_no_threads(void **state)
{
    (void)state;
    struct sandbox_plan plan = {.folder = -1, .keeps = true};
#ifndef __s390x__
    IS_ALLOWED(answer_to(&plan, SYS_clone, 0,
                         CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID | SIGCHLD));
    IS_DEADLY(answer_to(&plan, SYS_clone, 0, CLONE_VM | SIGCHLD));
    IS_DEADLY(answer_to(&plan, SYS_clone, 0, CLONE_NEWUSER | SIGCHLD));
#endif
    IS_DEADLY(answer_to(&plan, SYS_clone3, 0, 0));
    IS_ALLOWED(answer_to(&plan, SYS_kill, 0, 7));
    IS_ALLOWED(answer_to(&plan, SYS_wait4, 0, 7));
    IS_ALLOWED(answer_to(&plan, SYS_sendmsg, 0, 7));
    IS_REFUSED(answer_to(&bare, SYS_kill, 0, 7));
    IS_REFUSED(answer_to(&bare, SYS_wait4, 0, 7));
}

static void test_what_starts_in_a_keepers_can_still_go_in(void **state)
{
    (void)state;
    struct sandbox_plan plan = {.folder = -1, .keeps = true};
    IS_ALLOWED(answer_to(&plan, SYS_prctl, 0, PR_SET_SECCOMP));
    IS_ALLOWED(answer_to(&plan, SYS_prctl, 0, PR_SET_PDEATHSIG));
    IS_REFUSED(answer_to(&plan, SYS_prctl, 0, PR_SET_DUMPABLE));
    IS_ALLOWED(answer_to(&plan, SYS_landlock_restrict_self, 0, 0));
    IS_ALLOWED(answer_to(&plan, SYS_epoll_create1, 0, 0));
    IS_DEADLY(answer_to(&plan, SYS_mprotect, 0, 0));
#ifdef __x86_64__
    IS_ALLOWED(answer_to(&plan, SYS_mmap, 2, PROT_READ | PROT_WRITE));
    IS_REFUSED(answer_to(&plan, SYS_mmap, 2, PROT_READ | PROT_EXEC));
    IS_REFUSED(answer_to(&bare, SYS_mmap, 2, PROT_READ));
#endif
}

static void test_what_a_storage_wants_at_its_end(void **state)
{
    (void)state;
    struct sandbox_plan storage = {.folder = -1, .storage = true};
    IS_REFUSED(answer_to(&bare, SYS_fsync, 0, 0));
    IS_ALLOWED(answer_to(&storage, SYS_fsync, 0, 0));
    IS_REFUSED(answer_to(&storage, SYS_openat2, 0, 0));
    IS_REFUSED(answer_to(&storage, SYS_unlinkat, 0, 0));
}

static void test_who_connects_makes_streams_and_accepts_nobody(void **state)
{
    (void)state;
    struct sandbox_plan plan = {.folder = -1, .connects = true};
    struct sandbox_plan keeper = plan;
    int stream = SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC;
    keeper.keeps = true;
    IS_ALLOWED(answer_to(&bare, SYS_accept4, 0, 7));
    IS_REFUSED(answer_to(&plan, SYS_accept4, 0, 7));
    IS_ALLOWED(answer_to(&keeper, SYS_accept4, 0, 7));
    if (SYS_socketcall == CALLS_NONE) {
        IS_ALLOWED(answer_to(&plan, SYS_socket, 1, (uint64_t)stream));
        IS_ALLOWED(answer_to(&keeper, SYS_socket, 1, (uint64_t)stream));
        IS_REFUSED(answer_to(&plan, SYS_socket, 1, SOCK_DGRAM));
        IS_REFUSED(answer_to(&plan, SYS_socket, 1, SOCK_RAW));
        IS_ALLOWED(answer_to(&plan, SYS_connect, 0, 7));
        IS_ALLOWED(answer_to(&plan, SYS_getsockopt, 2, SO_ERROR));
        IS_REFUSED(answer_to(&plan, SYS_getsockopt, 2, SO_PEERCRED));
        IS_REFUSED(answer_to(&bare, SYS_getsockopt, 2, SO_ERROR));
        IS_ALLOWED(answer_to(&plan, SYS_setsockopt, 2, TCP_NODELAY));
        IS_REFUSED(answer_to(&bare, SYS_setsockopt, 2, TCP_NODELAY));
        IS_REFUSED(answer_to(&plan, SYS_bind, 0, 7));
    } else {
        IS_ALLOWED(answer_to(&plan, SYS_socketcall, 0, CALLS_SOCKET_CONNECT));
        IS_REFUSED(answer_to(&plan, SYS_socketcall, 0, CALLS_SOCKET_ACCEPT4));
        IS_REFUSED(answer_to(&bare, SYS_socketcall, 0, CALLS_SOCKET_CONNECT));
    }
    IS_REFUSED(answer_to(&plan, SYS_openat2, 0, 5));
    IS_REFUSED(answer_to(&plan, SYS_kill, 0, 7));
    IS_DEADLY(answer_to(&plan, SYS_execve, 0, 7));
}

static void test_deadly_unknown_and_foreign_calls(void **state)
{
    (void)state;
    IS_DEADLY(answer_to(&bare, SYS_execve, 0, 0));
    IS_DEADLY(answer_to(&bare, SYS_clone, 0, 0));
    IS_DEADLY(answer_to(&bare, SYS_ptrace, 0, 0));
    IS_DEADLY(answer_to(&bare, SYS_mprotect, 0, 0));
    IS_REFUSED(answer_to(&bare, SYS_socket, 0, 0));
    IS_REFUSED(answer_to(&bare, SYS_connect, 0, 0));
    IS_REFUSED(answer_to(&bare, 9999, 0, 0));
    struct seccomp_data other = {.nr = SYS_close, .arch = OURS ^ 1};
    IS_DEADLY(run(&bare, &other));
#ifdef __x86_64__
    IS_DEADLY(answer_to(&bare, 0x40000000 | SYS_close, 0, 0));
#endif
}

/* ---- Inside, for real ---------------------------------------------------- */

static unsigned achieved; /* here; enum sandbox_part */

#define SIGNALLED 200 /* + its number: how an act may end, besides errno */

/* Run an act in a child behind `enter`: 0, its errno, or the signal. */
static int outcome(unsigned (*enter)(const struct sandbox_plan *),
                   const struct sandbox_plan *plan, long (*act)(void))
{
    int status;
    fflush(NULL);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        signal(SIGSYS, SIG_DFL);
        setrlimit(RLIMIT_CORE, &(struct rlimit){0});
        enter(plan);
        errno = 0;
        _exit(act() >= 0 ? 0 : errno);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    return WIFSIGNALED(status) ? SIGNALLED + WTERMSIG(status)
                               : WEXITSTATUS(status);
}

static unsigned only_landlock(const struct sandbox_plan *plan)
{
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    return sandbox_landlock(plan);
}

static long probe(void)
{
    return 0;
}

static unsigned enter_and_tell(const struct sandbox_plan *plan)
{
    _exit((int)sandbox_enter(plan));
}

static unsigned enter_and_ask(const struct sandbox_plan *plan)
{
    only_landlock(plan);
    _exit(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0));
}

static int find_out(void **state)
{
    (void)state;
    achieved = (unsigned)outcome(enter_and_tell, &bare, probe);
    printf("achieved here: %u of %d\n", achieved, SANDBOX_ALL);
    return 0;
}

static void need(unsigned part)
{
    if (!(achieved & part))
        skip();
}

static int pair[2];

static long do_send(void)
{
    return send(pair[0], "x", 1, MSG_NOSIGNAL);
}
static long do_spare(void)
{
    return fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0);
}
static long do_log(void)
{
    return write(STDERR_FILENO, "", 0);
}
static long do_write(void)
{
    return write(pair[0], "x", 1);
}
static long do_open(void)
{
    return open("/etc/passwd", O_RDONLY);
}
static long do_socket(void)
{
    return socket(AF_INET, SOCK_STREAM, 0);
}
static long do_bind(void)
{
    struct sockaddr_in to = {.sin_family = AF_INET};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    return bind(fd, (struct sockaddr *)&to, sizeof to);
}
static long do_kill(void)
{
    return kill(getppid(), 0);
}
static long do_execve(void)
{
    return execl("/bin/true", "true", (char *)NULL);
}
static long do_fork(void)
{
    return fork();
}
static long do_ptrace(void)
{
    return syscall(SYS_ptrace, 0, 0, 0, 0);
}
static long do_setuid(void)
{
    return syscall(SYS_setuid, 0);
}
static long do_mount(void)
{
    return syscall(SYS_mount, "", "", "", 0, "");
}
static long do_code(void)
{
    static char page[8192];
    char *start = page + (4096 - (uintptr_t)page % 4096);
    return syscall(SYS_mprotect, start, 4096, 7);
}
#ifdef __x86_64__
/* getpid of i386: another architecture's number through the old door. */
static long do_int80(void)
{
    long result;
    __asm__ volatile("int $0x80" : "=a"(result) : "a"(20) : "memory");
    return result;
}
#endif

static void test_seccomp_by_the_kernel(void **state)
{
    (void)state;
    need(SANDBOX_SECCOMP);
    static const struct {
        const char *name;
        long (*act)(void);
        int wanted;
    } acts[] = {
        {"send", do_send, 0},
        {"a spare descriptor", do_spare, 0},
        {"a line of the log", do_log, 0},
        {"write to another file", do_write, ENOSYS},
        {"open", do_open, ENOSYS},
        {"socket", do_socket, ENOSYS},
        {"kill", do_kill, ENOSYS},
        {"execve", do_execve, SIGNALLED + SIGSYS},
        {"fork", do_fork, SIGNALLED + SIGSYS},
        {"ptrace", do_ptrace, SIGNALLED + SIGSYS},
        {"setuid", do_setuid, SIGNALLED + SIGSYS},
        {"mount", do_mount, SIGNALLED + SIGSYS},
        {"code", do_code, SIGNALLED + SIGSYS},
#ifdef __x86_64__
        {"int 0x80", do_int80, SIGNALLED + SIGSYS},
#endif
    };
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    for (size_t i = 0; i < UNIT_COUNT(acts); i++) {
        int got = outcome(sandbox_enter, &bare, acts[i].act);
        if (got != acts[i].wanted)
            fail_msg("%s: %d, not %d", acts[i].name, got, acts[i].wanted);
    }
    close(pair[0]);
    close(pair[1]);
}

/* ---- Files, for real ----------------------------------------------------- */

static char folder[] = "/tmp/chatd-sandbox-XXXXXX";
static char inside[64], gone[64];
static int folder_fd = -1;

static long read_inside(void)
{
    return openat(folder_fd, "page", O_RDONLY);
}
static long write_inside(void)
{
    return openat(folder_fd, "page", O_WRONLY);
}
static long make_inside(void)
{
    return openat(folder_fd, "new", O_WRONLY | O_CREAT, 0600);
}
static long remove_inside(void)
{
    return unlink(inside);
}
static long remove_planned(void)
{
    return unlink(gone);
}

static void make_folder(void)
{
    strcpy(folder + strlen(folder) - strlen("XXXXXX"), "XXXXXX");
    assert_non_null(mkdtemp(folder));
    snprintf(inside, sizeof inside, "%s/page", folder);
    snprintf(gone, sizeof gone, "%s/run/socket", folder);
    char run_folder[64];
    snprintf(run_folder, sizeof run_folder, "%s/run", folder);
    assert_int_equal(mkdir(run_folder, 0700), 0);
    close(creat(inside, 0600));
    close(creat(gone, 0600));
    folder_fd = open(folder, O_PATH | O_DIRECTORY);
}

static void remove_folder(void)
{
    unlink(inside);
    unlink(gone);
    gone[strlen(gone) - strlen("/socket")] = '\0';
    rmdir(gone);
    rmdir(folder);
    close(folder_fd);
}

static struct storage kept;

static long end_a_storage(void)
{
    uint8_t *bytes = storage_map(&kept, 4096, STORAGE_SHARED);
    if (bytes)
        return -1; /* it is mapped before */
    errno = 0;
    if (storage_sync(&kept) != 0 || storage_changed(&kept) == 0)
        return -1;
    storage_close(&kept);
    return 0;
}

static void test_a_storage_can_be_closed_in_order_inside(void **state)
{
    (void)state;
    need(SANDBOX_SECCOMP);
    make_folder();
    assert_int_equal(storage_open(&kept, inside), 0);
    struct sandbox_plan plan = {.folder = -1, .storage = true};
    assert_int_equal(outcome(sandbox_enter, &plan, end_a_storage), 0);
    assert_int_not_equal(outcome(sandbox_enter, &bare, end_a_storage), 0);
    storage_close(&kept);
    remove_folder();
}

static void test_landlock_by_the_kernel(void **state)
{
    (void)state;
    need(SANDBOX_LANDLOCK);
    make_folder();
    struct sandbox_plan plan = {
        .folder = folder_fd, .paths = {gone}, .path_count = 1};
    assert_int_equal(outcome(only_landlock, &plan, do_open), EACCES);
    assert_int_equal(outcome(only_landlock, &plan, read_inside), 0);
    assert_int_equal(outcome(only_landlock, &plan, write_inside), EACCES);
    assert_int_equal(outcome(only_landlock, &plan, make_inside), EACCES);
    assert_int_equal(outcome(only_landlock, &plan, remove_inside), EACCES);
    assert_int_equal(outcome(only_landlock, &bare, read_inside), EACCES);
    assert_int_equal(outcome(only_landlock, &bare, remove_planned), EACCES);
    assert_int_equal(outcome(only_landlock, &plan, remove_planned), 0);
    assert_int_equal(access(gone, F_OK), -1);
    /* As far as this kernel goes: version 4, version 6. */
    long version = syscall(SYS_landlock_create_ruleset, NULL, 0, 1);
    if (version >= 4)
        assert_int_equal(outcome(only_landlock, &bare, do_bind), EACCES);
    if (version >= 6)
        assert_int_equal(outcome(only_landlock, &bare, do_kill), EPERM);
    remove_folder();
}

/* ---- Others, for real ---------------------------------------------------- */

static struct socket_address called;

static long do_call(void)
{
    int fd = socket_dial(&called);
    struct pollfd wait = {.fd = fd, .events = POLLOUT};
    if (fd < 0)
        errno = -fd;
    if (fd < 0 || poll(&wait, 1, UNIT_PATIENCE) < 0)
        return -1;
    errno = -dial_result(fd);
    return errno ? -1 : 0;
}

static void listen_on(struct socket_address *address, const char *where)
{
    static const struct socket_tuning plain;
    assert_true(socket_parse(bytes_of(where), address));
    assert_true(socket_listen(address, &plain, SOCKET_ALONE) >= 0);
}

/* Both that are planned, and no other port; nor any without such a plan. */
static void test_who_connects_reaches_what_is_planned(void **state)
{
    struct socket_address planned, other, file;
    char path[64];
    (void)state;
    need(SANDBOX_LANDLOCK);
    need(SANDBOX_SECCOMP);
    make_folder();
    snprintf(path, sizeof path, "unix:%s/redis", folder);
    listen_on(&planned, "127.0.0.1:0");
    listen_on(&other, "127.0.0.1:0");
    listen_on(&file, path);
    struct sandbox_plan plan = {.folder = -1,
                                .connects = true,
                                .ports = {planned.port},
                                .port_count = 1};
    called = planned;
    assert_int_equal(outcome(sandbox_enter, &plan, do_call), 0);
    assert_int_equal(outcome(sandbox_enter, &bare, do_call), ENOSYS);
    called = file;
    assert_int_equal(outcome(sandbox_enter, &plan, do_call), 0);
    called = other;
    if (syscall(SYS_landlock_create_ruleset, NULL, 0, 1) >= 4)
        assert_int_equal(outcome(sandbox_enter, &plan, do_call), EACCES);
    assert_int_equal(outcome(sandbox_enter, &plan, do_open), ENOSYS);
    unlink(path + strlen("unix:"));
    remove_folder();
}

/* As a keeper, and then as the bus that it makes. */
static unsigned enter_twice(const struct sandbox_plan *plan)
{
    struct sandbox_plan keeper = *plan;
    keeper.keeps = true;
    sandbox_enter(&keeper);
    return sandbox_enter(plan);
}

static void test_a_keepers_child_connects_behind_both(void **state)
{
    (void)state;
    need(SANDBOX_LANDLOCK);
    need(SANDBOX_SECCOMP);
    listen_on(&called, "127.0.0.1:0");
    struct sandbox_plan plan = {.folder = -1,
                                .connects = true,
                                .ports = {called.port},
                                .port_count = 1};
    assert_int_equal(outcome(enter_twice, &plan, do_call), 0);
    assert_int_equal(outcome(enter_twice, &plan, do_open), ENOSYS);
}

static void test_no_new_privileges(void **state)
{
    (void)state;
    need(SANDBOX_NO_NEW_PRIVS);
    assert_int_equal(outcome(enter_and_ask, &bare, probe), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_calls_of_the_loop_are_allowed),
        cmocka_unit_test(test_arguments_count),
        cmocka_unit_test(test_files_only_for_a_folder_and_only_to_be_read),
        cmocka_unit_test(test_removing_only_what_is_to_be_removed),
        cmocka_unit_test(test_bells_alone_are_rung),
        cmocka_unit_test(test_a_keeper_makes_processes_and_no_threads),
        cmocka_unit_test(test_what_starts_in_a_keepers_can_still_go_in),
        cmocka_unit_test(test_what_a_storage_wants_at_its_end),
        cmocka_unit_test(test_who_connects_makes_streams_and_accepts_nobody),
        cmocka_unit_test(test_deadly_unknown_and_foreign_calls),
        cmocka_unit_test(test_seccomp_by_the_kernel),
        cmocka_unit_test(test_a_storage_can_be_closed_in_order_inside),
        cmocka_unit_test(test_landlock_by_the_kernel),
        cmocka_unit_test(test_who_connects_reaches_what_is_planned),
        cmocka_unit_test(test_a_keepers_child_connects_behind_both),
        cmocka_unit_test(test_no_new_privileges),
    };
    return cmocka_run_group_tests(tests, find_out, NULL);
}
