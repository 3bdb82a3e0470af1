/* SPDX-License-Identifier: MIT */
#include "bench/meter.h"
#include "bench/tool.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define SECOND UINT64_C(1000000000)

/* The number after `name` in a file of lines; 0 when there is no such line. */
static uint64_t number_after(const char *path, const char *name)
{
    char line[256];
    unsigned long long value = 0;
    FILE *file = fopen(path, "r");
    if (!file)
        tool_fail("cannot read %s", path);
    while (fgets(line, sizeof line, file))
        if (strncmp(line, name, strlen(name)) == 0 &&
            sscanf(line + strlen(name), "%llu", &value) == 1)
            break;
    fclose(file);
    return value;
}

static uint64_t cpu_time(pid_t pid)
{
    clockid_t clock;
    struct timespec t;
    if (clock_getcpuclockid(pid, &clock) != 0 || clock_gettime(clock, &t) != 0)
        tool_fail("process %d: cannot read its CPU time", (int)pid);
    return (uint64_t)t.tv_sec * SECOND + (uint64_t)t.tv_nsec;
}

/* proc(5): fields 14 and 15 of stat; the name, field 2, may hold anything. */
static void read_split(pid_t pid, struct meter *m)
{
    char path[64], text[1024];
    unsigned long long user = 0, system = 0;
    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    FILE *file = fopen(path, "r");
    if (!file)
        tool_fail("cannot read %s", path);
    size_t len = fread(text, 1, sizeof text - 1, file);
    fclose(file);
    text[len] = 0;
    const char *rest = strrchr(text, ')');
    if (rest)
        sscanf(rest + 1,
               " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %llu %llu", &user,
               &system);
    uint64_t tick = SECOND / (uint64_t)sysconf(_SC_CLK_TCK);
    m->user = user * tick;
    m->system = system * tick;
}

struct meter meter_read(pid_t pid)
{
    char path[64];
    struct meter m = {.time = tool_now(), .own = cpu_time(0)};
    if (pid == 0)
        return m;
    m.cpu = cpu_time(pid);
    read_split(pid, &m);
    snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
    m.switches = number_after(path, "voluntary_ctxt_switches:");
    return m;
}

uint64_t meter_resident(pid_t pid)
{
    char path[64];
    if (pid == 0)
        return 0;
    snprintf(path, sizeof path, "/proc/%d/smaps_rollup", (int)pid);
    return number_after(path, "Rss:") * 1024;
}

uint64_t meter_slab(void)
{
    return number_after("/proc/meminfo", "Slab:") * 1024;
}
