/*
 * Bytes as an input file of any kind: compressed streams and archives are unpacked, nested, and what is in them is
 * detected and read to its end, within the limits.
 */
#define _GNU_SOURCE /* memfd_create */
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "formats/input.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MEMBER_LIMIT (1 << 20)

static void drain(log_stream *s)
{
    static uint8_t buffer[4096];
    size_t total = 0;
    for (size_t n; (n = stream_read(s, buffer, sizeof buffer));) total += n;
    if (total > MEMBER_LIMIT + (1 << 20)) abort(); /* one block of the unpacker may come on top */
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int fd = memfd_create("input", 0);
    if (fd < 0 || write(fd, data, size) != (ssize_t)size) abort();
    char path[64];
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    diag_list *d = diag_list_new();
    input_options options = {.expansion_limit = MEMBER_LIMIT, .nesting_limit = 3};
    input_list *list = input_list_new(&options);
    input_item item;
    if (input_add(list, path, d) != PK_OK) abort();
    for (input_result r; (r = input_next(list, &item, d)) != INPUT_END;) {
        if (!item.name.ptr || item.argument != 0) abort();
        if (r == INPUT_OPENED) drain(item.stream);
    }
    if (input_bytes_read(list) > input_bytes_total(list)) abort();
    input_list_free(list);
    diag_list_free(d);
    close(fd);
    return 0;
}
