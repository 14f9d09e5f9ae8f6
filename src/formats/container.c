/*
 * libarchive reads the tap below through callbacks and gives blocks of the member. Everything that comes out is counted:
 * a member may be limited, and a file may not unpack to absurdly more than it is, so that a bomb ends with a diagnostic.
 */
#include "formats/container.h"

#include <archive.h>
#include <archive_entry.h>
#include <stdio.h>

#define BLOCK ((size_t)128 << 10)
/* A file may always unpack to this much, and beyond it to so many times its size (deflate reaches 1032, once). */
#define UNPACKED_FREE ((uint64_t)1 << 30)
#define UNPACKED_RATIO 1100
#define BAD_HEADERS 1000 /* in one archive, before it is given up */

struct container {
    container_kind kind;
    struct archive *archive;
    tap *below;
    container_seek seek;
    pk_str name;
    container_budget *budget;
    diag_list *diags;      /* of the call that is running, or of the member's opening */
    uint8_t buffer[BLOCK]; /* from below */
    /* The member that is open. */
    tap member;
    pk_str member_name;
    const uint8_t *block;  /* libarchive's, what is left of it */
    size_t block_len;
    uint64_t produced;     /* bytes of the member so far */
    uint64_t zeros;        /* of a hole in a sparse file, to be given before the block */
    unsigned bad_headers;
    bool given;            /* the one member of a compressed stream */
};

/* ---- which kind ---- */

static bool has_magic(pk_str head, size_t at, const char *magic, size_t len)
{
    return head.len >= at + len && memcmp(head.ptr + at, magic, len) == 0;
}

/* POSIX.1 ustar: the header's checksum is the sum of its bytes, with the checksum's own taken as blanks. */
static bool is_tar(pk_str head)
{
    if (head.len < 512 || head.ptr[0] == 0) return false;
    unsigned sum = 0, stated = 0;
    size_t i = 148;
    while (i < 156 && head.ptr[i] == ' ') i++;
    size_t digits = i;
    for (; i < 156 && head.ptr[i] >= '0' && head.ptr[i] <= '7'; i++) stated = stated * 8 + (unsigned)(head.ptr[i] - '0');
    if (i == digits) return false;
    for (i = 0; i < 512; i++) sum += i >= 148 && i < 156 ? ' ' : (uint8_t)head.ptr[i];
    return sum == stated;
}

container_kind container_detect(pk_str head)
{
    static const struct {
        const char *bytes;
        size_t len;
        container_kind kind;
    } magics[] = {
        {"\x1f\x8b\x08", 3, CONTAINER_COMPRESSED},           /* RFC 1952 */
        {"\x28\xb5\x2f\xfd", 4, CONTAINER_COMPRESSED},       /* RFC 8878 */
        {"BZh", 3, CONTAINER_COMPRESSED},
        {"\xfd" "7zXZ\0", 6, CONTAINER_COMPRESSED},
        {"\x04\x22\x4d\x18", 4, CONTAINER_COMPRESSED},       /* LZ4 frame */
        {"PK\3\4", 4, CONTAINER_ZIP},                        /* APPNOTE 4.3.7 */
        {"PK\5\6", 4, CONTAINER_ZIP},                        /* an empty one */
    };
    for (size_t i = 0; i < sizeof magics / sizeof *magics; i++)
        if (has_magic(head, 0, magics[i].bytes, magics[i].len)) return magics[i].kind;
    /* RFC 8878, 3.1.2: a skippable frame, 0x184D2A50 to 5F, may stand first. */
    if (head.len >= 4 && (head.ptr[0] & 0xf0) == 0x50 && has_magic(head, 1, "\x2a\x4d\x18", 3)) return CONTAINER_COMPRESSED;
    return is_tar(head) ? CONTAINER_TAR : CONTAINER_NONE;
}

/* ---- diagnostics ---- */

static void report(container *c, pk_str file, const char *code, const char *what, const char *why)
{
    diag_add(c->diags, PK_ERROR, code, (diag_place){.file = file}, (pk_str){"", 0}, NULL, "%s%s%s", what,
             why && *why ? ": " : "", why ? why : "");
}

static void report_damage(container *c, pk_str file, const char *what)
{
    char text[128];
    int64_t at = archive_filter_bytes(c->archive, -1);
    snprintf(text, sizeof text, "%s after %lld bytes", what, (long long)(at < 0 ? 0 : at));
    report(c, file, "input-damaged", text, archive_error_string(c->archive));
}

/* ---- opening ---- */

static la_ssize_t read_below(struct archive *a, void *self, const void **buffer)
{
    (void)a;
    container *c = self;
    *buffer = c->buffer;
    return (la_ssize_t)tap_read(c->below, c->buffer, sizeof c->buffer);
}

static la_int64_t seek_below(struct archive *a, void *self, la_int64_t offset, int whence)
{
    (void)a;
    container *c = self;
    int64_t at = c->seek(c->below->self, offset, whence);
    if (at < 0) return ARCHIVE_FATAL;
    tap_forget(c->below);
    return at;
}

static void support(struct archive *a, container_kind kind)
{
    switch (kind) {
    case CONTAINER_ZIP: archive_read_support_format_zip(a); break;
    case CONTAINER_TAR: archive_read_support_format_tar(a); break;
    case CONTAINER_NONE:
    case CONTAINER_COMPRESSED:
        archive_read_support_filter_gzip(a);
        archive_read_support_filter_zstd(a);
        archive_read_support_filter_bzip2(a);
        archive_read_support_filter_xz(a);
        archive_read_support_filter_lz4(a);
        archive_read_support_format_raw(a);
        archive_read_support_format_empty(a);
        break;
    }
}

container *container_open(container_kind kind, tap *below, container_seek seek, pk_str name, container_budget *budget,
                          diag_list *d)
{
    container *c = mem_zalloc(1, sizeof *c);
    *c = (container){.kind = kind, .below = below, .seek = seek, .name = name, .budget = budget, .diags = d};
    c->archive = archive_read_new();
    struct archive *a = c->archive;
    support(a, kind);
    archive_read_set_callback_data(a, c);
    archive_read_set_read_callback(a, read_below);
    if (seek && kind == CONTAINER_ZIP) archive_read_set_seek_callback(a, seek_below);
    if (archive_read_open1(a) == ARCHIVE_OK) return c;
    report_damage(c, name, "cannot be unpacked");
    container_close(c);
    return NULL;
}

void container_close(container *c)
{
    if (!c) return;
    archive_read_free(c->archive);
    tap_close(&c->member);
    mem_free(c);
}

/* ---- members ---- */

/* A header that cannot be read. False: nothing more can be expected of this archive. */
static bool pass_bad_header(container *c, int status, bool *reported)
{
    if (!*reported)
        report_damage(c, c->name, c->kind == CONTAINER_COMPRESSED ? "cannot be unpacked" : "the archive is damaged");
    *reported = true; /* what stands behind it is looked at block by block: said once */
    /* RETRY has moved on by a block; the others may stay where they are. */
    return status == ARCHIVE_RETRY || (status != ARCHIVE_FATAL && ++c->bad_headers < BAD_HEADERS);
}

bool container_next(container *c, pk_str *path, diag_list *d)
{
    c->diags = d;
    tap_close(&c->member);
    if (c->given) return false;
    for (bool reported = false;;) {
        struct archive_entry *entry;
        int status = c->budget->exhausted ? ARCHIVE_EOF : archive_read_next_header(c->archive, &entry);
        if (status == ARCHIVE_EOF) return false;
        if (status != ARCHIVE_OK && status != ARCHIVE_WARN) { /* a warning still gives an entry */
            if (!pass_bad_header(c, status, &reported)) return false;
            continue;
        }
        if (c->kind == CONTAINER_COMPRESSED) {
            *path = (pk_str){"", 0};
            return c->given = true;
        }
        if (archive_entry_filetype(entry) != AE_IFREG || archive_entry_hardlink(entry)) continue;
        const char *name = archive_entry_pathname(entry);
        *path = str_from(name ? name : "?");
        if (!archive_entry_is_encrypted(entry)) return true;
        diag_add(d, PK_ERROR, "input-encrypted", (diag_place){.file = c->name}, (pk_str){"", 0}, NULL,
                 "the member '" STR_FMT "' is encrypted; skipped", STR_ARG(*path));
    }
}

static bool within_limits(container *c)
{
    container_budget *b = c->budget;
    char why[160] = "";
    if (b->member_limit && c->produced > b->member_limit)
        snprintf(why, sizeof why, "unpacks to more than the limit of %llu bytes; the rest is not read",
                 (unsigned long long)b->member_limit);
    else if (b->unpacked > UNPACKED_FREE && b->unpacked / UNPACKED_RATIO > b->read) {
        snprintf(why, sizeof why, "the file unpacks to more than %d times its size; the rest of it is not read",
                 UNPACKED_RATIO);
        b->exhausted = true;
    }
    if (*why) report(c, c->member_name, "input-expansion", why, NULL);
    return !*why;
}

/* Makes the next block of the member current; false at its end. */
static bool next_block(container *c)
{
    const void *block;
    size_t len;
    la_int64_t offset;
    for (unsigned retries = 0;;) {
        int status = archive_read_data_block(c->archive, &block, &len, &offset);
        if (status == ARCHIVE_EOF) return false;
        if (status == ARCHIVE_RETRY && retries++ < 10) continue;
        if (status < ARCHIVE_WARN) {
            report_damage(c, c->member_name, "damaged");
            return false;
        }
        if (status == ARCHIVE_OK || len) break;
        if (retries++ == 10) return false;
    }
    c->block = block;
    c->block_len = len;
    c->zeros = offset > 0 && (uint64_t)offset > c->produced ? (uint64_t)offset - c->produced : 0;
    return true;
}

static size_t count_unpacked(container *c, size_t n)
{
    c->produced += n;
    c->budget->unpacked += n;
    return n;
}

static size_t pull_member(void *self, void *buffer, size_t n)
{
    container *c = self;
    if (c->budget->exhausted) return 0;
    while (!c->zeros && !c->block_len) {
        if (!next_block(c)) return 0;
    }
    if (!within_limits(c)) return 0;
    if (c->zeros) {
        size_t count = c->zeros < n ? (size_t)c->zeros : n;
        memset(buffer, 0, count);
        c->zeros -= count;
        return count_unpacked(c, count);
    }
    size_t count = c->block_len < n ? c->block_len : n;
    memcpy(buffer, c->block, count);
    c->block += count;
    c->block_len -= count;
    return count_unpacked(c, count);
}

tap *container_member(container *c, pk_str name)
{
    c->member = (tap){.pull = pull_member, .self = c};
    c->member_name = name;
    c->block_len = 0;
    c->produced = c->zeros = 0;
    return &c->member;
}
