/* Where the time of a scan went: by part of the work, by rule, by test; for people and as JSON. */
#include "cli/report.h"

#include "base/text.h"

enum { RULES_SHOWN = 15, TESTS_SHOWN = 10, RULES_IN_JSON = 100 };

static void put_grouped(text *out, uint64_t n) /* 12,340, to the right */
{
    char digits[32];
    int at = sizeof digits;
    digits[--at] = 0;
    for (int i = 0; i == 0 || n; i++, n /= 10) {
        if (i && i % 3 == 0) digits[--at] = ',';
        digits[--at] = (char)('0' + n % 10);
    }
    text_printf(out, "%12s", digits + at);
}

static void put_rule(text *out, const pk_rule *r)
{
    text_put_terminal(out, r->title.len ? r->title : r->id);
    text_put_cstring(out, "  ");
    text_put_terminal(out, r->path);
    text_printf(out, ":%u", r->line);
}

void report_profile(out_stream *to, const pk_profile *p)
{
    text out = {0};
    double all = 0;
    for (size_t i = 0; i < p->part_count; i++) all += p->parts[i].seconds;
    text_printf(&out, "\nTime by part, of %.2f s over all threads (%llu samples)\n", all, (unsigned long long)p->samples);
    for (size_t i = 0; i < p->part_count; i++) {
        text_printf(&out, "  %5.1f %%  %8.3f s  ", all > 0 ? 100 * p->parts[i].seconds / all : 0, p->parts[i].seconds);
        text_put_terminal(&out, p->parts[i].name);
        text_put_char(&out, '\n');
    }
    text_put_cstring(&out, "Rules by time in their conditions\n   seconds    candidates       matches  rule\n");
    for (size_t i = 0; i < p->rule_count && i < RULES_SHOWN; i++) {
        const pk_profile_rule *r = &p->rules[i];
        text_printf(&out, "  %8.3f  ", r->seconds);
        put_grouped(&out, r->candidates);
        text_put_cstring(&out, "  ");
        put_grouped(&out, r->matches);
        text_put_cstring(&out, "  ");
        put_rule(&out, r->rule);
        text_put_char(&out, '\n');
    }
    if (p->rule_count > RULES_SHOWN) text_printf(&out, "  and %zu more rules that were candidates\n", p->rule_count - RULES_SHOWN);
    if (p->test_count) text_put_cstring(&out, "Tests by time, of those that an index only suggests\n   seconds  test\n");
    for (size_t i = 0; i < p->test_count && i < TESTS_SHOWN; i++) {
        const pk_profile_test *t = &p->tests[i];
        text_printf(&out, "  %8.3f  ", t->seconds);
        text_put_terminal(&out, t->text);
        if (t->rule) {
            text_put_cstring(&out, "  of ");
            put_rule(&out, t->rule);
        }
        if (t->rule_count > 1) text_printf(&out, " and %zu more", t->rule_count - 1);
        text_put_char(&out, '\n');
    }
    out_write(to, text_view(&out));
    text_free(&out);
}

static void put_number(text *out, const char *name, double n) { text_printf(out, ",\"%s\":%.6f", name, n); }

static void put_json_rule(text *out, const pk_rule *r)
{
    text_put_cstring(out, "{\"id\":");
    text_put_json(out, r->id);
    text_put_cstring(out, ",\"title\":");
    text_put_json(out, r->title);
    text_put_char(out, '}');
}

void write_profile_json(text *out, const pk_profile *p)
{
    text_printf(out, "{\"samples\":%llu,\"parts\":[", (unsigned long long)p->samples);
    for (size_t i = 0; i < p->part_count; i++) {
        text_put_cstring(out, i ? ",{\"name\":" : "{\"name\":");
        text_put_json(out, p->parts[i].name);
        put_number(out, "seconds", p->parts[i].seconds);
        text_put_char(out, '}');
    }
    text_put_cstring(out, "],\"rules\":[");
    for (size_t i = 0; i < p->rule_count && i < RULES_IN_JSON; i++) {
        const pk_profile_rule *r = &p->rules[i];
        text_put_cstring(out, i ? ",{\"rule\":" : "{\"rule\":");
        put_json_rule(out, r->rule);
        put_number(out, "seconds", r->seconds);
        text_printf(out, ",\"candidates\":%llu,\"matches\":%llu}", (unsigned long long)r->candidates, (unsigned long long)r->matches);
    }
    text_put_cstring(out, "],\"tests\":[");
    for (size_t i = 0; i < p->test_count; i++) {
        const pk_profile_test *t = &p->tests[i];
        text_put_cstring(out, i ? ",{\"test\":" : "{\"test\":");
        text_put_json(out, t->text);
        put_number(out, "seconds", t->seconds);
        text_printf(out, ",\"rules\":%zu,\"rule\":", t->rule_count);
        if (t->rule) put_json_rule(out, t->rule);
        else text_put_cstring(out, "null");
        text_put_char(out, '}');
    }
    text_put_cstring(out, "]}");
}
