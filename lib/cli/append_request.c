/* append_request.c - the options and operands of `journal append`. */
#include <string.h>

#include "append.h"
#include "args.h"
#include "cli.h"
#include "report.h"

#define BATCH_MAX 1000000u

/* Letters where there is a short option, numbers where there is none. */
enum option_name {
    OPTION_BATCH = 256,
    OPTION_COLUMNS,
    OPTION_DELETE,
    OPTION_EXISTING,
    OPTION_EXPECT,
    OPTION_EXPECT_SEQ,
    OPTION_JSON_LINES,
    OPTION_KEEP_BYTES,
    OPTION_KEEP_ENTRIES,
    OPTION_KEEP_TIME,
    OPTION_LINES,
    OPTION_NO_KEY,
    OPTION_RELAXED,
    OPTION_STAMP,
    OPTION_TAB
};

const struct cli_option append_options[] = {
    {"key", 'k', "KEY", "the key, instead of the operand"},
    {"no-key", OPTION_NO_KEY, NULL, "an entry may be without a key"},
    {"meta", 'm', "META", "bytes kept beside the value"},
    {"delete", OPTION_DELETE, NULL, "a tombstone: deletes KEY, has no value"},
    {"expect", OPTION_EXPECT, "N",
     "only if the key's latest entry is N; none:\n"
     "only if the key is not known"},
    {"expect-seq", OPTION_EXPECT_SEQ, "N", "only if the entry gets number N"},
    {"stamp", OPTION_STAMP, "T[:ID]",
     "with a stamp: a number, and up to 16 bytes in\n"
     "hexadecimal; older than the one in force for\n"
     "the key, it is refused"},
    {"existing", OPTION_EXISTING, NULL, "don't make a journal"},
    {"relaxed", OPTION_RELAXED, NULL,
     "print numbers before they are durable, which\n"
     "all are when the command ends: faster"},
    {ARGS_ROW_QUIET, "don't print numbers"},
    {ARGS_ROW_JSON, "print numbers as JSON objects"},
    {.help =
         "Remove some of the oldest entries meanwhile, while there are more\n"
         "than this; marks hold that up:\n"},
    {"keep-entries", OPTION_KEEP_ENTRIES, "N", "so many entries"},
    {"keep-bytes", OPTION_KEEP_BYTES, "SIZE",
     "bytes of keys, metas and values: 10M, 2G"},
    {"keep-time", OPTION_KEEP_TIME, "SPAN",
     "entries of so long: 30d, \"2 weeks\""},
    {.help = "Entries from the lines of standard input:\n"},
    {"lines", OPTION_LINES, NULL, "each line is a value"},
    {"tab", OPTION_TAB, NULL, "each line is a key, a tab and a value"},
    {"columns", OPTION_COLUMNS, "LIST",
     "each line has these columns, tabs between\n"
     "them: key, value, meta, op (+ for an entry,\n"
     "- for a tombstone); the last has the rest\n"
     "of the line"},
    {"json-lines", OPTION_JSON_LINES, NULL,
     "each line is a JSON object, as 'replay --json'\n"
     "prints it: key, value or tombstone, meta, stamp;\n"
     "key_b64, ... in base 64; and expect, expect_seq"},
    {"null", 'z', NULL, "lines end in NUL instead"},
    {"batch", OPTION_BATCH, "N",
     "append N lines together, all or none: faster\n"
     "(default: 1)"},
    {0}};

/* ---- options ------------------------------------------------------------ */

bool
append_is_of_lines(const struct append_request *request)
{
    return request->json_lines || request->column_count > 0;
}

bool
append_has_column(const struct append_request *request,
                  enum append_column column)
{
    size_t i;

    for (i = 0; i < request->column_count; i++) {
        if (request->columns[i] == column)
            return true;
    }
    return false;
}

static enum append_column
column_named(const char *name, size_t length)
{
    static const char *const names[COLUMN_COUNT] = {
        [COLUMN_KEY] = "key",
        [COLUMN_VALUE] = "value",
        [COLUMN_META] = "meta",
        [COLUMN_OP] = "op",
    };
    int column;

    for (column = 0; column < COLUMN_COUNT; column++) {
        if (strlen(names[column]) == length &&
            memcmp(names[column], name, length) == 0)
            break;
    }
    return (enum append_column)column;
}

/* LIST is names with commas between them, each at most once. */
static int
set_columns(struct append_request *request, const char *command,
            const char *list)
{
    const char *at = list;
    enum append_column column;
    size_t length;

    request->column_count = 0;
    do {
        length = strcspn(at, ",");
        column = column_named(at, length);
        if (column == COLUMN_COUNT)
            return report_usage(command,
                                "--columns: '%.*s' is none of key, value, "
                                "meta, op",
                                (int)length, at);
        if (append_has_column(request, column))
            return report_usage(command, "--columns: '%.*s' is there twice",
                                (int)length, at);
        request->columns[request->column_count++] = column;
        at += length;
    } while (*at++ == ',');
    return CLI_OK;
}

static int
set_batch(struct append_request *request, const char *command, const char *text)
{
    uint64_t batch;
    int code = args_number(command, "--batch", text, &batch);

    if (code != CLI_OK)
        return code;
    if (batch == 0 || batch > BATCH_MAX)
        return report_usage(command, "--batch: 1 to %u", BATCH_MAX);
    request->batch = (size_t)batch;
    return CLI_OK;
}

static int
set_expect(struct append_request *request, const char *command,
           const char *text)
{
    request->record.flags |= JOURNAL_EXPECT;
    request->record.expect = JOURNAL_NONE;
    if (strcmp(text, "none") == 0)
        return CLI_OK;
    return args_number(command, "--expect", text, &request->record.expect);
}

/* Options that say how the journal is opened. */
static int
take_open_option(struct append_request *request, const char *command,
                 int option)
{
    struct journal_options *options = &request->options;

    switch (option) {
    case OPTION_EXISTING:
        options->flags |= JOURNAL_OPEN_EXISTING;
        return CLI_OK;
    case OPTION_KEEP_BYTES:
        return args_size(command, "--keep-bytes", optarg, &options->keep_bytes);
    case OPTION_KEEP_ENTRIES:
        if (args_number(command, "--keep-entries", optarg,
                        &options->keep_entries) != CLI_OK)
            return CLI_USAGE;
        if (options->keep_entries == 0)
            return report_usage(command, "--keep-entries: at least 1");
        return CLI_OK;
    case OPTION_KEEP_TIME:
        return args_span(command, "--keep-time", optarg, &options->keep_ns);
    case OPTION_RELAXED:
        options->durability = JOURNAL_RELAXED;
        return CLI_OK;
    default:
        return report_try_help(command);
    }
}

/* Options that say what all entries have in common. */
static int
take_record_option(struct append_request *request, const char *command,
                   int option)
{
    struct journal_record *record = &request->record;

    switch (option) {
    case 'k':
        record->key = optarg;
        record->key_size = strlen(optarg);
        if (record->key_size == 0)
            return report_usage(command, "--key: the key is empty");
        return CLI_OK;
    case 'm':
        record->meta = optarg;
        record->meta_size = strlen(optarg);
        return CLI_OK;
    case OPTION_DELETE:
        record->flags |= JOURNAL_TOMBSTONE;
        return CLI_OK;
    case OPTION_EXPECT:
        return set_expect(request, command, optarg);
    case OPTION_EXPECT_SEQ:
        record->flags |= JOURNAL_EXPECT_SEQ;
        return args_number(command, "--expect-seq", optarg,
                           &record->expect_seq);
    case OPTION_STAMP:
        record->flags |= JOURNAL_STAMPED;
        return args_stamp(command, "--stamp", optarg, &record->stamp);
    default:
        return take_open_option(request, command, option);
    }
}

static int
take_option(void *context, const char *command, int option)
{
    struct append_request *request = context;

    switch (option) {
    case 'z':
        request->delimiter = '\0';
        return CLI_OK;
    case OPTION_BATCH:
        return set_batch(request, command, optarg);
    case OPTION_COLUMNS:
        return set_columns(request, command, optarg);
    case OPTION_JSON_LINES:
        request->json_lines = true;
        return CLI_OK;
    case OPTION_LINES:
        return request->column_count > 0
                   ? CLI_OK
                   : set_columns(request, command, "value");
    case OPTION_NO_KEY:
        request->no_key = true;
        return CLI_OK;
    case OPTION_TAB:
        return set_columns(request, command, "key,value");
    default:
        return take_record_option(request, command, option);
    }
}

/* ---- operands, and what goes with what ---------------------------------- */

static int
refuse_keyless(const char *command)
{
    report_problem(command, "KEY is missing; --no-key appends without one");
    cli_usage(stderr, &cmd_append);
    return report_try_help(command);
}

/*
 * PATH [KEY] [VALUE]: no KEY where options or columns tell of it, and none need
 * be where JSON may.
 */
static int
take_operands(struct append_request *request, int argc, char **argv)
{
    struct journal_record *record = &request->record;
    bool lines = append_is_of_lines(request);
    bool key_known = record->key_size > 0 || request->no_key ||
                     append_has_column(request, COLUMN_KEY);
    bool takes_value = !lines && (record->flags & JOURNAL_TOMBSTONE) == 0;

    if (args_operands(&cmd_append, argc, argv, 1,
                      1 + !key_known + takes_value) != CLI_OK)
        return CLI_USAGE;
    request->path = argv[optind++];
    if (!key_known && optind == argc && request->json_lines)
        return CLI_OK;
    if (!key_known && optind == argc)
        return refuse_keyless(argv[0]);
    if (!key_known) {
        record->key = argv[optind++];
        record->key_size = strlen(record->key);
        if (record->key_size == 0)
            return report_usage(argv[0], "KEY is empty; --no-key appends "
                                         "without one");
    }
    request->value = optind < argc ? argv[optind] : NULL;
    return CLI_OK;
}

static int
check_lines(const struct append_request *request, const char *command)
{
    const struct journal_record *record = &request->record;

    if ((record->flags & (JOURNAL_EXPECT | JOURNAL_EXPECT_SEQ)) != 0)
        return report_usage(command, "--expect and --expect-seq are for a "
                                     "single entry");
    if (request->json_lines && request->column_count > 0)
        return report_usage(command, "--json-lines, and columns");
    if (record->key_size > 0 && append_has_column(request, COLUMN_KEY))
        return report_usage(command, "--key, and a column for the key");
    if (record->meta_size > 0 && append_has_column(request, COLUMN_META))
        return report_usage(command, "--meta, and a column for it");
    if ((record->flags & JOURNAL_TOMBSTONE) != 0 && request->json_lines)
        return report_usage(command, "--delete, and lines that say it "
                                     "themselves");
    if ((record->flags & JOURNAL_TOMBSTONE) != 0 &&
        (append_has_column(request, COLUMN_VALUE) ||
         append_has_column(request, COLUMN_OP)))
        return report_usage(command, "--delete, and a column for the value or "
                                     "op; name others with --columns");
    return CLI_OK;
}

static int
check_request(const struct append_request *request, const char *command)
{
    const struct journal_record *record = &request->record;
    bool column = request->json_lines || append_has_column(request, COLUMN_KEY);

    if (request->no_key && record->key_size > 0)
        return report_usage(command, "--key and --no-key");
    if (request->no_key && !column &&
        (record->flags & (JOURNAL_TOMBSTONE | JOURNAL_EXPECT)) != 0)
        return report_usage(command, "--delete and --expect need a key");
    if (append_is_of_lines(request))
        return check_lines(request, command);
    if (request->batch > 0 || request->delimiter != '\n')
        return report_usage(command, "--batch and --null are for lines: add "
                                     "--lines, --tab, --columns or "
                                     "--json-lines");
    return CLI_OK;
}

/* ---- all of them -------------------------------------------------------- */

int
append_parse(struct append_request *request, int argc, char **argv)
{
    int code;

    *request = (struct append_request){.delimiter = '\n'};
    journal_options_init(&request->options);
    code = args_options(&cmd_append, argc, argv, &request->common, take_option,
                        request);
    if (code == CLI_OK)
        code = take_operands(request, argc, argv);
    if (code == CLI_OK)
        code = check_request(request, argv[0]);
    if (request->batch == 0)
        request->batch = 1;
    return code;
}
