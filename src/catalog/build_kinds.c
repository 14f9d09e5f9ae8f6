/*
 * Files of rules in languages that picket cannot read yet: listed, so that nobody takes a gap for an answer. A row goes out of
 * use by itself once a language of its name is registered.
 */
#include "catalog/build.h"

static bool has_line(pk_str s, pk_str start)
{
    for (size_t at = 0; at < s.len;) {
        size_t found = str_find(str_slice(s, at, STR_NPOS), start);
        if (found == STR_NPOS) return false;
        at += found;
        if (at == 0 || s.ptr[at - 1] == '\n') return true;
        at += start.len;
    }
    return false;
}

/* Elastic's detection rules and hunts. */
static bool is_elastic(pk_str s) { return has_line(s, STR("[rule]")) || has_line(s, STR("[hunt]")); }

/* An ESCU detection; a Sigma rule has no `search` at its top level. */
static bool is_escu(pk_str s)
{
    return has_line(s, STR("search:")) && has_line(s, STR("type:")) && !has_line(s, STR("type: Baseline")) && !has_line(s, STR("detection:")) &&
           (has_line(s, STR("data_source:")) || has_line(s, STR("how_to_implement:")));
}

const file_kind file_kinds[] = {
    {"elastic", "Elastic", "ecs", true, "a file of Elastic detection rules", ".toml", is_elastic},
    {"splunk", "Splunk", "cim", true, "a detection of Splunk ESCU (SPL)", ".yml .yaml", is_escu},
    {NULL, NULL, NULL, false, NULL, NULL, NULL},
};

static bool has_ending(pk_str path, const char *extensions)
{
    pk_str left = str_from(extensions);
    while (left.len) {
        size_t blank = str_find_char(left, ' ');
        pk_str one = str_slice(left, 0, blank);
        if (path.len > one.len && str_equal_ascii_fold(str_slice(path, path.len - one.len, one.len), one)) return true;
        left = blank == STR_NPOS ? STR("") : str_slice(left, blank + 1, STR_NPOS);
    }
    return false;
}

const file_kind *file_kind_of(pk_str path, pk_str content)
{
    for (const file_kind *k = file_kinds; k->name; k++)
        if (!language_find(str_from(k->name)) && has_ending(path, k->extensions) && (!k->is || k->is(content))) return k;
    return NULL;
}

bool file_may_hold_rules(pk_str path)
{
    for (const language *const *l = languages; *l; l++)
        if (has_ending(path, (*l)->extensions)) return true;
    for (const file_kind *k = file_kinds; k->name; k++)
        if (has_ending(path, k->extensions)) return true;
    return false;
}
