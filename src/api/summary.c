/* What a run amounts to: counted while tickets are delivered, so by one thread at a time. */
#include "api/scan.h"

#include <stdlib.h>

enum { FILES_LISTED = 1000, NAMES_COUNTED = 100000 };

/* Counts by name, bounded: names past the limit are counted together. */
typedef struct {
    table names;
    VEC(uint64_t) counts;
} counter;

struct tally {
    const pk_catalog *catalog;
    arena *arena;
    pk_summary summary;
    uint64_t *by_rule;             /* by rule index */
    counter by_host, by_format, open_files;
    pk_str host;                   /* of the last alert: the next one is mostly of the same */
    uint32_t host_at;              /* in by_host */
    VEC(pk_str) skipped;
};

tally *tally_new(const pk_program *p)
{
    tally *y = mem_zalloc(1, sizeof *y);
    y->catalog = p->catalog;
    y->arena = arena_new();
    y->by_rule = mem_zalloc(ir_rule_count(p->catalog->ir), sizeof *y->by_rule);
    return y;
}

static void counter_free(counter *c)
{
    table_free(&c->names);
    vec_free(&c->counts);
}

void tally_free(tally *y)
{
    counter_free(&y->by_host);
    counter_free(&y->by_format);
    counter_free(&y->open_files);
    vec_free(&y->skipped);
    mem_free(y->by_rule);
    arena_free(y->arena);
    mem_free(y);
}

/* Returns where in counts it is. */
static uint32_t count(tally *y, counter *c, pk_str name, uint64_t n, size_t limit)
{
    uint32_t at = table_get(&c->names, name);
    if (at == TABLE_NONE && c->counts.len >= limit) {
        name = STR("(others)");
        at = table_get(&c->names, name);
    }
    if (at == TABLE_NONE) {
        at = (uint32_t)c->counts.len;
        table_put(&c->names, arena_str(y->arena, name), at);
        vec_push(&c->counts, 0);
    }
    c->counts.at[at] += n;
    return at;
}

void tally_ticket(tally *y, const ticket *t)
{
    pk_summary *s = &y->summary;
    s->files += t->begins_file;
    s->bytes += t->bytes;
    s->events += t->event_count;
    s->damaged += t->damaged;
    s->without_time += t->without_time;
    s->out_of_range += t->out_of_range;
    s->without_source += t->without_source;
    if (t->event_count) count(y, &y->by_format, str_from(t->stream->format->name), t->event_count, NAMES_COUNTED);
    if (t->without_source) count(y, &y->open_files, t->stream->name, t->without_source, FILES_LISTED);
    for (size_t i = 0; i < t->skipped.len; i++) {
        if (s->skipped_file_count++ < FILES_LISTED) vec_push(&y->skipped, arena_str(y->arena, t->skipped.at[i]));
    }
}

static void count_host(tally *y, pk_str host)
{
    if (host.len && str_equal(host, y->host)) {
        y->by_host.counts.at[y->host_at]++;
        return;
    }
    y->host_at = count(y, &y->by_host, host.len ? host : STR("(unknown)"), 1, NAMES_COUNTED);
    pk_str counted = y->by_host.names.entries.at[y->host_at].key;
    y->host = str_equal(host, counted) ? counted : STR(""); /* the key stays, unless it is of many others */
}

void tally_alert(tally *y, const pk_alert *alert)
{
    y->summary.alerts++;
    y->by_rule[alert->rule->index]++;
    count_host(y, alert->host);
}

uint64_t tally_events(const tally *y) { return y->summary.events; }
uint64_t tally_alerts(const tally *y) { return y->summary.alerts; }

/* ---- the summary ---- */

static int most_first(const void *x, const void *y)
{
    const pk_count *a = x, *b = y;
    if (a->n != b->n) return a->n < b->n ? 1 : -1;
    return str_compare(a->name, b->name);
}

static int highest_first(const void *x, const void *y)
{
    const pk_count *a = x, *b = y;
    int p = level_rank(a->name), q = level_rank(b->name);
    return p != q ? q - p : str_compare(a->name, b->name);
}

static pk_counts counts_of(tally *y, const counter *c, int (*order)(const void *, const void *))
{
    pk_count *items = ARENA_ARRAY(y->arena, pk_count, c->counts.len);
    for (size_t i = 0; i < c->counts.len; i++) items[i] = (pk_count){.name = c->names.entries.at[i].key, .n = c->counts.at[i]};
    if (order && c->counts.len) qsort(items, c->counts.len, sizeof *items, order);
    return (pk_counts){items, c->counts.len};
}

static pk_counts counts_of_rules(tally *y)
{
    size_t n = ir_rule_count(y->catalog->ir), found = 0;
    pk_count *items = ARENA_ARRAY(y->arena, pk_count, n);
    for (size_t i = 0; i < n; i++) {
        if (!y->by_rule[i]) continue;
        const pk_rule *r = &y->catalog->rules[i];
        items[found++] = (pk_count){r->title.len ? r->title : r->id, r, y->by_rule[i]};
    }
    if (found) qsort(items, found, sizeof *items, most_first);
    return (pk_counts){items, found};
}

/* What is counted by rule tells it by level and technique too. */
static void count_kinds(tally *y, counter *levels, counter *techniques)
{
    for (size_t i = 0; i < ir_rule_count(y->catalog->ir); i++) {
        const pk_rule *r = &y->catalog->rules[i];
        uint64_t n = y->by_rule[i];
        if (!n) continue;
        count(y, levels, r->level.len ? r->level : STR("none"), n, NAMES_COUNTED);
        for (size_t k = 0; k < r->techniques.count; k++) count(y, techniques, r->techniques.items[k], n, NAMES_COUNTED);
    }
}

const pk_summary *tally_summary(tally *y, scan_context *context, double seconds, bool stopped)
{
    pk_summary *s = &y->summary;
    scan_context_summary(context, s);
    s->seconds = seconds;
    s->stopped = stopped;
    counter levels = {0}, techniques = {0};
    count_kinds(y, &levels, &techniques);
    s->by_level = counts_of(y, &levels, highest_first);
    s->by_technique = counts_of(y, &techniques, most_first);
    counter_free(&levels);
    counter_free(&techniques);
    s->by_host = counts_of(y, &y->by_host, most_first);
    s->by_format = counts_of(y, &y->by_format, most_first);
    s->by_rule = counts_of_rules(y);
    s->without_source_by_file = counts_of(y, &y->open_files, NULL);
    s->skipped_files = (pk_strs){y->skipped.at, y->skipped.len};
    return s;
}
