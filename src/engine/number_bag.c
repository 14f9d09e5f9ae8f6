/* A list of sorted blocks; see number_bag.h. */
#include "engine/number_bag.h"

#define BLOCK_MOST 512

void number_bag_free(number_bag *b)
{
    for (size_t i = 0; i < b->blocks.len; i++) mem_free(b->blocks.at[i].at);
    vec_free(&b->blocks);
    b->count = 0;
}

/* The first block whose last number is not below `d`; the last block if all are. */
static size_t block_of(const number_bag *b, double d)
{
    size_t low = 0, high = b->blocks.len - 1;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const number_block *block = &b->blocks.at[middle];
        if (block->at[block->len - 1] < d) low = middle + 1;
        else high = middle;
    }
    return low;
}

static size_t place_in(const number_block *block, double d)
{
    size_t low = 0, high = block->len;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (block->at[middle] < d) low = middle + 1;
        else high = middle;
    }
    return low;
}

static void insert_block(number_bag *b, size_t at, number_block block)
{
    vec_push(&b->blocks, block);
    memmove(&b->blocks.at[at + 1], &b->blocks.at[at], (b->blocks.len - 1 - at) * sizeof block);
    b->blocks.at[at] = block;
}

static void split(number_bag *b, size_t at)
{
    number_block *full = &b->blocks.at[at], upper = {.len = full->len / 2, .cap = BLOCK_MOST};
    upper.at = mem_alloc(BLOCK_MOST * sizeof *upper.at);
    full->len -= upper.len;
    memcpy(upper.at, full->at + full->len, upper.len * sizeof *upper.at);
    insert_block(b, at + 1, upper);
}

void number_bag_add(number_bag *b, double d)
{
    if (b->blocks.len == 0) insert_block(b, 0, (number_block){0});
    number_block *block = &b->blocks.at[b->count ? block_of(b, d) : 0];
    if (block->len == block->cap) {
        block->cap = block->cap ? block->cap * 2 : 4;
        block->at = mem_realloc(block->at, block->cap, sizeof *block->at);
    }
    size_t place = place_in(block, d);
    memmove(block->at + place + 1, block->at + place, (block->len - place) * sizeof *block->at);
    block->at[place] = d;
    block->len++;
    b->count++;
    if (block->len == BLOCK_MOST) split(b, (size_t)(block - b->blocks.at));
}

void number_bag_remove(number_bag *b, double d)
{
    if (b->count == 0) return;
    size_t at = block_of(b, d);
    number_block *block = &b->blocks.at[at];
    size_t place = place_in(block, d);
    if (place == block->len || block->at[place] != d) return;
    block->len--;
    b->count--;
    memmove(block->at + place, block->at + place + 1, (block->len - place) * sizeof *block->at);
    if (block->len) return;
    mem_free(block->at);
    b->blocks.len--;
    memmove(block, block + 1, (b->blocks.len - at) * sizeof *block);
}

double number_bag_at(const number_bag *b, size_t rank)
{
    size_t i = 0;
    while (rank >= b->blocks.at[i].len) rank -= b->blocks.at[i++].len;
    return b->blocks.at[i].at[rank];
}
