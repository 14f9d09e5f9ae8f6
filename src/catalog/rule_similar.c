/*
 * Rules that look for the same: they share predicates, weighted by how rare each is (the logarithm of all rules over those that
 * have it). The weight of a pair is what they share over the geometric mean of what each has: 1 for the same predicates, and less
 * the more else there is. Predicates count in their normalised form where there is one, so rules of other languages are found too.
 */
#include <math.h>
#include <stdlib.h>

#include "catalog/queries.h"
#include "catalog/rule_index.h"

enum {
    COMMON = 300,                 /* a predicate in more rules says little and is not followed */
    MOST_PREDICATES = 400,        /* of the rule that are followed */
    CANDIDATES = 24,              /* that are weighed exactly */
    SHOWN = 8,
    SHOWN_PREDICATES = 5,
};

typedef struct {
    int64_t predicate, normal;    /* normal 0: none */
    double weight;
} rare_predicate;

typedef struct { rare_predicate *items; size_t count; } rare_predicates;

typedef struct {
    store *store;
    arena *arena;
    rule_index *index;
    double all;                   /* rules that count */
    rare_predicates own;
    double own_weight;
} weighing;

static double rarity(const weighing *w, int64_t rules) { return log((w->all + 1) / (double)(rules < 1 ? 1 : rules)); }

#define PREDICATES_OF                                                                                                              \
    "SELECT p.id, coalesce(p.normal, 0), coalesce(n.rules, p.rules), p.key, p.field, p.kind, p.value FROM rule_predicate u "       \
    "JOIN predicate p ON p.id = u.predicate LEFT JOIN normal n ON n.id = p.normal WHERE u.rule = ? AND u.positive = 1 ORDER BY 3, 1 LIMIT 2000"

static void load_own(weighing *w, int64_t rule)
{
    VEC(rare_predicate) own = {0};
    rows r = rows_of(w->store, w->arena, PREDICATES_OF, "i", rule);
    while (rows_next(&r)) {
        rare_predicate made = {row_int(&r, 0), row_int(&r, 1), rarity(w, row_int(&r, 2))};
        bool known = false;
        for (size_t i = 0; made.normal && i < own.len; i++) known |= own.at[i].normal == made.normal;
        if (known) continue;
        w->own_weight += made.weight;
        if (row_int(&r, 2) <= COMMON && own.len < MOST_PREDICATES) vec_push_in(w->arena, &own, made);
    }
    w->own = (rare_predicates){own.at, own.len};
}

/* What every other rule shares of the rare ones. */
static double *shared_weights(weighing *w, size_t itself)
{
    double *shared = ARENA_ARRAY(w->arena, double, w->index->count + 1);
    size_t *seen = ARENA_ARRAY(w->arena, size_t, w->index->count + 1);
    for (size_t i = 0; i < w->own.count; i++) {
        const rare_predicate *p = &w->own.items[i];
        rows r = p->normal ? rows_of(w->store, w->arena, "SELECT u.rule FROM predicate p JOIN rule_predicate u ON u.predicate = p.id WHERE p.normal = ? AND u.positive = 1", "i", p->normal)
                           : rows_of(w->store, w->arena, "SELECT rule FROM rule_predicate WHERE predicate = ? AND positive = 1", "i", p->predicate);
        while (rows_next(&r)) {
            size_t place = index_place(w->index, row_int(&r, 0));
            if (place == STR_NPOS || place == itself || seen[place] == i + 1 || !w->index->counts[place]) continue;
            seen[place] = i + 1;
            shared[place] += p->weight;
        }
    }
    return shared;
}

typedef struct {
    size_t place;
    double weight;
    int64_t shared;
    value predicates;
} similar_rule;

static int by_weight(const void *x, const void *y)
{
    const similar_rule *p = x, *q = y;
    if (p->weight < q->weight || p->weight > q->weight) return p->weight > q->weight ? -1 : 1;
    return p->place < q->place ? -1 : p->place > q->place;
}

static bool is_own(const weighing *w, int64_t predicate, int64_t normal)
{
    for (size_t i = 0; i < w->own.count; i++)
        if (w->own.items[i].predicate == predicate || (normal && w->own.items[i].normal == normal)) return true;
    return false;
}

/* The exact weight of a candidate, and the predicates that it shares, rarest first. */
static void weigh(weighing *w, similar_rule *c)
{
    arena *a = w->arena;
    double other = 0, shared = c->weight;
    list_builder list = {0};
    rows r = rows_of(w->store, a, PREDICATES_OF, "i", w->index->ids[c->place]);
    while (rows_next(&r)) {
        other += rarity(w, row_int(&r, 2));
        if (!is_own(w, row_int(&r, 0), row_int(&r, 1))) continue;
        c->shared++;
        if (list.items.len >= SHOWN_PREDICATES) continue;
        record_builder one = {0};
        put_predicate(&one, &r, 3);
        add_record(a, &list, &one);
    }
    c->predicates = list_done(&list);
    double mean = sqrt(other * w->own_weight);
    c->weight = mean > 0 ? fmin(1, shared / mean) : 0;
}

value rule_similar(store *s, arena *a, int64_t rule)
{
    weighing w = {.store = s, .arena = a, .index = index_of(s)};
    list_builder out = {0};
    for (size_t p = 0; p < w.index->count; p++) w.all += w.index->counts[p];
    load_own(&w, rule);
    double *shared = shared_weights(&w, index_place(w.index, rule));
    similar_rule best[CANDIDATES + 1];
    size_t n = 0;
    for (size_t p = 0; p < w.index->count; p++) {
        if (shared[p] <= 0 || (n == CANDIDATES && shared[p] <= best[n - 1].weight)) continue;
        best[n] = (similar_rule){.place = p, .weight = shared[p]};
        size_t at = n < CANDIDATES ? n++ : CANDIDATES - 1;
        if (at == CANDIDATES - 1) best[at] = (similar_rule){.place = p, .weight = shared[p]};
        for (; at && best[at - 1].weight < best[at].weight; at--) {
            similar_rule swap = best[at];
            best[at] = best[at - 1];
            best[at - 1] = swap;
        }
    }
    for (size_t i = 0; i < n; i++) weigh(&w, &best[i]);
    qsort(best, n, sizeof *best, by_weight);
    for (size_t i = 0; i < n && i < SHOWN; i++) {
        record_builder one = {0};
        put(a, &one, "rule", rule_card(s, a, w.index->ids[best[i].place], false));
        put_int(a, &one, "shared", best[i].shared);
        put(a, &one, "weight", value_real(round(best[i].weight * 100) / 100));
        put(a, &one, "predicates", best[i].predicates);
        add_record(a, &out, &one);
    }
    return list_done(&out);
}
