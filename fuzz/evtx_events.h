/* What both EVTX targets do with each event: its tree, and its fields by paths, which must agree. */
#ifndef PICKET_FUZZ_EVTX_EVENTS_H
#define PICKET_FUZZ_EVTX_EVENTS_H

#include <stdio.h>
#include <stdlib.h>

#include "../tests/formats/memory_stream.h"
#include "formats/evtx/evtx.h"

static const char *const fuzz_paths[] = {
    "Event.System.EventID", "Event.System.EventID.#text", "Event.System.Provider.#attributes.Name", "Event.System.Channel",
    "Event.System.TimeCreated.#attributes.SystemTime", "Event.EventData.Image", "Event.EventData.Data",
    "Event.EventData.Image_attributes.Type", "Event.UserData.*.Deep", "Event.*.*", "Event.*.#attributes.*", "*.A.#text", "Event.*",
};

typedef struct {
    arena *arena;
    path_set *paths;
    text json;
} fuzz_state;

static void fuzz_state_init(fuzz_state *x)
{
    x->arena = arena_new();
    x->paths = path_set_new();
    for (size_t i = 0; i < sizeof fuzz_paths / sizeof *fuzz_paths; i++) path_add(x->paths, str_from(fuzz_paths[i]));
    path_set_freeze(x->paths);
    x->json = (text){0};
}

static void fuzz_state_free(fuzz_state *x)
{
    arena_free(x->arena);
    path_set_free(x->paths);
    text_free(&x->json);
}

static bool fuzz_event(const event *e, void *user)
{
    fuzz_state *x = user;
    arena_reset(x->arena);
    const value *tree = event_tree(e, x->arena);
    text_clear(&x->json);
    value_write_json(&x->json, tree);
    for (path_slot slot = 0; slot < path_slot_count(x->paths); slot++) {
        list_builder want = {0};
        size_t got = 0;
        tree_values(tree, path_text(x->paths, slot), x->arena, &want);
        for (size_t i = 0; i < e->field_count; i++)
            got += e->fields[i].slot == slot;
        if (got == want.items.len) continue;
        fprintf(stderr, STR_FMT "\n%zu values by path, %zu by tree at " STR_FMT "\n", STR_ARG(text_view(&x->json)), got,
                want.items.len, STR_ARG(path_text(x->paths, slot)));
        abort();
    }
    return true;
}

#endif
