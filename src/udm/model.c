/*
 * messages.def and enums.def as tables. A message is a list of a few dozen fields at most, looked through in order: names are
 * asked for when rules are compiled, and keys of records are mostly told apart by their length and first letter.
 */
#include "udm/model.h"

#define NAME(text) {#text, sizeof #text - 1}
#define COUNT(array) (sizeof(array) / sizeof *(array))

/* ---- enumerations ---- */

#define ENUM(type) static const udm_enum_value values_##type[] = {
#define VALUE(name, number) {NAME(name), number},
#define END };
#include "udm/enums.def"

#define ENUM(type) static const udm_enum enum_##type = {NAME(type), values_##type, COUNT(values_##type)};
#include "udm/enums.def"

#define ENUM(type) &enum_##type,
static const udm_enum *const enums[] = {
#include "udm/enums.def"
};

pk_str udm_enum_type(const udm_enum *e) { return e->name; }
size_t udm_enum_count(const udm_enum *e) { return e->count; }

const udm_enum *udm_enum_find(pk_str type)
{
    for (size_t i = 0; i < COUNT(enums); i++)
        if (str_equal(enums[i]->name, type)) return enums[i];
    return NULL;
}

bool udm_enum_number(const udm_enum *e, pk_str name, int64_t *out)
{
    for (size_t i = 0; i < e->count; i++) {
        if (!str_equal(e->values[i].name, name)) continue;
        *out = e->values[i].number;
        return true;
    }
    return false;
}

pk_str udm_enum_name(const udm_enum *e, int64_t number)
{
    for (size_t i = 0; i < e->count; i++)
        if (e->values[i].number == number && number != NO_NUMBER) return e->values[i].name;
    return STR("");
}

pk_str udm_enum_nearest(const udm_enum *e, pk_str name)
{
    pk_str names[256];
    size_t count = e->count < COUNT(names) ? e->count : COUNT(names);
    for (size_t i = 0; i < count; i++) {
        names[i] = e->values[i].name;
        if (str_equal_ascii_fold(names[i], name)) return names[i];
    }
    return str_nearest(name, names, count);
}

pk_str udm_enum_at(const udm_enum *e, size_t i, int64_t *number)
{
    if (number) *number = e->values[i].number;
    return e->values[i].name;
}

/* ---- messages ---- */

#define MESSAGE(type) static const udm_message message_##type; /* they refer to each other */
#include "udm/messages.def"

#define MESSAGE(type) static const udm_field fields_##type[] = {
#define FIELD(text, of_type, many, digest, of_message, of_enum) \
    {.name = NAME(text), .type = of_type, .repeated = many, .hash = digest, .message = of_message, .enumeration = of_enum},
#define END };
#include "udm/messages.def"

#define MESSAGE(type) static const udm_message message_##type = {NAME(type), fields_##type, COUNT(fields_##type)};
#include "udm/messages.def"

#define MESSAGE(type) &message_##type,
static const udm_message *const messages[] = {
#include "udm/messages.def"
};

const udm_message *udm_root_message(udm_root root)
{
    return root == UDM_EVENT ? &message_Event : root == UDM_ENTITY ? &message_Entity : &message_Detection;
}

pk_str udm_message_name(const udm_message *m) { return m->name; }

const udm_message *udm_message_find(pk_str name)
{
    for (size_t i = 0; i < COUNT(messages); i++)
        if (str_equal(messages[i]->name, name)) return messages[i];
    return NULL;
}

const udm_field *udm_message_fields(const udm_message *m, size_t *count)
{
    *count = m->count;
    return m->fields;
}

const udm_field *udm_message_field(const udm_message *m, pk_str name)
{
    for (size_t i = 0; i < m->count; i++)
        if (str_equal(m->fields[i].name, name)) return &m->fields[i];
    return NULL;
}

bool udm_is_struct(const udm_message *m) { return m == &message_Struct; }
bool udm_is_variable(const udm_message *m) { return m == &message_FindingVariable; }
bool udm_is_labels(const udm_field *f) { return f->repeated && f->message == &message_Label; }

/* ---- spellings ---- */

static bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }
static bool is_lower(char c) { return c >= 'a' && c <= 'z'; }

/* Is `key` the camelCase of `name`? protobuf's rule: an underscore goes and the next letter is raised. */
static bool is_camel_of(pk_str key, pk_str name)
{
    size_t k = 0;
    for (size_t i = 0; i < name.len; i++, k++) {
        bool raised = name.ptr[i] == '_';
        if (raised && ++i == name.len) return false;
        if (k == key.len) return false;
        char c = name.ptr[i];
        if (raised && is_lower(c)) c = (char)(c - 'a' + 'A');
        if (key.ptr[k] != c) return false;
    }
    return k == key.len;
}

const udm_field *udm_field_written(const udm_message *m, pk_str key)
{
    if (key.len == 0) return NULL;
    for (size_t i = 0; i < m->count; i++) {
        pk_str name = m->fields[i].name;
        if (name.ptr[0] != key.ptr[0] || name.len < key.len) continue;
        if (name.len == key.len ? str_equal(name, key) : is_camel_of(key, name)) return &m->fields[i];
    }
    return NULL;
}

pk_str udm_snake_case(pk_str key, arena *a)
{
    size_t raised = 0;
    for (size_t i = 1; i < key.len; i++) raised += is_upper(key.ptr[i]);
    if (raised == 0) return key;
    char *out = arena_alloc(a, key.len + raised + 1);
    size_t len = 0;
    for (size_t i = 0; i < key.len; i++) {
        char c = key.ptr[i];
        if (i && is_upper(c) && key.ptr[i - 1] != '_') out[len++] = '_';
        out[len++] = i && is_upper(c) ? (char)(c - 'A' + 'a') : c;
    }
    return (pk_str){out, len};
}

pk_str udm_camel_case(pk_str key, arena *a)
{
    if (str_find_char(key, '_') == STR_NPOS) return key;
    char *out = arena_alloc(a, key.len + 1);
    size_t len = 0;
    for (size_t i = 0; i < key.len; i++) {
        bool raised = key.ptr[i] == '_' && i + 1 < key.len;
        if (raised) i++;
        out[len++] = raised && is_lower(key.ptr[i]) ? (char)(key.ptr[i] - 'a' + 'A') : key.ptr[i];
    }
    return (pk_str){out, len};
}
