/* SPDX-License-Identifier: MIT */
#include "os/bell.h"
#include "os/reactor.h"
#include "support/unit.h"

#include <unistd.h>

static struct reactor_event events[REACTOR_EVENTS];

static void test_each_ring_wakes_though_nobody_reads(void **state)
{
    (void)state;
    int reactor = reactor_open(), bell = bell_open();
    assert_true(reactor >= 0 && bell >= 0);
    assert_int_equal(reactor_add(reactor, bell, 7), 0);
    reactor_wait(reactor, events, 0); /* of its registration */
    assert_int_equal(reactor_wait(reactor, events, 0), 0);
    for (int i = 0; i < 3; i++) {
        bell_ring(bell);
        bell_ring(bell);
        assert_int_equal(reactor_wait(reactor, events, 0), 1);
        assert_true(events[0].token == 7 && events[0].readable);
        assert_int_equal(reactor_wait(reactor, events, 0), 0);
    }
    close(bell);
    bell_ring(bell); /* and here we are */
    close(reactor);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_ring_wakes_though_nobody_reads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
