/* CRC-32 of RFC 1952: the checksum of EVTX file headers, chunk headers and event records. */
#ifndef PICKET_FORMATS_EVTX_CRC32_H
#define PICKET_FORMATS_EVTX_CRC32_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct {
    uint32_t rows[8][256];
} crc32_table;

void crc32_init(crc32_table *t);
/* Continues from `crc`, the result for the bytes before (0 at the start). */
uint32_t crc32_add(const crc32_table *t, uint32_t crc, const uint8_t *bytes, size_t len);
/* The same without a table: slow beyond some hundred bytes unless crc32_is_fast. */
uint32_t crc32_small(uint32_t crc, const uint8_t *bytes, size_t len);

bool crc32_is_fast(void);

#endif
