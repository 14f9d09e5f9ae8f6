/*
 * A tree as text: sections in the order of the language, one statement a line, parentheses only where the tree needs them. What
 * is printed parses back to an equal tree.
 */
#include "languages/yaral/ast.h"

/* ---- literals ---- */

static void print_string(text *out, const yaral_node *n)
{
    static const char named[] = "\nn\tt\rr\"\"\\\\";
    pk_str s = n->as.string.text;
    if (n->as.string.raw) {
        text_put_char(out, '`');
        text_put(out, s);
        text_put_char(out, '`');
        return;
    }
    text_put_char(out, '"');
    for (size_t i = 0; i < s.len; i++) {
        unsigned char c = (unsigned char)s.ptr[i];
        const char *found = c ? strchr(named, c) : NULL;
        while (found && (found - named) % 2) found = strchr(found + 1, c); /* of the pairs the first */
        if (found) text_printf(out, "\\%c", found[1]);
        else if (c < 0x20 || c == 0x7F) text_printf(out, "\\x%02x", c);
        else text_put_char(out, (char)c);
    }
    text_put_char(out, '"');
}

static void print_regex(text *out, pk_str s)
{
    text_put_char(out, '/');
    for (size_t i = 0; i < s.len; i++) {
        if (s.ptr[i] == '/') text_put_char(out, '\\');
        text_put_char(out, s.ptr[i]);
        if (s.ptr[i] == '\\' && i + 1 < s.len) text_put_char(out, s.ptr[++i]);
    }
    text_put_char(out, '/');
}

static void print_key(text *out, pk_str key)
{
    yaral_node n = {.kind = YARAL_STRING, .as.string.text = key};
    print_string(out, &n);
}

static void print_segments(text *out, const yaral_node *n, bool first_plain)
{
    for (size_t i = 0; i < n->as.field.segment_count; i++) {
        const yaral_segment *s = &n->as.field.segments[i];
        if (s->kind == YARAL_SEGMENT_NAME) {
            if (i || !first_plain) text_put_char(out, '.');
            text_put(out, s->text);
            continue;
        }
        text_put_char(out, '[');
        if (s->kind == YARAL_SEGMENT_INDEX) text_put_int(out, s->index);
        else print_key(out, s->text);
        text_put_char(out, ']');
    }
}

static void print_field(text *out, const yaral_node *n)
{
    if (n->as.field.quantifier != YARAL_PLAIN) text_put_cstring(out, n->as.field.quantifier == YARAL_ANY ? "any " : "all ");
    bool bare = !n->as.field.variable.len;
    if (!bare) text_printf(out, "$" STR_FMT, STR_ARG(n->as.field.variable));
    const char *prefix = n->as.field.source == YARAL_ENTITIES ? "graph" : n->as.field.prefixed ? "udm" : "";
    if (*prefix && !bare) text_put_char(out, '.');
    text_put_cstring(out, prefix);
    print_segments(out, n, bare && !*prefix);
}

pk_str yaral_path_text(arena *a, const yaral_node *field)
{
    text out = {0};
    print_segments(&out, field, true);
    pk_str kept = arena_str(a, text_view(&out));
    text_free(&out);
    return kept;
}

/* ---- expressions ---- */

/* How tightly the parts of a node hold together. */
static int precedence(const yaral_node *n)
{
    switch (n->kind) {
    case YARAL_OR: return 1;
    case YARAL_AND: return 2;
    case YARAL_NOT: return 3;
    case YARAL_COMPARE: case YARAL_IN: case YARAL_IS_NULL: return 4;
    case YARAL_CALL: return n->nocase ? 4 : 8;
    case YARAL_ARITHMETIC: return n->as.arithmetic == '+' || n->as.arithmetic == '-' ? 5 : 6;
    case YARAL_NEGATE: return 7;
    default: return 8;
    }
}

/* Parentheses if it holds together less than `least`. */
static void print_in(text *out, const yaral_node *n, int least)
{
    bool grouped = precedence(n) < least;
    if (grouped) text_put_char(out, '(');
    yaral_print_node(out, n);
    if (grouped) text_put_char(out, ')');
}

static void print_list_of(text *out, const yaral_node *n)
{
    for (size_t i = 0; i < n->count; i++) {
        if (i) text_put_cstring(out, ", ");
        print_in(out, n->args[i], 0);
    }
}

static void print_joined(text *out, const yaral_node *n, const char *word)
{
    for (size_t i = 0; i < n->count; i++) {
        if (i) text_put_cstring(out, word);
        print_in(out, n->args[i], precedence(n) + 1);
    }
}

static void print_relation(text *out, const yaral_node *n)
{
    static const char *const signs[] = {" = ", " != ", " < ", " <= ", " > ", " >= "};
    print_in(out, n->args[0], 5);
    text_put_cstring(out, signs[n->as.compare]);
    print_in(out, n->args[1], 5);
}

static void print_in_list(text *out, const yaral_node *n)
{
    static const char *const words[] = {" in ", " in regex ", " in cidr "};
    print_in(out, n->args[0], 5);
    if (n->as.in.negated) text_put_cstring(out, " not");
    text_put_cstring(out, words[n->as.in.how]);
    print_in(out, n->args[1], 8);
}

static void print_arithmetic(text *out, const yaral_node *n)
{
    print_in(out, n->args[0], precedence(n));
    text_printf(out, " %c ", n->as.arithmetic);
    print_in(out, n->args[1], precedence(n) + 1);
}

static void print_head(text *out, const yaral_node *n)
{
    switch (n->kind) {
    case YARAL_NUMBER: text_put(out, n->as.number.written); break;
    case YARAL_STRING: print_string(out, n); break;
    case YARAL_REGEX: print_regex(out, n->as.regex.pattern); break;
    case YARAL_BOOL: text_put_cstring(out, n->as.truth ? "true" : "false"); break;
    case YARAL_NULL: text_put_cstring(out, "null"); break;
    case YARAL_FIELD: print_field(out, n); break;
    case YARAL_VARIABLE: text_printf(out, "$" STR_FMT, STR_ARG(n->as.variable.name)); break;
    case YARAL_COUNT: text_printf(out, "#" STR_FMT, STR_ARG(n->as.variable.name)); break;
    case YARAL_LIST:
        text_printf(out, "%%" STR_FMT "%s" STR_FMT, STR_ARG(n->as.list.name), n->as.list.column.len ? "." : "", STR_ARG(n->as.list.column));
        break;
    case YARAL_CALL:
        text_printf(out, STR_FMT "(", STR_ARG(n->as.call.name));
        print_list_of(out, n);
        text_put_char(out, ')');
        break;
    case YARAL_ARRAY:
        text_put_char(out, '[');
        print_list_of(out, n);
        text_put_char(out, ']');
        break;
    case YARAL_NEGATE:
        text_put_char(out, '-');
        print_in(out, n->args[0], 7);
        break;
    case YARAL_ARITHMETIC: print_arithmetic(out, n); break;
    case YARAL_ARGUMENT:
        text_printf(out, STR_FMT ": ", STR_ARG(n->as.argument.name));
        print_in(out, n->args[0], 8);
        break;
    case YARAL_WORD: text_put(out, n->as.word); break;
    case YARAL_DURATION: text_put(out, n->as.duration.written); break;
    case YARAL_STAR: text_put_char(out, '*'); break;
    case YARAL_COMPARE: print_relation(out, n); break;
    case YARAL_IN: print_in_list(out, n); break;
    case YARAL_IS_NULL:
        print_in(out, n->args[0], 5);
        text_put_cstring(out, n->as.negated ? " is not null" : " is null");
        break;
    case YARAL_AND: print_joined(out, n, " and "); break;
    case YARAL_OR: print_joined(out, n, " or "); break;
    case YARAL_NOT:
        text_put_cstring(out, n->as.bang ? "!" : "not ");
        print_in(out, n->args[0], 3);
        break;
    case YARAL_KINDS: break;
    }
}

void yaral_print_node(text *out, const yaral_node *n)
{
    print_head(out, n);
    if (n->nocase) text_put_cstring(out, " nocase");
}

/* ---- rules ---- */

/* What would go on with the line above it if nothing stood around it: a sign, an array. */
static bool begins_unclearly(const yaral_node *n)
{
    for (;;) {
        switch (n->kind) {
        case YARAL_NEGATE: case YARAL_ARRAY: return true;
        case YARAL_COMPARE: case YARAL_IN: case YARAL_IS_NULL: case YARAL_ARITHMETIC: case YARAL_AND: case YARAL_OR: n = n->args[0]; break;
        default: return false;
        }
    }
}

static void print_statement(text *out, const yaral_node *n)
{
    bool grouped = begins_unclearly(n);
    text_put_cstring(out, grouped ? "    (" : "    ");
    yaral_print_node(out, n);
    text_put_cstring(out, grouped ? ")\n" : "\n");
}

static void print_window(text *out, const yaral_window *w)
{
    if (w->kind == YARAL_WINDOW_NONE) return;
    text_put_cstring(out, w->kind == YARAL_WINDOW_TUMBLING ? " by " : " over ");
    text_put(out, w->duration->as.duration.written);
    if (w->kind == YARAL_WINDOW_BEFORE || w->kind == YARAL_WINDOW_AFTER)
        text_printf(out, " %s $" STR_FMT, w->kind == YARAL_WINDOW_BEFORE ? "before" : "after", STR_ARG(w->pivot));
}

static void print_match(text *out, const yaral_rule *r)
{
    if (!r->key_count) return;
    text_put_cstring(out, "  match:\n    ");
    for (size_t i = 0; i < r->key_count; i++) {
        if (i) text_put_cstring(out, ", ");
        yaral_print_node(out, r->keys[i]);
    }
    print_window(out, &r->window);
    text_put_char(out, '\n');
}

static void print_pair(text *out, const char *mark, pk_str name, const yaral_node *value)
{
    text_printf(out, "    %s" STR_FMT " = ", mark, STR_ARG(name));
    print_in(out, value, 5);
    text_put_char(out, '\n');
}

static void print_setups(text *out, const yaral_rule *r)
{
    static const char *const words[] = {
        [YARAL_GRAPH_OVERRIDE] = "graph_override", [YARAL_GRAPH_APPEND] = "graph_append", [YARAL_GRAPH_EXCLUDE] = "graph_exclude"};
    if (r->setup_count) text_put_cstring(out, "  setup:\n");
    for (size_t i = 0; i < r->setup_count; i++) {
        bool truth = r->setups[i].change != YARAL_GRAPH_APPEND;
        text_printf(out, "    %s %s", words[r->setups[i].change], truth ? "(" : "");
        yaral_print_node(out, r->setups[i].node);
        text_put_cstring(out, truth ? ")\n" : "\n");
    }
}

static void print_exports(text *out, const yaral_rule *r)
{
    if (r->export_count) text_put_cstring(out, "  export:\n");
    for (size_t i = 0; i < r->export_count; i++) {
        text_put_cstring(out, "    ");
        yaral_print_node(out, r->exports[i]);
        text_put_char(out, '\n');
    }
}

void yaral_print(text *out, const yaral_rule *r)
{
    text_printf(out, "rule " STR_FMT " {\n", STR_ARG(r->name));
    if (r->meta_count) text_put_cstring(out, "  meta:\n");
    for (size_t i = 0; i < r->meta_count; i++) print_pair(out, "", r->meta[i].key, r->meta[i].value);
    print_setups(out, r);
    if (r->event_count) text_put_cstring(out, "  events:\n");
    for (size_t i = 0; i < r->event_count; i++) print_statement(out, r->events[i]);
    print_match(out, r);
    if (r->outcome_count) text_put_cstring(out, "  outcome:\n");
    for (size_t i = 0; i < r->outcome_count; i++) print_pair(out, "$", r->outcomes[i].name, r->outcomes[i].value);
    if (r->condition) {
        text_put_cstring(out, "  condition:\n");
        print_statement(out, r->condition);
    }
    print_exports(out, r);
    if (r->option_count) text_put_cstring(out, "  options:\n");
    for (size_t i = 0; i < r->option_count; i++) print_pair(out, "", r->options[i].name, r->options[i].value);
    text_put_cstring(out, "}\n");
}
