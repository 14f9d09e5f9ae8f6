/* --help, the manual page and completion, all written from the table of commands. */
#include "cli/catalog.h"
#include "cli/stream.h"

#include <stdio.h>

#include "cli/test_format.h"

enum { WIDTH = 100 };

const command *find_command(const char *name)
{
    for (const command *c = commands; c->name; c++)
        if (strcmp(c->name, name) == 0) return c;
    return NULL;
}

static void put_heading(text *out, const char *heading, bool color)
{
    text_printf(out, "%s%s%s\n", color ? "\x1b[1m" : "", heading, color ? "\x1b[0m" : "");
}

/* Paragraphs, broken at blanks, each line indented; the first goes on at column `at`. */
static void put_wrapped(text *out, const char *words, size_t indent, size_t at)
{
    while (*words) {
        size_t n = strcspn(words, " \n");
        if (at + 1 + n > WIDTH && at > indent) {
            text_printf(out, "\n%*s", (int)indent, "");
            at = indent;
        } else if (at > indent) {
            text_put_char(out, ' ');
            at++;
        }
        text_put(out, (pk_str){words, n});
        at += n;
        words += n;
        if (words[0] == '\n' && words[1] == '\n') {
            text_printf(out, "\n\n%*s", (int)indent, "");
            at = indent;
        }
        words += strspn(words, " \n");
    }
    text_put_char(out, '\n');
}

static void put_option(text *out, const option *o)
{
    enum { COLUMN = 28 };
    text left = {0};
    if (o->id < 256) text_printf(&left, "  -%c, --%s", o->id, o->name);
    else if (!o->name[1]) text_printf(&left, "  -%s", o->name);
    else text_printf(&left, "      --%s", o->name);
    if (o->argument) text_printf(&left, " %s", o->argument);
    text_put(out, text_view(&left));
    if (left.len + 2 > COLUMN) text_printf(out, "\n%*s", COLUMN, "");
    else text_printf(out, "%*s", (int)(COLUMN - left.len), "");
    put_wrapped(out, o->help, COLUMN, COLUMN);
    text_free(&left);
}

/* The words that may follow `picket catalog`. */
static void put_catalog_commands(text *out, bool color)
{
    arena *a = arena_new();
    catalog_commands all = catalog_commands_new(a);
    put_heading(out, "Commands", color);
    for (size_t i = 0; i < all.count; i++) {
        text_printf(out, "  %-22s ", all.items[i].name);
        put_wrapped(out, all.items[i].title, 25, 25);
    }
    text_put_char(out, '\n');
    arena_free(a);
}

void write_help(text *out, const command *c, bool color)
{
    text_printf(out, "picket %s: %s\n\n", c->name, c->title);
    put_heading(out, "Usage", color);
    text_printf(out, "  picket %s [OPTION]... %s\n\n  ", c->name, c->arguments);
    put_wrapped(out, c->description, 2, 2);
    text_put_char(out, '\n');
    if (c->run == run_catalog) put_catalog_commands(out, color);
    put_heading(out, "Options", color);
    for (const option *o = c->options; o->name; o++) put_option(out, o);
    if (c->examples->line) {
        text_put_char(out, '\n');
        put_heading(out, "Examples", color);
        for (const example *e = c->examples; e->line; e++) text_printf(out, "  # %s\n  %s\n", e->what, e->line);
    }
}

static const char exit_codes[] =
    "0 the run was clean; 1 there were alerts at or above --fail-level, or a test failed; 2 some input was damaged, some rule is an error, the run was "
    "interrupted or something could not be written (2 beats 1); 3 the command line is wrong, or asks for what can't be "
    "(a query, an address to listen on, a token file without a token).";

static const char environment[][2][120] = {
    {"PICKET_SHARE", "the folder of the data that ships with picket (schemas, rules)"},
    {"NO_COLOR", "if set and not empty: no colours"},
    {"TMPDIR", "where rows of correlations go that do not fit into memory"},
};

void write_overview(text *out, bool color)
{
    text_printf(out, "picket %s: runs detection rules over logs, and says why each one fired\n\n", pk_version());
    put_heading(out, "Usage", color);
    text_put_cstring(out, "  picket COMMAND [OPTION]... ARGUMENT...\n\n");
    put_heading(out, "Commands", color);
    for (const command *c = commands; c->name; c++) text_printf(out, "  %-9s %s\n", c->name, c->title);
    text_put_char(out, '\n');
    put_heading(out, "Examples", color);
    for (const command *c = commands; c->name; c++)
        if (c->examples->line) text_printf(out, "  # %s\n  %s\n", c->examples->what, c->examples->line);
    text_put_char(out, '\n');
    put_heading(out, "Exit codes", color);
    text_put_cstring(out, "  ");
    put_wrapped(out, exit_codes, 2, 2);
    text_put_cstring(out, "\n'picket COMMAND --help' shows the options of a command.\n");
}

/* ---- manual page ---- */

/* Text of a roff line: backslashes, and a dot or quote at its start, mean something there. */
static void put_roff(text *out, const char *s)
{
    bool start = true;
    for (; *s; s++) {
        if (start && (*s == '.' || *s == '\'')) text_put_cstring(out, "\\&");
        if (*s == '\\') text_put_cstring(out, "\\e");
        else if (*s == '-') text_put_cstring(out, "\\-");
        else if (s[0] == '\n' && s[1] == '\n') text_put_cstring(out, "\n.PP"), s++, text_put_char(out, '\n');
        else text_put_char(out, *s);
        start = *s == '\n';
    }
    text_put_char(out, '\n');
}

static void put_man_command(text *out, const command *c)
{
    text_printf(out, ".SS picket %s\n", c->name);
    text_printf(out, ".B picket %s\n[OPTION]... ", c->name);
    put_roff(out, c->arguments);
    text_put_cstring(out, ".PP\n");
    put_roff(out, c->description);
    for (const option *o = c->options; o->name; o++) {
        text_put_cstring(out, ".TP\n");
        if (o->id < 256) text_printf(out, "\\fB\\-%c\\fR, ", o->id);
        text_put_cstring(out, "\\fB\\-\\-");
        text_put_cstring(out, o->name);
        text_put_cstring(out, "\\fR");
        if (o->argument) text_printf(out, " \\fI%s\\fR", o->argument);
        text_put_char(out, '\n');
        put_roff(out, o->help);
    }
    if (c->examples->line) text_put_cstring(out, ".PP\nExamples:\n");
    for (const example *e = c->examples; e->line; e++) {
        text_put_cstring(out, ".PP\n");
        put_roff(out, e->what);
        text_put_cstring(out, ".RS\n.nf\n");
        put_roff(out, e->line);
        text_put_cstring(out, ".fi\n.RE\n");
    }
}

static void put_man_catalog(text *out)
{
    arena *a = arena_new();
    catalog_commands all = catalog_commands_new(a);
    for (size_t i = 0; i < all.count; i++) put_man_command(out, &all.items[i]);
    arena_free(a);
}

static void write_manual(text *out)
{
    text_printf(out, ".TH PICKET 1 \"\" \"picket %s\"\n.SH NAME\npicket \\- runs detection rules over logs, and says why each one fired\n", pk_version());
    text_put_cstring(out, ".SH SYNOPSIS\n.B picket\nCOMMAND [OPTION]... ARGUMENT...\n.SH COMMANDS\n");
    for (const command *c = commands; c->name; c++) {
        put_man_command(out, c);
        if (c->run == run_catalog) put_man_catalog(out);
    }
    text_put_cstring(out, ".SH THE .TEST FORMAT\n.nf\n");
    put_roff(out, test_format_help);
    text_put_cstring(out, ".fi\n.SH EXIT STATUS\n");
    put_roff(out, exit_codes);
    text_put_cstring(out, ".SH ENVIRONMENT\n");
    for (size_t i = 0; i < sizeof environment / sizeof *environment; i++) {
        text_printf(out, ".TP\n.B %s\n", environment[i][0]);
        put_roff(out, environment[i][1]);
    }
}

/* ---- completion ---- */

static void put_option_names(text *out, const command *c)
{
    text_put_cstring(out, "options=\"");
    for (const option *o = c->options; o->name; o++)
        text_printf(out, "%s%s%s", o == c->options ? "" : " ", o->name[1] ? "--" : "-", o->name);
    text_put_cstring(out, "\" ;;\n");
}

/* The second word of `picket catalog` and its options. */
static void put_catalog_completion(text *out)
{
    arena *a = arena_new();
    catalog_commands all = catalog_commands_new(a);
    text_put_cstring(out, "    if [ \"${COMP_WORDS[1]}\" = catalog ]; then\n        if [ \"$COMP_CWORD\" -eq 2 ]; then\n            COMPREPLY=($(compgen -W \"");
    for (size_t i = 0; i < all.count; i++) text_printf(out, "%s%s", i ? " " : "", all.items[i].name + strlen("catalog "));
    text_put_cstring(out, "\" -- \"$word\"))\n            return\n        fi\n        case ${COMP_WORDS[2]} in\n");
    for (size_t i = 0; i < all.count; i++) {
        text_printf(out, "        %s) ", all.items[i].name + strlen("catalog "));
        put_option_names(out, &all.items[i]);
    }
    text_put_cstring(out, "        esac\n    fi\n");
    arena_free(a);
}

static void write_completion(text *out)
{
    text_put_cstring(out, "# bash completion for picket: source it, or put it into bash_completion.d\n_picket() {\n"
                          "    local word=${COMP_WORDS[COMP_CWORD]} options=\n    if [ \"$COMP_CWORD\" -eq 1 ]; then\n        COMPREPLY=($(compgen -W \"");
    for (const command *c = commands; c->name; c++) text_printf(out, "%s%s", c == commands ? "" : " ", c->name);
    text_put_cstring(out, "\" -- \"$word\"))\n        return\n    fi\n    case ${COMP_WORDS[1]} in\n");
    for (const command *c = commands; c->name; c++) {
        text_printf(out, "    %s) ", c->name);
        put_option_names(out, c);
    }
    text_put_cstring(out, "    esac\n");
    put_catalog_completion(out);
    text_put_cstring(out, "    case $word in\n    -*) COMPREPLY=($(compgen -W \"$options\" -- \"$word\")) ;;\n"
                          "    *) COMPREPLY=($(compgen -f -- \"$word\")) ;;\n    esac\n}\ncomplete -o filenames -F _picket picket\n");
}

int unknown_command(const char *word)
{
    pk_str names[16];
    size_t n = 0;
    for (const command *c = commands; c->name && n < 16; c++) names[n++] = str_from(c->name);
    pk_str near = str_nearest(str_from(word), names, n);
    if (near.len) return usage_error(NULL, "there is no command '%s'; did you mean '" STR_FMT "'?", word, STR_ARG(near));
    return usage_error(NULL, "there is no command '%s'", word);
}

int run_help(const command_line *line)
{
    text out = {0};
    const command *about = NULL;
    bool man = false, completion = false;
    arena *a = arena_new();
    catalog_commands inner = catalog_commands_new(a);
    for (size_t i = 0; i < line->count; i++) {
        const item *it = &line->items[i];
        if (it->id == OPTION_MAN) man = true;
        else if (it->id == OPTION_COMPLETION) completion = true;
        else if (it->id == 0) {
            about = about && about->run == run_catalog ? catalog_command_find(&inner, it->value) : find_command(it->value);
            if (!about) {
                arena_free(a);
                return unknown_command(it->value);
            }
        }
    }
    out_stream to = out_stdout();
    if (man) write_manual(&out);
    else if (completion) write_completion(&out);
    else if (about) write_help(&out, about, to.color);
    else write_overview(&out, to.color);
    out_write(&to, text_view(&out));
    text_free(&out);
    arena_free(a);
    return out_end(&to, EXIT_CLEAN);
}
