/*
 * What a rule says about itself. Meta fields are free in this language: those below are known under the names that published
 * rules use, all others are kept as they are. ATT&CK is read wherever rules put it: tactic = "TA0011", technique = "T1090.003", names
 * of tactics, mitre = "Impact, t1486", addresses of attack.mitre.org in any field, and literal outcomes such as
 * $mitre_attack_technique_id. Ids stay as written; the catalogue knows what became of retired ones.
 */
#include "languages/yaral/yaral.h"

typedef struct { const char *key; size_t offset; } meta_field;

/* Several keys of one field: the first that the rule has, in this order. */
static const meta_field text_fields[] = {
    {"description", offsetof(rule, description)},
    {"author", offsetof(rule, author)}, {"authors", offsetof(rule, author)},
    {"created", offsetof(rule, date)}, {"creation_date", offsetof(rule, date)}, {"date", offsetof(rule, date)},
    {"updated", offsetof(rule, modified)}, {"modified", offsetof(rule, modified)}, {"last_modified", offsetof(rule, modified)},
    {"status", offsetof(rule, status)}, {"sigma_status", offsetof(rule, status)},
    {"severity", offsetof(rule, level)}, {"level", offsetof(rule, level)},
    {"license", offsetof(rule, licence)}, {"licence", offsetof(rule, licence)},
};

static const meta_field list_fields[] = {
    {"reference", offsetof(rule, references)}, {"references", offsetof(rule, references)},
    {"reference1", offsetof(rule, references)}, {"reference2", offsetof(rule, references)}, {"reference3", offsetof(rule, references)},
    {"false_positives", offsetof(rule, false_positives)}, {"falsepositives", offsetof(rule, false_positives)},
    {"false_positive", offsetof(rule, false_positives)}, {"tags", offsetof(rule, tags)},
};

#define COUNT(table) (sizeof table / sizeof *table)

/* ---- texts and lists ---- */

static pk_str text_of(arena *a, const yaral_node *n)
{
    if (n->kind == YARAL_STRING) return n->as.string.text;
    text out = {0};
    yaral_print_node(&out, n);
    pk_str kept = arena_str(a, text_view(&out));
    text_free(&out);
    return kept;
}

static void add_once(arena *a, str_list *list, pk_str s)
{
    if (list->items.len >= 200) return; /* duplicates are found by walking */
    for (size_t i = 0; i < list->items.len; i++)
        if (str_equal(list->items.at[i], s)) return;
    vec_push_in(a, &list->items, s);
}

/* Calls `fn` for each part between the separators, trimmed, empty ones left out. */
static void each_part(pk_str s, const char *separators, void (*fn)(pk_str part, void *user), void *user)
{
    for (size_t at = 0; at <= s.len;) {
        size_t end = at;
        while (end < s.len && !strchr(separators, s.ptr[end])) end++;
        pk_str part = str_trim(str_slice(s, at, end - at));
        if (part.len) fn(part, user);
        at = end + 1;
    }
}

typedef struct { arena *arena; str_list *list; } list_writer;

static void add_part(pk_str part, void *user)
{
    list_writer *w = user;
    vec_push_in(w->arena, &w->list->items, part);
}

/* Addresses may stand in one text; other texts hold commas of their own. */
static void read_list(arena *a, pk_str s, bool commas, str_list *out)
{
    list_writer w = {a, out};
    bool several = str_find(s, STR("http")) != str_find(s, STR("://")) && str_starts_with(s, STR("http"));
    if (commas || several) each_part(s, commas ? "," : ", \n", add_part, &w);
    else if (str_trim(s).len) add_part(str_trim(s), &w);
}

static bool read_field(arena *a, rule *r, const yaral_meta *m)
{
    for (size_t i = 0; i < COUNT(text_fields); i++) {
        if (!str_equal_ascii_fold(m->key, str_from(text_fields[i].key))) continue;
        pk_str *field = (pk_str *)(void *)((char *)r + text_fields[i].offset);
        if (field->len) return false;
        *field = str_trim(text_of(a, m->value));
        return field->len > 0;
    }
    for (size_t i = 0; i < COUNT(list_fields); i++) {
        if (!str_equal_ascii_fold(m->key, str_from(list_fields[i].key))) continue;
        read_list(a, text_of(a, m->value), list_fields[i].offset == offsetof(rule, tags), (str_list *)(void *)((char *)r + list_fields[i].offset));
        return true;
    }
    return false;
}

/* ---- ATT&CK ---- */

typedef struct { const char *id, *name; } tactic_row;

static const tactic_row tactics[] = {
    {"TA0001", "initial-access"}, {"TA0002", "execution"}, {"TA0003", "persistence"}, {"TA0004", "privilege-escalation"},
    {"TA0005", "defense-evasion"}, {"TA0006", "credential-access"}, {"TA0007", "discovery"}, {"TA0008", "lateral-movement"},
    {"TA0009", "collection"}, {"TA0010", "exfiltration"}, {"TA0011", "command-and-control"}, {"TA0040", "impact"},
    {"TA0042", "resource-development"}, {"TA0043", "reconnaissance"},
};

static bool is_digit(char c) { return c >= '0' && c <= '9'; }

static bool all_digits(pk_str s)
{
    for (size_t i = 0; i < s.len; i++)
        if (!is_digit(s.ptr[i])) return false;
    return s.len > 0;
}

/* An id of a technique at the start of a text: T1059, T1059.001, t1059/001. Its length, 0 if there is none. */
static size_t technique_length(pk_str s)
{
    if (s.len < 5 || (s.ptr[0] | 0x20) != 't' || !all_digits(str_slice(s, 1, 4))) return 0;
    if (s.len >= 9 && (s.ptr[5] == '.' || s.ptr[5] == '/') && all_digits(str_slice(s, 6, 3))) return s.len > 9 && is_digit(s.ptr[9]) ? 0 : 9;
    return s.len > 5 && is_digit(s.ptr[5]) ? 0 : 5;
}

static void add_technique(arena *a, rule *r, pk_str written)
{
    char *id = arena_cstring(a, written);
    id[0] = 'T';
    if (written.len > 5) id[5] = '.';
    add_once(a, &r->techniques, (pk_str){id, written.len});
}

/* Words as "command-and-control": lower case, joined by hyphens, '&' as "and"; the common misspelling of defense too. */
static pk_str tactic_name(arena *a, pk_str s)
{
    char *out = arena_alloc(a, s.len * 5 + 1);
    size_t len = 0;
    for (size_t i = 0; i < s.len; i++) {
        char c = s.ptr[i];
        const char *put = c == '&' ? "-and-" : c == ' ' || c == '_' || c == '-' ? "-" : NULL;
        if (!put) out[len++] = c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
        for (; put && *put; put++)
            if (*put != '-' || (len && out[len - 1] != '-')) out[len++] = *put;
    }
    pk_str name = {out, len};
    return str_equal(name, STR("defence-evasion")) ? STR("defense-evasion") : name;
}

static const char *known_tactic(pk_str id_or_name)
{
    for (size_t i = 0; i < COUNT(tactics); i++)
        if (str_equal_ascii_fold(id_or_name, str_from(tactics[i].id)) || str_equal(id_or_name, str_from(tactics[i].name))) return tactics[i].name;
    return NULL;
}

static bool is_tactic_id(pk_str s) { return s.len == 6 && str_equal_ascii_fold(str_slice(s, 0, 2), STR("TA")) && all_digits(str_slice(s, 2, 4)); }

typedef struct { arena *arena; rule *rule; bool tactics; } attack_reader;

/* One part of a list: an id, or the name of a tactic. Of a field of tactics any words are one. */
static void read_attack_part(pk_str part, void *user)
{
    attack_reader *reader = user;
    arena *a = reader->arena;
    rule *r = reader->rule;
    if (part.len > 7 && str_equal_ascii_fold(str_slice(part, 0, 7), STR("attack."))) part = str_slice(part, 7, STR_NPOS);
    size_t technique = technique_length(part);
    if (technique) {
        add_technique(a, r, str_slice(part, 0, technique));
        return;
    }
    if (part.len > 100) return;
    const char *known = known_tactic(part);
    pk_str name = known ? str_from(known) : is_tactic_id(part) ? part : tactic_name(a, part);
    if (known || is_tactic_id(part) || known_tactic(name) || reader->tactics) add_once(a, &r->tactics, name);
}

/* Ids in addresses of attack.mitre.org: .../techniques/T1562/001/, .../tactics/TA0005/. */
static void read_addresses(arena *a, rule *r, pk_str s)
{
    static const pk_str places[] = {{"/techniques/", 12}, {"/technique/", 11}, {"/tactics/", 9}};
    if (str_find(s, STR("attack.mitre.org")) == STR_NPOS) return;
    for (size_t i = 0; i < COUNT(places); i++) {
        for (size_t at = 0, found; (found = str_find(str_slice(s, at, STR_NPOS), places[i])) != STR_NPOS;) {
            at += found + places[i].len;
            pk_str rest = str_slice(s, at, STR_NPOS);
            size_t technique = technique_length(rest);
            const char *tactic = rest.len >= 6 ? known_tactic(str_slice(rest, 0, 6)) : NULL;
            if (technique) add_technique(a, r, str_slice(rest, 0, technique));
            else if (tactic) add_once(a, &r->tactics, str_from(tactic));
        }
    }
}

static bool holds_word(pk_str name, const char *word)
{
    pk_str w = str_from(word);
    for (size_t i = 0; i + w.len <= name.len; i++)
        if (str_equal_ascii_fold(str_slice(name, i, w.len), w)) return true;
    return false;
}

/* A field or an outcome with a literal text. */
static void read_attack(arena *a, rule *r, pk_str key, pk_str s)
{
    read_addresses(a, r, s);
    bool tags = str_equal_ascii_fold(key, STR("tags"));
    if (!tags && !holds_word(key, "mitre") && !holds_word(key, "tactic") && !holds_word(key, "technique") && !holds_word(key, "attack")) return;
    if (holds_word(key, "version") || holds_word(key, "url")) return;
    attack_reader reader = {a, r, holds_word(key, "tactic")};
    each_part(s, tags || holds_word(key, "tactic") ? "," : ",;|", read_attack_part, &reader);
}

/* ---- the whole ---- */

static pk_str level_of(arena *a, pk_str severity)
{
    if (str_equal_ascii_fold(severity, STR("info"))) return STR("informational");
    char *out = arena_cstring(a, severity);
    for (size_t i = 0; i < severity.len; i++) out[i] = out[i] >= 'A' && out[i] <= 'Z' ? (char)(out[i] | 0x20) : out[i];
    return (pk_str){out, severity.len};
}

static void read_sigma_original(arena *a, rule *r, pk_str uuid)
{
    rule_relation *relations = ARENA_ARRAY(a, rule_relation, r->related_count + 1);
    if (r->related_count) memcpy(relations, r->related, r->related_count * sizeof *relations);
    relations[r->related_count++] = (rule_relation){STR("derived"), uuid};
    r->related = relations;
}

static void read_meta(arena *a, rule *r, const yaral_rule *ast)
{
    r->other = ARENA_ARRAY(a, rule_meta, ast->meta_count + 1);
    for (size_t i = 0; i < ast->meta_count; i++) {
        const yaral_meta *m = &ast->meta[i];
        pk_str s = text_of(a, m->value);
        read_attack(a, r, m->key, s);
        if (str_equal_ascii_fold(m->key, STR("sigma_uuid")) && str_trim(s).len && r->related_count < 20) read_sigma_original(a, r, str_trim(s));
        if (!read_field(a, r, m)) r->other[r->other_count++] = (rule_meta){m->key, s};
    }
}

static void check_duplicates(ir_catalog *c, rule *r, const yaral_rule *ast)
{
    table keys = {0};
    for (size_t i = 0; i < ast->meta_count; i++)
        if (!table_put(&keys, ast->meta[i].key, (uint32_t)i))
            yaral_report(c, r, PK_WARNING, "yaral-meta", ast->meta[i].span, STR("Google's compiler takes each once"),
                         "the meta field '" STR_FMT "' stands here again; first at line %u", STR_ARG(str_slice(ast->meta[i].key, 0, 100)),
                         ast->meta[table_get(&keys, ast->meta[i].key)].span.line);
    table_free(&keys);
}

void yaral_read_metadata(ir_catalog *c, rule *r, const yaral_rule *ast)
{
    arena *a = ir_arena(c);
    read_meta(a, r, ast);
    for (size_t i = 0; i < ast->outcome_count; i++)
        if (ast->outcomes[i].value->kind == YARAL_STRING) read_attack(a, r, ast->outcomes[i].name, ast->outcomes[i].value->as.string.text);
    r->id = r->title = r->name; /* the one thing that every rule has: ids in meta fields are free, and most rules have none */
    if (!r->status.len && str_find(r->path, STR("/_deprecated/")) != STR_NPOS) r->status = STR("deprecated");
    if (r->level.len) r->level = level_of(a, r->level);
    check_duplicates(c, r, ast);
}
