/* Metrics: what is wrong with a call of one, and what Google's compiler asks of calls together. */
#include "languages/yaral/check.h"
#include "languages/yaral/metrics.h"

static void tell(void *user, pk_severity severity, span at, pk_str hint, pk_str message)
{
    checker *k = user;
    check_report(k, severity, "yaral-metric", at, hint.len ? arena_cstring(k->arena, hint) : NULL, STR_FMT, STR_ARG(message));
}

static void check_field(checker *k, const yaral_node *n)
{
    udm_path p;
    udm_error error;
    pk_str path = metric_field_path(n->as.argument.name);
    if (udm_resolve(UDM_EVENT, path, k->arena, &p, &error)) return;
    pk_str hint = error.nearest.len ? arena_printf(k->arena, "did you mean '" STR_FMT "'?", STR_ARG(error.nearest)) : STR("");
    check_report(k, PK_WARNING, "yaral-metric", n->span, hint.len ? arena_cstring(k->arena, hint) : NULL,
                 "the data model has no field '" STR_FMT "'; the metric is 0", STR_ARG(str_slice(path, 0, 100)));
}

void check_metric(checker *k, const yaral_node *call)
{
    metric_call c;
    metric_read(k->arena, call, &c, tell, k);
    for (size_t i = 0; i < c.field_count; i++) check_field(k, c.fields[i]);
}

typedef struct { checker *checker; const yaral_node *hourly; bool daily; } period_search;

static bool note_period(yaral_node *n, void *user)
{
    period_search *s = user;
    metric_call c;
    if (n->kind == YARAL_CALL && str_starts_with(n->as.call.name, STR("period_start_for_")) && n->count == 1 && !metric_is_call(n->args[0]))
        check_report(s->checker, PK_ERROR, "yaral-metric", n->span, "write it around metrics....(...)", "'" STR_FMT "' is of a metric", STR_ARG(n->as.call.name));
    if (!metric_is_call(n) || !metric_read(s->checker->arena, n, &c, NULL, NULL)) return true;
    if (!c.hourly) s->daily = true;
    else if (!s->hourly) s->hourly = n;
    return true;
}

void check_metrics(checker *k)
{
    period_search s = {.checker = k};
    for (size_t i = 0; i < k->ast->outcome_count; i++) yaral_walk(k->ast->outcomes[i].value, note_period, &s);
    if (s.hourly && !s.daily)
        check_report(k, PK_WARNING, "yaral-metric", s.hourly->span, "add one with period:1d, window:30d",
                     "Google's compiler takes metrics of period:1h only in rules that have one of period:1d as well");
}
