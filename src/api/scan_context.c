/*
 * Context of a scan. Records come from files that were named as context, from among the logs, from lists of indicators and from
 * the events themselves; stages run when all is read, so the order does not matter.
 */
#include "api/scan_context.h"
#include "ir/functions.h"

#include <inttypes.h>

enum { INDICATORS_LIMIT = 512 << 20, MOST_DAY_COUNTS = 11 };

struct scan_context {
    const pk_program *program;
    arena *arena;
    context_store *store;
    context_wishes wishes;
    timestamp now;                 /* TIMESTAMP_NONE: nobody said */
    uint8_t days[MOST_DAY_COUNTS]; /* day_count of derived prevalence that rules ask for; ends with 0 */
    uint64_t indicators_damaged, values_left_out;
    VEC(pk_waiting) waiting;
    int64_t looked_back;           /* further than the logs go; 0: nobody did */
    timestamp first_time;          /* where they begin */
    VEC(pk_str) feeds;             /* of the rule that is waiting last */
};

/* ---- what rules ask for ---- */

static bool asks_time(const expr *e, bool negated, void *user)
{
    (void)negated;
    const ir_function *f = e->kind == EXPR_CALL ? ir_function_find(e->as.call.name) : NULL;
    if (f && f->varies) *(bool *)user = true;
    return true;
}

static void asks_time_in_stage(const stage *s, const expr *e, bool negated, void *user)
{
    (void)s;
    asks_time(e, negated, user);
}

static void want_days(scan_context *c, int64_t days)
{
    size_t n = 0;
    while (c->days[n] && c->days[n] != days) n++;
    if (days >= 1 && days <= 255 && n + 1 < MOST_DAY_COUNTS) c->days[n] = (uint8_t)days;
}

/* The constants that day_count is compared with. */
static bool find_days(const expr *e, bool negated, void *user)
{
    (void)negated;
    if (e->kind != EXPR_USE || e->as.use.operand->kind != EXPR_FIELD || !str_ends_with(e->as.use.operand->as.field.path, STR(".prevalence.day_count"))) return true;
    double d;
    for (size_t i = 0; i < e->as.use.count; i++)
        if (value_number(&e->as.use.constants[i].test->constant, &d) && d >= 1 && d <= 255) want_days(user, (int64_t)d);
    return true;
}

static void look_at(scan_context *c, const rule *r)
{
    bool time = false;
    if (!r->plan) return;
    ir_walk_plan(r->plan, asks_time_in_stage, &time);
    c->wishes.last_time |= time;
    for (size_t i = 0; i < r->plan->stage_count; i++) {
        const stage *s = r->plan->stages[i];
        if (s->kind != STAGE_CONTEXT) continue;
        c->wishes.entities = true;
        if (s->as.match.where) ir_walk_expr(r->plan, s->as.match.where, find_days, c);
    }
}

scan_context *scan_context_new(const pk_program *p, const pk_scan_options *options)
{
    scan_context *c = mem_zalloc(1, sizeof *c);
    size_t count;
    const rule *const *rules = program_correlations(p->compiled, &count);
    c->program = p;
    c->arena = arena_new();
    c->store = context_store_new(options->context_memory);
    c->now = options->now ? options->now : TIMESTAMP_NONE;
    for (size_t i = 0; i < count; i++) look_at(c, rules[i]);
    if (!c->days[0]) c->days[0] = 10; /* what the published rules ask for */
    c->wishes.last_time &= c->now == TIMESTAMP_NONE;
    c->wishes.sightings = c->wishes.entities && options->derive_context;
    return c;
}

void scan_context_free(scan_context *c)
{
    if (!c) return;
    context_store_free(c->store);
    vec_free(&c->waiting);
    vec_free(&c->feeds);
    arena_free(c->arena);
    mem_free(c);
}

context_wishes scan_context_wishes(const scan_context *c) { return c->wishes; }

/* ---- records ---- */

void scan_context_add(scan_context *c, const value *entity) { context_store_add(c->store, entity); }

/* The name of a feed that nobody named: that of its file, without the ending. */
static pk_str feed_of_file(pk_str path)
{
    size_t start = path.len, end = path.len;
    while (start > 0 && path.ptr[start - 1] != '/') start--;
    for (size_t i = path.len; i-- > start + 1;)
        if (path.ptr[i] == '.') end = i;
    return str_slice(path, start, end - start);
}

static void take_indicators(scan_context *c, pk_str feed, pk_str source, pk_str file, arena *a, diag_list *d)
{
    feed_names names = feed_of(feed, a);
    if (c->wishes.entities) indicators_read(c->store, &names, source, file, d, &c->indicators_damaged);
}

void scan_context_indicator_bytes(scan_context *c, const char *feed, pk_str source, diag_list *d)
{
    pk_str name = arena_str(c->arena, str_from(feed));
    take_indicators(c, name, source, name, c->arena, d);
}

pk_status scan_context_indicators(scan_context *c, const char *path, const char *feed, diag_list *d)
{
    pk_str source, file = arena_str(c->arena, str_from(path));
    arena *a = arena_new();
    pk_status status = read_text_file(path, INDICATORS_LIMIT, a, &source, d);
    if (status == PK_OK) take_indicators(c, feed && *feed ? str_from(feed) : feed_of_file(file), source, file, a, d);
    arena_free(a);
    return status;
}

void scan_context_derive(scan_context *c, sightings *const *all, size_t count)
{
    for (size_t i = 0; i < count; i++) c->values_left_out += sightings_left_out(all[i]);
    sightings_put(all, count, c->days, c->store);
}

/* ---- stages ---- */

static context_records records(const stage *s, void *user)
{
    scan_context *c = user;
    return context_store_records(s, c->store);
}

/* "GCTI Feed: Tor Exit Nodes (IP_ADDRESS)": what the stage asks of the feed. */
static pk_str feed_wanted(const stage *s, arena *a)
{
    pk_str type = context_wanted(s, STR("metadata.entity_type")), source = context_wanted(s, STR("metadata.source_type"));
    pk_str product = context_wanted(s, STR("metadata.product_name")), vendor = context_wanted(s, STR("metadata.vendor_name"));
    pk_str feed = context_wanted(s, STR("metadata.threat[].threat_feed_name"));
    text t = {0};
    if (str_equal(source, STR("DERIVED_CONTEXT"))) text_put_cstring(&t, "derived context");
    else if (product.len || vendor.len) text_put(&t, product.len ? product : vendor);
    if (feed.len) text_printf(&t, "%s" STR_FMT, t.len ? ": " : "", STR_ARG(feed));
    if (!t.len) text_put_cstring(&t, "any feed");
    if (type.len) text_printf(&t, " (" STR_FMT ")", STR_ARG(type));
    pk_str out = arena_str(a, text_view(&t));
    text_free(&t);
    return out;
}

static void took(const rule *r, const stage *s, size_t count, void *user)
{
    scan_context *c = user;
    const pk_rule *shown = catalog_rule(c->program->catalog, r);
    if (count) return;
    pk_waiting *last = c->waiting.len ? &c->waiting.at[c->waiting.len - 1] : NULL;
    pk_str feed = feed_wanted(s, c->arena);
    if (!last || last->rule != shown) {
        c->feeds.len = 0;
        vec_push(&c->waiting, ((pk_waiting){.rule = shown}));
        last = &c->waiting.at[c->waiting.len - 1];
    }
    for (size_t i = 0; i < c->feeds.len; i++)
        if (str_equal(c->feeds.at[i], feed)) return;
    vec_push(&c->feeds, feed);
    pk_str *feeds = ARENA_ARRAY(c->arena, pk_str, c->feeds.len);
    memcpy(feeds, c->feeds.at, c->feeds.len * sizeof *feeds);
    last->feeds = (pk_strs){feeds, c->feeds.len};
}

static void looked_back(int64_t length, timestamp first, void *user)
{
    scan_context *c = user;
    c->looked_back = length;
    c->first_time = first;
}

stage_inputs scan_context_inputs(scan_context *c, timestamp last)
{
    return (stage_inputs){.records = records, .took = took, .looked_back = looked_back, .user = c, .now = c->now != TIMESTAMP_NONE ? c->now : last};
}

/* ---- what is told ---- */

void scan_context_tell(const scan_context *c, diag_list *d)
{
    if (context_store_left_out(c->store))
        diag_add(d, PK_WARNING, "context-limit", (diag_place){0}, STR(""), "fewer feeds at once need less room", "%" PRIu64 " entity records did not fit and were left out",
                 context_store_left_out(c->store));
    if (c->values_left_out)
        diag_add(d, PK_WARNING, "context-limit", (diag_place){0}, STR(""), NULL, "derived context: there are more files, domains, addresses or users than are counted; the first of them are");
}

void scan_context_summary(scan_context *c, pk_summary *s)
{
    s->entities = context_store_count(c->store);
    s->damaged += c->indicators_damaged; /* once */
    c->indicators_damaged = 0;
    s->history_hours = (uint64_t)(c->looked_back / INT64_C(3600000000000));
    s->history_begin = c->looked_back ? c->first_time : PK_NO_TIME;
    s->waiting = c->waiting.at;
    s->waiting_count = c->waiting.len;
}
