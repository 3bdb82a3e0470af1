/* SPDX-License-Identifier: MIT */
/* wsbench: a WebSocket load generator that checks every byte; see README.md. */
#include "bench/load.h"
#include "bench/report.h"

#include <stdio.h>
#include <string.h>

static const struct mode *find_mode(const char *name)
{
    static const struct mode *const modes[] = {&echo_mode, &broadcast_mode,
                                               &idle_mode, &churn_mode};
    for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++)
        if (strcmp(modes[i]->name, name) == 0)
            return modes[i];
    return NULL;
}

int main(int argc, char **argv)
{
    struct options options = options_read(argc, argv);
    const struct mode *mode = find_mode(options.mode);
    struct load load;
    if (!mode) {
        fprintf(stderr, "wsbench: no mode %s (--help)\n", options.mode);
        return 2;
    }
    load_init(&load, &options, mode);
    struct findings findings = load_run(&load);
    if (options.json)
        report_json(&load, &findings);
    else
        report_text(&load, &findings);
    return fflush(stdout) == 0 ? 0 : 1;
}
