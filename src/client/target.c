/* SPDX-License-Identifier: MIT */
#include "client/target.h"

/* RFC 3986 2: what may stand in a URL, percent-encoding or not. */
static bool is_legal(struct span url)
{
    for (size_t i = 0; i < url.len; i++)
        if (url.ptr[i] <= ' ' || url.ptr[i] >= 0x7F)
            return false;
    return true;
}

/* Take a prefix off, in any case. */
static bool take_scheme(struct span *url, struct span scheme)
{
    if (url->len < scheme.len ||
        !bytes_equal_nocase(bytes_part(*url, 0, scheme.len), scheme))
        return false;
    *url = bytes_after(*url, scheme.len);
    return true;
}

static const char *read_path(struct target *t, struct span rest)
{
    size_t mark = bytes_find(rest, '?');
    t->path = bytes_part(rest, 0, mark);
    if (mark < rest.len)
        t->query = bytes_after(rest, mark + 1);
    if (t->path.len == 0)
        t->path = BYTES_LITERAL("/");
    return t->path.ptr[0] == '/' ? NULL : "has no path that begins with /";
}

/* PATH:TARGET, where PATH is a file's. */
static const char *read_local(struct target *t, struct span rest)
{
    t->local = bytes_cut(&rest, ':');
    t->authority = BYTES_LITERAL("localhost");
    return t->local.len ? read_path(t, rest) : "names no socket";
}

static const char *read_remote(struct target *t, struct span rest)
{
    struct authority a;
    size_t len = bytes_min(bytes_find(rest, '/'), bytes_find(rest, '?'));
    t->authority = bytes_part(rest, 0, len);
    if (bytes_find(t->authority, '@') < len)
        return "names a user: use --header or --token";
    if (!authority_read(&a, t->authority))
        return "has no host, or a malformed one";
    if (a.has_port && (a.port == 0 || a.port > UINT16_MAX))
        return "has no port from 1 to 65535";
    t->host = a.host;
    t->port = a.has_port ? (uint16_t)a.port : 80;
    return read_path(t, bytes_after(rest, len));
}

const char *target_read(struct target *t, struct span url)
{
    *t = (struct target){.port = 0};
    if (!is_legal(url))
        return "holds a byte that no URL does: write it as %XX";
    if (bytes_find(url, '#') < url.len)
        return "has a fragment, which is never sent";
    if (take_scheme(&url, BYTES_LITERAL("ws+unix:")))
        return read_local(t, url);
    if (take_scheme(&url, BYTES_LITERAL("wss:")))
        return "is wss, and TLS is not spoken here: let stunnel do it, as a "
               "client";
    if (take_scheme(&url, BYTES_LITERAL("ws://")))
        return read_remote(t, url);
    return "is not ws://HOST[:PORT]/PATH or ws+unix:SOCKET:/PATH";
}

bool target_is_room(const struct target *t)
{
    return bytes_equal(t->path, BYTES_LITERAL("/ws")) ||
           bytes_begins(t->path, BYTES_LITERAL("/ws/"));
}
