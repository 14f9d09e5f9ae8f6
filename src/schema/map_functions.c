/*
 * The computed forms of mappings, used by the engine and by the reference evaluator alike. Each takes values (any may
 * be missing) and gives one value, made in the arena or a view of an argument.
 */
#include <stdio.h>

#include "base/ip.h"
#include "base/unicode.h"
#include "schema/model.h"

typedef struct {
    const pk_str *texts; /* of the arguments */
    size_t count;
    arena *arena;
} call;

static const value missing = {.type = VALUE_MISSING};

/* The n-th argument; empty if there is none. */
static pk_str arg(const call *c, size_t n)
{
    return n < c->count ? c->texts[n] : STR("");
}

static value call_account(const call *c)
{
    pk_str domain = arg(c, 0), user = arg(c, 1);
    if (user.len == 0 || str_equal(user, STR("-"))) return missing;
    if (domain.len == 0 || str_equal(domain, STR("-"))) return value_string(user);
    return value_string(arena_printf(c->arena, STR_FMT "\\" STR_FMT, STR_ARG(domain), STR_ARG(user)));
}

static value call_base_name(const call *c)
{
    pk_str path = arg(c, 0);
    size_t at = path.len;
    while (at > 0 && path.ptr[at - 1] != '\\' && path.ptr[at - 1] != '/') at--;
    return value_string(str_slice(path, at, STR_NPOS));
}

static value call_concat(const call *c)
{
    size_t len = 0;
    for (size_t i = 0; i < c->count; i++) len += c->texts[i].len;
    char *out = arena_alloc(c->arena, len + 1);
    size_t at = 0;
    for (size_t i = 0; i < c->count; i++) {
        memcpy(out + at, c->texts[i].ptr, c->texts[i].len);
        at += c->texts[i].len;
    }
    return value_string((pk_str){out, len});
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

static value call_decimal(const call *c)
{
    pk_str t = arg(c, 0);
    if (t.len < 3 || t.len > 17 || t.ptr[0] != '0' || (t.ptr[1] != 'x' && t.ptr[1] != 'X')) return value_string(t);
    int64_t n = 0;
    for (size_t i = 2; i < t.len; i++) {
        int digit = hex_digit(t.ptr[i]);
        if (digit < 0) return value_string(t);
        n = n * 16 + digit;
    }
    return value_int(n);
}

/* Folders that Windows sets up on the drive that it calls C:. */
static bool is_system_folder(pk_str path)
{
    static const char *const folders[] = {"\\windows\\", "\\program files\\", "\\program files (x86)\\",
                                          "\\programdata\\", "\\users\\"};
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
        pk_str folder = str_from(folders[i]);
        if (str_equal_ascii_fold(str_slice(path, 0, folder.len), folder)) return true;
    }
    return false;
}

static value call_device_path(const call *c)
{
    pk_str path = arg(c, 0);
    static const char prefix[] = "\\device\\";
    const size_t len = sizeof prefix - 1;
    if (!str_equal_ascii_fold(str_slice(path, 0, len), STR(prefix))) return value_string(path);
    size_t next = str_find_char(str_slice(path, len, STR_NPOS), '\\');
    if (next == STR_NPOS) return value_string(path);
    pk_str rest = str_slice(path, len + next, STR_NPOS);
    return value_string(is_system_folder(rest) ? arena_concat(c->arena, STR("C:"), rest) : rest);
}

static value call_hash(const call *c)
{
    pk_str hashes = arg(c, 0), algorithm = arg(c, 1);
    while (hashes.len > 0) {
        size_t comma = str_find_char(hashes, ',');
        pk_str one = str_trim(str_slice(hashes, 0, comma));
        bool has_name = one.len > algorithm.len && one.ptr[algorithm.len] == '=';
        if (has_name && str_equal_ascii_fold(str_slice(one, 0, algorithm.len), algorithm))
            return value_string(str_slice(one, algorithm.len + 1, STR_NPOS));
        hashes = comma == STR_NPOS ? STR("") : str_slice(hashes, comma + 1, STR_NPOS);
    }
    return missing;
}

/* MS-DTYP 2.4.2.4: the relative id of S-1-16 is the level. */
static value call_integrity(const call *c)
{
    static const struct {
        const char *sid, *level;
    } levels[] = {
        {"S-1-16-0",     "Untrusted" },
        {"S-1-16-4096",  "Low"       },
        {"S-1-16-8192",  "Medium"    },
        {"S-1-16-8448",  "MediumPlus"},
        {"S-1-16-12288", "High"      },
        {"S-1-16-16384", "System"    },
        {"S-1-16-20480", "Protected" }
    };
    for (size_t i = 0; i < sizeof levels / sizeof *levels; i++)
        if (str_equal_ascii_fold(arg(c, 0), str_from(levels[i].sid))) return value_string(str_from(levels[i].level));
    return value_string(arg(c, 0));
}

/* Is `written` the key, apart from blanks and case? */
static bool same_key(pk_str written, pk_str key)
{
    size_t k = 0;
    for (size_t i = 0; i < written.len; i++) {
        if (written.ptr[i] == ' ') continue;
        if (k == key.len || (written.ptr[i] | 0x20) != (key.ptr[k] | 0x20)) return false;
        k++;
    }
    return k == key.len && k > 0;
}

static value call_key_value(const call *c)
{
    pk_str rest = arg(c, 0), key = arg(c, 1);
    while (rest.len > 0) {
        size_t newline = str_find_char(rest, '\n');
        pk_str line = str_trim(str_slice(rest, 0, newline));
        size_t equals = str_find_char(line, '=');
        if (equals != STR_NPOS && same_key(str_trim(str_slice(line, 0, equals)), key))
            return value_string(str_trim(str_slice(line, equals + 1, STR_NPOS)));
        rest = newline == STR_NPOS ? STR("") : str_slice(rest, newline + 1, STR_NPOS);
    }
    return missing;
}

static value call_lower(const call *c)
{
    return value_string(fold(c->arena, arg(c, 0)));
}

static value call_protocol(const call *c)
{
    static const struct {
        const char *number, *name;
    } protocols[] = {
        {"1",  "icmp"  },
        {"2",  "igmp"  },
        {"6",  "tcp"   },
        {"17", "udp"   },
        {"47", "gre"   },
        {"50", "esp"   },
        {"58", "icmpv6"}
    };
    for (size_t i = 0; i < sizeof protocols / sizeof *protocols; i++)
        if (str_equal(arg(c, 0), str_from(protocols[i].number))) return value_string(str_from(protocols[i].name));
    return value_string(arg(c, 0));
}

/* The message codes of value types in Security 4657 are consecutive: %%1872 REG_NONE ... %%1883 REG_QWORD. */
static value call_registry_details(const call *c)
{
    pk_str shown = arg(c, 0), type = arg(c, 1);
    int64_t n;
    bool number = str_to_int(shown, false, &n);
    if (str_equal(type, STR("%%1875"))) return value_string(STR("Binary Data"));
    if (str_equal(type, STR("%%1876")) && number)
        return value_string(arena_printf(c->arena, "DWORD (0x%08x)", (unsigned)(uint32_t)n));
    if (str_equal(type, STR("%%1883")) && number)
        return value_string(
            arena_printf(c->arena, "QWORD (0x%08x-0x%08x)", (unsigned)((uint64_t)n >> 32), (unsigned)(uint32_t)n));
    return value_string(shown);
}

/* "ControlSet001" at the start of `s`: its length, else 0. */
static size_t control_set(pk_str s)
{
    const size_t len = sizeof "ControlSet001" - 1;
    if (s.len < len || !str_equal_ascii_fold(str_slice(s, 0, 10), STR("ControlSet"))) return 0;
    for (size_t i = 10; i < len; i++)
        if (s.ptr[i] < '0' || s.ptr[i] > '9') return 0;
    return s.len == len || s.ptr[len] == '\\' ? len : 0;
}

static value call_registry_path(const call *c)
{
    static const struct {
        const char *kernel, *shown;
    } hives[] = {
        {"\\REGISTRY\\MACHINE", "HKLM"},
        {"\\REGISTRY\\USER",    "HKU" }
    };
    pk_str key = arg(c, 0), name = arg(c, 1), hive = STR(""), set = STR("");
    for (size_t i = 0; i < sizeof hives / sizeof *hives; i++) {
        pk_str kernel = str_from(hives[i].kernel);
        if (!str_equal_ascii_fold(str_slice(key, 0, kernel.len), kernel)) continue;
        if (key.len > kernel.len && key.ptr[kernel.len] != '\\') continue;
        hive = str_from(hives[i].shown);
        key = str_slice(key, kernel.len, STR_NPOS);
    }
    static const char system[] = "\\SYSTEM\\";
    const size_t len = sizeof system - 1;
    if (hive.len && str_equal_ascii_fold(str_slice(key, 0, len), STR(system)) &&
        control_set(str_slice(key, len, STR_NPOS))) {
        hive = STR("HKLM\\SYSTEM\\");
        set = STR("CurrentControlSet");
        key = str_slice(key, len + control_set(str_slice(key, len, STR_NPOS)), STR_NPOS);
    }
    bool named = name.len > 0 && !str_equal(name, STR("-"));
    return value_string(arena_printf(c->arena, STR_FMT STR_FMT STR_FMT "%s" STR_FMT, STR_ARG(hive), STR_ARG(set),
                                     STR_ARG(key), named ? "\\" : "", STR_ARG(named ? name : STR(""))));
}

static value call_translate(const call *c)
{
    for (size_t i = 1; i + 1 < c->count; i += 2)
        if (str_equal_ascii_fold(c->texts[0], c->texts[i])) return value_string(c->texts[i + 1]);
    return missing;
}

/* ---- accounts, addresses, names: parts of what one field of a log holds together ---- */

/* Windows and others write '-' where there is nothing. */
static bool is_nothing(pk_str s)
{
    return s.len == 0 || str_equal(s, STR("-"));
}

static value unless_nothing(pk_str s)
{
    return is_nothing(s) ? missing : value_string(s);
}

static value call_given(const call *c)
{
    return unless_nothing(str_trim(arg(c, 0)));
}

static value call_present(const call *c)
{
    return is_nothing(str_trim(arg(c, 0))) ? missing : value_string(arg(c, 1));
}

/* DOMAIN\user; a name without a domain is a user. */
static value call_user(const call *c)
{
    pk_str account = str_trim(arg(c, 0));
    size_t at = str_find_char(account, '\\');
    return unless_nothing(at == STR_NPOS ? account : str_slice(account, at + 1, STR_NPOS));
}

static value call_domain(const call *c)
{
    pk_str account = str_trim(arg(c, 0));
    size_t at = str_find_char(account, '\\');
    return at == STR_NPOS ? missing : unless_nothing(str_slice(account, 0, at));
}

/* "10.0.0.1:443", "[fe80::1]:443" without the port. */
static pk_str without_port(pk_str s)
{
    size_t colon = str_find_char(s, ':');
    if (s.len && s.ptr[0] == '[') return str_slice(s, 1, str_find_char(s, ']') - 1);
    bool one = colon != STR_NPOS && str_find_char(str_slice(s, colon + 1, STR_NPOS), ':') == STR_NPOS;
    return one ? str_slice(s, 0, colon) : s;
}

/* An IPv4 address that stands for itself in IPv6 is told as what it is (RFC 4291, 2.5.5.2). */
static value call_ip(const call *c)
{
    static const char mapped[] = "::ffff:";
    pk_str s = without_port(str_trim(arg(c, 0)));
    ip_address address;
    if (!ip_parse(s, &address)) return missing;
    pk_str inner = str_slice(s, sizeof mapped - 1, STR_NPOS);
    bool is_mapped = str_equal_ascii_fold(str_slice(s, 0, sizeof mapped - 1), STR("::ffff:"));
    return value_string(is_mapped && str_find_char(inner, '.') != STR_NPOS ? inner : s);
}

static value call_host_name(const call *c)
{
    pk_str s = str_trim(arg(c, 0));
    ip_address address;
    while (s.len && s.ptr[0] == '\\') s = str_slice(s, 1, STR_NPOS); /* \\SERVER */
    return ip_parse(s, &address) ? missing : unless_nothing(s);
}

static bool is_guid(pk_str s)
{
    static const char form[] = "{xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx}";
    if (s.len < sizeof form - 1) return false;
    for (size_t i = 0; i < sizeof form - 1; i++)
        if (form[i] == 'x' ? hex_digit(s.ptr[i]) < 0 : s.ptr[i] != form[i]) return false;
    return true;
}

static value call_guid(const call *c)
{
    int64_t wanted;
    if (!str_to_int(arg(c, 1), false, &wanted)) return missing;
    for (pk_str rest = arg(c, 0); rest.len > 0; rest = str_slice(rest, 1, STR_NPOS)) {
        size_t brace = str_find_char(rest, '{');
        rest = str_slice(rest, brace == STR_NPOS ? rest.len : brace, STR_NPOS);
        if (is_guid(rest) && --wanted == 0) return value_string(str_slice(rest, 0, 38));
    }
    return missing;
}

/* "C:\\x", "\\\\server\\x": texts that can't be anything but a path of a file. */
static value call_file_path(const call *c)
{
    pk_str s = str_trim(arg(c, 0));
    bool drive = s.len > 3 && ((s.ptr[0] | 0x20) >= 'a' && (s.ptr[0] | 0x20) <= 'z') && s.ptr[1] == ':' && s.ptr[2] == '\\';
    bool share = s.len > 3 && s.ptr[0] == '\\' && s.ptr[1] == '\\';
    return drive || share ? value_string(s) : missing;
}

/* MS-ERREF 2.3: the sub-status says why, if there is one. People and rules write the digits of a status in upper case. */
static value call_status(const call *c)
{
    pk_str status = str_trim(arg(c, 0)), detail = str_trim(arg(c, 1));
    bool has_detail = !is_nothing(detail) && !str_equal(detail, STR("0x0")) && !str_equal(detail, STR("0x00000000"));
    if (has_detail) status = detail;
    if (is_nothing(status)) return missing;
    char *out = arena_alloc(c->arena, status.len);
    for (size_t i = 0; i < status.len; i++) {
        bool letter = status.ptr[i] >= 'a' && status.ptr[i] <= 'f' && hex_digit(status.ptr[i]) >= 0;
        out[i] = letter && str_starts_with(status, STR("0x")) ? (char)(status.ptr[i] - 0x20) : status.ptr[i];
    }
    return value_string((pk_str){out, status.len});
}

static value call_last(const call *c)
{
    pk_str rest = arg(c, 0), separator = arg(c, 1);
    for (size_t at; separator.len && (at = str_find(rest, separator)) != STR_NPOS;) rest = str_slice(rest, at + separator.len, STR_NPOS);
    return unless_nothing(rest);
}

/* A text that holds a JSON text, or a list of one: "\"x\"", "[\"x\"]". */
static value call_unquoted(const call *c)
{
    pk_str s = str_trim(arg(c, 0));
    if (s.len > 1 && s.ptr[0] == '[' && s.ptr[s.len - 1] == ']') s = str_trim(str_slice(s, 1, s.len - 2));
    if (s.len > 1 && s.ptr[0] == '"' && s.ptr[s.len - 1] == '"') s = str_slice(s, 1, s.len - 2);
    return unless_nothing(s);
}

static value call_begins(const call *c)
{
    for (size_t i = 1; i + 1 < c->count; i += 2)
        if (str_equal_ascii_fold(str_slice(c->texts[0], 0, c->texts[i].len), c->texts[i]))
            return value_string(c->texts[i + 1]);
    return missing;
}

/* What fields of the data model have is the type, and of enumerations which. */
static value call_udm(const call *c)
{
    static const struct {
        const char *name;
        udm_type type;
    } types[] = {
        {"int", UDM_INT}, {"float", UDM_FLOAT}, {"bool", UDM_BOOL}, {"time", UDM_TIME}
    };
    pk_str type = arg(c, 1);
    udm_path p = {.type = UDM_STRING, .hash = str_equal(type, STR("hash"))};
    value v = value_string(arg(c, 0));
    if (str_starts_with(type, STR("enum ")) && (p.enumeration = udm_enum_find(str_slice(type, 5, STR_NPOS)))) p.type = UDM_ENUM;
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (str_equal(type, str_from(types[i].name))) p.type = types[i].type;
    return udm_scalar(&p, &v, c->arena);
}

/* ---- URLs: scheme://user@host:port/path?query#fragment, or from the path on (RFC 3986, 3) ---- */

static pk_str without_scheme(pk_str url)
{
    size_t colon = str_find(url, STR("://"));
    size_t slash = str_find_char(url, '/');
    return colon != STR_NPOS && colon + 1 == slash ? str_slice(url, colon + 3, STR_NPOS) : url;
}

static bool has_authority(pk_str url)
{
    return without_scheme(url).ptr != url.ptr;
}

/* From the path on. "host/path" without a scheme is taken for a path: proxies write it either way, with or without
 * host. */
static pk_str behind_authority(pk_str url)
{
    if (!has_authority(url)) return url;
    pk_str rest = without_scheme(url);
    for (size_t i = 0; i < rest.len; i++)
        if (rest.ptr[i] == '/' || rest.ptr[i] == '?' || rest.ptr[i] == '#') return str_slice(rest, i, STR_NPOS);
    return STR("");
}

static pk_str path_of(pk_str url)
{
    pk_str rest = behind_authority(url);
    for (size_t i = 0; i < rest.len; i++)
        if (rest.ptr[i] == '?' || rest.ptr[i] == '#') return str_slice(rest, 0, i);
    return rest;
}

static value call_url_path(const call *c)
{
    return value_string(path_of(arg(c, 0)));
}

static value call_url_query(const call *c)
{
    pk_str rest = behind_authority(arg(c, 0));
    rest = str_slice(rest, 0, str_find_char(rest, '#'));
    size_t question = str_find_char(rest, '?');
    return question == STR_NPOS ? missing : value_string(str_slice(rest, question + 1, STR_NPOS));
}

static value call_url_host(const call *c)
{
    pk_str url = arg(c, 0), host = without_scheme(url);
    if (!has_authority(url)) return missing;
    host = str_slice(host, 0, host.len - behind_authority(url).len);
    size_t at = str_find_char(host, '@');
    if (at != STR_NPOS) host = str_slice(host, at + 1, STR_NPOS);
    if (host.len && host.ptr[0] == '[') return value_string(str_slice(host, 1, str_find_char(host, ']') - 1));
    return value_string(str_slice(host, 0, str_find_char(host, ':')));
}

static value call_url_extension(const call *c)
{
    pk_str path = path_of(arg(c, 0));
    for (size_t i = path.len; i-- > 0 && path.ptr[i] != '/';)
        if (path.ptr[i] == '.') return value_string(str_slice(path, i + 1, STR_NPOS));
    return missing;
}

/* ---- the table ---- */

struct map_function {
    pk_str name;
    value (*fn)(const call *c);
};

static const map_function functions[] = {
#define FUNCTION(name, arguments, meaning, example) {{#name, sizeof #name - 1}, call_##name},
#include "schema/map_functions.def"
#undef FUNCTION
};

const map_function *map_function_of(pk_str name)
{
    for (size_t i = 0; i < sizeof functions / sizeof *functions; i++)
        if (str_equal(name, functions[i].name)) return &functions[i];
    return NULL;
}

value map_function_call(const map_function *f, const value *args, size_t count, arena *a)
{
    pk_str texts[MAP_ARGUMENTS];
    if (count == 0 || count > MAP_ARGUMENTS) return missing;
    for (size_t i = 0; i < count; i++)
        if (args[i].type == VALUE_MISSING || args[i].type == VALUE_NULL || !value_text(a, &args[i], &texts[i]))
            return missing;
    return f->fn(&(call){.texts = texts, .count = count, .arena = a});
}

value schema_call(pk_str name, const value *args, size_t count, arena *a)
{
    const map_function *f = map_function_of(name);
    return f ? map_function_call(f, args, count, a) : missing;
}
