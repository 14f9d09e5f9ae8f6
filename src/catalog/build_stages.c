/* The boxes of a rule, the predicates in them, and those of the rule as a whole. */
#include "catalog/build_rule.h"
#include "ir/walk.h"

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

static int64_t store_predicate(build *b, const rule *r, const found_predicate *p)
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

/* Stages of one box may ask the same of an event twice: once to find it, once of each element of a list. */
static bool stands_above(const found_predicates *found, size_t i)
{
    const found_predicate *f = &found->items.at[i];
    for (size_t k = i > 200 ? i - 200 : 0; k < i; k++) {
        const found_predicate *other = &found->items.at[k];
        if (other->span.start == f->span.start && other->span.line == f->span.line && str_equal(other->field, f->field) && str_equal(other->value, f->value)
            && strcmp(other->kind, f->kind) == 0) return true;
    }
    return false;
}

static void store_stage_predicates(rule_writer *w, const described_stage *s, int64_t box)
{
    found_predicates found = {0};
    const plan *p = w->rule->plan;
    bool positive = true, negative = false;
    if (s->definition != DESCRIBED_NONE && p && s->definition < p->definition_count) {
        positive = w->positive[s->definition];
        negative = w->negative[s->definition];
        extract_predicates(w->rule, p->definitions[s->definition].value, w->arena, &found);
    }
    if (s->stage) extract_stage_predicates(w->rule, s->stage, w->arena, &found);
    for (size_t i = 0; i < s->further_count; i++) extract_stage_predicates(w->rule, s->further[i], w->arena, &found);
    for (size_t i = 0; i < found.items.len; i++) {
        const found_predicate *f = &found.items.at[i];
        if (s->further_count && stands_above(&found, i)) continue;
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

void name_rules(build *b)
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

void store_stages(rule_writer *w, const rule_description *description)
{
    find_polarity(w);
    for (size_t i = 0; i < description->stages.len; i++) store_stage(w, &description->stages.at[i], i);
    store_uses(w);
}
