/*
 * A schema of thousands of mappings costs more to read as YAML than all the rest of the files. So a section may be a block
 * of text, one `field: mapping` a line:
 *
 *     udm: |
 *       target.process.file.full_path: Image
 *       metadata.event_type: 'PROCESS_LAUNCH'
 *
 * To YAML that is a plain block scalar. Here it is cut out of the file before YAML sees it, by the one rule of block scalars
 * that matters: it ends at the first line that is indented no more than its key (YAML 1.2, 8.1).
 */
#include "schema/mapping_lines.h"

/* One line of [from, end), without its newline. */
static pk_str line_at(const char *from, const char *end)
{
    const char *newline = memchr(from, '\n', (size_t)(end - from));
    return (pk_str){from, (size_t)((newline ? newline : end) - from)};
}

static size_t indent_of(pk_str line)
{
    size_t i = 0;
    while (i < line.len && line.ptr[i] == ' ') i++;
    return i;
}

/* A key of a class whose value is a block of text. */
static bool begins_block(pk_str line)
{
    pk_str key = str_slice(line, indent_of(line), STR_NPOS);
    if (!str_ends_with(key, STR(": |")) || indent_of(line) == 0) return false;
    const schema_row *r = schema_row_find(str_slice(key, 0, key.len - 3));
    return r && r->mapped;
}

/* How many bytes of [from, end) belong to a block whose key is indented by `indent`. */
static size_t block_length(const char *from, const char *end, size_t indent, uint32_t *lines)
{
    const char *at = from;
    for (*lines = 0; at < end; ++*lines) {
        pk_str line = line_at(at, end);
        if (indent_of(line) <= indent && indent_of(line) < line.len) break;
        at = line.ptr + line.len < end ? line.ptr + line.len + 1 : end;
    }
    return (size_t)(at - from);
}

void mapping_blocks_take(char *bytes, size_t *len, arena *a, mapping_blocks *out)
{
    char *to = bytes;
    const char *at = bytes, *end = bytes + *len;
    for (uint32_t line = 1; at < end; line++) {
        pk_str one = line_at(at, end);
        size_t whole = one.len + (one.ptr + one.len < end), indent = indent_of(one);
        bool block = begins_block(one);
        memmove(to, at, whole);
        to += whole;
        at += whole;
        if (!block) continue;
        uint32_t lines;
        size_t length = block_length(at, end, indent, &lines);
        vec_push_in(a, &out->at, ((mapping_block){.line = line, .text = arena_str(a, (pk_str){at, length})}));
        at += length;
        line += lines;
        memset(to, '\n', lines); /* no line is shorter than its newline, but for the last one of a file */
        to += lines < length ? lines : length;
    }
    *len = (size_t)(to - bytes);
}

const mapping_block *mapping_block_at(const mapping_blocks *b, uint32_t line)
{
    size_t low = 0, high = b->at.len;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (b->at.at[middle].line < line)
            low = middle + 1;
        else
            high = middle;
    }
    return low < b->at.len && b->at.at[low].line == line ? &b->at.at[low] : NULL;
}

/* The colon of "a.labels['k: l']: mapping": a key may hold anything but "']". */
static size_t end_of_field(pk_str line)
{
    for (size_t i = 0; i + 1 < line.len; i++) {
        if (line.ptr[i] == ':' && line.ptr[i + 1] == ' ') return i;
        if (line.ptr[i] != '[' || line.ptr[i + 1] != '\'') continue;
        size_t close = str_find(str_slice(line, i, STR_NPOS), STR("']"));
        if (close == STR_NPOS) break;
        i += close + 1;
    }
    return STR_NPOS;
}

bool mapping_line_next(pk_str *rest, uint32_t *line, pk_str *field, pk_str *source)
{
    while (rest->len > 0) {
        size_t newline = str_find_char(*rest, '\n');
        pk_str one = str_trim(str_slice(*rest, 0, newline));
        *rest = newline == STR_NPOS ? STR("") : str_slice(*rest, newline + 1, STR_NPOS);
        ++*line;
        if (one.len == 0 || one.ptr[0] == '#') continue;
        size_t colon = end_of_field(one);
        *field = str_trim(str_slice(one, 0, colon));
        *source = colon == STR_NPOS ? (pk_str){0} : str_trim(str_slice(one, colon + 2, STR_NPOS));
        return true;
    }
    return false;
}
