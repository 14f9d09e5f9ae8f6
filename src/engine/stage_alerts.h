/* Rows of alert nodes on their way out; see stage_alerts.c. */
#ifndef PICKET_ENGINE_STAGE_ALERTS_H
#define PICKET_ENGINE_STAGE_ALERTS_H

#include "engine/stages.h"

typedef struct alert_queue alert_queue;

alert_queue *alert_queue_new(stage_run *run, row_store **stores, stage_alert_fn fn, void *user);
void alert_queue_free(alert_queue *q);
void alert_queue_add(alert_queue *q, const node *n, row *r);
void alert_queue_flush(alert_queue *q, timestamp until); /* alerts of times up to this one go out */
bool alert_queue_stopped(const alert_queue *q);
pk_status alert_queue_status(const alert_queue *q);      /* PK_ERROR_IO: an event could not be read back */

/* Does the plan call its parts by the names that its author gave them? Then alerts show them by name. */
bool plan_names_parts(const plan *p);

#endif
