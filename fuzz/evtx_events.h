/* What both EVTX targets do with each event: its tree, and its fields by paths, which must agree. */
#ifndef PICKET_FUZZ_EVTX_EVENTS_H
#define PICKET_FUZZ_EVTX_EVENTS_H

#include <stdio.h>
#include <stdlib.h>

#include "../tests/formats/memory_stream.h"
#include "../tests/tools/every_value.h"
#include "../tests/tools/outlines.h"
#include "formats/evtx/evtx.h"

static const char *const fuzz_paths[] = {
    "Event.System.EventID",
    "Event.System.EventID.#text",
    "Event.System.Provider.#attributes.Name",
    "Event.System.Channel",
    "Event.System.TimeCreated.#attributes.SystemTime",
    "Event.EventData.Image",
    "Event.EventData.Data",
    "Event.EventData.Image_attributes.Type",
    "Event.UserData.*.Deep",
    "Event.*.*",
    "Event.*.#attributes.*",
    "*.A.#text",
    "Event.*",
};

enum { PATHS = sizeof fuzz_paths / sizeof *fuzz_paths };

typedef struct {
    arena *arena;
    const path_set *paths;
    text json;
    outline_book outlines;
    size_t by_tree[PATHS], by_path[PATHS];
} fuzz_state;

/* The one thing that is kept from input to input: it never changes. */
static const path_set *fuzz_path_set(void)
{
    static path_set *set;
    if (set) return set;
    set = path_set_new();
    for (size_t i = 0; i < PATHS; i++) path_add(set, str_from(fuzz_paths[i]));
    path_set_freeze(set);
    return set;
}

static void fuzz_state_init(fuzz_state *x) { *x = (fuzz_state){.arena = arena_new(), .paths = fuzz_path_set(), .outlines = {.arena = arena_new()}}; }

static void fuzz_state_free(fuzz_state *x)
{
    arena_free(x->arena);
    text_free(&x->json);
    outline_book_free(&x->outlines);
}

/* Scalars of a tree at each path, by the rules of event/path.h. */
static void count_scalars(fuzz_state *x, const value *v, path_node node)
{
    const path_slot *slots;
    if (node == PATH_NONE) return;
    if (v->type == VALUE_RECORD) {
        for (size_t i = 0; i < v->as.record.count; i++)
            count_scalars(x, &v->as.record.fields[i].value, path_child(x->paths, node, v->as.record.fields[i].name));
    } else if (v->type == VALUE_LIST) {
        for (size_t i = 0; i < v->as.list.count; i++) count_scalars(x, &v->as.list.items[i], node);
    } else {
        for (size_t n = path_node_slots(x->paths, node, &slots); n; n--) x->by_tree[slots[n - 1]]++;
    }
}

static bool fuzz_event(const event *e, void *user)
{
    fuzz_state *x = user;
    arena_reset(x->arena);
    text_clear(&x->json);
    memset(x->by_tree, 0, sizeof x->by_tree);
    memset(x->by_path, 0, sizeof x->by_path);
    const value *tree = event_tree(e, x->arena);
    value_write_json(&x->json, tree);
    if (!every_value_agrees(e, tree, x->arena)) abort();
    if (!outline_agrees(&x->outlines, e, tree, x->arena)) abort();
    count_scalars(x, tree, PATH_ROOT);
    for (size_t i = 0; i < e->field_count; i++) x->by_path[e->fields[i].slot]++;
    for (size_t i = 0; i < PATHS; i++) {
        if (x->by_tree[i] == x->by_path[i]) continue;
        fprintf(stderr, STR_FMT "\n%s: %zu values by path, %zu by tree\n", STR_ARG(text_view(&x->json)), fuzz_paths[i],
                x->by_path[i], x->by_tree[i]);
        abort();
    }
    return true;
}

#endif
