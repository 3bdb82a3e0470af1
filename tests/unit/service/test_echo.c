/* SPDX-License-Identifier: MIT */
#include "sim/peer.h"

static void test_a_text_comes_back_as_one_frame(void **state)
{
    (void)state;
    world_start();
    struct peer *ann = peer_open("/echo");
    peer_text(ann, "hello");
    peer_told(ann, "text hello\n");
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        WORLD_TEST(test_a_text_comes_back_as_one_frame),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
