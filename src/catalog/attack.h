/*
 * ATT&CK: tactics and techniques as they are now, what became of older ones, and who uses them. From the table that ships
 * (share/attack) or from a STIX bundle of Enterprise ATT&CK; in either case completed by share/attack/newer.tsv, which knows what
 * rules name already and the release does not. docs/attack.md is the manual.
 *
 * Ids are upper case ("T1090.003", "TA0011"). A tactic without a known id has its short name as id ("stealth").
 */
#ifndef PICKET_CATALOG_ATTACK_H
#define PICKET_CATALOG_ATTACK_H

#include <sqlite3.h>

#include "base/diag.h"

typedef struct attack attack;

/*
 * Reads `bundle`, or what ships if it is NULL. `share`: the folder that ships (not NULL). Constant once loaded, so threads may share
 * it. Not PK_OK: no file, not a bundle, past a limit; `d` says so. What is wrong with a single object is a warning in `d`, and the
 * object is left out.
 */
pk_status attack_load(attack **out, const char *share, const char *bundle, diag_list *d);
void attack_free(attack *k);

/* The same from bytes; `newer` may be empty. `name`: what diagnostics call them. */
pk_status attack_read_bundle(attack **out, pk_str json, pk_str newer, pk_str name, diag_list *d);

pk_str attack_release(const attack *k);       /* "18.1"; empty: the bundle does not say */
uint64_t attack_fingerprint(const attack *k); /* of everything that was read: another value, other tables */

/*
 * The current id of a technique or tactic as a rule writes it: "t1562.001", "T1562/001"; "TA0005", "defense_evasion", "Command and
 * Control". Follows what retired ids became. Unknown: the same, in the case and form of ids. In `a`, or as long as `k`.
 */
pk_str attack_resolve_technique(const attack *k, pk_str written, arena *a);
pk_str attack_resolve_tactic(const attack *k, pk_str written, arena *a);

/*
 * Fills tactic, technique, technique_tactic, technique_list, attack_object and technique_use, which are emptied first. Inside the
 * caller's transaction. Also sets meta 'attack' (release), 'attack_ids' (the release whose ids are current, which newer.tsv may put
 * after that) and 'attack_terms' (the text that the terms ask to be shown).
 */
pk_status attack_store(const attack *k, sqlite3 *db, diag_list *d);

/*
 * Once rule_technique and rule_tactic are filled: a row for each technique and tactic that only rules name (`known` 0, the id as
 * name of a tactic), in a tactic of its rules, so that none is dropped; rows that no rule names any more go.
 */
pk_status attack_store_unknown(sqlite3 *db, diag_list *d);

#endif
