/*
 * The list keeps the files that the arguments named or led to. One of them is open at a time, and in it a stack of
 * containers: a compressed stream, a zip in a tar in a zip. The stream that is given out reads from the top of the stack.
 */
#define _GNU_SOURCE /* memfd_create */
#include "formats/input.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "formats/container.h"
#include "formats/walk.h"

#define NESTING_LIMIT 4
#define FIRST_LOOK 12288    /* enough to tell an archive, and a format that begins with bytes of its own; most of a small log */
#define READ_AHEAD (1 << 20) /* larger files are worth telling the system that they are read from front to back */
#define COMPRESSED_LIMIT 16 /* compressed streams in the stack do not count as archives, but must end too */

typedef struct {
    const char *path;
    uint64_t size;          /* as it was when it was found; 0: not a regular file */
    uint32_t argument;
    bool named;
    int fd;                 /* of bytes in memory; -1: a path to open */
} entry;

typedef struct {
    container *container;
    container_kind kind;
    pk_str name;
    bool named;
} level;

struct log_stream {
    tap *tap;
    pk_str file;
};

struct input_list {
    input_options options;
    arena *names;
    VEC(entry) entries;
    uint32_t arguments;
    bool total_unknown;
    uint64_t total;
    _Atomic uint64_t read;

    size_t next;            /* entry */
    uint64_t inputs;        /* given out so far */
    /* What is open. */
    const entry *current;
    int fd;
    uint64_t at;            /* in the file, as long as nobody but its tap reads it */
    tap file;
    container_budget budget;
    VEC(level) levels;
    log_stream stream;
    diag_list *diags;       /* of the last input_next: for what goes wrong while the stream is read */
};

size_t stream_read(log_stream *s, void *buffer, size_t n) { return tap_read(s->tap, buffer, n); }
bool stream_move(log_stream *s, int64_t n) { return tap_move(s->tap, n); }
pk_str stream_file(const log_stream *s) { return s->file; }

/* ---- the list ---- */

input_list *input_list_new(const input_options *o)
{
    input_list *l = mem_zalloc(1, sizeof *l);
    if (o) l->options = *o;
    if (!l->options.nesting_limit) l->options.nesting_limit = NESTING_LIMIT;
    l->names = arena_new();
    l->fd = -1;
    return l;
}

static void complain(diag_list *d, pk_str file, const char *code, const char *hint, const char *what, const char *why)
{
    diag_add(d, PK_ERROR, code, (diag_place){.file = file}, (pk_str){"", 0}, hint, "%s%s%s", what, *why ? ": " : "", why);
}

static void add_entry(input_list *l, const char *path, uint64_t size, bool named)
{
    vec_push(&l->entries, ((entry){arena_cstring(l->names, str_from(path)), size, l->arguments, named, -1}));
    l->total += size;
}

static void add_found(const char *path, uint64_t size, void *user)
{
    add_entry(user, path, size, false);
}

static void add_folder(input_list *l, const char *path, diag_list *d)
{
    size_t before = l->entries.len;
    walk_folder(path, add_found, l, d);
    if (l->entries.len == before)
        diag_add(d, PK_WARNING, "input-empty", (diag_place){.file = str_from(path)}, (pk_str){"", 0}, NULL, "there is no file in this folder");
}

static pk_status add_path(input_list *l, const char *path, diag_list *d)
{
    struct stat st;
    if (strcmp(path, "-") == 0) {
        l->total_unknown = true;
        add_entry(l, path, 0, true);
        return PK_OK;
    }
    if (stat(path, &st) != 0) {
        int why = errno;
        if (why == ENOENT && glob_is_pattern(path) && glob_expand(path, add_found, l, d)) return PK_OK;
        const char *hint = glob_is_pattern(path) ? "no file has this name, and none matches it as a pattern" : NULL;
        complain(d, str_from(path), "input-io", hint, "cannot be read", strerror(why));
        return PK_ERROR_IO;
    }
    if (S_ISDIR(st.st_mode)) add_folder(l, path, d);
    else if (S_ISREG(st.st_mode)) add_entry(l, path, (uint64_t)st.st_size, true);
    else l->total_unknown = true, add_entry(l, path, 0, true);
    return PK_OK;
}

pk_status input_add(input_list *l, const char *path, diag_list *d)
{
    pk_status status = add_path(l, path, d);
    l->arguments++;
    return status;
}

/* A nameless file in memory: containers can seek in it like in any other. */
static int file_of_bytes(const uint8_t *bytes, size_t len)
{
    int fd = memfd_create("picket", MFD_CLOEXEC);
    while (fd >= 0 && len) {
        ssize_t n = write(fd, bytes, len);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) {
            close(fd);
            return -1;
        }
        bytes += n;
        len -= (size_t)n;
    }
    return fd;
}

pk_status input_add_bytes(input_list *l, pk_str name, const void *bytes, size_t len)
{
    int fd = file_of_bytes(bytes, len);
    if (fd < 0) return PK_ERROR_IO;
    add_entry(l, arena_cstring(l->names, name), len, true);
    l->entries.at[l->entries.len - 1].fd = fd;
    l->arguments++;
    return PK_OK;
}

uint64_t input_bytes_total(const input_list *l) { return l->total_unknown ? 0 : l->total; }
uint64_t input_bytes_read(const input_list *l) { return atomic_load_explicit(&l->read, memory_order_relaxed); }

static void count_read(input_list *l, uint64_t n) { atomic_fetch_add_explicit(&l->read, n, memory_order_relaxed); }

/* ---- the file ---- */

/* A zip is read back and forth: its bytes count once. */
static void count_upto(input_list *l, uint64_t counted)
{
    uint64_t size = l->current->size, upto = size && counted > size ? size : counted;
    if (upto <= l->budget.read) return;
    count_read(l, upto - l->budget.read);
    l->budget.read = upto;
}

/* Waits for bytes of a pipe or terminal, looking up now and then whether anybody still wants them. */
static bool wait_for_bytes(const input_list *l)
{
    struct pollfd p = {.fd = l->fd, .events = POLLIN};
    if (l->current->size || l->current->fd >= 0 || !l->options.stop) return true;
    while (!atomic_load_explicit(l->options.stop, memory_order_relaxed)) {
        int ready = poll(&p, 1, 100);
        if (ready > 0 || (ready < 0 && errno != EINTR)) return true; /* read() says what is wrong */
    }
    return false;
}

static size_t pull_file(void *self, void *buffer, size_t n)
{
    input_list *l = self;
    ssize_t got;
    do {
        if (!wait_for_bytes(l)) return 0;
        got = read(l->fd, buffer, n);
    } while (got < 0 && errno == EINTR);
    if (got < 0) complain(l->diags, str_from(l->current->path), "input-io", NULL, "reading failed", strerror(errno));
    if (got <= 0) return 0;
    l->at += (uint64_t)got;
    count_upto(l, l->budget.read + (uint64_t)got);
    return (size_t)got;
}

/* In a file that is read from front to back. What is passed over counts as read. */
static bool move_in_file(void *self, int64_t n)
{
    input_list *l = self;
    uint64_t to = l->at + (uint64_t)n;
    if (l->levels.len || to > l->current->size || lseek(l->fd, (off_t)to, SEEK_SET) < 0) return false;
    l->at = to;
    count_upto(l, to);
    return true;
}

static int64_t seek_file(void *self, int64_t offset, int whence)
{
    input_list *l = self;
    return whence == SEEK_CUR ? -1 : lseek(l->fd, offset, whence);
}

static void close_file(input_list *l)
{
    if (l->fd < 0) return;
    if (l->fd != STDIN_FILENO) close(l->fd);
    l->fd = -1;
    tap_reuse(&l->file);
    /* What was passed over counts as done. */
    if (l->current->size > l->budget.read) count_read(l, l->current->size - l->budget.read);
}

static bool open_file(input_list *l, const entry *e)
{
    l->current = e;
    l->budget = (container_budget){.member_limit = l->options.expansion_limit};
    if (e->fd >= 0) l->fd = fcntl(e->fd, F_DUPFD_CLOEXEC, 0), lseek(e->fd, 0, SEEK_SET);
    else l->fd = strcmp(e->path, "-") == 0 ? STDIN_FILENO : open(e->path, O_RDONLY | O_CLOEXEC);
    if (l->fd < 0) {
        complain(l->diags, str_from(e->path), "input-io", NULL, "cannot be opened", strerror(errno));
        count_read(l, e->size);
        return false;
    }
#ifdef POSIX_FADV_SEQUENTIAL
    if (e->size >= READ_AHEAD) posix_fadvise(l->fd, 0, 0, POSIX_FADV_SEQUENTIAL);
#endif
    l->file.pull = pull_file;
    l->file.move = move_in_file;
    l->file.self = l;
    l->at = 0;
    return true;
}

/* ---- containers ---- */

static void pop_level(input_list *l)
{
    container_close(l->levels.at[--l->levels.len].container);
}

void input_list_free(input_list *l)
{
    if (!l) return;
    while (l->levels.len) pop_level(l);
    close_file(l);
    tap_close(&l->file);
    for (size_t i = 0; i < l->entries.len; i++)
        if (l->entries.at[i].fd >= 0) close(l->entries.at[i].fd);
    vec_free(&l->levels);
    vec_free(&l->entries);
    arena_free(l->names);
    mem_free(l);
}

static bool too_deep(const input_list *l, container_kind kind)
{
    uint32_t archives = 0, compressed = 0;
    for (size_t i = 0; i < l->levels.len; i++) *(l->levels.at[i].kind == CONTAINER_COMPRESSED ? &compressed : &archives) += 1;
    return kind == CONTAINER_COMPRESSED ? compressed >= COMPRESSED_LIMIT : archives >= l->options.nesting_limit;
}

static void push_level(input_list *l, container_kind kind, tap *below, pk_str name, bool named)
{
    if (too_deep(l, kind)) {
        complain(l->diags, name, "input-nesting", NULL, "archives are nested too deep; not opened", "");
        return;
    }
    bool can_seek = l->levels.len == 0 && l->current->size > 0;
    container *c = container_open(kind, below, can_seek ? seek_file : NULL, name, &l->budget, l->diags);
    if (c) vec_push(&l->levels, ((level){c, kind, name, named}));
}

/* ---- streams ---- */

typedef struct {
    tap *tap;
    pk_str name;
    bool named;
} opened;

/* The next thing that has bytes: a member of the container on top of the stack, or a file. */
static bool next_opened(input_list *l, opened *out)
{
    for (;;) {
        if (l->levels.len) {
            level *top = &l->levels.at[l->levels.len - 1];
            pk_str path;
            if (!container_next(top->container, &path, l->diags)) {
                pop_level(l);
                continue;
            }
            out->name = path.len ? arena_printf(l->names, STR_FMT "!/" STR_FMT, STR_ARG(top->name), STR_ARG(path)) : top->name;
            out->named = top->named && path.len == 0;
            out->tap = container_member(top->container, out->name);
            return true;
        }
        close_file(l);
        if (l->next == l->entries.len) return false;
        const entry *e = &l->entries.at[l->next++];
        if (!open_file(l, e)) continue;
        *out = (opened){&l->file, str_from(e->path), e->named};
        return true;
    }
}

static bool name_has_extension(pk_str name, const char *extensions)
{
    while (*extensions) {
        size_t len = strcspn(extensions, " ");
        pk_str end = str_slice(name, name.len > len ? name.len - len : 0, len);
        if (len && str_equal_ascii_fold(end, (pk_str){extensions, len})) return true;
        extensions += len + strspn(extensions + len, " ");
    }
    return false;
}

/* An empty log is a log: of the kind that its name says; a named one of any. */
static const format *format_of_empty(pk_str name, bool named)
{
    for (size_t i = 0; formats[i]; i++)
        if (formats[i]->extensions && name_has_extension(name, formats[i]->extensions)) return formats[i];
    return named ? format_find(STR("json")) : NULL;
}

/* The name without what only says how it is compressed. */
static pk_str inner_name(pk_str name)
{
    static const char *const endings[] = {".gz", ".zst", ".bz2", ".xz", ".lz4"};
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++)
        if (str_ends_with(name, str_from(endings[i]))) return str_slice(name, 0, name.len - strlen(endings[i]));
    return name;
}

static const format *choose_format(const input_list *l, pk_str head, const opened *o)
{
    if (l->options.force) return l->options.force;
    if (head.len == 0) return format_of_empty(inner_name(o->name), o->named);
    const format *f = format_of_magic(head);
    if (f) return f;
    head = tap_peek(o->tap, TAP_HEAD);
    return format_detect(head, inner_name(o->name), o->tap->ended);
}

static input_result give_stream(input_list *l, const opened *o, pk_str head, input_item *out)
{
    const format *f = choose_format(l, head, o);
    *out = (input_item){.format = f, .name = o->name, .argument = l->current->argument, .named = o->named};
    if (!f) {
        const char *hint = "--format NAME reads it as that format all the same";
        if (o->named) complain(l->diags, o->name, "input-unknown", hint, "this is no known kind of log", "");
        return INPUT_SKIPPED;
    }
    l->stream = (log_stream){o->tap, o->name};
    out->stream = &l->stream;
    out->input = l->inputs++;
    return INPUT_OPENED;
}

input_result input_next(input_list *l, input_item *out, diag_list *d)
{
    l->diags = d;
    *out = (input_item){0};
    opened o;
    while (next_opened(l, &o)) {
        pk_str head = tap_peek(o.tap, FIRST_LOOK);
        container_kind kind = container_detect(head);
        if (kind == CONTAINER_NONE) return give_stream(l, &o, head, out);
        push_level(l, kind, o.tap, o.name, o.named);
    }
    return INPUT_END;
}
