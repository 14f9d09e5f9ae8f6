/*
 * The kinds of lines. A line is an envelope (syslog, container runtime) and a message, or a message alone; the first kind
 * that takes the message gives the fields. What a line is depends on the line alone, and for "#Fields:" logs on their
 * header: never on the lines before it, so that blocks can be read side by side.
 */
#include "formats/text/line.h"
#include "formats/text/times.h"

const line_kind line_kinds[] = {
    {"event", "Windows event or Sysmon for Linux as XML",
     "Apr  2 10:00:00 web1 sysmon: <Event><System><EventID>1</EventID></System></Event>", event_detect, event_parse, true},
    {"auditd", "audit record", "type=SYSCALL msg=audit(1684329817.579:2995): arch=c000003e syscall=59 success=yes",
     auditd_detect, auditd_parse, false},
    {"cef", "Common Event Format", "CEF:0|Vendor|Product|1.0|100|Login failed|5|src=10.0.0.1 suser=kim", cef_detect, cef_parse,
     false},
    {"leef", "Log Event Extended Format", "LEEF:1.0|Vendor|Product|1.0|100|src=10.0.0.1\tusrName=kim", leef_detect, leef_parse,
     false},
    {"w3c", "W3C extended log (IIS, proxies, Exchange), under #Fields", "2024-04-02 10:00:00 10.0.0.1 GET /index.html - 200",
     w3c_detect, w3c_parse, true},
    {"access", "web access log, common or combined", "10.0.0.1 - kim [02/Apr/2024:10:00:00 +0000] \"GET / HTTP/1.1\" 200 12",
     access_detect, access_parse, true},
    {"haproxy", "HAProxy HTTP log",
     "10.0.0.1:4711 [02/Apr/2024:10:00:00.123] web~ app/app1 0/0/0/1/1 200 12 - - ---- 1/1/0/0/0 0/0 \"GET / HTTP/1.1\"",
     haproxy_detect, haproxy_parse, true},
    {"squid", "Squid native access log",
     "1712052000.123    921 10.0.0.1 TCP_MISS/200 507 GET http://a.example/x kim HIER_DIRECT/192.0.2.1 text/html", squid_detect,
     squid_parse, true},
    {"nginx-error", "nginx error log", "2024/04/02 10:00:00 [error] 7#7: *1 no such file, client: 10.0.0.1, server: _",
     nginx_error_detect, nginx_error_parse, false},
    {"apache-error", "Apache error log", "[Tue Apr 02 10:00:00.123456 2024] [core:error] [pid 7:tid 8] [client 10.0.0.1:4711] no",
     apache_error_detect, apache_error_parse, false},
    {"json", "JSON behind a prefix", "conn - {\"uid\": \"C1\", \"id.orig_h\": \"10.0.0.1\"}", json_detect, json_parse, true},
    {"request", "line with an HTTP request in it", "INFO: 10.0.0.1:4711 - \"POST /login HTTP/1.1\" 401 Unauthorized",
     request_detect, request_parse, false},
    {"kv", "key=value pairs", "date=2024-04-02 time=10:00:00 type=\"event\" action=\"login\" user=\"kim\"", pairs_detect,
     pairs_parse, false},
    {0},
};

/* ---- names that envelopes and messages share ---- */

#define NAME(literal) {literal, sizeof(literal) - 1}
static const pk_str shared_names[] = {NAME("timestamp"), NAME("hostname"), NAME("program"),         NAME("pid"), NAME("facility"),
                                      NAME("severity"),  NAME("msgid"),    NAME("structured_data"), NAME("message")};

static uint32_t shared_bit(pk_str key)
{
    if (key.len < 3 || key.len > 15 || !memchr("thpfsm", key.ptr[0], 6)) return 0;
    for (size_t i = 0; i < sizeof shared_names / sizeof *shared_names; i++)
        if (str_equal(key, shared_names[i])) return 1u << i;
    return 0;
}

void take_name(field_sink *s, pk_str key)
{
    if (s->depth == 0) s->taken |= shared_bit(key);
}

void put_field(field_sink *s, pk_str key, value v)
{
    take_name(s, key);
    sink_put(s, key, v);
}

void put_text_or_blank(field_sink *s, pk_str key, pk_str v)
{
    put_field(s, key, v.len ? value_string(v) : (value){.type = VALUE_BLANK});
}

void put_unless_taken(field_sink *s, const char *name, pk_str v)
{
    pk_str key = str_from(name);
    if (v.len && !(s->taken & shared_bit(key))) put_text(s, key, v);
}

/* ---- envelopes ---- */

/* RFC 5424 tables 1 and 2, by their common names. */
static const char *const facilities[] = {"kern",     "user",   "mail",   "daemon", "auth",   "syslog", "lpr",    "news",
                                         "uucp",     "cron",   "authpriv", "ftp",  "ntp",    "audit",  "alert",  "clock",
                                         "local0",   "local1", "local2", "local3", "local4", "local5", "local6", "local7"};
static const char *const severities[] = {"emerg", "alert", "crit", "err", "warning", "notice", "info", "debug"};

static void put_structured(pk_str s, field_sink *sink);

void envelope_put(const envelope *e, field_sink *s)
{
    put_unless_taken(s, "timestamp", e->timestamp);
    put_unless_taken(s, "hostname", e->hostname);
    put_unless_taken(s, "program", e->program);
    put_unless_taken(s, "pid", e->pid);
    put_unless_taken(s, "msgid", e->msgid);
    if (e->priority >= 0) {
        put_unless_taken(s, "facility", str_from(facilities[e->priority / 8]));
        put_unless_taken(s, "severity", str_from(severities[e->priority % 8]));
    }
    if (e->structured.len && !(s->taken & shared_bit(STR("structured_data")))) put_structured(e->structured, s);
}

/* "[id name="value" ...][id2 ...]" (RFC 5424 6.3): {"id": {"name": "value"}}. Its form was checked when it was cut. */
static void put_structured(pk_str s, field_sink *sink)
{
    sink_enter(sink, STR("structured_data"), false);
    for (size_t at = 0; at < s.len && s.ptr[at] == '[';) {
        pk_str rest = str_slice(s, at + 1, s.len);
        size_t id = 0;
        while (id < rest.len && rest.ptr[id] != ' ' && rest.ptr[id] != ']') id++;
        sink_enter(sink, str_slice(rest, 0, id), false);
        size_t i = id;
        for (pair p; i < rest.len && rest.ptr[i] != ']' && next_pair(rest, &i, &p, sink->arena);)
            sink_put_or_blank(sink, p.key, p.value_text);
        sink_leave(sink);
        while (i < rest.len && rest.ptr[i] != ']') i++;
        at += 1 + i + 1;
    }
    sink_leave(sink);
}

/* ---- a whole line ---- */

const char *line_parse(pk_str line, const w3c_columns *columns, field_sink *s)
{
    envelope e = envelope_read(line);
    const line_kind *kind = line_kinds;
    for (; kind->name; kind++) {
        if (!kind->detect(e.message)) continue;
        sink_mark mark = sink_here(s);
        if (kind->parse(e.message, columns, s)) break;
        sink_back(s, mark);
    }
    const char *name = kind->name ? kind->name : e.kind ? e.kind : "text";
    if (!e.kind && !kind->is_whole && sink_wants(s, STR("timestamp"))) {
        pk_str time = find_time(line, 64);
        if (time.len) e.timestamp = time;
    }
    sink_put_text(s, STR("_kind"), str_from(name));
    envelope_put(&e, s);
    if (!kind->name || (!kind->is_whole && e.kind)) put_unless_taken(s, "message", e.message);
    return name;
}

const char *line_kind_of(pk_str line)
{
    field_sink s = {0};
    arena *a = arena_new();
    sink_begin_fields(&s, NULL, a);
    const char *name = line_parse(line, NULL, &s);
    sink_free(&s);
    arena_free(a);
    return name;
}
