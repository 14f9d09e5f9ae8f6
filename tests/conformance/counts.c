/*
 * Every log of the corpora has as many events as its catalogue says.
 *
 *     counts [--up-to BYTES] [FORMAT...]
 *
 * Reads CATALOGUE.tsv; opens each file as picket does (input.h: detection, decompression), counts the events that its
 * reader gives, and prints for each format of the catalogue how many files agree, and every file that doesn't. --up-to
 * leaves out files that unpack to more. Corpora: $PICKET_CORPORA, else ../shared/corpora from the project's root.
 */
#include <stdio.h>
#include <stdlib.h>

#include "formats/input.h"

typedef struct {
    pk_str path, format, events, errors, bytes;
} row;

typedef struct {
    pk_str format;
    size_t agreed, total;
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

static tally *tally_of(tally *tallies, size_t *count, pk_str format)
{
    for (size_t i = 0; i < *count; i++)
        if (str_equal(tallies[i].format, format)) return &tallies[i];
    tallies[*count] = (tally){.format = format};
    return &tallies[(*count)++];
}

static bool wanted(pk_str format, int names, char **name)
{
    for (int i = 0; i < names; i++)
        if (str_equal(format, str_from(name[i]))) return true;
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

static bool check(const row *r, const char *corpora, tally *t)
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
    t->events += events;
    diag_list_free(d);
    arena_free(a);
    return agreed;
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

int main(int argc, char **argv)
{
    int64_t up_to = INT64_MAX;
    if (argc > 2 && strcmp(argv[1], "--up-to") == 0) {
        up_to = atoll(argv[2]);
        argc -= 2;
        argv += 2;
    }
    const char *given = getenv("PICKET_CORPORA");
    const char *corpora = given ? given : PICKET_SOURCE_DIR "/../shared/corpora";
    size_t len;
    char *bytes = read_catalogue(corpora, &len);
    if (!bytes) {
        printf(given ? "cannot read the catalogue of PICKET_CORPORA\n" : "skipped 1358 cases: corpora absent\n");
        return given ? 1 : 0;
    }
    tally tallies[64];
    size_t count = 0, agreed = 0, total = 0;
    pk_str rest = {bytes, len};
    for (bool header = true; rest.len; header = false) {
        size_t end = str_find_char(rest, '\n');
        pk_str line = str_slice(rest, 0, end == STR_NPOS ? rest.len : end);
        rest = str_slice(rest, line.len + 1, rest.len);
        row r = {.path = next_column(&line), .format = next_column(&line)};
        next_column(&line);
        r.events = next_column(&line);
        r.errors = next_column(&line);
        r.bytes = next_column(&line);
        int64_t size = 0;
        str_to_int(r.bytes, false, &size);
        if (header || size > up_to || !wanted(r.format, argc - 1, argv + 1) || count == 63) continue;
        agreed += check(&r, corpora, tally_of(tallies, &count, r.format));
        total++;
    }
    for (size_t i = 0; i < count; i++)
        printf("%-20.*s %4zu of %4zu files agree, %8llu events\n", STR_ARG(tallies[i].format), tallies[i].agreed,
               tallies[i].total, (unsigned long long)tallies[i].events);
    printf("%-20s %4zu of %4zu\n", "all", agreed, total);
    mem_free(bytes);
    return agreed == total ? 0 : 1;
}
