/*
 * The page of a rule. Long rules (thousands of values, megabytes of text) are cut at budgets that keep the page below 100 KB;
 * the page says what is left out and links to where all of it is.
 */
#include "web/highlight.h"
#include "web/view_text.h"

enum {
    DESCRIPTION_SHOWN = 6000,
    PAGE_BUDGET = 78000, BODY_LEAST = 12000, STAGE_BUDGET = 4000, STAGES_BUDGET = 14000, /* bytes of page */
    STAGE_VALUES = 24, ALL_STAGE_VALUES = 60, INDICATOR_VALUES = 90, VALUE_BYTES = 8000,
    STAGE_COST = 520, GROUP_COST = 220, VALUE_COST = 95, INDICATOR_COST = 250, LINK_COST = 400, /* of markup */
    LIST_SHOWN = 40,
};

/* ---- coverage ---- */

static value tactic_row(page *p, const value *v)
{
    record r = record_of(p, v);
    pk_str id = text_at(v, "tactic_id");
    if (p->links.style == LINKS_SERVER && id.len)
        set_text(p, &r, "href", link_query(&p->links, PLACE_RULES, STR(""), arena_concat(p->a, STR("tactic="), percent_encode(p->a, id)), STR("")));
    set_each(p, &r, v, "techniques", technique_view);
    return record_done(&r);
}

static value written_attack(page *p, const value *v)
{
    record r = record_of(p, v);
    const value *technique = at(v, "technique");
    set(p, &r, "technique", technique->type == VALUE_RECORD ? technique_view(p, technique) : value_null());
    return record_done(&r);
}

/* Only what is told differently today than the rule writes it. */
static value retired_names(page *p, const value *attack)
{
    list_builder out = {0};
    for (size_t i = 0; attack->type == VALUE_LIST && i < attack->as.list.count; i++)
        if (flag_at(item(attack, i), "retired")) list_add(p->a, &out, written_attack(p, item(attack, i)));
    return list_done(&out);
}

/* ---- stages ---- */

typedef struct {
    size_t values, text;          /* what is left of the budgets */
    size_t spent;                 /* bytes of page, about */
} stage_budget;

static bool same_group(const value *x, const value *y)
{
    return str_equal(text_at(x, "field"), text_at(y, "field")) && str_equal(text_at(x, "kind"), text_at(y, "kind")) && flag_at(x, "negated") == flag_at(y, "negated");
}

static value stage_value(page *p, const value *predicate)
{
    record r = {0};
    pk_str v = text_at(predicate, "value");
    set_text(p, &r, "value", cut_text(v, 300));
    set_flag(p, &r, "more", v.len > 300);
    set_flag(p, &r, "no_value", !v.len);
    set_text(p, &r, "anchor", arena_printf(p->a, "#i-" STR_FMT, STR_ARG(text_at(predicate, "key"))));
    int64_t line = int_at(predicate, "line");
    if (line > 0) set_text(p, &r, "line", arena_printf(p->a, "%lld", (long long)line));
    return record_done(&r);
}

/* Predicates that follow each other with one field and kind are one group. */
static value stage_groups(page *p, const value *predicates, stage_budget *left, size_t *cut)
{
    list_builder groups = {0};
    size_t n = predicates->type == VALUE_LIST ? predicates->as.list.count : 0, shown = 0;
    *cut = 0;
    for (size_t i = 0; i < n;) {
        const value *first = item(predicates, i);
        record g = {0};
        pk_str field = text_at(first, "field");
        set_text(p, &g, "field", field);
        set_text(p, &g, "kind", text_at(first, "kind"));
        set_text(p, &g, "meaning", kind_meaning(text_at(first, "kind")));
        set_flag(p, &g, "negated", flag_at(first, "negated"));
        list_builder values = {0};
        for (; i < n && same_group(first, item(predicates, i)); i++) {
            if (shown >= STAGE_VALUES || left->values == 0) {
                ++*cut;
                continue;
            }
            shown++;
            left->values--;
            left->spent += VALUE_COST;
            list_add(p->a, &values, stage_value(p, item(predicates, i)));
        }
        if (!values.items.len) continue;
        set(p, &g, "values", list_done(&values));
        list_add(p->a, &groups, record_done(&g));
        left->spent += GROUP_COST;
    }
    return list_done(&groups);
}

static value names_view(page *p, const value *v)
{
    record r = record_of(p, v);
    text t = {0};
    for (size_t i = 0; i < count_at(v, "names"); i++) {
        if (i) text_put(&t, STR(", "));
        if (item(at(v, "names"), i)->type == VALUE_STRING) text_put(&t, item(at(v, "names"), i)->as.string);
    }
    set_text(p, &r, "joined", arena_str(p->a, cut_text(text_view(&t), 2000)));
    text_free(&t);
    return record_done(&r);
}

static value linked_rule(page *p, const value *v)
{
    record r = record_of(p, v);
    set_text(p, &r, "href", text_at(v, "key").len ? link_to(&p->links, PLACE_RULE, text_at(v, "language"), text_at(v, "key")) : STR(""));
    return record_done(&r);
}

static pk_str line_range(page *p, int64_t from, int64_t to)
{
    if (to > from) return arena_printf(p->a, "lines %lld\u2013%lld", (long long)from, (long long)to);
    return arena_printf(p->a, "line %lld", (long long)from);
}

static value stage_view(page *p, const value *v, pk_str syntax, stage_budget *left)
{
    record r = record_of(p, v);
    int64_t line = int_at(v, "line"), end_line = int_at(v, "end_line");
    bool elsewhere = text_at(v, "path").len > 0;
    set_text(p, &r, "number", arena_printf(p->a, "%lld", (long long)int_at(v, "index")));
    if (line > 0 && !elsewhere) {
        set_text(p, &r, "range", line_range(p, line, end_line));
        set_text(p, &r, "range_href", arena_printf(p->a, "#L%lld", (long long)line));
    }
    bool condition = str_equal(text_at(v, "title"), STR("condition")) && str_equal(syntax, STR("yaml"));
    size_t lines_left = 0, cut = 0, budget = left->text < STAGE_BUDGET ? left->text + 1 : STAGE_BUDGET;
    highlight_options o = {.first_line = line > 0 ? (uint32_t)line : 1, .budget = budget};
    pk_str shown = text_at(v, "text");
    set(p, &r, "lines", highlight_lines(p->a, shown, condition ? STR("condition") : syntax, &o, &lines_left));
    left->text -= o.used < left->text ? o.used : left->text;
    left->spent += o.used + STAGE_COST;
    set_int(p, &r, "lines_cut", (int64_t)lines_left);
    set_flag(p, &r, "any_lines_cut", lines_left > 0);
    set(p, &r, "groups", stage_groups(p, at(v, "predicates"), left, &cut));
    set_int(p, &r, "values_cut", (int64_t)cut);
    set_flag(p, &r, "any_values_cut", cut > 0);
    set_each(p, &r, v, "names", names_view);
    set_each(p, &r, v, "rules", linked_rule);
    int64_t reason_line = int_at(v, "reason_line");
    if (reason_line > 0) {
        set_text(p, &r, "reason_place", arena_printf(p->a, "%lld:%lld", (long long)reason_line, (long long)int_at(v, "reason_column")));
        set_text(p, &r, "reason_href", arena_printf(p->a, "#L%lld", (long long)reason_line));
    }
    return record_done(&r);
}

static value stages_view(page *p, const value *v, pk_str syntax, size_t *spent)
{
    stage_budget left = {.values = ALL_STAGE_VALUES, .text = STAGES_BUDGET};
    list_builder out = {0};
    for (size_t i = 0; i < count_at(v, "stages"); i++) list_add(p->a, &out, stage_view(p, item(at(v, "stages"), i), syntax, &left));
    *spent += left.spent;
    return list_done(&out);
}

/* ---- indicators ---- */

typedef struct {
    size_t values, bytes, cut, negated;
} indicator_budget;

static value indicator_value(page *p, const value *v)
{
    record r = record_of(p, v);
    pk_str shown = text_at(v, "value"), written = text_at(v, "written"), key = text_at(v, "key");
    int64_t corpus = int_at(v, "corpus"), normalised = int_at(v, "normalised");
    set_text(p, &r, "value", cut_text(shown, 400));
    set_flag(p, &r, "more", shown.len > 400);
    set_flag(p, &r, "no_value", !shown.len);
    set_text(p, &r, "written", written.len && !str_equal(written, shown) ? cut_text(written, 400) : STR(""));
    set_text(p, &r, "href", link_to(&p->links, PLACE_INDICATOR, key, STR("")));
    set_text(p, &r, "id", arena_printf(p->a, "i-" STR_FMT, STR_ARG(key)));
    set_flag(p, &r, "unique", corpus == 0);
    set_text(p, &r, "corpus_unit", corpus == 1 ? STR("other rule") : STR("other rules"));
    set_flag(p, &r, "differs", is_there(v, "normalised") && normalised != corpus);
    return record_done(&r);
}

static value indicator_row(page *p, const value *v, indicator_budget *left)
{
    record r = record_of(p, v);
    pk_str field = text_at(v, "field");
    set_flag(p, &r, "keyword", !field.len);
    if (field.len) set_text(p, &r, "field_href", link_to(&p->links, PLACE_FIELD, field, STR("")));
    set_text(p, &r, "meaning", kind_meaning(text_at(v, "kind")));
    list_builder values = {0};
    bool positive = false;
    size_t n = count_at(v, "values");
    for (size_t i = 0; i < n; i++) {
        const value *one = item(at(v, "values"), i);
        size_t bytes = text_at(one, "value").len < 400 ? text_at(one, "value").len : 400;
        left->negated += flag_at(one, "negated");
        positive = positive || !flag_at(one, "negated");
        if (left->values == 0 || left->bytes < bytes) {
            left->cut++;
            continue;
        }
        left->values--;
        left->bytes -= bytes;
        list_add(p->a, &values, indicator_value(p, one));
    }
    set_int(p, &r, "count", (int64_t)n);
    set_flag(p, &r, "several", n > 1);
    set_flag(p, &r, "all_negated", !positive);
    set(p, &r, "values", list_done(&values));
    return record_done(&r);
}

static void put_indicators(page *p, record *r, const value *v, size_t *spent)
{
    indicator_budget left = {.values = INDICATOR_VALUES, .bytes = VALUE_BYTES};
    list_builder out = {0};
    for (size_t i = 0; i < count_at(v, "indicators"); i++) {
        value row = indicator_row(p, item(at(v, "indicators"), i), &left);
        if (count_at(&row, "values")) list_add(p->a, &out, row);
    }
    *spent += (INDICATOR_VALUES - left.values) * INDICATOR_COST + (VALUE_BYTES - left.bytes) + out.items.len * GROUP_COST;
    set(p, r, "indicators", list_done(&out));
    set_int(p, r, "indicators_cut", (int64_t)left.cut);
    set_flag(p, r, "any_indicators_cut", left.cut > 0);
    set_flag(p, r, "any_negated", left.negated > 0);
}

/* ---- facts ---- */

/* `title`: what is shown beside it on demand. */
static void add_titled_fact(page *p, list_builder *out, const char *name, pk_str v, pk_str href, bool code, pk_str title)
{
    if (!v.len) return;
    record r = {0};
    set_text(p, &r, "name", str_from(name));
    set_text(p, &r, "value", cut_text(v, 1000));
    set_text(p, &r, "href", href);
    set_flag(p, &r, "code", code);
    set_text(p, &r, "title", cut_text(title, 1000));
    list_add(p->a, out, record_done(&r));
}

static void add_fact(page *p, list_builder *out, const char *name, pk_str v, pk_str href, bool code) { add_titled_fact(p, out, name, v, href, code, STR("")); }

static pk_str list_href(page *p, const char *name, pk_str v)
{
    if (!v.len) return v;
    pk_str asked = arena_printf(p->a, "%s=" STR_FMT, name, STR_ARG(percent_encode(p->a, v)));
    return link_query(&p->links, PLACE_RULES, STR(""), asked, arena_printf(p->a, "%s:\"" STR_FMT "\"", name, STR_ARG(v)));
}

static pk_str number_text(page *p, const value *v, const char *name)
{
    pk_str s = STR("");
    if (is_there(v, name)) value_text(p->a, at(v, name), &s);
    return s;
}

static value facts(page *p, const value *v)
{
    const value *m = at(v, "metadata"), *source = at(m, "logsource");
    list_builder out = {0};
    pk_str none = STR(""), line = int_at(m, "line") > 1 ? arena_printf(p->a, ":%lld", (long long)int_at(m, "line")) : none;
    add_fact(p, &out, "Id", text_at(v, "id"), none, true);
    add_fact(p, &out, "Language", language_title(p, text_at(v, "language")), link_to(&p->links, PLACE_LANGUAGE, text_at(v, "language"), none), false);
    add_fact(p, &out, "Type", text_at(m, "type"), list_href(p, "type", text_at(m, "type")), false);
    add_fact(p, &out, "State", text_at(m, "state"), list_href(p, "state", text_at(m, "state")), false);
    add_fact(p, &out, "Level", text_at(m, "level"), list_href(p, "level", text_at(m, "level")), false);
    add_fact(p, &out, "Risk score", number_text(p, m, "risk_score"), none, false);
    add_fact(p, &out, "Status", text_at(m, "status"), list_href(p, "status", text_at(m, "status")), false);
    add_fact(p, &out, "Product", text_at(source, "product"), list_href(p, "product", text_at(source, "product")), false);
    add_fact(p, &out, "Category", text_at(source, "category"), list_href(p, "category", text_at(source, "category")), false);
    add_fact(p, &out, "Service", text_at(source, "service"), list_href(p, "service", text_at(source, "service")), false);
    add_fact(p, &out, "Author", text_at(m, "author"), none, false);
    add_fact(p, &out, "Created", text_at(m, "date"), none, false);
    add_fact(p, &out, "Modified", text_at(m, "modified"), none, false);
    add_fact(p, &out, "Licence", text_at(m, "licence"), none, false);
    add_fact(p, &out, "Vendor", text_at(m, "vendor"), none, false);
    pk_str file = text_at(m, "file").len ? text_at(m, "file") : text_at(m, "path");
    add_titled_fact(p, &out, "Source", file.len ? arena_concat(p->a, file, line) : none, none, true, text_at(m, "path"));
    add_fact(p, &out, "Revision", text_at(m, "revision"), none, true);
    for (size_t i = 0; i < count_at(m, "other") && i < LIST_SHOWN; i++) {
        const value *o = item(at(m, "other"), i);
        if (!str_equal(text_at(o, "key"), STR("related"))) /* has a section */
            add_fact(p, &out, arena_cstring(p->a, cut_text(text_at(o, "key"), 100)), text_at(o, "value"), none, false);
    }
    return list_done(&out);
}

/* ---- other rules ---- */

static value relation_view(page *p, const value *v)
{
    record r = record_of(p, v);
    const value *rule = at(v, "rule");
    set(p, &r, "rule", rule->type == VALUE_RECORD ? card_view(p, rule) : value_bool(false));
    return record_done(&r);
}

static value similar_view(page *p, const value *v)
{
    record r = record_of(p, v);
    double weight = 0;
    value_number(at(v, "weight"), &weight);
    set(p, &r, "rule", card_view(p, at(v, "rule")));
    set_text(p, &r, "percent", arena_printf(p->a, "%d %%", (int)(weight * 100 + 0.5)));
    set(p, &r, "predicates", each_of(p, at(v, "predicates"), predicate_view, 3));
    set_text(p, &r, "shared_unit", int_at(v, "shared") == 1 ? STR("predicate") : STR("predicates"));
    return record_done(&r);
}

static value diagnostic_view(page *p, const value *v)
{
    record r = record_of(p, v);
    set_text(p, &r, "severity_class", severity_class(text_at(v, "severity")));
    int64_t line = int_at(v, "line");
    if (line > 0) {
        set_text(p, &r, "place", arena_printf(p->a, "%lld:%lld", (long long)line, (long long)int_at(v, "column")));
        set_text(p, &r, "place_href", arena_printf(p->a, "#L%lld", (long long)line));
    }
    return record_done(&r);
}

static value texts_cut(page *p, const value *list, size_t most)
{
    list_builder out = {0};
    for (size_t i = 0; list->type == VALUE_LIST && i < list->as.list.count && i < most; i++)
        if (item(list, i)->type == VALUE_STRING) list_add(p->a, &out, value_string(cut_text(item(list, i)->as.string, 1500)));
    return list_done(&out);
}

static value tag_view(page *p, const value *v)
{
    record r = {0};
    pk_str s = v->type == VALUE_STRING ? cut_text(v->as.string, 200) : STR("");
    set_text(p, &r, "tag", s);
    return record_done(&r);
}


/* ---- the page ---- */

/* What is left of the page by what has been spent of it. */
static void put_body(page *p, record *r, const value *v, size_t spent)
{
    const value *body = at(v, "body");
    int64_t line = int_at(at(v, "metadata"), "line");
    size_t lines_left = 0;
    size_t budget = spent + BODY_LEAST < PAGE_BUDGET ? PAGE_BUDGET - spent : BODY_LEAST;
    highlight_options o = {.first_line = line > 0 ? (uint32_t)line : 1, .budget = budget, .anchor = "L"};
    p->raw = text_at(body, "text");
    set_text(p, r, "syntax", text_at(body, "syntax"));
    set(p, r, "lines", highlight_lines(p->a, p->raw, text_at(body, "syntax"), &o, &lines_left));
    set_int(p, r, "lines_cut", (int64_t)lines_left);
    set_flag(p, r, "any_lines_cut", lines_left > 0);
    set_text(p, r, "raw_href", this_query(p, ".raw"));
}

/* Below the table, and as the tooltip of every count. */
static void put_scope(page *p, record *r, const value *scope)
{
    pk_str shown = text_at(scope, "text");
    set_text(p, r, "scope_text", shown);
    set_text(p, &p->extra, "corpus_title", arena_printf(p->a, "other rules that ask the same, of " STR_FMT, STR_ARG(count_text(p->a, int_at(scope, "rules")))));
    set_text(p, &p->extra, "normal_title", STR("other rules that ask the same, fields mapped to one schema"));
}

static value alerts_view(page *p, const value *v)
{
    record r = record_of(p, at(v, "alerts"));
    pk_str key = arena_printf(p->a, STR_FMT "/" STR_FMT, STR_ARG(text_at(v, "language")), STR_ARG(text_at(v, "key")));
    set_text(p, &r, "run_href", link_query(&p->links, PLACE_RUN, STR(""), arena_concat(p->a, STR("rule="), percent_encode(p->a, key)), STR("")));
    return record_done(&r);
}

value view_rule(page *p, const value *v)
{
    record r = record_of(p, v);
    const value *m = at(v, "metadata");
    pk_str language = text_at(v, "language"), title = text_at(v, "title"), description = text_at(v, "description");
    if (!title.len) title = text_at(v, "id");
    p->title = cut_text(title, 500);
    add_crumb(p, STR("Detection rules"), link_to(&p->links, PLACE_RULES, STR(""), STR("")));
    add_crumb(p, language_title(p, language), link_to(&p->links, PLACE_LANGUAGE, language, STR("")));
    set_text(p, &r, "title", p->title);
    set(p, &r, "description", text_blocks(p, cut_text(description, DESCRIPTION_SHOWN)));
    set_flag(p, &r, "description_cut", description.len > DESCRIPTION_SHOWN);
    set_text(p, &r, "level", text_at(m, "level"));
    set_text(p, &r, "level_class", level_class(text_at(m, "level")));
    set_text(p, &r, "status", text_at(m, "status"));
    set_text(p, &r, "type", text_at(m, "type"));
    set_text(p, &r, "log_source", log_source_text(p, at(m, "logsource")));
    set_text(p, &r, "date", text_at(m, "modified").len ? text_at(m, "modified") : text_at(m, "date"));
    set_text(p, &r, "date_word", text_at(m, "modified").len ? STR("modified") : STR("created"));
    set_flag(p, &r, "stopped", text_at(m, "state").len && !str_equal(text_at(m, "state"), STR("runnable")));
    set_text(p, &r, "state", text_at(m, "state"));
    set_text(p, &r, "reason", cut_text(text_at(m, "reason"), 1000));
    set_each(p, &r, v, "coverage", tactic_row);
    set(p, &r, "retired_names", retired_names(p, at(m, "attack")));
    set_each(p, &r, v, "events", source_view);
    set_each(p, &r, v, "runs_on", source_view);
    size_t spent = LINK_COST * (count_at(m, "related") + count_at(m, "related_from") + count_at(m, "references") + count_at(v, "similar"));
    set(p, &r, "stages", stages_view(p, v, text_at(at(v, "body"), "syntax"), &spent));
    put_indicators(p, &r, v, &spent);
    put_body(p, &r, v, spent + (description.len < DESCRIPTION_SHOWN ? description.len : DESCRIPTION_SHOWN));
    set(p, &r, "facts", facts(p, v));
    set_text(p, &r, "definition", cut_text(text_at(m, "definition"), 2000));
    set(p, &r, "references", links_of_texts(p, at(m, "references"), LIST_SHOWN));
    set(p, &r, "false_positives", texts_cut(p, at(m, "false_positives"), LIST_SHOWN));
    set(p, &r, "tags", each_of(p, at(m, "tags"), tag_view, 60));
    set(p, &r, "related", each_of(p, at(m, "related"), relation_view, LIST_SHOWN));
    set(p, &r, "related_from", each_of(p, at(m, "related_from"), relation_view, LIST_SHOWN));
    set_flag(p, &r, "any_related", count_at(m, "related") + count_at(m, "related_from") > 0);
    set(p, &r, "twins", each_of(p, at(m, "twins"), card_view, 20));
    set(p, &r, "similar", each_of(p, at(v, "similar"), similar_view, 10));
    set(p, &r, "diagnostics", each_of(p, at(v, "diagnostics"), diagnostic_view, LIST_SHOWN));
    put_scope(p, &r, at(v, "scope"));
    if (is_there(v, "alerts")) set(p, &r, "alerts", alerts_view(p, v));
    else set_flag(p, &r, "alerts", false);
    set_text(p, &r, "json_href", this_query(p, ".json"));
    if (p->links.style == LINKS_SERVER) {
        pk_str key = arena_printf(p->a, STR_FMT "/" STR_FMT, STR_ARG(language), STR_ARG(text_at(v, "key")));
        set_text(p, &r, "compare_href", arena_concat(p->a, STR("/compare?rule="), percent_encode(p->a, key)));
    }
    return record_done(&r);
}
