/*
 * One HTML file that needs nothing else: no script, no font, no picture, and a policy that forbids them. The summary is
 * written last and shown first (`order` of a flex column), so that alerts need not be kept until the end.
 */
#include "cli/output.h"

#include "base/timestamp.h"

static const char head[] =
    "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
    "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
    "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>picket: alerts</title>\n<style>\n"
    ":root{color-scheme:light dark;--page:#f6f7f9;--card:#fff;--line:#dfe3e8;--ink:#1c2430;--soft:#5d6b7c;--mark:#ffe58a;--accent:#2b62c9}\n"
    "@media (prefers-color-scheme:dark){:root{--page:#12161c;--card:#1b2129;--line:#303946;--ink:#e4e9f0;--soft:#97a5b6;--mark:#6b5200;--accent:#7eabff}}\n"
    "*{box-sizing:border-box}\n"
    "body{margin:0 auto;max-width:72rem;padding:1.5rem 1rem 4rem;display:flex;flex-direction:column;gap:.4rem;background:var(--page);color:var(--ink);"
    "font:15px/1.5 system-ui,-apple-system,'Segoe UI',Roboto,'Noto Sans',sans-serif}\n"
    "header{order:-3}h1{font-size:1.5rem;margin:0 0 .2rem}h2{font-size:.8rem;margin:0 0 .5rem;text-transform:uppercase;letter-spacing:.06em;color:var(--soft)}\n"
    "#summary{order:-2;display:grid;grid-template-columns:repeat(auto-fit,minmax(15rem,1fr));gap:.8rem;margin-bottom:1rem}\n"
    "#summary section{background:var(--card);border:1px solid var(--line);border-radius:.6rem;padding:.8rem 1rem;min-width:0}\n"
    "#summary ol{list-style:none;margin:0;padding:0}#summary li{display:flex;gap:.8rem;justify-content:space-between;overflow-wrap:anywhere}\n"
    "#summary li span:last-child{color:var(--soft);font-variant-numeric:tabular-nums}\n"
    "details{background:var(--card);border:1px solid var(--line);border-left:.3rem solid var(--soft);border-radius:.5rem}\n"
    "summary{cursor:pointer;padding:.5rem .8rem;display:flex;flex-wrap:wrap;gap:.2rem .9rem;align-items:baseline}summary b{flex:1 1 20rem;overflow-wrap:anywhere}\n"
    "time,.host{color:var(--soft);font-size:.85rem;font-variant-numeric:tabular-nums}\n"
    ".level{font-size:.75rem;font-weight:600;text-transform:uppercase;letter-spacing:.04em;min-width:6rem}\n"
    ".critical{border-left-color:#b3122d}.critical .level{color:#d6304c}.high{border-left-color:#d9531e}.high .level{color:#d9531e}\n"
    ".medium{border-left-color:#c08a00}.medium .level{color:#b07d00}.low{border-left-color:#2f7fb8}.low .level{color:#2f7fb8}\n"
    ".body{padding:0 .9rem .9rem;overflow-x:auto}.meta{color:var(--soft);font-size:.85rem;margin:0 0 .6rem;overflow-wrap:anywhere}\n"
    "table{border-collapse:collapse;width:100%;margin-bottom:.6rem;font-size:.88rem}td,th{text-align:left;vertical-align:top;padding:.25rem .8rem .25rem 0;"
    "border-top:1px solid var(--line);overflow-wrap:anywhere}th{color:var(--soft);font-weight:500}\n"
    "code,pre{font:13px/1.45 ui-monospace,'SF Mono',Menlo,Consolas,monospace}pre{white-space:pre-wrap;overflow-wrap:anywhere;margin:.2rem 0 0;padding:.6rem .8rem;"
    "background:var(--page);border-radius:.4rem}mark{background:var(--mark);color:inherit;border-radius:.2rem}\n"
    "footer{order:9;color:var(--soft);font-size:.8rem;margin-top:1rem}\n"
    "@media print{details{break-inside:avoid}}\n"
    "</style>\n</head>\n<body>\n<header><h1>Alerts</h1></header>\n";

static void begin(text *out, const out_stream *to)
{
    (void)to;
    text_put_cstring(out, head);
}

static void put_joined_html(text *out, pk_strs list)
{
    for (size_t i = 0; i < list.count; i++) {
        if (i) text_put_cstring(out, ", ");
        text_put_html(out, list.items[i]);
    }
}

/* The value with the matched part marked. */
static void put_value(text *out, const pk_reason *r)
{
    if (r->at < 0 || r->length <= 0 || (uint64_t)r->at >= r->value.len) {
        text_put_html(out, r->value);
        return;
    }
    size_t at = (size_t)r->at, length = (size_t)r->length;
    text_put_html(out, str_slice(r->value, 0, at));
    text_put_cstring(out, "<mark>");
    text_put_html(out, str_slice(r->value, at, length));
    text_put_cstring(out, "</mark>");
    if (at + length < r->value.len) text_put_html(out, str_slice(r->value, at + length, r->value.len));
}

static void put_why(text *out, const pk_alert *a)
{
    text_put_cstring(out, "<table><tr><th>Field</th><th>Predicate</th><th>Value</th></tr>\n");
    for (size_t i = 0; i < a->why_count; i++) {
        const pk_reason *r = &a->why[i];
        text_put_cstring(out, "<tr><td>");
        text_put_html(out, r->field.len ? r->field : STR("(any)"));
        text_put_cstring(out, "</td><td>");
        text_put_html(out, r->kind);
        if (r->constant.ptr) {
            text_put_cstring(out, " <code>");
            text_put_html(out, r->constant);
            text_put_cstring(out, "</code>");
        }
        text_put_cstring(out, "</td><td><code>");
        put_value(out, r);
        text_put_cstring(out, "</code></td></tr>\n");
    }
    text_put_cstring(out, "</table>\n");
}

/* JSON with a line for each member. The text is our own, so it is valid; strings are copied as they stand. */
static void put_pretty(text *out, pk_str json)
{
    text pretty = {0};
    int depth = 0;
    bool quoted = false;
    for (size_t i = 0; i < json.len; i++) {
        char c = json.ptr[i];
        if (quoted) {
            text_put_char(&pretty, c);
            if (c == '\\' && i + 1 < json.len) text_put_char(&pretty, json.ptr[++i]);
            else if (c == '"') quoted = false;
            continue;
        }
        quoted = c == '"';
        bool opens = c == '{' || c == '[', closes = c == '}' || c == ']';
        if (closes) depth--;
        if (closes && i && json.ptr[i - 1] != '{' && json.ptr[i - 1] != '[') text_printf(&pretty, "\n%*s", depth < 40 ? depth * 2 : 80, "");
        text_put_char(&pretty, c);
        if (c == ':') text_put_char(&pretty, ' ');
        if (opens) depth++;
        bool empty = opens && i + 1 < json.len && (json.ptr[i + 1] == '}' || json.ptr[i + 1] == ']');
        if (c == ',' || (opens && !empty)) text_printf(&pretty, "\n%*s", depth < 40 ? depth * 2 : 80, "");
    }
    /* Line ends are ours; everything else goes through the escaper. */
    pk_str left = text_view(&pretty);
    while (left.len) {
        size_t end = str_find_char(left, '\n');
        text_put_html(out, str_slice(left, 0, end));
        if (end == STR_NPOS) break;
        text_put_char(out, '\n');
        left = str_slice(left, end + 1, left.len);
    }
    text_free(&pretty);
}

static void put_event(text *out, const pk_event *e, const char *title)
{
    text place = {0};
    put_place(&place, &e->place);
    text_put_cstring(out, "<h2>");
    text_put_cstring(out, title);
    text_put_cstring(out, "</h2><p class=\"meta\">");
    text_put_html(out, text_view(&place));
    text_put_cstring(out, "</p><pre>");
    put_pretty(out, e->json);
    text_put_cstring(out, "</pre>\n");
    text_free(&place);
}

/* The level as a class name: only the words that the style knows. */
static const char *level_class(pk_str level)
{
    static const char *const known[] = {"critical", "high", "medium", "low"};
    for (size_t i = 0; i < 4; i++)
        if (str_equal_ascii_fold(level, str_from(known[i]))) return known[i];
    return "other";
}

static void put_alert(text *out, const pk_alert *alert, const out_stream *to)
{
    (void)to;
    const pk_rule *r = alert->rule;
    arena *a = arena_new();
    text_printf(out, "<details class=\"%s\"><summary><span class=\"level\">", level_class(r->level));
    text_put_html(out, r->level);
    text_put_cstring(out, "</span><time>");
    text_put_html(out, alert_time(a, alert));
    text_put_cstring(out, "</time><b>");
    text_put_html(out, r->title.len ? r->title : r->id);
    text_put_cstring(out, "</b><span class=\"host\">");
    text_put_html(out, alert->host);
    text_put_cstring(out, "</span></summary>\n<div class=\"body\"><p class=\"meta\">");
    text_put_html(out, r->language);
    text_put_cstring(out, " rule ");
    text_put_html(out, r->id);
    text_put_cstring(out, " by ");
    text_put_html(out, r->author.len ? r->author : STR("unknown"));
    text_put_cstring(out, " &middot; ");
    put_joined_html(out, r->tactics);
    text_put_char(out, ' ');
    put_joined_html(out, r->techniques);
    text_put_cstring(out, " &middot; ");
    text_put_html(out, r->path);
    text_put_cstring(out, "</p>\n<p>");
    text_put_html(out, r->description);
    text_put_cstring(out, "</p>\n");
    put_why(out, alert);
    for (size_t i = 0; i < alert->event_count; i++) put_event(out, &alert->events[i], "Event");
    if (alert->event_total > alert->event_count)
        text_printf(out, "<p class=\"meta\">and %llu more events</p>\n", (unsigned long long)(alert->event_total - alert->event_count));
    text_put_cstring(out, "</div></details>\n");
    arena_free(a);
}

static void put_counts(text *out, const char *title, pk_counts counts)
{
    enum { SHOWN = 15 };
    text_printf(out, "<section><h2>%s</h2><ol>\n", title);
    for (size_t i = 0; i < counts.count && i < SHOWN; i++) {
        text_put_cstring(out, "<li><span>");
        text_put_html(out, counts.items[i].name);
        text_printf(out, "</span><span>%llu</span></li>\n", (unsigned long long)counts.items[i].n);
    }
    if (counts.count > SHOWN) text_printf(out, "<li><span>and %zu more</span><span></span></li>\n", counts.count - SHOWN);
    text_put_cstring(out, "</ol></section>\n");
}

static void end(text *out, const pk_summary *s, const out_stream *to)
{
    (void)to;
    text_put_cstring(out, "<div id=\"summary\">\n");
    put_counts(out, "Levels", s->by_level);
    put_counts(out, "Techniques", s->by_technique);
    put_counts(out, "Rules", s->by_rule);
    put_counts(out, "Computers", s->by_host);
    text_put_cstring(out, "</div>\n<footer>");
    text_put_count(out, s->alerts, "alert over ", "alerts over ");
    text_put_count(out, s->events, "event in ", "events in ");
    text_put_count(out, s->files, "file", "files");
    text_printf(out, "%s. Written by picket %s.</footer>\n</body>\n</html>\n", s->stopped ? "; the run was interrupted" : "", pk_version());
}

const output html_output = {"html", ".html", "one page that needs nothing else", begin, put_alert, end, NULL};
