/*
 * What transports write before a message: syslog as RFC 3164 and RFC 5424 describe it and as daemons write it to files
 * (without PRI, with ISO 8601 times, with a year), the container runtimes' "time stream flag", and compose's "name | ".
 */
#include "formats/text/line.h"
#include "formats/text/times.h"

static bool is_host_byte(char c)
{
    return (c & 0x80) || (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || memchr("._-:%@/", c, 7);
}

pk_str next_token(pk_str *rest)
{
    size_t start = 0;
    while (start < rest->len && rest->ptr[start] == ' ') start++;
    size_t end = start;
    while (end < rest->len && rest->ptr[end] != ' ') end++;
    pk_str token = str_slice(*rest, start, end - start);
    *rest = str_slice(*rest, end, rest->len);
    return token;
}

bool is_digits(pk_str s)
{
    for (size_t i = 0; i < s.len; i++)
        if (s.ptr[i] < '0' || s.ptr[i] > '9') return false;
    return s.len > 0;
}

/* "<34>": its length; 0: none. */
static size_t read_priority(pk_str s, int *out)
{
    if (s.len < 3 || s.ptr[0] != '<') return 0;
    size_t close = str_find_char(str_slice(s, 0, 5), '>');
    int64_t n;
    if (close == STR_NPOS || !str_to_int(str_slice(s, 1, close - 1), false, &n) || n < 0 || n > 191) return 0;
    *out = (int)n;
    return close + 1;
}

static pk_str or_nothing(pk_str s) { return str_equal(s, STR("-")) ? (pk_str){NULL, 0} : s; }

/* "[id a="b"][...]": its length, 0 if it isn't well formed. */
static size_t structured_length(pk_str s)
{
    size_t at = 0;
    bool quoted = false;
    while (at < s.len && s.ptr[at] == '[') {
        for (at++; at < s.len && (quoted || s.ptr[at] != ']'); at++) {
            if (quoted && s.ptr[at] == '\\') at++;
            else if (s.ptr[at] == '"') quoted = !quoted;
        }
        if (at >= s.len) return 0;
        at++;
    }
    return at;
}

/* RFC 5424 behind the PRI: "1 TIMESTAMP HOST APP PROCID MSGID SD [MSG]". */
static bool read_5424(pk_str s, envelope *e)
{
    if (!str_starts_with(s, STR("1 "))) return false;
    pk_str rest = str_slice(s, 2, s.len);
    e->timestamp = or_nothing(next_token(&rest));
    if (e->timestamp.len && iso_time(e->timestamp) != e->timestamp.len) return false;
    e->hostname = or_nothing(next_token(&rest));
    e->program = or_nothing(next_token(&rest));
    e->pid = or_nothing(next_token(&rest));
    e->msgid = or_nothing(next_token(&rest));
    if (rest.len < 2) return false;
    rest = str_slice(rest, 1, rest.len);
    size_t n = rest.ptr[0] == '-' ? 1 : structured_length(rest);
    if (n == 0) return false;
    if (rest.ptr[0] == '[') e->structured = str_slice(rest, 0, n);
    rest = str_slice(rest, n, rest.len);
    if (rest.len && rest.ptr[0] == ' ') rest = str_slice(rest, 1, rest.len);
    if (str_starts_with(rest, STR("\xef\xbb\xbf"))) rest = str_slice(rest, 3, rest.len);
    e->message = rest;
    return true;
}

/*
 * "program[pid]: " or "program: ": its length; 0: none. Without the colon only the form with a pid is taken for a tag, and
 * a program's name holds no blank.
 */
static size_t read_tag(pk_str s, envelope *e)
{
    size_t end = 0;
    while (end < s.len && end < 128 && !memchr(" [:", s.ptr[end], 3)) end++;
    if (end == 0 || end == s.len) return 0;
    size_t at = end;
    pk_str pid = {NULL, 0};
    if (s.ptr[at] == '[') {
        size_t close = str_find_char(str_slice(s, at, 64), ']');
        if (close == STR_NPOS || close == 1) return 0;
        pid = str_slice(s, at + 1, close - 1);
        at += close + 1;
    }
    bool colon = at < s.len && s.ptr[at] == ':';
    if (!colon && !(is_digits(pid) && at < s.len && s.ptr[at] == ' ')) return 0;
    at += colon;
    if (at < s.len && s.ptr[at] != ' ' && s.ptr[at] != '\t' && !pid.len) return 0; /* "a:b" */
    e->program = str_slice(s, 0, end);
    e->pid = pid;
    return at < s.len && s.ptr[at] == ' ' ? at + 1 : at;
}

static bool is_level(pk_str s)
{
    static const char *const words[] = {"INFO",   "WARN",  "WARNING", "ERROR",    "DEBUG", "TRACE",
                                        "NOTICE", "FATAL", "ALERT",   "CRITICAL", "EMERG", "SEVERE"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (str_equal_ascii_fold(s, str_from(words[i]))) return true;
    return false;
}

/* A name or an address; a number or the name of a level is none. */
static bool is_host(pk_str s)
{
    bool letters = false, dots = false;
    for (size_t i = 0; i < s.len; i++) {
        if (!is_host_byte(s.ptr[i])) return false;
        letters |= (s.ptr[i] & 0x80) || ((s.ptr[i] | 0x20) >= 'a' && (s.ptr[i] | 0x20) <= 'z');
        dots |= s.ptr[i] == '.' || s.ptr[i] == ':';
    }
    return s.len > 0 && s.len <= 255 && s.ptr[s.len - 1] != ':' && (letters || dots) && !is_level(s);
}

/* "[*]TIME[:] [HOST] [TAG] MSG": RFC 3164 and what is written in its manner. */
static bool read_3164(pk_str s, bool has_priority, envelope *e)
{
    if (has_priority) { /* Cisco: "29: *Mar  1 18:46:11: %SYS-5-..." */
        size_t colon = str_find_char(str_slice(s, 0, 12), ':');
        if (colon != STR_NPOS && is_digits(str_slice(s, 0, colon))) s = str_slice(s, colon + 2, s.len);
        if (s.len && (s.ptr[0] == '*' || s.ptr[0] == '.')) s = str_slice(s, 1, s.len);
    }
    size_t n = syslog_time(s);
    bool iso = n == 0;
    if (iso) n = iso_time(s);
    if (n == 0 || n == s.len) return false;
    e->timestamp = str_slice(s, 0, n);
    pk_str rest = str_slice(s, n, s.len);
    if (rest.ptr[0] == ':' && !iso) { /* no host */
        rest = str_slice(rest, 2, rest.len);
        size_t tag = read_tag(rest, e);
        e->message = str_slice(rest, tag, rest.len);
        return true;
    }
    if (rest.ptr[0] != ' ') return false;
    rest = str_slice(rest, 1, rest.len);

    pk_str after = rest;
    pk_str host = next_token(&after);
    if (host.len && host.ptr[host.len - 1] == ':' && !iso) { /* "TIME program: message", as macOS and some daemons do */
        size_t tag = read_tag(rest, e);
        e->message = str_slice(rest, tag, rest.len);
        return tag > 0;
    }
    if (!is_host(host)) {
        size_t tag = iso ? 0 : read_tag(rest, e);
        e->message = str_slice(rest, tag, rest.len);
        return tag > 0 || has_priority;
    }
    while (after.len && after.ptr[0] == ' ') after = str_slice(after, 1, after.len);
    if (str_starts_with(after, STR(": "))) after = str_slice(after, 2, after.len); /* Cisco ASA */
    size_t tag = read_tag(after, e);
    /* Many programs begin lines of their own with an ISO time and a word: without a tag the word must look like a host. */
    if (iso && !tag && !has_priority && !memchr(host.ptr, '.', host.len)) return false;
    if (iso && !has_priority && str_find_char(e->timestamp, 'T') == STR_NPOS && !e->pid.len) return false;
    e->hostname = host;
    e->message = str_slice(after, tag, after.len);
    return true;
}

/* "2022-01-28T16:04:05.4Z stdout F message" of container runtimes (CRI). */
static bool read_container(pk_str s, envelope *e)
{
    size_t n = iso_time(s);
    if (n == 0) return false;
    pk_str rest = str_slice(s, n, s.len);
    if (!str_starts_with(rest, STR(" stdout ")) && !str_starts_with(rest, STR(" stderr "))) return false;
    pk_str message = str_slice(rest, 8, rest.len);
    if (message.len < 2 || (message.ptr[0] != 'F' && message.ptr[0] != 'P') || message.ptr[1] != ' ') return false;
    e->kind = "container";
    e->timestamp = str_slice(s, 0, n);
    e->message = str_slice(message, 2, message.len);
    return true;
}

/* "web-1  | message", as docker compose shows it. */
static bool read_compose(pk_str s, envelope *e)
{
    size_t bar = str_find_char(str_slice(s, 0, 48), '|');
    if (bar == STR_NPOS || bar < 2 || s.ptr[bar - 1] != ' ') return false;
    pk_str name = str_trim(str_slice(s, 0, bar));
    if (!is_host(name) || bar + 2 > s.len || s.ptr[bar + 1] != ' ') return false;
    e->kind = "container";
    e->program = name;
    e->message = str_slice(s, bar + 2, s.len);
    return true;
}

envelope envelope_read(pk_str line)
{
    const envelope none = {.priority = -1, .message = line};
    if (line.len < 8) return none;
    envelope e = none;
    size_t n = read_priority(line, &e.priority);
    pk_str rest = str_slice(line, n, line.len);
    envelope tried = e;
    if (n && read_5424(rest, &tried)) {
        tried.kind = "syslog";
        return tried;
    }
    tried = e;
    if (read_container(rest, &tried)) return tried;
    tried = e;
    if (read_3164(rest, n > 0, &tried)) {
        tried.kind = "syslog";
        return tried;
    }
    if (n) { /* a PRI and nothing else that is known */
        e.kind = "syslog";
        e.message = rest;
        return e;
    }
    tried = e;
    if (read_compose(rest, &tried)) return tried;
    return none;
}
