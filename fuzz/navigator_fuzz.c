/* Navigator layers: what is read is written as a layer of ours, which must read back as what it says. */
#include <stdint.h>
#include <stdlib.h>

#include "base/unicode.h"
#include "catalog/navigator.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    arena *a = arena_new();
    navigator_layer layer, again;
    pk_str message;
    if (navigator_read((pk_str){(const char *)data, size}, a, &layer, &message) != PK_OK) {
        if (!message.len || !utf8_valid(message)) abort();
        arena_free(a);
        return 0;
    }
    navigator_mark *marks = ARENA_ARRAY(a, navigator_mark, layer.count + 1);
    size_t count = 0;
    for (size_t i = 0; i < layer.count; i++) {
        if (i && str_compare(layer.entries[i - 1].technique, layer.entries[i].technique) >= 0) abort(); /* each once, in order */
        if (layer.entries[i].marked) marks[count++] = (navigator_mark){.technique = layer.entries[i].technique, .comment = layer.name, .score = (int64_t)(i % 7) + 1};
    }
    text t = {0};
    value v = navigator_layer_value(a, layer.name, STR(""), STR("18.1"), marks, count);
    value_write_json(&t, &v);
    if (navigator_read(text_view(&t), a, &again, &message) != PK_OK || again.count != count) abort();
    for (size_t i = 0; i < count; i++)
        if (!again.entries[i].marked || !str_equal(again.entries[i].technique, marks[i].technique)) abort();
    text_free(&t);
    arena_free(a);
    return 0;
}
