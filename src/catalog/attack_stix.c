/*
 * STIX bundles of ATT&CK (mitre/cti: STIX 2.0; attack-stix-data: STIX 2.1; what is read here is the same in both).
 *
 * The bundle is never a tree in memory: the list of its objects is cut into one object after the other, each is parsed for itself,
 * and what counts of it is kept. Whatever refers to another object is followed once all are read. What an object says of itself is
 * never trusted: types, ids and lengths are checked, and what does not fit is left out with a warning.
 */
#include "base/unicode.h"
#include "catalog/attack_model.h"
#include "event/json_text.h"

#include <stdlib.h>

enum {
    OBJECT_LIMIT = 8 << 20, /* bytes of one object */
    OBJECTS = 1000000,
    DEPTH = 32,
    REFERENCES = 2000,      /* of one object */
};

typedef enum { REF_TACTIC, REF_TECHNIQUE, REF_OBJECT, REF_STRATEGY, REF_ANALYTIC, REF_COMPONENT } reference_kind;

typedef struct {
    reference_kind kind;
    uint32_t place;         /* in the list of that kind */
} reference;

typedef enum { RELATION_USES, RELATION_REVOKED_BY, RELATION_DETECTS } relation_kind;

typedef struct {
    relation_kind kind;
    pk_str source, target;
} relation;

typedef struct {
    pk_str name;            /* of a strategy or a component */
    attack_list refers;     /* STIX ids: analytics of a strategy, components of an analytic */
} detection;

typedef struct {
    attack *k;
    diag_list *diags;
    pk_str name;
    arena *kept;            /* for as long as the bundle is read */
    table by_id;            /* STIX id -> place in `references` */
    VEC(reference) references;
    VEC(relation) relations;
    VEC(detection) strategies, analytics, components;
    VEC(attack_tactic) tactics;
    attack_list matrix;     /* STIX ids of tactics in order */
    size_t objects;
    bool full;              /* a bound was reached */
} bundle;

static void warn(bundle *b, const char *code, pk_str id, const char *what)
{
    diag_add(b->diags, PK_WARNING, code, (diag_place){.file = b->name}, STR(""), NULL, "object '" STR_FMT "' %s; it is left out",
             STR_ARG(str_slice(id, 0, 100)), what);
}

/* ---- members of objects ---- */

static pk_str text_of(const value *object, const char *name)
{
    const value *v = value_get(object, str_from(name));
    return v && v->type == VALUE_STRING ? v->as.string : STR("");
}

static bool true_of(const value *object, const char *name)
{
    const value *v = value_get(object, str_from(name));
    return v && v->type == VALUE_BOOL && v->as.boolean;
}

/* The list of that name; an empty one if there is none. */
static value list_of(const value *object, const char *name)
{
    const value *v = value_get(object, str_from(name));
    return v && v->type == VALUE_LIST ? *v : (value){.type = VALUE_LIST};
}

static bool retired(const value *object) { return true_of(object, "revoked") || true_of(object, "x_mitre_deprecated"); }

/* The reference to ATT&CK itself, which holds the id that people know. */
static const value *attack_reference(const value *object)
{
    value list = list_of(object, "external_references");
    for (size_t i = 0; i < list.as.list.count; i++) {
        const value *r = &list.as.list.items[i];
        pk_str source = text_of(r, "source_name");
        if (str_starts_with(source, STR("mitre-")) && str_ends_with(source, STR("attack"))) return r;
    }
    return NULL;
}

static pk_str known_id(bundle *b, const value *object)
{
    const value *r = attack_reference(object);
    return r ? arena_str(b->k->arena, text_of(r, "external_id")) : STR("");
}

static pk_str address(bundle *b, const value *object)
{
    const value *r = attack_reference(object);
    pk_str url = r ? text_of(r, "url") : STR("");
    return str_starts_with(url, STR("https://")) && url.len <= 2000 ? arena_str(b->k->arena, url) : STR("");
}

/* Makes the object known under its STIX id. */
static void refer(bundle *b, const value *object, reference_kind kind, size_t place)
{
    pk_str id = text_of(object, "id");
    if (!id.len || id.len > ATTACK_NAME) return;
    if (table_put(&b->by_id, arena_str(b->kept, id), (uint32_t)b->references.len))
        vec_push(&b->references, ((reference){kind, (uint32_t)place}));
}

static const reference *find(const bundle *b, pk_str id, reference_kind kind)
{
    uint32_t at = table_get(&b->by_id, id);
    return at != TABLE_NONE && b->references.at[at].kind == kind ? &b->references.at[at] : NULL;
}

static void keep_references(bundle *b, attack_list *out, const value *list)
{
    for (size_t i = 0; i < list->as.list.count && i < REFERENCES; i++) {
        const value *v = &list->as.list.items[i];
        if (v->type == VALUE_STRING && v->as.string.len <= ATTACK_NAME) vec_push_in(b->kept, out, arena_str(b->kept, v->as.string));
    }
}

/* ---- one kind of object each ---- */

static void read_tactic(bundle *b, const value *object)
{
    attack_tactic t = {.id = known_id(b, object), .short_name = attack_name(b->k->arena, text_of(object, "x_mitre_shortname")),
                       .name = attack_name(b->k->arena, text_of(object, "name"))};
    if (retired(object)) return;
    if (!attack_is_tactic(t.id) || !t.short_name.len || !t.name.len) {
        warn(b, "attack-tactic", text_of(object, "id"), "has no id, name or short name of a tactic");
        return;
    }
    if (b->tactics.len >= ATTACK_TACTICS) {
        b->full = true;
        return;
    }
    t.description = attack_plain_text(b->k->arena, text_of(object, "description"));
    refer(b, object, REF_TACTIC, b->tactics.len);
    vec_push(&b->tactics, t);
}

static void read_matrix(bundle *b, const value *object)
{
    value list = list_of(object, "tactic_refs");
    if (!retired(object)) keep_references(b, &b->matrix, &list);
}

static void read_strings(bundle *b, attack_list *out, const value *object, const char *name)
{
    value list = list_of(object, name);
    for (size_t i = 0; i < list.as.list.count; i++)
        if (list.as.list.items[i].type == VALUE_STRING) attack_list_add(b->k, out, list.as.list.items[i].as.string);
}

static void read_technique(bundle *b, const value *object)
{
    attack *k = b->k;
    attack_technique t = {.id = known_id(b, object), .retired = retired(object)};
    if (!attack_is_technique(t.id)) {
        warn(b, "attack-technique", text_of(object, "id"), "has no id of a technique (T1090.003)");
        return;
    }
    t.name = attack_name(k->arena, text_of(object, "name"));
    t.description = attack_plain_text(k->arena, text_of(object, "description"));
    t.url = address(b, object);
    value phases = list_of(object, "kill_chain_phases");
    for (size_t i = 0; i < phases.as.list.count; i++) attack_list_add(k, &t.tactics, text_of(&phases.as.list.items[i], "phase_name"));
    read_strings(b, &t.platforms, object, "x_mitre_platforms");
    read_strings(b, &t.data_sources, object, "x_mitre_data_sources"); /* releases before 18 */
    if (!attack_add_technique(k, &t)) {
        b->full = true;
        return;
    }
    refer(b, object, REF_TECHNIQUE, table_get(&k->technique_of, t.id));
}

static void read_object(bundle *b, const value *object, const char *kind, char letter)
{
    attack *k = b->k;
    if (retired(object)) return;
    attack_object o = {.id = known_id(b, object), .name = attack_name(k->arena, text_of(object, "name")), .kind = kind};
    if (!attack_is_object(o.id, letter) || !o.name.len) {
        warn(b, "attack-object", text_of(object, "id"), "has no id or no name");
        return;
    }
    o.url = address(b, object);
    if (attack_add_object(k, &o)) refer(b, object, REF_OBJECT, table_get(&k->object_of, o.id));
    else b->full = true;
}

static void read_group(bundle *b, const value *object) { read_object(b, object, "group", 'G'); }
static void read_software(bundle *b, const value *object) { read_object(b, object, "software", 'S'); }
static void read_campaign(bundle *b, const value *object) { read_object(b, object, "campaign", 'C'); }

static void read_component(bundle *b, const value *object)
{
    if (retired(object)) return;
    refer(b, object, REF_COMPONENT, b->components.len);
    vec_push(&b->components, ((detection){.name = attack_name(b->k->arena, text_of(object, "name"))}));
}

static void read_analytic(bundle *b, const value *object)
{
    detection x = {0};
    if (retired(object)) return;
    value list = list_of(object, "x_mitre_log_source_references");
    for (size_t i = 0; i < list.as.list.count && i < REFERENCES; i++) {
        pk_str id = text_of(&list.as.list.items[i], "x_mitre_data_component_ref");
        if (id.len && id.len <= ATTACK_NAME) vec_push_in(b->kept, &x.refers, arena_str(b->kept, id));
    }
    refer(b, object, REF_ANALYTIC, b->analytics.len);
    vec_push(&b->analytics, x);
}

static void read_strategy(bundle *b, const value *object)
{
    if (retired(object)) return;
    detection x = {.name = attack_name(b->k->arena, text_of(object, "name"))};
    value list = list_of(object, "x_mitre_analytic_refs");
    keep_references(b, &x.refers, &list);
    refer(b, object, REF_STRATEGY, b->strategies.len);
    vec_push(&b->strategies, x);
}

static void read_relation(bundle *b, const value *object)
{
    static const struct { const char *name; relation_kind kind; } kinds[] = {
        {"uses", RELATION_USES}, {"revoked-by", RELATION_REVOKED_BY}, {"detects", RELATION_DETECTS},
    };
    if (retired(object)) return;
    pk_str type = text_of(object, "relationship_type"), source = text_of(object, "source_ref"), target = text_of(object, "target_ref");
    if (!str_starts_with(target, STR("attack-pattern--")) || source.len > ATTACK_NAME || target.len > ATTACK_NAME) return;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        if (!str_equal(type, str_from(kinds[i].name))) continue;
        if (b->relations.len >= ATTACK_USES) b->full = true;
        else vec_push(&b->relations, ((relation){kinds[i].kind, arena_str(b->kept, source), arena_str(b->kept, target)}));
    }
}

static void read_collection(bundle *b, const value *object)
{
    pk_str version = text_of(object, "x_mitre_version");
    if (version.len && version.len < 20) b->k->release = arena_str(b->k->arena, version);
}

/* "Copyright 2015-2025, The MITRE Corporation. ...": its years are those of the notice that the terms ask for. */
static void read_marking(bundle *b, const value *object)
{
    const value *definition = value_get(object, STR("definition"));
    pk_str statement = definition ? text_of(definition, "statement") : STR("");
    size_t comma = str_find_char(statement, ',');
    if (!str_starts_with(statement, STR("Copyright ")) || comma == STR_NPOS || comma < 14 || comma > 30) return;
    pk_str year = str_slice(statement, comma - 4, 4);
    int64_t number;
    if (str_to_int(year, true, &number))
        b->k->copyright = arena_printf(b->k->arena, "\xc2\xa9 " STR_FMT " The MITRE Corporation.", STR_ARG(year));
}

static const struct {
    const char *type;
    void (*read)(bundle *b, const value *object);
} readers[] = {
    {"relationship", read_relation}, {"attack-pattern", read_technique}, {"x-mitre-tactic", read_tactic}, {"x-mitre-matrix", read_matrix},
    {"intrusion-set", read_group}, {"malware", read_software}, {"tool", read_software}, {"campaign", read_campaign},
    {"x-mitre-data-component", read_component}, {"x-mitre-analytic", read_analytic}, {"x-mitre-detection-strategy", read_strategy},
    {"x-mitre-collection", read_collection}, {"marking-definition", read_marking},
};

static void read_one(bundle *b, pk_str json, arena *scratch)
{
    value object;
    if (++b->objects > OBJECTS) {
        b->full = true;
        return;
    }
    if (json.len > OBJECT_LIMIT || !json_text_parse(json, DEPTH, scratch, &object) || object.type != VALUE_RECORD) {
        diag_add(b->diags, PK_WARNING, "attack-json", (diag_place){.file = b->name}, STR(""), NULL,
                 "object %zu is no JSON object, or too large or deep; it is left out", b->objects);
        return;
    }
    pk_str type = text_of(&object, "type");
    for (size_t i = 0; i < sizeof readers / sizeof *readers; i++)
        if (str_equal(type, str_from(readers[i].type))) readers[i].read(b, &object);
}

/* ---- cutting the text ---- */

typedef struct {
    pk_str s;
    size_t at;
} cutter;

static char peek(const cutter *c) { return c->at < c->s.len ? c->s.ptr[c->at] : 0; }

static void skip_blanks(cutter *c)
{
    while (peek(c) == ' ' || peek(c) == '\n' || peek(c) == '\r' || peek(c) == '\t') c->at++;
}

static bool take(cutter *c, char wanted)
{
    skip_blanks(c);
    if (peek(c) != wanted) return false;
    c->at++;
    return true;
}

/* From the quote on, to behind the closing one. */
static bool skip_string(cutter *c)
{
    for (c->at++; c->at < c->s.len; c->at++) {
        if (c->s.ptr[c->at] == '\\') c->at++;
        else if (c->s.ptr[c->at] == '"') {
            c->at++;
            return true;
        }
    }
    c->at = c->s.len;
    return false;
}

/* One value, whatever stands in it: what it is, is seen when it is parsed. */
static bool skip_value(cutter *c)
{
    size_t depth = 0;
    skip_blanks(c);
    size_t from = c->at;
    while (c->at < c->s.len) {
        char x = peek(c);
        if (x == '"') {
            if (!skip_string(c)) return false;
            if (depth == 0) return true;
            continue;
        }
        if (depth == 0 && (x == ',' || x == ']' || x == '}')) return c->at > from;
        if (x == '{' || x == '[') depth++;
        c->at++;
        if ((x == '}' || x == ']') && --depth == 0) return true;
    }
    return false;
}

static bool read_objects(bundle *b, cutter *c)
{
    arena *scratch = arena_new();
    bool fine = take(c, '[');
    if (fine && !take(c, ']')) {
        do {
            skip_blanks(c);
            size_t from = c->at;
            if (!skip_value(c)) {
                fine = false;
                break;
            }
            read_one(b, str_slice(c->s, from, c->at - from), scratch);
            arena_reset(scratch);
        } while (!b->full && take(c, ','));
        fine = fine && (b->full || take(c, ']'));
    }
    arena_free(scratch);
    return fine;
}

static bool read_bundle(bundle *b, cutter *c)
{
    if (!take(c, '{')) return false;
    do {
        skip_blanks(c);
        size_t from = c->at;
        if (peek(c) != '"' || !skip_string(c)) return false;
        pk_str key = str_slice(c->s, from, c->at - from);
        if (!take(c, ':')) return false;
        bool objects = str_equal(key, STR("\"objects\""));
        if (!(objects ? read_objects(b, c) : skip_value(c))) return false;
    } while (!b->full && take(c, ','));
    return b->full || take(c, '}');
}

/* ---- what refers to what ---- */

static void order_tactics(bundle *b)
{
    bool *placed = mem_zalloc(b->tactics.len + 1, sizeof *placed);
    for (size_t i = 0; i < b->matrix.len; i++) {
        const reference *r = find(b, b->matrix.at[i], REF_TACTIC);
        if (!r || placed[r->place]) continue;
        placed[r->place] = true;
        (void)attack_add_tactic(b->k, &b->tactics.at[r->place], STR_NPOS);
    }
    for (size_t i = 0; i < b->tactics.len; i++)
        if (!placed[i]) (void)attack_add_tactic(b->k, &b->tactics.at[i], STR_NPOS);
    mem_free(placed);
}

static int by_bytes(const void *x, const void *y) { return str_compare(*(const pk_str *)x, *(const pk_str *)y); }

/* A strategy detects a technique by analytics, which read log sources of data components. */
static void follow_strategy(bundle *b, attack_technique *t, const detection *strategy)
{
    attack_list_add(b->k, &t->detections, strategy->name);
    for (size_t i = 0; i < strategy->refers.len; i++) {
        const reference *analytic = find(b, strategy->refers.at[i], REF_ANALYTIC);
        if (!analytic) continue;
        const attack_list *components = &b->analytics.at[analytic->place].refers;
        for (size_t j = 0; j < components->len; j++) {
            const reference *c = find(b, components->at[j], REF_COMPONENT);
            if (c) attack_list_add(b->k, &t->data_sources, b->components.at[c->place].name);
        }
    }
}

static void follow_relations(bundle *b)
{
    attack *k = b->k;
    for (size_t i = 0; i < b->relations.len; i++) {
        const relation *r = &b->relations.at[i];
        const reference *target = find(b, r->target, REF_TECHNIQUE), *source;
        if (!target) continue;
        attack_technique *t = &k->techniques.at[target->place];
        switch (r->kind) {
        case RELATION_USES:
            if ((source = find(b, r->source, REF_OBJECT))) vec_push(&k->uses, ((attack_use){target->place, source->place}));
            break;
        case RELATION_REVOKED_BY:
            source = find(b, r->source, REF_TECHNIQUE);
            if (source && k->techniques.at[source->place].retired) k->techniques.at[source->place].successor = t->id;
            break;
        case RELATION_DETECTS:
            if ((source = find(b, r->source, REF_STRATEGY))) follow_strategy(b, t, &b->strategies.at[source->place]);
            break;
        }
    }
    for (size_t i = 0; i < k->techniques.len; i++) {
        attack_list *list = &k->techniques.at[i].data_sources;
        if (list->len) qsort(list->at, list->len, sizeof *list->at, by_bytes);
    }
}

static int by_kind_and_name(const void *x, const void *y)
{
    const attack_object *a = *(const attack_object *const *)x, *b = *(const attack_object *const *)y;
    int order = strcmp(a->kind, b->kind);
    if (!order) order = str_compare(a->name, b->name);
    return order ? order : str_compare(a->id, b->id);
}

/* Objects by kind and name: as a table lists them, and a page. */
static void sort_objects(attack *k)
{
    size_t count = k->objects.len;
    const attack_object **order = mem_zalloc(count + 1, sizeof *order);
    uint32_t *place = mem_zalloc(count + 1, sizeof *place);
    attack_object *sorted = mem_zalloc(count + 1, sizeof *sorted);
    for (size_t i = 0; i < count; i++) order[i] = &k->objects.at[i];
    qsort(order, count, sizeof *order, by_kind_and_name);
    for (size_t i = 0; i < count; i++) {
        place[order[i] - k->objects.at] = (uint32_t)i;
        sorted[i] = *order[i];
        table_set(&k->object_of, sorted[i].id, (uint32_t)i);
    }
    for (size_t i = 0; i < k->uses.len; i++) k->uses.at[i].object = place[k->uses.at[i].object];
    for (size_t i = 0; i < count; i++) k->objects.at[i] = sorted[i];
    mem_free(sorted);
    mem_free(place);
    mem_free(order);
}

pk_status attack_read_stix(attack *k, pk_str json, pk_str name, diag_list *d)
{
    bundle b = {.k = k, .diags = d, .name = name, .kept = arena_new()};
    cutter c = {.s = json};
    diag_place place = {.file = name};
    pk_status status = PK_OK;
    if (json.len > ATTACK_FILE_LIMIT) {
        diag_add(d, PK_ERROR, "attack-limit", place, STR(""), NULL, "is larger than %d bytes", ATTACK_FILE_LIMIT);
        status = PK_ERROR_LIMIT;
    } else if (!utf8_valid(json)) {
        diag_add(d, PK_ERROR, "attack-json", place, STR(""), NULL, "is not UTF-8 at byte %zu", utf8_bad_at(json));
        status = PK_ERROR_SYNTAX;
    } else if (!read_bundle(&b, &c)) {
        diag_add(d, PK_ERROR, "attack-json", place, STR(""), "a STIX bundle is {\"type\": \"bundle\", ..., \"objects\": [...]}",
                 "is no STIX bundle, or ends too early: unexpected at byte %zu", c.at);
        status = PK_ERROR_SYNTAX;
    } else if (b.full) {
        diag_add(d, PK_ERROR, "attack-limit", place, STR(""), NULL, "holds more objects than are read");
        status = PK_ERROR_LIMIT;
    }
    if (status == PK_OK) {
        order_tactics(&b);
        follow_relations(&b);
        sort_objects(k);
    }
    vec_free(&b.references);
    vec_free(&b.relations);
    vec_free(&b.strategies);
    vec_free(&b.analytics);
    vec_free(&b.components);
    vec_free(&b.tactics);
    table_free(&b.by_id);
    arena_free(b.kept);
    return status;
}
