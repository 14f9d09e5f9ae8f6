/* What a catalogue holds as text, without the numbers of rows: equal for equal content, however it came about. */
#ifndef PICKET_TESTS_CATALOG_DUMP_H
#define PICKET_TESTS_CATALOG_DUMP_H

#include <sqlite3.h>

#include "base/text.h"
#include "picket.h"

/* The rows of a query, a line each, columns joined by '|'; a message in their place if it fails. */
static inline void dump_query(const char *path, const char *sql, text *out)
{
    sqlite3 *db = NULL;
    sqlite3_stmt *st = NULL;
    int code = sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL);
    if (code == SQLITE_OK) code = sqlite3_prepare_v2(db, sql, -1, &st, NULL);
    while (code == SQLITE_OK || code == SQLITE_ROW) {
        code = sqlite3_step(st);
        if (code != SQLITE_ROW) break;
        for (int i = 0; i < sqlite3_column_count(st); i++) {
            const char *s = (const char *)sqlite3_column_text(st, i);
            if (i) text_put_char(out, '|');
            text_put(out, (pk_str){s ? s : "-", s ? (size_t)sqlite3_column_bytes(st, i) : 1});
        }
        text_put_char(out, '\n');
    }
    if (code != SQLITE_DONE) text_printf(out, "error: %s\n", sqlite3_errmsg(db));
    sqlite3_finalize(st);
    sqlite3_close(db);
}

static inline void dump_catalogue(const char *path, text *out)
{
    static const char *const queries[] = {
        "SELECT 'rule', r.language, key, rule_id, f.path, line, title, name, description, author, date, modified, year, status, level, level_rank, licence, definition,"
        " type, product, category, service, r.state, r.reason, counts, syntax, source FROM rule r JOIN file f ON f.id = r.file ORDER BY 2, 3",
        "SELECT 'list', key, kind, position, value FROM rule_list JOIN rule r ON r.id = rule ORDER BY 2, 3, 4",
        "SELECT 'meta', r.key, position, m.key, value FROM rule_meta m JOIN rule r ON r.id = rule ORDER BY 2, 3",
        "SELECT 'stage', r.key, position, s.title, text, s.line, end_line, path, unused, names, linked, s.reason, reason_line FROM stage s JOIN rule r ON r.id = rule ORDER BY 2, 3",
        "SELECT 'stage predicate', r.key, s.position, x.position, p.key, negated, every, x.line, column, length, shown FROM stage_predicate x JOIN stage s ON s.id = stage"
        " JOIN rule r ON r.id = s.rule JOIN predicate p ON p.id = predicate ORDER BY 2, 3, 4",
        "SELECT 'predicate', p.key, family, p.field, p.kind, p.cased, value, p.folded, form, algorithm, p.rules, n.field, n.kind, n.folded, n.rules FROM predicate p"
        " LEFT JOIN normal n ON n.id = normal ORDER BY 2",
        "SELECT 'normal', field, kind, cased, folded, rules FROM normal ORDER BY 2, 3, 4, 5",
        "SELECT 'use', r.key, p.key, positive, negative, position, shown FROM rule_predicate JOIN rule r ON r.id = rule JOIN predicate p ON p.id = predicate ORDER BY 2, 6",
        "SELECT 'class', r.key, c.key, x.state, missing, covered FROM rule_class x JOIN rule r ON r.id = rule JOIN class c ON c.id = class ORDER BY 2, 3",
        "SELECT 'field', r.key, field FROM rule_field JOIN rule r ON r.id = rule ORDER BY 2, 3",
        "SELECT 'class field', c.key, schema, field, origin, state FROM class_field JOIN class c ON c.id = class ORDER BY 2, 3, 4",
        "SELECT 'technique', r.key, written, technique FROM rule_technique JOIN rule r ON r.id = rule ORDER BY 2, 3",
        "SELECT 'tactic', r.key, written, tactic FROM rule_tactic JOIN rule r ON r.id = rule ORDER BY 2, 3",
        "SELECT 'attack', id, known FROM technique WHERE known = 0 ORDER BY 2",
        "SELECT 'attack', id, name FROM tactic ORDER BY 2",
        "SELECT 'diagnostic', f.path, r.key, severity, code, message, hint, d.line, column, length FROM diagnostic d LEFT JOIN file f ON f.id = d.file"
        " LEFT JOIN rule r ON r.id = d.rule ORDER BY 2, 3, 5, 6, 8, 9",
        "SELECT 'file', path, size, language, state, reason FROM file ORDER BY 2",
        "SELECT 'dependency', path, reference FROM dependency JOIN file f ON f.id = file ORDER BY 2, 3",
        "SELECT 'words', r.key, w.title, w.ids, w.tags, w.description, w.predicates FROM words w JOIN rule r ON r.id = w.rowid ORDER BY 2",
        "SELECT 'words', count(*) FROM words",
        "SELECT 'check', * FROM pragma_foreign_key_check",
    };
    for (size_t i = 0; i < sizeof queries / sizeof *queries; i++) dump_query(path, queries[i], out);
}

#endif
