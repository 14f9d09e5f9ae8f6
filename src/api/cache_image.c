/*
 * Memory of its own, so that nothing that happens to the file can reach what was checked. Until a piece of the rest has been read, its
 * pages can't be touched: code that forgets to ask for it is found by the first test that comes by.
 */
#include "api/cache_image.h"

#include <stdatomic.h>
#include <sys/mman.h>
#include <unistd.h>

#include "api/cache_folder.h"
#include "base/parallel.h"

enum {
    BATCH = 256 << 10,            /* of bytes that a thread reads at once, if a whole part is read */
    CHECKED = 64 << 10,           /* of bytes that it only checks */
};

struct cache_image {
    int file;
    cache_header header;
    char *bytes;                  /* front and rest */
    size_t mapped;
    digest *digests;              /* of the pieces of the rest, as the file says; NULL: not read yet */
    uint8_t *known;               /* by piece of the rest: it has been read */
};

/* ---- pieces ---- */

static size_t piece_count(const cache_part *p, size_t piece) { return (p->len + piece - 1) / piece; }

static digest piece_digest(const void *bytes, const void *map, size_t len, digest key)
{
    return digest_of(map, image_map_bytes(len), digest_of(bytes, len, key));
}

digest *cache_part_digests(const void *bytes, const void *map, size_t len, image_part which, digest key, size_t *count)
{
    size_t piece = cache_piece_size(which);
    *count = piece_count(&(cache_part){.len = len}, piece);
    digest *all = mem_zalloc(*count + 1, sizeof *all);
    for (size_t i = 0, at = 0; i < *count; i++, at += piece)
        all[i] = piece_digest((const char *)bytes + at, (const char *)map + image_map_bytes(at), len - at < piece ? len - at : piece, key);
    return all;
}

digest cache_part_digest(const digest *all, size_t count, digest key) { return digest_of(all, count * sizeof *all, key); }

/* ---- the image ---- */

cache_image *cache_image_new(int file, const cache_header *h)
{
    size_t front = h->parts[IMAGE_FRONT].len, size = front + h->parts[IMAGE_REST].len;
    void *bytes = mmap(NULL, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (bytes == MAP_FAILED) {
        close(file);
        return NULL;
    }
    (void)madvise(bytes, front, MADV_HUGEPAGE);
    cache_image *i = mem_zalloc(1, sizeof *i);
    *i = (cache_image){.file = file, .header = *h, .bytes = bytes, .mapped = size};
    i->known = mem_zalloc(piece_count(&h->parts[IMAGE_REST], cache_piece_size(IMAGE_REST)) + 1, 1);
    return i;
}

void cache_image_free(cache_image *i)
{
    if (!i) return;
    munmap(i->bytes, i->mapped);
    close(i->file);
    mem_free(i->digests);
    mem_free(i->known);
    mem_free(i);
}

void *cache_image_front(const cache_image *i, size_t *len)
{
    *len = i->header.parts[IMAGE_FRONT].len;
    return i->bytes;
}

static char *memory_of(const cache_image *i, image_part p) { return i->bytes + (p == IMAGE_REST ? i->header.parts[IMAGE_FRONT].len : 0); }

/* ---- reading ---- */

/* Bytes of a part and the bits of their pointers, as the file has them. */
static bool read_bytes_of(const cache_image *i, image_part which, size_t at, size_t len, char *bytes, char *map)
{
    const cache_part *part = &i->header.parts[which];
    return cache_file_read(i->file, bytes, len, part->at + at) &&
           cache_file_read(i->file, map, image_map_bytes(len), part->at + part->len + image_map_bytes(at));
}

/* Some pieces, one behind the other: reads them, tells their digests, and settles them. */
static bool read_run(const cache_image *i, image_part which, size_t first, size_t count, digest *found)
{
    const cache_part *part = &i->header.parts[which];
    size_t piece = cache_piece_size(which), at = first * piece, len = part->len - at < count * piece ? part->len - at : count * piece;
    char *to = memory_of(i, which) + at;
    char *map = mem_alloc(image_map_bytes(len) + 1);
    bool good = read_bytes_of(i, which, at, len, to, map);
    for (size_t k = 0, done = 0; good && k < count; k++, done += piece) {
        size_t here = len - done < piece ? len - done : piece;
        found[k] = piece_digest(to + done, map + image_map_bytes(done), here, i->header.key);
        good = image_settle(to + done, here, (const void *)(map + image_map_bytes(done)), (uintptr_t)i->bytes, i->mapped);
    }
    mem_free(map);
    return good;
}

typedef struct {
    const cache_image *image;
    image_part which;
    size_t pieces, batch;         /* of them */
    digest *found;
    atomic_bool failed;
} part_reading;

static bool is_known(const part_reading *r, size_t piece) { return r->which == IMAGE_REST && r->image->known[piece]; }

/* Pieces that were read before are settled, and in use. */
static void read_batch(size_t number, unsigned worker, void *user)
{
    part_reading *r = user;
    size_t end = (number + 1) * r->batch < r->pieces ? (number + 1) * r->batch : r->pieces;
    (void)worker;
    for (size_t at = number * r->batch, n; at < end && !atomic_load(&r->failed); at += n ? n : 1) {
        for (n = 0; at + n < end && !is_known(r, at + n);) n++;
        if (n && !read_run(r->image, r->which, at, n, r->found + at)) atomic_store(&r->failed, true);
    }
}

static bool read_digests(cache_image *i)
{
    const cache_part *part = &i->header.parts[IMAGE_REST];
    size_t count = piece_count(part, cache_piece_size(IMAGE_REST));
    if (i->digests) return true;
    i->digests = mem_zalloc(count + 1, sizeof *i->digests);
    if (cache_file_read(i->file, i->digests, count * sizeof *i->digests, part->at + part->len + image_map_bytes(part->len)) &&
        digest_equal(part->digest, cache_part_digest(i->digests, count, i->header.key)))
        return true;
    mem_free(i->digests);
    i->digests = NULL;
    return false;
}

bool cache_image_read(cache_image *i, image_part p, unsigned threads)
{
    const cache_part *part = &i->header.parts[p];
    size_t piece = cache_piece_size(p), count = piece_count(part, piece);
    part_reading r = {.image = i, .which = p, .pieces = count, .batch = BATCH / piece};
    if (part->len == 0) return true;
    if (p == IMAGE_REST && !read_digests(i)) return false;
    if (p == IMAGE_REST) (void)madvise(memory_of(i, p), part->len, MADV_HUGEPAGE);
    if (mprotect(memory_of(i, p), part->len, PROT_READ | PROT_WRITE) != 0) return false;
    r.found = mem_zalloc(count, sizeof *r.found);
    for (size_t k = 0; p == IMAGE_REST && k < count; k++) r.found[k] = i->digests[k]; /* of those that are known */
    parallel_for((count + r.batch - 1) / r.batch, threads, read_batch, &r);
    bool good = !r.failed && digest_equal(part->digest, cache_part_digest(r.found, count, i->header.key));
    if (good && p == IMAGE_REST) memset(i->known, 1, count);
    mem_free(r.found);
    return good;
}

static void check_batch(size_t number, unsigned worker, void *user)
{
    part_reading *r = user;
    const cache_image *i = r->image;
    size_t piece = cache_piece_size(r->which), at = number * r->batch * piece, left = i->header.parts[r->which].len - at;
    size_t len = left < r->batch * piece ? left : r->batch * piece;
    char *bytes = mem_alloc(len + image_map_bytes(len)), *map = bytes + len;
    bool good = !atomic_load(&r->failed) && read_bytes_of(i, r->which, at, len, bytes, map);
    (void)worker;
    for (size_t done = 0; good && done < len; done += piece) {
        size_t here = len - done < piece ? len - done : piece;
        good = digest_equal(piece_digest(bytes + done, map + image_map_bytes(done), here, i->header.key), i->digests[(at + done) / piece]);
    }
    mem_free(bytes);
    if (!good) atomic_store(&r->failed, true);
}

bool cache_image_check_rest(cache_image *i, unsigned threads)
{
    const size_t piece = cache_piece_size(IMAGE_REST), count = piece_count(&i->header.parts[IMAGE_REST], piece);
    part_reading r = {.image = i, .which = IMAGE_REST, .pieces = count, .batch = CHECKED / piece};
    if (count == 0) return true;
    if (!read_digests(i)) return false;
    parallel_for((count + r.batch - 1) / r.batch, threads, check_batch, &r);
    return !r.failed;
}

/* Pieces that have not been read yet, one behind the other. */
static bool read_unknown(cache_image *i, size_t first, size_t count)
{
    const size_t piece = cache_piece_size(IMAGE_REST), left = i->header.parts[IMAGE_REST].len - first * piece;
    digest *found = mem_zalloc(count, sizeof *found);
    bool good = mprotect(memory_of(i, IMAGE_REST) + first * piece, left < count * piece ? left : count * piece, PROT_READ | PROT_WRITE) == 0 &&
                read_run(i, IMAGE_REST, first, count, found) && memcmp(found, i->digests + first, count * sizeof *found) == 0;
    if (good) memset(i->known + first, 1, count);
    mem_free(found);
    return good;
}

bool cache_image_read_some(cache_image *i, size_t at, size_t len)
{
    const cache_part *part = &i->header.parts[IMAGE_REST];
    const size_t piece = cache_piece_size(IMAGE_REST);
    if (at > part->len || len > part->len - at || !read_digests(i)) return false;
    size_t next = at / piece, end = (at + len + piece - 1) / piece;
    for (size_t n; next < end; next += n ? n : 1) {
        for (n = 0; next + n < end && !i->known[next + n];) n++;
        if (n && !read_unknown(i, next, n)) return false;
    }
    return true;
}

void *cache_image_copy(const cache_image *i, image_part p, arena *a)
{
    const cache_part *part = &i->header.parts[p];
    size_t len = part->len + image_map_bytes(part->len), count;
    char *bytes = arena_alloc(a, len + 1);
    if (!cache_file_read(i->file, bytes, len, part->at)) return NULL;
    digest *all = cache_part_digests(bytes, bytes + part->len, part->len, p, i->header.key, &count);
    bool good = digest_equal(part->digest, cache_part_digest(all, count, i->header.key));
    mem_free(all);
    return good ? bytes : NULL;
}
