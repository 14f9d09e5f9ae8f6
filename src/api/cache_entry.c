/* Numbers are little-endian; texts and lists have their length before them. */
#include "api/cache_entry.h"

static const char magic[8] = {'p', 'i', 'c', 'k', 'e', 't', 'P', 4}; /* the last byte: version of this form */

/* ---- writing ---- */

static void put_u64(text *out, uint64_t n)
{
    for (int i = 0; i < 8; i++) text_put_char(out, (char)(n >> (8 * i)));
}

static void put_digest(text *out, digest d)
{
    put_u64(out, d.at[0]);
    put_u64(out, d.at[1]);
}

static void put_str(text *out, pk_str s)
{
    put_u64(out, s.len);
    text_put(out, s);
}

void cache_header_write(uint8_t out[CACHE_HEADER_SIZE], const cache_header *h)
{
    text t = {0};
    text_put(&t, (pk_str){magic, sizeof magic});
    put_digest(&t, h->key);
    put_u64(&t, h->manifest_at);
    put_u64(&t, h->manifest_len);
    put_digest(&t, h->manifest);
    put_u64(&t, h->root);
    for (size_t i = 0; i < IMAGE_PARTS; i++) {
        put_u64(&t, h->parts[i].at);
        put_u64(&t, h->parts[i].len);
        put_digest(&t, h->parts[i].digest);
    }
    while (t.len < CACHE_HEADER_SIZE - sizeof(digest)) text_put_char(&t, 0);
    put_digest(&t, digest_of(t.ptr, t.len, h->key));
    memcpy(out, t.ptr, CACHE_HEADER_SIZE);
    text_free(&t);
}

void cache_manifest_write(text *out, const cache_manifest *m)
{
    put_str(out, m->request);
    put_digest(out, m->schema);
    put_u64(out, m->lists.len);
    for (size_t i = 0; i < m->lists.len; i++) put_digest(out, m->lists.at[i]);
    put_u64(out, m->files.len);
    for (size_t i = 0; i < m->files.len; i++) {
        const read_file_note *f = &m->files.at[i];
        put_str(out, f->path);
        put_u64(out, f->named);
        put_u64(out, f->print.device);
        put_u64(out, f->print.inode);
        put_u64(out, f->print.size);
        put_u64(out, f->print.modified);
        put_u64(out, f->print.changed);
        put_u64(out, f->print.seen);
        put_digest(out, f->content);
    }
}

/* ---- reading ---- */

static bool read_digest(cursor *c, digest *d) { return read_u64le(c, &d->at[0]) && read_u64le(c, &d->at[1]); }

static bool read_str(cursor *c, pk_str *s)
{
    uint64_t len;
    const uint8_t *p;
    if (!read_u64le(c, &len) || len > cursor_left(c) || !read_bytes(c, (size_t)len, &p)) return false;
    *s = (pk_str){(const char *)p, (size_t)len};
    return true;
}

static bool lies_within(uint64_t at, uint64_t len, size_t size) { return at >= CACHE_HEADER_SIZE && at <= size && len <= size - at; }

static bool read_part(cursor *c, cache_part *p, image_part which, size_t file_size)
{
    if (!read_u64le(c, &p->at) || !read_u64le(c, &p->len) || !read_digest(c, &p->digest)) return false;
    if (p->len % 8 != 0 || !lies_within(p->at, p->len, file_size)) return false;
    size_t pieces = which == IMAGE_REST ? (p->len + cache_piece_size(which) - 1) / cache_piece_size(which) : 0;
    return image_map_bytes(p->len) + pieces * sizeof(digest) <= file_size - p->at - p->len;
}

bool cache_header_read(cache_header *h, const uint8_t *bytes, size_t len, size_t file_size)
{
    cursor c = {bytes, bytes + len};
    const uint8_t *p;
    digest own;
    if (len < CACHE_HEADER_SIZE || !read_bytes(&c, sizeof magic, &p) || memcmp(p, magic, sizeof magic) != 0) return false;
    if (!read_digest(&c, &h->key)) return false;
    cursor last = {bytes + CACHE_HEADER_SIZE - sizeof(digest), bytes + CACHE_HEADER_SIZE};
    if (!read_digest(&last, &own) || !digest_equal(own, digest_of(bytes, CACHE_HEADER_SIZE - sizeof(digest), h->key))) return false;
    if (!read_u64le(&c, &h->manifest_at) || !read_u64le(&c, &h->manifest_len) || !read_digest(&c, &h->manifest) || !read_u64le(&c, &h->root))
        return false;
    for (size_t i = 0; i < IMAGE_PARTS; i++)
        if (!read_part(&c, &h->parts[i], (image_part)i, file_size)) return false;
    const cache_part *front = &h->parts[IMAGE_FRONT];
    return lies_within(h->manifest_at, h->manifest_len, file_size) && front->len % IMAGE_PAGE == 0 && h->root < front->len;
}

static bool read_note(cursor *c, read_file_note *f)
{
    uint64_t named;
    if (!read_str(c, &f->path) || !read_u64le(c, &named)) return false;
    f->named = named != 0;
    return read_u64le(c, &f->print.device) && read_u64le(c, &f->print.inode) && read_u64le(c, &f->print.size) &&
           read_u64le(c, &f->print.modified) && read_u64le(c, &f->print.changed) && read_u64le(c, &f->print.seen) &&
           read_digest(c, &f->content);
}

bool cache_manifest_read(cache_manifest *m, pk_str bytes, arena *a)
{
    cursor c = {(const uint8_t *)bytes.ptr, (const uint8_t *)bytes.ptr + bytes.len};
    uint64_t count;
    *m = (cache_manifest){0};
    if (!read_str(&c, &m->request) || !read_digest(&c, &m->schema)) return false;
    if (!read_u64le(&c, &count)) return false;
    for (digest d; count > 0; count--) {
        if (!read_digest(&c, &d)) return false;
        vec_push_in(a, &m->lists, d);
    }
    if (!read_u64le(&c, &count)) return false;
    for (read_file_note f; count > 0; count--) {
        if (!read_note(&c, &f)) return false;
        vec_push_in(a, &m->files, f);
    }
    return cursor_left(&c) == 0;
}

/* ---- prints ---- */

/* The times of a file are as coarse as the clock of its file system: two seconds at worst (FAT). */
#define COARSEST UINT64_C(2000000000)

bool print_is_fresh(const file_print *p)
{
    uint64_t last = p->modified > p->changed ? p->modified : p->changed;
    return last > UINT64_MAX - COARSEST || last + COARSEST >= p->seen;
}

bool print_equal(const file_print *a, const file_print *b)
{
    return a->device == b->device && a->inode == b->inode && a->size == b->size && a->modified == b->modified && a->changed == b->changed;
}
