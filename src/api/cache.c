/*
 * Programs kept on disk. An entry is named after what was asked for (rules, choice, stated log sources, lists by number,
 * version, processor); what it was made of stands in its manifest and is compared with what is there now: the files that a
 * walk finds, each by its print or, where that has changed or is too fresh to tell, by its content; lists and schemas by
 * content. If all agrees, catalogue and program are what reading and compiling would make again.
 *
 * Whatever is wrong with the folder or with a file of it means the same: there is no entry, and the rules are read. The rest of an
 * image is checked with it, though it is read by rule when an alert asks for it. Only what breaks between the two is found out too late;
 * that is told, and the entry removed.
 */
#define _GNU_SOURCE /* dl_iterate_phdr */
#include "api/cache.h"

#include <link.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/auxv.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>
#if defined(__x86_64__)
#include <cpuid.h>
#endif

#include "api/cache_folder.h"
#include "api/cache_image.h"
#include "base/parallel.h"

enum { LEAST_BYTES = 64 << 10 };  /* of rules: fewer are read as fast as an entry */

/* What the image leads to. */
typedef struct {
    const ir_image *ir;
    const uint32_t *languages;    /* by rule: number in languages[] */
    const pk_str *without_rules;
    size_t without_rules_count;
    void *program;
    const diag_list *program_diags;
    bool whole;                   /* the rest is needed from the beginning on: by stages, for their plans */
} cached;

/* ---- what was asked for ---- */

/* The build that this code is from: structs may differ in any other. */
static int find_build(struct dl_phdr_info *info, size_t size, void *to)
{
    uintptr_t here = (uintptr_t)&find_build;
    bool mine = false;
    (void)size;
    for (int i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *p = &info->dlpi_phdr[i];
        mine |= p->p_type == PT_LOAD && here >= info->dlpi_addr + p->p_vaddr && here < info->dlpi_addr + p->p_vaddr + p->p_memsz;
    }
    for (int i = 0; mine && i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *p = &info->dlpi_phdr[i];
        if (p->p_type == PT_NOTE) text_put(to, (pk_str){(const char *)(info->dlpi_addr + p->p_vaddr), p->p_memsz}); /* holds the build id */
    }
    struct stat s;
    if (mine && stat(info->dlpi_name[0] ? info->dlpi_name : "/proc/self/exe", &s) == 0)
        text_printf(to, "|%llu %lld %lld.%09ld|", (unsigned long long)s.st_ino, (long long)s.st_size, (long long)s.st_mtim.tv_sec, s.st_mtim.tv_nsec);
    return mine;
}

static void put_processor(text *out)
{
#if defined(__x86_64__)
    unsigned a, b, c, d;
    if (__get_cpuid(1, &a, &b, &c, &d)) text_printf(out, "|%x %x", c & ~(1u << 27), d); /* OSXSAVE is the system's */
    if (__get_cpuid_count(7, 0, &a, &b, &c, &d)) text_printf(out, " %x %x %x", b, c, d);
#endif
    struct utsname u;
    if (uname(&u) == 0) text_printf(out, "|%s %lx %lx|", u.machine, getauxval(AT_HWCAP), getauxval(AT_HWCAP2));
}

static void put_str(text *out, pk_str s)
{
    text_printf(out, "%zu:", s.len);
    text_put(out, s);
}

static void put_strs(text *out, pk_strs s)
{
    text_printf(out, "[%zu]", s.count);
    for (size_t i = 0; i < s.count; i++) put_str(out, s.items[i]);
}

static void put_choice(text *out, const pk_choice *o)
{
    const pk_strs lists[] = {o->levels, o->statuses, o->tags, o->techniques, o->ids, o->log_sources};
    _Static_assert(sizeof(pk_choice) == 6 * sizeof(pk_strs), "a member of pk_choice came or went");
    for (size_t i = 0; i < 6; i++) put_strs(out, lists[i]);
}

static void put_request(text *out, const pk_catalog *c, const pk_choice *choice)
{
    char here[4096];
    text_put_cstring(out, pk_version());
    dl_iterate_phdr(find_build, out);
    put_processor(out);
    put_choice(out, choice);
    text_printf(out, "[%zu]", c->stated.len);
    for (size_t i = 0; i < c->stated.len; i++) {
        put_str(out, c->stated.at[i].product);
        put_str(out, c->stated.at[i].category);
        put_str(out, c->stated.at[i].service);
    }
    text_printf(out, "[%zu%s]", c->list_sources.len, c->empty_lists ? " or empty" : "");
    text_printf(out, "[%zu]", c->asked.len);
    bool relative = false;
    for (size_t i = 0; i < c->asked.len; i++) {
        put_str(out, c->asked.at[i]);
        relative |= c->asked.at[i].len == 0 || c->asked.at[i].ptr[0] != '/';
    }
    if (relative && getcwd(here, sizeof here)) put_str(out, str_from(here));
}

static void name_of(pk_str request, char out[48])
{
    digest d = digest_of(request.ptr, request.len, (digest){{1, 2}});
    snprintf(out, 48, "%016llx%016llx.program", (unsigned long long)d.at[0], (unsigned long long)d.at[1]);
}

/* ---- may it be used ---- */

bool cache_serves(const pk_catalog *c)
{
    uint64_t bytes = 0;
    if (!c->cache_folder.len || c->complete || !c->schema) return false;
    for (size_t i = 0; i < c->pending.len; i++) {
        if (c->pending.at[i].said || !c->pending.at[i].path.len) return false; /* what the walk could not do is told anew each time */
        bytes += c->pending.at[i].print.size;
    }
    return bytes >= LEAST_BYTES && ir_rule_count(c->ir) == 0;
}

pk_status pk_catalog_use_cache(pk_catalog *c, const char *folder)
{
    if (c->complete || c->pending.len || ir_rule_count(c->ir)) return PK_ERROR_USAGE;
    if (getrandom(&c->cache_key, sizeof c->cache_key, 0) != (ssize_t)sizeof c->cache_key) return PK_ERROR_IO;
    c->cache_folder = cache_folder_path(folder, c->arena);
    return c->cache_folder.len ? PK_OK : PK_ERROR_IO;
}

static void note(pk_catalog *c, const char *what)
{
    c->cache_note = arena_printf(c->arena, "the cache " STR_FMT ": %s", STR_ARG(c->cache_folder), what);
}

pk_str pk_catalog_cache_note(const pk_catalog *c) { return c->cache_note; }

/* ---- fetching ---- */

typedef struct {
    pk_catalog *catalog;
    pk_str request;
    char name[48];
    int folder, file;
    size_t size;
    cache_header header;
    cache_manifest manifest;
    arena *arena;
    bool renew;                   /* files are what they were, but their prints have changed or are no longer fresh */
    cache_image *image;
    const ir_image_unit *units;
    bool whole;                   /* front and rest have been read */
} entry;

/* What a catalogue keeps of the entry that it came from. */
struct kept {
    cache_image *image;
    const ir_image_unit *units;   /* by rule: where its rest stands */
    char name[48];
    pthread_mutex_t lock;         /* over the image and what follows, but for looking at states */
    atomic_int rest;              /* all of it: a rest_state */
    atomic_uchar *rules;          /* by rule: REST_READ, or what `rest` is */
    pk_rule *views;               /* the catalogue's, of rules that are read */
};
enum { REST_UNREAD, REST_READ, REST_LOST };

enum { PIECES_A_THREAD = 8 };

static bool open_entry(entry *e)
{
    uint8_t header[CACHE_HEADER_SIZE];
    e->file = cache_file_open(e->folder, e->name, &e->size);
    return e->file >= 0 && e->size >= sizeof header && cache_file_read(e->file, header, sizeof header, 0) &&
           cache_header_read(&e->header, header, sizeof header, e->size);
}

static bool read_manifest(entry *e)
{
    char *bytes = arena_alloc(e->arena, e->header.manifest_len);
    pk_str all = {bytes, e->header.manifest_len};
    return cache_file_read(e->file, bytes, all.len, e->header.manifest_at) &&
           digest_equal(digest_of(bytes, all.len, e->header.key), e->header.manifest) && cache_manifest_read(&e->manifest, all, e->arena);
}

/* Is the file what it was? Its content is only looked at where its print does not tell. */
static bool same_file(entry *e, read_file_note *was, const pending_file *is)
{
    if (!str_equal(was->path, is->path) || was->named != is->named) return false;
    if (print_equal(&was->print, &is->print) && !print_is_fresh(&was->print)) return true;
    arena *scratch = arena_new();
    diag_list *unheard = diag_list_new();
    pk_str content;
    bool same = was->print.size == is->print.size && read_text_file(is->path.ptr, LARGEST_RULE_FILE, scratch, &content, unheard) == PK_OK &&
                digest_equal(digest_of(content.ptr, content.len, e->header.key), was->content);
    diag_list_free(unheard);
    arena_free(scratch);
    e->renew |= !print_is_fresh(&is->print) || !print_equal(&was->print, &is->print);
    was->print = is->print;
    return same;
}

static bool same_sources(entry *e)
{
    const pk_catalog *c = e->catalog;
    cache_manifest *m = &e->manifest;
    if (!str_equal(m->request, e->request) || !digest_equal(m->schema, schema_content(c->schema))) return false;
    if (m->lists.len != c->list_sources.len || m->files.len != c->pending.len) return false;
    for (size_t i = 0; i < m->lists.len; i++) {
        pk_str list = c->list_sources.at[i];
        if (!digest_equal(m->lists.at[i], digest_of(list.ptr, list.len, e->header.key))) return false;
    }
    for (size_t i = 0; i < m->files.len; i++)
        if (!same_file(e, &m->files.at[i], &c->pending.at[i])) return false;
    return true;
}

/* A part as it is written: its bytes, its bit set. */
typedef struct { const void *bytes, *map; } part_bytes;

static void write_entry(int folder, const char *name, cache_header *h, const cache_manifest *m, const part_bytes parts[IMAGE_PARTS]);

static unsigned threads_for(const entry *e, image_part p)
{
    return parallel_threads(e->catalog->threads, e->header.parts[p].len / ((size_t)PIECES_A_THREAD << 18) + 1);
}

static bool restore(entry *e, pk_program **out)
{
    pk_catalog *c = e->catalog;
    size_t count = 0, size;
    void *front = cache_image_front(e->image, &size);
    const cached *root = image_at(front, size, e->header.root, sizeof *root);
    while (languages[count]) count++;
    if (!root) return false;
    e->whole = root->whole;
    unsigned threads = threads_for(e, IMAGE_REST);
    if (e->whole ? !cache_image_read(e->image, IMAGE_REST, threads) : !cache_image_check_rest(e->image, threads)) return false;
    for (size_t i = 0; i < root->ir->rule_count; i++) {
        if (root->languages[i] >= count) return false;
        root->ir->rules[i]->language = languages[root->languages[i]];
    }
    program *compiled = program_restore(root->program, c->ir, c->schema);
    if (!compiled) return false;
    ir_catalog_restore(c->ir, root->ir);
    e->units = root->ir->units;
    for (size_t i = 0; i < root->without_rules_count; i++) vec_push(&c->without_rules, root->without_rules[i]);
    pk_program *p = mem_zalloc(1, sizeof *p);
    *p = (pk_program){.catalog = c, .compiled = compiled, .diags = diag_list_new()};
    diag_restore(p->diags, root->program_diags);
    *out = p;
    return true;
}

/* Writes the entry again, with prints by which its files are known the next time. */
static void renew(entry *e)
{
    part_bytes parts[IMAGE_PARTS];
    for (int i = 0; i < IMAGE_PARTS; i++) {
        const char *bytes = cache_image_copy(e->image, (image_part)i, e->arena);
        if (!bytes) return;
        parts[i] = (part_bytes){bytes, bytes + e->header.parts[i].len};
    }
    write_entry(e->folder, e->name, &e->header, &e->manifest, parts);
}

static bool read_front(entry *e)
{
    e->image = cache_image_new(e->file, &e->header);
    e->file = -1;
    return e->image && cache_image_read(e->image, IMAGE_FRONT, threads_for(e, IMAGE_FRONT));
}

static void keep(entry *e)
{
    struct kept *k = mem_zalloc(1, sizeof *k);
    k->image = e->image;
    k->units = e->units;
    k->rules = mem_zalloc(ir_rule_count(e->catalog->ir) + 1, sizeof *k->rules);
    k->views = e->catalog->rules = mem_zalloc(ir_rule_count(e->catalog->ir) + 1, sizeof *k->views);
    memcpy(k->name, e->name, sizeof k->name);
    pthread_mutex_init(&k->lock, NULL);
    atomic_init(&k->rest, e->whole ? REST_READ : REST_UNREAD);
    e->catalog->kept = k;
    e->image = NULL;
}

static bool fetch(entry *e, pk_program **out)
{
    if (!open_entry(e) || !read_manifest(e) || !same_sources(e) || !read_front(e)) return false;
    if (e->renew) renew(e);
    if (!restore(e, out)) return false;
    keep(e);
    return true;
}

bool cache_fetch(pk_catalog *c, const pk_choice *choice, pk_program **out)
{
    const char *why;
    entry e = {.catalog = c, .file = -1};
    text request = {0};
    e.folder = cache_folder_open(c->cache_folder, &why);
    if (e.folder < 0) {
        note(c, why);
        return false;
    }
    put_request(&request, c, choice);
    e.request = text_view(&request);
    e.arena = arena_new();
    name_of(e.request, e.name);
    bool found = fetch(&e, out);
    note(c, found ? "the program came from it" : "no program that fits");
    if (found) catalog_restored(c);
    if (found && e.whole) catalog_refresh(c);
    cache_image_free(e.image);
    if (e.file >= 0) close(e.file);
    close(e.folder);
    arena_free(e.arena);
    text_free(&request);
    return found;
}

void cache_release(pk_catalog *c)
{
    if (!c->kept) return;
    cache_image_free(c->kept->image);
    pthread_mutex_destroy(&c->kept->lock);
    mem_free(c->kept->rules);
    mem_free(c->kept->views);
    mem_free(c->kept);
}

/* ---- the rest ---- */

/* So that the next run makes another. */
static void remove_entry(pk_catalog *c)
{
    const char *why;
    int folder = cache_folder_open(c->cache_folder, &why);
    if (folder < 0) return;
    unlinkat(folder, c->kept->name, 0);
    close(folder);
}

/* Rules that can't be read have an index and a state, and nothing that leads into what is lost. */
static void lose_rest(pk_catalog *c)
{
    for (size_t i = 0; i < ir_rule_count(c->ir); i++) {
        rule *r = ir_rule(c->ir, i);
        if (atomic_load(&c->kept->rules[i]) == REST_READ) continue;
        *r = (rule){.index = r->index, .language = r->language, .state = r->state, .silent = r->silent};
        c->rules[i] = rule_view(r);
    }
    remove_entry(c);
    atomic_store(&c->kept->rest, REST_LOST);
}

static void show_rule(pk_catalog *c, size_t i)
{
    if (atomic_load(&c->kept->rules[i]) == REST_READ) return;
    c->rules[i] = rule_view(ir_rule(c->ir, i));
    atomic_store(&c->kept->rules[i], REST_READ);
}

static void read_rest(pk_catalog *c)
{
    struct kept *k = c->kept;
    pthread_mutex_lock(&k->lock);
    if (atomic_load(&k->rest) == REST_UNREAD && !cache_image_read(k->image, IMAGE_REST, parallel_threads(c->threads, 2))) lose_rest(c);
    if (atomic_load(&k->rest) == REST_UNREAD) {
        for (size_t i = 0; i < ir_rule_count(c->ir); i++) show_rule(c, i);
        atomic_store(&k->rest, REST_READ);
    }
    pthread_mutex_unlock(&k->lock);
}

static void read_rule(pk_catalog *c, size_t i)
{
    struct kept *k = c->kept;
    pthread_mutex_lock(&k->lock);
    if (atomic_load(&k->rest) == REST_UNREAD && atomic_load(&k->rules[i]) == REST_UNREAD) {
        if (cache_image_read_some(k->image, k->units[i].at, k->units[i].len)) show_rule(c, i);
        else lose_rest(c);
    }
    pthread_mutex_unlock(&k->lock);
}

/* Reading changes nothing that anybody can tell. */
static pk_catalog *changeable(const pk_catalog *c) { return (pk_catalog *)(uintptr_t)c; }

bool catalog_rest(const pk_catalog *c)
{
    struct kept *k = c->kept;
    if (!k) return true;
    if (atomic_load_explicit(&k->rest, memory_order_acquire) == REST_UNREAD) read_rest(changeable(c));
    return atomic_load_explicit(&k->rest, memory_order_acquire) == REST_READ;
}

bool catalog_rest_of(const pk_catalog *c, uint32_t number)
{
    struct kept *k = c->kept;
    if (!k || atomic_load_explicit(&k->rest, memory_order_acquire) == REST_READ) return true;
    if (atomic_load_explicit(&k->rules[number], memory_order_acquire) == REST_UNREAD) read_rule(changeable(c), number);
    return atomic_load_explicit(&k->rules[number], memory_order_acquire) == REST_READ;
}

/* ---- storing ---- */

static void write_entry(int folder, const char *name, cache_header *h, const cache_manifest *m, const part_bytes parts[IMAGE_PARTS])
{
    uint8_t header[CACHE_HEADER_SIZE];
    cache_piece pieces[3 + 2 * IMAGE_PARTS];
    text manifest = {0};
    digest *digests = NULL;
    size_t n = 0, at = CACHE_HEADER_SIZE;
    cache_manifest_write(&manifest, m);
    h->manifest_at = at;
    h->manifest_len = manifest.len;
    h->manifest = digest_of(manifest.ptr, manifest.len, h->key);
    pieces[n++] = (cache_piece){header, sizeof header};
    pieces[n++] = (cache_piece){manifest.ptr, manifest.len};
    at += manifest.len;
    for (size_t i = 0; i < IMAGE_PARTS; i++) {
        cache_part *p = &h->parts[i];
        p->at = at;
        size_t count;
        mem_free(digests);
        digests = cache_part_digests(parts[i].bytes, parts[i].map, p->len, (image_part)i, h->key, &count);
        p->digest = cache_part_digest(digests, count, h->key);
        pieces[n++] = (cache_piece){parts[i].bytes, p->len};
        pieces[n++] = (cache_piece){parts[i].map, image_map_bytes(p->len)};
        at += p->len + image_map_bytes(p->len);
        if (i == IMAGE_REST) pieces[n++] = (cache_piece){digests, count * sizeof *digests};
    }
    cache_header_write(header, h);
    if (cache_file_write(folder, name, pieces, n)) cache_folder_tidy(folder, name);
    mem_free(digests);
    text_free(&manifest);
}

static uint32_t language_number(const language *l)
{
    uint32_t i = 0;
    while (languages[i] && languages[i] != l) i++;
    return i;
}

struct cache_store {
    const pk_catalog *catalog;
    image_writer *writer;
    size_t root;
    pthread_t thread;
    bool started;
};

/* The catalogue is complete, and compiling only reads it: so its image can be made beside that. */
static void *put_catalog(void *user)
{
    cache_store *st = user;
    const pk_catalog *c = st->catalog;
    image_writer *w = st->writer;
    size_t rules = ir_rule_count(c->ir), root = st->root;
    uint32_t *numbers = mem_zalloc(rules + 1, sizeof *numbers);
    for (size_t i = 0; i < rules; i++) numbers[i] = language_number(ir_rule(c->ir, i)->language);
    ir_catalog_image(c->ir, w, root + offsetof(cached, ir));
    image_array(w, root + offsetof(cached, languages), numbers, rules, sizeof *numbers);
    image_strings(w, root + offsetof(cached, without_rules), c->without_rules.at, c->without_rules.len);
    mem_free(numbers);
    return NULL;
}

static void put_program(cache_store *st, const pk_program *p)
{
    bool whole = program_has_correlations(p->compiled);
    image_set(st->writer, st->root + offsetof(cached, whole), &whole, sizeof whole);
    program_image(p->compiled, st->writer, st->root + offsetof(cached, program));
    diag_image(p->diags, st->writer, st->root + offsetof(cached, program_diags));
    image_seal(st->writer);
}

cache_store *cache_store_begin(pk_catalog *c)
{
    if (c->unreadable || ir_rule_count(c->ir) == 0) return NULL;
    cache_store *st = mem_zalloc(1, sizeof *st);
    st->catalog = c;
    st->writer = image_writer_new();
    st->root = image_copy(st->writer, &(cached){.without_rules_count = c->without_rules.len}, sizeof(cached));
    if (parallel_threads(c->threads, 2) > 1) st->started = pthread_create(&st->thread, NULL, put_catalog, st) == 0;
    if (!st->started) put_catalog(st);
    return st;
}

static void store(cache_store *st, const pk_choice *choice, const pk_program *p)
{
    const pk_catalog *c = st->catalog;
    const image_writer *w = st->writer;
    const char *why;
    char name[48];
    text request = {0};
    cache_manifest m = {.schema = schema_content(c->schema)};
    int folder = cache_folder_open(c->cache_folder, &why);
    if (folder < 0) return;
    put_request(&request, c, choice);
    m.request = text_view(&request);
    name_of(m.request, name);
    arena *a = arena_new();
    for (size_t i = 0; i < c->list_sources.len; i++)
        vec_push_in(a, &m.lists, digest_of(c->list_sources.at[i].ptr, c->list_sources.at[i].len, c->cache_key));
    m.files.at = c->read.at;
    m.files.len = c->read.len;
    cache_header h = {.key = c->cache_key, .root = st->root};
    part_bytes parts[IMAGE_PARTS];
    put_program(st, p);
    for (int i = 0; i < IMAGE_PARTS; i++) {
        h.parts[i].len = image_size(w, (image_part)i);
        parts[i] = (part_bytes){image_bytes(w, (image_part)i), image_map(w, (image_part)i)};
    }
    write_entry(folder, name, &h, &m, parts);
    arena_free(a);
    text_free(&request);
    close(folder);
}

void cache_store_end(cache_store *st, const pk_choice *choice, const pk_program *p)
{
    if (!st) return;
    if (st->started) pthread_join(st->thread, NULL);
    if (p) store(st, choice, p);
    image_writer_free(st->writer);
    mem_free(st);
}
