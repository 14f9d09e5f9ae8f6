/*
 * The normalised form of predicates: fields of all families in one schema, by share/normal.yaml, and the spellings in which
 * languages say the same of a path or a hash. Case is not told apart here: this is what makes rules comparable, no test.
 */
#include "api/api.h"
#include "base/unicode.h"
#include "base/yaml.h"
#include "catalog/extract.h"

typedef struct {
    pk_str concept;
    bool hashes;                  /* a list of hashes, each with its algorithm: "MD5=..."; or a bare one */
} normal_field;

struct normal_map {
    arena *arena;
    table fields;                 /* family NUL field -> index in `all` */
    VEC(normal_field) all;
    table same;                   /* families whose fields are concepts */
    table paths;                  /* concept -> index in `names` */
    VEC(pk_str) names;
};

/* ---- reading ---- */

typedef struct {
    normal_map *map;
    diag_list *diags;
    pk_str file;
    pk_status status;
} reader;

static void wrong(reader *r, span at, const char *what)
{
    diag_add(r->diags, PK_ERROR, "normal-map", (diag_place){r->file, at.line, at.column, at.end - at.start}, STR(""), NULL, "expected %s", what);
    r->status = PK_ERROR_SYNTAX;
}

static pk_str map_key(arena *a, pk_str family, pk_str field) { return arena_printf(a, STR_FMT "%c" STR_FMT, STR_ARG(family), 0, STR_ARG(field)); }

static void read_field(reader *r, pk_str family, const yaml_entry *e)
{
    normal_map *m = r->map;
    if (e->value->kind != YAML_SCALAR || !e->value->text.len) {
        wrong(r, e->value->span, "a concept, or hashes(concept)");
        return;
    }
    if (str_equal(e->key, STR("same"))) {
        if (str_equal(e->value->text, STR("true"))) table_put(&m->same, arena_str(m->arena, family), 0);
        return;
    }
    pk_str concept = e->value->text;
    bool hashes = str_starts_with(concept, STR("hashes(")) && str_ends_with(concept, STR(")"));
    if (hashes) concept = str_slice(concept, 7, concept.len - 8);
    table_put(&m->fields, map_key(m->arena, family, e->key), (uint32_t)m->all.len);
    vec_push(&m->all, ((normal_field){arena_str(m->arena, concept), hashes}));
}

static void read_families(reader *r, const yaml_node *families)
{
    if (!families || families->kind != YAML_MAP) {
        wrong(r, families ? families->span : (span){0}, "a map 'families'");
        return;
    }
    for (size_t i = 0; i < families->count; i++) {
        const yaml_entry *e = &families->entries[i];
        if (e->value->kind != YAML_MAP) wrong(r, e->value->span, "a map from fields to concepts");
        for (size_t k = 0; e->value->kind == YAML_MAP && k < e->value->count; k++) read_field(r, e->key, &e->value->entries[k]);
    }
}

static void read_paths(reader *r, const yaml_node *paths)
{
    normal_map *m = r->map;
    for (size_t i = 0; paths && paths->kind == YAML_MAP && i < paths->count; i++) {
        const yaml_entry *e = &paths->entries[i];
        if (e->value->kind != YAML_SCALAR) {
            wrong(r, e->value->span, "the concept of the last part");
            continue;
        }
        table_put(&m->paths, arena_str(m->arena, e->key), (uint32_t)m->names.len);
        vec_push(&m->names, arena_str(m->arena, e->value->text));
    }
}

pk_status normal_map_load(normal_map **out, const char *path, diag_list *d)
{
    arena *scratch = arena_new();
    pk_str content;
    *out = NULL;
    reader r = {.diags = d, .file = str_from(path), .status = read_text_file(path, YAML_MAX_BYTES, scratch, &content, d)};
    if (r.status == PK_OK) {
        r.map = *out = mem_zalloc(1, sizeof **out);
        r.map->arena = arena_new();
        yaml_file file = yaml_read(scratch, content);
        const yaml_document *doc = file.count ? &file.documents[0] : NULL;
        for (size_t i = 0; doc && i < doc->problem_count; i++) wrong(&r, doc->problems[i].place, arena_cstring(scratch, doc->problems[i].message));
        if (doc && doc->root) {
            read_families(&r, yaml_get(doc->root, STR("families")));
            read_paths(&r, yaml_get(doc->root, STR("paths")));
        } else {
            wrong(&r, (span){0}, "a map");
        }
    }
    arena_free(scratch);
    return r.status;
}

void normal_map_free(normal_map *m)
{
    if (!m) return;
    table_free(&m->fields);
    table_free(&m->same);
    table_free(&m->paths);
    vec_free(&m->all);
    vec_free(&m->names);
    arena_free(m->arena);
    mem_free(m);
}

/* ---- applying ---- */

static pk_str lower_case(arena *a, const char *s)
{
    char *out = arena_cstring(a, str_from(s));
    for (char *c = out; *c; c++)
        if (*c >= 'A' && *c <= 'Z') *c = (char)(*c | 0x20);
    return str_from(out);
}

/* `Hashes match MD5=...` and `md5 equals ...` are the same. */
static bool normalise_hash(const found_predicate *p, pk_str concept, arena *a, normal_predicate *out)
{
    if (!p->algorithm) return false;
    size_t equals = str_find_char(p->folded, '=');
    out->field = arena_printf(a, STR_FMT "." STR_FMT, STR_ARG(concept), STR_ARG(lower_case(a, p->algorithm)));
    out->kind = "equals";
    if (equals != STR_NPOS) out->folded = str_slice(out->folded, equals + 1, STR_NPOS);
    return true;
}

static bool is_separator(char c) { return c == '\\' || c == '/'; }

/* The name at the end of a path, "\x.exe"; empty: more than that is asked for. */
static pk_str last_part(pk_str s)
{
    if (s.len < 2 || !is_separator(s.ptr[0])) return STR("");
    for (size_t i = 1; i < s.len; i++)
        if (is_separator(s.ptr[i])) return STR("");
    return str_slice(s, 1, STR_NPOS);
}

static void normalise_path(const normal_map *m, const found_predicate *p, normal_predicate *out)
{
    uint32_t name = table_get(&m->paths, out->field);
    pk_str part = name != TABLE_NONE && strcmp(p->kind, "ends_with") == 0 ? last_part(out->folded) : STR("");
    if (!part.len) return;
    out->field = m->names.at[name];
    out->kind = "equals";
    out->folded = part;
}

bool normalise_predicate(const normal_map *m, pk_str family, const found_predicate *p, arena *a, normal_predicate *out)
{
    if (!m || !p->field.len || (p->form.len && !str_equal(p->form, STR("windash")))) return false;
    uint32_t i = table_get(&m->fields, map_key(a, family, p->field));
    bool regex = strcmp(p->kind, "regex") == 0;
    normal_field field = {.concept = p->field};
    if (i != TABLE_NONE) field = m->all.at[i];
    else if (table_get(&m->same, family) == TABLE_NONE) return false;
    *out = (normal_predicate){.field = field.concept, .kind = p->kind, .cased = regex && p->cased,
                              .folded = regex ? p->folded : fold(a, utf8_repair(a, p->folded))};
    if (field.hashes) return normalise_hash(p, field.concept, a, out);
    normalise_path(m, p, out);
    return true;
}
