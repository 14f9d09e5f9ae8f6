/* From classed bytes to lines. */
#include "web/highlight.h"

enum { HIGHLIGHT_LIMIT = 256 * 1024, NUMBERED_COST = 52, LINE_COST = 24, PART_COST = 16, LINE_LIMIT = 4096 };

static const struct {
    const char *syntax;
    highlight_fn fn;
} lexers[] = {
    {"yaml", highlight_yaml},
    {"condition", highlight_condition},
    {"yara-l", highlight_yaral},
};

highlight_fn highlight_find(pk_str syntax)
{
    for (size_t i = 0; i < sizeof lexers / sizeof *lexers; i++)
        if (str_equal(syntax, str_from(lexers[i].syntax))) return lexers[i].fn;
    return NULL;
}

static value part_of(arena *a, pk_str s, char class)
{
    record_builder b = {0};
    if (class) record_add(a, &b, STR("c"), value_string(arena_str(a, (pk_str){&class, 1})));
    record_add(a, &b, STR("t"), value_string(s));
    return record_done(&b);
}

/* Pieces of equal class; white space takes the class of what is before it. */
static value parts_of(arena *a, pk_str line, const char *classes, size_t *cost)
{
    list_builder out = {0};
    for (size_t at = 0; at < line.len;) {
        size_t end = at + 1;
        char class = classes ? classes[at] : 0;
        while (end < line.len && (!classes || classes[end] == class || line.ptr[end] == ' ')) end++;
        if (class)
            while (end > at + 1 && line.ptr[end - 1] == ' ' && classes[end - 1] != class) end--;
        list_add(a, &out, part_of(a, str_slice(line, at, end - at), class));
        for (size_t i = at; i < end; i++) *cost += line.ptr[i] == '\'' || line.ptr[i] == '"' || line.ptr[i] == '&' ? 5 : 1; /* as escaped */
        *cost += class ? PART_COST : 0;
        at = end;
    }
    return list_done(&out);
}

static pk_str without_return(pk_str line) { return line.len && line.ptr[line.len - 1] == '\r' ? str_slice(line, 0, line.len - 1) : line; }

value highlight_lines(arena *a, pk_str s, pk_str syntax, highlight_options *o, size_t *lines_left)
{
    char *classes = NULL;
    highlight_fn fn = highlight_find(syntax);
    if (fn && s.len <= HIGHLIGHT_LIMIT) {
        classes = arena_zalloc(a, s.len + 1, 1);
        fn(s, classes, a);
    }
    list_builder out = {0};
    size_t cost = 0;
    uint32_t n = o->first_line;
    *lines_left = 0;
    for (size_t start = 0; start < s.len; n++) {
        size_t end = str_find_char(str_slice(s, start, s.len), '\n'), next;
        end = end == STR_NPOS ? s.len : start + end;
        next = end + 1;
        pk_str line = without_return(str_slice(s, start, end - start));
        bool long_line = o->budget && line.len > LINE_LIMIT;
        if (long_line) line = str_slice(line, 0, LINE_LIMIT);
        while (long_line && line.len && ((unsigned char)line.ptr[line.len - 1] & 0xc0) == 0x80) line.len--;
        if (long_line && line.len && (unsigned char)line.ptr[line.len - 1] >= 0xc0) line.len--;
        if (o->budget && cost > o->budget) {
            ++*lines_left;
            start = next;
            continue;
        }
        record_builder b = {0};
        pk_str number = arena_printf(a, "%u", n);
        record_add(a, &b, STR("n"), value_string(number));
        if (o->anchor) record_add(a, &b, STR("id"), value_string(arena_printf(a, "%s%u", o->anchor, n)));
        record_add(a, &b, STR("parts"), parts_of(a, line, classes ? classes + start : NULL, &cost));
        record_add(a, &b, STR("more"), value_bool(long_line));
        list_add(a, &out, record_done(&b));
        cost += o->anchor ? NUMBERED_COST : LINE_COST;
        start = next;
    }
    o->used = cost;
    return list_done(&out);
}
