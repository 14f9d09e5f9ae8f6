/*
 * Web servers and proxies. Fields are named as in W3C extended logs, which is how Sigma names them: c-ip, cs-method, cs-uri,
 * cs-uri-stem, cs-uri-query, cs-version, cs-username, cs-host, cs-referer, cs-user-agent, sc-status, sc-bytes. A '-' is blank:
 * equal to '' and to null.
 */
#include "formats/text/line.h"

#include "base/ip.h"
#include "formats/csv/row.h"
#include "formats/text/times.h"

static void put_dash(field_sink *s, const char *name, pk_str v)
{
    put_text_or_blank(s, str_from(name), str_equal(v, STR("-")) ? (pk_str){NULL, 0} : v);
}

bool looks_like_ip(pk_str s)
{
    ip_address ip;
    if (s.len < 3 || s.len > 64) return false;
    if (ip_parse(s, &ip)) return true;
    size_t colon = s.len;
    while (colon > 0 && s.ptr[colon - 1] != ':') colon--;
    return colon > 1 && is_digits(str_slice(s, colon, s.len)) && ip_parse(str_slice(s, 0, colon - 1), &ip);
}

/* Without the port that may follow an address. */
static pk_str without_port(pk_str s)
{
    ip_address ip;
    if (ip_parse(s, &ip)) return s;
    size_t colon = s.len;
    while (colon > 0 && s.ptr[colon - 1] != ':') colon--;
    return colon > 1 ? str_slice(s, 0, colon - 1) : s;
}

static bool is_method(pk_str s)
{
    for (size_t i = 0; i < s.len; i++)
        if ((s.ptr[i] < 'A' || s.ptr[i] > 'Z') && s.ptr[i] != '_' && s.ptr[i] != '-') return false;
    return s.len >= 3 && s.len <= 24;
}

static void put_uri(field_sink *s, pk_str uri)
{
    put_text_or_blank(s, STR("cs-uri"), uri);
    size_t mark = str_find_char(uri, '?');
    put_text_or_blank(s, STR("cs-uri-stem"), str_slice(uri, 0, mark));
    put_text_or_blank(s, STR("cs-uri-query"), mark == STR_NPOS ? (pk_str){NULL, 0} : str_slice(uri, mark + 1, uri.len));
}

/* "GET /a?b HTTP/1.1"; what isn't a request stands whole in cs-uri. */
static void put_request(field_sink *s, pk_str request)
{
    pk_str rest = request;
    pk_str method = next_token(&rest);
    if (!is_method(method) || rest.len < 2) {
        put_dash(s, "cs-uri", request);
        return;
    }
    rest = str_slice(rest, 1, rest.len);
    size_t version = rest.len;
    while (version > 0 && rest.ptr[version - 1] != ' ') version--;
    pk_str last = str_slice(rest, version, rest.len);
    bool has_version = version > 0 && str_starts_with(last, STR("HTTP/"));
    put_text(s, STR("cs-method"), method);
    put_uri(s, has_version ? str_slice(rest, 0, version - 1) : rest);
    if (has_version) put_text(s, STR("cs-version"), last);
}

/* The place of the quote that closes what begins at `at`; STR_NPOS: none. */
static size_t closing(pk_str m, size_t at)
{
    for (; at < m.len; at++) {
        if (m.ptr[at] == '\\') at++;
        else if (m.ptr[at] == '"') return at;
    }
    return STR_NPOS;
}

/* The next text in quotes, as it stands; a blank before it is skipped. */
static bool next_quoted(pk_str *rest, pk_str *out)
{
    pk_str s = *rest;
    while (s.len && s.ptr[0] == ' ') s = str_slice(s, 1, s.len);
    if (!s.len || s.ptr[0] != '"') return false;
    size_t close = closing(s, 1);
    if (close == STR_NPOS) return false;
    *out = str_slice(s, 1, close - 1);
    *rest = str_slice(s, close + 1, s.len);
    return true;
}

static bool is_status(pk_str s) { return (s.len == 3 && is_digits(s)) || str_equal(s, STR("-")); }

/* ---- access logs ---- */

bool access_detect(pk_str m)
{
    const char *open = m.len > 30 ? memchr(m.ptr, '[', m.len < 512 ? m.len : 512) : NULL;
    if (!open || open == m.ptr || open[-1] != ' ') return false;
    pk_str rest = str_slice(m, (size_t)(open - m.ptr), 64);
    size_t close = str_find(rest, STR("] \""));
    return close != STR_NPOS && close >= 12;
}

/*
 * [VHOST[:PORT]] CLIENT IDENT [ID] USER [TIME] "REQUEST" STATUS BYTES ["REFERER" "AGENT" ...]: Apache's common and combined
 * forms, with the virtual host before them, and BunkerWeb's with a request id.
 */
bool access_parse(pk_str m, const w3c_columns *columns, field_sink *s)
{
    (void)columns;
    enum { MOST = 6 };
    pk_str words[MOST];
    size_t count = 0, open = str_find(m, STR(" ["));
    for (pk_str head = str_slice(m, 0, open); count < MOST && (words[count] = next_token(&head)).len;) count++;
    if (count < 3 || count == MOST) return false;
    size_t client = !looks_like_ip(words[0]) && looks_like_ip(words[1]) ? 1 : count == 3 ? 0 : looks_like_ip(words[0]) ? 0 : 1;
    size_t close = str_find_char(str_slice(m, open, m.len), ']') + open;
    pk_str time = str_slice(m, open + 2, close - open - 2), request, referer, agent;
    pk_str rest = str_slice(m, close + 1, m.len);
    if (!next_quoted(&rest, &request)) return false;
    pk_str status = next_token(&rest), bytes = next_token(&rest);
    if (!is_status(status)) return false;

    put_text(s, STR("timestamp"), time);
    if (client == 1) put_text(s, STR("cs-host"), without_port(words[0]));
    put_text(s, STR("c-ip"), without_port(words[client]));
    put_dash(s, "cs-username", words[count - 1]);
    put_request(s, request);
    put_dash(s, "sc-status", status);
    if (is_digits(bytes) || str_equal(bytes, STR("-"))) put_dash(s, "sc-bytes", bytes);
    if (next_quoted(&rest, &referer)) put_dash(s, "cs-referer", referer);
    if (next_quoted(&rest, &agent)) put_dash(s, "cs-user-agent", agent);
    return true;
}

/* ---- HAProxy ---- */

bool haproxy_detect(pk_str m)
{
    pk_str rest = m, client = next_token(&rest);
    return client.len > 6 && rest.len > 30 && rest.ptr[1] == '[' && looks_like_ip(client);
}

/* CLIENT:PORT [TIME] FRONTEND BACKEND/SERVER TIMERS STATUS BYTES - - FLAGS COUNTS QUEUES ... "REQUEST" (option httplog) */
bool haproxy_parse(pk_str m, const w3c_columns *columns, field_sink *s)
{
    (void)columns;
    pk_str rest = m, client = next_token(&rest);
    size_t close = str_find_char(rest, ']');
    if (close == STR_NPOS || close < 12) return false;
    pk_str time = str_slice(rest, 2, close - 2);
    rest = str_slice(rest, close + 1, rest.len);
    pk_str frontend = next_token(&rest), server = next_token(&rest), timers = next_token(&rest);
    pk_str status = next_token(&rest), bytes = next_token(&rest);
    size_t slash = str_find_char(server, '/');
    if (slash == STR_NPOS || str_find_char(timers, '/') == STR_NPOS || bytes.len == 0) return false;
    put_text(s, STR("timestamp"), time);
    put_text(s, STR("c-ip"), without_port(client));
    put_text(s, STR("frontend"), str_ends_with(frontend, STR("~")) ? str_slice(frontend, 0, frontend.len - 1) : frontend);
    put_text(s, STR("backend"), str_slice(server, 0, slash));
    put_text(s, STR("server"), str_slice(server, slash + 1, server.len));
    put_dash(s, "sc-status", status);
    put_dash(s, "sc-bytes", bytes);
    size_t quote = str_find_char(rest, '"');
    if (quote != STR_NPOS) {
        size_t end = closing(rest, quote + 1); /* a long request is cut off, and its quote with it */
        put_request(s, str_slice(rest, quote + 1, (end == STR_NPOS ? rest.len : end) - quote - 1));
    }
    return true;
}

/* ---- Squid ---- */

bool squid_detect(pk_str m)
{
    size_t dot = str_find_char(str_slice(m, 0, 12), '.');
    return dot == 10 && m.len > 40 && is_digits(str_slice(m, 0, 10)) && is_digits(str_slice(m, 11, 3)) && m.ptr[14] == ' ';
}

/* TIME ELAPSED CLIENT CODE/STATUS BYTES METHOD URL USER HIERARCHY/PEER TYPE */
bool squid_parse(pk_str m, const w3c_columns *columns, field_sink *s)
{
    (void)columns;
    pk_str rest = m, time = next_token(&rest), elapsed = next_token(&rest), client = next_token(&rest);
    pk_str result = next_token(&rest), bytes = next_token(&rest), method = next_token(&rest), url = next_token(&rest);
    pk_str user = next_token(&rest), peer = next_token(&rest), type = next_token(&rest);
    size_t slash = str_find_char(result, '/');
    if (!is_digits(elapsed) || slash == STR_NPOS || !is_digits(bytes) || !is_method(method) || peer.len == 0) return false;
    put_text(s, STR("timestamp"), time);
    put_text(s, STR("c-ip"), client);
    put_text(s, STR("s-action"), str_slice(result, 0, slash));
    put_text(s, STR("sc-status"), str_slice(result, slash + 1, result.len));
    put_text(s, STR("sc-bytes"), bytes);
    put_text(s, STR("cs-method"), method);
    put_text(s, STR("c-uri"), url);
    put_uri(s, url);
    put_dash(s, "cs-username", user);
    put_text(s, STR("s-hierarchy"), peer);
    put_dash(s, "cs-mime-type", type);
    return true;
}

/* ---- error logs ---- */

bool nginx_error_detect(pk_str m)
{
    return m.len > 24 && m.ptr[4] == '/' && m.ptr[19] == ' ' && m.ptr[20] == '[' && iso_time(m) == 19;
}

/* What nginx says after its message: `, name: value` or `, name: "value"`. */
static pk_str nginx_detail(pk_str m, const char *mark)
{
    size_t at = str_find(m, str_from(mark));
    if (at == STR_NPOS) return (pk_str){NULL, 0};
    pk_str rest = str_slice(m, at + strlen(mark), m.len), quoted;
    if (next_quoted(&rest, &quoted)) return quoted;
    return str_slice(rest, 0, str_find(rest, STR(", ")));
}

/* TIME [LEVEL] PID#TID: [*CONNECTION] MESSAGE, client: ..., server: ..., request: "...", host: "..." */
bool nginx_error_parse(pk_str m, const w3c_columns *columns, field_sink *s)
{
    (void)columns;
    size_t close = str_find_char(m, ']');
    if (close == STR_NPOS || close > 40) return false;
    pk_str rest = str_slice(m, close + 2, m.len);
    size_t hash = str_find_char(str_slice(rest, 0, 24), '#');
    size_t colon = str_find(str_slice(rest, 0, 32), STR(": "));
    if (hash == STR_NPOS || colon == STR_NPOS || !is_digits(str_slice(rest, 0, hash))) return false;
    put_text(s, STR("timestamp"), str_slice(m, 0, 19));
    put_text(s, STR("level"), str_slice(m, 21, close - 21));
    put_text(s, STR("pid"), str_slice(rest, 0, hash));
    put_text_or_blank(s, STR("message"), str_slice(rest, colon + 2, rest.len));
    pk_str client = nginx_detail(m, ", client: "), request = nginx_detail(m, ", request: ");
    if (client.len) put_text(s, STR("c-ip"), client);
    if (request.len) put_request(s, request);
    pk_str host = nginx_detail(m, ", host: "), server = nginx_detail(m, ", server: ");
    if (host.len) put_text(s, STR("cs-host"), host);
    if (server.len) put_text(s, STR("server"), server);
    return true;
}

bool apache_error_detect(pk_str m)
{
    if (m.len < 30 || m.ptr[0] != '[') return false;
    size_t n = time_at_start(str_slice(m, 1, m.len));
    return n >= 20 && str_starts_with(str_slice(m, 1 + n, m.len), STR("] ["));
}

/* [TIME] [MODULE:LEVEL] [pid PID:tid TID] [client ADDRESS:PORT] MESSAGE; groups may be missing */
bool apache_error_parse(pk_str m, const w3c_columns *columns, field_sink *s)
{
    (void)columns;
    pk_str rest = m, module = {NULL, 0}, level = {NULL, 0}, pid = {NULL, 0}, client = {NULL, 0}, time = {NULL, 0};
    for (int group = 0; rest.len && rest.ptr[0] == '['; group++) {
        size_t close = str_find_char(rest, ']');
        if (close == STR_NPOS) return false;
        pk_str inner = str_slice(rest, 1, close - 1);
        size_t colon = str_find_char(inner, ':');
        if (group == 0) {
            time = inner;
        } else if (group == 1) {
            module = colon == STR_NPOS ? (pk_str){NULL, 0} : str_slice(inner, 0, colon);
            level = colon == STR_NPOS ? inner : str_slice(inner, colon + 1, inner.len);
        } else if (str_starts_with(inner, STR("pid "))) {
            pid = str_slice(inner, 4, (colon == STR_NPOS ? inner.len : colon) - 4);
        } else if (str_starts_with(inner, STR("client "))) {
            client = str_slice(inner, 7, inner.len);
        } else {
            break;
        }
        rest = str_slice(rest, close + 1, rest.len);
        if (rest.len && rest.ptr[0] == ' ') rest = str_slice(rest, 1, rest.len);
    }
    if (time.ptr[0] < 'A' || (!pid.len && !client.len)) return false; /* Apache's times begin with the weekday */
    put_text(s, STR("timestamp"), time);
    if (module.len) put_text(s, STR("module"), module);
    if (level.len) put_text(s, STR("level"), level);
    if (pid.len) put_text(s, STR("pid"), pid);
    if (client.len) put_text(s, STR("c-ip"), without_port(client));
    put_text_or_blank(s, STR("message"), rest);
    return true;
}

/* ---- a request somewhere in a line ---- */

/* The quote before `METHOD URI HTTP/...`; STR_NPOS: none. */
static size_t find_request(pk_str m)
{
    size_t version = str_find(m, STR(" HTTP/"));
    if (version == STR_NPOS) return STR_NPOS;
    for (size_t at = version; at > 0; at--)
        if (m.ptr[at - 1] == '"') return at - 1;
    return STR_NPOS;
}

bool request_detect(pk_str m) { return str_find_char(m, '"') != STR_NPOS && str_find(m, STR(" HTTP/")) != STR_NPOS; }

bool request_parse(pk_str m, const w3c_columns *columns, field_sink *s)
{
    (void)columns;
    size_t open = find_request(m);
    if (open == STR_NPOS) return false;
    pk_str rest = str_slice(m, open, m.len), request;
    if (!next_quoted(&rest, &request)) return false;
    pk_str words = request;
    if (!is_method(next_token(&words))) return false;
    put_request(s, request);
    pk_str status = next_token(&rest);
    if (is_status(status)) put_dash(s, "sc-status", status);
    for (pk_str head = str_slice(m, 0, open), word; (word = next_token(&head)).len;) {
        if (!looks_like_ip(word)) continue;
        put_text(s, STR("c-ip"), without_port(word));
        break;
    }
    return true;
}

/* ---- W3C extended ---- */

/* "cs(User-Agent)" is cs-user-agent. */
static pk_str column_name(pk_str raw, arena *a)
{
    size_t open = str_find_char(raw, '(');
    if (open == STR_NPOS || raw.ptr[raw.len - 1] != ')') return arena_str(a, raw);
    char *out = arena_alloc(a, raw.len);
    memcpy(out, raw.ptr, raw.len);
    out[open] = '-';
    for (size_t i = open + 1; i + 1 < raw.len; i++)
        if (out[i] >= 'A' && out[i] <= 'Z') out[i] = (char)(out[i] | 0x20);
    return (pk_str){out, raw.len - 1};
}

void w3c_read_columns(pk_str fields, w3c_columns *out, arena *a)
{
    enum { COLUMN_LIMIT = 512 };
    fields = str_trim(fields);
    *out = (w3c_columns){.commas = str_find_char(fields, ',') != STR_NPOS && str_find_char(fields, ' ') == STR_NPOS};
    if (fields.len == 0) return;
    out->names = ARENA_ARRAY(a, pk_str, COLUMN_LIMIT);
    char separator = out->commas ? ',' : str_find_char(fields, '\t') != STR_NPOS ? '\t' : ' ';
    for (pk_str rest = fields; rest.ptr && out->count < COLUMN_LIMIT;) {
        pk_str name = csv_next_cell(&rest, separator, a);
        if (name.len) out->names[out->count++] = column_name(name, a);
    }
}

bool w3c_detect(pk_str m) { return m.len > 0; }

/* IIS writes a blank in a header as '+'. */
static pk_str plus_to_blank(pk_str s, arena *a)
{
    if (str_find_char(s, '+') == STR_NPOS || str_find_char(s, ' ') != STR_NPOS) return s;
    char *out = arena_alloc(a, s.len);
    for (size_t i = 0; i < s.len; i++) out[i] = s.ptr[i] == '+' ? ' ' : s.ptr[i];
    return (pk_str){out, s.len};
}

bool w3c_parse(pk_str m, const w3c_columns *c, field_sink *s)
{
    if (!c || c->count == 0) return false;
    char separator = c->commas ? ',' : str_find_char(m, '\t') != STR_NPOS ? '\t' : ' ';
    pk_str date = {NULL, 0}, time = {NULL, 0}, stem = {NULL, 0}, query = {NULL, 0};
    size_t n = 0;
    bool has_uri = false;
    for (pk_str rest = m; rest.ptr; n++) {
        pk_str cell = csv_next_cell(&rest, separator, s->arena);
        if (n == c->count) {
            if (rest.ptr || cell.len) return false; /* more cells than columns: not a line of this log */
            break;
        }
        pk_str name = c->names[n];
        if (str_equal(cell, STR("-"))) cell = (pk_str){NULL, 0};
        if (str_equal(name, STR("date"))) date = cell;
        if (str_equal(name, STR("time"))) time = cell;
        if (str_equal(name, STR("cs-uri-stem"))) stem = cell;
        if (str_equal(name, STR("cs-uri-query"))) query = cell;
        has_uri |= str_equal(name, STR("cs-uri"));
        if (str_equal(name, STR("cs-user-agent"))) cell = plus_to_blank(cell, s->arena);
        put_text_or_blank(s, name, cell);
    }
    if (n < c->count) return false;
    if (date.len && time.len) put_text(s, STR("timestamp"), arena_printf(s->arena, STR_FMT " " STR_FMT, STR_ARG(date), STR_ARG(time)));
    if (!has_uri && stem.len)
        put_text(s, STR("cs-uri"), query.len ? arena_concat(s->arena, arena_concat(s->arena, stem, STR("?")), query) : stem);
    return true;
}
