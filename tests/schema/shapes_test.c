/*
 * What a finder remembers of shapes: nothing of one that was met once, never more than a few megabytes however many shapes a log has, and
 * what is written stays the same when all was forgotten.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "schema/shapes.h"

enum { FIELDS = 40, SHAPES = 3000, BOUND = 5 << 20 };

typedef struct {
    schema *schema;
    field_finder *finder;
    arena *arena;                 /* of the record */
} fixture;

static int set_up(void **state)
{
    fixture *f = mem_zalloc(1, sizeof *f);
    diag_list *d = diag_list_new();
    assert_int_equal(schema_load(&f->schema, PICKET_SOURCE_DIR "/share/schemas", d), PK_OK);
    diag_list_free(d);
    f->finder = field_finder_new(f->schema);
    f->arena = arena_new();
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    fixture *f = *state;
    field_finder_free(f->finder);
    schema_free(f->schema);
    arena_free(f->arena);
    mem_free(f);
    return 0;
}

/* The names tell the shape, `turn` the values. */
static value record_of(arena *a, unsigned number, unsigned turn)
{
    record_builder b = {0};
    record_add(a, &b, STR("EventID"), value_int(4688));
    record_add(a, &b, STR("Channel"), value_string(STR("Security")));
    for (unsigned i = 0; i < FIELDS; i++)
        record_add(a, &b, arena_printf(a, "Field%u%s%u", i, i % 7 ? "" : "of", i % 7 ? 0 : number),
                   value_string(arena_printf(a, "%u %u \"%u\"", number, i, turn)));
    return record_done(&b);
}

static layout_id flat_layout(const schema *s)
{
    for (size_t l = 0; l < s->layouts.len; l++)
        if (str_equal(schema_layout_name(s, (layout_id)l), STR("flat"))) return (layout_id)l;
    fail_msg("no layout flat");
    return LAYOUT_NONE;
}

static void write_record(field_finder *finder, const classification *k, const value *tree, arena *a, text *out)
{
    text_clear(out);
    field_finder_record(finder, k->layout, tree, a);
    schema_write_normalised(finder, k, out);
}

static void once_leaves_nothing(void **state)
{
    fixture *f = *state;
    classification k = {.layout = flat_layout(f->schema)};
    text out = {0};
    for (unsigned i = 0; i < SHAPES; i++) {
        value tree = record_of(f->arena, i, 0);
        write_record(f->finder, &k, &tree, f->arena, &out);
        assert_int_equal(arena_used(shape_table_arena(f->finder->shapes)), 0);
        arena_reset(f->arena);
    }
    text_free(&out);
}

static void many_are_bounded(void **state)
{
    fixture *f = *state;
    classification k = {.layout = flat_layout(f->schema)};
    text out = {0}, expected = {0};
    size_t before = 0;
    unsigned forgotten = 0;
    for (unsigned i = 0; i < SHAPES; i++) {
        for (unsigned turn = 0; turn < 3; turn++) {
            value tree = record_of(f->arena, i, turn);
            write_record(f->finder, &k, &tree, f->arena, &out);
            size_t used = arena_used(shape_table_arena(f->finder->shapes));
            assert_true(used <= BOUND);
            forgotten += used < before;
            before = used;
            value normal = schema_normalise(f->finder, &k);
            text_clear(&expected);
            value_write_json(&expected, &normal);
            assert_true(str_equal(text_view(&out), text_view(&expected)));
            arena_reset(f->arena);
        }
    }
    assert_true(forgotten > 0);
    text_free(&out);
    text_free(&expected);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(once_leaves_nothing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(many_are_bounded, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
