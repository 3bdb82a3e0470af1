/* SPDX-License-Identifier: MIT */
#include "sim/options.h"
#include "sim/kernel.h"

#define STANDARD 3 /* descriptors 0, 1 and 2 */

static uint32_t between(struct random *r, uint32_t least, uint32_t most)
{
    return least + (uint32_t)random_below(r, most - least + 1);
}

static bool one_in(struct random *r, uint64_t times)
{
    return random_below(r, times) == 0;
}

/* ---- What is drawn ------------------------------------------------------- */

static void draw_addresses(struct config *config, struct random *r)
{
    static const char *const all[] = {":6868", "unix:/run/s", "127.0.0.1:7000"};
    config->addr_count = between(r, 1, UNIT_COUNT(all));
    for (size_t i = 0; i < config->addr_count; i++)
        assert_true(socket_parse(bytes_of(all[i]), &config->addrs[i]));
    if (one_in(r, 5)) {
        sim_hand_over("127.0.0.1:8000");
        config->supervised.sockets = 1;
    }
    config->has_metrics = one_in(r, 2);
    assert_true(socket_parse(bytes_of("127.0.0.1:9100"), &config->metrics));
}

static void draw_sources(struct config *config, struct random *r)
{
    if (one_in(r, 3))
        config->per_ip = between(r, 1, 6);
    config->proxy_protocol = one_in(r, 4);
    config->trust_unix = one_in(r, 4);
    config->trust_count = one_in(r, 3);
    assert_true(ip_parse_block(&config->trust[0], bytes_of("10.0.0.0/8")));
}

/* Some so short that they come often, and none below what the people of a run
   need to do their part. */
static void draw_times(struct config *config, struct random *r)
{
    if (one_in(r, 3))
        return; /* the defaults */
    config->ping = one_in(r, 8) ? 0 : between(r, 300, 10000);
    config->pong_timeout = between(r, 200, 3000);
    config->handshake_timeout = between(r, 800, 5000);
    config->write_timeout = between(r, 400, 5000);
    config->keep_alive = between(r, 300, 5000);
    config->close_timeout = between(r, 300, 5000);
    config->message_timeout = between(r, 2000, 10000);
    config->drain = between(r, 1000, 5000);
}

/* Such that a message of this size, binary in JSON form, fits an append. */
static void draw_sizes(struct config *config, struct random *r)
{
    if (one_in(r, 2)) { /* one is soon too slow for such a room */
        config->rooms = 1;
        config->room_log = LIMITS_ROOM_LOG_MIN;
    }
    size_t append = config->room_log / LIMITS_APPEND_PART;
    config->max_message = one_in(r, 2) ? append : (append - 200) / 4 * 3;
    if (one_in(r, 3))
        config->buffers = between(r, 1, 4);
    else /* such that some can be kept for messages that wait */
        config->buffers = between(r, 12, 64);
    if (one_in(r, 4)) /* for what is open at start, and a few clients */
        sim_limit_files(STANDARD + 2 + LIMITS_OTHER_FILES + LIMITS_BESIDES +
                        LIMITS_DOWNLOADS_LEAST + between(r, 10, 20));
}

static void draw_what_is_told(struct config *config, struct random *r)
{
    static const enum limits_level levels[] = {LEVEL_ERROR, LEVEL_WARN,
                                               LEVEL_INFO, LEVEL_DEBUG};
    config->level = levels[random_below(r, UNIT_COUNT(levels))];
    if (one_in(r, 4))
        config->trace = (enum limits_trace)between(r, TRACE_ALL, TRACE_PATH);
    config->trace_client = between(r, 0, 5);
    config->trace_path = BYTES_LITERAL("/echo");
    if (one_in(r, 3))
        config->supervised.notify = "supervisor";
    if (one_in(r, 2))
        config->supervised.watchdog = between(r, 100, 5000);
    if (one_in(r, 2))
        config->static_folder = "pages";
}

void options_draw(struct random *r)
{
    draw_addresses(&world.config, r);
    draw_sources(&world.config, r);
    draw_times(&world.config, r);
    draw_sizes(&world.config, r);
    draw_what_is_told(&world.config, r);
}

/* ---- What changes -------------------------------------------------------- */

void options_change(struct random *r)
{
    switch (random_below(r, 5)) {
    case 0:
        sim_limit_files(STANDARD + sim_files_open() + between(r, 0, 3));
        break;
    case 1:
    case 2: options_restore(); break;
    case 3: sim_signal(SIGNALS_STATE); break;
    case 4: sim_set_wall(SIM_WALL + random_below(r, 100000)); break;
    }
}

void options_restore(void)
{
    sim_limit_files(KERNEL_LIMIT);
}

size_t options_metrics(void)
{
    return world.config.addr_count + world.config.supervised.sockets;
}
