/* What the files of functions share. */
#ifndef PICKET_IR_FUNCTIONS_PRIVATE_H
#define PICKET_IR_FUNCTIONS_PRIVATE_H

#include "base/time_zone.h"
#include "ir/functions.h"

/* ---- arguments: what is missing or does not fit is the zero of the type, unless the function says otherwise ---- */

static inline value nothing(void) { return (value){.type = VALUE_MISSING}; }
static inline bool is_absent(const value *v) { return v->type == VALUE_MISSING || v->type == VALUE_NULL; }
value value_unsigned(uint64_t n);                     /* INT where it fits */

pk_str text_arg(const ir_call_args *c, size_t i);     /* empty: there is none */
double number_arg(const ir_call_args *c, size_t i);   /* 0: there is none */
int64_t int_arg(const ir_call_args *c, size_t i);     /* towards 0 */
bool truth_arg(const ir_call_args *c, size_t i);

/* A list as it is, a scalar as a list of one, nothing as the empty list. */
typedef struct { const value *items; size_t count; } list_view;
list_view list_arg(const ir_call_args *c, size_t i);

/* `fn` of the first argument as a text, or of each text of a list; nothing is the empty text. */
value each_text(const ir_call_args *c, value (*fn)(const ir_call_args *c, pk_str s));
/* Is it true of the first argument, or of one text of a list? */
value some_text(const ir_call_args *c, bool (*fn)(const ir_call_args *c, pk_str s));

/* ---- results with their limits ---- */

typedef struct { text bytes; bool cut; } text_result;
void result_put(text_result *r, pk_str s);            /* up to IR_MAX_TEXT; false later in `cut` */
value result_done(const ir_call_args *c, text_result *r);
bool result_add(const ir_call_args *c, list_builder *out, value v); /* false: the list is full */

/* ---- kept things ---- */

typedef struct ir_regex ir_regex;                     /* compiled, with room for its matches */
typedef struct { size_t start, end; } regex_span;     /* start SIZE_MAX: the group did not take part */
/* NULL: it does not compile. Give it back with regex_release. */
ir_regex *regex_borrow(const ir_call_args *c, pk_str pattern);
void regex_release(const ir_call_args *c, ir_regex *regex);
/* The first match from `at` on; at most `most` groups go into `groups`, group 0 the match. Number of groups, 0: none. */
size_t regex_find(const ir_call_args *c, ir_regex *regex, pk_str s, size_t at, regex_span *groups, size_t most);

/* NULL: no such zone. Lives as long as the calls, without them as long as the arena of the result. */
const time_zone *zone_of(const ir_call_args *c, pk_str name);
timestamp now_of(const ir_call_args *c);

/* ---- the functions ---- */

#define FUNCTION(name, least, most, signature, meaning, example) value call_##name(const ir_call_args *c);
#define VARYING FUNCTION
#include "ir/functions.def"
#undef VARYING
#undef FUNCTION

#endif
