/* What expressions ask of HISTORY stages: see stage_history.c. */
#ifndef PICKET_ENGINE_HISTORY_H
#define PICKET_ENGINE_HISTORY_H

#include "engine/stages.h"

typedef struct history_state history_state;

/* Is it observed(STAGE.column, keys...)? */
bool expr_is_observed(const expr *e);
/* Its values over a row of node `n`, appended: those of the column in the observations before the row's window. */
void history_values(const node *n, const row *r, const expr *e, arena *a, list_builder *out);
/* Do windows that begin at these times look back at the same observations? Of all histories of the plan. */
bool history_same_view(const stage_run *run, const plan *p, timestamp x, timestamp y);

#endif
