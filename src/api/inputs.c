/*
 * Cutting: goes through the inputs once, in order, one thread at a time; whoever is free cuts the next block for itself.
 */
#include "api/scan.h"

#include <fnmatch.h>
#include <time.h>

enum {
    RECORD_LIMIT = 50 << 20,
    BLOCK_SIZE = 64 << 10,         /* what the processor has near, with what it needs for working on it */
    SHARED_BLOCK_SIZE = 512 << 10,
    BLOCKS_EACH = 16,              /* at least, so that all threads end together */
    PATIENCE = 100000,             /* nanoseconds */
};

void cutting_init(cutting *c, const pk_scan_options *options)
{
    *c = (cutting){.options = options, .block_size = BLOCK_SIZE, .reading = diag_list_new()};
    pthread_mutex_init(&c->lock, NULL);
}

void cutting_destroy(cutting *c)
{
    if (c->stream) cut_stream_release(c->stream);
    for (size_t i = 0; i < c->inputs.len; i++) input_list_free(c->inputs.at[i].list);
    for (size_t i = 0; i < c->assignments.len; i++) mem_free(c->assignments.at[i].glob);
    vec_free(&c->inputs);
    vec_free(&c->assignments);
    diag_list_free(c->reading);
    pthread_mutex_destroy(&c->lock);
}

void cut_stream_release(cut_stream *s)
{
    if (!s || atomic_fetch_sub(&s->references, 1) != 1) return;
    s->format->cut_free(s->cutter);
    mem_free(s);
}

/* The class stated for a file: by the first glob that fits its name or the end of its name, else that of its argument. */
static class_id stated_class(const cutting *c, const scan_input *in, pk_str name)
{
    class_id stated = in->stated;
    char *path = c->assignments.len ? mem_cstring(name) : NULL;
    const char *base = path ? strrchr(path, '/') : NULL;
    for (size_t i = 0; i < c->assignments.len; i++) {
        const assignment *a = &c->assignments.at[i];
        if (fnmatch(a->glob, path, 0) != 0 && (!base || fnmatch(a->glob, base + 1, 0) != 0)) continue;
        stated = a->stated;
        break;
    }
    mem_free(path);
    return stated;
}

static void open_stream(cutting *c, const scan_input *in, const input_item *item, diag_list *d)
{
    size_t limit = c->options->record_limit ? c->options->record_limit : RECORD_LIMIT;
    cut_options options = {.record_limit = limit, .block_size = c->block_size};
    cut_stream *s = mem_zalloc(1, sizeof *s);
    s->format = item->format;
    s->cutter = item->format->cut_new(item->stream, &options, d);
    s->name = item->name;
    s->input = c->next_file++;
    s->stated = stated_class(c, in, item->name);
    s->context = in->context;
    atomic_init(&s->references, 1); /* that of the cutting itself */
    c->stream = s;
}

/* Opens the next stream; false: there is none left. */
static bool next_stream(cutting *c, ticket *t, const atomic_bool *stop)
{
    while (c->current < c->inputs.len && !atomic_load(stop)) {
        const scan_input *in = &c->inputs.at[c->current];
        input_item item = {0};
        switch (input_next(in->list, &item, c->reading)) {
        case INPUT_OPENED: open_stream(c, in, &item, t->diags); return true;
        case INPUT_SKIPPED: vec_push(&t->skipped, item.name); break;
        case INPUT_END: c->current++; break;
        }
    }
    return false;
}

static bool cut_block(cutting *c, ticket *t, block *b, const atomic_bool *stop)
{
    bool begins = false;
    while (!atomic_load(stop)) {
        if (!c->stream) {
            if (!next_stream(c, t, stop)) return false;
            begins = true;
        }
        if (c->stream->format->cut(c->stream->cutter, b, t->diags) == PK_OK) {
            t->bytes = b->len;
            t->stream = c->stream;
            t->begins_file = begins;
            atomic_fetch_add(&c->stream->references, 1);
            return true;
        }
        cut_stream_release(c->stream);
        c->stream = NULL;
        if (begins) { /* a file without a block: the ticket says that it was opened */
            t->begins_file = true;
            return true;
        }
    }
    return false;
}

/* ---- taking turns ---- */

static void breathe(void)
{
#ifdef __x86_64__
    for (int i = 0; i < 8; i++) __builtin_ia32_pause();
#endif
}

static int64_t nanoseconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* Others are done soon, mostly: sooner than it takes to fall asleep, to be woken, and to have one's memory near again. */
static void take_turn(cutting *c)
{
    if (pthread_mutex_trylock(&c->lock) == 0) return;
    for (int64_t end = nanoseconds() + PATIENCE; nanoseconds() < end;) {
        breathe();
        if (pthread_mutex_trylock(&c->lock) == 0) return;
    }
    pthread_mutex_lock(&c->lock);
}

bool cutting_next(cutting *c, ticket *t, block *b, const atomic_bool *stop)
{
    take_turn(c);
    bool some = false;
    if (!c->ended) {
        bool more = cut_block(c, t, b, stop);
        diag_merge(t->diags, c->reading);
        c->ended = !more;
        some = more || diag_count(t->diags) || t->skipped.len; /* the last ticket may hold only what ending had to say */
        if (some) t->number = c->next_number++;
    }
    pthread_mutex_unlock(&c->lock);
    return some;
}

/* Of all inputs; 0: not known. */
static uint64_t bytes_total(const cutting *c)
{
    uint64_t total = 0;
    for (size_t i = 0; i < c->inputs.len; i++) {
        uint64_t size = input_bytes_total(c->inputs.at[i].list);
        if (!size) return 0;
        total += size;
    }
    return total;
}

void cutting_share(cutting *c, size_t threads)
{
    uint64_t each = bytes_total(c) / threads / BLOCKS_EACH;
    if (threads > 1 && each > BLOCK_SIZE) c->block_size = each < SHARED_BLOCK_SIZE ? (size_t)each : SHARED_BLOCK_SIZE;
}

void cutting_progress(cutting *c, uint64_t *bytes, uint64_t *total)
{
    if (pthread_mutex_trylock(&c->lock) != 0) return; /* somebody is cutting: the last figures will do */
    *bytes = 0;
    *total = bytes_total(c);
    for (size_t i = 0; i < c->inputs.len; i++) *bytes += input_bytes_read(c->inputs.at[i].list);
    pthread_mutex_unlock(&c->lock);
}
