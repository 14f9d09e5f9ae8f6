/* Alerts as records; see alert_record.h. */
#include "ir/alert_record.h"

static void add_text(arena *a, record_builder *b, const char *name, pk_str s)
{
    if (s.len) record_add(a, b, str_from(name), value_string(s));
}

/* ---- keys and outcomes ---- */

static pk_str joined(arena *a, const value *v)
{
    pk_str s = {"", 0}, one;
    if (v->type != VALUE_LIST) return value_text(a, v, &one) ? one : s;
    for (size_t i = 0; i < v->as.list.count; i++)
        if (value_text(a, &v->as.list.items[i], &one)) s = s.len ? arena_printf(a, STR_FMT ", " STR_FMT, STR_ARG(s), STR_ARG(one)) : one;
    return s;
}

static bool is_helper(pk_str name) { return !name.len || name.ptr[0] == '#' || str_find_char(name, ':') != STR_NPOS; }

static bool is_key(const plan *p, pk_str name)
{
    const stage *s = p->alert;
    while (s && s->kind != STAGE_AGGREGATE && s->input_count) s = s->inputs[0];
    for (size_t i = 0; s && s->kind == STAGE_AGGREGATE && i < s->as.aggregate.key_count; i++)
        if (str_equal(s->as.aggregate.keys[i].name, name)) return true;
    return false;
}

static value columns_of(const alert_content *c, bool keys, arena *a)
{
    record_builder b = {0};
    for (size_t i = 0; c->columns && i < c->columns->as.record.count; i++) {
        const value_field *f = &c->columns->as.record.fields[i];
        if (!is_helper(f->name) && is_key(c->rule->plan, f->name) == keys) record_add(a, &b, f->name, value_string(joined(a, &f->value)));
    }
    return record_done(&b);
}

/* ---- the same with their types ---- */

/*
 * Which field of a variable holds a value as this type, and which a list of them. A plan's columns have no type of their own: a
 * whole number may be a double that happens to be whole, so it stands in both fields.
 */
static const struct { value_type type; const char *one, *list, *items; } variable_fields[] = {
    {VALUE_BOOL, "bool_val", "bool_seq", "bool_vals"},         {VALUE_INT, "int64_val", "int64_seq", "int64_vals"},
    {VALUE_FLOAT, "double_val", "double_seq", "double_vals"},  {VALUE_TIME, "timestamp_time", NULL, NULL},
    {VALUE_STRING, "string_val", "string_seq", "string_vals"},
};

static bool is_number(const value *v) { return v->type == VALUE_INT || v->type == VALUE_UINT || v->type == VALUE_FLOAT; }

static bool whole_number(const value *v, int64_t *out)
{
    double real = v->type == VALUE_FLOAT ? v->as.real : 0.5;
    bool whole = v->type == VALUE_INT || (real >= -0x1p63 && real < 0x1p63 && real == (double)(int64_t)real);
    if (whole) *out = v->type == VALUE_INT ? v->as.integer : (int64_t)real;
    return whole;
}

/* The value as this type; false: it is of another. */
static bool as_type(const value *v, value_type type, value *out)
{
    double real;
    int64_t whole;
    *out = *v;
    if (type == VALUE_INT && whole_number(v, &whole)) *out = value_int(whole);
    else if (type == VALUE_FLOAT && is_number(v) && value_number(v, &real)) *out = value_real(real);
    else return v->type == type;
    return true;
}

/* A list has the types that all its elements have; where there is none, they are texts. */
static bool items_as(arena *a, const value *v, value_type type, bool last, list_builder *out)
{
    for (size_t i = 0; i < v->as.list.count; i++) {
        value item;
        pk_str s;
        if (!as_type(&v->as.list.items[i], type, &item)) {
            if (!last) return false;
            item = value_string(value_text(a, &v->as.list.items[i], &s) ? s : STR(""));
        }
        list_add(a, out, item);
    }
    return true;
}

static bool add_sequence(arena *a, record_builder *b, const value *v, size_t field, bool last)
{
    list_builder items = {0};
    record_builder sequence = {0};
    if (!variable_fields[field].list || !items_as(a, v, variable_fields[field].type, last, &items)) return false;
    record_add(a, &sequence, str_from(variable_fields[field].items), list_done(&items));
    record_add(a, b, str_from(variable_fields[field].list), record_done(&sequence));
    return true;
}

static value variable_of(arena *a, const value *v, bool key)
{
    size_t count = sizeof variable_fields / sizeof *variable_fields;
    bool list = v->type == VALUE_LIST, typed = false;
    record_builder b = {0};
    record_add(a, &b, STR("type"), value_string(key ? STR("MATCH") : STR("OUTCOME")));
    record_add(a, &b, STR("value"), value_string(joined(a, v)));
    for (size_t i = 0; i < count; i++) {
        value one;
        bool last = i + 1 == count;
        if (list && v->as.list.count && !(last && typed)) typed |= add_sequence(a, &b, v, i, last);
        else if (!list && as_type(v, variable_fields[i].type, &one)) record_add(a, &b, str_from(variable_fields[i].one), one);
    }
    return record_done(&b);
}

static value variables_of(const alert_content *c, arena *a)
{
    record_builder b = {0};
    for (size_t i = 0; c->columns && i < c->columns->as.record.count; i++) {
        const value_field *f = &c->columns->as.record.fields[i];
        if (!is_helper(f->name)) record_add(a, &b, f->name, variable_of(a, &f->value, is_key(c->rule->plan, f->name)));
    }
    return record_done(&b);
}

/* ---- the record ---- */

static value info_of(const alert_content *c, arena *a)
{
    record_builder b = {0};
    double risk;
    add_text(a, &b, "rule_name", c->rule->name.len ? c->rule->name : c->rule->title);
    add_text(a, &b, "rule_id", c->rule->id);
    add_text(a, &b, "severity", c->rule->level);
    add_text(a, &b, "summary", c->rule->title);
    if (value_number(&c->risk, &risk) && risk >= INT32_MIN && risk <= INT32_MAX)
        record_add(a, &b, STR("risk_score"), value_int((int64_t)risk));
    record_add(a, &b, STR("detection_fields"), columns_of(c, true, a));
    record_add(a, &b, STR("outcomes"), columns_of(c, false, a));
    record_add(a, &b, STR("variables"), variables_of(c, a));
    return record_done(&b);
}

static value list_of_one(arena *a, value v)
{
    list_builder list = {0};
    list_add(a, &list, v);
    return list_done(&list);
}

static value window_of(const alert_content *c, arena *a)
{
    record_builder b = {0};
    if (c->from != TIMESTAMP_NONE) record_add(a, &b, STR("start_time"), (value){.type = VALUE_TIME, .as.time = c->from});
    if (c->to != TIMESTAMP_NONE) record_add(a, &b, STR("end_time"), (value){.type = VALUE_TIME, .as.time = c->to});
    return record_done(&b);
}

static value elements_of(const alert_content *c, arena *a)
{
    list_builder elements = {0};
    for (size_t i = 0; i < c->part_count;) {
        list_builder references = {0};
        record_builder element = {0};
        pk_str name = c->parts[i].name;
        for (; i < c->part_count && str_equal(c->parts[i].name, name); i++) {
            record_builder reference = {0};
            if (!c->parts[i].record) continue;
            record_add(a, &reference, c->parts[i].is_context ? STR("entity") : STR("event"), *c->parts[i].record);
            list_add(a, &references, record_done(&reference));
        }
        record_add(a, &element, STR("label"), value_string(name));
        record_add(a, &element, STR("references"), list_done(&references));
        list_add(a, &elements, record_done(&element));
    }
    return list_done(&elements);
}

value alert_record(const alert_content *c, arena *a)
{
    record_builder b = {0};
    record_add(a, &b, STR("detection"), list_of_one(a, info_of(c, a)));
    record_add(a, &b, STR("time_window"), window_of(c, a));
    if (c->time != TIMESTAMP_NONE) record_add(a, &b, STR("detection_time"), (value){.type = VALUE_TIME, .as.time = c->time});
    record_add(a, &b, STR("collection_elements"), elements_of(c, a));
    return record_done(&b);
}
