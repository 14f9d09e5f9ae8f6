/*
 * Addresses, hosts and domains. A host is found as the NET functions of GoogleSQL find it (their published implementation is
 * the only specification), a registrable domain by the public suffix list as libpsl has it.
 */
#include <libpsl.h>

#include "base/ip.h"
#include "base/unicode.h"
#include "ir/functions_private.h"

static bool lies_in(const ir_call_args *c, pk_str s)
{
    ip_network network;
    ip_address address;
    bool host_bits;
    return ip_network_parse(text_arg(c, 1), &network, &host_bits) && ip_parse(s, &address) && ip_network_contains(&network, &address);
}
value call_ip_in_network(const ir_call_args *c) { return some_text(c, lies_in); }

/* ---- the host of a URL ---- */

static bool is_slash(char ch) { return ch == '/' || ch == '\\'; }

/*
 * What stands between "//", or a scheme and "://", and the first of / \ ? #, behind the last @. Without "://" a scheme is
 * none: of "mailto:?to=" the host is "mailto".
 */
static pk_str authority_of(pk_str url)
{
    size_t begin = 0, end = url.len;
    bool may_be_scheme = true;
    if (url.len >= 2 && is_slash(url.ptr[0]) && is_slash(url.ptr[1])) {
        begin = 2;
        may_be_scheme = false;
    }
    for (size_t i = begin; i < url.len; i++) {
        char ch = url.ptr[i];
        if (is_slash(ch) || ch == '?' || ch == '#') {
            end = i;
            break;
        }
        if (ch == ':' && may_be_scheme) {
            may_be_scheme = false;
            if (i + 2 < url.len && is_slash(url.ptr[i + 1]) && is_slash(url.ptr[i + 2])) {
                begin = i + 3;
                i += 2;
            }
        } else if (ch == '@') {
            begin = i + 1;
        }
    }
    return str_slice(url, begin, end - begin);
}

/* Without the port, leading dots and all but one dot at the end; an IPv6 address keeps its brackets. */
static pk_str host_in(pk_str url)
{
    pk_str host = authority_of(str_trim(url));
    size_t from = 0;
    if (host.len && host.ptr[0] == '[') {
        from = 1;
        while (from < host.len && host.ptr[from] != ']' && host.ptr[from] != '[') from++;
        if (from < host.len) from++;
    }
    size_t port = str_find_char(str_slice(host, from, host.len), ':');
    if (port != STR_NPOS) host.len = from + port;
    while (host.len && host.ptr[0] == '.') host = str_slice(host, 1, host.len);
    while (host.len > 1 && host.ptr[host.len - 1] == '.' && host.ptr[host.len - 2] == '.') host.len--;
    return host;
}

static value host_text(const ir_call_args *c, pk_str s)
{
    (void)c;
    return value_string(host_in(s));
}
value call_host_of(const ir_call_args *c) { return each_text(c, host_text); }

/* ---- registrable domains ---- */

enum { MAX_DOMAIN = 1024 }; /* bytes; names are at most 253, but they may be written in many */

static size_t dots_in(const char *s, size_t len)
{
    size_t n = 0;
    for (size_t i = 0; i < len; i++) n += s[i] == '.';
    return n;
}

/* Labels of the public suffix of a host in lower case: the longest end of it that the list has; 0: none, for names whose
 * last label nobody delegated are no domains. */
static size_t suffix_labels(const char *host)
{
    const psl_ctx_t *list = psl_builtin();
    if (!list) return 0;
    for (const char *at = host; at; at = strchr(at, '.') ? strchr(at, '.') + 1 : NULL)
        if (psl_is_public_suffix2(list, at, PSL_TYPE_ICANN | PSL_TYPE_NO_STAR_RULE)) return dots_in(at, strlen(at)) + 1;
    return 0;
}

static value domain_text(const ir_call_args *c, pk_str s)
{
    pk_str host = host_in(s), bare = host;
    if (bare.len && bare.ptr[bare.len - 1] == '.') bare.len--;
    if (bare.len == 0 || bare.len > MAX_DOMAIN || memchr(bare.ptr, 0, bare.len)) return value_string(STR(""));
    size_t labels = suffix_labels(arena_cstring(c->arena, fold(c->arena, bare)));
    if (labels == 0) return value_string(STR(""));
    for (size_t i = bare.len; i-- > 0;) /* as it was written, from the label before the suffix on */
        if (bare.ptr[i] == '.' && labels-- == 0) {
            bare = str_slice(bare, i + 1, bare.len);
            return value_string(bare);
        }
    return value_string(labels == 0 ? bare : STR(""));
}
value call_registrable_domain(const ir_call_args *c) { return each_text(c, domain_text); }
