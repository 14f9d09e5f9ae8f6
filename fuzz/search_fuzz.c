/* Searches: any text is answered over a catalogue, or refused with the character at which it is wrong. */
#define _GNU_SOURCE
#include "small_catalogue.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static store *s; /* opened once, and never changed */
    if (!s) {
        size_t len;
        char path[64];
        diag_list *d = diag_list_new();
        unsigned char *image = small_catalogue(&len);
        close(memory_file(image, len, path));
        if (store_open(&s, path, NULL, d) != PK_OK) __builtin_trap();
        unlink(path);
        sqlite3_free(image);
        diag_list_free(d);
    }
    static const char *const names[] = {"rules", "search", "predicates"};
    for (size_t i = 0; i < 3; i++) {
        arena *a = arena_new();
        const query_argument q = {STR("q"), {(const char *)bytes, size}};
        query_error e;
        value answer = query_run(s, query_find(str_from(names[i])), &(query_arguments){&q, 1}, a, &e);
        if (answer.type == VALUE_MISSING && (e.status != PK_ERROR_USAGE || !e.message.len)) __builtin_trap();
        arena_free(a);
    }
    return 0;
}
