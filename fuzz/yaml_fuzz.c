/*
 * YAML: any bytes give trees whose places lie in the source and whose bounds hold; what can't be read says why; and what can be
 * read is read again, as the same, from the JSON that it is written as.
 */
#include "base/unicode.h"
#include "base/yaml.h"

static void insist(bool good)
{
    if (!good) __builtin_trap();
}

static void check_span(const yaml_source *s, span at)
{
    insist(at.start <= at.end && at.end <= s->text.len);
    insist(at.line >= 1 && at.line <= at.end_line && at.end_line <= s->line_count);
    insist(s->lines[at.line - 1] + at.column - 1 == at.start);
}

static void check_scalar(arena *a, const yaml_source *s, const yaml_node *n)
{
    const uint32_t *places = yaml_scalar_places(a, s, n);
    insist(utf8_valid(n->text));
    for (size_t i = 0; places && i <= n->text.len; i++)
        insist(places[i] <= n->span.end && (i ? places[i] >= places[i - 1] : places[i] >= n->span.start));
    check_span(s, yaml_span_within(s, n, places, 0, n->text.len));
}

static void check_node(arena *a, const yaml_source *s, const yaml_node *n, unsigned depth, unsigned *budget)
{
    insist(depth <= YAML_MAX_DEPTH + 1 && n->size <= YAML_MAX_NODES + n->text.len);
    if (!*budget) return;
    --*budget;
    check_span(s, n->span);
    if (n->kind == YAML_SCALAR) check_scalar(a, s, n);
    for (size_t i = 0; n->kind == YAML_MAP && i < n->count; i++) {
        check_span(s, n->entries[i].key_span);
        check_node(a, s, n->entries[i].value, depth + 1, budget);
    }
    for (size_t i = 0; n->kind == YAML_LIST && i < n->count; i++) check_node(a, s, n->items[i], depth + 1, budget);
}

/* Letters beyond ASCII are left out for line breaks like U+2028, long texts for keys, which end at 1,024 characters. */
static void check_json(arena *a, const yaml_node *root)
{
    text json = {0}, again = {0};
    if (root->size > 200) return;
    yaml_write_json(&json, root);
    bool plain = json.len <= 1000;
    for (size_t i = 0; i < json.len; i++) plain &= json.ptr[i] >= ' ' && json.ptr[i] < 0x7f;
    if (plain) {
        yaml_file f = yaml_read(a, arena_str(a, text_view(&json)));
        insist(f.count == 1 && f.documents[0].root && !f.documents[0].problem_count);
        yaml_write_json(&again, f.documents[0].root);
        insist(str_equal(text_view(&json), text_view(&again)));
    }
    text_free(&json);
    text_free(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    arena *a = arena_new();
    yaml_file f = yaml_read(a, (pk_str){(const char *)bytes, size});
    unsigned budget = 20000;
    for (size_t i = 0; i < f.count; i++) {
        const yaml_document *d = &f.documents[i];
        check_span(&f.source, d->span);
        insist(!d->broken || d->problem_count);
        for (size_t k = 0; k < d->problem_count; k++) {
            check_span(&f.source, d->problems[k].place);
            insist(d->problems[k].message.len > 0);
        }
        if (!d->root) continue;
        check_node(a, &f.source, d->root, 0, &budget);
        if (!d->problem_count) check_json(a, d->root);
        size_t merging = YAML_MAX_NODES;
        yaml_merge(a, d->root, f.documents[0].root ? f.documents[0].root : d->root, &merging);
    }
    arena_free(a);
    return 0;
}
