/* SPDX-License-Identifier: MIT */
/*
 * embed: writes files as C, for compiling them in. Runs at build time, on the
 * machine that builds:  embed static/index.html ... > files.c
 *
 * Four things are done to them on the way. Pages, styles and scripts lose
 * blanks and comments. A script and the modules it imports become one file, but
 * for common.js, which all pages have: ten small files are a third larger to
 * receive than one, and each is one more to wait for. A reference to another of
 * the files ("/chat.js") gets that file's version behind it
 * ("/chat.js?v=1f2e..."), a digest of its content, so that browsers may keep it
 * for good: when the file changes, so does what refers to it. And each file gets
 * a gzip twin (RFC 1952), of the fewest bits that we find, where that is
 * smaller. Then the twin is all that is compiled in: for the few who do not take
 * gzip the content is unpacked from it when first asked for.
 */
#include "base/sha1.h"
#include "wire/deflate.h"

#include <stdio.h>
#include <stdlib.h>

#define FILES_MAX   64
#define FILE_MAX    (1 << 19) /* bytes; pages are small */
#define VERSION_LEN 8         /* hexadecimal digits */
#define NAMES_MAX   64
#define SHARED      "common.js" /* imported from, and never pasted */

struct file {
    const char *name;              /* without folder */
    struct text content;           /* its references rewritten */
    struct text twin;              /* gzip; empty when not smaller */
    char version[VERSION_LEN + 1]; /* "" until the content is rewritten */
    bool begun;                    /* its references are being rewritten */
    bool is_part;                  /* pasted into others, and not served */
    const struct file *pasted;     /* into which one last */
};

static struct file files[FILES_MAX];
static int file_count;
static struct deflate deflater;

static void fail(const char *what, const char *why)
{
    fprintf(stderr, "embed: %s: %s\n", what, why);
    exit(1);
}

static struct text space(size_t size)
{
    uint8_t *bytes = malloc(size);
    if (!bytes)
        fail("memory", "there is none");
    return text_over(bytes, size);
}

static void load(struct file *file, const char *path)
{
    const char *slash = strrchr(path, '/');
    FILE *f = fopen(path, "rb");
    if (!f)
        fail(path, "cannot be opened");
    file->name = slash ? slash + 1 : path;
    file->content = space(FILE_MAX);
    file->content.len = fread(file->content.ptr, 1, FILE_MAX, f);
    if (ferror(f) || file->content.len == FILE_MAX)
        fail(path, "cannot be read, or is too large");
    fclose(f);
}

/* ---- Blanks and comments ------------------------------------------------- */

/* Is this line of a script or style a comment and nothing else? */
static bool is_comment(struct span line)
{
    return line.len >= 2 && line.ptr[0] == '/' &&
           (line.ptr[1] == '/' ||
            (line.ptr[1] == '*' && line.ptr[line.len - 1] == '/'));
}

static bool ends(const char *name, const char *with)
{
    size_t len = strlen(name), end = strlen(with);
    return len > end && strcmp(name + len - end, with) == 0;
}

static bool begins(struct span text, const char *with)
{
    return bytes_begins(text, bytes_of(with));
}

static bool is_script(const char *name)
{
    return ends(name, ".js");
}

/* What stands in quotes, or is a pattern, at the beginning of `s`: its length, or
   0. A slash divides where a value stands before it. */
static size_t literal_len(struct span s, uint8_t before)
{
    uint8_t end = s.ptr[0];
    bool in_class = false;
    if (!strchr("\"'`/", end) ||
        (end == '/' && before && !strchr("(,=:[!&|?{};", before)))
        return 0;
    for (size_t i = 1; i < s.len; i++) {
        uint8_t c = s.ptr[i];
        if (c == end && !in_class)
            return i + 1;
        if (c == '\\')
            i++;
        else if (end == '/' && (c == '[' || c == ']'))
            in_class = c == '[';
    }
    return 0;
}

/* A line without a script's comment at its end, and without the blanks that
   mean nothing, those beside punctuation: but between two of a kind (a + +b)
   they do. In a style most of them mean something: a descendant, an operand. */
static void put_squeezed(struct text *out, struct span line, bool script)
{
    const char *after = script ? ",;:{}()[]=<>&|?!+-*" : ",;:{}";
    const char *ahead = script ? after : "{";
    uint8_t before = 0;
    for (size_t at = 0; at < line.len;) {
        struct span rest = bytes_after(line, at);
        if (script && begins(rest, "//"))
            break;
        size_t literal = literal_len(rest, before), len = literal ? literal : 1;
        bool blank = rest.ptr[0] == ' ' && rest.len > 1;
        at += len;
        if (blank && before && before != rest.ptr[1] &&
            (strchr(after, before) || strchr(ahead, rest.ptr[1])))
            continue;
        if (!script && rest.ptr[0] == '}' && out->ptr[out->len - 1] == ';')
            out->len--;
        text_put(out, bytes_part(rest, 0, len));
        if (!blank)
            before = rest.ptr[len - 1];
    }
}

/* Does a line that ends so need no newline? In a script, which leaves out no
   semicolon, only where the next is inside of something: all others may be of
   modules. */
static bool goes_on(const struct file *file, uint8_t last, struct span next)
{
    if (ends(file->name, ".css"))
        return strchr(",;{}", last) != NULL;
    return is_script(file->name) && next.len && next.ptr[0] == ' ' &&
           strchr(",;:{([=?&|", last);
}

/* What is for who reads in static/ stays there: served it would be a fifth of
   some files. No line may begin with blanks, or as a comment does, and mean it:
   no template of a script goes over several lines. */
static void make_lean(struct file *file)
{
    struct span rest = text_span(&file->content);
    struct text out = space(FILE_MAX);
    while (rest.len) {
        size_t len = bytes_find(rest, '\n');
        size_t end = bytes_min(len + 1, rest.len);
        struct span line = bytes_trim(bytes_part(rest, 0, len));
        rest = bytes_after(rest, end);
        if (!line.len || is_comment(line))
            continue;
        if (ends(file->name, ".html"))
            text_put(&out, line);
        else
            put_squeezed(&out, line, is_script(file->name));
        if (!goes_on(file, out.ptr[out.len - 1], rest))
            text_byte(&out, '\n');
    }
    file->content = out;
}

/* ---- Modules ------------------------------------------------------------- */

/*
 * What is understood of ECMAScript's modules, each at the beginning of a line:
 *
 *   import { a, b } from "/x.js";     x stands here, once, as it is; of SHARED
 *                                     only the names are wanted
 *   export * from "/x.js";            x stands here with all it exports
 *   export const, export function     the word `export` is left out of what is
 *   export { a };                     pasted; the whole line
 *
 * So no two modules of a page may have the same name at their top level. A
 * browser that finds one says so, and shows nothing.
 */
struct names {
    struct span name[NAMES_MAX];
    int count;
};

/* The next line, or statement, with its newline; taken off *rest. */
static struct span next_piece(struct span *rest)
{
    bool statement = begins(*rest, "import {") || begins(*rest, "export {") ||
                     begins(*rest, "export * ");
    size_t end = statement ? bytes_find(*rest, ';') : 0;
    end += bytes_find(bytes_after(*rest, end), '\n') + 1;
    end = bytes_min(end, rest->len);
    struct span piece = bytes_part(*rest, 0, end);
    *rest = bytes_after(*rest, end);
    return piece;
}

/* The module that `from "/name"` at the end of a statement names. */
static struct file *module_of(const struct file *file, struct span statement)
{
    size_t at = bytes_find(statement, '"') + 2;
    for (int i = 0; i < file_count && at < statement.len; i++)
        if (begins(bytes_after(statement, at), files[i].name))
            return &files[i];
    fail(file->name, "imports what is not there");
    return NULL;
}

static void want(struct names *names, struct span name)
{
    for (int i = 0; i < names->count; i++)
        if (bytes_equal(names->name[i], name))
            return;
    if (names->count == NAMES_MAX)
        fail(SHARED, "too many names are imported from it");
    names->name[names->count++] = name;
}

/* Those between the braces of an import. */
static void want_all(struct names *names, struct span statement)
{
    bytes_cut(&statement, '{');
    struct span list = bytes_cut(&statement, '}');
    while (list.len)
        want(names, bytes_trim(bytes_cut(&list, ',')));
}

static void paste(struct file *part, const struct file *into, bool exports,
                  struct names *names, struct text *out)
{
    struct span rest = text_span(&part->content);
    if (part->pasted == into)
        return;
    part->pasted = into;
    part->is_part = part->is_part || part != into;
    while (rest.len) {
        struct span piece = next_piece(&rest);
        bool all = begins(piece, "export * ");
        if (all || begins(piece, "import {")) {
            struct file *module = module_of(part, piece);
            if (strcmp(module->name, SHARED) == 0)
                want_all(names, piece);
            else
                paste(module, into, all, names, out);
        } else if (exports || !begins(piece, "export ")) {
            text_put(out, piece);
        } else if (!begins(piece, "export {")) {
            text_put(out, bytes_after(piece, 7));
        }
    }
}

/* The script and its modules, and what they want of SHARED. */
static struct text bundle(struct file *file)
{
    struct names names = {0};
    struct text body = space(FILE_MAX), out = space(FILE_MAX);
    paste(file, file, true, &names, &body);
    for (int i = 0; i < names.count; i++) {
        text_string(&out, i ? ", " : "import { ");
        text_put(&out, names.name[i]);
    }
    if (names.count)
        text_string(&out, " } from \"/" SHARED "\";\n");
    text_put(&out, text_span(&body));
    if (out.overflow || body.overflow)
        fail(file->name, "is too large with its modules");
    return out;
}

/* All of them before any is changed, for each may be part of several. */
static void bundle_all(void)
{
    static struct text bundles[FILES_MAX];
    int kept = 0;
    for (int i = 0; i < file_count; i++)
        if (is_script(files[i].name))
            bundles[i] = bundle(&files[i]);
    for (int i = 0; i < file_count; i++) {
        if (files[i].is_part)
            continue;
        if (is_script(files[i].name))
            files[i].content = bundles[i];
        files[kept++] = files[i];
    }
    file_count = kept;
}

/* ---- Versions ------------------------------------------------------------ */

static bool is_name_byte(uint8_t byte)
{
    return bytes_lower(byte) != byte || (byte >= 'a' && byte <= 'z') ||
           (byte >= '0' && byte <= '9') || byte == '.' || byte == '-' ||
           byte == '_' || byte == '/' || byte == '?';
}

/* The file that the text at `at` refers to as "/name", or NULL. */
static struct file *referred_at(struct span text, size_t at)
{
    if (text.ptr[at] != '/' || (at > 0 && is_name_byte(text.ptr[at - 1])))
        return NULL;
    for (int i = 0; i < file_count; i++) {
        size_t len = strlen(files[i].name);
        size_t end = at + 1 + len;
        if (end < text.len && !is_name_byte(text.ptr[end]) &&
            memcmp(text.ptr + at + 1, files[i].name, len) == 0)
            return &files[i];
    }
    return NULL;
}

static void set_version(struct file *file)
{
    uint8_t digest[SHA1_LEN];
    struct sha1 s;
    sha1_init(&s);
    sha1_take(&s, file->content.ptr, file->content.len);
    sha1_finish(&s, digest);
    for (size_t i = 0; i < VERSION_LEN / 2; i++)
        snprintf(file->version + 2 * i, 3, "%02x", digest[i]);
}

/* What it refers to comes first: its own content depends on that. */
static void rewrite(struct file *file)
{
    struct span old = text_span(&file->content);
    struct text out = space(2 * FILE_MAX);
    if (file->begun)
        return;
    file->begun = true;
    for (size_t at = 0; at < old.len; at++) {
        struct file *other = referred_at(old, at);
        text_byte(&out, old.ptr[at]);
        if (!other)
            continue;
        rewrite(other);
        if (!other->version[0])
            fail(other->name, "refers to itself, by way of others");
        text_string(&out, other->name);
        text_string(&out, "?v=");
        text_string(&out, other->version);
        at += strlen(other->name);
    }
    file->content = out;
    set_version(file);
}

/* ---- The fewest bits ----------------------------------------------------- */

/*
 * deflate.h takes the longest match it finds, for a message must be quick. Here
 * is time to find the tokens that have the fewest bits, a shortest path:
 *
 *   i -> i + 1      a literal             each with the bits that its symbols
 *   i -> i + len    a match               had when the file was last compressed
 *
 * Other tokens lead to other codes, so that is done again; the smallest counts.
 */
#define ROUNDS  12
#define UNUSED  12 /* bits of a symbol that did not occur */
#define HASHES  4096
#define NOWHERE UINT32_MAX

/* The last token of the best path to here. */
struct step {
    uint32_t bits;   /* of the whole path */
    uint32_t length; /* 1: a literal */
    uint32_t distance;
};

static struct step steps[FILE_MAX + 1];
static uint32_t latest[HASHES], previous[FILE_MAX]; /* of equal hash */

static uint32_t symbol_bits(uint8_t bits)
{
    return bits ? bits : UNUSED;
}

static void reach(size_t from, uint32_t bits, uint32_t length,
                  uint32_t distance)
{
    struct step *to = &steps[from + length];
    bits += steps[from].bits;
    if (bits < to->bits)
        *to = (struct step){bits, length, distance};
}

/* Of each length the nearest match is the cheapest. */
static void reach_by_matches(struct span in, size_t at)
{
    const uint8_t *here = in.ptr + at;
    size_t most = bytes_min(in.len - at, SYMBOLS_MAX_LENGTH);
    uint32_t length = SYMBOLS_MIN_LENGTH - 1;
    if (most < SYMBOLS_MIN_LENGTH)
        return;
    uint32_t *first = &latest[(here[0] << 8 ^ here[1] << 4 ^ here[2]) % HASHES];
    for (uint32_t there = *first; there != NOWHERE; there = previous[there]) {
        uint32_t distance = (uint32_t)at - there;
        unsigned d = symbols_of_distance(distance);
        if (distance > SYMBOLS_MAX_DISTANCE)
            break;
        while (length < most && memcmp(in.ptr + there, here, length + 1) == 0) {
            unsigned n = symbols_of_length(++length);
            reach(at,
                  symbol_bits(deflater.literal_bits[SYMBOLS_LENGTH + n]) +
                      symbol_bits(deflater.distance_bits[d]) +
                      (uint32_t)(SYMBOLS_LENGTH_EXTRA(n) +
                                 SYMBOLS_DISTANCE_EXTRA(d)),
                  length, distance);
        }
    }
    previous[at] = *first;
    *first = (uint32_t)at;
}

static void find_path(struct span in)
{
    memset(latest, 0xFF, sizeof latest);
    memset(steps, 0xFF, sizeof steps);
    steps[0].bits = 0;
    for (size_t at = 0; at < in.len; at++) {
        reach(at, symbol_bits(deflater.literal_bits[in.ptr[at]]), 1, 0);
        reach_by_matches(in, at);
    }
}

/* The tokens of the path, as if the deflater had found them; it chooses no
   stored block for what may be longer than its window. False: too many. */
static bool put_path(struct span in)
{
    size_t count = 0;
    for (size_t at = in.len; at > 0; at -= steps[at].length)
        count++;
    if (count >= DEFLATE_TOKENS)
        return false;
    deflate_init(&deflater, 15, 0, DEFLATE_SMALL);
    deflater.token_count = (uint32_t)count;
    deflater.block_len = DEFLATE_WINDOW;
    for (size_t at = in.len; at > 0; at -= steps[at].length) {
        struct step s = steps[at];
        unsigned n = 0, d = 0;
        deflater.tokens[--count] = s.distance << 16 | s.length;
        if (s.length == 1) {
            deflater.tokens[count] = in.ptr[at - 1];
            deflater.literal_freqs[in.ptr[at - 1]]++;
            continue;
        }
        n = symbols_of_length(s.length);
        d = symbols_of_distance(s.distance);
        deflater.literal_freqs[SYMBOLS_LENGTH + n]++;
        deflater.distance_freqs[d]++;
        deflater.extra_len +=
            (uint32_t)(SYMBOLS_LENGTH_EXTRA(n) + SYMBOLS_DISTANCE_EXTRA(d));
    }
    return true;
}

static void run_deflate(const struct file *file, struct span in,
                        struct text *out)
{
    if (deflate_run(&deflater, &in, out, DEFLATE_SYNC) != DEFLATE_DONE)
        fail(file->name, "cannot be compressed");
}

static struct text compress(const struct file *file)
{
    struct span in = text_span(&file->content);
    struct text best = space(deflate_bound(in.len)), other = best;
    deflate_init(&deflater, 15, in.len, DEFLATE_SMALL);
    run_deflate(file, in, &best);
    for (int i = 0; i < ROUNDS; i++) {
        find_path(in);
        if (!put_path(in))
            break;
        other = space(deflate_bound(in.len));
        run_deflate(file, bytes_span(NULL, 0), &other);
        if (other.len < best.len)
            best = other;
    }
    return best;
}

/* ---- Gzip twins (RFC 1952) ----------------------------------------------- */

static uint32_t crc32_of(struct span s)
{
    uint32_t crc = UINT32_MAX;
    for (size_t i = 0; i < s.len; i++) {
        crc ^= s.ptr[i];
        for (int bit = 0; bit < 8; bit++)
            crc = crc & 1 ? crc >> 1 ^ UINT32_C(0xEDB88320) : crc >> 1;
    }
    return ~crc;
}

static void put_little_endian(struct text *t, uint32_t value)
{
    for (int i = 0; i < 4; i++)
        text_byte(t, (uint8_t)(value >> 8 * i));
}

static void make_twin(struct file *file)
{
    struct text deflated = compress(file);
    struct text out = space(deflated.len + 64);
    /* Magic, deflate, no flags, no time, no extra flags, system unknown. */
    text_put(&out, BYTES_LITERAL("\x1f\x8b\x08\0\0\0\0\0\0\xff"));
    text_put(&out, text_span(&deflated));
    /* RFC 1951 3.2.6: the final block, of fixed codes and empty. */
    text_put(&out, BYTES_LITERAL("\x03\0"));
    put_little_endian(&out, crc32_of(text_span(&file->content)));
    put_little_endian(&out, (uint32_t)file->content.len);
    if (!out.overflow && out.len < file->content.len)
        file->twin = out;
}

/* ---- As C ---------------------------------------------------------------- */

static void write_bytes(const char *what, int index, struct span bytes)
{
    printf("static const uint8_t %s_%d[] = {", what, index);
    for (size_t i = 0; i < bytes.len; i++)
        printf("%s%u,", i % 20 ? "" : "\n", bytes.ptr[i]);
    printf("%s};\n", bytes.len ? "" : "0");
}

/* The server knows an unpacked file by its first byte, which is not 0. */
static bool is_packed(const struct file *file)
{
    return file->twin.len > 0 && file->content.ptr[0] != 0;
}

static void write_content(int index)
{
    struct file *file = &files[index];
    if (is_packed(file))
        printf("static uint8_t file_%d[%zu];\n", index, file->content.len);
    else
        write_bytes("file", index, text_span(&file->content));
    write_bytes("twin", index, text_span(&file->twin));
}

static void write_entry(int index)
{
    const struct file *file = &files[index];
    printf("{\"%s\", \"%s\", {file_%d, %zu}, {twin_%d, %zu}, ", file->name,
           file->version, index, file->content.len, index, file->twin.len);
    printf(is_packed(file) ? "file_%d},\n" : "0},\n", index);
}

int main(int argc, char **argv)
{
    if (argc - 1 > FILES_MAX)
        fail("files", "there are too many");
    for (file_count = 0; file_count < argc - 1; file_count++)
        load(&files[file_count], argv[file_count + 1]);
    bundle_all();
    for (int i = 0; i < file_count; i++)
        if (is_script(files[i].name) || ends(files[i].name, ".css") ||
            ends(files[i].name, ".html"))
            make_lean(&files[i]);
    printf("/* Written by scripts/embed.c. */\n#include \"service/files.h\"\n");
    for (int i = 0; i < file_count; i++) {
        rewrite(&files[i]);
        make_twin(&files[i]);
        write_content(i);
    }
    printf("const struct files_entry files_table[] = {\n");
    for (int i = 0; i < file_count; i++)
        write_entry(i);
    printf("{0}};\nconst uint32_t files_count = %d;\n", file_count);
    return ferror(stdout) || fflush(stdout) ? 1 : 0;
}
