/* .test files: whatever the bytes, they parse or are refused with a place; and a body that is written reads back the same. */
#include <stdlib.h>

#include "api/testfile.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static void check_body(pk_str body, arena *a, diag_list *d)
{
    text file = {0};
    test_file again;
    text_put_cstring(&file, "=== x\n--- alerts\n");
    testfile_put_body(&file, body);
    if (testfile_parse(&again, text_view(&file), STR("again"), a, d) != PK_OK) abort();
    if (again.cases.len != 1 || again.cases.at[0].blocks.len != 1 || !str_equal(again.cases.at[0].blocks.at[0].body, body)) abort();
    text_free(&file);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    arena *a = arena_new();
    diag_list *d = diag_list_new();
    test_file file;
    pk_str source = {(const char *)bytes, len};
    (void)testfile_parse(&file, source, STR("fuzz"), a, d);
    for (size_t i = 0; i < file.cases.len; i++)
        for (size_t k = 0; k < file.cases.at[i].blocks.len; k++) {
            const test_block *b = &file.cases.at[i].blocks.at[k];
            if (b->start > b->end || b->end > len) abort();
            check_body(b->body, a, d);
        }
    diag_list_free(d);
    arena_free(a);
    return 0;
}
