/* Navigator layers: reading what others made, and writing our own. */
#include "catalog/navigator.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/unicode.h"
#include "event/json_text.h"

enum {
    LAYER_LIMIT = 16 << 20,       /* bytes */
    DEPTH = 32,
    LAYERS = 100,
    ENTRIES = 100000,
    NAME_LENGTH = 200,
};

/* ---- in ---- */

static pk_str text_of(const value *object, const char *name)
{
    const value *v = value_get(object, str_from(name));
    return v && v->type == VALUE_STRING ? str_trim(v->as.string) : STR("");
}

static pk_status refuse(arena *a, pk_str *message, pk_status status, const char *format, ...) __attribute__((format(printf, 4, 5)));
static pk_status refuse(arena *a, pk_str *message, pk_status status, const char *format, ...)
{
    char made[300];
    va_list args;
    va_start(args, format);
    vsnprintf(made, sizeof made, format, args);
    va_end(args);
    *message = utf8_repair(a, arena_str(a, str_from(made)));
    return status;
}

/* Layers of 4.x have "versions", older ones "version"; what we read of them is the same from 2.0 on. */
static pk_status check_version(const value *layer, arena *a, pk_str *message)
{
    const value *versions = value_get(layer, STR("versions"));
    pk_str version = versions ? text_of(versions, "layer") : text_of(layer, "version");
    if (version.len && (version.ptr[0] < '2' || version.ptr[0] > '4' || (version.len > 1 && version.ptr[1] != '.')))
        return refuse(a, message, PK_ERROR_UNSUPPORTED, "a layer of format '" STR_FMT "'; formats 2 to 4.5 are read", STR_ARG(str_slice(version, 0, 50)));
    pk_str domain = text_of(layer, "domain");
    if (domain.len && !str_equal(domain, STR("enterprise-attack")) && !str_equal(domain, STR("mitre-enterprise")))
        return refuse(a, message, PK_ERROR_UNSUPPORTED, "a layer of '" STR_FMT "'; the matrix is that of enterprise-attack", STR_ARG(str_slice(domain, 0, 50)));
    return PK_OK;
}

typedef struct {
    arena *arena;
    VEC(navigator_entry) entries;
} layer_reader;

static bool technique_text(pk_str id)
{
    if (id.len < 2 || id.len > 20) return false;
    for (size_t i = 0; i < id.len; i++) {
        char c = id.ptr[i];
        if (!(c >= '0' && c <= '9') && !(c >= 'A' && c <= 'Z') && !(c >= 'a' && c <= 'z') && c != '.') return false;
    }
    return true;
}

static pk_str upper_case(arena *a, pk_str s)
{
    char *out = arena_cstring(a, s);
    for (size_t i = 0; i < s.len; i++)
        if (out[i] >= 'a' && out[i] <= 'z') out[i] = (char)(out[i] & ~0x20);
    return (pk_str){out, s.len};
}

static bool disabled(const value *technique)
{
    const value *v = value_get(technique, STR("enabled"));
    return v && v->type == VALUE_BOOL && !v->as.boolean;
}

static bool read_score(const value *technique, double *out)
{
    const value *v = value_get(technique, STR("score"));
    return v && v->type != VALUE_STRING && value_number(v, out) && isfinite(*out);
}

static bool has_note(const value *technique) { return text_of(technique, "color").len || text_of(technique, "comment").len; }

static pk_status read_layer(layer_reader *r, const value *layer, pk_str *message)
{
    const value *techniques = value_get(layer, STR("techniques"));
    if (layer->type != VALUE_RECORD || !techniques || techniques->type != VALUE_LIST)
        return refuse(r->arena, message, PK_ERROR_SYNTAX, "no Navigator layer: it has no list 'techniques'");
    pk_status status = check_version(layer, r->arena, message);
    if (status != PK_OK) return status;
    const value *items = techniques->as.list.items;
    size_t count = techniques->as.list.count;
    if (count > ENTRIES || r->entries.len + count > ENTRIES)
        return refuse(r->arena, message, PK_ERROR_LIMIT, "more techniques than are read from a layer");
    bool scores = false, notes = false;
    double score;
    for (size_t i = 0; i < count; i++) {
        scores |= read_score(&items[i], &score);
        notes |= has_note(&items[i]);
    }
    for (size_t i = 0; i < count; i++) {
        pk_str id = text_of(&items[i], "techniqueID");
        if (!technique_text(id) || disabled(&items[i])) continue;
        navigator_entry entry = {.technique = upper_case(r->arena, id), .scored = read_score(&items[i], &score)};
        if (entry.scored) entry.score = score;
        entry.marked = scores ? entry.scored && score > 0 : !notes || has_note(&items[i]);
        vec_push(&r->entries, entry);
    }
    return PK_OK;
}

static int by_technique(const void *x, const void *y)
{
    return str_compare(((const navigator_entry *)x)->technique, ((const navigator_entry *)y)->technique);
}

static void join_entries(layer_reader *r, navigator_layer *out)
{
    navigator_entry *entries = ARENA_ARRAY(r->arena, navigator_entry, r->entries.len + 1);
    size_t kept = 0;
    if (r->entries.len) qsort(r->entries.at, r->entries.len, sizeof *r->entries.at, by_technique);
    for (size_t i = 0; i < r->entries.len; i++) {
        const navigator_entry *e = &r->entries.at[i];
        if (kept == 0 || by_technique(&entries[kept - 1], e) != 0) {
            entries[kept++] = *e;
            continue;
        }
        navigator_entry *into = &entries[kept - 1];
        into->marked |= e->marked;
        if (e->scored && (!into->scored || e->score > into->score)) into->score = e->score;
        into->scored |= e->scored;
    }
    out->entries = entries;
    out->count = kept;
}

static pk_str layer_name(const value *layer)
{
    pk_str name = text_of(layer, "name");
    if (name.len > NAME_LENGTH) {
        name.len = NAME_LENGTH;
        while (name.len && ((unsigned char)name.ptr[name.len] & 0xc0) == 0x80) name.len--;
    }
    return name.len ? name : STR("layer");
}

pk_status navigator_read(pk_str json, arena *a, navigator_layer *out, pk_str *message)
{
    layer_reader r = {.arena = a};
    value v;
    *out = (navigator_layer){0};
    *message = STR("");
    if (json.len > LAYER_LIMIT) return refuse(a, message, PK_ERROR_LIMIT, "the layer is too large");
    if (!utf8_valid(json) || !json_text_parse(json, DEPTH, a, &v))
        return refuse(a, message, PK_ERROR_SYNTAX, "no Navigator layer: it is not JSON");
    const value *layers = v.type == VALUE_LIST ? v.as.list.items : &v;
    size_t count = v.type == VALUE_LIST ? v.as.list.count : 1;
    if (count == 0 || count > LAYERS) return refuse(a, message, PK_ERROR_SYNTAX, "no Navigator layer, or too many");
    pk_status status = PK_OK;
    for (size_t i = 0; i < count && status == PK_OK; i++) status = read_layer(&r, &layers[i], message);
    if (status == PK_OK) {
        join_entries(&r, out);
        out->name = layer_name(&layers[0]);
        if (count > 1) out->name = arena_printf(a, STR_FMT " and %zu more", STR_ARG(out->name), count - 1);
    }
    vec_free(&r.entries);
    return status;
}

/* ---- out ---- */

static const char *const gradient[] = {"#deebf7", "#9ecae1", "#6baed6", "#3182bd", "#08519c"};
enum { COLORS = sizeof gradient / sizeof *gradient };

static void add(arena *a, record_builder *b, const char *name, value v) { record_add(a, b, str_from(name), v); }
static void add_text(arena *a, record_builder *b, const char *name, pk_str s) { add(a, b, name, value_string(s)); }
static value empty_list(void) { return (value){.type = VALUE_LIST}; }

static value metadata_value(arena *a, const value_field *fields, size_t count)
{
    list_builder list = {0};
    for (size_t i = 0; i < count; i++) {
        record_builder b = {0};
        add_text(a, &b, "name", fields[i].name);
        add(a, &b, "value", fields[i].value);
        list_add(a, &list, record_done(&b));
    }
    return list_done(&list);
}

static value mark_value(arena *a, const navigator_mark *m)
{
    record_builder b = {0};
    add_text(a, &b, "techniqueID", m->technique);
    add(a, &b, "score", value_int(m->score));
    add_text(a, &b, "color", STR(""));
    add_text(a, &b, "comment", m->comment);
    add(a, &b, "enabled", value_bool(true));
    add(a, &b, "metadata", metadata_value(a, m->metadata, m->metadata_count));
    add(a, &b, "links", empty_list());
    add(a, &b, "showSubtechniques", value_bool(m->show_sub));
    return record_done(&b);
}

static value gradient_value(arena *a, int64_t highest)
{
    record_builder b = {0};
    list_builder colors = {0};
    for (size_t i = 0; i < COLORS; i++) list_add(a, &colors, value_string(str_from(gradient[i])));
    add(a, &b, "colors", list_done(&colors));
    add(a, &b, "minValue", value_int(1));
    add(a, &b, "maxValue", value_int(highest > 1 ? highest : 2)); /* has to be above the other */
    return record_done(&b);
}

static value legend_value(arena *a, int64_t highest)
{
    list_builder list = {0};
    for (size_t i = 0; i < 2; i++) {
        record_builder b = {0};
        if (i) add_text(a, &b, "label", arena_printf(a, "%lld rules", (long long)(highest > 1 ? highest : 2)));
        else add_text(a, &b, "label", STR("1 rule"));
        add_text(a, &b, "color", str_from(gradient[i ? COLORS - 1 : 0]));
        list_add(a, &list, record_done(&b));
    }
    return list_done(&list);
}

static value versions_value(arena *a, pk_str attack)
{
    record_builder b = {0};
    if (attack.len) add_text(a, &b, "attack", str_slice(attack, 0, str_find_char(attack, '.')));
    add_text(a, &b, "navigator", STR("5.1.0"));
    add_text(a, &b, "layer", STR("4.5"));
    return record_done(&b);
}

static value layout_value(arena *a)
{
    record_builder b = {0};
    add_text(a, &b, "layout", STR("side"));
    add_text(a, &b, "aggregateFunction", STR("average"));
    add(a, &b, "showID", value_bool(true));
    add(a, &b, "showName", value_bool(true));
    add(a, &b, "showAggregateScores", value_bool(false));
    add(a, &b, "countUnscored", value_bool(false));
    add_text(a, &b, "expandedSubtechniques", STR("none"));
    return record_done(&b);
}

value navigator_layer_value(arena *a, pk_str name, pk_str description, pk_str attack, const navigator_mark *marks, size_t count)
{
    record_builder b = {0};
    list_builder techniques = {0};
    int64_t highest = 1;
    for (size_t i = 0; i < count; i++) {
        if (marks[i].score > highest) highest = marks[i].score;
        list_add(a, &techniques, mark_value(a, &marks[i]));
    }
    add_text(a, &b, "name", name);
    add(a, &b, "versions", versions_value(a, attack));
    add_text(a, &b, "domain", STR("enterprise-attack"));
    add_text(a, &b, "description", description);
    add(a, &b, "sorting", value_int(3));
    add(a, &b, "layout", layout_value(a));
    add(a, &b, "hideDisabled", value_bool(false));
    add(a, &b, "techniques", list_done(&techniques));
    add(a, &b, "gradient", gradient_value(a, highest));
    add(a, &b, "legendItems", legend_value(a, highest));
    add(a, &b, "metadata", empty_list());
    add(a, &b, "links", empty_list());
    add(a, &b, "showTacticRowBackground", value_bool(false));
    add_text(a, &b, "tacticRowBackground", STR("#dddddd"));
    add(a, &b, "selectTechniquesAcrossTactics", value_bool(true));
    add(a, &b, "selectSubtechniquesWithParent", value_bool(false));
    add(a, &b, "selectVisibleTechniques", value_bool(false));
    return record_done(&b);
}
