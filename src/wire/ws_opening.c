/* SPDX-License-Identifier: MIT */
/* The opening handshake of either side. Section numbers without an RFC are
   those of RFC 6455. */
#include "wire/ws.h"

#include "wire/ws_state.h"

/* Origin and subprotocol are for the caller of ws_accept to judge. */
static const struct handshake_policy anybody = {
    .any_origin = true, .subprotocol = {(const uint8_t *)"", 0}};

static struct ws_bytes given(struct span s)
{
    return (struct ws_bytes){s.ptr, s.len};
}

static struct span span_of(const char *string)
{
    return string ? bytes_of(string) : bytes_span(NULL, 0);
}

/* ---- The client's handshake ---------------------------------------------- */

static struct extension_offer offer_of(const struct ws_config *config)
{
    uint8_t bits = config->window_bits ? config->window_bits : 15;
    return (struct extension_offer){
        .server_drops = config->no_takeover,
        .client_drops = config->no_takeover,
        .server_window_bits = bits < 15 ? bits : 0,
        .client_window_bits = bits,
    };
}

static struct opening opening_of(const struct ws_config *config,
                                 const struct extension_offer *offer)
{
    struct opening o = {
        .host = span_of(config->host),
        .target = span_of(config->target),
        .origin = span_of(config->origin),
        .subprotocols = span_of(config->subprotocols),
        .fields = span_of(config->fields),
        .offer = config->deflate == WS_PLAIN ? NULL : offer,
    };
    memcpy(o.nonce, config->nonce, sizeof o.nonce);
    return o;
}

/* Nothing that could end a line: what is written is the request we mean. */
static bool is_clean(struct span s)
{
    for (size_t i = 0; i < s.len; i++)
        if (s.ptr[i] < ' ')
            return false;
    return true;
}

/* A server as strict as ours would take it, to its last byte. */
static bool is_request(struct span all)
{
    struct http_request request;
    struct handshake agreed;
    struct http_scan scan = {0};
    return http_scan(&scan, all.ptr, all.len) == HTTP_DONE &&
           scan.pos == all.len &&
           http_parse(&request, all.ptr, all.len) == FAULT_NONE &&
           handshake_check(&request, &anybody, &agreed) == FAULT_NONE;
}

size_t ws_request(struct ws *ws, uint8_t *out, size_t size)
{
    struct extension_offer offer = offer_of(ws->config);
    struct opening o = opening_of(ws->config, &offer);
    struct text t = text_over(out, size);
    if (!ws->config->client || !is_clean(o.target) || !is_clean(o.host) ||
        !is_clean(o.origin) || !is_clean(o.subprotocols))
        return 0;
    opening_write(&o, &t);
    return !t.overflow && is_request(text_span(&t)) ? t.len : 0;
}

static void take_terms(struct ws *ws, const struct extension_terms *terms)
{
    ws->terms = *terms;
    ws->rules.permessage_deflate = terms->deflate;
    ws->phase = WS_FRAMES;
    ws->opened = true;
}

static void take_response(struct ws *ws, struct span head,
                          struct ws_event *event)
{
    struct opening_answer answer;
    struct extension_offer offer = offer_of(ws->config);
    struct opening o = opening_of(ws->config, &offer);
    enum fault fault = opening_judge(&o, NULL, head, &answer);
    if (fault) {
        ws_fail(ws, event, fault);
        event->code = 0; /* 4.1: nobody is there who would read a Close */
    } else if (answer.status == 101) {
        take_terms(ws, &answer.terms);
        event->kind = WS_OPEN;
        event->subprotocol = given(answer.subprotocol);
    } else if (!opening_is_interim(answer.status)) {
        ws_turn_down(ws, event, answer.status, "the server refuses");
        event->head = given(head);
    }
}

/* ---- The server's handshake ---------------------------------------------- */

static void take_request(struct ws *ws, struct span head,
                         struct ws_event *event)
{
    struct http_request request;
    struct handshake agreed = {0};
    struct span origin;
    enum fault fault = http_parse(&request, head.ptr, head.len);
    if (!fault && !handshake_wanted(&request)) {
        ws_turn_down(ws, event, 426, "no WebSocket is asked for");
        return;
    }
    if (!fault && !bytes_equal(request.method, BYTES_LITERAL("GET")))
        fault = http_method_known(request.method) ? FAULT_NOT_GET
                                                  : FAULT_METHOD_UNKNOWN;
    if (!fault)
        fault = handshake_check(&request, &anybody, &agreed);
    if (fault) {
        ws_turn_down(ws, event, fault_rules[fault].answer,
                     fault_rules[fault].what);
        return;
    }
    memcpy(ws->accept, agreed.accept, sizeof ws->accept);
    ws->extension = agreed.extension;
    ws->rules.permessage_deflate =
        agreed.deflate && ws->config->deflate != WS_PLAIN;
    (void)http_field(&request, "Origin", &origin);
    ws->phase = WS_ASKED;
    ws->refusable = true;
    event->kind = WS_REQUEST;
    event->path = given(request.path);
    event->query = given(request.query);
    event->host = given(request.authority);
    event->origin = given(origin);
    event->head = given(head);
}

size_t ws_accept(struct ws *ws, const char *subprotocol, uint8_t *out,
                 size_t size)
{
    struct text t = text_over(out, size);
    struct handshake agreed = {.subprotocol = span_of(subprotocol)};
    memcpy(agreed.accept, ws->accept, sizeof agreed.accept);
    if (ws->phase != WS_ASKED ||
        http_token_len(agreed.subprotocol) != agreed.subprotocol.len)
        return 0;
    handshake_write(&agreed, &t);
    if (ws->rules.permessage_deflate) {
        text_string(&t, "Sec-WebSocket-Extensions: ");
        extension_write(&ws->extension, &t);
        text_string(&t, "\r\n");
    }
    http_put_end(&t);
    if (t.overflow)
        return 0;
    take_terms(ws, &(struct extension_terms){
                       .deflate = ws->rules.permessage_deflate,
                       .server_window_bits = ws->extension.server_window_bits,
                       .client_window_bits = ws->extension.client_window_bits,
                   });
    ws->refusable = false;
    return t.len;
}

size_t ws_refuse(struct ws *ws, unsigned status, uint8_t *out, size_t size)
{
    struct text t = text_over(out, size);
    if (!ws->refusable || status < 400 || status > 599)
        return 0;
    text_string(&t, "HTTP/1.1 ");
    text_decimal(&t, status);
    text_byte(&t, ' ');
    text_string(&t, http_phrase(status));
    text_string(&t, "\r\nContent-Length: 0\r\nConnection: close");
    if (status == 426) /* 4.4; RFC 9110 15.5.22 */
        text_string(&t, ", Upgrade\r\nUpgrade: websocket\r\n"
                        "Sec-WebSocket-Version: 13");
    if (status == 405) /* RFC 9110 15.5.6 */
        text_string(&t, "\r\nAllow: GET");
    text_string(&t, "\r\n");
    http_put_end(&t);
    if (t.overflow)
        return 0;
    ws->refusable = false;
    ws->phase = WS_OVER;
    return t.len;
}

size_t ws_field(struct ws_bytes head, const char *name, struct ws_bytes *value)
{
    struct http_request request;
    struct span found;
    (void)http_parse(&request, head.ptr, head.len);
    size_t count = http_field(&request, name, &found);
    *value = given(found);
    return count;
}

/* ---- Either -------------------------------------------------------------- */

void ws_take_head(struct ws *ws, struct span head, struct ws_event *event)
{
    if (ws->config->client)
        take_response(ws, head, event);
    else
        take_request(ws, head, event);
}
