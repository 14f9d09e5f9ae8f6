/*
 * The record that an alert is to the rules that read alerts (ALERTS stages):
 *
 *   {detection: [{rule_name, rule_id, severity, summary, risk_score, detection_fields: {KEY: text}, outcomes: {COLUMN: text},
 *                variables: {NAME: {type: MATCH or OUTCOME, value: text, int64_val: 1}}}],
 *    time_window: {start_time, end_time}, detection_time,
 *    collection_elements: [{label: PART, references: [{event: RECORD} or {entity: RECORD}]}]}
 *
 * Keys are those of the plan's last aggregate; a list among the outcomes is its texts, joined by ", ". Among
 * the variables each has its own type: int64_val and double_val (a whole number both), bool_val, string_val, timestamp_time, or a
 * list int64_seq.int64_vals, double_seq.double_vals, bool_seq.bool_vals, string_seq.string_vals. Helper columns, whose name begins with '#' or holds ':', are not
 * there.
 */
#ifndef PICKET_IR_ALERT_RECORD_H
#define PICKET_IR_ALERT_RECORD_H

#include "ir/ir.h"

typedef struct {
    pk_str name;                  /* of the stage that brought it */
    const value *record;
    bool is_context;
} alert_part;

typedef struct {
    const rule *rule;
    timestamp time, from, to;     /* of the alert; of its window. TIMESTAMP_NONE: none */
    const value *columns;         /* record */
    value risk;                   /* MISSING: none */
    const alert_part *parts;      /* in the order in which they are to stand, those of one name together */
    size_t part_count;
} alert_content;

value alert_record(const alert_content *c, arena *a);

#endif
