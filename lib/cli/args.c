/* args.c - options and operands, taken strictly. */
#include "args.h"

#include <assert.h>
#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <time.h>

#include "nearest.h"
#include "report.h"
#include "text.h"
#include "when.h"

#define NS_PER_SECOND UINT64_C(1000000000)

static int
read_number(const char *command, const char *name, const char *text,
            uint64_t max, uint64_t *number)
{
    uint64_t value = 0, digit;
    const char *at;

    for (at = text; *at >= '0' && *at <= '9'; at++) {
        digit = (uint64_t)(*at - '0');
        if (value > (max - digit) / 10)
            return report_usage(command, "%s: %s is too large", name, text);
        value = value * 10 + digit;
    }
    if (at == text || *at != '\0')
        return report_usage(command, "%s: '%s' is not a number", name, text);
    *number = value;
    return CLI_OK;
}

int
args_number(const char *command, const char *name, const char *text,
            uint64_t *number)
{
    return read_number(command, name, text, JOURNAL_NONE - 1, number);
}

/* Bytes that TEXT does not give stay 0. */
static int
read_id(const char *command, const char *name, const char *text, uint8_t id[16])
{
    size_t length = strlen(text);

    if (length == 0 || length > 32 || length % 2 != 0)
        return report_usage(command,
                            "%s: an id has 2 to 32 hexadecimal digits, an "
                            "even number",
                            name);
    if (!text_unhex(id, 16, text, length))
        return report_usage(command, "%s: '%s' is not hexadecimal", name, text);
    return CLI_OK;
}

int
args_stamp(const char *command, const char *name, const char *text,
           struct journal_stamp *stamp)
{
    const char *colon = strchr(text, ':');
    size_t length = colon == NULL ? strlen(text) : (size_t)(colon - text);
    char time[32];

    if (length >= sizeof(time))
        return report_usage(command, "%s: '%s' is not a stamp", name, text);
    memcpy(time, text, length);
    time[length] = '\0';
    memset(stamp, 0, sizeof(*stamp));
    if (read_number(command, name, time, UINT64_MAX, &stamp->time) != CLI_OK)
        return CLI_USAGE;
    if (colon == NULL)
        return CLI_OK;
    return read_id(command, name, colon + 1, stamp->id);
}

/* The problem first, then what would be right, then where to read more. */
static int
refuse(const char *command, const char *name, const char *text,
       const char *problem, const char *examples)
{
    report_problem(command, "%s: '%s': %s", name, text, problem);
    report_hint("for example %s", examples);
    return report_try_help(command);
}

int
args_when(const char *command, const char *name, const char *text, uint64_t *ns)
{
    char problem[WHEN_PROBLEM_SIZE];
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    if (when_parse(text,
                   (uint64_t)now.tv_sec * NS_PER_SECOND + (uint64_t)now.tv_nsec,
                   ns, problem))
        return CLI_OK;
    return refuse(command, name, text, problem, when_examples);
}

int
args_span(const char *command, const char *name, const char *text, uint64_t *ns)
{
    char problem[WHEN_PROBLEM_SIZE];

    if (!when_parse_span(text, ns, problem))
        return refuse(command, name, text, problem, when_span_examples);
    if (*ns == 0)
        return report_usage(command, "%s: '%s' is no time at all", name, text);
    return CLI_OK;
}

/* Powers of 1024: 0 for none, -1 where SUFFIX is no unit. */
static int
power_of(const char *suffix)
{
    static const char letters[] = "KMGT";
    const char *letter;

    if (*suffix == '\0')
        return 0;
    letter = strchr(letters, *suffix);
    if (letter == NULL || (suffix[1] != '\0' && strcmp(suffix + 1, "iB") != 0))
        return -1;
    return (int)(letter - letters) + 1;
}

int
args_size(const char *command, const char *name, const char *text,
          uint64_t *size)
{
    size_t digits = strspn(text, "0123456789");
    int power = power_of(text + digits), i;
    char number[32];

    if (digits == 0 || digits >= sizeof(number) || power < 0)
        return report_usage(command,
                            "%s: '%s' is not a size: a number of bytes, or as "
                            "in 64K, 10M or 2GiB",
                            name, text);
    memcpy(number, text, digits);
    number[digits] = '\0';
    if (args_number(command, name, number, size) != CLI_OK)
        return CLI_USAGE;
    for (i = 0; i < power; i++) {
        if (*size > UINT64_MAX / 1024)
            return report_usage(command, "%s: %s is too large", name, text);
        *size *= 1024;
    }
    if (*size == 0)
        return report_usage(command, "%s: '%s' is nothing at all", name, text);
    return CLI_OK;
}

int
args_unescape(const char *command, char *text, size_t *size)
{
    char *to = text;
    const char *at;
    int high, low;

    for (at = text; *at != '\0'; at++) {
        if (at[0] != '\\') {
            *to++ = *at;
            continue;
        }
        at++;
        if (at[0] == '\\') {
            *to++ = '\\';
            continue;
        }
        high = at[0] == 'x' ? text_hex_digit(at[1]) : -1;
        low = high < 0 ? -1 : text_hex_digit(at[2]);
        if (low < 0)
            return report_usage(command,
                                "--escaped: a backslash is followed by "
                                "xNN, two hexadecimal digits, or by another");
        *to++ = (char)(high << 4 | low);
        at += 2;
    }
    *size = (size_t)(to - text);
    return CLI_OK;
}

int
args_mark(const char *command, const char *text)
{
    size_t size = strlen(text);

    if (size == 0)
        return report_usage(command, "the name of a mark is empty");
    if (size >= JOURNAL_MARK_SIZE)
        return report_usage(command, "the name of a mark has at most %u bytes",
                            JOURNAL_MARK_SIZE - 1);
    if (!text_is_utf8((const unsigned char *)text, size))
        return report_usage(command, "the name of a mark is not UTF-8");
    return CLI_OK;
}

/* ---- options ------------------------------------------------------------ */

#define OPTIONS_MAX 32u

/* getopt_long()'s tables; one letter of them may be followed by a colon. */
struct tables {
    struct option options[OPTIONS_MAX + 1];
    char letters[2 * OPTIONS_MAX + 1];
};

static void
add_option(struct tables *tables, size_t count, const char *name, int value,
           bool has_argument)
{
    char *end = tables->letters + strlen(tables->letters);

    assert(count < OPTIONS_MAX);
    tables->options[count] = (struct option){name,
                                             has_argument ? required_argument
                                                          : no_argument,
                                             NULL, value};
    if (value > UCHAR_MAX)
        return;
    *end++ = (char)value;
    if (has_argument)
        *end++ = ':';
}

static void
make_tables(struct tables *tables, const struct cli_option *option)
{
    size_t count = 0;

    *tables = (struct tables){.letters = ""};
    add_option(tables, count++, "help", 'h', false);
    for (; option->help != NULL || option->name != NULL; option++) {
        if (option->name != NULL)
            add_option(tables, count++, option->name, option->value,
                       option->argument != NULL);
    }
}

static bool
take_common(struct args_common *common, int option)
{
    switch (option) {
    case ARGS_QUIET:
        common->quiet = true;
        return true;
    case ARGS_JSON:
        common->json = true;
        return true;
    case ARGS_IMMUTABLE:
        common->immutable = true;
        return true;
    default:
        return false;
    }
}

/*
 * Behind getopt's message about what is in argv[optind - 1], a name, or in
 * argv[optind], letters.  Of beginnings of several names, it has listed those.
 */
static void
suggest(const struct cli_command *command, int argc, char **argv)
{
    const struct cli_option *option = command->options;
    const char *word = optopt == 0 ? argv[optind - 1] : argv[optind];
    struct nearest nearest;

    if (optopt != 0 && (optopt > UCHAR_MAX || optind == argc || *word != '-' ||
                        strchr(word, optopt) == NULL))
        return;
    word += strspn(word, "-");
    nearest_init(&nearest, word, strcspn(word, "="));
    nearest_offer(&nearest, "help");
    for (; option->help != NULL || option->name != NULL; option++) {
        if (option->name != NULL && option->help != NULL)
            nearest_offer(&nearest, option->name);
    }
    if (nearest.name != NULL)
        report_hint("did you mean --%s?", nearest.name);
}

int
args_options(const struct cli_command *command, int argc, char **argv,
             struct args_common *common, args_take take, void *context)
{
    struct tables tables;
    int option, code;

    make_tables(&tables, command->options);
    while ((option = getopt_long(argc, argv, tables.letters, tables.options,
                                 NULL)) != -1) {
        if (option == 'h') {
            code = cli_help(command);
            return code == CLI_OK ? CLI_DONE : code;
        }
        if (option == '?') {
            suggest(command, argc, argv);
            return report_try_help(argv[0]);
        }
        if (take_common(common, option))
            continue;
        assert(take != NULL);
        code = take(context, argv[0], option);
        if (code != CLI_OK)
            return code;
    }
    return CLI_OK;
}

/* ---- operands ----------------------------------------------------------- */

/* The synopsis has its words, behind that for the options. */
static int
refuse_operand(const struct cli_command *command, const char *name, int number)
{
    const char *word = command->synopsis;
    int i;

    for (i = 0; i <= number; i++) {
        word += strcspn(word, " ");
        word += strspn(word, " [");
    }
    report_problem(name, "%.*s is missing", (int)strcspn(word, " ]"), word);
    cli_usage(stderr, command);
    return report_try_help(name);
}

int
args_operands(const struct cli_command *command, int argc, char **argv, int min,
              int max)
{
    int count = argc - optind;

    if (count < min)
        return refuse_operand(command, argv[0], count);
    if (count <= max)
        return CLI_OK;
    report_problem(argv[0], "unexpected operand '%s'", argv[optind + max]);
    cli_usage(stderr, command);
    return report_try_help(argv[0]);
}
