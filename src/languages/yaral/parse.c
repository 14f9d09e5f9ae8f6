/*
 * Files, rules, sections. An error ends its section only: reading goes on with the next one, so that a rule with several
 * mistakes is told all of them; the rule is broken all the same, and the others of the file are not.
 */
#include "languages/yaral/parse.h"

#include <stdarg.h>
#include <stdio.h>

/* ---- diagnostics ---- */

enum { MAX_MESSAGE = 1024 };

static pk_str tell(parser *p, pk_severity severity, const char *code, span at, const char *hint, const char *format, va_list args)
{
    char words[MAX_MESSAGE];
    int n = vsnprintf(words, sizeof words, format, args);
    pk_str message = {words, n < 0 ? 0 : (size_t)n < sizeof words ? (size_t)n : sizeof words - 1};
    diag_place place = {.file = p->path, .line = at.line, .column = at.column, .length = at.end - at.start};
    diag_add_text(p->diags, severity, code, place, p->rule ? p->rule->name : STR(""), message, str_from(hint));
    return severity == PK_ERROR && p->rule && !p->rule->reason.len ? arena_str(p->texts, message) : STR("");
}

void *parser_error(parser *p, span at, const char *hint, const char *format, ...)
{
    if (p->failed) return NULL;
    va_list args;
    va_start(args, format);
    pk_str reason = tell(p, PK_ERROR, "yaral-syntax", at, hint, format, args);
    va_end(args);
    if (p->rule && !p->rule->reason.len) p->rule->reason = reason;
    if (p->rule) p->rule->broken = true;
    p->failed = true;
    return NULL;
}

void parser_warn(parser *p, const char *code, span at, const char *hint, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    tell(p, PK_WARNING, code, at, hint, format, args);
    va_end(args);
}

void *parser_expected(parser *p, const char *what, const char *hint)
{
    const token *t = parser_token(p);
    if (t->kind == TOKEN_BAD) return parser_error(p, t->span, t->hint ? t->hint : hint, "%s", t->problem);
    return parser_error(p, t->span, hint, "expected %s, found " STR_FMT, what, STR_ARG(yaral_token_name(p->arena, t, p->source)));
}

bool parser_take(parser *p, token_kind kind)
{
    if (parser_token(p)->kind != kind) return false;
    parser_next(p);
    return true;
}

/* ---- sections ---- */

static const pk_str section_names[YARAL_SECTIONS] = {
    [YARAL_META] = {"meta", 4}, [YARAL_SETUP] = {"setup", 5}, [YARAL_EXPORT] = {"export", 6}, [YARAL_EVENTS_SECTION] = {"events", 6}, [YARAL_MATCH] = {"match", 5},
    [YARAL_OUTCOME] = {"outcome", 7}, [YARAL_CONDITION] = {"condition", 9}, [YARAL_OPTIONS] = {"options", 7},
};

bool parser_section_named(pk_str name)
{
    for (size_t i = 0; i < YARAL_SECTIONS; i++)
        if (str_equal_ascii_fold(name, section_names[i])) return true;
    return false;
}

bool parser_is_section(const parser *p, yaral_section *section)
{
    const token *t = parser_token(p);
    if (t->kind != TOKEN_IDENT || parser_ahead(p, 1)->kind != TOKEN_COLON) return false;
    for (size_t i = 0; i < YARAL_SECTIONS; i++) {
        if (!str_equal_ascii_fold(t->text, section_names[i])) continue;
        *section = (yaral_section)i;
        return true;
    }
    return false;
}

/* A rule begins here: for going on behind one that is broken. */
static bool at_rule(const parser *p)
{
    return yaral_is_word(parser_token(p), "rule") && parser_ahead(p, 1)->kind == TOKEN_IDENT && parser_ahead(p, 2)->kind == TOKEN_OPEN_BRACE;
}

static bool at_section_end(const parser *p)
{
    yaral_section section;
    const token *t = parser_token(p);
    return t->kind == TOKEN_END || t->kind == TOKEN_CLOSE_BRACE || parser_is_section(p, &section) || at_rule(p);
}

/* word ":" at the start of a section that the language doesn't have. */
static bool at_unknown_section(const parser *p) { return parser_token(p)->kind == TOKEN_IDENT && parser_ahead(p, 1)->kind == TOKEN_COLON; }

void *parser_unknown_section(parser *p)
{
    const token *t = parser_token(p);
    pk_str near = t->text.len < 100 ? str_nearest(t->text, section_names, YARAL_SECTIONS) : STR("");
    pk_str hint = near.len ? arena_printf(p->arena, "did you mean '" STR_FMT "'?", STR_ARG(near))
                           : STR("the sections are meta, events, match, outcome, condition, options");
    return parser_error(p, t->span, arena_cstring(p->arena, hint), "a rule has no section '" STR_FMT "'",
                 STR_ARG(str_slice(t->text, 0, 100)));
}

/* Behind an error: to the next section, or the end of the rule. */
static void recover(parser *p)
{
    p->failed = false;
    p->depth = 0;
    while (!at_section_end(p)) parser_next(p);
}

/* meta = { key "=" literal } */
static void parse_meta(parser *p)
{
    yaral_rule *r = p->rule;
    VEC(yaral_meta) items = {0};
    while (!at_section_end(p)) {
        const token *key = parser_token(p);
        if (key->kind == TOKEN_IDENT && parser_ahead(p, 1)->kind == TOKEN_COLON) {
            parser_unknown_section(p);
            break;
        }
        if (key->kind != TOKEN_IDENT) {
            parser_expected(p, "the name of a meta field", NULL);
            break;
        }
        parser_next(p);
        if (!parser_take(p, TOKEN_EQ)) {
            parser_expected(p, "'=' behind the name of a meta field", NULL);
            break;
        }
        yaral_node *value = parse_plain_value(p);
        if (!value) {
            if (!p->failed) parser_expected(p, "a string in double quotes", NULL);
            break;
        }
        if (value->kind != YARAL_STRING || value->as.string.raw)
            parser_warn(p, "yaral-meta", value->span, "Google's compiler takes nothing else", "the value of '" STR_FMT "' is no string in double quotes",
                        STR_ARG(str_slice(key->text, 0, 100)));
        vec_push_in(p->arena, &items, ((yaral_meta){.key = key->text, .value = value, .span = span_to_here(p, key->span)}));
    }
    if (r->meta_count) { /* a second section */
        yaral_meta *all = ARENA_ARRAY(p->arena, yaral_meta, r->meta_count + items.len);
        memcpy(all, r->meta, r->meta_count * sizeof *all);
        if (items.len) memcpy(all + r->meta_count, items.at, items.len * sizeof *all);
        r->meta = all;
    } else {
        r->meta = items.at;
    }
    r->meta_count += items.len;
}

static void parse_events(parser *p)
{
    VEC(yaral_node *) items = {.at = p->rule->events, .len = p->rule->event_count, .cap = p->rule->event_count};
    while (!at_section_end(p)) {
        if (at_unknown_section(p)) parser_unknown_section(p);
        yaral_node *n = p->failed ? NULL : parse_truth(p, false);
        if (!n) break;
        vec_push_in(p->arena, &items, n);
    }
    p->rule->events = items.at;
    p->rule->event_count = items.len;
}

/* ---- match ---- */

/* key: $placeholder, or a field */
static yaral_node *parse_key(parser *p)
{
    token_kind kind = parser_token(p)->kind;
    if (kind != TOKEN_VARIABLE && kind != TOKEN_IDENT) return parser_expected(p, "a placeholder to group by, as in $host", NULL);
    yaral_node *n = parse_value(p);
    if (!n || n->kind == YARAL_VARIABLE || n->kind == YARAL_FIELD) return n;
    return parser_error(p, n->span, "bind it to a placeholder in events", "this can't be grouped by");
}

static yaral_node *parse_window_span(parser *p)
{
    if (parser_token(p)->kind != TOKEN_DURATION) return parser_expected(p, "a duration, as in 5m or 1h", NULL);
    yaral_node *n = parse_plain_value(p);
    if (n && n->as.duration.nanoseconds <= 0) return parser_error(p, n->span, NULL, "a window must last longer than nothing");
    return n;
}

/* "over" ["every"] duration [("before" | "after") $variable] | "by" duration ["tumbling"] */
static void parse_window(parser *p)
{
    yaral_window *w = &p->rule->window;
    const token *word = parser_token(p);
    bool tumbling = yaral_is_word(word, "by");
    if (!tumbling && !yaral_is_word(word, "over")) {
        parser_expected(p, "',', 'over' or 'by' behind a key", NULL);
        return;
    }
    parser_next(p);
    if (!tumbling && yaral_is_word(parser_token(p), "every")) {
        tumbling = true;
        parser_next(p);
    }
    yaral_node *duration = parse_window_span(p);
    if (!duration) return;
    w->kind = tumbling ? YARAL_WINDOW_TUMBLING : YARAL_WINDOW_HOP;
    w->duration = duration;
    if (tumbling && yaral_is_word(parser_token(p), "tumbling")) parser_next(p);
    const token *direction = parser_token(p);
    bool before = yaral_is_word(direction, "before"), after = yaral_is_word(direction, "after");
    if (!tumbling && (before || after)) {
        parser_next(p);
        if (parser_token(p)->kind != TOKEN_VARIABLE) {
            parser_expected(p, before ? "an event variable behind 'before'" : "an event variable behind 'after'", NULL);
            return;
        }
        w->kind = before ? YARAL_WINDOW_BEFORE : YARAL_WINDOW_AFTER;
        w->pivot = parser_token(p)->text;
        parser_next(p);
    }
    w->span = span_to_here(p, word->span);
}

static void parse_match(parser *p)
{
    VEC(yaral_node *) keys = {.at = p->rule->keys, .len = p->rule->key_count, .cap = p->rule->key_count};
    do {
        yaral_node *key = parse_key(p);
        if (!key) break;
        vec_push_in(p->arena, &keys, key);
    } while (parser_take(p, TOKEN_COMMA));
    p->rule->keys = keys.at;
    p->rule->key_count = keys.len;
    if (p->failed || at_section_end(p)) return;
    parse_window(p);
    if (!p->failed && !at_section_end(p)) parser_expected(p, "the next section", NULL);
}

/* ---- outcome, condition, options ---- */

static void parse_outcome(parser *p)
{
    VEC(yaral_outcome) items = {.at = p->rule->outcomes, .len = p->rule->outcome_count, .cap = p->rule->outcome_count};
    while (!at_section_end(p)) {
        const token *name = parser_token(p);
        if (at_unknown_section(p)) {
            parser_unknown_section(p);
            break;
        }
        if (name->kind != TOKEN_VARIABLE) {
            parser_expected(p, "an outcome, as in $risk_score = 35", NULL);
            break;
        }
        parser_next(p);
        if (!parser_take(p, TOKEN_EQ)) {
            parser_expected(p, "'=' behind the name of an outcome", NULL);
            break;
        }
        yaral_node *value = parse_value(p);
        if (!value) break;
        vec_push_in(p->arena, &items, ((yaral_outcome){.name = name->text, .value = value, .span = span_to_here(p, name->span)}));
    }
    p->rule->outcomes = items.at;
    p->rule->outcome_count = items.len;
}

static void parse_condition(parser *p)
{
    if (at_section_end(p)) {
        parser_expected(p, "a condition, as in $e", NULL);
        return;
    }
    yaral_node *n = parse_truth(p, true);
    if (n && !at_section_end(p)) {
        if (at_unknown_section(p)) parser_unknown_section(p);
        else parser_expected(p, "'and', 'or' or the end of the rule", NULL);
    }
    p->rule->condition = n;
}

static void parse_options(parser *p)
{
    VEC(yaral_option) items = {.at = p->rule->options, .len = p->rule->option_count, .cap = p->rule->option_count};
    while (!at_section_end(p)) {
        const token *name = parser_token(p);
        if (name->kind != TOKEN_IDENT) {
            parser_expected(p, "the name of an option", NULL);
            break;
        }
        parser_next(p);
        if (!parser_take(p, TOKEN_EQ)) {
            parser_expected(p, "'=' behind the name of an option", NULL);
            break;
        }
        yaral_node *value = parse_plain_value(p);
        if (!value) {
            if (!p->failed) parser_expected(p, "the value of an option", NULL);
            break;
        }
        vec_push_in(p->arena, &items, ((yaral_option){.name = name->text, .value = value, .span = span_to_here(p, name->span)}));
    }
    p->rule->options = items.at;
    p->rule->option_count = items.len;
}

/* ---- data tables: what they do to entities, what is written to them ---- */

static const char *const graph_changes[] = {
    [YARAL_GRAPH_OVERRIDE] = "graph_override", [YARAL_GRAPH_APPEND] = "graph_append", [YARAL_GRAPH_EXCLUDE] = "graph_exclude",
};

/* "graph_append" array | ("graph_override" | "graph_exclude") truth */
static bool parse_graph_change(parser *p, yaral_setup *out)
{
    out->span = parser_token(p)->span;
    for (size_t i = 0; i < sizeof graph_changes / sizeof *graph_changes; i++) {
        if (!yaral_is_word(parser_token(p), graph_changes[i])) continue;
        out->change = (yaral_graph_change)i;
        parser_next(p);
        out->node = out->change == YARAL_GRAPH_APPEND ? parse_value(p) : parse_truth(p, false);
        if (out->node && out->change == YARAL_GRAPH_APPEND && out->node->kind != YARAL_ARRAY)
            return parser_error(p, out->node->span, "write graph_append [$entity, %table]", "expected an entity and a table in brackets");
        out->span = span_to_here(p, out->span);
        return out->node != NULL;
    }
    return parser_expected(p, "graph_override, graph_append or graph_exclude", NULL);
}

static void parse_setup(parser *p)
{
    VEC(yaral_setup) items = {.at = p->rule->setups, .len = p->rule->setup_count, .cap = p->rule->setup_count};
    yaral_setup one = {0};
    while (!at_section_end(p) && parse_graph_change(p, &one)) vec_push_in(p->arena, &items, one);
    p->rule->setups = items.at;
    p->rule->setup_count = items.len;
}

/* { %table.write_row(column: value, ...) } */
static void parse_export(parser *p)
{
    VEC(yaral_node *) items = {.at = p->rule->exports, .len = p->rule->export_count, .cap = p->rule->export_count};
    while (!at_section_end(p)) {
        const token *t = parser_token(p);
        bool written = t->kind == TOKEN_LIST && str_ends_with(t->text, STR(".write_row")) && parser_ahead(p, 1)->kind == TOKEN_OPEN;
        if (!written) {
            parser_expected(p, "a row that is written, as in %table.write_row(host: $host)", NULL);
            break;
        }
        yaral_node *n = parse_listed_call(p);
        if (!n) break;
        vec_push_in(p->arena, &items, n);
    }
    p->rule->exports = items.at;
    p->rule->export_count = items.len;
}

/* ---- rules ---- */

static void (*const section_parsers[YARAL_SECTIONS])(parser *) = {
    [YARAL_META] = parse_meta, [YARAL_SETUP] = parse_setup, [YARAL_EXPORT] = parse_export, [YARAL_EVENTS_SECTION] = parse_events, [YARAL_MATCH] = parse_match,
    [YARAL_OUTCOME] = parse_outcome, [YARAL_CONDITION] = parse_condition, [YARAL_OPTIONS] = parse_options,
};

/* The section begins here; *latest is the one before it in the order of the language. */
static void parse_section(parser *p, yaral_section section, int *latest)
{
    span from = parser_token(p)->span, *place = &p->rule->sections[section];
    const char *name = section_names[section].ptr;
    if (place->line) {
        if (section == YARAL_MATCH || section == YARAL_CONDITION)
            parser_error(p, from, NULL, "a second section '%s'; the first is at line %u", name, place->line);
        else
            parser_warn(p, "yaral-section", from, "Google's compiler takes one", "a second section '%s', which goes on with that of line %u", name, place->line);
    } else if ((int)section < *latest && section != YARAL_EXPORT) {
        parser_warn(p, "yaral-section", from, "the order is meta, events, match, outcome, condition, options",
                    "the section '%s' stands too late for Google's compiler", name);
    }
    if (p->failed) {
        parser_next(p);
        recover(p);
        return;
    }
    if ((int)section > *latest && section != YARAL_EXPORT) *latest = (int)section; /* which of export and options comes last is not said */
    parser_next(p);
    parser_next(p);
    section_parsers[section](p);
    if (!place->line) *place = span_to_here(p, from);
    if (p->failed) recover(p);
}

/* What every rule must have. */
static void check_sections(parser *p)
{
    const yaral_rule *r = p->rule;
    if (r->broken) return;
    if (!r->sections[YARAL_EVENTS_SECTION].line) parser_error(p, r->name_span, NULL, "the rule has no section 'events'");
    else if (!r->event_count) parser_error(p, r->sections[YARAL_EVENTS_SECTION], NULL, "the section 'events' is empty");
    else if (!r->sections[YARAL_CONDITION].line) parser_error(p, r->name_span, "add condition: with the variables that must be there", "the rule has no section 'condition'");
    p->failed = false;
}

static void parse_sections(parser *p)
{
    int latest = -1;
    yaral_section section;
    while (!at_rule(p) && parser_token(p)->kind != TOKEN_END && parser_token(p)->kind != TOKEN_CLOSE_BRACE) {
        if (parser_is_section(p, &section)) {
            parse_section(p, section, &latest);
            continue;
        }
        if (at_unknown_section(p)) parser_unknown_section(p);
        else parser_expected(p, "a section, as in events:", NULL);
        parser_next(p);
        recover(p);
    }
}

/* rule = "rule" ident "{" sections "}" */
static yaral_rule *parse_rule(parser *p)
{
    yaral_rule *r = ARENA_NEW(p->arena, yaral_rule);
    *r = (yaral_rule){.name = STR(""), .reason = STR(""), .span = parser_token(p)->span, .window = {.pivot = STR(""), .pivot_index = YARAL_NONE}};
    p->rule = r;
    parser_next(p);
    r->name_span = parser_token(p)->span;
    if (parser_token(p)->kind == TOKEN_IDENT || parser_token(p)->kind == TOKEN_STRING) r->name = parser_token(p)->text;
    if (parser_token(p)->kind != TOKEN_IDENT) parser_expected(p, "the name of the rule", "letters, digits and _ only");
    if (!p->failed || parser_token(p)->kind == TOKEN_STRING) parser_next(p);
    if (!p->failed && parser_token(p)->kind != TOKEN_OPEN_BRACE) parser_expected(p, "'{' behind the name of the rule", NULL);
    if (p->failed) recover(p);
    else parser_next(p);
    parse_sections(p);
    if (!parser_take(p, TOKEN_CLOSE_BRACE) && !r->broken) {
        parser_error(p, parser_token(p)->span, NULL, "expected '}' at the end of the rule that begins at line %u, found " STR_FMT, r->span.line,
                     STR_ARG(yaral_token_name(p->arena, parser_token(p), p->source)));
        p->failed = false;
    }
    r->span = span_to_here(p, r->span);
    check_sections(p);
    p->rule = NULL;
    return r;
}

/* What stands between rules is told once, and passed over to the next `rule`. */
static void pass_over(parser *p)
{
    parser_expected(p, "'rule'", NULL);
    p->failed = false;
    do parser_next(p);
    while (parser_token(p)->kind != TOKEN_END && !yaral_is_word(parser_token(p), "rule"));
}

yaral_file yaral_parse(arena *nodes, arena *texts, pk_str path, pk_str source, diag_list *d)
{
    VEC(yaral_rule *) rules = {0};
    token_list tokens = {0};
    parser p = {.arena = nodes, .texts = texts, .path = path, .source = source, .diags = d};
    if (source.len > UINT32_MAX / 2) {
        parser_error(&p, (span){0}, NULL, "the file is larger than 2 GiB");
        return (yaral_file){0};
    }
    yaral_lex(texts, source, &tokens);
    p.tokens = tokens.items.at;
    p.last = tokens.items.len - 1;
    while (parser_token(&p)->kind != TOKEN_END) {
        if (yaral_is_word(parser_token(&p), "rule")) vec_push_in(nodes, &rules, parse_rule(&p));
        else pass_over(&p);
    }
    vec_free(&tokens.items);
    return (yaral_file){rules.at, rules.len};
}
