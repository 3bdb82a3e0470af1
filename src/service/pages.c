/* SPDX-License-Identifier: MIT */
#include "service/pages.h"
#include "base/check.h"
#include "os/error.h"
#include "os/file.h"
#include "service/files.h"
#include "wire/inflate.h"

#include <limits.h>

/* ---- Types --------------------------------------------------------------- */

static const struct {
    const char *ending;
    const char *type;
} types[] = {
    /* pages and what they are made of */
    {"html", "text/html; charset=utf-8"},
    {"htm", "text/html; charset=utf-8"},
    {"xhtml", "application/xhtml+xml"},
    {"css", "text/css; charset=utf-8"},
    {"js", "text/javascript; charset=utf-8"},
    {"mjs", "text/javascript; charset=utf-8"},
    {"map", "application/json"}, /* of sources: ECMA-426 */
    {"wasm", "application/wasm"},
    {"webmanifest", "application/manifest+json"},
    /* texts and data */
    {"txt", "text/plain; charset=utf-8"},
    {"md", "text/markdown; charset=utf-8"},
    {"csv", "text/csv; charset=utf-8"},
    {"vtt", "text/vtt; charset=utf-8"},
    {"json", "application/json"},
    {"xml", "application/xml"},
    {"pdf", "application/pdf"},
    {"zip", "application/zip"},
    {"gz", "application/gzip"},
    /* images */
    {"svg", "image/svg+xml"},
    {"png", "image/png"},
    {"apng", "image/apng"},
    {"jpg", "image/jpeg"},
    {"jpeg", "image/jpeg"},
    {"gif", "image/gif"},
    {"webp", "image/webp"},
    {"avif", "image/avif"},
    {"bmp", "image/bmp"},
    {"ico", "image/x-icon"},
    /* fonts (RFC 8081) */
    {"woff2", "font/woff2"},
    {"woff", "font/woff"},
    {"otf", "font/otf"},
    {"ttf", "font/ttf"},
    /* sound and film; of wav IANA knows no name that browsers do */
    {"mp3", "audio/mpeg"},
    {"m4a", "audio/mp4"},
    {"aac", "audio/aac"},
    {"ogg", "audio/ogg"},
    {"oga", "audio/ogg"},
    {"opus", "audio/ogg"}, /* RFC 7845 9 */
    {"weba", "audio/webm"},
    {"flac", "audio/flac"},
    {"wav", "audio/wav"},
    {"mp4", "video/mp4"},
    {"ogv", "video/ogg"},
    {"webm", "video/webm"},
};

static const char *type_of(struct span path)
{
    size_t dot = path.len;
    while (dot > 0 && path.ptr[dot - 1] != '.' && path.ptr[dot - 1] != '/')
        dot--;
    if (dot > 0 && path.ptr[dot - 1] == '.') {
        struct span ending = bytes_after(path, dot);
        for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
            if (bytes_equal_nocase(ending, bytes_of(types[i].ending)))
                return types[i].type;
    }
    return "application/octet-stream";
}

/* ---- Which paths may be files -------------------------------------------- */

static bool is_safe(struct span path)
{
    for (;;) {
        size_t part = bytes_find(path, '/');
        if (part == 0 || path.ptr[0] == '.')
            return false;
        if (part == path.len)
            return bytes_find(path, 0) == path.len;
        path = bytes_after(path, part + 1);
    }
}

static uint32_t find_built_in(struct span path)
{
    for (uint32_t i = 0; i < files_count; i++)
        if (bytes_equal(path, bytes_of(files_table[i].name)))
            return i;
    return CLIENT_NONE;
}

/* ---- Answers ------------------------------------------------------------- */

static void put_file_etag(struct text *t, const struct file_info *info)
{
    text_byte(t, '"');
    text_hex(t, info->number, 1);
    text_byte(t, '-');
    text_hex(t, info->size, 1);
    text_byte(t, '-');
    text_hex(t, info->modified, 1);
    text_byte(t, '"');
}

static int open_file(struct server *s, struct span path, struct file_info *info)
{
    if (s->folder < 0 || !is_safe(path))
        return FILE_NONE;
    return file_open(s->folder, path, info);
}

/* There is such a file maybe, but it cannot be opened now. */
static bool is_busy(int file)
{
    return file < 0 && error_kind(file) == ERROR_FULL;
}

bool pages_has(struct server *s, struct span path)
{
    struct file_info info;
    int file = open_file(s, path, &info);
    if (file >= 0)
        file_close(file);
    return file >= 0 || is_busy(file) || find_built_in(path) != CLIENT_NONE;
}

/* Asked for by its version, it is always the same. */
static bool is_versioned(const struct http_request *request,
                         const struct files_entry *file)
{
    struct span version;
    return http_query(request->query, "v", &version) &&
           bytes_equal(version, bytes_of(file->version));
}

static void get_built_in(const struct http_request *request, uint32_t index,
                         struct service_reply *reply)
{
    const struct files_entry *file = &files_table[index];
    bool gzip =
        file->twin.len > 0 && http_accepts(request, "Accept-Encoding", "gzip");
    reply->page = 2 * index + gzip;
    reply->coding = gzip ? "gzip" : NULL;
    reply->varies_in_coding = file->twin.len > 0;
    text_byte(&reply->etag, '"');
    text_string(&reply->etag, file->version);
    text_string(&reply->etag, gzip ? "-gzip\"" : "\"");
    if (is_versioned(request, file))
        reply->cache = "public, max-age=31536000, immutable";
}

bool pages_get(struct server *s, const struct http_request *request,
               struct span path, struct service_reply *reply)
{
    struct file_info info;
    int file = open_file(s, path, &info);
    uint32_t index = find_built_in(path);
    if (is_busy(file)) {
        reply->status = 503;
        reply->body = BYTES_LITERAL("no descriptor for the file\n");
        return true;
    }
    if (file < 0 && index == CLIENT_NONE)
        return false;
    reply->type = type_of(path);
    reply->is_page =
        bytes_equal(bytes_span(reply->type, 9), BYTES_LITERAL("text/html"));
    reply->cache = "no-cache"; /* keep it, and ask whether it changed */
    reply->file = file;
    if (file < 0) {
        get_built_in(request, index, reply);
        return true;
    }
    reply->file_size = info.size;
    put_file_etag(&reply->etag, &info);
    return true;
}

/* ---- Bytes --------------------------------------------------------------- */

/* A gzip member as scripts/embed.c writes it (RFC 1952 2.3). */
#define GZIP_HEAD 10 /* bytes before the deflated data: no optional field */
#define GZIP_TAIL 8  /* and behind it: CRC32, ISIZE */

/* A cache of constants and no state: every server would put the same there. */
static void unpack(const struct files_entry *file)
{
    static struct inflate inflate;
    unsigned blocks = UINT_MAX;
    struct span in = bytes_part(file->twin, GZIP_HEAD,
                                file->twin.len - GZIP_HEAD - GZIP_TAIL);
    struct text out = text_over(file->space, file->content.len);
    inflate_init(&inflate, SYMBOLS_MAX_BITS);
    enum inflate_status status = inflate_run(&inflate, &in, &out, &blocks);
    CHECK(status == INFLATE_END && out.len == file->content.len);
}

struct span pages_bytes(const struct server *s, uint32_t page)
{
    (void)s;
    const struct files_entry *file = &files_table[page / 2];
    if (page % 2)
        return file->twin;
    if (file->space && !file->space[0])
        unpack(file);
    return file->content;
}
