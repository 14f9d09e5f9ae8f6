/*
 * What users give beside rules and logs: indicators, entity records, reference lists, data tables and their configuration. The
 * first byte chooses. Whatever the bytes: records that are sound, diagnostics, an end.
 */
#include <stdlib.h>

#include "api/context.h"
#include "api/lists.h"
#include "event/json_text.h"
#include "udm/udm.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const stage any_stage = {.kind = STAGE_CONTEXT};

static void check_text(pk_str s)
{
    if (!utf8_valid(s)) abort();
}

static void check_value(const value *v)
{
    if (v->type == VALUE_STRING) check_text(v->as.string);
    for (size_t i = 0; v->type == VALUE_LIST && i < v->as.list.count; i++) check_value(&v->as.list.items[i]);
    for (size_t i = 0; v->type == VALUE_RECORD && i < v->as.record.count; i++) {
        check_text(v->as.record.fields[i].name);
        check_value(&v->as.record.fields[i].value);
    }
}

static void check_store(context_store *c)
{
    arena *a = arena_new();
    context_records records = context_store_records(&any_stage, c);
    for (size_t i = 0; i < records.count; i++) {
        value record = value_pack_get(records.pack, (uint32_t)i, a);
        if (record.type != VALUE_RECORD) abort();
        check_value(&record);
    }
    arena_free(a);
}

static void read_indicators(pk_str s)
{
    arena *a = arena_new();
    context_store *c = context_store_new(64 << 20);
    diag_list *d = diag_list_new();
    uint64_t damaged = 0;
    feed_names names = feed_of(STR("A/B/C"), a);
    indicators_read(c, &names, s, STR("feed"), d, &damaged);
    if (damaged && !diag_count(d)) abort();
    check_store(c);
    diag_list_free(d);
    context_store_free(c);
    arena_free(a);
}

static void read_entity(pk_str s)
{
    arena *a = arena_new();
    context_store *c = context_store_new(64 << 20);
    value v;
    udm_root root;
    const value *body;
    s = utf8_repair(a, s);
    if (json_text_parse(s, 64, a, &v) && udm_unwrap(&v, &root, &body) && root == UDM_ENTITY) {
        value entity = udm_normalise(root, body, a);
        if (entity.type == VALUE_RECORD) context_store_add(c, &entity);
    }
    check_store(c);
    context_store_free(c);
    arena_free(a);
}

static void read_list(uint8_t kind, pk_str s)
{
    pk_catalog c = {.arena = arena_new(), .ir = ir_catalog_new()};
    s = utf8_repair(c.arena, s);
    size_t middle = str_find(s, STR("\n---\n"));
    if (kind == 2) parse_reference_list(&c, STR("l"), s);
    else if (kind == 3) (void)!parse_data_table(&c, STR("t"), s, STR("t.csv"));
    else { /* a configuration, then the table */
        (void)!parse_table_config(&c, str_slice(s, 0, middle), STR("config"));
        (void)!parse_data_table(&c, STR("t"), middle == STR_NPOS ? STR("") : str_slice(s, middle + 5, s.len), STR("t.csv"));
    }
    for (size_t i = 0; i < c.lists.len; i++)
        for (size_t k = 0; k < c.lists.at[i].values.items.len; k++) {
            check_text(c.lists.at[i].values.items.at[k]);
            if (c.lists.at[i].values.items.at[k].len == 0) abort();
        }
    for (size_t i = 0; i < c.tables.len; i++)
        for (size_t k = 0; k < c.tables.at[i].row_count * c.tables.at[i].column_count; k++) check_text(c.tables.at[i].cells[k]);
    ir_catalog_free(c.ir);
    arena_free(c.arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0) return 0;
    pk_str s = {(const char *)data + 1, size - 1};
    uint8_t kind = data[0] % 5;
    if (kind == 0) read_indicators(s);
    else if (kind == 1) read_entity(s);
    else read_list(kind, s);
    return 0;
}
