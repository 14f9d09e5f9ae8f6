/* The pages there are. */
#include "web/routes.h"

const route routes[] = {
    {"/", "summary", "start", view_start, "start", NULL, false, 0, false},
    {"/rules", "rules", "rules", view_rules, "rules", "rules", false, 0, false},
    {"/rules/problems", "problems", "problems", view_problems, "problems", "problems", false, 0, false},
    {"/rules/{language}/{key}", "rule", "rule", view_rule, "rules", NULL, false, 0, false},
    {"/rules/{language}", "rules", "rules", view_rules, "rules", "rules", false, 0, false},
    {"/attack", "matrix", "matrix", view_matrix, "attack", "rows", true, 0, false},
    {"/attack/{id}", "technique", "technique", view_technique, "attack", NULL, false, 0, false},
    {"/sources", "sources", "sources", view_sources, "sources", "sources", false, 0, false},
    {"/sources/{key}", "source", "source", view_source, "sources", NULL, false, 0, false},
    {"/indicators", "predicates", "indicators", view_indicators, "indicators", "predicates", false, 0, false},
    {"/indicators/{key}", "predicate", "indicator", view_indicator, "indicators", NULL, false, 500, false},
    {"/fields", "fields", "fields", view_fields, "fields", "fields", false, 0, false},
    {"/fields/{name}", "field", "field", view_field, "fields", NULL, false, 50, false},
    {"/search", "search", "search", view_search, "search", NULL, false, 0, false},
    {"/compare", "compare", "compare", view_compare, "compare", NULL, false, 0, true},
    {"/coverage", "coverage", "coverage", view_coverage, "coverage", NULL, false, 0, false},
    {"/run", "run", "run", view_run, "run", NULL, false, 0, false},
    {"/api", NULL, "api", view_api, "api", NULL, false, 0, false},
    {"/login", NULL, "login", view_login, "login", NULL, false, 0, false},
    {0},
};

const navigation_entry navigation[] = {
    {"Rules", "rules", PLACE_RULES, true},
    {"ATT&CK", "attack", PLACE_MATRIX, true},
    {"Sources", "sources", PLACE_SOURCES, true},
    {"Indicators", "indicators", PLACE_INDICATORS, true},
    {"Fields", "fields", PLACE_FIELDS, true},
    {"Coverage", "coverage", PLACE_COVERAGE, true},
    {"Problems", "problems", PLACE_PROBLEMS, true},
    {"Compare", "compare", PLACE_COMPARE, false},
    {"Run", "run", PLACE_RUN, true},
    {0},
};

const route *route_find(arena *a, pk_str path, argument_list *names)
{
    for (int rest = 0; rest < 2; rest++) /* keys of event classes hold a slash: only what fits nothing else is one */
        for (const route *r = routes; r->path; r++)
            if (path_matches(a, str_from(r->path), path, rest == 1, names)) return r;
    return NULL;
}
