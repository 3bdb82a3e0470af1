/* SPDX-License-Identifier: MIT */
#include "bench/report.h"

#include <stdio.h>

/* The numbers that both forms print. */
struct figures {
    double seconds;           /* of measuring */
    double rate;              /* units a second */
    double cpu, user, system; /* us of the server's CPU time a unit */
    double busy;              /* share of one core */
    double load_busy; /* of wsbench; at 1 it may have been the slower side */
    double opening;   /* us of CPU time to open a connection */
    double open_rate; /* connections a second */
    double resident;  /* bytes of the server's memory a connection */
    double slab;      /* bytes of the kernel's, both ends */
    double switches;  /* times it slept, a unit */
    double p50, p99, p999, max; /* us */
};

static double per(double value, double count)
{
    return count > 0 ? value / count : 0;
}

static double us(uint64_t ns)
{
    return (double)ns / 1e3;
}

static struct figures figures_of(const struct load *load,
                                 const struct findings *f)
{
    const struct histogram *h = load->latency;
    double done = (double)load->done;
    double count = (double)load->options->connections;
    double seconds = (double)(f->end.time - f->begin.time) / 1e9;
    double opening = (double)(f->opened.time - f->first.time) / 1e9;
    return (struct figures){
        .seconds = seconds,
        .rate = per(done, seconds),
        .cpu = per(us(f->end.cpu - f->begin.cpu), done),
        .user = per(us(f->end.user - f->begin.user), done),
        .system = per(us(f->end.system - f->begin.system), done),
        .busy = per((double)(f->end.cpu - f->begin.cpu) / 1e9, seconds),
        .load_busy = per((double)(f->end.own - f->begin.own) / 1e9, seconds),
        .opening = per(us(f->opened.cpu - f->first.cpu), count),
        .open_rate = per(count, opening),
        .resident = per((double)f->resident[1] - (double)f->resident[0], count),
        .slab = per((double)f->slab[1] - (double)f->slab[0], count),
        .switches = per((double)(f->end.switches - f->begin.switches), done),
        .p50 = us(histogram_quantile(h, 0.5)),
        .p99 = us(histogram_quantile(h, 0.99)),
        .p999 = us(histogram_quantile(h, 0.999)),
        .max = us(h->max)};
}

static const char *path_of(const struct load *load)
{
    return load->options->path ? load->options->path : load->mode->path;
}

static void text_traffic(const struct load *load, const struct figures *n)
{
    printf("  %-12s %lu, %.0f a second\n", load->mode->unit,
           (unsigned long)load->done, n->rate);
    printf("  latency us   p50 %.0f  p99 %.0f  p99.9 %.0f  max %.0f\n", n->p50,
           n->p99, n->p999, n->max);
    printf("  wsbench      %.0f %% of a core\n", n->load_busy * 100);
    if (load->options->pid == 0)
        return;
    printf("  server cpu   %.3f us each (user %.2f, system %.2f), %.0f %% of "
           "a core\n",
           n->cpu, n->user, n->system, n->busy * 100);
    printf("  server slept %.4f times each\n", n->switches);
}

void report_text(const struct load *load, const struct findings *f)
{
    const struct options *o = load->options;
    struct figures n = figures_of(load, f);
    printf("%s ws://%s:%lu%s\n", o->mode, o->host, (unsigned long)o->port,
           path_of(load));
    printf("  connections  %lu, size %lu, %.2f s\n",
           (unsigned long)o->connections, (unsigned long)o->size, n.seconds);
    if (load->done)
        text_traffic(load, &n);
    if (load->mode->opens_itself || o->pid == 0)
        return;
    if (!load->done)
        printf("  server cpu   %.3f %% of a core\n", n.busy * 100);
    printf("  opening      %.1f us of cpu each, %.0f a second\n", n.opening,
           n.open_rate);
    printf("  memory       %.0f bytes a connection; the kernel's, both ends, "
           "%.0f\n",
           n.resident, n.slab);
    printf("  resident     %lu KiB with all connections\n",
           (unsigned long)f->resident[1] / 1024);
    printf("  closing      %.2f s\n", (double)f->closing / 1e9);
}

static void json_number(const char *name, double value)
{
    printf(",\"%s\":%.4f", name, value);
}

void report_json(const struct load *load, const struct findings *f)
{
    const struct options *o = load->options;
    struct figures n = figures_of(load, f);
    printf("{\"mode\":\"%s\",\"port\":%lu,\"connections\":%lu,\"size\":%lu,"
           "\"depth\":%lu,\"senders\":%lu,\"sent\":%lu,\"done\":%lu",
           load->mode->name, (unsigned long)o->port,
           (unsigned long)o->connections, (unsigned long)o->size,
           (unsigned long)o->depth, (unsigned long)o->senders,
           (unsigned long)load->sent, (unsigned long)load->done);
    json_number("seconds", n.seconds);
    json_number("per_second", n.rate);
    json_number("cpu_us", n.cpu);
    json_number("user_us", n.user);
    json_number("system_us", n.system);
    json_number("busy", n.busy);
    json_number("load_busy", n.load_busy);
    json_number("sleeps", n.switches);
    json_number("p50_us", n.p50);
    json_number("p99_us", n.p99);
    json_number("p999_us", n.p999);
    json_number("max_us", n.max);
    json_number("open_cpu_us", n.opening);
    json_number("open_per_second", n.open_rate);
    json_number("bytes_per_connection", n.resident);
    json_number("kernel_bytes_per_connection", n.slab);
    json_number("resident_bytes", (double)f->resident[1]);
    json_number("closing_s", (double)f->closing / 1e9);
    printf("}\n");
}
