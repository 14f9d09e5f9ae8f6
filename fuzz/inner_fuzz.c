/* Records within strings: JSON and XML. What opens has strings that are valid UTF-8, and can be walked. */
#include <stdlib.h>

#include "base/unicode.h"
#include "event/event.h"
#include "event/inner_text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const value *v, void *user)
{
    (void)user;
    if (v->type == VALUE_STRING && !utf8_valid(v->as.string)) abort();
}

static void count(void *user, path_slot slot, const value *v)
{
    size_t *counts = user;
    check(v, NULL);
    counts[slot]++;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const paths[] = {"t.a", "t.{a=b|c/d}.e", "t.*.a", "t.Event.EventData.{#attributes/Name=#text}.X"};
    arena *a = arena_new();
    value holder = value_string(utf8_repair(a, (pk_str){(const char *)data, size}));
    const value *records;
    for (size_t n = inner_text_open(holder.as.string, a, &records); n-- > 0;) tree_each_scalar(&records[n], check, NULL);

    value tree = {.type = VALUE_RECORD, .as.record = {&(value_field){STR("t"), holder}, 1}};
    path_set *set = path_set_new();
    size_t counts[4] = {0};
    for (size_t i = 0; i < 4; i++) path_add(set, str_from(paths[i]));
    path_set_freeze(set);
    path_values(set, PATH_ROOT, &tree, a, count, counts);
    for (size_t i = 0; i < 4; i++) {
        list_builder slow = {0};
        tree_values(&tree, str_from(paths[i]), a, &slow);
        if ((slow.items.len == 0) != (counts[i] == 0)) abort();
    }
    path_set_free(set);
    arena_free(a);
    return 0;
}
