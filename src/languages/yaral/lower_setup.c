/*
 * The setup section: entities that data tables change for this rule. "graph_exclude: Remove the rows in the entity graph that match
 * the join condition" (Use data tables, Enrich entity graph with a data table): a test of the entity alone, whose constants are
 * the cells of the table. With several columns one row must agree in all of them.
 *
 * graph_append and graph_override make entities of rows; that needs records which a plan brings along, and there are none.
 */
#include "languages/yaral/lower_private.h"

typedef struct { yaral_node field; const yaral_node *column; const yaral_node *compare; } equation;
typedef struct { VEC(equation) at; } equation_list;

static void refuse(lowering *l, span at, const char *why) { lower_fail(l, PK_UNSUPPORTED, "yaral-table", at, "%s", why); }

/* `$g.graph.f = %t.c`, either way round: a list has the value if any of its elements has it. */
static bool is_equation(const yaral_node *n, equation *out)
{
    if (n->kind != YARAL_COMPARE || n->as.compare != YARAL_EQ) return false;
    const yaral_node *column = n->args[n->args[1]->kind == YARAL_LIST], *field = n->args[n->args[1]->kind != YARAL_LIST];
    if (column->kind != YARAL_LIST || !column->as.list.column.len || field->kind != YARAL_FIELD) return false;
    *out = (equation){*field, column, n};
    out->field.as.field.quantifier = YARAL_ANY;
    return true;
}

/* All of one entity and of one table: "each enrichment operation can use only one data table". */
static bool take_equations(lowering *l, const yaral_node *n, equation_list *out)
{
    equation e;
    for (size_t i = 0; n->kind == YARAL_AND && i < n->count; i++)
        if (!take_equations(l, n->args[i], out)) return false;
    if (n->kind == YARAL_AND) return true;
    if (!is_equation(n, &e)) {
        refuse(l, n->span, "entities are left out by equations of their fields and columns of a table, joined by and");
        return false;
    }
    const equation *first = out->at.len ? &out->at.at[0] : &e;
    if (first->field.as.field.index != e.field.as.field.index || !str_equal(first->column->as.list.name, e.column->as.list.name)) {
        refuse(l, n->span, "entities of one variable are left out by one table");
        return false;
    }
    vec_push_in(l->scratch, &out->at, e);
    return true;
}

static expr *in_whole_column(lowering *l, const equation *e)
{
    return lower_in_column(l, &e->field, e->column, YARAL_IN_STRINGS, e->compare->nocase, e->compare->span);
}

static expr *agrees_with_row(lowering *l, const equation_list *all, size_t row)
{
    expr_list parts = {0};
    for (size_t i = 0; i < all->at.len; i++) {
        const equation *e = &all->at.at[i];
        vec_push_in(l->scratch, &parts, lower_in_cell(l, &e->field, e->column, row, e->compare->nocase, e->compare->span));
    }
    return lower_all_of(l, &parts);
}

/* Rows are looked at only where each value stands somewhere in its column. */
static expr *agrees(lowering *l, const equation_list *all, span at)
{
    const data_table *t;
    size_t column;
    expr_list parts = {0}, rows = {0};
    bool given = true;
    for (size_t i = 0; i < all->at.len; i++) {
        vec_push_in(l->scratch, &parts, in_whole_column(l, &all->at.at[i]));
        given = given && !l->failed && lower_find_column(l, all->at.at[i].column, &t, &column);
    }
    if (all->at.len > 1 && given && t->row_count > LOWER_MAX_TABLE_ROWS) {
        lower_fail(l, PK_UNSUPPORTED, "yaral-table", at, "%%" STR_FMT " has %zu rows; by several columns at once entities are left out by at most %d",
                   STR_ARG(t->name), t->row_count, LOWER_MAX_TABLE_ROWS);
        return NULL;
    }
    for (size_t r = 0; all->at.len > 1 && given && r < t->row_count && !l->failed; r++) vec_push_in(l->scratch, &rows, agrees_with_row(l, all, r));
    if (rows.len) vec_push_in(l->scratch, &parts, lower_any_of(l, &rows));
    return lower_all_of(l, &parts);
}

static void exclude(lowering *l, const yaral_setup *s)
{
    equation_list all = {0};
    if (!take_equations(l, s->node, &all)) return;
    l->scope = SCOPE_VARIABLE;
    l->variable = all.at.at[0].field.as.field.index;
    expr *found = agrees(l, &all, s->span);
    if (found) vec_push_in(l->scratch, &l->variables[l->variable].tests, lower_at(ir_not(l->arena, found), s->span));
}

void lower_setup(lowering *l)
{
    for (size_t i = 0; i < l->ast->setup_count && !l->failed; i++) {
        const yaral_setup *s = &l->ast->setups[i];
        if (s->change == YARAL_GRAPH_EXCLUDE) exclude(l, s);
        else refuse(l, s->span, s->change == YARAL_GRAPH_APPEND ? "graph_append: rows of a table do not become entities here"
                                                                : "graph_override: entities do not take values from rows of a table here");
    }
}
