/*
 * YARA-L 2.0: files -> rules of the catalogue.
 *
 * parse makes trees, bind says what their names are, metadata and check read them, lower makes the plan. Whatever is wrong stays
 * with its rule.
 */
#include "languages/yaral/lower.h"
#include "languages/yaral/yaral.h"

/* ---- files ---- */

static rule *add_rule(ir_catalog *c, const rule_file *file, const yaral_rule *ast)
{
    rule *r = ir_add_rule(c);
    r->language = &yaral_language;
    r->path = file->path;
    r->source = file->text;
    r->span = ast->span;
    r->id = r->title = r->description = r->author = r->date = r->modified = r->status = r->level = STR("");
    r->licence = r->logsource_definition = r->reason = STR("");
    r->name = ast->name;
    r->logsource = (log_source){STR(""), STR(""), STR("")};
    return r;
}

static void load_rule(ir_catalog *c, arena *nodes, const rule_file *file, yaral_rule *ast, const language_options *o)
{
    rule *r = add_rule(c, file, ast);
    yaral_bind(nodes, ast);
    yaral_read_metadata(c, r, ast);
    if (ast->broken) {
        r->state = RULE_ERROR;
        r->reason = ast->reason;
        return;
    }
    yaral_check(c, r, ast);
    if (r->state != RULE_ERROR) yaral_lower(c, r, ast, o);
}

static size_t yaral_load(ir_catalog *c, const rule_file *file, const language_options *o)
{
    arena *nodes = arena_new();
    yaral_file parsed = yaral_parse(nodes, ir_arena(c), file->path, file->text, ir_diags(c));
    for (size_t i = 0; i < parsed.count; i++) load_rule(c, nodes, file, parsed.rules[i], o);
    arena_free(nodes);
    return parsed.count;
}

/* ---- is it YARA-L? ---- */

static bool has_ending(pk_str path, pk_str ending)
{
    return path.len >= ending.len && str_equal_ascii_fold(str_slice(path, path.len - ending.len, ending.len), ending);
}

/* A line that begins with the word, blanks before it aside. */
static bool has_line(pk_str s, pk_str word)
{
    for (size_t at = 0; at < s.len;) {
        size_t found = str_find(str_slice(s, at, STR_NPOS), word);
        if (found == STR_NPOS) return false;
        size_t before = at += found;
        while (before && (s.ptr[before - 1] == ' ' || s.ptr[before - 1] == '\t')) before--;
        if (!before || s.ptr[before - 1] == '\n') return true;
        at += word.len;
    }
    return false;
}

static bool yaral_detect(const rule_file *f)
{
    if (has_ending(f->path, STR(".yaral")) || has_ending(f->path, STR(".yara-l"))) return true;
    pk_str head = str_slice(f->text, 0, 65536);
    return has_line(head, STR("rule ")) && has_line(head, STR("events:")) && has_line(head, STR("condition:"));
}

/* What a path begins with says what the variable ranges over. */
static pk_str yaral_field_name(pk_str schema, pk_str path, arena *a)
{
    if (str_equal(schema, STR("udm-entity"))) return arena_printf(a, "graph." STR_FMT, STR_ARG(path));
    if (str_equal(schema, STR("udm-detection"))) return arena_printf(a, "detection." STR_FMT, STR_ARG(path));
    return path;
}

const language yaral_language = {
    .name = "yara-l",
    .title = "YARA-L",
    .extensions = ".yaral .yara-l",
    .detect = yaral_detect,
    .load = yaral_load,
    .functions = yaral_functions,
    .syntax = "yara-l",
    .family = "udm",
    .vendor = true,
    .describe = yaral_describe,
    .field_name = yaral_field_name,
};
