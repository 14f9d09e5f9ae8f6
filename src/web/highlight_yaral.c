/* YARA-L: the words of the language as its own lexer cuts them; what lies between them is comments and white space. */
#include "languages/yaral/lex.h"
#include "web/highlight.h"

static void paint(char *classes, size_t start, size_t end, size_t len, char class)
{
    for (size_t i = start; i < end && i < len; i++) classes[i] = class;
}

static bool is_one_of(const token *t, const char *const *words, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (yaral_is_word(t, words[i])) return true;
    return false;
}

#define COUNT(table) (sizeof table / sizeof *table)

/* A word: of the grammar, a section or a key, a function, a constant; else plain, as the parts of paths are. */
static char class_of_word(const token *t, const token *before, const token *behind)
{
    static const char *const words[] = {"rule", "and", "or", "not", "in", "regex", "cidr", "nocase", "any", "all", "is", "over", "by", "before", "after", "every"};
    static const char *const constants[] = {"true", "false", "null"};
    if (before && before->kind == TOKEN_DOT) return behind->kind == TOKEN_OPEN ? 'o' : 0;
    if (behind->kind == TOKEN_COLON || behind->kind == TOKEN_EQ) return 'k';
    if (is_one_of(t, words, COUNT(words))) return 'w';
    if (is_one_of(t, constants, COUNT(constants))) return 'n';
    if (before && yaral_is_word(before, "rule") && behind->kind == TOKEN_OPEN_BRACE) return 'k';
    return behind->kind == TOKEN_OPEN || behind->kind == TOKEN_DOT ? 'o' : 0;
}

static char class_of(const token *t, const token *before, const token *behind)
{
    switch (t->kind) {
    case TOKEN_STRING: case TOKEN_RAW_STRING: case TOKEN_REGEX: return 's';
    case TOKEN_NUMBER: case TOKEN_DURATION: return 'n';
    case TOKEN_VARIABLE: case TOKEN_COUNT: case TOKEN_LIST: return 'i';
    case TOKEN_IDENT: return class_of_word(t, before, behind);
    default: return 0;
    }
}

/* Between two tokens: comments from their first slash to the last character that is not blank. */
static void paint_gap(pk_str s, size_t from, size_t to, char *classes)
{
    while (from < to && s.ptr[from] != '/') from++;
    while (to > from && strchr(" \t\r\n", s.ptr[to - 1])) to--;
    paint(classes, from, to, s.len, 'c');
}

void highlight_yaral(pk_str s, char *classes, arena *a)
{
    token_list tokens = {0};
    size_t end = 0;
    yaral_lex(a, s, &tokens);
    for (size_t i = 0; i < tokens.items.len; i++) {
        const token *t = &tokens.items.at[i], *before = i ? t - 1 : NULL, *behind = i + 1 < tokens.items.len ? t + 1 : t;
        paint_gap(s, end, t->span.start, classes);
        char class = class_of(t, before, behind);
        if (class) paint(classes, t->span.start, t->span.end, s.len, class);
        end = t->span.end;
    }
    vec_free(&tokens.items);
}
