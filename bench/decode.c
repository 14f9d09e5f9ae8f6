/*
 * bench_decode RULES LOG: how long reading takes that fills the fields which the rules ask for, with nothing asked of them
 * and nothing printed. Loading is not timed.
 */
#include <stdio.h>
#include <time.h>

#include "../tests/tools/log_events.h"
#include "api/api.h"

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

typedef struct { uint64_t events, fields; } counts;

static bool on_event(const event *e, void *user)
{
    counts *c = user;
    c->events++;
    c->fields += e->field_count;
    for (size_t i = 0; i < e->field_count; i++) (void)event_field_value(e, &e->fields[i]);
    return true;
}

int main(int argc, char **argv)
{
    pk_catalog *c;
    pk_program *p;
    if (argc != 3 || pk_catalog_new(&c, PICKET_SOURCE_DIR "/share") != PK_OK || pk_catalog_load(c, argv[1]) != PK_OK ||
        pk_program_build(&p, c, NULL) != PK_OK) {
        fprintf(stderr, "bench_decode RULES LOG\n");
        return 3;
    }
    log_readers readers = {.paths = program_paths(p->compiled)};
    diag_list *d = diag_list_new();
    counts n = {0};
    double start = now();
    each_event_of_path(&readers, argv[2], on_event, &n, d);
    printf("events %llu\nfields %llu\nseconds %.6f\n", (unsigned long long)n.events, (unsigned long long)n.fields, now() - start);
    log_readers_free(&readers);
    diag_list_free(d);
    pk_program_free(p);
    pk_catalog_free(c);
    return 0;
}
