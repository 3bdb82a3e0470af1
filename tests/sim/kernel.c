/* SPDX-License-Identifier: MIT */
/* Descriptors, calls, time, signals, memory, log: clock.h, entropy.h, log.h,
   memory.h, process.h and signals.h. */
#include "sim/kernel.h"
#include "os/clock.h"
#include "os/entropy.h"
#include "os/log.h"
#include "os/memory.h"
#include "os/process.h"
#include "support/random.h"
#include "support/shadow.h"
#include "support/unit.h"

#include <errno.h>
#include <stdlib.h>

#define STANDARD    3 /* descriptors 0, 1 and 2 */
#define SIGNALS_MAX 16
#define LOG_SIZE    (256 * 1024)
#define PAGE        4096
#define MEMORY_MAX  (1u << 30) /* bytes the machine has */

struct fault {
    uint64_t after; /* calls that go well before */
    uint64_t times; /* calls that fail then */
    int error;
};

static struct {
    uint64_t monotonic; /* milliseconds */
    uint64_t wall;
    struct random random;

    struct kernel_descriptor files[KERNEL_FILES];
    unsigned files_max;
    unsigned files_open;
    unsigned files_bound; /* no descriptor was ever as high */

    uint64_t counts[SIM_CALLS + 1]; /* the last one: of all */
    struct fault faults[SIM_CALLS + 1];
    uint64_t failed;

    enum signals_event signals[SIGNALS_MAX];
    size_t signal_count;

    void *memory;
    struct text log;
    bool log_discarded;
} kernel;

static uint8_t log_bytes[LOG_SIZE];

void sim_begin(void)
{
    free(kernel.memory);
    memset(&kernel, 0, sizeof kernel);
    kernel.monotonic = 1000;
    kernel.wall = SIM_WALL;
    kernel.random = random_of(1);
    kernel.files_max = KERNEL_LIMIT;
    kernel.log = text_over(log_bytes, sizeof log_bytes);
    network_begin();
    disk_begin();
    supervisor_begin();
}

void sim_end(void)
{
    network_end();
    free(kernel.memory);
    kernel.memory = NULL;
}

/* ---- Time ---------------------------------------------------------------- */

void sim_pass(uint64_t milliseconds)
{
    kernel.monotonic += milliseconds;
    kernel.wall += milliseconds;
}

void sim_set_wall(uint64_t milliseconds)
{
    kernel.wall = milliseconds;
}

uint64_t clock_microseconds(void)
{
    return kernel.monotonic * 1000;
}

uint64_t clock_realtime(void)
{
    return kernel.wall;
}

/* ---- Calls --------------------------------------------------------------- */

uint64_t sim_count(enum sim_call call)
{
    return kernel.counts[call];
}

void sim_fail(enum sim_call call, uint64_t after, uint64_t times, int error)
{
    kernel.faults[call] =
        (struct fault){.after = after, .times = times, .error = error};
}

static int fault_of(struct fault *f)
{
    if (f->times == 0)
        return 0;
    if (f->after > 0) {
        f->after--;
        return 0;
    }
    f->times--;
    return -f->error;
}

int kernel_call(enum sim_call call)
{
    kernel.counts[call]++;
    kernel.counts[SIM_ANY]++;
    int any = fault_of(&kernel.faults[SIM_ANY]);
    int one = fault_of(&kernel.faults[call]);
    kernel.failed += one || any;
    return one ? one : any;
}

uint64_t sim_failed(void)
{
    return kernel.failed;
}

/* ---- Descriptors --------------------------------------------------------- */

void sim_limit_files(unsigned most)
{
    assert_true(most <= KERNEL_FILES);
    kernel.files_max = most;
}

unsigned sim_files_open(void)
{
    return kernel.files_open;
}

int kernel_open(enum kernel_kind kind, size_t number)
{
    unsigned fd = STANDARD;
    while (fd < kernel.files_max && kernel.files[fd].kind != KERNEL_FREE)
        fd++;
    if (fd >= kernel.files_max)
        return -EMFILE;
    kernel.files[fd] =
        (struct kernel_descriptor){.kind = kind, .number = number};
    kernel.files_open++;
    if (kernel.files_bound <= fd)
        kernel.files_bound = fd + 1;
    return (int)fd;
}

struct kernel_descriptor *kernel_at(int fd, enum kernel_kind kind)
{
    assert_in_range(fd, STANDARD, KERNEL_FILES - 1);
    assert_int_equal(kernel.files[fd].kind, kind);
    return &kernel.files[fd];
}

void kernel_close(int fd, enum kernel_kind kind)
{
    kernel_at(fd, kind)->kind = KERNEL_FREE;
    kernel.files_open--;
}

enum kernel_kind kernel_kind_of(int fd)
{
    assert_in_range(fd, STANDARD, KERNEL_FILES - 1);
    return kernel.files[fd].kind;
}

struct kernel_descriptor *kernel_if_registered(int fd)
{
    struct kernel_descriptor *d = &kernel.files[fd];
    return d->kind != KERNEL_FREE && d->registered ? d : NULL;
}

int kernel_bound(void)
{
    return (int)kernel.files_bound;
}

/* ---- process.h, memory.h, entropy.h -------------------------------------- */

int process_open_standard(void)
{
    return kernel_call(SIM_STANDARD);
}

uint64_t process_raise_files(void)
{
    return kernel.files_max;
}

bool process_is_terminal(int fd)
{
    (void)fd;
    return false;
}

unsigned process_files_open(void)
{
    return STANDARD + kernel.files_open;
}

void *memory_map(size_t size)
{
    if (kernel_call(SIM_MEMORY) || size > MEMORY_MAX)
        return NULL;
    assert_null(kernel.memory); /* the one mapping */
    kernel.memory = aligned_alloc(PAGE, (size + PAGE - 1) / PAGE * PAGE);
    return kernel.memory ? memset(kernel.memory, 0, size) : NULL;
}

int entropy_fill(uint8_t *ptr, size_t len)
{
    int result = kernel_call(SIM_ENTROPY);
    if (result == 0)
        random_fill(&kernel.random, ptr, len);
    return result;
}

/* ---- signals.h ----------------------------------------------------------- */

int signals_open(void)
{
    int result = kernel_call(SIM_SIGNALS_OPEN);
    return result < 0 ? result : kernel_open(KERNEL_SIGNALS, 0);
}

void sim_signal(enum signals_event event)
{
    assert_true(kernel.signal_count < SIGNALS_MAX);
    kernel.signals[kernel.signal_count++] = event;
}

bool kernel_signalled(void)
{
    return kernel.signal_count > 0;
}

enum signals_event signals_read(int fd)
{
    kernel_at(fd, KERNEL_SIGNALS);
    if (kernel_call(SIM_SIGNALS_READ) < 0 || kernel.signal_count == 0)
        return SIGNALS_NONE;
    enum signals_event first = kernel.signals[0];
    kernel.signal_count--;
    memmove(kernel.signals, kernel.signals + 1,
            kernel.signal_count * sizeof *kernel.signals);
    return first;
}

/* ---- log.h --------------------------------------------------------------- */

void log_prepare(void)
{
}

bool log_write(struct span lines)
{
    assert_in_range(lines.len, 1, LOG_WRITE_MAX);
    assert_int_equal(lines.ptr[lines.len - 1], '\n');
    if (kernel_call(SIM_LOG))
        return false;
    shadow_check(lines.ptr, lines.len);
    if (kernel.log_discarded)
        return true;
    text_put(&kernel.log, lines);
    assert_false(kernel.log.overflow);
    return true;
}

struct span sim_log(void)
{
    return text_span(&kernel.log);
}

void sim_forget_log(void)
{
    kernel.log.len = 0;
}

void sim_discard_log(void)
{
    kernel.log_discarded = true;
}
