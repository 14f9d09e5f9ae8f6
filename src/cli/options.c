/* Reading the command line by the rows of a command's table. Options and arguments may stand in any order; "--" ends options. */
#include "cli/options.h"

#include <stdarg.h>
#include <stdio.h>
#include <time.h>

#include "base/timestamp.h"

int usage_error(const char *name, const char *format, ...)
{
    text line = {0};
    char message[1024];
    va_list args;
    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);
    text_put_terminal(&line, str_from(message));
    text_put_char(&line, 0);
    if (name) fprintf(stderr, "picket %s: %s\nTry 'picket %s --help'.\n", name, line.ptr, name);
    else fprintf(stderr, "picket: %s\nTry 'picket --help'.\n", line.ptr);
    text_free(&line);
    return EXIT_USAGE;
}

/* ---- words to items ---- */

static const option *find_option(const command *c, pk_str name)
{
    for (const option *o = c->options; o->name; o++)
        if (str_equal(str_from(o->name), name) || (name.len == 1 && o->id == name.ptr[0])) return o;
    return NULL;
}

static bool unknown_option(const command *c, pk_str name)
{
    pk_str names[64];
    size_t n = 0;
    for (const option *o = c->options; o->name && n < 64; o++) names[n++] = str_from(o->name);
    pk_str near = name.len > 1 ? str_nearest(name, names, n) : (pk_str){"", 0};
    if (near.len) usage_error(c->name, "unknown option '--" STR_FMT "'; did you mean '--" STR_FMT "'?", STR_ARG(name), STR_ARG(near));
    else usage_error(c->name, "unknown option '%s" STR_FMT "'", name.len > 1 ? "--" : "-", STR_ARG(name));
    return false;
}

typedef struct {
    const command *command;
    int argc, at;
    char **argv;
    VEC(item) items;
} splitting;

static bool add_option(splitting *s, const option *o, const char *attached)
{
    item made = {o->id, o->name, attached};
    if (o->argument && !attached) {
        if (s->at + 1 >= s->argc) {
            usage_error(s->command->name, "option '--%s' needs %s", o->name, o->argument);
            return false;
        }
        made.value = s->argv[++s->at];
    } else if (!o->argument && attached) {
        usage_error(s->command->name, "option '--%s' takes no value", o->name);
        return false;
    }
    vec_push(&s->items, made);
    return true;
}

static bool split_long(splitting *s, pk_str word)
{
    size_t equals = str_find_char(word, '=');
    pk_str name = str_slice(word, 0, equals);
    const option *o = name.len > 1 ? find_option(s->command, name) : NULL;
    if (!o) return unknown_option(s->command, name);
    return add_option(s, o, equals == STR_NPOS ? NULL : word.ptr + equals + 1);
}

/* "-j4", "-j 4", "-q": one letter; what follows it is its value. */
static bool split_short(splitting *s, const char *letters)
{
    for (; *letters; letters++) {
        const option *o = find_option(s->command, (pk_str){letters, 1});
        if (!o) return unknown_option(s->command, (pk_str){letters, 1});
        bool takes_rest = o->argument && letters[1];
        if (!add_option(s, o, takes_rest ? letters + 1 : NULL)) return false;
        if (o->argument) return true;
    }
    return true;
}

bool parse_command_line(const command *c, int argc, char **argv, command_line *out)
{
    splitting s = {.command = c, .argc = argc, .argv = argv};
    bool only_arguments = false, good = true;
    for (; good && s.at < argc; s.at++) {
        const char *word = argv[s.at];
        if (only_arguments || word[0] != '-' || word[1] == 0) vec_push(&s.items, ((item){0, NULL, word}));
        else if (strcmp(word, "--") == 0) only_arguments = true;
        else if (word[1] == '-') good = split_long(&s, str_from(word + 2));
        else good = split_short(&s, word + 1);
    }
    *out = (command_line){s.items.at, s.items.len};
    return good;
}

/* ---- values ---- */

void add_words(word_list *w, const char *value)
{
    pk_str left = str_from(value);
    while (left.len) {
        size_t comma = str_find_char(left, ',');
        pk_str word = str_trim(str_slice(left, 0, comma));
        if (word.len) vec_push(&w->items, word);
        left = comma == STR_NPOS ? (pk_str){"", 0} : str_slice(left, comma + 1, left.len);
    }
}

pk_strs words_view(const word_list *w) { return (pk_strs){w->items.at, w->items.len}; }

bool parse_count(const char *value, uint64_t most, uint64_t *out)
{
    int64_t n;
    if (!str_to_int(str_from(value), false, &n) || n < 1 || (uint64_t)n > most) return false;
    *out = (uint64_t)n;
    return true;
}

bool parse_size(const char *value, uint64_t *out)
{
    static const char units[] = "KMGT";
    pk_str s = str_from(value);
    int shift = 0;
    const char *unit = s.len ? strchr(units, s.ptr[s.len - 1] & ~0x20) : NULL;
    if (unit && *unit) {
        shift = 10 * (int)(unit - units + 1);
        s.len--;
    }
    int64_t n;
    if (!str_to_int(s, false, &n) || n < 1 || n > INT64_MAX >> shift) return false;
    *out = (uint64_t)n << shift;
    return true;
}

bool parse_time(const char *value, pk_time *out)
{
    int64_t ago;
    if (duration_parse(str_from(value), &ago)) {
        struct timespec now;
        clock_gettime(CLOCK_REALTIME, &now);
        return !__builtin_sub_overflow((int64_t)now.tv_sec * SECOND + now.tv_nsec, ago, out);
    }
    *out = timestamp_parse_iso(str_from(value));
    return *out != TIMESTAMP_NONE;
}
