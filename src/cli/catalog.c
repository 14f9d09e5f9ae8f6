/* picket catalog: what a catalogue answers, on the command line. */
#include "cli/catalog.h"

#include <stdio.h>

#include "cli/catalog_build.h"
#include "cli/catalog_file.h"
#include "cli/report.h"
#include "cli/stream.h"

enum { FIRST_PARAMETER = 2000, MOST_PARAMETERS = 64, MOST_COMMANDS = 64, MOST_ARGUMENTS = 400, FILE_LIMIT = 8 << 20 };

/* ---- the table of commands ---- */

static const option common_options[] = {
    {'c', "catalog", "FILE", "the catalogue, as `picket catalog build` made it"},
    {'r', "rules", "PATH", "instead of -c: rules to make a catalogue from for the time of the command; may be repeated. Without either the shipped rules"},
    {OPTION_PLACEHOLDERS, "placeholders", "FILE", "with -r: value lists for placeholders"},
    {OPTION_LISTS, "lists", "PATH", "with -r: lists that rules name, as `picket scan` takes them"},
    {OPTION_ALERTS, "alerts", "FILE", "alerts of a `picket scan --output jsonl`, shown beside the rules"},
    {OPTION_OUTPUT, "output", "FORM", "table, json or csv (table; json for what is no list)"},
    {'o', "out", "FILE", "write to this file instead of standard output"},
};

static const option build_options[] = {
    {'r', "rules", "PATH", "rules: a file, or a folder with all below it; may be repeated"},
    {OPTION_PLACEHOLDERS, "placeholders", "FILE", "value lists for placeholders: YAML, names to lists of values"},
    {OPTION_LISTS, "lists", "PATH", "lists that rules name, as `picket scan` takes them"},
    CATALOG_BUILD_OPTIONS,
    {'q', "quiet", NULL, "no report"},
    {'h', "help", NULL, "this text"},
    {0, NULL, NULL, NULL},
};

static const example build_examples[] = {
    {"A catalogue of several rule sets; again after a change, only what changed is read", "picket catalog build -r sigma/rules -r own -o catalog.db"},
    {NULL, NULL},
};

static const struct { const char *query; example example; } query_examples[] = {
    {"rules", {"High and critical rules for a technique that mention a word", "picket catalog rules -c catalog.db --level '>=high' --technique T1059 download"}},
    {"rule", {"What a rule covers and looks for", "picket catalog rule -c catalog.db sigma d7654f02-e04b-4934-9838-65c46f187ebc"}},
    {"search", {"Rules that look for a file name", "picket catalog search -c catalog.db 'Image:*\\iox.exe'"}},
    {"predicates", {"What rules look for most in command lines", "picket catalog predicates -c catalog.db --field CommandLine --output csv"}},
    {"source", {"What Sysmon's process creation is good for", "picket catalog source -c catalog.db sysmon/1"}},
    {"technique", {"All rules for a technique, as JSON", "picket catalog technique -c catalog.db T1090 --output json"}},
    {"coverage", {"What can be seen with the sources one has", "picket catalog coverage -c catalog.db --sources sysmon --sources product=windows,service=security"}},
    {"matrix", {"Which techniques have rules that run on what a folder of logs holds", "picket catalog matrix -c catalog.db --color runnable --sources-from logs -o matrix.json"}},
    {"layer", {"A layer for ATT&CK Navigator", "picket catalog layer -c catalog.db --level '>=high' -o layer.json"}},
    {"compare", {"Two rules side by side", "picket catalog compare -c catalog.db sigma/ID sigma/OTHER"}},
    {"run", {"The alerts of a scan, by rule, host and technique", "picket catalog run -c catalog.db --alerts alerts.jsonl --output json"}},
};

/* "string" -> "TEXT", "asc|desc" as it is. */
static const char *argument_name(const char *kind)
{
    static const struct { const char *kind, *shown; } names[] = {{"string", "TEXT"}, {"integer", "N"}, {"json", "FILE"}};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(kind, names[i].kind) == 0) return names[i].shown;
    return kind;
}

static bool has_parameter(const pk_query *q, const char *name)
{
    for (const pk_parameter *p = q->parameters; p->name; p++)
        if (strcmp(p->name, name) == 0) return true;
    return false;
}

static const option *options_of(arena *a, const pk_query *q)
{
    enum { COMMON = sizeof common_options / sizeof *common_options };
    option *out = ARENA_ARRAY(a, option, COMMON + MOST_PARAMETERS + 3);
    size_t n = 0;
    for (const pk_parameter *p = q->parameters; p->name && n < MOST_PARAMETERS; p++) {
        const char *help = p->repeats ? arena_printf(a, "%s; may be repeated", p->help).ptr : p->help;
        bool flag = strcmp(p->kind, "boolean") == 0;
        out[n] = (option){FIRST_PARAMETER + (int)n, p->name, flag ? NULL : argument_name(p->kind), help};
        n++;
    }
    if (has_parameter(q, "sources"))
        out[n++] = (option){OPTION_SOURCES_FROM, "sources-from", "LOGS", "as --sources what these logs hold: a file, a folder, an archive; may be repeated"};
    memcpy(out + n, common_options, sizeof common_options);
    out[n + COMMON] = (option){'h', "help", NULL, "this text"};
    return out;
}

/* "[LANGUAGE] KEY": the names in the path; of a list words to search for. */
static const char *arguments_of(arena *a, const pk_query *q)
{
    text t = {0};
    for (const char *at = q->path; (at = strchr(at, '{')) != NULL;) {
        size_t n = strcspn(++at, "}");
        bool language = strncmp(at, "language}", 9) == 0;
        text_put_cstring(&t, t.len ? " " : "");
        if (language) text_put_char(&t, '[');
        for (size_t i = 0; i < n; i++) text_put_char(&t, (char)(at[i] >= 'a' && at[i] <= 'z' ? at[i] - 32 : at[i]));
        if (language) text_put_char(&t, ']');
    }
    if (!t.len && strcmp(q->name, "compare") == 0) text_put_cstring(&t, "[LANGUAGE/KEY]...");
    else if (!t.len && has_parameter(q, "q")) text_put_cstring(&t, "[WORD]...");
    const char *out = arena_cstring(a, text_view(&t));
    text_free(&t);
    return out;
}

static const example *examples_of(arena *a, const char *query)
{
    example *out = ARENA_ARRAY(a, example, 2);
    for (size_t i = 0; i < sizeof query_examples / sizeof *query_examples; i++)
        if (strcmp(query_examples[i].query, query) == 0) out[0] = query_examples[i].example;
    return out;
}

static int run_query(const command_line *line);

catalog_commands catalog_commands_new(arena *a)
{
    command *out = ARENA_ARRAY(a, command, MOST_COMMANDS);
    size_t n = 0;
    out[n++] = (command){"catalog build", "make a catalogue, or bring it up to date", "-r RULES... [-o CATALOG]",
                         "Loads rules of every language that picket knows into one file: what each covers, looks for and needs, with its text. Files that did "
                         "not change since are not read again; readers of the catalogue see the old state until the new one is complete.",
                         build_options, build_examples, run_catalog_build};
    pk_query q;
    for (size_t i = 0; n < MOST_COMMANDS && pk_store_query_at(i, &q); i++)
        out[n++] = (command){arena_printf(a, "catalog %s", q.name).ptr, q.title, arguments_of(a, &q), q.title, options_of(a, &q), examples_of(a, q.name), run_query};
    return (catalog_commands){out, n};
}

const command *catalog_command_find(const catalog_commands *all, const char *word)
{
    for (size_t i = 0; i < all->count; i++)
        if (strcmp(all->items[i].name + strlen("catalog "), word) == 0) return &all->items[i];
    return NULL;
}

int run_catalog(const command_line *line)
{
    arena *a = arena_new();
    catalog_commands all = catalog_commands_new(a);
    pk_str names[MOST_COMMANDS], near = {"", 0};
    const char *word = NULL;
    for (size_t i = 0; i < all.count; i++) names[i] = str_from(all.items[i].name + strlen("catalog "));
    for (size_t i = 0; i < line->count && !word; i++)
        if (line->items[i].id == 0) word = line->items[i].value;
    if (word) near = str_nearest(str_from(word), names, all.count);
    int code = !word ? usage_error("catalog", "say first what it is about: 'picket catalog rules', 'picket catalog build' ...")
               : catalog_command_find(&all, word) ? usage_error("catalog", "'%s' stands first: 'picket catalog %s ...'", word, word)
               : near.len ? usage_error("catalog", "there is no 'catalog %s'; did you mean '" STR_FMT "'?", word, STR_ARG(near))
                          : usage_error("catalog", "there is no 'catalog %s'", word);
    arena_free(a);
    return code;
}

/* ---- a query ---- */

typedef struct {
    const command_line *line;
    pk_query query;
    const char *name;             /* "catalog rules" */
    arena *arena;
    VEC(pk_argument) arguments;
    const char *format, *alerts, *out;
} asking;

static void add_argument(asking *s, pk_str name, pk_str given)
{
    pk_argument one = {name, given};
    vec_push_in(s->arena, &s->arguments, one);
}

static const pk_parameter *parameter_of(const asking *s, const item *it)
{
    for (const pk_parameter *p = s->query.parameters; p->name; p++)
        if (it->id >= FIRST_PARAMETER && strcmp(p->name, it->name) == 0) return p;
    return NULL;
}

static bool read_file(asking *s, const char *path, pk_str *out)
{
    FILE *f = fopen(path, "rb");
    char *bytes = f ? arena_alloc(s->arena, FILE_LIMIT + 1) : NULL;
    size_t n = f ? fread(bytes, 1, FILE_LIMIT + 1, f) : 0;
    bool good = f && !ferror(f) && n <= FILE_LIMIT;
    if (f) fclose(f);
    if (!good) usage_error(s->name, "'%s' cannot be read, or is larger than %d MB", path, FILE_LIMIT >> 20);
    *out = (pk_str){bytes, n};
    return good;
}

/* "high,critical" are two values, where values hold no commas of their own. */
static void add_values(asking *s, const pk_parameter *p, pk_str given)
{
    bool whole = !p->repeats || str_find_char(given, '=') != STR_NPOS || strcmp(p->name, "author") == 0;
    while (!whole) {
        size_t comma = str_find_char(given, ',');
        if (comma == STR_NPOS) break;
        add_argument(s, str_from(p->name), str_trim(str_slice(given, 0, comma)));
        given = str_trim(str_slice(given, comma + 1, STR_NPOS));
    }
    add_argument(s, str_from(p->name), given);
}

static bool add_option(asking *s, const item *it)
{
    const pk_parameter *p = parameter_of(s, it);
    pk_str content;
    if (it->id == OPTION_OUTPUT) s->format = it->value;
    if (it->id == OPTION_ALERTS) s->alerts = it->value;
    if (it->id == 'o') s->out = it->value;
    if (!p) return true;
    if (strcmp(p->kind, "boolean") == 0) add_argument(s, str_from(p->name), STR("yes"));
    else if (strcmp(p->kind, "json") != 0) add_values(s, p, str_from(it->value));
    else if (read_file(s, it->value, &content)) add_argument(s, str_from(p->name), content);
    else return false;
    return true;
}

/* Arguments are the names of the path; without any, words of a search or rules to compare. */
static bool add_words_of_line(asking *s)
{
    VEC(pk_str) words = {0}, names = {0};
    size_t first = 0, skipped = 0;
    for (size_t i = 0; i < s->line->count; i++)
        if (s->line->items[i].id == 0 && skipped++) vec_push_in(s->arena, &words, str_from(s->line->items[i].value)); /* the first is the query */
    for (const char *at = s->query.path; (at = strchr(at, '{')) != NULL;) {
        size_t n = strcspn(++at, "}");
        pk_str name = {at, n};
        vec_push_in(s->arena, &names, name);
    }
    if (names.len == 0 && strcmp(s->query.name, "compare") == 0) {
        for (size_t i = 0; i < words.len; i++) add_argument(s, STR("rule"), words.at[i]);
        return true;
    }
    if (names.len == 0 && has_parameter(&s->query, "q")) {
        text q = {0};
        for (size_t i = 0; i < words.len; i++) {
            if (i) text_put_char(&q, ' ');
            text_put(&q, words.at[i]);
        }
        if (words.len) add_argument(s, STR("q"), arena_str(s->arena, text_view(&q)));
        text_free(&q);
        return true;
    }
    if (names.len == 2 && words.len == 1 && str_equal(names.at[0], STR("language"))) {
        add_argument(s, STR("language"), STR("*"));
        first = 1;
    }
    if (words.len + first != names.len) {
        usage_error(s->name, words.len + first > names.len ? "too many arguments" : "something is missing: see its usage");
        return false;
    }
    for (size_t i = 0; i < words.len; i++) add_argument(s, names.at[first + i], words.at[i]);
    return true;
}

static void write_text(pk_str t, void *user) { out_write(user, t); }

static int exit_code(pk_status status) { return status == PK_OK ? EXIT_CLEAN : status == PK_ERROR_USAGE || status == PK_ERROR_IO ? EXIT_USAGE : EXIT_DAMAGED; }

static void add_source(pk_str key, uint64_t events, void *user)
{
    asking *s = user;
    (void)events;
    add_argument(s, STR("sources"), arena_str(s->arena, key));
}

/* --sources-from: what the logs hold becomes what one has. Logs of nothing that is known are no sources, which is not "all". */
static bool add_sources_of_logs(asking *s, pk_store *store)
{
    VEC(pk_str) logs = {0};
    size_t before = s->arguments.len;
    for (size_t i = 0; i < s->line->count; i++)
        if (s->line->items[i].id == OPTION_SOURCES_FROM) vec_push_in(s->arena, &logs, str_from(s->line->items[i].value));
    if (!logs.len) return true;
    pk_status status = pk_store_log_sources(store, (pk_strs){logs.at, logs.len}, NULL, add_source, NULL, s);
    if (status != PK_OK) {
        usage_error(s->name, "'" STR_FMT "' cannot be read: " STR_FMT, STR_ARG(logs.at[0]), STR_ARG(pk_store_error(store)));
        return false;
    }
    if (s->arguments.len == before) usage_error(s->name, "'" STR_FMT "' holds no event of a source that the catalogue knows", STR_ARG(logs.at[0]));
    return s->arguments.len > before;
}

static int ask(asking *s, const char *path, out_stream *errors)
{
    pk_store *store;
    out_stream to = out_stdout();
    if (pk_store_open(&store, path, s->alerts, report_diagnostic, errors) != PK_OK) return EXIT_DAMAGED;
    if (!add_sources_of_logs(s, store)) {
        pk_store_close(store);
        return EXIT_USAGE;
    }
    if (s->out && !out_open(&to, s->out)) {
        pk_store_close(store);
        return EXIT_DAMAGED;
    }
    pk_status status = pk_store_query(store, s->query.name, s->arguments.at, s->arguments.len, s->format, to.width, write_text, &to);
    int code = exit_code(status);
    if (status != PK_OK) {
        char *message = mem_cstring(pk_store_error(store));
        if (code == EXIT_USAGE) usage_error(s->name, "%s", message);
        else report_diagnostic(&(pk_diagnostic){.severity = PK_ERROR, .code = "catalog-query", .message = str_from(message), .file = str_from(path)}, errors);
        mem_free(message);
    }
    pk_store_close(store);
    return out_end(&to, code);
}

static bool find_query(asking *s)
{
    for (size_t i = 0; pk_store_query_at(i, &s->query); i++)
        for (size_t k = 0; k < s->line->count; k++)
            if (s->line->items[k].id == 0) {
                if (strcmp(s->line->items[k].value, s->query.name) == 0) return true;
                break;
            }
    return false;
}

static int run_query(const command_line *line)
{
    asking s = {.line = line, .arena = arena_new()};
    out_stream errors = out_stderr();
    catalog_file f = {0};
    int code = EXIT_USAGE;
    bool good = find_query(&s);
    s.name = good ? arena_printf(s.arena, "catalog %s", s.query.name).ptr : "catalog";
    for (size_t i = 0; good && i < line->count; i++) good = add_option(&s, &line->items[i]);
    if (good && !s.format) s.format = s.query.list ? "table" : "json";
    if (good && add_words_of_line(&s) && catalog_file_open(&f, s.name, line, &errors, &code)) code = ask(&s, f.path, &errors);
    catalog_file_close(&f);
    arena_free(s.arena);
    return code;
}
