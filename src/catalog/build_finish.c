/*
 * What hangs on all rules together: keys of rules with one id, how many rules share a predicate, what nothing refers to any
 * more. Only what the changed files touch is computed again.
 */
#include "catalog/build.h"

#include "base/unicode.h"

/* ---- keys ---- */

static void mark_same_id(build *b, pk_str of, pk_str id)
{
    pk_str key = arena_printf(b->arena, STR_FMT "%c" STR_FMT, STR_ARG(of), 0, STR_ARG(id));
    if (!table_put(&b->marked_ids, key, 0)) return;
    vec_push(&b->same_ids, ((same_id){arena_str(b->arena, of), arena_str(b->arena, id)}));
}

pk_str key_for_rule(build *b, pk_str of, pk_str id)
{
    if (!database_number(&b->db, 0, "SELECT 1 FROM rule WHERE language = ? AND key = ?", "ss", of, id)) return id;
    mark_same_id(b, of, id);
    return arena_printf(b->arena, "\x01%zu", ++b->temporary_keys);
}

void forget_rules_of(build *b, int64_t file)
{
    sqlite3_stmt *st = database_query(&b->db, "SELECT id, language, rule_id FROM rule WHERE file = ?", "i", file);
    id_list rules = {0};
    VEC(same_id) names = {0};
    while (database_next(&b->db, st)) {
        vec_push(&rules.ids, sqlite3_column_int64(st, 0));
        vec_push(&names, ((same_id){arena_str(b->arena, column_text(st, 1)), arena_str(b->arena, column_text(st, 2))}));
    }
    for (size_t i = 0; i < rules.ids.len; i++) {
        database_run(&b->db, "INSERT OR IGNORE INTO touched SELECT predicate FROM rule_predicate WHERE rule = ?", "i", rules.ids.at[i]);
        database_run(&b->db, "DELETE FROM words WHERE rowid = ?", "i", rules.ids.at[i]);
        if (database_number(&b->db, 0, "SELECT count(*) > 1 FROM rule WHERE language = ? AND rule_id = ?", "ss", names.at[i].language, names.at[i].id))
            mark_same_id(b, names.at[i].language, names.at[i].id);
    }
    database_run(&b->db, "DELETE FROM rule WHERE file = ?", "i", file);
    vec_free(&names);
    vec_free(&rules.ids);
}

/* The first by path keeps the id, the others get the next number that is free. */
static void number_same_id(build *b, const same_id *s)
{
    id_list rules = {0};
    sqlite3_stmt *st = database_query(&b->db, "SELECT rule.id FROM rule JOIN file ON file.id = rule.file WHERE rule.language = ? AND rule_id = ? "
                                              "ORDER BY file.path, rule.line, rule.id", "ss", s->language, s->id);
    while (database_next(&b->db, st)) vec_push(&rules.ids, sqlite3_column_int64(st, 0));
    for (size_t i = 0; i < rules.ids.len; i++)
        database_run(&b->db, "UPDATE rule SET key = ? WHERE id = ?", "si", arena_printf(b->arena, "\x01%zu", ++b->temporary_keys), rules.ids.at[i]);
    size_t n = 1;
    for (size_t i = 0; i < rules.ids.len; i++) {
        pk_str key;
        do {
            key = n == 1 ? s->id : arena_printf(b->arena, STR_FMT "~%zu", STR_ARG(s->id), n);
            n++;
        } while (database_number(&b->db, 0, "SELECT 1 FROM rule WHERE language = ? AND key = ?", "ss", s->language, key));
        database_run(&b->db, "UPDATE rule SET key = ? WHERE id = ?", "si", key, rules.ids.at[i]);
    }
    vec_free(&rules.ids);
}

static void tell_same_ids(build *b)
{
    database_script(&b->db,
        "DELETE FROM diagnostic WHERE code = 'rule-same-id';"
        "INSERT INTO diagnostic(rule, file, severity, code, message, hint, line, column, length)"
        " SELECT r.id, r.file, 'warning', 'rule-same-id',"
        "  'the id ' || r.rule_id || ' is that of ''' || coalesce(first.title, first.rule_id) || ''' (' || file.path || ') too',"
        "  'an id names one rule: give this one its own', r.line, 1, 0"
        " FROM rule r JOIN rule first ON first.language = r.language AND first.key = r.rule_id JOIN file ON file.id = first.file"
        " WHERE r.key <> r.rule_id");
}

/* ---- predicates ---- */

#define RULES_OF_NORMAL                                                                                                    \
    "SELECT count(DISTINCT rule) FROM predicate JOIN rule_predicate ON predicate = predicate.id JOIN rule ON rule.id = rule AND counts WHERE normal = normal.id"

static void count_predicates(build *b)
{
    for (size_t i = 0; i < b->predicates.len && !b->whole; i++)
        database_run(&b->db, "INSERT OR IGNORE INTO touched VALUES(?)", "i", b->predicates.at[i].id);
    static const char all[] =
        "UPDATE predicate SET rules = c.n FROM (SELECT predicate AS p, count(*) AS n FROM rule_predicate JOIN rule ON rule.id = rule AND counts GROUP BY predicate) AS c"
        " WHERE c.p = predicate.id;"
        "UPDATE normal SET rules = (" RULES_OF_NORMAL ")";
    static const char some[] =
        "CREATE TEMP TABLE touched_normal AS SELECT DISTINCT normal AS id FROM predicate WHERE id IN (SELECT id FROM touched) AND normal IS NOT NULL;"
        "DELETE FROM predicate WHERE id IN (SELECT id FROM touched) AND NOT EXISTS (SELECT 1 FROM rule_predicate WHERE predicate = predicate.id);"
        "UPDATE predicate SET rules = (SELECT count(*) FROM rule_predicate JOIN rule ON rule.id = rule AND counts WHERE predicate = predicate.id)"
        " WHERE id IN (SELECT id FROM touched);"
        "DELETE FROM normal WHERE id IN (SELECT id FROM touched_normal) AND NOT EXISTS (SELECT 1 FROM predicate WHERE normal = normal.id);"
        "UPDATE normal SET rules = (" RULES_OF_NORMAL ") WHERE id IN (SELECT id FROM touched_normal)";
    database_script(&b->db, b->whole ? all : some);
}

#define COMMON_SPELLING                                                                                                    \
    "UPDATE predicate SET value = (SELECT shown FROM rule_predicate WHERE predicate = predicate.id GROUP BY shown ORDER BY count(*) DESC, shown LIMIT 1) "

/* The spelling that most rules use stands for all. */
static void choose_spellings(build *b)
{
    if (!b->whole) database_script(&b->db, COMMON_SPELLING "WHERE id IN (SELECT id FROM touched)");
    for (size_t i = 0; i < b->predicates.len && b->whole; i++)
        if (b->predicates.at[i].mixed) database_run(&b->db, COMMON_SPELLING "WHERE id = ?", "i", b->predicates.at[i].id);
}

/* ---- fields that a class has as the log has them ---- */

/* No mapping says which those are: they are known by the rules that ask for them where nothing says that they are missing. */
static void store_own_fields(build *b)
{
    database_script(&b->db,
        "DELETE FROM class_field WHERE state = 'own';"
        "INSERT OR IGNORE INTO class_field(class, schema, field, state) SELECT DISTINCT c.class, '', f.field, 'own' FROM rule_class c JOIN rule_field f ON f.rule = c.rule"
        " WHERE c.state <> 'no' AND NOT EXISTS (SELECT 1 FROM class_field k WHERE k.class = c.class AND k.field = f.field AND k.schema <> '')");
}

/* ---- all of it ---- */

void finish_catalogue(build *b)
{
    for (size_t i = 0; i < b->same_ids.len; i++) number_same_id(b, &b->same_ids.at[i]);
    tell_same_ids(b);
    count_predicates(b);
    choose_spellings(b);
    store_own_fields(b);
    if (b->db.status == PK_OK) b->db.status = attack_store_unknown(b->db.handle, b->diags);
}
