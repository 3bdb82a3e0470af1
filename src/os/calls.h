/* SPDX-License-Identifier: MIT */
/*
 * calls: system calls by name, on every architecture.
 *
 * What an architecture never had, or took from the start under another name,
 * is CALLS_NONE here. Late calls, which a libc's headers may not have yet,
 * are given by number.
 */
#ifndef OS_CALLS_H
#define OS_CALLS_H

#include <sys/syscall.h>

#define CALLS_NONE UINT32_MAX

/* Since Linux 5.0 new calls have one number everywhere, but for a base. */
#if defined(__mips__) && _MIPS_SIM == _ABIO32
#define CALLS_BASE 4000
#elif defined(__mips__) && _MIPS_SIM == _ABI64
#define CALLS_BASE 5000
#elif defined(__mips__)
#define CALLS_BASE 6000
#elif defined(__alpha__)
#define CALLS_BASE 110
#else
#define CALLS_BASE 0
#endif

#ifndef SYS_io_uring_setup
#define SYS_io_uring_setup (CALLS_BASE + 425)
#endif
#ifndef SYS_clone3
#define SYS_clone3 (CALLS_BASE + 435)
#endif
#ifndef SYS_openat2
#define SYS_openat2 (CALLS_BASE + 437)
#endif
#ifndef SYS_landlock_create_ruleset
#define SYS_landlock_create_ruleset (CALLS_BASE + 444)
#endif
#ifndef SYS_landlock_add_rule
#define SYS_landlock_add_rule (CALLS_BASE + 445)
#endif
#ifndef SYS_landlock_restrict_self
#define SYS_landlock_restrict_self (CALLS_BASE + 446)
#endif

/* linux/net.h: the first argument of socketcall. */
#define CALLS_SOCKET_SOCKET      1
#define CALLS_SOCKET_CONNECT     3
#define CALLS_SOCKET_GETPEERNAME 7
#define CALLS_SOCKET_SEND        9
#define CALLS_SOCKET_RECV        10
#define CALLS_SOCKET_SENDTO      11
#define CALLS_SOCKET_RECVFROM    12
#define CALLS_SOCKET_SHUTDOWN    13
#define CALLS_SOCKET_SETSOCKOPT  14
#define CALLS_SOCKET_GETSOCKOPT  15
#define CALLS_SOCKET_SENDMSG     16
#define CALLS_SOCKET_ACCEPT4     18

#ifndef SYS_clock_gettime
#define SYS_clock_gettime CALLS_NONE
#endif
#ifndef SYS_clock_gettime64
#define SYS_clock_gettime64 CALLS_NONE
#endif
#ifndef SYS_epoll_wait
#define SYS_epoll_wait CALLS_NONE
#endif
#ifndef SYS_fcntl
#define SYS_fcntl CALLS_NONE
#endif
#ifndef SYS_fcntl64
#define SYS_fcntl64 CALLS_NONE
#endif
#ifndef SYS_fork
#define SYS_fork CALLS_NONE
#endif
#ifndef SYS_fstat
#define SYS_fstat CALLS_NONE
#endif
#ifndef SYS_fstat64
#define SYS_fstat64 CALLS_NONE
#endif
#ifndef SYS_fstatat64
#define SYS_fstatat64 CALLS_NONE
#endif
#ifndef SYS_kexec_load
#define SYS_kexec_load CALLS_NONE
#endif
#ifndef SYS_lstat
#define SYS_lstat CALLS_NONE
#endif
#ifndef SYS_lstat64
#define SYS_lstat64 CALLS_NONE
#endif
#ifndef SYS_mmap
#define SYS_mmap CALLS_NONE
#endif
#ifndef SYS_mmap2
#define SYS_mmap2 CALLS_NONE
#endif
#ifndef SYS_newfstatat
#define SYS_newfstatat CALLS_NONE
#endif
#ifndef SYS_pkey_mprotect
#define SYS_pkey_mprotect CALLS_NONE
#endif
#ifndef SYS_poll
#define SYS_poll CALLS_NONE
#endif
#ifndef SYS_ppoll
#define SYS_ppoll CALLS_NONE
#endif
#ifndef SYS_ppoll_time64
#define SYS_ppoll_time64 CALLS_NONE
#endif
#ifndef SYS_recv
#define SYS_recv CALLS_NONE
#endif
#ifndef SYS_recvfrom
#define SYS_recvfrom CALLS_NONE
#endif
#ifndef SYS_send
#define SYS_send CALLS_NONE
#endif
#ifndef SYS_sendfile
#define SYS_sendfile CALLS_NONE
#endif
#ifndef SYS_sendfile64
#define SYS_sendfile64 CALLS_NONE
#endif
#ifndef SYS_socketcall
#define SYS_socketcall CALLS_NONE
#endif
#ifndef SYS_statx
#define SYS_statx CALLS_NONE
#endif
#ifndef SYS_unlink
#define SYS_unlink CALLS_NONE
#endif
#ifndef SYS_vfork
#define SYS_vfork CALLS_NONE
#endif

#endif
