/*
 * Fields of events and entities: from a rule's path to the path of the IR, which names every repeated level. A field behind
 * `any`, `all` and functions over lists is the whole list; else it is read of a copy of the event, if its list becomes copies.
 */
#include "languages/yaral/lower_private.h"

pk_str lower_schema_of(yaral_source source)
{
    return source == YARAL_ENTITIES ? STR("udm-entity") : source == YARAL_DETECTIONS ? STR("udm-detection") : STR("udm");
}

static udm_root root_of(yaral_source source)
{
    return source == YARAL_ENTITIES ? UDM_ENTITY : source == YARAL_DETECTIONS ? UDM_DETECTION : UDM_EVENT;
}

static lowered_type type_of(udm_type t)
{
    switch (t) {
    case UDM_STRING: case UDM_BYTES: return TYPE_TEXT;
    case UDM_INT: return TYPE_INT;
    case UDM_FLOAT: return TYPE_FLOAT;
    case UDM_BOOL: return TYPE_BOOL;
    case UDM_ENUM: return TYPE_ENUM;
    case UDM_TIME: return TYPE_TIME;
    case UDM_MESSAGE: case UDM_MAP: break;
    }
    return TYPE_ANY;
}

/* A path that the model does not know: what it knows of it, then the rest as written. */
static udm_path unknown_path(lowering *l, const yaral_node *n)
{
    udm_path known = {.path = STR(""), .type = UDM_STRING};
    yaral_node part = *n;
    while (--part.as.field.segment_count)
        if (udm_resolve(root_of(n->as.field.source), yaral_path_text(l->arena, &part), l->arena, &known, NULL)) break;
    text t = {0};
    text_put(&t, known.path);
    if (known.list && known.repeated && !str_ends_with(known.path, STR("[]"))) text_put_cstring(&t, "[]");
    for (size_t i = part.as.field.segment_count; i < n->as.field.segment_count; i++) {
        const yaral_segment *s = &n->as.field.segments[i];
        if (s->kind == YARAL_SEGMENT_INDEX) {
            text_printf(&t, "[%lld]", (long long)s->index);
        } else if (s->kind == YARAL_SEGMENT_KEY) {
            text_put_cstring(&t, "['");
            for (size_t k = 0; k < s->text.len; k++) {
                if (s->text.ptr[k] == '\'' || s->text.ptr[k] == '\\') text_put_char(&t, '\\');
                text_put_char(&t, s->text.ptr[k]);
            }
            text_put_cstring(&t, "']");
        } else {
            if (t.len) text_put_char(&t, '.');
            text_put(&t, s->text);
        }
    }
    udm_path out = {.path = arena_str(l->arena, text_view(&t)), .type = UDM_STRING};
    out.repeated = str_find(out.path, STR("[]")) != STR_NPOS;
    text_free(&t);
    return out;
}

static field_read *new_read(lowering *l, uint32_t variable, pk_str path, span at)
{
    field_read *f = ARENA_NEW(l->arena, field_read);
    f->base.kind = EXPR_FIELD;
    f->base.span = at;
    f->base.as.field = (ir_field){.kind = FIELD_PATH, .part = l->variables[variable].name,
                                  .schema = lower_schema_of(l->ast->variables[variable].source), .path = path};
    f->variable = variable;
    return f;
}

typed lower_field(lowering *l, const yaral_node *n, bool whole)
{
    udm_path p;
    if (!udm_resolve(root_of(n->as.field.source), yaral_path_text(l->arena, n), l->arena, &p, NULL)) p = unknown_path(l, n);
    uint32_t v = n->as.field.index;
    field_read *f = new_read(l, v, p.path, n->span);
    f->copied = p.repeated && !p.map_read && !whole && n->as.field.quantifier == YARAL_PLAIN;
    if (f->copied) {
        f->list = str_slice(p.path, 0, str_find(p.path, STR("[]")));
        f->plain_outcome = l->spreads;
        vec_push_in(l->scratch, &l->variables[v].reads, f);
    }
    return (typed){.value = &f->base, .type = p.map_read ? TYPE_TEXT : type_of(p.type), .enumeration = p.enumeration, .hash = p.hash,
                   .quantifier = p.repeated && !p.map_read ? n->as.field.quantifier : YARAL_PLAIN};
}

expr *lower_known_field(lowering *l, uint32_t variable, const char *path)
{
    return &new_read(l, variable, str_from(path), l->ast->variables[variable].span)->base;
}

field_read *lower_read_of(const expr *e)
{
    bool ours = e->kind == EXPR_FIELD && e->as.field.kind == FIELD_PATH && e->as.field.schema.len;
    return ours ? (field_read *)(uintptr_t)e : NULL;
}

expr *lower_part(lowering *l, uint32_t variable)
{
    expr *e = ir_field_expr(l->arena, STR(""), STR(""));
    e->as.field.part = l->variables[variable].name;
    e->span = l->ast->variables[variable].span;
    return e;
}

expr *lower_column(lowering *l, pk_str name) { return ir_field_expr(l->arena, STR(""), name); }

pk_str lower_binding_column(lowering *l, uint32_t variable, uint32_t placeholder)
{
    return arena_printf(l->arena, STR_FMT ":" STR_FMT, STR_ARG(l->variables[variable].name),
                        STR_ARG(l->ast->placeholders[placeholder].name));
}
