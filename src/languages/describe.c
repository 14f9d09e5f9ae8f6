/* How a rule is shown: by its language, or else the stages of its plan. */
#include "languages/language.h"

/* ---- source lines ---- */

static size_t line_start(pk_str s, size_t at)
{
    while (at > 0 && s.ptr[at - 1] != '\n') at--;
    return at;
}

static size_t blanks_at(pk_str s, size_t at)
{
    size_t n = 0;
    while (at + n < s.len && s.ptr[at + n] == ' ') n++;
    return n;
}

static size_t next_line(pk_str s, size_t at)
{
    size_t end = str_find_char(str_slice(s, at, STR_NPOS), '\n');
    return end == STR_NPOS ? s.len : at + end + 1;
}

static bool is_blank_line(pk_str s, size_t at)
{
    return str_trim(str_slice(s, at, next_line(s, at) - at)).len == 0;
}

pk_str described_lines(arena *a, pk_str source, span at)
{
    if (at.start > source.len || at.end > source.len || at.start > at.end) return STR("");
    size_t first = line_start(source, at.start);
    pk_str lines = str_slice(source, first, at.end - first);
    if (str_trim(str_slice(source, first, at.start - first)).len) return str_slice(source, at.start, at.end - at.start);
    size_t common = STR_NPOS;
    for (size_t i = 0; i < lines.len; i = next_line(lines, i))
        if (!is_blank_line(lines, i) && blanks_at(lines, i) < common) common = blanks_at(lines, i);
    char *out = arena_alloc(a, lines.len + 1);
    size_t len = 0;
    for (size_t i = 0; i < lines.len;) {
        size_t end = next_line(lines, i), from = i + blanks_at(lines, i);
        if (common != STR_NPOS && from > i + common) from = i + common;
        if (from > end) from = end;
        memcpy(out + len, lines.ptr + from, end - from);
        len += end - from;
        i = end;
    }
    while (len && (out[len - 1] == '\n' || out[len - 1] == '\r' || out[len - 1] == ' ')) len--;
    return (pk_str){out, len};
}

/* ---- stages of a plan ---- */

static void describe_stage(const rule *r, arena *a, const stage *s, rule_description *out)
{
    described_stage box = {.title = str_from(stage_kind_table[s->kind].text), .span = s->span, .definition = DESCRIBED_NONE, .stage = s};
    if (s->name.len) box.title = arena_printf(a, "%s: " STR_FMT, stage_kind_table[s->kind].text, STR_ARG(s->name));
    box.text = s->span.line ? described_lines(a, r->source, s->span) : STR("");
    if (s->kind == STAGE_RULE) {
        box.rules = ARENA_NEW(a, pk_str);
        *box.rules = s->as.rule.ref;
        box.rule_count = 1;
    }
    vec_push_in(a, &out->stages, box);
}

void language_describe(const rule *r, arena *a, rule_description *out)
{
    *out = (rule_description){0};
    if (r->language && r->language->describe) {
        r->language->describe(r, a, out);
        return;
    }
    for (uint32_t i = 0; r->plan && i < r->plan->definition_count; i++) {
        const ir_definition *d = &r->plan->definitions[i];
        described_stage box = {.title = d->name, .text = described_lines(a, r->source, d->span), .span = d->span, .path = d->path,
                               .unused = d->unused, .definition = i};
        vec_push_in(a, &out->stages, box);
    }
    for (size_t i = 0; r->plan && i < r->plan->stage_count; i++) describe_stage(r, a, r->plan->stages[i], out);
}
