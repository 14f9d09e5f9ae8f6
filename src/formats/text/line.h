/* A line of text taken apart. Private to this folder. */
#ifndef PICKET_FORMATS_TEXT_LINE_H
#define PICKET_FORMATS_TEXT_LINE_H

#include "formats/field_sink.h"

/* ---- envelope: what a transport wrote before the message ---- */

typedef struct {
    const char *kind;                                   /* "syslog", "container"; NULL: the line has no envelope */
    pk_str timestamp, hostname, program, pid;           /* empty: not given */
    pk_str msgid, structured;                           /* RFC 5424 */
    int priority;                                       /* PRI, or -1 */
    pk_str message;                                     /* what follows; the whole line without an envelope */
} envelope;

envelope envelope_read(pk_str line);
/* Puts what it holds, but for fields that the message itself has given. */
void envelope_put(const envelope *e, field_sink *s);

/* ---- kinds of messages ---- */

/* Columns that a "#Fields:" line names. */
typedef struct {
    pk_str *names;
    size_t count;
    bool commas;                                        /* Exchange: separated by commas, not blanks or tabs */
} w3c_columns;

void w3c_read_columns(pk_str fields, w3c_columns *out, arena *a);

typedef struct {
    const char *name;                                   /* the value of the field _kind */
    const char *title;
    const char *example;                                /* a line of this kind: tests and documentation take it from here */
    /* A cheap look: false for most lines of other kinds. */
    bool (*detect)(pk_str message);
    /* Puts the fields; false: it is something else after all (the caller takes back what was put). */
    bool (*parse)(pk_str message, const w3c_columns *columns, field_sink *s);
    bool is_whole;                                      /* its fields say all: the message is not given besides */
} line_kind;

extern const line_kind line_kinds[];                    /* tried in this order; ends with a name of NULL */

/* Puts all fields of a line and returns the name of its kind. */
const char *line_parse(pk_str line, const w3c_columns *columns, field_sink *s);
/* The kind of a line by its look alone, "text" for any other; for detection. */
const char *line_kind_of(pk_str line);

/* Puts a field of a message; one of a name that envelopes use, too, wins over the envelope's. */
void put_field(field_sink *s, pk_str key, value v);
static inline void put_text(field_sink *s, pk_str key, pk_str v) { put_field(s, key, value_string(v)); }
/* The same without a value: a container follows under this key. */
void take_name(field_sink *s, pk_str key);
/* A field of the envelope: only if the message has given none of this name, and only if there is something. */
void put_unless_taken(field_sink *s, const char *name, pk_str v);
void put_text_or_blank(field_sink *s, pk_str key, pk_str v);

/* ---- pieces that several kinds use ---- */

/* The next token up to a blank; blanks before it are skipped. Empty at the end. */
pk_str next_token(pk_str *rest);
bool is_digits(pk_str s);
bool looks_like_ip(pk_str s);                           /* an address of either version, maybe with a port or brackets */

/* One object of JSON over the whole of `text` (RFC 8259) into the current container. False: it isn't one. */
bool json_put_object(field_sink *s, pk_str object);

/* key=value pairs: the next one of the message; false: no more. Quotes around the value are gone, escapes undone in `a`. */
typedef struct {
    pk_str key, value_text;
    bool quoted;
    size_t start;                                       /* of the key in the message */
} pair;
bool next_pair(pk_str message, size_t *at, pair *out, arena *a);

/* The parsers behind line_kinds. */
bool w3c_detect(pk_str m);
bool w3c_parse(pk_str m, const w3c_columns *c, field_sink *s);
bool access_detect(pk_str m);
bool access_parse(pk_str m, const w3c_columns *c, field_sink *s);
bool haproxy_detect(pk_str m);
bool haproxy_parse(pk_str m, const w3c_columns *c, field_sink *s);
bool squid_detect(pk_str m);
bool squid_parse(pk_str m, const w3c_columns *c, field_sink *s);
bool nginx_error_detect(pk_str m);
bool nginx_error_parse(pk_str m, const w3c_columns *c, field_sink *s);
bool apache_error_detect(pk_str m);
bool apache_error_parse(pk_str m, const w3c_columns *c, field_sink *s);
bool request_detect(pk_str m);
bool request_parse(pk_str m, const w3c_columns *c, field_sink *s);
bool auditd_detect(pk_str m);
bool auditd_parse(pk_str m, const w3c_columns *c, field_sink *s);
bool cef_detect(pk_str m);
bool cef_parse(pk_str m, const w3c_columns *c, field_sink *s);
bool leef_detect(pk_str m);
bool leef_parse(pk_str m, const w3c_columns *c, field_sink *s);
bool pairs_detect(pk_str m);
bool pairs_parse(pk_str m, const w3c_columns *c, field_sink *s);
bool json_detect(pk_str m);
bool json_parse(pk_str m, const w3c_columns *c, field_sink *s);
bool event_detect(pk_str m);
bool event_parse(pk_str m, const w3c_columns *c, field_sink *s);

#endif
