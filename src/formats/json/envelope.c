/*
 * An envelope is told by its keys alone: one that holds the records, and beside it none but those that its writer is
 * known to put there. So a record that merely has a list called "events" or "items" (Google Workspace, shop logs)
 * stays whole: its own keys are not in the table. Most records are settled by their first key. Keys behind the list are
 * looked at if they are in sight; who has a long list is an envelope, or nothing could be streamed.
 */
#include "formats/json/envelope.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

typedef struct {
    const char *outer;  /* key of an object around the list, or NULL */
    const char *list;   /* key of the list */
    const char *beside; /* keys that may stand next to the list; "x*": any that begins so */
    const char *writer;
} envelope;

static const envelope envelopes[] = {
    {NULL, "Records", "", "AWS: CloudTrail delivery files, S3, SNS and SQS notifications"},
    {NULL, "records", "", "Azure: diagnostic settings, flow logs"},
    {NULL, "value", "@* odata.* nextLink count totalCount", "Microsoft Graph, Azure REST and other OData"},
    {NULL, "Events", "NextToken", "aws cloudtrail lookup-events"},
    {NULL, "events", "searchedLogStreams nextToken nextForwardToken nextBackwardToken moreDataAvailable customer_id customerId",
     "aws logs get-log-events and filter-log-events; UDM search and import"},
    {NULL, "entities", "customer_id customerId log_type logType", "import of UDM entities"},
    {NULL, "logEvents", "messageType owner logGroup logStream subscriptionFilters", "CloudWatch Logs subscriptions"},
    {NULL, "items", "kind etag nextPageToken apiVersion metadata", "Google Workspace reports, Kubernetes lists"},
    {NULL, "entries", "nextPageToken chunk_size next_stream_position", "Google Cloud Logging, Box, Slack"},
    {NULL, "results", "preview init_offset post_process_count messages fields", "Splunk REST"},
    {NULL, "Results", "Stats Schema", "Microsoft Defender advanced hunting"},
    {NULL, "data", "status pagination meta links", "JSON:API, OneLogin, Atlassian"},
    {NULL, "logs", "start limit length total", "Auth0"},
    {"raw_logs", "entries", "create_time type start_time", "raw logs of Chronicle's parser samples"},
    {"hits", "hits", "took timed_out _shards _scroll_id total max_score", "Elasticsearch search"},
};
_Static_assert(COUNT(envelopes) < 32, "one bit for each row");

static bool key_listed(const char *list, pk_str key)
{
    while (*list) {
        size_t len = strcspn(list, " ");
        bool open_end = list[len - 1] == '*';
        size_t compared = open_end ? len - 1 : len;
        if ((open_end ? key.len >= compared : key.len == compared) && !memcmp(list, key.ptr, compared)) return true;
        list += len + strspn(list + len, " ");
    }
    return false;
}

static bool key_is(const char *name, pk_str key)
{
    return strlen(name) == key.len && !memcmp(name, key.ptr, key.len);
}

static void note_key(envelope_keys *k, const char *key, size_t len)
{
    bool open_end = key[len - 1] == '*';
    k->lengths[(unsigned char)*key & 127] |= open_end ? UINT32_MAX : UINT32_C(1) << len;
}

void envelope_keys_init(envelope_keys *k)
{
    *k = (envelope_keys){0};
    for (size_t i = 0; i < COUNT(envelopes); i++) {
        const envelope *e = &envelopes[i];
        note_key(k, e->list, strlen(e->list));
        if (e->outer) note_key(k, e->outer, strlen(e->outer));
        for (const char *key = e->beside; *key;) {
            size_t len = strcspn(key, " ");
            note_key(k, key, len);
            key += len + strspn(key + len, " ");
        }
    }
}

/* Behind kind and apiVersion in lists of Kubernetes; where it stands first, an event of the Unified Data Model begins. */
static const char never_first[] = "metadata";

bool envelope_may_open(const envelope_keys *k, const char *at, const char *end)
{
    const char *p = scan_blanks(at + 1, end);
    if (end - p < 34) return true; /* too near to the end for a glance */
    unsigned char first = (unsigned char)p[1];
    if (*p != '"' || first > 127 || !k->lengths[first]) return false;
    if (k->lengths[first] == UINT32_MAX) return true;
    const char *close = memchr(p + 1, '"', 32);
    if (close && key_is(never_first, (pk_str){p + 1, (size_t)(close - p - 1)})) return false;
    return close && k->lengths[first] >> (close - p - 1) & 1;
}

/* The rows that hold their list (or the object around it, while inside is false) under this key. */
static uint32_t rows_with(uint32_t possible, pk_str key, bool inside)
{
    uint32_t rows = 0;
    for (size_t i = 0; i < COUNT(envelopes); i++) {
        const envelope *e = &envelopes[i];
        const char *name = inside || !e->outer ? e->list : e->outer;
        if (possible >> i & 1 && key_is(name, key)) rows |= UINT32_C(1) << i;
    }
    return rows;
}

static uint32_t rows_beside(uint32_t possible, pk_str key)
{
    uint32_t rows = 0;
    for (size_t i = 0; i < COUNT(envelopes); i++)
        if (possible >> i & 1 && key_listed(envelopes[i].beside, key)) rows |= UINT32_C(1) << i;
    return rows;
}

static uint32_t rows_nested(uint32_t rows)
{
    uint32_t nested = 0;
    for (size_t i = 0; i < COUNT(envelopes); i++)
        if (rows >> i & 1 && envelopes[i].outer) nested |= UINT32_C(1) << i;
    return nested;
}

/* key ':' blanks; *at is then at the value. */
static envelope_result read_key(const char **at, const char *end, pk_str *key)
{
    const char *p = scan_blanks(*at, end);
    if (p == end) return ENVELOPE_UNSURE;
    if (*p != '"') return ENVELOPE_NO;
    const char *close = scan_string(p, end);
    if (!close) return ENVELOPE_UNSURE;
    *key = (pk_str){p + 1, (size_t)(close - p) - 2};
    p = scan_blanks(close, end);
    if (p == end) return ENVELOPE_UNSURE;
    if (*p != ':') return ENVELOPE_NO;
    *at = scan_blanks(p + 1, end);
    return *at == end ? ENVELOPE_UNSURE : ENVELOPE_YES;
}

/* Behind the value and its comma. */
static envelope_result skip_value(const char **at, const char *end)
{
    scan_report value = scan_value(*at, end, false);
    if (value.result != SCAN_CLOSED) return value.result == SCAN_OPEN ? ENVELOPE_UNSURE : ENVELOPE_NO;
    const char *p = scan_blanks(value.at, end);
    if (p == end) return ENVELOPE_UNSURE;
    *at = p + 1;
    return *p == ',' ? ENVELOPE_YES : ENVELOPE_NO;
}

/* Behind the list: nothing but keys that belong there, as far as can be seen. */
static envelope_result only_known_keys_follow(const char *list, const char *end, uint32_t row)
{
    for (const char *p = list;;) {
        pk_str key;
        envelope_result r = skip_value(&p, end);
        if (r == ENVELOPE_YES) r = read_key(&p, end, &key);
        if (r != ENVELOPE_YES) return r == ENVELOPE_UNSURE ? r : ENVELOPE_YES; /* the object ends, or is broken */
        if (!rows_beside(row, key)) return ENVELOPE_NO;
    }
}

/* A list of records: its first element is an object, or it is empty. */
static envelope_result list_of_objects(const char *at, const char *end, uint32_t row)
{
    const char *p = scan_blanks(at + 1, end);
    if (p == end) return ENVELOPE_UNSURE;
    if (*p != '{' && *p != ']') return ENVELOPE_NO;
    return only_known_keys_follow(at, end, row);
}

envelope_result envelope_open(const char *at, const char *end, const char **list, unsigned *depth)
{
    uint32_t possible = (UINT32_C(1) << COUNT(envelopes)) - 1;
    *depth = 1;
    *list = NULL;
    for (const char *p = at + 1;;) {
        pk_str key;
        bool first = p == at + 1;
        envelope_result r = read_key(&p, end, &key);
        if (r != ENVELOPE_YES) return r;
        if (first && key_is(never_first, key)) return ENVELOPE_NO;
        uint32_t rows = rows_with(possible, key, *depth == 2);
        uint32_t flat = *depth == 2 ? rows : rows & ~rows_nested(rows);
        if (flat && *p == '[' && (r = list_of_objects(p, end, flat)) != ENVELOPE_NO) {
            *list = p;
            return r;
        }
        if (*depth == 1 && rows_nested(rows) && *p == '{') {
            possible = rows_nested(rows);
            *depth = 2;
            p++;
            continue;
        }
        possible = rows_beside(possible, key);
        if (!possible) return ENVELOPE_NO;
        r = skip_value(&p, end);
        if (r != ENVELOPE_YES) return r;
    }
}
