/* SPDX-License-Identifier: MIT */
/*
 * The seccomp filter, as a table and as the BPF made of it.
 *
 * The kernel runs the program over every system call:
 *
 *     struct seccomp_data   0 number   4 architecture   8 instruction pointer
 *                           16 arguments, 8 bytes each in the machine's order
 *
 *     architecture other than ours?  kill     (a number means another call)
 *     number among the rules?        allow    (often first: the list is long)
 *     number and argument?           allow
 *     number among the deadly?       kill
 *                                    ENOSYS
 *
 * A call stands under each name that some libc uses somewhere: epoll_wait is
 * epoll_pwait on aarch64, fstat is statx on 32 bits, and on i386 and s390x
 * glibc makes all socket calls through socketcall. os/calls.h has those that
 * an architecture lacks.
 */
#include "os/sandbox.h"
#include "os/calls.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

/* ---- The machine --------------------------------------------------------- */

/* linux/audit.h: the ELF machine, 64 bits, little endian. */
#define BITS_64 UINT32_C(0x80000000)
#define LITTLE  UINT32_C(0x40000000)

#if defined(__x86_64__) && !defined(__ILP32__)
#define ARCHITECTURE (62 | BITS_64 | LITTLE)
#elif defined(__i386__)
#define ARCHITECTURE (3 | LITTLE)
#elif defined(__aarch64__) && !defined(__AARCH64EB__)
#define ARCHITECTURE (183 | BITS_64 | LITTLE)
#elif defined(__arm__) && defined(__ARM_EABI__) && !defined(__ARMEB__)
#define ARCHITECTURE (40 | LITTLE)
#elif defined(__mips64) && defined(__MIPSEB__)
#define ARCHITECTURE (8 | BITS_64)
#elif defined(__mips64) && defined(__MIPSEL__)
#define ARCHITECTURE (8 | BITS_64 | LITTLE)
#elif defined(__mips__) && defined(__MIPSEB__)
#define ARCHITECTURE 8
#elif defined(__mips__) && defined(__MIPSEL__)
#define ARCHITECTURE (8 | LITTLE)
#elif defined(__s390x__)
#define ARCHITECTURE (22 | BITS_64)
#elif defined(__powerpc64__) && defined(__BIG_ENDIAN__)
#define ARCHITECTURE (21 | BITS_64)
#elif defined(__powerpc64__)
#define ARCHITECTURE (21 | BITS_64 | LITTLE)
#elif defined(__riscv) && __riscv_xlen == 64
#define ARCHITECTURE (243 | BITS_64 | LITTLE)
#else
#define ARCHITECTURE 0 /* no filter */
#endif

#define X32_CALLS UINT32_C(0x40000000) /* x86_64: numbers of another ABI */

/* ---- What the loop does -------------------------------------------------- */

enum need { ALWAYS, ACCEPTING, CONNECTING, FOLDER, REMOVAL, STORAGE, KEEPING };

enum test {
    ANY,       /* whatever its arguments */
    EQUAL,     /* `argument` is `value` */
    ONLY_BITS, /* no bit of `argument` is set but those of `value` */
};

struct rule {
    uint32_t call;
    uint8_t need;     /* enum need: when the plan asks for it */
    uint8_t test;     /* enum test */
    uint8_t argument; /* 0 to 5 */
    uint32_t value;
};

/* What os/file.c opens with where there is no openat2. */
#define OPEN_FLAGS                                                             \
    (O_CLOEXEC | O_NOCTTY | O_NONBLOCK | O_NOFOLLOW | O_PATH | O_DIRECTORY |   \
     O_LARGEFILE)

/* What fork(2) asks clone(2) for, and where: s390x has the stack first. */
#define FORK_FLAGS (CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID | SIGCHLD)
#ifdef __s390x__
#define FORK_ARGUMENT 1
#define MMAP_TEST     ANY /* its arguments stand in memory */
#else
#define FORK_ARGUMENT 0
#define MMAP_TEST     ONLY_BITS
#endif

static const struct rule rules[] = {
    /* The reactor, and what it says is ready. */
    {.call = SYS_epoll_wait},
    {.call = SYS_epoll_pwait},
    {.call = SYS_recv},
    {.call = SYS_recvfrom},
    {.call = SYS_send},
    {.call = SYS_sendto},
    {.call = SYS_sendmsg},
    {.call = SYS_accept4, .need = ACCEPTING},
    {.call = SYS_epoll_ctl},
    {.call = SYS_shutdown},
    {.call = SYS_close},
    {.call = SYS_getpeername},
    {.call = SYS_ioctl, .test = EQUAL, .argument = 1, .value = TIOCOUTQ},
    {.call = SYS_setsockopt,
     .test = EQUAL,
     .argument = 2,
     .value = TCP_USER_TIMEOUT},
    {.call = SYS_socketcall, .test = EQUAL, .value = CALLS_SOCKET_RECV},
    {.call = SYS_socketcall, .test = EQUAL, .value = CALLS_SOCKET_RECVFROM},
    {.call = SYS_socketcall, .test = EQUAL, .value = CALLS_SOCKET_SEND},
    {.call = SYS_socketcall, .test = EQUAL, .value = CALLS_SOCKET_SENDTO},
    {.call = SYS_socketcall, .test = EQUAL, .value = CALLS_SOCKET_SENDMSG},
    {.call = SYS_socketcall,
     .need = ACCEPTING,
     .test = EQUAL,
     .value = CALLS_SOCKET_ACCEPT4},
    {.call = SYS_socketcall, .test = EQUAL, .value = CALLS_SOCKET_SHUTDOWN},
    {.call = SYS_socketcall, .test = EQUAL, .value = CALLS_SOCKET_SETSOCKOPT},
    {.call = SYS_socketcall, .test = EQUAL, .value = CALLS_SOCKET_GETPEERNAME},

    /* The clock, where it is no plain function of the kernel's (vdso). */
    {.call = SYS_clock_gettime},
    {.call = SYS_clock_gettime64},

    /* The log, on standard error alone; members' ids; signals; a copy of a
       descriptor as the spare one. */
    {.call = SYS_poll},
    {.call = SYS_ppoll},
    {.call = SYS_ppoll_time64},
    {.call = SYS_write, .test = EQUAL, .value = STDERR_FILENO},
    {.call = SYS_getrandom},
    {.call = SYS_read},
    {.call = SYS_fcntl, .test = EQUAL, .argument = 1, .value = F_DUPFD_CLOEXEC},
    {.call = SYS_fcntl64,
     .test = EQUAL,
     .argument = 1,
     .value = F_DUPFD_CLOEXEC},

    /* Stopped and continued; the end. */
    {.call = SYS_restart_syscall},
    {.call = SYS_exit},
    {.call = SYS_exit_group},

    /* --redis: a stream to somebody, and how the call went. */
    {.call = SYS_socket,
     .need = CONNECTING,
     .test = EQUAL,
     .argument = 1,
     .value = SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC},
    {.call = SYS_connect, .need = CONNECTING},
    {.call = SYS_getsockopt,
     .need = CONNECTING,
     .test = EQUAL,
     .argument = 2,
     .value = SO_ERROR},
    {.call = SYS_setsockopt,
     .need = CONNECTING,
     .test = EQUAL,
     .argument = 2,
     .value = TCP_NODELAY},
    {.call = SYS_socketcall,
     .need = CONNECTING,
     .test = EQUAL,
     .value = CALLS_SOCKET_SOCKET},
    {.call = SYS_socketcall,
     .need = CONNECTING,
     .test = EQUAL,
     .value = CALLS_SOCKET_CONNECT},
    {.call = SYS_socketcall,
     .need = CONNECTING,
     .test = EQUAL,
     .value = CALLS_SOCKET_GETSOCKOPT},

    /* --static: opening files for reading, and sending them. What openat2
       is asked stands in memory, where a filter cannot look; Landlock can. */
    {.call = SYS_openat2, .need = FOLDER},
    {.call = SYS_openat,
     .need = FOLDER,
     .test = ONLY_BITS,
     .argument = 2,
     .value = OPEN_FLAGS},
    {.call = SYS_sendfile, .need = FOLDER},
    {.call = SYS_sendfile64, .need = FOLDER},
    {.call = SYS_fstat, .need = FOLDER},
    {.call = SYS_fstat64, .need = FOLDER},
    {.call = SYS_fstatat64, .need = FOLDER},
    {.call = SYS_newfstatat, .need = FOLDER},
    {.call = SYS_statx, .need = FOLDER},

    /* unix: sockets: is the file still ours? Then it goes. */
    {.call = SYS_lstat, .need = REMOVAL},
    {.call = SYS_lstat64, .need = REMOVAL},
    {.call = SYS_fstatat64, .need = REMOVAL},
    {.call = SYS_newfstatat, .need = REMOVAL},
    {.call = SYS_statx, .need = REMOVAL},
    {.call = SYS_unlink, .need = REMOVAL},
    {.call = SYS_unlinkat, .need = REMOVAL},

    /* --store: its file is written to the disk; when was it changed? */
    {.call = SYS_fsync, .need = STORAGE},
    {.call = SYS_munmap, .need = STORAGE},
    {.call = SYS_fstat, .need = STORAGE},
    {.call = SYS_fstat64, .need = STORAGE},
    {.call = SYS_fstatat64, .need = STORAGE},
    {.call = SYS_newfstatat, .need = STORAGE},
    {.call = SYS_statx, .need = STORAGE},

    /* A keeper: processes are made, looked after and ended, */
    {.call = SYS_clone,
     .need = KEEPING,
     .test = ONLY_BITS,
     .argument = FORK_ARGUMENT,
     .value = FORK_FLAGS},
    {.call = SYS_fork, .need = KEEPING},
    {.call = SYS_rt_sigprocmask, .need = KEEPING},
    {.call = SYS_set_robust_list, .need = KEEPING},
    {.call = SYS_set_tid_address, .need = KEEPING},
    {.call = SYS_gettid, .need = KEEPING},
    {.call = SYS_getpid, .need = KEEPING},
    {.call = SYS_wait4, .need = KEEPING},
    {.call = SYS_waitid, .need = KEEPING},
    {.call = SYS_kill, .need = KEEPING},
    /* and these start: their end, memory, reactor and sandbox. */
    {.call = SYS_getppid, .need = KEEPING},
    {.call = SYS_prctl,
     .need = KEEPING,
     .test = EQUAL,
     .value = PR_SET_PDEATHSIG},
    {.call = SYS_prctl,
     .need = KEEPING,
     .test = EQUAL,
     .value = PR_SET_NO_NEW_PRIVS},
    {.call = SYS_prctl,
     .need = KEEPING,
     .test = EQUAL,
     .value = PR_SET_SECCOMP},
    {.call = SYS_landlock_create_ruleset, .need = KEEPING},
    {.call = SYS_landlock_add_rule, .need = KEEPING},
    {.call = SYS_landlock_restrict_self, .need = KEEPING},
    {.call = SYS_mmap,
     .need = KEEPING,
     .test = MMAP_TEST,
     .argument = 2,
     .value = PROT_READ | PROT_WRITE},
    {.call = SYS_mmap2,
     .need = KEEPING,
     .test = ONLY_BITS,
     .argument = 2,
     .value = PROT_READ | PROT_WRITE},
    {.call = SYS_epoll_create1, .need = KEEPING},
    {.call = SYS_ioctl,
     .need = KEEPING,
     .test = EQUAL,
     .argument = 1,
     .value = TCGETS},
};

/* ---- What nobody here could mean ----------------------------------------- */

static const uint32_t deadly[] = {
    /* new programs and processes */
    SYS_execve,
    SYS_execveat,
    SYS_clone,
    SYS_clone3,
    SYS_fork,
    SYS_vfork,
    /* other processes' memory */
    SYS_ptrace,
    SYS_process_vm_readv,
    SYS_process_vm_writev,
    /* new code */
    SYS_mprotect,
    SYS_pkey_mprotect,
    SYS_memfd_create,
    SYS_bpf,
    /* another user, another root, another world */
    SYS_setuid,
    SYS_setgid,
    SYS_setresuid,
    SYS_setresgid,
    SYS_capset,
    SYS_chroot,
    SYS_pivot_root,
    SYS_mount,
    SYS_umount2,
    SYS_unshare,
    SYS_setns,
    SYS_open_by_handle_at,
    /* the kernel itself */
    SYS_init_module,
    SYS_finit_module,
    SYS_delete_module,
    SYS_kexec_load,
    SYS_reboot,
    SYS_swapon,
    SYS_perf_event_open,
    SYS_userfaultfd,
    SYS_add_key,
    SYS_request_key,
    SYS_keyctl,
    SYS_io_uring_setup,
};

/* ---- As BPF -------------------------------------------------------------- */

/* linux/bpf_common.h */
#define LOAD          0x20 /* BPF_LD | BPF_W | BPF_ABS */
#define JUMP_EQUAL    0x15 /* BPF_JMP | BPF_JEQ | BPF_K */
#define JUMP_AT_LEAST 0x35 /* BPF_JMP | BPF_JGE | BPF_K */
#define JUMP_ANY_BIT  0x45 /* BPF_JMP | BPF_JSET | BPF_K */
#define RETURN        0x06 /* BPF_RET | BPF_K */

#define AT_NUMBER       0 /* in struct seccomp_data */
#define AT_ARCHITECTURE 4
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
#define AT_ARGUMENT(n) (16u + 8u * (n) + 4u) /* the lower half */
#else
#define AT_ARGUMENT(n) (16u + 8u * (n))
#endif

struct assembly {
    struct sandbox_instruction *program;
    size_t len;
};

static void put(struct assembly *a, uint16_t code, uint32_t value,
                uint8_t if_true, uint8_t if_false)
{
    a->program[a->len++] =
        (struct sandbox_instruction){code, if_true, if_false, value};
}

/* The number is loaded. Answer, if it is this one. */
static void put_answer(struct assembly *a, uint32_t call, uint32_t answer)
{
    if (call == CALLS_NONE)
        return;
    put(a, JUMP_EQUAL, call, 0, 1);
    put(a, RETURN, answer, 0, 0);
}

static void put_rule(struct assembly *a, const struct rule *rule)
{
    if (rule->test == ANY || rule->call == CALLS_NONE) {
        put_answer(a, rule->call, SANDBOX_ALLOW);
        return;
    }
    put(a, JUMP_EQUAL, rule->call, 0, 4);
    put(a, LOAD, AT_ARGUMENT(rule->argument), 0, 0);
    if (rule->test == EQUAL)
        put(a, JUMP_EQUAL, rule->value, 0, 1);
    else
        put(a, JUMP_ANY_BIT, ~rule->value, 1, 0);
    put(a, RETURN, SANDBOX_ALLOW, 0, 0);
    put(a, LOAD, AT_NUMBER, 0, 0); /* for the rules that follow */
}

/* Writing to any of the bells. */
static void put_bells(struct assembly *a, const struct sandbox_plan *plan)
{
    size_t count = plan->bell_count;
    if (count == 0)
        return;
    put(a, JUMP_EQUAL, SYS_write, 0, (uint8_t)(2 * count + 2));
    put(a, LOAD, AT_ARGUMENT(0), 0, 0);
    for (size_t i = 0; i < count; i++)
        put_answer(a, (uint32_t)plan->bells[i], SANDBOX_ALLOW);
    put(a, LOAD, AT_NUMBER, 0, 0); /* for the rules that follow */
}

static bool is_needed(const struct rule *rule, const struct sandbox_plan *plan)
{
    return rule->need == ALWAYS ||
           (rule->need == ACCEPTING && (plan->keeps || !plan->connects)) ||
           (rule->need == CONNECTING && plan->connects) ||
           (rule->need == FOLDER && plan->folder >= 0) ||
           (rule->need == REMOVAL && plan->path_count > 0) ||
           (rule->need == STORAGE && plan->storage) ||
           (rule->need == KEEPING && plan->keeps);
}

size_t sandbox_filter(struct sandbox_instruction program[SANDBOX_PROGRAM],
                      const struct sandbox_plan *plan)
{
    const size_t rule_count = sizeof rules / sizeof *rules;
    const size_t deadly_count = sizeof deadly / sizeof *deadly;
    _Static_assert(5 * sizeof rules / sizeof *rules +
                           2 * sizeof deadly / sizeof *deadly + 10 +
                           2 * SANDBOX_BELLS <=
                       SANDBOX_PROGRAM,
                   "five instructions a rule at most");
    struct assembly a = {.program = program};
    if (ARCHITECTURE == 0)
        return 0;
    put(&a, LOAD, AT_ARCHITECTURE, 0, 0);
    put(&a, JUMP_EQUAL, ARCHITECTURE, 1, 0);
    put(&a, RETURN, SANDBOX_KILL, 0, 0);
    put(&a, LOAD, AT_NUMBER, 0, 0);
#ifdef __x86_64__
    put(&a, JUMP_AT_LEAST, X32_CALLS, 0, 1);
    put(&a, RETURN, SANDBOX_KILL, 0, 0);
#endif
    for (size_t i = 0; i < rule_count; i++)
        if (is_needed(&rules[i], plan))
            put_rule(&a, &rules[i]);
    put_bells(&a, plan);
    for (size_t i = 0; i < deadly_count; i++)
        put_answer(&a, deadly[i], SANDBOX_KILL);
    put(&a, RETURN, SANDBOX_ERROR | ENOSYS, 0, 0);
    return a.len;
}
