/* SPDX-License-Identifier: MIT */
/*
 * bench_codec: our deflate and inflate beside zlib's, in one run.
 *
 *     bench_codec [FILE...]
 *
 * Messages of each kind and size (and cut out of each FILE, if any), every
 * one compressed from an empty window and ended with a sync flush, as
 * permessage-deflate without takeover does, with either effort: "fast" is the
 * one of an echo. The runs of the candidates take
 * turns; a time is the median of CPU time over all rounds, and the speeds
 * are given as ratios: 1.00 is as fast as zlib, 2.00 twice as fast.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <zlib.h>

#include "support/codec.h"

#define LARGEST  (1 << 20)
#define TOTAL    (1 << 20) /* bytes of messages per run, about */
#define MESSAGES 512       /* at most */
#define ROUNDS   9

enum candidate { OURS, FAST, ZLIB_1, ZLIB_6, CANDIDATES };

static uint8_t plain[LARGEST + TOTAL];
static uint8_t packed[CANDIDATES][LARGEST + TOTAL + 64 * MESSAGES];
static size_t packed_at[CANDIDATES][MESSAGES + 1]; /* where each begins */
static uint8_t out[LARGEST];

static struct deflate deflater;
static struct inflate inflater;
static z_stream zip[CANDIDATES], unzip;

static double cpu_seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static size_t pack(enum candidate c, const uint8_t *ptr, size_t len,
                   uint8_t *to, size_t size)
{
    if (c < ZLIB_1) {
        struct text t = text_over(to, size);
        struct span in = bytes_span(ptr, len);
        deflate_init(&deflater, 15, len,
                     c == FAST ? DEFLATE_FAST : DEFLATE_SMALL);
        if (deflate_run(&deflater, &in, &t, DEFLATE_SYNC) != DEFLATE_DONE)
            abort();
        return t.len;
    }
    z_stream *z = &zip[c];
    deflateReset(z);
    z->next_in = (Bytef *)(uintptr_t)ptr;
    z->avail_in = (uInt)len;
    z->next_out = to;
    z->avail_out = (uInt)size;
    if (deflate(z, Z_SYNC_FLUSH) != Z_OK || z->avail_in || !z->avail_out)
        abort();
    return z->total_out;
}

static void unpack(enum candidate c, struct span in, size_t len)
{
    if (c == OURS) {
        struct text t = text_over(out, sizeof out);
        unsigned blocks = UINT32_MAX;
        inflate_init(&inflater, 15);
        inflate_run(&inflater, &in, &t, &blocks);
        if (t.len != len)
            abort();
        return;
    }
    inflateReset(&unzip);
    unzip.next_in = (Bytef *)(uintptr_t)in.ptr;
    unzip.avail_in = (uInt)in.len;
    unzip.next_out = out;
    unzip.avail_out = sizeof out;
    inflate(&unzip, Z_SYNC_FLUSH);
    if (unzip.total_out != len)
        abort();
}

static double pack_all(enum candidate c, size_t len, size_t count)
{
    double begin = cpu_seconds();
    size_t at = 0;
    for (size_t i = 0; i < count; i++) {
        packed_at[c][i] = at;
        at += pack(c, plain + i * len, len, packed[c] + at,
                   sizeof packed[c] - at);
    }
    packed_at[c][count] = at;
    return cpu_seconds() - begin;
}

/* Both read what zlib at level 6 has written. */
static double unpack_all(enum candidate c, size_t len, size_t count)
{
    const size_t *at = packed_at[ZLIB_6];
    double begin = cpu_seconds();
    for (size_t i = 0; i < count; i++)
        unpack(c, bytes_span(packed[ZLIB_6] + at[i], at[i + 1] - at[i]), len);
    return cpu_seconds() - begin;
}

static int compare_doubles(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double *times)
{
    qsort(times, ROUNDS, sizeof *times, compare_doubles);
    return times[ROUNDS / 2];
}

static void measure(const char *name, size_t len, size_t count)
{
    double packing[CANDIDATES][ROUNDS], unpacking[2][ROUNDS];
    double pack_time[CANDIDATES], unpack_time[2];
    for (unsigned round = 0; round < ROUNDS; round++) {
        for (unsigned c = 0; c < CANDIDATES; c++)
            packing[c][round] = pack_all((enum candidate)c, len, count);
        unpacking[0][round] = unpack_all(OURS, len, count);
        unpacking[1][round] = unpack_all(ZLIB_6, len, count);
    }
    for (unsigned c = 0; c < CANDIDATES; c++)
        pack_time[c] = median(packing[c]);
    for (unsigned c = 0; c < 2; c++)
        unpack_time[c] = median(unpacking[c]);

    double bytes = (double)(len * count);
    double ours = (double)packed_at[OURS][count];
    double fast = (double)packed_at[FAST][count];
    printf("%-8.8s %8zu %6.1f %6.3f %6.3f %6.3f %7.1f %6.2f %7.1f %6.2f "
           "%8.1f %6.2f\n",
           name, len, 100 * ours / bytes,
           ours / (double)packed_at[ZLIB_1][count],
           ours / (double)packed_at[ZLIB_6][count],
           fast / (double)packed_at[ZLIB_1][count],
           bytes / pack_time[OURS] / 1e6, pack_time[ZLIB_6] / pack_time[OURS],
           bytes / pack_time[FAST] / 1e6, pack_time[ZLIB_1] / pack_time[FAST],
           bytes / unpack_time[0] / 1e6, unpack_time[1] / unpack_time[0]);
    fflush(stdout);
}

static const size_t lens[] = {64,    256,   1024,   4096,
                              16384, 65536, 262144, 1048576};
#define LENS (sizeof lens / sizeof lens[0])

static void measure_sizes(const char *name, size_t available)
{
    for (size_t i = 0; i < LENS; i++) {
        size_t count = available / lens[i];
        if (count == 0)
            break;
        measure(name, lens[i], count < MESSAGES ? count : MESSAGES);
    }
}

static void measure_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    if (!file) {
        perror(path);
        exit(1);
    }
    size_t len = fread(plain, 1, TOTAL, file);
    fclose(file);
    const char *name = path;
    for (const char *c = path; *c; c++)
        if (*c == '/')
            name = c + 1;
    measure_sizes(name, len);
}

int main(int argc, char **argv)
{
    struct codec_random random = {1};
    deflateInit2(&zip[ZLIB_1], 1, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY);
    deflateInit2(&zip[ZLIB_6], 6, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY);
    inflateInit2(&unzip, -15);
    printf("                  --------- size --------- -- deflate -- "
           "---- fast ---- --- inflate ---\n"
           "what        bytes   %% of  /zlib  /zlib  fast/    MB/s speed/ "
           "   MB/s speed/     MB/s speed/\n"
           "                   plain      1      6  zlib1          zlib6 "
           "         zlib1           zlib\n");
    for (unsigned kind = 0; kind <= CODEC_RANDOM; kind++) {
        codec_sample(&random, (enum codec_kind)kind, plain, TOTAL);
        measure_sizes(codec_kind_name((enum codec_kind)kind), TOTAL);
    }
    for (int i = 1; i < argc; i++)
        measure_file(argv[i]);
    deflateEnd(&zip[ZLIB_1]);
    deflateEnd(&zip[ZLIB_6]);
    inflateEnd(&unzip);
    return 0;
}
