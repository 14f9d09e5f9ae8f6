/* The list of rules. */
#include "catalog/queries.h"

QUERY(rules)
{
    const filter *f = filter_read(s, args, a, e);
    if (!f) return (value){0};
    rule_set all = rules_all(s, a);
    record_builder b = {0};
    put_rule_page(s, a, &b, f, &all, args, "rules");
    put(a, &b, "facets", filter_facets(f, &all));
    put_text(a, &b, "q", argument_text(args, "q"));
    return record_done(&b);
}
