/* Rows of rules: metadata, boxes with their predicates, fields, words. What they say comes from the IR alone. */
#include "catalog/build.h"

#include "base/unicode.h"
#include "ir/walk.h"

typedef struct {
    int64_t predicate;
    pk_str shown;
    bool positive, negative;
} predicate_use;

/* One rule while its rows are written. */
typedef struct {
    build *build;
    const rule *rule;
    const pk_rule *shown;
    source_file *file;
    int64_t id;
    arena *arena;
    bool *positive, *negative;    /* by definition: how the plan uses it */
    text values;                  /* of its predicates, for search */
    table seen;                   /* keys of its predicates -> index in `uses` */
    VEC(predicate_use) uses;
} rule_writer;

static pk_str valid(rule_writer *w, pk_str s) { return utf8_repair(w->arena, s); }

/* ---- predicates ---- */

/* The row of its normalised form, or DATABASE_NULL. */
static int64_t store_normal(build *b, pk_str family, const found_predicate *p)
{
    normal_predicate n;
    if (!normalise_predicate(b->normal, family, p, b->arena, &n)) return DATABASE_NULL;
    pk_str field = utf8_repair(b->arena, n.field), folded = utf8_repair(b->arena, n.folded), kind = str_from(n.kind);
    int64_t id = database_number(&b->db, 0, "SELECT id FROM normal WHERE field = ? AND kind = ? AND cased = ? AND folded = ?", "ssis", field, kind,
                                 (int64_t)n.cased, folded);
    if (id) return id;
    return database_run(&b->db, "INSERT INTO normal(field, kind, cased, folded) VALUES(?,?,?,?)", "ssis", field, kind, (int64_t)n.cased, folded);
}

int64_t store_predicate(build *b, const rule *r, const found_predicate *p)
{
    pk_str family = str_from(r->language->family ? r->language->family : r->language->name);
    predicate_key key = key_of_predicate(family, p);
    pk_str name = {key.text, sizeof key.text - 1};
    uint32_t known = table_get(&b->predicate_ids, name);
    if (known != TABLE_NONE) {
        stored_predicate *s = &b->predicates.at[known];
        if (!s->mixed && !str_equal(s->shown, p->value)) s->mixed = true;
        return s->id;
    }
    int64_t id = b->whole ? 0 : database_number(&b->db, 0, "SELECT id FROM predicate WHERE key = ?", "s", name);
    bool mixed = id != 0;
    if (!id)
        id = database_run(&b->db, "INSERT INTO predicate(key, family, field, kind, cased, value, folded, form, algorithm, normal) VALUES(?,?,?,?,?,?,?,?,?,?)",
                          "ssssissson", name, family, utf8_repair(b->arena, p->field), str_from(p->kind), (int64_t)p->cased, utf8_repair(b->arena, p->value),
                          utf8_repair(b->arena, p->folded), p->form, str_from(p->algorithm), store_normal(b, family, p));
    table_put(&b->predicate_ids, arena_str(b->arena, name), (uint32_t)b->predicates.len);
    vec_push(&b->predicates, ((stored_predicate){id, arena_str(b->arena, p->value), mixed}));
    return id;
}

static void note_use(rule_writer *w, int64_t predicate, pk_str shown, bool positive, bool negative)
{
    char bytes[sizeof predicate];
    memcpy(bytes, &predicate, sizeof predicate);
    pk_str key = arena_str(w->arena, (pk_str){bytes, sizeof bytes});
    uint32_t i = table_get(&w->seen, key);
    if (i == TABLE_NONE) {
        i = (uint32_t)w->uses.len;
        table_put(&w->seen, key, i);
        vec_push(&w->uses, ((predicate_use){.predicate = predicate, .shown = shown}));
    }
    w->uses.at[i].positive |= positive;
    w->uses.at[i].negative |= negative;
}

static void store_stage_predicates(rule_writer *w, const described_stage *s, int64_t box)
{
    found_predicates found = {0};
    const plan *p = w->rule->plan;
    bool positive = true, negative = false;
    if (s->definition != DESCRIBED_NONE && p && s->definition < p->definition_count) {
        positive = w->positive[s->definition];
        negative = w->negative[s->definition];
        extract_predicates(p->definitions[s->definition].value, w->arena, &found);
    }
    if (s->stage) extract_stage_predicates(s->stage, w->arena, &found);
    for (size_t i = 0; i < found.items.len; i++) {
        const found_predicate *f = &found.items.at[i];
        int64_t id = store_predicate(w->build, w->rule, f);
        bool is_positive = f->negated ? negative : positive, is_negative = f->negated ? positive : negative;
        pk_str shown = valid(w, f->value);
        if (is_positive || is_negative || s->unused) note_use(w, id, shown, is_positive || s->unused, is_negative);
        database_run(&w->build->db, "INSERT INTO stage_predicate(stage, position, predicate, negated, every, line, column, length, shown) VALUES(?,?,?,?,?,?,?,?,?)",
                     "iiiiiiiis", box, (int64_t)i, id, (int64_t)(is_negative && !is_positive), (int64_t)f->every, (int64_t)f->span.line,
                     (int64_t)f->span.column, (int64_t)(f->span.end - f->span.start), shown);
        text_put(&w->values, f->value);
        text_put_char(&w->values, '\n');
    }
}

static void store_uses(rule_writer *w)
{
    for (size_t i = 0; i < w->uses.len; i++)
        database_run(&w->build->db, "INSERT INTO rule_predicate(rule, predicate, positive, negative, position, shown) VALUES(?,?,?,?,?,?)", "iiiiis", w->id,
                     w->uses.at[i].predicate, (int64_t)w->uses.at[i].positive, (int64_t)w->uses.at[i].negative, (int64_t)i, w->uses.at[i].shown);
}

/* ---- how the plan uses its definitions ---- */

static bool note_definition(const expr *e, bool negated, void *user)
{
    rule_writer *w = user;
    if (e->kind != EXPR_NAME || e->as.name.index >= w->rule->plan->definition_count) return true;
    (negated ? w->negative : w->positive)[e->as.name.index] = true;
    return true;
}

static void note_root(const expr *e, void *user)
{
    if (e) ir_walk_expr(NULL, e, note_definition, user);
}

static void find_polarity(rule_writer *w)
{
    const plan *p = w->rule->plan;
    size_t count = p ? p->definition_count : 0;
    w->positive = ARENA_ARRAY(w->arena, bool, count + 1);
    w->negative = ARENA_ARRAY(w->arena, bool, count + 1);
    for (size_t i = 0; p && i < p->stage_count; i++) ir_each_stage_expr(p->stages[i], note_root, w);
}

/* ---- boxes ---- */

static pk_str names_json(rule_writer *w, const described_stage *s)
{
    text out = {0};
    if (!s->name_count) return STR("");
    for (size_t i = 0; i < s->name_count; i++) {
        text_put_cstring(&out, i ? ",{\"pattern\":" : "[{\"pattern\":");
        text_put_json(&out, s->names[i].pattern);
        text_put_cstring(&out, ",\"names\":[");
        for (size_t k = 0; k < s->names[i].count; k++) {
            if (k) text_put_char(&out, ',');
            text_put_json(&out, s->names[i].names[k]);
        }
        text_put_cstring(&out, "]}");
    }
    text_put_char(&out, ']');
    pk_str kept = arena_str(w->arena, text_view(&out));
    text_free(&out);
    return kept;
}

static const rule *rule_named(const build *b, pk_str id_or_name)
{
    uint32_t i = table_get(&b->rules_by_name, id_or_name);
    return i == TABLE_NONE ? NULL : ir_rule(b->catalog->ir, i);
}

static void name_rules(build *b)
{
    const ir_catalog *c = b->catalog->ir;
    for (size_t i = 0; i < ir_rule_count(c); i++)
        if (ir_rule(c, i)->id.len) table_put(&b->rules_by_name, ir_rule(c, i)->id, (uint32_t)i);
    for (size_t i = 0; i < ir_rule_count(c); i++)
        if (ir_rule(c, i)->name.len) table_put(&b->rules_by_name, ir_rule(c, i)->name, (uint32_t)i);
}

static pk_str linked_json(rule_writer *w, const described_stage *s)
{
    text out = {0};
    if (!s->rule_count) return STR("");
    for (size_t i = 0; i < s->rule_count; i++) {
        const rule *r = rule_named(w->build, s->rules[i]);
        text_put_cstring(&out, i ? ",{\"language\":" : "[{\"language\":");
        text_put_json(&out, str_from(r && r->language ? r->language->name : w->rule->language->name));
        text_put_cstring(&out, ",\"key\":");
        text_put_json(&out, r ? id_of_rule(w->build, r) : s->rules[i]);
        text_put_cstring(&out, ",\"title\":");
        text_put_json(&out, r ? r->title : s->rules[i]);
        text_put_char(&out, '}');
    }
    text_put_char(&out, ']');
    pk_str kept = arena_str(w->arena, text_view(&out));
    text_free(&out);
    return kept;
}

static void store_stage(rule_writer *w, const described_stage *s, size_t position)
{
    bool elsewhere = s->path.len && !str_equal(s->path, w->rule->path);
    pk_str title = s->title;
    if (s->rule_count == 1 && s->definition == DESCRIBED_NONE) {
        const rule *r = rule_named(w->build, s->rules[0]);
        if (r && r->title.len) title = r->title;
    }
    int64_t id = database_run(&w->build->db, "INSERT INTO stage(rule, position, title, text, line, end_line, path, unused, names, linked) VALUES(?,?,?,?,?,?,?,?,?,?)",
                              "iissiioioo", w->id, (int64_t)position, valid(w, title), valid(w, s->text), (int64_t)s->span.line, (int64_t)s->span.end_line,
                              elsewhere ? valid(w, s->path) : STR(""), (int64_t)s->unused, names_json(w, s), linked_json(w, s));
    store_stage_predicates(w, s, id);
}

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
        case STAGE_MATCH: case STAGE_CONTEXT: case STAGE_RULE: case STAGE_ALERTS: case STAGE_DERIVE: case STAGE_EXPAND:
        case STAGE_FOR_EACH: case STAGE_WHERE: case STAGE_SORT: case STAGE_DEDUP: case STAGE_LIMIT: case STAGE_UNION:
        case STAGE_FRAME: case STAGE_UNSUPPORTED: case STAGE_KINDS: break;
        }
    }
    return type;
}

/* ---- metadata ---- */

static source_file *file_of(build *b, pk_str path)
{
    size_t low = 0, high = b->files.all.len;
    while (low < high) {
        size_t middle = (low + high) / 2;
        int order = str_compare(b->files.all.at[middle].path, path);
        if (order == 0) return &b->files.all.at[middle];
        if (order < 0) low = middle + 1;
        else high = middle;
    }
    return NULL;
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
    extract_fields(w->rule->plan, w->arena, &fields);
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
    find_polarity(&w);
    for (size_t i = 0; i < description.stages.len; i++) store_stage(&w, &description.stages.at[i], i);
    store_uses(&w);
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

/* ---- diagnostics ---- */

/* The rule of a file that a diagnostic is about: by its place, else by its name. */
static int64_t rule_of_diagnostic(const build *b, const pk_diagnostic *d, const source_file *f)
{
    const ir_catalog *c = b->catalog->ir;
    int64_t by_name = 0;
    size_t named = 0;
    for (size_t i = f->first_rule; i < f->first_rule + f->rule_count; i++) {
        const rule *r = ir_rule(c, i);
        bool same = d->rule.len && (str_equal(d->rule, r->id) || str_equal(d->rule, r->title));
        if (same && d->line >= r->span.line && (d->line <= r->span.end_line || !r->span.end_line)) return b->rule_ids.ids.at[i];
        if (same && named++ == 0) by_name = b->rule_ids.ids.at[i];
    }
    if (!named && f->rule_count == 1 && d->severity >= PK_WARNING) return b->rule_ids.ids.at[f->first_rule];
    return by_name;
}

static void store_reason_of_stage(build *b, const pk_diagnostic *d, int64_t id)
{
    if (d->severity < PK_NEEDS_LIST || !id || !d->line) return;
    database_run(&b->db, "UPDATE stage SET reason = ?1, reason_line = ?2, reason_column = ?3 WHERE id = (SELECT id FROM stage WHERE rule = ?4 AND path IS NULL "
                         "AND line <= ?2 AND end_line >= ?2 AND reason IS NULL ORDER BY end_line - line LIMIT 1)", "siii",
                 d->message, (int64_t)d->line, (int64_t)d->column, id);
}

static void store_diagnostic(build *b, const pk_diagnostic *d, const source_file *f)
{
    if (strcmp(d->code, "rule-same-id") == 0) return; /* told of all rules of the catalogue in build_finish.c */
    int64_t id = f ? rule_of_diagnostic(b, d, f) : 0;
    database_run(&b->db, "INSERT INTO diagnostic(rule, file, severity, code, message, hint, line, column, length) VALUES(?,?,?,?,?,?,?,?,?)", "nnsssoiii",
                 id ? id : DATABASE_NULL, f ? f->id : DATABASE_NULL, str_from(pk_severity_text(d->severity)), str_from(d->code),
                 utf8_repair(b->arena, d->message), utf8_repair(b->arena, d->hint), (int64_t)d->line, (int64_t)d->column, (int64_t)d->length);
    store_reason_of_stage(b, d, id);
    if (b->fn) b->fn(d, b->user);
}

static void store_diagnostics(build *b, const diag_list *d)
{
    for (size_t i = 0; i < diag_count(d); i++) {
        const pk_diagnostic *one = diag_at(d, i);
        source_file *f = file_of(b, one->file);
        if (f && !f->load) continue;
        if (f && f->rule_count == 0 && one->severity == PK_NOTE) {
            if (!f->reason.len) f->reason = one->message;
            continue;
        }
        store_diagnostic(b, one, f);
    }
}

/* ---- files ---- */

static void clear_file(build *b, const source_file *f)
{
    forget_rules_of(b, f->id);
    database_run(&b->db, "DELETE FROM diagnostic WHERE file = ?", "i", f->id);
    database_run(&b->db, "DELETE FROM dependency WHERE file = ?", "i", f->id);
}

static void store_file(build *b, source_file *f)
{
    pk_str hash = f->hashed ? (pk_str){(const char *)f->hash, sizeof f->hash} : STR("");
    if (!f->id) {
        f->id = database_run(&b->db, "INSERT INTO file(path, size, mtime_ns, inode, hash, state) VALUES(?,?,?,?,?,'none')", "sinib", f->path, f->size,
                             noted_time(b, f), f->inode, hash);
        return;
    }
    clear_file(b, f);
    database_run(&b->db, "UPDATE file SET size = ?, mtime_ns = ?, inode = ?, hash = ? WHERE id = ?", "inibi", f->size, noted_time(b, f), f->inode, hash, f->id);
}

static void store_file_state(build *b, const source_file *f)
{
    const char *state = f->failure ? "unreadable" : f->kind ? "unknown" : f->rule_count ? "rules" : "none";
    pk_str reason = f->failure ? str_from(f->failure) : f->reason;
    if (f->kind) reason = arena_printf(b->arena, "%s, which picket cannot read yet", f->kind->what);
    const char *of = f->kind ? f->kind->name : f->rule_count && f->language ? f->language->name : "";
    database_run(&b->db, "UPDATE file SET language = ?, state = ?, reason = ? WHERE id = ?", "osoi", str_from(of), str_from(state),
                 utf8_repair(b->arena, reason), f->id);
}

static void note_dependency(pk_str path, pk_str reference, void *user)
{
    build *b = user;
    const source_file *f = file_of(b, path);
    if (f && f->load) database_run(&b->db, "INSERT OR IGNORE INTO dependency(file, reference) VALUES(?,?)", "is", f->id, utf8_repair(b->arena, reference));
}

void store_rules(build *b)
{
    arena *a = arena_new();
    const ir_catalog *c = b->catalog->ir;
    b->rule_ids.ids.len = 0;
    name_rules(b);
    for (size_t i = 0; i < ir_rule_count(c); i++) vec_push(&b->rule_ids.ids, 0);
    for (size_t i = 0; i < b->files.all.len; i++)
        if (b->files.all.at[i].load) store_file(b, &b->files.all.at[i]);
    for (size_t i = 0; i < b->files.all.len && b->db.status == PK_OK; i++) {
        source_file *f = &b->files.all.at[i];
        for (size_t k = f->first_rule; f->load && k < f->first_rule + f->rule_count; k++) {
            write_rule(b, ir_rule(c, k), f, a);
            arena_reset(a);
        }
    }
    for (size_t i = 0; i < b->files.all.len; i++)
        if (b->files.all.at[i].said) store_diagnostics(b, b->files.all.at[i].said);
    store_diagnostics(b, ir_diags(b->catalog->ir));
    store_diagnostics(b, b->route_diags);
    for (size_t i = 0; i < b->files.all.len; i++)
        if (b->files.all.at[i].load) store_file_state(b, &b->files.all.at[i]);
    for (const language *const *l = languages; *l; l++)
        if ((*l)->references) (*l)->references(c, note_dependency, b);
    arena_free(a);
}
