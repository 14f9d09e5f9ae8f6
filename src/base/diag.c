/* Lists of diagnostics, bounded by a limit for each code: what is past it is counted, so that a summary stays true. */
#include "base/diag.h"

#include <stdarg.h>
#include <stdio.h>

enum { KEPT_PER_CODE = 1000 };

typedef struct {
    const char *code;
    size_t kept, dropped;
} code_count;

struct diag_list {
    arena *texts;                  /* made with the first diagnostic: most lists stay empty */
    VEC(pk_diagnostic) items;
    VEC(code_count) codes;
    size_t totals[PK_SEVERITIES];
    size_t dropped;
};

diag_list *diag_list_new(void) { return mem_zalloc(1, sizeof(diag_list)); }

void diag_list_free(diag_list *d)
{
    if (!d) return;
    arena_free(d->texts);
    vec_free(&d->items);
    vec_free(&d->codes);
    mem_free(d);
}

static code_count *count_of(diag_list *d, const char *code)
{
    for (size_t i = 0; i < d->codes.len; i++)
        if (d->codes.at[i].code == code || strcmp(d->codes.at[i].code, code) == 0) return &d->codes.at[i];
    vec_push(&d->codes, ((code_count){.code = code}));
    return &d->codes.at[d->codes.len - 1];
}

/* Counts it; false: not to be kept. */
static bool account(diag_list *d, pk_severity severity, const char *code)
{
    code_count *c = count_of(d, code);
    d->totals[severity]++;
    if (c->kept >= KEPT_PER_CODE) {
        c->dropped++;
        d->dropped++;
        return false;
    }
    c->kept++;
    if (!d->texts) d->texts = arena_new();
    return true;
}

static pk_str keep(diag_list *d, pk_str s) { return s.len ? arena_str(d->texts, s) : (pk_str){"", 0}; }

/* The file of many diagnostics in a row is the same: its name is kept once. */
static pk_str keep_file(diag_list *d, pk_str file)
{
    if (d->items.len && str_equal(d->items.at[d->items.len - 1].file, file)) return d->items.at[d->items.len - 1].file;
    return keep(d, file);
}

void diag_add_text(diag_list *d, pk_severity severity, const char *code, diag_place place, pk_str rule, pk_str message,
                   pk_str hint)
{
    if (!account(d, severity, code)) return;
    pk_diagnostic item = {
        .severity = severity, .code = code, .message = keep(d, message), .hint = keep(d, hint),
        .file = keep_file(d, place.file), .line = place.line, .column = place.column, .length = place.length,
        .rule = keep(d, rule),
    };
    vec_push(&d->items, item);
}

void diag_add(diag_list *d, pk_severity severity, const char *code, diag_place place, pk_str rule, const char *hint,
              const char *format, ...)
{
    char small[512];
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int n = vsnprintf(small, sizeof small, format, args);
    va_end(args);
    size_t len = n > 0 ? (size_t)n : 0;
    char *message = small;
    if (len >= sizeof small) {
        message = mem_alloc(len + 1);
        vsnprintf(message, len + 1, format, again);
    }
    va_end(again);
    diag_add_text(d, severity, code, place, rule, (pk_str){message, len}, str_from(hint));
    if (message != small) mem_free(message);
}

static void empty(diag_list *d)
{
    arena_free(d->texts);
    d->texts = NULL;
    d->items.len = d->codes.len = 0;
    memset(d->totals, 0, sizeof d->totals);
    d->dropped = 0;
}

void diag_merge(diag_list *into, diag_list *from)
{
    if (from->codes.len == 0) return;
    for (size_t i = 0; i < from->items.len; i++) {
        const pk_diagnostic *item = &from->items.at[i];
        diag_place place = {item->file, item->line, item->column, item->length};
        diag_add_text(into, item->severity, item->code, place, item->rule, item->message, item->hint);
        from->totals[item->severity]--;
    }
    for (size_t s = 0; s < PK_SEVERITIES; s++) into->totals[s] += from->totals[s]; /* what `from` had dropped itself */
    for (size_t i = 0; i < from->codes.len; i++) count_of(into, from->codes.at[i].code)->dropped += from->codes.at[i].dropped;
    into->dropped += from->dropped;
    empty(from);
}

size_t diag_count(const diag_list *d) { return d->items.len; }
const pk_diagnostic *diag_at(const diag_list *d, size_t i) { return &d->items.at[i]; }
size_t diag_total(const diag_list *d, pk_severity severity) { return d->totals[severity]; }
size_t diag_dropped(const diag_list *d) { return d->dropped; }

/* ---- images ---- */

_Static_assert(sizeof(struct diag_list) == 104, "a member of diag_list came or went: diag_image and diag_restore copy each");

void diag_image(const diag_list *d, image_writer *w, size_t field)
{
    size_t at = image_copy(w, d, sizeof *d);
    image_point(w, field, at);
    image_clear(w, at + offsetof(diag_list, texts));
    size_t items = IMAGE_VECTOR(w, at + offsetof(diag_list, items), &d->items);
    for (size_t i = 0; i < d->items.len; i++, items += sizeof(pk_diagnostic)) {
        const pk_diagnostic *item = &d->items.at[i];
        image_cstring(w, items + offsetof(pk_diagnostic, code), item->code);
        image_string(w, items + offsetof(pk_diagnostic, message), item->message);
        image_string(w, items + offsetof(pk_diagnostic, hint), item->hint);
        image_string(w, items + offsetof(pk_diagnostic, file), item->file);
        image_string(w, items + offsetof(pk_diagnostic, rule), item->rule);
    }
    size_t codes = IMAGE_VECTOR(w, at + offsetof(diag_list, codes), &d->codes);
    for (size_t i = 0; i < d->codes.len; i++)
        image_cstring(w, codes + i * sizeof(code_count) + offsetof(code_count, code), d->codes.at[i].code);
}

void diag_restore(diag_list *d, const diag_list *copy)
{
    empty(d);
    for (size_t i = 0; i < copy->items.len; i++) vec_push(&d->items, copy->items.at[i]);
    for (size_t i = 0; i < copy->codes.len; i++) vec_push(&d->codes, copy->codes.at[i]);
    memcpy(d->totals, copy->totals, sizeof d->totals);
    d->dropped = copy->dropped;
}
