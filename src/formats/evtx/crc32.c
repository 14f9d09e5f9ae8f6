/*
 * CRC-32, eight bytes a step ("slicing by 8"): row k of the table is the effect of a byte that k more bytes follow.
 * The table is made once for each reader, so that nothing global changes.
 */
#include "formats/evtx/crc32.h"

#define POLYNOMIAL 0xedb88320u /* reflected */

void crc32_init(crc32_table *t)
{
    for (uint32_t i = 0; i < 256; i++) {
        uint32_t c = i;
        for (int bit = 0; bit < 8; bit++) c = c & 1 ? c >> 1 ^ POLYNOMIAL : c >> 1;
        t->rows[0][i] = c;
    }
    for (int row = 1; row < 8; row++)
        for (int i = 0; i < 256; i++) {
            uint32_t before = t->rows[row - 1][i];
            t->rows[row][i] = before >> 8 ^ t->rows[0][before & 0xff];
        }
}

static uint32_t load32(const uint8_t *p)
{
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

uint32_t crc32_add(const crc32_table *t, uint32_t crc, const uint8_t *bytes, size_t len)
{
    uint32_t c = ~crc;
    for (; len >= 8; bytes += 8, len -= 8) {
        uint32_t low = load32(bytes) ^ c, high = load32(bytes + 4);
        c = t->rows[7][low & 0xff] ^ t->rows[6][low >> 8 & 0xff] ^ t->rows[5][low >> 16 & 0xff] ^
            t->rows[4][low >> 24] ^ t->rows[3][high & 0xff] ^ t->rows[2][high >> 8 & 0xff] ^
            t->rows[1][high >> 16 & 0xff] ^ t->rows[0][high >> 24];
    }
    for (; len; bytes++, len--) c = c >> 8 ^ t->rows[0][(c ^ *bytes) & 0xff];
    return ~c;
}
