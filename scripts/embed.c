/* SPDX-License-Identifier: MIT */
/*
 * embed: writes files as C, for compiling them in. Runs at build time, on the
 * machine that builds:  embed static/index.html ... > files.c
 */
#include "base/sha1.h"

#include <stdio.h>
#include <stdlib.h>

#define FILE_MAX (1 << 20) /* bytes; pages are small */

static uint8_t content[FILE_MAX];

static void fail(const char *path, const char *why)
{
    fprintf(stderr, "embed: %s: %s\n", path, why);
    exit(1);
}

static size_t load(const char *path)
{
    FILE *f = fopen(path, "rb");
    if (!f)
        fail(path, "cannot be opened");
    size_t len = fread(content, 1, sizeof content, f);
    if (ferror(f) || len == sizeof content)
        fail(path, "cannot be read, or is too large");
    fclose(f);
    return len;
}

static void write_bytes(int index, size_t len)
{
    printf("static const uint8_t file_%d[] = {", index);
    for (size_t i = 0; i < len; i++)
        printf("%s%u,", i % 20 ? "" : "\n", content[i]);
    printf("%s};\n", len ? "" : "0");
}

static void write_etag(size_t len)
{
    uint8_t digest[SHA1_LEN];
    struct sha1 s;
    sha1_init(&s);
    sha1_take(&s, content, len);
    sha1_finish(&s, digest);
    printf("\"\\\"");
    for (size_t i = 0; i < 8; i++)
        printf("%02x", digest[i]);
    printf("\\\"\"");
}

int main(int argc, char **argv)
{
    printf("/* Written by scripts/embed.c. */\n#include \"service/files.h\"\n");
    for (int i = 1; i < argc; i++)
        write_bytes(i, load(argv[i]));
    printf("const struct files_entry files_table[] = {\n");
    for (int i = 1; i < argc; i++) {
        const char *slash = strrchr(argv[i], '/');
        size_t len = load(argv[i]);
        printf("{\"%s\", ", slash ? slash + 1 : argv[i]);
        write_etag(len);
        printf(", file_%d, %zu},\n", i, len);
    }
    printf("{0}};\nconst uint32_t files_count = %d;\n", argc - 1);
    return ferror(stdout) || fflush(stdout) ? 1 : 0;
}
