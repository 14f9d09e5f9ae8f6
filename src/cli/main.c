/* picket: finds the command and hands it its words. */
#include <signal.h>
#include <stdio.h>

#include "cli/catalog.h"
#include "cli/stream.h"

static int show(void (*write)(text *out, bool color))
{
    text out = {0};
    out_stream to = out_stdout();
    write(&out, to.color);
    out_write(&to, text_view(&out));
    text_free(&out);
    return out_end(&to, EXIT_CLEAN);
}

static void write_version(text *out, bool color)
{
    (void)color;
    text_printf(out, "picket %s\n", pk_version());
}

static bool asks_for_help(const command_line *line)
{
    for (size_t i = 0; i < line->count; i++)
        if (line->items[i].id == 'h') return true;
    return false;
}

static int show_help(const command *c)
{
    text out = {0};
    out_stream to = out_stdout();
    write_help(&out, c, to.color);
    out_write(&to, text_view(&out));
    text_free(&out);
    return out_end(&to, EXIT_CLEAN);
}

int main(int argc, char **argv)
{
    signal(SIGPIPE, SIG_IGN); /* a closed pipe is seen where it is written to */
    if (argc < 2) {
        show(write_overview);
        return EXIT_USAGE;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) return show(write_overview);
    if (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "-V") == 0) return show(write_version);
    const command *c = find_command(argv[1]);
    if (!c) return unknown_command(argv[1]);
    arena *a = arena_new();
    if (argc > 2 && c->run == run_catalog) { /* its first word is a command too */
        catalog_commands all = catalog_commands_new(a);
        const command *inner = catalog_command_find(&all, argv[2]);
        if (inner) c = inner;
    }
    command_line line = {0};
    int code = EXIT_USAGE;
    if (parse_command_line(c, argc - 2, argv + 2, &line)) code = asks_for_help(&line) ? show_help(c) : c->run(&line);
    mem_free(line.items);
    arena_free(a);
    return code;
}
