/*
 * The walker once more, for processors with AVX2, as CMakeLists.txt has this file compiled: a key and a string are looked at by one step of
 * 32 bytes instead of two, and operands need no copies.
 */
#ifdef __x86_64__
#define WALKER_OF_AVX2
#include "formats/json/walker.c"
#endif
