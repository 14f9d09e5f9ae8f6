/* picket check: what is wrong with rules, without running them. */
#include "cli/session.h"

static void put_json_diagnostic(text *out, const pk_diagnostic *d, bool first)
{
    text_put_cstring(out, first ? "\n{\"severity\":" : ",\n{\"severity\":");
    text_put_json(out, str_from(pk_severity_text(d->severity)));
    text_put_cstring(out, ",\"code\":");
    text_put_json(out, str_from(d->code));
    text_put_cstring(out, ",\"message\":");
    text_put_json(out, d->message);
    const struct { const char *key; pk_str value; } words[] = {{"hint", d->hint}, {"file", d->file}, {"rule", d->rule}};
    const struct { const char *key; uint32_t value; } numbers[] = {{"line", d->line}, {"column", d->column}};
    for (size_t i = 0; i < 2; i++) {
        text_printf(out, ",\"%s\":", numbers[i].key);
        if (numbers[i].value) text_put_int(out, numbers[i].value);
        else text_put_cstring(out, "null");
    }
    for (size_t i = 0; i < 3; i++) {
        text_printf(out, ",\"%s\":", words[i].key);
        if (words[i].value.len) text_put_json(out, words[i].value);
        else text_put_cstring(out, "null");
    }
    text_put_char(out, '}');
}

static void put_json(text *out, session *s, const rule_counts *n)
{
    const pk_diagnostics *lists[] = {pk_catalog_diagnostics(s->catalog), pk_program_diagnostics(s->program)};
    text_printf(out, "{\"rules\":%zu,\"runnable\":%zu,\"need_lists\":%zu,\"unsupported\":%zu,\"errors\":%zu,\"diagnostics\":[", n->rules,
                n->states[PK_RULE_RUNNABLE], n->states[PK_RULE_NEEDS_LIST], n->states[PK_RULE_UNSUPPORTED], n->states[PK_RULE_ERROR]);
    bool first = true;
    for (size_t k = 0; k < 2; k++)
        for (size_t i = 0; i < pk_diagnostics_count(lists[k]); i++) {
            put_json_diagnostic(out, pk_diagnostics_at(lists[k], i), first);
            first = false;
        }
    text_put_cstring(out, first ? "]}\n" : "\n]}\n");
}

static int check(session *s, const command_line *line, bool json, bool strict, bool slow)
{
    static const pk_str all = {"all", 3};
    const pk_choice everything = {.statuses = {&all, 1}};
    int code = EXIT_DAMAGED;
    if (!session_open(s)) return EXIT_DAMAGED;
    session_load_lists(s, line);
    for (size_t i = 0; i < line->count; i++)
        if (line->items[i].id == 0 && pk_catalog_load(s->catalog, line->items[i].value) != PK_OK) s->wrong = true;
    if (!session_build(s, &everything, &code)) return code;
    if (slow) pk_program_warn_of_slow(s->program);

    rule_counts n = count_rules(s->catalog, s->program);
    diagnostics_view view = {.least = s->quiet ? PK_NEEDS_LIST : PK_NOTE, .source = true};
    report_diagnostics(&s->errors, pk_catalog_diagnostics(s->catalog), &view);
    report_diagnostics(&s->errors, pk_program_diagnostics(s->program), &view);
    text out = {0};
    if (json) put_json(&out, s, &n);
    else put_rule_counts(&out, n.rules, n.states[PK_RULE_RUNNABLE], n.states[PK_RULE_NEEDS_LIST], n.states[PK_RULE_UNSUPPORTED], n.states[PK_RULE_ERROR]);
    out_stream to = out_stdout();
    out_write(&to, text_view(&out));
    text_free(&out);
    bool wrong = s->wrong || n.states[PK_RULE_ERROR] || pk_diagnostics_total(pk_catalog_diagnostics(s->catalog), PK_ERROR) ||
                 pk_diagnostics_total(pk_program_diagnostics(s->program), PK_ERROR);
    if (strict) wrong |= n.states[PK_RULE_NEEDS_LIST] || n.states[PK_RULE_UNSUPPORTED];
    return out_end(&to, wrong ? EXIT_DAMAGED : EXIT_CLEAN);
}

int run_check(const command_line *line)
{
    session s;
    bool json = false, strict = false, slow = false;
    session_init(&s, "check");
    if (count_arguments(line) == 0) return usage_error("check", "no rules are named");
    for (size_t i = 0; i < line->count; i++) {
        const item *it = &line->items[i];
        if (it->id == OPTION_STRICT) strict = true;
        if (it->id == OPTION_SLOW) slow = true;
        if (it->id == 'q') s.quiet = true;
        if (it->id != OPTION_OUTPUT) continue;
        json = strcmp(it->value, "json") == 0;
        if (!json && strcmp(it->value, "text") != 0) return usage_error("check", "there is no output '%s'; there are text and json", it->value);
    }
    int code = check(&s, line, json, strict, slow);
    session_free(&s);
    return code;
}
