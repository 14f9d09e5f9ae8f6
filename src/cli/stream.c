/* Output streams that remember their first error. */
#include "cli/stream.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "cli/command.h"

enum { PIECES = 1024 }; /* of one call; no system takes less (IOV_MAX) */

static bool color_wanted(void)
{
    const char *off = getenv("NO_COLOR"), *term = getenv("TERM");
    return !(off && *off) && term && strcmp(term, "dumb") != 0;
}

static out_stream of_file(FILE *file, const char *name)
{
    out_stream s = {.file = file, .name = name};
    s.terminal = isatty(fileno(file)) == 1;
    s.color = s.terminal && color_wanted();
    struct winsize size;
    if (s.terminal) s.width = ioctl(fileno(file), TIOCGWINSZ, &size) == 0 && size.ws_col >= 40 ? size.ws_col : 80;
    return s;
}

out_stream out_stdout(void) { return of_file(stdout, "standard output"); }
out_stream out_stderr(void) { return of_file(stderr, "standard error"); }

static void say_error(const out_stream *s)
{
    text line = {0};
    text_put_terminal(&line, str_from(s->name));
    fprintf(stderr, "picket: %.*s: %s\n", STR_ARG(text_view(&line)), strerror(s->error));
    text_free(&line);
}

bool out_open(out_stream *s, const char *path)
{
    FILE *file = fopen(path, "wbe");
    if (file) {
        *s = of_file(file, path);
        return true;
    }
    *s = (out_stream){.name = path, .error = errno};
    say_error(s);
    return false;
}

bool out_write(out_stream *s, pk_str bytes)
{
    if (s->error) return false;
    if (bytes.len && fwrite(bytes.ptr, 1, bytes.len, s->file) != bytes.len) s->error = errno ? errno : EIO;
    return s->error == 0;
}

bool out_flush(out_stream *s)
{
    if (!s->error && fflush(s->file) != 0) s->error = errno ? errno : EIO;
    return s->error == 0;
}

void out_gather(out_stream *s, const pk_str *pieces, size_t count)
{
    vec_reserve(&s->gathered, s->gathered.len + count);
    struct iovec *to = s->gathered.at + s->gathered.len;
    for (size_t i = 0; i < count; i++)
        if (pieces[i].len) *to++ = (struct iovec){(char *)(uintptr_t)pieces[i].ptr, pieces[i].len};
    s->gathered.len = (size_t)(to - s->gathered.at);
}

/* Writes all of the pieces; what a call left over, by the next one. */
static bool write_pieces(int file, struct iovec *at, size_t count)
{
    while (count) {
        ssize_t n = writev(file, at, (int)count);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return false;
        size_t left = (size_t)n;
        for (; count && left >= at->iov_len; at++, count--) left -= at->iov_len;
        if (count) *at = (struct iovec){(char *)at->iov_base + left, at->iov_len - left};
    }
    return true;
}

bool out_write_gathered(out_stream *s)
{
    if (s->gathered.len) out_flush(s);
    for (size_t i = 0, n; i < s->gathered.len && !s->error; i += n) {
        n = s->gathered.len - i < PIECES ? s->gathered.len - i : PIECES;
        if (!write_pieces(fileno(s->file), s->gathered.at + i, n)) s->error = errno ? errno : EIO;
    }
    s->gathered.len = 0;
    return s->error == 0;
}

bool out_pipe_closed(const out_stream *s) { return s->error == EPIPE; }

bool out_close(out_stream *s)
{
    vec_free(&s->gathered);
    if (!s->file) return s->error == 0;
    out_flush(s);
    bool standard = s->file == stdout || s->file == stderr;
    if (!standard && fclose(s->file) != 0 && !s->error) s->error = errno ? errno : EIO;
    s->file = NULL;
    if (s->error && s->error != EPIPE) say_error(s);
    return s->error == 0;
}

int out_end(out_stream *s, int code)
{
    if (out_close(s)) return code;
    return out_pipe_closed(s) ? code : EXIT_DAMAGED;
}
