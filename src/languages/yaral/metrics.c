/* Calls of metrics: named arguments, each with few values that are allowed. */
#include "languages/yaral/metrics.h"

#include "languages/yaral/yaral.h"
#include "udm/udm.h"

#include <stdarg.h>

/* ---- the table ---- */

static const metric_definition definitions[] = {
#define METRIC(name, events, value, dimensions, meaning) {{#name, sizeof #name - 1}, events, value, dimensions, meaning, NULL},
#define REFUSED(name, reason) {{#name, sizeof #name - 1}, "", "", "", "", reason},
#include "languages/yaral/metrics.def"
#undef METRIC
#undef REFUSED
};

enum { DEFINITIONS = sizeof definitions / sizeof *definitions };

bool metric_is_call(const yaral_node *n) { return n->kind == YARAL_CALL && str_starts_with(n->as.call.name, STR("metrics.")); }

const metric_definition *metric_find(pk_str name)
{
    if (!str_starts_with(name, STR("metrics."))) return NULL;
    for (size_t i = 0; i < DEFINITIONS; i++)
        if (str_equal(definitions[i].name, str_slice(name, 8, STR_NPOS))) return &definitions[i];
    return NULL;
}

const metric_definition *metric_at(size_t i) { return i < DEFINITIONS ? &definitions[i] : NULL; }

#define NAME(s) {s, sizeof s - 1}

const pk_str metric_measure_names[METRIC_MEASURES] = {
    [METRIC_EVENT_COUNT] = NAME("event_count_sum"), [METRIC_VALUE] = NAME("value_sum"), [METRIC_FIRST_SEEN] = NAME("first_seen"),
    [METRIC_LAST_SEEN] = NAME("last_seen"), [METRIC_UNIQUE] = NAME("num_unique_filter_values"),
};

static const pk_str aggregation_names[METRIC_AGGREGATIONS] = {
    [METRIC_AVG] = NAME("avg"), [METRIC_MAX] = NAME("max"), [METRIC_MIN] = NAME("min"), [METRIC_PERIODS] = NAME("num_metric_periods"),
    [METRIC_STDDEV] = NAME("stddev"), [METRIC_SUM] = NAME("sum"),
};

static const pk_str period_names[] = {NAME("1h"), NAME("1d")}, window_names[] = {NAME("today"), NAME("30d")};

enum { ARGUMENT_PERIOD, ARGUMENT_WINDOW, ARGUMENT_METRIC, ARGUMENT_AGG, ARGUMENT_FILTER, ARGUMENTS };
static const pk_str argument_names[ARGUMENTS] = {NAME("period"), NAME("window"), NAME("metric"), NAME("agg"), NAME("filter")};

/* ---- reading ---- */

typedef struct {
    arena *arena;
    const yaral_node *call;
    metric_call *out;
    metric_fault_fn fault;
    void *user;
    const yaral_node *arguments[ARGUMENTS];
    bool failed;
} reader;

static void tell(reader *r, pk_severity severity, span at, pk_str hint, pk_str message)
{
    r->failed |= severity == PK_ERROR;
    if (r->fault) r->fault(r->user, severity, at, hint, message);
}

static pk_str all_of(arena *a, const pk_str *names, size_t count)
{
    text t = {0};
    for (size_t i = 0; i < count; i++) text_printf(&t, "%s" STR_FMT, i == 0 ? "" : i + 1 == count ? " or " : ", ", STR_ARG(names[i]));
    pk_str s = arena_str(a, text_view(&t));
    text_free(&t);
    return s;
}

/* The nearest name, else all of them. */
static pk_str hint_of(reader *r, pk_str written, const pk_str *names, size_t count)
{
    pk_str nearest = yaral_did_you_mean(r->arena, written, names, count);
    return nearest.len ? nearest : arena_printf(r->arena, "it is " STR_FMT, STR_ARG(all_of(r->arena, names, count)));
}

static pk_str written_as(const yaral_node *n)
{
    switch (n->kind) {
    case YARAL_WORD: return n->as.word;
    case YARAL_DURATION: return n->as.duration.written;
    case YARAL_STRING: return n->as.string.text;
    case YARAL_NUMBER: return n->as.number.written;
    default: return STR("");
    }
}

/* Which of the names an argument says; count: none, and it was told. */
static size_t choice(reader *r, int argument, const pk_str *names, size_t count)
{
    const yaral_node *n = r->arguments[argument];
    if (!n) {
        tell(r, PK_ERROR, r->call->span, arena_printf(r->arena, "it is " STR_FMT, STR_ARG(all_of(r->arena, names, count))),
             arena_printf(r->arena, "the argument '" STR_FMT "' is missing", STR_ARG(argument_names[argument])));
        return count;
    }
    pk_str written = written_as(n->args[0]);
    for (size_t i = 0; i < count; i++)
        if (str_equal_ascii_fold(written, names[i])) return i;
    tell(r, PK_ERROR, n->span, hint_of(r, written, names, count),
         arena_printf(r->arena, "'" STR_FMT "' is no value of '" STR_FMT "'", STR_ARG(written), STR_ARG(argument_names[argument])));
    return count;
}

static int argument_named(pk_str name)
{
    for (int i = 0; i < ARGUMENTS; i++)
        if (str_equal_ascii_fold(name, argument_names[i])) return i;
    return ARGUMENTS;
}

static void sort_arguments(reader *r)
{
    VEC(const yaral_node *) fields = {0};
    for (size_t i = 0; i < r->call->count; i++) {
        const yaral_node *n = r->call->args[i];
        if (n->kind != YARAL_ARGUMENT) {
            tell(r, PK_ERROR, n->span, STR("write name:value"), STR("the arguments of metrics have names"));
            continue;
        }
        int which = argument_named(n->as.argument.name);
        bool twice = which < ARGUMENTS && r->arguments[which];
        for (size_t k = 0; k < fields.len; k++) twice |= str_equal(fields.at[k]->as.argument.name, n->as.argument.name);
        if (twice) {
            tell(r, PK_ERROR, n->span, STR(""), arena_printf(r->arena, "the argument '" STR_FMT "' stands here twice", STR_ARG(n->as.argument.name)));
        } else if (which < ARGUMENTS) {
            r->arguments[which] = n;
        } else if (str_find_char(n->as.argument.name, '.') == STR_NPOS) {
            tell(r, PK_ERROR, n->span, yaral_did_you_mean(r->arena, n->as.argument.name, argument_names, ARGUMENTS),
                 arena_printf(r->arena, "metrics have no argument '" STR_FMT "'", STR_ARG(n->as.argument.name)));
        } else {
            vec_push_in(r->arena, &fields, n);
        }
    }
    r->out->fields = fields.at;
    r->out->field_count = fields.len;
}

/* ---- period, window, metric, agg ---- */

static void read_times(reader *r)
{
    size_t period = choice(r, ARGUMENT_PERIOD, period_names, 2), window = choice(r, ARGUMENT_WINDOW, window_names, 2);
    r->out->hourly = period == 0;
    if (period < 2 && window < 2 && period != window)
        tell(r, PK_ERROR, r->arguments[ARGUMENT_WINDOW]->span,
             arena_printf(r->arena, "write window:" STR_FMT ", or period:" STR_FMT, STR_ARG(window_names[period]), STR_ARG(period_names[window])),
             arena_printf(r->arena, "window:" STR_FMT " does not go with period:" STR_FMT, STR_ARG(window_names[window]), STR_ARG(period_names[period])));
}

static void read_measure(reader *r)
{
    size_t measure = choice(r, ARGUMENT_METRIC, metric_measure_names, METRIC_MEASURES);
    size_t aggregation = choice(r, ARGUMENT_AGG, aggregation_names, METRIC_AGGREGATIONS);
    const metric_definition *d = r->out->definition;
    r->out->measure = (metric_measure)measure;
    r->out->aggregation = (metric_aggregation)aggregation;
    if (measure == METRIC_VALUE && !d->reason && !*d->value)
        tell(r, PK_ERROR, r->arguments[ARGUMENT_METRIC]->span, STR("it is event_count_sum"),
             arena_printf(r->arena, "only metrics of bytes have a value_sum, and '" STR_FMT "' counts " "%s", STR_ARG(d->name), d->meaning));
}

/* ---- fields ---- */

pk_str metric_field_path(pk_str name) { return str_equal(name, STR("target.resource_type")) ? STR("target.resource.resource_type") : name; }

bool metric_is_namespace(pk_str path) { return str_ends_with(path, STR(".namespace")); }

static bool identifies(pk_str field, pk_str member)
{
    static const char *const assets[] = {"asset_id", "hostname", "ip", "mac", "product_object_id"};
    static const char *const users[] = {"email_addresses", "employee_id", "product_object_id", "userid", "windows_sid"};
    pk_str noun = str_slice(member, 0, member.len - 1); /* "principal.asset." */
    if (!str_ends_with(member, STR(".*"))) return str_equal(field, member);
    if (!str_starts_with(field, noun)) return false;
    const char *const *names = str_ends_with(noun, STR(".asset.")) ? assets : users;
    for (size_t i = 0; i < 5; i++)
        if (str_equal(str_slice(field, noun.len, STR_NPOS), str_from(names[i]))) return true;
    return false;
}

static pk_str trimmed(pk_str s)
{
    while (s.len && s.ptr[0] == ' ') s = str_slice(s, 1, STR_NPOS);
    return s;
}

/* The next part of a text up to the sign, and the text behind it. */
static pk_str next_part(pk_str *rest, char sign)
{
    size_t at = str_find_char(*rest, sign);
    pk_str part = trimmed(str_slice(*rest, 0, at));
    *rest = at == STR_NPOS ? STR("") : str_slice(*rest, at + 1, STR_NPOS);
    return part;
}

static pk_str second_segment(pk_str path)
{
    size_t dot = str_find_char(path, '.');
    pk_str rest = dot == STR_NPOS ? STR("") : str_slice(path, dot + 1, STR_NPOS);
    return str_slice(rest, 0, str_find_char(rest, '.'));
}

/* How many fields of the call are at least of the same kind as some of the set: a user, an asset. */
static size_t kinds_in(const metric_call *c, pk_str set)
{
    size_t found = 0;
    while (set.len) {
        pk_str kind = second_segment(next_part(&set, ','));
        for (size_t i = 0; i < c->field_count; i++) found += str_equal(second_segment(c->fields[i]->as.argument.name), kind);
    }
    return found;
}

static bool known_fields(const reader *r)
{
    udm_path p;
    for (size_t i = 0; i < r->out->field_count; i++)
        if (!udm_resolve(UDM_EVENT, metric_field_path(r->out->fields[i]->as.argument.name), r->arena, &p, NULL)) return false;
    return true;
}

/* How many fields of the call the set has, and how many the set has itself. */
static size_t fields_in(const metric_call *c, pk_str set, size_t *members)
{
    size_t found = 0;
    for (*members = 0; set.len; ++*members) {
        pk_str member = next_part(&set, ',');
        bool has = false;
        for (size_t i = 0; i < c->field_count; i++) has |= identifies(metric_field_path(c->fields[i]->as.argument.name), member);
        found += has;
    }
    return found;
}

/* Google's service keeps a metric by certain sets of fields only; here any will do. */
static void check_set(reader *r)
{
    pk_str rest = str_from(r->out->definition->dimensions), nearest = STR("");
    size_t wanted = 0, best = 0, members;
    for (size_t i = 0; i < r->out->field_count; i++) wanted += !metric_is_namespace(r->out->fields[i]->as.argument.name);
    if (!rest.len || !wanted || !known_fields(r)) return;
    while (rest.len) {
        pk_str set = next_part(&rest, ';');
        size_t found = fields_in(r->out, set, &members);
        if (found == wanted && members == wanted) return;
        size_t likeness = found * 1000 + kinds_in(r->out, set) * 100 + (50 > members ? 50 - members : 0);
        if (likeness <= best) continue;
        best = likeness;
        nearest = set;
    }
    tell(r, PK_WARNING, r->call->span, arena_printf(r->arena, "the nearest is " STR_FMT, STR_ARG(nearest)),
         arena_printf(r->arena, "Google's service does not keep '" STR_FMT "' by these fields", STR_ARG(r->out->definition->name)));
}

static void read_fields(reader *r)
{
    size_t stars = 0, fields = 0;
    for (size_t i = 0; i < r->out->field_count; i++) {
        const yaral_node *n = r->out->fields[i];
        bool namespace = metric_is_namespace(n->as.argument.name);
        fields += !namespace;
        if (n->args[0]->kind == YARAL_STAR) {
            r->out->counted = n;
            stars++;
        }
        bool empty = n->args[0]->kind == YARAL_STRING && n->args[0]->as.string.text.len == 0;
        if (empty && !namespace)
            tell(r, PK_WARNING, n->span, STR(""), STR("no observation has an empty field: the metric is 0"));
    }
    if (!fields)
        tell(r, PK_ERROR, r->call->span, STR("add one, as in principal.asset.hostname:$host"), STR("a metric is of the value of some field"));
    if (r->out->measure == METRIC_UNIQUE && stars != 1)
        tell(r, PK_ERROR, r->call->span, STR("give the field to count the value *"), STR("num_unique_filter_values counts the values of one field"));
    if (r->out->measure < METRIC_UNIQUE && stars)
        tell(r, PK_ERROR, r->out->counted->span, STR("write metric:num_unique_filter_values"), STR("'*' stands where the values of a field are counted"));
    check_set(r);
}

/* ---- filter ---- */

static bool check_filter(yaral_node *n, void *user)
{
    reader *r = user;
    if (n->kind == YARAL_WORD) {
        bool known = false;
        for (size_t i = 0; i < METRIC_UNIQUE; i++) known |= str_equal(n->as.word, metric_measure_names[i]);
        if (str_equal(n->as.word, metric_measure_names[METRIC_VALUE]) && !r->out->definition->reason && !*r->out->definition->value)
            tell(r, PK_ERROR, n->span, STR(""), arena_printf(r->arena, "'" STR_FMT "' has no value_sum", STR_ARG(r->out->definition->name)));
        if (!known)
            tell(r, PK_ERROR, n->span, hint_of(r, n->as.word, metric_measure_names, METRIC_UNIQUE),
                 arena_printf(r->arena, "a filter of a metric can't ask for '" STR_FMT "'", STR_ARG(n->as.word)));
    } else if (n->kind == YARAL_FIELD || n->kind == YARAL_VARIABLE || n->kind == YARAL_COUNT || n->kind == YARAL_LIST || n->kind == YARAL_ARGUMENT) {
        tell(r, PK_ERROR, n->span, STR("it asks event_count_sum, value_sum, first_seen or last_seen"), STR("a filter of a metric reads no field and no variable"));
        return false;
    }
    return true;
}

static void read_filter(reader *r)
{
    const yaral_node *n = r->arguments[ARGUMENT_FILTER];
    if (!n) return;
    r->out->filter = n->args[0];
    yaral_walk(n->args[0], check_filter, r);
    if (r->out->measure == METRIC_UNIQUE)
        tell(r, PK_WARNING, n->span, STR(""), STR("a filter of num_unique_filter_values is not documented; it asks all events of the period"));
}

bool metric_read(arena *a, const yaral_node *call, metric_call *out, metric_fault_fn fault, void *user)
{
    reader r = {.arena = a, .call = call, .out = out, .fault = fault, .user = user};
    *out = (metric_call){.definition = metric_find(call->as.call.name)};
    if (!out->definition) return false;
    sort_arguments(&r);
    read_times(&r);
    read_measure(&r);
    read_fields(&r);
    read_filter(&r);
    return !r.failed;
}
