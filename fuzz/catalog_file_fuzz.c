/*
 * A catalogue of any bytes: opened or refused, and whatever opens answers every query or says why not. The input is patches of
 * a good catalogue (three bytes where, one how many, then these), so that most of it still hangs together; one that begins with
 * "SQLite" is the file itself.
 */
#define _GNU_SOURCE
#include "small_catalogue.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static const struct { const char *name; pk_str arguments[2][2]; } asked[] = {
    {"summary", {{{0}}}}, {"rules", {{{0}}}}, {"rules", {{{"q", 1}, {"a", 1}}, {{"level", 5}, {"high", 4}}}}, {"rule", {{{"language", 8}, {"sigma", 5}}, {{"key", 3}, {"a", 1}}}},
    {"rule", {{{"language", 8}, {"sigma", 5}}, {{"key", 3}, {"b", 1}}}}, {"search", {{{"q", 1}, {"Image:*x*", 9}}}}, {"search", {{{"q", 1}, {"power", 5}}}}, {"predicates", {{{0}}}},
    {"predicate", {{{"key", 3}, {"k1", 2}}}}, {"fields", {{{0}}}}, {"field", {{{"name", 4}, {"Image", 5}}}}, {"sources", {{{0}}}}, {"source", {{{"key", 3}, {"sysmon/1", 8}}}},
    {"compare", {{{"rule", 4}, {"sigma/a", 7}}, {{"rule", 4}, {"sigma/b", 7}}}}, {"compare", {{{"left", 4}, {"sigma", 5}}, {{"right", 5}, {"elastic", 7}}}}, {"problems", {{{0}}}},
    {"techniques", {{{0}}}}, {"technique", {{{"id", 2}, {"T1059", 5}}}}, {"matrix", {{{0}}}}, {"layer", {{{0}}}}, {"coverage", {{{0}}}},
};

static void ask_all(store *s)
{
    for (size_t i = 0; i < sizeof asked / sizeof *asked; i++) {
        query_argument items[2];
        size_t n = 0;
        for (; n < 2 && asked[i].arguments[n][0].ptr; n++) items[n] = (query_argument){asked[i].arguments[n][0], asked[i].arguments[n][1]};
        arena *a = arena_new();
        query_error e;
        value answer = query_run(s, query_find(str_from(asked[i].name)), &(query_arguments){items, n}, a, &e);
        if (answer.type == VALUE_MISSING && (e.status == PK_OK || !e.message.len)) __builtin_trap();
        arena_free(a);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static unsigned char *good; /* made once */
    static size_t len;
    char path[64];
    if (!good) good = small_catalogue(&len);
    unsigned char *image = mem_alloc(len);
    memcpy(image, good, len);
    bool whole = size >= 6 && memcmp(bytes, "SQLite", 6) == 0;
    for (size_t at = 0; !whole && at + 4 <= size;) {
        size_t where = ((size_t)bytes[at] << 16 | (size_t)bytes[at + 1] << 8 | bytes[at + 2]) % len, count = bytes[at + 3] % 16u + 1;
        at += 4;
        for (size_t i = 0; i < count && at < size && where + i < len; i++) image[where + i] = bytes[at++];
    }
    int file = memory_file(whole ? (const void *)bytes : image, whole ? size : len, path);
    diag_list *d = diag_list_new();
    store *s = NULL;
    if (store_open(&s, path, NULL, d) == PK_OK) {
        store_version(s);
        ask_all(s);
    } else if (!diag_count(d)) {
        __builtin_trap();
    }
    store_close(s);
    diag_list_free(d);
    close(file);
    unlink(path);
    mem_free(image);
    return 0;
}
