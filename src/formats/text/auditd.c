/*
 * Audit records of Linux: "type=NAME msg=audit(SECONDS:SERIAL): key=value ...", as auditd writes them to its file, as the
 * kernel prints them without auditd ("audit: type=1400 audit(...)"), and behind syslog. One record a line, as rules expect.
 *
 * auditd writes text that an attacker may control in hexadecimal where it holds a blank, a quote or a control character.
 * Such a field is given decoded under its own name and as it stands under NAME_hex. SYSCALL is the name of the system
 * call, from the record or else by its number.
 */
#include "base/unicode.h"
#include "formats/text/line.h"
#include "formats/text/syscalls.h"

#define NAME(literal) {literal, sizeof(literal) - 1}

bool auditd_detect(pk_str m)
{
    pk_str head = str_slice(m, 0, 160);
    if (str_find_char(head, '(') == STR_NPOS) return false;
    size_t mark = str_find(head, STR("audit("));
    return mark != STR_NPOS && str_find(str_slice(head, 0, mark), STR("type=")) != STR_NPOS;
}

/* Fields that the kernel or auditd writes through audit_log_untrustedstring (typetab.h of auparse: ESCAPED). */
static bool may_be_hex(pk_str key, bool arguments)
{
    static const pk_str names[] = {NAME("acct"), NAME("cgroup"), NAME("cmd"), NAME("comm"), NAME("cwd"),
                                   NAME("data"), NAME("device"), NAME("dir"), NAME("exe"), NAME("file"), NAME("grp"),
                                   NAME("key"), NAME("name"), NAME("ocomm"), NAME("path"), NAME("proctitle"),
                                   NAME("root_dir"), NAME("sw"), NAME("vm"), NAME("watch")};
    if (arguments && key.len > 1 && key.ptr[0] == 'a' && key.ptr[1] >= '0' && key.ptr[1] <= '9')
        return !str_ends_with(key, STR("_len"));
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (str_equal(key, names[i])) return true;
    return false;
}

static int digit(char c) { return c >= '0' && c <= '9' ? c - '0' : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1; }

/* The text that pairs of upper-case digits stand for; zeros between arguments become blanks, as auditd's tools show them. */
static bool decode_hex(pk_str s, arena *a, pk_str *out)
{
    if (s.len < 2 || s.len % 2) return false;
    char *bytes = arena_alloc(a, s.len / 2);
    for (size_t i = 0; i < s.len; i += 2) {
        int high = digit(s.ptr[i]), low = digit(s.ptr[i + 1]);
        if (high < 0 || low < 0) return false;
        int c = high << 4 | low;
        bytes[i / 2] = (char)(c ? c : ' ');
    }
    *out = utf8_repair(a, str_trim((pk_str){bytes, s.len / 2}));
    return true;
}

/* Numbers as the kernel prints them (linux/audit.h); rules know the names. */
static pk_str type_name(pk_str type)
{
    static const struct {
        const char *number, *name;
    } types[] = {
        {"1006", "LOGIN"},          {"1100", "USER_AUTH"},     {"1101", "USER_ACCT"},    {"1102", "USER_MGMT"},
        {"1103", "CRED_ACQ"},       {"1104", "CRED_DISP"},     {"1105", "USER_START"},   {"1106", "USER_END"},
        {"1107", "USER_AVC"},       {"1108", "USER_CHAUTHTOK"}, {"1109", "USER_ERR"},    {"1110", "CRED_REFR"},
        {"1112", "USER_LOGIN"},     {"1113", "USER_LOGOUT"},   {"1114", "ADD_USER"},     {"1115", "DEL_USER"},
        {"1116", "ADD_GROUP"},      {"1117", "DEL_GROUP"},     {"1123", "USER_CMD"},     {"1124", "USER_TTY"},
        {"1130", "SERVICE_START"},  {"1131", "SERVICE_STOP"},  {"1200", "DAEMON_START"}, {"1201", "DAEMON_END"},
        {"1300", "SYSCALL"},        {"1302", "PATH"},          {"1303", "IPC"},          {"1304", "SOCKETCALL"},
        {"1305", "CONFIG_CHANGE"},  {"1306", "SOCKADDR"},      {"1307", "CWD"},          {"1309", "EXECVE"},
        {"1319", "TTY"},            {"1320", "EOE"},           {"1321", "BPRM_FCAPS"},   {"1323", "MMAP"},
        {"1325", "NETFILTER_CFG"},  {"1326", "SECCOMP"},       {"1327", "PROCTITLE"},    {"1330", "KERN_MODULE"},
        {"1400", "AVC"},            {"1701", "ANOM_ABEND"},    {"1700", "ANOM_PROMISCUOUS"},
    };
    for (size_t i = 0; is_digits(type) && i < sizeof types / sizeof *types; i++)
        if (str_equal(type, str_from(types[i].number))) return str_from(types[i].name);
    return type;
}

static void put_pair(field_sink *s, const pair *p, bool arguments)
{
    pk_str decoded;
    if (str_equal(p->value_text, STR("(null)"))) {
        put_field(s, p->key, value_null());
    } else if (!p->quoted && may_be_hex(p->key, arguments) && decode_hex(p->value_text, s->arena, &decoded)) {
        put_text_or_blank(s, p->key, decoded);
        put_text(s, arena_concat(s->arena, p->key, STR("_hex")), p->value_text);
    } else {
        put_text_or_blank(s, p->key, p->value_text);
    }
}

/* What tells the system call of a record. */
typedef struct {
    pk_str arch, number;
    bool named;                                         /* by auditd itself (log_format = ENRICHED) */
} system_call;

/* The pairs of a record; what user space wrote ("msg='op=login acct="kim" ...'") holds pairs of its own. */
static void put_pairs(pk_str m, field_sink *s, bool arguments, system_call *call)
{
    size_t at = 0;
    for (pair p; next_pair(m, &at, &p, s->arena);) {
        put_pair(s, &p, arguments);
        if (call && str_equal(p.key, STR("arch"))) call->arch = p.value_text;
        if (call && str_equal(p.key, STR("syscall"))) call->number = p.value_text;
        if (call && str_equal(p.key, STR("SYSCALL"))) call->named = true;
        if (call && p.quoted && str_equal(p.key, STR("msg"))) put_pairs(p.value_text, s, arguments, NULL);
    }
}

/* "audit(1684329817.579:2995)" */
static bool put_stamp(pk_str m, size_t *end, field_sink *s)
{
    size_t open = str_find(m, STR("audit(")) + 6;
    size_t close = str_find_char(str_slice(m, open, 64), ')');
    if (close == STR_NPOS) return false;
    pk_str stamp = str_slice(m, open, close);
    size_t colon = str_find_char(stamp, ':');
    if (colon == STR_NPOS || colon == 0) return false;
    put_text(s, STR("timestamp"), str_slice(stamp, 0, colon));
    put_text(s, STR("serial"), str_slice(stamp, colon + 1, stamp.len));
    *end = open + close + 1;
    return true;
}

/* What stands before the stamp: "node=web1 type=SYSCALL msg=". */
static pk_str put_type(pk_str head, field_sink *s)
{
    pk_str type = {NULL, 0};
    size_t at = 0;
    for (pair p; next_pair(head, &at, &p, s->arena);) {
        if (str_equal(p.key, STR("type"))) put_text(s, p.key, type = type_name(p.value_text));
        else if (str_equal(p.key, STR("node"))) put_text(s, p.key, p.value_text);
    }
    return type;
}

bool auditd_parse(pk_str m, const w3c_columns *columns, field_sink *s)
{
    (void)columns;
    size_t end;
    if (!put_stamp(m, &end, s)) return false;
    pk_str type = put_type(str_slice(m, 0, str_find(m, STR("audit("))), s);
    if (type.len == 0) return false;
    system_call call = {0};
    put_pairs(str_slice(m, end, m.len), s, str_equal(type, STR("EXECVE")), &call);
    if (!call.named && call.arch.len && call.number.len) {
        pk_str name = syscall_name(call.arch, call.number);
        if (name.len) put_text(s, STR("SYSCALL"), name);
    }
    return true;
}
