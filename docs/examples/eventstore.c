/* eventstore.c - streams of events, and decisions that nobody can overtake. */

/*
 * An account is its events: its balance is their sum.  Whoever withdraws reads
 * the balance, decides, and appends on the condition that the account's latest
 * event is still the one that was read.  JOURNAL_CONFLICT: somebody was faster;
 * read again, decide again.
 */
#include <errno.h>
#include <inttypes.h>
#include <journal.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CLERKS = 4, TRANSFERS = 12, START = 100 };

struct account {
    const char *key;
    long balance;
    uint64_t latest; /* the number of its newest event */
};

/* What this program shows should be true. */
static int
claim(int truth, const char *text)
{
    if (!truth)
        fprintf(stderr, "not so: %s\n", text);
    return truth ? 0 : ECANCELED;
}

/* Adds up the events of an account, from the oldest on. */
static int
load(struct journal *journal, struct account *account)
{
    struct journal_cursor *cursor = NULL;
    const struct journal_entry *event;
    struct journal_query query;
    char text[32];
    int rc;

    journal_query_init(&query);
    query.match = JOURNAL_MATCH_KEY;
    query.key = account->key;
    query.key_size = strlen(account->key);
    account->balance = 0;
    account->latest = JOURNAL_NONE; /* which says: there is none yet */
    rc = journal_query(journal, &query, &cursor);
    while (rc == 0 && (rc = journal_next(cursor, &event)) == 0) {
        snprintf(text, sizeof text, "%.*s", (int)event->value_size,
                 (const char *)event->value);
        account->balance += atol(text);
        account->latest = event->seq;
    }
    journal_cursor_close(cursor);
    return rc == JOURNAL_END ? 0 : rc;
}

/* An event of ACCOUNT, for as long as the account is what was loaded. */
static struct journal_record
event_of(const struct account *account, long amount, char text[32])
{
    struct journal_record record;

    memset(&record, 0, sizeof record);
    record.key = account->key;
    record.key_size = strlen(account->key);
    record.value = text;
    record.value_size = (size_t)snprintf(text, 32, "%+ld", amount);
    record.flags = JOURNAL_EXPECT;
    record.expect = account->latest;
    return record;
}

/* Moves AMOUNT if FROM has it; both events are appended, or none. */
static int
transfer(struct journal *journal, const char *from, const char *to, long amount)
{
    struct account payer = {from, 0, 0}, payee = {to, 0, 0};
    struct journal_record records[2];
    char texts[2][32];
    int rc;

    do {
        rc = load(journal, &payer);
        if (rc == 0)
            rc = load(journal, &payee);
        if (rc != 0 || payer.balance < amount)
            return rc;
        records[0] = event_of(&payer, -amount, texts[0]);
        records[1] = event_of(&payee, amount, texts[1]);
        rc = journal_append_batch(journal, records, 2, NULL);
    } while (rc == JOURNAL_CONFLICT);
    return rc;
}

static void *
clerk(void *context)
{
    static const char *const keys[] = {"account/ann", "account/bob"};
    struct journal *journal = context;
    int rc = 0;

    for (int turn = 0; rc == 0 && turn < TRANSFERS; turn++)
        rc = transfer(journal, keys[turn % 2], keys[1 - turn % 2], 30);
    if (rc != 0)
        fprintf(stderr, "clerk: %s\n", journal_strerror(rc));
    return rc == 0 ? NULL : context;
}

/* 0 if all clerks have done their work. */
static int
run_clerks(struct journal *journal)
{
    pthread_t threads[CLERKS];
    void *failed;
    int started = 0, bad = 0;

    while (started < CLERKS &&
           pthread_create(&threads[started], NULL, clerk, journal) == 0)
        started++;
    for (int each = 0; each < started; each++) {
        pthread_join(threads[each], &failed);
        bad |= failed != NULL;
    }
    return started == CLERKS && !bad ? 0 : -1;
}

/* Gives an account what it starts with, unless it is there already. */
static int
open_account(struct journal *journal, const char *key)
{
    struct account account = {key, 0, JOURNAL_NONE};
    struct journal_record record;
    char text[32];
    int rc;

    record = event_of(&account, START, text);
    rc = journal_append_batch(journal, &record, 1, NULL);
    return rc == JOURNAL_CONFLICT ? 0 : rc;
}

/* What the conditions of the appends are for. */
static int
audit(struct journal *journal)
{
    struct account ann = {"account/ann", 0, 0}, bob = {"account/bob", 0, 0};
    int rc = load(journal, &ann);

    if (rc == 0)
        rc = load(journal, &bob);
    if (rc != 0)
        return rc;
    printf("ann has %ld, bob has %ld\n", ann.balance, bob.balance);
    rc = claim(ann.balance >= 0 && bob.balance >= 0, "nobody owes any");
    if (rc == 0)
        rc = claim(ann.balance + bob.balance == 2 * START,
                   "no money was made or lost");
    return rc;
}

int
main(int argc, char **argv)
{
    const char *path = argc > 1 ? argv[1] : "eventstore.journal";
    struct journal *journal = NULL;
    int rc = journal_open(path, NULL, &journal);

    if (rc == 0)
        rc = open_account(journal, "account/ann");
    if (rc == 0)
        rc = open_account(journal, "account/bob");
    if (rc == 0 && run_clerks(journal) != 0)
        rc = JOURNAL_FAILED;
    if (rc == 0)
        rc = audit(journal);
    if (rc != 0)
        fprintf(stderr, "%s: %s\n", path, journal_strerror(rc));
    journal_close(journal);
    return rc == 0 ? 0 : 1;
}
