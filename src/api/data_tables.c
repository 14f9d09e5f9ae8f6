/* Data tables: CSV files, and the configuration that repositories of rules keep beside them. */
#include "api/lists.h"
#include "api/records.h"
#include "base/yaml.h"

enum { MOST_CELLS = 5000000 };

/* ---- configuration ---- */

static data_column_type type_of(pk_str written)
{
    if (str_equal_ascii_fold(written, STR("REGEX"))) return COLUMN_REGEX;
    if (str_equal_ascii_fold(written, STR("CIDR"))) return COLUMN_CIDR;
    return str_equal_ascii_fold(written, STR("NUMBER")) ? COLUMN_NUMBER : COLUMN_STRING;
}

static pk_str text_of(const yaml_node *map, pk_str key)
{
    const yaml_node *n = yaml_get(map, key);
    return n && n->kind == YAML_SCALAR && n->type != YAML_NULL ? n->text : STR("");
}

/* A table without rows: its columns in their order. */
static data_table table_of(pk_catalog *c, const yaml_entry *e)
{
    data_table t = {.name = arena_str(c->arena, e->key)};
    const yaml_node *columns = yaml_get(e->value, STR("columns"));
    if (!columns || columns->kind != YAML_LIST) return t;
    t.columns = ARENA_ARRAY(c->arena, data_column, columns->count);
    t.column_count = columns->count;
    for (size_t i = 0; i < columns->count; i++) {
        int64_t place;
        bool placed = str_to_int(text_of(columns->items[i], STR("column_index")), false, &place) && place >= 0 && (size_t)place < columns->count;
        data_column *column = &t.columns[placed ? (size_t)place : i];
        column->name = arena_str(c->arena, text_of(columns->items[i], STR("original_column")));
        column->type = type_of(text_of(columns->items[i], STR("column_type")));
        column->repeated = str_equal_ascii_fold(text_of(columns->items[i], STR("repeated_values")), STR("true"));
    }
    return t;
}

pk_status parse_table_config(pk_catalog *c, pk_str source, pk_str file)
{
    arena *scratch = arena_new();
    yaml_file yaml = yaml_read(scratch, source);
    const yaml_node *root = yaml.count && !yaml.documents[0].problem_count ? yaml.documents[0].root : NULL;
    bool good = root && root->kind == YAML_MAP;
    if (!good)
        diag_add(catalog_diags(c), PK_ERROR, "table-config", (diag_place){.file = file}, STR(""), "write 'table: {columns: [{original_column: NAME, column_type: STRING}]}'",
                 "is not a YAML mapping from tables to their columns");
    for (size_t i = 0; good && i < root->count; i++) {
        data_table t = table_of(c, &root->entries[i]);
        vec_push_in(c->arena, &c->table_configs, t);
    }
    arena_free(scratch);
    return good ? PK_OK : PK_ERROR_SYNTAX;
}

/* ---- tables ---- */

static const data_table *config_of(const pk_catalog *c, pk_str name)
{
    for (size_t i = 0; i < c->table_configs.len; i++)
        if (str_equal(c->table_configs.at[i].name, name) && c->table_configs.at[i].column_count) return &c->table_configs.at[i];
    return NULL;
}

/* Are these cells the names of the columns? */
static bool is_header(const data_table *config, const csv_record *r)
{
    size_t same = 0;
    for (size_t i = 0; i < config->column_count && i < r->cells.len; i++) same += str_equal_ascii_fold(config->columns[i].name, r->cells.at[i]);
    return same == config->column_count;
}

static void take_header(pk_catalog *c, data_table *t, const data_table *config, const csv_record *r)
{
    t->column_count = r->cells.len;
    t->columns = ARENA_ARRAY(c->arena, data_column, r->cells.len);
    for (size_t i = 0; i < r->cells.len; i++) {
        t->columns[i].name = arena_str(c->arena, r->cells.at[i]);
        for (size_t k = 0; config && k < config->column_count; k++)
            if (str_equal_ascii_fold(config->columns[k].name, r->cells.at[i])) {
                t->columns[i].type = config->columns[k].type;
                t->columns[i].repeated = config->columns[k].repeated;
            }
    }
}

typedef struct { VEC(pk_str) at; } cell_list;

static bool add_row(pk_catalog *c, const data_table *t, cell_list *cells, const csv_record *r, pk_str file, uint32_t line)
{
    if (cells->at.len + t->column_count > MOST_CELLS) return false;
    if (r->cells.len != t->column_count)
        diag_add(catalog_diags(c), PK_WARNING, "table-row", (diag_place){.file = file, .line = line}, STR(""), NULL, "has %zu cells where the table has %zu columns",
                 r->cells.len, t->column_count);
    for (size_t i = 0; i < t->column_count; i++) {
        pk_str cell = i < r->cells.len ? arena_str(c->arena, r->cells.at[i]) : STR("");
        vec_push_in(c->arena, &cells->at, cell);
    }
    return true;
}

pk_status parse_data_table(pk_catalog *c, pk_str name, pk_str source, pk_str file)
{
    const data_table *config = config_of(c, name);
    data_table t = {.name = arena_str(c->arena, name)};
    csv_record r = {0};
    cell_list cells = {0};
    uint32_t line = 0;
    bool room = true;
    arena *scratch = arena_new();
    if (str_starts_with(source, STR("\xef\xbb\xbf"))) source = str_slice(source, 3, source.len);
    for (;;) {
        uint32_t at = line + 1;
        if (!room || !next_record(&source, ',', scratch, &r, &line)) break;
        if (t.columns) {
            room = add_row(c, &t, &cells, &r, file, at);
        } else if (config && !is_header(config, &r) && r.cells.len == config->column_count) {
            t.columns = config->columns;
            t.column_count = config->column_count;
            room = add_row(c, &t, &cells, &r, file, at);
        } else {
            take_header(c, &t, config, &r);
        }
    }
    arena_free(scratch);
    if (!room)
        diag_add(catalog_diags(c), PK_ERROR, "table-large", (diag_place){.file = file, .line = line}, STR(""), NULL, "has more than %d cells; further rows are left out", MOST_CELLS);
    if (!t.column_count) {
        diag_add(catalog_diags(c), PK_ERROR, "table-empty", (diag_place){.file = file}, STR(""), "the first line names the columns", "has no columns");
        return PK_ERROR_SYNTAX;
    }
    t.cells = cells.at.at;
    t.row_count = cells.at.len / t.column_count;
    vec_push_in(c->arena, &c->tables, t);
    return room ? PK_OK : PK_ERROR_LIMIT;
}
