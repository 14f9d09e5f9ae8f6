/* Who may ask. RFC 9110 section 7.2 (Host), RFC 6454 section 7 (Origin), RFC 6265 (Cookie), RFC 6750 section 2.1 (Bearer). */
#include "web/access.h"

#include <string.h>
#include <strings.h>

#include "base/ip.h"

/* Takes as long wherever the first difference is. */
static bool same_secret(pk_str given, const char *wanted, size_t len)
{
    unsigned char difference = given.len != len;
    for (size_t i = 0; i < given.len; i++) difference |= (unsigned char)(given.ptr[i] ^ wanted[i % len]);
    return difference == 0;
}

static bool host_character(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_';
}

static bool port_follows(pk_str rest)
{
    if (rest.len == 0) return true;
    if (rest.ptr[0] != ':' || rest.len > 6) return false;
    for (size_t i = 1; i < rest.len; i++)
        if (rest.ptr[i] < '0' || rest.ptr[i] > '9') return false;
    return true;
}

bool access_host_name(pk_str host, pk_str *name, bool *address)
{
    size_t n = 0;
    if (host.len && host.ptr[0] == '[') {
        const char *end = memchr(host.ptr, ']', host.len);
        if (!end) return false;
        *name = (pk_str){host.ptr + 1, (size_t)(end - host.ptr) - 1};
        n = name->len + 2;
    } else {
        while (n < host.len && host_character(host.ptr[n])) n++;
        *name = (pk_str){host.ptr, n};
    }
    if (name->len == 0 || name->len > 255 || !port_follows((pk_str){host.ptr + n, host.len - n})) return false;
    ip_address ip;
    *address = ip_parse(*name, &ip);
    return host.ptr[0] != '[' || *address;
}

static bool host_allowed(const access_rules *rules, pk_str host)
{
    pk_str name;
    bool address;
    if (!access_host_name(host, &name, &address)) return false;
    if (address || str_equal_ascii_fold(name, STR("localhost"))) return true;
    for (size_t i = 0; i < rules->host_count; i++)
        if (str_equal_ascii_fold(name, rules->hosts[i])) return true;
    return false;
}

/*
 * Browsers send Origin with every form that is posted; a program need not. From our own pages it is "null", since they ask for no
 * referrer (Fetch, "append a request Origin header"); Sec-Fetch-Site tells those from others where browsers send it, which is
 * wherever no token is needed. Elsewhere the cookie stays at home (SameSite), and forms change nothing in any case.
 */
static bool own_origin(const access_request *r)
{
    if (r->fetch_site.len && !str_equal_ascii_fold(r->fetch_site, STR("same-origin")) && !str_equal_ascii_fold(r->fetch_site, STR("none"))) return false;
    if (r->origin.len == 0 || str_equal(r->origin, STR("null"))) return true;
    pk_str from = r->origin;
    size_t scheme = str_starts_with(from, STR("http://")) ? 7 : str_starts_with(from, STR("https://")) ? 8 : 0;
    return scheme && str_equal_ascii_fold((pk_str){from.ptr + scheme, from.len - scheme}, r->host);
}

/* The value of one cookie. */
static pk_str cookie_value(pk_str cookies, const char *name)
{
    size_t n = strlen(name);
    for (size_t at = 0; at < cookies.len;) {
        size_t end = at;
        while (end < cookies.len && cookies.ptr[end] != ';') end++;
        while (at < end && cookies.ptr[at] == ' ') at++;
        if (end - at > n && memcmp(cookies.ptr + at, name, n) == 0 && cookies.ptr[at + n] == '=')
            return (pk_str){cookies.ptr + at + n + 1, end - at - n - 1};
        at = end + 1;
    }
    return (pk_str){"", 0};
}

static bool has_token(const access_rules *rules, const access_request *r)
{
    pk_str given = r->authorization;
    if (given.len > 7 && strncasecmp(given.ptr, "Bearer ", 7) == 0)
        return same_secret((pk_str){given.ptr + 7, given.len - 7}, rules->token.ptr, rules->token.len);
    pk_str cookie = cookie_value(r->cookie, "picket");
    return cookie.len && same_secret(cookie, rules->secret, ACCESS_SECRET);
}

access_answer access_check(const access_rules *rules, const access_request *r)
{
    bool post = str_equal(r->method, STR("POST"));
    bool login = str_equal(r->path, STR("/login"));
    if (!post && !str_equal(r->method, STR("GET")) && !str_equal(r->method, STR("HEAD"))) return ACCESS_WRONG_METHOD;
    if (r->host.len == 0) return ACCESS_NO_HOST;
    if (!host_allowed(rules, r->host)) return ACCESS_WRONG_HOST;
    if (post && !own_origin(r)) return ACCESS_WRONG_ORIGIN;
    if (rules->token.len == 0) return ACCESS_ALLOWED;
    if (login && post)
        return same_secret(r->token, rules->token.ptr, rules->token.len) ? ACCESS_LOGGED_IN : ACCESS_WRONG_TOKEN;
    /* The form needs its style sheet. */
    if (!post && str_starts_with(r->path, STR("/assets/"))) return ACCESS_ALLOWED;
    if (has_token(rules, r)) return ACCESS_ALLOWED;
    return ACCESS_LOGIN;
}

pk_str access_next(const access_request *r)
{
    pk_str to = r->next;
    bool own = to.len && to.ptr[0] == '/' && !(to.len > 1 && (to.ptr[1] == '/' || to.ptr[1] == '\\')) && to.len < 2048;
    for (size_t i = 0; own && i < to.len; i++) own = to.ptr[i] > ' ' && to.ptr[i] < 0x7f && to.ptr[i] != '\\';
    return own && !str_starts_with(to, STR("/login")) ? to : STR("/");
}
