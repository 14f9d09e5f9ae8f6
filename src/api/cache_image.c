/*
 * Memory of its own, so that nothing that happens to the file can reach what was checked. Until the rest has been read, its pages
 * can't be touched: code that forgets to ask for it is found by the first test that comes by.
 */
#include "api/cache_image.h"

#include <stdatomic.h>
#include <sys/mman.h>
#include <unistd.h>

#include "api/cache_folder.h"
#include "base/parallel.h"

enum { PIECE = 256 << 10, PIECE_MAP = PIECE / 512 * 8 };

struct cache_image {
    int file;
    cache_header header;
    char *bytes;                  /* front and rest */
    size_t mapped;
};

/* ---- digests ---- */

static size_t piece_count(size_t len) { return (len + PIECE - 1) / PIECE; }
static size_t piece_len(size_t len, size_t piece) { return len - piece * PIECE < PIECE ? len - piece * PIECE : PIECE; }

static digest piece_digest(const void *bytes, const void *map, size_t len, digest key)
{
    return digest_of(map, image_map_bytes(len), digest_of(bytes, len, key));
}

digest cache_part_digest(const void *bytes, const void *map, size_t len, digest key)
{
    size_t count = piece_count(len);
    digest *all = mem_zalloc(count + 1, sizeof *all);
    for (size_t i = 0; i < count; i++)
        all[i] = piece_digest((const char *)bytes + i * PIECE, (const char *)map + i * PIECE_MAP, piece_len(len, i), key);
    digest d = digest_of(all, count * sizeof *all, key);
    mem_free(all);
    return d;
}

/* ---- the image ---- */

cache_image *cache_image_new(int file, const cache_header *h)
{
    size_t size = h->parts[IMAGE_FRONT].len + h->parts[IMAGE_REST].len;
    void *bytes = mmap(NULL, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (bytes == MAP_FAILED) {
        close(file);
        return NULL;
    }
    (void)madvise(bytes, size, MADV_HUGEPAGE);
    cache_image *i = mem_zalloc(1, sizeof *i);
    *i = (cache_image){.file = file, .header = *h, .bytes = bytes, .mapped = size};
    return i;
}

void cache_image_free(cache_image *i)
{
    if (!i) return;
    munmap(i->bytes, i->mapped);
    close(i->file);
    mem_free(i);
}

void *cache_image_front(const cache_image *i, size_t *len)
{
    *len = i->header.parts[IMAGE_FRONT].len;
    return i->bytes;
}

/* ---- reading ---- */

typedef struct {
    const cache_image *image;
    const cache_part *part;
    char *to;
    digest *digests;              /* by piece */
    atomic_bool failed;
} part_reading;

static bool read_piece(part_reading *r, size_t piece)
{
    const cache_image *i = r->image;
    uint64_t map[PIECE_MAP / 8];
    size_t len = piece_len(r->part->len, piece);
    char *to = r->to + piece * PIECE;
    if (!cache_file_read(i->file, to, len, r->part->at + piece * PIECE)) return false;
    if (!cache_file_read(i->file, map, image_map_bytes(len), r->part->at + r->part->len + piece * PIECE_MAP)) return false;
    r->digests[piece] = piece_digest(to, map, len, i->header.key);
    return image_settle(to, len, map, (uintptr_t)i->bytes, i->mapped);
}

static void read_pieces(size_t piece, unsigned worker, void *user)
{
    part_reading *r = user;
    (void)worker;
    if (!atomic_load(&r->failed) && !read_piece(r, piece)) atomic_store(&r->failed, true);
}

bool cache_image_read(cache_image *i, image_part p, unsigned threads)
{
    const cache_part *part = &i->header.parts[p];
    size_t count = piece_count(part->len);
    part_reading r = {.image = i, .part = part, .to = i->bytes + (p == IMAGE_REST ? i->header.parts[IMAGE_FRONT].len : 0)};
    if (part->len == 0) return true;
    if (mprotect(r.to, part->len, PROT_READ | PROT_WRITE) != 0) return false;
    r.digests = mem_zalloc(count, sizeof *r.digests);
    parallel_for(count, threads, read_pieces, &r);
    bool good = !r.failed && digest_equal(part->digest, digest_of(r.digests, count * sizeof *r.digests, i->header.key));
    mem_free(r.digests);
    return good;
}

void *cache_image_copy(const cache_image *i, image_part p, arena *a)
{
    const cache_part *part = &i->header.parts[p];
    size_t len = part->len + image_map_bytes(part->len);
    char *bytes = arena_alloc(a, len + 1);
    if (!cache_file_read(i->file, bytes, len, part->at)) return NULL;
    return digest_equal(part->digest, cache_part_digest(bytes, bytes + part->len, part->len, i->header.key)) ? bytes : NULL;
}
