/* Programs: the chosen rules of a catalog, compiled. */
#include "api/cache.h"

typedef struct {
    const pk_catalog *catalog;
    const pk_choice *choice;
} chooser;

static bool choose(const rule *r, void *user)
{
    const chooser *by = user;
    return choice_fits(by->choice, catalog_rule(by->catalog, r));
}

pk_status pk_program_build(pk_program **out, pk_catalog *c, const pk_choice *choice)
{
    static const pk_choice everything = {0};
    *out = NULL;
    if (!c->schema) return PK_ERROR_USAGE;
    if (!choice) choice = &everything;
    pk_status status = choice_check(choice, catalog_diags(c));
    if (status != PK_OK) return status;
    bool kept = cache_serves(c);
    if (kept && cache_fetch(c, choice, out)) return PK_OK;
    catalog_complete(c);
    cache_store *store = kept ? cache_store_begin(c) : NULL;
    pk_program *p = mem_zalloc(1, sizeof *p);
    p->catalog = c;
    p->diags = diag_list_new();
    chooser by = {c, choice};
    status = program_build(&p->compiled, c->ir, c->schema, &(compile_options){.choose = choose, .choose_user = &by, .threads = c->threads}, p->diags);
    catalog_refresh(c); /* the compiler may have found that a rule can't run */
    cache_store_end(store, choice, status == PK_OK ? p : NULL);
    *out = p;
    return status;
}

void pk_program_free(pk_program *p)
{
    if (!p) return;
    program_free(p->compiled);
    diag_list_free(p->diags);
    mem_free(p);
}

bool pk_program_runs(const pk_program *p, const pk_rule *r) { return program_has_rule(p->compiled, (uint32_t)r->index); }
size_t pk_program_rule_count(const pk_program *p) { return program_rule_count(p->compiled); }
const pk_diagnostics *pk_program_diagnostics(const pk_program *p) { return p->diags; }

void pk_program_warn_of_slow(pk_program *p)
{
    if (catalog_rest(p->catalog)) program_warn_of_slow(p->compiled, p->diags);
}
