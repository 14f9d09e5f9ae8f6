/* JSON in a line: parsed as JSON in strings is, and put into the sink member by member. */
#include "event/json_text.h"
#include "formats/text/line.h"
#include "formats/text/times.h"

enum { JSON_DEPTH = 512 }; /* as the JSON format; the sink keeps fewer levels */

static void put_members(field_sink *s, const value *v);

static void put_value(field_sink *s, pk_str key, const value *v)
{
    if (v->type == VALUE_RECORD || v->type == VALUE_LIST) {
        take_name(s, key);
        sink_enter(s, key, v->type == VALUE_LIST);
        put_members(s, v);
        sink_leave(s);
    } else if (v->type == VALUE_STRING) {
        put_text(s, key, v->as.string);
    } else {
        put_field(s, key, *v);
    }
}

/* Nesting is bounded by the parser. */
static void put_members(field_sink *s, const value *v)
{
    if (v->type == VALUE_LIST)
        for (size_t i = 0; i < v->as.list.count; i++) put_value(s, (pk_str){"", 0}, &v->as.list.items[i]);
    else
        for (size_t i = 0; i < v->as.record.count; i++)
            put_value(s, v->as.record.fields[i].name, &v->as.record.fields[i].value);
}

bool json_put_object(field_sink *s, pk_str object)
{
    value v;
    if (object.len < 2 || object.ptr[0] != '{' || !json_text_parse(object, JSON_DEPTH, s->arena, &v)) return false;
    put_members(s, &v);
    return true;
}

/* ---- the kind of lines that are JSON, or end with it ---- */

/* Monolog writes its (mostly empty) extra list behind the context. */
static pk_str without_empty_list(pk_str m)
{
    m = str_trim(m);
    return str_ends_with(m, STR("} []")) ? str_slice(m, 0, m.len - 3) : m;
}

bool json_detect(pk_str m)
{
    m = without_empty_list(m);
    return m.len >= 2 && m.ptr[m.len - 1] == '}' && memchr(m.ptr, '{', m.len) != NULL;
}

/* "conn - {...}": the name of a Zeek stream stands before its JSON, as collectors write it. */
static pk_str stream_name(pk_str prefix)
{
    if (!str_ends_with(prefix, STR(" -"))) return (pk_str){NULL, 0};
    pk_str name = str_slice(prefix, 0, prefix.len - 2);
    for (size_t i = 0; i < name.len; i++)
        if (!(name.ptr[i] >= 'a' && name.ptr[i] <= 'z') && !(name.ptr[i] >= '0' && name.ptr[i] <= '9') && name.ptr[i] != '_')
            return (pk_str){NULL, 0};
    return name;
}

bool json_parse(pk_str m, const w3c_columns *columns, field_sink *s)
{
    (void)columns;
    enum { TRIES = 4 };
    m = str_trim(without_empty_list(m));
    size_t at = 0, open = STR_NPOS;
    for (int i = 0; i < TRIES; i++, at = open + 1) {
        size_t next = str_find_char(str_slice(m, at, m.len), '{');
        if (next == STR_NPOS) return false;
        open = at + next;
        if (json_put_object(s, str_slice(m, open, m.len))) break;
        if (i + 1 == TRIES) return false;
    }
    pk_str prefix = str_trim(str_slice(m, 0, open));
    if (prefix.len == 0) return true;
    pk_str stream = stream_name(prefix);
    if (stream.len) {
        sink_put_text(s, STR("_path"), stream);
        return true;
    }
    pk_str time = find_time(prefix, 64);
    if (time.len) put_unless_taken(s, "timestamp", time);
    put_unless_taken(s, "message", prefix);
    return true;
}
