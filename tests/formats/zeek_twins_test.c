/*
 * The same traffic as Zeek TSV and as Zeek JSON (logs/zeek of the corpora): every record must have the same fields, so that
 * rules find the same in both. Times differ in form (TSV has seconds, this JSON ISO text), and TSV has six decimals.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "../tools/corpora.h"
#include "formats/input.h"

static const char *const streams[] = {"capture_loss",   "dce_rpc", "ftp",    "kerberos", "known_certs",   "known_hosts", "ldap_search",
                                      "loaded_scripts", "modbus",  "notice", "ntlm",     "ntp",           "ocsp",        "packet_filter",
                                      "pe",             "smb_files", "smb_mapping", "software", "ssh",     "stats"};

typedef struct {
    arena *arena;
    VEC(value) records;
} record_list;

static bool take_record(const event *e, void *user)
{
    record_list *l = user;
    vec_push_in(l->arena, &l->records, value_copy(l->arena, event_tree(e, l->arena)));
    return true;
}

static record_list read_log(const char *path, const char *format_name)
{
    record_list list = {.arena = arena_new()};
    diag_list *d = diag_list_new();
    input_options options = {.nesting_limit = 4};
    input_list *inputs = input_list_new(&options);
    assert_int_equal(input_add(inputs, path, d), PK_OK);
    input_item item;
    assert_int_equal(input_next(inputs, &item, d), INPUT_OPENED);
    assert_string_equal(item.format->name, format_name);
    cut_options cut = {.record_limit = 1 << 20, .block_size = 1 << 16};
    void *cutter = item.format->cut_new(item.stream, &cut, d);
    reader *r = item.format->reader_new(NULL);
    event_source source = {.file = item.name};
    uint64_t damaged = 0;
    block b = {0};
    while (item.format->cut(cutter, &b, d) == PK_OK)
        if (item.format->read(r, &b, &source, take_record, &list, d, &damaged) != PK_OK) break;
    block_free(&b);
    item.format->cut_free(cutter);
    item.format->reader_free(r);
    input_list_free(inputs);
    diag_list_free(d);
    return list;
}

/* An ISO time of the JSON against the seconds of the TSV; numbers up to the sixth decimal. */
static bool same_value(const value *tsv, const value *json)
{
    double x, y;
    if (json->type == VALUE_STRING && tsv->type == VALUE_FLOAT) {
        timestamp t = timestamp_parse_iso(json->as.string);
        return t != TIMESTAMP_NONE && fabs((double)t / (double)SECOND - tsv->as.real) < 1e-5;
    }
    if (json->type == VALUE_FLOAT || tsv->type == VALUE_FLOAT)
        return value_number(tsv, &x) && value_number(json, &y) && fabs(x - y) <= 1e-6;
    if (json->type != VALUE_LIST || tsv->type != VALUE_LIST) return value_equal(tsv, json);
    if (json->as.list.count != tsv->as.list.count) return false;
    for (size_t i = 0; i < json->as.list.count; i++)
        if (!same_value(&tsv->as.list.items[i], &json->as.list.items[i])) return false;
    return true;
}

static void same_record(const char *stream, size_t i, const value *tsv, const value *json)
{
    size_t expected = tsv->as.record.count + (value_get(json, STR("_write_ts")) != NULL);
    if (expected != json->as.record.count) fail_msg("%s, record %zu: fields %zu and %zu", stream, i, expected, json->as.record.count);
    for (size_t k = 0; k < tsv->as.record.count; k++) {
        const value_field *f = &tsv->as.record.fields[k];
        const value *twin = value_get(json, f->name);
        if (!twin || !same_value(&f->value, twin))
            fail_msg("%s, record %zu: field " STR_FMT " differs", stream, i, STR_ARG(f->name));
    }
}

static void test_twins(void **state)
{
    (void)state;
    const size_t count = sizeof streams / sizeof *streams;
    if (!*corpora_root()) {
        print_message("skipped %zu cases: corpora absent\n", count);
        skip();
    }
    size_t records = 0;
    for (size_t i = 0; i < count; i++) {
        char path[4096];
        snprintf(path, sizeof path, "%s/logs/zeek/wrccdc-tsv/%s.log", corpora_root(), streams[i]);
        record_list tsv = read_log(path, "zeek");
        snprintf(path, sizeof path, "%s/logs/zeek/wrccdc/%s.jsonl.zst", corpora_root(), streams[i]);
        record_list json = read_log(path, "json");
        assert_int_equal(tsv.records.len, json.records.len);
        for (size_t k = 0; k < tsv.records.len; k++) same_record(streams[i], k, &tsv.records.at[k], &json.records.at[k]);
        records += tsv.records.len;
        arena_free(tsv.arena);
        arena_free(json.arena);
    }
    assert_int_equal(records, 4927); /* CATALOGUE.tsv */
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_twins)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
