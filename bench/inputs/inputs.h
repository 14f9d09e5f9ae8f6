/* What the benchmarks read, made from the corpora or from what ships: each command of `bench_inputs` is one function. */
#ifndef PICKET_BENCH_INPUTS_H
#define PICKET_BENCH_INPUTS_H

#include "base/text.h"
#include "formats/input.h"

/* Each returns the exit code. argv[0] is the name of the command, argv[argc] is NULL. */
int dense_evtx(int argc, char **argv);
int small_evtx(int argc, char **argv);
int json_lines(int argc, char **argv);
int flat_events(int argc, char **argv);
int vary_events(int argc, char **argv);
int quiet_events(int argc, char **argv);
int long_events(int argc, char **argv);
int sample_rules(int argc, char **argv);
int vary_rules(int argc, char **argv);
int hard_rules(int argc, char **argv);
int join_events(int argc, char **argv);

/* ---- files.c ---- */

void fail(const char *message, ...) __attribute__((noreturn, format(printf, 1, 2)));
/* A whole file, with 64 zeros behind it, in `a`. */
pk_str read_whole(arena *a, const char *path);
void write_whole(const char *path, pk_str bytes);
void make_folder(const char *path);                     /* with those above it */
/* The paths of all regular files at and below `path` that end so, in byte order. */
typedef struct { VEC(char *) paths; } file_names;
file_names find_files(arena *a, const char *path, const char *ending);

/* ---- numbers that follow from a seed alone ---- */


typedef struct { uint64_t state; } dice;
uint64_t roll(dice *d);

#endif
