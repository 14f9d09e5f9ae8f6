/*
 * Programs mix: a server logs JSON, its plug-in and its start-up messages text ("DEBUG: plugin: 2025/09/05 13:53:40 ...").
 * Such a line is an event. A line that is merely not JSON is a broken record, and reported. What tells the two apart is
 * a time: dddd-dd-dd, dddd/dd/dd, dd/Mon/dddd, dd:dd:dd.
 */
#include "formats/json/text_line.h"

#define NEAR_BEGINNING 96

/* 'd' is a digit, 'a' a letter, '-' one of the separators of dates; everything else itself. */
static const char *const time_shapes[] = {"dddd-dd-dd", "dd/aaa/dddd", "dd:dd:dd"};

static bool is_digit(char c) { return c >= '0' && c <= '9'; }
static bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

static bool has_shape(pk_str at, const char *shape)
{
    if (at.len < strlen(shape)) return false;
    for (size_t i = 0; shape[i]; i++) {
        char c = at.ptr[i];
        bool fits = shape[i] == 'd' ? is_digit(c)
                  : shape[i] == 'a' ? is_letter(c)
                  : shape[i] == '-' ? c == '-' || c == '/' || c == '.'
                                    : c == shape[i];
        if (!fits) return false;
    }
    return true;
}

bool text_line_is_log(pk_str line)
{
    size_t end = line.len < NEAR_BEGINNING ? line.len : NEAR_BEGINNING;
    for (size_t i = 0; i < end; i++) {
        char c = line.ptr[i];
        if (c == '{' || c == '}' || (c == '"' && i && line.ptr[i - 1] != '=')) return false;
        if (!is_digit(c) || (i && is_digit(line.ptr[i - 1]))) continue;
        for (size_t k = 0; k < sizeof time_shapes / sizeof *time_shapes; k++)
            if (has_shape(str_slice(line, i, 16), time_shapes[k])) return true;
    }
    return false;
}
