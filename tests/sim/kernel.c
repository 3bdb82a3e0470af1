/* SPDX-License-Identifier: MIT */
/* Descriptors, calls, time, signals, memory, log: clock.h, entropy.h, log.h,
   memory.h, process.h and signals.h. */
#include "sim/kernel.h"
#include "os/clock.h"
#include "os/entropy.h"
#include "os/log.h"
#include "os/memory.h"
#include "os/process.h"
#include "os/socket.h"
#include "support/random.h"
#include "support/shadow.h"
#include "support/unit.h"

#include <errno.h>
#include <stdlib.h>

#define STANDARD    3 /* descriptors 0, 1 and 2 */
#define SIGNALS_MAX 16
#define LOG_SIZE    (256 * 1024)
#define PAGE        4096
#define MEMORIES    32 /* mappings of all processes, and what they share */
#define SHARED      (-1)
#define EVERYBODY   (-2)
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

    int process; /* whose calls they are */
    void (*on_wait)(int reactor, uint64_t milliseconds);
    struct {
        void *ptr;
        int process; /* whose it is, or SHARED */
    } memory[MEMORIES];
    struct text log;
    bool log_discarded;
} kernel;

static uint8_t log_bytes[LOG_SIZE];

/* Of one process, or what they share; EVERYBODY: all there is. */
static void free_memory(int process)
{
    for (size_t i = 0; i < MEMORIES; i++) {
        if (process != EVERYBODY && kernel.memory[i].process != process)
            continue;
        free(kernel.memory[i].ptr);
        kernel.memory[i].ptr = NULL;
    }
}

void sim_begin(void)
{
    free_memory(EVERYBODY);
    memset(&kernel, 0, sizeof kernel);
    kernel.monotonic = 1000;
    kernel.wall = SIM_WALL;
    kernel.random = random_of(1);
    kernel.files_max = KERNEL_LIMIT;
    kernel.log = text_over(log_bytes, sizeof log_bytes);
    network_begin();
    disk_begin();
    storage_begin();
    supervisor_begin();
    children_begin();
}

void sim_end(void)
{
    network_end();
    storage_begin();
    free_memory(EVERYBODY);
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
    kernel.files[fd] = (struct kernel_descriptor){
        .kind = kind, .number = number, .process = kernel.process};
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

int kernel_find(enum kernel_kind kind, size_t number)
{
    for (int fd = STANDARD; fd < kernel_bound(); fd++)
        if (kernel.files[fd].kind == kind && kernel.files[fd].number == number)
            return fd;
    return -1;
}

enum kernel_kind kernel_kind_of(int fd)
{
    assert_in_range(fd, STANDARD, KERNEL_FILES - 1);
    return kernel.files[fd].kind;
}

struct kernel_descriptor *kernel_if_registered(int fd, int reactor)
{
    struct kernel_descriptor *d = &kernel.files[fd];
    return d->kind != KERNEL_FREE && d->registered && d->reactor == reactor
               ? d
               : NULL;
}

int kernel_bound(void)
{
    return (int)kernel.files_bound;
}

/* ---- Processes ----------------------------------------------------------- */

void sim_enter(int process)
{
    assert_in_range(process, 0, SIM_PROCESSES - 1);
    kernel.process = process;
}

int sim_process(int connection)
{
    int fd = sim_descriptor(connection);
    return fd < 0 ? -1 : kernel.files[fd].process;
}

void sim_on_wait(void (*waits)(int reactor, uint64_t milliseconds))
{
    kernel.on_wait = waits;
}

void kernel_wait(int reactor, uint64_t milliseconds)
{
    if (kernel.on_wait)
        kernel.on_wait(reactor, milliseconds);
}

void sim_process_ends(int process)
{
    for (int fd = STANDARD; fd < kernel_bound(); fd++) {
        struct kernel_descriptor *d = &kernel.files[fd];
        if (d->registered && kernel.files[d->reactor].process == process)
            d->registered = false;
    }
    for (int fd = STANDARD; fd < kernel_bound(); fd++)
        if (kernel.files[fd].kind != KERNEL_FREE &&
            kernel.files[fd].process == process)
            socket_close(fd);
    free_memory(process);
    if (process > 0)
        return;
    free_memory(SHARED);
    supervisor_again();
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

static void *map(enum sim_call call, size_t size, int process)
{
    if (kernel_call(call) || size > MEMORY_MAX)
        return NULL;
    size_t i = 0;
    while (kernel.memory[i].ptr)
        assert_true(++i < MEMORIES);
    void *ptr = aligned_alloc(PAGE, (size + PAGE - 1) / PAGE * PAGE);
    kernel.memory[i].ptr = ptr;
    kernel.memory[i].process = process;
    return ptr ? memset(ptr, 0, size) : NULL;
}

void *memory_map(size_t size)
{
    return map(SIM_MEMORY, size, kernel.process);
}

void *memory_share(size_t size)
{
    return map(SIM_SHARE, size, SHARED);
}

void memory_unmap(void *ptr, size_t size)
{
    (void)size;
    size_t i = 0;
    while (kernel.memory[i].ptr != ptr)
        assert_true(++i < MEMORIES);
    free(ptr);
    kernel.memory[i].ptr = NULL;
}

unsigned sim_memory_mapped(void)
{
    unsigned count = 0;
    for (size_t i = 0; i < MEMORIES; i++)
        count += kernel.memory[i].ptr != NULL;
    return count;
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

int signals_open_parent(void)
{
    return signals_open();
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
