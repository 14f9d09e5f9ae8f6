/*
 * What is known of ATT&CK as a whole: reading it, bringing it into order, and telling what an id or a name of a rule is now.
 *
 * Two layers. The release (a bundle, or the table that ships and was made from one), and share/attack/newer.tsv: what rules
 * name that the release does not have yet. A release that has it is not touched.
 */
#include "api/api.h"
#include "base/unicode.h"
#include "catalog/attack_model.h"

#include <stdlib.h>

/* ---- ids ---- */

static bool all_digits(pk_str s)
{
    for (size_t i = 0; i < s.len; i++)
        if (s.ptr[i] < '0' || s.ptr[i] > '9') return false;
    return s.len > 0;
}

bool attack_is_object(pk_str id, char letter) { return id.len == 5 && id.ptr[0] == letter && all_digits(str_slice(id, 1, 4)); }

bool attack_is_tactic(pk_str id) { return id.len == 6 && str_starts_with(id, STR("TA")) && all_digits(str_slice(id, 2, 4)); }

bool attack_is_technique(pk_str id)
{
    if (id.len == 5) return attack_is_object(id, 'T');
    return id.len == 9 && id.ptr[5] == '.' && attack_is_object(str_slice(id, 0, 5), 'T') && all_digits(str_slice(id, 6, 3));
}

pk_str attack_parent(pk_str id) { return attack_is_technique(id) && id.len == 9 ? str_slice(id, 0, 5) : STR(""); }

/* ---- adding ---- */

attack *attack_new(void)
{
    attack *k = mem_zalloc(1, sizeof *k);
    k->arena = arena_new();
    return k;
}

void attack_free(attack *k)
{
    if (!k) return;
    vec_free(&k->tactics);
    vec_free(&k->techniques);
    vec_free(&k->objects);
    vec_free(&k->uses);
    table_free(&k->technique_of);
    table_free(&k->object_of);
    table_free(&k->tactic_of);
    arena_free(k->arena);
    mem_free(k);
}

pk_str attack_name(arena *a, pk_str s)
{
    s = str_trim(s);
    if (s.len > ATTACK_NAME) {
        size_t end = ATTACK_NAME;
        while (end > 0 && ((unsigned char)s.ptr[end] & 0xc0) == 0x80) end--;
        s.len = end;
    }
    return arena_str(a, s);
}

void attack_list_add(attack *k, attack_list *list, pk_str entry)
{
    entry = str_trim(entry);
    if (!entry.len || list->len >= ATTACK_LIST) return;
    entry = attack_name(k->arena, entry);
    for (size_t i = 0; i < list->len; i++)
        if (str_equal(list->at[i], entry)) return;
    vec_push_in(k->arena, list, entry);
}

/* Names of tactics are compared as their short names are written. */
static pk_str tactic_key(arena *a, pk_str name)
{
    pk_str s = str_trim(name);
    if (s.len > 7 && str_equal_ascii_fold(str_slice(s, 0, 7), STR("attack."))) s = str_slice(s, 7, s.len);
    text t = {0};
    for (size_t i = 0; i < s.len; i++) {
        char c = s.ptr[i];
        if (c >= 'A' && c <= 'Z') c = (char)(c | 0x20);
        if (c == '_' || (unsigned char)c <= ' ') c = '-';
        if (c == '&') text_put_cstring(&t, "and");
        else text_put_char(&t, c);
    }
    pk_str key = arena_str(a, text_view(&t));
    text_free(&t);
    return key;
}

void attack_index_tactics(attack *k)
{
    table_free(&k->tactic_of);
    k->tactic_of = (table){0};
    for (size_t i = 0; i < k->tactics.len; i++) {
        const attack_tactic *t = &k->tactics.at[i];
        table_put(&k->tactic_of, tactic_key(k->arena, t->id), (uint32_t)i);
        table_put(&k->tactic_of, tactic_key(k->arena, t->short_name), (uint32_t)i);
        table_put(&k->tactic_of, tactic_key(k->arena, t->name), (uint32_t)i);
    }
    /* A former name leads to the tactic that kept its id or, where none did, to the first that came out of it. */
    for (size_t i = 0; i < k->tactics.len; i++)
        if (k->tactics.at[i].predecessor.len)
            table_put(&k->tactic_of, tactic_key(k->arena, k->tactics.at[i].predecessor), (uint32_t)i);
}

attack_tactic *attack_tactic_at(const attack *k, pk_str name)
{
    arena *scratch = arena_new();
    uint32_t at = table_get(&k->tactic_of, tactic_key(scratch, name));
    arena_free(scratch);
    return at == TABLE_NONE ? NULL : &k->tactics.at[at];
}

/* One of the same id or short name; names may be alike. */
static bool has_tactic(const attack *k, const attack_tactic *t)
{
    arena *scratch = arena_new();
    pk_str key = tactic_key(scratch, t->short_name);
    bool found = false;
    for (size_t i = 0; i < k->tactics.len && !found; i++)
        found = str_equal(k->tactics.at[i].id, t->id) || str_equal(tactic_key(scratch, k->tactics.at[i].short_name), key);
    arena_free(scratch);
    return found;
}

bool attack_add_tactic(attack *k, const attack_tactic *t, size_t at)
{
    if (has_tactic(k, t)) return true;
    if (k->tactics.len >= ATTACK_TACTICS) return false;
    vec_push(&k->tactics, *t);
    for (size_t i = k->tactics.len - 1; at < i; i--) k->tactics.at[i] = k->tactics.at[i - 1];
    if (at < k->tactics.len) k->tactics.at[at] = *t;
    attack_index_tactics(k);
    return true;
}

attack_technique *attack_technique_at(const attack *k, pk_str id)
{
    uint32_t at = table_get(&k->technique_of, id);
    return at == TABLE_NONE ? NULL : &k->techniques.at[at];
}

bool attack_add_technique(attack *k, const attack_technique *t)
{
    attack_technique *there = attack_technique_at(k, t->id);
    if (there) {
        if (there->retired && !t->retired) *there = *t;
        return true;
    }
    if (k->techniques.len >= ATTACK_TECHNIQUES) return false;
    table_put(&k->technique_of, t->id, (uint32_t)k->techniques.len);
    vec_push(&k->techniques, *t);
    return true;
}

bool attack_add_object(attack *k, const attack_object *o)
{
    if (table_get(&k->object_of, o->id) != TABLE_NONE) return true;
    if (k->objects.len >= ATTACK_OBJECTS) return false;
    table_put(&k->object_of, o->id, (uint32_t)k->objects.len);
    vec_push(&k->objects, *o);
    return true;
}

/* ---- what retired techniques became ---- */

enum { CHAIN_LIMIT = 64 }; /* longer ones are taken for circles */

/* The end of the chain, or STR_NPOS in a circle. */
static size_t chain_end(const attack *k, size_t place)
{
    for (int step = 0; step < CHAIN_LIMIT; step++) {
        const attack_technique *t = &k->techniques.at[place];
        if (!t->retired || !t->successor.len) return place;
        uint32_t next = table_get(&k->technique_of, t->successor);
        if (next == TABLE_NONE) return place;
        place = next;
    }
    return STR_NPOS;
}

uint32_t attack_current(const attack *k, uint32_t place)
{
    size_t end = chain_end(k, place);
    return end == STR_NPOS ? place : (uint32_t)end;
}

/* Successors that lead nowhere or in a circle are taken out: nobody who follows one needs a bound. */
static void check_successors(attack *k, pk_str name, diag_list *d)
{
    for (size_t i = 0; i < k->techniques.len; i++) {
        attack_technique *t = &k->techniques.at[i];
        if (!t->successor.len) continue;
        bool circle = chain_end(k, i) == STR_NPOS;
        if (!circle && t->retired && table_get(&k->technique_of, t->successor) != TABLE_NONE) continue;
        if (circle)
            diag_add(d, PK_WARNING, "attack-circle", (diag_place){.file = name}, STR(""), NULL,
                     "what replaces technique " STR_FMT " is replaced by it in the end; it is left without a successor", STR_ARG(t->id));
        t->successor = STR("");
    }
}

static void take_over(attack *k, attack_list *list, const attack_list *from)
{
    for (size_t i = 0; i < from->len; i++) attack_list_add(k, list, from->at[i]);
}

/* A technique of newer.tsv takes what is not known of it from those that it follows. */
static void inherit(attack *k)
{
    size_t count = k->techniques.len;
    bool *lacks = mem_zalloc(count + 1, sizeof *lacks); /* tactics: those that are stated stay */
    for (size_t i = 0; i < count; i++) lacks[i] = k->techniques.at[i].newer && !k->techniques.at[i].tactics.len;
    for (size_t i = 0; i < count; i++) {
        const attack_technique *old = &k->techniques.at[i];
        uint32_t next = old->retired && old->successor.len ? table_get(&k->technique_of, old->successor) : TABLE_NONE;
        if (next == TABLE_NONE || !k->techniques.at[next].newer) continue;
        attack_technique *now = &k->techniques.at[next];
        if (lacks[next]) take_over(k, &now->tactics, &old->tactics);
        take_over(k, &now->platforms, &old->platforms);
        take_over(k, &now->data_sources, &old->data_sources);
        take_over(k, &now->detections, &old->detections);
        if (!now->description.len) now->description = old->description;
    }
    mem_free(lacks);
}

/* ---- order ---- */

typedef struct {
    pk_str family, id;            /* name of the parent, own id */
    size_t place;
} technique_order;

static int compare_techniques(const void *x, const void *y)
{
    const technique_order *a = x, *b = y;
    int order = str_compare(a->family, b->family);
    return order ? order : str_compare(a->id, b->id);
}

/* As the matrix shows them: by name, sub-techniques behind their parent by id. Those of no parent that is known by their own id. */
static void sort_techniques(attack *k)
{
    size_t count = k->techniques.len;
    technique_order *order = mem_zalloc(count + 1, sizeof *order);
    uint32_t *place = mem_zalloc(count + 1, sizeof *place);
    for (size_t i = 0; i < count; i++) {
        const attack_technique *t = &k->techniques.at[i];
        pk_str parent_id = attack_parent(t->id);
        const attack_technique *parent = parent_id.len ? attack_technique_at(k, parent_id) : NULL;
        pk_str name = parent ? parent->name : parent_id.len ? STR("") : t->name;
        /* Two techniques of one name must not mix their sub-techniques. */
        order[i] = (technique_order){arena_printf(k->arena, STR_FMT "\n%.5s", STR_ARG(fold(k->arena, name)), t->id.ptr), t->id, i};
    }
    qsort(order, count, sizeof *order, compare_techniques);
    VEC(attack_technique) sorted = {0};
    table_free(&k->technique_of);
    k->technique_of = (table){0};
    for (size_t i = 0; i < count; i++) {
        place[order[i].place] = (uint32_t)i;
        vec_push(&sorted, k->techniques.at[order[i].place]);
        table_put(&k->technique_of, order[i].id, (uint32_t)i);
    }
    for (size_t i = 0; i < k->uses.len; i++) k->uses.at[i].technique = place[k->uses.at[i].technique];
    for (size_t i = 0; i < count; i++) k->techniques.at[i] = sorted.at[i];
    vec_free(&sorted);
    mem_free(place);
    mem_free(order);
}

static int compare_uses(const void *x, const void *y)
{
    const attack_use *a = x, *b = y;
    if (a->technique != b->technique) return a->technique < b->technique ? -1 : 1;
    return (a->object > b->object) - (a->object < b->object);
}

/* Uses of a retired technique are uses of what it became. */
static void sort_uses(attack *k)
{
    for (size_t i = 0; i < k->uses.len; i++) k->uses.at[i].technique = attack_current(k, k->uses.at[i].technique);
    if (k->uses.len) qsort(k->uses.at, k->uses.len, sizeof *k->uses.at, compare_uses);
    size_t kept = 0;
    for (size_t i = 0; i < k->uses.len; i++)
        if (kept == 0 || compare_uses(&k->uses.at[kept - 1], &k->uses.at[i]) != 0) k->uses.at[kept++] = k->uses.at[i];
    k->uses.len = kept;
}

void attack_complete(attack *k, pk_str name, diag_list *d)
{
    check_successors(k, name, d);
    inherit(k);
    sort_techniques(k);
    sort_uses(k);
    attack_index_tactics(k);
}

/* ---- reading ---- */

/* "18.1" of "enterprise-attack-18.1.json": a bundle need not say it. */
static pk_str release_in_name(pk_str path)
{
    size_t end = path.len;
    if (str_ends_with(path, STR(".json"))) end -= 5;
    size_t from = end;
    while (from > 0 && ((path.ptr[from - 1] >= '0' && path.ptr[from - 1] <= '9') || path.ptr[from - 1] == '.')) from--;
    bool apart = from > 0 && (path.ptr[from - 1] == '-' || path.ptr[from - 1] == 'v');
    return apart && end - from <= 8 ? str_slice(path, from, end - from) : STR("");
}

static pk_status finish(attack **out, attack *k, pk_status status, pk_str newer, pk_str newer_name, pk_str name, diag_list *d)
{
    if (status == PK_OK && !k->techniques.len) {
        diag_add(d, PK_ERROR, "attack-empty", (diag_place){.file = name}, STR(""), "Enterprise ATT&CK is published as a STIX bundle",
                 "holds no technique");
        status = PK_ERROR_SYNTAX;
    }
    if (status == PK_OK && newer.len) status = attack_read_table(k, newer, true, newer_name, d);
    if (status != PK_OK) {
        attack_free(k);
        return status;
    }
    if (!k->release.len) k->release = arena_str(k->arena, release_in_name(name));
    if (!k->copyright.len) k->copyright = STR("\xc2\xa9 The MITRE Corporation.");
    attack_complete(k, name, d);
    *out = k;
    return PK_OK;
}

pk_status attack_read_bundle(attack **out, pk_str json, pk_str newer, pk_str name, diag_list *d)
{
    attack *k = attack_new();
    k->fingerprint = hash_mix(hash_str(json), hash_str(newer));
    return finish(out, k, attack_read_stix(k, json, name, d), newer, STR("newer.tsv"), name, d);
}

pk_status attack_load(attack **out, const char *share, const char *bundle, diag_list *d)
{
    *out = NULL;
    arena *files = arena_new();
    pk_str newer = STR(""), source;
    pk_str newer_path = arena_printf(files, "%s/attack/newer.tsv", share), path = arena_printf(files, "%s/attack/attack.tsv", share);
    if (bundle) path = arena_str(files, str_from(bundle));
    pk_status status = read_text_file(newer_path.ptr, ATTACK_FILE_LIMIT, files, &newer, d);
    if (status == PK_OK) status = read_text_file(path.ptr, ATTACK_FILE_LIMIT, files, &source, d);
    if (status == PK_OK) {
        attack *k = attack_new();
        k->fingerprint = hash_mix(hash_mix(hash_str(source), hash_str(newer)), bundle != NULL);
        status = bundle ? attack_read_stix(k, source, path, d) : attack_read_table(k, source, false, path, d);
        status = finish(out, k, status, newer, newer_path, path, d);
    }
    arena_free(files);
    return status;
}

pk_str attack_release(const attack *k) { return k->release; }
uint64_t attack_fingerprint(const attack *k) { return k->fingerprint; }

/* ---- what rules write ---- */

pk_str attack_resolve_technique(const attack *k, pk_str written, arena *a)
{
    pk_str s = str_trim(written);
    size_t address = str_find(s, STR("/techniques/"));
    if (address != STR_NPOS) s = str_slice(s, address + 12, s.len);
    if (s.len > 7 && str_equal_ascii_fold(str_slice(s, 0, 7), STR("attack."))) s = str_slice(s, 7, s.len);
    while (s.len && s.ptr[s.len - 1] == '/') s.len--;
    char *id = arena_alloc(a, s.len + 1);
    for (size_t i = 0; i < s.len; i++) {
        char c = s.ptr[i];
        id[i] = c >= 'a' && c <= 'z' ? (char)(c & ~0x20) : c == '/' ? '.' : c;
    }
    id[s.len] = 0;
    uint32_t at = table_get(&k->technique_of, (pk_str){id, s.len});
    return at == TABLE_NONE ? (pk_str){id, s.len} : k->techniques.at[attack_current(k, at)].id;
}

pk_str attack_resolve_tactic(const attack *k, pk_str written, arena *a)
{
    pk_str key = tactic_key(a, written);
    uint32_t at = table_get(&k->tactic_of, key);
    if (at != TABLE_NONE) return k->tactics.at[at].id;
    pk_str id = str_trim(written);
    if (id.len != 6 || !str_equal_ascii_fold(str_slice(id, 0, 2), STR("TA")) || !all_digits(str_slice(id, 2, 4))) return key;
    return arena_printf(a, "TA" STR_FMT, STR_ARG(str_slice(id, 2, 4)));
}
