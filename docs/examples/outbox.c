/* outbox.c - an outbox, drained by a consumer that a mark lets go on. */

/*
 * An order and the mail about it are one batch: there is never one without the
 * other.  A process of its own sends the mails; it dies on the way, and another
 * goes on from the mark.  What it had sent without saying so is sent again, and
 * the receiver, which knows each mail by its number, takes it once.
 */
#include <errno.h>
#include <inttypes.h>
#include <journal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ORDERS = 6, DIES_AFTER = 3 };

/* What this program shows should be true. */
static int
claim(int truth, const char *text)
{
    if (!truth)
        fprintf(stderr, "not so: %s\n", text);
    return truth ? 0 : ECANCELED;
}

static int
place_order(struct journal *journal, int number)
{
    struct journal_record records[2];
    char key[32], order[32], mail[64];

    memset(records, 0, sizeof records);
    records[0].key = key;
    records[0].key_size = (size_t)sprintf(key, "order/%d", number);
    records[0].value = order;
    records[0].value_size = (size_t)sprintf(order, "%d chairs", number + 1);
    records[1].key = "mail/orders";
    records[1].key_size = 11;
    records[1].value = mail;
    records[1].value_size = (size_t)sprintf(mail, "order %d: %s", number,
                                            order);
    return journal_append_batch(journal, records, 2, NULL);
}

/* The far end: another journal, in which a mail's key is its number here. */
static int
send_mail(struct journal *inbox, const struct journal_entry *mail)
{
    struct journal_record record;
    char key[32];
    int rc;

    memset(&record, 0, sizeof record);
    record.key = key;
    record.key_size = (size_t)sprintf(key, "%" PRIu64, mail->seq);
    record.value = mail->value;
    record.value_size = mail->value_size;
    record.flags = JOURNAL_EXPECT;
    record.expect = JOURNAL_NONE; /* only if it is not there yet */
    rc = journal_append_batch(inbox, &record, 1, NULL);
    printf("process %d sends %s %.*s%s\n", (int)getpid(), key,
           (int)mail->value_size, (const char *)mail->value,
           rc == JOURNAL_CONFLICT ? " (had been sent)" : "");
    return rc == JOURNAL_CONFLICT ? 0 : rc;
}

/*
 * Sends all that follows the mark, and moves the mark behind each mail that was
 * sent, until LIMIT.  Dies after as many as SENDS says.
 */
static int
drain(struct journal *orders, struct journal *inbox, uint64_t limit, int sends)
{
    struct journal_cursor *cursor = NULL;
    const struct journal_entry *mail;
    struct journal_query query;
    uint64_t next = 0;
    int rc = journal_marked(orders, "mailer", &next);

    if (rc != 0)
        return rc;
    journal_query_init(&query);
    query.match = JOURNAL_MATCH_PREFIX;
    query.key = "mail/";
    query.key_size = 5;
    query.first = next;
    query.limit = limit;
    rc = journal_query(orders, &query, &cursor);
    while (rc == 0 && (rc = journal_next(cursor, &mail)) == 0) {
        rc = send_mail(inbox, mail);
        if (rc == 0 && --sends == 0)
            _exit(9); /* before the mark has moved */
        if (rc == 0)
            rc = journal_mark(orders, "mailer", mail->seq + 1);
    }
    journal_cursor_close(cursor);
    return rc == JOURNAL_END ? 0 : rc;
}

/* A process opens the journals for itself; a fork may not use its parent's. */
static int
consume(const char *orders_path, const char *inbox_path, int sends)
{
    struct journal *orders = NULL, *inbox = NULL;
    struct journal_stat stat = {.struct_size = sizeof stat};
    int rc = journal_open(orders_path, NULL, &orders);

    if (rc == 0)
        rc = journal_open(inbox_path, NULL, &inbox);
    if (rc == 0)
        rc = journal_stat(orders, &stat);
    if (rc == 0)
        rc = drain(orders, inbox, stat.size, sends);
    journal_close(inbox);
    journal_close(orders);
    if (rc != 0)
        fprintf(stderr, "mailer: %s\n", journal_strerror(rc));
    return rc == 0 ? 0 : 1;
}

/* The status of a consumer that runs as a process of its own. */
static int
run_consumer(const char *orders_path, const char *inbox_path, int sends)
{
    int status = -1;
    pid_t child;

    fflush(stdout);
    child = fork();
    if (child == 0) {
        status = consume(orders_path, inbox_path, sends);
        fflush(stdout);
        _exit(status);
    }
    if (child < 0 || waitpid(child, &status, 0) != child || !WIFEXITED(status))
        return -1;
    return WEXITSTATUS(status);
}

/* Orders come in; the mark is made first, so that no prune can pass it. */
static int
produce(const char *path)
{
    struct journal *orders = NULL;
    struct journal_stat stat = {.struct_size = sizeof stat};
    uint64_t seq;
    int rc = journal_open(path, NULL, &orders);

    if (rc == 0)
        rc = journal_stat(orders, &stat);
    if (rc == 0 && journal_marked(orders, "mailer", &seq) == JOURNAL_NOT_FOUND)
        rc = journal_mark(orders, "mailer", stat.size);
    for (int number = 0; rc == 0 && number < ORDERS; number++)
        rc = place_order(orders, number);
    journal_close(orders);
    return rc;
}

static int
size_of(const char *path, uint64_t *size)
{
    struct journal *journal = NULL;
    struct journal_stat stat = {.struct_size = sizeof stat};
    int rc = journal_open(path, NULL, &journal);

    if (rc == 0)
        rc = journal_stat(journal, &stat);
    *size = stat.size;
    journal_close(journal);
    return rc;
}

int
main(int argc, char **argv)
{
    const char *home = argc > 1 ? argv[1] : "outbox";
    char orders[4096], inbox[4096];
    uint64_t before = 0, after = 0;
    int rc;

    mkdir(home, 0777); /* if it is there: all the better */
    snprintf(orders, sizeof orders, "%s/orders", home);
    snprintf(inbox, sizeof inbox, "%s/inbox", home);
    rc = size_of(inbox, &before);
    if (rc == 0)
        rc = produce(orders);
    if (rc == 0)
        rc = claim(run_consumer(orders, inbox, DIES_AFTER) == 9,
                   "a mailer dies before it has said what it sent");
    if (rc == 0)
        rc = claim(run_consumer(orders, inbox, -1) == 0,
                   "another one sends what is left");
    if (rc == 0)
        rc = size_of(inbox, &after);
    if (rc == 0)
        rc = claim(after - before == ORDERS, "each mail is taken once");
    if (rc != 0) {
        fprintf(stderr, "%s: %s\n", home, journal_strerror(rc));
        return 1;
    }
    printf("%d orders, %d mails, one of them sent twice and taken once\n",
           ORDERS, ORDERS);
    return 0;
}
