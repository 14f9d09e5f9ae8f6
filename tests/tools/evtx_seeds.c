/*
 * Writes the seeds of the EVTX fuzz targets:
 *
 *     evtx_seeds fuzz/seeds
 *
 * evtx/: files and lone chunks, cut off behind their last record; binxml/: what the first record of each holds.
 */
#include <stdio.h>

#include "../formats/evtx_write.h"
#include "base/str.h"

enum { FILE_HEADER = 4096, FIRST_RECORD = FILE_HEADER + 512, FREE_AT = FILE_HEADER + 48 };

static uint32_t get(const char *at)
{
    const uint8_t *b = (const uint8_t *)at;
    return (uint32_t)b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 | (uint32_t)b[3] << 24;
}

static bool write_file(const char *folder, const char *kind, const char *name, pk_str bytes)
{
    char path[1000];
    snprintf(path, sizeof path, "%s/%s/%s", folder, kind, name);
    FILE *f = fopen(path, "wb");
    bool ok = f && fwrite(bytes.ptr, 1, bytes.len, f) == bytes.len;
    if (f && fclose(f) != 0) ok = false;
    if (!ok) perror(path);
    return ok;
}

static evtx_stored sample_value(arena *a, uint8_t type)
{
    static const uint8_t bytes[64] = {1, 2, 0, 0, 0, 0, 0, 5, 18, 0, 0, 0, 21, 0, 0, 0};
    static const uint8_t sizes[] = {0, 6, 3, 1, 1, 2, 2, 4, 4, 8, 8, 4, 8, 4, 5, 16, 4, 8, 16, 16, 4, 8};
    if (type % 0x80 == 1) return evtx_store_bytes(a, type, "a\0\0\0b\0", 6);
    return evtx_store_bytes(a, type, bytes, sizes[type % 0x80] * (type >= 0x80 ? 2u : 1u));
}

/* Every value type, as elements and as attributes. */
static void write_values(arena *a, evtx_writer *w, uint8_t first)
{
    enum { TYPES = 0x16 };
    evtx_definition d = {.guid = {first, 1}, .root = evtx_element(a, "Event")};
    evtx_stored values[TYPES];
    for (uint8_t i = 0; i < TYPES; i++) {
        values[i] = sample_value(a, (uint8_t)(first + i));
        evtx_node *data = evtx_add_child(a, d.root, "Data");
        evtx_add_attribute(a, data, "Name")->content = i % 2 ? evtx_text(a, "Image") : evtx_substitution(a, 1);
        evtx_add_attribute(a, data, "Type")->content = evtx_substitution(a, i);
        evtx_add(data, evtx_substitution(a, i));
    }
    evtx_instance x = {&d, values, TYPES};
    (void)evtx_write_record(w, 1, 1, &x, NULL);
}

static void write_shapes(arena *a, evtx_writer *w)
{
    evtx_node *root = evtx_element(a, "Event"), *e = evtx_add_child(a, root, "A");
    evtx_add_attribute(a, e, "x")->content = evtx_text(a, "1");
    evtx_add(e, evtx_text(a, "t"));
    for (int kind = PIECE_CDATA; kind <= PIECE_INSTRUCTION; kind++)
        evtx_add(e, evtx_piece_new(a, (evtx_piece_kind)kind, "amp", 0x20ac));
    e = evtx_add_child(a, root, "EventData");
    for (int i = 0; i < 3; i++) evtx_add(evtx_add_child(a, e, "Data"), evtx_text(a, "d"));
    (void)evtx_write_record(w, 1, 1, NULL, root);
}

static void write_nested(arena *a, evtx_writer *w)
{
    evtx_node *outer = evtx_element(a, "Event"), *inner = evtx_element(a, "UserData");
    evtx_add(outer, evtx_substitution(a, 0));
    evtx_add(outer, evtx_substitution(a, 0));
    evtx_add(evtx_add_child(a, evtx_add_child(a, inner, "X"), "Deep"), evtx_substitution(a, 0));
    evtx_definition definitions[2] = {{.guid = {1}, .root = outer}, {.guid = {2}, .root = inner}};
    evtx_node *plain = evtx_element(a, "Plain");
    evtx_add(plain, evtx_text(a, "p"));
    evtx_stored deep = {.type = 0x21, .element = plain};
    evtx_instance nested = {&definitions[1], &deep, 1};
    evtx_stored value = evtx_store_instance(&nested);
    evtx_instance x = {&definitions[0], &value, 1};
    (void)evtx_write_record(w, 1, 1, &x, NULL);
}

static void write_usual(arena *a, evtx_writer *w, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        evtx_data data[] = {
            {STR("Image"), evtx_store_string(a, STR("C:\\x.exe"))},
            { STR(""), evtx_store_number(a,                             8,                i, 4)}
        };
        evtx_event e = {
            .provider = STR("Provider"), .channel = STR("Channel"), .computer = STR("pc"), .user_sid = STR("S-1-5-18"),
            .event_id = 1, .filetime = UINT64_C(132223104000000000), .record_id = i, .data = data, .data_count = 2,
        };
        (void)evtx_write_event(w, &e);
    }
}

int main(int argc, char **argv)
{
    if (argc != 2) return 3;
    bool ok = true;
    static const char *const names[] = {"values", "arrays", "shapes", "nested", "usual", "several"};
    for (int kind = 0; kind < 6; kind++) {
        arena *a = arena_new();
        evtx_writer *w = evtx_writer_new();
        text file = {0};
        if (kind < 2) write_values(a, w, kind ? 0x80 : 0);
        else if (kind == 2) write_shapes(a, w);
        else if (kind == 3) write_nested(a, w);
        else write_usual(a, w, kind == 4 ? 1 : 4);
        evtx_writer_finish(w, &file);
        size_t end = FILE_HEADER + get(file.ptr + FREE_AT), size = get(file.ptr + FIRST_RECORD + 4);
        size_t from = kind == 4 ? 0 : FILE_HEADER; /* one with its file header */
        ok &= write_file(argv[1], "evtx", names[kind], (pk_str){file.ptr + from, end - from});
        ok &= write_file(argv[1], "binxml", names[kind], (pk_str){file.ptr + FIRST_RECORD + 24, size - 28});
        text_free(&file);
        evtx_writer_free(w);
        arena_free(a);
    }
    return ok ? 0 : 1;
}
