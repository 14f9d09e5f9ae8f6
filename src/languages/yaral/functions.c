/* The functions of the language: for the checker, and as a table for help and documentation. */
#include "languages/yaral/check.h"

#define FUNCTION(name, least, most, result, signature, meaning, example) {name, signature, meaning, example},
#define GROUPED FUNCTION
#define STORED FUNCTION
const language_function yaral_functions[] = {
#include "languages/yaral/functions.def"
    {NULL, NULL, NULL, NULL},
};
#undef FUNCTION
#undef GROUPED
#undef STORED

#define FUNCTION(name, least, most, result, signature, meaning, example) {{name, sizeof name - 1}, least, most, CHECK_##result, CALL_ROW},
#define GROUPED(name, least, most, result, signature, meaning, example) {{name, sizeof name - 1}, least, most, CHECK_##result, CALL_GROUPED},
#define STORED(name, least, most, result, signature, meaning, example) {{name, sizeof name - 1}, least, most, CHECK_##result, CALL_STORED},
static const checked_function functions[] = {
#include "languages/yaral/functions.def"
};
#undef FUNCTION
#undef GROUPED
#undef STORED

enum { FUNCTIONS = sizeof functions / sizeof *functions };

/* Any name: which metrics there are depends on what Google computes. */
static const checked_function metric = {{"metrics", 7}, 1, 99, CHECK_FLOAT, CALL_STORED};

const checked_function *check_function(pk_str name)
{
    if (str_starts_with(name, STR("metrics."))) return &metric;
    for (size_t i = 0; i < FUNCTIONS; i++)
        if (str_equal(functions[i].name, name)) return &functions[i];
    return NULL;
}

pk_str check_nearest_function(arena *a, pk_str name)
{
    pk_str names[FUNCTIONS];
    for (size_t i = 0; i < FUNCTIONS; i++) {
        names[i] = functions[i].name;
        size_t dot = str_find_char(names[i], '.'); /* contains(...) without its family */
        if (dot != STR_NPOS && str_equal(str_slice(names[i], dot + 1, STR_NPOS), name))
            return arena_printf(a, "did you mean '" STR_FMT "'?", STR_ARG(names[i]));
    }
    return yaral_did_you_mean(a, name, names, FUNCTIONS);
}
