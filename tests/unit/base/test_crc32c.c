/* SPDX-License-Identifier: MIT */
#include "base/crc32c.h"
#include "support/guard.h"
#include "support/random.h"
#include "support/unit.h"

static struct crc32c crc;

static const uint8_t zeros[32];
static const uint8_t ones[] = {
    0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
    0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
    0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
};
static const uint8_t up[] = {
    0,  1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11, 12, 13, 14, 15,
    16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31,
};
static const uint8_t down[] = {
    31, 30, 29, 28, 27, 26, 25, 24, 23, 22, 21, 20, 19, 18, 17, 16,
    15, 14, 13, 12, 11, 10, 9,  8,  7,  6,  5,  4,  3,  2,  1,  0,
};
static const uint8_t read_command[] = {
    0x01, 0xC0, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
    0x00, 0x00, 0x00, 0x00, 0x14, 0x00, 0x00, 0x00, 0x00, 0x00, 0x04, 0x00,
    0x00, 0x00, 0x00, 0x14, 0x00, 0x00, 0x00, 0x18, 0x28, 0x00, 0x00, 0x00,
    0x00, 0x00, 0x00, 0x00, 0x02, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
};

/* RFC 3720 B.4 prints the lowest byte first. */
static const struct vector {
    const char *name;
    const uint8_t *ptr;
    size_t len;
    uint32_t sum;
} vectors[] = {
    {"nothing", NULL, 0, 0},
    {"RFC 3720 B.4, 32 bytes of zeroes", zeros, sizeof zeros, 0x8A9136AA},
    {"RFC 3720 B.4, 32 bytes of ones", ones, sizeof ones, 0x62A8AB43},
    {"RFC 3720 B.4, 32 bytes of incrementing", up, sizeof up, 0x46DD794E},
    {"RFC 3720 B.4, 32 bytes of decrementing", down, sizeof down, 0x113FDB5C},
    {"RFC 3720 B.4, an iSCSI SCSI Read (10) Command PDU", read_command,
     sizeof read_command, 0xD9963A56},
    {"the check value of CRC-32C", (const uint8_t *)"123456789", 9, 0xE3069283},
};

static void test_vectors_whole(void **state)
{
    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(vectors); i++) {
        const struct vector *v = &vectors[i];
        uint8_t *copy = guard_before(v->ptr, v->len);
        assert_int_equal(crc32c_add(&crc, 0, bytes_span(copy, v->len)), v->sum);
        guard_free(copy);
    }
}

static void test_vectors_at_every_cut(void **state)
{
    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(vectors); i++)
        for (size_t cut = 0; cut <= vectors[i].len; cut++) {
            struct span s = bytes_span(vectors[i].ptr, vectors[i].len);
            uint32_t sum = crc32c_add(&crc, 0, bytes_part(s, 0, cut));
            assert_int_equal(crc32c_add(&crc, sum, bytes_after(s, cut)),
                             vectors[i].sum);
        }
}

static void test_vectors_byte_by_byte(void **state)
{
    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(vectors); i++) {
        uint32_t sum = 0;
        for (size_t at = 0; at < vectors[i].len; at++)
            sum = crc32c_add(&crc, sum, bytes_span(vectors[i].ptr + at, 1));
        assert_int_equal(sum, vectors[i].sum);
    }
}

/* As the polynomial says it, bit by bit. */
static uint32_t plain(const uint8_t *ptr, size_t len)
{
    uint32_t sum = UINT32_MAX;
    for (; len; len--, ptr++) {
        sum ^= *ptr;
        for (unsigned bit = 0; bit < 8; bit++)
            sum = sum >> 1 ^ (sum & 1 ? UINT32_C(0x82F63B78) : 0);
    }
    return ~sum;
}

static void eight_at_a_time_is_bit_by_bit(struct random *r)
{
    uint8_t bytes[100];
    size_t len = (size_t)random_below(r, sizeof bytes + 1);
    random_fill(r, bytes, len);
    assert_int_equal(crc32c_add(&crc, 0, bytes_span(bytes, len)),
                     plain(bytes, len));
}

static void test_eight_at_a_time_is_bit_by_bit(void **state)
{
    (void)state;
    RANDOM_PROPERTY(eight_at_a_time_is_bit_by_bit, 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vectors_whole),
        cmocka_unit_test(test_vectors_at_every_cut),
        cmocka_unit_test(test_vectors_byte_by_byte),
        cmocka_unit_test(test_eight_at_a_time_is_bit_by_bit),
    };
    memset(&crc, 0xFF, sizeof crc);
    crc32c_init(&crc);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
