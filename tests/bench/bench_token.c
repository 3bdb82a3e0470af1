/* SPDX-License-Identifier: MIT */
/*
 * bench_token: what an admission by token costs.
 *
 * Tokens of some sizes are verified, good ones and ones whose signature is
 * wrong; a time is the least CPU time of all rounds, in microseconds a token.
 * Beside it stands SHA-256 alone, over as many bytes.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "support/jwt.h"

#define NOW    UINT64_C(1700000000000)
#define ROUNDS 15
#define REPEAT 20000

static struct token_keys keys;
static struct token_claims claims;
static uint8_t token[TOKEN_MAX];

static double cpu_seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* A token of about so many bytes, most of them in rooms' names. */
static struct span make(size_t len)
{
    static uint8_t json[TOKEN_CLAIMS_MAX];
    struct text c = text_over(json, sizeof json);
    struct text t = text_over(token, sizeof token);
    text_string(&c, "{\"sub\":\"ann\",\"name\":\"Ann\",\"exp\":1700000060,"
                    "\"iat\":1700000000,\"iss\":\"https://example.org\","
                    "\"chatd\":{\"join\":[\"tea\"");
    while (c.len < (len - 100) * 3 / 4 - 6)
        text_string(&c, ",\"team-a-*\"");
    text_string(&c, "]}}");
    jwt_make(&t, &keys.list[0],
             BYTES_LITERAL("{\"alg\":\"HS256\",\"typ\":\"JWT\","
                           "\"kid\":\"one\"}"),
             text_span(&c));
    return text_span(&t);
}

static void verify(struct span s, enum token_reason expected)
{
    struct token_rules rules = {.keys = &keys};
    if (token_verify(&rules, s, NOW, &claims) != expected)
        abort();
}

static void hash(struct span s)
{
    uint8_t digest[SHA256_LEN];
    struct sha256 sha;
    sha256_init(&sha);
    sha256_take(&sha, s.ptr, s.len);
    sha256_finish(&sha, digest);
}

enum { GOOD, FORGED, HASH, CANDIDATES };

static void run(unsigned candidate, struct span s)
{
    if (candidate == HASH)
        hash(s);
    else
        verify(s, candidate == GOOD ? TOKEN_GOOD : TOKEN_SIGNATURE);
}

/* Candidates take turns, so that a busy moment meets all of them. */
static void measure(struct span s)
{
    double best[CANDIDATES] = {1e9, 1e9, 1e9};
    for (unsigned round = 0; round < ROUNDS * CANDIDATES; round++) {
        unsigned candidate = round % CANDIDATES;
        token[s.len - 9] ^= candidate == FORGED;
        double begin = cpu_seconds();
        for (unsigned i = 0; i < REPEAT; i++)
            run(candidate, s);
        double time = (cpu_seconds() - begin) * 1e6 / REPEAT;
        token[s.len - 9] ^= candidate == FORGED;
        if (time < best[candidate])
            best[candidate] = time;
    }
    printf("%7zu %7.2f %7.2f %8.2f\n", s.len, best[GOOD], best[FORGED],
           best[HASH]);
    fflush(stdout);
}

int main(void)
{
    static const size_t lens[] = {300, 500, 1000, 2000, 4000};
    keys = jwt_keys();
    printf("  bytes    good  forged  sha-256   microseconds\n");
    for (size_t i = 0; i < sizeof lens / sizeof lens[0]; i++)
        measure(make(lens[i]));
    return 0;
}
