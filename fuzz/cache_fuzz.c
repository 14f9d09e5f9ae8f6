/*
 * Entries of the cache of compiled rules, whatever their bytes: refused, or read within bounds. The digests are made to fit
 * first, since no input would get past them: what is tested is what stands behind them. A manifest that can be read says the
 * same when it is written again; pointers of an image that is settled all lie within it.
 */
#include <stdlib.h>

#include "api/cache_entry.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static void check_manifest(pk_str bytes, arena *a)
{
    cache_manifest m;
    text again = {0};
    if (!cache_manifest_read(&m, bytes, a)) return;
    for (size_t i = 0; i < m.files.len; i++) (void)print_is_fresh(&m.files.at[i].print);
    cache_manifest_write(&again, &m);
    cache_manifest_read(&m, text_view(&again), a);
    if (again.len != bytes.len) abort();
    text_free(&again);
}

/* One part of it, as if it stood alone behind another. */
static void check_part(const uint8_t *bytes, const cache_part *p, size_t before, size_t total, size_t root)
{
    size_t map_len = image_map_bytes(p->len);
    char *image = aligned_alloc(16, (p->len + 15) / 16 * 16 + 16);
    uint64_t *map = mem_alloc(map_len + 8);
    if (!image) abort();
    memcpy(image, bytes + p->at, p->len);
    memcpy(map, bytes + p->at + p->len, map_len);
    uintptr_t base = (uintptr_t)image - before;
    if (image_settle(image, p->len, map, base, total)) {
        for (size_t at = 0; at + 8 <= p->len; at += 8) {
            uintptr_t word;
            memcpy(&word, image + at, sizeof word);
            if ((map[at / 512] >> (at / 8 % 64) & 1) && word - base >= total) abort();
        }
        const char *found = before ? NULL : image_at(image, p->len, root, 48);
        if (found && (found < image || found + 48 > image + p->len)) abort();
    }
    free(image);
    mem_free(map);
}

static void check_image(const uint8_t *bytes, const cache_header *h)
{
    size_t front = h->parts[IMAGE_FRONT].len, total = front + h->parts[IMAGE_REST].len;
    check_part(bytes, &h->parts[IMAGE_FRONT], 0, total, h->root);
    check_part(bytes, &h->parts[IMAGE_REST], front, total, h->root);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    cache_header h = {0};
    arena *a = arena_new();
    check_manifest((pk_str){(const char *)bytes, len}, a);
    if (!cache_header_read(&h, bytes, len, len) && len >= CACHE_HEADER_SIZE) {
        uint8_t mended[CACHE_HEADER_SIZE];
        digest own;
        memcpy(mended, bytes, sizeof mended);
        memcpy(mended, "picketP\3", 8);
        memcpy(&h.key, mended + 8, sizeof h.key);
        own = digest_of(mended, sizeof mended - sizeof own, h.key);
        memcpy(mended + sizeof mended - sizeof own, &own, sizeof own);
        if (cache_header_read(&h, mended, sizeof mended, len)) {
            check_manifest((pk_str){(const char *)bytes + h.manifest_at, h.manifest_len}, a);
            check_image(bytes, &h);
        }
    }
    arena_free(a);
    return 0;
}
