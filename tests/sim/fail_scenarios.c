/* SPDX-License-Identifier: MIT */
/* fail_scenarios: servers of every kind, so that every kind of call is made. */
#include "sim/fail.h"

#define ROOMS    (1 << CLIENT_PLAIN | 1 << CLIENT_JSON | 1 << CLIENT_JSON_V1)
#define ECHOES   (1 << CLIENT_ECHO)
#define ANYTHING (ROOMS | ECHOES)

static void listen_too(struct config *config, const char *address)
{
    struct socket_address *at = &config->addrs[config->addr_count++];
    assert_true(socket_parse(bytes_of(address), at));
}

static void with_history(struct config *config)
{
    config->compression = false;
    config->history = 10;
}

/* The logs hold all that is said, and the time is long, so that nobody is too
   slow; there are few buffers for what is not taken. */
static void with_few_buffers(struct config *config)
{
    config->buffers = 12;
    config->rooms = 2;
    config->room_log = 128 * 1024;
    config->handshake_timeout = 30000;
    config->keep_alive = 30000;
    config->write_timeout = 30000;
}

static void with_files(struct config *config)
{
    config->static_folder = "folder";
    sim_put_file("a.txt", bytes_of("a file below the folder\n"));
    sim_put_file("b/style.css", bytes_of("body { color: white }\n"));
    listen_too(config, "unix:/run/chatd");
    config->unix_group = "guests";
}

static void with_metrics(struct config *config)
{
    config->has_metrics = true;
    assert_true(socket_parse(bytes_of(":9100"), &config->metrics));
}

static void with_a_proxy(struct config *config)
{
    config->proxy_protocol = true;
    config->per_ip = 30;
    assert_true(ip_parse_block(&config->trust[config->trust_count++],
                               bytes_of("192.0.2.0/24")));
}

static void with_a_supervisor(struct config *config)
{
    sim_hand_over("127.0.0.1:1");
    sim_hand_over("unix:/run/handed-over");
    config->supervised = (struct supervise){
        .sockets = 2, .notify = "/run/notify", .watchdog = 400};
    config->user = "ann";
    config->require_sandbox = true;
    listen_too(config, "unix:/run/chatd");
}

static void with_a_store(struct config *config)
{
    with_history(config);
    config->store = "/var/lib/rooms";
}

static void with_a_trace(struct config *config)
{
    config->trace = TRACE_ALL;
}

static void with_two_listeners(struct config *config)
{
    listen_too(config, "127.0.0.1:2");
}

const struct fail_scenario fail_scenarios[] = {
    {.name = "rooms", .options = with_history, .forms = ROOMS, .listeners = 1},
    {.name = "compressed", .forms = ANYTHING, .listeners = 1, .zip = true},
    {.name = "slow",
     .options = with_few_buffers,
     .forms = ANYTHING,
     .listeners = 1,
     .zip = true,
     .slow = true},
    {.name = "posts",
     .options = with_history,
     .forms = ROOMS,
     .listeners = 1,
     .posts = true},
    {.name = "pages",
     .options = with_files,
     .forms = ECHOES,
     .listeners = 2,
     .gets = {"/index.html", "/a.txt", "/packed.txt", "/b/style.css",
              "/healthz"}},
    {.name = "metrics",
     .options = with_metrics,
     .forms = ANYTHING,
     .listeners = 1,
     .scrape = 1,
     .gets = {"/metrics"}},
    {.name = "proxied",
     .options = with_a_proxy,
     .forms = ANYTHING,
     .listeners = 1,
     .hello = "PROXY TCP4 192.0.2.9 192.0.2.1 999 80\r\n",
     .zip = true,
     .gets = {"/style.css", "/healthz"}},
    {.name = "supervised",
     .options = with_a_supervisor,
     .forms = ANYTHING,
     .listeners = 4,
     .gets = {"/index.html"}},
    {.name = "traced",
     .options = with_a_trace,
     .forms = ANYTHING,
     .listeners = 1,
     .zip = true,
     .steps = 20},
    {.name = "kept",
     .options = with_a_store,
     .forms = ROOMS,
     .listeners = 1,
     .posts = true},
    {.name = "crowded",
     .options = with_two_listeners,
     .forms = ANYTHING,
     .listeners = 2,
     .crowd = true,
     .gets = {"/index.html", "/healthz"}},
};

const size_t fail_scenarios_count = UNIT_COUNT(fail_scenarios);

void fail_options(const struct fail_scenario *scenario)
{
    struct config *config = &world.config;
    config->clients = 40;
    config->rooms = 6;
    config->room_log = 8192;
    config->max_message = 2048;
    config->buffers = 24;
    if (scenario->options)
        scenario->options(config);
}
