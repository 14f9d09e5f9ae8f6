/*
 * Sigma: files -> documents -> rules of the catalogue.
 *
 * A file holds any number of documents: detection rules, correlations, filters, and parts of a legacy collection (`action:
 * global`, `reset`, `repeat`), which are merged before they are read. A document that is none of these is named in a note
 * and not counted. Whatever is wrong stays with its document: metadata is read first, and the rest of the file goes on.
 */
#include "languages/sigma/sigma.h"

#include <stdarg.h>
#include <stdio.h>

/* ---- diagnostics ---- */

static rule_state state_of(pk_severity severity)
{
    switch (severity) {
    case PK_NEEDS_LIST: return RULE_NEEDS_LIST;
    case PK_UNSUPPORTED: return RULE_UNSUPPORTED;
    case PK_ERROR: return RULE_ERROR;
    case PK_NOTE: case PK_WARNING: case PK_SEVERITIES: break;
    }
    return RULE_RUNNABLE;
}

static diag_place place_of(pk_str file, span at)
{
    return (diag_place){.file = file, .line = at.line, .column = at.column, .length = at.end - at.start};
}

#define MAX_MESSAGE 1024

static pk_str message_of(arena *a, const char *format, va_list args)
{
    char message[MAX_MESSAGE];
    int n = vsnprintf(message, sizeof message, format, args);
    return arena_str(a, (pk_str){message, n < 0 ? 0 : (size_t)n < sizeof message ? (size_t)n : sizeof message - 1});
}

void sigma_report(sigma_document *d, pk_severity severity, const char *code, span at, pk_str hint, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    pk_str message = message_of(d->arena, format, args);
    va_end(args);
    diag_add_text(ir_diags(d->catalog), severity, code, place_of(d->file->path, at), d->label, message, hint);
    rule_state state = state_of(severity);
    if (state <= d->state) return;
    d->state = state;
    d->reason = message;
}

void sigma_report_rule(ir_catalog *c, rule *r, pk_severity severity, const char *code, span at, pk_str hint,
                       const char *format, ...)
{
    va_list args;
    va_start(args, format);
    pk_str message = message_of(ir_arena(c), format, args);
    va_end(args);
    diag_add_text(ir_diags(c), severity, code, place_of(r->path, at), r->id.len ? r->id : r->title, message, hint);
    rule_state state = state_of(severity);
    if (state <= r->state) return;
    r->state = state;
    r->reason = message;
}

pk_str sigma_keep(sigma_document *d, pk_str s)
{
    pk_str file = d->file->text;
    bool view = s.ptr >= file.ptr && s.ptr + s.len <= file.ptr + file.len;
    return view || !s.len ? s : arena_str(d->arena, s);
}

pk_str sigma_did_you_mean(arena *a, pk_str word, const pk_str *names, size_t count)
{
    if (word.len > 200 || count > 10000) return STR("");
    pk_str near = str_nearest(word, names, count);
    return near.len ? arena_printf(a, "did you mean '" STR_FMT "'?", STR_ARG(near)) : STR("");
}

bool sigma_scalar(sigma_document *d, const yaml_node *n, const char *what, pk_str *out)
{
    *out = n->text;
    if (n->kind == YAML_SCALAR && n->type != YAML_NULL) return true;
    sigma_report(d, PK_ERROR, "sigma-value", n->span, STR(""), "expected %s, found %s", what,
                 n->kind == YAML_MAP ? "a map" : n->kind == YAML_LIST ? "a list" : "nothing");
    *out = STR("");
    return false;
}

/* ---- documents ---- */

typedef struct {
    sigma_document base;          /* what all documents of the file share */
    yaml_node *global;            /* template of `action: global` */
    yaml_node *previous;          /* rule before, for `action: repeat` */
    size_t budget;                /* nodes that merging may still make */
    size_t rules;                 /* documents that were rules */
} file_reader;

static void report_problems(sigma_document *d, const yaml_document *doc)
{
    static const char *const codes[YAML_PROBLEMS] = {
        [YAML_SYNTAX] = "sigma-yaml", [YAML_DUPLICATE_KEY] = "sigma-duplicate-key",
        [YAML_LIMIT] = "sigma-limit", [YAML_ENCODING] = "sigma-encoding",
    };
    for (size_t i = 0; i < doc->problem_count; i++) {
        const yaml_problem *p = &doc->problems[i];
        sigma_report(d, PK_ERROR, codes[p->kind], p->place, p->hint, STR_FMT, STR_ARG(p->message));
    }
}

static void read_rule(file_reader *f, const yaml_document *doc, yaml_node *root)
{
    sigma_document d = f->base;
    rule *r = ir_add_rule(d.catalog);
    f->rules++;
    d.rule = r;
    r->language = &sigma_language;
    r->path = d.file->path;
    r->source = d.file->text;
    r->span = doc->span;
    r->id = r->name = r->title = r->description = r->author = r->date = r->modified = r->status = r->level = STR("");
    r->licence = r->logsource_definition = r->reason = STR("");
    r->logsource = (log_source){STR(""), STR(""), STR("")};
    if (root) sigma_read_metadata(&d, root);
    report_problems(&d, doc);
    if (root && !doc->broken) {
        if (yaml_get(root, STR("correlation"))) sigma_read_correlation(&d, root);
        else sigma_read_rule(&d, root);
    } else if (root) {
        r->logsource = sigma_read_logsource(&d, root);
    }
    r->state = d.state;
    r->reason = d.reason;
}

static void read_filter(file_reader *f, const yaml_document *doc, yaml_node *root)
{
    sigma_document d = f->base;
    const yaml_node *id = yaml_get(root, STR("id")), *title = yaml_get(root, STR("title"));
    const yaml_node *label = id ? id : title;
    if (label && label->kind == YAML_SCALAR) d.label = sigma_keep(&d, label->text);
    report_problems(&d, doc);
    if (!doc->broken) sigma_read_filter(&d, root);
}

/* What a document without rule is, in a note. */
static void note_other(file_reader *f, const yaml_document *doc, const yaml_node *root)
{
    sigma_document d = f->base;
    text keys = {0};
    bool more = false;
    for (size_t i = 0; root->kind == YAML_MAP && i < root->count && !more; i++) {
        more = keys.len + root->entries[i].key.len > 100;
        if (keys.len) text_put_cstring(&keys, ", ");
        if (more) text_put_cstring(&keys, "...");
        else text_put(&keys, root->entries[i].key);
    }
    report_problems(&d, doc);
    if (yaml_get(root, STR("regression_tests_info")))
        sigma_report(&d, PK_NOTE, "sigma-no-rule", root->span, STR(""), "no rule: a description of regression tests");
    else if (root->kind == YAML_MAP)
        sigma_report(&d, PK_NOTE, "sigma-no-rule", root->span, STR(""), "no rule: YAML with the keys " STR_FMT,
                     STR_ARG(text_view(&keys)));
    else
        sigma_report(&d, PK_NOTE, "sigma-no-rule", root->span, STR(""), "no rule: %s",
                     root->kind == YAML_LIST ? "a YAML list" : "a YAML text");
    text_free(&keys);
}

static bool is_rule(const yaml_node *root)
{
    return yaml_get(root, STR("detection")) || yaml_get(root, STR("correlation"))
        || (yaml_get(root, STR("logsource")) && !yaml_get(root, STR("filter")));
}

/* `over` laid over `under`, or NULL and a diagnostic if merging has grown too large. */
static yaml_node *merge(file_reader *f, yaml_node *under, yaml_node *over)
{
    /* what the template holds is read once more, whether it is copied or shared */
    size_t cost = under ? under->size : 0;
    yaml_node *n = NULL;
    if (cost <= f->budget) {
        f->budget -= cost;
        n = yaml_merge(f->base.scratch, under, over, &f->budget);
    }
    if (!n) {
        sigma_document d = f->base;
        sigma_report(&d, PK_ERROR, "sigma-limit", over->span, STR(""), "the collection grows too large by merging");
    }
    return n;
}

/* Parts of a legacy collection. Returns the document to read, NULL if there is none. */
static yaml_node *apply_action(file_reader *f, yaml_node *root)
{
    const yaml_node *action = yaml_get(root, STR("action"));
    bool plain = !action || action->kind != YAML_SCALAR;
    if (!plain && str_equal_ascii_fold(action->text, STR("global"))) {
        f->global = root;
        return NULL;
    }
    if (!plain && str_equal_ascii_fold(action->text, STR("reset"))) {
        f->global = NULL;
        return NULL;
    }
    if (yaml_get(root, STR("correlation")) || yaml_get(root, STR("filter"))) return root;
    if (!plain && str_equal_ascii_fold(action->text, STR("repeat"))) root = merge(f, f->previous, root);
    else if (f->global && root->kind == YAML_MAP) root = merge(f, f->global, root);
    f->previous = root;
    return root;
}

/* Text that can't be read as YAML counts as a rule in error, unless it is plainly something else. */
static void read_broken(file_reader *f, const yaml_document *doc)
{
    if (!doc->root || doc->root->kind != YAML_MAP || is_rule(doc->root) || !yaml_get(doc->root, STR("regression_tests_info")))
        read_rule(f, doc, doc->root && doc->root->kind == YAML_MAP ? doc->root : NULL);
    else
        note_other(f, doc, doc->root);
}

static void read_document(file_reader *f, const yaml_document *doc)
{
    if (doc->broken) {
        read_broken(f, doc);
        return;
    }
    if (!doc->root || (doc->root->kind == YAML_SCALAR && doc->root->type == YAML_NULL)) {
        sigma_document d = f->base;
        report_problems(&d, doc);
        sigma_report(&d, PK_NOTE, "sigma-no-rule", doc->span, STR(""), "no rule: an empty document");
        return;
    }
    yaml_node *root = apply_action(f, doc->root);
    if (!root) {
        sigma_document d = f->base;
        report_problems(&d, doc);
        return;
    }
    if (is_rule(root)) read_rule(f, doc, root);
    else if (yaml_get(root, STR("filter"))) read_filter(f, doc, root);
    else note_other(f, doc, root);
}

static size_t sigma_load(ir_catalog *c, const rule_file *file, const language_options *options)
{
    arena *scratch = arena_new();
    sigma_usage usage = {0};
    yaml_file yaml = yaml_read(scratch, file->text);
    file_reader f = {.base = {.catalog = c, .arena = ir_arena(c), .scratch = scratch, .file = file, .options = options,
                              .source = &yaml.source, .usage = &usage, .label = STR(""), .reason = STR("")},
                     .budget = YAML_MAX_NODES};
    for (size_t i = 0; i < yaml.count; i++) read_document(&f, &yaml.documents[i]);
    if (!yaml.count) {
        sigma_document d = f.base;
        sigma_report(&d, PK_NOTE, "sigma-no-rule", yaml_span(&yaml.source, 0, 0), STR(""), "no rule: an empty file");
    }
    arena_free(scratch);
    return f.rules;
}

/* ---- all files together ---- */

static void sigma_resolve(ir_catalog *c, const language_options *o)
{
    (void)o;
    table by_name = {0};
    size_t count = ir_rule_count(c);
    for (size_t i = 0; i < count; i++) {
        const rule *r = ir_rule(c, i);
        if (r->language == &sigma_language && r->id.len) table_put(&by_name, r->id, (uint32_t)i);
    }
    for (size_t i = 0; i < count; i++) {
        const rule *r = ir_rule(c, i);
        if (r->language == &sigma_language && r->name.len) table_put(&by_name, r->name, (uint32_t)i);
    }
    sigma_resolve_filters(c, &by_name);
    sigma_resolve_correlations(c, &by_name);
    table_free(&by_name);
}

/* ---- is it Sigma? ---- */

static bool has_key_line(pk_str s, pk_str key)
{
    for (size_t at = 0; at < s.len;) {
        size_t found = str_find(str_slice(s, at, STR_NPOS), key);
        if (found == STR_NPOS) return false;
        at += found;
        if (at == 0 || s.ptr[at - 1] == '\n') return true;
        at += key.len;
    }
    return false;
}

static bool has_ending(pk_str path, pk_str ending)
{
    return path.len >= ending.len && str_equal_ascii_fold(str_slice(path, path.len - ending.len, ending.len), ending);
}

/* By name any YAML file, since a rule may be so broken that nothing else tells; else by the keys of a rule. */
static bool sigma_detect(const rule_file *f)
{
    if (has_ending(f->path, STR(".yml")) || has_ending(f->path, STR(".yaml"))) return true;
    pk_str head = str_slice(f->text, 0, 65536);
    return has_key_line(head, STR("detection:")) || has_key_line(head, STR("correlation:"))
        || (has_key_line(head, STR("filter:")) && has_key_line(head, STR("logsource:")));
}

const language sigma_language = {
    .name = "sigma",
    .title = "Sigma",
    .extensions = ".yml .yaml",
    .detect = sigma_detect,
    .load = sigma_load,
    .resolve = sigma_resolve,
    .functions = sigma_modifiers,
    .syntax = "yaml",
    .family = "sigma",
    .describe = sigma_describe,
    .references = sigma_references,
};
