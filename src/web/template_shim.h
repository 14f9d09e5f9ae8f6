/* What templates.c and the C++ of template_shim.cpp say to each other: plain trees of texts, since C++ cannot read value.h. */
#ifndef PICKET_WEB_TEMPLATE_SHIM_H
#define PICKET_WEB_TEMPLATE_SHIM_H

#ifdef __cplusplus
extern "C" {
#endif

#include "base/diag.h"
#include "base/text.h"

typedef enum { NODE_FALSE, NODE_TRUE, NODE_TEXT, NODE_LIST, NODE_RECORD } node_type;

typedef struct template_node {
    node_type type;
    pk_str name;                  /* in a record */
    pk_str text;
    const struct template_node *items; /* of a list or record */
    size_t count;
} template_node;

typedef struct mustache_set mustache_set;

mustache_set *mustache_set_new(const pk_str *names, const pk_str *texts, size_t count, diag_list *d);
void mustache_set_free(mustache_set *t);
/* The names that a template asks for; the parts of dotted ones each. They live as long as the set. */
void mustache_set_names(const mustache_set *t, pk_str name, void (*fn)(pk_str name, void *user), void *user);
bool mustache_set_render(const mustache_set *t, const char *name, const template_node *root, text *out);

#ifdef __cplusplus
}
#endif
#endif
