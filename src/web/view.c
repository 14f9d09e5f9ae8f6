/* Reading answers and making what templates see. */
#include "web/view.h"

static const value nothing = {.type = VALUE_MISSING};

const value *at(const value *v, const char *name)
{
    const value *found = value_get(v, str_from(name));
    return found ? found : &nothing;
}

pk_str text_at(const value *v, const char *name)
{
    const value *found = at(v, name);
    return found->type == VALUE_STRING ? found->as.string : STR("");
}

int64_t int_at(const value *v, const char *name)
{
    const value *found = at(v, name);
    if (found->type == VALUE_INT) return found->as.integer;
    return found->type == VALUE_FLOAT && found->as.real > -9e15 && found->as.real < 9e15 ? (int64_t)found->as.real : 0;
}

bool flag_at(const value *v, const char *name)
{
    const value *found = at(v, name);
    return found->type == VALUE_BOOL ? found->as.boolean : found->type == VALUE_INT && found->as.integer != 0;
}

bool is_there(const value *v, const char *name)
{
    value_type type = at(v, name)->type;
    return type != VALUE_MISSING && type != VALUE_NULL;
}

size_t count_at(const value *v, const char *name)
{
    const value *found = at(v, name);
    return found->type == VALUE_LIST ? found->as.list.count : 0;
}

const value *item(const value *list, size_t i)
{
    return list->type == VALUE_LIST && i < list->as.list.count ? &list->as.list.items[i] : &nothing;
}

record record_of(page *p, const value *v)
{
    record r = {0};
    if (v->type == VALUE_RECORD)
        for (size_t i = 0; i < v->as.record.count; i++) record_add(p->a, &r, v->as.record.fields[i].name, v->as.record.fields[i].value);
    return r;
}

/* The last member of a name is the one that templates see. */
void set(page *p, record *r, const char *name, value v) { record_add(p->a, r, str_from(name), v); }
void set_text(page *p, record *r, const char *name, pk_str s) { set(p, r, name, value_string(s)); }
void set_flag(page *p, record *r, const char *name, bool b) { set(p, r, name, value_bool(b)); }
void set_int(page *p, record *r, const char *name, int64_t n) { set(p, r, name, value_int(n)); }

pk_str counted(page *p, int64_t n, const char *one, const char *many)
{
    return arena_printf(p->a, STR_FMT " %s", STR_ARG(count_text(p->a, n)), n == 1 ? one : many);
}

value each_of(page *p, const value *list, view_fn fn, size_t most)
{
    list_builder out = {0};
    size_t n = list->type == VALUE_LIST ? list->as.list.count : 0;
    for (size_t i = 0; i < n && i < most; i++) list_add(p->a, &out, fn(p, &list->as.list.items[i]));
    return list_done(&out);
}

value each(page *p, const value *list, view_fn fn) { return each_of(p, list, fn, SIZE_MAX); }

void set_each(page *p, record *r, const value *v, const char *name, view_fn fn) { set(p, r, name, each(p, at(v, name), fn)); }

void add_crumb(page *p, pk_str title, pk_str href)
{
    crumb c = {title, href};
    vec_push_in(p->a, &p->crumbs, c);
}

pk_str level_class(pk_str level)
{
    static const char *const known[] = {"critical", "high", "medium", "low", "informational"};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (str_equal_ascii_fold(level, str_from(known[i]))) return str_from(known[i]);
    return STR("none");
}

bool is_web_link(pk_str s)
{
    if (s.len > 2000) return false;
    if (!str_equal_ascii_fold(str_slice(s, 0, 7), STR("http://")) && !str_equal_ascii_fold(str_slice(s, 0, 8), STR("https://"))) return false;
    for (size_t i = 0; i < s.len; i++)
        if ((unsigned char)s.ptr[i] <= ' ' || s.ptr[i] == '"' || s.ptr[i] == '<' || s.ptr[i] == '>' || s.ptr[i] == '\\' || s.ptr[i] == 0x7f) return false;
    return true;
}
