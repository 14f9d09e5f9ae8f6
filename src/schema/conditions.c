/* Layout and classes of an event by the conditions themselves, over the values that it has at places. */
#include "schema/classifier.h"

/* ---- conditions ---- */

static const value *first_seen(const classifier *c, const place_list *places)
{
    for (size_t i = 0; i < places->count; i++) {
        uint16_t place = places->at[i];
        if (c->present[place / 64] >> (place % 64) & 1) return c->seen[place];
    }
    return NULL;
}

static bool ask_holds(const classifier *c, const ask *a, const place_list *places)
{
    const value *v = first_seen(c, places);
    if (a->kind == ASK_PRESENT) return v != NULL;
    if (a->kind == ASK_ABSENT) return v == NULL;
    pk_str t;
    if (v == NULL || !value_text(c->scratch, v, &t)) return false;
    for (size_t i = 0; i < a->count; i++) {
        pk_str begin = a->kind == ASK_PREFIX ? str_slice(t, 0, a->constants[i].len) : t;
        if (str_equal_ascii_fold(begin, a->constants[i])) return true;
    }
    return false;
}

static bool layout_fits(const classifier *c, layout_id id)
{
    const layout *l = &c->schema->layouts.at[id];
    const place_list *places = c->layout_places[id];
    bool fits = l->when.count == 0;
    for (size_t i = 0; i < l->when.count && !fits; i++) {
        bool all = true;
        for (size_t k = 0; k < l->when.of[i].count; k++, places++)
            if (all && !ask_holds(c, &l->when.of[i].asks[k], places)) all = false;
        fits = all;
    }
    return fits;
}

/* Asked fields of a family under a layout. */
static const place_list *places_under(const classifier *c, family_id family_number, layout_id l)
{
    const family *f = &c->schema->families.at[family_number];
    size_t at = 0;
    while (at < f->layouts.len && f->layouts.at[at] != l) at++;
    return c->field_places[family_number] + at * f->asked.len;
}

static bool class_fits(const classifier *c, const class_row *row, const place_list *places)
{
    bool fits = row->when.count == 0;
    for (size_t i = 0; i < row->when.count && !fits; i++) {
        const condition *all = &row->when.of[i];
        fits = true;
        for (size_t k = 0; k < all->count && fits; k++) fits = ask_holds(c, &all->asks[k], &places[all->asks[k].field]);
    }
    return fits;
}

/* ---- classes ---- */

typedef struct {
    VEC(class_id) ids;
} id_list;

static void add_with_children(classifier *c, class_id id, const place_list *places, id_list *out)
{
    vec_push_in(c->scratch, &out->ids, id);
    const class_row *row = c->schema->classes.at[id];
    for (size_t i = 0; i < row->children.len; i++) {
        const class_row *child = c->schema->classes.at[row->children.at[i]];
        if (!child->shown.by_user && class_fits(c, child, places)) add_with_children(c, child->shown.id, places, out);
    }
}

static classification by_content(classifier *c, id_list *out)
{
    const schema *s = c->schema;
    layout_id found = LAYOUT_NONE;
    for (size_t i = 0; i < s->order.len && found == LAYOUT_NONE; i++)
        if (!s->layouts.at[s->order.at[i]].only_stated && layout_fits(c, s->order.at[i])) found = s->order.at[i];
    if (found == LAYOUT_NONE) return (classification){.layout = LAYOUT_NONE};
    family_id f = s->layouts.at[found].family;
    const place_list *places = places_under(c, f, found);
    for (size_t i = 0; i < s->families.at[f].roots.len; i++) {
        const class_row *root = s->classes.at[s->families.at[f].roots.at[i]];
        if (!root->shown.by_user && class_fits(c, root, places)) add_with_children(c, root->shown.id, places, out);
    }
    return (classification){.layout = found};
}

/* The class that the user states, its ancestors, and what content tells below it. */
static classification as_stated(classifier *c, class_id stated, id_list *out)
{
    const schema *s = c->schema;
    const family *f = &s->families.at[s->classes.at[stated]->shown.family];
    layout_id found = LAYOUT_NONE;
    for (size_t i = 0; i < f->layouts.len && found == LAYOUT_NONE; i++)
        if (layout_fits(c, f->layouts.at[i])) found = f->layouts.at[i];
    const place_list *places = places_under(c, s->classes.at[stated]->shown.family, found);
    id_list ancestors = {0};
    for (class_id up = s->classes.at[stated]->shown.parent; up != CLASS_NONE; up = s->classes.at[up]->shown.parent)
        vec_push_in(c->scratch, &ancestors.ids, up);
    for (size_t i = ancestors.ids.len; i-- > 0;) vec_push_in(c->scratch, &out->ids, ancestors.ids.at[i]);
    add_with_children(c, stated, places, out);
    return (classification){.layout = found};
}

/* One copy of each list of classes; there are few. */
static const class_id *kept_list(classifier *c, const class_id *ids, size_t count)
{
    for (size_t i = 0; i < c->lists.len; i++)
        if (c->lists.at[i].class_count == count && memcmp(c->lists.at[i].classes, ids, count * sizeof *ids) == 0)
            return c->lists.at[i].classes;
    class_id *copy = arena_alloc(c->results, count * sizeof *ids);
    memcpy(copy, ids, count * sizeof *ids);
    classification list = {.layout = LAYOUT_NONE, .classes = copy, .class_count = count};
    vec_push(&c->lists, list);
    return copy;
}

static bool same_family(const classifier *c, const id_list *ids, class_id stated)
{
    const class_row *const *classes = (const class_row *const *)c->schema->classes.at;
    return ids->ids.len && classes[ids->ids.at[0]]->shown.family == classes[stated]->shown.family;
}

/*
 * Content goes before what the user says where it tells the product (an event log of Windows in a folder of proxy logs stays
 * what it is). Within one family both hold; and where content tells no more than "some web log" the user knows better.
 */
static bool content_decides(const classifier *c, const id_list *ids, class_id stated)
{
    if (same_family(c, ids, stated)) return false;
    for (size_t i = 0; i < ids->ids.len; i++) {
        const event_class *k = &c->schema->classes.at[ids->ids.at[i]]->shown;
        for (size_t n = 0; n < k->source_count; n++)
            if (k->sources[n].product.len) return true;
    }
    return false;
}

static void add_missing(classifier *c, const id_list *from, id_list *to)
{
    for (size_t i = 0; i < from->ids.len; i++) {
        bool there = false;
        for (size_t n = 0; n < to->ids.len; n++) there |= to->ids.at[n] == from->ids.at[i];
        if (!there) vec_push_in(c->scratch, &to->ids, from->ids.at[i]);
    }
}

classification classifier_by_conditions(classifier *c, class_id stated)
{
    id_list ids = {0};
    arena_reset(c->scratch);
    classification k = by_content(c, &ids);
    if (stated != CLASS_NONE && !content_decides(c, &ids, stated)) {
        id_list seen = ids;
        ids = (id_list){0};
        k = as_stated(c, stated, &ids);
        if (same_family(c, &seen, stated)) add_missing(c, &seen, &ids);
    }
    k.class_count = ids.ids.len;
    if (k.class_count) k.classes = kept_list(c, ids.ids.at, ids.ids.len);
    return k;
}
