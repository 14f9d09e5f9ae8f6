/* Where the time of a scan went: by part of the work, by rule, by test; for people and as JSON. */
#include "cli/report.h"

#include "base/text.h"

enum { RULES_SHOWN = 15, TESTS_SHOWN = 10, RULES_IN_JSON = 100 };

static void put_right(text *out, uint64_t n) /* in a column of 12 */
{
    text number = {0};
    text_put_grouped(&number, n);
    text_printf(out, "%12.*s", STR_ARG(text_view(&number)));
    text_free(&number);
}

static void put_rule(text *out, const pk_rule *r)
{
    text_put_terminal(out, r->title.len ? r->title : r->name.len ? r->name : r->id);
    text_put_cstring(out, "  ");
    text_put_terminal(out, r->path);
    text_printf(out, ":%u", r->line);
}

static void put_share(text *out, double seconds, double all)
{
    text_printf(out, "  %5.1f %%  %8.3f s  ", all > 0 ? 100 * seconds / all : 0, seconds);
}

static void put_parts(text *out, const pk_profile *p, double all)
{
    text_printf(out, "\nTime by part, of %.2f s over all threads, without loading (", all);
    text_put_count(out, p->samples, "sample", "samples");
    text_put_cstring(out, ")\n");
    for (size_t i = 0; i < p->part_count; i++) {
        const pk_profile_part *part = &p->parts[i];
        put_share(out, part->seconds, all);
        text_printf(out, "%-15.*s" STR_FMT "\n", STR_ARG(part->name), STR_ARG(part->meaning));
    }
}

static void put_rules(text *out, const pk_profile *p, double all)
{
    double sum = 0;
    for (size_t i = 0; i < p->rule_count; i++) sum += p->rules[i].seconds;
    text_put_cstring(out, "Rules that were candidates, by time in their conditions\n");
    put_share(out, sum, all);
    text_put_count(out, p->rule_count, "rule\n", "rules together\n");
    text_put_cstring(out, "   seconds    candidates       matches  rule\n");
    for (size_t i = 0; i < p->rule_count && i < RULES_SHOWN; i++) {
        const pk_profile_rule *r = &p->rules[i];
        text_printf(out, "  %8.3f  ", r->seconds);
        put_right(out, r->candidates);
        text_put_cstring(out, "  ");
        put_right(out, r->matches);
        text_put_cstring(out, "  ");
        put_rule(out, r->rule);
        text_put_char(out, '\n');
    }
    if (p->rule_count > RULES_SHOWN) text_printf(out, "  and %zu more\n", p->rule_count - RULES_SHOWN);
}

static void put_tests(text *out, const pk_profile *p)
{
    if (!p->test_count) return;
    text_put_cstring(out, "Tests by time, of those that an index only suggests (regular expressions, patterns with gaps)\n   seconds  test\n");
    for (size_t i = 0; i < p->test_count && i < TESTS_SHOWN; i++) {
        const pk_profile_test *t = &p->tests[i];
        text_printf(out, "  %8.3f  ", t->seconds);
        text_put_terminal(out, t->text);
        if (t->rule) {
            text_put_cstring(out, "  of ");
            put_rule(out, t->rule);
        }
        if (t->rule_count > 1) text_printf(out, " and %zu more", t->rule_count - 1);
        text_put_char(out, '\n');
    }
}

void report_profile(out_stream *to, const pk_profile *p)
{
    text out = {0};
    double all = 0;
    for (size_t i = 0; i < p->part_count; i++) all += p->parts[i].seconds;
    put_parts(&out, p, all);
    put_rules(&out, p, all);
    put_tests(&out, p);
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
