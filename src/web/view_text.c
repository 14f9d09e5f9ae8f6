/* Descriptions as blocks of text: paragraphs and lists as the author wrote them, nothing of it markup. */
#include "web/view_text.h"

static bool is_item(pk_str line)
{
    pk_str s = str_trim(line);
    return s.len > 2 && (s.ptr[0] == '-' || s.ptr[0] == '*') && s.ptr[1] == ' ';
}

static pk_str next_line(pk_str *left)
{
    size_t end = str_find_char(*left, '\n');
    pk_str line = str_slice(*left, 0, end);
    *left = end == STR_NPOS ? STR("") : str_slice(*left, end + 1, left->len);
    return line;
}

static void end_block(page *p, list_builder *out, text *paragraph, list_builder *items)
{
    record r = {0};
    if (paragraph->len) {
        set_text(p, &r, "text", arena_str(p->a, str_trim(text_view(paragraph))));
        list_add(p->a, out, record_done(&r));
    }
    text_clear(paragraph);
    if (items->items.len) {
        record l = {0};
        set(p, &l, "items", list_done(items));
        list_add(p->a, out, record_done(&l));
        *items = (list_builder){0};
    }
}

value text_blocks(page *p, pk_str s)
{
    list_builder out = {0}, items = {0};
    text paragraph = {0};
    while (s.len) {
        pk_str line = next_line(&s);
        if (!str_trim(line).len) {
            end_block(p, &out, &paragraph, &items);
        } else if (is_item(line)) {
            if (paragraph.len) end_block(p, &out, &paragraph, &items);
            list_add(p->a, &items, value_string(str_slice(str_trim(line), 2, line.len)));
        } else {
            if (items.items.len) end_block(p, &out, &paragraph, &items);
            if (paragraph.len) text_put_char(&paragraph, '\n');
            text_put(&paragraph, line);
        }
    }
    end_block(p, &out, &paragraph, &items);
    text_free(&paragraph);
    return list_done(&out);
}

value links_of_texts(page *p, const value *texts, size_t most)
{
    list_builder out = {0};
    for (size_t i = 0; texts->type == VALUE_LIST && i < texts->as.list.count && i < most; i++) {
        const value *v = item(texts, i);
        if (v->type != VALUE_STRING) continue;
        record r = {0};
        set_text(p, &r, "text", cut_text(v->as.string, 2000));
        set_text(p, &r, "href", is_web_link(v->as.string) ? v->as.string : STR(""));
        list_add(p->a, &out, record_done(&r));
    }
    return list_done(&out);
}

pk_str language_title(page *p, pk_str language)
{
    const value *title = value_get(&p->languages, language);
    if (title && title->type == VALUE_STRING) return title->as.string;
    pk_str s = arena_str(p->a, language);
    if (s.len && s.ptr[0] >= 'a' && s.ptr[0] <= 'z') *(char *)(uintptr_t)s.ptr -= 32;
    return s;
}

pk_str kind_meaning(pk_str kind)
{
    static const struct { const char *name, *meaning; } kinds[] = {
#define KIND(id, text, index, meaning) {text, meaning},
#include "ir/predicate_kinds.def"
#undef KIND
        {"keyword", "the constant stands somewhere in any field"},
        {"field_equals", "two fields of one event are compared"},
    };
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (str_equal(kind, str_from(kinds[i].name))) return str_from(kinds[i].meaning);
    return STR("");
}

pk_str severity_class(pk_str severity)
{
    if (str_equal(severity, STR("error"))) return STR("bad");
    if (str_equal(severity, STR("warning"))) return STR("part");
    return STR("plain");
}
