/* Hot queries read no big table from end to end: the plan of every statement that they run. */
#include "small.h"

static const char *const big_tables[] = {"rule", "rule_list", "rule_meta", "rule_technique", "rule_tactic", "stage", "predicate", "normal", "rule_predicate", "stage_predicate",
                                         "rule_class", "rule_field", "diagnostic", "file", "technique_use"};

/* "SCAN r", "SCAN u USING ...": a table by its name or its letter, so the statement is looked at for "FROM table letter". */
static bool scans(const char *detail, const char *sql, const char *table_name)
{
    char alias[64], pattern[140];
    if (sscanf(detail, "SCAN %63s", alias) != 1) return false;
    if (strcmp(alias, table_name) == 0) return true;
    static const char *const before[] = {"FROM", "JOIN"};
    for (size_t i = 0; i < 2; i++) {
        snprintf(pattern, sizeof pattern, "%s %s %s ", before[i], table_name, alias);
        if (strstr(sql, pattern)) return true;
    }
    return false;
}

/* Enough rules that reading them all shows in the steps of a statement. */
static const char many_rules[] =
    "WITH RECURSIVE n(i) AS (SELECT 100 UNION ALL SELECT i + 1 FROM n WHERE i < 3100) INSERT INTO rule(id,language,key,rule_id,file,line,title,level,level_rank,status,year,"
    "type,product,category,state,counts,syntax,source) SELECT i,'sigma','k'||i,'k'||i,1,i,'Rule '||i,'low',1,'test',2024,'single event','windows','process_creation','runnable',1,'yaml','x' FROM n;"
    "INSERT INTO rule_technique SELECT id,'T1003','T1003' FROM rule WHERE id >= 100; INSERT INTO rule_list SELECT id,'reference',0,'x' FROM rule WHERE id >= 100;"
    "INSERT INTO rule_class SELECT id,1,'full','[]',1 FROM rule WHERE id >= 100; INSERT INTO rule_field SELECT id,'Image' FROM rule WHERE id >= 100;"
    "INSERT INTO predicate(id,key,family,field,kind,cased,value,folded,form,rules) SELECT id,'p'||id,'sigma','Image','ends_with',0,'v'||id,'v'||id,'',1 FROM rule WHERE id >= 100;"
    "INSERT INTO rule_predicate SELECT id,id,1,0,0,'v'||id FROM rule WHERE id >= 100; INSERT INTO stage(id,rule,position,title,text,line,end_line,unused) SELECT id,id,0,'x','x',1,1,0 FROM rule WHERE id >= 100;"
    "INSERT INTO diagnostic(rule,severity,code,message,line,column,length) SELECT id,'note','n','n',1,1,1 FROM rule WHERE id >= 100;";

static void check_plan(store *s, const char *sql)
{
    text explain = {0};
    sqlite3_stmt *st = NULL;
    text_printf(&explain, "EXPLAIN QUERY PLAN %s%c", sql, 0);
    assert_int_equal(sqlite3_prepare_v2(s->db, explain.ptr, -1, &st, NULL), SQLITE_OK);
    while (sqlite3_step(st) == SQLITE_ROW) {
        const char *detail = (const char *)sqlite3_column_text(st, 3);
        for (size_t i = 0; i < sizeof big_tables / sizeof *big_tables; i++)
            if (scans(detail, sql, big_tables[i])) fail_msg("%s: %s", detail, sql);
    }
    sqlite3_finalize(st);
    text_free(&explain);
}

static void ask(store *s, const char *name, const char *arguments)
{
    arena *a = arena_new();
    query_arguments args = small_arguments(a, str_from(arguments));
    query_error e;
    value answer = query_run(s, query_find(str_from(name)), &args, a, &e);
    if (answer.type == VALUE_MISSING) fail_msg("%s: " STR_FMT, name, STR_ARG(e.message));
    arena_free(a);
}

static void hot_queries(void **state)
{
    static const struct { const char *name, *arguments; int steps; } hot[] = { /* steps of SQLite's machine, over all statements */
        {"rule", "language=sigma&key=a", 4000}, {"rule", "language=sigma&key=b", 4000}, {"rule", "language=elastic&key=d", 4000}, {"rules", "", 30000},
        {"rules", "q=download&level=high&technique=T1059&runs=yes", 10000}, {"rules", "q=Image:*iox*", 10000}, {"search", "q=iox", 10000}, {"predicates", "q=iox", 4000},
        {"predicate", "key=key-iox", 10000}, {"technique", "id=T1059", 30000}, {"compare", "rule=sigma/a&rule=sigma/b", 6000}};
    char path[] = "/tmp/picket-plans-XXXXXX";
    size_t checked = 0;
    diag_list *d = diag_list_new();
    (void)state;
    small_make(path, many_rules);
    for (size_t i = 0; i < sizeof hot / sizeof *hot; i++) {
        store *s;
        assert_int_equal(store_open(&s, path, NULL, d), PK_OK);
        ask(s, hot[i].name, hot[i].arguments); /* fills the indexes in memory, once a version */
        for (size_t k = 0; k < s->statements.len; k++) {
            sqlite3_stmt_status(s->statements.at[k].prepared, SQLITE_STMTSTATUS_RUN, 1);
            sqlite3_stmt_status(s->statements.at[k].prepared, SQLITE_STMTSTATUS_VM_STEP, 1);
        }
        ask(s, hot[i].name, hot[i].arguments);
        int steps = 0;
        for (size_t k = 0; k < s->statements.len; k++) {
            if (!sqlite3_stmt_status(s->statements.at[k].prepared, SQLITE_STMTSTATUS_RUN, 0) || strcmp(s->statements.at[k].sql, "BEGIN") == 0) continue;
            check_plan(s, s->statements.at[k].sql);
            int own = sqlite3_stmt_status(s->statements.at[k].prepared, SQLITE_STMTSTATUS_VM_STEP, 0);
            steps += own;
            checked++;
            if (own > hot[i].steps) print_error("%d steps: %s\n", own, s->statements.at[k].sql);
        }
        if (steps > hot[i].steps) fail_msg("%s %s: %d steps of %d", hot[i].name, hot[i].arguments, steps, hot[i].steps);
        store_close(s);
    }
    assert_true(checked > 60);
    diag_list_free(d);
    unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(hot_queries)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
