/* Reads .test files line by line. A "---" alone is no block: rules of several documents contain such lines. */
#include "api/testfile.h"

const block_kind_row block_kind_table[BLOCK_KINDS] = {
#define BLOCK(id, text, expected, words) {text, expected, words},
    TEST_BLOCKS(BLOCK)
#undef BLOCK
};

typedef struct {
    test_file *file;
    arena *arena;
    diag_list *diags;
    pk_str path;
    size_t at;               /* of the next line in the source */
    uint32_t line;           /* of the line last read */
    bool good;
} parser;

static bool next_line(parser *p, pk_str *out)
{
    pk_str left = str_slice(p->file->source, p->at, STR_NPOS);
    if (!left.len) return false;
    size_t end = str_find_char(left, '\n');
    *out = str_slice(left, 0, end);
    p->at += end == STR_NPOS ? left.len : end + 1;
    p->line++;
    while (out->len && out->ptr[out->len - 1] == '\r') out->len--;
    return true;
}

static bool is_case_line(pk_str line) { return str_starts_with(line, STR("=== ")); }

static bool is_block_line(pk_str line)
{
    return line.len > 4 && str_starts_with(line, STR("--- ")) && ((line.ptr[4] | 0x20) >= 'a' && (line.ptr[4] | 0x20) <= 'z');
}

static void wrong(parser *p, const char *hint, pk_str message)
{
    p->good = false;
    diag_add_text(p->diags, PK_ERROR, "test-syntax", (diag_place){p->path, p->line, 1, 0}, STR(""), message, str_from(hint));
}

/* ---- bodies ---- */

static bool is_blank(pk_str line) { return str_trim(line).len == 0; }

/* "\---" stands for "---", and so with more backslashes. */
static pk_str unescape(pk_str line)
{
    size_t n = 0;
    while (n < line.len && line.ptr[n] == '\\') n++;
    pk_str rest = str_slice(line, n, line.len);
    return n && (is_case_line(rest) || is_block_line(rest)) ? str_slice(line, 1, line.len) : line;
}

/* Reads lines up to the next header, which stays unread. */
static void read_body(parser *p, test_block *b)
{
    text body = {0};
    size_t kept = 0;         /* of body: up to its last line that isn't blank */
    b->start = b->end = p->at;
    for (;;) {
        size_t before = p->at;
        uint32_t line_before = p->line;
        pk_str line;
        if (!next_line(p, &line)) break;
        if (is_case_line(line) || is_block_line(line)) {
            p->at = before;
            p->line = line_before;
            break;
        }
        text_put(&body, unescape(line));
        text_put_char(&body, '\n');
        if (is_blank(line)) continue;
        kept = body.len;
        b->end = p->at;
    }
    b->body = arena_str(p->arena, str_slice(text_view(&body), 0, kept));
    text_free(&body);
}

void testfile_put_body(text *out, pk_str body)
{
    while (body.len) {
        size_t end = str_find_char(body, '\n');
        pk_str line = str_slice(body, 0, end), rest = line;
        while (rest.len && rest.ptr[0] == '\\') rest = str_slice(rest, 1, rest.len);
        if (is_case_line(rest) || is_block_line(rest)) text_put_char(out, '\\');
        text_put(out, line);
        text_put_char(out, '\n');
        body = end == STR_NPOS ? STR("") : str_slice(body, end + 1, body.len);
    }
}

/* ---- blocks and cases ---- */

static bool find_kind(pk_str word, block_kind *out)
{
    for (int i = 0; i < BLOCK_KINDS; i++)
        if (str_equal(word, str_from(block_kind_table[i].text))) {
            *out = (block_kind)i;
            return true;
        }
    return false;
}

static void unknown_kind(parser *p, pk_str word)
{
    pk_str names[BLOCK_KINDS];
    for (int i = 0; i < BLOCK_KINDS; i++) names[i] = str_from(block_kind_table[i].text);
    pk_str near = str_nearest(word, names, BLOCK_KINDS);
    pk_str hint = near.len ? arena_printf(p->arena, "did you mean '" STR_FMT "'?", STR_ARG(near)) : STR("");
    wrong(p, hint.ptr, arena_printf(p->arena, "unknown block '" STR_FMT "'", STR_ARG(word)));
}

static bool has_block(const test_case *c, block_kind kind)
{
    for (size_t i = 0; i < c->blocks.len; i++)
        if (c->blocks.at[i].kind == kind) return true;
    return false;
}

static void read_block(parser *p, test_case *c, pk_str header)
{
    pk_str words = str_trim(str_slice(header, 4, header.len));
    size_t blank = str_find_char(words, ' ');
    test_block b = {.line = p->line};
    pk_str kind = str_slice(words, 0, blank);
    b.words = blank == STR_NPOS ? STR("") : str_trim(str_slice(words, blank, words.len));
    bool known = find_kind(kind, &b.kind);
    if (!known) unknown_kind(p, kind);
    else if (block_kind_table[b.kind].words == 2 && !b.words.len) wrong(p, "", arena_printf(p->arena, "'" STR_FMT "' needs a word after it", STR_ARG(kind)));
    else if (block_kind_table[b.kind].words == 0 && b.words.len) wrong(p, "", arena_printf(p->arena, "'" STR_FMT "' takes no word after it", STR_ARG(kind)));
    else if (block_kind_table[b.kind].expected && has_block(c, b.kind)) wrong(p, "", arena_printf(p->arena, "a second block '" STR_FMT "'", STR_ARG(kind)));
    read_body(p, &b);
    if (known) vec_push_in(p->arena, &c->blocks, b);
}

static bool expects_something(const test_case *c)
{
    for (size_t i = 0; i < c->blocks.len; i++)
        if (block_kind_table[c->blocks.at[i].kind].expected) return true;
    return false;
}

static void read_case(parser *p, pk_str header)
{
    test_case c = {.name = str_trim(str_slice(header, 4, header.len)), .line = p->line};
    for (;;) {
        size_t before = p->at;
        pk_str line;
        if (!next_line(p, &line)) break;
        if (is_case_line(line)) {
            p->at = before;
            p->line--;
            break;
        }
        if (is_block_line(line)) read_block(p, &c, line);
        else if (!is_blank(line) && line.ptr[0] != '#') wrong(p, "a case consists of blocks, which begin with '--- KIND'", STR("text outside of a block"));
    }
    if (!expects_something(&c)) {
        uint32_t last = p->line;
        p->line = c.line;
        wrong(p, "add a block such as '--- alerts'", STR("the case expects nothing"));
        p->line = last;
    }
    vec_push_in(p->arena, &p->file->cases, c);
}

pk_status testfile_parse(test_file *out, pk_str source, pk_str path, arena *a, diag_list *d)
{
    *out = (test_file){.source = source};
    parser p = {.file = out, .arena = a, .diags = d, .path = path, .good = true};
    pk_str line;
    if (str_starts_with(source, STR("\xef\xbb\xbf"))) p.at = 3;
    while (next_line(&p, &line)) { /* what stands before the first case is commentary */
        if (is_case_line(line)) read_case(&p, line);
        else if (is_block_line(line)) wrong(&p, "begin a case with '=== NAME'", STR("a block before the first case"));
    }
    if (!out->cases.len) {
        p.line = 0;
        wrong(&p, "a case begins with '=== NAME'", STR("there is no case in the file"));
    }
    return p.good ? PK_OK : PK_ERROR_SYNTAX;
}
