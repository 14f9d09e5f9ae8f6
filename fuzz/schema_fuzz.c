/*
 * Two readers of bytes in one target. An input that begins with '#' is the text of a mapping, parsed and, as far as it holds
 * no fields, evaluated. Any other is a JSON record (what the JSON reader accepts, in its simplest form): it is classified,
 * its time and host read, and it is normalised; classifying it twice must give the same.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/unicode.h"
#include "project.h"
#include "schema/model.h"

typedef struct { const char *at, *end; arena *arena; unsigned nodes; } json;

static value json_value(json *j, unsigned depth);

static void blanks(json *j) { while (j->at < j->end && strchr(" \n\t,:", *j->at) && *j->at) j->at++; }

static value json_string(json *j)
{
    const char *start = ++j->at;
    while (j->at < j->end && *j->at != '"') j->at++;
    pk_str s = {start, (size_t)(j->at - start)};
    if (j->at < j->end) j->at++;
    return value_string(utf8_repair(j->arena, s));
}

static value json_container(json *j, unsigned depth)
{
    bool record = *j->at++ == '{';
    record_builder fields = {0};
    list_builder items = {0};
    for (blanks(j); j->at < j->end && *j->at != '}' && *j->at != ']' && j->nodes > 0; blanks(j)) {
        pk_str name = STR("");
        if (record && *j->at == '"') name = json_string(j).as.string;
        blanks(j);
        value v = json_value(j, depth - 1);
        if (record) record_add(j->arena, &fields, name, v);
        else list_add(j->arena, &items, v);
    }
    if (j->at < j->end) j->at++;
    return record ? record_done(&fields) : list_done(&items);
}

static value json_value(json *j, unsigned depth)
{
    blanks(j);
    if (j->nodes) j->nodes--;
    if (j->at >= j->end || depth == 0) { j->at = j->end; return value_null(); }
    if (*j->at == '{' || *j->at == '[') return json_container(j, depth);
    if (*j->at == '"') return json_string(j);
    const char *start = j->at++;
    while (j->at < j->end && !strchr(" ,]}\n", *j->at)) j->at++;
    pk_str word = {start, (size_t)(j->at - start)};
    int64_t n;
    double d;
    if (str_to_int(word, false, &n)) return value_int(n);
    if (str_to_double(word, &d)) return value_real(d);
    if (word.len && (*start == 't' || *start == 'f')) return value_bool(*start == 't');
    return value_null();
}

typedef VEC(event_field) field_vec;

static void fill(arena *a, const path_set *paths, path_node node, const value *v, field_vec *out, unsigned depth)
{
    if (node == PATH_NONE || depth == 0) return;
    if (v->type == VALUE_LIST) {
        for (size_t i = 0; i < v->as.list.count; i++) fill(a, paths, node, &v->as.list.items[i], out, depth - 1);
    } else if (v->type == VALUE_RECORD) {
        for (size_t i = 0; i < v->as.record.count; i++)
            fill(a, paths, path_child(paths, node, v->as.record.fields[i].name), &v->as.record.fields[i].value, out, depth - 1);
    } else {
        const path_slot *slots;
        size_t count = path_node_slots(paths, node, &slots);
        for (size_t i = 0; i < count; i++) vec_push_in(a, out, ((event_field){.slot = slots[i], .value = *v}));
    }
}

static value apply(const field_map *m, arena *a)
{
    if (m->kind == MAP_CONSTANT) return m->constant;
    if (m->kind == MAP_FIELD) return value_string(m->text);
    value args[32];
    for (size_t i = 0; i < m->count && i < 32; i++) args[i] = apply(m->args[i], a);
    if (m->kind == MAP_CALL) return schema_call(m->text, args, m->count, a);
    return m->kind == MAP_FIRST ? args[0] : (value){.type = VALUE_MISSING};
}

static schema *loaded;
static path_set *paths;
static classifier *classes;
static field_finder *finder;

static void set_up(void)
{
    loaded = shipped_schemas();
    paths = path_set_new();
    schema_register(loaded, paths);
    path_set_freeze(paths);
    classes = classifier_new(loaded, paths);
    finder = field_finder_new(loaded);
}

static void fuzz_mapping(pk_str source, arena *a)
{
    const char *error = NULL;
    source = utf8_repair(a, source);
    const field_map *m = field_map_parse(a, source, &error);
    if ((m == NULL) != (error != NULL)) abort();
    if (m) apply(m, a);
}

/* What is written is the same with a finder that has never met a record and with one that has met this shape. */
static void compare_written(const value *tree, const classification *k, arena *a)
{
    field_finder *fresh = field_finder_new(loaded);
    text plain = {0}, out = {0};
    field_finder_record(fresh, k->layout, tree, a);
    value normal = schema_normalise(fresh, k);
    value_write_json(&plain, &normal);
    for (int i = 0; i < 3; i++) {
        text_clear(&out);
        field_finder_record(finder, k->layout, tree, a);
        schema_write_normalised(finder, k, &out);
        if (!str_equal(text_view(&plain), text_view(&out))) abort();
    }
    text_free(&plain);
    text_free(&out);
    field_finder_free(fresh);
}

static void fuzz_record(pk_str source, arena *a)
{
    json j = {source.ptr, source.ptr + source.len, a, 4096};
    value tree = json_value(&j, 32);
    field_vec fields = {0};
    fill(a, paths, PATH_ROOT, &tree, &fields, 64);
    event e = {.fields = fields.at, .field_count = fields.len};
    classification k = classify(classes, &e, CLASS_NONE), again = classify(classes, &e, CLASS_NONE);
    if (k.layout != again.layout || k.classes != again.classes || k.class_count != again.class_count) abort();
    classifier_time(classes, &e, &k, a);
    classifier_host(classes, &e, &k, a);
    compare_written(&tree, &k, a);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    if (loaded == NULL) set_up();
    arena *a = arena_new();
    pk_str source = {(const char *)bytes, size};
    if (size && bytes[0] == '#') fuzz_mapping(str_slice(source, 1, STR_NPOS), a);
    else fuzz_record(source, a);
    arena_free(a);
    return 0;
}
