/*
 * Derived context: per file, domain, address and user when it was first and last seen, and on how many assets a day. Workers
 * collect apart; their tables are put together when all events are read, and one record is made for each value and day on which
 * it was seen, valid for that day. Prevalence (rolling_max over day_count days) counts the different assets of the day and of
 * the days before it.
 */
#include "api/context.h"
#include "event/field_path.h"

#include <stdlib.h>

enum { MOST_VALUES = 1000000, MOST_ASSETS = 1000 /* of a value and day */, MOST_DAYS = 4000 /* of a value */ };

#define DAY (86400 * SECOND)

typedef enum { SEEN_FILE, SEEN_DOMAIN, SEEN_ADDRESS, SEEN_USER, SEEN_KINDS } seen_kind;

/* Where they stand in events. */
static const struct { seen_kind kind; const char *path; } places[] = {
    {SEEN_FILE, "target.file.sha256"}, {SEEN_FILE, "target.process.file.sha256"}, {SEEN_FILE, "principal.process.file.sha256"}, {SEEN_FILE, "principal.file.sha256"},
    {SEEN_FILE, "src.file.sha256"}, {SEEN_FILE, "src.process.file.sha256"},
    {SEEN_DOMAIN, "network.dns.questions[].name"}, {SEEN_DOMAIN, "target.hostname"}, {SEEN_DOMAIN, "target.domain.name"},
    {SEEN_ADDRESS, "target.ip[]"}, {SEEN_ADDRESS, "principal.ip[]"}, {SEEN_ADDRESS, "src.ip[]"},
    {SEEN_USER, "principal.user.userid"}, {SEEN_USER, "target.user.userid"}};

/* What saw it: the first of these that is there. */
static const char *const assets[] = {"principal.asset.asset_id", "principal.asset_id", "principal.asset.hostname", "principal.hostname", "principal.ip[]", "principal.user.userid"};

enum { PLACES = sizeof places / sizeof *places, ASSETS = sizeof assets / sizeof *assets };

typedef struct {
    int64_t day;                  /* since 1970 */
    VEC(uint64_t) assets;         /* hashes of their names, sorted */
} seen_day;

typedef struct {
    pk_str value;
    timestamp first, last;
    VEC(seen_day) days;           /* in order */
} seen_value;

typedef struct { table numbers; VEC(seen_value) at; } seen_table;

struct sightings {
    const schema *schema;
    arena *names;
    seen_table of[SEEN_KINDS];
    pk_str paths[PLACES + ASSETS];
    uint64_t left_out;
};

sightings *sightings_new(const schema *s)
{
    sightings *n = mem_zalloc(1, sizeof *n);
    n->schema = s;
    n->names = arena_new();
    for (size_t i = 0; i < PLACES; i++) n->paths[i] = str_from(places[i].path);
    for (size_t i = 0; i < ASSETS; i++) n->paths[PLACES + i] = str_from(assets[i]);
    return n;
}

void sightings_free(sightings *s)
{
    if (!s) return;
    for (int k = 0; k < SEEN_KINDS; k++) {
        for (size_t i = 0; i < s->of[k].at.len; i++) {
            seen_value *v = &s->of[k].at.at[i];
            for (size_t d = 0; d < v->days.len; d++) vec_free(&v->days.at[d].assets);
            vec_free(&v->days);
        }
        vec_free(&s->of[k].at);
        table_free(&s->of[k].numbers);
    }
    arena_free(s->names);
    mem_free(s);
}

uint64_t sightings_left_out(const sightings *s) { return s->left_out; }

/* ---- collecting ---- */

static seen_value *value_of(sightings *s, seen_kind kind, pk_str text_value)
{
    seen_table *t = &s->of[kind];
    uint32_t known = table_get(&t->numbers, text_value);
    if (known != TABLE_NONE) return &t->at.at[known];
    if (t->at.len >= MOST_VALUES) {
        s->left_out++;
        return NULL;
    }
    pk_str kept = arena_str(s->names, text_value);
    table_put(&t->numbers, kept, (uint32_t)t->at.len);
    vec_push(&t->at, ((seen_value){.value = kept, .first = INT64_MAX, .last = INT64_MIN}));
    return &t->at.at[t->at.len - 1];
}

/* The place of `day`, or where it belongs. */
static size_t day_place(const seen_value *v, int64_t day)
{
    size_t low = 0, high = v->days.len;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (v->days.at[middle].day < day) low = middle + 1;
        else high = middle;
    }
    return low;
}

static seen_day *day_of(seen_value *v, int64_t day)
{
    size_t at = day_place(v, day);
    if (at < v->days.len && v->days.at[at].day == day) return &v->days.at[at];
    if (v->days.len >= MOST_DAYS) return NULL;
    vec_push(&v->days, ((seen_day){.day = day}));
    memmove(v->days.at + at + 1, v->days.at + at, (v->days.len - 1 - at) * sizeof *v->days.at);
    v->days.at[at] = (seen_day){.day = day};
    return &v->days.at[at];
}

static void add_asset(seen_day *d, uint64_t asset)
{
    size_t low = 0, high = d->assets.len;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (d->assets.at[middle] < asset) low = middle + 1;
        else high = middle;
    }
    if ((low < d->assets.len && d->assets.at[low] == asset) || d->assets.len >= MOST_ASSETS) return;
    vec_push(&d->assets, asset);
    memmove(d->assets.at + low + 1, d->assets.at + low, (d->assets.len - 1 - low) * sizeof *d->assets.at);
    d->assets.at[low] = asset;
}

static int64_t day_number(timestamp t) { return t / DAY - (t % DAY < 0); }

static void seen(sightings *s, seen_kind kind, pk_str text_value, timestamp time, uint64_t asset)
{
    seen_value *v = text_value.len ? value_of(s, kind, text_value) : NULL;
    if (!v) return;
    if (time < v->first) v->first = time;
    if (time > v->last) v->last = time;
    seen_day *d = day_of(v, day_number(time));
    if (d) add_asset(d, asset);
}

static uint64_t asset_of(const value *record, arena *a)
{
    pk_str name;
    for (size_t i = 0; i < ASSETS; i++) {
        list_builder found = {0};
        field_path_read_text(record, str_from(assets[i]), a, &found);
        if (found.items.len && value_text(a, &found.items.at[0], &name) && name.len) return hash_str(name);
    }
    return 0; /* nobody knows: one and the same */
}

void sightings_add(sightings *s, const classification *k, const value *tree, timestamp time, arena *scratch)
{
    pk_str text_value;
    pk_str name = schema_of_records(SCHEMA_EVENTS);
    class_id c = schema_record_class(s->schema, name, k->classes, k->class_count);
    if (c == CLASS_NONE || time < INT64_MIN + DAY) return; /* or no time at all */
    value record = schema_record(s->schema, c, k->layout, name, s->paths, PLACES + ASSETS, tree, scratch);
    uint64_t asset = asset_of(&record, scratch);
    for (size_t i = 0; i < PLACES; i++) {
        list_builder found = {0};
        field_path_read_text(&record, s->paths[i], scratch, &found);
        for (size_t n = 0; n < found.items.len; n++)
            if (value_text(scratch, &found.items.at[n], &text_value)) seen(s, places[i].kind, text_value, time, asset);
    }
}

/* ---- putting together ---- */

static void merge_value(sightings *into, seen_kind kind, const seen_value *from)
{
    seen_value *v = value_of(into, kind, from->value);
    if (!v) return;
    if (from->first < v->first) v->first = from->first;
    if (from->last > v->last) v->last = from->last;
    for (size_t i = 0; i < from->days.len; i++) {
        seen_day *d = day_of(v, from->days.at[i].day);
        for (size_t n = 0; d && n < from->days.at[i].assets.len; n++) add_asset(d, from->days.at[i].assets.at[n]);
    }
}

static int by_value(const void *x, const void *y) { return str_compare(((const seen_value *)x)->value, ((const seen_value *)y)->value); }

static int by_number(const void *x, const void *y)
{
    uint64_t a = *(const uint64_t *)x, b = *(const uint64_t *)y;
    return a < b ? -1 : a > b;
}

/* Different assets of the day at place `at` and the `days` - 1 days before it. */
static int64_t assets_until(const seen_value *v, size_t at, uint8_t days)
{
    VEC(uint64_t) all = {0};
    int64_t distinct = 0;
    for (size_t i = at + 1; i-- > 0 && v->days.at[i].day > v->days.at[at].day - days;)
        for (size_t n = 0; n < v->days.at[i].assets.len; n++) vec_push(&all, v->days.at[i].assets.at[n]);
    if (all.len) qsort(all.at, all.len, sizeof *all.at, by_number);
    for (size_t i = 0; i < all.len; i++) distinct += i == 0 || all.at[i] != all.at[i - 1];
    vec_free(&all);
    return distinct;
}

static value time_value(timestamp t) { return (value){.type = VALUE_TIME, .as.time = t}; }

static value text_list(arena *a, pk_str s)
{
    list_builder list = {0};
    list_add(a, &list, value_string(s));
    return list_done(&list);
}

/* What a noun knows of itself, under `name`. */
static value noun_of(arena *a, const seen_value *v, seen_kind kind, const char *key, size_t day, uint8_t days)
{
    record_builder noun = {0}, prevalence = {0};
    record_add(a, &noun, str_from(key), value_string(v->value));
    record_add(a, &noun, STR("first_seen_time"), time_value(v->first));
    record_add(a, &noun, STR("last_seen_time"), time_value(v->last));
    if (kind == SEEN_USER) return record_done(&noun);
    record_add(a, &prevalence, STR("day_count"), value_int(days));
    record_add(a, &prevalence, STR("rolling_max"), value_int(assets_until(v, day, days)));
    record_add(a, &prevalence, STR("day_max"), value_int((int64_t)v->days.at[day].assets.len));
    record_add(a, &noun, STR("prevalence"), record_done(&prevalence));
    return record_done(&noun);
}

static void put_record(arena *a, const seen_value *v, seen_kind kind, size_t day, uint8_t days, context_store *c)
{
    static const struct { const char *type, *noun, *key; } forms[] = {
        [SEEN_FILE] = {"FILE", "file", "sha256"}, [SEEN_DOMAIN] = {"DOMAIN_NAME", "domain", "name"}, [SEEN_ADDRESS] = {"IP_ADDRESS", "artifact", "ip"}, [SEEN_USER] = {"USER", "user", "userid"}};
    record_builder whole = {0}, metadata = {0}, interval = {0}, entity = {0};
    timestamp begin = v->days.at[day].day * DAY;
    record_add(a, &metadata, STR("entity_type"), value_string(str_from(forms[kind].type)));
    record_add(a, &metadata, STR("source_type"), value_string(STR("DERIVED_CONTEXT")));
    record_add(a, &metadata, STR("product_name"), value_string(STR("picket")));
    record_add(a, &interval, STR("start_time"), time_value(begin));
    record_add(a, &interval, STR("end_time"), time_value(begin > INT64_MAX - DAY ? INT64_MAX : begin + DAY));
    record_add(a, &metadata, STR("interval"), record_done(&interval));
    record_add(a, &whole, STR("metadata"), record_done(&metadata));
    record_add(a, &entity, str_from(forms[kind].noun), noun_of(a, v, kind, forms[kind].key, day, days));
    if (kind == SEEN_DOMAIN) record_add(a, &entity, STR("hostname"), value_string(v->value));
    if (kind == SEEN_ADDRESS) record_add(a, &entity, STR("ip"), text_list(a, v->value));
    record_add(a, &whole, STR("entity"), record_done(&entity));
    value record = record_done(&whole);
    context_store_add(c, &record);
}

void sightings_put(sightings *const *all, size_t count, const uint8_t *days, context_store *c)
{
    if (!count) return;
    arena *a = arena_new();
    sightings *whole = all[0];
    for (int k = 0; k < SEEN_KINDS; k++) {
        for (size_t i = 1; i < count; i++)
            for (size_t n = 0; n < all[i]->of[k].at.len; n++) merge_value(whole, (seen_kind)k, &all[i]->of[k].at.at[n]);
        seen_table *t = &whole->of[k];
        if (t->at.len) qsort(t->at.at, t->at.len, sizeof *t->at.at, by_value); /* the same for any number of workers */
        table_free(&t->numbers);
        t->numbers = (table){0};
        for (size_t n = 0; n < t->at.len; n++)
            for (size_t d = 0; d < t->at.at[n].days.len; d++) {
                for (const uint8_t *of = days; *of && (k != SEEN_USER || of == days); of++) put_record(a, &t->at.at[n], (seen_kind)k, d, *of, c);
                arena_reset(a);
            }
    }
    arena_free(a);
}
