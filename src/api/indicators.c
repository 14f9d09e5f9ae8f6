/*
 * Indicators of a feed as entity records. Feeds write the same thing in different places: an address goes into both
 * entity.artifact.ip and entity.ip, a domain into entity.domain.name and entity.hostname, so that rules for either find it.
 */
#include "api/context.h"
#include "api/records.h"
#include "base/ip.h"
#include "base/unicode.h"
#include "event/json_text.h"
#include "formats/csv/row.h"
#include "udm/udm.h"

enum { STIX_DEPTH = 64 };

/* ---- feeds ---- */

static pk_str copy_part(arena *a, pk_str s) { return arena_str(a, str_trim(s)); }

feed_names feed_of(pk_str written, arena *a)
{
    /* What the rules of chronicle/detection-rules ask of the feeds that they name. */
    static const struct { const char *vendor, *product, *source, *feed; } known[] = {
        {"Google Cloud Threat Intelligence", "GCTI Feed", "GLOBAL_CONTEXT", "Tor Exit Nodes"},
        {"Google Cloud Threat Intelligence", "GCTI Feed", "GLOBAL_CONTEXT", "Benign Binaries"},
        {"Google Cloud Threat Intelligence", "GCTI Feed", "GLOBAL_CONTEXT", "Remote Access Tools"},
        {"Google", "Google Safe Browsing", "GLOBAL_CONTEXT", "Google Safe Browsing"},
        {"MISP", "MISP", "ENTITY_CONTEXT", "MISP"},
    };
    feed_names names = {STR(""), STR(""), STR("GLOBAL_CONTEXT"), STR("")};
    pk_str rest = written;
    size_t slashes = 0;
    for (size_t i = 0; i < written.len; i++) slashes += written.ptr[i] == '/';
    if (slashes == 2) {
        size_t end = str_find_char(rest, '/');
        names.vendor = copy_part(a, str_slice(rest, 0, end));
        rest = str_slice(rest, end + 1, rest.len);
    }
    if (slashes == 1 || slashes == 2) {
        size_t end = str_find_char(rest, '/');
        names.product = copy_part(a, str_slice(rest, 0, end));
        rest = str_slice(rest, end + 1, rest.len);
    }
    names.feed = copy_part(a, rest);
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        pk_str product = str_from(known[i].product), feed = str_from(known[i].feed);
        if (!str_equal_ascii_fold(names.feed, feed) && !str_equal_ascii_fold(names.product, product)) continue;
        if (!names.vendor.len) names.vendor = str_from(known[i].vendor);
        if (!names.product.len) names.product = product;
        if (str_equal_ascii_fold(names.feed, feed)) names.feed = feed;
        names.source = str_from(known[i].source);
        break;
    }
    return names;
}

/* ---- what an indicator is ---- */

typedef enum { INDICATOR_NONE, INDICATOR_IP, INDICATOR_DOMAIN, INDICATOR_URL, INDICATOR_MD5, INDICATOR_SHA1, INDICATOR_SHA256 } indicator_kind;

static bool is_hex(pk_str s)
{
    for (size_t i = 0; i < s.len; i++) {
        char low = (char)(s.ptr[i] | 0x20);
        if (!(s.ptr[i] >= '0' && s.ptr[i] <= '9') && !(low >= 'a' && low <= 'f')) return false;
    }
    return true;
}

/* Labels of letters, digits, '-', '_' (and beyond ASCII), at least two, the last no number. */
static bool is_domain(pk_str s)
{
    size_t label = 0, labels = 0;
    bool number = true;
    if (s.len > 253) return false;
    for (size_t i = 0; i <= s.len; i++) {
        char c = i < s.len ? s.ptr[i] : '.', low = (char)(c | 0x20);
        if (c == '.') {
            if (label == 0) return i == s.len && labels > 1; /* a dot at the end */
            labels++;
            if (i < s.len) label = 0, number = true;
            continue;
        }
        bool digit = c >= '0' && c <= '9';
        if (!digit && !(low >= 'a' && low <= 'z') && c != '-' && c != '_' && !(c & 0x80)) return false;
        number &= digit;
        if (++label > 63 && !(c & 0x80)) return false;
    }
    return labels > 1 && !number;
}

static indicator_kind kind_of(pk_str s)
{
    ip_address address;
    if (ip_parse(s, &address)) return INDICATOR_IP;
    if (is_hex(s)) {
        if (s.len == 32) return INDICATOR_MD5;
        if (s.len == 40) return INDICATOR_SHA1;
        if (s.len == 64) return INDICATOR_SHA256;
    }
    if (str_find(s, STR("://")) != STR_NPOS && str_find_char(s, ' ') == STR_NPOS) return INDICATOR_URL;
    return is_domain(s) ? INDICATOR_DOMAIN : INDICATOR_NONE;
}

/* A network of one address is that address. */
static pk_str without_whole_mask(pk_str s)
{
    if (str_ends_with(s, STR("/32")) && str_find_char(s, ':') == STR_NPOS) s.len -= 3;
    else if (str_ends_with(s, STR("/128")) && kind_of(str_slice(s, 0, s.len - 4)) == INDICATOR_IP) s.len -= 4;
    return s;
}

/* "hxxp://a[.]org" as people pass it on. */
static pk_str refanged(pk_str s, arena *a)
{
    s = without_whole_mask(s);
    if (str_find(s, STR("[.]")) == STR_NPOS && str_find(s, STR("[:]")) == STR_NPOS && !str_starts_with(s, STR("hxxp"))) return s;
    char *out = arena_alloc(a, s.len + 1);
    size_t n = 0;
    for (size_t i = 0; i < s.len; i++) {
        pk_str here = str_slice(s, i, s.len);
        bool bracketed = str_starts_with(here, STR("[.]")) || str_starts_with(here, STR("[:]"));
        out[n++] = bracketed ? s.ptr[i + 1] : s.ptr[i];
        if (bracketed) i += 2;
    }
    if (n >= 4 && memcmp(out, "hxxp", 4) == 0) memcpy(out, "http", 4);
    return (pk_str){out, n};
}

/* ---- records ---- */

/* What a feed says of an indicator beside its value; empty and NONE: nothing. */
typedef struct {
    pk_str hashes[3];             /* md5, sha1, sha256 of one file */
    pk_str summary, severity, confidence, category;
    timestamp from, until;
} indicator_details;

static void put(arena *a, record_builder *b, const char *name, pk_str s)
{
    if (s.len) record_add(a, b, str_from(name), value_string(s));
}

static void put_record(arena *a, record_builder *b, const char *name, record_builder *inner)
{
    value v = record_done(inner);
    if (v.as.record.count) record_add(a, b, str_from(name), v);
}

static value list_of_one(arena *a, value v)
{
    list_builder list = {0};
    list_add(a, &list, v);
    return list_done(&list);
}

static value metadata_of(arena *a, const feed_names *names, const char *type, const indicator_details *d)
{
    record_builder metadata = {0}, threat = {0}, interval = {0};
    put(a, &metadata, "entity_type", str_from(type));
    put(a, &metadata, "source_type", names->source);
    put(a, &metadata, "vendor_name", names->vendor);
    put(a, &metadata, "product_name", names->product);
    if (d->from != TIMESTAMP_NONE) record_add(a, &interval, STR("start_time"), (value){.type = VALUE_TIME, .as.time = d->from});
    if (d->until != TIMESTAMP_NONE) record_add(a, &interval, STR("end_time"), (value){.type = VALUE_TIME, .as.time = d->until});
    if (interval.fields.len) { /* one without the other would read as the beginning of time */
        if (d->from == TIMESTAMP_NONE) record_add(a, &interval, STR("start_time"), (value){.type = VALUE_TIME, .as.time = 0});
        if (d->until == TIMESTAMP_NONE) record_add(a, &interval, STR("end_time"), (value){.type = VALUE_TIME, .as.time = INT64_MAX});
    }
    put_record(a, &metadata, "interval", &interval);
    put(a, &threat, "threat_feed_name", names->feed);
    put(a, &threat, "summary", d->summary);
    put(a, &threat, "severity", d->severity);
    put(a, &threat, "confidence", d->confidence);
    if (d->category.len) record_add(a, &threat, STR("category"), list_of_one(a, value_string(d->category)));
    if (threat.fields.len) record_add(a, &metadata, STR("threat"), list_of_one(a, record_done(&threat)));
    return record_done(&metadata);
}

static pk_str lower_case(arena *a, pk_str s) { return fold(a, s); }

static void put_file(arena *a, record_builder *entity, indicator_kind kind, pk_str s, const indicator_details *d)
{
    static const char *const names[] = {"md5", "sha1", "sha256"};
    record_builder file = {0};
    for (int i = 0; i < 3; i++)
        put(a, &file, names[i], lower_case(a, kind == (indicator_kind)(INDICATOR_MD5 + i) ? s : d->hashes[i]));
    put_record(a, entity, "file", &file);
}

static void add_indicator(context_store *c, arena *a, const feed_names *names, indicator_kind kind, pk_str s, const indicator_details *d)
{
    static const char *const types[] = {NULL, "IP_ADDRESS", "DOMAIN_NAME", "URL", "FILE", "FILE", "FILE"};
    record_builder whole = {0}, entity = {0}, inner = {0};
    switch (kind) {
    case INDICATOR_IP:
        put(a, &inner, "ip", s);
        put_record(a, &entity, "artifact", &inner);
        record_add(a, &entity, STR("ip"), list_of_one(a, value_string(s)));
        break;
    case INDICATOR_DOMAIN:
        s = lower_case(a, s);
        put(a, &inner, "name", s);
        put_record(a, &entity, "domain", &inner);
        put(a, &entity, "hostname", s);
        break;
    case INDICATOR_URL: put(a, &entity, "url", s); break;
    case INDICATOR_MD5: case INDICATOR_SHA1: case INDICATOR_SHA256: put_file(a, &entity, kind, s, d); break;
    case INDICATOR_NONE: return;
    }
    record_add(a, &whole, STR("metadata"), metadata_of(a, names, types[kind], d));
    put_record(a, &whole, "entity", &entity);
    value record = record_done(&whole);
    context_store_add(c, &record);
}

typedef struct {
    context_store *store;
    const feed_names *names;
    pk_str file;
    diag_list *diags;
    arena *arena;                 /* of one record */
    uint64_t *damaged;
} reading;

static void tell(reading *r, uint32_t line, const char *what, pk_str found)
{
    ++*r->damaged;
    diag_add(r->diags, PK_WARNING, "indicator", (diag_place){.file = r->file, .line = line}, STR(""), "an address, a domain, a URL, or an MD5, SHA-1 or SHA-256 hash", "%s: '" STR_FMT "'",
             what, STR_ARG(str_slice(found, 0, 100)));
}

static const indicator_details no_details = {.from = TIMESTAMP_NONE, .until = TIMESTAMP_NONE};

/* ---- texts and tables ---- */

typedef enum { COLUMN_OTHER, COLUMN_VALUE, COLUMN_SUMMARY, COLUMN_SEVERITY, COLUMN_CONFIDENCE, COLUMN_CATEGORY, COLUMN_FROM, COLUMN_UNTIL } column_role;

static column_role role_of(pk_str name)
{
    static const struct { const char *name; column_role role; } roles[] = {
        {"indicator", COLUMN_VALUE}, {"ioc", COLUMN_VALUE}, {"ioc_value", COLUMN_VALUE}, {"value", COLUMN_VALUE}, {"ip", COLUMN_VALUE},
        {"ip_address", COLUMN_VALUE}, {"address", COLUMN_VALUE}, {"dst_ip", COLUMN_VALUE}, {"domain", COLUMN_VALUE}, {"hostname", COLUMN_VALUE},
        {"host", COLUMN_VALUE}, {"url", COLUMN_VALUE}, {"hash", COLUMN_VALUE}, {"md5", COLUMN_VALUE}, {"sha1", COLUMN_VALUE}, {"sha256", COLUMN_VALUE},
        {"md5_hash", COLUMN_VALUE}, {"sha1_hash", COLUMN_VALUE}, {"sha256_hash", COLUMN_VALUE},
        {"description", COLUMN_SUMMARY}, {"summary", COLUMN_SUMMARY}, {"comment", COLUMN_SUMMARY}, {"severity", COLUMN_SEVERITY},
        {"confidence", COLUMN_CONFIDENCE}, {"category", COLUMN_CATEGORY}, {"valid_from", COLUMN_FROM}, {"valid_until", COLUMN_UNTIL}};
    for (size_t i = 0; i < sizeof roles / sizeof *roles; i++)
        if (str_equal_ascii_fold(name, str_from(roles[i].name))) return roles[i].role;
    return COLUMN_OTHER;
}

/* Columns by what their names say; empty: there is no header. */
typedef struct { VEC(column_role) at; bool has_value; } header;

static bool take_header(const csv_record *r, arena *a, header *h)
{
    h->at.len = 0;
    h->has_value = false;
    for (size_t i = 0; i < r->cells.len; i++) {
        column_role role = role_of(r->cells.at[i]);
        if (kind_of(r->cells.at[i]) != INDICATOR_NONE) return false; /* a record already */
        h->has_value |= role == COLUMN_VALUE;
        vec_push_in(a, &h->at, role);
    }
    return h->has_value;
}

static void read_details(const header *h, const csv_record *r, indicator_details *d)
{
    for (size_t i = 0; i < h->at.len && i < r->cells.len; i++) {
        pk_str cell = r->cells.at[i];
        switch (h->at.at[i]) {
        case COLUMN_SUMMARY: d->summary = cell; break;
        case COLUMN_SEVERITY: d->severity = cell; break;
        case COLUMN_CONFIDENCE: d->confidence = cell; break;
        case COLUMN_CATEGORY: d->category = cell; break;
        case COLUMN_FROM: d->from = timestamp_parse_iso(cell); break;
        case COLUMN_UNTIL: d->until = timestamp_parse_iso(cell); break;
        case COLUMN_VALUE: case COLUMN_OTHER: break;
        }
    }
}

/* Without a header the first cell that is an indicator; with one each cell of a column of indicators. Hashes are of one file. */
static void read_cells(reading *r, const header *h, const csv_record *cells, uint32_t line)
{
    indicator_details d = no_details;
    pk_str file = STR("");
    indicator_kind of_file = INDICATOR_NONE;
    bool some = false;
    read_details(h, cells, &d);
    for (size_t i = 0; i < cells->cells.len; i++) {
        if (h->at.len && (i >= h->at.len || h->at.at[i] != COLUMN_VALUE)) continue;
        pk_str s = refanged(cells->cells.at[i], r->arena);
        indicator_kind kind = kind_of(s);
        if (kind >= INDICATOR_MD5) {
            d.hashes[kind - INDICATOR_MD5] = s;
            file = s;
            of_file = kind;
        } else {
            add_indicator(r->store, r->arena, r->names, kind, s, &d);
        }
        some |= kind != INDICATOR_NONE;
        if (some && !h->at.len) break;
    }
    add_indicator(r->store, r->arena, r->names, of_file, file, &d);
    if (!some && cells->cells.len) tell(r, line, "this is no indicator", cells->cells.at[0]);
}

static bool is_comment(pk_str line) { return line.ptr[0] == '#' || line.ptr[0] == ';' || str_starts_with(line, STR("//")); }

/* A line of text ends at a comment behind white space. */
static pk_str bare_line(pk_str line)
{
    for (size_t i = 1; i < line.len; i++)
        if ((line.ptr[i - 1] == ' ' || line.ptr[i - 1] == '\t') && is_comment(str_slice(line, i, line.len))) return str_trim(str_slice(line, 0, i));
    return line;
}

static void read_table(reading *r, pk_str source)
{
    header h = {0};
    csv_record cells = {0};
    uint32_t line = 0;
    arena *kept = arena_new();
    for (bool first = true;;) {
        uint32_t at = line + 1;
        arena_reset(r->arena);
        cells = (csv_record){0};
        if (!next_record(&source, ',', r->arena, &cells, &line)) break;
        if (cells.cells.at[0].len && is_comment(cells.cells.at[0])) continue;
        if (first && take_header(&cells, kept, &h)) {
            first = false;
            continue;
        }
        if (first) h.at.len = 0;
        first = false;
        if (cells.cells.len == 1) cells.cells.at[0] = bare_line(cells.cells.at[0]);
        read_cells(r, &h, &cells, at);
    }
    arena_free(kept);
}

/* ---- STIX 2.1: objects of type "indicator", whose patterns name observables ---- */

static pk_str text_at(const value *object, const char *name)
{
    const value *v = value_get(object, str_from(name));
    return v && v->type == VALUE_STRING ? v->as.string : STR("");
}

static timestamp time_at(const value *object, const char *name) { return timestamp_parse_iso(text_at(object, name)); }

/* The confidence of STIX (0 to 100, its appendix A: low to 29, medium to 69) by the names of the data model. */
static pk_str confidence_of(const value *object)
{
    const value *v = value_get(object, STR("confidence"));
    if (!v || v->type != VALUE_INT) return STR("");
    return v->as.integer >= 70 ? STR("HIGH_CONFIDENCE") : v->as.integer >= 30 ? STR("MEDIUM_CONFIDENCE") : STR("LOW_CONFIDENCE");
}

/* What a comparison is about: "ipv4-addr:value", "file:hashes.'SHA-256'". */
static indicator_kind kind_of_path(pk_str path)
{
    static const struct { const char *path; indicator_kind kind; } paths[] = {
        {"ipv4-addr:value", INDICATOR_IP}, {"ipv6-addr:value", INDICATOR_IP}, {"network-traffic:dst_ref.value", INDICATOR_IP}, {"domain-name:value", INDICATOR_DOMAIN},
        {"url:value", INDICATOR_URL}, {"file:hashes.MD5", INDICATOR_MD5}, {"file:hashes.'MD5'", INDICATOR_MD5}, {"file:hashes.'SHA-1'", INDICATOR_SHA1},
        {"file:hashes.SHA1", INDICATOR_SHA1}, {"file:hashes.'SHA-256'", INDICATOR_SHA256}, {"file:hashes.SHA256", INDICATOR_SHA256}};
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++)
        if (str_equal_ascii_fold(path, str_from(paths[i].path))) return paths[i].kind;
    return INDICATOR_NONE;
}

/* A token of a pattern: a quoted text (with its quotes), a run of other characters, or one of [ ] ( ) =. */
static bool next_token(pk_str *rest, pk_str *token)
{
    *rest = str_trim(*rest);
    if (rest->len == 0) return false;
    size_t end = 0;
    char first = rest->ptr[0];
    if (strchr("[]()=", first)) {
        end = 1;
    } else if (first == '\'') {
        for (end = 1; end < rest->len && rest->ptr[end] != '\''; end++)
            if (rest->ptr[end] == '\\') end++;
        end++;
    } else {
        bool quoted = false; /* a quoted step of a path */
        while (end < rest->len && (quoted || !strchr("[]()= \t\r\n", rest->ptr[end]))) quoted ^= rest->ptr[end++] == '\'';
    }
    if (end > rest->len) end = rest->len;
    *token = str_slice(*rest, 0, end);
    *rest = str_slice(*rest, end, rest->len);
    return true;
}

static pk_str unquoted(pk_str s, arena *a)
{
    if (s.len < 2 || s.ptr[0] != '\'' || s.ptr[s.len - 1] != '\'') return STR("");
    char *out = arena_alloc(a, s.len);
    size_t n = 0;
    for (size_t i = 1; i + 1 < s.len; i++) {
        if (s.ptr[i] == '\\' && i + 2 < s.len) i++;
        out[n++] = s.ptr[i];
    }
    return (pk_str){out, n};
}

/*
 * Comparisons by =, joined by OR, each an indicator of its own; AND between hashes of files makes them one. Anything else asks
 * for more than one observable at once: no entity says that.
 */
static bool read_pattern(reading *r, pk_str pattern, indicator_details *d)
{
    pk_str token, path = STR("");
    VEC(pk_str) values = {0};
    VEC(indicator_kind) kinds = {0};
    bool all_hashes = true, joined = false, equals = false;
    while (next_token(&pattern, &token)) {
        if (token.len == 1 && strchr("[]()", token.ptr[0])) continue;
        if (str_equal(token, STR("="))) equals = path.len > 0;
        else if (str_equal_ascii_fold(token, STR("OR"))) equals = false;
        else if (str_equal_ascii_fold(token, STR("AND"))) joined = true, equals = false;
        else if (token.ptr[0] == '\'' && equals) {
            indicator_kind kind = kind_of_path(path);
            if (kind == INDICATOR_NONE) return false;
            vec_push_in(r->arena, &kinds, kind);
            pk_str text_value = refanged(unquoted(token, r->arena), r->arena);
            if (kind == INDICATOR_IP && kind_of(text_value) != INDICATOR_IP) return false; /* a network */
            vec_push_in(r->arena, &values, text_value);
            all_hashes &= kind >= INDICATOR_MD5;
            path = STR("");
        } else if (str_find_char(token, ':') != STR_NPOS) path = token;
        else return false;
    }
    if (!kinds.len || (joined && !all_hashes)) return false;
    for (size_t i = 0; i < kinds.len; i++) {
        if (joined) d->hashes[kinds.at[i] - INDICATOR_MD5] = values.at[i];
        if (!joined || i + 1 == kinds.len) add_indicator(r->store, r->arena, r->names, kinds.at[i], values.at[i], d);
    }
    return true;
}

static void read_object(reading *r, const value *object)
{
    if (!str_equal(text_at(object, "type"), STR("indicator"))) return;
    indicator_details d = {.summary = text_at(object, "description"), .confidence = confidence_of(object), .from = time_at(object, "valid_from"),
                           .until = time_at(object, "valid_until")};
    const value *revoked = value_get(object, STR("revoked"));
    if (revoked && revoked->type == VALUE_BOOL && revoked->as.boolean) return;
    if (!d.summary.len) d.summary = text_at(object, "name");
    pk_str kind = text_at(object, "pattern_type");
    if ((kind.len && !str_equal_ascii_fold(kind, STR("stix"))) || !read_pattern(r, text_at(object, "pattern"), &d))
        tell(r, 0, "this pattern is not made of single indicators", text_at(object, "pattern"));
}

static bool read_stix(reading *r, pk_str source)
{
    value bundle;
    arena *a = arena_new();
    bool good = json_text_parse(source, STIX_DEPTH, a, &bundle);
    const value *objects = !good ? NULL : bundle.type == VALUE_LIST ? &bundle : value_get(&bundle, STR("objects"));
    if (good && !objects) read_object(r, &bundle);
    for (size_t i = 0; objects && objects->type == VALUE_LIST && i < objects->as.list.count; i++) {
        read_object(r, &objects->as.list.items[i]);
        arena_reset(r->arena);
    }
    arena_free(a);
    return good;
}

void indicators_read(context_store *c, const feed_names *names, pk_str source, pk_str file, diag_list *d, uint64_t *damaged)
{
    reading r = {c, names, file, d, arena_new(), damaged};
    if (str_starts_with(source, STR("\xef\xbb\xbf"))) source = str_slice(source, 3, source.len);
    source = utf8_repair(r.arena, source);
    pk_str begin = str_trim(str_slice(source, 0, 1000));
    arena *repaired = r.arena; /* holds the text, if anything was to repair */
    r.arena = arena_new();
    pk_str second = begin.len ? str_trim(str_slice(begin, 1, begin.len)) : begin;
    bool json = begin.len && (begin.ptr[0] == '{' || (begin.ptr[0] == '[' && second.len && (second.ptr[0] == '{' || second.ptr[0] == ']')));
    if (!json) read_table(&r, source);
    else if (!read_stix(&r, str_trim(source))) tell(&r, 0, "this is no STIX bundle in JSON", str_slice(begin, 0, 40));
    arena_free(r.arena);
    arena_free(repaired);
}
