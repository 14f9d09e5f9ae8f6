/*
 * HTTP requests from their text on: method, path, query, headers and a form, through the check of who may ask, the routes, the
 * queries and the templates, over a catalogue of the rules that ship. The input is a request's text; the first byte chooses where links lead
 * and whether a token is needed.
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "project.h"
#include "web/server.h"
#include "web/share.h"

static web *pages;
static store *catalogue;
static char path[64];

static void remove_catalogue(void)
{
    char name[80];
    store_close(catalogue);
    web_free(pages);
    for (const char *const *end = (const char *const[]){"", "-wal", "-shm", NULL}; *end; end++) {
        snprintf(name, sizeof name, "%s%s", path, *end);
        unlink(name);
    }
}

static void prepare(void)
{
    diag_list *d = diag_list_new();
    char folder[4096];
    snprintf(folder, sizeof folder, "%s/rules", share_folder());
    pk_str rules = str_from(folder);
    pk_store_options o = {.rules = {&rules, 1}, .share = share_folder()};
    pk_store_report report;
    snprintf(path, sizeof path, "/tmp/picket-http-fuzz-%d.db", (int)getpid());
    atexit(remove_catalogue);
    if (pk_store_build(path, &o, &report, NULL, NULL) != PK_OK || store_open(&catalogue, path, NULL, d) != PK_OK ||
        web_from_share(&pages, share_folder(), d) != PK_OK) {
        fprintf(stderr, "the catalogue of the fuzz target could not be made; PICKET_SHARE names the folder of shipped data\n");
        abort();
    }
    diag_list_free(d);
}

static pk_str next_line(pk_str *rest)
{
    size_t end = str_find_char(*rest, '\n');
    pk_str line = str_slice(*rest, 0, end == STR_NPOS ? rest->len : end);
    *rest = str_slice(*rest, line.len + (end == STR_NPOS ? 0 : 1), rest->len);
    while (line.len && line.ptr[line.len - 1] == '\r') line.len--;
    return line;
}

static pk_str word(pk_str *line)
{
    size_t end = str_find_char(*line, ' ');
    pk_str w = str_slice(*line, 0, end == STR_NPOS ? line->len : end);
    *line = str_slice(*line, w.len + 1, line->len);
    return w;
}

static void take_header(pk_str line, access_request *who, web_request *r)
{
    size_t colon = str_find_char(line, ':');
    if (colon == STR_NPOS) return;
    pk_str name = str_slice(line, 0, colon), content = str_trim(str_slice(line, colon + 1, line.len));
    const struct { const char *name; pk_str *to; } headers[] = {
        {"host", &who->host}, {"origin", &who->origin}, {"sec-fetch-site", &who->fetch_site}, {"authorization", &who->authorization},
        {"cookie", &who->cookie}, {"if-none-match", &r->if_none_match}, {"accept", &r->accept}, {"token", &who->token}, {"next", &who->next}};
    for (size_t i = 0; i < sizeof headers / sizeof *headers; i++)
        if (str_equal_ascii_fold(name, str_from(headers[i].name))) *headers[i].to = content;
}

static void check_response(const web_response *out)
{
    if (out->status < 200 || out->status > 599 || (out->body.len && !out->type)) abort();
    /* What goes into a header must stay one line. */
    const pk_str lines[] = {out->etag, out->location, out->attachment};
    for (size_t k = 0; k < 3; k++)
        for (size_t i = 0; i < lines[k].len; i++)
            if ((unsigned char)lines[k].ptr[i] < 0x20 || lines[k].ptr[i] == 0x7f) abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (!pages) prepare();
    if (size < 1 || size > 1 << 16) return 0;
    pk_str rest = {(const char *)data + 1, size - 1};
    access_rules rules = {.token = data[0] & 1 ? STR("a token of some length") : STR(""), .secret = "0123456789abcdef0123456789abcde"};
    access_request who = {0};
    web_request r = {.links = data[0] & 2 ? LINKS_FILES : LINKS_SERVER};
    pk_str line = next_line(&rest);
    who.method = r.method = word(&line);
    pk_str target = word(&line);
    size_t mark = str_find_char(target, '?');
    who.path = r.path = str_slice(target, 0, mark == STR_NPOS ? target.len : mark);
    if (mark != STR_NPOS) r.query = str_slice(target, mark + 1, target.len);
    while (rest.len && (line = next_line(&rest)).len) take_header(line, &who, &r);
    query_argument layer = {STR("layer"), rest};
    if (rest.len) r.form = (query_arguments){&layer, 1};
    struct sockaddr_storage *at = malloc(256);
    bool loopback;
    server_address(who.host, at, &loopback);
    free(at);
    access_answer answer = access_check(&rules, &who);
    pk_str next = access_next(&who);
    if (next.len == 0 || next.ptr[0] != '/') abort();
    if (answer != ACCESS_ALLOWED && !(data[0] & 4)) return 0;
    arena *a = arena_new();
    web_response out = {0};
    web_handle(pages, catalogue, &r, a, &out);
    check_response(&out);
    arena_free(a);
    return 0;
}
