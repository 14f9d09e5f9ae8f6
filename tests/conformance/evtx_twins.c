/*
 * Evidence for what the EVTX reader makes of a record, over the EVTX files of the corpora's catalogue:
 *
 * - the regression evidence has a JSON twin of each file, written by another decoder: both are compared field by field,
 *   and what differs is counted by the kinds of `kinds` below; any other difference fails;
 * - the values that the reader gives by paths are those of the whole tree.
 */
#include "../tools/corpora.h"
#include "../tools/every_value.h"
#include "../tools/outlines.h"
#include "../tools/log_events.h"
#include "../tools/path_order.h"
#include "figure.h"

/* The ways in which the two may differ, and why. */
typedef enum { GUID_BRACES, TIME_DIGITS, BLANK, OUTER_SPACE, LETTER_CASE, OTHER, KINDS } kind;

static const char *const kinds[KINDS] = {
    [GUID_BRACES] = "GUIDs: ours in braces, as Windows writes them",
    [TIME_DIGITS] = "times: ours have seven digits where the seventh is not zero, theirs six or nine",
    [BLANK] = "empty elements: ours blank (shown as \"\"), theirs null",
    [OUTER_SPACE] = "white space at the ends of texts: the twins were trimmed",
    [LETTER_CASE] = "letter case: one twin was edited by hand",
    [OTHER] = "other",
};
enum { EDITED = 1 }; /* texts that differ in letter case in the corpora */

typedef struct {
    VEC(value) records;
    arena *kept, *scratch;
} records;

static bool keep_record(const event *e, void *user)
{
    records *r = user;
    arena_reset(r->scratch);
    vec_push(&r->records, value_copy(r->kept, event_tree(e, r->scratch)));
    return true;
}

static void records_free(records *r)
{
    vec_free(&r->records);
    arena_free(r->kept);
    arena_free(r->scratch);
}

static records read_records(const char *path, log_readers *readers)
{
    records r = {.kept = arena_new(), .scratch = arena_new()};
    diag_list *d = diag_list_new();
    each_event_of_path(readers, path, keep_record, &r, d);
    diag_list_free(d);
    return r;
}

/* ---- differences ---- */

typedef struct {
    size_t found[KINDS], values;
    const char *file;
} differences;

static bool is_guid_of(pk_str ours, pk_str theirs)
{
    return ours.len == theirs.len + 2 && ours.ptr[0] == '{' &&
           str_equal_ascii_fold(str_slice(ours, 1, theirs.len), theirs);
}

/* The same microsecond, written with more or fewer digits. */
static bool is_time_of(pk_str ours, pk_str theirs)
{
    timestamp a = timestamp_parse_iso(ours), b = timestamp_parse_iso(theirs);
    return a != TIMESTAMP_NONE && b != TIMESTAMP_NONE && a / 1000 == b / 1000;
}

static bool is_blank(const value *v)
{
    return v->type == VALUE_BLANK || v->type == VALUE_NULL || (v->type == VALUE_STRING && v->as.string.len == 0);
}

static kind kind_of(const value *ours, const value *theirs)
{
    if (is_blank(ours) && is_blank(theirs)) return BLANK;
    if (ours->type != VALUE_STRING || theirs->type != VALUE_STRING) return OTHER;
    pk_str a = ours->as.string, b = theirs->as.string;
    if (is_guid_of(a, b)) return GUID_BRACES;
    if (is_time_of(a, b)) return TIME_DIGITS;
    if (str_equal(str_trim(a), str_trim(b))) return OUTER_SPACE;
    return str_equal_ascii_fold(a, b) ? LETTER_CASE : OTHER;
}

static void differ(differences *d, const value *ours, const value *theirs, pk_str name)
{
    kind k = kind_of(ours, theirs);
    d->found[k]++;
    if (k != OTHER && k != LETTER_CASE) return;
    text t = {0};
    value_write_json(&t, ours);
    text_put_cstring(&t, " / ");
    value_write_json(&t, theirs);
    printf("%s: " STR_FMT ": " STR_FMT "\n", d->file, STR_ARG(name), STR_ARG(text_view(&t)));
    text_free(&t);
}

static void compare(differences *d, const value *ours, const value *theirs, pk_str name)
{
    d->values++;
    if (value_equal(ours, theirs)) return;
    bool both = ours->type == VALUE_RECORD && theirs->type == VALUE_RECORD;
    if (!both || ours->as.record.count != theirs->as.record.count) {
        differ(d, ours, theirs, name);
        return;
    }
    for (size_t i = 0; i < ours->as.record.count; i++) {
        const value_field *a = &ours->as.record.fields[i];
        const value *b = value_get(theirs, a->name);
        if (b) compare(d, &a->value, b, a->name);
        else differ(d, &a->value, theirs, a->name);
    }
}

static pk_str record_id(const value *record, arena *a)
{
    const value *id = value_get(record, STR("Event"));
    pk_str s = STR("");
    id = id ? value_get(id, STR("System")) : NULL;
    id = id ? value_get(id, STR("EventRecordID")) : NULL;
    return id && value_text(a, id, &s) ? s : STR("");
}

/* The twin's record of the same id; some twins are in another order. */
static const value *twin_of(const value *record, const records *twins, arena *a)
{
    for (size_t i = 0; i < twins->records.len; i++)
        if (str_equal(record_id(record, a), record_id(&twins->records.at[i], a))) return &twins->records.at[i];
    return NULL;
}

/* false: the twin has other records. */
static bool compare_twin(const char *path, log_readers *readers, differences *d)
{
    arena *a = arena_new();
    pk_str json = arena_printf(a, "%.*s.json", (int)(strlen(path) - strlen(".evtx")), path);
    records ours = read_records(path, readers), theirs = read_records(json.ptr, readers);
    bool same = ours.records.len == theirs.records.len;
    d->file = path;
    for (size_t i = 0; same && i < ours.records.len; i++) {
        const value *twin = twin_of(&ours.records.at[i], &theirs, a);
        same = twin != NULL;
        if (twin) compare(d, &ours.records.at[i], twin, STR("record"));
    }
    if (!same) printf("%s: %zu records, its twin %zu, or others\n", path, ours.records.len, theirs.records.len);
    records_free(&ours);
    records_free(&theirs);
    arena_free(a);
    return same;
}

/* ---- by paths and by tree ---- */

static const char *const paths[] = {
    "Event.System.EventID",
    "Event.System.EventID.#text",
    "Event.System.EventID.#attributes.Qualifiers",
    "Event.System.Provider.#attributes.Name",
    "Event.System.Channel",
    "Event.System.EventRecordID",
    "Event.System.TimeCreated.#attributes.SystemTime",
    "Event.System.Security.#attributes.UserID",
    "Event.System.Keywords",
    "Event.EventData.Image",
    "Event.EventData.CommandLine",
    "Event.EventData.Data",
    "Event.EventData.Binary",
    "Event.EventData.*",
    "Event.EventData.#text",
    "Event.UserData.*.*",
    "Event.UserData.*.#attributes.*",
    "Event.RenderingInfo.*",
    "Event.EventData.ThreatName",
    "Event.EventData.LogonGuid",
    "Event.UserData.*.*.#attributes.*",
    "Event.*",
};

typedef struct {
    const path_set *set;
    arena *arena;
    size_t events, values, different;
    outline_book outlines;
} agreement;

static bool compare_paths(const event *e, void *user)
{
    agreement *x = user;
    arena_reset(x->arena);
    const value *tree = event_tree(e, x->arena);
    if (!every_value_agrees(e, tree, x->arena)) {
        x->different++;
        printf(STR_FMT " record %lld: its values and those of its tree differ\n", STR_ARG(e->source.file), (long long)e->source.record);
    }
    if (!outline_agrees(&x->outlines, e, tree, x->arena)) {
        x->different++;
        printf(STR_FMT " record %lld: its outline and its tree differ\n", STR_ARG(e->source.file), (long long)e->source.record);
    }
    for (path_slot slot = 0; slot < path_slot_count(x->set); slot++) {
        list_builder want = {0}, got = {0};
        tree_values(tree, path_text(x->set, slot), x->arena, &want);
        for (size_t i = 0; i < e->field_count; i++)
            if (e->fields[i].slot == slot) list_add(x->arena, &got, *event_field_value(e, &e->fields[i]));
        value a = list_done(&want), b = list_done(&got);
        sort_if_several_places(path_text(x->set, slot), &a);
        sort_if_several_places(path_text(x->set, slot), &b);
        x->values += got.items.len;
        if (value_equal(&a, &b)) continue;
        x->different++;
        printf(STR_FMT " record %lld: by paths and by tree differ at " STR_FMT "\n", STR_ARG(e->source.file),
               (long long)e->source.record, STR_ARG(path_text(x->set, slot)));
    }
    x->events++;
    return true;
}

/* ---- the catalogue ---- */

/* Calls fn for each EVTX file below `folder` that the catalogue names; the number of them. */
static size_t each_evtx(const char *corpora, const char *folder, bool (*fn)(const char *path, void *user), void *user,
                        bool *ok)
{
    char line[8192], path[8192 + 512];
    size_t count = 0;
    snprintf(path, sizeof path, "%s/CATALOGUE.tsv", corpora);
    FILE *f = fopen(path, "r");
    while (f && fgets(line, sizeof line, f)) {
        char *tab = strchr(line, '\t');
        if (!tab || strncmp(tab, "\tevtx\t", 6) != 0 || strncmp(line, folder, strlen(folder)) != 0) continue;
        *tab = 0;
        snprintf(path, sizeof path, "%s/%s", corpora, line);
        *ok &= fn(path, user);
        count++;
    }
    if (f) fclose(f);
    return count;
}

typedef struct {
    log_readers plain, by_path;
    differences found;
    agreement agreed;
} run;

static bool run_twin(const char *path, void *user)
{
    run *r = user;
    return compare_twin(path, &r->plain, &r->found);
}

static bool run_paths(const char *path, void *user)
{
    run *r = user;
    diag_list *d = diag_list_new();
    each_event_of_path(&r->by_path, path, compare_paths, &r->agreed, d);
    diag_list_free(d);
    return true;
}

int main(void)
{
    const char *corpora = corpora_or_skip(458);
    path_set *set = path_set_new();
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) path_add(set, str_from(paths[i]));
    path_set_freeze(set);
    run r = {.by_path = {.paths = set}, .agreed = {.set = set, .arena = arena_new(), .outlines = {.arena = arena_new()}}};
    bool ok = true;
    size_t twins = each_evtx(corpora, "rules/sigma/regression_data/", run_twin, &r, &ok);
    size_t files = each_evtx(corpora, "", run_paths, &r, &ok);
    figure("EVTX evidence against its JSON twins", "%zu files, %zu values compared, %zu differ otherwise than in notation", twins, r.found.values,
           r.found.found[OTHER]);
    for (int k = 0; k < KINDS; k++) printf("    %6zu %s\n", r.found.found[k], kinds[k]);
    figure("EVTX values by paths against the whole tree", "%zu files, %zu events, %zu values, %zu differ", files, r.agreed.events,
           r.agreed.values, r.agreed.different);
    ok &= files > 0 && r.found.found[OTHER] == 0 && r.found.found[LETTER_CASE] <= EDITED && r.agreed.different == 0;
    log_readers_free(&r.plain);
    log_readers_free(&r.by_path);
    printf("%zu records told by their outlines, %zu not\n", r.agreed.outlines.told, r.agreed.outlines.untold);
    outline_book_free(&r.agreed.outlines);
    arena_free(r.agreed.arena);
    path_set_free(set);
    return ok ? 0 : 1;
}
