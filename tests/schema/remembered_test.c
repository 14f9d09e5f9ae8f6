/*
 * What a classifier remembers changes nothing: over random events, with values decoded or not, present, blank, null, repeated, many
 * of them alike but for a byte, a classifier that has seen all events before says the same as one that has seen none.
 */
#include <setjmp.h>
#include <stdarg.h>
#include "../tools/corpora.h"
#include <cmocka.h>

#include "schema/schema.h"

#define EVENTS 3000

static const char *const names[] = {
    "Event.System.Channel", "Event.System.EventID", "Event.System.EventID.#text", "Event.System.Provider.#attributes.Name",
    "Channel", "EventID", "SourceName", "winlog.channel", "winlog.event_id", "event.module", "eventName", "message", "type", "auid",
    "Event.EventData.Data.@Name",
};

static const char *const texts[] = {
    "Security", "security", "SecuritY", "Xecurity", "System", "Microsoft-Windows-Sysmon/Operational", "Yicrosoft-Windows-Sysmon/Operational",
    "Microsoft-Windows-PowerShell/Operational", "Microsoft-Windows-Sysmon", "Linux-Sysmon/Operational", "4688", "4624", "1", "11", "type=SYSCALL",
    "type=EXECVE and much more of it", "auditd", "ConsoleLogin", "", "x",
};

typedef struct {
    schema *schema;
    path_set *paths;
    arena *arena;
    uint64_t random;
} fixture;

static uint32_t pick(fixture *f, uint32_t below)
{
    f->random = f->random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(f->random >> 33) % below;
}

/* Not decoded, each byte is the true one and its encoding; of the third kind it is a number. */
static void decode(const event *e, event_field *field)
{
    arena *a = ((const fixture *)e->reader)->arena;
    pk_str raw = field->value.as.string;
    char *made = arena_alloc(a, raw.len + 1);
    for (size_t i = 0; i < raw.len; i++) made[i] = (char)(raw.ptr[i] - field->encoding);
    field->undecoded = false;
    field->value = field->encoding == 3 ? value_int((int64_t)raw.len) : value_string((pk_str){made, raw.len});
}

static pk_str any_text(fixture *f)
{
    pk_str t = str_from(texts[pick(f, pick(f, 2) ? 12 : sizeof texts / sizeof *texts)]);
    if (pick(f, 8)) return t;
    size_t len = pick(f, 600);
    char *made = arena_alloc(f->arena, len + 1);
    for (size_t i = 0; i < len; i++) made[i] = i < t.len ? t.ptr[i] : 'a';
    return (pk_str){made, len};
}

static event_field any_field(fixture *f)
{
    event_field field = {.slot = path_find(f->paths, str_from(names[pick(f, pick(f, 2) ? 2 : sizeof names / sizeof *names)]))};
    static const int64_t numbers[] = {1, 11, 4688, 4624, -1};
    switch (pick(f, 8)) {
    case 0: field.value = value_int(numbers[pick(f, 5)]); break;
    case 1: field.value = value_bool(pick(f, 2)); break;
    case 2: field.value = value_null(); break;
    case 3: field.value = (value){.type = VALUE_BLANK}; break;
    case 4:
    case 5: field.value = value_string(any_text(f)); break;
    default: {
        pk_str t = any_text(f);
        char *raw = arena_alloc(f->arena, t.len + 1);
        field.encoding = (uint8_t)(1 + pick(f, 3));
        for (size_t i = 0; i < t.len; i++) raw[i] = (char)(t.ptr[i] + field.encoding);
        field.undecoded = true;
        field.value = value_string((pk_str){raw, t.len});
    }
    }
    return field;
}

static classification classes_of(fixture *f, classifier *c, const event *e)
{
    event_field *copy = ARENA_ARRAY(f->arena, event_field, e->field_count + 1);
    memcpy(copy, e->fields, e->field_count * sizeof *copy);
    event own = *e;
    own.fields = copy;
    return classify(c, &own, CLASS_NONE);
}

static void same_as_new(void **state)
{
    fixture f = {.arena = arena_new(), .random = 7};
    diag_list *d = diag_list_new();
    (void)state;
    assert_int_equal(schema_load(&f.schema, PICKET_SOURCE_DIR "/share/schemas", d), PK_OK);
    diag_list_free(d);
    f.paths = path_set_new();
    schema_register(f.schema, f.paths);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) (void)path_add(f.paths, str_from(names[i]));
    path_set_freeze(f.paths);
    classifier *old = classifier_new(f.schema, f.paths);
    size_t with_classes = 0;
    for (size_t n = 0; n < EVENTS; n++) {
        if (n % 50 == 0) arena_reset(f.arena); /* what was seen before is gone */
        size_t count = pick(&f, 24) ? pick(&f, 6) : 20 + pick(&f, 40);
        event_field *fields = ARENA_ARRAY(f.arena, event_field, count + 1);
        for (size_t i = 0; i < count; i++) {
            fields[i] = any_field(&f);
            if (i && pick(&f, 6) == 0) fields[i].slot = fields[i - 1].slot;
        }
        event e = {.fields = fields, .field_count = count, .decode = decode, .reader = &f};
        classification first = classes_of(&f, old, &e), again = classes_of(&f, old, &e);
        classifier *fresh = classifier_new(f.schema, f.paths);
        classification expected = classes_of(&f, fresh, &e);
        assert_int_equal(first.layout, expected.layout);
        assert_int_equal(first.class_count, expected.class_count);
        if (expected.class_count) assert_memory_equal(first.classes, expected.classes, expected.class_count * sizeof *expected.classes);
        assert_int_equal(again.layout, first.layout);
        assert_int_equal(again.class_count, first.class_count);
        assert_ptr_equal(again.classes, first.classes);
        with_classes += first.class_count > 1;
        classifier_free(fresh);
    }
    assert_true(with_classes > EVENTS / 20);
    classifier_free(old);
    path_set_free(f.paths);
    schema_free(f.schema);
    arena_free(f.arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(same_as_new)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
