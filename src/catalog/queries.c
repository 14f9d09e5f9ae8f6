/* The table of queries, and what is checked before one runs. */
#include "catalog/queries.h"

#include "base/unicode.h"

enum { MOST_ARGUMENTS = 500, LONGEST_ARGUMENT = 64 << 10, LONGEST_JSON = 8 << 20 };

#define END {NULL, NULL, NULL, false}
#define COLUMNS(...) (const char *const[]){__VA_ARGS__, NULL}
#define NUMBERED_PAGE {"page", "integer", "which page, from 1", false}, {"per", "integer", "items a page (50), at most 500", false}

#define RULE_COLUMNS COLUMNS("level", "title", "language", "id", "status", "state", "techniques", "path")
#define PREDICATE_COLUMNS COLUMNS("field", "kind", "value", "rules", "key")

const query_parameter filter_parameters[] = {FILTER_PARAMETERS, END};
static const query_parameter rule_list_parameters[] = {FILTER_PARAMETERS, PAGE_PARAMETERS, END};
static const query_parameter no_parameters[] = {END};
static const query_parameter technique_parameters[] = {
    {"tab", "string", "whose rules are listed besides vendors' own: a language (sigma), or 'vendor'", false},
    {"only", "boolean", "only rules all of whose techniques are this one or below", false},
    FILTER_PARAMETERS, PAGE_PARAMETERS, END};
static const query_parameter matrix_parameters[] = {
    {"color", "rules|runnable|alerts", "what the shades mean: the number of rules, the share that runs on the sources, alerts of the run", false},
    {"layer", "json", "text of an ATT&CK Navigator layer to compare with", false},
    {"group", "string", "id of a group, software or campaign to compare with (G0007)", false},
    FILTER_PARAMETERS, END};
static const query_parameter predicate_list_parameters[] = {
    {"q", "string", "part of a constant; * and ? are wildcards", false},
    {"field", "string", "of this field", true},
    {"kind", "string", "of this kind (ends_with)", true},
    {"family", "string", "of languages of this family", true},
    {"value", "string", "whose constant contains this; * and ? are wildcards, '=' before it: is this", false},
    {"sort", "rules|field|value", "order (rules)", false},
    NUMBERED_PAGE, END};
static const query_parameter field_list_parameters[] = {{"q", "string", "part of the name", false}, END};
static const query_parameter compare_parameters[] = {
    {"rule", "string", "a rule to compare, as sigma/ID or ID", true},
    {"left", "string", "a language, to compare two of them", false},
    {"right", "string", "the other language", false},
    END};
static const query_parameter problem_parameters[] = {
    {"code", "string", "problems of this code", false},
    {"severity", "string", "problems of this severity (error, unsupported, needs list, warning, note)", false},
    NUMBERED_PAGE, END};
static const query_parameter run_parameters[] = {
    {"rule", "string", "alerts of this rule, as sigma/ID or ID", false},
    {"host", "string", "alerts of this host", false},
    {"technique", "string", "alerts with this technique or a sub-technique", false},
    {"from", "string", "alerts from this time on (2026-11-22T05:00:00Z)", false},
    {"to", "string", "alerts before this time", false},
    NUMBERED_PAGE, END};
static const query_parameter layer_parameters[] = {{"name", "string", "name of the layer", false}, FILTER_PARAMETERS, END};

const query catalog_queries[] = {
    {"summary", "/summary", "The catalogue as a whole: how much it holds, what it covers, what is new.", no_parameters, "languages",
     COLUMNS("name", "title", "rules", "files", "known"), answer_summary},
    {"rules", "/rules", "Rules that fit the filters, and how many more each filter would leave.", rule_list_parameters, "rules", RULE_COLUMNS, answer_rules},
    {"rule", "/rules/{language}/{key}", "A rule: what it covers, its stages, what it looks for and how common that is, where it runs.", no_parameters,
     "indicators", COLUMNS("field", "kind", "values.value", "values.corpus"), answer_rule},
    {"search", "/search", "Rules, indicators, techniques, sources and fields by words.", rule_list_parameters, "rules.rules", RULE_COLUMNS, answer_search},
    {"predicates", "/indicators", "What rules look for, with the number of rules that do.", predicate_list_parameters, "predicates", PREDICATE_COLUMNS, answer_predicates},
    {"predicate", "/indicators/{key}", "An indicator: all rules with it, and what they have besides.", rule_list_parameters, "positive.rules", RULE_COLUMNS, answer_predicate},
    {"fields", "/fields", "Fields that rules look at.", field_list_parameters, "fields", COLUMNS("name", "family", "predicates", "rules"), answer_fields},
    {"field", "/fields/{name}", "A field: in each schema, the events that have it, what rules look for in it.", rule_list_parameters, "values",
     COLUMNS("kind", "value", "rules", "key"), answer_field},
    {"sources", "/sources", "Event classes, with the rules that each can evaluate.", no_parameters, "sources",
     COLUMNS("key", "provider", "event", "title", "rules", "full", "part"), answer_sources},
    {"source", "/sources/{key}", "An event class: its fields, the rules that use it, what is lost without it.", rule_list_parameters, "rules.rules",
     COLUMNS("level", "title", "language", "id", "runs", "missing"), answer_source},
    {"compare", "/compare", "Rules side by side, or two languages: what they share and what sets them apart.", compare_parameters, "metadata",
     COLUMNS("name", "values", "same"), answer_compare},
    {"problems", "/problems", "What is wrong with rules and files, with place.", problem_parameters, "problems",
     COLUMNS("severity", "code", "path", "line", "column", "message", "hint"), answer_problems},
    {"run", "/run", "The alerts of the run that is open: by rule, host, technique, time.", run_parameters, "list.alerts",
     COLUMNS("time", "level", "rule.title", "host", "source", "record"), answer_run},
    {"techniques", "/techniques", "All techniques, with the number of rules of each.", filter_parameters, "techniques",
     COLUMNS("id", "name", "tactics", "rules", "rules_only", "parent", "retired"), answer_techniques},
    {"technique", "/techniques/{id}", "A technique: what ATT&CK says of it, the rules that look for it, what they share, what they need.", technique_parameters,
     "rules.rules", RULE_COLUMNS, answer_technique},
    {"matrix", "/matrix", "The ATT&CK matrix, with the rules of each technique; compared with a layer or a group on demand.", matrix_parameters, "rows",
     COLUMNS("tactic", "id", "name", "parent", "rules", "runnable", "alerts"), answer_matrix},
    {"layer", "/layer", "The techniques that rules cover, as an ATT&CK Navigator layer.", layer_parameters, NULL, NULL, answer_layer},
    {"coverage", "/coverage", "Techniques with rules, with rules that run on the sources one has, and the gaps.", filter_parameters, "tactics",
     COLUMNS("tactic", "all", "covered", "runnable"), answer_coverage},
    {NULL, NULL, NULL, NULL, NULL, NULL, NULL},
};

const query *query_find(pk_str name)
{
    for (const query *q = catalog_queries; q->name; q++)
        if (str_equal(name, str_from(q->name))) return q;
    return NULL;
}

/* ---- arguments ---- */

bool query_path_names(const query *q, pk_str name)
{
    const char *at = q->path;
    while ((at = strchr(at, '{')) != NULL) {
        size_t n = strcspn(++at, "}");
        if (str_equal(name, (pk_str){at, n})) return true;
    }
    return false;
}

static const query_parameter *find_parameter(const query *q, pk_str name)
{
    static const query_parameter of_path = {"", "string", "", false};
    for (const query_parameter *p = q->parameters; p->name; p++)
        if (str_equal(name, str_from(p->name))) return p;
    return query_path_names(q, name) ? &of_path : NULL;
}

static bool refuse(query_error *e, arena *a, const char *format, pk_str x, pk_str y)
{
    text t = {0};
    text_printf(&t, format, STR_ARG(x), STR_ARG(y));
    text_put_char(&t, 0);
    query_refuse(e, a, PK_ERROR_USAGE, "%s", t.ptr);
    text_free(&t);
    return false;
}

static pk_str shortened(pk_str s)
{
    size_t n = s.len < 100 ? s.len : 100;
    while (n && n < s.len && (s.ptr[n] & 0xc0) == 0x80) n--;
    return str_slice(s, 0, n);
}

static bool check_value(const query_parameter *p, const query_argument *arg, arena *a, query_error *e)
{
    pk_str kind = str_from(p->kind), given = arg->value;
    bool json = str_equal(kind, STR("json"));
    if (given.len > (json ? LONGEST_JSON : LONGEST_ARGUMENT)) return refuse(e, a, "%.*s is too long%.*s", arg->name, STR(""));
    if (!utf8_valid(given) || str_find_char(given, 0) != STR_NPOS) return refuse(e, a, "%.*s is no text of UTF-8%.*s", arg->name, STR(""));
    int64_t n;
    if (!given.len || json || str_equal(kind, STR("string"))) return true; /* an empty field of a form */
    if (str_equal(kind, STR("integer"))) {
        if (str_to_int(given, false, &n) && n >= 0 && n <= INT32_MAX) return true;
        return refuse(e, a, "%.*s is a number, not '%.*s'", arg->name, shortened(given));
    }
    if (str_equal(kind, STR("boolean"))) kind = STR("1|0|true|false|yes|no");
    for (pk_str rest = kind; rest.len;) {
        size_t bar = str_find_char(rest, '|');
        if (str_equal(str_slice(rest, 0, bar), given)) return true;
        rest = bar == STR_NPOS ? STR("") : str_slice(rest, bar + 1, STR_NPOS);
    }
    text choice = {0};
    text_printf(&choice, STR_FMT ", not '" STR_FMT "'", STR_ARG(kind), STR_ARG(shortened(given)));
    refuse(e, a, "%.*s is one of %.*s", arg->name, text_view(&choice));
    text_free(&choice);
    return false;
}

static pk_str nearest_parameter(const query *q, pk_str name)
{
    pk_str names[64];
    size_t n = 0;
    for (const query_parameter *p = q->parameters; p->name && n < 64; p++) names[n++] = str_from(p->name);
    return str_nearest(name, names, n);
}

static bool check_arguments(const query *q, const query_arguments *args, arena *a, query_error *e)
{
    if (args->count > MOST_ARGUMENTS) return refuse(e, a, "there are too many parameters%.*s%.*s", STR(""), STR(""));
    for (size_t i = 0; i < args->count; i++) {
        const query_argument *arg = &args->items[i];
        const query_parameter *p = find_parameter(q, arg->name);
        if (!p) {
            pk_str near = nearest_parameter(q, arg->name), name = utf8_repair(a, shortened(arg->name));
            if (near.len) return refuse(e, a, "there is no parameter '%.*s'; did you mean '%.*s'?", name, near);
            return refuse(e, a, "there is no parameter '%.*s'%.*s", name, STR(""));
        }
        if (!check_value(p, arg, a, e)) return false;
        for (size_t j = 0; j < i && !p->repeats; j++)
            if (str_equal(args->items[j].name, arg->name)) return refuse(e, a, "%.*s is given twice%.*s", arg->name, STR(""));
    }
    const char *at = q->path;
    while ((at = strchr(at, '{')) != NULL) {
        size_t n = strcspn(++at, "}");
        char *name = arena_cstring(a, (pk_str){at, n});
        if (!argument_text(args, name).len) return refuse(e, a, "%.*s is missing%.*s", (pk_str){at, n}, STR(""));
    }
    return true;
}

value query_run(store *s, const query *q, const query_arguments *args, arena *a, query_error *e)
{
    *e = (query_error){0};
    return check_arguments(q, args, a, e) ? store_ask(s, q, args, a, e) : (value){0};
}
