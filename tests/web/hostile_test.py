"""Rules that attack their reader: every field, value and file name holds script, markup, escapes and right-to-left marks. Every page that can
be reached shows them as text. hostile_test.py PICKET"""
import collections
import html.parser
import http.client
import io
import json
import os
import re
import subprocess
import sys
import tarfile
import tempfile
import unittest
import urllib.parse
import xml.etree.ElementTree

PICKET = sys.argv[1]
MARK = "PAYLOAD"
PAYLOADS = [
    "<script>alert('%s')</script>", "\"><img src=x onerror=alert('%s')>", "'><svg/onload=alert('%s')>", "</title></textarea></script><script>%s</script>",
    "{{{%s}}}", "{{%s}}", "javascript:alert('%s')", "\u202e%s\u2066txt.exe", "\u001b[31m%s\u001b[2J\u0007", "</a><a href='javascript:%s'>x</a>",
    "&lt;script&gt;%s", "<!--%s", "]]>%s<![CDATA[", "%%0d%%0aSet-Cookie:%s", "\\u003cscript\\u003e%s", "<base href=//evil.example/%s>",
    "<meta http-equiv=refresh content=0;url=//evil.example/%s>", "=HYPERLINK(\"http://evil.example\",\"%s\")",
]
BIDI = re.compile("[\u200e\u200f\u202a-\u202e\u2066-\u2069]")
TAKEN_AWAY = re.compile(r"\.(txt|csv|ndjson|json|svg|tar\.gz|report\.html)$")
OF_A_SHAPE = 40      # pages that are read of each shape
CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
VOID_OR_FINE = {"a", "abbr", "article", "aside", "b", "body", "br", "button", "caption", "code", "dd", "details", "div", "dl", "dt", "em", "fieldset", "figure",
                "figcaption", "footer", "form", "h1", "h2", "h3", "h4", "h5", "head", "header", "hr", "html", "i", "input", "kbd", "label", "legend", "li", "link",
                "main", "mark", "meta", "nav", "noscript", "ol", "option", "output", "p", "pre", "progress", "search", "section", "select", "small", "span", "strong",
                "sub", "summary", "sup", "table", "tbody", "td", "template", "textarea", "tfoot", "th", "thead", "time", "title", "tr", "ul", "var", "wbr", "meter",
                "script", "svg", "g", "path", "rect", "circle", "line", "polyline", "polygon", "text", "use", "symbol", "defs", "bdi", "bdo", "data", "del", "ins", "s", "u",
                "img", "samp", "q", "dialog", "menu", "hgroup", "address", "blockquote", "cite", "dfn", "colgroup", "col", "optgroup", "datalist"}


class Page(html.parser.HTMLParser):
    def __init__(self, where, text):
        super().__init__(convert_charrefs=True)
        self.where, self.links, self.wrong, self.shown = where, set(), [], []
        if CONTROL.search(text):
            self.bad(f"a control character: {CONTROL.search(text).group()!r}")
        self.feed(text)
        self.close()

    def updatepos(self, i, j):
        return j  # lines are not counted: nobody asks where a tag stands

    def bad(self, what):
        self.wrong.append(f"{self.where}: {what}")

    def handle_starttag(self, tag, attributes):
        if tag not in VOID_OR_FINE:
            self.bad(f"<{tag}>")
        values = dict(attributes)
        if len(values) != len(attributes):
            self.bad(f"an attribute twice in <{tag}>")
        for name, value in attributes:
            if name == "http-equiv" and value == "Content-Security-Policy":  # of the site: no server sends it there
                continue
            if name.startswith("on") or name in ("style", "srcdoc", "formaction", "ping", "http-equiv"):
                self.bad(f"<{tag} {name}={value!r}>")
            if name in ("href", "src", "action", "xlink:href", "poster", "data"):
                self.address(tag, name, value or "", values)
        if tag == "script" and "src" not in values and values.get("type") != "application/json":
            self.bad("a script in the page")

    def address(self, tag, name, value, values):
        scheme = urllib.parse.urlsplit(value.strip()).scheme.lower()
        if scheme not in ("", "http", "https") or value.startswith("//") or "\\" in value.split("?")[0]:
            if not (tag in ("link", "img") and value.startswith("data:image/")):
                self.bad(f"<{tag} {name}={value!r}>")
        elif scheme and tag != "a":
            self.bad(f"another host is asked for by <{tag} {name}={value!r}>")
        elif scheme and not {"noreferrer", "noopener"} <= set((values.get("rel") or "").split()):
            self.bad(f"a link off the host without rel: {value!r}")
        elif not scheme and tag == "a":
            self.links.add(value)

    def handle_data(self, data):
        if BIDI.search(data):
            self.bad(f"a right-to-left mark: {data[:60]!r}")
        self.shown.append(data)


def yaml_text(s):
    out = []
    for c in s:
        if c in '"\\':
            out.append("\\" + c)
        elif ord(c) < 32 or ord(c) > 126:
            out.append("\\u%04x" % ord(c))
        else:
            out.append(c)
    return '"' + "".join(out) + '"'


def write_rules(folder):
    for number, payload in enumerate(PAYLOADS):
        def p(field):
            return yaml_text(payload % f"{MARK}{number}{field}")
        name = re.sub(r"[/\x00]", "_", payload % f"{MARK}{number}file")[:200]
        with open(os.path.join(folder, name + ".yml"), "w", encoding="utf-8") as f:
            f.write(f"""title: {p('title')}
id: {p('id') if number % 3 == 0 else '%08d-0000-4000-8000-000000000000' % number}
name: {p('name')}
description: {p('description')}
author: {p('author')}
status: {p('status') if number % 2 else 'test'}
level: {p('level') if number % 5 == 4 else 'high'}
date: {p('date') if number % 5 == 3 else '2026-01-02'}
modified: {p('modified') if number % 5 == 3 else '2026-01-03'}
license: {p('license')}
references: [{p('reference')}, "javascript:alert(1)", "https://example.com/\\"><script>x</script>", "http://example.com/{number}"]
tags: [{p('tag')}, attack.t1059.001, attack.execution, "attack.{MARK.lower()}{number}<b>", "cve.2021-44228"]
falsepositives: [{p('falsepositive')}]
related: [{{id: {p('related')}, type: derived}}]
logsource: {{product: windows, category: process_creation, definition: {p('definition')}}}
{p('key')}: {p('other')}
detection:
    {p('selection')}:
        {p('field').replace('|', '')}: {p('value')}
        Image|endswith: {p('image')}
        CommandLine|contains: [{p('contains')}, {p('contains2')}]
    filter_a: {{CommandLine|re: {yaml_text('x' + re.escape(payload % MARK))}}}
    keywords: [{p('keyword')}]
    condition: 1 of them and not filter_a
""")
    with open(os.path.join(folder, "large.yml"), "w") as f:
        f.write("title: Large\nid: 99999999-0000-4000-8000-000000000000\nstatus: test\nlevel: low\nlogsource: {product: windows}\ndescription: |\n")
        for i in range(100_000):
            f.write("    <b>%06d</b> a long description goes on and on, as long as it can, and is not at its end yet.....\n" % i)
        f.write("detection:\n    a: {Image: '" + "x" * 1_000_000 + "'}\n    condition: a\n")
    with open(os.path.join(folder, "broken.yml"), "w") as f:
        f.write("title: <script>alert(1)</script>\ndetection: [\n")


def write_alerts(path, rules):
    run = subprocess.run([PICKET, "scan", "-r", rules, "--output", "jsonl", "-o", path, "-"], input=b'{"Channel":"Microsoft-Windows-Sysmon/Operational","EventID":1,'
                         b'"Computer":"<script>PAYLOADhost</script>","UtcTime":"2026-03-04 05:00:00","Image":"<img src=x onerror=alert(1)>",'
                         b'"CommandLine":"<script>alert(\'PAYLOAD0contains\')</script> <script>alert(\'PAYLOAD0keyword\')</script>"}\n', stderr=subprocess.PIPE)
    assert run.returncode in (0, 2), run.stderr


def shape(path):
    """Pages of one shape come from one template: the first part of the path and what is asked for."""
    parts = urllib.parse.urlsplit(path)
    kind = re.search(r"\.(raw|txt|csv|ndjson|json|svg|gz|html)$", parts.path)
    return parts.path.split("/")[1], kind and kind.group(1), tuple(sorted(k for k, _ in urllib.parse.parse_qsl(parts.query)))


def get(port, path):
    """Each on a connection of its own: reading a page here may take longer than the server waits for a next request."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer, answer.read()
    finally:
        connection.close()


class Hostile(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.exports = set()
        cls.folder = tempfile.TemporaryDirectory()
        cls.rules = os.path.join(cls.folder.name, "rules")
        os.mkdir(cls.rules)
        write_rules(cls.rules)
        cls.alerts = os.path.join(cls.folder.name, "alerts.jsonl")
        write_alerts(cls.alerts, cls.rules)
        cls.catalog = os.path.join(cls.folder.name, "catalog.db")
        subprocess.run([PICKET, "catalog", "build", "-r", cls.rules, "-o", cls.catalog], stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def check(self, pages):
        wrong = [w for p in pages for w in p.wrong]
        self.assertEqual(wrong[:20], [])
        shown = " ".join(" ".join(p.shown) for p in pages).lower()
        for number in range(len(PAYLOADS)):
            for field in ("title", "description", "author", "license", "tag", "falsepositive", "value", "image", "contains", "keyword", "selection"):
                # A tag is folded to lower case, a value may be.
                self.assertIn(f"{MARK}{number}{field}".lower(), shown)

    def check_export(self, path, kind, body):
        """What is taken away is well formed, and holds the rules' texts as text."""
        name = urllib.parse.urlsplit(path).path
        if kind.startswith("image/svg"):
            tags = {e.tag.split("}")[1] for e in xml.etree.ElementTree.fromstring(body).iter()}
            self.assertLessEqual(tags, {"svg", "g", "rect", "text", "title"}, path)
        elif name.endswith(".stix.json"):
            bundle = json.loads(body)
            self.assertEqual(bundle["type"], "bundle")
            ids = {o["id"] for o in bundle["objects"]}
            self.assertEqual(len(ids), len(bundle["objects"]))
            for o in bundle["objects"]:
                self.assertRegex(o["id"], "^%s--[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$" % o["type"])
                self.assertRegex(o["created"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")
                self.assertLessEqual(o["created"], o["modified"])
                self.assertTrue(o["type"] != "relationship" or {o["source_ref"], o["target_ref"]} <= ids)
                self.assertTrue(o["type"] != "indicator" or (o["pattern"] and o["pattern_type"] and o["valid_from"]))
                for r in o.get("external_references", []):
                    self.assertRegex(r.get("url", "https://"), "^https?://")
        elif name.endswith(".tar.gz"):
            with tarfile.open(fileobj=io.BytesIO(body)) as files:
                names = files.getnames()
                self.assertEqual(len({n.lower() for n in names}), len(names))
                for member in files:
                    self.assertTrue(member.isfile() and member.uid == 0 and member.mtime == 315532800, member.name)
                    self.assertRegex(member.name, r"^[A-Za-z0-9_][A-Za-z0-9._-]*(~\d+)?(\.\w+)?(/[A-Za-z0-9_][A-Za-z0-9._~-]*)*$")
        elif name.endswith(".report.html"):
            text = re.sub("<style>.*?</style>", "", body.decode(), count=1, flags=re.S)
            self.assertEqual(Page(path, text).wrong, [])
        else:
            return
        self.exports.add(name.split(".", 1)[1])

    def test_served_pages(self):
        server = subprocess.Popen([PICKET, "serve", "-c", self.catalog, "--alerts", self.alerts, "--listen", "127.0.0.1:0"], stderr=subprocess.PIPE, text=True)
        try:
            port = None
            for line in server.stderr:
                found = re.search(r"http://127.0.0.1:(\d+)/", line)
                if found:
                    port = int(found.group(1))
                    break
            self.assertTrue(port)
            seen, waiting, pages = set(), ["/", "/attack.svg", "/rules.tar.gz", "/rules.stix.json", "/rules.report.html"], []
            shapes = collections.Counter()
            while waiting and len(seen) < 1500:
                path = waiting.pop(0)
                # What is taken away is large: once for each page, not for each of its filters.
                key = path.split("?")[0] if TAKEN_AWAY.search(path.split("?")[0]) else path
                if key in seen or shapes[shape(path)] == OF_A_SHAPE:
                    continue
                seen.add(key)
                shapes[shape(path)] += 1
                answer, body = get(port, path)
                self.assertIn(answer.status, (200, 302, 303), path)
                kind = answer.getheader("Content-Type") or ""
                self.check_export(path, kind, body)
                if answer.getheader("Content-Disposition") or not kind.startswith("text/html"):
                    self.assertTrue(answer.getheader("X-Content-Type-Options") == "nosniff")
                    continue
                if "/rules/" in path and ".raw" not in path:
                    self.assertLess(len(body), 1_000_000, path)
                page = Page(path, body.decode())
                pages.append(page)
                waiting += sorted(urllib.parse.urljoin(path, link).split("#")[0] for link in page.links)
            self.assertLessEqual({"svg", "stix.json", "tar.gz", "report.html"}, self.exports)
            print(f"{len(pages)} pages of {len(seen)} addresses", file=sys.stderr)
            self.check(pages)
        finally:
            server.terminate()
            server.wait(20)
            server.stderr.close()

    def test_site(self):
        out = os.path.join(self.folder.name, "site")
        subprocess.run([PICKET, "site", "-c", self.catalog, "--alerts", self.alerts, out], check=True, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        pages = []
        for folder, _, names in os.walk(out):
            for name in names:
                path = os.path.relpath(os.path.join(folder, name), out)
                self.assertRegex(path, r"^[A-Za-z0-9._~/-]+$")
                self.assertLess(len(path), 120, path)
                if name.endswith(".html"):
                    with open(os.path.join(folder, name), encoding="utf-8") as f:
                        pages.append(Page(path, f.read()))
        missing = []
        for page in pages:
            for link in page.links:
                target = urllib.parse.unquote(urllib.parse.urlsplit(link).path)
                if target and not os.path.exists(os.path.join(out, os.path.dirname(page.where), target)):
                    missing.append(f"{page.where} links {link}")
        self.assertEqual(missing[:20], [])
        self.check(pages)

    def test_terminal(self):
        for query in (["rules"], ["problems"], ["search", MARK], ["fields"], ["predicates"], ["summary"]):
            for output in ("table", "json", "csv"):
                done = subprocess.run([PICKET, "catalog", query[0], "-c", self.catalog, "--output", output, *query[1:]], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
                text = done.stdout.decode()
                self.assertEqual(done.returncode, 0, (query, output, done.stderr))
                if output == "csv":
                    continue
                self.assertIsNone(re.search("[\x00-\x08\x0b-\x1f\x7f]", text), (query, output))
                if output == "table":
                    self.assertIsNone(BIDI.search(text), (query, output))


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=1)
