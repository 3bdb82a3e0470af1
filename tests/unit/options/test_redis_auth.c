/* SPDX-License-Identifier: MIT */
/*
 * Goal: what stands in the file of --redis-auth is taken as it is meant, and what
 * is not is told without telling what is in it.
 */
#include "redis.h"
#include "support/unit.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static char path[] = "/tmp/chatd-redis-XXXXXX";
static struct config config;
static char why[256];

static int begin(void **state)
{
    (void)state;
    strcpy(path + strlen(path) - 6, "XXXXXX");
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    close(fd);
    config = (struct config){.redis = "10.0.0.1:1", .redis_auth = path};
    return 0;
}

static int end(void **state)
{
    (void)state;
    unlink(path);
    return 0;
}

static bool load(const void *bytes, size_t len)
{
    struct text t = text_over((uint8_t *)why, sizeof why - 1);
    int fd = open(path, O_WRONLY | O_TRUNC);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes, len), len);
    close(fd);
    bool loaded = redis_load(&config, &t);
    why[t.len] = '\0';
    return loaded;
}

static void good(const char *line, const char *user, const char *password)
{
    assert_true(load(line, strlen(line)));
    const struct limits_login *login = config.login;
    assert_true(
        bytes_equal(bytes_span(login->bytes, login->user_len), bytes_of(user)));
    assert_true(bytes_equal(
        bytes_span(login->bytes + login->password, login->password_len),
        bytes_of(password)));
}

static void bad_bytes(const void *bytes, size_t len, const char *fault)
{
    char sentence[256];
    assert_false(load(bytes, len));
    snprintf(sentence, sizeof sentence, "--redis-auth %s: %s", path, fault);
    assert_string_equal(why, sentence);
    for (size_t i = 0; i < sizeof *config.login; i++)
        assert_int_equal(((const uint8_t *)config.login)[i], 0);
}

static void bad(const char *line, const char *fault)
{
    bad_bytes(line, strlen(line), fault);
}

static void test_a_password_may_have_a_user(void **state)
{
    (void)state;
    good("secret\n", "", "secret");
    good("secret", "", "secret");
    good("ann secret\n", "ann", "secret");
    good("ann secret\r\n", "ann", "secret");
    good("ann a secret of several words\n", "ann", "a secret of several words");
    good("j\xC3\xB6rg \xC3\xBC\n", "j\xC3\xB6rg", "\xC3\xBC");
}

static void test_what_is_no_such_line_is_told(void **state)
{
    static const char want[] = "is not a line USER PASSWORD, or PASSWORD";
    char line[LIMITS_REDIS_AUTH + 1];
    (void)state;
    bad("", want);
    bad("\n", want);
    bad(" secret\n", want);
    bad("ann \n", want);
    bad("ann\nsecret\n", "has more than one line");
    bad("secret\n\n", "has more than one line");
    bad("ann\tsecret\n", "holds a control character");
    bad_bytes("a\0b\n", 4, "holds a control character");
    memset(line, 'a', sizeof line);
    assert_true(load(line, LIMITS_REDIS_AUTH - 1));
    bad_bytes(line, LIMITS_REDIS_AUTH, "File too large");
}

static void test_who_else_may_read_or_write_it(void **state)
{
    (void)state;
    good("secret\n", "", "secret");
    assert_false(config.login_readable);
    assert_int_equal(chmod(path, 0640), 0);
    good("secret\n", "", "secret");
    assert_true(config.login_readable);
    assert_int_equal(chmod(path, 0620), 0);
    bad("secret\n", "others than its owner may write it");
}

static void test_there_need_be_none(void **state)
{
    struct text t = text_over((uint8_t *)why, sizeof why);
    (void)state;
    config.redis_auth = NULL;
    assert_true(redis_load(&config, &t));
    assert_null(config.login);
    config.redis_auth = "/nowhere/at-all";
    assert_false(redis_load(&config, &t));
    assert_true(bytes_equal(text_span(&t),
                            bytes_of("--redis-auth /nowhere/at-all: No such "
                                     "file or directory")));
}

#define REDIS_TEST(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        REDIS_TEST(test_a_password_may_have_a_user),
        REDIS_TEST(test_what_is_no_such_line_is_told),
        REDIS_TEST(test_who_else_may_read_or_write_it),
        REDIS_TEST(test_there_need_be_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
