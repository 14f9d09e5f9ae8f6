/*
 * Loading rule files side by side. Naming rules only lists their files; they are read when somebody first looks at what came
 * of them, by as many threads as there are processors. Each thread takes the next few files, in order, into a batch of its
 * own part of the catalogue, and the batches are joined in the order of files: the result is that of one thread.
 */
#include "api/api.h"
#include "base/parallel.h"

enum { FILES_A_BATCH = 8, FILES_A_THREAD = 64 }; /* a thread for fewer files does not pay */

typedef struct {
    ir_batch batch;
    VEC(pk_str) without_rules;
} file_batch;

typedef struct {
    pk_catalog *catalog;
    pending_file *files;
    size_t count;
    file_batch *batches;
    ir_catalog *parts[PARALLEL_MOST]; /* by worker */
} loading;

/* ---- one file ---- */

static void load_file(const pk_catalog *c, file_batch *b, pending_file *p)
{
    ir_catalog *part = b->batch.part;
    diag_list *diags = ir_diags(part);
    rule_file f = {.path = arena_str(ir_arena(part), p->path)};
    if (read_text_file(f.path.ptr, LARGEST_RULE_FILE, ir_arena(part), &f.text, diags) != PK_OK) return;
    p->readable = true;
    if (c->cache_folder.len) p->content = digest_of(f.text.ptr, f.text.len, c->cache_key);
    const language *l = language_detect(&f);
    language_options options = catalog_language_options(c);
    if (!l && p->named) {
        diag_add(diags, PK_ERROR, "rule-language", (diag_place){.file = f.path}, STR(""), NULL,
                 "is in no rule language that picket knows");
        return;
    }
    if (l && l->load(part, &f, &options) > 0) return;
    if (!l) /* a language that knows the text says itself that there is no rule in it */
        diag_add(diags, PK_NOTE, "no-rule", (diag_place){.file = f.path}, STR(""), NULL, "holds no rule; not counted");
    vec_push(&b->without_rules, f.path);
}

/* ---- many files ---- */

static void load_batch(size_t number, unsigned worker, void *user)
{
    loading *l = user;
    file_batch *b = &l->batches[number];
    size_t first = number * FILES_A_BATCH;
    ir_batch_begin(&b->batch, l->parts[worker]);
    for (size_t i = first; i < first + FILES_A_BATCH && i < l->count; i++) {
        if (l->files[i].said) diag_merge(ir_diags(l->parts[worker]), l->files[i].said);
        if (l->files[i].path.len) load_file(l->catalog, b, &l->files[i]);
    }
    ir_batch_end(&b->batch);
}

static void join_batch(pk_catalog *c, file_batch *b)
{
    ir_batch_join(c->ir, &b->batch);
    for (size_t i = 0; i < b->without_rules.len; i++) vec_push(&c->without_rules, b->without_rules.at[i]);
    vec_free(&b->without_rules);
}

/* For the manifest of a program that is kept. */
static void note_files(pk_catalog *c)
{
    for (size_t i = 0; c->cache_folder.len && i < c->pending.len; i++) {
        const pending_file *p = &c->pending.at[i];
        c->unreadable |= !p->readable;
        vec_push(&c->read, ((read_file_note){p->path, p->named, p->print, p->content}));
    }
}

void catalog_settle(pk_catalog *c)
{
    if (c->pending.len == 0) return;
    size_t count = c->pending.len, batches = (count + FILES_A_BATCH - 1) / FILES_A_BATCH;
    loading l = {.catalog = c, .files = c->pending.at, .count = count, .batches = mem_zalloc(batches, sizeof *l.batches)};
    unsigned threads = parallel_threads(c->threads, c->threads ? count : count / FILES_A_THREAD + 1);
    for (unsigned i = 0; i < threads; i++) l.parts[i] = ir_part_new(c->ir);
    parallel_for(batches, threads, load_batch, &l);
    for (size_t i = 0; i < batches; i++) join_batch(c, &l.batches[i]);
    for (unsigned i = 0; i < threads; i++) ir_part_join(c->ir, l.parts[i]);
    mem_free(l.batches);
    note_files(c);
    pending_clear(c);
}

/* ---- what is to be loaded ---- */

void pending_clear(pk_catalog *c)
{
    for (size_t i = 0; i < c->pending.len; i++) diag_list_free(c->pending.at[i].said);
    vec_free(&c->pending);
    diag_list_free(c->said);
    c->said = NULL;
}

/* Diagnostics of the walk stand where they would if each file were read when it is found. */
static void pend(pk_catalog *c, const char *path, const file_print *print, bool named)
{
    pending_file p = {.path = arena_str(c->arena, str_from(path)), .named = named, .said = c->said, .print = *print};
    c->said = NULL;
    vec_push(&c->pending, p);
}

diag_list *walk_diags(pk_catalog *c)
{
    if (!c->said) c->said = diag_list_new();
    return c->said;
}

pk_status pk_catalog_load(pk_catalog *c, const char *path)
{
    if (c->complete || !c->schema) return PK_ERROR_USAGE;
    vec_push(&c->asked, arena_str(c->arena, str_from(path)));
    pk_status status = walk_rule_files(c, path, pend);
    if (c->said) pend(c, "", &(file_print){0}, false);
    return status;
}
