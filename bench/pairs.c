/*
 * What two engines find in the same events, held against each other before their times are:
 *
 *     bench_pairs [-v] OURS THEIRS EVENTS RULES CAUSES
 *
 * OURS are alerts of picket as JSON lines, THEIRS detections of rsigma with their events, EVENTS the JSON lines both read, each
 * with its number as BenchLine. A pair is (rule, event). One that only one side has must have a cause: the first row of CAUSES
 * that fits. Without one it is a failure. CAUSES has the columns
 *
 *     side    "picket" or "rsigma": which one has the pair
 *     rule    an id, or conditions on the rule: product=, category=, service= (empty: it has none), text~ (of its source)
 *     event   conditions on fields of the event: Name=value, Name~part, Name! (it has no such field)
 *     cause   why
 *
 * Conditions stand with blanks between them (a blank in a value is +), all must hold, case does not matter, and * is no
 * condition; Name=a|b is one of several values. -v lists each pair.
 */
#include "../tests/tools/corpora.h"
#include "../tests/tools/tsv.h"
#include "base/hash.h"
#include "base/text.h"
#include "event/json_text.h"
#include "picket.h"

enum { OURS = 1, THEIRS = 2 };

typedef struct {
    pk_str rule;
    uint32_t line;
    int sides;
} pair;

typedef struct {
    int side;
    pk_str rule, event, cause;
    size_t pairs;                 /* that it explains */
} cause_row;

typedef struct {
    arena *arena, *scratch;
    table index;
    VEC(pair) pairs;
    VEC(pk_str) events;           /* by line, from 1 */
    VEC(cause_row) causes;
    pk_catalog *catalog;
} comparing;

static void die(const char *what, const char *which)
{
    fprintf(stderr, "bench_pairs: %s: %s\n", which, what);
    exit(1);
}

/* ---- reading ---- */

static void each_line(comparing *c, const char *path, void (*fn)(comparing *c, pk_str line))
{
    FILE *in = fopen(path, "r");
    char *line = NULL;
    size_t cap = 0;
    if (!in) die("cannot be read", path);
    for (ssize_t n; (n = getline(&line, &cap, in)) > 0;) {
        arena_reset(c->scratch);
        fn(c, str_trim((pk_str){line, (size_t)n}));
    }
    free(line);
    fclose(in);
}

static void add_event(comparing *c, pk_str line) { vec_push(&c->events, arena_str(c->arena, line)); }

static void add_pair(comparing *c, pk_str rule, const value *line, int side)
{
    double number;
    if (!line || !value_number(line, &number)) return;
    pk_str key = arena_printf(c->arena, STR_FMT " %u", STR_ARG(rule), (unsigned)number);
    uint32_t i = table_get(&c->index, key);
    if (i == TABLE_NONE) {
        i = (uint32_t)c->pairs.len;
        table_put(&c->index, key, i);
        vec_push(&c->pairs, ((pair){.rule = str_slice(key, 0, rule.len), .line = (uint32_t)number}));
    }
    c->pairs.at[i].sides |= side;
}

static const value *at(const value *record, const char *first, const char *second)
{
    const value *v = record ? value_get(record, str_from(first)) : NULL;
    return v && second ? value_get(v, str_from(second)) : v;
}

static void add_ours(comparing *c, pk_str line)
{
    value alert;
    if (!json_text_parse(line, 64, c->scratch, &alert)) die("a line is no JSON", "alerts of picket");
    const value *id = at(&alert, "rule", "id");
    if (id && id->type == VALUE_STRING) add_pair(c, id->as.string, at(&alert, "source", "line"), OURS);
}

static void add_theirs(comparing *c, pk_str line)
{
    value detection;
    if (!line.len || line.ptr[0] != '{') return;
    if (!json_text_parse(line, 64, c->scratch, &detection)) die("a line is no JSON", "detections of rsigma");
    const value *id = at(&detection, "rule_id", NULL);
    if (id && id->type == VALUE_STRING) add_pair(c, id->as.string, at(&detection, "event", "BenchLine"), THEIRS);
}

static void add_cause(const pk_str *fields, size_t n, void *user)
{
    comparing *c = user;
    if (n < 4) die("a row has less than four columns", "causes");
    int side = str_equal(fields[0], STR("picket")) ? OURS : str_equal(fields[0], STR("rsigma")) ? THEIRS : 0;
    if (!side) die("the side is neither picket nor rsigma", "causes");
    vec_push(&c->causes, ((cause_row){side, arena_str(c->arena, fields[1]), arena_str(c->arena, fields[2]), arena_str(c->arena, fields[3]), 0}));
}

/* ---- causes ---- */

static bool holds_part(pk_str s, pk_str part)
{
    for (size_t i = 0; i + part.len <= s.len; i++)
        if (str_equal_ascii_fold(str_slice(s, i, part.len), part)) return true;
    return false;
}

/* The next condition of a list: name, sign and operand (blanks for +). */
static bool next_condition(comparing *c, pk_str *list, pk_str *name, char *sign, pk_str *operand)
{
    *list = str_trim(*list);
    if (list->len == 0 || str_equal(*list, STR("*"))) return false;
    size_t end = str_find_char(*list, ' '), to = 0;
    pk_str word = str_slice(*list, 0, end);
    *list = str_slice(*list, end == STR_NPOS ? list->len : end, list->len);
    size_t middle = strcspn(arena_cstring(c->scratch, word), "=~!");
    *name = str_slice(word, 0, middle);
    *sign = middle < word.len ? word.ptr[middle] : 0;
    pk_str raw = str_slice(word, middle + 1, word.len);
    char *out = arena_alloc(c->scratch, raw.len + 1);
    for (size_t i = 0; i < raw.len; i++) out[to++] = raw.ptr[i] == '+' ? ' ' : raw.ptr[i];
    *operand = (pk_str){out, to};
    return true;
}

static bool is_one_of(pk_str s, pk_str alternatives)
{
    for (size_t end; alternatives.len || s.len == 0; alternatives = str_slice(alternatives, end + 1, alternatives.len)) {
        end = str_find_char(alternatives, '|');
        if (end == STR_NPOS) return str_equal_ascii_fold(s, alternatives);
        if (str_equal_ascii_fold(s, str_slice(alternatives, 0, end))) return true;
    }
    return false;
}

static bool rule_fits(comparing *c, pk_str conditions, pk_str id)
{
    pk_str name, operand;
    char sign;
    if (str_equal(conditions, id)) return true;
    const pk_rule *r = pk_catalog_find_rule(c->catalog, id);
    if (!r) return false;
    while (next_condition(c, &conditions, &name, &sign, &operand)) {
        pk_str has = str_equal(name, STR("product")) ? r->product : str_equal(name, STR("category")) ? r->category : str_equal(name, STR("service")) ? r->service : r->text;
        if (sign == '=' ? !is_one_of(has, operand) : sign != '~' || !str_equal(name, STR("text")) || !holds_part(has, operand)) return false;
    }
    return true;
}

static bool event_fits(comparing *c, pk_str conditions, const value *event)
{
    pk_str name, operand, has;
    char sign;
    while (next_condition(c, &conditions, &name, &sign, &operand)) {
        const value *v = value_get(event, name);
        if (sign == '!') {
            if (v) return false;
        } else if (!v || !value_text(c->scratch, v, &has) || !(sign == '=' ? is_one_of(has, operand) : holds_part(has, operand))) {
            return false;
        }
    }
    return true;
}

static cause_row *cause_of(comparing *c, const pair *p)
{
    value event = {.type = VALUE_RECORD};
    if (p->line && p->line <= c->events.len) json_text_parse(c->events.at[p->line - 1], 64, c->scratch, &event);
    for (size_t i = 0; i < c->causes.len; i++) {
        cause_row *row = &c->causes.at[i];
        if (row->side == p->sides && rule_fits(c, row->rule, p->rule) && event_fits(c, row->event, &event)) return row;
    }
    return NULL;
}

/* ---- the result ---- */

static void print_pair(comparing *c, const char *what, const pair *p)
{
    value event = {.type = VALUE_RECORD};
    pk_str channel = {"", 0}, id = {"", 0};
    const pk_rule *r = pk_catalog_find_rule(c->catalog, p->rule);
    if (p->line && p->line <= c->events.len) json_text_parse(c->events.at[p->line - 1], 64, c->scratch, &event);
    if (value_get(&event, STR("Channel"))) value_text(c->scratch, value_get(&event, STR("Channel")), &channel);
    if (value_get(&event, STR("EventID"))) value_text(c->scratch, value_get(&event, STR("EventID")), &id);
    printf("%s\t%s\t" STR_FMT "\tline %u\tChannel=" STR_FMT " EventID=" STR_FMT "\t" STR_FMT "\n", what, p->sides == OURS ? "picket" : "rsigma",
           STR_ARG(p->rule), p->line, STR_ARG(channel), STR_ARG(id), STR_ARG(r ? r->title : channel));
}

static int report(comparing *c, bool verbose)
{
    size_t both = 0, ours = 0, theirs = 0, unexplained = 0;
    for (size_t i = 0; i < c->pairs.len; i++) {
        const pair *p = &c->pairs.at[i];
        arena_reset(c->scratch);
        both += p->sides == (OURS | THEIRS);
        ours += p->sides == OURS;
        theirs += p->sides == THEIRS;
        if (p->sides == (OURS | THEIRS)) continue;
        cause_row *row = cause_of(c, p);
        if (row) row->pairs++;
        else if (++unexplained <= 100 || verbose) print_pair(c, "no cause", p);
        if (row && verbose) print_pair(c, "explained", p);
    }
    printf("pairs of rule and event: %zu of both, %zu only of picket, %zu only of rsigma, %zu of them without a cause\n", both, ours, theirs, unexplained);
    for (size_t i = 0; i < c->causes.len; i++)
        if (c->causes.at[i].pairs)
            printf("  %5zu only of %s: " STR_FMT "\n", c->causes.at[i].pairs, c->causes.at[i].side == OURS ? "picket" : "rsigma", STR_ARG(c->causes.at[i].cause));
    return unexplained || both == 0;
}

int main(int argc, char **argv)
{
    bool verbose = argc > 1 && strcmp(argv[1], "-v") == 0;
    argv += verbose;
    if (argc - verbose != 6) return 3;
    comparing c = {.arena = arena_new(), .scratch = arena_new()};
    if (pk_catalog_new(&c.catalog, PICKET_SOURCE_DIR "/share") != PK_OK || pk_catalog_load(c.catalog, argv[4]) != PK_OK) die("cannot be read", argv[4]);
    each_line(&c, argv[3], add_event);
    each_line(&c, argv[1], add_ours);
    each_line(&c, argv[2], add_theirs);
    if (!tsv_read(argv[5], add_cause, &c)) die("cannot be read", argv[5]);
    int code = report(&c, verbose);
    table_free(&c.index);
    vec_free(&c.pairs);
    vec_free(&c.events);
    vec_free(&c.causes);
    pk_catalog_free(c.catalog);
    arena_free(c.arena);
    arena_free(c.scratch);
    return code;
}
