/* base64_test.c - bytes to base 64 and back; what is not canonical is not. */
#include "base64.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "support/test.h"

/* Those of RFC 4648, and all bits. */
static const struct {
    const char *bytes;
    size_t size;
    const char *text;
} pairs[] = {
    {"", 0, ""},
    {"f", 1, "Zg=="},
    {"fo", 2, "Zm8="},
    {"foo", 3, "Zm9v"},
    {"foob", 4, "Zm9vYg=="},
    {"fooba", 5, "Zm9vYmE="},
    {"foobar", 6, "Zm9vYmFy"},
    {"\0\xFF\xFB\xEF\xBE", 5, "AP/7774="},
};

START_TEST(bytes_are_written_as_the_rfc_says)
{
    char *text = NULL;
    size_t length;
    FILE *file = open_memstream(&text, &length);

    ck_assert_ptr_nonnull(file);
    base64_write(file, (const unsigned char *)pairs[_i].bytes, pairs[_i].size);
    fclose(file);
    ck_assert_str_eq(text, pairs[_i].text);
    free(text);
}
END_TEST

START_TEST(what_was_written_is_read)
{
    unsigned char bytes[16];
    size_t size = 99;

    ck_assert(
        base64_read(bytes, &size, pairs[_i].text, strlen(pairs[_i].text)));
    ck_assert_uint_eq(size, pairs[_i].size);
    ck_assert_mem_eq(bytes, pairs[_i].bytes, size);
}
END_TEST

START_TEST(what_is_not_canonical_is_refused)
{
    static const char *const wrong[] = {
        "Z",    "Zg",   "Zg=",  "Zh==",     "Zm9=",     "====",
        "=Zg=", "Z===", "Zg=a", "Zg==Zg==", "Zm9v\n",   "Zm 9",
        "Zm-9", "Zm_9", " Zm9", "Zm9*",     "Zm9v====", "\xC3\xA4Zm",
    };
    unsigned char bytes[16];
    size_t size = 99, i;

    for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        ck_assert_msg(!base64_read(bytes, &size, wrong[i], strlen(wrong[i])),
                      "'%s'", wrong[i]);
    ck_assert(!base64_read(bytes, &size, "Zm\0v", 4));
    ck_assert_uint_eq(size, 99);
}
END_TEST

static Suite *
suite(void)
{
    Suite *s = suite_create("base64");
    TCase *tcase = tcase_create("base64");
    int count = (int)(sizeof(pairs) / sizeof(pairs[0]));

    suite_add_tcase(s, tcase);
    tcase_add_loop_test(tcase, bytes_are_written_as_the_rfc_says, 0, count);
    tcase_add_loop_test(tcase, what_was_written_is_read, 0, count);
    tcase_add_test(tcase, what_is_not_canonical_is_refused);
    return s;
}

TEST_MAIN(suite)
