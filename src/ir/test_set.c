/*
 * Sets of tests by meaning. The cells hold no key: tests are compared themselves, so that a set costs little more than a
 * pointer a test. The shared set is cut into shards by hash, each under a lock of its own.
 */
#include "ir/test_set.h"

#include <pthread.h>

/* ---- what makes two tests the same ---- */

/* 1, 1.0, '1' and true are four constants, and NaN is equal to itself: constants are compared by their bytes. */
static bool constant_bytes(const value *v, pk_str *out)
{
    switch (v->type) {
    case VALUE_MISSING: case VALUE_NULL: case VALUE_BLANK: *out = STR(""); return true;
    case VALUE_BOOL: *out = v->as.boolean ? STR("1") : STR("0"); return true;
    case VALUE_INT: case VALUE_UINT: case VALUE_FLOAT: case VALUE_TIME:
        *out = (pk_str){(const char *)&v->as.integer, sizeof v->as.integer};
        return true;
    case VALUE_STRING: *out = v->as.string; return true;
    case VALUE_LIST: case VALUE_RECORD: break;
    }
    return false;
}

static uint64_t written_hash(const value *v)
{
    text json = {0};
    value_write_json(&json, v);
    uint64_t hash = hash_str(text_view(&json));
    text_free(&json);
    return hash;
}

static bool written_equal(const value *x, const value *y)
{
    text a = {0}, b = {0};
    value_write_json(&a, x);
    value_write_json(&b, y);
    bool equal = str_equal(text_view(&a), text_view(&b));
    text_free(&a);
    text_free(&b);
    return equal;
}

uint64_t test_hash(const ir_test *t)
{
    pk_str bytes;
    uint64_t what = (uint64_t)t->kind << 40 | (uint64_t)t->flags << 16 | (uint64_t)t->compare << 8 | (uint64_t)t->constant.type;
    return constant_bytes(&t->constant, &bytes) ? hash_bytes(bytes.ptr, bytes.len, what) : hash_mix(what, written_hash(&t->constant));
}

static bool same_test(const ir_test *x, const ir_test *y)
{
    pk_str a, b;
    if (x->kind != y->kind || x->flags != y->flags || x->compare != y->compare || x->constant.type != y->constant.type) return false;
    return constant_bytes(&x->constant, &a) && constant_bytes(&y->constant, &b) ? str_equal(a, b) : written_equal(&x->constant, &y->constant);
}

/* ---- a set ---- */

void test_set_free(test_set *s)
{
    mem_free(s->cells);
    *s = (test_set){0};
}

ir_test *test_set_find(const test_set *s, const ir_test *like, uint64_t hash)
{
    if (!s->cells) return NULL;
    for (size_t i = hash & s->mask;; i = (i + 1) & s->mask) {
        const test_cell *c = &s->cells[i];
        if (!c->test || (c->hash == hash && same_test(c->test, like))) return c->test;
    }
}

static void put(test_set *s, ir_test *t, uint64_t hash)
{
    size_t i = hash & s->mask;
    while (s->cells[i].test) i = (i + 1) & s->mask;
    s->cells[i] = (test_cell){hash, t};
}

void test_set_add(test_set *s, ir_test *t, uint64_t hash)
{
    if (!s->cells || s->count * 2 > s->mask) {
        test_set old = *s;
        size_t size = old.cells ? (old.mask + 1) * 2 : 64;
        *s = (test_set){.cells = mem_zalloc(size, sizeof *s->cells), .mask = size - 1, .count = old.count};
        for (size_t i = 0; old.cells && i <= old.mask; i++)
            if (old.cells[i].test) put(s, old.cells[i].test, old.cells[i].hash);
        test_set_free(&old);
    }
    put(s, t, hash);
    s->count++;
}

/* ---- a shared set ---- */

enum { SHARD_LOG = 4 };

typedef struct {
    pthread_mutex_t lock;
    test_set set;
} shard;

struct shared_tests {
    shard shards[1 << SHARD_LOG];
};

shared_tests *shared_tests_new(void)
{
    shared_tests *s = mem_zalloc(1, sizeof *s);
    for (size_t i = 0; i < 1 << SHARD_LOG; i++) pthread_mutex_init(&s->shards[i].lock, NULL);
    return s;
}

void shared_tests_free(shared_tests *s)
{
    if (!s) return;
    for (size_t i = 0; i < 1 << SHARD_LOG; i++) {
        pthread_mutex_destroy(&s->shards[i].lock);
        test_set_free(&s->shards[i].set);
    }
    mem_free(s);
}

static shard *shard_of(shared_tests *s, uint64_t hash) { return &s->shards[hash >> (64 - SHARD_LOG)]; }

ir_test *shared_tests_intern(shared_tests *s, const ir_test *like, uint64_t hash, arena *a)
{
    shard *in = shard_of(s, hash);
    pthread_mutex_lock(&in->lock);
    ir_test *t = test_set_find(&in->set, like, hash);
    if (!t) {
        t = ARENA_NEW(a, ir_test);
        *t = *like;
        t->id = TEST_ID_NONE;
        t->constant = value_copy(a, &like->constant);
        test_set_add(&in->set, t, hash);
    }
    pthread_mutex_unlock(&in->lock);
    return t;
}

void shared_tests_add(shared_tests *s, ir_test *t)
{
    uint64_t hash = test_hash(t);
    test_set_add(&shard_of(s, hash)->set, t, hash);
}
