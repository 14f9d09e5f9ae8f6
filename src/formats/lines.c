/* A line ends at LF; a CR before it belongs to the line break. Blank lines are lines, but no records. */
#include "formats/lines.h"

static size_t line_end(record_scan *scan, const uint8_t *bytes, size_t len, bool last)
{
    const uint8_t *found = scan->at < len ? memchr(bytes + scan->at, '\n', len - scan->at) : NULL;
    scan->at = len;
    if (found) return (size_t)(found - bytes) + 1;
    return last && scan->start < len ? len : 0;
}

static size_t line_resume(const uint8_t *bytes, size_t from, size_t len)
{
    const uint8_t *found = from < len ? memchr(bytes + from, '\n', len - from) : NULL;
    return found ? (size_t)(found - bytes) + 1 : STR_NPOS;
}

const record_rule line_rule = {"line", "text-line-limit", line_end, line_resume};

line_walk lines_of(const block *b)
{
    return (line_walk){(const char *)b->bytes, (const char *)b->bytes + b->len, b->line};
}

bool line_next(line_walk *w, pk_str *line, uint64_t *number)
{
    if (w->at == w->end) return false;
    const char *stop = memchr(w->at, '\n', (size_t)(w->end - w->at));
    const char *next = stop ? stop + 1 : w->end;
    if (!stop) stop = w->end;
    if (stop > w->at && stop[-1] == '\r') stop--;
    *line = (pk_str){w->at, (size_t)(stop - w->at)};
    *number = w->number++;
    w->at = next;
    return true;
}

bool line_is_blank(pk_str line)
{
    for (size_t i = 0; i < line.len; i++)
        if (!memchr(" \t\r\v\f", line.ptr[i], 6)) return false; /* 6: with the NUL */
    return true;
}
