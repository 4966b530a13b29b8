/* args.c - options and operands, taken strictly. */
#include "args.h"

#include <getopt.h>
#include <stddef.h>
#include <string.h>

#include "cli.h"
#include "report.h"

int
args_number(const char *command, const char *name, const char *text,
            uint64_t *number)
{
    uint64_t value = 0, digit;
    const char *at;

    for (at = text; *at >= '0' && *at <= '9'; at++) {
        digit = (uint64_t)(*at - '0');
        if (value > (UINT64_MAX - 1 - digit) / 10)
            return report_usage(command, "%s: %s is too large", name, text);
        value = value * 10 + digit;
    }
    if (at == text || *at != '\0')
        return report_usage(command, "%s: '%s' is not a number", name, text);
    *number = value;
    return CLI_OK;
}

static int
hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

/* Bytes that TEXT does not give stay 0. */
static int
read_id(const char *command, const char *name, const char *text, uint8_t id[16])
{
    size_t length = strlen(text), i;
    int high, low;

    if (length == 0 || length > 32 || length % 2 != 0)
        return report_usage(command,
                            "%s: an id has 2 to 32 hexadecimal digits, an "
                            "even number",
                            name);
    memset(id, 0, 16);
    for (i = 0; i < length; i += 2) {
        high = hex_digit(text[i]);
        low = hex_digit(text[i + 1]);
        if (high < 0 || low < 0)
            return report_usage(command, "%s: '%s' is not hexadecimal", name,
                                text);
        id[i / 2] = (uint8_t)(high << 4 | low);
    }
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
    if (args_number(command, name, time, &stamp->time) != CLI_OK)
        return CLI_USAGE;
    if (colon == NULL)
        return CLI_OK;
    return read_id(command, name, colon + 1, stamp->id);
}

int
args_operands(int argc, char **argv, int min, int max)
{
    int count = argc - optind;

    if (count < min)
        return report_usage(argv[0], count == 0 ? "PATH is missing"
                                                : "an operand is missing");
    if (count > max)
        return report_usage(argv[0], "unexpected operand '%s'",
                            argv[optind + max]);
    return CLI_OK;
}
