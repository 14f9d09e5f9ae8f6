/*
 * A bundle of STIX 2.1 (OASIS, sections 4.1, 4.7, 5.1, 8): an indicator a rule, an attack-pattern a technique, a relationship for each
 * that a rule names. Ids are UUIDs of version 5 under a namespace of ours, so that a rule is the same object wherever it is made.
 */
#include <nettle/sha1.h>

#include "web/export.h"

#define EPOCH STR("1970-01-01T00:00:00.000Z") /* of rules without a date, and of what has none */

typedef struct {
    arena *arena;
    text *out;
    table names;                  /* technique -> place in titles */
    VEC(pk_str) titles;
    table written;                /* attack-patterns that are there */
    pk_str author;                /* identity */
} bundle;

static pk_str object_id(arena *a, const char *type, pk_str name)
{
    static const uint8_t space[16] = {0x5d, 0x0c, 0x8e, 0x1b, 0x7f, 0x43, 0x4e, 0x0a, 0x9b, 0x52, 0xe6, 0x31, 0x27, 0xa4, 0xc8, 0x90};
    struct sha1_ctx c;
    uint8_t h[20];
    sha1_init(&c);
    sha1_update(&c, sizeof space, space);
    sha1_update(&c, strlen(type), (const uint8_t *)type);
    sha1_update(&c, 1, (const uint8_t *)":");
    sha1_update(&c, name.len, (const uint8_t *)name.ptr);
    sha1_digest(&c, sizeof h, h);
    h[6] = (uint8_t)((h[6] & 0x0f) | 0x50);
    h[8] = (uint8_t)((h[8] & 0x3f) | 0x80);
    return arena_printf(a, "%s--%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", type, h[0], h[1], h[2], h[3], h[4], h[5], h[6], h[7], h[8], h[9],
                        h[10], h[11], h[12], h[13], h[14], h[15]);
}

/* "2024-03-01" and "2024/03/01" as a time of STIX; empty: neither. */
static pk_str time_of(arena *a, pk_str s)
{
    static const int days[12] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    int64_t year, month, day;
    if (s.len < 10 || (s.ptr[4] != '-' && s.ptr[4] != '/') || s.ptr[7] != s.ptr[4]) return STR("");
    for (size_t i = 0; i < 10; i++)
        if (i != 4 && i != 7 && (s.ptr[i] < '0' || s.ptr[i] > '9')) return STR("");
    if (!str_to_int(str_slice(s, 0, 4), false, &year) || !str_to_int(str_slice(s, 5, 2), false, &month) || !str_to_int(str_slice(s, 8, 2), false, &day)) return STR("");
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    if (year < 1 || month < 1 || month > 12 || day < 1 || day > days[month - 1] + (leap && month == 2)) return STR("");
    return arena_printf(a, "%04d-%02d-%02dT00:00:00.000Z", (int)year, (int)month, (int)day);
}

static void put_member(text *out, const char *name, pk_str s)
{
    if (!s.len) return;
    text_printf(out, ",\"%s\":", name);
    text_put_json(out, s);
}

static void put_object(bundle *b, const char *type, pk_str id, pk_str created, pk_str modified)
{
    text_printf(b->out, "%s{\"type\":\"%s\",\"spec_version\":\"2.1\"", b->out->len ? ",\n" : "", type);
    put_member(b->out, "id", id);
    put_member(b->out, "created", created);
    put_member(b->out, "modified", modified);
    if (b->author.len) put_member(b->out, "created_by_ref", b->author);
}

static bool is_attack_id(pk_str id)
{
    bool good = (id.len == 5 || (id.len == 9 && id.ptr[5] == '.')) && id.ptr[0] == 'T';
    for (size_t i = 1; i < id.len && good; i++) good = i == 5 || (id.ptr[i] >= '0' && id.ptr[i] <= '9');
    return good;
}

static void put_attack_pattern(bundle *b, pk_str technique, pk_str id)
{
    uint32_t known = table_get(&b->names, technique);
    put_object(b, "attack-pattern", id, EPOCH, EPOCH);
    put_member(b->out, "name", known == TABLE_NONE ? technique : b->titles.at[known]);
    text_put_cstring(b->out, ",\"external_references\":[{\"source_name\":\"mitre-attack\"");
    put_member(b->out, "external_id", technique);
    if (is_attack_id(technique)) {
        pk_str sub = technique.len == 9 ? arena_concat(b->arena, STR("/"), str_slice(technique, 6, 3)) : STR("");
        put_member(b->out, "url", arena_printf(b->arena, "https://attack.mitre.org/techniques/" STR_FMT STR_FMT "/", STR_ARG(str_slice(technique, 0, 5)), STR_ARG(sub)));
    }
    text_put_cstring(b->out, "}]}");
}

static pk_str host_of(pk_str url)
{
    size_t start = str_find(url, STR("://"));
    pk_str rest = start == STR_NPOS ? url : str_slice(url, start + 3, STR_NPOS);
    for (size_t i = 0; i < rest.len; i++)
        if (rest.ptr[i] == '/' || rest.ptr[i] == '?' || rest.ptr[i] == '#') return str_slice(rest, 0, i);
    return rest;
}

static void put_references(bundle *b, const value *card)
{
    const value *list = at(card, "references");
    text_put_cstring(b->out, ",\"external_references\":[{\"source_name\":");
    text_put_json(b->out, text_at(card, "language"));
    put_member(b->out, "external_id", text_at(card, "id"));
    text_put_char(b->out, '}');
    for (size_t i = 0; list->type == VALUE_LIST && i < list->as.list.count; i++) {
        const value *v = item(list, i);
        pk_str url = v->type == VALUE_STRING ? v->as.string : STR("");
        if (!is_web_link(url) || !host_of(url).len) continue;
        text_put_cstring(b->out, ",{\"source_name\":");
        text_put_json(b->out, host_of(url));
        put_member(b->out, "url", url);
        text_put_char(b->out, '}');
    }
    text_put_char(b->out, ']');
}

static void put_labels(bundle *b, const value *card)
{
    static const char *const names[] = {"level", "status", "product", "category", "service"};
    bool any = false;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        pk_str s = text_at(card, names[i]);
        if (!s.len) continue;
        text_put_cstring(b->out, any ? "," : ",\"labels\":[");
        text_put_json(b->out, arena_printf(b->arena, "%s:" STR_FMT, names[i], STR_ARG(s)));
        any = true;
    }
    if (any) text_put_char(b->out, ']');
}

static void put_relation(bundle *b, pk_str indicator, pk_str technique, pk_str created, pk_str modified)
{
    pk_str target = object_id(b->arena, "attack-pattern", technique), id = object_id(b->arena, "relationship", arena_concat(b->arena, indicator, target));
    if (table_put(&b->written, target, 1)) put_attack_pattern(b, technique, target);
    put_object(b, "relationship", id, created, modified);
    text_put_cstring(b->out, ",\"relationship_type\":\"indicates\"");
    put_member(b->out, "source_ref", indicator);
    put_member(b->out, "target_ref", target);
    text_put_char(b->out, '}');
}

static void take(const value *card, void *user)
{
    bundle *b = user;
    pk_str name = arena_printf(b->arena, STR_FMT "/" STR_FMT, STR_ARG(text_at(card, "language")), STR_ARG(text_at(card, "key")));
    pk_str id = object_id(b->arena, "indicator", name), created = time_of(b->arena, text_at(card, "date")), modified = time_of(b->arena, text_at(card, "modified"));
    pk_str pattern = text_at(card, "source");
    if (!created.len) created = modified.len ? modified : EPOCH;
    if (str_compare(modified, created) < 0) modified = created; /* it may not be before (section 3.2) */
    put_object(b, "indicator", id, created, modified);
    put_member(b->out, "name", text_at(card, "title"));
    put_member(b->out, "description", text_at(card, "description"));
    put_member(b->out, "pattern", pattern.len ? pattern : name);
    put_member(b->out, "pattern_type", text_at(card, "language"));
    put_member(b->out, "valid_from", created);
    put_labels(b, card);
    put_references(b, card);
    text_put_char(b->out, '}');
    const value *techniques = at(card, "techniques");
    for (size_t i = 0; techniques->type == VALUE_LIST && i < techniques->as.list.count; i++) {
        const value *t = item(techniques, i);
        if (t->type == VALUE_STRING) put_relation(b, id, arena_str(b->arena, t->as.string), created, modified);
    }
}

/* The names of techniques: cards have their ids alone. */
static bool read_names(bundle *b, store *s, query_error *e)
{
    query_arguments none = {0};
    value v = query_run(s, query_find(STR("techniques")), &none, b->arena, e);
    for (size_t i = 0; i < count_at(&v, "techniques"); i++) {
        const value *t = item(at(&v, "techniques"), i);
        if (!text_at(t, "name").len || !table_put(&b->names, text_at(t, "id"), (uint32_t)b->titles.len)) continue;
        vec_push_in(b->arena, &b->titles, text_at(t, "name"));
    }
    return v.type != VALUE_MISSING;
}

bool export_stix(store *s, const query *q, const argument_list *args, arena *a, text *out, query_error *e)
{
    text objects = {0};
    bundle b = {.arena = arena_new(), .out = &objects};
    pk_str author = object_id(b.arena, "identity", STR("picket"));
    put_object(&b, "identity", author, EPOCH, EPOCH);
    text_put_cstring(&objects, ",\"name\":\"picket\",\"identity_class\":\"system\"}");
    b.author = author;
    bool good = read_names(&b, s, e) && export_each_rule(s, q, args, true, take, &b, a, e);
    if (good) {
        text_put_cstring(out, "{\"type\":\"bundle\"");
        put_member(out, "id", object_id(b.arena, "bundle", text_view(&objects)));
        text_put_cstring(out, ",\"objects\":[\n");
        text_put(out, text_view(&objects));
        text_put_cstring(out, "\n]}\n");
    }
    text_free(&objects);
    table_free(&b.names);
    table_free(&b.written);
    arena_free(b.arena);
    return good;
}
