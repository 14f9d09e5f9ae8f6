/* Classes by number and name, the classes that a rule's log source is routed to, and those that the user states. */
#include "schema/model.h"

family_id family_add(schema *s, pk_str name, pk_str product)
{
    family f = {.name = name, .product = product};
    vec_push(&s->families, f);
    table_put(&s->family_index, name, (uint32_t)(s->families.len - 1));
    return (family_id)(s->families.len - 1);
}

class_id class_add(schema *s, pk_str name, family_id f, class_id parent)
{
    class_row *row = ARENA_NEW(s->arena, class_row);
    class_id id = (class_id)s->classes.len;
    row->shown = (event_class){.id = id, .name = name, .family = f, .parent = parent};
    vec_push(&s->classes, row);
    table_put(&s->class_index, name, id);
    if (parent == CLASS_NONE)
        vec_push(&s->families.at[f].roots, id);
    else
        vec_push(&s->classes.at[parent]->children, id);
    return id;
}

size_t schema_class_count(const schema *s)
{
    return s->classes.len;
}
const event_class *schema_class(const schema *s, class_id id)
{
    return &s->classes.at[id]->shown;
}

class_id schema_find_class(const schema *s, pk_str name)
{
    uint32_t id = table_get(&s->class_index, name);
    return id == TABLE_NONE ? CLASS_NONE : id;
}

/* ---- log sources ---- */

static bool attribute_covers(pk_str asked, pk_str provided)
{
    return asked.len == 0 || str_equal_ascii_fold(asked, provided);
}

static bool source_covers(const log_source *asked, const log_source *provided)
{
    return attribute_covers(asked->product, provided->product) &&
           attribute_covers(asked->category, provided->category) && attribute_covers(asked->service, provided->service);
}

static bool source_equal(const log_source *a, const log_source *b)
{
    return str_equal_ascii_fold(a->product, b->product) && str_equal_ascii_fold(a->category, b->category) &&
           str_equal_ascii_fold(a->service, b->service);
}

static bool provides(const class_row *c, const log_source *rule_source)
{
    for (size_t i = 0; i < c->shown.source_count; i++)
        if (source_covers(rule_source, &c->shown.sources[i])) return true;
    return false;
}

/* Its events are all events of an ancestor that qualifies too, and fields mean the same there. */
static bool ancestor_serves(const schema *s, const class_row *c, const log_source *rule_source)
{
    bool own_fields = c->own_usual;
    for (class_id up = c->shown.parent; up != CLASS_NONE; up = s->classes.at[up]->shown.parent) {
        if (provides(s->classes.at[up], rule_source)) return !own_fields;
        own_fields |= s->classes.at[up]->own_usual;
    }
    return false;
}

const class_id *schema_classes_of(const schema *s, const log_source *rule_source, arena *a, size_t *count)
{
    VEC(class_id) found = {0};
    for (size_t i = 0; i < s->classes.len; i++)
        if (provides(s->classes.at[i], rule_source) && !ancestor_serves(s, s->classes.at[i], rule_source))
            vec_push_in(a, &found, (class_id)i);
    *count = found.len;
    return found.at;
}

pk_str schema_no_log(const schema *s, const log_source *rule_source)
{
    for (size_t i = 0; i < s->no_logs.len; i++)
        if (source_covers(rule_source, &s->no_logs.at[i].source)) return s->no_logs.at[i].reason;
    return STR("");
}

pk_str log_source_get(const log_source *l, source_attribute which)
{
    return which == SOURCE_PRODUCT ? l->product : which == SOURCE_CATEGORY ? l->category : l->service;
}

const pk_str *schema_source_values(const schema *s, source_attribute which, arena *a, size_t *count)
{
    VEC(pk_str) found = {0};
    for (size_t i = 0; i < s->read_classes; i++)
        for (size_t k = 0; k < s->classes.at[i]->shown.source_count; k++)
            vec_push_in(a, &found, log_source_get(&s->classes.at[i]->shown.sources[k], which));
    for (size_t i = 0; i < s->no_logs.len; i++) vec_push_in(a, &found, log_source_get(&s->no_logs.at[i].source, which));
    for (size_t i = 0; which == SOURCE_PRODUCT && i < s->families.len; i++) vec_push_in(a, &found, s->families.at[i].product);
    *count = found.len;
    return found.at;
}

/* ---- what the user states ---- */

/* Does its family know the fields of whatever the user says is of it ("category=proxy": all spellings of many
 * products)? */
static bool family_takes_all(const schema *s, family_id f)
{
    for (size_t i = 0; i < s->families.at[f].layouts.len; i++)
        if (s->layouts.at[s->families.at[f].layouts.at[i]].only_stated) return true;
    return false;
}

/*
 * Of the classes that provide exactly this source: one made for such statements, else one of a family that takes
 * whatever is stated (not the HTTP log of one product), else the first of the files.
 */
static class_id exact_class(const schema *s, const log_source *stated)
{
    class_id best = CLASS_NONE;
    int best_rank = 0;
    for (size_t i = 0; i < s->classes.len; i++) {
        const event_class *c = &s->classes.at[i]->shown;
        int rank = c->by_user ? 3 : family_takes_all(s, c->family) ? 2 : 1;
        for (size_t k = 0; k < c->source_count && rank > best_rank; k++) {
            if (!source_equal(stated, &c->sources[k])) continue;
            best = (class_id)i;
            best_rank = rank;
        }
    }
    return best;
}

/* The family of the product, so that its layouts are known; else one of its own, whose fields are raw paths. */
static family_id family_of_product(schema *s, pk_str product)
{
    for (size_t i = 0; i < s->families.len; i++)
        if (product.len && str_equal_ascii_fold(s->families.at[i].product, product)) return (family_id)i;
    uint32_t stated = table_get(&s->family_index, STR("stated"));
    return stated != TABLE_NONE ? stated : family_add(s, STR("stated"), STR(""));
}

static pk_str or_dash(pk_str s)
{
    return s.len ? s : STR("-");
}

class_id schema_user_class(schema *s, const log_source *stated)
{
    class_id id = exact_class(s, stated);
    if (id != CLASS_NONE) return id;
    pk_str product = or_dash(stated->product), category = or_dash(stated->category), service = or_dash(stated->service);
    pk_str name = arena_printf(s->arena, "stated/" STR_FMT "/" STR_FMT "/" STR_FMT, STR_ARG(product), STR_ARG(category),
                               STR_ARG(service));
    id = class_add(s, name, family_of_product(s, stated->product), CLASS_NONE);
    event_class *c = &s->classes.at[id]->shown;
    c->by_user = true;
    c->title = STR("stated by the user");
    c->sources = ARENA_NEW(s->arena, log_source);
    c->source_count = 1;
    *c->sources = (log_source){.product = arena_str(s->arena, stated->product),
                               .category = arena_str(s->arena, stated->category),
                               .service = arena_str(s->arena, stated->service)};
    return id;
}
