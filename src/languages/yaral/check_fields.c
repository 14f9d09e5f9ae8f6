/*
 * Fields against the data model. One that the model does not have is told with the nearest name; the rule is kept, since the
 * model grows and other tools write more than it says, and the field is then missing in every event.
 */
#include "languages/yaral/check.h"

/* Where a part of the path stands: the segment that begins at this offset of its text, or the whole field. */
static span segment_at(checker *k, const yaral_node *n, size_t at)
{
    for (size_t i = 0; i < n->as.field.segment_count; i++) {
        yaral_node front = *n;
        front.as.field.segment_count = i + 1;
        if (yaral_path_text(k->arena, &front).len > at) return n->as.field.segments[i].span;
    }
    return n->span;
}

static void report_path(checker *k, const yaral_node *n, const udm_error *e)
{
    span at = segment_at(k, n, e->at);
    const char *hint = e->nearest.len ? arena_cstring(k->arena, arena_printf(k->arena, "did you mean '" STR_FMT "'?", STR_ARG(e->nearest))) : NULL;
    pk_str word = str_slice(e->word, 0, 100);
    switch (e->fault) {
    case UDM_UNKNOWN_FIELD:
        check_report(k, PK_WARNING, "yaral-field", at, hint, "the data model has no field '" STR_FMT "' in " STR_FMT "; it is missing in every event",
                     STR_ARG(word), STR_ARG(e->message));
        break;
    case UDM_NO_FIELDS:
        check_report(k, PK_WARNING, "yaral-field", at, hint, "'" STR_FMT "' has no fields below it", STR_ARG(word));
        break;
    case UDM_NOT_A_LIST:
        check_report(k, PK_WARNING, "yaral-field", at, NULL, "'" STR_FMT "' is no list, so that an index has no meaning", STR_ARG(word));
        break;
    case UDM_NOT_A_MAP:
        check_report(k, PK_WARNING, "yaral-field", at, "keys stand behind labels, and behind fields of additional and extracted",
                     "'" STR_FMT "' has no keys", STR_ARG(word));
        break;
    case UDM_SYNTAX:
        check_report(k, PK_WARNING, "yaral-field", n->span, NULL, "this is no path of the data model");
        break;
    }
}

static void check_quantifier(checker *k, const yaral_node *n, const udm_path *path)
{
    if (n->as.field.quantifier == YARAL_PLAIN || path->repeated) return;
    check_report(k, PK_WARNING, "yaral-quantifier", n->span, "leave it out", "'%s' before a field that has one value",
                 n->as.field.quantifier == YARAL_ANY ? "any" : "all");
}

/* The first part of a list that has an index, behind lists that have none: Google's compiler asks for all of them. */
static void check_indexes(checker *k, const yaral_node *n, const udm_path *path)
{
    bool indexed = false;
    for (size_t i = 0; i < n->as.field.segment_count; i++) indexed |= n->as.field.segments[i].kind == YARAL_SEGMENT_INDEX;
    if (indexed && path->repeated)
        check_report(k, PK_WARNING, "yaral-index", n->span, "give all of them an index", "an index stands in this path, but not behind each of its lists");
}

static bool check_field(yaral_node *n, void *user)
{
    checker *k = user;
    if (n->kind != YARAL_FIELD) return true;
    udm_path path;
    udm_error error;
    pk_str written = yaral_path_text(k->arena, n);
    if (!written.len) return true;
    if (!udm_resolve(check_root(n->as.field.source), written, k->arena, &path, &error)) {
        report_path(k, n, &error);
        return true;
    }
    check_quantifier(k, n, &path);
    check_indexes(k, n, &path);
    return true;
}

/* One name for events and for entities has no meaning. */
static bool check_source(yaral_node *n, void *user)
{
    checker *k = user;
    if (n->kind != YARAL_FIELD) return true;
    const yaral_variable *v = &k->ast->variables[n->as.field.index];
    static const char *const names[] = {"an event", "an entity", "a detection"};
    if (n->as.field.source != v->source)
        check_report(k, PK_ERROR, "yaral-source", n->span, "give each a variable of its own", "'$" STR_FMT "' is %s here and %s elsewhere",
                     STR_ARG(v->name), names[n->as.field.source], names[v->source]);
    return true;
}

void check_fields(checker *k)
{
    check_each_node(k, check_field);
    check_each_node(k, check_source);
}
