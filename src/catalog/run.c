/* Alerts that a scan wrote as JSON lines: what is counted of each is kept, what is shown of it is read again from the file. */
#include "catalog/run.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/unicode.h"
#include "catalog/rule_index.h"
#include "event/json_text.h"

enum {
    LINE_LIMIT = 64 << 20,        /* bytes of an alert */
    SHOWN_LIMIT = 4 << 20,        /* of one that is shown whole; a larger one is shown without its events */
    READ_SIZE = 1 << 20,
    DEPTH = 100,
    MOST_ALERTS = 20000000,
    MOST_TECHNIQUES = 64,
};

/* ---- one line ---- */

static pk_str text_of(const value *record, const char *name)
{
    const value *v = value_get(record, str_from(name));
    return v && v->type == VALUE_STRING ? v->as.string : STR("");
}

static int64_t number_of(const value *record, const char *name, int64_t otherwise)
{
    const value *v = value_get(record, str_from(name));
    return v && v->type == VALUE_INT ? v->as.integer : otherwise;
}

/* The event that an alert is of; of a correlation the first. */
static const value *source_of(const value *alert)
{
    const value *source = value_get(alert, STR("source")), *events = value_get(alert, STR("events"));
    if (source && source->type == VALUE_RECORD) return source;
    return events && events->type == VALUE_LIST && events->as.list.count ? value_get(&events->as.list.items[0], STR("source")) : NULL;
}

static void read_techniques(arena *a, const value *alert, run_alert *out)
{
    const value *attack = value_get(alert, STR("attack"));
    const value *list = attack ? value_get(attack, STR("techniques")) : NULL;
    if (!list || list->type != VALUE_LIST) return;
    pk_str *ids = ARENA_ARRAY(a, pk_str, list->as.list.count + 1);
    for (size_t i = 0; i < list->as.list.count && out->technique_count < MOST_TECHNIQUES; i++)
        if (list->as.list.items[i].type == VALUE_STRING) ids[out->technique_count++] = list->as.list.items[i].as.string;
    out->techniques = ids;
}

/* Texts that many alerts share are kept once. */
typedef struct {
    store_run *run;
    interner *texts;
    arena *line;
    VEC(run_alert) alerts;
} run_reader;

static pk_str kept(run_reader *r, pk_str s) { return intern_text(r->texts, intern(r->texts, s)); }

static bool read_alert(run_reader *r, pk_str line, uint64_t at)
{
    value v;
    arena_reset(r->line);
    if (!json_text_parse(utf8_repair(r->line, line), DEPTH, r->line, &v) || v.type != VALUE_RECORD) return false;
    const value *rule = value_get(&v, STR("rule")), *source = source_of(&v);
    if (!rule || rule->type != VALUE_RECORD) return false;
    run_alert a = {
        .time = timestamp_parse_iso(text_of(&v, "time")), .language = kept(r, text_of(rule, "language")), .rule = kept(r, text_of(rule, "id")),
        .title = kept(r, text_of(rule, "title")), .level = kept(r, text_of(rule, "level")), .path = kept(r, text_of(rule, "path")),
        .host = kept(r, text_of(&v, "host")), .file = kept(r, source ? text_of(source, "file") : STR("")),
        .record = source ? number_of(source, "record", -1) : -1, .line = source ? (uint64_t)number_of(source, "line", 0) : 0,
        .at = at, .length = line.len,
    };
    read_techniques(r->run->arena, &v, &a);
    for (size_t i = 0; i < a.technique_count; i++) ((pk_str *)(uintptr_t)a.techniques)[i] = kept(r, a.techniques[i]);
    vec_push_in(r->run->arena, &r->alerts, a);
    return true;
}

/* ---- the file ---- */

static void take_line(run_reader *r, pk_str line, uint64_t at)
{
    if (!str_trim(line).len) return;
    if (line.len > LINE_LIMIT || r->alerts.len >= MOST_ALERTS || !read_alert(r, line, at)) r->run->damaged++;
}

static bool read_lines(run_reader *r)
{
    text pending = {0};
    char *block = mem_alloc(READ_SIZE);
    uint64_t at = 0;
    ssize_t n;
    while ((n = read(r->run->file, block, READ_SIZE)) > 0 || (n < 0 && errno == EINTR)) {
        if (n < 0) continue;
        r->run->hash = hash_bytes(block, (size_t)n, r->run->hash);
        pk_str rest = {block, (size_t)n};
        for (size_t end; (end = str_find_char(rest, '\n')) != STR_NPOS; rest = str_slice(rest, end + 1, STR_NPOS)) {
            text_put(&pending, str_slice(rest, 0, end));
            take_line(r, text_view(&pending), at);
            at += pending.len + 1;
            text_clear(&pending);
        }
        if (pending.len + rest.len <= (size_t)LINE_LIMIT + 1) text_put(&pending, rest);
        else at += rest.len;
    }
    take_line(r, text_view(&pending), at);
    text_free(&pending);
    mem_free(block);
    return n == 0;
}

static pk_status refuse(diag_list *d, const char *path, const char *why)
{
    diag_add(d, PK_ERROR, "alerts-open", (diag_place){.file = str_from(path)}, STR(""), "alerts are what 'picket scan --output jsonl' writes", "%s", why);
    return PK_ERROR_IO;
}

pk_status store_run_load(store_run **out, const char *path, diag_list *d)
{
    struct stat st;
    *out = NULL;
    int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (file < 0) return refuse(d, path, strerror(errno));
    if (fstat(file, &st) != 0 || !S_ISREG(st.st_mode)) {
        close(file);
        return refuse(d, path, "is not a file");
    }
    store_run *run = mem_zalloc(1, sizeof *run);
    *run = (store_run){.arena = arena_new(), .path = mem_cstring(str_from(path)), .file = file, .hash = 1};
    run_reader r = {.run = run, .texts = interner_new(run->arena), .line = arena_new()};
    bool whole = read_lines(&r);
    run->alerts = r.alerts.at;
    run->count = r.alerts.len;
    interner_free(r.texts);
    arena_free(r.line);
    if (!whole || (run->damaged && !run->count)) {
        store_run_free(run);
        return refuse(d, path, whole ? "holds no alerts" : "could not be read to its end");
    }
    if (run->damaged)
        diag_add(d, PK_WARNING, "alerts-line", (diag_place){.file = str_from(path)}, STR(""), NULL, "%llu lines are no alerts and were left out",
                 (unsigned long long)run->damaged);
    *out = run;
    return PK_OK;
}

void store_run_free(store_run *r)
{
    if (!r) return;
    close(r->file);
    mem_free(r->path);
    arena_free(r->arena);
    mem_free(r);
}

/* ---- rules of alerts ---- */

/* Of the rules of one id the one at the alert's path, else the first. */
static uint32_t place_of_alert(rule_index *index, const run_alert *alert)
{
    uint32_t best = TABLE_NONE;
    arena *a = index->arena;
    rows r = rows_of(index->store, a, "SELECT r.id, f.path FROM rule r JOIN file f ON f.id = r.file WHERE r.rule_id = ? AND r.language = ? ORDER BY r.id", "ss",
                     alert->rule, alert->language);
    while (rows_next(&r)) {
        size_t place = index_place(index, row_int(&r, 0));
        if (place == STR_NPOS) continue;
        bool same = str_equal(row_text(&r, 1), alert->path);
        if (best == TABLE_NONE || same) best = (uint32_t)place;
        if (same) break;
    }
    rows_end(&r);
    return best;
}

void index_alerts(rule_index *index)
{
    const store_run *run = index->store->run;
    table known = {0};
    arena *keys = arena_new();
    index->alerts = ARENA_ARRAY(index->arena, uint64_t, index->count + 1);
    index->alert_rules = ARENA_ARRAY(index->arena, uint32_t, run->count + 1);
    for (size_t i = 0; i < run->count; i++) {
        const run_alert *alert = &run->alerts[i];
        pk_str key = arena_printf(keys, STR_FMT "\n" STR_FMT "\n" STR_FMT, STR_ARG(alert->language), STR_ARG(alert->rule), STR_ARG(alert->path));
        uint32_t place = table_get(&known, key);
        if (place == TABLE_NONE) {
            place = place_of_alert(index, alert);
            if (place != TABLE_NONE) table_put(&known, key, place);
        }
        index->alert_rules[i] = place;
        if (place != TABLE_NONE) index->alerts[place]++;
    }
    table_free(&known);
    arena_free(keys);
}

uint64_t rule_alerts(store *s, size_t place)
{
    const rule_index *index = index_of(s);
    return index->alerts && place < index->count ? index->alerts[place] : 0;
}

size_t alert_rule(store *s, size_t alert)
{
    uint32_t place = index_of(s)->alert_rules ? index_of(s)->alert_rules[alert] : TABLE_NONE;
    return place == TABLE_NONE ? STR_NPOS : place;
}

/* ---- what is shown of one ---- */

/* The line as it stands in the file now; missing: it is too long, or the file is another by now. */
static value read_again(store *s, arena *a, const run_alert *alert)
{
    value v = {0};
    if (alert->length > SHOWN_LIMIT || arena_used(a) > 128u << 20) return v;
    char *bytes = arena_alloc(a, alert->length);
    size_t got = 0;
    while (got < alert->length) {
        ssize_t n = pread(s->run->file, bytes + got, alert->length - got, (off_t)(alert->at + got));
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return v;
        got += (size_t)n;
    }
    if (!json_text_parse(utf8_repair(a, (pk_str){bytes, got}), DEPTH, a, &v)) return (value){0};
    return v;
}

value alert_value(store *s, arena *a, size_t i)
{
    const run_alert *alert = &s->run->alerts[i];
    size_t place = alert_rule(s, i);
    record_builder b = {0}, rule = {0};
    put_text(a, &b, "time", timestamp_text(a, alert->time));
    put_text(a, &b, "host", alert->host);
    if (place != STR_NPOS) {
        put(a, &b, "rule", rule_card(s, a, rule_at(s, place), false));
    } else {
        put_text(a, &rule, "title", alert->title.len ? alert->title : alert->rule);
        put_text(a, &rule, "id", alert->rule);
        put_text(a, &rule, "language", alert->language);
        put_record(a, &b, "rule", &rule);
    }
    put_text(a, &b, "level", alert->level);
    put_text(a, &b, "source", alert->file);
    if (alert->record >= 0) put_int(a, &b, "record", alert->record);
    if (alert->line) put_int(a, &b, "line", (int64_t)alert->line);
    value whole = read_again(s, a, alert);
    static const char *const names[] = {"why", "match", "window", "outcome", "risk_score", "counts", "entities", "event", "events"};
    for (size_t k = 0; whole.type == VALUE_RECORD && k < sizeof names / sizeof *names; k++) {
        const value *v = value_get(&whole, str_from(names[k]));
        if (v && v->type != VALUE_NULL) put(a, &b, names[k], *v);
    }
    return record_done(&b);
}
