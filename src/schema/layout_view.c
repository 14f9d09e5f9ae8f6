/*
 * For rendering, a record is read as a tree and all named fields of its layout are wanted: one walk along a path set of all
 * their paths instead of a search for each. Of several paths of a field the best that has values counts.
 */
#include <stdatomic.h>

#include "schema/model.h"

typedef struct {
    uint32_t field, rank;
} path_use;

struct layout_view {
    path_set *paths;
    size_t fields;
    uint32_t *first;              /* uses of path slot i: uses[first[i] .. first[i + 1]) */
    path_use *uses;
    table named;
};

/* ---- making one ---- */

static void add_path(layout_view *v, uint32_t *slots, size_t at, pk_str path)
{
    slots[at] = path_add(v->paths, path);
    table_put(&v->named, path, 0);
}

/* Counting sort of the uses by slot. */
static void sort_uses(layout_view *v, const uint32_t *slots, const path_use *uses, size_t count)
{
    size_t slot_count = path_slot_count(v->paths);
    v->first = mem_zalloc(slot_count + 2, sizeof *v->first);
    v->uses = mem_zalloc(count + 1, sizeof *v->uses);
    for (size_t i = 0; i < count; i++) v->first[slots[i] + 2]++;
    for (size_t i = 2; i <= slot_count; i++) v->first[i] += v->first[i - 1];
    for (size_t i = 0; i < count; i++) v->uses[v->first[slots[i] + 1]++] = uses[i];
}

static layout_view *new_view(const layout *l)
{
    layout_view *v = mem_zalloc(1, sizeof *v);
    size_t count = 0, at = 0;
    for (size_t i = 0; i < l->fields.len; i++) count += l->fields.at[i].count;
    uint32_t *slots = mem_zalloc(count + 1, sizeof *slots);
    path_use *uses = mem_zalloc(count + 1, sizeof *uses);
    v->paths = path_set_new();
    v->fields = l->fields.len;
    for (uint32_t i = 0; i < l->fields.len; i++)
        for (uint32_t k = 0; k < l->fields.at[i].count; k++, at++) {
            add_path(v, slots, at, l->fields.at[i].paths[k]);
            uses[at] = (path_use){i, k};
        }
    sort_uses(v, slots, uses, count);
    path_set_freeze(v->paths);
    mem_free(slots);
    mem_free(uses);
    return v;
}

void layout_view_free(layout_view *v)
{
    if (!v) return;
    path_set_free(v->paths);
    table_free(&v->named);
    mem_free(v->first);
    mem_free(v->uses);
    mem_free(v);
}

const layout_view *layout_view_of(const schema *s, layout_id id)
{
    layout *l = &s->layouts.at[id];
    layout_view *known = atomic_load_explicit(&l->view, memory_order_acquire);
    if (known) return known;
    layout_view *made = new_view(l);
    if (atomic_compare_exchange_strong(&l->view, &known, made)) return made;
    layout_view_free(made); /* another thread was first */
    return known;
}

/* ---- using it ---- */

typedef struct {
    const layout_view *view;
    arena *arena;
    list_builder *values;         /* by field */
    uint32_t *ranks;              /* of the path that they come from */
} view_walk;

static void take(void *user, path_slot slot, const value *v)
{
    view_walk *w = user;
    for (uint32_t i = w->view->first[slot]; i < w->view->first[slot + 1]; i++) {
        path_use use = w->view->uses[i];
        list_builder *to = &w->values[use.field];
        if (to->items.len && use.rank > w->ranks[use.field]) continue;
        if (to->items.len && use.rank < w->ranks[use.field]) *to = (list_builder){0};
        w->ranks[use.field] = use.rank;
        list_add(w->arena, to, *v);
    }
}

list_builder *layout_view_values(const layout_view *v, const value *tree, arena *a)
{
    view_walk w = {v, a, ARENA_ARRAY(a, list_builder, v->fields), ARENA_ARRAY(a, uint32_t, v->fields)};
    path_values(v->paths, PATH_ROOT, tree, a, take, &w);
    return w.values;
}

bool layout_view_is_named(const layout_view *v, pk_str path) { return table_get(&v->named, path) != TABLE_NONE; }
