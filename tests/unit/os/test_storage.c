/* SPDX-License-Identifier: MIT */
#include "os/storage.h"
#include "os/error.h"
#include "support/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define SIZE 16384 /* bytes of a file */

static char root[] = "/tmp/chatd-test-XXXXXX";

/* In turn, for as many as a test has at a time. */
static const char *path(const char *name)
{
    static char paths[64][256];
    static size_t turn;
    char *at = paths[turn++ % UNIT_COUNT(paths)];
    snprintf(at, sizeof paths[0], "%s/%s", root, name);
    return at;
}

static int begin(void **state)
{
    (void)state;
    return mkdtemp(root) ? 0 : -1;
}

static const char *const names[] = {"a",    "b",     "link", "fifo",
                                    "made", "dir/c", "dir",  ""};

static int clear(void **state)
{
    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(names) - 1; i++)
        remove(path(names[i]));
    return 0;
}

static int end(void **state)
{
    clear(state);
    return remove(root);
}

static struct stat stat_of(const char *name)
{
    struct stat info;
    assert_int_equal(lstat(path(name), &info), 0);
    return info;
}

static void put(const char *name, const char *bytes)
{
    FILE *f = fopen(path(name), "w");
    assert_non_null(f);
    fputs(bytes, f);
    fclose(f);
}

static struct storage opened(const char *name)
{
    struct storage s;
    assert_int_equal(storage_open(&s, path(name)), 0);
    return s;
}

/* ---- Opening --------------------------------------------------------------- */

static void test_a_new_one_is_empty_and_for_its_owner_alone(void **state)
{
    (void)state;
    mode_t mask = umask(0);
    struct storage s = opened("a");
    umask(mask);
    assert_true(s.made);
    assert_int_equal(s.size, 0);
    assert_int_equal(stat_of("a").st_mode & 07777, 0600);
    assert_int_equal(fcntl(s.file, F_GETFD), FD_CLOEXEC);
    storage_close(&s);
}

static void test_one_that_is_there_is_described(void **state)
{
    (void)state;
    put("a", "12345");
    struct storage s = opened("a");
    struct stat info = stat_of("a");
    assert_false(s.made);
    assert_int_equal(s.size, 5);
    assert_int_equal(s.device, info.st_dev);
    assert_int_equal(s.inode, info.st_ino);
    assert_int_equal(s.changed, (uint64_t)info.st_ctim.tv_sec * 1000000000 +
                                    (uint64_t)info.st_ctim.tv_nsec);
    assert_int_equal(storage_changed(&s), s.changed);
    storage_close(&s);
}

static void test_only_one_at_a_time_has_it(void **state)
{
    (void)state;
    struct storage s = opened("a"), second;
    int result = storage_open(&second, path("a"));
    assert_int_equal(error_kind(result), ERROR_WAIT);
    /* not given up with a descriptor that somebody else closes */
    close(open(path("a"), O_RDONLY));
    assert_int_equal(storage_open(&second, path("a")), result);
    storage_close(&s);
    second = opened("a");
    storage_close(&second);
}

static void test_what_is_no_file_is_refused(void **state)
{
    struct storage s;
    (void)state;
    put("b", "untouched");
    assert_int_equal(symlink("b", path("link")), 0);
    assert_int_equal(mkfifo(path("fifo"), 0600), 0);
    assert_int_equal(mkdir(path("dir"), 0700), 0);
    assert_int_equal(storage_open(&s, path("link")), -ELOOP);
    assert_int_equal(storage_open(&s, path("fifo")), -EOPNOTSUPP);
    assert_int_equal(storage_open(&s, path("dir")), -EISDIR);
    assert_int_equal(storage_open(&s, "/dev/null"), -EOPNOTSUPP);
    assert_int_equal(storage_open(&s, path("none/a")), -ENOENT);
    assert_int_equal(stat_of("b").st_size, 9);
    assert_true(S_ISLNK(stat_of("link").st_mode));
}

static void test_creating_takes_away_what_was_there(void **state)
{
    struct storage s;
    (void)state;
    put("b", "untouched");
    assert_int_equal(symlink("b", path("link")), 0);
    put("a", "stale");
    assert_int_equal(storage_create(&s, path("a")), 0);
    assert_int_equal(s.size, 0);
    assert_int_equal(stat_of("a").st_mode & 0777, 0600);
    storage_close(&s);
    assert_int_equal(storage_create(&s, path("link")), 0);
    storage_close(&s);
    assert_true(S_ISREG(stat_of("link").st_mode));
    assert_int_equal(stat_of("b").st_size, 9);
    assert_int_equal(mkdir(path("dir"), 0700), 0);
    assert_int_equal(storage_create(&s, path("dir")), -EEXIST);
}

/* Before the lock is had another service puts a file in its place: as often as
   this is set. */
static unsigned replaced;

int flock(int fd, int operation)
{
    if (replaced) {
        replaced--;
        put("b", "the other one");
        rename(path("b"), path("a"));
    }
    return (int)syscall(SYS_flock, fd, operation);
}

/* What was synced last, by its inode. */
static ino_t synced;

int fsync(int fd)
{
    struct stat info;
    synced = fstat(fd, &info) == 0 ? info.st_ino : 0;
    return (int)syscall(SYS_fsync, fd);
}

static void test_one_that_is_replaced_meanwhile_is_not_it(void **state)
{
    (void)state;
    put("a", "old");
    replaced = 1;
    struct storage s = opened("a");
    assert_int_equal(s.size, strlen("the other one"));
    assert_int_equal(s.inode, stat_of("a").st_ino);
    storage_close(&s);
    replaced = 100;
    assert_int_equal(error_kind(storage_open(&s, path("a"))), ERROR_WAIT);
    replaced = 0;
}

/* ---- Bytes ----------------------------------------------------------------- */

static void test_each_byte_has_a_block(void **state)
{
    (void)state;
    put("a", "kept");
    struct storage s = opened("a");
    assert_int_equal(storage_reserve(&s, SIZE), 0);
    assert_int_equal(s.size, SIZE);
    assert_true(stat_of("a").st_blocks * 512 >= SIZE);
    const uint8_t *bytes = storage_map(&s, SIZE, STORAGE_SHARED);
    assert_non_null(bytes);
    assert_memory_equal(bytes, "kept\0", 5);
    assert_int_equal(bytes[SIZE - 1], 0);
    assert_int_equal(storage_reserve(&s, 1), 0); /* never shorter */
    assert_int_equal(s.size, SIZE);
    assert_int_equal(stat_of("a").st_size, SIZE);
    storage_close(&s);
}

static void test_where_there_are_none_it_is_refused(void **state)
{
    (void)state;
    struct rlimit before, little = {SIZE / 2, RLIM_INFINITY};
    getrlimit(RLIMIT_FSIZE, &before);
    little.rlim_max = before.rlim_max;
    signal(SIGXFSZ, SIG_IGN);
    struct storage s = opened("a");
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &little), 0);
    assert_int_equal(storage_reserve(&s, SIZE), -EFBIG);
    setrlimit(RLIMIT_FSIZE, &before);
    assert_int_equal(s.size, 0);
    storage_close(&s);
}

static void test_what_a_killed_process_wrote_is_there(void **state)
{
    (void)state;
    pid_t child = fork();
    if (child == 0) {
        struct storage s;
        if (storage_open(&s, path("a")) || storage_reserve(&s, SIZE))
            _exit(1);
        uint8_t *bytes = storage_map(&s, SIZE, STORAGE_SHARED);
        memcpy(bytes + 5000, "said", 4);
        kill(getpid(), SIGKILL);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(WTERMSIG(status), SIGKILL);
    struct storage s = opened("a"); /* nobody has it any more */
    uint8_t *bytes = storage_map(&s, SIZE, STORAGE_SHARED);
    assert_memory_equal(bytes + 5000, "said", 4);
    storage_unmap(bytes, SIZE);
    storage_close(&s);
}

static void test_a_copy_leaves_the_file_as_it_is(void **state)
{
    (void)state;
    put("a", "original");
    struct storage s = opened("a");
    uint8_t *copy = storage_map(&s, 8, STORAGE_COPY);
    assert_memory_equal(copy, "original", 8);
    memcpy(copy, "changed!", 8);
    const uint8_t *bytes = storage_map(&s, 8, STORAGE_SHARED);
    assert_memory_equal(bytes, "original", 8);
    assert_int_equal(storage_sync(&s), 0);
    storage_close(&s);
    assert_null(storage_map(&s, 8, STORAGE_COPY));
    assert_int_equal(storage_sync(&s), -EBADF);
    assert_int_equal(storage_changed(&s), 0);
}

static void wait_a_tick(void)
{
    usleep(20000); /* what a filesystem's clock is good for */
}

static void test_whoever_writes_changes_it(void **state)
{
    (void)state;
    put("a", "12345");
    struct storage s = opened("a");
    struct timespec times[2] = {{1, 0}, {1, 0}};
    uint64_t before = s.changed;
    wait_a_tick();
    put("a", "12345");
    assert_true(storage_changed(&s) > before);
    /* as cp -p does, so that it looks old */
    assert_int_equal(utimensat(AT_FDCWD, path("a"), times, 0), 0);
    assert_true(storage_changed(&s) > before);
    before = storage_changed(&s);
    wait_a_tick();
    assert_int_equal(open(path("a"), O_RDONLY), s.file + 1);
    char byte;
    assert_int_equal(read(s.file + 1, &byte, 1), 1);
    close(s.file + 1);
    assert_int_equal(storage_changed(&s), before);
    storage_close(&s);
}

/* As store_file_close does it. */
static void test_the_time_of_a_change_can_stand_in_the_file(void **state)
{
    (void)state;
    struct storage s = opened("a");
    assert_int_equal(storage_reserve(&s, SIZE), 0);
    uint64_t *bytes = storage_map(&s, SIZE, STORAGE_SHARED);
    bytes[1] = 1;
    assert_int_equal(storage_sync(&s), 0);
    bool stands = false;
    for (unsigned tries = 0; tries < 4 && !stands; tries++) {
        wait_a_tick();
        bytes[0] = 0;
        bytes[0] = storage_changed(&s);
        wait_a_tick();
        bytes[1] = 2;
        assert_int_equal(storage_sync(&s), 0);
        stands = bytes[0] == storage_changed(&s);
    }
    assert_true(stands);
    uint64_t changed = bytes[0];
    storage_unmap(bytes, SIZE);
    storage_close(&s);
    sync();
    s = opened("a");
    assert_int_equal(s.changed, changed);
    storage_close(&s);
}

/* ---- Names ----------------------------------------------------------------- */

static void test_one_takes_the_place_of_another(void **state)
{
    (void)state;
    put("a", "old");
    put("b", "the new one");
    int free_fd = dup(STDIN_FILENO);
    close(free_fd);
    assert_int_equal(storage_replace(path("b"), path("a")), 0);
    assert_int_equal(synced, stat_of("").st_ino);
    assert_int_equal(dup(STDIN_FILENO), free_fd); /* none is left open */
    close(free_fd);
    assert_int_equal(stat_of("a").st_size, strlen("the new one"));
    assert_int_equal(access(path("b"), F_OK), -1);
    assert_int_equal(storage_replace(path("b"), path("a")), -ENOENT);
    assert_int_equal(storage_replace(path("a"), path("none/a")), -ENOENT);
    storage_remove(path("a"));
    assert_int_equal(access(path("a"), F_OK), -1);
}

static void test_a_name_without_a_folder_is_in_this_one(void **state)
{
    (void)state;
    char before[256];
    assert_non_null(getcwd(before, sizeof before));
    assert_int_equal(chdir(root), 0);
    put("b", "new");
    assert_int_equal(storage_replace("b", "a"), 0);
    assert_int_equal(synced, stat_of("").st_ino);
    assert_int_equal(chdir(before), 0);
    assert_int_equal(stat_of("a").st_size, 3);
    char longest[5000];
    memset(longest, 'x', sizeof longest);
    longest[sizeof longest - 1] = '\0';
    longest[sizeof longest - 2] = '/';
    assert_int_equal(storage_replace(path("a"), longest), -ENAMETOOLONG);
}

/* ---- The machine ----------------------------------------------------------- */

static void test_a_boot_has_one_id(void **state)
{
    (void)state;
    uint8_t id[16], again[16], unknown[16] = {0};
    char text[37] = "", hex[33] = "";
    int free_fd = dup(STDIN_FILENO);
    close(free_fd);
    storage_boot(id);
    storage_boot(again);
    assert_int_equal(dup(STDIN_FILENO), free_fd);
    close(free_fd);
    assert_memory_equal(id, again, sizeof id);
    assert_memory_not_equal(id, unknown, sizeof id);
    FILE *f = fopen("/proc/sys/kernel/random/boot_id", "r");
    assert_non_null(f);
    assert_non_null(fgets(text, sizeof text, f));
    fclose(f);
    for (size_t i = 0; i < sizeof id; i++)
        snprintf(hex + 2 * i, 3, "%02x", id[i]);
    char *to = text;
    for (const char *from = text; *from; from++)
        if (*from != '-')
            *to++ = *from;
    *to = '\0';
    assert_string_equal(text, hex);
}

/* There is no descriptor left to find it out. */
static void ask_without_a_descriptor(void)
{
    uint8_t id[17];
    struct rlimit most;
    memset(id, 0xAA, sizeof id);
    getrlimit(RLIMIT_NOFILE, &most);
    most.rlim_cur = 64;
    setrlimit(RLIMIT_NOFILE, &most);
    while (dup(STDERR_FILENO) >= 0)
        ; /* memcheck lowers no limit: up to that which there was */
    storage_boot(id);
    for (size_t i = 0; i < 16; i++)
        if (id[i])
            _exit(8);
    _exit(id[16] == 0xAA ? 0 : 9);
}

/* How a child ends that does this; what it said is in `line`. */
static int status_of(void (*act)(void), char line[128])
{
    int ends[2], status;
    memset(line, 0, 128);
    assert_int_equal(pipe(ends), 0);
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        struct rlimit no_core = {0};
        setrlimit(RLIMIT_CORE, &no_core);
        dup2(ends[1], STDERR_FILENO);
        storage_guard();
        act();
        _exit(7);
    }
    close(ends[1]);
    assert_true(read(ends[0], line, 127) >= 0);
    close(ends[0]);
    assert_int_equal(waitpid(child, &status, 0), child);
    return status;
}

static void test_a_boot_that_nobody_knows_is_all_zero(void **state)
{
    (void)state;
    char line[128];
    assert_int_equal(status_of(ask_without_a_descriptor, line), 0);
}

static void touch_a_page_that_is_gone(void)
{
    struct storage s;
    if (storage_open(&s, path("a")) || storage_reserve(&s, SIZE))
        _exit(8);
    volatile uint8_t *bytes = storage_map(&s, SIZE, STORAGE_SHARED);
    if (truncate(path("a"), 0))
        _exit(9);
    bytes[5000] = 1;
}

static void raise_it_twice(void)
{
    raise(SIGBUS);
    raise(SIGBUS);
}

static void test_a_page_that_is_gone_is_the_end_in_one_line(void **state)
{
    (void)state;
    char line[128];
    int status = status_of(touch_a_page_that_is_gone, line);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 1);
    assert_string_equal(line,
                        "chatd: --store: a page cannot be read or written\n");
    status = status_of(raise_it_twice, line);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGBUS);
    /* qemu has a line of its own for it. */
    assert_null(strstr(line, "chatd"));
}

#define TEST(test) cmocka_unit_test_setup(test, clear)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(test_a_new_one_is_empty_and_for_its_owner_alone),
        TEST(test_one_that_is_there_is_described),
        TEST(test_only_one_at_a_time_has_it),
        TEST(test_what_is_no_file_is_refused),
        TEST(test_creating_takes_away_what_was_there),
        TEST(test_one_that_is_replaced_meanwhile_is_not_it),
        TEST(test_each_byte_has_a_block),
        TEST(test_where_there_are_none_it_is_refused),
        TEST(test_what_a_killed_process_wrote_is_there),
        TEST(test_a_copy_leaves_the_file_as_it_is),
        TEST(test_whoever_writes_changes_it),
        TEST(test_the_time_of_a_change_can_stand_in_the_file),
        TEST(test_one_takes_the_place_of_another),
        TEST(test_a_name_without_a_folder_is_in_this_one),
        TEST(test_a_boot_has_one_id),
        TEST(test_a_boot_that_nobody_knows_is_all_zero),
        TEST(test_a_page_that_is_gone_is_the_end_in_one_line),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
