/*
 * offered.c - how soon another process sees what is appended at a fixed rate.
 *
 * An entry is due at its time, whether or not the one before is done, and says
 * in its value when that was: who sees it late has waited for all that was in
 * the way.  Beside it a named pipe, to which the same values are written.
 */
#include <errno.h>
#include <fcntl.h>
#include <journal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "measure.h"

#define SPIN_NS UINT64_C(80000) /* sleeps are not more exact than that */
#define HEAD_START UINT64_C(2000000)
#define DURABLE_MOST 1000u /* entries a second */
#define VALUE 100u /* bytes; few enough for a write to be in one piece */

/* ---- who receives, a process of its own --------------------------------- */

struct receiver {
    struct journal *journal; /* NULL: from PIPE */
    int pipe;
    uint64_t next;
    struct tally tally;
};

static void
check(int rc, const char *work)
{
    if (rc != 0)
        bench_fail("libjournal: %s: %s", work, journal_strerror(rc));
}

/* When the value was due. */
static uint64_t
receive(struct receiver *receiver)
{
    struct journal_entry *entry = NULL;
    unsigned char value[VALUE];
    uint64_t due;

    if (receiver->journal == NULL) {
        if (read(receiver->pipe, value, VALUE) != (ssize_t)VALUE)
            bench_fail("pipe: %s", strerror(errno));
        tally_add(&receiver->tally, NULL, 0, value, VALUE);
        memcpy(&due, value, sizeof(due));
        return due;
    }
    check(journal_wait(receiver->journal, receiver->next, -1), "wait");
    check(journal_read(receiver->journal, receiver->next++, &entry), "read");
    tally_add(&receiver->tally, NULL, 0, entry->value, entry->value_size);
    memcpy(&due, entry->value, sizeof(due));
    journal_entry_free(entry);
    return due;
}

static void
open_receiver(struct receiver *receiver, const struct subject *subject,
              const struct probe_order *order)
{
    struct journal_options options;
    struct stat status;

    *receiver = (struct receiver){.next = order->first, .pipe = -1};
    if (stat(subject->path, &status) == 0 && S_ISFIFO(status.st_mode)) {
        /* For writing too: so nobody has to come first. */
        receiver->pipe = open(subject->path, O_RDWR | O_CLOEXEC);
        if (receiver->pipe < 0)
            bench_fail("%s: %s", subject->path, strerror(errno));
        return;
    }
    journal_options_init(&options);
    if ((subject->flags & ENGINE_RELAXED) != 0)
        options.durability = JOURNAL_RELAXED;
    check(journal_open(subject->path, &options, &receiver->journal), "open");
}

int
receive_probe(struct subject *subject, const struct probe_order *order)
{
    unsigned count = (unsigned)order->count;
    uint64_t *late = bench_resize(NULL, count * sizeof(*late));
    struct receiver receiver;

    open_receiver(&receiver, subject, order);
    probe_ready();
    for (unsigned i = 0; i < count; i++) {
        uint64_t due = receive(&receiver);

        late[i] = timing_now() - due;
    }
    if (receiver.journal != NULL)
        journal_close(receiver.journal);
    else
        close(receiver.pipe);
    probe_answer(&receiver.tally, late, count);
    free(late);
    return 0;
}

/* ---- who sends ---------------------------------------------------------- */

/* One way for values to get there. */
struct line {
    const char *name;
    const char *file;
    uint32_t flags;
    bool is_pipe;
    struct subject subject;
    int pipe;
    uint64_t next; /* number */
    struct samples all;
};

static void
open_line(struct line *line, const struct settings *settings)
{
    line->subject = (struct subject){.engine = engines[ENGINE_OURS],
                                     .column = ENGINE_OURS,
                                     .flags = line->flags,
                                     .value_size = VALUE,
                                     .path = bench_path(settings, line->file)};
    line->pipe = -1;
    if (!line->is_pipe) {
        subject_open(&line->subject);
        return;
    }
    if (mkfifo(line->subject.path, 0640) != 0)
        bench_fail("%s: %s", line->subject.path, strerror(errno));
    line->pipe = open(line->subject.path, O_RDWR | O_CLOEXEC);
    if (line->pipe < 0)
        bench_fail("%s: %s", line->subject.path, strerror(errno));
}

static void
close_line(struct line *line)
{
    subject_close(&line->subject);
    if (line->pipe >= 0)
        close(line->pipe);
    bench_remove(line->subject.path);
    free(line->subject.path);
    samples_free(&line->all);
}

static void
send(struct line *line, const struct item *item)
{
    if (!line->is_pipe)
        engine_check(line->subject.engine, "append",
                     subject_add(&line->subject, item, 1));
    else if (write(line->pipe, item->value, VALUE) != (ssize_t)VALUE)
        bench_fail("pipe: %s", strerror(errno));
    line->next++;
}

/* Offers COUNT values at RATE; returns what they came to. */
static struct tally
offer(struct line *line, unsigned count, uint64_t rate)
{
    struct item *item = workload_items(1, VALUE);
    uint64_t start = timing_now() + HEAD_START;
    struct tally tally = {0};

    for (unsigned i = 0; i < count; i++) {
        uint64_t due = start + i * UINT64_C(1000000000) / rate;

        workload_item(1, line->next, item);
        memcpy(item->value, &due, sizeof(due));
        tally_item(&tally, item, true);
        if (timing_now() + SPIN_NS < due)
            timing_sleep_until(due - SPIN_NS);
        while (timing_now() < due)
            continue;
        send(line, item);
    }
    free(item);
    return tally;
}

/* ---- the part ----------------------------------------------------------- */

struct offer_rows {
    struct row *p50;
    struct row *p99;
    struct row *p999;
};

static void
take_turn(struct line *line, unsigned count, uint64_t rate, unsigned round,
          const struct offer_rows *rows)
{
    struct probe_order order = {.first = line->next, .count = count};
    uint64_t *late = bench_resize(NULL, count * sizeof(*late));
    struct samples samples = {0};
    struct tally sent, got;
    struct probe probe;

    probe_start(&probe, &line->subject, "receive", order);
    probe_await(&probe, &line->subject, "receive");
    sent = offer(line, count, rate);
    probe_result(&probe, &line->subject, "receive", &got, late, count);
    tally_check(&got, &sent, line->name, "receive");
    for (unsigned i = 0; i < count; i++) {
        samples_add(&samples, late[i]);
        samples_add(&line->all, late[i]);
    }
    rows->p50->values[ENGINE_OURS][round] = samples_percentile_us(&samples, 50);
    rows->p99->values[ENGINE_OURS][round] = samples_percentile_us(&samples, 99);
    samples_free(&samples);
    free(late);
}

static struct offer_rows
make_rows(struct report *report, unsigned rounds, const char *name,
          uint64_t rate)
{
    struct offer_rows rows;

    rows.p50 = report_row(report, "us", rounds, "seen at %uk/s, %s, p50",
                          (unsigned)(rate / 1000), name);
    rows.p99 = report_row(report, "us", rounds, "  p99");
    rows.p999 = report_row(report, "us", 1, "  p99.9");
    return rows;
}

static void
measure_rate(struct report *report, const struct settings *settings,
             uint64_t rate)
{
    struct line lines[] = {
        {.name = "relaxed", .flags = ENGINE_RELAXED, .file = "relaxed"},
        {.name = "by a pipe", .is_pipe = true, .file = "pipe"},
        {.name = "durable", .file = "durable"},
    };
    enum { LINES = sizeof(lines) / sizeof(lines[0]) };
    /* One thread cannot flush more often, and those behind it would wait. */
    unsigned used = rate > DURABLE_MOST ? LINES - 1 : LINES;
    unsigned count = (unsigned)(settings->offered_ns * rate / 1000000000u);
    struct offer_rows rows[LINES];

    for (unsigned i = 0; i < used; i++) {
        rows[i] = make_rows(report, settings->rounds, lines[i].name, rate);
        open_line(&lines[i], settings);
    }
    for (unsigned round = 0; round < settings->rounds; round++) {
        bench_progress("offered", round, settings->rounds);
        for (unsigned i = 0; i < used; i++) {
            unsigned turn = turn_of(i, round, used);

            take_turn(&lines[turn], count, rate, round, &rows[turn]);
        }
    }
    for (unsigned i = 0; i < used; i++) {
        rows[i].p999->values[ENGINE_OURS][0] = samples_percentile_us(
            &lines[i].all, 99.9);
        close_line(&lines[i]);
    }
}

void
measure_offered(struct report *report, const struct settings *settings)
{
    measure_rate(report, settings, 1000);
    measure_rate(report, settings, 10000);
}
