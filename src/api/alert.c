/* Alerts as JSON: the keys are the same for every language and kind of rule; what is absent is null. */
#include "api/scan.h"

enum { ALERT_HEAD = 2048 }; /* the bytes around the events, mostly */
enum { VALUE_LIMIT = 64 << 10 }; /* of a value under `why`: a value of megabytes would be repeated for each predicate */

static void put_key(text *t, const char *key)
{
    size_t len = strlen(key);
    char *out = text_reserve(t, len + 3); /* an alert has some thirty keys */
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

static void put_place(text *t, const pk_place *p)
{
    put_key(t, "source");
    text_put_char(t, '{');
    put_member(t, "file", p->file);
    text_put_char(t, ',');
    put_number_or_null(t, "record", p->record, p->record >= 0);
    text_put_char(t, ',');
    put_number_or_null(t, "line", (int64_t)p->line, p->line > 0);
    text_put_char(t, '}');
}

static void put_reason(text *t, const pk_reason *r)
{
    text_put_char(t, '{');
    put_member(t, "field", r->field);
    text_put_char(t, ',');
    put_member(t, "kind", r->kind);
    text_put_char(t, ',');
    put_key(t, "constant");
    if (r->constant.ptr) text_put_json(t, r->constant);
    else text_put_cstring(t, "null");
    text_put_char(t, ',');
    put_key(t, "value");
    if (r->value.ptr) text_put_json(t, r->value);
    else text_put_cstring(t, "null");
    text_put_char(t, ',');
    put_number_or_null(t, "at", r->at, r->at >= 0);
    text_put_char(t, ',');
    put_number_or_null(t, "length", r->length, r->at >= 0);
    text_put_char(t, '}');
}

pk_str alert_rule_json(const pk_rule *r, arena *a)
{
    text t = {0};
    put_rule(&t, r);
    pk_str out = arena_str(a, text_view(&t));
    text_free(&t);
    return out;
}

/* From `time` to `why`: what does not depend on whether one event or many took part. */
static void put_head(text *t, const pk_alert *alert, pk_str rule_json, arena *a)
{
    text_put_char(t, '{');
    put_member(t, "time", timestamp_text(a, alert->time));
    text_put_char(t, ',');
    text_put(t, rule_json);
    text_put_char(t, ',');
    if (alert->correlation && !alert->detection.of_event) text_put_cstring(t, "\"source\":null");
    else put_place(t, &alert->events[0].place);
    text_put_char(t, ',');
    put_member(t, "host", alert->host);
    text_put_char(t, ',');
    put_key(t, "why");
    text_put_char(t, '[');
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

static void put_window(text *t, const pk_detection *d, arena *a)
{
    if (!d->has_window) {
        text_put_cstring(t, "\"window\":null,");
        return;
    }
    put_key(t, "window");
    text_put_char(t, '{');
    put_member(t, "start", timestamp_text(a, d->window_start));
    text_put_char(t, ',');
    put_member(t, "end", timestamp_text(a, d->window_end));
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

static void put_detection(text *t, const pk_alert *alert, arena *a)
{
    const pk_detection *d = &alert->detection;
    if (alert->correlation) {
        put_members(t, "match", d->match, d->match_count);
        put_window(t, d, a);
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

static void put_alert(text *t, const pk_alert *alert, pk_str rule_json, arena *a)
{
    put_head(t, alert, rule_json, a);
    put_detection(t, alert, a);
    put_key(t, "event");
    if (alert->correlation && !alert->detection.of_event) text_put_cstring(t, "null");
    else text_put(t, alert->events[0].json);
    text_put_char(t, ',');
    if (alert->correlation) put_events(t, alert);
    else text_put_cstring(t, "\"events\":null}");
}

pk_str alert_json(const pk_alert *alert, pk_str rule_json, arena *a)
{
    text t = {0};
    size_t events = 0;
    for (size_t i = 0; i < alert->event_count; i++) events += alert->events[i].json.len;
    for (size_t i = 0; i < alert->detection.entity_count; i++) events += alert->detection.entities[i].json.len;
    text_reserve(&t, events + ALERT_HEAD);
    put_alert(&t, alert, rule_json, a);
    pk_str out = arena_str(a, text_view(&t));
    text_free(&t);
    return out;
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

static const pk_reason *copy_reasons(const match_reasons *reasons, arena *a)
{
    pk_reason *out = ARENA_ARRAY(a, pk_reason, reasons->items.len);
    for (size_t i = 0; i < reasons->items.len; i++) {
        const match_reason *m = &reasons->items.at[i];
        out[i] = (pk_reason){
            .field = text_copy(a, m->field), .kind = str_from(test_kind_table[m->kind].text), .constant = text_copy(a, m->constant),
            .value = text_copy(a, cut_long(m->value)), .at = m->at, .length = m->length,
        };
    }
    return out;
}

found_alert alert_render(const pk_rule *shown, pk_str rule_json, const rule *r, const pk_event *subject, pk_str host,
                         const match_reasons *reasons, arena *a)
{
    found_alert found = {.rule = r, .event = *subject, .host = host, .why = copy_reasons(reasons, a), .why_count = reasons->items.len};
    pk_alert alert = {.rule = shown, .time = subject->time, .host = host, .events = subject, .event_count = 1, .event_total = 1,
                      .why = found.why, .why_count = found.why_count};
    /* of a rule that looks at one event it can't depend on anything */
    const expr *said = r->plan ? r->plan->risk : NULL;
    if (said && said->kind == EXPR_CONSTANT) found.has_risk = risk_of(&said->as.constant, &found.risk);
    alert.detection.has_risk_score = found.has_risk;
    alert.detection.risk_score = found.risk;
    found.json = alert_json(&alert, rule_json, a);
    return found;
}
