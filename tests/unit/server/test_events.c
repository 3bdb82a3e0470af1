/* SPDX-License-Identifier: MIT */
/*
 * Goal: the log has a line for whoever comes, goes or is refused, and each of
 * its words is true.
 */
#include "server/events.h"
#include "sim/peer.h"

#include <stdio.h>

static void
test_the_log_counts_bytes_on_the_wire_and_names_the_room(void **state)
{
    (void)state;
    world_start();
    struct peer *ann = peer_open("/chat/%C3%A4");
    size_t request = (size_t)world_client(ann->connection)->received;
    size_t response = (size_t)world_client(ann->connection)->sent;
    peer_text(ann, "hello");
    sim_reset(ann->connection);
    world_settle();
    char words[128];
    snprintf(words, sizeof words, "rx=%zu tx=%zu path=\"/chat/\\xc3\\xa4\"",
             request + 11, response + 7);
    world_logged(words);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        WORLD_TEST(test_the_log_counts_bytes_on_the_wire_and_names_the_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
