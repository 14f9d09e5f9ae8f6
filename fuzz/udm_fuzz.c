/*
 * Records of the data model. The first line is a path, the rest a JSON record. The record is brought into canonical form, as an
 * event and as an entity, which must be its own canonical form; the path is resolved and printed, which must give the same
 * again; and what it reads out of a record that is cut to it must be what it reads out of the whole one, for native records
 * and for those that a mapping makes.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/unicode.h"
#include "event/field_path.h"
#include "event/json_text.h"
#include "project.h"
#include "udm/udm.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static void require(bool holds, const char *what, pk_str path, const value *v)
{
    if (holds) return;
    text json = {0};
    value_write_json(&json, v);
    fprintf(stderr, "%s: path " STR_FMT " of " STR_FMT "\n", what, STR_ARG(path), STR_ARG(text_view(&json)));
    abort();
}

static const schema *shipped(void)
{
    static schema *s;
    if (!s) s = shipped_schemas();
    return s;
}

static void check_path(pk_str path, arena *a)
{
    field_path p, again;
    text first = {0}, second = {0};
    if (field_path_parse(path, a, &p, NULL)) {
        field_path_print(&p, &first);
        require(field_path_parse(text_view(&first), a, &again, NULL), "a printed path is none", path, &(value){0});
        field_path_print(&again, &second);
        require(str_equal(text_view(&first), text_view(&second)), "a path changes when it is read again", path, &(value){0});
    }
    for (udm_root root = UDM_EVENT; root <= UDM_DETECTION; root++) {
        udm_path found, same;
        udm_error error;
        if (!udm_resolve(root, path, a, &found, &error)) {
            require(error.at <= path.len, "an error lies outside", path, &(value){0});
            continue;
        }
        require(udm_resolve(root, found.path, a, &same, NULL) && str_equal(same.path, found.path) && same.type == found.type,
                "a canonical path resolves to something else", found.path, &(value){0});
    }
    text_free(&first);
    text_free(&second);
}

static void check_canonical(const value *record, arena *a)
{
    udm_root root;
    const value *body = record;
    (void)udm_unwrap(record, &root, &body);
    for (root = UDM_EVENT; root <= UDM_ENTITY; root++) {
        value once = udm_normalise(root, body, a), twice = udm_normalise(root, &once, a);
        require(value_equal(&once, &twice), "the canonical form has another", STR(""), &once);
    }
}

static void check_cut(const char *class_name, pk_str schema_name, const value *record, pk_str path, arena *a)
{
    const schema *s = shipped();
    class_id c = schema_find_class(s, str_from(class_name));
    field_path p;
    if (c == CLASS_NONE || !field_path_parse(path, a, &p, NULL)) return;
    layout_id l = 0;
    while (l < schema_layout_count(s) && schema_layout_family(s, l) != schema_class(s, c)->family) l++;
    value whole = schema_record(s, c, l, schema_name, NULL, 0, record, a), part = schema_record(s, c, l, schema_name, &path, 1, record, a);
    list_builder of_whole = {0}, of_part = {0};
    bool absent = field_path_read(&whole, &p, a, &of_whole), absent_too = field_path_read(&part, &p, a, &of_part);
    value x = list_done(&of_whole), y = list_done(&of_part);
    require(absent == absent_too && value_equal(&x, &y), class_name, path, record);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    arena *a = arena_new();
    pk_str all = utf8_repair(a, (pk_str){(const char *)bytes, len});
    size_t line = str_find_char(all, '\n');
    pk_str path = str_slice(all, 0, line);
    value record;
    check_path(path, a);
    if (line != STR_NPOS && json_text_parse(str_slice(all, line + 1, STR_NPOS), 60, a, &record)) {
        check_canonical(&record, a);
        check_cut("udm", STR("udm"), &record, path, a);
        check_cut("udm-entity", STR("udm-entity"), &record, path, a);
        check_cut("windows/sysmon/1", STR("udm"), &record, path, a);
        check_cut("aws/cloudtrail", STR("udm"), &record, path, a);
    }
    arena_free(a);
    return 0;
}
