/* The run that is open: its alerts by rule, host, technique and time. */
#include <stdlib.h>

#include "base/unicode.h"
#include "catalog/queries.h"
#include "catalog/rule_index.h"

enum { LISTED = 200, MOST_SLICES = 60, LEVELS = 6 };

static const char *const levels[LEVELS] = {"critical", "high", "medium", "low", "informational", "other"};

typedef struct {
    pk_str host, technique;       /* empty: all */
    size_t rule;                  /* STR_NPOS: all */
    pk_str title;                 /* of a rule that the catalogue does not have */
    timestamp from, to;           /* TIMESTAMP_NONE: no bound */
} run_filter;

static bool has_technique(const run_alert *alert, pk_str technique)
{
    for (size_t i = 0; i < alert->technique_count; i++) {
        pk_str id = alert->techniques[i];
        if (str_equal_ascii_fold(id, technique)) return true;
        if (id.len > technique.len && id.ptr[technique.len] == '.' && str_equal_ascii_fold(str_slice(id, 0, technique.len), technique)) return true;
    }
    return false;
}

static bool passes(store *s, const run_filter *f, size_t i)
{
    const run_alert *alert = &s->run->alerts[i];
    if (f->host.len && !str_equal_fold(alert->host, f->host)) return false;
    if (f->technique.len && !has_technique(alert, f->technique)) return false;
    if (f->rule != STR_NPOS && alert_rule(s, i) != f->rule) return false;
    if (f->title.len && !(alert_rule(s, i) == STR_NPOS && (str_equal(alert->title, f->title) || str_equal(alert->rule, f->title)))) return false;
    if (f->from != TIMESTAMP_NONE && (alert->time == TIMESTAMP_NONE || alert->time < f->from)) return false;
    return f->to == TIMESTAMP_NONE || (alert->time != TIMESTAMP_NONE && alert->time < f->to);
}

static bool read_time(const query_arguments *args, const char *name, arena *a, timestamp *out, query_error *e)
{
    pk_str given = argument_text(args, name);
    *out = given.len ? timestamp_parse_iso(given) : TIMESTAMP_NONE;
    if (!given.len || *out != TIMESTAMP_NONE) return true;
    query_refuse(e, a, PK_ERROR_USAGE, "%s is a time (2026-11-22T05:00:00Z), not '" STR_FMT "'", name, STR_ARG(given));
    return false;
}

/* "sigma/ID", an id, or the title of a rule that is not in the catalogue. */
static void read_rule(store *s, const query_arguments *args, arena *a, run_filter *f)
{
    pk_str given = argument_text(args, "rule");
    size_t slash = str_find_char(given, '/');
    query_error none = {0};
    f->rule = STR_NPOS;
    if (!given.len) return;
    int64_t id = slash == STR_NPOS ? 0 : rule_find(s, str_slice(given, 0, slash), str_slice(given, slash + 1, STR_NPOS), a, &none);
    if (!id) id = rule_find(s, STR("*"), given, a, &none);
    if (id) f->rule = rule_place(s, id);
    else f->title = given;
}

/* ---- counts by a name ---- */

typedef struct {
    arena *arena;
    table names;
    VEC(size_t) counts;
    VEC(size_t) order;
} name_counts;

static void count_name(name_counts *c, pk_str name)
{
    uint32_t n = table_get(&c->names, name);
    if (n == TABLE_NONE) {
        n = (uint32_t)c->counts.len;
        vec_push_in(c->arena, &c->counts, 0);
        table_put(&c->names, name, n);
    }
    c->counts.at[n]++;
}

typedef struct {
    pk_str name;
    size_t count;
} named_count;

static int by_count(const void *x, const void *y)
{
    const named_count *p = x, *q = y;
    if (p->count != q->count) return p->count > q->count ? -1 : 1;
    return str_compare(p->name, q->name);
}

static named_count *sorted_names(name_counts *c)
{
    named_count *out = ARENA_ARRAY(c->arena, named_count, c->counts.len + 1);
    for (size_t i = 0; i < c->counts.len; i++) out[i] = (named_count){c->names.entries.at[i].key, c->counts.at[i]};
    if (c->counts.len) qsort(out, c->counts.len, sizeof *out, by_count);
    return out;
}

/* ---- members ---- */

static void put_by_host(arena *a, record_builder *b, name_counts *c)
{
    list_builder list = {0};
    named_count *names = sorted_names(c);
    for (size_t i = 0; i < c->counts.len && i < LISTED; i++) {
        record_builder one = {0};
        put(a, &one, "host", value_string(names[i].name));
        put_int(a, &one, "alerts", (int64_t)names[i].count);
        add_record(a, &list, &one);
    }
    put_list(a, b, "by_host", &list);
}

static void put_by_technique(store *s, arena *a, record_builder *b, name_counts *c)
{
    list_builder list = {0};
    named_count *names = sorted_names(c);
    for (size_t i = 0; i < c->counts.len && i < LISTED; i++) {
        record_builder one = {0};
        put_technique(s, a, &one, names[i].name);
        put_int(a, &one, "alerts", (int64_t)names[i].count);
        add_record(a, &list, &one);
    }
    put_list(a, b, "by_technique", &list);
}

typedef struct {
    size_t place;                 /* STR_NPOS: not of the catalogue */
    pk_str title;
    size_t count;
} rule_alert_count;

static int by_alerts(const void *x, const void *y)
{
    const rule_alert_count *p = x, *q = y;
    if (p->count != q->count) return p->count > q->count ? -1 : 1;
    return p->place < q->place ? -1 : p->place > q->place ? 1 : str_compare(p->title, q->title);
}

static size_t put_by_rule(store *s, arena *a, record_builder *b, const size_t *by_place, name_counts *others)
{
    VEC(rule_alert_count) all = {0};
    list_builder list = {0};
    for (size_t p = 0; p < rule_count(s); p++) {
        rule_alert_count one = {p, STR(""), by_place[p]};
        if (one.count) vec_push_in(a, &all, one);
    }
    for (size_t i = 0; i < others->counts.len; i++) {
        rule_alert_count one = {STR_NPOS, others->names.entries.at[i].key, others->counts.at[i]};
        vec_push_in(a, &all, one);
    }
    if (all.len) qsort(all.at, all.len, sizeof *all.at, by_alerts);
    for (size_t i = 0; i < all.len && i < LISTED; i++) {
        record_builder one = {0}, rule = {0};
        put_text(a, &rule, "title", all.at[i].title);
        put(a, &one, "rule", all.at[i].place == STR_NPOS ? record_done(&rule) : rule_card(s, a, rule_at(s, all.at[i].place), false));
        put_int(a, &one, "alerts", (int64_t)all.at[i].count);
        add_record(a, &list, &one);
    }
    put_list(a, b, "by_rule", &list);
    return all.len;
}

/* ---- time line ---- */

static const int64_t steps[] = {1, 5, 15, 60, 300, 900, 3600, 4 * 3600, 12 * 3600, 86400, 7 * 86400, 30 * 86400, 365 * 86400};

/* Slices of a round length, few enough to be seen at once. */
static int64_t slice_length(timestamp first, timestamp last)
{
    int64_t seconds = last / SECOND - first / SECOND + 1;
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++)
        if (seconds / steps[i] + 2 <= MOST_SLICES) return steps[i] * SECOND;
    return (seconds / (MOST_SLICES - 2) + 1) * SECOND;
}

static size_t level_of(const run_alert *alert)
{
    size_t i = 0;
    while (i < LEVELS - 1 && !str_equal_ascii_fold(alert->level, str_from(levels[i]))) i++;
    return i;
}

static void put_timeline(store *s, arena *a, record_builder *b, const run_filter *f, timestamp first, timestamp last)
{
    list_builder list = {0};
    if (first == TIMESTAMP_NONE) {
        put_list(a, b, "timeline", &list);
        return;
    }
    int64_t length = slice_length(first, last), start = first - (first % length + length) % length;
    size_t counts[MOST_SLICES + 1][LEVELS] = {{0}}, slices = (size_t)((last - start) / length) + 1;
    for (size_t i = 0; i < s->run->count; i++) {
        const run_alert *alert = &s->run->alerts[i];
        if (alert->time == TIMESTAMP_NONE || !passes(s, f, i)) continue;
        size_t at = (size_t)((alert->time - start) / length);
        if (at <= MOST_SLICES) counts[at][level_of(alert)]++;
    }
    for (size_t i = 0; i < slices && i <= MOST_SLICES; i++) {
        record_builder one = {0}, by_level = {0};
        size_t total = 0;
        for (size_t l = 0; l < LEVELS; l++) {
            total += counts[i][l];
            if (counts[i][l]) put_int(a, &by_level, levels[l], (int64_t)counts[i][l]);
        }
        put_text(a, &one, "from", timestamp_text(a, start + (int64_t)i * length));
        put_text(a, &one, "to", timestamp_text(a, start + ((int64_t)i + 1) * length));
        put_int(a, &one, "alerts", (int64_t)total);
        put_record(a, &one, "by_level", &by_level);
        add_record(a, &list, &one);
    }
    put_list(a, b, "timeline", &list);
}

static void put_alert_page(store *s, arena *a, record_builder *b, const run_filter *f, const query_arguments *args, size_t total)
{
    size_t per, from = page_of(args, &per), at = 0;
    record_builder page = {0};
    list_builder list = {0};
    for (size_t i = 0; i < s->run->count && at < from + per; i++)
        if (passes(s, f, i) && at++ >= from) list_add(a, &list, alert_value(s, a, i));
    put_page_numbers(a, &page, total, s->run->count, from, list.items.len, per);
    put_list(a, &page, "alerts", &list);
    put_record(a, b, "list", &page);
}

QUERY(run)
{
    if (!s->run) return query_refuse(e, a, PK_ERROR_IO, "no run is open: give the alerts of a scan with --alerts FILE");
    run_filter f = {.host = argument_text(args, "host"), .technique = argument_text(args, "technique")};
    read_rule(s, args, a, &f);
    if (!read_time(args, "from", a, &f.from, e) || !read_time(args, "to", a, &f.to, e)) return (value){0};
    name_counts hosts = {.arena = a}, techniques = {.arena = a}, others = {.arena = a}, events = {.arena = a};
    size_t *by_place = ARENA_ARRAY(a, size_t, rule_count(s) + 1), total = 0, silent = 0;
    timestamp first = TIMESTAMP_NONE, last = TIMESTAMP_NONE;
    for (size_t i = 0; i < s->run->count; i++) {
        const run_alert *alert = &s->run->alerts[i];
        if (!passes(s, &f, i)) continue;
        total++;
        size_t place = alert_rule(s, i);
        if (place == STR_NPOS) count_name(&others, alert->title.len ? alert->title : alert->rule);
        else by_place[place]++;
        count_name(&hosts, alert->host);
        for (size_t t = 0; t < alert->technique_count; t++) count_name(&techniques, alert->techniques[t]);
        if (alert->record >= 0 || alert->line)
            count_name(&events, arena_printf(a, STR_FMT "\n%lld\n%llu", STR_ARG(alert->file), (long long)alert->record, (unsigned long long)alert->line));
        if (alert->time == TIMESTAMP_NONE) continue;
        if (first == TIMESTAMP_NONE || alert->time < first) first = alert->time;
        if (last == TIMESTAMP_NONE || alert->time > last) last = alert->time;
    }
    const rule_index *index = index_of(s);
    for (size_t p = 0; p < index->count; p++) silent += index->runnable[p] && !index->alerts[p];
    record_builder b = {0}, counts = {0};
    size_t rules = put_by_rule(s, a, &counts, by_place, &others);
    put_int(a, &b, "alerts", (int64_t)total);
    put_int(a, &b, "rules", (int64_t)rules);
    put_int(a, &b, "hosts", (int64_t)(hosts.counts.len - (table_get(&hosts.names, STR("")) != TABLE_NONE)));
    put_int(a, &b, "techniques", (int64_t)techniques.counts.len);
    put_int(a, &b, "events", (int64_t)events.counts.len);
    put_text(a, &b, "first", timestamp_text(a, first));
    put_text(a, &b, "last", timestamp_text(a, last));
    put_text(a, &b, "path", utf8_repair(a, str_from(s->run->path)));
    put(a, &b, "by_rule", counts.fields.at[0].value);
    put_by_host(a, &b, &hosts);
    put_by_technique(s, a, &b, &techniques);
    put_timeline(s, a, &b, &f, first, last);
    put_alert_page(s, a, &b, &f, args, total);
    put_int(a, &b, "not_fired", (int64_t)silent);
    table_free(&hosts.names);
    table_free(&techniques.names);
    table_free(&others.names);
    table_free(&events.names);
    return record_done(&b);
}
