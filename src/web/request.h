/* Requests taken apart: paths, arguments, percent-encoding; and addresses put together. */
#ifndef PICKET_WEB_REQUEST_H
#define PICKET_WEB_REQUEST_H

#include "web/web.h"

#define REQUEST_MAX_ARGUMENTS 256

typedef struct { VEC(query_argument) items; } argument_list;

/* "%41+" -> "A " (a plus is a space only in forms). What is no UTF-8 becomes U+FFFD; a NUL ends nothing. */
pk_str percent_decode(arena *a, pk_str s, bool form);
/* All but unreserved characters; a slash too. */
pk_str percent_encode(arena *a, pk_str s);
void put_percent_encoded(text *t, pk_str s);

/* Adds the fields of "a=1&b=2"; false: too many. */
bool arguments_parse(arena *a, pk_str form, argument_list *out);
pk_str argument_get(const argument_list *l, const char *name); /* the first; empty: none */
bool argument_has(const argument_list *l, pk_str name, pk_str given);
/* "a=1&b=2" of all of them, without a '?'. */
pk_str arguments_query(arena *a, const argument_list *l);

/*
 * Whether a raw path fits a pattern ("/rules/{language}/{key}"); what stands for names is decoded and added to `out`.
 * `rest`: a name at the end takes what is left, slashes too. Nothing is added if it does not fit.
 */
bool path_matches(arena *a, pk_str pattern, pk_str path, bool rest, argument_list *out);

#endif
