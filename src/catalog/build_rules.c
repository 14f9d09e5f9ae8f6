/* Rows of rules: metadata, lists, fields, words. What they say comes from the IR alone. */
#include "catalog/build_rule.h"

/* ---- metadata ---- */

static const char *type_of_plan(const plan *p)
{
    const char *type = "single event";
    for (size_t i = 0; p && i < p->stage_count; i++) {
        switch (p->stages[i]->kind) {
        case STAGE_SEQUENCE: case STAGE_SAMPLE: return "sequence";
        case STAGE_JOIN: return "join";
        case STAGE_NEW_TERMS: return "new terms";
        case STAGE_LOOKUP: type = "indicator"; break;
        case STAGE_AGGREGATE: type = "aggregation"; break;
        case STAGE_MATCH: case STAGE_CONTEXT: case STAGE_ROWS: case STAGE_RULE: case STAGE_ALERTS: case STAGE_DERIVE: case STAGE_HISTORY: case STAGE_EXPAND:
        case STAGE_FOR_EACH: case STAGE_WHERE: case STAGE_SORT: case STAGE_DEDUP: case STAGE_LIMIT: case STAGE_UNION:
        case STAGE_FRAME: case STAGE_UNSUPPORTED: case STAGE_KINDS: break;
        }
    }
    return type;
}

pk_str id_of_rule(build *b, const rule *r)
{
    if (r->id.len) return utf8_repair(b->arena, r->id);
    pk_str name = utf8_repair(b->arena, r->path);
    for (size_t i = name.len; i-- > 0;)
        if (name.ptr[i] == '/') {
            name = str_slice(name, i + 1, STR_NPOS);
            break;
        }
    for (size_t i = name.len; i-- > 1;)
        if (name.ptr[i] == '.') {
            name = str_slice(name, 0, i);
            break;
        }
    const source_file *f = file_of(b, r->path);
    size_t n = f ? r->index - f->first_rule + 1 : 1;
    return n > 1 ? arena_printf(b->arena, STR_FMT "-%zu", STR_ARG(name), n) : name;
}

static int64_t year_of(pk_str date)
{
    int64_t year;
    pk_str digits = str_slice(date, 0, 4);
    return digits.len == 4 && str_to_int(digits, false, &year) && year > 0 ? year : DATABASE_NULL;
}

/* The whole file where it holds nothing else; else the lines of the document. */
static pk_str source_of(rule_writer *w, int64_t *line)
{
    const rule *r = w->rule;
    const ir_catalog *c = w->build->catalog->ir;
    bool alone = (r->index == 0 || !str_equal(ir_rule(c, r->index - 1)->path, r->path)) &&
                 (r->index + 1 >= ir_rule_count(c) || !str_equal(ir_rule(c, r->index + 1)->path, r->path));
    *line = 1;
    if (alone) return r->source;
    size_t start = r->span.start;
    while (start > 0 && start <= r->source.len && r->source.ptr[start - 1] != '\n') start--;
    *line = r->span.line ? r->span.line : 1;
    return str_slice(r->source, start, r->span.end > start ? r->span.end - start : 0);
}

static void store_list(rule_writer *w, const char *kind, const str_list *list)
{
    for (size_t i = 0; i < list->items.len; i++)
        database_run(&w->build->db, "INSERT INTO rule_list(rule, kind, position, value) VALUES(?,?,?,?)", "isis", w->id, str_from(kind), (int64_t)i,
                     valid(w, list->items.at[i]));
}

static void store_lists(rule_writer *w)
{
    const rule *r = w->rule;
    store_list(w, "reference", &r->references);
    store_list(w, "false positive", &r->false_positives);
    store_list(w, "tag", &r->tags);
    for (size_t i = 0; i < r->related_count; i++)
        database_run(&w->build->db, "INSERT INTO rule_list(rule, kind, position, value) VALUES(?,?,?,?)", "isis", w->id,
                     r->related[i].relation.len ? valid(w, r->related[i].relation) : STR("related"), (int64_t)i, valid(w, r->related[i].id));
    for (size_t i = 0; i < r->other_count; i++)
        database_run(&w->build->db, "INSERT INTO rule_meta(rule, position, key, value) VALUES(?,?,?,?)", "iiss", w->id, (int64_t)i, valid(w, r->other[i].key),
                     valid(w, r->other[i].text));
    for (size_t i = 0; i < r->techniques.items.len; i++)
        database_run(&w->build->db, "INSERT OR IGNORE INTO rule_technique(rule, written, technique) VALUES(?,?,?)", "iss", w->id, r->techniques.items.at[i],
                     attack_resolve_technique(w->build->attack, r->techniques.items.at[i], w->arena));
    for (size_t i = 0; i < r->tactics.items.len; i++)
        database_run(&w->build->db, "INSERT OR IGNORE INTO rule_tactic(rule, written, tactic) VALUES(?,?,?)", "iss", w->id, r->tactics.items.at[i],
                     attack_resolve_tactic(w->build->attack, r->tactics.items.at[i], w->arena));
}

static void store_fields(rule_writer *w)
{
    str_list fields = {0};
    extract_fields(w->rule, w->arena, &fields);
    for (size_t i = 0; i < fields.items.len; i++)
        database_run(&w->build->db, "INSERT OR IGNORE INTO rule_field(rule, field) VALUES(?,?)", "is", w->id, valid(w, fields.items.at[i]));
}

static pk_str joined(rule_writer *w, const pk_str *parts, size_t count, const str_list *list)
{
    text out = {0};
    for (size_t i = 0; i < count; i++) {
        text_put(&out, parts[i]);
        text_put_char(&out, ' ');
    }
    for (size_t i = 0; list && i < list->items.len; i++) {
        text_put(&out, list->items.at[i]);
        text_put_char(&out, ' ');
    }
    pk_str s = valid(w, arena_str(w->arena, text_view(&out)));
    text_free(&out);
    return s;
}

static void store_words(rule_writer *w, pk_str source)
{
    const rule *r = w->rule;
    pk_str ids[] = {r->id, r->name};
    pk_str about[] = {r->description, r->author};
    database_run(&w->build->db, "INSERT INTO words(rowid, title, ids, tags, description, predicates, body) VALUES(?,?,?,?,?,?,?)", "issssss", w->id,
                 valid(w, r->title), joined(w, ids, 2, &r->techniques), joined(w, NULL, 0, &r->tags), joined(w, about, 2, NULL),
                 valid(w, arena_str(w->arena, text_view(&w->values))), valid(w, source));
}

/* ---- one rule ---- */

static rule_state state_of(rule_writer *w, pk_str *reason)
{
    const rule *r = w->rule;
    *reason = r->reason;
    if (r->state != RULE_RUNNABLE || (r->plan && program_has_rule(w->build->routes, r->index))) return r->state;
    *reason = STR("the engine cannot run it");
    for (size_t i = 0; i < diag_count(w->build->route_diags); i++) {
        const pk_diagnostic *d = diag_at(w->build->route_diags, i);
        if (d->severity >= PK_UNSUPPORTED && str_equal(d->file, r->path) && str_equal(d->rule, r->id.len ? r->id : r->title)) *reason = d->message;
    }
    return RULE_UNSUPPORTED;
}

static void store_rule_row(rule_writer *w, const char *type, pk_str source, int64_t line)
{
    static const pk_rule_state states[RULE_STATES] = {
        [RULE_RUNNABLE] = PK_RULE_RUNNABLE, [RULE_NEEDS_LIST] = PK_RULE_NEEDS_LIST, [RULE_UNSUPPORTED] = PK_RULE_UNSUPPORTED, [RULE_ERROR] = PK_RULE_ERROR};
    const rule *r = w->rule;
    pk_str reason;
    rule_state state = state_of(w, &reason);
    bool counts = state != RULE_ERROR && !str_equal_ascii_fold(r->status, STR("deprecated"));
    int rank = level_rank(r->level);
    pk_str of = str_from(r->language->name), id = id_of_rule(w->build, r);
    w->id = database_run(&w->build->db,
        "INSERT INTO rule(language, key, rule_id, file, line, title, name, description, author, date, modified, year, status, level, level_rank, licence, "
        "definition, type, product, category, service, state, reason, counts, syntax, source) VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
        "sssiioooooonoonoosooosoiss", of, key_for_rule(w->build, of, id), id, w->file->id, line, valid(w, r->title), valid(w, r->name),
        valid(w, r->description), valid(w, r->author), valid(w, r->date), valid(w, r->modified), year_of(r->date), valid(w, r->status), valid(w, r->level),
        rank < 0 ? DATABASE_NULL : (int64_t)rank, valid(w, r->licence), valid(w, r->logsource_definition), str_from(type), valid(w, r->logsource.product),
        valid(w, r->logsource.category), valid(w, r->logsource.service), str_from(pk_rule_state_text(states[state])), valid(w, reason), (int64_t)counts,
        str_from(r->language->syntax ? r->language->syntax : ""), source);
    w->build->report->states[states[state]]++;
}

static void write_rule(build *b, const rule *r, source_file *f, arena *a)
{
    rule_writer w = {.build = b, .rule = r, .file = f, .arena = a};
    rule_description description;
    int64_t line;
    language_describe(r, a, &description);
    pk_str source = valid(&w, source_of(&w, &line));
    store_rule_row(&w, description.type ? description.type : type_of_plan(r->plan), source, line);
    store_stages(&w, &description);
    store_lists(&w);
    store_fields(&w);
    store_words(&w, source);
    store_rule_classes(b, r, w.id, a);
    b->rule_ids.ids.at[r->index] = w.id;
    b->report->rules_parsed++;
    text_free(&w.values);
    table_free(&w.seen);
    vec_free(&w.uses);
}

void store_rules(build *b)
{
    arena *a = arena_new();
    const ir_catalog *c = b->catalog->ir;
    b->rule_ids.ids.len = 0;
    for (size_t i = 0; i < ir_rule_count(c); i++) vec_push(&b->rule_ids.ids, 0);
    name_rules(b);
    store_files(b);
    for (size_t i = 0; i < b->files.all.len && b->db.status == PK_OK; i++) {
        source_file *f = &b->files.all.at[i];
        for (size_t k = f->first_rule; f->load && k < f->first_rule + f->rule_count; k++) {
            write_rule(b, ir_rule(c, k), f, a);
            arena_reset(a);
        }
    }
    store_what_is_said(b);
    arena_free(a);
}
