// SPDX-License-Identifier: MIT
// uWebSockets: /echo, and one topic at /chat/bench. uws PORT
#include "App.h"
#include <cstdlib>
#include <string_view>

struct Nothing {};

int main(int, char **argv)
{
    uWS::App app;
    app.ws<Nothing>("/echo", {
        .compression = uWS::DISABLED,
        .maxPayloadLength = 1 << 20,
        .idleTimeout = 120,
        .maxBackpressure = 64 << 20,
        .message = [](auto *ws, std::string_view m, uWS::OpCode op) {
            ws->send(m, op);
        },
    });
    app.ws<Nothing>("/chat/bench", {
        .compression = uWS::DISABLED,
        .maxPayloadLength = 1 << 20,
        .idleTimeout = 120,
        .maxBackpressure = 64 << 20,
        .open = [](auto *ws) { ws->subscribe("room"); },
        .message = [&app](auto *, std::string_view m, uWS::OpCode op) {
            app.publish("room", m, op);
        },
    });
    app.listen("127.0.0.1", atoi(argv[1]), [](auto *s) {
        if (!s)
            exit(1);
    });
    app.run();
}
