/* bench_inputs COMMAND ...: one line of the table a command. */
#include <stdio.h>

#include "inputs.h"

static const struct {
    const char *name, *arguments;
    int (*run)(int argc, char **argv);
} commands[] = {
    {"dense-evtx", "OUT MB FROM...", dense_evtx},
    {"small-evtx", "OUT ROUNDS FROM...", small_evtx},
    {"json-lines", "OUT MB FROM...", json_lines},
    {"flat-events", "< EVENTS > OUT", flat_events},
    {"vary-events", "SEED PERCENT ROUNDS FILE > OUT", vary_events},
    {"quiet-events", "ALERTS < EVENTS > OUT", quiet_events},
    {"long-events", "COUNT BYTES > OUT", long_events},
    {"sample-rules", "OUT SEED PRODUCT N... FROM", sample_rules},
    {"vary-rules", "OUT COPIES FROM", vary_rules},
    {"hard-rules", "OUT", hard_rules},
    {"join-events", "COUNT KEYS > OUT", join_events},
};

int main(int argc, char **argv)
{
    size_t n = sizeof commands / sizeof *commands;
    for (size_t i = 0; argc > 1 && i < n; i++) {
        if (strcmp(argv[1], commands[i].name) != 0) continue;
        int code = commands[i].run(argc - 1, argv + 1);
        if (code == 3) fprintf(stderr, "bench_inputs %s %s\n", commands[i].name, commands[i].arguments);
        return code;
    }
    for (size_t i = 0; i < n; i++) fprintf(stderr, "bench_inputs %s %s\n", commands[i].name, commands[i].arguments);
    return 3;
}
