/* Records of separated values: the end of a record is found by its quotes, cells are cut as the format of logs cuts them. */
#include "api/records.h"

#include "formats/csv/row.h"

/* Where the record ends: at a line end outside quotes, which open at the start of a cell only. */
static size_t record_end(pk_str s, char separator, uint32_t *lines)
{
    bool quoted = false, cell_begins = true;
    for (size_t i = 0; i < s.len; i++) {
        char ch = s.ptr[i];
        if (ch == '\n') {
            ++*lines;
            if (!quoted) return i;
        }
        if (quoted) {
            if (ch != '"') continue;
            if (i + 1 < s.len && s.ptr[i + 1] == '"') i++; /* a doubled one stands for itself */
            else quoted = false;
        } else {
            quoted = ch == '"' && cell_begins;
            cell_begins = ch == separator;
        }
    }
    return s.len;
}

bool next_record(pk_str *rest, char separator, arena *a, csv_record *out, uint32_t *line)
{
    out->cells.len = 0;
    while (rest->len) {
        uint32_t lines = 0;
        pk_str record = str_slice(*rest, 0, record_end(*rest, separator, &lines));
        *rest = str_slice(*rest, record.len + 1, rest->len);
        *line += lines;
        if (record.len && record.ptr[record.len - 1] == '\r') record.len--;
        if (str_trim(record).len == 0) continue;
        while (record.ptr) {
            pk_str cell = csv_next_cell(&record, separator, a);
            vec_push_in(a, &out->cells, str_trim(cell));
        }
        return true;
    }
    return false;
}
