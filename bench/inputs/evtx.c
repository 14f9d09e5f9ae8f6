/*
 * EVTX files of any size out of chunks of others: the chunks are kept as they are but for what counts them, that is numbers
 * and ids of records and the checksums (of the events, of the header), so that every decoder takes the file for one that
 * Windows wrote in one go.
 */
#include <stdio.h>
#include <unistd.h>

#include "formats/evtx/crc32.h"
#include "inputs.h"

enum { FILE_HEADER = 4096, CHUNK = 65536, CHUNK_HEADER = 512, RECORD_MAGIC = 0x2a2a };
enum { DENSE = 60000 };               /* a chunk is taken if its records reach this far */

static uint32_t u32_at(const uint8_t *p) { return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24; }

static void put(uint8_t *p, uint64_t n, int bytes)
{
    for (int i = 0; i < bytes; i++) p[i] = (uint8_t)(n >> 8 * i);
}

static uint32_t header_checksum(const crc32_table *t, const uint8_t *chunk)
{
    return crc32_add(t, crc32_add(t, 0, chunk, 120), chunk + 128, 384);
}

static uint32_t events_checksum(const crc32_table *t, const uint8_t *chunk)
{
    return crc32_add(t, 0, chunk + CHUNK_HEADER, u32_at(chunk + 48) - CHUNK_HEADER);
}

/* Whole, with right checksums, and every record in its place? Then how many there are; else 0. */
static size_t records_of(const crc32_table *t, const uint8_t *chunk)
{
    uint32_t end = u32_at(chunk + 48), at = CHUNK_HEADER;
    size_t n = 0;
    if (memcmp(chunk, "ElfChnk", 8) != 0 || end < CHUNK_HEADER || end > CHUNK) return 0;
    if (u32_at(chunk + 124) != header_checksum(t, chunk) || u32_at(chunk + 52) != events_checksum(t, chunk)) return 0;
    for (uint32_t size; at + 24 < end; at += size, n++) {
        size = u32_at(chunk + at + 4);
        if (u32_at(chunk + at) != RECORD_MAGIC || size < 28 || size > end - at) return 0;
    }
    return at == end ? n : 0;
}

/* Its records numbered from `id` on, at most `limit` of them. Returns the next id. */
static uint64_t renumber(const crc32_table *t, uint8_t *chunk, uint64_t id, size_t limit)
{
    uint64_t first = id;
    uint32_t end = u32_at(chunk + 48), last = CHUNK_HEADER;
    for (uint32_t at = CHUNK_HEADER; at < end && id - first < limit; at += u32_at(chunk + at + 4)) {
        put(chunk + at + 8, id++, 8);
        last = at;
    }
    uint32_t used = last + u32_at(chunk + last + 4);
    memset(chunk + used, 0, CHUNK - used);
    put(chunk + 8, first, 8);
    put(chunk + 16, id - 1, 8);
    put(chunk + 24, first, 8);
    put(chunk + 32, id - 1, 8);
    put(chunk + 44, last, 4);
    put(chunk + 48, used, 4);
    put(chunk + 52, events_checksum(t, chunk), 4);
    put(chunk + 124, header_checksum(t, chunk), 4);
    return id;
}

static void file_header(const crc32_table *t, uint8_t header[FILE_HEADER], size_t chunks, uint64_t next_id)
{
    memset(header, 0, FILE_HEADER);
    memcpy(header, "ElfFile", 8);
    put(header + 16, chunks - 1, 8);
    put(header + 24, next_id, 8);
    put(header + 32, 128, 4);
    put(header + 36, 1, 2);
    put(header + 38, 3, 2);
    put(header + 40, FILE_HEADER, 2);
    put(header + 42, chunks, 2);
    put(header + 124, crc32_add(t, 0, header, 120), 4);
}

static void collect(const crc32_table *t, pk_str file, uint32_t least, text *chunks)
{
    for (size_t at = FILE_HEADER; at + CHUNK <= file.len; at += CHUNK) {
        const uint8_t *chunk = (const uint8_t *)file.ptr + at;
        if (records_of(t, chunk) && u32_at(chunk + 48) >= least) text_put(chunks, str_slice(file, at, CHUNK));
    }
}

/* `count` chunks, those of `chunks` in turn, each with at most `limit` records. */
static uint64_t write_evtx(const crc32_table *t, const char *path, const text *chunks, size_t count, size_t limit)
{
    uint8_t header[FILE_HEADER], chunk[CHUNK];
    uint64_t id = 1;
    FILE *f = fopen(path, "wb");
    if (!f || fseek(f, FILE_HEADER, SEEK_SET) != 0) fail("%s cannot be written", path);
    for (size_t i = 0; i < count; i++) {
        memcpy(chunk, chunks->ptr + i * CHUNK % chunks->len, CHUNK);
        id = renumber(t, chunk, id, limit);
        if (fwrite(chunk, CHUNK, 1, f) != 1) fail("%s cannot be written", path);
    }
    file_header(t, header, count, id);
    if (fseek(f, 0, SEEK_SET) != 0 || fwrite(header, FILE_HEADER, 1, f) != 1 || fclose(f) != 0) fail("%s cannot be written", path);
    return id - 1;
}

/* dense-evtx OUT MB FROM...   and OUT.one, with one record */
int dense_evtx(int argc, char **argv)
{
    arena *a = arena_new();
    text chunks = {0};
    crc32_table t;
    int64_t megabytes;
    if (argc < 4 || !str_to_int(str_from(argv[2]), true, &megabytes)) return 3;
    crc32_init(&t);
    for (uint32_t least = DENSE; chunks.len == 0; least = 0) { /* no dense one anywhere: any */
        for (int i = 3; i < argc; i++) {
            file_names files = find_files(a, argv[i], ".evtx");
            for (size_t k = 0; k < files.paths.len; k++) collect(&t, read_whole(a, files.paths.at[k]), least, &chunks);
            vec_free(&files.paths);
        }
        if (least == 0) break;
    }
    if (chunks.len == 0) fail("no whole chunk in any file");
    size_t count = (size_t)megabytes * 1000000 / CHUNK;
    if (count > UINT16_MAX) count = UINT16_MAX; /* what the header can say */
    uint64_t records = write_evtx(&t, argv[1], &chunks, count ? count : 1, SIZE_MAX);
    write_evtx(&t, arena_printf(a, "%s.one", argv[1]).ptr, &chunks, 1, 1);
    printf("%s: %llu records in %zu chunks, made of %zu\n", argv[1], (unsigned long long)records, count, chunks.len / CHUNK);
    text_free(&chunks);
    arena_free(a);
    return 0;
}

/* small-evtx OUT ROUNDS FROM...   every undamaged file, so many times (links but for the first) */
int small_evtx(int argc, char **argv)
{
    arena *a = arena_new();
    crc32_table t;
    int64_t rounds, files_made = 0;
    if (argc < 4 || !str_to_int(str_from(argv[2]), true, &rounds)) return 3;
    crc32_init(&t);
    make_folder(argv[1]);
    for (int i = 3; i < argc; i++) {
        file_names files = find_files(a, argv[i], ".evtx");
        for (size_t k = 0; k < files.paths.len; k++) {
            pk_str bytes = read_whole(a, files.paths.at[k]);
            bool whole = bytes.len > FILE_HEADER;
            for (size_t at = FILE_HEADER; whole && at + CHUNK <= bytes.len; at += CHUNK)
                if (memcmp(bytes.ptr + at, "ElfChnk", 8) == 0) whole = records_of(&t, (const uint8_t *)bytes.ptr + at) > 0;
            if (!whole) continue;
            const char *first = arena_printf(a, "%s/00-%05zu.evtx", argv[1], (size_t)files_made).ptr;
            write_whole(first, bytes);
            for (int64_t r = 1; r < rounds; r++) {
                const char *more = arena_printf(a, "%s/%02d-%05zu.evtx", argv[1], (int)r, (size_t)files_made).ptr;
                unlink(more);
                if (link(first, more) != 0) fail("%s cannot be linked", more);
            }
            files_made++;
        }
        vec_free(&files.paths);
    }
    printf("%s: %lld files, %lld times\n", argv[1], (long long)files_made, (long long)rounds);
    arena_free(a);
    return 0;
}
