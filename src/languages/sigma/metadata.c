/*
 * Metadata: title, author, dates, tags ... as published; ATT&CK from the tags; every key that picket gives no meaning stays
 * as opaque text, never refused.
 */
#include "base/unicode.h"
#include "languages/sigma/sigma.h"

typedef struct { const char *key; size_t offset; } text_key;

static const text_key text_keys[] = {
    {"id", offsetof(rule, id)}, {"name", offsetof(rule, name)}, {"title", offsetof(rule, title)},
    {"description", offsetof(rule, description)}, {"author", offsetof(rule, author)}, {"date", offsetof(rule, date)},
    {"modified", offsetof(rule, modified)}, {"status", offsetof(rule, status)}, {"level", offsetof(rule, level)},
    {"license", offsetof(rule, licence)},
};
static const text_key list_keys[] = {
    {"references", offsetof(rule, references)}, {"falsepositives", offsetof(rule, false_positives)},
    {"tags", offsetof(rule, tags)},
};
static const char *const other_keys[] = {"detection", "logsource", "correlation", "action", "related"};

#define COUNT(table) (sizeof table / sizeof *table)

/* The text of a metadata value: a scalar's own, lists joined by commas, anything else as JSON. */
static pk_str text_of(sigma_document *d, const yaml_node *n)
{
    if (n->kind == YAML_SCALAR) return n->type == YAML_NULL ? STR("") : sigma_keep(d, n->text);
    bool simple = n->kind == YAML_LIST;
    for (size_t i = 0; simple && i < n->count; i++) simple = n->items[i]->kind == YAML_SCALAR;
    text out = {0};
    if (!simple) yaml_write_json(&out, n);
    for (size_t i = 0; simple && i < n->count; i++) {
        if (i) text_put_cstring(&out, ", ");
        text_put(&out, n->items[i]->text);
    }
    pk_str kept = arena_str(d->arena, text_view(&out));
    text_free(&out);
    return kept;
}

static void read_list(sigma_document *d, const yaml_node *n, str_list *out)
{
    size_t count = n->kind == YAML_LIST ? n->count : 1;
    for (size_t i = 0; i < count; i++) {
        const yaml_node *item = n->kind == YAML_LIST ? n->items[i] : n;
        pk_str s = text_of(d, item);
        if (s.len) vec_push_in(d->arena, &out->items, s);
    }
}

/* ---- tags ---- */

static bool is_digit(char c) { return c >= '0' && c <= '9'; }

/* tNNNN or tNNNN.NNN */
static bool is_technique(pk_str s)
{
    if ((s.len != 5 && s.len != 9) || (s.ptr[0] | 0x20) != 't') return false;
    for (size_t i = 1; i < s.len; i++)
        if (i == 5 ? s.ptr[i] != '.' : !is_digit(s.ptr[i])) return false;
    return true;
}

/* A tactic: words of letters joined by hyphens (older rules: underscores). Groups, software and the like hold digits. */
static bool is_tactic(pk_str s)
{
    for (size_t i = 0; i < s.len; i++)
        if (!((s.ptr[i] | 0x20) >= 'a' && (s.ptr[i] | 0x20) <= 'z') && s.ptr[i] != '-' && s.ptr[i] != '_') return false;
    return s.len > 0;
}

static void add_once(arena *a, str_list *list, pk_str s)
{
    for (size_t i = 0; i < list->items.len; i++)
        if (str_equal(list->items.at[i], s)) return;
    vec_push_in(a, &list->items, s);
}

#define MAX_ATTACK_TAGS 1000            /* looked at: duplicates are found by walking */

static void read_attack(sigma_document *d)
{
    rule *r = d->rule;
    size_t limit = r->tags.items.len < MAX_ATTACK_TAGS ? r->tags.items.len : MAX_ATTACK_TAGS;
    for (size_t i = 0; i < limit; i++) {
        pk_str tag = str_trim(r->tags.items.at[i]);
        if (tag.len < 8 || !str_equal_ascii_fold(str_slice(tag, 0, 7), STR("attack."))) continue;
        tag = str_slice(tag, 7, STR_NPOS);
        bool technique = is_technique(tag);
        if (!technique && !is_tactic(tag)) continue;
        char *name = arena_cstring(d->arena, tag);
        for (size_t k = 0; k < tag.len; k++) {
            char c = name[k];
            if (technique) name[k] = c >= 'a' && c <= 'z' ? (char)(c - 0x20) : c;
            else name[k] = c == '_' ? '-' : c >= 'A' && c <= 'Z' ? (char)(c + 0x20) : c;
        }
        add_once(d->arena, technique ? &r->techniques : &r->tactics, (pk_str){name, tag.len});
    }
}

/* ---- words of fixed lists ---- */

static void check_word(sigma_document *d, const yaml_node *root, const char *key, const char *const *words, size_t count)
{
    const yaml_node *n = yaml_get(root, str_from(key));
    pk_str names[8];
    if (!n || n->kind != YAML_SCALAR || n->type == YAML_NULL) return;
    for (size_t i = 0; i < count; i++) {
        names[i] = str_from(words[i]);
        if (str_equal_ascii_fold(n->text, names[i])) return;
    }
    sigma_report(d, PK_WARNING, "sigma-metadata", n->span, sigma_did_you_mean(d->scratch, n->text, names, count),
                 "'" STR_FMT "' is no %s of the standard", STR_ARG(n->text), key);
}

static bool is_known(pk_str key)
{
    for (size_t i = 0; i < COUNT(text_keys); i++)
        if (str_equal(key, str_from(text_keys[i].key))) return true;
    for (size_t i = 0; i < COUNT(list_keys); i++)
        if (str_equal(key, str_from(list_keys[i].key))) return true;
    for (size_t i = 0; i < COUNT(other_keys); i++)
        if (str_equal(key, str_from(other_keys[i]))) return true;
    return false;
}

/* ---- related rules ---- */

static pk_str text_at(sigma_document *d, const yaml_node *map, pk_str key)
{
    const yaml_node *n = yaml_get(map, key);
    return n && n->kind == YAML_SCALAR && n->type != YAML_NULL ? sigma_keep(d, str_trim(n->text)) : STR("");
}

/* related: [{id: ..., type: derived}, ...] */
static void read_related(sigma_document *d, const yaml_node *list)
{
    rule *r = d->rule;
    if (!list || list->kind != YAML_LIST) return;
    r->related = ARENA_ARRAY(d->arena, rule_relation, list->count);
    for (size_t i = 0; i < list->count; i++) {
        rule_relation one = {text_at(d, list->items[i], STR("type")), text_at(d, list->items[i], STR("id"))};
        if (one.id.len) r->related[r->related_count++] = one;
    }
}

void sigma_read_metadata(sigma_document *d, const yaml_node *root)
{
    static const char *const statuses[] = {"stable", "test", "experimental", "deprecated", "unsupported"};
    static const char *const levels[] = {"informational", "low", "medium", "high", "critical"};
    rule *r = d->rule;
    for (size_t i = 0; i < COUNT(text_keys); i++) {
        const yaml_node *n = yaml_get(root, str_from(text_keys[i].key));
        pk_str *field = (pk_str *)(void *)((char *)r + text_keys[i].offset);
        *field = n ? text_of(d, n) : STR("");
    }
    for (size_t i = 0; i < COUNT(list_keys); i++) {
        const yaml_node *n = yaml_get(root, str_from(list_keys[i].key));
        if (n) read_list(d, n, (str_list *)(void *)((char *)r + list_keys[i].offset));
    }
    r->other = ARENA_ARRAY(d->arena, rule_meta, root->count);
    for (size_t i = 0; i < root->count; i++) {
        const yaml_entry *e = &root->entries[i];
        if (!is_known(e->key)) r->other[r->other_count++] = (rule_meta){sigma_keep(d, e->key), text_of(d, e->value)};
    }
    r->logsource_definition = STR("");
    read_attack(d);
    read_related(d, yaml_get(root, STR("related")));
    d->label = r->id.len ? r->id : r->title;
    check_word(d, root, "status", statuses, COUNT(statuses));
    check_word(d, root, "level", levels, COUNT(levels));
    if (!r->title.len)
        sigma_report(d, PK_WARNING, "sigma-missing", yaml_span(d->source, root->span.start, root->span.start), STR(""),
                     "the rule has no title");
    const yaml_node *taxonomy = yaml_get(root, STR("taxonomy"));
    if (taxonomy && taxonomy->kind == YAML_SCALAR && !str_equal_ascii_fold(taxonomy->text, STR("sigma")))
        sigma_report(d, PK_WARNING, "sigma-taxonomy", taxonomy->span, STR(""),
                     "the taxonomy '" STR_FMT "' is not known; fields are read under the names that the rule gives",
                     STR_ARG(taxonomy->text));
}

/* ---- log source ---- */

static pk_str attribute(sigma_document *d, const yaml_node *map, const char *key)
{
    const yaml_node *n = yaml_get(map, str_from(key));
    pk_str s;
    if (!n || (n->kind == YAML_SCALAR && n->type == YAML_NULL)) return STR("");
    return sigma_scalar(d, n, "a name", &s) ? sigma_keep(d, str_trim(s)) : STR("");
}

log_source sigma_read_logsource(sigma_document *d, const yaml_node *root)
{
    log_source source = {STR(""), STR(""), STR("")};
    const yaml_entry *e = yaml_entry_of(root, STR("logsource"));
    if (!e) return source;
    if (e->value->kind != YAML_MAP) {
        sigma_report(d, PK_ERROR, "sigma-value", e->key_span, STR(""), "'logsource' must be a map of category, product, service");
        return source;
    }
    source.product = attribute(d, e->value, "product");
    source.category = attribute(d, e->value, "category");
    source.service = attribute(d, e->value, "service");
    const yaml_node *definition = yaml_get(e->value, STR("definition"));
    if (definition && d->rule) d->rule->logsource_definition = text_of(d, definition);
    if (!source.product.len && !source.category.len && !source.service.len && d->rule)
        sigma_report(d, PK_ERROR, "sigma-logsource", e->key_span, STR("name the product, the category or the service"),
                     "the log source is empty");
    return source;
}
