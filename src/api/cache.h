/* Programs kept on disk between runs: cache.c. */
#ifndef PICKET_API_CACHE_H
#define PICKET_API_CACHE_H

#include "api/api.h"

/* May the program that is about to be built come from the cache, or go there? Asked before anything is read. */
bool cache_serves(const pk_catalog *c);
/* Restores catalogue and program. false: there is nothing that fits, and nothing has changed. */
bool cache_fetch(pk_catalog *c, const pk_choice *choice, pk_program **out);
/* Keeps a program: begun when the catalogue is complete, ended when the program has been built; NULL: there is none, keep nothing. */
typedef struct cache_store cache_store;
cache_store *cache_store_begin(pk_catalog *c);
void cache_store_end(cache_store *st, const pk_choice *choice, const pk_program *p);
void cache_release(pk_catalog *c);                     /* with the catalogue */

#endif
