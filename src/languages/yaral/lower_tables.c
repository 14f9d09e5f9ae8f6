/*
 * Reference lists and data tables: their entries are constants of tests. One that is not given keeps the rule from running,
 * unless lists that are not given count as empty; the test then shows the name in the place of the entries.
 */
#include "base/ip.h"
#include "languages/yaral/lower_private.h"

/* ---- finding ---- */

static const value_list *find_list(const lowering *l, pk_str name)
{
    for (size_t i = 0; l->options && i < l->options->lists.count; i++)
        if (str_equal(l->options->lists.lists[i].name, name)) return &l->options->lists.lists[i];
    return NULL;
}

static const data_table *find_table(const lowering *l, pk_str name)
{
    for (size_t i = 0; l->options && i < l->options->tables.count; i++)
        if (str_equal(l->options->tables.tables[i].name, name)) return &l->options->tables.tables[i];
    return NULL;
}

static pk_str list_text(lowering *l, const yaral_node *n)
{
    if (!n->as.list.column.len) return arena_printf(l->arena, "%%" STR_FMT, STR_ARG(n->as.list.name));
    return arena_printf(l->arena, "%%" STR_FMT "." STR_FMT, STR_ARG(n->as.list.name), STR_ARG(n->as.list.column));
}

static void needs_list(lowering *l, const yaral_node *n)
{
    if (l->options && l->options->empty_lists) return;
    for (size_t i = 0; i < l->needed.len; i++)
        if (str_equal(l->needed.at[i], n->as.list.name)) return;
    vec_push_in(l->scratch, &l->needed, n->as.list.name);
    lower_fail(l, PK_NEEDS_LIST, "yaral-list", n->span, "needs %s " STR_FMT, n->as.list.column.len ? "table" : "list",
               STR_ARG(n->as.list.name));
}

/* The column's number; false: it was told what is missing. */
bool lower_find_column(lowering *l, const yaral_node *n, const data_table **t, size_t *column)
{
    *t = find_table(l, n->as.list.name);
    if (!*t) {
        needs_list(l, n);
        return false;
    }
    for (*column = 0; *column < (*t)->column_count; ++*column)
        if (str_equal((*t)->columns[*column].name, n->as.list.column)) return true;
    lower_fail(l, PK_ERROR, "yaral-table", n->span, "table " STR_FMT " has no column '" STR_FMT "'", STR_ARG(n->as.list.name),
               STR_ARG(n->as.list.column));
    return false;
}

/* ---- entries as constants ---- */

typedef struct {
    lowering *lowering;
    yaral_in how;
    bool nocase;
    bool hash;
    bool quiet;                   /* its faults were told */
    pk_str origin;
    span span;
    VEC(ir_constant) constants;
} entries;

static pk_str ascii_lower(arena *a, pk_str s)
{
    char *out = arena_alloc(a, s.len + 1);
    for (size_t i = 0; i < s.len; i++) out[i] = s.ptr[i] >= 'A' && s.ptr[i] <= 'Z' ? (char)(s.ptr[i] + 32) : s.ptr[i];
    return (pk_str){out, s.len};
}

/* An entry that is no network or no regular expression is told and left out. */
static void add_entry(entries *e, pk_str entry)
{
    lowering *l = e->lowering;
    test_kind kind = TEST_EQUALS;
    pk_str constant = entry;
    uint16_t flags = lower_case_flag(entry, e->nocase || e->hash);
    if (e->how == YARAL_IN_REGEX) {
        lowered_regex r = lower_regex(l->arena, entry, true);
        if (r.fault.len) {
            if (!e->quiet)
                lower_fail(l, PK_WARNING, "yaral-list", e->span, "entry '" STR_FMT "' of " STR_FMT " is no regular expression: " STR_FMT,
                           STR_ARG(str_slice(entry, 0, 100)), STR_ARG(e->origin), STR_ARG(r.fault));
            return;
        }
        kind = TEST_REGEX;
        constant = r.pattern;
        flags = e->nocase ? 0 : TEST_CASED;
        if (lower_plain_pattern(l->arena, r.pattern, &kind, &constant)) flags = lower_case_flag(constant, e->nocase);
    } else if (e->how == YARAL_IN_CIDR) {
        ip_network network;
        bool host_bits;
        if (!ip_network_parse(entry, &network, &host_bits)) {
            if (!e->quiet)
                lower_fail(l, PK_WARNING, "yaral-list", e->span, "entry '" STR_FMT "' of " STR_FMT " is no IP network",
                           STR_ARG(str_slice(entry, 0, 100)), STR_ARG(e->origin));
            return;
        }
        kind = TEST_CIDR;
        flags = 0;
    } else if (e->hash) {
        constant = ascii_lower(l->arena, entry);
    }
    ir_constant c = {.test = ir_intern_test(l->catalog, kind, flags, COMPARE_EQ, value_string(constant)), .origin = e->origin,
                     .written = str_equal(constant, entry) ? STR("") : arena_str(l->arena, entry), .group = (uint32_t)e->constants.len, .span = e->span};
    vec_push_in(l->scratch, &e->constants, c);
}

static expr *use_of_entries(entries *e, typed operand, span at)
{
    lowering *l = e->lowering;
    if (!e->constants.len) return lower_at(ir_false(l->arena), at);
    expr *use = lower_at(ir_use_expr(l->arena, operand.value, e->constants.at, e->constants.len, false), at);
    use->as.use.missing = MISSING_ZERO;
    return use;
}

static void add_list(entries *e, const yaral_node *n)
{
    const value_list *list = find_list(e->lowering, n->as.list.name);
    if (list) {
        for (size_t i = 0; i < list->values.items.len; i++) add_entry(e, list->values.items.at[i]);
        return;
    }
    needs_list(e->lowering, n);
    if (e->lowering->options && e->lowering->options->empty_lists) return;
    e->how = YARAL_IN_STRINGS;
    add_entry(e, e->origin);
}

yaral_in lower_how_of(data_column_type type)
{
    switch (type) {
    case COLUMN_REGEX: return YARAL_IN_REGEX;
    case COLUMN_CIDR: return YARAL_IN_CIDR;
    case COLUMN_STRING: case COLUMN_NUMBER: break;
    }
    return YARAL_IN_STRINGS;
}

static void add_cell(entries *e, const data_table *t, size_t row, size_t column)
{
    for (size_t i = 0; i < lower_cell_values(t, row, column); i++) {
        pk_str cell = lower_cell_value(t, row, column, i), number;
        value v;
        bool plain = t->columns[column].type == COLUMN_NUMBER && lower_cell_number(cell, &v) && value_text(e->lowering->arena, &v, &number);
        add_entry(e, plain ? number : cell);
    }
}

/* "When comparing columns in data tables that are CIDR or regular expression data types, the cidr and regex keywords are optional." (Use
 * data tables, Column-based comparison) */
static void add_column(entries *e, const yaral_node *n)
{
    const data_table *t;
    size_t column;
    if (!lower_find_column(e->lowering, n, &t, &column)) {
        if (e->lowering->options && e->lowering->options->empty_lists) return;
        e->how = YARAL_IN_STRINGS;
        add_entry(e, e->origin);
        return;
    }
    if (e->how == YARAL_IN_STRINGS) e->how = lower_how_of(t->columns[column].type);
    for (size_t r = 0; r < t->row_count; r++) add_cell(e, t, r, column);
}

static entries entries_of(lowering *l, const yaral_node *n, const yaral_node *list, typed operand)
{
    entries e = {.lowering = l, .nocase = n->nocase, .hash = operand.hash, .span = list->span, .origin = STR("")};
    if (list->kind == YARAL_LIST) e.origin = list_text(l, list);
    return e;
}

/* ---- in ---- */

/* What of an array is no constant is compared one by one. */
static expr *other_items(lowering *l, const yaral_node *n)
{
    expr_list any = {0};
    for (size_t i = 0; i < n->args[1]->count; i++) {
        const yaral_node *item = n->args[1]->args[i];
        if (lower_is_constant(item)) continue;
        typed operand = lower_value(l, n->args[0]);
        vec_push_in(l->scratch, &any, lower_comparison_of(l, operand, COMPARE_EQ, lower_value(l, item), n->nocase, item->span));
    }
    return lower_any_of(l, &any);
}

expr *lower_membership(lowering *l, const yaral_node *n)
{
    const yaral_node *list = n->args[1];
    typed operand = lower_value(l, n->args[0]);
    entries e = entries_of(l, n, list, operand);
    e.how = n->as.in.how;
    if (list->kind == YARAL_LIST && list->as.list.column.len) add_column(&e, list);
    else if (list->kind == YARAL_LIST) add_list(&e, list);
    for (size_t i = 0; list->kind == YARAL_ARRAY && i < list->count; i++) {
        value v = lower_constant(l, list->args[i]);
        pk_str s;
        if (lower_is_constant(list->args[i]) && value_text(l->arena, &v, &s)) add_entry(&e, s);
    }
    expr *use = use_of_entries(&e, operand, n->span);
    if (list->kind == YARAL_ARRAY && e.constants.len < list->count)
        use = ir_or(l->arena, use, other_items(l, n));
    return lower_quantified(l, operand, use, n->as.in.negated, n->span);
}

expr *lower_in_column(lowering *l, const yaral_node *n, const yaral_node *column, yaral_in how, bool nocase, span at)
{
    typed operand = lower_value(l, n);
    entries e = {.lowering = l, .how = how, .nocase = nocase, .hash = operand.hash, .span = column->span, .origin = list_text(l, column)};
    add_column(&e, column);
    return lower_quantified(l, operand, use_of_entries(&e, operand, at), false, at);
}

expr *lower_in_cell(lowering *l, const yaral_node *n, const yaral_node *column, size_t row, bool nocase, span at)
{
    const data_table *t;
    size_t number;
    if (!lower_find_column(l, column, &t, &number)) return lower_at(ir_false(l->arena), at);
    typed operand = lower_value(l, n);
    entries e = {.lowering = l, .how = lower_how_of(t->columns[number].type), .nocase = nocase, .hash = operand.hash, .quiet = true,
                 .span = column->span, .origin = list_text(l, column)};
    add_cell(&e, t, row, number);
    return lower_quantified(l, operand, use_of_entries(&e, operand, at), false, at);
}
