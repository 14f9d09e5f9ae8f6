/*
 * Makes an EVTX file from JSON lines, for sample logs:
 *
 *     evtx_make EVENTS.jsonl OUT.evtx
 *
 * A line is one event: {"Provider", "EventID", "Channel", "Computer", "TimeCreated", "EventRecordID", "EventData":
 * {...}}, and as wanted ProviderGuid, Version, Level, Task, Opcode, Keywords, ProcessID, ThreadID, UserID. EventData is
 * an object (named <Data>) or a list (unnamed); UserData is {element: {name: value, ...}}. Texts that are GUIDs, SIDs
 * or hexadecimal numbers are stored as such where they read back as the same text, as Windows stores them.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "../formats/evtx_write.h"
#include "log_events.h"

typedef struct {
    evtx_writer *writer;
    arena *arena;
    uint64_t events, refused;
} maker;

static pk_str string_at(const value *record, const char *key)
{
    const value *v = value_get(record, str_from(key));
    return v && v->type == VALUE_STRING ? v->as.string : STR("");
}

/* A number, or a text of one (hexadecimal too). */
static uint64_t number_at(const value *record, const char *key, uint64_t otherwise)
{
    const value *v = value_get(record, str_from(key));
    if (!v) return otherwise;
    if (v->type == VALUE_INT) return (uint64_t)v->as.integer;
    if (v->type != VALUE_STRING) return otherwise;
    char *chars = mem_cstring(v->as.string);
    uint64_t n = strtoull(chars, NULL, 0);
    mem_free(chars);
    return n;
}

/* 100 ns since 1601; 0 if there is no time. */
static uint64_t filetime_at(const value *record, const char *key)
{
    timestamp t = timestamp_parse_iso(string_at(record, key));
    return t == TIMESTAMP_NONE ? 0 : (uint64_t)(t / 100 + INT64_C(116444736000000000));
}

static bool all_of(pk_str s, const char *allowed)
{
    for (size_t i = 0; i < s.len; i++)
        if (!strchr(allowed, s.ptr[i])) return false;
    return s.len > 0;
}

static bool is_guid(pk_str s)
{
    if (s.len != 38 || s.ptr[0] != '{' || s.ptr[37] != '}') return false;
    for (size_t i = 1; i < 37; i++) {
        bool dash = i == 9 || i == 14 || i == 19 || i == 24;
        if (dash ? s.ptr[i] != '-' : !strchr("0123456789ABCDEF", s.ptr[i])) return false;
    }
    return true;
}

static bool is_hex(pk_str s)
{
    return s.len >= 3 && s.len <= 18 && memcmp(s.ptr, "0x", 2) == 0 && (s.ptr[2] != '0' || s.len == 3) &&
           all_of(str_slice(s, 2, s.len), "0123456789abcdef");
}

static evtx_stored store_text(arena *a, pk_str s)
{
    static const uint8_t order[16] = {3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15};
    evtx_stored stored;
    if (str_starts_with(s, STR("S-1-")) && all_of(str_slice(s, 4, s.len), "0123456789-") &&
        evtx_store_sid(a, s, &stored))
        return stored;
    if (is_hex(s)) return evtx_store_number(a, 0x15, strtoull(arena_cstring(a, s), NULL, 16), 8);
    if (!is_guid(s)) return evtx_store_string(a, s);
    uint8_t bytes[16];
    for (size_t i = 0, at = 1; i < 16; i++, at += 2) {
        if (s.ptr[at] == '-') at++;
        char two[3] = {s.ptr[at], s.ptr[at + 1], 0};
        bytes[order[i]] = (uint8_t)strtoul(two, NULL, 16);
    }
    return evtx_store_bytes(a, 0x0f, bytes, 16);
}

static evtx_stored store(arena *a, const value *v)
{
    pk_str s;
    switch (v->type) {
    case VALUE_STRING: return store_text(a, v->as.string);
    case VALUE_BOOL: return evtx_store_number(a, 0x0d, v->as.boolean, 4);
    case VALUE_INT:
        if (v->as.integer >= 0 && v->as.integer <= UINT32_MAX)
            return evtx_store_number(a, 0x08, (uint64_t)v->as.integer, 4);
        return evtx_store_number(a, 0x09, (uint64_t)v->as.integer, 8);
    case VALUE_FLOAT: return evtx_store_bytes(a, 0x0c, &v->as.real, 8);
    default: return value_text(a, v, &s) && s.len ? evtx_store_string(a, s) : evtx_store_null();
    }
}

static const evtx_data *data_of(arena *a, const value *data, size_t *count)
{
    *count = !data                        ? 0
             : data->type == VALUE_RECORD ? data->as.record.count
             : data->type == VALUE_LIST   ? data->as.list.count
                                          : 0;
    evtx_data *made = ARENA_ARRAY(a, evtx_data, *count + 1);
    for (size_t i = 0; i < *count; i++) {
        bool named = data->type == VALUE_RECORD;
        made[i].name = named ? data->as.record.fields[i].name : STR("");
        made[i].value = store(a, named ? &data->as.record.fields[i].value : &data->as.list.items[i]);
    }
    return made;
}

static bool make_event(const event *e, void *user)
{
    maker *m = user;
    arena_reset(m->arena);
    const value *r = event_tree(e, m->arena);
    evtx_event made = {
        .provider = string_at(r, "Provider"),
        .provider_guid = string_at(r, "ProviderGuid"),
        .channel = string_at(r, "Channel"),
        .computer = string_at(r, "Computer"),
        .user_sid = string_at(r, "UserID"),
        .event_id = (uint16_t)number_at(r, "EventID", 0),
        .task = (uint16_t)number_at(r, "Task", 0),
        .version = (uint8_t)number_at(r, "Version", 0),
        .level = (uint8_t)number_at(r, "Level", 4),
        .opcode = (uint8_t)number_at(r, "Opcode", 0),
        .keywords = number_at(r, "Keywords", UINT64_C(0x8000000000000000)),
        .filetime = filetime_at(r, "TimeCreated"),
        .record_id = number_at(r, "EventRecordID", m->events + 1),
        .process_id = (uint32_t)number_at(r, "ProcessID", 4),
        .thread_id = (uint32_t)number_at(r, "ThreadID", 4),
    };
    const value *user_data = value_get(r, STR("UserData"));
    bool wrapped = user_data && user_data->type == VALUE_RECORD && user_data->as.record.count == 1;
    if (wrapped) made.user_data = user_data->as.record.fields[0].name;
    made.data = data_of(m->arena, wrapped ? &user_data->as.record.fields[0].value : value_get(r, STR("EventData")),
                        &made.data_count);
    if (evtx_write_event(m->writer, &made)) m->events++;
    else m->refused++;
    return true;
}

static bool write_file(const char *path, pk_str bytes)
{
    FILE *f = fopen(path, "wb");
    bool ok = f && fwrite(bytes.ptr, 1, bytes.len, f) == bytes.len;
    if (f && fclose(f) != 0) ok = false;
    if (!ok) fprintf(stderr, "%s: %s\n", path, strerror(errno));
    return ok;
}

int main(int argc, char **argv)
{
    if (argc != 3) {
        fprintf(stderr, "usage: evtx_make EVENTS.jsonl OUT.evtx\n");
        return 3;
    }
    maker m = {.writer = evtx_writer_new(), .arena = arena_new()};
    log_readers readers = {0};
    diag_list *d = diag_list_new();
    text file = {0};
    each_event_of_path(&readers, argv[1], make_event, &m, d);
    evtx_writer_finish(m.writer, &file);
    for (size_t i = 0; i < diag_count(d); i++)
        fprintf(stderr, "%s:%u: " STR_FMT "\n", argv[1], diag_at(d, i)->line, STR_ARG(diag_at(d, i)->message));
    bool ok = write_file(argv[2], text_view(&file)) && m.refused == 0 && diag_total(d, PK_ERROR) == 0;
    if (m.refused) fprintf(stderr, "%" PRIu64 " event(s) do not fit into a chunk\n", m.refused);
    printf("%s: %" PRIu64 " events, %zu bytes\n", argv[2], m.events, file.len);
    text_free(&file);
    evtx_writer_free(m.writer);
    arena_free(m.arena);
    log_readers_free(&readers);
    diag_list_free(d);
    return ok ? 0 : 1;
}
