/* The grammar of .test files as the manual page shows it. docs/test-format.md explains it with examples. */
#ifndef PICKET_CLI_TEST_FORMAT_H
#define PICKET_CLI_TEST_FORMAT_H

static const char test_format_help[] =
    "file   = { comment } { case }\n"
    "case   = \"=== \" NAME, { block }\n"
    "block  = \"--- \" KIND [ WORDS ], then its lines up to the next \"---\" or \"===\" line\n"
    "A line that begins with \"\\---\" or \"\\===\" stands for the same without the backslash.\n"
    "\n"
    "given:\n"
    "rule LANGUAGE         rules, e.g. of 'sigma'; several blocks are several files\n"
    "lists                 value lists for placeholders: YAML, names to lists of values\n"
    "list NAME             a reference list, an entry a line\n"
    "table NAME            a data table as CSV with a header\n"
    "context               entity records as JSON, one after the other\n"
    "indicators FEED       addresses, domains, URLs, hashes: a line each, CSV or STIX\n"
    "event [SOURCE]        one or more JSON events: canonical fields or whole records. SOURCE is an event\n"
    "                      class (windows/security/4688), a log source (product=linux,service=auth), or\n"
    "                      short for one (windows/process_creation, process_creation)\n"
    "log FORMAT [SOURCE]   a log as text, read by the reader of FORMAT\n"
    "hex FORMAT [SOURCE]   the same, bytes in hexadecimal\n"
    "\n"
    "expected, in any order, each at most once:\n"
    "ir                    the plans of the rules, in the text form of the IR\n"
    "alerts                one line an alert: TITLE-or-ID[: FIELD KIND 'CONSTANT' [at N]; ...]\n"
    "                      without reasons any will do; no line: no alert\n"
    "error                 one line a diagnostic that keeps a rule from running: LINE:COLUMN: MESSAGE\n"
    "warning               the same for warnings\n"
    "events                the events as 'dump' shows them, one JSON line each\n"
    "log-error             what readers had to say: [LINE:COLUMN: ]MESSAGE\n";

#endif
