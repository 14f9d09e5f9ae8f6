/*
 * Modifiers: "Field|contains|all" -> what the item asks. They apply from left to right in the written order, so that an
 * encoding must stand before the operator that adds wildcards; chains that mean nothing are refused where they go wrong.
 */
#include <stdarg.h>
#include <stdio.h>

#include "languages/sigma/sigma.h"

typedef enum {
    CLASS_OPERATOR, CLASS_COMPARE, CLASS_FIELDREF, CLASS_ALL, CLASS_NEQ, CLASS_CASED, CLASS_DASHES, CLASS_EXPAND,
    CLASS_BASE64, CLASS_UTF16, CLASS_REGEX_FLAG, CLASS_TIME, CLASSES
} modifier_class;

typedef struct {
    const char *name;
    modifier_class class;
    int argument;
} modifier;

static const modifier modifiers[] = {
#define MODIFIER(name, class, argument, values, meaning, example) {name, CLASS_##class, argument},
#include "languages/sigma/modifiers.def"
#undef MODIFIER
};
#define MODIFIERS (sizeof modifiers / sizeof *modifiers)

const language_function sigma_modifiers[] = {
#define MODIFIER(name, class, argument, values, meaning, example) {name, values, meaning, example},
#include "languages/sigma/modifiers.def"
#undef MODIFIER
    {0},
};

static const char *const time_functions[] = {"time_minute", "time_hour", "time_day", "time_week", "time_month",
                                             "time_year"};

typedef struct {
    sigma_document *document;
    sigma_chain *chain;
    uint32_t seen;                /* classes that stood before, one bit each */
    pk_str name;                  /* the modifier being read, and its place */
    span at;
} chain_reader;

/* Reports "modifier 'x' ...". Always false. */
static bool __attribute__((format(printf, 3, 4))) refuse(chain_reader *r, pk_str hint, const char *format, ...)
{
    char why[160];
    va_list args;
    va_start(args, format);
    vsnprintf(why, sizeof why, format, args);
    va_end(args);
    sigma_report(r->document, PK_ERROR, "sigma-modifier", r->at, hint, "modifier '" STR_FMT "' %s", STR_ARG(r->name), why);
    return false;
}

static bool has(const chain_reader *r, modifier_class class) { return r->seen >> class & 1; }

static bool is_pattern_operator(const sigma_chain *c)
{
    return c->operator == OPERATOR_CONTAINS || c->operator == OPERATOR_STARTS_WITH || c->operator == OPERATOR_ENDS_WITH;
}

static bool is_pattern_argument(int argument)
{
    return argument == OPERATOR_CONTAINS || argument == OPERATOR_STARTS_WITH || argument == OPERATOR_ENDS_WITH;
}

/* ---- one function a class: may it stand here, and what does it set ---- */

static bool apply_operator(chain_reader *r, int argument)
{
    sigma_chain *c = r->chain;
    if (c->operator != OPERATOR_EQUALS) return refuse(r, STR(""), "can't be combined with '" STR_FMT "'", STR_ARG(c->operator_name));
    if (c->time_part) return refuse(r, STR(""), "can't be applied to a part of a time");
    bool pattern = is_pattern_argument(argument);
    if (c->field_reference && !pattern) return refuse(r, STR(""), "can't be combined with 'fieldref'");
    if (!pattern && (c->base64 || c->utf16)) return refuse(r, STR(""), "can't be applied to an encoded value");
    if (!pattern && c->dashes) return refuse(r, STR(""), "can't be combined with 'windash'");
    if (!pattern && argument != OPERATOR_REGEX && c->expand)
        return refuse(r, STR(""), "can't be combined with 'expand'");
    if (!pattern && argument != OPERATOR_REGEX && c->cased)
        return refuse(r, STR(""), "knows no upper and lower case: 'cased' means nothing here");
    if (argument == OPERATOR_EXISTS && !c->field.len) return refuse(r, STR(""), "needs a field");
    c->operator = (sigma_operator)argument;
    c->operator_name = r->name;
    return true;
}

static bool apply_compare(chain_reader *r, int argument)
{
    sigma_chain *c = r->chain;
    if (c->operator != OPERATOR_EQUALS) return refuse(r, STR(""), "can't be combined with '" STR_FMT "'", STR_ARG(c->operator_name));
    if (c->field_reference) return refuse(r, STR(""), "can't be combined with 'fieldref'");
    if (c->base64 || c->utf16 || c->dashes || c->expand || c->cased)
        return refuse(r, STR(""), "compares numbers, not strings");
    if (!c->field.len) return refuse(r, STR(""), "needs a field");
    c->operator = OPERATOR_COMPARE;
    c->operator_name = r->name;
    c->compare = (compare_op)argument;
    return true;
}

static bool apply_fieldref(chain_reader *r)
{
    sigma_chain *c = r->chain;
    if (!c->field.len) return refuse(r, STR(""), "needs a field");
    if (c->base64 || c->utf16 || c->dashes || c->expand || c->time_part)
        return refuse(r, STR(""), "names a field: its value can't be changed by modifiers");
    if (c->operator != OPERATOR_EQUALS && !is_pattern_operator(c))
        return refuse(r, STR(""), "can't be combined with '" STR_FMT "'", STR_ARG(c->operator_name));
    if (c->operator != OPERATOR_EQUALS)
        sigma_report(r->document, PK_WARNING, "sigma-modifier-order", r->at, STR("write 'fieldref' first"),
                     "'fieldref' stands behind '" STR_FMT "'", STR_ARG(c->operator_name));
    c->field_reference = true;
    return true;
}

/* Shared by what changes the text of a value: before an operator that adds wildcards, and on strings only. */
static bool check_string(chain_reader *r)
{
    sigma_chain *c = r->chain;
    if (c->operator != OPERATOR_EQUALS && !is_pattern_operator(c))
        return refuse(r, STR(""), "works on strings, not behind '" STR_FMT "'", STR_ARG(c->operator_name));
    if (c->field_reference) return refuse(r, STR(""), "can't be combined with 'fieldref'");
    if (c->time_part) return refuse(r, STR(""), "can't be applied to a part of a time");
    return true;
}

static bool apply_encoding(chain_reader *r, modifier_class class, int argument)
{
    sigma_chain *c = r->chain;
    if (!check_string(r)) return false;
    if (is_pattern_operator(c))
        return refuse(r, arena_printf(r->document->scratch, "write '|" STR_FMT "|" STR_FMT "'", STR_ARG(r->name),
                                      STR_ARG(c->operator_name)),
                      "must stand before '" STR_FMT "'", STR_ARG(c->operator_name));
    if (has(r, class)) return refuse(r, STR(""), "is a second encoding of the same kind");
    if (class == CLASS_UTF16 && c->base64) return refuse(r, STR(""), "must stand before base64");
    if (class == CLASS_UTF16) c->utf16 = (sigma_utf16)argument;
    else c->base64 = (sigma_base64)argument;
    return true;
}

static bool apply_dashes(chain_reader *r)
{
    if (!check_string(r)) return false;
    if (r->chain->base64 || r->chain->utf16) return refuse(r, STR(""), "must stand before encodings");
    r->chain->dashes = true;
    return true;
}

static bool apply_expand(chain_reader *r)
{
    sigma_chain *c = r->chain;
    if (c->operator != OPERATOR_REGEX && !check_string(r)) return false;
    if (c->base64 || c->utf16) return refuse(r, STR(""), "must stand before encodings");
    c->expand = true;
    return true;
}

static bool apply_cased(chain_reader *r)
{
    sigma_chain *c = r->chain;
    bool strings = c->operator == OPERATOR_EQUALS || is_pattern_operator(c) || c->operator == OPERATOR_REGEX;
    if (!strings || c->time_part)
        return refuse(r, STR(""), "means nothing where no text is compared");
    if (c->ignore_case) return refuse(r, STR(""), "contradicts 'i'");
    c->cased = true;
    return true;
}

static bool apply_regex_flag(chain_reader *r, int argument)
{
    sigma_chain *c = r->chain;
    if (c->operator != OPERATOR_REGEX) return refuse(r, STR(""), "stands only behind 're'");
    if (argument == 'i' && c->cased) return refuse(r, STR(""), "contradicts 'cased'");
    if (argument == 'i') c->ignore_case = true;
    if (argument == 'm') c->multi_line = true;
    if (argument == 's') c->dot_all = true;
    return true;
}

static bool apply_time(chain_reader *r, int argument)
{
    sigma_chain *c = r->chain;
    if (!c->field.len) return refuse(r, STR(""), "needs a field");
    if (c->time_part) return refuse(r, STR(""), "is a second part of the same time");
    if (c->operator != OPERATOR_EQUALS && c->operator != OPERATOR_COMPARE)
        return refuse(r, STR(""), "can't be combined with '" STR_FMT "'", STR_ARG(c->operator_name));
    if (c->base64 || c->utf16 || c->dashes || c->expand || c->cased || c->field_reference)
        return refuse(r, STR(""), "compares numbers, not strings");
    c->time_part = time_functions[argument];
    return true;
}

static bool apply(chain_reader *r, const modifier *m)
{
    switch (m->class) {
    case CLASS_OPERATOR: return apply_operator(r, m->argument);
    case CLASS_COMPARE: return apply_compare(r, m->argument);
    case CLASS_FIELDREF: return apply_fieldref(r);
    case CLASS_ALL: r->chain->all = true; return true;
    case CLASS_NEQ: r->chain->negated = true; return true;
    case CLASS_CASED: return apply_cased(r);
    case CLASS_DASHES: return apply_dashes(r);
    case CLASS_EXPAND: return apply_expand(r);
    case CLASS_BASE64: case CLASS_UTF16: return apply_encoding(r, m->class, m->argument);
    case CLASS_REGEX_FLAG: return apply_regex_flag(r, m->argument);
    case CLASS_TIME: return apply_time(r, m->argument);
    case CLASSES: break;
    }
    return false;
}

static const modifier *find_modifier(pk_str name)
{
    for (size_t i = 0; i < MODIFIERS; i++)
        if (str_equal(str_from(modifiers[i].name), name)) return &modifiers[i];
    return NULL;
}

static bool unknown_modifier(chain_reader *r)
{
    pk_str names[MODIFIERS];
    for (size_t i = 0; i < MODIFIERS; i++) names[i] = str_from(modifiers[i].name);
    pk_str hint = sigma_did_you_mean(r->document->scratch, r->name, names, MODIFIERS);
    if (str_equal(r->name, STR("not"))) hint = STR("write the negation in the condition, or use 'neq'");
    sigma_report(r->document, PK_ERROR, "sigma-modifier", r->at, hint, "unknown modifier '" STR_FMT "'", STR_ARG(r->name));
    return false;
}

/* The place of bytes [from, to) of a key. */
static span key_place(sigma_document *d, const yaml_entry *item, size_t from, size_t to)
{
    yaml_node key = {.kind = YAML_SCALAR, .text = item->key, .span = item->key_span, .style = item->key_style};
    return yaml_span_within(d->source, &key, yaml_scalar_places(d->scratch, d->source, &key), from, to);
}

bool sigma_read_chain(sigma_document *d, const yaml_entry *item, sigma_chain *out)
{
    size_t bar = str_find_char(item->key, '|');
    *out = (sigma_chain){.field = sigma_keep(d, str_slice(item->key, 0, bar)), .span = item->key_span};
    chain_reader r = {.document = d, .chain = out};
    uint64_t named = 0;           /* rows of the table that stood before */
    while (bar != STR_NPOS) {
        size_t from = bar + 1, len = str_find_char(str_slice(item->key, from, STR_NPOS), '|');
        bar = len == STR_NPOS ? STR_NPOS : from + len;
        r.name = str_slice(item->key, from, len);
        r.at = key_place(d, item, from, from + r.name.len);
        const modifier *m = find_modifier(r.name);
        if (!m) return unknown_modifier(&r);
        if (named >> (m - modifiers) & 1) return refuse(&r, STR(""), "stands twice");
        if (!apply(&r, m)) return false;
        named |= UINT64_C(1) << (m - modifiers);
        r.seen |= 1u << m->class;
    }
    if (out->utf16 && !out->base64)
        sigma_report(d, PK_WARNING, "sigma-wide", item->key_span, STR("encode it with base64 or base64offset as well"),
                     "a UTF-16 value never stands in the text of a log");
    return true;
}
