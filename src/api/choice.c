/* Which rules run: by level, status, tag, technique, id and log source. */
#define _GNU_SOURCE /* FNM_CASEFOLD */
#include "api/api.h"

#include <fnmatch.h>

static const pk_str level_names[] = {{"informational", 13}, {"low", 3}, {"medium", 6}, {"high", 4}, {"critical", 8}};
static const pk_str status_names[] = {{"stable", 6}, {"test", 4}, {"experimental", 12}, {"deprecated", 10}, {"unsupported", 11}, {"all", 3}};
enum { LEVELS = 5, STATUSES = 6 };

int level_rank(pk_str level)
{
    if (str_equal_ascii_fold(level, STR("info"))) return 0;
    for (int i = 0; i < LEVELS; i++)
        if (str_equal_ascii_fold(level, level_names[i])) return i;
    return -1;
}

bool parse_log_source(pk_str source, log_source *out)
{
    *out = (log_source){0};
    while (source.len) {
        size_t comma = str_find_char(source, ',');
        pk_str part = str_trim(str_slice(source, 0, comma));
        size_t equals = str_find_char(part, '=');
        if (equals == STR_NPOS || equals + 1 == part.len) return false;
        pk_str name = str_trim(str_slice(part, 0, equals)), setting = str_trim(str_slice(part, equals + 1, part.len));
        pk_str *field = str_equal_ascii_fold(name, STR("product"))    ? &out->product
                        : str_equal_ascii_fold(name, STR("category")) ? &out->category
                        : str_equal_ascii_fold(name, STR("service"))  ? &out->service
                                                                      : NULL;
        if (!field || field->len || !setting.len) return false;
        *field = setting;
        source = comma == STR_NPOS ? STR("") : str_slice(source, comma + 1, source.len);
    }
    return out->product.len || out->category.len || out->service.len;
}

/* ---- checking what was asked for ---- */

static pk_str without_plus(pk_str s) { return s.len && s.ptr[s.len - 1] == '+' ? str_slice(s, 0, s.len - 1) : s; }

static bool wrong_word(diag_list *d, const char *what, pk_str word, const pk_str *names, size_t n)
{
    pk_str near = str_nearest(word, names, n);
    arena *a = arena_new();
    pk_str hint = near.len ? arena_printf(a, "did you mean '" STR_FMT "'?", STR_ARG(near)) : STR("");
    pk_str message = arena_printf(a, "unknown %s '" STR_FMT "'", what, STR_ARG(word));
    diag_add_text(d, PK_ERROR, "choice", (diag_place){0}, STR(""), message, hint);
    arena_free(a);
    return false;
}

static bool one_of(pk_str word, const pk_str *names, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (str_equal_ascii_fold(word, names[i])) return true;
    return false;
}

pk_status choice_check(const pk_choice *choice, diag_list *d)
{
    bool good = true;
    for (size_t i = 0; i < choice->levels.count; i++) {
        pk_str level = without_plus(choice->levels.items[i]);
        if (level_rank(level) < 0) good = wrong_word(d, "level", level, level_names, LEVELS);
    }
    for (size_t i = 0; i < choice->statuses.count; i++)
        if (!one_of(choice->statuses.items[i], status_names, STATUSES))
            good = wrong_word(d, "status", choice->statuses.items[i], status_names, STATUSES);
    for (size_t i = 0; i < choice->log_sources.count; i++) {
        log_source source;
        if (parse_log_source(choice->log_sources.items[i], &source)) continue;
        diag_add(d, PK_ERROR, "choice", (diag_place){0}, STR(""), "write product=NAME,category=NAME,service=NAME, each at most once",
                 "'" STR_FMT "' is no log source", STR_ARG(choice->log_sources.items[i]));
        good = false;
    }
    return good ? PK_OK : PK_ERROR_USAGE;
}

/* ---- choosing ---- */

static bool level_fits(pk_str wanted, const pk_rule *r)
{
    pk_str level = without_plus(wanted);
    int rank = level_rank(r->level);
    return level.len < wanted.len ? rank >= level_rank(level) : rank >= 0 && rank == level_rank(level);
}

static bool status_fits(pk_str wanted, const pk_rule *r)
{
    return str_equal_ascii_fold(wanted, STR("all")) || str_equal_ascii_fold(wanted, r->status);
}

static bool glob_fits(pk_str glob, pk_str word)
{
    char *pattern = mem_cstring(glob), *subject = mem_cstring(word);
    bool fits = fnmatch(pattern, subject, FNM_CASEFOLD | FNM_NOESCAPE) == 0;
    mem_free(pattern);
    mem_free(subject);
    return fits;
}

static bool tag_fits(pk_str wanted, const pk_rule *r)
{
    for (size_t i = 0; i < r->tags.count; i++)
        if (glob_fits(wanted, r->tags.items[i])) return true;
    return false;
}

/* T1059 stands for its sub-techniques too. */
static bool technique_fits(pk_str wanted, const pk_rule *r)
{
    for (size_t i = 0; i < r->techniques.count; i++) {
        pk_str have = r->techniques.items[i];
        if (have.len < wanted.len || !str_equal_ascii_fold(str_slice(have, 0, wanted.len), wanted)) continue;
        if (have.len == wanted.len || have.ptr[wanted.len] == '.') return true;
    }
    return false;
}

static bool id_fits(pk_str wanted, const pk_rule *r)
{
    return str_equal_ascii_fold(wanted, r->id) || str_equal_ascii_fold(wanted, r->name) || str_equal_ascii_fold(wanted, r->title);
}

static bool log_source_fits(pk_str wanted, const pk_rule *r)
{
    log_source s;
    return parse_log_source(wanted, &s) && (!s.product.len || str_equal_ascii_fold(s.product, r->product)) &&
           (!s.category.len || str_equal_ascii_fold(s.category, r->category)) &&
           (!s.service.len || str_equal_ascii_fold(s.service, r->service));
}

static bool any_fits(pk_strs wanted, const pk_rule *r, bool (*fits)(pk_str wanted, const pk_rule *r))
{
    for (size_t i = 0; i < wanted.count; i++)
        if (fits(wanted.items[i], r)) return true;
    return wanted.count == 0;
}

static bool is_withdrawn(const pk_rule *r)
{
    return str_equal_ascii_fold(r->status, STR("deprecated")) || str_equal_ascii_fold(r->status, STR("unsupported"));
}

bool choice_fits(const pk_choice *choice, const pk_rule *r)
{
    if (choice->statuses.count == 0 && is_withdrawn(r)) return false;
    return any_fits(choice->levels, r, level_fits) && any_fits(choice->statuses, r, status_fits) &&
           any_fits(choice->tags, r, tag_fits) && any_fits(choice->techniques, r, technique_fits) &&
           any_fits(choice->ids, r, id_fits) && any_fits(choice->log_sources, r, log_source_fits);
}
