"""
Holds picket against a trial of its own kind: which published YARA-L rules of one event variable have an event among the shared
EVTX that satisfies their events section. Everything here is made from the specification alone: a reader of the events section, a
brute evaluation of its predicates, and the table of EVTX fields as UDM paths. Windows, groups and conditions are left out of the
trial, so a rule that only one of the two has must be excused in yaral_trial_only.tsv.
A sample of the logs; all of them with PICKET_CONFORMANCE=all.

    yaral_trial.py PICKET [--list]

Exit status 77: the corpora are absent.
"""
import collections, json, os, re, subprocess, sys, tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
CORPORA = os.environ.get('PICKET_CORPORA') or os.path.join(HERE, '../../../shared/corpora')
RULES = os.path.join(CORPORA, 'rules/chronicle/rules')
LOGS = os.path.join(CORPORA, 'logs/evtx/attack-samples')

# ---- reading the events section ----

TOKEN = re.compile(r'''(?P<skip>\s+|//[^\n]*|/\*.*?\*/)|(?P<d>"(?:\\.|[^"\\])*")|(?P<r>`[^`]*`)|(?P<list>%[A-Za-z_][\w.]*)'''
                   r'''|(?P<num>\d+(?:\.\d+)?)|(?P<var>[$#]\w+)|(?P<id>[A-Za-z_]\w*)|(?P<op>!=|<=|>=|[=<>()\[\],.+*%-])''', re.S)
REGEX = re.compile(r'/(?:\\.|[^/\\\n])*/')


def tokens_of(text):
    out, at = [], 0
    while at < len(text):
        if text[at] == '/' and text[at:at + 2] not in ('//', '/*') and out and out[-1] in (('op', '='), ('op', '!='), ('op', '('), ('op', ',')):
            m = REGEX.match(text, at)
            out.append(('regex', m.group()[1:-1].replace('\\/', '/')))
        elif text[at] == '/' and text[at:at + 2] not in ('//', '/*'):
            out.append(('op', '/'))
            at += 1
            continue
        else:
            m = TOKEN.match(text, at)
            kind = m.lastgroup
            if kind == 'd':
                out.append(('str', re.sub(r'\\(.)', lambda e: {'n': '\n', 't': '\t'}.get(e.group(1), e.group(1)), m.group()[1:-1])))
            elif kind == 'r':
                out.append(('str', m.group()[1:-1]))
            elif kind != 'skip':
                out.append((kind, m.group()))
        at = m.end()
    return out


class Reader:
    def __init__(self, text):
        self.t, self.i = tokens_of(text), 0

    def peek(self, *words):
        return self.i < len(self.t) and self.t[self.i][0] in ('id', 'op') and self.t[self.i][1].lower() in words

    def take(self, *words):
        if not self.peek(*words):
            return False
        self.i += 1
        return True

    def all(self):
        out = []
        while self.i < len(self.t):
            out.append(self.disjunction())
        return ('and', out)

    def disjunction(self):
        out = [self.conjunction()]
        while self.take('or'):
            out.append(self.conjunction())
        return ('or', out) if len(out) > 1 else out[0]

    def conjunction(self):
        out = [self.negation()]
        while self.take('and'):
            out.append(self.negation())
        return ('and', out) if len(out) > 1 else out[0]

    def negation(self):
        return ('not', self.negation()) if self.take('not') else self.predicate()

    def predicate(self):
        start = self.i
        if self.take('('):
            inner = self.disjunction()
            self.i += 1
            if not self.peek('=', '!=', '<', '>', '<=', '>=', '-', '+', '*', '/', 'in'):
                return self.folded(inner)
            self.i = start
        left = self.sum()
        if self.take('='): return self.folded(('=', left, self.sum()))
        if self.take('!='): return self.folded(('!=', left, self.sum()))
        for op in ('<=', '>=', '<', '>'):
            if self.take(op): return (op, left, self.sum())
        return self.folded(left)

    def folded(self, e):
        return ('nocase', e) if self.take('nocase') else e

    def sum(self):
        left = self.primary()
        while self.peek('-', '+', '*', '/'):
            self.i += 1
            left = ('opaque', left, self.primary())
        return left

    def primary(self):
        if self.take('any') or self.take('all'):
            return self.primary()
        if self.take('('):
            inner = self.sum()
            self.i += 1
            return inner
        kind, text = self.t[self.i]
        self.i += 1
        if kind == 'var':
            path = ''
            while self.peek('.', '['):
                if self.take('.'):
                    path += '.' + self.t[self.i][1]
                    self.i += 1
                else:
                    key = self.t[self.i + 1]
                    path += "['%s']" % key[1] if key[0] == 'str' else ''
                    self.i += 3
            return ('field', path[1:]) if path else ('placeholder', text)
        if kind in ('str', 'num', 'regex'):
            return (kind, text)
        name = text
        while self.take('.'):
            name += '.' + self.t[self.i][1]
            self.i += 1
        if not self.take('('):
            return ('str', name)
        args = []
        while not self.take(')'):
            args.append(self.disjunction())
            self.take(',')
        return ('call', name.lower(), args)


def rule_of(path):
    """The events section of a rule of one event variable without lists and entities, and whether its condition counts; None: another kind of rule."""
    text = open(path, encoding='utf-8').read()
    m = re.search(r'^\s*events\s*:(.*?)^\s*(?:match|outcome|condition)\s*:', text, re.S | re.M)
    condition = re.search(r'^\s*condition\s*:(.*)', text, re.S | re.M).group(1)
    body = m.group(1)
    bare = re.sub(r'"(?:\\.|[^"\\])*"|`[^`]*`|//[^\n]*', '', body)
    variables = set(re.findall(r'\$(\w+)\s*\.', bare))
    if len(variables) != 1 or re.search(r'\bin\s+(?:regex\s+|cidr\s+)?%', bare) or '.graph.' in bare:
        return None
    return Reader(body).all(), '#' in re.sub(r'//[^\n]*', '', condition)


# ---- brute evaluation: a missing field is "" ----

def values_of(e, event):
    if e[0] == 'field': return event.get(e[1]) or ['']
    if e[0] in ('str', 'num'): return [e[1]]
    if e[0] == 'call':
        args = [values_of(a, event) for a in e[2]]
        if None in args: return None
        if e[1] == 'strings.to_lower': return [v.lower() for v in args[0]]
        if e[1] == 'strings.to_upper': return [v.upper() for v in args[0]]
        if e[1] == 'strings.coalesce': return next((a for a in args if a != ['']), [''])
    return None                                       # not of this trial's knowledge


def regex_of(pattern, fold, cache={}):
    if (pattern, fold) not in cache:
        bare = re.sub(r'^(?:\.\*)+|(?<!\\)(?:\.\*)+$', '', re.sub(r'\(\?i\)', '', pattern))  # what .* at the ends cannot change
        cache[pattern, fold] = re.compile(bare, re.I if fold or '(?i)' in pattern else 0)
    return cache[pattern, fold]


def holds(e, event, fold=False):
    kind = e[0]
    if kind == 'and': return all(holds(x, event, fold) for x in e[1])
    if kind == 'or': return any(holds(x, event, fold) for x in e[1])
    if kind == 'not': return not holds(e[1], event, fold)
    if kind == 'nocase': return holds(e[1], event, True)
    if kind == 'call':
        if e[1] in ('re.regex', 'strings.contains', 'strings.starts_with'):
            subject, wanted = values_of(e[2][0], event), e[2][1][1]
            if e[1] == 're.regex': return any(regex_of(wanted, fold).search(v) for v in subject)
            return any(wanted in v if e[1] == 'strings.contains' else v.startswith(wanted) for v in subject)
        if e[1] == 'net.ip_in_range_cidr':
            return in_network(values_of(e[2][0], event), e[2][1][1])
        return True
    left, right = e[1], e[2]
    if kind in ('=', '!=') and 'regex' in (left[0], right[0]):
        pattern, subject = (right, left) if right[0] == 'regex' else (left, right)
        found = any(regex_of(pattern[1], fold).search(v) for v in values_of(subject, event))
        return found == (kind == '=')
    a, b = values_of(left, event), values_of(right, event)
    if a is None or b is None:                         # placeholders, arithmetic: a match key is not empty
        other = left if right[0] == 'placeholder' else right
        return not (kind == '=' and other[0] == 'field' and (event.get(other[1]) or ['']) == [''])
    if fold: a, b = [v.lower() for v in a], [v.lower() for v in b]
    if kind == '=': return any(x in b for x in a)
    if kind == '!=': return any(x not in b for x in a)
    return True


def in_network(values, cidr):
    import ipaddress
    for v in values:
        try:
            if ipaddress.ip_address(v) in ipaddress.ip_network(cidr, False): return True
        except ValueError:
            pass
    return False


# ---- EVTX as UDM ----

SYSMON = {1: 'PROCESS_LAUNCH', 2: 'FILE_MODIFICATION', 3: 'NETWORK_CONNECTION', 4: 'STATUS_UPDATE', 5: 'PROCESS_TERMINATION', 6: 'PROCESS_MODULE_LOAD',
          7: 'PROCESS_MODULE_LOAD', 8: 'PROCESS_INJECTION', 9: 'FILE_READ', 10: 'PROCESS_OPEN', 11: 'FILE_CREATION', 13: 'REGISTRY_MODIFICATION',
          14: 'REGISTRY_MODIFICATION', 15: 'FILE_CREATION', 16: 'STATUS_UPDATE', 17: 'PROCESS_UNCATEGORIZED', 18: 'PROCESS_UNCATEGORIZED', 22: 'NETWORK_DNS',
          23: 'FILE_DELETION', 24: 'PROCESS_UNCATEGORIZED', 25: 'PROCESS_UNCATEGORIZED', 26: 'FILE_DELETION'}
SECURITY = {4624: 'USER_LOGIN', 4625: 'USER_LOGIN', 4634: 'USER_LOGOUT', 4647: 'USER_LOGOUT', 4648: 'USER_LOGIN', 4657: 'REGISTRY_MODIFICATION',
            4662: 'USER_RESOURCE_ACCESS', 4688: 'PROCESS_LAUNCH', 4697: 'SERVICE_CREATION', 4698: 'SCHEDULED_TASK_CREATION', 4720: 'USER_CREATION',
            4726: 'USER_DELETION', 4768: 'USER_LOGIN', 4769: 'USER_LOGIN', 4771: 'USER_LOGIN', 4776: 'USER_LOGIN', 5140: 'USER_RESOURCE_ACCESS',
            5145: 'USER_RESOURCE_ACCESS', 5156: 'NETWORK_CONNECTION', 1102: 'SYSTEM_AUDIT_LOG_WIPE', 4728: 'GROUP_MODIFICATION', 4732: 'GROUP_MODIFICATION'}
PROCESS = 'principal.process.file.full_path=Image principal.process.pid=ProcessId'
FIELDS = {                                              # channel and number: path=field
    'sysmon': 'principal.user.userid=\\User principal.administrative_domain=/User principal.user.user_display_name=User',
    'sysmon 1': 'target.process.file.full_path=Image target.process.command_line=CommandLine target.process.pid=ProcessId principal.process.file.full_path=ParentImage '
                'principal.process.command_line=ParentCommandLine src.process.file.full_path=OriginalFileName metadata.description=Description '
                "target.asset.software.description=Description extracted.fields['Company']=Company principal.file.full_path=CurrentDirectory #target.process.file",
    'sysmon 3': PROCESS + " principal.ip=SourceIp principal.port=SourcePort target.ip=DestinationIp target.port=DestinationPort target.hostname=DestinationHostname additional.fields['Initiated']=Initiated",
    'sysmon 5': 'target.process.file.full_path=Image',
    'sysmon 6': 'target.file.full_path=ImageLoaded target.process.file.full_path=ImageLoaded #target.file #target.process.file',
    'sysmon 7': PROCESS + ' target.file.full_path=ImageLoaded target.process.file.full_path=ImageLoaded metadata.description=Description #target.file #target.process.file',
    'sysmon 8': 'principal.process.file.full_path=SourceImage target.process.file.full_path=TargetImage',
    'sysmon 10': "principal.process.file.full_path=SourceImage target.process.file.full_path=TargetImage target.resource.name=GrantedAccess additional.fields['CallTrace']=CallTrace "
                 'principal.user.userid=\\SourceUser principal.administrative_domain=/SourceUser',
    'sysmon 12': PROCESS + ' target.registry.registry_key=TargetObject',
    'sysmon 13': PROCESS + ' target.registry.registry_key=TargetObject target.registry.registry_value_data=Details target.registry.registry_value_name=\\TargetObject',
    'sysmon 14': PROCESS + ' target.registry.registry_key=NewName',
    'sysmon 16': 'target.file.full_path=Configuration',
    'sysmon 17': PROCESS + ' target.resource.name=PipeName', 'sysmon 18': PROCESS + ' target.resource.name=PipeName',
    'sysmon 20': PROCESS + ' target.resource.name=Name target.process.command_line=Destination',
    'sysmon 22': PROCESS + ' network.dns.questions.name=QueryName network.dns.answers.data=QueryResults',
    'security': 'principal.user.userid=SubjectUserName principal.user.user_display_name=SubjectUserName principal.administrative_domain=SubjectDomainName target.user.userid=TargetUserName '
                'target.user.user_display_name=TargetUserName principal.ip=IpAddress principal.port=IpPort principal.process.file.full_path=ProcessName target.user.windows_sid=TargetUserSid',
    'security 4624': 'principal.application=AuthenticationPackageName', 'security 4625': 'principal.application=AuthenticationPackageName',
    'security 4657': 'target.registry.registry_key=ObjectName target.registry.registry_value_name=ObjectValueName target.registry.registry_value_data=NewValue',
    'security 4663': 'target.file.full_path=ObjectName target.resource.name=ObjectName', 'security 4656': 'target.file.full_path=ObjectName target.resource.name=ObjectName',
    'security 4662': 'target.resource.name=ObjectName target.process.access_mask=AccessMask',
    'security 4688': 'target.process.file.full_path=NewProcessName target.process.command_line=CommandLine principal.process.file.full_path=ParentProcessName',
    'security 4697': 'target.process.file.full_path=ServiceFileName target.process.command_line=ServiceFileName target.application=ServiceName target.resource.name=ServiceName',
    'security 4698': 'target.resource.name=TaskName', 'security 5140': 'target.resource.name=ShareName', 'security 5145': 'target.resource.name=ShareName target.file.full_path=RelativeTargetName',
    'security 5156': 'principal.process.file.full_path=Application principal.ip=SourceAddress principal.port=SourcePort target.ip=DestAddress target.port=DestPort',
    'system': 'principal.application=Provider_Name',
    'system 7045': 'target.process.file.full_path=ImagePath target.process.command_line=ImagePath target.application=ServiceName target.resource.name=ServiceName',
    'powershell 4104': 'security_result.description=ScriptBlockText target.process.command_line=ScriptBlockText',
    'powershell 4103': 'security_result.description=Payload target.process.command_line=Payload',
    'defender': 'target.file.full_path=Path security_result.threat_name=ThreatName',
}
for n in (2, 11, 15, 23, 26): FIELDS['sysmon %d' % n] = PROCESS + ' target.file.full_path=TargetFilename #target.file'
CHANNELS = {'microsoft-windows-sysmon/operational': 'sysmon', 'security': 'security', 'system': 'system', 'microsoft-windows-powershell/operational': 'powershell',
            'windows powershell': 'classic', 'microsoft-windows-windows defender/operational': 'defender', 'application': 'application'}


def event_type(kind, number, record):
    if kind == 'sysmon' and number == 12:
        return 'REGISTRY_CREATION' if record.get('EventType', '').startswith('Create') else 'REGISTRY_DELETION'
    if kind == 'system': return {7045: 'SERVICE_CREATION', 104: 'SYSTEM_AUDIT_LOG_WIPE'}.get(number, 'GENERIC_EVENT')
    if kind in ('powershell', 'classic'): return 'STATUS_UPDATE'
    return {'sysmon': SYSMON, 'security': SECURITY}.get(kind, {}).get(number, 'GENERIC_EVENT')


def udm_of(record):
    kind, number = CHANNELS.get(record.get('Channel', '').lower(), ''), int(record['EventID'])
    out = collections.defaultdict(list)

    def put(path, v):
        if v not in (None, '', '-'): out[path].append(str(v).lower() if isinstance(v, bool) else str(v))

    put('metadata.event_type', event_type(kind, number, record))
    put('metadata.product_event_type', number)
    put('metadata.product_name', record.get('Provider_Name'))
    put('metadata.vendor_name', 'Microsoft')
    put('principal.hostname', (record.get('WorkstationName') if number in (4624, 4625) and record.get('WorkstationName') not in ('-', '') else None) or record.get('Computer'))
    if kind == 'security' and number in (4624, 4625): put('security_result.action', 'ALLOW' if number == 4624 else 'BLOCK')
    taken = {}
    for spec in (FIELDS.get('%s %d' % (kind, number), ''), FIELDS.get(kind, '')):
        for item in spec.split():
            if item[0] == '#':
                for name, digest in re.findall(r'(\w+)=([0-9A-Fa-f]+)', str(record.get('Hashes') or record.get('Hash') or '')):
                    for path in {'IMPHASH': ('.pe_file.imphash', '.file_metadata.pe.import_hash')}.get(name.upper(), ('.' + name.lower(),)):
                        put(item[1:] + path, digest.lower())
                continue
            path, field = item.rsplit('=', 1)
            if path in taken: continue
            taken[path] = True
            v = record.get(field.lstrip('\\/'))
            if isinstance(v, list): v = v[0] if v else None
            if field[0] == '\\' and v: v = str(v).split('\\')[-1]
            if field[0] == '/' and v: v = str(v).split('\\')[0] if '\\' in str(v) else None
            put(path, v)
    return out


# ---- the trial ----

def main():
    picket = sys.argv[1]
    if not os.path.isdir(RULES) or not os.path.isdir(LOGS):
        print('skipped 1 cases: corpora absent')
        return 77
    rules, satisfied, counting = {}, set(), set()
    for folder, _, names in os.walk(RULES):
        for name in names:
            if name.endswith('.yaral'):
                path = os.path.join(folder, name)
                read, name = rule_of(path), os.path.relpath(path, RULES)
                if read: rules[name] = read[0]
                if read and read[1]: counting.add(name)
    logs = sorted(os.path.join(at, n) for at, _, names in os.walk(LOGS) for n in names if n.endswith('.evtx'))
    everything = os.environ.get('PICKET_CONFORMANCE') == 'all'
    if not everything: logs = logs[::24]              # a sample; all of them take minutes
    dump = subprocess.run([picket, 'dump', '-q'] + logs, stdout=subprocess.PIPE, check=False)
    seen = 0
    for line in dump.stdout.decode('utf-8', 'replace').split('\n'):
        record = json.loads(line) if line else {}
        if 'EventID' not in record: continue
        seen += 1
        event = udm_of(record)
        for name, tree in rules.items():
            if name not in satisfied and holds(tree, event): satisfied.add(name)
    with tempfile.TemporaryDirectory() as folder:
        alerts = os.path.join(folder, 'alerts.jsonl')
        subprocess.run([picket, 'scan', '-q', '--status', 'all', '-r', RULES, '-o', alerts] + logs, stderr=subprocess.DEVNULL, check=False)
        lines = open(alerts, encoding='utf-8', errors='replace').read().split('\n')
    fired = set()
    for line in lines:
        if line: fired.add(os.path.relpath(json.loads(line)['rule']['path'], RULES))
    if not fired or not satisfied:
        print('nothing fired: %d events, %d rules' % (seen, len(rules)))
        return 1
    excused = {}
    for line in open(os.path.join(HERE, 'yaral_trial_only.tsv'), encoding='utf-8'):
        if line.strip() and line[0] != '#':
            name, why = line.rstrip('\n').split('\t')
            excused[name] = why
    both, trial, ours = satisfied & fired, satisfied - fired - counting, (fired & set(rules)) - satisfied
    print('%d events, %d rules of one event: the trial satisfies %d, picket fires %d, both %d; of the others %d count in their condition' % (seen, len(rules), len(satisfied), len(fired & set(rules)), len(both), len((satisfied - fired) & counting)))
    wrong = 0
    for name in sorted(trial | ours):
        side = 'only the trial' if name in trial else 'only picket'
        if name not in excused or '--list' in sys.argv: print('%s\t%s\t%s' % (name, side, excused.get(name, '')))
        wrong += name not in excused
    for name in sorted(set(excused) - trial - ours) if everything else []:
        print('%s\texcused, but both agree' % name)
        wrong += 1
    return 1 if wrong else 0


if __name__ == '__main__':
    sys.exit(main())
