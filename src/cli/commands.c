/* The table of commands. */
#include "cli/catalog.h"

#define LIST_OPTIONS                                                                                                      \
    {OPTION_PLACEHOLDERS, "placeholders", "FILE", "value lists for placeholders: YAML, names to lists of values"},       \
    {OPTION_LISTS, "lists", "PATH", "lists that rules name: a folder of reference lists (NAME, NAME.txt), data tables (NAME.csv) and value lists (NAME.yaml), or one such file; may be repeated"}, \
    {OPTION_EMPTY_LISTS, "empty-lists", NULL, "lists and tables that are not given count as empty, instead of keeping the rules that name them from running"}

#define RULE_OPTIONS                                                                                                      \
    {'r', "rules", "PATH", "rules: a file, or a folder with all below it; may be repeated. Without it the shipped rules run"}, \
    LIST_OPTIONS

#define CHOICE_OPTIONS                                                                                                    \
    {OPTION_LEVEL, "level", "LEVEL,...", "only rules of these levels; 'high+' is high and above"},                       \
    {OPTION_STATUS, "status", "STATUS,...", "only rules of these statuses; 'all' is every rule. Without it deprecated and unsupported rules stay out"}, \
    {OPTION_TAG, "tag", "TAG,...", "only rules with one of these tags; 'attack.*' is a pattern"},                        \
    {OPTION_TECHNIQUE, "technique", "ID,...", "only rules of these ATT&CK techniques; T1059 includes T1059.001"},        \
    {OPTION_ID, "id", "ID", "only this rule (id, name or title); may be repeated"},                                      \
    {OPTION_LOGSOURCE, "logsource", "SOURCE", "only rules of this log source, as product=windows,category=process_creation; may be repeated"}

#define INPUT_OPTIONS                                                                                                     \
    {OPTION_FORMAT, "format", "FORMAT", "format of the inputs that follow, instead of finding it by content; 'auto' ends it"}, \
    {OPTION_AS, "as", "[GLOB:]SOURCE", "log source of the inputs that follow (or whose name fits GLOB), where events don't tell it: product=linux,service=auth; 'auto' ends it"}, \
    {OPTION_SINCE, "since", "TIME", "only events from this time on: 2026-11-22T05:00:00Z, 2026-11-22, or 24h for so long ago"}, \
    {OPTION_UNTIL, "until", "TIME", "only events before this time"},                                                     \
    {OPTION_MAX_RECORD, "max-record", "SIZE", "longest line or record (50M)"},                                           \
    {OPTION_MAX_UNPACKED, "max-unpacked", "SIZE", "most that one packed file may unpack to (no limit)"},                 \
    {'j', "jobs", "N", "threads (one for each processor)"}

#define LAST_OPTIONS                                                                                                      \
    {'h', "help", NULL, "this text"},                                                                                    \
    { 0, NULL, NULL, NULL }

static const option scan_options[] = {
    RULE_OPTIONS,
    CHOICE_OPTIONS,
    INPUT_OPTIONS,
    {OPTION_CONTEXT, "context", "PATH", "entity context: JSON lines of UDM entities (files, addresses, users ... that feeds know of); may be repeated. Entities are known among the logs, too"},
    {OPTION_CONTEXT, "entities", "PATH", "the same as --context"},
    {OPTION_INDICATORS, "indicators", "[FEED=]FILE", "addresses, domains, URLs and hashes as entity context: one a line, CSV, or a STIX 2.1 bundle. FEED is what rules call it: NAME, PRODUCT/NAME or VENDOR/PRODUCT/NAME (the name of the file); may be repeated"},
    {OPTION_DERIVE_CONTEXT, "derive-context", NULL, "entity context of what the logs themselves tell: when files, domains, addresses and users were first and last seen, and on how many assets"},
    {OPTION_NOW, "now", "TIME", "the time of the run for rules that ask for it (that of the last event)"},
    {OPTION_OUTPUT, "output", "FORM", "form of the alerts: table, jsonl, csv or html (table, or what the name of -o says)"},
    {'o', "out", "FILE", "write the alerts to this file instead of standard output"},
    {OPTION_SUMMARY, "summary", "FILE", "write the summary to this file as JSON"},
    {OPTION_FAIL_LEVEL, "fail-level", "LEVEL", "exit with 1 if there is an alert of this level or above"},
    {OPTION_PROFILE, "profile", NULL, "tell on standard error where the time went: by part of the work, by rule, by test (with --summary there as well)"},
    {OPTION_CACHE, "cache", "DIR", "keep compiled rules in this folder (picket/ under XDG_CACHE_HOME or ~/.cache); it may be deleted at any time"},
    {OPTION_NO_CACHE, "no-cache", NULL, "read and compile the rules, whatever is kept, and keep nothing"},
    {'q', "quiet", NULL, "no progress and no summary on standard error"},
    {'v', "verbose", NULL, "say where the compiled rules came from"},
    LAST_OPTIONS,
};

static const example scan_examples[] = {
    {"The shipped rules over a folder of logs", "picket scan logs"},
    {"SigmaHQ rules over event logs, high and critical only, as a page", "picket scan -r sigma/rules --level high+ -o alerts.html /cases/17/evtx"},
    {"Alerts as JSON lines, from packed logs", "picket scan -r rules --output jsonl logs.zip | jq -r .rule.title"},
    {"Linux authentication logs, which don't say what they are", "picket scan -r sigma/rules/linux --as product=linux,service=auth /var/log/auth.log"},
    {"YARA-L rules over UDM events, with reference lists, entities and a list of Tor exits", "picket scan -r rules --lists lists --context entities.jsonl --indicators 'Tor Exit Nodes=tor.txt' events.jsonl"},
    {"In a pipeline: fail on a high alert of the last day", "picket scan -r rules --since 24h --fail-level high --output jsonl -o alerts.jsonl -"},
    {NULL, NULL},
};

static const option check_options[] = {
    LIST_OPTIONS,
    {OPTION_OUTPUT, "output", "FORM", "text or json (text)"},
    {OPTION_STRICT, "strict", NULL, "exit with 2 for rules that are unsupported or need a list too"},
    {OPTION_SLOW, "slow", NULL, "warn of rules that have to be looked at for every event, or nearly, and say why"},
    {'q', "quiet", NULL, "errors only, without warnings and notes"},
    LAST_OPTIONS,
};

static const example check_examples[] = {
    {"All rules of a folder", "picket check sigma/rules"},
    {"In continuous integration", "picket check --strict --output json rules > report.json"},
    {NULL, NULL},
};

static const option explain_options[] = {RULE_OPTIONS, LAST_OPTIONS};

static const example explain_examples[] = {
    {"A rule file", "picket explain sigma/rules/windows/process_creation/proc_creation_win_pua_iox.yml"},
    {"A rule of a folder, by id or title", "picket explain -r sigma/rules d7654f02-e04b-4934-9838-65c46f187ebc"},
    {NULL, NULL},
};

static const option dump_options[] = {
    {OPTION_RAW, "raw", NULL, "the whole record as the format has it, not the fields as rules see them"},
    {OPTION_SCHEMA, "schema", "udm", "events of the Unified Data Model, as YARA-L rules see them"},
    INPUT_OPTIONS,
    {'o', "out", "FILE", "write to this file instead of standard output"},
    {'q', "quiet", NULL, "no progress and no summary on standard error"},
    LAST_OPTIONS,
};

static const example dump_examples[] = {
    {"What rules see of an event log", "picket dump Security.evtx | head"},
    {"The same as events of the Unified Data Model", "picket dump --schema udm Security.evtx | jq .target"},
    {"Records as they are", "picket dump --raw logs.zip | jq .Event.System.EventID"},
    {NULL, NULL},
};

static const option test_options[] = {
    {'r', "rules", "PATH", "rules that the evidence of a regression_data folder is for"},
    LIST_OPTIONS,
    {OPTION_UPDATE, "update", NULL, "rewrite the expected blocks of .test files by what was found"},
    {OPTION_EXACT, "exact", NULL, "a stated count of evidence is exact, not a floor"},
    {OPTION_TWIN, "twin", NULL, "evidence: the JSON beside each log as well"},
    {'q', "quiet", NULL, "only what failed"},
    LAST_OPTIONS,
};

static const example test_examples[] = {
    {"Your own rules", "picket test tests/*.test"},
    {"After a change: review the difference", "picket test --update rules.test && git diff"},
    {"The evidence that SigmaHQ publishes with its rules", "picket test -r sigma sigma/regression_data"},
    {NULL, NULL},
};

#define CATALOG_OPTIONS                                                                                                   \
    {'c', "catalog", "FILE", "the catalogue, as `picket catalog build` made it"},                                        \
    {'r', "rules", "PATH", "instead of -c: rules to make a catalogue from for the time of the command; may be repeated. Without either the shipped rules"}, \
    {OPTION_PLACEHOLDERS, "placeholders", "FILE", "with -r: value lists for placeholders"},                              \
    {OPTION_LISTS, "lists", "PATH", "with -r: lists that rules name, as `picket scan` takes them"},                      \
    {OPTION_ALERTS, "alerts", "FILE", "alerts of a `picket scan --output jsonl`, shown beside the rules"}

static const option catalog_options[] = {CATALOG_OPTIONS, {OPTION_OUTPUT, "output", "FORM", "table, json or csv (table; json for what is no list)"}, LAST_OPTIONS};

static const example catalog_examples[] = {
    {"What is in a rule set: made once, asked often", "picket catalog build -r sigma/rules -o catalog.db && picket catalog summary -c catalog.db"},
    {"Rules that look for a file name", "picket catalog search -c catalog.db 'Image:*\\iox.exe'"},
    {NULL, NULL},
};

static const option serve_options[] = {
    CATALOG_OPTIONS,
    {OPTION_LISTEN, "listen", "ADDRESS", "address and port (127.0.0.1:8484); one that other machines reach needs --token"},
    {OPTION_TOKEN, "token", "FILE", "visitors must show the token in this file: in a form once, or as Authorization: Bearer"},
    {OPTION_HOST, "host", "NAME", "a name by which browsers may reach the server, beside its address; may be repeated"},
    LAST_OPTIONS,
};

static const example serve_examples[] = {
    {"The shipped rules", "picket serve"},
    {"A catalogue, with the alerts of a scan", "picket serve -c catalog.db --alerts alerts.jsonl"},
    {"For others: behind a token", "openssl rand -hex 16 > token; chmod 600 token; picket serve -c catalog.db --listen 0.0.0.0:8484 --token token --host siem.example"},
    {NULL, NULL},
};

static const option help_options[] = {
    {OPTION_MAN, "man", NULL, "the manual page, as roff"},
    {OPTION_COMPLETION, "completion", NULL, "completion for bash"},
    LAST_OPTIONS,
};

static const option site_options[] = {CATALOG_OPTIONS, {'q', "quiet", NULL, "no summary on standard error"}, LAST_OPTIONS};

static const example site_examples[] = {
    {"A catalogue to put on a share or a stick", "picket site -r sigma/rules catalogue && xdg-open catalogue/index.html"},
    {NULL, NULL},
};

static const example no_examples[] = {{NULL, NULL}};

const command commands[] = {
    {"scan", "run rules over logs", "[-r RULES]... LOG...",
     "Runs the chosen rules over every event of the logs and writes an alert for each (rule, event) that matches, with the predicates that were true; alerts "
     "of correlations follow, by time. LOG is a file, a folder, a glob or - for standard input; gz, zst, zip and tar are read through, and formats are "
     "found by content: EVTX, JSON, XML, syslog and other text, Zeek, CSV.\n\n"
     "Standard output gets the alerts and nothing else; diagnostics, progress and the summary go to standard error. The output is the same for every -j.\n\n"
     "The time of an event is that of its log. An event whose time can't be read is matched, and kept out of correlations and of --since and --until; the "
     "summary counts those.",
     scan_options, scan_examples, run_scan},
    {"check", "check rules without running them", "RULES...",
     "Loads and compiles rules and says what is wrong with each, where, and what would be right. The last line of standard output counts the rules: runnable, "
     "in need of a value list, unsupported (valid, but can't be done) and errors.",
     check_options, check_examples, run_check},
    {"explain", "show how a rule runs", "[-r RULES]... RULE",
     "Shows on which classes of events a rule runs, its predicates with the index that finds them, the necessary set by which it becomes a candidate, its "
     "stages, what it costs, and the fields that a class can't give. RULE is a file, or the id, name or title of a rule of -r or of the shipped rules.",
     explain_options, explain_examples, run_explain},
    {"dump", "show events as rules see them", "LOG...",
     "Writes each record that can be read as one JSON line: the fields as rules see them, with --schema udm an event of that model, or with --raw the whole record.", dump_options, dump_examples, run_dump},
    {"test", "run tests of rules", "FILE...",
     "Runs cases of the .test format, which is described below and in docs/test-format.md, and the evidence of a regression_data folder as SigmaHQ "
     "publishes it: every info.yml in it names rules, a log and how often they match; a stated count is a floor, as upstream.",
     test_options, test_examples, run_test},
    {"catalog", "show what rules cover and look for", "COMMAND ...",
     "Answers questions about rules: what each covers, looks for and needs, which rules share it, what is missing. The answers are those of the pages "
     "(picket serve) and of GET /api/v1; docs/catalog-api.md describes them. A search has words, \"phrases\", -words, t1090, cve-2021-44228, field:value with "
     "wildcards, level:>=high, is:runnable.",
     catalog_options, catalog_examples, run_catalog},
    {"serve", "show the catalogue in a browser", "[-c CATALOG | -r RULES...]",
     "Serves the pages of a catalogue: rules with what they cover and look for, ATT&CK, data sources, indicators, search, and the alerts of a scan. Only this "
     "machine is served unless --listen says otherwise; nothing can be changed through the pages, and they ask nothing of other machines.",
     serve_options, serve_examples, run_serve},
    {"site", "write the catalogue as files", "[-c CATALOG | -r RULES...] FOLDER",
     "Writes the pages of a catalogue as files that work from disk, without a server: rules, techniques, data sources, indicators, fields, with search in the "
     "page. FOLDER/index.html is the start. Files that are there already are replaced one by one; nothing is removed, and nothing outside FOLDER is written.",
     site_options, site_examples, run_site},
    {"help", "show help on a command", "[COMMAND]", "Shows the help of a command, or of all.", help_options, no_examples, run_help},
    {NULL, NULL, NULL, NULL, NULL, NULL, NULL},
};
