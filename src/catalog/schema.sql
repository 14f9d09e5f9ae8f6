-- The catalogue store. One file; format number in `meta`. Written by build_*.c in one transaction, read by query_*.c.
-- Texts are as the rule has them (valid UTF-8); whatever is shown is escaped where it is shown.

CREATE TABLE meta(key TEXT PRIMARY KEY, value TEXT) WITHOUT ROWID;
-- format, picket, share (fingerprint of schemas and attack data), attack (release), built (ISO time), roots (JSON list)

CREATE TABLE language(name TEXT PRIMARY KEY, title TEXT NOT NULL, family TEXT NOT NULL,
    vendor INTEGER NOT NULL,            -- 1: a SIEM vendor's own language ("vendor-native")
    known INTEGER NOT NULL) WITHOUT ROWID; -- 0: picket cannot read it yet; its files are listed in `file`

CREATE TABLE file(id INTEGER PRIMARY KEY, path TEXT NOT NULL UNIQUE,
    size INTEGER, mtime_ns INTEGER, inode INTEGER, hash BLOB, -- what tells whether it changed; mtime_ns NULL: look at the content
    language TEXT,                      -- NULL: nobody's; of a language that is not known yet: its name
    state TEXT NOT NULL,                -- 'rules', 'none' (of the syntax, but no rule), 'unknown', 'unreadable'
    reason TEXT);

CREATE TABLE rule(id INTEGER PRIMARY KEY, language TEXT NOT NULL,
    key TEXT NOT NULL,                  -- in addresses: rule_id, for later ones by path "rule_id~2" ...
    rule_id TEXT NOT NULL,              -- as the rule says it; without one a stable name made of its path and place
    file INTEGER NOT NULL REFERENCES file(id) ON DELETE CASCADE,
    line INTEGER NOT NULL,
    title TEXT, name TEXT, description TEXT, author TEXT, date TEXT, modified TEXT, year INTEGER, status TEXT,
    level TEXT, level_rank INTEGER,     -- 4 critical .. 0 informational; NULL: none
    risk_score REAL, licence TEXT, definition TEXT,
    type TEXT NOT NULL,                 -- 'single event', 'sequence', 'aggregation', 'join', 'new terms', 'indicator'
    product TEXT, category TEXT, service TEXT,
    state TEXT NOT NULL, reason TEXT,   -- pk_rule_state_text
    counts INTEGER NOT NULL,            -- 1: its predicates count in the corpus (neither deprecated nor failed)
    syntax TEXT NOT NULL,               -- 'yaml', 'toml', 'yara-l', 'spl'
    source TEXT NOT NULL,               -- the text of the rule, byte for byte
    query TEXT,                         -- the query alone where the language has one; NULL: the source is the query
    UNIQUE(language, key));
CREATE INDEX rule_file ON rule(file);
CREATE INDEX rule_of_id ON rule(rule_id);
CREATE INDEX rule_of_name ON rule(name);

-- Lists of a rule's metadata in order: 'reference', 'false positive', 'tag', 'platform', and relations 'derived',
-- 'obsolete', 'similar', 'renamed', 'merged' ... (value = rule id); 'unused' identifiers.
CREATE TABLE rule_list(rule INTEGER NOT NULL REFERENCES rule(id) ON DELETE CASCADE, kind TEXT NOT NULL, position INTEGER NOT NULL,
    value TEXT NOT NULL, PRIMARY KEY(rule, kind, position)) WITHOUT ROWID;
CREATE INDEX rule_list_value ON rule_list(kind, value);
CREATE TABLE rule_meta(rule INTEGER NOT NULL REFERENCES rule(id) ON DELETE CASCADE, position INTEGER NOT NULL, key TEXT NOT NULL,
    value TEXT NOT NULL, PRIMARY KEY(rule, position)) WITHOUT ROWID;

-- ATT&CK as the rule names it and as it is now (`technique`/`tactic`: current id; equal to `written` if nothing is known of it).
CREATE TABLE rule_technique(rule INTEGER NOT NULL REFERENCES rule(id) ON DELETE CASCADE, written TEXT NOT NULL, technique TEXT NOT NULL,
    PRIMARY KEY(rule, written)) WITHOUT ROWID;
CREATE INDEX rule_technique_of ON rule_technique(technique);
CREATE TABLE rule_tactic(rule INTEGER NOT NULL REFERENCES rule(id) ON DELETE CASCADE, written TEXT NOT NULL, tactic TEXT NOT NULL,
    PRIMARY KEY(rule, written)) WITHOUT ROWID;
CREATE INDEX rule_tactic_of ON rule_tactic(tactic);

CREATE TABLE stage(id INTEGER PRIMARY KEY, rule INTEGER NOT NULL REFERENCES rule(id) ON DELETE CASCADE, position INTEGER NOT NULL,
    title TEXT NOT NULL, text TEXT NOT NULL, line INTEGER NOT NULL, end_line INTEGER NOT NULL, -- in the rule's file; 0: elsewhere
    path TEXT,                          -- of another file that the text is from (a filter); NULL: the rule's own
    unused INTEGER NOT NULL,            -- an identifier that the condition never uses
    names TEXT,                         -- JSON: [{"pattern":"1 of selection*","names":["selection_a","selection_b"]}]
    linked TEXT,                        -- JSON: the rules that it refers to, [{"language","key","title"}]
    reason TEXT, reason_line INTEGER, reason_column INTEGER, -- why it can't be executed
    UNIQUE(rule, position));

-- Predicates, each once: (family, field, kind, case flag, form, value) as lowered. docs/catalog.md says how they are counted.
CREATE TABLE predicate(id INTEGER PRIMARY KEY,
    key TEXT NOT NULL UNIQUE,           -- first 16 hex digits of a stable hash of family, field, kind, case flag, form, value
    family TEXT NOT NULL, field TEXT NOT NULL, -- field '': any value (keyword)
    kind TEXT NOT NULL, cased INTEGER NOT NULL, value TEXT NOT NULL, -- value as most rules spell it
    folded TEXT NOT NULL,               -- value as it is compared: case folded unless cased
    form TEXT NOT NULL,                 -- the spellings that are looked for instead of the value: 'windash', 'base64offset' ...; '': none
    algorithm TEXT,                     -- of a hash: 'MD5', 'SHA256', 'IMPHASH' ...; NULL: no hash
    normal INTEGER REFERENCES normal(id), -- NULL: no mapping knows the field
    rules INTEGER NOT NULL DEFAULT 0);  -- counted rules that contain it; a rule's page shows this less itself
CREATE INDEX predicate_field ON predicate(field, kind, folded);
CREATE INDEX predicate_normal ON predicate(normal);
-- The same in one schema over all languages (share/normal.yaml).
CREATE TABLE normal(id INTEGER PRIMARY KEY, field TEXT NOT NULL, kind TEXT NOT NULL, cased INTEGER NOT NULL, folded TEXT NOT NULL,
    rules INTEGER NOT NULL DEFAULT 0, UNIQUE(field, kind, cased, folded));

CREATE TABLE rule_predicate(rule INTEGER NOT NULL REFERENCES rule(id) ON DELETE CASCADE, predicate INTEGER NOT NULL REFERENCES predicate(id),
    positive INTEGER NOT NULL, negative INTEGER NOT NULL, -- 1: used so, over all its uses in the rule
    position INTEGER NOT NULL,          -- of its first use in the rule
    shown TEXT NOT NULL,                -- the value as the rule spells it
    PRIMARY KEY(rule, predicate)) WITHOUT ROWID;
CREATE INDEX rule_predicate_of ON rule_predicate(predicate);
CREATE TABLE stage_predicate(stage INTEGER NOT NULL REFERENCES stage(id) ON DELETE CASCADE, position INTEGER NOT NULL,
    predicate INTEGER NOT NULL REFERENCES predicate(id), negated INTEGER NOT NULL,
    every INTEGER NOT NULL,             -- 1: one of an "all of" list
    line INTEGER NOT NULL, column INTEGER NOT NULL, length INTEGER NOT NULL, -- where the value stands in the file; 0: unknown
    shown TEXT NOT NULL,                -- the value as it stands there
    PRIMARY KEY(stage, position)) WITHOUT ROWID;
CREATE INDEX stage_predicate_of ON stage_predicate(predicate);

-- Event classes, and what of a rule each can evaluate.
CREATE TABLE class(id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, family TEXT NOT NULL, provider TEXT NOT NULL, event TEXT NOT NULL,
    title TEXT NOT NULL, key TEXT NOT NULL UNIQUE, -- "sysmon/1": in addresses
    parent INTEGER);
CREATE TABLE class_source(class INTEGER NOT NULL, product TEXT, category TEXT, service TEXT);
-- Fields that the mappings say the class has ('' schema: as the log has it).
CREATE TABLE class_field(class INTEGER NOT NULL, schema TEXT NOT NULL, field TEXT NOT NULL, type TEXT, origin TEXT,
    state TEXT NOT NULL,                -- 'mapped', 'missing' (known not to be there), 'own' (as the log has it)
    PRIMARY KEY(class, schema, field)) WITHOUT ROWID;
CREATE TABLE rule_class(rule INTEGER NOT NULL REFERENCES rule(id) ON DELETE CASCADE, class INTEGER NOT NULL REFERENCES class(id),
    state TEXT NOT NULL,                -- 'full', 'part', 'no'
    missing TEXT NOT NULL,              -- JSON list of fields
    covered INTEGER NOT NULL,           -- 1: stands under "Event coverage" (full, or the fullest there is)
    PRIMARY KEY(rule, class)) WITHOUT ROWID;
CREATE INDEX rule_class_of ON rule_class(class);
CREATE TABLE rule_field(rule INTEGER NOT NULL REFERENCES rule(id) ON DELETE CASCADE, field TEXT NOT NULL, PRIMARY KEY(rule, field)) WITHOUT ROWID;
CREATE INDEX rule_field_of ON rule_field(field);

-- ATT&CK: what ships, or a bundle.
CREATE TABLE tactic(id TEXT PRIMARY KEY,  -- "TA0011"; without a known id its short name
    short TEXT NOT NULL UNIQUE, name TEXT NOT NULL, shown TEXT NOT NULL, -- shown: with "&"
    position INTEGER NOT NULL, predecessor TEXT, description TEXT) WITHOUT ROWID;
CREATE TABLE technique(id TEXT PRIMARY KEY, name TEXT, parent TEXT, position INTEGER NOT NULL, description TEXT, url TEXT,
    retired INTEGER NOT NULL, successor TEXT, -- retired: revoked or deprecated
    known INTEGER NOT NULL) WITHOUT ROWID;    -- 0: only rules name it
CREATE INDEX technique_parent ON technique(parent);
CREATE INDEX technique_successor ON technique(successor);
CREATE TABLE technique_tactic(technique TEXT NOT NULL, tactic TEXT NOT NULL, PRIMARY KEY(technique, tactic)) WITHOUT ROWID;
CREATE INDEX technique_tactic_of ON technique_tactic(tactic);
CREATE TABLE technique_list(technique TEXT NOT NULL, kind TEXT NOT NULL, position INTEGER NOT NULL, value TEXT NOT NULL,
    PRIMARY KEY(technique, kind, position)) WITHOUT ROWID; -- 'platform', 'data source', 'detection'
CREATE TABLE attack_object(id TEXT PRIMARY KEY, kind TEXT NOT NULL, name TEXT NOT NULL, url TEXT) WITHOUT ROWID; -- 'group', 'software', 'campaign'
CREATE TABLE technique_use(technique TEXT NOT NULL, object TEXT NOT NULL, PRIMARY KEY(technique, object)) WITHOUT ROWID;
CREATE INDEX technique_use_of ON technique_use(object);

CREATE TABLE diagnostic(id INTEGER PRIMARY KEY, rule INTEGER REFERENCES rule(id) ON DELETE CASCADE, file INTEGER REFERENCES file(id) ON DELETE CASCADE,
    severity TEXT NOT NULL, code TEXT NOT NULL, message TEXT NOT NULL, hint TEXT, line INTEGER NOT NULL, column INTEGER NOT NULL, length INTEGER NOT NULL);
CREATE INDEX diagnostic_rule ON diagnostic(rule);
CREATE INDEX diagnostic_file ON diagnostic(file);

-- Rebuilding: what the rules of a file refer to elsewhere (a name or id), so that a change there loads them again.
CREATE TABLE dependency(file INTEGER NOT NULL REFERENCES file(id) ON DELETE CASCADE, reference TEXT NOT NULL,
    PRIMARY KEY(file, reference)) WITHOUT ROWID;
CREATE INDEX dependency_of ON dependency(reference);

-- Words: one row a rule, rowid = rule.id.
CREATE VIRTUAL TABLE words USING fts5(title, ids, tags, description, predicates, body, tokenize = "unicode61 remove_diacritics 2",
    prefix = '2 3');
