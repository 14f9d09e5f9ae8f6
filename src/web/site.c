/*
 * Every page as a file that works from disk. What there is to write is collected first (lists tell it, page by page); then a few
 * threads, each with a store of its own, make pages and write them. Addresses are relative; the search index is a script, since a
 * page on disk may not fetch.
 */
#include "web/site_files.h"
#include "web/site_index.h"
#include "web/share.h"
#include "web/export.h"

#include "base/hash.h"

#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

enum { MOST_THREADS = 16 };

typedef struct {
    const char *path;             /* of the route */
    place place;
    pk_str one, two;              /* what the place is of */
    pk_str index_line;            /* of a rule: its entry in the search index; made by the thread, freed by the site */
} job;

typedef struct {
    const char *catalog;
    const web *web;
    const store_run *run;
    site_folder *folder;
    arena *arena;
    VEC(job) jobs;
    table fields, techniques;     /* that have a page */
    bool has_run;
    atomic_size_t next, pages, bytes;
    atomic_bool failed;
    pthread_mutex_t lock;         /* for `d` */
    diag_list *d;
} site;

typedef struct {
    site *site;
    store *store;
    arena *arena;
    VEC(char *) tabs;             /* of the technique in hand */
} worker;

static void say(site *s, pk_str what, pk_str message)
{
    pthread_mutex_lock(&s->lock);
    diag_add(s->d, PK_ERROR, "site", (diag_place){.file = what}, STR(""), NULL, STR_FMT, STR_ARG(message));
    pthread_mutex_unlock(&s->lock);
    atomic_store(&s->failed, true);
}

/* ---- one page ---- */

static const route *route_of(const char *path)
{
    for (const route *r = routes; r->path; r++)
        if (strcmp(r->path, path) == 0) return r;
    return NULL;
}

static void add_argument(arena *a, argument_list *l, const char *name, pk_str v)
{
    query_argument q = {str_from(name), v};
    vec_push_in(a, &l->items, q);
}

static const char *per_of(const route *r)
{
    if (strcmp(r->path, "/attack/{id}") == 0) return "50"; /* with their queries */
    return strcmp(r->path, "/indicators/{key}") == 0 ? "500" : "100";
}

/* The names of the path in their order: {language}, {key}. */
static void add_path_names(arena *a, const job *j, argument_list *names)
{
    const char *at_name = strchr(j->path, '{');
    for (int n = 0; at_name; n++, at_name = strchr(at_name + 1, '{')) {
        pk_str name = arena_str(a, (pk_str){at_name + 1, strcspn(at_name + 1, "}")});
        add_argument(a, names, name.ptr, n ? j->two : j->one);
    }
}

static page page_of(worker *w, const job *j, pk_str tab)
{
    page p = {.a = w->arena, .route = route_of(j->path), .path = str_from(j->path), .has_run = w->site->has_run, .tab = tab};
    p.file = place_file(w->arena, j->place, j->one, j->two);
    p.languages = store_language_titles(w->store, w->arena);
    p.links = (linker){w->arena, LINKS_FILES, file_depth(p.file), &w->site->techniques};
    add_path_names(w->arena, j, &p.names);
    return p;
}

static value answer_of(worker *w, const page *p, size_t n, query_error *e)
{
    argument_list all = {0};
    const query *q = query_find(str_from(p->route->query));
    for (size_t i = 0; i < p->names.items.len; i++) vec_push_in(w->arena, &all.items, p->names.items.at[i]);
    if (p->tab.len) add_argument(w->arena, &all, "tab", p->tab);
    add_argument(w->arena, &all, "per", str_from(per_of(p->route)));
    if (n > 1) add_argument(w->arena, &all, "page", arena_printf(w->arena, "%zu", n));
    query_arguments asked = arguments_for(w->arena, q, &all, true);
    return query_run(w->store, q, &asked, w->arena, e);
}

static bool write_page(worker *w, const page *p, size_t n, const text *t)
{
    pk_str name = file_piece(w->arena, p->file, p->tab, n), why;
    if (!site_write(w->site->folder, name, text_view(t), w->arena, &why)) {
        say(w->site, name, why);
        return false;
    }
    atomic_fetch_add(&w->site->pages, 1);
    atomic_fetch_add(&w->site->bytes, t->len);
    return true;
}

/* The matrix as a picture, beside its page. */
static void write_matrix(worker *w, const value *v)
{
    pk_str name = STR("attack/matrix.svg"), why;
    text t = {0};
    export_matrix_svg(v, STR(""), w->arena, &t);
    if (!site_write(w->site->folder, name, text_view(&t), w->arena, &why)) say(w->site, name, why);
    atomic_fetch_add(&w->site->bytes, t.len);
    text_free(&t);
}

/* What the first answer tells beside its page: an entry of the index, the tabs that are pages of their own. */
static void take_first(worker *w, job *j, pk_str tab, const value *v)
{
    if (j->place == PLACE_RULE) {
        text t = {0};
        linker l = {w->arena, LINKS_FILES, 0, NULL};
        put_index_rule(&t, &l, v);
        j->index_line = (pk_str){t.ptr, t.len};
    }
    if (j->place == PLACE_MATRIX) write_matrix(w, v);
    for (size_t i = 0; j->place == PLACE_TECHNIQUE && !tab.len && i < count_at(v, "tabs"); i++) {
        const value *one = item(at(v, "tabs"), i);
        pk_str language = text_at(one, "language");
        bool has_page = int_at(one, "count") > 0 || str_equal(language, STR("vendor"));
        if (has_page && !str_equal(language, first_tab(v))) vec_push(&w->tabs, mem_cstring(language));
    }
}

/* All pieces of a page; the arena is emptied before each. */
static bool make_page(worker *w, job *j, pk_str tab)
{
    bool good = true;
    size_t pages = 1;
    for (size_t n = 1; n <= pages && good && !atomic_load(&w->site->failed); n++) {
        arena_reset(w->arena);
        page p = page_of(w, j, tab);
        query_error e = {0};
        value v = answer_of(w, &p, n, &e);
        if (v.type == VALUE_MISSING) {
            say(w->site, p.file, e.message);
            return false;
        }
        text t = {0};
        good = page_render(w->site->web, &p, &v, &t) && write_page(w, &p, n, &t);
        text_free(&t);
        pages = p.pages;
        if (n == 1) take_first(w, j, tab, &v);
    }
    return good;
}

static void make_job(worker *w, job *j)
{
    make_page(w, j, STR(""));
    for (size_t i = 0; i < w->tabs.len; i++) {
        make_page(w, j, str_from(w->tabs.at[i]));
        mem_free(w->tabs.at[i]);
    }
    w->tabs.len = 0;
}

static void *work(void *user)
{
    worker *w = user;
    for (size_t i; (i = atomic_fetch_add(&w->site->next, 1)) < w->site->jobs.len && !atomic_load(&w->site->failed);) {
        make_job(w, &w->site->jobs.at[i]);
    }
    return NULL;
}

/* ---- what there is ---- */

static void add_job(site *s, const char *path, place p, pk_str one, pk_str two)
{
    job j = {.path = path, .place = p, .one = arena_str(s->arena, one), .two = arena_str(s->arena, two)};
    vec_push(&s->jobs, j);
}

typedef void (*each_fn)(site *s, const value *v);

/* Calls fn for the items of a query's list, over all its pages. */
static bool each_item(site *s, store *st, const char *name, const char *list, const char *per, each_fn fn)
{
    const query *q = query_find(str_from(name));
    arena *a = arena_new();
    bool good = true;
    for (size_t n = 1, pages = 1; n <= pages && good; n++) {
        arena_reset(a);
        argument_list all = {0};
        query_error e = {0};
        add_argument(a, &all, "per", str_from(per));
        add_argument(a, &all, "page", arena_printf(a, "%zu", n));
        query_arguments asked = arguments_for(a, q, &all, true);
        value v = query_run(st, q, &asked, a, &e);
        good = v.type != VALUE_MISSING;
        if (!good) say(s, str_from(name), e.message);
        for (size_t i = 0; i < count_at(&v, list); i++) fn(s, item(at(&v, list), i));
        pages = is_there(&v, "pages") ? (size_t)int_at(&v, "pages") : 1;
    }
    arena_free(a);
    return good;
}

static void add_rule(site *s, const value *v) { add_job(s, "/rules/{language}/{key}", PLACE_RULE, text_at(v, "language"), text_at(v, "key")); }
static void add_technique(site *s, const value *v)
{
    pk_str id = arena_str(s->arena, text_at(v, "id"));
    if (table_put(&s->techniques, id, 1)) add_job(s, "/attack/{id}", PLACE_TECHNIQUE, id, STR(""));
}
static void add_source(site *s, const value *v) { add_job(s, "/sources/{key}", PLACE_SOURCE, text_at(v, "key"), STR("")); }
static void add_field_of(site *s, pk_str name)
{
    if (!name.len || table_get(&s->fields, name) != TABLE_NONE) return;
    pk_str kept = arena_str(s->arena, name);
    table_put(&s->fields, kept, 1);
    add_job(s, "/fields/{name}", PLACE_FIELD, kept, STR(""));
}

static void add_field(site *s, const value *v) { add_field_of(s, text_at(v, "name")); }

/* Fields that a page of an event class or of problems links to: rules ask for them, though no predicate does. */
static void add_linked_fields(site *s, const value *v)
{
    static const char *const lists[] = {"fields", "missing", "unknown_fields"};
    for (size_t k = 0; k < 3; k++)
        for (size_t i = 0; i < count_at(v, lists[k]); i++)
            if (int_at(item(at(v, lists[k]), i), "rules") > 0) add_field_of(s, text_at(item(at(v, lists[k]), i), "field"));
}

static bool add_fields_of(site *s, store *st, const char *name, pk_str key)
{
    arena *a = arena_new();
    argument_list all = {0};
    query_error e = {0};
    const query *q = query_find(str_from(name));
    add_argument(a, &all, "per", STR("1"));
    add_argument(a, &all, "key", key);
    query_arguments asked = arguments_for(a, q, &all, true);
    value v = query_run(st, q, &asked, a, &e);
    if (v.type == VALUE_MISSING) say(s, key, e.message);
    else add_linked_fields(s, &v);
    arena_free(a);
    return v.type != VALUE_MISSING;
}
static void add_predicate(site *s, const value *v) { add_job(s, "/indicators/{key}", PLACE_INDICATOR, text_at(v, "key"), STR("")); }
static void add_language(site *s, const value *v) { add_job(s, "/rules/{language}", PLACE_LANGUAGE, text_at(v, "name"), STR("")); }

static bool collect(site *s, store *st)
{
    static const struct {
        const char *path;
        place place;
    } single[] = {
        {"/", PLACE_START}, {"/rules", PLACE_RULES}, {"/rules/problems", PLACE_PROBLEMS}, {"/attack", PLACE_MATRIX}, {"/sources", PLACE_SOURCES},
        {"/indicators", PLACE_INDICATORS}, {"/fields", PLACE_FIELDS}, {"/search", PLACE_SEARCH}, {"/coverage", PLACE_COVERAGE}, {"/run", PLACE_RUN},
    };
    for (size_t i = 0; i < sizeof single / sizeof *single; i++)
        if (single[i].place != PLACE_RUN || s->has_run) add_job(s, single[i].path, single[i].place, STR(""), STR(""));
    bool good = each_item(s, st, "summary", "languages", "", add_language) && each_item(s, st, "rules", "rules", "500", add_rule) &&
                each_item(s, st, "techniques", "techniques", "", add_technique) && each_item(s, st, "sources", "sources", "", add_source) &&
                each_item(s, st, "fields", "fields", "500", add_field) && each_item(s, st, "predicates", "predicates", "500", add_predicate) &&
                add_fields_of(s, st, "problems", STR(""));
    for (size_t i = 0, n = s->jobs.len; i < n && good; i++)
        if (s->jobs.at[i].place == PLACE_SOURCE) good = add_fields_of(s, st, "source", s->jobs.at[i].one);
    return good;
}

/* ---- all of it ---- */

static void write_assets(site *s)
{
    arena *a = arena_new();
    for (size_t i = 0; i < s->web->files.assets.len; i++) {
        const asset *x = &s->web->files.assets.at[i];
        pk_str why, name = arena_concat(a, STR("assets/"), x->name);
        if (!site_write(s->folder, name, x->content, a, &why)) say(s, name, why);
    }
    arena_free(a);
}

static void write_index(site *s, store *st)
{
    arena *a = arena_new();
    text t = {0};
    text_put_cstring(&t, "window.picketIndex={rules:[\n");
    for (size_t i = 0; i < s->jobs.len; i++) {
        text_put(&t, s->jobs.at[i].index_line);
        mem_free((void *)(uintptr_t)s->jobs.at[i].index_line.ptr);
    }
    text_put_cstring(&t, "],others:[\n");
    put_index_others(&t, st, a);
    text_put_cstring(&t, "]};\n");
    pk_str why;
    if (!atomic_load(&s->failed) && !site_write(s->folder, STR("assets/index.js"), text_view(&t), a, &why)) say(s, STR("assets/index.js"), why);
    text_free(&t);
    arena_free(a);
}

static size_t thread_count(size_t jobs)
{
    long n = sysconf(_SC_NPROCESSORS_ONLN);
    size_t most = n < 1 ? 1 : n > MOST_THREADS ? MOST_THREADS : (size_t)n;
    return jobs < most ? jobs : most;
}

static void run_workers(site *s, store *first)
{
    size_t n = thread_count(s->jobs.len), started = 0;
    worker workers[MOST_THREADS] = {0};
    pthread_t threads[MOST_THREADS];
    for (size_t i = 0; i < n; i++) {
        workers[i] = (worker){.site = s, .store = i ? NULL : first, .arena = arena_new()};
        if (i && store_open(&workers[i].store, s->catalog, s->run, s->d) != PK_OK) atomic_store(&s->failed, true);
    }
    for (; started + 1 < n && !atomic_load(&s->failed); started++)
        if (pthread_create(&threads[started], NULL, work, &workers[started + 1]) != 0) break;
    if (n) work(&workers[0]);
    for (size_t i = 0; i < started; i++) pthread_join(threads[i], NULL);
    for (size_t i = 0; i < n; i++) {
        if (i) store_close(workers[i].store);
        arena_free(workers[i].arena);
        vec_free(&workers[i].tabs);
    }
}

static pk_status write_site(site *s)
{
    store *st = NULL;
    pk_status status = store_open(&st, s->catalog, s->run, s->d);
    if (status != PK_OK) return status;
    s->has_run = store_has_run(st);
    if (collect(s, st)) {
        write_assets(s);
        run_workers(s, st);
        write_index(s, st);
    }
    store_close(st);
    return atomic_load(&s->failed) ? PK_ERROR_IO : PK_OK;
}

pk_status pk_site_write(const char *catalog, const char *folder, const pk_web_options *options, pk_site_report *report, pk_diagnostic_fn fn, void *user)
{
    pk_web_options o = options ? *options : (pk_web_options){0};
    site s = {.catalog = catalog, .arena = arena_new(), .d = diag_list_new(), .lock = PTHREAD_MUTEX_INITIALIZER};
    web *w = NULL;
    store_run *run = NULL;
    pk_str why = STR("");
    pk_status status = web_from_share(&w, o.share, s.d);
    if (status == PK_OK && o.alerts) status = store_run_load(&run, o.alerts, s.d);
    if (status == PK_OK && !site_folder_open(&s.folder, folder, s.arena, &why)) {
        say(&s, str_from(folder), why);
        status = PK_ERROR_IO;
    }
    s.web = w;
    s.run = run;
    if (status == PK_OK) status = write_site(&s);
    if (report) *report = (pk_site_report){atomic_load(&s.pages), atomic_load(&s.bytes)};
    for (size_t i = 0; fn && i < diag_count(s.d); i++) fn(diag_at(s.d, i), user);
    site_folder_close(s.folder);
    vec_free(&s.jobs);
    table_free(&s.fields);
    table_free(&s.techniques);
    store_run_free(run);
    web_free(w);
    diag_list_free(s.d);
    arena_free(s.arena);
    return status;
}
