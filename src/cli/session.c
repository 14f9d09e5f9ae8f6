/* What the commands do alike. */
#include "cli/session.h"

void session_init(session *s, const char *name)
{
    *s = (session){.command = name, .errors = out_stderr()};
    s->bar.to = &s->errors;
}

void session_free(session *s)
{
    interrupt_unwatch();
    pk_scanner_free(s->scanner);
    pk_program_free(s->program);
    pk_catalog_free(s->catalog);
}

size_t count_arguments(const command_line *line)
{
    size_t n = 0;
    for (size_t i = 0; i < line->count; i++) n += line->items[i].id == 0;
    return n;
}

bool session_open(session *s)
{
    if (pk_catalog_new(&s->catalog, NULL) == PK_OK) return true;
    report_diagnostics(&s->errors, pk_catalog_diagnostics(s->catalog), &(diagnostics_view){.least = PK_WARNING});
    return false;
}

void session_use_cache(session *s, const command_line *line)
{
    const char *folder = NULL;
    bool wanted = true;
    for (size_t i = 0; i < line->count; i++) {
        if (line->items[i].id == OPTION_CACHE) folder = line->items[i].value, wanted = true;
        if (line->items[i].id == OPTION_NO_CACHE) wanted = false;
    }
    if (wanted) (void)!pk_catalog_use_cache(s->catalog, folder); /* without one it only takes longer */
}

void session_load_lists(session *s, const command_line *line)
{
    for (size_t i = 0; i < line->count; i++) {
        const item *it = &line->items[i];
        if (it->id == OPTION_EMPTY_LISTS) pk_catalog_empty_lists(s->catalog);
        if ((it->id == OPTION_PLACEHOLDERS || it->id == OPTION_LISTS) && pk_catalog_load_lists(s->catalog, it->value) != PK_OK) s->wrong = true;
    }
}

void session_load_rules(session *s, const command_line *line)
{
    bool any = false;
    uint64_t threads = 0;
    for (size_t i = 0; i < line->count; i++)
        if (line->items[i].id == 'j' && parse_count(line->items[i].value, 256, &threads)) pk_catalog_use_threads(s->catalog, (unsigned)threads);
    session_load_lists(s, line);
    for (size_t i = 0; i < line->count; i++) {
        if (line->items[i].id != 'r') continue;
        any = true;
        if (pk_catalog_load(s->catalog, line->items[i].value) != PK_OK) s->wrong = true;
    }
    if (any) return;
    text shipped = {0};
    text_put(&shipped, pk_catalog_share(s->catalog));
    text_put_cstring(&shipped, "/rules");
    text_put_char(&shipped, 0);
    if (pk_catalog_load(s->catalog, shipped.ptr) != PK_OK) s->wrong = true;
    text_free(&shipped);
}

bool session_build(session *s, const pk_choice *choice, int *code)
{
    pk_status status = pk_program_build(&s->program, s->catalog, choice);
    if (status == PK_OK) return true;
    const pk_diagnostics *d = s->program ? pk_program_diagnostics(s->program) : pk_catalog_diagnostics(s->catalog);
    *code = status == PK_ERROR_USAGE ? EXIT_USAGE : EXIT_DAMAGED;
    report_diagnostics(&s->errors, d, &(diagnostics_view){.least = PK_ERROR});
    return false;
}

/* ---- --as ---- */

static bool is_auto(const char *value) { return strcmp(value, "auto") == 0; }

/* The place of the ':' between GLOB and SOURCE; NULL: there is no glob. */
static const char *glob_end(const char *value)
{
    const char *equals = strchr(value, '='), *found = NULL;
    while (equals) { /* the ':' before the first "name=" that is one of a log source */
        const char *start = equals;
        while (start > value && start[-1] >= 'a' && start[-1] <= 'z') start--;
        if (start > value && start[-1] == ':') found = start - 1;
        if (found) return found;
        equals = strchr(equals + 1, '=');
    }
    return NULL;
}

bool session_state_sources(session *s, const command_line *line, pk_log_source *sources)
{
    for (size_t i = 0; i < line->count; i++) {
        const item *it = &line->items[i];
        sources[i] = PK_LOG_SOURCE_BY_CONTENT;
        if (it->id != OPTION_AS || is_auto(it->value)) continue;
        const char *colon = glob_end(it->value);
        if (pk_catalog_state_source(s->catalog, colon ? colon + 1 : it->value, &sources[i]) == PK_OK) continue;
        usage_error(s->command, "--as '%s' is no log source; write product=NAME,category=NAME,service=NAME", it->value);
        return false;
    }
    return true;
}

/* ---- the scanner ---- */

static bool scan_option(session *s, const item *it, pk_scan_options *o)
{
    uint64_t n = 0;
    switch (it->id) {
    case 'j':
        if (!parse_count(it->value, 256, &n)) return usage_error(s->command, "--jobs '%s' is no number from 1 to 256", it->value), false;
        o->threads = (unsigned)n;
        return true;
    case OPTION_SINCE: case OPTION_UNTIL:
        if (!parse_time(it->value, it->id == OPTION_SINCE ? &o->since : &o->until))
            return usage_error(s->command, "--%s '%s' is no time; write 2026-11-22T05:00:00Z, 2026-11-22 or 24h", it->name, it->value), false;
        return true;
    case OPTION_MAX_RECORD:
        if (!parse_size(it->value, &n) || n > (UINT64_C(3) << 30)) return usage_error(s->command, "--max-record '%s' is no size up to 3G", it->value), false;
        o->record_limit = n;
        return true;
    case OPTION_MAX_UNPACKED:
        if (!parse_size(it->value, &n)) return usage_error(s->command, "--max-unpacked '%s' is no size", it->value), false;
        o->expansion_limit = n;
        return true;
    case OPTION_PROFILE: o->profile = true; return true;
    case OPTION_DERIVE_CONTEXT: o->derive_context = true; return true;
    case OPTION_NOW:
        if (!parse_time(it->value, &o->now) || o->now == 0) return usage_error(s->command, "--now '%s' is no time; write 2026-11-22T05:00:00Z or 2026-11-22", it->value), false;
        return true;
    case 'q': s->quiet = true; return true;
    default: return true;
    }
}

static void assign_globs(session *s, const command_line *line, const pk_log_source *sources)
{
    for (size_t i = 0; i < line->count; i++) {
        const item *it = &line->items[i];
        const char *colon = it->id == OPTION_AS && !is_auto(it->value) ? glob_end(it->value) : NULL;
        if (!colon) continue;
        char *glob = mem_cstring((pk_str){it->value, (size_t)(colon - it->value)});
        pk_scanner_assign(s->scanner, glob, sources[i]);
        mem_free(glob);
    }
}

/* "FEED=FILE"; without a feed the file's name is it. */
static pk_status add_indicators(session *s, const char *value)
{
    const char *equals = strchr(value, '=');
    char *feed = equals ? mem_cstring((pk_str){value, (size_t)(equals - value)}) : NULL;
    pk_status status = pk_scanner_add_indicators(s->scanner, equals ? equals + 1 : value, feed);
    mem_free(feed);
    return status;
}

static void add_context(session *s, const command_line *line)
{
    for (size_t i = 0; i < line->count; i++) {
        const item *it = &line->items[i];
        if (it->id == OPTION_CONTEXT && pk_scanner_add_context(s->scanner, it->value) != PK_OK) s->wrong = true;
        if (it->id == OPTION_INDICATORS && add_indicators(s, it->value) != PK_OK) s->wrong = true;
    }
}

static bool add_inputs(session *s, const command_line *line, const pk_log_source *sources)
{
    pk_input how = {NULL, PK_LOG_SOURCE_BY_CONTENT};
    for (size_t i = 0; i < line->count; i++) {
        const item *it = &line->items[i];
        if (it->id == OPTION_FORMAT) how.format = is_auto(it->value) ? NULL : it->value;
        if (it->id == OPTION_AS && (is_auto(it->value) || !glob_end(it->value))) how.source = sources[i];
        if (it->id != 0) continue;
        pk_status status = pk_scanner_add(s->scanner, it->value, &how);
        if (status == PK_ERROR_USAGE) {
            report_diagnostics(&s->errors, pk_scanner_diagnostics(s->scanner), &(diagnostics_view){.least = PK_ERROR});
            return false;
        }
        if (status != PK_OK) s->wrong = true;
    }
    return true;
}

bool session_scanner(session *s, const command_line *line, const pk_log_source *sources)
{
    pk_scan_options options = {.since = PK_NO_TIME, .until = PK_NO_TIME, .json_in_parts = true, .alerts_end = s->alerts_end};
    for (size_t i = 0; i < line->count; i++)
        if (!scan_option(s, &line->items[i], &options)) return false;
    if (!s->quiet && s->errors.terminal) {
        options.progress = progress_show;
        options.progress_user = &s->bar;
    }
    if (pk_scanner_new(&s->scanner, s->program, &options) != PK_OK) return false;
    assign_globs(s, line, sources);
    add_context(s, line);
    if (!add_inputs(s, line, sources)) return false;
    interrupt_watch(s->scanner);
    return true;
}
