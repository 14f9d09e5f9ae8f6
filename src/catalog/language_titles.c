/* What languages are called: the store's table is the one place that tells. */
#include "catalog/store.h"

pk_str store_language_title(store *s, arena *a, pk_str name)
{
    rows r = rows_of(s, a, "SELECT title FROM language WHERE name = ?", "s", name);
    pk_str title = rows_next(&r) ? row_text(&r, 0) : name;
    rows_end(&r);
    return title;
}

value store_language_titles(store *s, arena *a)
{
    record_builder titles = {0};
    rows r = rows_of(s, a, "SELECT name, title FROM language ORDER BY name", "");
    while (rows_next(&r)) record_add(a, &titles, row_text(&r, 0), value_string(row_text(&r, 1)));
    return record_done(&titles);
}
