/* A line is a label if a ':' with white space or nothing behind it follows a few words. */
#include "formats/winevent/message.h"

#include "formats/lines.h"

enum { LABEL_LIMIT = 64 };

static bool is_label_byte(char c)
{
    bool letter = (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
    return letter || (c >= '0' && c <= '9') || memchr(" -_/().", c, 7) || (unsigned char)c >= 0x80;
}

/* Cuts "Label:  value" apart. */
static bool cut_label(pk_str line, pk_str *label, pk_str *content)
{
    size_t n = 0;
    while (n < line.len && n < LABEL_LIMIT && is_label_byte(line.ptr[n])) n++;
    if (n == 0 || n == line.len || line.ptr[n] != ':') return false;
    if (n + 1 < line.len && line.ptr[n + 1] != ' ' && line.ptr[n + 1] != '\t') return false;
    *label = str_trim(str_slice(line, 0, n));
    *content = str_trim(str_slice(line, n + 1, line.len));
    return label->len > 0;
}

void message_put_labels(pk_str message, field_sink *sink)
{
    bool inside = false;
    while (message.len) {
        size_t end = str_find_char(message, '\n');
        pk_str line = str_slice(message, 0, end), label, content;
        message = end == STR_NPOS ? (pk_str){0} : str_slice(message, end + 1, message.len);
        bool indented = line.len && (line.ptr[0] == '\t' || line.ptr[0] == ' ');
        if (!cut_label(str_trim(line), &label, &content)) continue;
        if (!indented && inside) {
            sink_leave(sink);
            inside = false;
        }
        if (!indented && content.len == 0) {
            sink_enter(sink, label, false);
            inside = true;
        } else {
            sink_put_or_blank(sink, label, content);
        }
    }
    if (inside) sink_leave(sink);
}
