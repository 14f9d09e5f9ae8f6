/*
 * A program as an image. What belongs to other libraries does not go into it: regexes are compiled when they are first
 * needed, Hyperscan's databases stand in it as Hyperscan writes them.
 */
#include <stdlib.h>

#include "compile/network_private.h"
#include "compile/program_private.h"

#define AT(type, member) (at + offsetof(type, member))

typedef struct {
    network *network;
    pk_str bytes;
} regex_database;

typedef struct program_image {
    program *program;
    regex_database *databases;
    size_t database_count;
} program_image_root;

_Static_assert(sizeof(program) == 528 && sizeof(slot_program) == 56 && sizeof(predicate_row) == 56 && sizeof(comparison) == 104 &&
                   sizeof(rule_variant) == 32 && sizeof(class_program) == 72,
               "a member came or went: program_image copies each");

typedef VEC(regex_database) database_list; /* bytes are Hyperscan's, networks are places */

static void put_slots(const program *p, image_writer *w, size_t at, database_list *databases)
{
    size_t parts = p->part_count;
    size_t programs = image_array(w, AT(program, slot_programs), p->slot_programs, parts, sizeof *p->slot_programs);
    size_t networks = image_array(w, AT(program, networks), p->networks, parts, sizeof *p->networks);
    for (size_t i = 0; i < parts; i++, programs += sizeof(slot_program), networks += sizeof(network *)) {
        const slot_program *sp = &p->slot_programs[i];
        size_t tests = 0, place = 0;
        pk_str bytes = {NULL, 0};
        if (sp->test_count) image_once(w, sp->tests, sp->test_count * sizeof *sp->tests, &tests);
        image_point(w, programs + offsetof(slot_program, tests), tests);
        for (uint32_t k = 0; k < sp->test_count; k++) prepared_image(sp->tests[k], w, tests + k * sizeof *sp->tests);
        if (sp->network) place = network_image(sp->network, w, programs + offsetof(slot_program, network), &bytes);
        image_point(w, networks, place);
        image_array(w, programs + offsetof(slot_program, first), sp->first, sp->test_count + 1, sizeof *sp->first);
        image_array(w, programs + offsetof(slot_program, predicates), sp->predicates, sp->first[sp->test_count], sizeof *sp->predicates);
        if (bytes.len) vec_push(databases, ((regex_database){(network *)(uintptr_t)place, bytes}));
    }
}

static void put_operand(image_writer *w, size_t at, const operand *o) { value_image(&o->value, w, AT(operand, value)); }

static void put_rules(const program *p, image_writer *w, size_t program_at)
{
    size_t at = IMAGE_VECTOR(w, program_at + offsetof(program, predicates), &p->predicates);
    for (size_t i = 0; i < p->predicates.len; i++, at += sizeof(predicate_row)) {
        image_array(w, AT(predicate_row, tests), p->predicates.at[i].tests, p->predicates.at[i].count, sizeof(uint32_t));
        image_array(w, AT(predicate_row, variants), p->predicates.at[i].variants, p->predicates.at[i].variant_count, sizeof(uint32_t));
    }
    at = IMAGE_VECTOR(w, program_at + offsetof(program, comparisons), &p->comparisons);
    for (size_t i = 0; i < p->comparisons.len; i++, at += sizeof(comparison))
        for (size_t k = 0; k < 2; k++) put_operand(w, AT(comparison, sides) + k * sizeof(operand), &p->comparisons.at[i].sides[k]);
    at = IMAGE_VECTOR(w, program_at + offsetof(program, variants), &p->variants);
    for (size_t i = 0; i < p->variants.len; i++, at += sizeof(rule_variant))
        image_array(w, AT(rule_variant, necessary), p->variants.at[i].necessary, p->variants.at[i].necessary_count, sizeof(uint32_t));
    at = IMAGE_VECTOR(w, program_at + offsetof(program, correlations), &p->correlations);
    for (size_t i = 0; i < p->correlations.len; i++) {
        size_t to;
        image_once(w, p->correlations.at[i], sizeof(rule), &to);
        image_point(w, at + i * sizeof(rule *), to);
    }
}

static void put_classes(const program *p, image_writer *w, size_t field)
{
    size_t at = image_array(w, field, p->classes, p->class_count + 1, sizeof *p->classes);
    for (size_t i = 0; i <= p->class_count; i++, at += sizeof(class_program)) {
        IMAGE_VECTOR(w, AT(class_program, slots), &p->classes[i].slots);
        IMAGE_VECTOR(w, AT(class_program, others), &p->classes[i].others);
        IMAGE_VECTOR(w, AT(class_program, variants), &p->classes[i].variants);
    }
}

static void put_databases(image_writer *w, size_t root, const database_list *databases)
{
    size_t at = image_array(w, root + offsetof(program_image_root, databases), databases->at, databases->len, sizeof *databases->at);
    image_set(w, root + offsetof(program_image_root, database_count), &databases->len, sizeof databases->len);
    for (size_t i = 0; i < databases->len; i++, at += sizeof(regex_database)) {
        image_point(w, AT(regex_database, network), (size_t)(uintptr_t)databases->at[i].network);
        image_string(w, AT(regex_database, bytes), databases->at[i].bytes);
    }
}

void program_image(const program *p, image_writer *w, size_t field)
{
    database_list databases = {0};
    size_t root = image_copy(w, &(program_image_root){0}, sizeof(program_image_root)), at = image_copy(w, p, sizeof *p);
    image_point(w, field, root);
    image_point(w, root + offsetof(program_image_root, program), at);
    image_clear(w, AT(program, image));
    image_clear(w, AT(program, arena));
    for (size_t i = 0; i < PARALLEL_MOST; i++) image_clear(w, AT(program, worker_arenas) + i * sizeof(arena *));
    image_clear(w, AT(program, catalog));
    image_clear(w, AT(program, schema));
    path_set_image(p->paths, w, AT(program, paths));
    slots_image(&p->slots, w, AT(program, slots));
    put_slots(p, w, at, &databases);
    size_t prepared = image_array(w, AT(program, prepared), p->prepared, p->prepared_count, sizeof *p->prepared);
    for (size_t i = 0; i < p->prepared_count; i++) prepared_image(p->prepared[i], w, prepared + i * sizeof *p->prepared);
    put_rules(p, w, at);
    IMAGE_VECTOR(w, AT(program, code.code), &p->code.code);
    put_classes(p, w, AT(program, classes));
    image_array(w, AT(program, compiled), p->compiled, p->rule_count, sizeof *p->compiled);
    image_array(w, AT(program, chosen), p->chosen, p->rule_count, sizeof *p->chosen);
    put_databases(w, root, &databases);
    for (size_t i = 0; i < databases.len; i++) free((void *)(uintptr_t)databases.at[i].bytes.ptr); /* by Hyperscan's allocator */
    vec_free(&databases);
}

program *program_restore(void *image, ir_catalog *c, schema *s)
{
    program_image_root *root = image;
    program *p = root->program;
    p->image = root;
    p->arena = arena_new();
    p->catalog = c;
    p->schema = s;
    p->slots.arena = p->arena;
    p->slots.schema = s;
    p->slots.paths = p->paths;
    for (size_t i = 0; i < root->database_count; i++) {
        if (network_restore(root->databases[i].network, root->databases[i].bytes)) continue;
        program_release(p);
        return NULL;
    }
    return p;
}

void program_release(program *p)
{
    for (size_t i = 0; i < p->prepared_count; i++) prepared_free(p->prepared[i]);
    for (size_t i = 0; i < p->image->database_count; i++) network_release(p->image->databases[i].network);
    arena_free(p->arena);
}
