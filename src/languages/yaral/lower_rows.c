/*
 * Rows of data tables. "A row-based comparison evaluates as true only if all conditions in the statement match a single row in the
 * data table" (Use data tables, Join a data table with an event or entity): so a table whose columns are compared is one more input
 * of the join, whose rows the plan holds, and a column is a column of its rows. What such a comparison asks of the event alone, that its
 * value stands somewhere in the column, events are matched by before.
 *
 * A table of which one column is compared once, and nothing else is read, is but a list.
 */
#include "languages/yaral/lower_private.h"

bool lower_is_timeless(const lowering *l, uint32_t variable)
{
    yaral_source source = l->ast->variables[variable].source;
    return source == YARAL_ENTITIES || source == YARAL_TABLES;
}

/* ---- what is asked of a row ---- */

static bool is_column(const yaral_node *n) { return n->kind == YARAL_LIST && n->as.list.index != YARAL_NONE; }

static const data_column *type_of_column(const lowering *l, const yaral_node *n)
{
    for (size_t i = 0; l->options && i < l->options->tables.count; i++) {
        const data_table *t = &l->options->tables.tables[i];
        for (size_t c = 0; c < t->column_count && str_equal(t->name, n->as.list.name); c++)
            if (str_equal(t->columns[c].name, n->as.list.column)) return &t->columns[c];
    }
    return NULL;
}

/* A column of patterns or networks is asked as such by `=`, too. */
static bool is_comparison(const lowering *l, const yaral_node *n, row_test *out)
{
    bool equal = n->as.compare == YARAL_EQ || n->as.compare == YARAL_NE;
    if (n->kind != YARAL_COMPARE || !equal || is_column(n->args[0]) == is_column(n->args[1])) return false;
    size_t column = is_column(n->args[1]);
    const yaral_node *other = n->args[!column];
    if (lower_is_constant(other) || other->kind == YARAL_LIST) return false;
    const data_column *type = type_of_column(l, n->args[column]);
    *out = (row_test){other, n->args[column], type ? lower_how_of(type->type) : YARAL_IN_STRINGS, n->nocase, n->as.compare == YARAL_NE};
    return true;
}

bool lower_is_row_test(lowering *l, const yaral_node *n, row_test *out)
{
    if (n->kind != YARAL_CALL) return is_comparison(l, n, out);
    bool regex = str_equal(n->as.call.name, STR("re.regex")), network = str_equal(n->as.call.name, STR("net.ip_in_range_cidr"));
    if ((!regex && !network) || n->count != 2 || !is_column(n->args[1]) || n->args[0]->kind == YARAL_LIST) return false;
    *out = (row_test){n->args[0], n->args[1], regex ? YARAL_IN_REGEX : YARAL_IN_CIDR, n->nocase, false};
    return true;
}

expr *lower_row_test(lowering *l, const row_test *t, span at)
{
    typed x = lower_value(l, t->value);
    typed cell = lower_cell(l, t->column, t->how != YARAL_IN_REGEX ? CELL_VALUE : t->nocase ? CELL_PATTERN_NOCASE : CELL_PATTERN);
    if (t->how == YARAL_IN_STRINGS) /* digests of events are in lower case */
        return lower_comparison_of(l, x, t->negated ? COMPARE_NE : COMPARE_EQ, cell, t->nocase || x.hash, at);
    expr *args[2] = {t->how == YARAL_IN_REGEX ? lower_zeroed(l, x) : x.value, cell.value};
    expr *e = lower_call(l, t->how == YARAL_IN_REGEX ? "regex_found" : "ip_in_network", args, 2, at);
    return t->negated ? lower_at(ir_not(l->arena, e), at) : e;
}

/* ---- cells ---- */

/* "Separate the data field values using a pipe" (Use data tables, Map data types to data table columns). */
size_t lower_cell_values(const data_table *t, size_t row, size_t column)
{
    pk_str cell = t->cells[row * t->column_count + column];
    size_t count = 1;
    for (size_t i = 0; t->columns[column].repeated && i < cell.len; i++) count += cell.ptr[i] == '|';
    return count;
}

pk_str lower_cell_value(const data_table *t, size_t row, size_t column, size_t number)
{
    pk_str rest = t->cells[row * t->column_count + column];
    if (!t->columns[column].repeated) return rest;
    for (; number; number--) rest = str_slice(rest, str_find_char(rest, '|') + 1, STR_NPOS);
    return str_trim(str_slice(rest, 0, str_find_char(rest, '|')));
}

/* ---- columns ---- */

bool lower_cell_number(pk_str cell, value *out)
{
    int64_t whole;
    double real;
    cell = str_trim(cell);
    if (str_to_int(cell, false, &whole)) *out = value_int(whole);
    else if (str_to_double(cell, &real)) *out = value_real(real);
    else return false;
    return true;
}

static lowered_type type_of_cells(const data_table *t, size_t column, cell_use use)
{
    bool whole = true;
    value v;
    if (use != CELL_VALUE || t->columns[column].type != COLUMN_NUMBER) return TYPE_TEXT;
    for (size_t r = 0; r < t->row_count; r++)
        for (size_t i = 0; i < lower_cell_values(t, r, column); i++)
            if (lower_cell_number(lower_cell_value(t, r, column, i), &v)) whole &= v.type == VALUE_INT;
    return whole ? TYPE_INT : TYPE_FLOAT;
}

typed lower_cell(lowering *l, const yaral_node *n, cell_use use)
{
    static const char *const behind[] = {[CELL_VALUE] = "", [CELL_PATTERN] = ":pattern", [CELL_PATTERN_NOCASE] = ":pattern-nocase"};
    variable_plan *v = &l->variables[n->as.list.index];
    const data_table *t;
    table_read read = {.use = use, .type = TYPE_TEXT, .column = SIZE_MAX,
                       .name = arena_printf(l->arena, STR_FMT "." STR_FMT "%s", STR_ARG(v->name), STR_ARG(n->as.list.column), behind[use])};
    for (size_t i = 0; i < v->cells.len; i++)
        if (str_equal(v->cells.at[i].name, read.name)) return lower_typed(lower_column(l, read.name), v->cells.at[i].type, n->span);
    size_t column;
    if (lower_find_column(l, n, &t, &column)) {
        read.column = column;
        read.type = type_of_cells(t, column, use);
    }
    vec_push_in(l->scratch, &v->cells, read);
    return lower_typed(lower_column(l, read.name), read.type, n->span);
}

/* ---- the stage ---- */

/* RE2, in the syntax of the IR; what is no regular expression is told and matches nothing. */
static value pattern_of(lowering *l, pk_str cell, bool nocase, const data_table *t, span at)
{
    lowered_regex r = lower_regex(l->arena, cell, true);
    if (!r.fault.len) return value_string(nocase ? arena_concat(l->arena, STR("(?i)"), r.pattern) : r.pattern);
    lower_fail(l, PK_WARNING, "yaral-list", at, "entry '" STR_FMT "' of %%" STR_FMT " is no regular expression: " STR_FMT,
               STR_ARG(str_slice(cell, 0, 100)), STR_ARG(t->name), STR_ARG(r.fault));
    return value_string(STR("(?!)"));
}

static value cell_value(lowering *l, const data_table *t, const table_read *read, pk_str cell, span at)
{
    value v = value_string(cell);
    if (read->use != CELL_VALUE) return pattern_of(l, cell, read->use == CELL_PATTERN_NOCASE, t, at);
    if (t->columns[read->column].type == COLUMN_NUMBER && !lower_cell_number(cell, &v)) return (value){.type = VALUE_NULL};
    return v;
}

static const data_table *table_named(const lowering *l, pk_str name)
{
    for (size_t i = 0; l->options && i < l->options->tables.count; i++)
        if (str_equal(l->options->tables.tables[i].name, name)) return &l->options->tables.tables[i];
    return NULL;
}

/* Columns that are read twice (a pattern and its text) are of one copy. */
static bool is_first_read(const variable_plan *v, size_t at)
{
    for (size_t i = 0; i < at; i++)
        if (v->cells.at[i].column == v->cells.at[at].column) return false;
    return true;
}

/* A row stands for one of each combination of the values of its repeated columns, as an event does. */
static size_t copies_of(const variable_plan *v, const data_table *t, size_t row)
{
    size_t copies = 1;
    for (size_t c = 0; c < v->cells.len && copies <= LOWER_MAX_TABLE_COPIES; c++)
        if (is_first_read(v, c)) copies *= lower_cell_values(t, row, v->cells.at[c].column);
    return copies;
}

static pk_str value_of_copy(const variable_plan *v, const data_table *t, size_t row, size_t read, size_t copy)
{
    size_t column = v->cells.at[read].column;
    for (size_t c = 0; v->cells.at[c].column != column; c++)
        if (is_first_read(v, c)) copy /= lower_cell_values(t, row, v->cells.at[c].column);
    return lower_cell_value(t, row, column, copy % lower_cell_values(t, row, column));
}

stage *lower_table_stage(lowering *l, uint32_t variable)
{
    variable_plan *v = &l->variables[variable];
    const data_table *t = table_named(l, str_slice(l->ast->variables[variable].name, 1, STR_NPOS));
    stage *s = ir_add_stage(l->arena, l->plan, STAGE_ROWS, v->name, NULL, 0);
    s->span = l->ast->variables[variable].span;
    s->as.rows.columns = ARENA_ARRAY(l->arena, pk_str, v->cells.len);
    s->as.rows.column_count = v->cells.len;
    bool given = t != NULL;
    for (size_t c = 0; c < v->cells.len; c++) {
        s->as.rows.columns[c] = v->cells.at[c].name;
        given &= v->cells.at[c].column != SIZE_MAX;
    }
    VEC(value) cells = {0};
    for (size_t r = 0; given && r < t->row_count && !l->failed; r++)
        for (size_t copy = 0; copy < copies_of(v, t, r); copy++) {
            if (s->as.rows.row_count++ == LOWER_MAX_TABLE_COPIES) {
                lower_fail(l, PK_UNSUPPORTED, "yaral-table", s->span, STR_FMT " has more than %d rows, one for each value of repeated columns", STR_ARG(v->name),
                           LOWER_MAX_TABLE_COPIES);
                return s;
            }
            for (size_t c = 0; c < v->cells.len; c++) vec_push_in(l->arena, &cells, cell_value(l, t, &v->cells.at[c], value_of_copy(v, t, r, c, copy), s->span));
        }
    s->as.rows.cells = cells.at;
    return s;
}

/* ---- what the event alone can be asked ---- */

/* The one variable of events that a value is of; YARAL_NONE: none, or several. */
static uint32_t variable_of(const lowering *l, const yaral_node *n)
{
    bool *needs = ARENA_ARRAY(l->scratch, bool, l->ast->variable_count);
    if (lower_needs(l, n, needs) != 1) return YARAL_NONE;
    uint32_t v = 0;
    while (!needs[v]) v++;
    return l->ast->variables[v].source == YARAL_TABLES ? YARAL_NONE : v;
}

static void ask_column(lowering *l, uint32_t variable, const yaral_node *n, const yaral_node *column, yaral_in how, bool nocase, span at)
{
    l->scope = SCOPE_VARIABLE;
    l->variable = variable;
    vec_push_in(l->scratch, &l->variables[variable].tests, lower_in_column(l, n, column, how, nocase, at));
}

void lower_prefilter(lowering *l, const yaral_node *statement)
{
    row_test t;
    if (!lower_is_row_test(l, statement, &t) || t.negated) return;
    uint32_t variable = variable_of(l, t.value);
    if (variable != YARAL_NONE) ask_column(l, variable, t.value, t.column, t.how, t.nocase, statement->span);
}

/* `%t.uid = $userid`, where $userid is a field of an event. */
void lower_prefilter_placeholders(lowering *l)
{
    for (uint32_t p = 0; p < l->ast->placeholder_count; p++)
        for (size_t i = 0; i < l->ast->placeholders[p].count; i++) {
            const yaral_binding *b = &l->ast->placeholders[p].bindings[i];
            if (!b->statement || !is_column(b->value)) continue;
            const data_column *type = type_of_column(l, b->value);
            if (type && lower_how_of(type->type) != YARAL_IN_STRINGS) continue;
            for (uint32_t v = 0; v < l->ast->variable_count; v++) {
                const variable_binding *own = lower_binding_of(l, v, p);
                if (own && !own->choices && l->ast->variables[v].source != YARAL_TABLES)
                    ask_column(l, v, own->node, b->value, YARAL_IN_STRINGS, l->placeholders[p].nocase || own->value.hash, b->compare->span);
            }
        }
}

/* ---- tables that are but lists ---- */

typedef struct { uint32_t variable; size_t count; } read_count;

static bool count_reads(yaral_node *n, void *user)
{
    read_count *c = user;
    c->count += is_column(n) && n->as.list.index == c->variable;
    return true;
}

static size_t reads_in_rule(const lowering *l, uint32_t variable)
{
    read_count c = {variable, 0};
    for (size_t i = 0; i < l->ast->event_count; i++) yaral_walk(l->ast->events[i], count_reads, &c);
    for (size_t i = 0; i < l->ast->outcome_count; i++) yaral_walk(l->ast->outcomes[i].value, count_reads, &c);
    return c.count;
}

/* A row more or less that agrees makes no difference where nothing counts rows. */
void lower_choose_tables(lowering *l, const yaral_node *const *statements, size_t count)
{
    bool counts = lower_counts_copies(l);
    for (size_t i = 0; i < count && !counts; i++) {
        row_test t;
        if (!lower_is_row_test(l, statements[i], &t) || t.negated || variable_of(l, t.value) == YARAL_NONE) continue;
        l->variables[t.column->as.list.index].asked_whole = reads_in_rule(l, t.column->as.list.index) == 1;
    }
}
