/* JSON by its brackets, XML by its angles. */
#include "event/inner_text.h"

#include "event/json_text.h"
#include "event/xml_text.h"

enum { DEPTH_LIMIT = 64 };

bool inner_text_may_open(pk_str s)
{
    if (s.len < 2 || s.ptr[0] > '{') return false;
    s = str_trim(s);
    if (s.len < 2) return false;
    switch (s.ptr[0]) {
    case '{': return s.ptr[s.len - 1] == '}';
    case '[': return s.ptr[s.len - 1] == ']';
    case '<': return s.ptr[s.len - 1] == '>';
    default: return false;
    }
}

size_t inner_text_open(pk_str s, arena *a, const value **records)
{
    if (!inner_text_may_open(s)) return 0;
    s = str_trim(s);
    value *v = ARENA_NEW(a, value);
    bool whole = s.ptr[0] == '<' ? xml_text_parse(s, DEPTH_LIMIT, a, v) : json_text_parse(s, DEPTH_LIMIT, a, v);
    *records = v;
    if (!whole || v->type != VALUE_LIST) return whole;
    size_t kept = 0;
    for (size_t i = 0; i < v->as.list.count; i++)
        if (v->as.list.items[i].type == VALUE_RECORD) v->as.list.items[kept++] = v->as.list.items[i];
    *records = v->as.list.items;
    return kept;
}
