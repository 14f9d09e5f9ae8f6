/*
 * Alerts as JSON: the keys are the same for every language and kind of rule; what is absent is null.
 *
 * An alert of a rule that looks at one event is put together of pieces: what it says of its rule is written once, of its event
 * once for all rules that match it, of a predicate once. What is joined is the head, up to the event; the rest, which is most
 * of it, all alerts of the event share.
 */
#include "api/scan.h"

#include "base/digits.h"

enum { ALERT_HEAD = 2048 }; /* the bytes around the events, mostly */
enum { VALUE_LIMIT = 64 << 10 }; /* of a value under `why`: a value of megabytes would be repeated for each predicate */

/* An alert has some thirty keys, all of which the compiler knows. */
static inline __attribute__((always_inline)) void put_key(text *t, const char *key)
{
    size_t len = strlen(key);
    char *out = text_reserve(t, len + 3);
    out[0] = '"';
    memcpy(out + 1, key, len);
    memcpy(out + 1 + len, "\":", 2);
    t->len += len + 3;
}

static void put_text_or_null(text *t, pk_str s)
{
    if (s.len) text_put_json(t, s);
    else text_put_cstring(t, "null");
}

static void put_member(text *t, const char *key, pk_str s)
{
    put_key(t, key);
    put_text_or_null(t, s);
}

static void put_list(text *t, const char *key, pk_strs list)
{
    put_key(t, key);
    text_put_char(t, '[');
    for (size_t i = 0; i < list.count; i++) {
        if (i) text_put_char(t, ',');
        text_put_json(t, list.items[i]);
    }
    text_put_char(t, ']');
}

static void put_number_or_null(text *t, const char *key, int64_t n, bool present)
{
    put_key(t, key);
    if (present) text_put_int(t, n);
    else text_put_cstring(t, "null");
}

static void put_rule(text *t, const pk_rule *r)
{
    put_key(t, "rule");
    text_put_char(t, '{');
    put_member(t, "id", r->id);
    text_put_char(t, ',');
    put_member(t, "title", r->title);
    text_put_char(t, ',');
    put_member(t, "author", r->author);
    text_put_char(t, ',');
    put_member(t, "level", r->level);
    text_put_char(t, ',');
    put_member(t, "language", r->language);
    text_put_char(t, ',');
    put_member(t, "path", r->path);
    text_put_cstring(t, "},");
    put_key(t, "attack");
    text_put_char(t, '{');
    put_list(t, "tactics", r->tactics);
    text_put_char(t, ',');
    put_list(t, "techniques", r->techniques);
    text_put_char(t, '}');
}

static void put_file(text *t, pk_str file)
{
    put_key(t, "source");
    text_put_char(t, '{');
    put_member(t, "file", file);
}

static void put_place_in_file(text *t, const pk_place *p)
{
    text_put_char(t, ',');
    put_number_or_null(t, "record", p->record, p->record >= 0);
    text_put_char(t, ',');
    put_number_or_null(t, "line", (int64_t)p->line, p->line > 0);
    text_put_char(t, '}');
}

static void put_place(text *t, const pk_place *p)
{
    put_file(t, p->file);
    put_place_in_file(t, p);
}

static void put_time(text *t, const char *key, timestamp time)
{
    put_key(t, key);
    if (time == TIMESTAMP_NONE) {
        text_put_cstring(t, "null");
        return;
    }
    char *to = text_reserve(t, TIMESTAMP_MOST + 2), *end = timestamp_put(to + 1, time);
    *to = *end = '"';
    t->len += (size_t)(end + 1 - to);
}

static void put_predicate(text *t, pk_str field, pk_str kind, pk_str constant)
{
    text_put_char(t, '{');
    put_member(t, "field", field);
    text_put_char(t, ',');
    put_member(t, "kind", kind);
    text_put_char(t, ',');
    put_key(t, "constant");
    if (constant.ptr) text_put_json(t, constant);
    else text_put_cstring(t, "null");
    text_put_char(t, ',');
    put_key(t, "value");
}

static void put_match(text *t, int64_t at, int64_t length)
{
    if (at < 0) {
        text_put(t, STR(",\"at\":null,\"length\":null}"));
        return;
    }
    static const char before_at[] = ",\"at\":", before_length[] = ",\"length\":";
    char *out = text_reserve(t, sizeof before_at + sizeof before_length + 2 * DIGITS_MOST), *to = out;
    memcpy(to, before_at, sizeof before_at - 1);
    to = digits_put(to + sizeof before_at - 1, (uint64_t)at);
    memcpy(to, before_length, sizeof before_length - 1);
    to = digits_put_signed(to + sizeof before_length - 1, length);
    *to++ = '}';
    t->len += (size_t)(to - out);
}

static void put_reason(text *t, const pk_reason *r)
{
    put_predicate(t, r->field, r->kind, r->constant);
    if (r->value.ptr) text_put_json(t, r->value);
    else text_put_cstring(t, "null");
    put_match(t, r->at, r->length);
}

static void put_opening(text *t, pk_time time)
{
    text_put_char(t, '{');
    put_time(t, "time", time);
    text_put_char(t, ',');
}

static void put_host(text *t, pk_str host)
{
    text_put_char(t, ',');
    put_member(t, "host", host);
    text_put_char(t, ',');
    put_key(t, "why");
    text_put_char(t, '[');
}

/* From `time` to `why`: what does not depend on whether one event or many took part. */
static void put_head(text *t, const pk_alert *alert)
{
    put_opening(t, alert->time);
    put_rule(t, alert->rule);
    text_put_char(t, ',');
    if (alert->correlation && !alert->detection.of_event) text_put_cstring(t, "\"source\":null");
    else put_place(t, &alert->events[0].place);
    put_host(t, alert->host);
    for (size_t i = 0; i < alert->why_count; i++) {
        if (i) text_put_char(t, ',');
        put_reason(t, &alert->why[i]);
    }
    text_put_cstring(t, "],");
}

/* ---- what rules of several steps say ---- */

static void put_members(text *t, const char *key, const pk_member *members, size_t count)
{
    put_key(t, key);
    text_put_char(t, '{');
    for (size_t i = 0; i < count; i++) {
        if (i) text_put_char(t, ',');
        text_put_json(t, members[i].name);
        text_put_char(t, ':');
        text_put(t, members[i].json);
    }
    text_put_cstring(t, "},");
}

static void put_window(text *t, const pk_detection *d)
{
    if (!d->has_window) {
        text_put_cstring(t, "\"window\":null,");
        return;
    }
    put_key(t, "window");
    text_put_char(t, '{');
    put_time(t, "start", d->window_start);
    text_put_char(t, ',');
    put_time(t, "end", d->window_end);
    text_put_cstring(t, "},");
}

static void put_risk(text *t, const pk_detection *d)
{
    value risk = d->has_risk_score ? value_real(d->risk_score) : value_null();
    put_key(t, "risk_score");
    value_write_json(t, &risk);
    text_put_char(t, ',');
}

static void put_counts(text *t, const pk_detection *d)
{
    if (!d->counts) {
        text_put_cstring(t, "\"counts\":null,\"entities\":null,");
        return;
    }
    put_key(t, "counts");
    text_put_char(t, '{');
    for (size_t i = 0; i < d->count_count; i++) {
        if (i) text_put_char(t, ',');
        text_put_json(t, d->counts[i].variable);
        text_put_char(t, ':');
        text_put_int(t, (int64_t)d->counts[i].count);
    }
    text_put_cstring(t, "},\"entities\":[");
    for (size_t i = 0; i < d->entity_count; i++) {
        text_put_cstring(t, i ? ",{" : "{");
        put_member(t, "variable", d->entities[i].variable);
        text_put_char(t, ',');
        put_key(t, "entity");
        text_put(t, d->entities[i].json);
        text_put_char(t, '}');
    }
    text_put_cstring(t, "],");
}

static void put_detection(text *t, const pk_alert *alert)
{
    const pk_detection *d = &alert->detection;
    if (alert->correlation) {
        put_members(t, "match", d->match, d->match_count);
        put_window(t, d);
        put_members(t, "outcome", d->outcome, d->outcome_count);
    } else {
        text_put_cstring(t, "\"match\":null,\"window\":null,\"outcome\":null,");
    }
    put_risk(t, d);
    put_counts(t, d);
}

static void put_events(text *t, const pk_alert *alert)
{
    text_put_cstring(t, "\"events\":[");
    for (size_t i = 0; i < alert->event_count; i++) {
        text_put_cstring(t, i ? ",{" : "{");
        put_member(t, "variable", alert->detection.variables ? alert->detection.variables[i] : (pk_str){"", 0});
        text_put_char(t, ',');
        put_place(t, &alert->events[i].place);
        text_put_char(t, ',');
        put_key(t, "event");
        text_put(t, alert->events[i].json);
        text_put_char(t, '}');
    }
    text_put_cstring(t, "]}");
}

static void put_alert(text *t, const pk_alert *alert)
{
    put_head(t, alert);
    put_detection(t, alert);
    put_key(t, "event");
    if (alert->detection.of_event) text_put(t, alert->events[0].json);
    else text_put_cstring(t, "null");
    text_put_char(t, ',');
    put_events(t, alert);
}

pk_str alert_json(const pk_alert *alert, arena *a)
{
    text t = {0};
    size_t events = 0;
    for (size_t i = 0; i < alert->event_count; i++) events += alert->events[i].json.len;
    for (size_t i = 0; i < alert->detection.entity_count; i++) events += alert->detection.entities[i].json.len;
    text_reserve(&t, events + ALERT_HEAD);
    put_alert(&t, alert);
    pk_str out = arena_str(a, text_view(&t));
    text_free(&t);
    return out;
}

/* ---- rules that look at one event ---- */

/* What a reason says of the rule; json.ptr NULL: not made yet. */
typedef struct {
    pk_str kind, json;             /* up to the value */
} known_predicate;

struct alert_writer {
    const pk_catalog *catalog;
    arena *kept;
    const alert_rule **rules;      /* by index; made for the first alert of each */
    VEC(known_predicate) predicates; /* by number */
    text out;
    text value;                    /* being made into JSON */
    text file, file_json;          /* of the last event */
};

alert_writer *alert_writer_new(const pk_catalog *c)
{
    alert_writer *w = mem_zalloc(1, sizeof *w);
    w->catalog = c;
    w->kept = arena_new();
    w->rules = ARENA_ARRAY(w->kept, const alert_rule *, ir_rule_count(c->ir) + 1);
    return w;
}

void alert_writer_free(alert_writer *w)
{
    if (!w) return;
    arena_free(w->kept);
    vec_free(&w->predicates);
    text_free(&w->out);
    text_free(&w->value);
    text_free(&w->file);
    text_free(&w->file_json);
    mem_free(w);
}

/* What was written, in `a`; the next one begins. */
static pk_str take(alert_writer *w, arena *a)
{
    pk_str made = arena_str(a, text_view(&w->out));
    text_clear(&w->out);
    return made;
}

static const alert_rule *make_rule(alert_writer *w, const rule *r)
{
    alert_rule *made = ARENA_NEW(w->kept, alert_rule);
    made->shown = catalog_rule(w->catalog, r);
    put_rule(&w->out, made->shown);
    text_put_char(&w->out, ',');
    made->head = take(w, w->kept);
    const expr *said = r->plan ? r->plan->risk : NULL; /* of a rule that looks at one event it can't depend on anything */
    if (said && said->kind == EXPR_CONSTANT) made->has_risk = risk_of(&said->as.constant, &made->risk);
    pk_detection detection = {.has_risk_score = made->has_risk, .risk_score = made->risk};
    text_put_cstring(&w->out, "],");
    put_detection(&w->out, &(pk_alert){.rule = made->shown, .detection = detection});
    put_key(&w->out, "event");
    made->detection = take(w, w->kept);
    return made;
}

static const alert_rule *rule_of(alert_writer *w, const rule *r)
{
    if (!w->rules[r->index]) w->rules[r->index] = make_rule(w, r);
    return w->rules[r->index];
}

/* What all alerts of a file share. */
static pk_str file_of(alert_writer *w, pk_str file)
{
    if (w->file_json.len && str_equal(text_view(&w->file), file)) return text_view(&w->file_json);
    text_clear(&w->file);
    text_put(&w->file, file);
    text_clear(&w->file_json);
    put_file(&w->file_json, file);
    return text_view(&w->file_json);
}

const found_event *alert_event(alert_writer *w, const pk_event *shown, pk_str host, arena *a)
{
    found_event *e = arena_alloc(a, sizeof *e);
    put_opening(&w->out, shown->time);
    size_t opening = w->out.len;
    text_put(&w->out, file_of(w, shown->place.file));
    put_place_in_file(&w->out, &shown->place);
    put_host(&w->out, host);
    pk_str made = take(w, a);
    *e = (found_event){.shown = *shown, .host = host, .opening = {made.ptr, opening}, .place = str_slice(made, opening, STR_NPOS),
                       .rest = {shown->json.ptr, shown->json.len + ALERT_END.len}};
    return e;
}

/* ---- reasons of one event ---- */

static pk_str cut_long(pk_str s)
{
    if (s.len <= VALUE_LIMIT) return s;
    s.len = VALUE_LIMIT;
    while (s.len && (s.ptr[s.len] & 0xc0) == 0x80) s.len--; /* not within a character */
    return s;
}

static pk_str text_copy(arena *a, pk_str s) { return s.ptr ? arena_str(a, s) : s; }

/* Comes before anything is written of what says it. */
static const known_predicate *predicate_of(alert_writer *w, const reason_predicate *p)
{
    while (w->predicates.len <= p->number) vec_push(&w->predicates, ((known_predicate){{0}, {0}}));
    known_predicate *known = &w->predicates.at[p->number];
    if (known->json.ptr) return known;
    known->kind = str_from(test_kind_table[p->kind].text);
    put_predicate(&w->out, p->field, known->kind, p->constant);
    known->json = take(w, w->kept);
    return known;
}

/* The value in `a`, and as JSON in `scratch`: once for all reasons that show it. */
static void keep_value(alert_writer *w, reason_value *v, arena *scratch, arena *a)
{
    text_clear(&w->value);
    v->kept = arena_str(a, cut_long(v->text));
    text_put_json(&w->value, v->kept);
    v->json = arena_str(scratch, text_view(&w->value));
}

/* A reason as callers see it, and its JSON. */
typedef struct {
    pk_reason shown;
    pk_str json;
} rendered_reason;

static pk_reason put_shared_reason(alert_writer *w, const match_reason *m, arena *scratch, arena *a)
{
    const known_predicate *known = predicate_of(w, m->predicate);
    if (!m->shown->json.ptr) keep_value(w, m->shown, scratch, a);
    text_put(&w->out, known->json);
    text_put(&w->out, m->shown->json);
    put_match(&w->out, m->at, m->length);
    return (pk_reason){.field = m->field, .kind = known->kind, .constant = m->constant, .value = m->shown->kept, .at = m->at, .length = m->length};
}

static pk_reason put_other_reason(alert_writer *w, const match_reason *m, arena *a)
{
    pk_reason r = {.field = m->field, .kind = str_from(test_kind_table[m->kind].text), .constant = m->constant, .at = m->at, .length = m->length};
    r.value = text_copy(a, cut_long(m->value));
    if (!m->predicate) r.constant = text_copy(a, m->constant); /* the field's name is the rule's */
    put_reason(&w->out, &r);
    return r;
}

/* Once for all rules that give it. */
static const rendered_reason *render_reason(alert_writer *w, match_reason *m, arena *scratch, arena *a)
{
    if (m->rendered) return m->rendered;
    rendered_reason *r = arena_alloc(scratch, sizeof *r);
    r->shown = m->predicate && m->shown ? put_shared_reason(w, m, scratch, a) : put_other_reason(w, m, a);
    r->json = take(w, scratch);
    m->rendered = r;
    return r;
}

static inline char *put_piece(char *to, pk_str piece)
{
    memcpy(to, piece.ptr, piece.len);
    return to + piece.len;
}

found_alert *alert_render(alert_writer *w, const found_event *e, const rule *r, const match_reasons *reasons, arena *scratch, arena *a)
{
    const alert_rule *said = rule_of(w, r);
    size_t count = reasons->items.len, len = e->opening.len + said->head.len + e->place.len + count + said->detection.len;
    for (size_t i = 0; i < count; i++) len += render_reason(w, reasons->items.at[i], scratch, a)->json.len;
    found_alert *found = arena_alloc(a, sizeof *found + count * sizeof *found->why + len);
    *found = (found_alert){.event = e, .rule = said, .head = {(char *)&found->why[count]}, .why_count = count};
    char *to = (char *)&found->why[count];
    to = put_piece(put_piece(put_piece(to, e->opening), said->head), e->place);
    for (size_t i = 0; i < count; i++) {
        const rendered_reason *reason = reasons->items.at[i]->rendered;
        found->why[i] = reason->shown;
        if (i) *to++ = ',';
        to = put_piece(to, reason->json);
    }
    found->head.len = (size_t)(put_piece(to, said->detection) - found->head.ptr);
    return found;
}
