/*
 * Expand: a row for each value of a list. Paths that go through one list share its element, a list below a list is opened
 * within its element, independent lists multiply; a list that is empty or not there gives one row without its columns.
 */
#include "engine/stages.h"
#include "event/field_path.h"

#define COPIES_MOST 100000        /* of one row, where the stage says nothing */

/* A path with the place up to which it is opened. */
typedef struct { size_t number; pk_str rest; } open_path;
typedef VEC(open_path) path_list;
typedef VEC(value *) copy_list;   /* values of all columns, by number of the path */

typedef struct {
    const node *node;
    const row *row;
    arena *arena;
    size_t count, most;           /* columns; copies */
    bool cut;
} expansion;

typedef struct { size_t *columns; } expand_state; /* of the node, by number of the path */

/* ---- names ---- */

static pk_str without_marks(arena *a, pk_str path)
{
    char *out = arena_alloc(a, path.len + 1);
    size_t n = 0;
    for (size_t i = 0; i < path.len; i++) {
        if (path.ptr[i] == '[' && i + 1 < path.len && path.ptr[i + 1] == ']') i++;
        else out[n++] = path.ptr[i];
    }
    return (pk_str){out, n};
}

static const char *expand_open(stage_run *run, node *n)
{
    const stage *s = n->stage;
    expand_state *st = ARENA_NEW(run->arena, expand_state);
    n->columns = n->inputs[0]->columns;
    n->column_count = n->inputs[0]->column_count;
    st->columns = ARENA_ARRAY(run->arena, size_t, s->as.expand.count + 1);
    for (size_t i = 0; i < s->as.expand.count; i++) {
        const ir_field *f = &s->as.expand.lists[i];
        pk_str name = without_marks(run->arena, f->path);
        if (f->part.len) name = arena_printf(run->arena, STR_FMT "." STR_FMT, STR_ARG(f->part), STR_ARG(name));
        if (node_column(n, name) == STR_NPOS) node_add_column(run, n, (row_column){.name = name});
        st->columns[i] = node_column(n, name);
    }
    n->state = st;
    return NULL;
}

/* ---- copies ---- */

/* What stands before the first "[]", or the whole path. */
static pk_str list_of(pk_str path, pk_str *below)
{
    size_t at = str_find(path, STR("[]"));
    *below = at == STR_NPOS ? (pk_str){"", 0} : str_slice(path, at + 2, path.len);
    if (below->len && below->ptr[0] == '.') *below = str_slice(*below, 1, below->len);
    return at == STR_NPOS ? path : str_slice(path, 0, at);
}

static bool has_list(pk_str path) { return str_find(path, STR("[]")) != STR_NPOS; }

static value read_below(expansion *x, const value *element, pk_str path)
{
    list_builder found = {0};
    if (path.len == 0) return *element;
    field_path_read_text(element, path, x->arena, &found);
    if (found.items.len == 0) return value_null();
    return found.items.len == 1 ? found.items.at[0] : list_done(&found);
}

static copy_list one_copy(expansion *x)
{
    copy_list made = {0};
    vec_push_in(x->arena, &made, ARENA_ARRAY(x->arena, value, x->count));
    return made;
}

/* Each of the first with each of the second; they have set different columns. */
static copy_list multiplied(expansion *x, const copy_list *first, const copy_list *second)
{
    copy_list made = {0};
    for (size_t i = 0; i < first->len; i++)
        for (size_t k = 0; k < second->len; k++) {
            if (made.len >= x->most) {
                x->cut = true;
                return made;
            }
            value *copy = ARENA_ARRAY(x->arena, value, x->count);
            for (size_t c = 0; c < x->count; c++) copy[c] = second->at[k][c].type != VALUE_MISSING ? second->at[k][c] : first->at[i][c];
            vec_push_in(x->arena, &made, copy);
        }
    return made;
}

static copy_list copies_below(expansion *x, const value *element, const path_list *paths);

static void set_empty(expansion *x, copy_list *made, const path_list *paths)
{
    value v = x->node->stage->as.expand.empty == MISSING_ZERO ? value_string((pk_str){"", 0}) : value_null();
    *made = one_copy(x);
    for (size_t i = 0; i < paths->len; i++) made->at[0][paths->at[i].number] = v;
}

/* All paths under one list: the copies of its elements, one behind the other. `element` NULL: the row itself. */
static copy_list copies_of_list(expansion *x, const value *element, pk_str list, const path_list *below)
{
    list_builder elements = {0};
    copy_list made = {0};
    if (element) {
        field_path_read_text(element, list, x->arena, &elements);
    } else {
        expr field = {.kind = EXPR_FIELD, .as.field = x->node->stage->as.expand.lists[below->at[0].number]};
        field.as.field.path = list;
        row_values(x->node->inputs[0], x->row, &field, x->arena, &elements);
    }
    for (size_t i = 0; i < elements.items.len; i++) {
        if (made.len >= x->most) {
            x->cut = true;
            break;
        }
        copy_list own = copies_below(x, &elements.items.at[i], below);
        for (size_t k = 0; k < own.len; k++) vec_push_in(x->arena, &made, own.at[k]);
    }
    if (made.len > x->most) {
        made.len = x->most;
        x->cut = true;
    }
    if (made.len == 0) set_empty(x, &made, below);
    return made;
}

static bool same_list(const expansion *x, const value *element, const open_path *p, const open_path *q)
{
    pk_str rest;
    const ir_field *f = &x->node->stage->as.expand.lists[p->number], *g = &x->node->stage->as.expand.lists[q->number];
    return str_equal(list_of(p->rest, &rest), list_of(q->rest, &rest)) && (element || str_equal(f->part, g->part));
}

/* `all`: at the top a path without mark is a list itself; below it is a field of the element. */
static copy_list copies_of_lists(expansion *x, const value *element, const path_list *paths, bool all, copy_list made)
{
    for (size_t i = 0; i < paths->len; i++) {
        const open_path *p = &paths->at[i];
        bool seen = !all && !has_list(p->rest);
        for (size_t k = 0; k < i && !seen; k++) seen = (all || has_list(paths->at[k].rest)) && same_list(x, element, p, &paths->at[k]);
        if (seen) continue;
        path_list below = {0};
        pk_str list = {"", 0};
        for (size_t k = i; k < paths->len; k++) {
            if ((!all && !has_list(paths->at[k].rest)) || !same_list(x, element, p, &paths->at[k])) continue;
            open_path inner = {.number = paths->at[k].number};
            list = list_of(paths->at[k].rest, &inner.rest);
            vec_push_in(x->arena, &below, inner);
        }
        copy_list own = copies_of_list(x, element, list, &below);
        made = multiplied(x, &made, &own);
    }
    return made;
}

static copy_list copies_below(expansion *x, const value *element, const path_list *paths)
{
    copy_list made = one_copy(x);
    for (size_t i = 0; i < paths->len; i++)
        if (!has_list(paths->at[i].rest)) made.at[0][paths->at[i].number] = read_below(x, element, paths->at[i].rest);
    return copies_of_lists(x, element, paths, false, made);
}

/* ---- rows ---- */

static void expand_push(stage_run *run, node *n, size_t input, row *r)
{
    const stage *s = n->stage;
    const expand_state *st = n->state;
    (void)input;
    arena_reset(run->scratch);
    expansion x = {.node = n, .row = r, .arena = run->scratch, .count = s->as.expand.count,
                   .most = s->as.expand.at_most > 0 ? (size_t)s->as.expand.at_most : COPIES_MOST};
    path_list paths = {0};
    for (size_t i = 0; i < s->as.expand.count; i++) vec_push_in(x.arena, &paths, ((open_path){i, s->as.expand.lists[i].path}));
    copy_list copies = copies_of_lists(&x, NULL, &paths, true, one_copy(&x));
    run->copies_cut += x.cut;
    row **made = mem_zalloc(copies.len, sizeof *made); /* all before any goes on, which may use the scratch */
    for (size_t i = 0; i < copies.len; i++) {
        made[i] = row_like(run, r, n->column_count);
        for (size_t c = 0; c < r->column_count; c++) row_set_column(made[i], c, &r->columns[c]);
        for (size_t c = 0; c < x.count; c++) row_set_column(made[i], st->columns[c], &copies.at[i][c]);
        for (size_t k = 0; k < made[i]->part_count; k++) made[i]->parts[k].copy = made[i]->parts[k].copy * x.most + i;
    }
    size_t count = copies.len;
    for (size_t i = 0; i < count; i++) {
        node_emit(run, n, made[i]);
        row_release(made[i]);
    }
    mem_free(made);
}

const stage_ops expand_ops = {expand_open, expand_push, NULL, NULL, NULL};
