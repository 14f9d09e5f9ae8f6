/* JSON lines of events: taken out of the corpora, made flat, altered so that values are distinct, or long. */
#include <stdio.h>
#include <stdlib.h>

#include "base/hash.h"
#include "event/json_text.h"
#include "inputs.h"

/* ---- json-lines OUT MB FROM...   and OUT.one, with one event ---- */

static size_t copy_lines(log_stream *from, FILE *to, size_t limit, text *rest)
{
    static char buffer[1 << 16];
    size_t written = 0;
    text_clear(rest);
    for (size_t n; written < limit && (n = stream_read(from, buffer, sizeof buffer));) {
        text_put(rest, (pk_str){buffer, n});
        size_t whole = rest->len; /* up to the last line end */
        while (whole && rest->ptr[whole - 1] != '\n') whole--;
        if (fwrite(rest->ptr, 1, whole, to) != whole) fail("the disk is full");
        written += whole;
        memmove(rest->ptr, rest->ptr + whole, rest->len - whole);
        rest->len -= whole;
    }
    return written;
}

int json_lines(int argc, char **argv)
{
    int64_t megabytes;
    if (argc < 4 || !str_to_int(str_from(argv[2]), true, &megabytes)) return 3;
    size_t limit = (size_t)megabytes * 1000000, written = 0;
    FILE *out = fopen(argv[1], "wb");
    if (!out) fail("%s cannot be written", argv[1]);
    text rest = {0};
    diag_list *d = diag_list_new();
    for (size_t round = 0, before = 1; written < limit && before != written; round++) {
        before = written; /* once more from the start, unless a round brings nothing */
        input_list *list = input_list_new(&(input_options){.nesting_limit = 4});
        for (int i = 3; i < argc; i++)
            if (input_add(list, argv[i], d) != PK_OK) fail("%s cannot be read", argv[i]);
        input_item item;
        for (input_result r; written < limit && (r = input_next(list, &item, d)) != INPUT_END;)
            if (r == INPUT_OPENED && strcmp(item.format->name, "json") == 0) written += copy_lines(item.stream, out, limit - written, &rest);
        input_list_free(list);
    }
    fclose(out);
    arena *a = arena_new();
    FILE *in = fopen(argv[1], "rb");
    char *line = NULL;
    size_t cap = 0;
    ssize_t n = in ? getline(&line, &cap, in) : -1;
    if (n <= 0) fail("no JSON lines in any file");
    write_whole(arena_printf(a, "%s.one", argv[1]).ptr, (pk_str){line, (size_t)n});
    printf("%s: %zu bytes\n", argv[1], written);
    fclose(in);
    free(line);
    text_free(&rest);
    diag_list_free(d);
    arena_free(a);
    return 0;
}

/* ---- lines of standard input ---- */

typedef struct {
    dice dice;
    int64_t percent;
    uint64_t distinct;            /* numbers put into values so far */
    arena *arena;
    text out;
} varying;

static void each_line(void (*fn)(varying *v, pk_str line), varying *v)
{
    char *line = NULL;
    size_t cap = 0;
    for (ssize_t n; (n = getline(&line, &cap, stdin)) > 0;) {
        pk_str s = {line, (size_t)n};
        while (s.len && (s.ptr[s.len - 1] == '\n' || s.ptr[s.len - 1] == '\r')) s.len--;
        text_clear(&v->out);
        if (s.len) fn(v, s);
        if (fwrite(v->out.ptr, 1, v->out.len, stdout) != v->out.len) fail("cannot write");
    }
    free(line);
}

/* ---- flat-events < IN > OUT   what evtx_make reads, as a shipper writes it ---- */

static void flatten(varying *v, pk_str line)
{
    value record;
    arena_reset(v->arena);
    if (!json_text_parse(line, 16, v->arena, &record) || record.type != VALUE_RECORD) return;
    record_builder b = {{0}};
    static const char *const names[][2] = {{"EventTime", "TimeCreated"}, {"Hostname", "Computer"}, {"Channel", "Channel"},
                                           {"EventID", "EventID"}, {"SourceName", "Provider"}, {"ProviderGuid", "ProviderGuid"},
                                           {"RecordNumber", "EventRecordID"}, {"ProcessID", "ProcessID"}, {"ThreadID", "ThreadID"}};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const value *x = value_get(&record, str_from(names[i][1]));
        if (x) record_add(v->arena, &b, str_from(names[i][0]), *x);
    }
    const value *data = value_get(&record, STR("EventData"));
    for (size_t i = 0; data && data->type == VALUE_RECORD && i < data->as.record.count; i++)
        record_add(v->arena, &b, data->as.record.fields[i].name, data->as.record.fields[i].value);
    value flat = record_done(&b);
    value_write_json(&v->out, &flat);
    text_put_char(&v->out, '\n');
}

int flat_events(int argc, char **argv)
{
    (void)argv;
    if (argc != 1) return 3;
    varying v = {.arena = arena_new()};
    each_line(flatten, &v);
    text_free(&v.out);
    arena_free(v.arena);
    return 0;
}

/* ---- vary-events SEED PERCENT ROUNDS FILE > OUT   a share of the values gets a number into it that no other value has ---- */

static bool is_word(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
static bool is_hex(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }

/* What an event is must not change, nor when it was. */
static bool is_kept(pk_str key)
{
    static const char *const kept[] = {"Channel",     "SourceName", "Provider", "ProviderGuid", "EventType", "EventTime",  "UtcTime",
                                       "TimeCreated", "@timestamp", "Hostname", "Computer",     "EventID",   "EventReceivedTime",
                                       "SourceModuleName", "SourceModuleType", "Severity", "Keywords", "@version", "host", "tags"};
    for (size_t i = 0; i < sizeof kept / sizeof *kept; i++)
        if (str_equal(key, str_from(kept[i]))) return true;
    return false;
}

/* A text between its quotes, as it is escaped. */
static void vary_text(varying *v, pk_str s)
{
    size_t digits = 0, end = s.len && s.ptr[s.len - 1] == '}' ? s.len - 1 : s.len;
    while (digits < end && is_hex(s.ptr[end - 1 - digits])) digits++;
    if (digits >= 8) { /* digests, GUIDs, long numbers: other last digits */
        text_put(&v->out, str_slice(s, 0, end - 8));
        text_printf(&v->out, "%08llX", (unsigned long long)v->distinct++);
        text_put(&v->out, str_slice(s, end, s.len));
        return;
    }
    size_t at = 0;
    for (size_t i = 0; i + 1 < s.len; i++) {
        if (s.ptr[i] == '\\') i += s.ptr[i + 1] == 'u' ? 5 : 1;
        else if (is_word(s.ptr[i]) && is_word(s.ptr[i + 1]) && i >= s.len / 3) { at = i + 1; break; }
    }
    bool number = s.len > 1 && s.ptr[0] == '0' && s.ptr[1] == 'x';
    text_put(&v->out, str_slice(s, 0, at));
    if (at && !number) text_printf(&v->out, "q%llx", (unsigned long long)v->distinct++);
    text_put(&v->out, str_slice(s, at, s.len));
}

static void vary_line(varying *v, pk_str line)
{
    pk_str key = {"", 0};
    for (size_t at = 0; at < line.len;) {
        if (line.ptr[at] != '"') {
            text_put_char(&v->out, line.ptr[at++]);
            continue;
        }
        size_t end = ++at;
        while (end < line.len && line.ptr[end] != '"') end += line.ptr[end] == '\\' ? 2 : 1;
        pk_str s = str_slice(line, at, end - at);
        size_t next = end + 1;
        while (next < line.len && line.ptr[next] == ' ') next++;
        text_put_char(&v->out, '"');
        if (next < line.len && line.ptr[next] == ':') key = s, text_put(&v->out, s);
        else if (is_kept(key) || (int64_t)(roll(&v->dice) % 100) >= v->percent) text_put(&v->out, s);
        else vary_text(v, s);
        text_put_char(&v->out, '"');
        at = end + 1;
    }
    text_put_char(&v->out, '\n');
}

int vary_events(int argc, char **argv)
{
    int64_t seed, percent, rounds;
    if (argc != 5 || !str_to_int(str_from(argv[1]), true, &seed) || !str_to_int(str_from(argv[2]), true, &percent) ||
        !str_to_int(str_from(argv[3]), true, &rounds)) return 3;
    varying v = {.dice = {(uint64_t)seed}, .percent = percent, .distinct = 0x100000};
    for (int64_t i = 0; i < rounds; i++) {
        if (!freopen(argv[4], "rb", stdin)) fail("%s cannot be read", argv[4]);
        each_line(vary_line, &v);
    }
    text_free(&v.out);
    return 0;
}

/* ---- quiet-events ALERTS < IN > OUT   the lines that no alert (JSON lines of picket) names ---- */

int quiet_events(int argc, char **argv)
{
    if (argc != 2) return 3;
    FILE *alerts = fopen(argv[1], "rb");
    if (!alerts) fail("%s cannot be read", argv[1]);
    VEC(bool) loud = {0};
    char *line = NULL;
    size_t cap = 0;
    while (getline(&line, &cap, alerts) > 0) {
        const char *found = strstr(line, "\"line\":");
        size_t n = found ? strtoul(found + 7, NULL, 10) : 0;
        while (loud.len <= n) vec_push(&loud, false);
        loud.at[n] = true;
    }
    fclose(alerts);
    size_t number = 0;
    for (ssize_t n; (n = getline(&line, &cap, stdin)) > 0;)
        if (++number >= loud.len || !loud.at[number])
            if (fwrite(line, 1, (size_t)n, stdout) != (size_t)n) fail("cannot write");
    free(line);
    vec_free(&loud);
    return 0;
}

/* ---- long-events COUNT BYTES > OUT   processes with command lines of so many bytes, no two alike ---- */

int long_events(int argc, char **argv)
{
    int64_t count, bytes;
    if (argc != 3 || !str_to_int(str_from(argv[1]), true, &count) || !str_to_int(str_from(argv[2]), true, &bytes)) return 3;
    static const char *const words[] = {"powershell ", "-enc ", "SQBFAFgAIAAoAE4AZQB3AC0ATwBiAGoAZQBjAHQA", "aaaaaaaaaaaaaaaaaaaaaaaa", " /c ",
                                        "http://10.1.2.3/", "((((", "\\\\\\\\host\\\\share", "::", "0x41,0x41,0x41,", "cmd.exe ", "....", "e2f1"};
    dice d = {7};
    for (int64_t i = 0; i < count; i++) {
        printf("{\"EventTime\":\"2026-03-04 05:00:00\",\"Hostname\":\"ws-%03d\",\"Channel\":\"Microsoft-Windows-Sysmon/Operational\",\"EventID\":1,"
               "\"SourceName\":\"Microsoft-Windows-Sysmon\",\"Image\":\"C:\\\\Windows\\\\System32\\\\x%d.exe\",\"CommandLine\":\"", (int)i, (int)i);
        for (int64_t n = 0; n < bytes;) {
            const char *word = words[roll(&d) % (sizeof words / sizeof *words)];
            fputs(word, stdout);
            n += (int64_t)strlen(word);
        }
        printf("%d\"}\n", (int)i);
    }
    return 0;
}
