/* Sets of rules, and the dimensions that they are filtered by. */
#include "catalog/rule_index.h"

#include <stdlib.h>

#include "base/unicode.h"
#include "catalog/predicate_index.h"
#include "catalog/run.h"

/* ---- sets ---- */

static size_t words_of(const rule_index *index) { return (index->count + 63) / 64; }

size_t rule_count(store *s) { return index_of(s)->count; }
int64_t rule_at(store *s, size_t place) { return index_of(s)->ids[place]; }
size_t rule_place(store *s, int64_t id) { return index_place(index_of(s), id); }

rule_set rules_none(store *s, arena *a)
{
    const rule_index *index = index_of(s);
    return (rule_set){index, ARENA_ARRAY(a, uint64_t, words_of(index) + 1)};
}

rule_set rules_all(store *s, arena *a)
{
    rule_set set = rules_none(s, a);
    for (size_t i = 0; i < set.index->count; i++) rules_put(&set, i);
    return set;
}

rule_set rules_copy(store *s, arena *a, const rule_set *set)
{
    rule_set copy = rules_none(s, a);
    memcpy(copy.bits, set->bits, words_of(set->index) * sizeof *copy.bits);
    return copy;
}

void rules_put(rule_set *set, size_t place) { set->bits[place / 64] |= (uint64_t)1 << place % 64; }
bool rules_have(const rule_set *set, size_t place) { return set->bits[place / 64] >> place % 64 & 1; }

void rules_and(rule_set *set, const rule_set *other)
{
    for (size_t i = 0; i < words_of(set->index); i++) set->bits[i] &= other->bits[i];
}

void rules_or(rule_set *set, const rule_set *other)
{
    for (size_t i = 0; i < words_of(set->index); i++) set->bits[i] |= other->bits[i];
}

void rules_without(rule_set *set, const rule_set *other)
{
    for (size_t i = 0; i < words_of(set->index); i++) set->bits[i] &= ~other->bits[i];
}

size_t rules_size(const rule_set *set)
{
    size_t n = 0;
    for (size_t i = 0; i < words_of(set->index); i++) n += (size_t)__builtin_popcountll(set->bits[i]);
    return n;
}

rule_set rules_of_rows(store *s, arena *a, rows *r)
{
    rule_set set = rules_none(s, a);
    while (rows_next(r)) {
        size_t place = index_place(set.index, row_int(r, 0));
        if (place != STR_NPOS) rules_put(&set, place);
    }
    return set;
}

/* ---- columns ---- */

typedef struct {
    uint32_t place, number;
    uint8_t flag;
} pair;

typedef struct {
    rule_index *index;
    dimension_column *column;
    VEC(pair) pairs;
} column_builder;

static uint32_t number_of(column_builder *b, pk_str word, pk_str title)
{
    arena *a = b->index->arena;
    pk_str key = fold(a, word);
    uint32_t n = table_get(&b->column->numbers, key);
    if (n != TABLE_NONE) return n;
    n = (uint32_t)b->column->values.len;
    vec_push_in(a, &b->column->values, word);
    vec_push_in(a, &b->column->titles, title);
    table_put(&b->column->numbers, key, n);
    return n;
}

static void add_pair(column_builder *b, size_t place, uint32_t number, uint8_t flag)
{
    pair made = {(uint32_t)place, number, flag};
    vec_push(&b->pairs, made);
}

static void add_value(column_builder *b, size_t place, pk_str word)
{
    if (place != STR_NPOS && word.len) add_pair(b, place, number_of(b, word, STR("")), 0);
}

static void add_alias(column_builder *b, pk_str name, uint32_t number)
{
    if (name.len) table_put(&b->column->aliases, fold(b->index->arena, name), number);
}

static int by_place(const void *x, const void *y)
{
    const pair *p = x, *q = y;
    if (p->place != q->place) return p->place < q->place ? -1 : 1;
    if (p->number != q->number) return p->number < q->number ? -1 : 1;
    return (int)q->flag - (int)p->flag;
}

/* Pairs become lists by place, each value once. */
static void finish_column(column_builder *b)
{
    arena *a = b->index->arena;
    dimension_column *c = b->column;
    size_t n = b->index->count, kept = 0;
    if (b->pairs.len) qsort(b->pairs.at, b->pairs.len, sizeof *b->pairs.at, by_place);
    c->first = ARENA_ARRAY(a, uint32_t, n + 1);
    c->items = ARENA_ARRAY(a, uint32_t, b->pairs.len + 1);
    c->flags = ARENA_ARRAY(a, uint8_t, b->pairs.len + 1);
    size_t place = 0;
    for (size_t i = 0; i < b->pairs.len; i++) {
        const pair *p = &b->pairs.at[i];
        if (i && p[-1].place == p->place && p[-1].number == p->number) continue;
        while (place <= p->place) c->first[place++] = (uint32_t)kept;
        c->items[kept] = p->number;
        c->flags[kept++] = p->flag;
    }
    while (place <= n) c->first[place++] = (uint32_t)kept;
    c->loaded = true;
    vec_free(&b->pairs);
}

/* ---- what is read from the rules themselves ---- */

typedef struct {
    pk_str title;
    uint32_t place;
} titled;

static int by_title(const void *x, const void *y)
{
    const titled *p = x, *q = y;
    int order = str_compare(p->title, q->title);
    return order ? order : p->place < q->place ? -1 : p->place > q->place;
}

static void order_titles(rule_index *index, titled *titles)
{
    qsort(titles, index->count, sizeof *titles, by_title);
    index->title_order = ARENA_ARRAY(index->arena, uint32_t, index->count + 1);
    for (size_t i = 0; i < index->count; i++) index->title_order[titles[i].place] = (uint32_t)i;
}

/* "Jane Doe, John Roe (Somewhere)": an author each. */
static void add_authors(column_builder *b, size_t place, pk_str authors)
{
    while (authors.len) {
        size_t n = str_find_char(authors, ',');
        add_value(b, place, str_trim(str_slice(authors, 0, n)));
        authors = n == STR_NPOS ? STR("") : str_slice(authors, n + 1, STR_NPOS);
    }
}

static const struct { dimension dimension; int column; } simple_columns[] = {
    {DIMENSION_LANGUAGE, 1}, {DIMENSION_LEVEL, 2}, {DIMENSION_STATUS, 3}, {DIMENSION_PRODUCT, 4}, {DIMENSION_CATEGORY, 5},
    {DIMENSION_SERVICE, 6}, {DIMENSION_TYPE, 7}, {DIMENSION_YEAR, 8}, {DIMENSION_STATE, 9}, {DIMENSION_VENDOR, 15},
};
enum { SIMPLE_COLUMNS = sizeof simple_columns / sizeof *simple_columns };

static void load_rules(rule_index *index)
{
    arena *a = index->arena;
    store *s = index->store;
    size_t most = (size_t)store_number(s, "SELECT count(*) FROM rule", "");
    if (most > UINT32_MAX / 2) {
        store_fail(s, PK_ERROR_LIMIT, "too many rules");
        most = 0;
    }
    column_builder simple[SIMPLE_COLUMNS], authors = {index, &index->columns[DIMENSION_AUTHOR], {0}};
    for (size_t i = 0; i < SIMPLE_COLUMNS; i++) simple[i] = (column_builder){index, &index->columns[simple_columns[i].dimension], {0}};
    titled *titles = mem_zalloc(most + 1, sizeof *titles);
    index->ids = ARENA_ARRAY(a, int64_t, most + 1);
    index->dates = ARENA_ARRAY(a, pk_str, most + 1);
    index->modified = ARENA_ARRAY(a, pk_str, most + 1);
    index->level_ranks = ARENA_ARRAY(a, int8_t, most + 1);
    index->counts = ARENA_ARRAY(a, bool, most + 1);
    index->runnable = ARENA_ARRAY(a, bool, most + 1);
    rows r = rows_of(s, a, "SELECT r.id, r.language, level, status, product, category, service, type, year, state, author, r.title, date, modified, level_rank, "
                           "CASE l.vendor WHEN 1 THEN 'yes' ELSE 'no' END, counts, rule_id FROM rule r LEFT JOIN language l ON l.name = r.language ORDER BY r.id", "");
    while (index->count < most && rows_next(&r)) {
        size_t p = index->count++;
        index->ids[p] = row_int(&r, 0);
        for (size_t i = 0; i < SIMPLE_COLUMNS; i++) add_value(&simple[i], p, row_text(&r, simple_columns[i].column));
        add_authors(&authors, p, row_text(&r, 10));
        pk_str title = row_text(&r, 11);
        titles[p] = (titled){fold(a, title.len ? title : row_text(&r, 17)), (uint32_t)p};
        index->dates[p] = row_text(&r, 12);
        index->modified[p] = row_text(&r, 13);
        int64_t rank = row_int(&r, 14);
        index->level_ranks[p] = row_null(&r, 14) || rank < 0 || rank > 4 ? -1 : (int8_t)rank;
        index->counts[p] = row_int(&r, 16) != 0;
        index->runnable[p] = str_equal(row_text(&r, 9), STR("runnable"));
    }
    rows_end(&r);
    order_titles(index, titles);
    mem_free(titles);
    for (size_t i = 0; i < SIMPLE_COLUMNS; i++) finish_column(&simple[i]);
    finish_column(&authors);
}

static void map_ids(rule_index *index)
{
    if (!index->count) return;
    uint64_t span = (uint64_t)index->ids[index->count - 1] - (uint64_t)index->ids[0];
    if (span > 8 * index->count + 1024) return;
    index->direct_count = (size_t)span + 1;
    index->direct = ARENA_ARRAY(index->arena, uint32_t, index->direct_count);
    memset(index->direct, 0xff, index->direct_count * sizeof *index->direct);
    for (size_t i = 0; i < index->count; i++) index->direct[index->ids[i] - index->ids[0]] = (uint32_t)i;
}

size_t index_place(const rule_index *index, int64_t id)
{
    if (!index->count || id < index->ids[0]) return STR_NPOS;
    if (index->direct) {
        uint64_t at = (uint64_t)id - (uint64_t)index->ids[0];
        return at < index->direct_count && index->direct[at] != UINT32_MAX ? index->direct[at] : STR_NPOS;
    }
    size_t low = 0, high = index->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (index->ids[middle] < id) low = middle + 1;
        else high = middle;
    }
    return low < index->count && index->ids[low] == id ? low : STR_NPOS;
}

static void load_roots(rule_index *index)
{
    rows r = rows_of(index->store, index->arena, "SELECT value FROM meta WHERE key = 'roots'", "");
    value list = rows_next(&r) ? row_json(&r, 0) : (value){0};
    rows_end(&r);
    for (size_t i = 0; list.type == VALUE_LIST && i < list.as.list.count; i++) {
        if (list.as.list.items[i].type != VALUE_STRING) continue;
        pk_str root = list.as.list.items[i].as.string;
        while (root.len > 1 && root.ptr[root.len - 1] == '/') root.len--;
        vec_push_in(index->arena, &index->roots, root);
    }
}

static pk_str last_part_of(pk_str path)
{
    size_t n = path.len;
    while (n && path.ptr[n - 1] != '/') n--;
    return str_slice(path, n, STR_NPOS);
}

pk_str path_below_roots(store *s, arena *a, pk_str path)
{
    const rule_index *index = index_of(s);
    pk_str best = {0};
    for (size_t i = 0; i < index->roots.len; i++) {
        pk_str root = index->roots.at[i];
        if (str_equal(root, path)) return last_part_of(path);
        bool above = str_starts_with(path, root) && path.ptr[root.len] == '/'; /* longer: it is not equal */
        if (above && root.len > best.len) best = root;
    }
    if (!best.len) return path;
    pk_str below = str_slice(path, best.len + 1, STR_NPOS), folder = last_part_of(best);
    bool named = index->roots.len > 1 && folder.len && folder.ptr[0] != '.';
    return named ? arena_printf(a, STR_FMT "/" STR_FMT, STR_ARG(folder), STR_ARG(below)) : below;
}

rule_index *index_of(store *s)
{
    if (s->rules) return s->rules;
    rule_index *index = mem_zalloc(1, sizeof *index);
    s->rules = index;
    index->store = s;
    index->arena = arena_new();
    load_rules(index);
    load_roots(index);
    map_ids(index);
    if (s->run && !store_failed(s)) index_alerts(index);
    return index;
}

void rule_index_free(rule_index *index)
{
    if (!index) return;
    for (size_t i = 0; i < DIMENSIONS; i++) {
        table_free(&index->columns[i].numbers);
        table_free(&index->columns[i].aliases);
    }
    predicate_index_free(index->predicates);
    arena_free(index->arena);
    mem_free(index);
}

/* ---- the other dimensions ---- */

/* Columns of a statement: rule, value. */
static void load_pairs(column_builder *b, const char *sql)
{
    rows r = rows_of(b->index->store, b->index->arena, sql, "");
    while (rows_next(&r)) add_value(b, index_place(b->index, row_int(&r, 0)), row_text(&r, 1));
}

/* A technique, and the one that it is a sub-technique of. */
static void load_techniques(column_builder *b)
{
    arena *a = b->index->arena;
    rows r = rows_of(b->index->store, a, "SELECT rule, technique FROM rule_technique", "");
    while (rows_next(&r)) {
        size_t place = index_place(b->index, row_int(&r, 0));
        pk_str id = row_text(&r, 1);
        add_value(b, place, id);
        size_t dot = str_find_char(id, '.');
        if (dot != STR_NPOS) add_value(b, place, str_slice(id, 0, dot));
    }
    r = rows_of(b->index->store, a, "SELECT id, name, successor FROM technique", "");
    while (rows_next(&r)) {
        pk_str id = row_text(&r, 0), name = row_text(&r, 1), successor = row_text(&r, 2);
        uint32_t n = table_get(&b->column->numbers, fold(a, id));
        if (n != TABLE_NONE && name.len) b->column->titles.at[n] = arena_printf(a, STR_FMT " " STR_FMT, STR_ARG(id), STR_ARG(name));
        uint32_t now = successor.len ? table_get(&b->column->numbers, fold(a, successor)) : TABLE_NONE;
        if (n == TABLE_NONE && now != TABLE_NONE) add_alias(b, id, now);
    }
}

/* The tactics that a rule names; of a technique that belongs to none of those, all that it belongs to (docs/catalog-api.md). */
static void load_tactics(column_builder *b)
{
    arena *a = b->index->arena;
    load_pairs(b, "SELECT rule, tactic FROM rule_tactic");
    load_pairs(b, "SELECT t.rule, o.tactic FROM rule_technique t JOIN technique_tactic o USING (technique) WHERE NOT EXISTS "
                  "(SELECT 1 FROM rule_tactic n JOIN technique_tactic m ON m.tactic = n.tactic WHERE n.rule = t.rule AND m.technique = t.technique)");
    rows r = rows_of(b->index->store, a, "SELECT id, short, name, shown, predecessor FROM tactic ORDER BY position", "");
    while (rows_next(&r)) {
        uint32_t n = table_get(&b->column->numbers, fold(a, row_text(&r, 0)));
        if (n == TABLE_NONE) continue;
        b->column->titles.at[n] = row_text(&r, 3);
        for (int i = 1; i < 5; i++) add_alias(b, row_text(&r, i), n);
    }
}

/* Words of log sources that name a platform of ATT&CK, for rules that name none themselves. */
static const struct { const char *product, *platform; } product_platforms[] = {
    {"windows", "Windows"}, {"linux", "Linux"}, {"macos", "macOS"}, {"aws", "IaaS"}, {"azure", "IaaS"}, {"gcp", "IaaS"},
    {"m365", "Office Suite"}, {"okta", "Identity Provider"}, {"onelogin", "Identity Provider"}, {"kubernetes", "Containers"},
    {"github", "SaaS"}, {"bitbucket", "SaaS"}, {"cisco", "Network Devices"}, {"fortigate", "Network Devices"}, {"huawei", "Network Devices"},
    {"juniper", "Network Devices"}, {"paloalto", "Network Devices"}, {"vmware", "ESXi"}, {"esxi", "ESXi"},
};

static void load_platforms(column_builder *b)
{
    rows r = rows_of(b->index->store, b->index->arena, "SELECT rule, value FROM rule_list WHERE kind = 'platform'", "");
    rule_set own = rules_none(b->index->store, b->index->arena);
    while (rows_next(&r)) {
        size_t place = index_place(b->index, row_int(&r, 0));
        if (place == STR_NPOS) continue;
        rules_put(&own, place);
        add_value(b, place, row_text(&r, 1));
    }
    const dimension_column *products = &b->index->columns[DIMENSION_PRODUCT];
    for (size_t p = 0; p < b->index->count; p++) {
        if (rules_have(&own, p) || products->first[p] == products->first[p + 1]) continue;
        pk_str product = products->values.at[products->items[products->first[p]]];
        for (size_t i = 0; i < sizeof product_platforms / sizeof *product_platforms; i++)
            if (str_equal_ascii_fold(product, str_from(product_platforms[i].product))) add_value(b, p, str_from(product_platforms[i].platform));
    }
}

/* Dictionary numbers of what another table calls by small ids. */
typedef struct {
    int64_t id;
    uint32_t number;
} numbered;

static int by_id(const void *x, const void *y)
{
    const numbered *p = x, *q = y;
    return p->id < q->id ? -1 : p->id > q->id;
}

static uint32_t number_by_id(const numbered *list, size_t count, int64_t id)
{
    numbered key = {id, 0};
    const numbered *found = count ? bsearch(&key, list, count, sizeof *list, by_id) : NULL;
    return found ? found->number : TABLE_NONE;
}

static void load_sources(column_builder *b)
{
    VEC(numbered) classes = {0};
    arena *a = b->index->arena;
    rows r = rows_of(b->index->store, a, "SELECT id, key, provider || ' ' || event || ': ' || title FROM class ORDER BY id", "");
    while (rows_next(&r)) {
        numbered made = {row_int(&r, 0), number_of(b, row_text(&r, 1), row_text(&r, 2))};
        vec_push(&classes, made);
    }
    r = rows_of(b->index->store, a, "SELECT rule, class, state = 'full' FROM rule_class WHERE state <> 'no'", "");
    while (rows_next(&r)) {
        size_t place = index_place(b->index, row_int(&r, 0));
        uint32_t n = number_by_id(classes.at, classes.len, row_int(&r, 1));
        if (place != STR_NPOS && n != TABLE_NONE) add_pair(b, place, n, row_int(&r, 2) != 0);
    }
    vec_free(&classes);
}

static void load_kinds(column_builder *b)
{
    VEC(numbered) predicates = {0};
    arena *a = b->index->arena;
    rows r = rows_of(b->index->store, a, "SELECT id, kind FROM predicate ORDER BY id", "");
    while (rows_next(&r)) {
        numbered made = {row_int(&r, 0), number_of(b, row_text(&r, 1), STR(""))};
        vec_push(&predicates, made);
    }
    r = rows_of(b->index->store, a, "SELECT rule, predicate FROM rule_predicate", "");
    while (rows_next(&r)) {
        size_t place = index_place(b->index, row_int(&r, 0));
        uint32_t n = number_by_id(predicates.at, predicates.len, row_int(&r, 1));
        if (place != STR_NPOS && n != TABLE_NONE) add_pair(b, place, n, 0);
    }
    vec_free(&predicates);
}

static void load_has(column_builder *b)
{
    load_pairs(b, "SELECT DISTINCT rule, 'false-positives' FROM rule_list WHERE kind = 'false positive'");
    load_pairs(b, "SELECT DISTINCT rule, 'references' FROM rule_list WHERE kind = 'reference'");
    for (size_t p = 0; b->index->alerts && p < b->index->count; p++)
        if (b->index->alerts[p]) add_value(b, p, STR("alerts"));
}

const dimension_column *index_column(rule_index *index, dimension d)
{
    dimension_column *c = &index->columns[d];
    if (c->loaded) return c;
    column_builder b = {index, c, {0}};
    switch (d) {
    case DIMENSION_TACTIC: load_tactics(&b); break;
    case DIMENSION_TECHNIQUE: load_techniques(&b); break;
    case DIMENSION_PLATFORM: load_platforms(&b); break;
    case DIMENSION_SOURCE: load_sources(&b); break;
    case DIMENSION_FIELD: load_pairs(&b, "SELECT rule, field FROM rule_field"); break;
    case DIMENSION_KIND: load_kinds(&b); break;
    case DIMENSION_HAS: load_has(&b); break;
    case DIMENSION_LANGUAGE: case DIMENSION_VENDOR: case DIMENSION_LEVEL: case DIMENSION_STATUS: case DIMENSION_PRODUCT: case DIMENSION_CATEGORY:
    case DIMENSION_SERVICE: case DIMENSION_TYPE: case DIMENSION_AUTHOR: case DIMENSION_YEAR: case DIMENSION_STATE:
    case DIMENSIONS: break; /* read with the rules */
    }
    finish_column(&b);
    return c;
}

/* From name to name by the index, as there are far fewer names than predicates. */
const field_names *index_fields(rule_index *index)
{
    if (index->fields_loaded) return &index->fields;
    rows r = rows_of(index->store, index->arena,
                     "WITH RECURSIVE f(name) AS (SELECT min(field) FROM predicate UNION ALL "
                     "SELECT (SELECT min(field) FROM predicate WHERE field > f.name) FROM f WHERE f.name IS NOT NULL) "
                     "SELECT name FROM f WHERE name <> ''", "");
    while (rows_next(&r)) vec_push_in(index->arena, &index->fields, row_text(&r, 0));
    index->fields_loaded = true;
    return &index->fields;
}

uint32_t dimension_number(const dimension_column *c, pk_str given, arena *a)
{
    pk_str key = fold(a, given);
    uint32_t n = table_get(&c->numbers, key);
    return n != TABLE_NONE ? n : table_get(&c->aliases, key);
}

rule_set rules_fitting(rule_index *index, dimension d, const bool *fits, arena *a)
{
    const dimension_column *c = index_column(index, d);
    rule_set set = rules_none(index->store, a);
    for (size_t p = 0; p < index->count; p++)
        for (uint32_t i = c->first[p]; i < c->first[p + 1]; i++)
            if (fits[c->items[i]]) rules_put(&set, p);
    return set;
}

void rules_by(store *s, dimension d, const rule_set *set, dimension_fn fn, void *user)
{
    rule_index *index = index_of(s);
    const dimension_column *c = index_column(index, d);
    size_t *counts = mem_zalloc(c->values.len + 1, sizeof *counts);
    for (size_t p = 0; p < index->count; p++)
        for (uint32_t i = c->first[p]; rules_have(set, p) && i < c->first[p + 1]; i++) counts[c->items[i]]++;
    for (size_t v = 0; v < c->values.len; v++) fn(c->values.at[v], counts[v], user);
    mem_free(counts);
}

/* ---- names ---- */

static const struct { const char *name, *title; } dimension_names[DIMENSIONS] = {
    [DIMENSION_LANGUAGE] = {"language", "Language"}, [DIMENSION_VENDOR] = {"vendor", "Vendor-native"}, [DIMENSION_LEVEL] = {"level", "Level"},
    [DIMENSION_STATUS] = {"status", "Status"}, [DIMENSION_TACTIC] = {"tactic", "Tactic"}, [DIMENSION_TECHNIQUE] = {"technique", "Technique"},
    [DIMENSION_PLATFORM] = {"platform", "Platform"}, [DIMENSION_PRODUCT] = {"product", "Product"}, [DIMENSION_CATEGORY] = {"category", "Category"},
    [DIMENSION_SERVICE] = {"service", "Service"}, [DIMENSION_SOURCE] = {"source", "Event"}, [DIMENSION_FIELD] = {"field", "Field"},
    [DIMENSION_KIND] = {"kind", "Kind of predicate"}, [DIMENSION_TYPE] = {"type", "Rule type"}, [DIMENSION_AUTHOR] = {"author", "Author"},
    [DIMENSION_YEAR] = {"year", "Year"}, [DIMENSION_STATE] = {"state", "State"}, [DIMENSION_HAS] = {"has", "Has"},
};

dimension dimension_named(pk_str name)
{
    dimension d = 0;
    while (d < DIMENSIONS && !str_equal(name, str_from(dimension_names[d].name))) d++;
    return d;
}

const char *dimension_name(dimension d) { return dimension_names[d].name; }
const char *dimension_title(dimension d) { return dimension_names[d].title; }
