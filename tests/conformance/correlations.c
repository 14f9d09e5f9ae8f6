/*
 * Correlations of the engine against those of the reference evaluator, over random rules and random events.
 *
 *     correlations [--sets N] [--seed FIRST] [--show]
 *
 * Each seed makes a few plain rules, correlations of all types over them and over each other, and a small stream of events
 * with few users, hosts and values, missing fields, lists, equal times and no times. Both must raise the same alerts: rule,
 * time, keys, computed columns, number of events. The same events on 2 and 4 threads must give the same bytes; in several
 * files, and with rows that do not fit into memory, the same alerts. What differs is printed with as few events as show it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "../tools/log_events.h"
#include "api/api.h"
#include "ir/eval.h"

#define SHOWN_MAX 5
#define SETS 100

/* ---- random numbers: the same everywhere ---- */

typedef struct { uint64_t state; } random_source;

static uint64_t next_random(random_source *r)
{
    uint64_t z = r->state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

static unsigned below(random_source *r, unsigned n) { return (unsigned)(next_random(r) % n); }
static bool one_in(random_source *r, unsigned n) { return below(r, n) == 0; }
#define PICK(r, list) ((list)[below((r), sizeof(list) / sizeof *(list))])

/* ---- a set of rules and its events ---- */

typedef struct {
    uint64_t seed;
    VEC(text) documents;          /* YAML, one rule each */
    VEC(text) events;             /* JSON, one event each */
    unsigned base_count;
    bool ties;                    /* events share times */
    bool ordered;                 /* some rule depends on which of several events of one time comes first */
} scenario;

static void scenario_free(scenario *s)
{
    for (size_t i = 0; i < s->documents.len; i++) text_free(&s->documents.at[i]);
    for (size_t i = 0; i < s->events.len; i++) text_free(&s->events.at[i]);
    vec_free(&s->documents);
    vec_free(&s->events);
}

static void make_base_rule(scenario *s, random_source *r)
{
    static const char *const legacy[] = {"count() > 2",      "count() by U > 2",      "count(H) by U >= 2", "sum(V) by H > 5",
                                         "max(V) by U >= 4", "count() by U, H < 2",   "min(V) <= 1",        "avg(V) by H > 2",
                                         "near other",       "near other and not sel"};
    text t = {0};
    unsigned n = s->base_count++;
    bool old = one_in(r, 8);
    text_printf(&t, "title: b%u\nname: b%u\nlogsource: {product: windows, service: security}\ndetection:\n", n, n);
    if (one_in(r, 4)) text_printf(&t, "  sel: {EventID: [%u, %u]}\n", below(r, 4), below(r, 4));
    else text_printf(&t, "  sel: {EventID: %u}\n", n % 4);
    if (old) text_printf(&t, "  other: {EventID: %u}\n  timeframe: %us\n", below(r, 4), 1 + below(r, 20));
    text_printf(&t, "  condition: sel%s%s\n", old ? " | " : "", old ? PICK(r, legacy) : "");
    vec_push(&s->documents, t);
}

static void put_bounds(text *t, random_source *r, unsigned most)
{
    static const char *const operators[] = {"gte", "gte", "gt", "gt", "lte", "lt", "eq", "neq"};
    if (one_in(r, 5)) text_printf(t, "gte: %u, lte: %u", below(r, most), most);
    else if (one_in(r, 12)) text_printf(t, "gt: %u.5", below(r, most));
    else text_printf(t, "%s: %u", PICK(r, operators), below(r, most + 1));
}

static void put_condition(text *t, random_source *r, const char *type, const char *const *names, unsigned count)
{
    static const char *const fields[] = {"U", "H", "V", "V", "[U, H]", "[H, V]", "n"}, *const numbers[] = {"V", "V", "V", "n"};
    if (str_starts_with(str_from(type), STR("temporal"))) {
        if (str_equal(str_from(type), STR("temporal_ordered")) || one_in(r, 2)) return;
        text_put_cstring(t, "  condition: ");
        if (one_in(r, 2)) {
            text_printf(t, "{gte: %u}\n", 1 + below(r, count));
            return;
        }
        for (unsigned i = 0; i < count; i++)
            text_printf(t, "%s%s%s", i == 0 ? "" : one_in(r, 3) ? " or " : " and ", i && one_in(r, 3) ? "not " : "", names[i]);
        text_put_char(t, '\n');
        return;
    }
    bool is_count = str_equal(str_from(type), STR("event_count")), distinct = str_equal(str_from(type), STR("value_count"));
    text_put_cstring(t, "  condition: {");
    if (!is_count) text_printf(t, "field: %s, ", distinct ? PICK(r, fields) : PICK(r, numbers));
    if (str_equal(str_from(type), STR("value_percentile"))) text_printf(t, "percentile: %u, ", below(r, 101));
    put_bounds(t, r, is_count ? 5 : distinct ? 3 : 8);
    text_put_cstring(t, "}\n");
}

static void put_aliases(text *t, random_source *r, const char *const *names, unsigned count)
{
    static const char *const fields[] = {"U", "H", "V"};
    text_put_cstring(t, "  aliases:\n    who: {");
    for (unsigned i = 0; i < count; i++)
        if (i == 0 || !one_in(r, 6)) text_printf(t, "%s%s: %s", i ? ", " : "", names[i], PICK(r, fields));
    text_put_cstring(t, "}\n");
}

static void make_correlation(scenario *s, random_source *r, unsigned number)
{
    static const char *const types[] = {"event_count", "event_count", "value_count", "value_sum", "value_avg", "value_percentile",
                                        "value_median", "temporal", "temporal", "temporal_ordered", "temporal_ordered"};
    static const char *const groups[] = {"", "[U]", "[H]", "[U, H]", "U", "[V]"}, *const alias_groups[] = {"[who]", "[who, H]", "[U]"};
    static const unsigned spans[] = {1, 3, 5, 10, 30, 60};
    const char *type = PICK(r, types), *names[4];
    char room[4][16];
    bool several = str_starts_with(str_from(type), STR("temporal")), aliased = one_in(r, 4);
    unsigned count = several ? 2 + below(r, 2) : one_in(r, 4) ? 2 : 1, known = s->base_count + number, first = below(r, known);
    s->ordered |= str_equal(str_from(type), STR("temporal_ordered"));
    if (count > known) count = known;
    for (unsigned i = 0; i < count; i++) {
        unsigned n = (first + i) % known;
        snprintf(room[i], sizeof room[i], "%c%u", n < s->base_count ? 'b' : 'c', n < s->base_count ? n : n - s->base_count);
        names[i] = room[i];
    }
    text t = {0};
    text_printf(&t, "title: c%u\nname: c%u\ncorrelation:\n  type: %s\n  rules: [", number, number, type);
    for (unsigned i = 0; i < count; i++) text_printf(&t, "%s%s", i ? ", " : "", names[i]);
    text_printf(&t, "]\n  timespan: %us\n", PICK(r, spans));
    const char *group = aliased ? PICK(r, alias_groups) : PICK(r, groups);
    if (*group) text_printf(&t, "  group-by: %s\n", group);
    if (aliased) put_aliases(&t, r, names, count);
    if (one_in(r, 2)) text_put_cstring(&t, "  generate: true\n");
    put_condition(&t, r, type, names, count);
    vec_push(&s->documents, t);
}

static void make_event(scenario *s, random_source *r, unsigned seconds, unsigned precision)
{
    static const char *const users[] = {"\"ann\"", "\"bob\"", "\"eve\"", "\"Ann\"", "null", "\"\"", "[\"ann\", \"bob\"]", "7"};
    static const char *const values[] = {"0", "1", "2", "3", "4", "\"5\"", "0.5", "-1", "\"none\"", "null", "[1, 2]", "2.0"};
    text t = {0};
    text_printf(&t, "{\"Channel\": \"Security\", \"EventID\": %u", below(r, 5));
    if (!one_in(r, 8)) text_printf(&t, ", \"U\": %s", one_in(r, 5) ? PICK(r, users) : users[below(r, 2)]);
    if (!one_in(r, 8)) text_printf(&t, ", \"H\": \"h%u\"", below(r, 3));
    if (!one_in(r, 8)) text_printf(&t, ", \"V\": %s", PICK(r, values));
    unsigned at = below(r, seconds * precision + 1);
    if (!one_in(r, 30))
        text_printf(&t, ", \"TimeCreated_SystemTime\": \"2026-01-01T%02u:%02u:%02u.%03uZ\"", at / precision / 3600, at / precision / 60 % 60,
                    at / precision % 60, at % precision * 1000 / precision);
    text_put_char(&t, '}');
    vec_push(&s->events, t);
}

static scenario make_scenario(uint64_t seed)
{
    random_source r = {seed * 7919 + 1};
    scenario s = {.seed = seed};
    unsigned bases = 2 + below(&r, 3), correlations = 1 + below(&r, 6), events = 5 + below(&r, 90);
    static const unsigned spans[] = {10, 30, 60, 120};
    unsigned seconds = PICK(&r, spans), precision = one_in(&r, 2) ? 1 : 1000;
    for (unsigned i = 0; i < bases; i++) make_base_rule(&s, &r);
    for (unsigned i = 0; i < correlations; i++) make_correlation(&s, &r, i);
    for (unsigned i = 0; i < events; i++) make_event(&s, &r, seconds, precision);
    s.ties = precision == 1;
    return s;
}

/* ---- what is compared: a line for each alert ---- */

typedef struct { arena *arena; VEC(pk_str) lines; } alert_lines;

static int by_text(const void *x, const void *y) { return str_compare(*(const pk_str *)x, *(const pk_str *)y); }

static void sort_lines(alert_lines *l)
{
    if (l->lines.len) qsort(l->lines.at, l->lines.len, sizeof *l->lines.at, by_text);
}

static bool same_lines(const alert_lines *x, const alert_lines *y)
{
    if (x->lines.len != y->lines.len) return false;
    for (size_t i = 0; i < x->lines.len; i++)
        if (!str_equal(x->lines.at[i], y->lines.at[i])) return false;
    return true;
}

static void add_line(alert_lines *l, pk_str title, int64_t time, alert_lines *columns, uint64_t total)
{
    text t = {0};
    text_printf(&t, STR_FMT " at %lld:", STR_ARG(title), (long long)time);
    sort_lines(columns);
    for (size_t i = 0; i < columns->lines.len; i++) text_printf(&t, " " STR_FMT, STR_ARG(columns->lines.at[i]));
    text_printf(&t, "; %llu events", (unsigned long long)total);
    vec_push_in(l->arena, &l->lines, arena_str(l->arena, text_view(&t)));
    text_free(&t);
    columns->lines.len = 0;
}

/* ---- the engine ---- */

typedef struct { unsigned threads, files; size_t memory; bool shuffled; } way;

typedef struct { alert_lines *lines; text *bytes; } engine_output;

static bool on_alert(const pk_alert *alert, void *user)
{
    engine_output *out = user;
    text_put(out->bytes, alert->json);
    text_put_char(out->bytes, '\n');
    if (!alert->correlation) return true;
    arena *a = out->lines->arena;
    alert_lines columns = {.arena = a};
    for (size_t i = 0; i < alert->why_count; i++)
        vec_push_in(a, &columns.lines, arena_printf(a, STR_FMT "=" STR_FMT, STR_ARG(alert->why[i].field), STR_ARG(alert->why[i].value)));
    add_line(out->lines, alert->rule->title, alert->time, &columns, alert->event_total);
    return true;
}

static void shuffle(size_t *order, size_t count, uint64_t seed)
{
    random_source r = {seed};
    for (size_t i = count; i > 1; i--) {
        size_t k = below(&r, (unsigned)i), swap = order[i - 1];
        order[i - 1] = order[k];
        order[k] = swap;
    }
}

static alert_lines ask_engine(const pk_program *p, const scenario *s, way w, arena *a, text *bytes)
{
    pk_scan_options options = {.threads = w.threads, .row_memory = w.memory};
    pk_scanner *scanner;
    alert_lines lines = {.arena = a};
    engine_output out = {&lines, bytes};
    size_t *order = ARENA_ARRAY(a, size_t, s->events.len + 1);
    for (size_t i = 0; i < s->events.len; i++) order[i] = i;
    if (w.shuffled) shuffle(order, s->events.len, s->seed);
    if (pk_scanner_new(&scanner, p, &options) != PK_OK) abort();
    for (unsigned f = 0; f < w.files; f++) {
        text t = {0};
        char name[32];
        for (size_t i = f * s->events.len / w.files; i < (f + 1) * s->events.len / w.files; i++)
            text_printf(&t, STR_FMT "\n", STR_ARG(text_view(&s->events.at[order[i]])));
        snprintf(name, sizeof name, "%u.jsonl", f);
        if (pk_scanner_add_bytes(scanner, name, t.ptr, t.len, &(pk_input){.format = "json", .source = PK_LOG_SOURCE_BY_CONTENT}) != PK_OK) abort();
        text_free(&t);
    }
    if (pk_scanner_run(scanner, on_alert, &out) != PK_OK) printf("seed %llu: the run failed\n", (unsigned long long)s->seed);
    pk_scanner_free(scanner);
    sort_lines(&lines);
    return lines;
}

/* ---- the evaluator ---- */

typedef struct { layout_id layout; const class_id *classes; size_t class_count; } event_kind;

typedef struct {
    const pk_program *program;
    classifier *classifier;
    arena *arena;
    VEC(eval_event) events;
} event_list;

static bool keep_event(const event *e, void *user)
{
    event_list *l = user;
    classification k = classify(l->classifier, e, CLASS_NONE);
    event_kind *kind = ARENA_NEW(l->arena, event_kind);
    class_id *classes = ARENA_ARRAY(l->arena, class_id, k.class_count + 1);
    memcpy(classes, k.classes, k.class_count * sizeof *classes);
    *kind = (event_kind){k.layout, classes, k.class_count};
    value *tree = ARENA_NEW(l->arena, value);
    *tree = value_copy(l->arena, event_tree(e, l->arena));
    eval_event kept = {.time = classifier_time(l->classifier, e, &k, l->arena), .order = l->events.len, .user = kind, .tree = tree};
    vec_push_in(l->arena, &l->events, kept);
    return true;
}

static event_list read_events(const pk_program *p, const scenario *s, arena *a)
{
    event_list l = {.program = p, .arena = a, .classifier = classifier_new(program_schema(p->compiled), program_paths(p->compiled))};
    log_readers readers = {.paths = program_paths(p->compiled)};
    diag_list *d = diag_list_new();
    text t = {0};
    for (size_t i = 0; i < s->events.len; i++) text_printf(&t, STR_FMT "\n", STR_ARG(text_view(&s->events.at[i])));
    input_list *inputs = input_list_new(&(input_options){.nesting_limit = 1, .force = format_find(STR("json"))});
    input_item item;
    if (input_add_bytes(inputs, STR("events"), t.ptr, t.len) == PK_OK && input_next(inputs, &item, d) == INPUT_OPENED)
        each_event_of_stream(&readers, &item, keep_event, &l, d);
    input_list_free(inputs);
    log_readers_free(&readers);
    diag_list_free(d);
    text_free(&t);
    return l;
}

/* The class by which a match stage sees the event; CLASS_NONE: it is not of its log source. */
static class_id class_of(const eval_event *e, const stage *match, event_list *l)
{
    const event_kind *k = e->user;
    for (size_t i = 0; i < match->as.match.source_count; i++) {
        size_t count;
        const class_id *classes = schema_classes_of(program_schema(l->program->compiled), &match->as.match.sources[i], l->arena, &count);
        for (size_t c = 0; c < count; c++)
            for (size_t n = 0; n < k->class_count; n++)
                if (k->classes[n] == classes[c]) return classes[c];
    }
    return CLASS_NONE;
}

static bool is_source(const eval_event *e, const stage *match, void *user) { return class_of(e, match, user) != CLASS_NONE; }

static void field_values(const eval_event *e, const stage *match, const ir_field *f, arena *a, list_builder *out, void *user)
{
    event_list *l = user;
    const event_kind *k = e->user;
    pk_str name = f->schema.len ? f->schema : match->as.match.schema;
    schema_field_values(program_schema(l->program->compiled), class_of(e, match, l), k->layout, name, f->path, e->tree, a, out);
}

/* Of a sequence an alert shows the keys only: two steps may have a column of one name. */
static bool is_shown(const rule *r, pk_str column)
{
    const stage *s = r->plan->alert;
    bool is_key = s->kind != STAGE_SEQUENCE;
    for (size_t i = 0; !is_key && i < s->as.sequence.key_count; i++) is_key = str_equal(s->as.sequence.keys[i].name, column);
    return is_key;
}

static alert_lines ask_evaluator(const pk_program *p, event_list *l, arena *a)
{
    alert_lines lines = {.arena = a}, columns = {.arena = a};
    eval_context *kept = eval_context_new();
    eval_schema view = {.is_source = is_source, .field = field_values, .user = l, .context_of_run = kept};
    size_t count;
    const rule *const *rules = program_correlations(p->compiled, &count);
    for (size_t i = 0; i < count; i++) {
        size_t rows;
        if (rules[i]->silent) continue;
        eval_row *made = eval_plan(rules[i], l->events.at, l->events.len, &view, a, &rows);
        for (size_t k = 0; k < rows; k++) {
            for (size_t c = 0; c < made[k].columns.as.record.count; c++) {
                const value_field *f = &made[k].columns.as.record.fields[c];
                if (!is_shown(rules[i], f->name)) continue;
                vec_push_in(a, &columns.lines, arena_printf(a, STR_FMT "=" STR_FMT, STR_ARG(f->name), STR_ARG(value_key_text(a, &f->value))));
            }
            add_line(&lines, rules[i]->title, made[k].time, &columns, made[k].event_count);
        }
    }
    eval_context_free(kept);
    sort_lines(&lines);
    return lines;
}

/* ---- one set ---- */

typedef struct { uint64_t alerts, correlations, unsupported, spilled; const char *problem; } outcome;

static pk_program *load(const scenario *s, pk_catalog **catalog, outcome *o)
{
    char path[4096];
    const char *folder = getenv("TMPDIR");
    snprintf(path, sizeof path, "%s/picket-correlations-XXXXXX.yml", folder && *folder ? folder : "/tmp");
    int fd = mkstemps(path, 4);
    FILE *f = fd < 0 ? NULL : fdopen(fd, "w");
    if (!f) abort();
    for (size_t i = 0; i < s->documents.len; i++) fprintf(f, "%s" STR_FMT, i ? "---\n" : "", STR_ARG(text_view(&s->documents.at[i])));
    fclose(f);
    pk_program *p = NULL;
    if (pk_catalog_new(catalog, PICKET_SOURCE_DIR "/share") != PK_OK || pk_catalog_load(*catalog, path) != PK_OK) abort();
    for (size_t i = 0; i < pk_catalog_rule_count(*catalog); i++) o->unsupported += pk_catalog_rule(*catalog, i)->state != PK_RULE_RUNNABLE;
    unlink(path); /* read when the first rule was asked for */
    if (pk_program_build(&p, *catalog, NULL) != PK_OK) abort();
    return p;
}

static void print_lines(const char *title, const alert_lines *l, const alert_lines *without)
{
    for (size_t i = 0; i < l->lines.len; i++) {
        bool known = false;
        for (size_t k = 0; k < without->lines.len && !known; k++) known = str_equal(l->lines.at[i], without->lines.at[k]);
        if (!known) printf("  only %s: " STR_FMT "\n", title, STR_ARG(l->lines.at[i]));
    }
}

/* Compares in all ways; what is wrong first goes into *o. */
static outcome run_scenario(const scenario *s, bool print)
{
    static const way ways[] = {{2, 1, 0, false}, {4, 3, 0, false}, {1, 1, 4096, false}, {3, 5, 4096, true}, {1, 4, 0, true}};
    outcome o = {0};
    pk_catalog *catalog;
    pk_program *p = load(s, &catalog, &o);
    arena *a = arena_new();
    text first = {0}, other = {0};
    event_list events = read_events(p, s, a);
    alert_lines expected = ask_evaluator(p, &events, a), found = ask_engine(p, s, (way){1, 1, 0, false}, a, &first);
    o.alerts = found.lines.len;
    program_correlations(p->compiled, &o.correlations);
    if (!same_lines(&expected, &found)) {
        o.problem = "engine and evaluator differ";
        if (print) print_lines("engine", &found, &expected), print_lines("evaluator", &expected, &found);
    }
    for (size_t i = 0; i < sizeof ways / sizeof *ways && !o.problem; i++) {
        text_clear(&other);
        alert_lines again = ask_engine(p, s, ways[i], a, &other);
        if (!ways[i].shuffled && ways[i].files == 1 && !str_equal(text_view(&first), text_view(&other)))
            o.problem = ways[i].memory ? "other bytes with rows on disk" : "other bytes with more threads";
        if (ways[i].shuffled && s->ties && s->ordered) continue; /* which of several events of one time is shown may differ */
        if (same_lines(&found, &again)) continue;
        o.problem = ways[i].shuffled ? "other alerts for shuffled events" : "other alerts for several files";
        if (print) print_lines("before", &found, &again), print_lines("then", &again, &found);
    }
    text_free(&first);
    text_free(&other);
    classifier_free(events.classifier);
    arena_free(a);
    pk_program_free(p);
    pk_catalog_free(catalog);
    return o;
}

/* Leaves out events, then rules, as long as the problem stays. */
static void minimise(scenario *s, const char *problem)
{
    for (size_t i = s->events.len; i-- > 0;) {
        text out = s->events.at[i];
        memmove(&s->events.at[i], &s->events.at[i + 1], (s->events.len - 1 - i) * sizeof out);
        s->events.len--;
        if (run_scenario(s, false).problem == problem) {
            text_free(&out);
            continue;
        }
        memmove(&s->events.at[i + 1], &s->events.at[i], (s->events.len - i) * sizeof out);
        s->events.at[i] = out;
        s->events.len++;
    }
    for (size_t i = s->documents.len; i-- > 0;) {
        text out = s->documents.at[i];
        memmove(&s->documents.at[i], &s->documents.at[i + 1], (s->documents.len - 1 - i) * sizeof out);
        s->documents.len--;
        if (run_scenario(s, false).problem == problem) {
            text_free(&out);
            continue;
        }
        memmove(&s->documents.at[i + 1], &s->documents.at[i], (s->documents.len - i) * sizeof out);
        s->documents.at[i] = out;
        s->documents.len++;
    }
}

static void show(const scenario *s)
{
    for (size_t i = 0; i < s->documents.len; i++) printf("%s" STR_FMT, i ? "---\n" : "", STR_ARG(text_view(&s->documents.at[i])));
    for (size_t i = 0; i < s->events.len; i++) printf(STR_FMT "\n", STR_ARG(text_view(&s->events.at[i])));
}

int main(int argc, char **argv)
{
    uint64_t sets = SETS, first = 1, alerts = 0, differ = 0, correlations = 0, rules = 0, unsupported = 0;
    const char *mode = getenv("PICKET_CONFORMANCE");
    if (mode && strcmp(mode, "all") == 0) sets = 10 * SETS;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--sets") == 0 && i + 1 < argc) sets = strtoull(argv[++i], NULL, 10);
        else if (strcmp(argv[i], "--seed") == 0 && i + 1 < argc) first = strtoull(argv[++i], NULL, 10);
    }
    for (uint64_t seed = first; seed < first + sets; seed++) {
        scenario s = make_scenario(seed);
        outcome o = run_scenario(&s, false);
        alerts += o.alerts;
        correlations += o.correlations;
        unsupported += o.unsupported;
        rules += s.documents.len;
        if (o.problem && differ++ < SHOWN_MAX) {
            printf("seed %llu: %s\n", (unsigned long long)seed, o.problem);
            minimise(&s, o.problem);
            run_scenario(&s, true);
            show(&s);
        }
        scenario_free(&s);
    }
    printf("%llu sets, %llu rules (%llu that cannot be run), %llu correlations, %llu alerts: %llu differ\n", (unsigned long long)sets,
           (unsigned long long)rules, (unsigned long long)unsupported, (unsigned long long)correlations, (unsigned long long)alerts,
           (unsigned long long)differ);
    return differ || alerts == 0 ? 1 : 0;
}
