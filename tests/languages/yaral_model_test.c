/*
 * Random rules against a model of the language: each event is one row for every combination of elements of the lists that the rule
 * reads, rows of variables are joined, what holds is kept, groups are counted. The model does just that, with no thought for
 * which copies are needed, what can be asked of events first, or how lists are read whole.
 */
#include "detections.h"

#include <stdio.h>
#include <stdlib.h>

/* ---- events ---- */

enum { HOSTNAME, PORT, PRINCIPAL_IP, TARGET_IP, SUMMARY, RULE, ACTION, FIELDS };
enum { MOST_ELEMENTS = 3, MOST_RESULTS = 2, EVENTS = 4, MOST_ROWS = 4000 };

static const char *const paths[FIELDS] = {"principal.hostname", "target.port", "principal.ip", "target.ip", "security_result.summary",
                                          "security_result.rule_name", "security_result.action"};
static const char *const words[] = {"", "a", "b", "c"};
static const char *const actions[] = {"UNKNOWN_ACTION", "ALLOW", "BLOCK"};

typedef struct { int count; const char *at[MOST_ELEMENTS]; } word_list;
typedef struct { const char *summary, *rule; word_list actions; } result;      /* NULL: missing */
typedef struct {
    const char *hostname;
    int port;                                                                   /* -1: missing */
    word_list principal, target;
    int result_count;
    result results[MOST_RESULTS];
} event;

/* One copy: which element of each list; -1: the list is empty, or nobody reads it. */
typedef struct { const event *event; int principal, target, result, action; } copy;

static uint64_t random_state;

static int pick(int n)
{
    random_state = random_state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (int)((random_state >> 33) % (uint64_t)n);
}

static const char *some_word(void) { return pick(3) ? words[1 + pick(3)] : NULL; }

static word_list some_words(void)
{
    word_list l = {.count = pick(MOST_ELEMENTS + 1)};
    for (int i = 0; i < l.count; i++) l.at[i] = words[1 + pick(3)];
    return l;
}

static event some_event(void)
{
    event e = {.hostname = some_word(), .port = pick(4) - 1, .principal = some_words(), .target = some_words(), .result_count = pick(MOST_RESULTS + 1)};
    for (int i = 0; i < e.result_count; i++) {
        e.results[i] = (result){.summary = some_word(), .rule = some_word()};
        e.results[i].actions.count = pick(3);
        for (int k = 0; k < e.results[i].actions.count; k++) e.results[i].actions.at[k] = actions[1 + pick(2)];
    }
    return e;
}

static void put_words(text *t, const char *name, const word_list *l)
{
    text_printf(t, "\"%s\":[", name);
    for (int i = 0; i < l->count; i++) text_printf(t, "%s\"%s\"", i ? "," : "", l->at[i]);
    text_put_cstring(t, "]");
}

static void put_event(text *t, const event *e, int number)
{
    text_printf(t, "{\"metadata\":{\"id\":\"AAA%d\",\"event_type\":\"GENERIC_EVENT\",\"event_timestamp\":\"2026-01-05T10:00:00Z\"},\"principal\":{", number);
    put_words(t, "ip", &e->principal);
    if (e->hostname) text_printf(t, ",\"hostname\":\"%s\"", e->hostname);
    text_put_cstring(t, "},\"target\":{");
    put_words(t, "ip", &e->target);
    if (e->port >= 0) text_printf(t, ",\"port\":%d", e->port);
    text_put_cstring(t, "},\"security_result\":[");
    for (int i = 0; i < e->result_count; i++) {
        const result *r = &e->results[i];
        text_put_cstring(t, i ? ",{" : "{");
        put_words(t, "action", &r->actions);
        if (r->summary) text_printf(t, ",\"summary\":\"%s\"", r->summary);
        if (r->rule) text_printf(t, ",\"rule_name\":\"%s\"", r->rule);
        text_put_char(t, '}');
    }
    text_put_cstring(t, "]}\n");
}

/* ---- rules ---- */

typedef enum { LEAF, AND, OR, NOT } shape;
typedef struct node node;
struct node { shape shape; char quantifier; int field; bool differs; const char *constant; node *args[2]; };

typedef enum { ARRAY_DISTINCT, COUNT_DISTINCT, COUNT, SUM, MAX_IF, OUTCOMES } outcome_kind;
typedef struct { outcome_kind kind; int variable, field; node *test; } outcome;

typedef struct {
    int variables;                      /* 1, 2 */
    bool absent;                        /* the second must not be there */
    int statements[2];
    node *events[2][3];
    int key[2];                         /* fields that the match key is bound to */
    int outcome_count;
    outcome outcomes[3];
    int at_least;                       /* #a */
} random_rule;

static node *some_node(arena *a, int depth)
{
    node *n = ARENA_NEW(a, node);
    int kind = depth ? pick(6) : 0;
    n->shape = kind < 3 ? LEAF : kind == 3 ? AND : kind == 4 ? OR : NOT;
    if (n->shape != LEAF) {
        n->args[0] = some_node(a, depth - 1);
        n->args[1] = some_node(a, depth - 1);
        return n;
    }
    n->field = pick(FIELDS);
    n->differs = pick(4) == 0;
    n->constant = n->field == ACTION ? actions[pick(3)] : words[pick(4)];
    if (n->field >= PRINCIPAL_IP && pick(4) == 0) n->quantifier = pick(2) ? 'y' : 'l';
    return n;
}

static random_rule some_rule(arena *a)
{
    static const int keys[] = {HOSTNAME, PRINCIPAL_IP, TARGET_IP, SUMMARY};
    random_rule r = {.variables = 1 + pick(2), .outcome_count = pick(4), .at_least = 1 + (pick(4) == 0)};
    r.absent = r.variables == 2 && pick(3) == 0;
    for (int v = 0; v < r.variables; v++) {
        r.statements[v] = pick(3);
        r.key[v] = keys[pick(4)];
        for (int i = 0; i < r.statements[v]; i++) r.events[v][i] = some_node(a, 2);
    }
    for (int i = 0; i < r.outcome_count; i++) {
        outcome *o = &r.outcomes[i];
        o->kind = (outcome_kind)pick(OUTCOMES);
        o->variable = r.absent ? 0 : pick(r.variables);
        o->field = o->kind == SUM ? PORT : pick(FIELDS);
        if (o->field == PORT && o->kind != SUM) o->field = SUMMARY;
        o->test = some_node(a, 1);
    }
    return r;
}

static void put_node(text *t, const node *n, int v)
{
    if (n->shape == LEAF) {
        text_printf(t, "%s$%c.%s %s ", n->quantifier == 'y' ? "any " : n->quantifier ? "all " : "", 'a' + v, paths[n->field], n->differs ? "!=" : "=");
        if (n->field == PORT) text_printf(t, "%d", n->constant[0] ? n->constant[0] - 'a' : 0);
        else text_printf(t, "\"%s\"", n->constant);
        return;
    }
    text_put_cstring(t, n->shape == NOT ? "not (" : "(");
    put_node(t, n->args[0], v);
    if (n->shape != NOT) {
        text_put_cstring(t, n->shape == AND ? " and " : " or ");
        put_node(t, n->args[1], v);
    }
    text_put_char(t, ')');
}

static void put_rule(text *t, const random_rule *r)
{
    static const char *const calls[OUTCOMES] = {"array_distinct", "count_distinct", "count", "sum", "max"};
    text_put_cstring(t, "rule random {\nmeta:\nauthor = \"picket\"\nevents:\n");
    for (int v = 0; v < r->variables; v++) {
        text_printf(t, "$%c.metadata.event_type = \"GENERIC_EVENT\"\n$%c.%s = $key\n", 'a' + v, 'a' + v, paths[r->key[v]]);
        for (int i = 0; i < r->statements[v]; i++) {
            put_node(t, r->events[v][i], v);
            text_put_char(t, '\n');
        }
    }
    text_put_cstring(t, "match:\n$key over 5m\n");
    for (int i = 0; i < r->outcome_count; i++) {
        const outcome *o = &r->outcomes[i];
        text_printf(t, "%s$o%d = %s(", i ? "" : "outcome:\n", i, calls[o->kind]);
        if (o->kind == MAX_IF) {
            text_put_cstring(t, "1 + if(");
            put_node(t, o->test, o->variable);
            text_put_cstring(t, ", 5))\n");
        } else text_printf(t, "$%c.%s)\n", 'a' + o->variable, paths[o->field]);
    }
    text_printf(t, "condition:\n#a >= %d%s\n}\n", r->at_least, r->variables == 1 ? "" : r->absent ? " and !$b" : " and $b");
}

/* ---- the model: rows ---- */

static const char *or_zero(const char *s) { return s ? s : ""; }

static const char *value_in(const copy *c, int field)
{
    const event *e = c->event;
    switch (field) {
    case HOSTNAME: return or_zero(e->hostname);
    case PRINCIPAL_IP: return c->principal < 0 ? "" : e->principal.at[c->principal];
    case TARGET_IP: return c->target < 0 ? "" : e->target.at[c->target];
    case SUMMARY: return c->result < 0 ? "" : or_zero(e->results[c->result].summary);
    case RULE: return c->result < 0 ? "" : or_zero(e->results[c->result].rule);
    case ACTION: return c->action < 0 ? actions[0] : e->results[c->result].actions.at[c->action];
    default: return "";
    }
}

static bool leaf_fits(const node *n, const char *s) { return (strcmp(s, n->constant) == 0) != n->differs; }

/* All elements of the whole list. */
static bool quantified(const node *n, const event *e)
{
    bool any = false, all = true;
    const word_list *list = n->field == PRINCIPAL_IP ? &e->principal : n->field == TARGET_IP ? &e->target : NULL;
    for (int i = 0; list && i < list->count; i++) leaf_fits(n, list->at[i]) ? (any = true) : (all = false);
    for (int r = 0; !list && r < e->result_count; r++) {
        const result *x = &e->results[r];
        for (int i = 0; n->field == ACTION && i < x->actions.count; i++) leaf_fits(n, x->actions.at[i]) ? (any = true) : (all = false);
        if (n->field != ACTION) leaf_fits(n, or_zero(n->field == SUMMARY ? x->summary : x->rule)) ? (any = true) : (all = false);
    }
    return n->quantifier == 'y' ? any : all;
}

static bool fits(const node *n, const copy *c)
{
    switch (n->shape) {
    case AND: return fits(n->args[0], c) && fits(n->args[1], c);
    case OR: return fits(n->args[0], c) || fits(n->args[1], c);
    case NOT: return !fits(n->args[0], c);
    case LEAF: break;
    }
    if (n->quantifier) return quantified(n, c->event);
    if (n->field != PORT) return leaf_fits(n, value_in(c, n->field));
    int port = c->event->port < 0 ? 0 : c->event->port, wanted = n->constant[0] ? n->constant[0] - 'a' : 0;
    return (port == wanted) != n->differs;
}

static void note_reads(const node *n, bool *reads)
{
    if (n->shape == LEAF && !n->quantifier) reads[n->field] = true;
    for (int i = 0; n->shape != LEAF && i < (n->shape == NOT ? 1 : 2); i++) note_reads(n->args[i], reads);
}

static void fields_read(const random_rule *r, int v, bool *reads)
{
    reads[r->key[v]] = true;
    for (int i = 0; i < r->statements[v]; i++) note_reads(r->events[v][i], reads);
    for (int i = 0; i < r->outcome_count; i++) {
        const outcome *o = &r->outcomes[i];
        if (o->variable != v) continue;
        if (o->kind == MAX_IF) note_reads(o->test, reads);
        else reads[o->field] = true;
    }
}

typedef struct { int count; copy at[MOST_ROWS]; } copies;

static int ways(bool read, int count) { return read && count ? count : 1; }

static void add_copies(const random_rule *r, int v, const event *e, copies *out)
{
    bool reads[FIELDS] = {false};
    fields_read(r, v, reads);
    bool results = reads[SUMMARY] || reads[RULE] || reads[ACTION];
    for (int p = 0; p < ways(reads[PRINCIPAL_IP], e->principal.count); p++)
        for (int t = 0; t < ways(reads[TARGET_IP], e->target.count); t++)
            for (int s = 0; s < ways(results, e->result_count); s++) {
                bool has = results && e->result_count > 0;
                int n = has ? e->results[s].actions.count : 0;
                for (int x = 0; x < ways(reads[ACTION], n); x++) {
                    copy c = {e, reads[PRINCIPAL_IP] && e->principal.count ? p : -1, reads[TARGET_IP] && e->target.count ? t : -1, has ? s : -1,
                              reads[ACTION] && n ? x : -1};
                    bool holds = value_in(&c, r->key[v])[0] != 0;
                    for (int i = 0; i < r->statements[v] && holds; i++) holds = fits(r->events[v][i], &c);
                    if (holds && out->count < MOST_ROWS) out->at[out->count++] = c;
                }
            }
}

/* ---- the model: groups ---- */

typedef struct { const copy *of[2]; } joined_row;
typedef struct { int count; joined_row at[MOST_ROWS]; } joined_rows;

static int different_events(const joined_rows *rows, int v)
{
    int n = 0;
    for (int i = 0; i < rows->count; i++) {
        bool seen = !rows->at[i].of[v];
        for (int k = 0; k < i && !seen; k++) seen = rows->at[k].of[v] && rows->at[k].of[v]->event == rows->at[i].of[v]->event;
        n += !seen;
    }
    return n;
}

static int compare_words(const void *x, const void *y) { return strcmp(*(const char *const *)x, *(const char *const *)y); }

static void put_outcome(text *t, const outcome *o, const joined_rows *rows)
{
    static const char *values[MOST_ROWS];
    int count = 0, different = 0, sum = 0, most = 0;
    for (int i = 0; i < rows->count; i++) {
        const copy *c = rows->at[i].of[o->variable];
        const char *s = value_in(c, o->field);
        bool zero = !s[0] || (o->field == ACTION && c->action < 0); /* a name is a text; the zero of an absent one is none */
        if (!zero) values[count++] = s;
        sum += c->event->port < 0 ? 0 : c->event->port;
        int x = 1 + (fits(o->test, c) ? 5 : 0);
        most = x > most ? x : most;
    }
    qsort(values, (size_t)count, sizeof *values, compare_words);
    for (int i = 0; i < count; i++)
        if (!i || strcmp(values[i], values[i - 1])) values[different++] = values[i];
    switch (o->kind) {
    case ARRAY_DISTINCT:
        for (int i = 0; i < different; i++) text_printf(t, "%s,", values[i]);
        break;
    case COUNT_DISTINCT: text_printf(t, "%d", different); break;
    case COUNT: text_printf(t, "%d", count); break;
    case SUM: text_printf(t, "%d", sum); break;
    case MAX_IF: text_printf(t, "%d", most); break;
    case OUTCOMES: break;
    }
    text_put_char(t, ' ');
}

static void join_rows_of(const random_rule *r, const copies *of, const char *key, joined_rows *out)
{
    out->count = 0;
    for (int i = 0; i < of[0].count; i++) {
        const copy *a = &of[0].at[i];
        bool any = false;
        if (strcmp(value_in(a, r->key[0]), key)) continue;
        for (int k = 0; r->variables == 2 && k < of[1].count; k++) {
            if (strcmp(value_in(&of[1].at[k], r->key[1]), key)) continue;
            any = true;
            if (out->count < MOST_ROWS) out->at[out->count++] = (joined_row){{a, &of[1].at[k]}};
        }
        if (!any && (r->variables == 1 || r->absent) && out->count < MOST_ROWS) out->at[out->count++] = (joined_row){{a, NULL}};
    }
}

static void put_expected(text *t, const random_rule *r, const event *events, bool *too_many)
{
    static copies of[2];
    static joined_rows rows;
    for (int v = 0; v < r->variables; v++) {
        of[v].count = 0;
        for (int i = 0; i < EVENTS; i++) add_copies(r, v, &events[i], &of[v]);
    }
    for (size_t w = 1; w < sizeof words / sizeof *words; w++) {
        join_rows_of(r, of, words[w], &rows);
        *too_many |= rows.count == MOST_ROWS;
        if (different_events(&rows, 0) < r->at_least) continue;
        if (r->variables == 2 && (different_events(&rows, 1) > 0) == r->absent) continue;
        text_printf(t, "%s: ", words[w]);
        for (int i = 0; i < r->outcome_count; i++) put_outcome(t, &r->outcomes[i], &rows);
        text_put_char(t, '\n');
    }
}

/* ---- what the plan gives ---- */

static void put_value(text *t, const value *v)
{
    static const char *values[64];
    arena *a = arena_new();
    size_t count = 0;
    for (size_t i = 0; v->type == VALUE_LIST && i < v->as.list.count && i < 64; i++) values[count++] = arena_cstring(a, v->as.list.items[i].as.string);
    qsort(values, count, sizeof *values, compare_words);
    for (size_t i = 0; i < count; i++) text_printf(t, "%s,", values[i]);
    if (v->type != VALUE_LIST) value_write_json(t, v);
    text_put_char(t, ' ');
    arena_free(a);
}

static void put_found(text *t, const random_rule *r, const eval_row *rows, size_t count)
{
    for (size_t w = 1; w < sizeof words / sizeof *words; w++)
        for (size_t i = 0; i < count; i++) {
            const value *key = value_get(&rows[i].columns, STR("key"));
            if (!str_equal(key->as.string, str_from(words[w]))) continue;
            text_printf(t, "%s: ", words[w]);
            for (int o = 0; o < r->outcome_count; o++) {
                char name[16];
                snprintf(name, sizeof name, "o%d", o);
                put_value(t, value_get(&rows[i].columns, str_from(name)));
            }
            text_put_char(t, '\n');
        }
}

static void check_rule(uint64_t seed)
{
    random_state = seed * 7919 + 17;
    detection_world w = new_world();
    arena *a = ir_arena(w.catalog);
    text source = {0}, records = {0}, expected = {0}, found = {0};
    bool too_many = false;
    event events[EVENTS];
    random_rule r = some_rule(a);
    put_rule(&source, &r);
    for (int i = 0; i < EVENTS; i++) {
        events[i] = some_event();
        put_event(&records, &events[i], i);
    }
    add_records(&w, text_view(&records));
    const rule *loaded = load_text(&w, text_view(&source), STR("random.yaral"));
    if (!loaded->plan) fail_msg("seed %llu: " STR_FMT "\n" STR_FMT, (unsigned long long)seed, STR_ARG(loaded->reason), STR_ARG(text_view(&source)));
    size_t count;
    arena *run = arena_new();
    put_expected(&expected, &r, events, &too_many);
    eval_row *rows = run_rule(&w, loaded, run, &count);
    put_found(&found, &r, rows, count);
    if (!too_many && !str_equal(text_view(&expected), text_view(&found))) {
        text p = {0};
        ir_print_plan(&p, loaded->plan);
        fail_msg("seed %llu\n" STR_FMT STR_FMT "expected\n" STR_FMT "found\n" STR_FMT STR_FMT, (unsigned long long)seed, STR_ARG(text_view(&source)),
                 STR_ARG(text_view(&records)), STR_ARG(text_view(&expected)), STR_ARG(text_view(&found)), STR_ARG(text_view(&p)));
    }
    arena_free(run);
    text_free(&source);
    text_free(&records);
    text_free(&expected);
    text_free(&found);
    ir_catalog_free(w.catalog);
}

static void test_random_rules(void **state)
{
    (void)state;
    const char *more = getenv("PICKET_RANDOM_RULES");
    uint64_t count = more ? strtoull(more, NULL, 10) : 1500;
    for (uint64_t seed = 1; seed <= count; seed++) check_rule(seed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_random_rules)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
