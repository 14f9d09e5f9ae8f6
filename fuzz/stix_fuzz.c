/*
 * STIX bundles and the compact table: the input is a bundle if it begins with '{', else a table; the other half (behind a line of
 * "--") completes it. Whatever was read is resolved, written as a table, read again, and must say the same.
 */
#include <stdint.h>
#include <stdlib.h>

#include "catalog/attack_table.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const attack *k)
{
    arena *a = arena_new();
    for (size_t i = 0; i < k->techniques.len; i++) {
        const attack_technique *t = &k->techniques.at[i];
        pk_str now = attack_resolve_technique(k, t->id, a);
        if (!attack_technique_at(k, now)) abort();                       /* what is known leads to what is known, */
        if (!str_equal(attack_resolve_technique(k, now, a), now)) abort(); /* at once */
        for (size_t j = 0; j < t->tactics.len; j++) attack_resolve_tactic(k, t->tactics.at[j], a);
    }
    for (size_t i = 0; i < k->uses.len; i++)
        if (k->uses.at[i].technique >= k->techniques.len || k->uses.at[i].object >= k->objects.len) abort();
    arena_free(a);
}

static void write_and_read(const attack *k, diag_list *d)
{
    text first = {0}, second = {0};
    attack *again = attack_new();
    attack_write_table(k, &first);
    if (attack_read_table(again, text_view(&first), false, STR("table"), d) != PK_OK) abort();
    if (again->techniques.len != k->techniques.len || again->tactics.len != k->tactics.len || again->objects.len != k->objects.len) abort();
    attack_complete(again, STR("table"), d);
    attack_write_table(again, &second);
    attack_free(again);
    text_free(&first);
    text_free(&second);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    pk_str input = {(const char *)data, size}, newer = STR("");
    diag_list *d = diag_list_new();
    attack *k = NULL;
    size_t cut = str_find(input, STR("\n--\n"));
    if (cut != STR_NPOS) {
        newer = str_slice(input, cut + 4, size);
        input = str_slice(input, 0, cut);
    }
    if (input.len && input.ptr[0] == '{') {
        if (attack_read_bundle(&k, input, newer, STR("bundle"), d) != PK_OK) k = NULL;
    } else {
        k = attack_new();
        if (attack_read_table(k, input, false, STR("table"), d) != PK_OK || attack_read_table(k, newer, true, STR("newer"), d) != PK_OK) {
            attack_free(k);
            k = NULL;
        } else {
            attack_complete(k, STR("table"), d);
        }
    }
    if (k) {
        check(k);
        write_and_read(k, d);
    }
    attack_free(k);
    diag_list_free(d);
    return 0;
}
