/* When and where an event happened: the first of the places of its layout that tells. */
#include "schema/classifier.h"

static const slot_list *slots_for(const classifier *c, const slot_list *lists, const classification *k)
{
    return &lists[k->layout == LAYOUT_NONE ? c->schema->layouts.len : k->layout];
}

/* Of one that is not decoded the time is told without its text, where no form says how to read that. */
static timestamp time_of_field(const classifier *c, const event *e, event_field *f, const char *form, arena *a)
{
    timestamp t = f->undecoded && e->time_of && !form ? e->time_of(e, f) : TIMESTAMP_NONE;
    return t != TIMESTAMP_NONE ? t : time_parse(c->schema, event_field_value(e, f), form, a);
}

timestamp classifier_time(classifier *c, const event *e, const classification *k, arena *a)
{
    const slot_list *times = slots_for(c, c->times, k);
    for (size_t i = 0; i < times->count; i++)
        for (size_t n = 0; n < e->field_count; n++) {
            if (e->fields[n].slot != times->slots[i]) continue;
            timestamp t = time_of_field(c, e, &e->fields[n], times->forms[i], a);
            if (t != TIMESTAMP_NONE) return t;
        }
    return TIMESTAMP_NONE;
}

pk_str classifier_host(classifier *c, const event *e, const classification *k, arena *a)
{
    const slot_list *hosts = slots_for(c, c->hosts, k);
    pk_str host;
    for (size_t i = 0; i < hosts->count; i++)
        for (size_t n = 0; n < e->field_count; n++)
            if (e->fields[n].slot == hosts->slots[i] && e->fields[n].value.type != VALUE_NULL &&
                value_text(a, event_field_value(e, &e->fields[n]), &host) && host.len > 0)
                return host;
    return STR("");
}
