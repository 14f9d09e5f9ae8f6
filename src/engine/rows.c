/* Row stores: packing, spilling and merging of matched rows. See rows.h. */
#include "engine/rows.h"

#include <stdlib.h>

#include "engine/temporary_file.h"
#include "event/field_path.h"

/* What the order of rows is made of, beside the place of the packed row. */
typedef struct {
    timestamp time;
    uint64_t input, position;
    uint32_t rule, stage;
    uint64_t at;                  /* in `packed` */
    uint32_t len;
} row_key;

typedef struct {
    FILE *file;
    uint64_t rows;
} row_run;

struct row_store {
    demand_table demand;
    text packed;
    VEC(row_key) keys;
    VEC(row_run) runs;
    size_t memory_limit;
    FILE *events;                 /* hosts and rendered events, one after the other */
    uint64_t events_len;
    row_event last;               /* several rules may match one event: it is kept once */
    bool has_last;
    bool failed;                  /* something could not be written: no rows are taken any more */
    arena *names_arena;
    interner *names;
    arena *scratch;
    uint64_t without_time;
    timestamp last_time;
};

row_store *row_store_new(const program *p, size_t memory_limit)
{
    row_store *s = mem_zalloc(1, sizeof *s);
    demand_build(&s->demand, p);
    s->memory_limit = memory_limit ? memory_limit : 64u << 20;
    s->names_arena = arena_new();
    s->names = interner_new(s->names_arena);
    s->scratch = arena_new();
    s->last_time = TIMESTAMP_NONE;
    return s;
}

void row_store_free(row_store *s)
{
    if (!s) return;
    demand_free(&s->demand);
    text_free(&s->packed);
    vec_free(&s->keys);
    for (size_t i = 0; i < s->runs.len; i++) fclose(s->runs.at[i].file);
    vec_free(&s->runs);
    if (s->events) fclose(s->events);
    interner_free(s->names);
    arena_free(s->names_arena);
    arena_free(s->scratch);
    mem_free(s);
}

uint64_t row_store_without_time(const row_store *s) { return s->without_time; }
timestamp row_store_last_time(const row_store *s) { return s->last_time; }
pk_str row_store_file(const row_store *s, const row_event *e) { return intern_text(s->names, e->file); }

bool row_store_failed(const row_store *s) { return s->failed; }

bool row_store_wants(const row_store *s, uint32_t rule_index)
{
    return rule_index < s->demand.rule_count && s->demand.rules[rule_index].wanted;
}

bool row_store_shows(const row_store *s, uint32_t rule_index, uint32_t number)
{
    const part_demand *d = demand_of(&s->demand, rule_index, number);
    return !d || !d->unseen;
}

bool row_store_takes_timeless(const row_store *s, uint32_t rule_index)
{
    return rule_index < s->demand.rule_count && s->demand.rules[rule_index].timeless;
}

/* ---- packing ---- */

static void pack_bytes(text *t, const void *p, size_t n) { text_put(t, (pk_str){p, n}); }
static void pack_u64(text *t, uint64_t n) { pack_bytes(t, &n, sizeof n); }

static void pack_value(text *t, const value *v)
{
    text_put_char(t, (char)v->type);
    switch (v->type) {
    case VALUE_MISSING:
    case VALUE_NULL:
    case VALUE_BLANK: return;
    case VALUE_BOOL: pack_u64(t, v->as.boolean); return;
    case VALUE_INT:
    case VALUE_UINT:
    case VALUE_TIME: pack_u64(t, v->as.unsigned_integer); return;
    case VALUE_FLOAT: pack_bytes(t, &v->as.real, sizeof v->as.real); return;
    case VALUE_STRING:
        pack_u64(t, v->as.string.len);
        text_put(t, v->as.string);
        return;
    case VALUE_LIST:
        pack_u64(t, v->as.list.count);
        for (size_t i = 0; i < v->as.list.count; i++) pack_value(t, &v->as.list.items[i]);
        return;
    case VALUE_RECORD:
        pack_u64(t, v->as.record.count);
        for (size_t i = 0; i < v->as.record.count; i++) {
            pack_u64(t, v->as.record.fields[i].name.len);
            text_put(t, v->as.record.fields[i].name);
            pack_value(t, &v->as.record.fields[i].value);
        }
        return;
    }
}

typedef struct {
    const char *at, *end;
} unpacker;

/* Packed rows are our own bytes; the check only guards against a temporary file that somebody cut short. */
static bool unpack_bytes(unpacker *u, void *out, size_t n)
{
    if ((size_t)(u->end - u->at) < n) return false;
    memcpy(out, u->at, n);
    u->at += n;
    return true;
}

static bool unpack_string(unpacker *u, pk_str *out)
{
    uint64_t n;
    if (!unpack_bytes(u, &n, sizeof n) || (size_t)(u->end - u->at) < n) return false;
    *out = (pk_str){u->at, n};
    u->at += n;
    return true;
}

static bool unpack_value(unpacker *u, arena *a, value *out);

static bool unpack_record(unpacker *u, arena *a, value *out, uint64_t n)
{
    out->as.record.fields = ARENA_ARRAY(a, value_field, n);
    out->as.record.count = n;
    for (size_t i = 0; i < n; i++)
        if (!unpack_string(u, &out->as.record.fields[i].name) || !unpack_value(u, a, &out->as.record.fields[i].value)) return false;
    return true;
}

static bool unpack_value(unpacker *u, arena *a, value *out)
{
    uint8_t type;
    uint64_t n;
    if (!unpack_bytes(u, &type, 1)) return false;
    *out = (value){.type = (value_type)type};
    switch (out->type) {
    case VALUE_MISSING:
    case VALUE_NULL:
    case VALUE_BLANK: return true;
    case VALUE_BOOL:
        if (!unpack_bytes(u, &n, sizeof n)) return false;
        out->as.boolean = n != 0;
        return true;
    case VALUE_INT:
    case VALUE_UINT:
    case VALUE_TIME: return unpack_bytes(u, &out->as.unsigned_integer, sizeof n);
    case VALUE_FLOAT: return unpack_bytes(u, &out->as.real, sizeof out->as.real);
    case VALUE_STRING: return unpack_string(u, &out->as.string);
    case VALUE_LIST:
    case VALUE_RECORD:
        if (!unpack_bytes(u, &n, sizeof n) || (size_t)(u->end - u->at) < n) return false;
        if (out->type == VALUE_RECORD) return unpack_record(u, a, out, n);
        out->as.list.items = ARENA_ARRAY(a, value, n);
        out->as.list.count = n;
        for (size_t i = 0; i < n; i++)
            if (!unpack_value(u, a, &out->as.list.items[i])) return false;
        return true;
    }
    return false;
}

/* ---- collecting ---- */

static int compare_keys(const void *x, const void *y)
{
    const row_key *a = x, *b = y;
    if (a->time != b->time) return a->time < b->time ? -1 : 1;
    if (a->input != b->input) return a->input < b->input ? -1 : 1;
    if (a->position != b->position) return a->position < b->position ? -1 : 1;
    if (a->rule != b->rule) return a->rule < b->rule ? -1 : 1;
    return a->stage < b->stage ? -1 : a->stage > b->stage;
}

static void sort_keys(row_store *s)
{
    if (s->keys.len) qsort(s->keys.at, s->keys.len, sizeof *s->keys.at, compare_keys);
}

/* Writes what is in memory as one sorted run. */
static pk_status spill(row_store *s)
{
    FILE *f = temporary_file();
    if (!f) return PK_ERROR_IO;
    sort_keys(s);
    bool ok = true;
    for (size_t i = 0; i < s->keys.len && ok; i++) {
        const row_key *k = &s->keys.at[i];
        ok = fwrite(k, sizeof *k, 1, f) == 1 && fwrite(s->packed.ptr + k->at, 1, k->len, f) == k->len;
    }
    if (!ok || fflush(f) != 0) {
        fclose(f);
        return PK_ERROR_IO;
    }
    vec_push(&s->runs, ((row_run){.file = f, .rows = s->keys.len}));
    s->keys.len = 0;
    text_clear(&s->packed);
    return PK_OK;
}

static bool append(row_store *s, pk_str text_of_event)
{
    if (text_of_event.len && fwrite(text_of_event.ptr, 1, text_of_event.len, s->events) != text_of_event.len) return false;
    s->events_len += text_of_event.len;
    return true;
}

static pk_status keep_event(row_store *s, pk_str host, pk_str json, row_event *e)
{
    if (s->has_last && s->last.input == e->input && s->last.position == e->position) {
        e->at = s->last.at;
        e->host_len = s->last.host_len;
        e->json_len = s->last.json_len;
        return PK_OK;
    }
    if (!s->events && !(s->events = temporary_file())) return PK_ERROR_IO;
    e->at = s->events_len;
    e->host_len = (uint32_t)host.len;
    e->json_len = json.len;
    if (!append(s, host) || !append(s, json)) return PK_ERROR_IO;
    s->last = *e;
    s->has_last = true;
    return PK_OK;
}

/* ---- the event, cut to the demand ---- */

static value one_or_list(list_builder *values)
{
    if (values->items.len == 0) return (value){.type = VALUE_MISSING};
    return values->items.len == 1 ? values->items.at[0] : list_done(values);
}

/* A field whose elements are wanted as they stand in the record: only a record of its own schema has such. */
static value tree_of_path(row_store *s, const demand_path *want, const value *tree)
{
    list_builder values = {0};
    if (want->path.len == 0) return *tree;
    field_path_read_text(tree, want->path, s->scratch, &values);
    return list_done(&values);
}

/* The values of a field, a list if there are several, missing if there are none. */
static value value_of_path(row_store *s, const program *p, const matched_row *m, layout_id layout, pk_str schema_name,
                           const demand_path *want, const value *tree)
{
    list_builder values = {0};
    if (want->schema.len) schema_name = want->schema;
    if (m->class_id != CLASS_NONE)
        schema_field_values(program_schema(p), m->class_id, layout, schema_name, want->path, tree, s->scratch, &values);
    else if (want->tree) return tree_of_path(s, want, tree);
    else if (str_find_char(want->path, '[') == STR_NPOS) tree_values(tree, want->path, s->scratch, &values);
    else field_path_read_text(tree, want->path, s->scratch, &values);
    return one_or_list(&values);
}

/* The match stage that found an event; of a rule that is no correlation the one that its alerts come from. */
static const stage *match_of(const rule *r, uint32_t number)
{
    const plan *p = r->plan;
    if (rule_is_correlation(r) && number < p->stage_count) return p->stages[number];
    return p->alert ? p->alert : p->stages[0];
}

/* See stored_row: nested or not, then the record or the values of all paths in their order. */
static void pack_part(row_store *s, const program *p, const matched_row *m, const event *e, const classification *k)
{
    const part_demand *want = demand_of(&s->demand, m->rule->index, m->stage);
    pk_str schema_name = match_of(m->rule, m->stage)->as.match.schema;
    const value *tree = want->count ? event_tree(e, s->scratch) : NULL;
    bool nested = want->count && m->class_id != CLASS_NONE && schema_has_records(schema_name);
    text_put_char(&s->packed, nested);
    if (nested) {
        value record = schema_event_record(program_schema(p), m->class_id, k->layout, schema_name, &want->record, tree, &e->source, s->scratch);
        pack_value(&s->packed, &record);
        return;
    }
    for (size_t i = 0; i < want->count; i++) {
        value v = value_of_path(s, p, m, k->layout, schema_name, &want->paths[i], tree);
        pack_value(&s->packed, &v);
    }
}

pk_status row_store_add(row_store *s, const program *p, const matched_row *m, const event *e, const classification *k, pk_str render)
{
    const rule *r = m->rule;
    timestamp time = m->time;
    if (s->failed) return PK_ERROR_IO;
    if (!row_store_wants(s, r->index)) return PK_OK;
    if (time == TIMESTAMP_NONE && !row_store_takes_timeless(s, r->index)) {
        s->without_time++;
        return PK_OK;
    }
    if (time > s->last_time) s->last_time = time;
    row_event ev = {.time = time, .input = e->source.input, .position = e->source.position, .line = e->source.line,
                    .record = e->source.record};
    ev.file = intern(s->names, e->source.file);
    bool shown = row_store_shows(s, r->index, m->stage);
    if (shown && keep_event(s, str_slice(m->host, 0, UINT16_MAX), render, &ev) != PK_OK) {
        s->failed = true;
        return PK_ERROR_IO;
    }

    row_key key = {.time = time, .input = ev.input, .position = ev.position, .rule = r->index, .stage = m->stage,
                   .at = s->packed.len};
    pack_bytes(&s->packed, &ev, sizeof ev);
    arena_reset(s->scratch);
    pack_part(s, p, m, e, k);
    key.len = (uint32_t)(s->packed.len - key.at);
    vec_push(&s->keys, key);
    if (s->packed.len + s->keys.len * sizeof key <= s->memory_limit || spill(s) == PK_OK) return PK_OK;
    s->failed = true;
    return PK_ERROR_IO;
}

pk_status row_store_event(row_store *s, const row_event *e, arena *a, pk_str *host, pk_str *json)
{
    size_t len = e->host_len + e->json_len;
    char *bytes = arena_alloc(a, len + 1);
    *host = *json = (pk_str){"", 0};
    if (len == 0) return PK_OK;
    if (!s->events || fseeko(s->events, (off_t)e->at, SEEK_SET) != 0 || fread(bytes, 1, len, s->events) != len)
        return PK_ERROR_IO;
    bytes[len] = 0;
    *host = (pk_str){bytes, e->host_len};
    *json = (pk_str){bytes + e->host_len, e->json_len};
    return PK_OK;
}

/* ---- merging ---- */

/* One sorted source of rows: a run in a file, or what a store still has in memory. */
typedef struct {
    row_store *store;
    uint32_t store_number;
    FILE *file;                   /* NULL: memory */
    uint64_t next, rows;
    row_key key;
    text bytes;                   /* of the current row, from a file */
    const char *packed;           /* of the current row */
} merge_source;

struct row_merge {
    VEC(merge_source) sources;
    size_t *heap;                 /* source numbers, smallest row first */
    size_t heap_len;
    const demand_table *demand;
    arena *arena;
    bool failed;
};

/* Steps a source to its next row; false: it has none. */
static bool source_next(row_merge *m, merge_source *s)
{
    if (s->next >= s->rows) return false;
    if (!s->file) {
        s->key = s->store->keys.at[s->next++];
        s->packed = s->store->packed.ptr + s->key.at;
        return true;
    }
    s->next++;
    text_clear(&s->bytes);
    if (fread(&s->key, sizeof s->key, 1, s->file) != 1) goto failed;
    for (uint32_t left = s->key.len; left > 0;) {
        char part[4096];
        size_t n = left < sizeof part ? left : sizeof part;
        if (fread(part, 1, n, s->file) != n) goto failed;
        text_put(&s->bytes, (pk_str){part, n});
        left -= (uint32_t)n;
    }
    s->packed = s->bytes.ptr;
    return true;
failed:
    m->failed = true;
    return false;
}

static bool source_before(const row_merge *m, size_t x, size_t y)
{
    int order = compare_keys(&m->sources.at[x].key, &m->sources.at[y].key);
    return order != 0 ? order < 0 : x < y;
}

static void heap_down(row_merge *m, size_t at)
{
    for (;;) {
        size_t child = 2 * at + 1;
        if (child >= m->heap_len) return;
        if (child + 1 < m->heap_len && source_before(m, m->heap[child + 1], m->heap[child])) child++;
        if (!source_before(m, m->heap[child], m->heap[at])) return;
        size_t swap = m->heap[at];
        m->heap[at] = m->heap[child];
        m->heap[child] = swap;
        at = child;
    }
}

row_merge *row_merge_new(row_store **stores, size_t count, const demand_table *d)
{
    row_merge *m = mem_zalloc(1, sizeof *m);
    m->demand = d;
    m->arena = arena_new();
    for (size_t i = 0; i < count; i++) {
        row_store *s = stores[i];
        sort_keys(s);
        m->failed |= s->failed || (s->events && fflush(s->events) != 0);
        for (size_t k = 0; k < s->runs.len; k++) {
            rewind(s->runs.at[k].file);
            merge_source run = {.store = s, .store_number = (uint32_t)i, .file = s->runs.at[k].file,
                                .rows = s->runs.at[k].rows};
            vec_push(&m->sources, run);
        }
        merge_source memory = {.store = s, .store_number = (uint32_t)i, .rows = s->keys.len};
        vec_push(&m->sources, memory);
    }
    m->heap = mem_zalloc(m->sources.len + 1, sizeof *m->heap);
    for (size_t i = 0; i < m->sources.len; i++)
        if (source_next(m, &m->sources.at[i])) m->heap[m->heap_len++] = i;
    for (size_t i = m->heap_len; i-- > 0;) heap_down(m, i);
    return m;
}

/* What is unpacked points into the packed bytes, which the source's next row replaces: so a copy. */
static bool unpack_part(row_merge *m, unpacker *u, stored_row *out)
{
    const part_demand *want = demand_of(m->demand, out->rule, out->stage);
    value *record = ARENA_NEW(m->arena, value);
    uint8_t nested;
    if (!want || !unpack_bytes(u, &nested, 1)) return false;
    out->nested = nested;
    out->record = record;
    if (nested) {
        if (!unpack_value(u, m->arena, record)) return false;
    } else {
        *record = (value){.type = VALUE_RECORD, .as.record.fields = ARENA_ARRAY(m->arena, value_field, want->count + 1)};
        for (size_t i = 0; i < want->count; i++) {
            value_field f = {.name = want->paths[i].path};
            if (!unpack_value(u, m->arena, &f.value)) return false;
            if (f.value.type != VALUE_MISSING) record->as.record.fields[record->as.record.count++] = f;
        }
    }
    *record = value_copy(m->arena, record);
    return true;
}

static bool unpack_row(row_merge *m, const merge_source *s, stored_row *out)
{
    unpacker u = {s->packed, s->packed + s->key.len};
    *out = (stored_row){.time = s->key.time, .rule = s->key.rule, .stage = s->key.stage};
    if (!unpack_bytes(&u, &out->event, sizeof out->event)) return false;
    out->event.store = s->store_number;
    return unpack_part(m, &u, out);
}

bool row_merge_next(row_merge *m, stored_row *out)
{
    if (m->heap_len == 0) return false;
    arena_reset(m->arena);
    merge_source *first = &m->sources.at[m->heap[0]];
    if (!unpack_row(m, first, out)) {
        m->failed = true;
        return false;
    }
    if (!source_next(m, first)) m->heap[0] = m->heap[--m->heap_len];
    heap_down(m, 0);
    return true;
}

bool row_merge_failed(const row_merge *m) { return m->failed; }

void row_merge_free(row_merge *m)
{
    if (!m) return;
    for (size_t i = 0; i < m->sources.len; i++) text_free(&m->sources.at[i].bytes);
    vec_free(&m->sources);
    mem_free(m->heap);
    arena_free(m->arena);
    mem_free(m);
}
