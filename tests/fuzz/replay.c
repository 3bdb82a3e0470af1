/* SPDX-License-Identifier: MIT */
/*
 * replay: what a fuzz target says of files, without a fuzzer. Any compiler
 * can build it: the corpus is part of `make test`.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#define INPUT_MAX (1 << 20) /* bytes */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A copy that ends where its memory does, so that sanitizers see a byte too
   many. */
static void replay(const uint8_t *bytes, size_t len)
{
    uint8_t *copy = malloc(len ? len : 1);
    if (!copy)
        abort();
    for (size_t i = 0; i < len; i++)
        copy[i] = bytes[i];
    LLVMFuzzerTestOneInput(copy, len);
    free(copy);
}

int main(int argc, char **argv)
{
    static uint8_t bytes[INPUT_MAX];
    for (int i = 1; i < argc; i++) {
        FILE *f = fopen(argv[i], "rb");
        if (!f) {
            perror(argv[i]);
            return 1;
        }
        replay(bytes, fread(bytes, 1, sizeof bytes, f));
        fclose(f);
    }
    printf("%s: %d inputs\n", argv[0], argc - 1);
    return argc > 1 ? 0 : 1;
}
