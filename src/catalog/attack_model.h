/*
 * What is known of ATT&CK, in memory. Private to attack*.c: a bundle or a table is read into it (attack_stix.c, attack_table.c),
 * attack.c completes it, attack_store.c writes it into a catalogue.
 */
#ifndef PICKET_CATALOG_ATTACK_MODEL_H
#define PICKET_CATALOG_ATTACK_MODEL_H

#include "base/hash.h"
#include "base/text.h"
#include "catalog/attack.h"

typedef VEC(pk_str) attack_list;  /* in the arena */

typedef struct {
    pk_str id, short_name, name, description;
    pk_str predecessor;           /* short name of the tactic that it came out of; empty: none */
} attack_tactic;

typedef struct {
    pk_str id, name, description, url;
    attack_list tactics;          /* short names */
    attack_list platforms, data_sources, detections;
    bool retired;
    pk_str successor;             /* of a retired one; empty: nothing followed it */
    bool newer;                   /* from newer.tsv: what it lacks it takes from those that it follows */
} attack_technique;

typedef struct {
    pk_str id, name, url;
    const char *kind;             /* "group", "software", "campaign" */
} attack_object;

typedef struct {
    uint32_t technique, object;   /* places in the lists below */
} attack_use;

struct attack {
    arena *arena;
    pk_str release, copyright;
    pk_str newer_release;         /* whose ids newer.tsv has; empty: the release knows them */
    uint64_t fingerprint;
    VEC(attack_tactic) tactics;   /* in the order of the matrix */
    VEC(attack_technique) techniques; /* by name, each followed by its sub-techniques */
    VEC(attack_object) objects;   /* by kind and name */
    VEC(attack_use) uses;         /* by technique and object, each once */
    table technique_of;           /* id -> place */
    table object_of;
    table tactic_of;              /* id, short name, name and former short name, all in lower case with '-' -> place */
};

/* Bounds on what is read: far above every release, so that only a file that is none reaches them. */
enum {
    ATTACK_FILE_LIMIT = 256 << 20,
    ATTACK_TACTICS = 500,
    ATTACK_TECHNIQUES = 50000,
    ATTACK_OBJECTS = 100000,
    ATTACK_USES = 2000000,
    ATTACK_NAME = 500,            /* bytes of a name, and of an entry of a list */
    ATTACK_LIST = 500,            /* entries of a list */
    ATTACK_DESCRIPTION = 64 << 10,
};

attack *attack_new(void);

/* Adds one whose texts last; false: a bound was reached. One that is there already stays, unless it is retired and the new isn't. */
bool attack_add_tactic(attack *k, const attack_tactic *t, size_t at); /* at: before that place; STR_NPOS: last */
bool attack_add_technique(attack *k, const attack_technique *t);
bool attack_add_object(attack *k, const attack_object *o);
attack_technique *attack_technique_at(const attack *k, pk_str id);   /* NULL: none */
attack_tactic *attack_tactic_at(const attack *k, pk_str name);       /* by id, short name, name or former short name */
void attack_index_tactics(attack *k);                                /* after a name was changed */
uint32_t attack_current(const attack *k, uint32_t place);            /* what a retired technique became */

void attack_list_add(attack *k, attack_list *list, pk_str entry);    /* copies; neither twice nor past the bounds */
pk_str attack_name(arena *a, pk_str s);                              /* a name within its bound: cut at a character */

/* Of ids: "T1090" or "T1090.003"; "TA0011"; a letter and four digits. */
bool attack_is_technique(pk_str id);
bool attack_is_tactic(pk_str id);
bool attack_is_object(pk_str id, char letter);
pk_str attack_parent(pk_str id);                                     /* "T1090" of "T1090.003"; empty: it is no sub-technique */

/* attack_text.c: what a description says, without citations, links and markup; its first sentence. */
pk_str attack_plain_text(arena *a, pk_str markdown);
pk_str attack_first_sentence(pk_str s);

/* attack_stix.c, attack_table.c: add to `k`. */
pk_status attack_read_stix(attack *k, pk_str json, pk_str name, diag_list *d);
pk_status attack_read_table(attack *k, pk_str tsv, bool newer, pk_str name, diag_list *d); /* newer: it completes what is there */
/* Lists are read; sorts, indexes, follows successors, moves uses to what is current. */
void attack_complete(attack *k, pk_str name, diag_list *d);

#endif
