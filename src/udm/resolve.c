/* A rule's path, step by step through the messages; what is wrong is told with its place and the nearest name. */
#include "event/field_path.h"
#include "udm/model.h"

udm_root udm_root_of(pk_str path)
{
    size_t len = 0;
    while (len < path.len && path.ptr[len] != '.' && path.ptr[len] != '[') len++;
    pk_str first = str_slice(path, 0, len);
    if (str_equal(first, STR("graph"))) return UDM_ENTITY;
    return str_equal(first, STR("detection")) ? UDM_DETECTION : UDM_EVENT;
}

/* The segment that may stand before the fields of a root. */
static pk_str prefix_of(udm_root root)
{
    return root == UDM_EVENT ? STR("udm") : root == UDM_ENTITY ? STR("graph") : STR("detection");
}

typedef struct {
    pk_str text;
    field_path path;
    size_t step;
    arena *arena;
    udm_path *out;
    udm_error error;
    bool told;                    /* somebody reads the error: then it has the nearest name */
    text canonical;
} resolver;

static bool fail(resolver *r, udm_fault fault, const field_step *s, const udm_message *m)
{
    size_t next = s + 1 < r->path.steps + r->path.count ? s[1].at : r->text.len;
    r->error = (udm_error){.fault = fault, .at = s->at, .word = s->kind == STEP_FIELD ? s->name : str_slice(r->text, s->at, next - s->at)};
    if (m) r->error.message = m->name;
    return false;
}

static pk_str nearest_field(const udm_message *m, pk_str word)
{
    pk_str names[128];
    size_t count = m->count < sizeof names / sizeof *names ? m->count : sizeof names / sizeof *names;
    const udm_field *camel = udm_field_written(m, word);
    if (camel) return camel->name;
    for (size_t i = 0; i < count; i++) names[i] = m->fields[i].name;
    return str_nearest(word, names, count);
}

static bool fail_field(resolver *r, const field_step *s, const udm_message *m)
{
    fail(r, UDM_UNKNOWN_FIELD, s, m);
    if (r->told) r->error.nearest = nearest_field(m, s->name);
    return false;
}

static const field_step *here(const resolver *r) { return r->step < r->path.count ? &r->path.steps[r->step] : NULL; }

/* Below a time: its two numbers. */
static bool resolve_time_part(resolver *r, const field_step *s)
{
    static const udm_field parts[] = {{.name = {"seconds", 7}, .type = UDM_INT}, {.name = {"nanos", 5}, .type = UDM_INT}};
    static const udm_message time_message = {.name = {"Timestamp", 9}, .fields = parts, .count = 2};
    if (!udm_message_field(&time_message, s->name)) return fail_field(r, s, &time_message);
    text_put_char(&r->canonical, '.');
    text_put(&r->canonical, s->name);
    r->out->type = UDM_INT;
    r->step++;
    return true;
}

/* Brackets behind a field: [], [n], ['k']. */
static bool resolve_brackets(resolver *r, const udm_field *f)
{
    bool list = f->repeated, keyed = udm_is_labels(f) || f->type == UDM_MAP;
    for (const field_step *s; (s = here(r)) && s->kind != STEP_FIELD; r->step++) {
        if (s->kind == STEP_KEY) {
            if (!keyed) return fail(r, UDM_NOT_A_MAP, s, NULL);
            field_path_put_key(&r->canonical, s->name);
            const udm_message *values = f->type == UDM_MAP ? f->message : NULL;
            *r->out = (udm_path){.type = values ? UDM_MESSAGE : UDM_STRING, .map_read = !values, .repeated = r->out->repeated, .message = values};
            keyed = list = false;
        } else if (!list) {
            return fail(r, UDM_NOT_A_LIST, s, NULL);
        } else {
            list = keyed = false;
            if (s->kind == STEP_EACH) text_put_cstring(&r->canonical, "[]");
            else text_printf(&r->canonical, "[%u]", s->index);
            r->out->repeated |= s->kind == STEP_EACH;
            r->out->list = s->kind == STEP_EACH;
        }
    }
    if (!list) return true;
    text_put_cstring(&r->canonical, "[]");
    r->out->repeated = r->out->list = true;
    return true;
}

static bool resolve_field(resolver *r, const udm_message *m)
{
    const field_step *s = here(r);
    const udm_field *f = udm_message_field(m, s->name);
    if (!f && udm_is_variable(m) && str_ends_with(s->name, STR("_value"))) f = udm_message_field(m, str_slice(s->name, 0, s->name.len - 2));
    if (!f) return fail_field(r, s, m);
    if (r->canonical.len) text_put_char(&r->canonical, '.');
    text_put(&r->canonical, f->name);
    *r->out = (udm_path){.type = f->type, .repeated = r->out->repeated, .hash = f->hash, .message = f->message, .enumeration = f->enumeration};
    r->step++;
    return resolve_brackets(r, f);
}

static bool resolve_steps(resolver *r, const udm_message *m)
{
    while (here(r)) {
        const field_step *s = here(r);
        if (s->kind != STEP_FIELD) return fail(r, UDM_NOT_A_LIST, s, NULL);
        if (!m && r->out->type == UDM_TIME) {
            if (!resolve_time_part(r, s)) return false;
            continue;
        }
        if (!m) return fail(r, UDM_NO_FIELDS, s, NULL);
        if (!resolve_field(r, m)) return false;
        m = r->out->type == UDM_MESSAGE ? r->out->message : NULL;
    }
    if (m && udm_is_variable(m)) { /* the variable itself is compared as text */
        text_put_cstring(&r->canonical, ".value");
        *r->out = (udm_path){.type = UDM_STRING, .repeated = r->out->repeated};
    }
    return true;
}

bool udm_resolve(udm_root root, pk_str path, arena *a, udm_path *out, udm_error *error)
{
    resolver r = {.text = path, .arena = a, .out = out, .told = error != NULL};
    size_t wrong = 0;
    *out = (udm_path){0};
    bool fine = field_path_parse(path, a, &r.path, &wrong);
    if (!fine) {
        r.error = (udm_error){.fault = UDM_SYNTAX, .at = wrong, .word = str_slice(path, wrong, STR_NPOS)};
    } else {
        if (r.path.count > 1 && r.path.steps[1].kind == STEP_FIELD && str_equal(r.path.steps[0].name, prefix_of(root))) r.step++;
        fine = resolve_steps(&r, udm_root_message(root));
    }
    if (fine && out->map_read) out->repeated = false;
    if (fine) out->path = arena_str(a, text_view(&r.canonical));
    if (!fine && error) *error = r.error;
    text_free(&r.canonical);
    return fine;
}
