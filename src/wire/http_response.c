/* SPDX-License-Identifier: MIT */
/* The head of a response (RFC 9112 4). */
#include "wire/http.h"
#include "base/calendar.h"

const char *http_phrase(unsigned status)
{
    switch (status) {
    case 101: return "Switching Protocols";
    case 200: return "OK";
    case 304: return "Not Modified";
    case 400: return "Bad Request";
    case 401: return "Unauthorized";
    case 403: return "Forbidden";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 408: return "Request Timeout";
    case 411: return "Length Required";
    case 413: return "Content Too Large";
    case 414: return "URI Too Long";
    case 417: return "Expectation Failed";
    case 421: return "Misdirected Request";
    case 426: return "Upgrade Required";
    case 429: return "Too Many Requests";               /* RFC 6585 4 */
    case 431: return "Request Header Fields Too Large"; /* RFC 6585 5 */
    case 500: return "Internal Server Error";
    case 501: return "Not Implemented";
    case 503: return "Service Unavailable";
    case 504: return "Gateway Timeout";
    case 505: return "HTTP Version Not Supported";
    }
    return "Unknown";
}

/* ---- Lines --------------------------------------------------------------- */

void http_put_status(struct text *t, unsigned status, uint64_t seconds)
{
    text_string(t, "HTTP/1.1 ");
    text_decimal(t, status);
    text_byte(t, ' ');
    text_string(t, http_phrase(status));
    text_string(t, "\r\n");
    if (status == 101)
        return; /* RFC 9110 6.6.1: not needed with 1xx */
    text_string(t, "Date: ");
    calendar_put_imf(t, seconds);
    text_string(t, "\r\n");
}

void http_put_field(struct text *t, const char *name, struct span value)
{
    text_string(t, name);
    text_string(t, ": ");
    text_put(t, value);
    text_string(t, "\r\n");
}

void http_put_number(struct text *t, const char *name, uint64_t value)
{
    text_string(t, name);
    text_string(t, ": ");
    text_decimal(t, value);
    text_string(t, "\r\n");
}

void http_put_end(struct text *t)
{
    text_string(t, "\r\n");
}
