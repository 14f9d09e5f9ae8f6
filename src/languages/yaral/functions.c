/* The functions of the language: for the checker, and as a table for help and documentation. */
#include "languages/yaral/check.h"
#include "languages/yaral/metrics.h"

#define FUNCTION(name, least, most, result, signature, meaning, example) {name, signature, meaning, example},
#define GROUPED FUNCTION
const language_function yaral_functions[] = {
#include "languages/yaral/functions.def"
    {NULL, NULL, NULL, NULL},
};
#undef FUNCTION
#undef GROUPED

#define FUNCTION(name, least, most, result, signature, meaning, example) {{name, sizeof name - 1}, least, most, CHECK_##result, CALL_ROW},
#define GROUPED(name, least, most, result, signature, meaning, example) {{name, sizeof name - 1}, least, most, CHECK_##result, CALL_GROUPED},
static const checked_function functions[] = {
#include "languages/yaral/functions.def"
};
#undef FUNCTION
#undef GROUPED

enum { FUNCTIONS = sizeof functions / sizeof *functions };

/* All of metrics.def: their arguments are checked apart. */
static const checked_function metric = {{"metrics", 7}, 1, 99, CHECK_FLOAT, CALL_METRIC};

const checked_function *check_function(pk_str name)
{
    if (str_starts_with(name, STR("metrics."))) return metric_find(name) ? &metric : NULL;
    for (size_t i = 0; i < FUNCTIONS; i++)
        if (str_equal(functions[i].name, name)) return &functions[i];
    return NULL;
}

static pk_str nearest_metric(arena *a, pk_str name)
{
    VEC(pk_str) names = {0};
    for (size_t i = 0; metric_at(i); i++) vec_push_in(a, &names, arena_concat(a, STR("metrics."), metric_at(i)->name));
    return yaral_did_you_mean(a, name, names.at, names.len);
}

pk_str check_nearest_function(arena *a, pk_str name)
{
    if (str_starts_with(name, STR("metrics."))) return nearest_metric(a, name);
    pk_str names[FUNCTIONS];
    for (size_t i = 0; i < FUNCTIONS; i++) {
        names[i] = functions[i].name;
        size_t dot = str_find_char(names[i], '.'); /* contains(...) without its family */
        if (dot != STR_NPOS && str_equal(str_slice(names[i], dot + 1, STR_NPOS), name))
            return arena_printf(a, "did you mean '" STR_FMT "'?", STR_ARG(names[i]));
    }
    return yaral_did_you_mean(a, name, names, FUNCTIONS);
}
