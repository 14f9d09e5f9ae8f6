/* STIX bundle of Enterprise ATT&CK -> the compact table that ships. scripts/attack_table.sh calls it. */
#include "api/api.h"
#include "catalog/attack_table.h"

#include <stdio.h>

int main(int argc, char **argv)
{
    if (argc != 2) {
        fprintf(stderr, "usage: attack_table BUNDLE.json > attack.tsv\n");
        return 2;
    }
    arena *a = arena_new();
    diag_list *d = diag_list_new();
    attack *k = NULL;
    pk_str json;
    text out = {0};
    pk_status status = read_text_file(argv[1], ATTACK_FILE_LIMIT, a, &json, d);
    if (status == PK_OK) status = attack_read_bundle(&k, json, STR(""), str_from(argv[1]), d);
    for (size_t i = 0; i < diag_count(d); i++) fprintf(stderr, "%s: " STR_FMT "\n", argv[1], STR_ARG(diag_at(d, i)->message));
    if (status == PK_OK) {
        attack_write_table(k, &out);
        fwrite(out.ptr, 1, out.len, stdout);
        fprintf(stderr, "%zu tactics, %zu techniques, %zu groups, software and campaigns, %zu uses\n", k->tactics.len, k->techniques.len,
                k->objects.len, k->uses.len);
    }
    text_free(&out);
    attack_free(k);
    diag_list_free(d);
    arena_free(a);
    return status == PK_OK ? 0 : 1;
}
