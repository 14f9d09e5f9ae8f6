/*
 * Expand in the evaluator. The paths make a tree of lists: "a[].b[].c" and "a[].d" are list a with the list b and the field
 * d below its elements. A row is copied list by list: an element is chosen, what is below it is set or opened in its
 * turn, and then the next list; so the lists named first vary slowest, and copies come one by one until there are enough.
 */
#include "event/event.h"
#include "ir/eval_private.h"

typedef struct list_node list_node;
typedef struct { VEC(list_node *) items; } node_list;

/* A field below the elements of a list; an empty path: the element itself. */
typedef struct { pk_str column, path; } leaf;

struct list_node {
    const ir_field *field;        /* whose part and schema the list has */
    pk_str path;                  /* of the list: from the event, or from the element that it is below */
    VEC(leaf) leaves;
    node_list lists;
};

/* ---- the tree of lists ---- */

static bool same_list(const list_node *n, const ir_field *f, pk_str path, bool outermost)
{
    if (!str_equal(n->path, path)) return false;
    return !outermost || (n->field->kind == f->kind && str_equal(n->field->part, f->part) && str_equal(n->field->schema, f->schema));
}

static list_node *find_list(plan_run *run, node_list *lists, const ir_field *f, pk_str path, bool outermost)
{
    for (size_t i = 0; i < lists->items.len; i++)
        if (same_list(lists->items.at[i], f, path, outermost)) return lists->items.at[i];
    list_node *made = ARENA_NEW(run->arena, list_node);
    made->field = f;
    made->path = path;
    vec_push_in(run->arena, &lists->items, made);
    return made;
}

static pk_str column_of(plan_run *run, const ir_field *f)
{
    pk_str path = column_name_of(run->arena, f->path);
    return f->part.len ? arena_printf(run->arena, STR_FMT "." STR_FMT, STR_ARG(f->part), STR_ARG(path)) : path;
}

static pk_str without_dot(pk_str s) { return s.len && s.ptr[0] == '.' ? str_slice(s, 1, s.len) : s; }

static void add_path(plan_run *run, node_list *roots, const ir_field *f)
{
    pk_str rest = f->path;
    list_node *at = NULL;
    for (size_t mark; (mark = str_find(rest, STR("[]"))) != STR_NPOS; rest = without_dot(str_slice(rest, mark + 2, rest.len)))
        at = find_list(run, at ? &at->lists : roots, f, str_slice(rest, 0, mark), !at);
    if (!at) {
        at = find_list(run, roots, f, rest, true);
        rest = (pk_str){"", 0};
    }
    leaf l = {column_of(run, f), rest};
    vec_push_in(run->arena, &at->leaves, l);
}

/* ---- copies ---- */

/* Lists that are still to be opened: the first one next. */
typedef struct to_open to_open;
struct to_open {
    const list_node *list;
    const value *element;         /* that it is below; NULL: the row */
    const to_open *next;
};

typedef struct {
    plan_run *run;
    const stage *stage;
    row_list *out;
    size_t kept;
    bool full;
} copier;

static void spread(arena *a, list_builder *out, value v)
{
    if (v.type == VALUE_MISSING) return;
    if (v.type != VALUE_LIST) list_add(a, out, v);
    for (size_t i = 0; v.type == VALUE_LIST && i < v.as.list.count; i++) list_add(a, out, v.as.list.items[i]);
}

static list_builder elements_of(const copier *c, const row *r, const to_open *o)
{
    list_builder found = {0}, spread_out = {0};
    if (o->element) {
        spread(c->run->arena, &found, value_at(o->element, o->list->path, c->run->arena));
        return found;
    }
    ir_field f = *o->list->field;
    eval_env env = env_of(c->run, r);
    f.path = o->list->path;
    eval_field(&env, &f, &found);
    for (size_t i = 0; i < found.items.len; i++) spread(c->run->arena, &spread_out, found.items.at[i]);
    return spread_out;
}

/* All columns of a list that is empty, and of the lists below. */
static void set_empty(const copier *c, const list_node *list, row *r)
{
    value nothing = c->stage->as.expand.empty == MISSING_ZERO ? value_string((pk_str){"", 0}) : value_null();
    for (size_t i = 0; i < list->leaves.len; i++) row_set(c->run->arena, r, list->leaves.at[i].column, nothing);
    for (size_t i = 0; i < list->lists.items.len; i++) set_empty(c, list->lists.items.at[i], r);
}

static void set_leaves(const copier *c, const list_node *list, const value *element, row *r)
{
    for (size_t i = 0; i < list->leaves.len; i++) {
        const leaf *l = &list->leaves.at[i];
        value v = l->path.len ? value_at(element, l->path, c->run->arena) : *element;
        row_set(c->run->arena, r, l->column, v.type == VALUE_MISSING ? value_null() : v);
    }
}

static void copy_rows(copier *c, const row *r, const to_open *rest)
{
    if (c->full || !eval_spend(c->run)) return;
    if (!rest) {
        c->full = c->stage->as.expand.at_most && c->kept == (size_t)c->stage->as.expand.at_most;
        if (c->full) return;
        c->kept++;
        vec_push_in(c->run->arena, &c->out->items, *r);
        return;
    }
    list_builder elements = elements_of(c, r, rest);
    if (elements.items.len == 0) {
        row copy = *r;
        set_empty(c, rest->list, &copy);
        copy_rows(c, &copy, rest->next);
    }
    for (size_t i = 0; i < elements.items.len && !c->full; i++) {
        row copy = *r;
        set_leaves(c, rest->list, &elements.items.at[i], &copy);
        size_t below = rest->list->lists.items.len;
        to_open *inner = ARENA_ARRAY(c->run->arena, to_open, below);
        for (size_t k = 0; k < below; k++)
            inner[k] = (to_open){rest->list->lists.items.at[k], &elements.items.at[i], k + 1 < below ? &inner[k + 1] : rest->next};
        copy_rows(c, &copy, below ? inner : rest->next);
    }
}

row_list run_expand(plan_run *run, const stage *s)
{
    const row_list *input = run_stage(run, s->inputs[0]);
    row_list rows = {0};
    node_list roots = {0};
    for (size_t i = 0; i < s->as.expand.count; i++) add_path(run, &roots, &s->as.expand.lists[i]);
    to_open *all = ARENA_ARRAY(run->arena, to_open, roots.items.len);
    for (size_t i = 0; i < roots.items.len; i++)
        all[i] = (to_open){roots.items.at[i], NULL, i + 1 < roots.items.len ? &all[i + 1] : NULL};
    for (size_t i = 0; i < input->items.len; i++) {
        copier c = {.run = run, .stage = s, .out = &rows};
        copy_rows(&c, &input->items.at[i], roots.items.len ? all : NULL);
        if (c.full) eval_count_cut(run->context);
    }
    return rows;
}
