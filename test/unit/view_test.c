/* view_test.c - rows and their meaning together; runs applied; entries. */
#include "journal/view.h"

#include <stdlib.h>

#include "journal/entry.h"
#include "base/error.h"
#include "support/test.h"
#include "writing.h"

static void
append(const char *key, uint32_t flags)
{
    const struct journal_record record = {.key = key,
                                          .key_size = strlen(key),
                                          .flags = flags,
                                          .stamp = {.time = 5}};
    bool changed = false;

    ck_assert_int_eq(writing_apply(&record, 1, &changed), 0);
    ck_assert(changed);
}

static struct jn_span
text(const char *bytes)
{
    return jn_span(bytes, strlen(bytes));
}

START_TEST(a_key_that_was_never_appended_is_not_known)
{
    struct jn_known known;

    ck_assert_int_eq(jn_view_find(&writing.txn, text("key"), &known), 0);
    ck_assert_uint_eq(known.chain.revision, 0);
}
END_TEST

START_TEST(an_append_makes_a_row_an_entry_and_counts)
{
    struct jn_known known;
    struct jn_state state;
    struct jn_stored stored;

    append("key", 0);
    append("key", JOURNAL_TOMBSTONE | JOURNAL_STAMPED);
    ck_assert_int_eq(jn_view_find(&writing.txn, text("key"), &known), 0);
    ck_assert_uint_eq(known.chain.revision, 2);
    ck_assert_uint_eq(known.chain.roots[0], 1);
    ck_assert(known.chain.tombstone);
    ck_assert(known.chain.stamped);
    ck_assert_int_eq(jn_view_state(&writing.txn, &state), 0);
    ck_assert_uint_eq(state.next, 2);
    ck_assert_uint_eq(state.tombstones, 1);
    ck_assert_uint_eq(state.bytes_logical, 6);
    ck_assert_int_eq(jn_view_stored(&writing.txn, 1, &stored), 0);
    ck_assert_uint_eq(stored.links.prev, 0);
    ck_assert_uint_eq(stored.record.time, state.last_time);
    ck_assert_int_eq(jn_view_stored(&writing.txn, 2, &stored),
                     JOURNAL_NOT_FOUND);
    ck_assert_int_eq(jn_view_links(&writing.txn, 2, &stored.links),
                     JOURNAL_CORRUPT);
}
END_TEST

START_TEST(what_fails_its_check_changes_nothing)
{
    struct journal_record records[2] = {
        {.key = "a", .key_size = 1},
        {.key = "b", .key_size = 1, .flags = JOURNAL_EXPECT, .expect = 9}};
    struct jn_state before = {.next = 0}, after = {.next = 0};
    bool changed = true;

    ck_assert_int_eq(jn_view_state(&writing.txn, &before), 0);
    ck_assert_int_eq(writing_apply(records, 2, &changed), JOURNAL_CONFLICT);
    ck_assert(!changed);
    ck_assert_int_eq(jn_view_state(&writing.txn, &after), 0);
    ck_assert_mem_eq(&before, &after, sizeof(before));
    ck_assert_uint_eq(jn_store_count(&writing.txn, JN_ENTRIES), 0);
    ck_assert_uint_eq(jn_store_count(&writing.txn, JN_LATEST), 0);
}
END_TEST

START_TEST(a_chain_that_is_emptied_takes_its_row_along)
{
    struct jn_known known;

    append("key", 0);
    ck_assert_int_eq(jn_view_find(&writing.txn, text("key"), &known), 0);
    known.chain.revision = 0;
    ck_assert_int_eq(jn_view_put_chain(&writing.txn, &known), 0);
    ck_assert_uint_eq(jn_store_count(&writing.txn, JN_LATEST), 0);
}
END_TEST

/* The committed row of KEY has its entry SEQ. */
static void
assert_committed(const char *key, uint64_t seq)
{
    struct jn_index_key index_key;
    struct jn_chain chain;
    struct jn_span at, value;

    jn_index_make(&index_key, text(key));
    at = jn_index_span(&index_key);
    ck_assert_int_eq(jn_store_get_committed(&writing.txn, JN_LATEST, at,
                                            &value),
                     0);
    ck_assert_int_eq(jn_view_chain(&chain, at, value), 0);
    ck_assert_uint_eq(chain.roots[0], seq);
}

START_TEST(what_was_committed_is_seen_behind_what_has_changed)
{
    struct jn_known known;

    append("key", 0);
    append("key", 0);
    append("gone", 0);
    writing_commit();
    append("key", 0);
    ck_assert_int_eq(jn_view_find(&writing.txn, text("gone"), &known), 0);
    known.chain.revision = 0;
    ck_assert_int_eq(jn_view_put_chain(&writing.txn, &known), 0);
    assert_committed("key", 1);
    assert_committed("gone", 2);
    writing_commit();
    assert_committed("key", 3);
}
END_TEST

START_TEST(an_entry_was_superseded_if_a_newer_one_was_committed)
{
    append("key", 0);
    append("key", 0);
    writing_commit();
    append("other", 0);
    append("other", 0);
    append("key", 0);
    ck_assert(jn_view_was_superseded(&writing.txn, text("key"), 0));
    ck_assert(!jn_view_was_superseded(&writing.txn, text("key"), 1));
    ck_assert(!jn_view_was_superseded(&writing.txn, text("other"), 2));
}
END_TEST

START_TEST(a_damaged_row_does_not_tell_what_was_superseded)
{
    struct jn_index_key index_key;

    jn_index_make(&index_key, text("key"));
    append("key", 0);
    append("key", 0);
    ck_assert_int_eq(jn_store_put(&writing.txn, JN_LATEST,
                                  jn_index_span(&index_key), text("damage")),
                     0);
    writing_commit();
    append("other", 0);
    ck_assert(!jn_view_was_superseded(&writing.txn, text("key"), 0));
}
END_TEST

START_TEST(what_was_superseded_is_not_told_where_a_look_is_as_quick)
{
    char key[JN_INDEX_KEY_MAX + 2];

    memset(key, 'k', sizeof(key));
    key[JN_INDEX_KEY_MAX + 1] = '\0';
    append("key", 0);
    append("key", 0);
    append(key, 0);
    append(key, 0);
    writing_commit();
    ck_assert(!jn_view_was_superseded(&writing.txn, text("key"), 0));
    append("other", 0);
    ck_assert(jn_view_was_superseded(&writing.txn, text("key"), 0));
    ck_assert(!jn_view_was_superseded(&writing.txn, text(key), 2));
    key[JN_INDEX_KEY_MAX] = '\0';
    ck_assert(!jn_view_was_superseded(&writing.txn, text(key), 0));
}
END_TEST

START_TEST(rows_that_do_not_fit_are_corrupt)
{
    struct jn_known known;
    struct jn_state state;
    uint8_t id[JN_ID_SIZE];

    append("key", 0);
    ck_assert_int_eq(jn_view_find(&writing.txn, text("key"), &known), 0);
    ck_assert_int_eq(jn_store_put(&writing.txn, JN_LATEST,
                                  jn_index_span(&known.index_key),
                                  text("not a chain")),
                     0);
    ck_assert_int_eq(jn_view_find(&writing.txn, text("key"), &known),
                     JOURNAL_CORRUPT);
    ck_assert_int_eq(jn_view_id(&writing.txn, id), 0);
    ck_assert_int_eq(jn_store_put(&writing.txn, JN_META, text("id"),
                                  text("short")),
                     0);
    ck_assert_int_eq(jn_view_id(&writing.txn, id), JOURNAL_CORRUPT);
    ck_assert_int_eq(jn_store_delete(&writing.txn, JN_META, text("next")), 0);
    ck_assert_int_eq(jn_view_state(&writing.txn, &state), JOURNAL_CORRUPT);
}
END_TEST

START_TEST(a_row_without_a_key_has_no_revision_and_the_other_way_round)
{
    struct jn_record record = {.key = {NULL, 0}};
    uint8_t bytes[64];
    struct jn_stored stored;
    uint64_t hash;

    bytes[0] = 0;
    hash = jn_record_encode(bytes + 1, &record);
    jn_record_seal(bytes + 1, hash, 4, 1);
    ck_assert_int_eq(
        jn_stored_decode(&stored, jn_span(bytes, 1 + jn_record_size(&record)),
                         4),
        0);
    record.key = text("k");
    hash = jn_record_encode(bytes + 1, &record);
    jn_record_seal(bytes + 1, hash, 4, 1);
    ck_assert_int_eq(
        jn_stored_decode(&stored, jn_span(bytes, 1 + jn_record_size(&record)),
                         4),
        JOURNAL_CORRUPT);
}
END_TEST

START_TEST(an_entry_is_a_copy_with_pointers_that_are_never_null)
{
    struct journal_entry *entry = NULL;
    struct jn_span bytes;

    append("key", 0);
    ck_assert_int_eq(jn_view_bytes(&writing.txn, 0, &bytes), 0);
    ck_assert_int_eq(jn_entry_copy(&entry, bytes), 0);
    ck_assert_int_eq(jn_entry_decode(entry, bytes.size, 0), 0);
    ck_assert_mem_eq(entry->key, "key", 3);
    ck_assert_ptr_nonnull(entry->value);
    ck_assert_ptr_nonnull(entry->meta);
    ck_assert_uint_eq(entry->prev, JOURNAL_NONE);
    ck_assert_int_eq(jn_entry_decode(entry, bytes.size, 1), JOURNAL_CORRUPT);
    ck_assert_int_eq(jn_entry_decode(entry, bytes.size - 1, 0),
                     JOURNAL_CORRUPT);
    journal_entry_free(entry);
}
END_TEST

static Suite *
suite(void)
{
    Suite *suite = suite_create("view");
    TCase *tcase = tcase_create("view");

    tcase_add_checked_fixture(tcase, writing_setup, writing_teardown);
    tcase_add_test(tcase, a_key_that_was_never_appended_is_not_known);
    tcase_add_test(tcase, an_append_makes_a_row_an_entry_and_counts);
    tcase_add_test(tcase, what_fails_its_check_changes_nothing);
    tcase_add_test(tcase, a_chain_that_is_emptied_takes_its_row_along);
    tcase_add_test(tcase, what_was_committed_is_seen_behind_what_has_changed);
    tcase_add_test(tcase, an_entry_was_superseded_if_a_newer_one_was_committed);
    tcase_add_test(tcase, a_damaged_row_does_not_tell_what_was_superseded);
    tcase_add_test(tcase,
                   what_was_superseded_is_not_told_where_a_look_is_as_quick);
    tcase_add_test(tcase, rows_that_do_not_fit_are_corrupt);
    tcase_add_test(tcase,
                   a_row_without_a_key_has_no_revision_and_the_other_way_round);
    tcase_add_test(tcase, an_entry_is_a_copy_with_pointers_that_are_never_null);
    suite_add_tcase(suite, tcase);
    return suite;
}

TEST_MAIN(suite)
