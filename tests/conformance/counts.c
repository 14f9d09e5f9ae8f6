/*
 * Every log of the corpora has as many events as its catalogue says.
 *
 *     counts [--up-to BYTES] [FORMAT...]
 *
 * Reads CATALOGUE.tsv; opens each file as picket does (input.h: detection, decompression), counts the events that its
 * reader gives, and prints for each format of the catalogue how many files agree, and every file that doesn't. --up-to
 * leaves out files that unpack to more (1 MB, unless everything is asked for). Fails unless all agree, but for files that the reference
 * reader itself could not read whole.
 */
#include "../tools/corpora.h"
#include "figure.h"
#include "formats/input.h"

#define FORMS 64 /* of the catalogue, at most */

typedef struct {
    pk_str path, form, events, errors, bytes;
} row;

typedef struct {
    pk_str form;                    /* as the catalogue names it */
    size_t agreed, unsure, total;   /* unsure: differs, but the reference reader had errors in the file, too */
    uint64_t events;
} tally;

static bool count_event(const event *e, void *user)
{
    (void)e;
    (*(uint64_t *)user)++;
    return true;
}

static uint64_t count_stream(const input_item *item, diag_list *d)
{
    static const cut_options options = {.record_limit = (size_t)50 << 20, .block_size = 1 << 20};
    const format *f = item->format;
    void *cutter = f->cut_new(item->stream, &options, d);
    reader *r = f->reader_new(NULL);
    event_source source = {.file = item->name, .input = item->input, .record = -1};
    block b = {0};
    uint64_t events = 0, damaged = 0;
    while (f->cut(cutter, &b, d) == PK_OK)
        if (f->read(r, &b, &source, count_event, &events, d, &damaged) == PK_STOPPED) break;
    f->cut_free(cutter);
    f->reader_free(r);
    block_free(&b);
    return events;
}

/* Events of a file; *kind names the format that it was taken for. */
static uint64_t count_file(const char *path, diag_list *d, const char **kind)
{
    input_options options = {0};
    input_list *list = input_list_new(&options);
    input_item item;
    input_result result;
    uint64_t events = 0;
    *kind = "nothing";
    if (input_add(list, path, d) == PK_OK) {
        while ((result = input_next(list, &item, d)) != INPUT_END) {
            if (result != INPUT_OPENED) continue;
            *kind = item.format->name;
            events += count_stream(&item, d);
        }
    }
    input_list_free(list);
    return events;
}

static pk_str next_column(pk_str *line)
{
    size_t end = str_find_char(*line, '\t');
    pk_str column = str_slice(*line, 0, end == STR_NPOS ? line->len : end);
    *line = str_slice(*line, end == STR_NPOS ? line->len : end + 1, line->len);
    return column;
}

static tally *tally_of(tally *tallies, size_t *count, pk_str form)
{
    for (size_t i = 0; i < *count; i++)
        if (str_equal(tallies[i].form, form)) return &tallies[i];
    tallies[*count] = (tally){.form = form};
    return &tallies[(*count)++];
}

static bool wanted(pk_str form, int names, char **name)
{
    for (int i = 0; i < names; i++)
        if (str_equal(form, str_from(name[i]))) return true;
    return names == 0;
}

static void explain(const row *r, uint64_t events, const char *kind, const diag_list *d)
{
    printf("differs: " STR_FMT ": " STR_FMT " events in the catalogue, %llu read as %s; reference reader had " STR_FMT
           " errors\n", STR_ARG(r->path), STR_ARG(r->events), (unsigned long long)events, kind, STR_ARG(r->errors));
    for (size_t i = 0; i < diag_count(d) && i < 5; i++) {
        const pk_diagnostic *p = diag_at(d, i);
        printf("    %u:%u: " STR_FMT " [%s]\n", p->line, p->column, STR_ARG(p->message), p->code);
    }
}

static void check(const row *r, const char *corpora, tally *t)
{
    arena *a = arena_new();
    diag_list *d = diag_list_new();
    const char *kind;
    int64_t expected = -1;
    str_to_int(r->events, true, &expected);
    pk_str path = arena_printf(a, "%s/" STR_FMT, corpora, STR_ARG(r->path));
    uint64_t events = count_file(arena_cstring(a, path), d, &kind);
    bool agreed = (int64_t)events == expected;
    if (!agreed) explain(r, events, kind, d);
    t->total++;
    t->agreed += agreed;
    t->unsure += !agreed && !str_equal(r->errors, STR("0"));
    t->events += events;
    diag_list_free(d);
    arena_free(a);
}

static char *read_catalogue(const char *corpora, size_t *len)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/CATALOGUE.tsv", corpora);
    FILE *f = fopen(path, "rb");
    if (!f) return NULL;
    fseek(f, 0, SEEK_END);
    long size = ftell(f);
    rewind(f);
    char *bytes = mem_alloc((size_t)size + 1);
    *len = fread(bytes, 1, (size_t)size, f);
    fclose(f);
    return bytes;
}

/* The rows of the catalogue that are asked for; returns the number of tallies. */
static size_t check_catalogue(pk_str catalogue, const char *corpora, int64_t up_to, int names, char **name, tally *tallies)
{
    size_t count = 0;
    for (bool header = true; catalogue.len; header = false) {
        size_t end = str_find_char(catalogue, '\n');
        pk_str line = str_slice(catalogue, 0, end == STR_NPOS ? catalogue.len : end);
        catalogue = str_slice(catalogue, line.len + 1, catalogue.len);
        row r = {.path = next_column(&line), .form = next_column(&line)};
        next_column(&line); /* the source */
        r.events = next_column(&line);
        r.errors = next_column(&line);
        r.bytes = next_column(&line);
        int64_t size = 0;
        str_to_int(r.bytes, false, &size);
        if (header || size > up_to || !wanted(r.form, names, name) || count + 1 == FORMS) continue;
        check(&r, corpora, tally_of(tallies, &count, r.form));
    }
    return count;
}

static void add_tally(tally *sum, const tally *t)
{
    sum->agreed += t->agreed;
    sum->unsure += t->unsure;
    sum->total += t->total;
    sum->events += t->events;
}

static bool print_tallies(const tally *tallies, size_t count)
{
    tally evtx = {.form = STR("EVTX")}, others = {.form = STR("other")};
    for (size_t i = 0; i < count; i++) {
        const tally *t = &tallies[i];
        printf("%-20.*s %4zu of %4zu files agree, %8llu events\n", STR_ARG(t->form), t->agreed, t->total, (unsigned long long)t->events);
        add_tally(str_equal(t->form, STR("evtx")) ? &evtx : &others, t);
    }
    figure("EVTX files with as many records as their catalogue says", "%zu of %zu that its reader could read whole; %zu more that it could not",
           evtx.agreed, evtx.total - evtx.unsure, evtx.unsure);
    figure("other logs with as many events", "%zu of %zu, %llu events", others.agreed, others.total - others.unsure,
           (unsigned long long)others.events);
    return evtx.agreed + evtx.unsure == evtx.total && others.agreed + others.unsure == others.total;
}

int main(int argc, char **argv)
{
    const char *corpora = corpora_or_skip(1358);
    int64_t up_to = corpora_all() ? INT64_MAX : 1000000;
    if (argc > 2 && strcmp(argv[1], "--up-to") == 0) {
        up_to = atoll(argv[2]);
        argc -= 2;
        argv += 2;
    }
    size_t len;
    char *bytes = read_catalogue(corpora, &len);
    if (!bytes) {
        puts("cannot read the catalogue of the corpora");
        return 1;
    }
    tally tallies[FORMS];
    size_t count = check_catalogue((pk_str){bytes, len}, corpora, up_to, argc - 1, argv + 1, tallies);
    bool agreed = print_tallies(tallies, count); /* names are views of the catalogue */
    mem_free(bytes);
    return agreed && count > 0 ? 0 : 1;
}
