/* SPDX-License-Identifier: MIT */
/* report: what a run found, as text or as one JSON object. */
#ifndef BENCH_REPORT_H
#define BENCH_REPORT_H

#include "bench/load.h"

void report_text(const struct load *load, const struct findings *f);
void report_json(const struct load *load, const struct findings *f);

#endif
