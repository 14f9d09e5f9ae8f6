#!/usr/bin/env python3
"""Counts the predicates of Sigma rules from their YAML and compares a catalogue with that, predicate by predicate.

    sigma_predicates.py PICKET [CORPORA]

Shares nothing with picket but the specification: how strings are read (escapes, wildcards), which kind a modifier gives, what
counts as one predicate. Then the data of the specification's reference page. Compared are, for every predicate, field, kind, case, spelling, value, the rules that contain it, and
whether they use it as it stands or negated. Exit code 77: no corpora, or no python3-yaml.
"""
import collections
import json
import os
import re
import sqlite3
import subprocess
import sys
import tempfile

SKIPPED = 77
FOLDERS = ["rules", "rules-emerging-threats", "rules-threat-hunting"]
# The specification's own numbers for the shared corpora.
RULES, DISTINCT, PAIRS, IN_ONE = 3041, 23495, 31583, 20779
MOST_SHARED = [
    ("Image", "ends_with", "\\powershell.exe", 147), ("Image", "ends_with", "\\pwsh.exe", 135), ("Image", "ends_with", "\\cmd.exe", 103),
    ("Image", "ends_with", "\\rundll32.exe", 89), ("Image", "ends_with", "\\wscript.exe", 68), ("OriginalFileName", "equals", "powershell.exe", 67),
    ("Image", "ends_with", "\\cscript.exe", 65), ("OriginalFileName", "equals", "pwsh.dll", 61), ("Image", "ends_with", "\\regsvr32.exe", 60),
    ("Image", "ends_with", "\\mshta.exe", 59), ("Image", "ends_with", "\\wmic.exe", 53), ("Image", "ends_with", "\\schtasks.exe", 48)]

try:
    import yaml
except ImportError:
    yaml = None


def loader():
    """Every scalar is its text, but for null: YAML 1.1 would read numbers, dates and `yes`."""
    class Texts(yaml.SafeLoader):
        yaml_implicit_resolvers = {}
    Texts.add_implicit_resolver("tag:yaml.org,2002:null", re.compile(r"^(~|null|Null|NULL|)$"), ["~", "n", "N", ""])
    return Texts


# ---- strings ----

RUN, ONE = object(), object()   # '*' and '?'


def tokens(s):
    out, i = [], 0
    while i < len(s):
        c = s[i]
        if c == "\\" and i + 1 < len(s) and s[i + 1] in "*?\\":
            out.append(s[i + 1])
            i += 1
        elif c == "*":
            if not out or out[-1] is not RUN:
                out.append(RUN)
        elif c == "?":
            out.append(ONE)
        else:
            out.append(c)
        i += 1
    return out


def pattern_text(toks):
    """Wildcards as themselves; a backslash is doubled only where it would escape what follows."""
    out = ""
    for i, t in enumerate(toks):
        if t is RUN or t is ONE:
            out += "*" if t is RUN else "?"
        elif t in "*?":
            out += "\\" + t
        elif t == "\\":
            following = toks[i + 1] if i + 1 < len(toks) else ""
            out += "\\\\" if following is RUN or following is ONE or following in ("*", "?", "\\") else "\\"
        else:
            out += t
    return out


def kind_of(toks):
    """The test that asks the same as a pattern."""
    front, back = toks[:1] == [RUN], len(toks) > 1 and toks[-1] is RUN
    inner = toks[front:len(toks) - back]
    if (front and not inner) or any(t is RUN or t is ONE for t in inner):
        return "wildcard", pattern_text(toks)
    kind = {(0, 0): "equals", (1, 0): "ends_with", (0, 1): "starts_with", (1, 1): "match"}[front, back]
    return kind, "".join(inner)


def folded(s):
    """Simple case folding: one character for one."""
    def one(c):
        up = c.upper()
        low = (up if len(up) == 1 else c).lower()
        return low if len(low) == 1 else c
    return "".join(map(one, s))


DASH = re.compile("\\B[-/\u2013\u2014\u2015]\\b")
SIGNS = {"lt": "<", "lte": "<=", "gt": ">", "gte": ">="}
UTF16 = {"wide": "utf16le", "utf16le": "utf16le", "utf16be": "utf16be", "utf16": "utf16"}
TIMES = {"minute", "hour", "day", "week", "month", "year"}


def predicates_of_value(field, modifiers, value):
    """(field, kind, cased, form, value as compared), negated by itself."""
    mods = set(modifiers)
    cased = "cased" in mods
    if TIMES & mods:
        field = "time_%s(%s)" % ((TIMES & mods).pop(), field)
    if "exists" in mods:
        return (field, "exists", 0, "", "true"), folded(value) == "false"
    if value is None:
        return (field, "is_null", 0, "", "null"), False
    if "fieldref" in mods:
        how = {"contains": "match", "startswith": "starts_with", "endswith": "ends_with"}
        form = "".join(how.get(m, "") for m in modifiers)
        return (field, "field_equals", int(cased), form, value), False
    if "re" in mods:
        flags = ("m" if mods & {"m", "multiline"} else "") + ("s" if mods & {"s", "dotall"} else "")
        return (field, "regex", int(not mods & {"i", "ignorecase"}), "", ("(?%s)" % flags if flags else "") + value), False
    if "cidr" in mods:
        return (field, "cidr", 0, "", value), False
    for m in modifiers:
        if m in SIGNS:
            return (field, "compare", 0, "", SIGNS[m] + " " + value), False
    operator = next((m for m in modifiers if m in ("contains", "startswith", "endswith")), "" if field else "contains")
    toks = tokens(value)
    if operator in ("contains", "endswith") and toks[:1] != [RUN]:
        toks.insert(0, RUN)
    if operator in ("contains", "startswith") and toks[-1:] != [RUN]:
        toks.append(RUN)
    kind, text = kind_of(toks)
    form = "|".join([UTF16[m] for m in modifiers if m in UTF16] + [m for m in modifiers if m in ("base64", "base64offset")])
    if form:
        text = value
    elif "expand" in mods and re.search("%[^%]+%", value):
        form, text = "placeholder", value
    elif "windash" in mods and DASH.search(text):
        form = "windash"
    if not field and kind == "match":
        kind = "keyword"
    return (field, kind, int(cased), form, text if cased else folded(text)), False


def texts_of(value):
    return value if isinstance(value, list) else [value]


def predicates_of(node):
    """Of a search identifier: (predicate, negated)."""
    if isinstance(node, dict):
        for key, value in node.items():
            field, *modifiers = key.split("|")
            for one in texts_of(value):
                p, negated = predicates_of_value(field, modifiers, one)
                yield p, negated ^ ("neq" in modifiers)
    else:
        for one in texts_of(node):
            if isinstance(one, dict):
                yield from predicates_of(one)
            else:
                yield predicates_of_value("", [], one)


# ---- conditions: which identifiers are used, and how ----

def uses(condition, names):
    """{identifier: set of False (as it stands), True (negated)}"""
    words = re.findall(r"[()|]|[^\s()|]+", condition)
    found = collections.defaultdict(set)
    at = 0

    def selected(pattern):
        if pattern == "them":
            return [n for n in names if not n.startswith("_")]
        fits = re.compile("^" + ".*".join(map(re.escape, pattern.split("*"))) + "$")
        return [n for n in names if fits.match(n) and (pattern.startswith("_") or not n.startswith("_"))]

    def primary(negated):
        nonlocal at
        word = words[at]
        at += 1
        if word == "(":
            series(negated)
            at += 1
        elif at < len(words) and words[at].lower() == "of":
            for n in selected(words[at + 1]):
                found[n].add(negated)
            at += 2
        else:
            found[word].add(negated)

    def factor(negated):
        nonlocal at
        while words[at].lower() == "not":
            negated = not negated
            at += 1
        primary(negated)

    def series(negated):
        nonlocal at
        factor(negated)
        while at < len(words) and words[at].lower() in ("and", "or"):
            at += 1
            factor(negated)

    series(False)
    return found


# ---- rules ----

def read_rules(folder):
    for path, _, files in os.walk(folder):
        for name in sorted(files):
            if name.endswith((".yml", ".yaml")):
                with open(os.path.join(path, name), encoding="utf-8") as f:
                    for doc in yaml.load_all(f, loader()):
                        if doc and "detection" in doc:
                            yield doc


def count(root):
    """{predicate: {rule id: (positive, negative)}}"""
    table, rules = collections.defaultdict(dict), 0
    for folder in FOLDERS:
        for rule in read_rules(os.path.join(root, "rules", "sigma", folder)):
            if folded(str(rule.get("status"))) == "deprecated":
                continue
            rules += 1
            detection = rule["detection"]
            names = [n for n in detection if n not in ("condition", "timeframe")]
            used = collections.defaultdict(set)
            for condition in texts_of(detection["condition"]):
                for n, how in uses(condition, names).items():
                    used[n] |= how
            for n in names:
                for p, negated in predicates_of(detection[n]):
                    how = {negated ^ u for u in used[n] or {False}}
                    positive, negative = table[p].get(rule["id"], (False, False))
                    table[p][rule["id"]] = (positive or False in how, negative or True in how)
    return table, rules


def read_catalogue(path):
    table = collections.defaultdict(dict)
    db = sqlite3.connect(path)
    db.text_factory = lambda b: b.decode("utf-8", "surrogateescape")
    for field, kind, cased, form, value, rule, positive, negative in db.execute(
            "SELECT field, kind, cased, form, folded, rule_id, positive, negative FROM rule_predicate x JOIN predicate p ON p.id = x.predicate "
            "JOIN rule r ON r.id = x.rule WHERE r.counts"):
        table[field, kind, cased, form, value][rule] = (bool(positive), bool(negative))
    counts = {row[:5]: row[5] for row in db.execute("SELECT field, kind, cased, form, folded, rules FROM predicate")}
    db.close()
    return table, counts


def compare(ours, theirs, counts):
    wrong = 0

    def tell(p, what):
        nonlocal wrong
        wrong += 1
        if wrong <= 40:
            print("%s: %s" % (" ".join(map(repr, p)), what))

    for p in sorted(set(ours) | set(theirs), key=repr):
        x, y = ours.get(p, {}), theirs.get(p, {})
        if set(x) != set(y):
            tell(p, "YAML %d rules, catalogue %d: %s" % (len(x), len(y), ", ".join(sorted(set(x) ^ set(y))[:3])))
        elif x != y:
            tell(p, "polarity differs: %s" % next((r, x[r], y[r]) for r in x if x[r] != y[r]).__repr__())
        elif counts.get(p) != len(x):
            tell(p, "the catalogue counts %s rules and lists %d" % (counts.get(p), len(x)))
    return wrong


def check_known(table, rules):
    """The numbers of the specification; true if they are met."""
    pairs, in_one = sum(map(len, table.values())), sum(len(r) == 1 for r in table.values())
    good = (rules, len(table), pairs, in_one) == (RULES, DISTINCT, PAIRS, IN_ONE)
    if not good:
        print("rules, predicates, pairs, in one rule: %s, expected %s" % ((rules, len(table), pairs, in_one), (RULES, DISTINCT, PAIRS, IN_ONE)))
    ranked = sorted(((f, k, v, len(r)) for (f, k, _, _, v), r in table.items()), key=lambda t: -t[3])[:len(MOST_SHARED)]
    if ranked != MOST_SHARED:
        print("most shared: %s" % ranked)
        good = False
    print("figure: catalogue, predicates of %d rules: %d distinct, %d pairs, %d in one rule only" % (rules, len(table), pairs, in_one))
    return good


# ---- the reference page: PUA - IOX Tunneling Tool Execution ----

REFERENCE = "d7654f02-e04b-4934-9838-65c46f187ebc"
# As the specification has it, section 1: what is on the page, and all eight values unique.
EXPECTED = {
    "title": "PUA- IOX Tunneling Tool Execution",
    "description": "Detects the use of IOX - a tool for port forwarding and intranet proxy purposes",
    "coverage": [("Command & Control", [("T1090", "Proxy")])],
    "events": [("Sysmon", "Event ID 1", "Process creation")],
    "stages": [(0, "condition"), (1, "selection"), (2, "selection_commandline"), (3, "selection_hashes")],
    "indicators": [
        ("CommandLine", "match", [(".exe fwd -l ", 0), (".exe fwd -r ", 0), (".exe proxy -l ", 0), (".exe proxy -r ", 0)]),
        ("Hashes", "match", [("MD5=9DB2D314DD3F704A02051EF5EA210993", 0), ("SHA1=039130337E28A6623ECF9A0A3DA7D92C5964D8DD", 0),
                             ("SHA256=C6CF82919B809967D9D90EA73772A8AA1C1EB3BC59252D977500F64F1A0D6731", 0)]),
        ("Image", "ends_with", [("\\iox.exe", 0)])],
}


def page_of(rule):
    return {
        "title": rule["title"],
        "description": rule["description"],
        "coverage": [(c["tactic"], [(t["id"], t["name"]) for t in c["techniques"]]) for c in rule["coverage"]],
        "events": [(e["provider"], e["event"], e["title"]) for e in rule["events"]],
        "stages": [(s["index"], s["title"]) for s in rule["stages"]],
        "indicators": [(i["field"], i["kind"], [(v["value"], v["corpus"]) for v in i["values"]]) for i in rule["indicators"]],
    }


def check_reference_page(picket, catalogue, root):
    """What the query answers, of which the page shows every element; true if it is what the specification says."""
    answer = subprocess.run([picket, "catalog", "rule", "-c", catalogue, "sigma", REFERENCE, "--output", "json"], check=True, stdout=subprocess.PIPE).stdout
    rule = json.loads(answer)
    found, wrong = page_of(rule), 0
    for name, expected in EXPECTED.items():
        if found[name] != expected:
            print("the reference page, %s: expected %r, found %r" % (name, expected, found[name]))
            wrong += 1
    with open(os.path.join(root, "rules", "sigma", "rules", "windows", "process_creation", "proc_creation_win_pua_iox.yml"), encoding="utf-8", newline="") as f:
        text = f.read()
    lines = text.split("\n")
    if rule["body"] != {"syntax": "yaml", "text": text}:
        print("the reference page: its body is not the file's text")
        wrong += 1
    if rule["stages"][0]["text"] != "1 of selection*" or rule["stages"][0]["names"] != [
            {"pattern": "1 of selection*", "names": ["selection", "selection_commandline", "selection_hashes"]}]:
        print("the reference page: the condition is %r" % rule["stages"][0])
        wrong += 1
    for stage in rule["stages"][1:]:
        own = [line[4:] for line in lines[stage["line"] - 1:stage["end_line"]]]
        if stage["text"].split("\n") != own:
            print("the reference page: stage %s has not its own lines: %r" % (stage["title"], stage["text"]))
            wrong += 1
        for p in stage["predicates"]:
            written = lines[p["line"] - 1][p["column"] - 1:p["column"] - 1 + p["length"]]
            if written[1:-1] != p["value"]:
                print("the reference page: %r stands at %d:%d, not %r" % (written, p["line"], p["column"], p["value"]))
                wrong += 1
    runs = {(r["provider"], r["event"]): (r["state"], r["missing"]) for r in rule["runs_on"]}
    for key, expected in {("Sysmon", "Event ID 1"): ("full", []), ("Windows Security", "Event ID 4688"): ("part", ["Hashes"])}.items():
        if runs.get(key) != expected:
            print("the reference page, runs on %s: expected %r, found %r" % (key, expected, runs.get(key)))
            wrong += 1
    print("figure: catalogue, elements of the reference page that are not as specified: %d" % wrong)
    return wrong == 0


def main():
    beside = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "..", "shared", "corpora")
    root = sys.argv[2] if len(sys.argv) > 2 else os.environ.get("PICKET_CORPORA") or beside
    if not os.access(root, os.R_OK):
        if os.environ.get("PICKET_CORPORA"):
            sys.exit("PICKET_CORPORA names '%s', which cannot be read" % root)
        print("skipped 1 cases: corpora absent")
        return SKIPPED
    if yaml is None:
        print("skipped 1 cases: no python3-yaml")
        return SKIPPED
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "catalog.db")
        command = [sys.argv[1], "catalog", "build", "-q", "-o", path]
        for name in FOLDERS:
            command += ["-r", os.path.join(root, "rules", "sigma", name)]
        subprocess.run(command, check=True)
        ours, rules = count(root)
        theirs, counts = read_catalogue(path)
        good = check_reference_page(sys.argv[1], path, root)
    wrong = compare(ours, theirs, counts)
    good &= check_known(ours, rules) and wrong == 0
    print("figure: catalogue, predicates that an independent count has otherwise: %d of %d" % (wrong, len(set(ours) | set(theirs))))
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
