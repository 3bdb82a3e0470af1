/* SPDX-License-Identifier: MIT */
#include "server/body.h"
#include "os/file.h"

struct span body_page(const struct server *s, const struct client *c)
{
    const struct client_http *http = &c->as.http;
    if (http->page == CLIENT_NONE)
        return bytes_span(NULL, 0);
    return bytes_part(server_site(s, c)->page(s, http->page),
                      (size_t)http->offset, (size_t)http->left);
}

void body_sent(struct client *c, size_t n)
{
    c->as.http.offset += n;
    c->as.http.left -= n;
}

ptrdiff_t body_send_file(struct client *c)
{
    struct client_http *http = &c->as.http;
    size_t len = (size_t)bytes_min64(http->left, LIMITS_FILE_PIECE);
    ptrdiff_t sent = file_send(c->fd, http->file, http->offset, len);
    if (sent > 0)
        body_sent(c, (size_t)sent);
    return sent;
}

void body_end(struct server *s, struct client *c)
{
    const struct service_site *site = server_site(s, c);
    if (c->as.http.file >= 0) {
        file_close(c->as.http.file);
        download_end(&s->downloads, &s->clients, c);
    }
    if (c->as.http.page != CLIENT_NONE && site->page_sent)
        site->page_sent(s, c->as.http.page);
    c->as.http = (struct client_http){.page = CLIENT_NONE, .file = -1};
}
