/*
 * YAML: keys and scalars stand where the tree says; what lies between them is comments and signs. In the condition of a Sigma
 * rule the words of its grammar are told from the names of identifiers.
 */
#include "base/yaml.h"
#include "web/highlight.h"

static void paint(char *classes, size_t start, size_t end, size_t len, char class)
{
    for (size_t i = start; i < end && i < len; i++) classes[i] = class;
}

static void paint_key(const yaml_entry *e, pk_str s, char *classes)
{
    size_t start = e->key_span.start, end = e->key_span.end < s.len ? e->key_span.end : s.len;
    paint(classes, start, end, s.len, 'k');
    for (size_t i = start; i < end; i++) /* Image|endswith: field and modifiers */
        if (s.ptr[i] == '|') {
            paint(classes, i, end, s.len, 'o');
            return;
        }
}

static bool is_word_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '*' || c == '-' || (unsigned char)c >= 0x80;
}

static char condition_class(pk_str word)
{
    static const char *const words[] = {"and", "or", "not", "of", "all", "them", "any", "1", "near", "count", "min", "max", "avg", "sum", "by"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (str_equal_ascii_fold(word, str_from(words[i]))) return 'w';
    return 'i';
}

static void paint_words(pk_str s, size_t from, size_t end, char *classes)
{
    for (size_t i = from; i < end;) {
        size_t start = i;
        while (i < end && is_word_char(s.ptr[i])) i++;
        if (i > start) paint(classes, start, i, s.len, condition_class(str_slice(s, start, i - start)));
        else classes[i++] = 0;
    }
}

static void paint_condition(const yaml_node *n, pk_str s, char *classes)
{
    paint_words(s, n->span.start, n->span.end < s.len ? n->span.end : s.len, classes);
}

void highlight_condition(pk_str s, char *classes, arena *a)
{
    (void)a;
    paint_words(s, 0, s.len, classes);
}

static void paint_scalar(const yaml_node *n, pk_str s, char *classes)
{
    char class = 0;
    if (n->style == YAML_SINGLE_QUOTED || n->style == YAML_DOUBLE_QUOTED) class = 's';
    else if (n->style == YAML_PLAIN && n->type != YAML_TEXT) class = 'n';
    else class = 't';
    paint(classes, n->span.start, n->span.end, s.len, class);
}

static void paint_node(const yaml_node *n, pk_str s, char *classes, int depth)
{
    if (!n || depth > YAML_MAX_DEPTH) return;
    if (n->kind == YAML_SCALAR) paint_scalar(n, s, classes);
    for (size_t i = 0; i < n->count && n->kind == YAML_LIST; i++) paint_node(n->items[i], s, classes, depth + 1);
    for (size_t i = 0; i < n->count && n->kind == YAML_MAP; i++) {
        const yaml_entry *e = &n->entries[i];
        paint_key(e, s, classes);
        bool condition = e->value && e->value->kind == YAML_SCALAR && e->value->style != YAML_BLOCK && str_equal(e->key, STR("condition"));
        if (condition) paint_condition(e->value, s, classes);
        else paint_node(e->value, s, classes, depth + 1);
    }
}

/* A '#' that no scalar holds, at the beginning of a line or after white space. */
static void paint_comments(pk_str s, char *classes)
{
    for (size_t i = 0; i < s.len; i++) {
        if (s.ptr[i] != '#' || classes[i]) continue;
        if (i && s.ptr[i - 1] != ' ' && s.ptr[i - 1] != '\t' && s.ptr[i - 1] != '\n') continue;
        size_t end = i;
        while (end < s.len && s.ptr[end] != '\n') end++;
        paint(classes, i, end, s.len, 'c');
        i = end;
    }
}

void highlight_yaml(pk_str s, char *classes, arena *a)
{
    yaml_file file = yaml_read(a, s);
    for (size_t i = 0; i < file.count; i++) paint_node(file.documents[i].root, s, classes, 0);
    paint_comments(s, classes);
    for (size_t i = 0; i < s.len; i++)
        if (classes[i] == 't') classes[i] = 0;
}
