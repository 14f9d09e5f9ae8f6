/* Walking and comparing trees. Depth is bounded by the parser (YARAL_MAX_DEPTH). */
#include "languages/yaral/ast.h"

void yaral_walk(yaral_node *n, yaral_node_fn fn, void *user)
{
    if (!n || !fn(n, user)) return;
    for (size_t i = 0; i < n->count; i++) yaral_walk(n->args[i], fn, user);
}

/* ---- equality ---- */

static bool same_field(const yaral_node *a, const yaral_node *b)
{
    if (!str_equal(a->as.field.variable, b->as.field.variable) || a->as.field.quantifier != b->as.field.quantifier
        || a->as.field.source != b->as.field.source || a->as.field.prefixed != b->as.field.prefixed
        || a->as.field.segment_count != b->as.field.segment_count) return false;
    for (size_t i = 0; i < a->as.field.segment_count; i++) {
        const yaral_segment *x = &a->as.field.segments[i], *y = &b->as.field.segments[i];
        if (x->kind != y->kind || !str_equal(x->text, y->text) || x->index != y->index) return false;
    }
    return true;
}

static bool same_head(const yaral_node *a, const yaral_node *b)
{
    switch (a->kind) {
    case YARAL_NUMBER: return str_equal(a->as.number.written, b->as.number.written);
    case YARAL_STRING: return str_equal(a->as.string.text, b->as.string.text) && a->as.string.raw == b->as.string.raw;
    case YARAL_REGEX: return str_equal(a->as.regex.pattern, b->as.regex.pattern);
    case YARAL_BOOL: return a->as.truth == b->as.truth;
    case YARAL_FIELD: return same_field(a, b);
    case YARAL_VARIABLE: case YARAL_COUNT: return str_equal(a->as.variable.name, b->as.variable.name);
    case YARAL_LIST: return str_equal(a->as.list.name, b->as.list.name) && str_equal(a->as.list.column, b->as.list.column);
    case YARAL_CALL: return str_equal(a->as.call.name, b->as.call.name);
    case YARAL_ARGUMENT: return str_equal(a->as.argument.name, b->as.argument.name);
    case YARAL_WORD: return str_equal(a->as.word, b->as.word);
    case YARAL_DURATION: return str_equal(a->as.duration.written, b->as.duration.written);
    case YARAL_ARITHMETIC: return a->as.arithmetic == b->as.arithmetic;
    case YARAL_COMPARE: return a->as.compare == b->as.compare;
    case YARAL_IN: return a->as.in.how == b->as.in.how && a->as.in.negated == b->as.in.negated;
    case YARAL_IS_NULL: return a->as.negated == b->as.negated;
    case YARAL_NOT: return a->as.bang == b->as.bang;
    case YARAL_NULL: case YARAL_ARRAY: case YARAL_NEGATE: case YARAL_STAR: case YARAL_AND: case YARAL_OR: case YARAL_KINDS: break;
    }
    return true;
}

bool yaral_node_equal(const yaral_node *a, const yaral_node *b)
{
    if (!a || !b) return a == b;
    if (a->kind != b->kind || a->nocase != b->nocase || a->count != b->count || !same_head(a, b)) return false;
    for (size_t i = 0; i < a->count; i++)
        if (!yaral_node_equal(a->args[i], b->args[i])) return false;
    return true;
}

static bool same_nodes(yaral_node *const *a, size_t a_count, yaral_node *const *b, size_t b_count)
{
    if (a_count != b_count) return false;
    for (size_t i = 0; i < a_count; i++)
        if (!yaral_node_equal(a[i], b[i])) return false;
    return true;
}

bool yaral_equal(const yaral_rule *a, const yaral_rule *b)
{
    if (!str_equal(a->name, b->name) || a->broken != b->broken || a->meta_count != b->meta_count || a->outcome_count != b->outcome_count
        || a->option_count != b->option_count || a->setup_count != b->setup_count) return false;
    for (size_t i = 0; i < a->setup_count; i++)
        if (a->setups[i].change != b->setups[i].change || !yaral_node_equal(a->setups[i].node, b->setups[i].node)) return false;
    for (size_t i = 0; i < a->meta_count; i++)
        if (!str_equal(a->meta[i].key, b->meta[i].key) || !yaral_node_equal(a->meta[i].value, b->meta[i].value)) return false;
    for (size_t i = 0; i < a->outcome_count; i++)
        if (!str_equal(a->outcomes[i].name, b->outcomes[i].name) || !yaral_node_equal(a->outcomes[i].value, b->outcomes[i].value)) return false;
    for (size_t i = 0; i < a->option_count; i++)
        if (!str_equal(a->options[i].name, b->options[i].name) || !yaral_node_equal(a->options[i].value, b->options[i].value)) return false;
    return same_nodes(a->events, a->event_count, b->events, b->event_count) && same_nodes(a->exports, a->export_count, b->exports, b->export_count) && same_nodes(a->keys, a->key_count, b->keys, b->key_count)
        && a->window.kind == b->window.kind && yaral_node_equal(a->window.duration, b->window.duration)
        && str_equal(a->window.pivot, b->window.pivot) && yaral_node_equal(a->condition, b->condition);
}

/* ---- pieces of trees ---- */

const yaral_node *yaral_option_of(const yaral_rule *r, const char *name)
{
    for (size_t i = 0; i < r->option_count; i++)
        if (str_equal_ascii_fold(r->options[i].name, str_from(name))) return r->options[i].value;
    return NULL;
}

uint32_t yaral_variable_read(const yaral_node *n)
{
    return n->kind == YARAL_FIELD ? n->as.field.index : n->kind == YARAL_LIST ? n->as.list.index : YARAL_NONE;
}
