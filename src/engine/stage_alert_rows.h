/* Alerts of other rules as rows; see stage_alert_rows.c. */
#ifndef PICKET_ENGINE_STAGE_ALERT_ROWS_H
#define PICKET_ENGINE_STAGE_ALERT_ROWS_H

#include "engine/stages.h"

/* Is a rule among those that an ALERTS stage names, and does it give alerts? */
bool reads_alerts_of(const stage *s, const rule *r);
/* The record of an alert: row `r` of node `n`; NULL: of a rule that looks at one event. `number`: which of all alerts. */
part *part_of_alert(stage_run *run, const rule *of, const node *n, const row *r, uint64_t number);

#endif
