/*
 * Parsing: constant -> units (a code point with a meaning), units -> pieces, pieces -> segments.
 * Matching: the first and last segment are anchored unless their end is open, those between are found leftmost. Since a
 * segment matches in one way only, leftmost never loses a match, and no backtracking over segments is needed.
 */
#include "compile/pattern.h"

#include "base/unicode.h"

const pk_str dash_forms[DASH_FORMS] = {
    {"-", 1}, {"/", 1}, {"\xe2\x80\x93", 3}, {"\xe2\x80\x94", 3}, {"\xe2\x80\x95", 3},
};

size_t dash_at(pk_str content, size_t at)
{
    for (size_t i = 0; i < DASH_FORMS; i++) {
        pk_str form = dash_forms[i];
        if (content.len - at >= form.len && memcmp(content.ptr + at, form.ptr, form.len) == 0) return form.len;
    }
    return 0;
}

/* ---- parsing ---- */

typedef struct {
    arena *arena;
    pattern *pattern;
    pk_str source;
    VEC(pattern_segment) segments;
    VEC(pattern_piece) pieces;    /* of the segment being read */
    VEC(char) text;               /* of the piece being read */
} pattern_builder;

static void end_text(pattern_builder *b)
{
    if (b->text.len == 0) return;
    bool all = b->text.len == b->source.len; /* then it is the same */
    pk_str kept = all ? b->source : arena_str(b->arena, (pk_str){b->text.at, b->text.len});
    b->text.len = 0;
    vec_push(&b->pieces, ((pattern_piece){PIECE_TEXT, kept}));
}

static void end_segment(pattern_builder *b)
{
    end_text(b);
    if (b->pieces.len == 0) return;
    pattern_piece *pieces = ARENA_ARRAY(b->arena, pattern_piece, b->pieces.len); /* most are one: kept at their size */
    memcpy(pieces, b->pieces.at, b->pieces.len * sizeof *pieces);
    vec_push(&b->segments, ((pattern_segment){pieces, b->pieces.len}));
    b->pieces.len = 0;
}

static void add_piece(pattern_builder *b, piece_kind kind)
{
    end_text(b);
    vec_push(&b->pieces, ((pattern_piece){kind, {"", 0}}));
}

static void add_text(pattern_builder *b, const char *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++) vec_push(&b->text, bytes[i]);
}

bool is_word_at(pk_str s, size_t at)
{
    size_t next = at;
    uint32_t c = utf8_next(s, &next);
    if (c < 0x80) return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
    return c >= 0xc0 && !(c >= 0x2000 && c <= 0x2bff) && c != 0xd7 && c != 0xf7; /* docs/ir.md */
}

static size_t previous(pk_str s, size_t at)
{
    do at--;
    while (at > 0 && ((uint8_t)s.ptr[at] & 0xc0) == 0x80);
    return at;
}

/*
 * Does the dash at [at, at+len) stand at a border \B[-/]\b: a word character behind it, none before it. A wildcard is the
 * end of the text for this, as in the pySigma rule that works on the parts between wildcards.
 */
static bool dash_is_border(pk_str s, size_t at, size_t len, size_t part_start)
{
    if (at + len >= s.len || !is_word_at(s, at + len)) return false;
    if (at == part_start) return true;
    size_t before = previous(s, at);
    return !is_word_at(s, before);
}

/* One unit of the constant at *i; moves on. */
static void read_unit(pattern_builder *b, pk_str s, size_t *i, bool wildcards, bool dashes, size_t *part_start)
{
    char c = s.ptr[*i];
    if (wildcards && (c == '*' || c == '?')) {
        if (c == '?') add_piece(b, PIECE_ONE);
        else if (end_segment(b), b->segments.len == 0) b->pattern->open_start = true;
        b->pattern->open_end = c == '*';
        *part_start = ++*i;
        return;
    }
    b->pattern->open_end = false;
    if (wildcards && c == '\\' && *i + 1 < s.len && strchr("*?\\", s.ptr[*i + 1])) {
        add_text(b, s.ptr + *i + 1, 1);
        *i += 2;
        return;
    }
    size_t dash = dashes ? dash_at(s, *i) : 0;
    if (dash && dash_is_border(s, *i, dash, *part_start)) {
        add_piece(b, PIECE_DASH);
        *i += dash;
        return;
    }
    add_text(b, s.ptr + (*i)++, 1);
}

pattern pattern_of_test(const ir_test *t, arena *a)
{
    pattern p = {.open_start = false};
    pattern_builder b = {.arena = a, .pattern = &p};
    pk_str s = {"", 0};
    if (!value_text(a, &t->constant, &s)) s = (pk_str){"", 0};
    if (!(t->flags & TEST_CASED)) s = fold(a, s);
    b.source = s;
    size_t part_start = 0;
    for (size_t i = 0; i < s.len;)
        read_unit(&b, s, &i, t->kind == TEST_WILDCARD, t->flags & TEST_DASHES, &part_start);
    end_segment(&b);
    p.segments = ARENA_ARRAY(a, pattern_segment, b.segments.len);
    p.count = b.segments.len;
    if (p.count) memcpy(p.segments, b.segments.at, p.count * sizeof *p.segments);
    vec_free(&b.text);
    vec_free(&b.pieces);
    vec_free(&b.segments);
    if (t->kind == TEST_ENDS_WITH || t->kind == TEST_MATCH) p.open_start = true;
    if (t->kind == TEST_STARTS_WITH || t->kind == TEST_MATCH) p.open_end = true;
    if (p.count == 0 && (p.open_start || p.open_end)) p.open_start = p.open_end = true;
    return p;
}

/* ---- questions about a pattern ---- */

const pk_str *pattern_literal(const pattern *p)
{
    static const pk_str empty = {"", 0};
    if (p->count == 0) return p->open_start ? NULL : &empty;
    if (p->count > 1 || p->segments[0].count > 1 || p->segments[0].pieces[0].kind != PIECE_TEXT) return NULL;
    return &p->segments[0].pieces[0].text;
}

bool pattern_matches_all(const pattern *p) { return p->count == 0 && p->open_start; }

size_t pattern_dash_count(const pattern *p)
{
    size_t n = 0;
    for (size_t i = 0; i < p->count; i++)
        for (size_t k = 0; k < p->segments[i].count; k++) n += p->segments[i].pieces[k].kind == PIECE_DASH;
    return n;
}

/* ---- matching ---- */

/* Length of what `piece` matches at text[at]; STR_NPOS if it does not. */
static size_t piece_at(const pattern_piece *piece, pk_str content, size_t at)
{
    switch (piece->kind) {
    case PIECE_TEXT:
        if (content.len - at < piece->text.len || memcmp(content.ptr + at, piece->text.ptr, piece->text.len) != 0)
            return STR_NPOS;
        return piece->text.len;
    case PIECE_ONE: {
        if (at == content.len) return STR_NPOS;
        size_t next = at;
        utf8_next(content, &next);
        return next - at;
    }
    case PIECE_DASH: {
        size_t n = dash_at(content, at);
        return n ? n : STR_NPOS;
    }
    }
    return STR_NPOS;
}

/* End of the segment if it stands at text[at], else STR_NPOS. */
static size_t segment_at(const pattern_segment *s, pk_str content, size_t at)
{
    for (size_t i = 0; i < s->count; i++) {
        size_t n = piece_at(&s->pieces[i], content, at);
        if (n == STR_NPOS) return STR_NPOS;
        at += n;
    }
    return at;
}

/* Start of the segment if it ends at the end of `text` and starts at or behind `from`, else STR_NPOS. */
static size_t segment_before_end(const pattern_segment *s, pk_str content, size_t from)
{
    size_t end = content.len;
    for (size_t i = s->count; i-- > 0;) {
        const pattern_piece *piece = &s->pieces[i];
        if (piece->kind == PIECE_TEXT) {
            if (end < piece->text.len) return STR_NPOS;
            end -= piece->text.len;
        } else {
            if (end == 0) return STR_NPOS;
            end = previous(content, end);
        }
        if (end < from || piece_at(piece, content, end) == STR_NPOS) return STR_NPOS;
    }
    return end;
}

/* First place at or behind `from` where the segment stands; its end in *end. */
static size_t segment_find(const pattern_segment *s, pk_str content, size_t from, size_t *end)
{
    const pattern_piece *first = &s->pieces[0];
    for (size_t at = from; at <= content.len;) {
        if (first->kind == PIECE_TEXT) {
            at = str_find_from(content, at, first->text);
            if (at == STR_NPOS) return STR_NPOS;
        }
        *end = segment_at(s, content, at);
        if (*end != STR_NPOS) return at;
        if (at == content.len) break;
        utf8_next(content, &at);
    }
    return STR_NPOS;
}

bool pattern_match(const pattern *p, pk_str content, size_t *at, size_t *end)
{
    *at = 0;
    *end = content.len;
    if (p->count == 0) return p->open_start || content.len == 0;

    size_t from = 0, first = 0, last = p->count;
    if (!p->open_start) {
        from = segment_at(&p->segments[0], content, 0);
        if (from == STR_NPOS) return false;
        if (p->count == 1) {
            *end = p->open_end ? from : content.len;
            return p->open_end || from == content.len;
        }
        first = 1;
    }
    if (!p->open_end) last--;
    for (size_t i = first; i < last; i++) {
        size_t start = segment_find(&p->segments[i], content, from, &from);
        if (start == STR_NPOS) return false;
        if (i == 0) *at = start;
    }
    if (p->open_end) {
        *end = from;
        return true;
    }
    size_t start = segment_before_end(&p->segments[last], content, from);
    if (start == STR_NPOS) return false;
    if (last == 0) *at = start;
    return true;
}
