/*
 * Elements and values -> the record tree that tools commonly make of an EVTX record:
 *
 *     <A x="1">t</A>            "A": {"#attributes": {"x": 1}, "#text": "t"}
 *     <A>t</A>, <A/>            "A": "t", "A": blank
 *     <A><B>1</B><B>2</B></A>   "A": {"B": [1, 2]}
 *     <Data Name="N">t</Data>   "N": "t"            further attributes: "N_attributes": {...}
 *     <Data>t</Data>            "Data": ["t", ...]  all unnamed ones together
 *
 * plan_run.c gives the same values at the same paths without the tree; what changes here changes there.
 */
#include "formats/evtx/tree.h"

#include "base/hash.h"

enum { SCANNED = 16 /* children of an element searched one by one; more go into a table */ };

typedef struct {
    const evtx_record *r;
    const evtx_fragment *f;
    scratch *s;
    const evtx_places *places;  /* NULL: values are shown as they are */
    bool *unsure;               /* with places: a value would have to be known */
} renderer;

/* The fields that an element has so far. Elements of one name are one field, where the first of them stood. */
typedef struct {
    pk_str name;
    bool many;
    value only;             /* not many */
    list_builder items;     /* many */
} child;

typedef struct {
    VEC(child) all;         /* in the arena */
    table by_name;          /* once there are more than SCANNED */
} children;

static void render_element(const renderer *x, const binxml_element *e, children *parent);

/* The fragments of a nested value, as children of the element that holds the value. */
static void render_nested(const renderer *x, uint32_t fragment, children *parent)
{
    for (uint32_t next = fragment; next; next = x->r->fragments.at[next - 1].next) {
        renderer inner = *x;
        inner.f = &x->r->fragments.at[next - 1];
        for (const binxml_element *e = inner.f->tree->roots; e; e = e->next) render_element(&inner, e, parent);
    }
}

/* ---- values ---- */

static value shown(const renderer *x, const binxml_content *c, const binxml_value *v)
{
    return x->places ? evtx_place_of(x->places, x->f->first + c->index, x->s->arena) : binxml_decode(x->s, v);
}

/* Is it a place, whose value would have to be known? */
static bool is_unsure(const renderer *x, const value *v)
{
    if (!x->places || v->type != VALUE_TIME) return false;
    *x->unsure = true;
    return true;
}

/* The text-like part of one piece of content; false: it has none. */
static bool piece_value(const renderer *x, const binxml_content *c, value *out)
{
    if (c->kind == CONTENT_ELEMENT) return false;
    if (c->kind == CONTENT_CONSTANT) {
        *out = c->constant;
        return true;
    }
    binxml_value room;
    const binxml_value *v = evtx_value_at(x->r, x->f, c->index, &room);
    if (v->type == BINXML_FRAGMENT || v->type == BINXML_NULL) return false;
    *out = shown(x, c, v);
    return true;
}

static void append_text(const renderer *x, text *joined, const value *v)
{
    pk_str piece;
    if (is_unsure(x, v)) return;
    if (v->type == VALUE_LIST) {
        for (size_t i = 0; i < v->as.list.count; i++) {
            if (i) text_put_char(joined, ',');
            append_text(x, joined, &v->as.list.items[i]);
        }
    } else if (value_text(x->s->arena, v, &piece)) {
        text_put(joined, piece);
    }
}

static value content_of(const renderer *x, const binxml_content *content)
{
    value first = {.type = VALUE_MISSING}, v;
    text joined = {0};
    size_t count = 0;
    for (const binxml_content *c = content; c; c = c->next) {
        if (!piece_value(x, c, &v)) continue;
        if (count == 1) append_text(x, &joined, &first);
        if (count++ == 0) first = v;
        else append_text(x, &joined, &v);
    }
    if (count < 2) return first;
    pk_str all = arena_str(x->s->arena, text_view(&joined));
    text_free(&joined);
    return all.len ? value_string(all) : (value){.type = VALUE_BLANK};
}

value evtx_content(const evtx_record *r, const evtx_fragment *f, const binxml_content *content, scratch *s)
{
    return content_of(&(renderer){.r = r, .f = f, .s = s}, content);
}

static value attribute_of(const renderer *x, const binxml_attribute *a)
{
    return a->content ? content_of(x, a->content) : (value){.type = VALUE_BLANK};
}

value evtx_attribute(const evtx_record *r, const evtx_fragment *f, const binxml_attribute *a, scratch *s)
{
    return attribute_of(&(renderer){.r = r, .f = f, .s = s}, a);
}

/* ---- elements ---- */

static value render_attributes(const renderer *x, const binxml_element *e)
{
    record_builder attributes = {0};
    for (const binxml_attribute *a = e->attributes; a; a = a->next) {
        if (e->data == DATA_NAMED && str_equal(a->name, STR("Name"))) continue;
        value v = attribute_of(x, a);
        if (v.type != VALUE_MISSING) record_add(x->s->arena, &attributes, a->name, v);
    }
    return record_done(&attributes);
}

bool evtx_only_blanks(const value *v)
{
    return v->type == VALUE_MISSING || v->type == VALUE_BLANK ||
           (v->type == VALUE_STRING && str_trim(v->as.string).len == 0);
}

static child *find_child(children *c, pk_str name)
{
    if (c->all.len > SCANNED) {
        uint32_t i = table_get(&c->by_name, name);
        return i == TABLE_NONE ? NULL : &c->all.at[i];
    }
    for (size_t i = 0; i < c->all.len; i++)
        if (str_equal(c->all.at[i].name, name)) return &c->all.at[i];
    return NULL;
}

static child *new_child(const renderer *x, children *c, pk_str name)
{
    vec_push_in(x->s->arena, &c->all, (child){.name = name});
    if (c->all.len > SCANNED)
        for (size_t i = c->all.len == SCANNED + 1 ? 0 : c->all.len - 1; i < c->all.len; i++)
            table_put(&c->by_name, c->all.at[i].name, (uint32_t)i);
    return &c->all.at[c->all.len - 1];
}

/* A list adds its elements. */
static void add_item(const renderer *x, child *to, const value *v)
{
    if (v->type != VALUE_LIST) list_add(x->s->arena, &to->items, *v);
    for (size_t i = 0; v->type == VALUE_LIST && i < v->as.list.count; i++)
        list_add(x->s->arena, &to->items, v->as.list.items[i]);
}

static void add_element(const renderer *x, children *parent, pk_str name, value v, bool always_list)
{
    child *c = find_child(parent, name);
    if (!c) {
        c = new_child(x, parent, name);
        c->only = v;
        if (!always_list) return;
    } else if (!c->many) {
        add_item(x, c, &c->only);
    }
    c->many = true;
    add_item(x, c, &v);
}

static value take_children(const renderer *x, children *c)
{
    value_field *fields = arena_alloc(x->s->arena, c->all.len * sizeof *fields);
    for (size_t i = 0; i < c->all.len; i++) {
        child *one = &c->all.at[i];
        fields[i] = (value_field){one->name, one->many ? list_done(&one->items) : one->only};
    }
    table_free(&c->by_name);
    return (value){.type = VALUE_RECORD, .as.record = {fields, c->all.len}};
}

/* Room for what the template tells of. */
static void reserve_children(const renderer *x, const binxml_element *e, children *c)
{
    c->all.cap = 2; /* #attributes, #text */
    for (const binxml_content *at = e->content; at; at = at->next) c->all.cap++;
    c->all.at = arena_alloc(x->s->arena, c->all.cap * sizeof *c->all.at);
}

/* An element of at most one text, without attributes: most are. false: it is none. */
static bool plain_inside(const renderer *x, const binxml_element *e, value *out)
{
    const binxml_content *c = e->content;
    *out = (value){.type = VALUE_BLANK};
    if (!c) return true;
    if (c->next || c->kind == CONTENT_ELEMENT) return false;
    binxml_value room;
    if (c->kind == CONTENT_SUBSTITUTION && evtx_value_at(x->r, x->f, c->index, &room)->type == BINXML_FRAGMENT) return false;
    value v;
    if (piece_value(x, c, &v) && v.type != VALUE_MISSING) *out = v;
    return true;
}

/* What stands inside the element: its text alone, or a record with #attributes, #text and its children. */
static value render_inside(const renderer *x, const binxml_element *e, const value *attributes)
{
    children inside = {0};
    bool has_attributes = attributes->as.record.count > 0, has_children = e->has_elements;
    value plain;
    if (!has_attributes && !has_children && plain_inside(x, e, &plain)) return plain;
    reserve_children(x, e, &inside);
    value text_of = content_of(x, e->content);
    if (has_attributes) new_child(x, &inside, STR("#attributes"))->only = *attributes;
    for (const binxml_content *c = e->content; c; c = c->next) {
        if (c->kind == CONTENT_ELEMENT) render_element(x, c->element, &inside);
        if (c->kind != CONTENT_SUBSTITUTION) continue;
        binxml_value room;
        const binxml_value *v = evtx_value_at(x->r, x->f, c->index, &room);
        if (v->type != BINXML_FRAGMENT || !v->fragment) continue;
        render_nested(x, v->fragment, &inside);
        has_children = true;
    }
    if (!has_attributes && !has_children)
        return text_of.type == VALUE_MISSING ? (value){.type = VALUE_BLANK} : text_of;
    bool skip =
        has_children ? is_unsure(x, &text_of) || evtx_only_blanks(&text_of) : text_of.type == VALUE_MISSING || text_of.type == VALUE_BLANK;
    if (!skip) new_child(x, &inside, STR("#text"))->only = text_of;
    return take_children(x, &inside);
}

/* <Data Name="N">: the field N, and what other attributes it has as N_attributes. */
static void render_named_data(const renderer *x, const binxml_element *e, pk_str name, value attributes,
                              children *parent)
{
    static const value none = {.type = VALUE_RECORD};
    new_child(x, parent, name)->only = render_inside(x, e, &none);
    if (attributes.as.record.count == 0) return;
    new_child(x, parent, arena_concat(x->s->arena, name, STR("_attributes")))->only = attributes;
}

/* Takes the computed Name out of the attributes. */
static bool take_name(const renderer *x, value *attributes, pk_str *name)
{
    value_field *f = attributes->as.record.fields;
    size_t count = attributes->as.record.count;
    for (size_t i = 0; i < count; i++) {
        if (!str_equal(f[i].name, STR("Name")) || is_unsure(x, &f[i].value)) continue;
        if (!value_text(x->s->arena, &f[i].value, name) || name->len == 0) continue;
        memmove(f + i, f + i + 1, (count - i - 1) * sizeof *f);
        attributes->as.record.count--;
        return true;
    }
    return false;
}

static void render_element(const renderer *x, const binxml_element *e, children *parent)
{
    value attributes = render_attributes(x, e);
    pk_str name = e->data_name;
    if (e->data == DATA_NAMED || (e->data == DATA_COMPUTED && take_name(x, &attributes, &name)))
        render_named_data(x, e, name, attributes, parent);
    else add_element(x, parent, e->name, render_inside(x, e, &attributes), e->data != DATA_NONE);
}

value evtx_tree_element(const evtx_record *r, const evtx_fragment *f, const binxml_element *e, scratch *s)
{
    renderer x = {.r = r, .f = f, .s = s};
    children parent = {0};
    render_element(&x, e, &parent);
    return take_children(&x, &parent);
}

static value whole_tree(const renderer *x)
{
    children top = {0};
    render_nested(x, 1, &top);
    return take_children(x, &top);
}

value evtx_tree(const evtx_record *r, scratch *s) { return whole_tree(&(renderer){.r = r, .f = &r->fragments.at[0], .s = s}); }

value evtx_tree_of_places(const evtx_record *r, const evtx_places *places, scratch *s)
{
    bool unsure = false;
    value tree = whole_tree(&(renderer){.r = r, .f = &r->fragments.at[0], .s = s, .places = places, .unsure = &unsure});
    return unsure ? (value){.type = VALUE_MISSING} : tree;
}
