/* Lists as files: every page of a query, one row a line. */
#include "web/export.h"

enum { EXPORT_MOST = 100000, EXPORT_PER = 500 };

/* A cell: text and numbers as they are; of a list its texts, or ids or names of its records, with ";" between. */
static void cell_text(arena *a, const value *v, text *out, int depth)
{
    pk_str s;
    if (value_text(a, v, &s)) {
        text_put(out, s);
    } else if (v->type == VALUE_LIST && depth < 3) {
        for (size_t i = 0; i < v->as.list.count; i++) {
            if (i) text_put_char(out, ';');
            cell_text(a, &v->as.list.items[i], out, depth + 1);
        }
    } else if (v->type == VALUE_RECORD && depth < 3) {
        static const char *const names[] = {"id", "key", "name", "title", "value"};
        for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
            const value *found = at(v, names[i]);
            if (found->type == VALUE_MISSING) continue;
            cell_text(a, found, out, depth + 1);
            return;
        }
    }
}

static void csv_row(arena *a, const query *q, const value *row, text *out)
{
    text cell = {0};
    for (const char *const *c = q->columns; *c; c++) {
        if (c != q->columns) text_put_char(out, ',');
        text_clear(&cell);
        cell_text(a, at(row, *c), &cell, 0);
        text_put_csv(out, text_view(&cell));
    }
    text_put_cstring(out, "\r\n");
    text_free(&cell);
}

static void csv_head(const query *q, text *out)
{
    for (const char *const *c = q->columns; *c; c++) {
        if (c != q->columns) text_put_char(out, ',');
        text_put_csv(out, str_from(*c));
    }
    text_put_cstring(out, "\r\n");
}

/* A query for pasting, under a line that says what it is. */
static void put_query(const value *card, text *out)
{
    pk_str shown = text_at(card, "query");
    if (!shown.len) return;
    text_printf(out, "# " STR_FMT "/" STR_FMT ": ", STR_ARG(text_at(card, "language")), STR_ARG(text_at(card, "id")));
    pk_str title = text_at(card, "title");
    for (size_t i = 0; i < title.len; i++) text_put_char(out, (unsigned char)title.ptr[i] < 0x20 ? ' ' : title.ptr[i]);
    text_put_cstring(out, "\n\n");
    text_put(out, shown);
    text_put_cstring(out, shown.ptr[shown.len - 1] == '\n' ? "\n" : "\n\n");
}

static void put_row(arena *a, const query *q, const value *row, export_form form, text *out)
{
    switch (form) {
    case EXPORT_NDJSON:
        value_write_json(out, row);
        text_put_char(out, '\n');
        break;
    case EXPORT_CSV: csv_row(a, q, row, out); break;
    case EXPORT_QUERIES: put_query(row, out); break;
    }
}

static bool knows(const query *q, const char *name)
{
    for (const query_parameter *k = q->parameters; k && k->name; k++)
        if (strcmp(k->name, name) == 0) return true;
    return false;
}

static argument_list with_page(arena *a, const query *q, const argument_list *args, size_t n)
{
    argument_list l = {0};
    for (size_t i = 0; i < args->items.len; i++) {
        query_argument x = args->items.at[i];
        if (!str_equal(x.name, STR("page")) && !str_equal(x.name, STR("per"))) vec_push_in(a, &l.items, x);
    }
    query_argument here = {STR("page"), arena_printf(a, "%zu", n)}, per = {STR("per"), arena_printf(a, "%d", EXPORT_PER)};
    if (knows(q, "page")) vec_push_in(a, &l.items, here);
    if (knows(q, "per")) vec_push_in(a, &l.items, per);
    return l;
}

bool export_list(store *s, const query *q, const argument_list *args, const char *list, export_form form, arena *a, text *out, query_error *e)
{
    if (form == EXPORT_CSV && !q->columns) {
        *e = (query_error){PK_ERROR_USAGE, STR("this has no form as a table")};
        return false;
    }
    if (form == EXPORT_CSV) csv_head(q, out);
    arena *scratch = arena_new();
    bool good = true;
    size_t rows = 0;
    for (size_t n = 1; good && rows < EXPORT_MOST; n++) {
        arena_reset(scratch);
        argument_list l = with_page(scratch, q, args, n);
        query_arguments asked = arguments_for(scratch, q, &l, true);
        value v = query_run(s, q, &asked, scratch, e);
        good = v.type != VALUE_MISSING;
        if (!good) e->message = arena_str(a, e->message);
        const value *holder = is_there(&v, "vendor") && form == EXPORT_QUERIES ? at(&v, "vendor") : &v, *items = at(holder, list);
        size_t count = items->type == VALUE_LIST ? items->as.list.count : 0;
        for (size_t i = 0; i < count; i++) put_row(scratch, q, &items->as.list.items[i], form, out);
        rows += count;
        if ((int64_t)n >= int_at(holder, "pages") || count == 0) break;
    }
    arena_free(scratch);
    return good;
}

/* ---- whole rules ---- */

static argument_list with_texts(arena *a, const argument_list *args, bool texts)
{
    argument_list l = {0};
    for (size_t i = 0; i < args->items.len; i++) {
        query_argument x = args->items.at[i];
        if (!str_equal(x.name, STR("queries")) && !str_equal(x.name, STR("texts"))) vec_push_in(a, &l.items, x);
    }
    query_argument with = {STR("texts"), STR("1")};
    if (texts) vec_push_in(a, &l.items, with);
    return l;
}

static bool too_much(arena *a, query_error *e, pk_str what)
{
    *e = (query_error){PK_ERROR_USAGE, arena_printf(a, "These are too many " STR_FMT " for one file; choose fewer rules with filters.", STR_ARG(what))};
    return false;
}

bool export_each_rule(store *s, const query *q, const argument_list *args, bool texts, rule_fn fn, void *user, arena *a, query_error *e)
{
    argument_list all = with_texts(a, args, texts);
    arena *scratch = arena_new();
    size_t bytes = 0;
    bool good = true, more = true;
    for (size_t n = 1; good && more; n++) {
        arena_reset(scratch);
        argument_list l = with_page(scratch, q, &all, n);
        query_arguments asked = arguments_for(scratch, q, &l, true);
        value v = query_run(s, q, &asked, scratch, e);
        good = v.type != VALUE_MISSING;
        if (!good) e->message = arena_str(a, e->message);
        if (good && int_at(&v, "total") > EXPORT_MOST_RULES) good = too_much(a, e, STR("rules"));
        for (size_t i = 0; good && i < count_at(&v, "rules"); i++) {
            const value *card = item(at(&v, "rules"), i);
            bytes += text_at(card, "source").len;
            if (bytes > EXPORT_MOST_TEXT) good = too_much(a, e, STR("bytes"));
            else fn(card, user);
        }
        more = good && (int64_t)n < int_at(&v, "pages");
    }
    arena_free(scratch);
    return good;
}
