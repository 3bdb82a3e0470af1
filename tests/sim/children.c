/* SPDX-License-Identifier: MIT */
/* Other processes: bell.h and child.h, and the processors they have. */
#include "os/bell.h"
#include "os/child.h"
#include "os/process.h"
#include "sim/kernel.h"
#include "support/unit.h"

#include <stdlib.h>

#define CHILDREN_MAX 256

static struct {
    struct child_end ends[CHILDREN_MAX]; /* pid 0: it was told */
    bool lives[CHILDREN_MAX];
    int count;
    unsigned cores;
} children;

void children_begin(void)
{
    memset(&children, 0, sizeof children);
    children.cores = 1;
}

/* ---- Bells --------------------------------------------------------------- */

int bell_open(void)
{
    int result = kernel_call(SIM_BELL_OPEN);
    return result < 0 ? result : kernel_open(KERNEL_BELL, 0);
}

void bell_ring(int bell)
{
    struct kernel_descriptor *d = kernel_at(bell, KERNEL_BELL);
    d->rung++;
    d->rung_at = sim_count(SIM_SEND);
    d->edge = true;
}

uint64_t sim_rung(int bell)
{
    return kernel_at(bell, KERNEL_BELL)->rung;
}

uint64_t sim_rung_at(int bell)
{
    return kernel_at(bell, KERNEL_BELL)->rung_at;
}

/* ---- Children ------------------------------------------------------------ */

int sim_children(void)
{
    return children.count;
}

bool sim_child_lives(int pid)
{
    assert_in_range(pid, SIM_CHILD, SIM_CHILD + children.count - 1);
    return children.lives[pid - SIM_CHILD];
}

int child_fork(void)
{
    int result = kernel_call(SIM_FORK);
    assert_true(children.count < CHILDREN_MAX);
    if (result < 0)
        return result;
    children.lives[children.count] = true;
    return SIM_CHILD + children.count++;
}

void sim_child_ends(int pid, int status, int signal)
{
    assert_true(sim_child_lives(pid));
    children.lives[pid - SIM_CHILD] = false;
    children.ends[pid - SIM_CHILD] = (struct child_end){
        .pid = pid, .status = signal ? -1 : status, .signal = signal};
    sim_signal(SIGNALS_CHILD);
}

bool child_ended(struct child_end *end)
{
    for (int i = 0; i < children.count; i++) {
        *end = children.ends[i];
        children.ends[i].pid = 0;
        if (end->pid)
            return true;
    }
    return false;
}

void child_kill(int pid)
{
    if (sim_child_lives(pid))
        sim_child_ends(pid, 0, 9);
}

void child_exit(int status)
{
    fail_msg("a child's end, of status %d", status);
    abort();
}

/* ---- Processors ---------------------------------------------------------- */

void sim_set_cores(unsigned count)
{
    children.cores = count;
}

unsigned process_cores(void)
{
    return children.cores;
}
