/* report_json.c - what was measured, and where, for programs. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "report.h"

/* ---- the machine -------------------------------------------------------- */

/* What /proc/cpuinfo calls the processor; PROCESSOR stays if it does not. */
static void
find_processor(char processor[128])
{
    FILE *file = fopen("/proc/cpuinfo", "re");
    char line[256];

    while (file != NULL && fgets(line, sizeof(line), file) != NULL) {
        if (sscanf(line, "model name : %127[^\n\"\\]", processor) == 1)
            break;
    }
    if (file != NULL)
        fclose(file);
}

static void
print_machine(const struct settings *settings, FILE *file)
{
    char processor[128] = "unknown", today[16] = "";
    time_t now = time(NULL);
    struct utsname system;
    double load = 0;
    struct tm date;

    find_processor(processor);
    uname(&system);
    getloadavg(&load, 1);
    if (gmtime_r(&now, &date) != NULL)
        strftime(today, sizeof(today), "%Y-%m-%d", &date);
    fprintf(file,
            "  \"date\": \"%s\",\n  \"processor\": \"%s\",\n"
            "  \"processors\": %ld,\n  \"memory_mib\": %ld,\n"
            "  \"system\": \"%s %s\",\n  \"compiler\": \"%s\",\n"
            "  \"file_system\": \"0x%lx\",\n  \"load_at_the_end\": %.2f,\n",
            today, processor, sysconf(_SC_NPROCESSORS_ONLN),
            sysconf(_SC_PHYS_PAGES) / (1048576 / sysconf(_SC_PAGESIZE)),
            system.sysname, system.release, __VERSION__,
            report_file_system(settings), load);
}

static void
print_engines(FILE *file)
{
    const char *before = "";

    fputs("  \"engines\": {", file);
    for (unsigned i = 0; i < ENGINES; i++) {
        if (engines[i] == NULL)
            continue;
        fprintf(file, "%s\n    \"%s\": \"%s\"", before, engines[i]->name,
                engines[i]->version());
        before = ",";
    }
    fputs("\n  },\n", file);
}

/* ---- figures ------------------------------------------------------------ */

/* JSON has no word for what is not finite. */
static void
print_number(const char *name, double value, FILE *file)
{
    if (isfinite(value))
        fprintf(file, "\"%s\": %.6g", name, value);
    else
        fprintf(file, "\"%s\": null", name);
}

static void
print_spread(const char *name, struct spread spread, FILE *file)
{
    fprintf(file, "\"%s\": {", name);
    print_number("least", spread.least, file);
    fputs(", ", file);
    print_number("median", spread.median, file);
    fputs(", ", file);
    print_number("most", spread.most, file);
    fputs("}", file);
}

static void
print_bar(const struct row *row, const struct bar *bar, const char *before,
          FILE *file)
{
    fprintf(file,
            "%s{\"of\": \"%s%s\", \"sign\": \"%s\", \"limit\": %g, "
            "\"reached\": %s}",
            before, bar->beside == ENGINE_OURS ? "" : "ratio to ",
            engines[bar->beside]->name, bar_sign(bar), bar->limit,
            row_reached(row, bar) ? "true" : "false");
}

/* An indented name goes on that of HEAD, the last row that was not. */
static void
print_row(const struct row *row, const struct row *head, const char *part,
          FILE *file)
{
    const char *before = "";

    fprintf(file,
            "    {\"part\": \"%s\", \"name\": \"%s%s%s\", \"unit\": \"%s\", "
            "\"rounds\": %u",
            part, row != head ? head->name : "", row != head ? ": " : "",
            row->name + strspn(row->name, " "), row->unit, row->rounds);
    for (unsigned i = 0; i < ENGINES; i++) {
        if (!row_measured(row, i))
            continue;
        fprintf(file, ",\n     ");
        print_spread(engines[i]->name, row_spread(row, i), file);
    }
    for (unsigned i = ENGINE_OURS + 1; i < ENGINES; i++) {
        char name[64];

        if (!row_measured(row, ENGINE_OURS) || !row_measured(row, i))
            continue;
        snprintf(name, sizeof(name), "ratio to %s", engines[i]->name);
        fprintf(file, ",\n     ");
        print_spread(name, row_ratio(row, i), file);
    }
    fprintf(file, ",\n     \"bars\": [");
    for (unsigned i = 0; i < row->bar_count; i++) {
        if (!row_measured(row, row->bars[i].beside))
            continue;
        print_bar(row, &row->bars[i], before, file);
        before = ", ";
    }
    fprintf(file, "]}");
}

static void
print_rows(const struct report *report, FILE *file)
{
    const char *before = "";

    fputs("  \"rows\": [", file);
    for (unsigned i = 0; i < report->section_count; i++) {
        const struct section *section = &report->sections[i];
        const struct row *head = &report->rows[section->first];

        for (unsigned j = section->first; j < section->limit; j++) {
            if (report->rows[j].name[0] != ' ')
                head = &report->rows[j];
            fprintf(file, "%s\n", before);
            print_row(&report->rows[j], head, section->name, file);
            before = ",";
        }
    }
    fputs("\n  ],\n", file);
}

static void
print_parts(const struct report *report, FILE *file)
{
    fputs("  \"parts\": {", file);
    for (unsigned i = 0; i < report->section_count; i++)
        fprintf(file, "%s\n    \"%s\": {\"seconds\": %.1f}", i > 0 ? "," : "",
                report->sections[i].name, report->sections[i].seconds);
    fputs("\n  },\n", file);
}

static void
print_disk(const struct report *report, FILE *file)
{
    fputs("  \"disk\": [", file);
    for (unsigned i = 0; i < report->note_count; i++) {
        const struct note *note = &report->notes[i];

        fprintf(file, "%s\n    {\"beside\": \"%s\", ", i > 0 ? "," : "",
                note->beside);
        print_spread("p50_us", spread_of(note->p50_us, note->rounds), file);
        fprintf(file, ", \"longest_us\": %.6g, \"rests\": %u}",
                note->longest_us, note->rests);
    }
    fputs("\n  ],\n", file);
}

void
report_print_json(const struct report *report, const struct settings *settings,
                  FILE *file)
{
    fputs("{\n", file);
    print_machine(settings, file);
    print_engines(file);
    fprintf(file,
            "  \"size\": \"%s\",\n  \"rounds\": %u,\n  \"keys\": %" PRIu64
            ",\n  \"entries\": %" PRIu64 ",\n  \"value_size\": %zu,\n",
            settings->size, settings->rounds, settings->keys, settings->entries,
            settings->value_size);
    print_parts(report, file);
    print_rows(report, file);
    print_disk(report, file);
    fputs("  \"remarks\": [", file);
    for (unsigned i = 0; i < report->remark_count; i++)
        fprintf(file, "%s\n    \"%s\"", i == 0 ? "" : ",", report->remarks[i]);
    fputs("\n  ]\n}\n", file);
}
