/* Lowering: a rule's tree -> its plan. */
#include "languages/yaral/lower.h"

#include "languages/yaral/yaral.h"

void yaral_lower(ir_catalog *c, rule *r, const yaral_rule *ast, const language_options *o)
{
    (void)o;
    yaral_report(c, r, PK_UNSUPPORTED, "yaral-lower", ast->name_span, STR(""), "rules in YARA-L are read but not run yet");
}
