/* RFC 4180 section 2. A quote inside a cell that doesn't begin with one is an ordinary character. */
#include "formats/csv/row.h"

/* The rest behind an opening quote: where the closing one is (or the end); *doubled: a doubled quote stands before it. */
static size_t closing_quote(pk_str s, bool *doubled)
{
    *doubled = false;
    for (size_t i = 0; i < s.len; i++) {
        if (s.ptr[i] != '"') continue;
        if (i + 1 == s.len || s.ptr[i + 1] != '"') return i;
        *doubled = true;
        i++;
    }
    return s.len;
}

static pk_str without_doubling(pk_str s, arena *a)
{
    char *out = arena_alloc(a, s.len);
    size_t n = 0;
    for (size_t i = 0; i < s.len; i++) {
        out[n++] = s.ptr[i];
        if (s.ptr[i] == '"' && i + 1 < s.len && s.ptr[i + 1] == '"') i++;
    }
    return (pk_str){out, n};
}

pk_str csv_next_cell(pk_str *rest, char separator, arena *a)
{
    pk_str s = *rest, cell;
    size_t end;
    if (s.len && s.ptr[0] == '"') {
        bool doubled;
        size_t close = closing_quote(str_slice(s, 1, s.len), &doubled);
        cell = str_slice(s, 1, close);
        if (doubled) cell = without_doubling(cell, a);
        end = str_find_char(str_slice(s, close + 1, s.len), separator);
        if (end != STR_NPOS) end += close + 1;
    } else {
        end = str_find_char(s, separator);
        cell = str_slice(s, 0, end);
    }
    *rest = end == STR_NPOS ? (pk_str){NULL, 0} : str_slice(s, end + 1, s.len);
    return cell;
}

char csv_separator_of(pk_str header)
{
    static const char separators[] = {',', ';', '\t', '|'};
    size_t best = 0;
    char found = 0;
    for (size_t k = 0; k < sizeof separators; k++) {
        size_t n = 0;
        bool quoted = false;
        for (size_t i = 0; i < header.len; i++) {
            if (header.ptr[i] == '"') quoted = !quoted;
            else if (!quoted && header.ptr[i] == separators[k]) n++;
        }
        if (n > best) best = n, found = separators[k];
    }
    return found;
}

bool csv_is_before_header(pk_str line, char *separator)
{
    if (str_starts_with(line, STR("sep=")) && line.len == 5) {
        *separator = line.ptr[4];
        return true;
    }
    return str_trim(line).len == 0 || str_starts_with(line, STR("#TYPE "));
}

size_t csv_count_cells(pk_str record, char separator)
{
    size_t n = 0;
    arena *a = arena_new();
    for (; record.ptr; n++) csv_next_cell(&record, separator, a);
    arena_free(a);
    return n;
}
