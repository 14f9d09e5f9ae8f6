/*
 * The compact table: one record a line, its fields apart by tabs, the first its kind. What ships (share/attack/attack.tsv, made from
 * a bundle by scripts/attack_table.sh) and what completes it (share/attack/newer.tsv, written by hand) have the same form.
 *
 *     release    18.1                                      in newer.tsv: the release whose ids these are
 *     copyright  (c) 2025 The MITRE Corporation ...
 *     tactic     TA0011  command-and-control  Command and Control  description     in the order of the matrix
 *     technique  T1090   Proxy  command-and-control  Linux;Windows  Network Traffic Flow;...  description
 *     old        T1188   Multi-hop Proxy  T1090.003        what followed it; nothing: a fourth field tells its tactics
 *     group, software, campaign   G0007  APT28  T1090.003;...
 *
 * and in newer.tsv besides, each without effect in a release that knows better:
 *
 *     tactic     TA0112  defense-impairment  Defense Impairment  (description)  defense-evasion      what it came out of
 *     moved      T1112   defense-evasion  defense-impairment                        from one tactic to another, or out of it
 *
 * Within a field "\n", "\t" and "\\" stand for a line's end, a tab and a backslash. '#' begins a comment.
 */
#include "base/unicode.h"
#include "catalog/attack_table.h"

enum { FIELDS = 8 };

typedef struct {
    attack *k;
    diag_list *diags;
    pk_str name;
    uint32_t line;
    pk_str fields[FIELDS];
    size_t count;
    bool newer;                   /* newer.tsv: completes what is there */
    bool release_knows;           /* the release has the tactics that newer.tsv renames */
} reader;

static pk_str field(const reader *r, size_t i) { return i < r->count ? r->fields[i] : STR(""); }

static pk_status wrong(const reader *r, const char *what)
{
    diag_add(r->diags, PK_ERROR, "attack-table", (diag_place){.file = r->name, .line = r->line, .column = 1}, STR(""), NULL, "%s", what);
    return PK_ERROR_SYNTAX;
}

static pk_status past_limit(const reader *r)
{
    diag_add(r->diags, PK_ERROR, "attack-limit", (diag_place){.file = r->name, .line = r->line}, STR(""), NULL, "more records of a kind than are read");
    return PK_ERROR_LIMIT;
}

static pk_str unescape(arena *a, pk_str s)
{
    if (str_find_char(s, '\\') == STR_NPOS) return arena_str(a, s);
    char *out = arena_alloc(a, s.len + 1);
    size_t n = 0;
    for (size_t i = 0; i < s.len; i++) {
        char c = s.ptr[i];
        if (c == '\\' && i + 1 < s.len) {
            c = s.ptr[++i];
            if (c == 'n') c = '\n';
            if (c == 't') c = '\t';
        }
        out[n++] = c;
    }
    out[n] = 0;
    return (pk_str){out, n};
}

static void split_list(attack *k, attack_list *list, pk_str s)
{
    while (s.len) {
        size_t end = str_find_char(s, ';');
        attack_list_add(k, list, str_slice(s, 0, end));
        s = end == STR_NPOS ? STR("") : str_slice(s, end + 1, s.len);
    }
}

/* ---- records ---- */

static pk_status read_release(reader *r)
{
    pk_str release = attack_name(r->k->arena, field(r, 1));
    if (r->newer) r->k->newer_release = release;
    else r->k->release = release;
    return PK_OK;
}

static pk_status read_copyright(reader *r)
{
    r->k->copyright = attack_name(r->k->arena, field(r, 1));
    return PK_OK;
}

/* A tactic that came out of another stands in its place, or behind the others that did. */
static size_t place_of_successor(const attack *k, pk_str predecessor)
{
    size_t at = STR_NPOS;
    for (size_t i = 0; i < k->tactics.len; i++)
        if (str_equal(k->tactics.at[i].predecessor, predecessor)) at = i + 1;
    return at;
}

static pk_status read_tactic(reader *r)
{
    attack *k = r->k;
    attack_tactic t = {.id = attack_name(k->arena, field(r, 1)), .short_name = attack_name(k->arena, field(r, 2)),
                       .name = attack_name(k->arena, field(r, 3)), .description = unescape(k->arena, field(r, 4)),
                       .predecessor = attack_name(k->arena, field(r, 5))};
    if (!attack_is_tactic(t.id)) return wrong(r, "expected an id of a tactic (TA0011)");
    if (!t.short_name.len || !t.name.len) return wrong(r, "expected the tactic's short name and name");
    if (!t.predecessor.len) return attack_add_tactic(k, &t, STR_NPOS) ? PK_OK : past_limit(r);
    attack_tactic *there = attack_tactic_at(k, t.short_name);
    if (there) {
        r->release_knows = true;
        k->newer_release = STR("");
        there->predecessor = t.predecessor; /* so that the former name still leads somewhere */
        attack_index_tactics(k);
        return PK_OK;
    }
    there = attack_tactic_at(k, t.id);
    if (!there) return attack_add_tactic(k, &t, place_of_successor(k, t.predecessor)) ? PK_OK : past_limit(r);
    /* Renamed in place: its techniques come along. */
    for (size_t i = 0; i < k->techniques.len; i++) {
        attack_list *tactics = &k->techniques.at[i].tactics;
        for (size_t j = 0; j < tactics->len; j++)
            if (str_equal(tactics->at[j], there->short_name)) tactics->at[j] = t.short_name;
    }
    if (!t.description.len) t.description = there->description;
    *there = t;
    attack_index_tactics(k);
    return PK_OK;
}

static pk_status read_technique(reader *r)
{
    attack *k = r->k;
    attack_technique t = {.id = attack_name(k->arena, field(r, 1)), .name = attack_name(k->arena, field(r, 2)),
                          .description = unescape(k->arena, field(r, 6)), .newer = r->newer};
    if (!attack_is_technique(t.id)) return wrong(r, "expected an id of a technique (T1090.003)");
    split_list(k, &t.tactics, field(r, 3));
    split_list(k, &t.platforms, field(r, 4));
    split_list(k, &t.data_sources, field(r, 5));
    return attack_add_technique(k, &t) ? PK_OK : past_limit(r);
}

static pk_status read_old(reader *r)
{
    attack *k = r->k;
    attack_technique t = {.id = attack_name(k->arena, field(r, 1)), .name = attack_name(k->arena, field(r, 2)),
                          .successor = attack_name(k->arena, field(r, 3)), .retired = true};
    split_list(k, &t.tactics, field(r, 4));
    if (!attack_is_technique(t.id) || (t.successor.len && !attack_is_technique(t.successor)))
        return wrong(r, "expected the id of a technique and of the one that followed it");
    attack_technique *there = attack_technique_at(k, t.id);
    if (!there) return attack_add_technique(k, &t) ? PK_OK : past_limit(r);
    if (there->retired) return PK_OK;
    there->retired = true;
    there->successor = t.successor;
    return PK_OK;
}

static void take_from(attack_list *list, size_t at)
{
    for (list->len--; at < list->len; at++) list->at[at] = list->at[at + 1];
}

/* Of a technique and its sub-techniques. */
static pk_status read_moved(reader *r)
{
    attack *k = r->k;
    if (!attack_is_technique(field(r, 1))) return wrong(r, "expected an id of a technique (T1090)");
    const attack_tactic *to = attack_tactic_at(k, field(r, 3)), *from = attack_tactic_at(k, field(r, 2));
    if (!from || (!to && field(r, 3).len)) return wrong(r, "expected the tactic that it was in, and the one that it is in");
    if (r->release_knows) return PK_OK;
    for (size_t i = 0; i < k->techniques.len; i++) {
        attack_technique *t = &k->techniques.at[i];
        if (!str_equal(t->id, field(r, 1)) && !str_equal(attack_parent(t->id), field(r, 1))) continue;
        for (size_t j = 0; j < t->tactics.len; j++) {
            if (!str_equal(t->tactics.at[j], from->short_name)) continue;
            if (to) t->tactics.at[j] = to->short_name;
            else take_from(&t->tactics, j);
            break;
        }
    }
    return PK_OK;
}

static pk_status read_object(reader *r, const char *kind, char letter)
{
    attack *k = r->k;
    attack_object o = {.id = attack_name(k->arena, field(r, 1)), .name = attack_name(k->arena, field(r, 2)), .kind = kind};
    if (!attack_is_object(o.id, letter) || !o.name.len) return wrong(r, "expected an id and a name of a group, software or campaign");
    if (!attack_add_object(k, &o)) return past_limit(r);
    uint32_t place = table_get(&k->object_of, o.id);
    for (pk_str left = field(r, 3); left.len;) {
        size_t end = str_find_char(left, ';');
        uint32_t technique = table_get(&k->technique_of, str_slice(left, 0, end));
        if (k->uses.len >= ATTACK_USES) return past_limit(r);
        if (technique != TABLE_NONE) vec_push(&k->uses, ((attack_use){technique, place}));
        left = end == STR_NPOS ? STR("") : str_slice(left, end + 1, left.len);
    }
    return PK_OK;
}

static pk_status read_group(reader *r) { return read_object(r, "group", 'G'); }
static pk_status read_software(reader *r) { return read_object(r, "software", 'S'); }
static pk_status read_campaign(reader *r) { return read_object(r, "campaign", 'C'); }

static const struct {
    const char *kind;
    pk_status (*read)(reader *r);
} records[] = {
    {"release", read_release}, {"copyright", read_copyright}, {"tactic", read_tactic}, {"technique", read_technique}, {"old", read_old},
    {"moved", read_moved}, {"group", read_group}, {"software", read_software}, {"campaign", read_campaign},
};

static pk_status read_record(reader *r, pk_str line)
{
    r->count = 0;
    for (pk_str left = line; r->count < FIELDS;) {
        size_t end = str_find_char(left, '\t');
        r->fields[r->count++] = str_slice(left, 0, end);
        if (end == STR_NPOS) break;
        left = str_slice(left, end + 1, left.len);
    }
    for (size_t i = 0; i < sizeof records / sizeof *records; i++)
        if (str_equal(r->fields[0], str_from(records[i].kind))) return records[i].read(r);
    return wrong(r, "unknown kind of record");
}

pk_status attack_read_table(attack *k, pk_str tsv, bool newer, pk_str name, diag_list *d)
{
    reader r = {.k = k, .diags = d, .name = name, .newer = newer};
    if (!utf8_valid(tsv)) return wrong(&r, "is not UTF-8");
    pk_status status = PK_OK;
    for (pk_str left = tsv; left.len && status == PK_OK;) {
        size_t end = str_find_char(left, '\n');
        pk_str line = str_slice(left, 0, end);
        r.line++;
        if (line.len && line.ptr[line.len - 1] == '\r') line.len--;
        if (line.len && line.ptr[0] != '#') status = read_record(&r, line);
        left = end == STR_NPOS ? STR("") : str_slice(left, end + 1, left.len);
    }
    return status;
}

/* ---- writing ---- */

static void put_escaped(text *t, pk_str s)
{
    text_put_char(t, '\t');
    for (size_t i = 0; i < s.len; i++) {
        char c = s.ptr[i];
        if (c == '\n') text_put_cstring(t, "\\n");
        else if (c == '\t') text_put_cstring(t, "\\t");
        else if (c == '\\') text_put_cstring(t, "\\\\");
        else text_put_char(t, c);
    }
}

/* What would end the field, or an entry of a list, is a blank in it. */
static void put_plain(text *t, pk_str s, bool entry)
{
    for (size_t i = 0; i < s.len; i++) {
        char c = s.ptr[i];
        text_put_char(t, c == '\t' || c == '\n' || c == '\r' || (entry && c == ';') ? ' ' : c);
    }
}

static void put_field(text *t, pk_str s)
{
    text_put_char(t, '\t');
    put_plain(t, s, false);
}

static void put_joined(text *t, const attack_list *list)
{
    text_put_char(t, '\t');
    for (size_t i = 0; i < list->len; i++) {
        if (i) text_put_char(t, ';');
        put_plain(t, list->at[i], true);
    }
}

static void put_techniques(text *t, const attack *k, size_t object)
{
    bool first = true;
    text_put_char(t, '\t');
    for (size_t i = 0; i < k->uses.len; i++) {
        if (k->uses.at[i].object != object) continue;
        if (!first) text_put_char(t, ';');
        text_put(t, k->techniques.at[k->uses.at[i].technique].id);
        first = false;
    }
}

void attack_write_table(const attack *k, text *t)
{
    text_put_cstring(t, "release");
    put_field(t, k->release);
    text_put_cstring(t, "\ncopyright");
    put_field(t, k->copyright);
    for (size_t i = 0; i < k->tactics.len; i++) {
        const attack_tactic *x = &k->tactics.at[i];
        text_put_cstring(t, "\ntactic");
        put_field(t, x->id);
        put_field(t, x->short_name);
        put_field(t, x->name);
        put_escaped(t, attack_first_sentence(x->description));
    }
    for (size_t i = 0; i < k->techniques.len; i++) {
        const attack_technique *x = &k->techniques.at[i];
        text_put_cstring(t, x->retired ? "\nold" : "\ntechnique");
        put_field(t, x->id);
        put_field(t, x->name);
        if (x->retired) {
            put_field(t, x->successor);
            if (!x->successor.len) put_joined(t, &x->tactics);
            continue;
        }
        put_joined(t, &x->tactics);
        put_joined(t, &x->platforms);
        put_joined(t, &x->data_sources);
        put_escaped(t, attack_first_sentence(x->description));
    }
    for (size_t i = 0; i < k->objects.len; i++) {
        const attack_object *x = &k->objects.at[i];
        text_printf(t, "\n%s", x->kind);
        put_field(t, x->id);
        put_field(t, x->name);
        put_techniques(t, k, i);
    }
    text_put_char(t, '\n');
}
