/*
 * Items: a field with its modifiers, and a value or a list of values -> one use of the IR (or what is made of uses).
 *
 * A value becomes constants: usually one, several where it has several spellings (base64offset, placeholders, numbers
 * written as 0x10). Constants of one value share a group and hold if any of them does; values hold if any does, with `all`
 * if every one does.
 */
#include "base/ip.h"
#include "base/unicode.h"
#include "languages/sigma/sigma.h"

typedef struct { VEC(ir_constant) at; } constant_list;

typedef struct {
    sigma_document *document;
    const sigma_chain *chain;
    constant_list constants;
    uint32_t group;               /* of the value being read */
    span at;                      /* its place */
    pk_str written, origin;       /* how it was written, where that differs from the constant */
    bool failed;
} item_reader;

static bool is_keyword(const sigma_chain *c) { return !c->field.len; }

static void fail(item_reader *r) { r->failed = true; }

/* ---- constants ---- */

static void add_test(item_reader *r, test_kind kind, uint16_t flags, compare_op compare, value constant)
{
    sigma_document *d = r->document;
    if (d->usage->constants >= SIGMA_MAX_CONSTANTS) {
        if (!r->failed)
            sigma_report(d, PK_ERROR, "sigma-limit", r->at, STR(""), "more than %d values in one file", SIGMA_MAX_CONSTANTS);
        fail(r);
        return;
    }
    d->usage->constants++;
    ir_constant c = {.test = ir_intern_test(d->catalog, kind, flags, compare, constant), .written = r->written,
                     .origin = r->origin, .group = r->group, .span = r->at};
    vec_push_in(d->scratch, &r->constants.at, c);
}

static void add_text(item_reader *r, test_kind kind, uint16_t flags, pk_str text_of)
{
    add_test(r, kind, flags, COMPARE_EQ, value_string(text_of));
}

/* Wildcards of the operator, then the test that asks the same. */
static void add_pattern(item_reader *r, sigma_pattern p)
{
    const sigma_chain *c = r->chain;
    sigma_operator how = is_keyword(c) && c->operator == OPERATOR_EQUALS ? OPERATOR_CONTAINS : c->operator;
    bool before = how == OPERATOR_CONTAINS || how == OPERATOR_ENDS_WITH;
    bool behind = how == OPERATOR_CONTAINS || how == OPERATOR_STARTS_WITH;
    if (before || behind) sigma_wrap(r->document->scratch, &p, before, behind);
    uint16_t flags = c->cased ? TEST_CASED : 0;
    if (c->dashes && sigma_has_dash(&p)) flags |= TEST_DASHES;
    pk_str constant;
    test_kind kind = sigma_pattern_test(r->document->scratch, &p, &constant);
    add_text(r, kind, flags, constant);
}

/* ---- encodings ---- */

static void add_encoded(item_reader *r, const sigma_pattern *p)
{
    sigma_document *d = r->document;
    const sigma_chain *c = r->chain;
    arena *a = d->scratch;
    if (sigma_has_wildcards(p)) {
        sigma_report(d, PK_ERROR, "sigma-encoding-wildcard", r->at, STR("write \\* or \\? for the characters themselves"),
                     "a value with wildcards can't be encoded");
        fail(r);
        return;
    }
    pk_str bytes = sigma_literal(a, p);
    if (c->utf16) bytes = utf8_to_utf16(a, bytes, c->utf16 == ENCODE_UTF16BE, c->utf16 == ENCODE_UTF16);
    pk_str forms[3] = {bytes};
    size_t count = 1;
    if (c->base64 == BASE64_PLAIN) {
        forms[0] = base64_encode(a, bytes);
    } else if (c->base64 == BASE64_OFFSET) {
        count = 3;
        if (!sigma_base64_offsets(a, bytes, forms)) {
            sigma_report(d, PK_ERROR, "sigma-value", r->at, STR(""), "too short for base64offset: a form of it is empty");
            fail(r);
            return;
        }
    } else if (!utf8_valid(bytes)) {
        forms[0] = utf8_repair(a, bytes);
    }
    for (size_t i = 0; i < count; i++) {
        sigma_pattern encoded = {0};
        sigma_append(a, &encoded, (sigma_piece){PIECE_TEXT, forms[i]});
        add_pattern(r, encoded);
    }
}

static void add_string_pattern(item_reader *r, const sigma_pattern *p)
{
    const sigma_chain *c = r->chain;
    if (!c->utf16 && !c->base64) {
        add_pattern(r, *p);
        return;
    }
    if (!c->dashes) {
        add_encoded(r, p);
        return;
    }
    sigma_patterns variants = {0};
    if (!sigma_dash_variants(r->document->scratch, p, 625, &variants)) {
        sigma_report(r->document, PK_ERROR, "sigma-limit", r->at, STR(""), "too many dashes to encode every spelling");
        fail(r);
        return;
    }
    for (size_t i = 0; i < variants.items.len && !r->failed; i++) add_encoded(r, &variants.items.at[i]);
}

/* ---- placeholders ---- */

static const value_list *find_list(const sigma_document *d, pk_str name)
{
    for (size_t i = 0; d->options && i < d->options->lists.count; i++)
        if (str_equal(d->options->lists.lists[i].name, name)) return &d->options->lists.lists[i];
    static const value_list empty;
    return d->options && d->options->empty_lists ? &empty : NULL;
}

static void missing_list(item_reader *r, pk_str name)
{
    sigma_report(r->document, PK_NEEDS_LIST, "sigma-placeholder", r->at, STR("give one with --placeholders FILE"),
                 "the placeholder '%%" STR_FMT "%%' needs a list of values", STR_ARG(name));
}

/* What stands for a placeholder in a regular expression is literal text. */
static pk_str quote_regex(arena *a, pk_str s)
{
    char *out = arena_alloc(a, 2 * s.len + 1);
    size_t len = 0;
    for (size_t i = 0; i < s.len; i++) {
        if (s.ptr[i] && strchr("\\^$.|?*+()[]{}-/#", s.ptr[i])) out[len++] = '\\';
        out[len++] = s.ptr[i];
    }
    return (pk_str){out, len};
}

typedef void (*pattern_fn)(item_reader *r, const sigma_pattern *p);

/* Calls `fn` for every way of putting list values in the place of the placeholders from piece `i` on. */
static void expand_pieces(item_reader *r, const sigma_pattern *p, size_t i, const sigma_pattern *done, pattern_fn fn)
{
    arena *a = r->document->scratch;
    sigma_pattern next = {0};
    for (size_t k = 0; k < done->len; k++) sigma_append(a, &next, done->at[k]);
    for (; i < p->len && p->at[i].kind != PIECE_PLACEHOLDER; i++) sigma_append(a, &next, p->at[i]);
    if (i == p->len) {
        fn(r, &next);
        return;
    }
    const value_list *list = find_list(r->document, p->at[i].text);
    for (size_t v = 0; v < list->values.items.len && !r->failed; v++) {
        pk_str item = list->values.items.at[v];
        sigma_pattern with = {0}, values = {0};
        if (r->chain->operator == OPERATOR_REGEX)
            sigma_append(a, &values, (sigma_piece){PIECE_TEXT, quote_regex(a, item)});
        else
            values = sigma_parse_string(a, item, false);
        for (size_t k = 0; k < next.len; k++) sigma_append(a, &with, next.at[k]);
        for (size_t k = 0; k < values.len; k++) sigma_append(a, &with, values.at[k]);
        expand_pieces(r, p, i + 1, &with, fn);
    }
}

#define MAX_PLACEHOLDERS 8                                       /* in one value: they multiply */

/* `p` with its placeholders expanded; if a list is missing, the value as written stands in for it and nothing runs. */
static void add_expanded(item_reader *r, const sigma_pattern *p, pattern_fn fn)
{
    sigma_document *d = r->document;
    size_t count = 0;
    bool missing = false;
    pk_str name = STR("");
    for (size_t i = 0; i < p->len; i++) {
        if (p->at[i].kind != PIECE_PLACEHOLDER) continue;
        count++;
        name = p->at[i].text;
        if (find_list(d, name)) continue;
        missing_list(r, name);
        missing = true;
    }
    if (!count) {
        fn(r, p);
        return;
    }
    r->origin = arena_printf(d->arena, "placeholder %%" STR_FMT "%%", STR_ARG(name));
    if (count > MAX_PLACEHOLDERS) {
        sigma_report(d, PK_ERROR, "sigma-limit", r->at, STR(""), "more than %d placeholders in one value", MAX_PLACEHOLDERS);
        fail(r);
    } else if (missing) {
        sigma_pattern literal = {0};
        for (size_t i = 0; i < p->len; i++) {
            bool placeholder = p->at[i].kind == PIECE_PLACEHOLDER;
            sigma_append(d->scratch, &literal, placeholder
                         ? (sigma_piece){PIECE_TEXT, arena_printf(d->scratch, "%%" STR_FMT "%%", STR_ARG(p->at[i].text))}
                         : p->at[i]);
        }
        fn(r, &literal);
    } else {
        expand_pieces(r, p, 0, &(sigma_pattern){0}, fn);
    }
}

/* ---- values by operator ---- */

static void add_regex_pattern(item_reader *r, const sigma_pattern *p)
{
    const sigma_chain *c = r->chain;
    uint16_t flags = (uint16_t)((c->ignore_case ? 0 : TEST_CASED) | (c->multi_line ? TEST_MULTILINE : 0)
                                | (c->dot_all ? TEST_DOTALL : 0));
    add_text(r, TEST_REGEX, flags, sigma_literal(r->document->scratch, p));
}

/* Placeholders of a regular expression; everything else is raw. */
static sigma_pattern regex_pieces(arena *a, pk_str s, bool placeholders)
{
    sigma_pattern p = {0};
    if (!placeholders) {
        sigma_append(a, &p, (sigma_piece){PIECE_TEXT, s});
        return p;
    }
    size_t start = 0;
    for (size_t i = 0; i < s.len; i++) {
        if (s.ptr[i] == '\\') {
            i++;
            continue;
        }
        size_t end = s.ptr[i] == '%' ? str_find_char(str_slice(s, i + 1, STR_NPOS), '%') : STR_NPOS;
        if (end == STR_NPOS || end == 0) continue;
        sigma_append(a, &p, (sigma_piece){PIECE_TEXT, str_slice(s, start, i - start)});
        sigma_append(a, &p, (sigma_piece){PIECE_PLACEHOLDER, str_slice(s, i + 1, end)});
        i += end + 1;
        start = i + 1;
    }
    sigma_append(a, &p, (sigma_piece){PIECE_TEXT, str_slice(s, start, STR_NPOS)});
    return p;
}

static void add_regex(item_reader *r, const yaml_node *n)
{
    sigma_document *d = r->document;
    const sigma_chain *c = r->chain;
    size_t at;
    pk_str message;
    if (!sigma_check_regex(d->scratch, n->text, c->multi_line, c->dot_all, c->ignore_case, &at, &message)) {
        span place = yaml_span_within(d->source, n, yaml_scalar_places(d->scratch, d->source, n), at, at + 1);
        sigma_report(d, PK_ERROR, "sigma-regex", place, STR(""), "regular expression: " STR_FMT, STR_ARG(message));
        fail(r);
        return;
    }
    sigma_pattern p = regex_pieces(d->scratch, n->text, c->expand);
    if (!p.len) sigma_report(d, PK_WARNING, "sigma-empty-value", n->span, STR(""), "an empty regular expression matches any value");
    add_expanded(r, &p, add_regex_pattern);
}

static void add_network(item_reader *r, const yaml_node *n)
{
    ip_network network;
    bool host_bits = false;
    if (!ip_network_parse(n->text, &network, &host_bits)) {
        sigma_report(r->document, PK_ERROR, "sigma-cidr", r->at, STR("write it as 10.0.0.0/8 or fe80::/10"),
                     "'" STR_FMT "' is no IP network", STR_ARG(n->text));
        fail(r);
        return;
    }
    if (host_bits)
        sigma_report(r->document, PK_WARNING, "sigma-cidr", r->at, STR(""),
                     "'" STR_FMT "' has bits set behind its mask; they are ignored", STR_ARG(n->text));
    add_text(r, TEST_CIDR, 0, n->text);
}

/* The number of a scalar: as YAML reads it, or a quoted decimal number. */
static bool read_number(const yaml_node *n, value *out)
{
    pk_str s = n->text;
    int64_t whole;
    double real;
    bool hex = str_starts_with(s, STR("0x")), octal = str_starts_with(s, STR("0o"));
    if (n->type == YAML_INT && (hex || octal)) {
        uint64_t bits = 0;
        for (size_t i = 2; i < s.len; i++) {
            if (bits >> 58) return false;
            unsigned digit = (unsigned)(s.ptr[i] <= '9' ? s.ptr[i] - '0' : (s.ptr[i] | 0x20) - 'a' + 10);
            bits = bits * (hex ? 16 : 8) + digit;
        }
        *out = value_int((int64_t)bits);
        return true;
    }
    if (s.len && s.ptr[0] == '+') s = str_slice(s, 1, STR_NPOS);
    if (str_to_int(s, false, &whole)) {
        *out = value_int(whole);
        return true;
    }
    if (!str_to_double(s, &real)) return false;
    *out = value_real(real);
    return true;
}

static void add_comparison(item_reader *r, const yaml_node *n)
{
    value number;
    if (n->type == YAML_NULL || n->type == YAML_BOOL || !read_number(n, &number)) {
        sigma_report(r->document, PK_ERROR, "sigma-value", r->at, STR(""), "'" STR_FMT "' wants a number, not '" STR_FMT "'",
                     STR_ARG(r->chain->operator_name), STR_ARG(n->text));
        fail(r);
        return;
    }
    add_test(r, TEST_COMPARE, 0, r->chain->compare, number);
}

/*
 * A number equals the text of the event's value, so that 4104, "4104" and 4104.0 agree and '04104' is another. Written in
 * another way than decimal (0x10, 010, +5, 1e3), it is both the text as written and the number.
 */
static void add_number(item_reader *r, const yaml_node *n)
{
    value number;
    pk_str decimal;
    sigma_pattern p = {0};
    arena *a = r->document->scratch;
    bool plain = r->chain->operator == OPERATOR_EQUALS && !is_keyword(r->chain);
    bool differs = plain && read_number(n, &number) && value_text(a, &number, &decimal) && !str_equal(decimal, n->text);
    if (differs) r->written = sigma_keep(r->document, n->text);
    sigma_append(a, &p, (sigma_piece){PIECE_TEXT, n->text});
    if (!differs) {
        add_string_pattern(r, &p);
        return;
    }
    add_text(r, TEST_EQUALS, 0, n->text);
    add_text(r, TEST_EQUALS, 0, decimal);
}

static void add_time_part(item_reader *r, const yaml_node *n)
{
    value number;
    pk_str decimal;
    if (n->type == YAML_NULL || n->type == YAML_BOOL || !read_number(n, &number) || number.type != VALUE_INT
        || !value_text(r->document->scratch, &number, &decimal)) {
        sigma_report(r->document, PK_ERROR, "sigma-value", r->at, STR(""), "a part of a time is a whole number, not '" STR_FMT "'",
                     STR_ARG(n->text));
        fail(r);
        return;
    }
    add_text(r, TEST_EQUALS, 0, decimal);
}

static void add_null(item_reader *r)
{
    const sigma_chain *c = r->chain;
    if (is_keyword(c)) {
        sigma_report(r->document, PK_ERROR, "sigma-value", r->at, STR(""), "null is no keyword");
        fail(r);
    } else if (c->operator != OPERATOR_EQUALS || c->base64 || c->utf16 || c->time_part) {
        sigma_report(r->document, PK_ERROR, "sigma-value", r->at, STR("'' is the empty text"),
                     "null can only be compared, without modifiers that want a text or a number");
        fail(r);
    } else {
        add_test(r, TEST_IS_NULL, 0, COMPARE_EQ, (value){0});
    }
}

/* How an encoded value came about, as the modifiers say it. */
static pk_str encoding_of(const sigma_chain *c)
{
    static const char *const names[][3] = {
        [ENCODE_NONE] = {"", "base64", "base64offset"},
        [ENCODE_UTF16LE] = {"utf16le", "utf16le|base64", "utf16le|base64offset"},
        [ENCODE_UTF16BE] = {"utf16be", "utf16be|base64", "utf16be|base64offset"},
        [ENCODE_UTF16] = {"utf16", "utf16|base64", "utf16|base64offset"},
    };
    return str_from(names[c->utf16][c->base64]);
}

static void add_string(item_reader *r, const yaml_node *n)
{
    sigma_document *d = r->document;
    const sigma_chain *c = r->chain;
    if (c->base64 || c->utf16 || c->expand) r->written = sigma_keep(d, n->text);
    r->origin = encoding_of(c);
    if (!r->origin.len && c->dashes) r->origin = STR("windash");
    sigma_pattern p = sigma_parse_string(d->scratch, n->text, c->expand);
    add_expanded(r, &p, add_string_pattern);
}

static void add_scalar(item_reader *r, const yaml_node *n)
{
    switch (r->chain->operator) {
    case OPERATOR_REGEX: case OPERATOR_CIDR:
        if (n->type == YAML_NULL) add_null(r);
        else if (r->chain->operator == OPERATOR_REGEX) add_regex(r, n);
        else add_network(r, n);
        return;
    case OPERATOR_COMPARE: add_comparison(r, n); return;
    case OPERATOR_EQUALS: case OPERATOR_CONTAINS: case OPERATOR_STARTS_WITH: case OPERATOR_ENDS_WITH:
    case OPERATOR_EXISTS: break;
    }
    switch (n->type) {
    case YAML_NULL: add_null(r); return;
    case YAML_TEXT: case YAML_INT: case YAML_FLOAT: case YAML_BOOL: break;
    }
    if (r->chain->time_part) {
        add_time_part(r, n);
    } else if (n->type == YAML_BOOL) {
        sigma_pattern p = {0};
        bool truth = n->text.ptr[0] == 't' || n->text.ptr[0] == 'T';
        sigma_append(r->document->scratch, &p, (sigma_piece){PIECE_TEXT, truth ? STR("true") : STR("false")});
        add_string_pattern(r, &p);
    } else if (n->type == YAML_TEXT) {
        add_string(r, n);
    } else {
        add_number(r, n);
    }
}

/* Reads one value into a group of its own; false after an error. */
static bool read_value(item_reader *r, const yaml_node *n)
{
    r->at = n->span;
    r->written = r->origin = STR("");
    if (n->kind != YAML_SCALAR) {
        sigma_report(r->document, PK_ERROR, "sigma-value", n->span, STR(""), "expected a value, found a %s",
                     n->kind == YAML_MAP ? "map" : "list inside a list");
        fail(r);
        return false;
    }
    add_scalar(r, n);
    r->group++;
    return !r->failed;
}

/* ---- expressions ---- */

static expr *with_span(expr *e, span at)
{
    e->span = at;
    return e;
}

static expr *operand(sigma_document *d, const sigma_chain *c)
{
    if (is_keyword(c)) return with_span(ir_any_value(d->arena), c->span);
    expr *field = with_span(ir_field_expr(d->arena, SIGMA_SCHEMA, c->field), c->span);
    return c->time_part ? with_span(ir_call(d->arena, str_from(c->time_part), &field, 1), c->span) : field;
}

static expr *use_of(sigma_document *d, expr *on, ir_constant *constants, size_t count, bool all, span at)
{
    if (!count) return with_span(ir_false(d->arena), at);
    expr *e = with_span(ir_use_expr(d->arena, on, constants, count, all), at);
    e->as.use.missing = MISSING_FALSE;
    e->as.use.many = MANY_ANY;
    e->as.use.not_equal = NOT_EQUAL_NONE;
    e->as.use.numbers = NUMBERS_LOOSE;
    return e;
}

/* Values as one use; where `all` meets values with several spellings, one use for each value. */
static expr *expr_of_constants(item_reader *r, bool all, span at)
{
    sigma_document *d = r->document;
    ir_constant *constants = r->constants.at.at;
    size_t count = r->constants.at.len;
    expr *on = operand(d, r->chain);
    if (!all || r->group == 1) return use_of(d, on, constants, count, false, at);
    bool single = count == r->group;
    for (size_t i = 0; single && i < count; i++) single = constants[i].group == i;
    if (single) return use_of(d, on, constants, count, true, at);
    expr **parts = ARENA_ARRAY(d->scratch, expr *, r->group);
    size_t start = 0;
    for (uint32_t g = 0; g < r->group; g++) {
        size_t end = start;
        while (end < count && constants[end].group == g) end++;
        parts[g] = use_of(d, on, constants + start, end - start, false, at);
        start = end;
    }
    return with_span(ir_and_all(d->arena, parts, r->group), at);
}

static test_kind reference_kind(sigma_operator operator)
{
    return operator == OPERATOR_CONTAINS ? TEST_MATCH : operator == OPERATOR_STARTS_WITH ? TEST_STARTS_WITH
         : operator == OPERATOR_ENDS_WITH ? TEST_ENDS_WITH : TEST_EQUALS;
}

/* Field against field: each value is the name of another field. */
static expr *read_references(sigma_document *d, const sigma_chain *c, yaml_node *const *values, size_t count, span at)
{
    expr **parts = ARENA_ARRAY(d->scratch, expr *, count);
    for (size_t i = 0; i < count; i++) {
        pk_str name;
        if (!sigma_scalar(d, values[i], "the name of a field", &name)) return NULL;
        expr *other = with_span(ir_field_expr(d->arena, SIGMA_SCHEMA, sigma_keep(d, name)), values[i]->span);
        parts[i] = with_span(ir_compare(d->arena, operand(d, c), COMPARE_EQ, other), at);
        parts[i]->as.compare.cased = c->cased;
        parts[i]->as.compare.missing = MISSING_FALSE;
        parts[i]->as.compare.many = MANY_ANY;
        parts[i]->as.compare.how = reference_kind(c->operator);
    }
    return c->all ? ir_and_all(d->arena, parts, count) : ir_or_all(d->arena, parts, count);
}

static expr *read_exists(sigma_document *d, const sigma_chain *c, yaml_node *const *values, size_t count, span at)
{
    const yaml_node *n = count == 1 ? values[0] : NULL;
    bool yes = n && n->kind == YAML_SCALAR && str_equal_ascii_fold(n->text, STR("true"));
    bool no = n && n->kind == YAML_SCALAR && str_equal_ascii_fold(n->text, STR("false"));
    if (!yes && !no) {
        sigma_report(d, PK_ERROR, "sigma-value", n ? n->span : at, STR(""), "'exists' wants true or false");
        return NULL;
    }
    ir_constant constant = {.test = ir_intern_test(d->catalog, TEST_EXISTS, 0, COMPARE_EQ, (value){0}), .span = n->span};
    expr *e = use_of(d, operand(d, c), &constant, 1, false, at);
    return yes ? e : with_span(ir_not(d->arena, e), at);
}

static expr *read_values(sigma_document *d, const sigma_chain *c, yaml_node *const *values, size_t count, span at)
{
    if (c->field_reference) return read_references(d, c, values, count, at);
    if (c->operator == OPERATOR_EXISTS) return read_exists(d, c, values, count, at);
    item_reader r = {.document = d, .chain = c};
    const yaml_node *null = NULL;
    for (size_t i = 0; i < count; i++) {
        read_value(&r, values[i]);
        if (values[i]->kind == YAML_SCALAR && values[i]->type == YAML_NULL) null = values[i];
    }
    if (r.failed) return NULL;
    if (null && count > 1)
        sigma_report(d, PK_WARNING, "sigma-null-in-list", null->span, STR("put it in an item of its own"),
                     "a null in a list of values");
    return expr_of_constants(&r, c->all, at);
}

static expr *read_empty_list(sigma_document *d, const sigma_chain *c, span at)
{
    yaml_node null = {.kind = YAML_SCALAR, .type = YAML_NULL, .text = STR(""), .span = at};
    sigma_report(d, PK_WARNING, "sigma-empty-list", at, STR("write null if that is meant"),
                 "an empty list of values is read as null");
    return read_values(d, c, &(yaml_node *){&null}, 1, at);
}

expr *sigma_read_item(sigma_document *d, const sigma_chain *c, const yaml_node *n, span at)
{
    if (n->kind == YAML_MAP) {
        sigma_report(d, PK_ERROR, "sigma-value", n->span, STR("write the path of a nested field with dots: a.b"),
                     "expected a value or a list of values, found a map");
        return NULL;
    }
    yaml_node *self = (yaml_node *)(uintptr_t)n;
    expr *e = n->kind == YAML_SCALAR ? read_values(d, c, &self, 1, at)
            : n->count               ? read_values(d, c, n->items, n->count, at)
                                     : read_empty_list(d, c, at);
    return e && c->negated ? with_span(ir_not(d->arena, e), at) : e;
}

expr *sigma_read_keywords(sigma_document *d, yaml_node *const *values, size_t count, span at)
{
    sigma_chain any = {.span = at};
    return read_values(d, &any, values, count, at);
}
