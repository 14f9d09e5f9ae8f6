/* The table of outputs, and the words that they share. Nothing here escapes: each output does so in its own way. */
#include "cli/output.h"

#include "base/timestamp.h"

static const output *const all[] = {&table_output, &jsonl_output, &csv_output, &html_output, NULL};

const output *find_output(const char *name)
{
    for (size_t i = 0; all[i]; i++)
        if (strcmp(all[i]->name, name) == 0) return all[i];
    return NULL;
}

const output *output_for_file(const char *path)
{
    for (size_t i = 0; all[i]; i++)
        if (all[i]->extension && str_ends_with(str_from(path), str_from(all[i]->extension))) return all[i];
    return NULL;
}

void put_joined(text *out, pk_strs list, const char *between)
{
    for (size_t i = 0; i < list.count; i++) {
        if (i) text_put_cstring(out, between);
        text_put(out, list.items[i]);
    }
}

void put_reason(text *out, const pk_reason *r)
{
    text_put(out, r->field.len ? r->field : STR("keyword"));
    text_put_char(out, ' ');
    if (str_equal(r->kind, STR("group")) || str_equal(r->kind, STR("column"))) {
        text_put_cstring(out, "= ");
        text_put(out, r->value);
        return;
    }
    text_put(out, r->kind);
    if (!r->constant.ptr) return;
    text_put_cstring(out, " '");
    text_put(out, r->constant);
    text_put_char(out, '\'');
}

void put_place(text *out, const pk_place *p)
{
    text_put(out, p->file);
    if (p->record >= 0) text_printf(out, " record %lld", (long long)p->record);
    else if (p->line) text_printf(out, " line %llu", (unsigned long long)p->line);
}

pk_str alert_time(arena *a, const pk_alert *alert) { return timestamp_text(a, alert->time); }
