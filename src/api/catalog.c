/* Catalogs: rule files into rules, and rules as the public header shows them. */
#include "api/cache.h"

#include <stdio.h>

diag_list *catalog_diags(const pk_catalog *c) { return ir_diags(c->ir); }

pk_status pk_catalog_new(pk_catalog **out, const char *share)
{
    pk_catalog *c = mem_zalloc(1, sizeof *c);
    *out = c;
    c->arena = arena_new();
    c->ir = ir_catalog_new();
    c->share = find_share(share, c->arena);
    if (!c->share.len) {
        diag_add(catalog_diags(c), PK_ERROR, "share", (diag_place){0}, STR(""), "set PICKET_SHARE to the folder that holds 'schemas'",
                 "the data that ships with picket is not found");
        return PK_ERROR_IO;
    }
    pk_str schemas = arena_printf(c->arena, STR_FMT "/schemas", STR_ARG(c->share));
    return schema_load(&c->schema, schemas.ptr, catalog_diags(c));
}

void pk_catalog_free(pk_catalog *c)
{
    if (!c) return;
    pending_clear(c);
    vec_free(&c->asked);
    vec_free(&c->read);
    vec_free(&c->list_sources);
    ir_catalog_free(c->ir);
    schema_free(c->schema);
    vec_free(&c->without_rules);
    vec_free(&c->stated);
    vec_free(&c->stated_classes);
    arena_free(c->arena);
    cache_release(c);
    mem_free(c);
}

pk_str pk_catalog_share(const pk_catalog *c) { return c->share; }

/* When files are read is nothing that a reader of the header can tell: its const stands. */
static const pk_catalog *settled(const pk_catalog *c)
{
    catalog_settle((pk_catalog *)(uintptr_t)c);
    return c;
}

const pk_diagnostics *pk_catalog_diagnostics(const pk_catalog *c) { return catalog_diags(settled(c)); }

pk_strs pk_catalog_files_without_rules(const pk_catalog *c)
{
    return (pk_strs){settled(c)->without_rules.at, c->without_rules.len};
}

void pk_catalog_use_threads(pk_catalog *c, unsigned threads) { c->threads = threads; }

/* ---- loading ---- */

pk_status pk_catalog_state_source(pk_catalog *c, const char *source, pk_log_source *out)
{
    log_source stated;
    if (!c->schema || !parse_log_source(arena_str(c->arena, str_from(source)), &stated)) return PK_ERROR_USAGE;
    *out = (pk_log_source)c->stated.len;
    vec_push(&c->stated, stated);
    vec_push(&c->stated_classes, schema_user_class(c->schema, &stated));
    return PK_OK;
}

/* ---- rules ---- */

static pk_strs strs_of(const str_list *l) { return (pk_strs){l->items.at, l->items.len}; }

pk_rule rule_view(const rule *r)
{
    static const pk_rule_state states[RULE_STATES] = {
        [RULE_RUNNABLE] = PK_RULE_RUNNABLE, [RULE_NEEDS_LIST] = PK_RULE_NEEDS_LIST, [RULE_UNSUPPORTED] = PK_RULE_UNSUPPORTED, [RULE_ERROR] = PK_RULE_ERROR};
    return (pk_rule){
        .index = r->index, .state = states[r->state], .reason = r->reason,
        .id = r->id, .name = r->name, .title = r->title, .description = r->description, .author = r->author,
        .date = r->date, .modified = r->modified, .status = r->status, .level = r->level, .licence = r->licence,
        .language = str_from(r->language ? r->language->name : ""), .path = r->path, .line = r->span.line,
        .text = str_slice(r->source, r->span.start, r->span.end > r->span.start ? r->span.end - r->span.start : 0),
        .product = r->logsource.product, .category = r->logsource.category, .service = r->logsource.service,
        .references = strs_of(&r->references), .false_positives = strs_of(&r->false_positives), .tags = strs_of(&r->tags),
        .tactics = strs_of(&r->tactics), .techniques = strs_of(&r->techniques),
    };
}

void catalog_refresh(pk_catalog *c)
{
    if (!c->rules) c->rules = ARENA_ARRAY(c->arena, pk_rule, ir_rule_count(c->ir));
    for (size_t i = 0; i < ir_rule_count(c->ir); i++) c->rules[i] = rule_view(ir_rule(c->ir, i));
}

/* A rule whose id another of the same language has is kept; its author should know. */
static void warn_of_same_ids(pk_catalog *c)
{
    table first = {0};
    for (size_t i = 0; i < ir_rule_count(c->ir); i++) {
        const rule *r = ir_rule(c->ir, i);
        if (r->id.len == 0) continue;
        pk_str key = arena_printf(c->arena, "%s\n" STR_FMT, r->language ? r->language->name : "", STR_ARG(r->id));
        if (table_put(&first, key, (uint32_t)i)) continue;
        const rule *other = ir_rule(c->ir, table_get(&first, key));
        diag_add(ir_diags(c->ir), PK_WARNING, "rule-same-id",
                 (diag_place){.file = r->path, .line = r->span.line, .column = r->span.column}, r->id,
                 "an id names one rule: give this one its own",
                 "the id " STR_FMT " is that of '" STR_FMT "' (" STR_FMT ") too", STR_ARG(r->id), STR_ARG(other->title),
                 STR_ARG(other->path));
    }
    table_free(&first);
}

void catalog_complete(pk_catalog *c)
{
    if (c->complete) {
        (void)catalog_rest(c);
        return;
    }
    catalog_settle(c);
    c->complete = true;
    language_options options = catalog_language_options(c);
    for (size_t i = 0; languages[i]; i++)
        if (languages[i]->resolve) languages[i]->resolve(c->ir, &options);
    warn_of_same_ids(c);
    ir_catalog_forget(c->ir);
    catalog_refresh(c);
}

void catalog_restored(pk_catalog *c)
{
    pending_clear(c);
    c->complete = true;
}

const pk_rule *catalog_rule(const pk_catalog *c, const rule *r) { return &c->rules[r->index]; }

size_t pk_catalog_rule_count(pk_catalog *c)
{
    catalog_complete(c);
    return ir_rule_count(c->ir);
}

const pk_rule *pk_catalog_rule(pk_catalog *c, size_t i)
{
    catalog_complete(c);
    return &c->rules[i];
}

const pk_rule *pk_catalog_find_rule(pk_catalog *c, pk_str wanted)
{
    catalog_complete(c);
    const rule *r = ir_find_rule(c->ir, wanted);
    if (r) return &c->rules[r->index];
    for (size_t i = 0; i < ir_rule_count(c->ir); i++)
        if (str_equal_ascii_fold(c->rules[i].title, wanted) || str_equal_ascii_fold(c->rules[i].id, wanted)) return &c->rules[i];
    return NULL;
}

const char *pk_rule_state_text(pk_rule_state state)
{
    switch (state) {
    case PK_RULE_RUNNABLE: return "runnable";
    case PK_RULE_NEEDS_LIST: return "needs a list";
    case PK_RULE_UNSUPPORTED: return "unsupported";
    case PK_RULE_ERROR: return "error";
    case PK_RULE_STATES: break;
    }
    return "";
}
