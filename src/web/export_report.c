/* A report of a list of rules: what stands in the template "report", which is one file and needs nothing else. */
#include "web/export.h"

enum { BRIEF = 300, MOST_KINDS = 64 };

typedef struct {
    const char *member;           /* of a card */
    VEC(pk_str) names;
    VEC(int64_t) counts;
} tally;

typedef struct {
    page *page;
    list_builder rules;
    tally tallies[4];
} report;

static void count_one(arena *a, tally *t, pk_str name)
{
    if (!name.len) name = STR("none");
    for (size_t i = 0; i < t->names.len; i++)
        if (str_equal(t->names.at[i], name)) {
            t->counts.at[i]++;
            return;
        }
    if (t->names.len == MOST_KINDS) return;
    vec_push_in(a, &t->names, arena_str(a, name));
    vec_push_in(a, &t->counts, 1);
}

/* "Sysmon Event ID 1"; a class that belongs to no provider by its title. */
static void put_item(text *t, const value *v)
{
    pk_str provider = text_at(v, "provider");
    if (v->type == VALUE_STRING) text_put(t, v->as.string);
    else if (!provider.len) text_put(t, text_at(v, "title").len ? text_at(v, "title") : text_at(v, "key"));
    else text_printf(t, STR_FMT "%s" STR_FMT, STR_ARG(provider), text_at(v, "event").len ? " " : "", STR_ARG(text_at(v, "event")));
}

static pk_str joined(arena *a, const value *list)
{
    text t = {0};
    for (size_t i = 0; list->type == VALUE_LIST && i < list->as.list.count && i < 40; i++) {
        if (i) text_put_cstring(&t, ", ");
        put_item(&t, item(list, i));
    }
    pk_str s = arena_str(a, text_view(&t));
    text_free(&t);
    return s;
}

static void set_copy(page *p, record *r, const char *name, pk_str s, size_t most) { set_text(p, r, name, arena_str(p->a, cut_text(s, most))); }

static void take(const value *card, void *user)
{
    report *x = user;
    page *p = x->page;
    static const char *const texts[] = {"level", "title", "language", "id", "status", "state", "modified", "file"};
    record r = {0};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) set_copy(p, &r, texts[i], text_at(card, texts[i]), BRIEF);
    set_text(p, &r, "level_class", level_class(text_at(card, "level")));
    set_copy(p, &r, "brief", text_at(card, "description"), BRIEF);
    set_text(p, &r, "techniques", joined(p->a, at(card, "techniques")));
    set_text(p, &r, "sources", joined(p->a, at(card, "events")));
    set_text(p, &r, "log_source", arena_str(p->a, log_source_text(p, card)));
    list_add(p->a, &x->rules, record_done(&r));
    for (size_t i = 0; i < sizeof x->tallies / sizeof *x->tallies; i++) count_one(p->a, &x->tallies[i], text_at(card, x->tallies[i].member));
}

static value tally_value(page *p, const tally *t)
{
    list_builder out = {0};
    for (size_t i = 0; i < t->names.len; i++) {
        record r = {0};
        set_text(p, &r, "name", t->names.at[i]);
        set_int(p, &r, "rules", t->counts.at[i]);
        list_add(p->a, &out, record_done(&r));
    }
    return list_done(&out);
}

static value tactic_row(page *p, const value *v)
{
    record r = record_of(p, v);
    const value *tactic = at(v, "tactic");
    set_text(p, &r, "name", text_at(tactic, "shown").len ? text_at(tactic, "shown") : text_at(tactic, "name"));
    return record_done(&r);
}

/* Coverage by what the filters leave. */
static bool set_coverage(store *s, page *p, const argument_list *args, record *r, query_error *e)
{
    const query *q = query_find(STR("coverage"));
    query_arguments asked = arguments_for(p->a, q, args, true);
    value v = query_run(s, q, &asked, p->a, e);
    if (v.type == VALUE_MISSING) return false;
    set_each(p, r, &v, "tactics", tactic_row);
    set_int(p, r, "covered", int_at(at(&v, "techniques"), "covered"));
    set_int(p, r, "techniques", int_at(at(&v, "techniques"), "all"));
    return true;
}

bool export_report(store *s, const query *q, page *p, const argument_list *args, value *out, query_error *e)
{
    report x = {.page = p, .tallies = {{.member = "level"}, {.member = "language"}, {.member = "status"}, {.member = "state"}}};
    record r = {0};
    if (!export_each_rule(s, q, args, false, take, &x, p->a, e) || !set_coverage(s, p, args, &r, e)) return false;
    static const char *const names[] = {"levels", "languages", "statuses", "states"};
    query_arguments none = {0};
    value summary = query_run(s, query_find(STR("summary")), &none, p->a, e);
    if (summary.type == VALUE_MISSING) return false;
    set_text(p, &r, "built", str_slice(text_at(&summary, "built"), 0, 10));
    set_text(p, &r, "attack", text_at(&summary, "attack"));
    set_text(p, &r, "version", str_from(pk_version()));
    set_int(p, &r, "total", (int64_t)x.rules.items.len);
    for (size_t i = 0; i < 4; i++) set(p, &r, names[i], tally_value(p, &x.tallies[i]));
    set(p, &r, "rules", list_done(&x.rules));
    *out = record_done(&r);
    return true;
}
