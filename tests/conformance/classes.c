/*
 * What the schemas make of logs: layouts and classes of all events, and how many have a time.
 *
 *     classes [--files] [--sources] [--seconds] PATH...
 *
 * Without a path: every folder of the corpora with the number of its events, of those of the open class and of those without
 * a time; fails if a folder whose logs are all described has more open ones than it should. Else it reads each path as picket
 * does and prints, for each layout and list of classes, how many events have them, how many of those have no readable time,
 * and a file that holds one; then the sum, and how many events are of the open class. --files: a line for each file.
 * --sources: for each log source that a class provides, how many events had it. --seconds: what
 * reading and classifying cost.
 */
#include <time.h>

#include "../tools/corpora.h"
#include "base/hash.h"
#include "figure.h"
#include "formats/input.h"
#include "schema/schema.h"

typedef struct { uint64_t events, timeless; pk_str example; } tally;

typedef struct {
    schema *schema;
    path_set *paths;
    classifier *classifier;
    arena *arena, *scratch;
    table index;
    VEC(tally) tallies;
    VEC(pk_str) names;
    uint64_t *of_class;
    uint64_t events, open, timeless, file_events, file_open;
    double seconds;
    bool files;
    pk_str file;
} survey;

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static pk_str name_of(const survey *s, const classification *k)
{
    pk_str out = arena_concat(s->scratch, schema_layout_name(s->schema, k->layout), STR("\t"));
    for (size_t i = 0; i < k->class_count; i++)
        out = arena_printf(s->scratch, STR_FMT "%s" STR_FMT, STR_ARG(out), i ? " " : "",
                           STR_ARG(schema_class(s->schema, k->classes[i])->name));
    return out;
}

static tally *tally_of(survey *s, pk_str name)
{
    uint32_t at = table_get(&s->index, name);
    if (at == TABLE_NONE) {
        tally fresh = {.example = arena_str(s->arena, s->file)};
        name = arena_str(s->arena, name);
        at = (uint32_t)s->tallies.len;
        table_put(&s->index, name, at);
        vec_push(&s->tallies, fresh);
        vec_push(&s->names, name);
    }
    return &s->tallies.at[at];
}

static bool survey_event(const event *e, void *user)
{
    survey *s = user;
    double start = now();
    classification k = classify(s->classifier, e, CLASS_NONE);
    s->seconds += now() - start;
    arena_reset(s->scratch);
    tally *t = tally_of(s, name_of(s, &k));
    bool timeless = classifier_time(s->classifier, e, &k, s->scratch) == TIMESTAMP_NONE;
    t->events++;
    t->timeless += timeless;
    s->events++;
    s->file_events++;
    s->timeless += timeless;
    s->open += k.class_count == 0;
    s->file_open += k.class_count == 0;
    for (size_t i = 0; i < k.class_count; i++) s->of_class[k.classes[i]]++;
    return true;
}

static void survey_stream(survey *s, const input_item *item, diag_list *d)
{
    static const cut_options options = {.record_limit = (size_t)50 << 20, .block_size = 1 << 20};
    const format *f = item->format;
    void *cutter = f->cut_new(item->stream, &options, d);
    reader *r = f->reader_new(s->paths);
    event_source source = {.file = item->name, .input = item->input, .record = -1};
    block b = {0};
    uint64_t damaged = 0;
    s->file = item->name;
    s->file_events = s->file_open = 0;
    while (f->cut(cutter, &b, d) == PK_OK)
        if (f->read(r, &b, &source, survey_event, s, d, &damaged) == PK_STOPPED) break;
    if (s->files)
        printf("%s\t%llu\t%llu\t" STR_FMT "\n", f->name, (unsigned long long)s->file_events, (unsigned long long)s->file_open,
               STR_ARG(item->name));
    f->cut_free(cutter);
    f->reader_free(r);
    block_free(&b);
}

static void survey_path(survey *s, const char *path, diag_list *d)
{
    input_options options = {0};
    input_list *list = input_list_new(&options);
    input_item item;
    input_result result;
    if (input_add(list, path, d) == PK_OK)
        while ((result = input_next(list, &item, d)) != INPUT_END)
            if (result == INPUT_OPENED) survey_stream(s, &item, d);
    input_list_free(list);
}

static void print_sources(const survey *s)
{
    for (size_t i = 0; i < schema_class_count(s->schema); i++) {
        const event_class *c = schema_class(s->schema, (class_id)i);
        for (size_t k = 0; k < c->source_count; k++)
            printf("source\t%llu\t" STR_FMT "/" STR_FMT "/" STR_FMT "\t" STR_FMT "\n", (unsigned long long)s->of_class[i],
                   STR_ARG(c->sources[k].product), STR_ARG(c->sources[k].category), STR_ARG(c->sources[k].service), STR_ARG(c->name));
    }
}

/* Folders of the corpora, and how many of their events no class describes: in `otrf` five records of a connection monitor; the
 * rest of `services` and `panther` are logs of applications that no public rule names. */
static const struct { const char *path; bool large; uint64_t open; } folders[] = {
    {"rules/sigma/regression_data", false, 0}, {"logs/evtx", false, 0},       {"logs/otrf", true, 5},
    {"logs/splunk-attack-data", false, 0},     {"logs/zeek", true, 0},        {"logs/suricata", false, 0},
    {"logs/aws-cloudtrail", false, 0},         {"logs/panther", false, 3622}, {"logs/services", false, 3120},
    {"logs/splunk-examples", false, 195},      {"logs/udm", false, 137},      {"logs/entities", false, 9},
};

static int survey_corpora(survey *s, diag_list *d)
{
    const char *root = corpora_or_skip(sizeof folders / sizeof *folders);
    int failures = 0;
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
        if (folders[i].large && !corpora_all()) continue;
        survey before = *s;
        survey_path(s, arena_cstring(s->arena, arena_printf(s->arena, "%s/%s", root, folders[i].path)), d);
        uint64_t events = s->events - before.events, open = s->open - before.open;
        bool good = events > 0 && open <= folders[i].open;
        printf("%-4s %-28s %8llu events %6llu open %6llu without a time\n", good ? "ok" : "FAIL", folders[i].path,
               (unsigned long long)events, (unsigned long long)open, (unsigned long long)(s->timeless - before.timeless));
        failures += !good;
    }
    figure("events whose class some schema knows", "%llu of %llu; %d folders have fewer than they should", (unsigned long long)(s->events - s->open),
           (unsigned long long)s->events, failures);
    return failures > 0;
}

int main(int argc, char **argv)
{
    survey s = {.arena = arena_new(), .scratch = arena_new()};
    diag_list *d = diag_list_new();
    bool sources = false, seconds = false;
    if (schema_load(&s.schema, PICKET_SOURCE_DIR "/share/schemas", d) != PK_OK) return 2;
    s.of_class = mem_zalloc(schema_class_count(s.schema), sizeof *s.of_class);
    s.paths = path_set_new();
    schema_register(s.schema, s.paths);
    path_set_freeze(s.paths);
    s.classifier = classifier_new(s.schema, s.paths);
    double start = now();
    int failed = argc == 1 ? survey_corpora(&s, d) : 0;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--files") == 0) s.files = true;
        else if (strcmp(argv[i], "--sources") == 0) sources = true;
        else if (strcmp(argv[i], "--seconds") == 0) seconds = true;
        else survey_path(&s, argv[i], d);
    }
    for (size_t i = 0; i < s.tallies.len && argc > 1; i++)
        printf("%llu\t%llu\t" STR_FMT "\t" STR_FMT "\n", (unsigned long long)s.tallies.at[i].events,
               (unsigned long long)s.tallies.at[i].timeless, STR_ARG(s.names.at[i]), STR_ARG(s.tallies.at[i].example));
    if (sources) print_sources(&s);
    printf("%llu events, %llu open, %llu without a time\n", (unsigned long long)s.events, (unsigned long long)s.open,
           (unsigned long long)s.timeless);
    if (seconds) printf("%.2f s in all, %.3f s of it classifying\n", now() - start, s.seconds);
    classifier_free(s.classifier);
    path_set_free(s.paths);
    schema_free(s.schema);
    table_free(&s.index);
    vec_free(&s.tallies);
    vec_free(&s.names);
    mem_free(s.of_class);
    diag_list_free(d);
    arena_free(s.arena);
    arena_free(s.scratch);
    return failed;
}
