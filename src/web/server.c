/*
 * The HTTP server over libmicrohttpd: its threads poll with epoll, take requests, and ask web_handle() through one of a few open
 * stores. Everything that a client could hold on to is bounded: bytes of a head (the library's memory of a connection), of a
 * form, connections, and time (deadlines.c; the library knows silence only).
 */
#include "web/server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "web/deadlines.h"

#define THREADS 4
#define SILENT_SECONDS 10
#define HEAD_BYTES (48u << 10)

struct server {
    struct MHD_Daemon *daemon;
    const web *pages;
    const access_rules *rules;
    deadlines *deadlines;
    unsigned port;
    pthread_mutex_t lock;
    pthread_cond_t idle;
    store *stores[THREADS];
    size_t free_stores;
};

/* One request; made when its head is complete. */
typedef struct {
    arena *arena;
    struct MHD_PostProcessor *form;
    text fields[SERVER_FIELDS];
    query_argument arguments[SERVER_FIELDS];
    size_t count, bytes;
    bool head_read;
    unsigned refused;                   /* status that the body earned; 0: none */
    pk_str raw_path, raw_query;
} request;

/* ---- addresses ---- */

bool server_address(pk_str given, struct sockaddr_storage *out, bool *loopback)
{
    size_t colon = given.len;
    while (colon > 0 && given.ptr[colon - 1] != ':') colon--;
    int64_t port;
    char host[64];
    if (colon == 0 || !str_to_int(str_slice(given, colon, 6), false, &port) || port < 0 || port > 65535 || given.len - colon > 5) return false;
    pk_str name = {given.ptr, colon - 1};
    if (name.len > 2 && name.ptr[0] == '[' && name.ptr[name.len - 1] == ']') name = str_slice(name, 1, name.len - 2);
    if (str_equal_ascii_fold(name, STR("localhost"))) name = STR("127.0.0.1");
    if (name.len == 0 || name.len >= sizeof host) return false;
    memcpy(host, name.ptr, name.len);
    host[name.len] = 0;
    memset(out, 0, sizeof *out);
    struct sockaddr_in *v4 = (struct sockaddr_in *)out;
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)out;
    if (inet_pton(AF_INET, host, &v4->sin_addr) == 1) {
        v4->sin_family = AF_INET;
        v4->sin_port = htons((uint16_t)port);
        *loopback = (ntohl(v4->sin_addr.s_addr) >> 24) == 127;
        return true;
    }
    if (inet_pton(AF_INET6, host, &v6->sin6_addr) != 1) return false;
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons((uint16_t)port);
    *loopback = IN6_IS_ADDR_LOOPBACK(&v6->sin6_addr);
    return true;
}

static int listen_on(const struct sockaddr_storage *at, unsigned *port)
{
    socklen_t len = at->ss_family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6);
    int on = 1, fd = socket(at->ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    struct sockaddr_storage bound;
    socklen_t size = sizeof bound;
    if (fd < 0) return -1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (at->ss_family == AF_INET6) setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
    if (bind(fd, (const struct sockaddr *)at, len) != 0 || listen(fd, 1024) != 0 || getsockname(fd, (struct sockaddr *)&bound, &size) != 0) {
        int error = errno;
        close(fd);
        errno = error;
        return -1;
    }
    *port = ntohs(bound.ss_family == AF_INET ? ((struct sockaddr_in *)&bound)->sin_port : ((struct sockaddr_in6 *)&bound)->sin6_port);
    return fd;
}

static int told_listen_on(const struct sockaddr_storage *at, pk_str address, unsigned *port, diag_list *d)
{
    int fd = listen_on(at, port);
    if (fd < 0)
        diag_add(d, PK_ERROR, "web-listen", (diag_place){0}, STR(""), errno == EADDRINUSE ? "Another program has this port; choose one with --listen." : NULL,
                 "cannot listen on " STR_FMT ": %s", STR_ARG(address), strerror(errno));
    return fd;
}

bool server_can_listen(const struct sockaddr_storage *at, pk_str address, diag_list *d)
{
    unsigned port;
    int fd = told_listen_on(at, address, &port, d);
    if (fd >= 0) close(fd);
    return fd >= 0;
}

/* ---- stores ---- */

static store *take_store(server *s)
{
    pthread_mutex_lock(&s->lock);
    while (s->free_stores == 0) pthread_cond_wait(&s->idle, &s->lock);
    store *taken = s->stores[--s->free_stores];
    pthread_mutex_unlock(&s->lock);
    return taken;
}

static void give_store(server *s, store *st)
{
    pthread_mutex_lock(&s->lock);
    s->stores[s->free_stores++] = st;
    pthread_cond_signal(&s->idle);
    pthread_mutex_unlock(&s->lock);
}

/* ---- responses ---- */

static const char *const security_headers[][2] = {
    {"Content-Security-Policy", "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; connect-src 'self'; "
                                "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"},
    {"X-Content-Type-Options", "nosniff"},
    {"Referrer-Policy", "no-referrer"},
    {"Cross-Origin-Opener-Policy", "same-origin"},
    {"Cross-Origin-Resource-Policy", "same-origin"},
    {"Permissions-Policy", "camera=(), geolocation=(), microphone=()"},
};

static void header(struct MHD_Response *r, arena *a, const char *name, pk_str content)
{
    if (content.len == 0) return;
    MHD_add_response_header(r, name, arena_cstring(a, content));
}

static enum MHD_Result send_response(struct MHD_Connection *c, arena *a, const web_response *from, pk_str cookie)
{
    struct MHD_Response *r = MHD_create_response_from_buffer(from->body.len, (void *)from->body.ptr, MHD_RESPMEM_MUST_COPY);
    if (!r) return MHD_NO;
    for (size_t i = 0; i < sizeof security_headers / sizeof *security_headers; i++)
        MHD_add_response_header(r, security_headers[i][0], security_headers[i][1]);
    header(r, a, "Content-Type", str_from(from->type));
    header(r, a, "ETag", from->etag);
    header(r, a, "Location", from->location);
    header(r, a, "Set-Cookie", cookie);
    MHD_add_response_header(r, "Cache-Control", from->immutable ? "public, max-age=31536000, immutable" : from->etag.len ? "private, no-cache" : "no-store");
    if (from->attachment.len) header(r, a, "Content-Disposition", arena_printf(a, "attachment; filename=\"" STR_FMT "\"", STR_ARG(from->attachment)));
    if (from->status == 405) MHD_add_response_header(r, "Allow", "GET, HEAD, POST");
    if (from->status == 401) MHD_add_response_header(r, "WWW-Authenticate", "Bearer realm=\"picket\"");
    enum MHD_Result done = MHD_queue_response(c, (unsigned)from->status, r);
    MHD_destroy_response(r);
    return done;
}

static enum MHD_Result send_message(struct MHD_Connection *c, arena *a, int status, const char *message)
{
    web_response r = {.status = status, .type = "text/plain; charset=utf-8", .body = arena_printf(a, "%s\n", message)};
    return send_response(c, a, &r, STR(""));
}

/* ---- requests ---- */

static pk_str request_header(struct MHD_Connection *c, const char *name)
{
    return str_from(MHD_lookup_connection_value(c, MHD_HEADER_KIND, name));
}

static pk_str form_field(const request *q, const char *name)
{
    for (size_t i = 0; i < q->count; i++)
        if (str_equal(q->arguments[i].name, str_from(name))) return text_view(&q->fields[i]);
    return STR("");
}

static access_request access_of(struct MHD_Connection *c, const request *q, const char *method)
{
    return (access_request){.method = str_from(method), .path = q->raw_path, .host = request_header(c, "Host"),
                            .origin = request_header(c, "Origin"), .fetch_site = request_header(c, "Sec-Fetch-Site"),
                            .authorization = request_header(c, "Authorization"), .cookie = request_header(c, "Cookie"),
                            .token = form_field(q, "token"), .next = form_field(q, "next")};
}

static enum MHD_Result take_field(void *user, enum MHD_ValueKind kind, const char *key, const char *file, const char *type,
                                  const char *encoding, const char *data, uint64_t at, size_t size)
{
    (void)kind, (void)file, (void)type, (void)encoding;
    request *q = user;
    if (at == 0) {
        if (!key || q->count == SERVER_FIELDS) {
            q->refused = 413;
            return MHD_NO;
        }
        q->arguments[q->count++].name = arena_str(q->arena, str_from(key));
    }
    q->bytes += size;
    if (q->count == 0 || q->bytes > SERVER_FORM_LIMIT) {
        q->refused = 413;
        return MHD_NO;
    }
    text_put(&q->fields[q->count - 1], (pk_str){data, size});
    return MHD_YES;
}

/* Shows a page of the server's own (the login form) or of the catalogue. */
static enum MHD_Result show(server *s, struct MHD_Connection *c, const request *q, const web_request *r, int status, pk_str cookie)
{
    web_response out = {0};
    store *st = take_store(s);
    web_handle(s->pages, st, r, q->arena, &out);
    enum MHD_Result done;
    if (status) {
        out.status = status;
        out.etag = (pk_str){0};
    }
    done = send_response(c, q->arena, &out, cookie);
    give_store(s, st);
    return done;
}

static enum MHD_Result show_login(server *s, struct MHD_Connection *c, const request *q, bool wrong)
{
    text asked = {0};
    text_put_cstring(&asked, wrong ? "wrong=1&next=" : "next=");
    /* The path is as sent, percent-encoded already but for what would end the parameter. */
    for (size_t i = 0; i < q->raw_path.len && i < 2000; i++) {
        unsigned char b = (unsigned char)q->raw_path.ptr[i];
        if (b == '&' || b == '+' || b == '%' || b == '#' || b <= ' ' || b >= 0x7f) text_printf(&asked, "%%%02X", b);
        else text_put_char(&asked, (char)b);
    }
    web_request r = {.method = STR("GET"), .path = STR("/login"), .query = text_view(&asked), .accept = request_header(c, "Accept")};
    enum MHD_Result done = show(s, c, q, &r, 401, STR(""));
    text_free(&asked);
    return done;
}

static enum MHD_Result answer(server *s, struct MHD_Connection *c, request *q, const char *method)
{
    access_request who = access_of(c, q, method);
    switch (access_check(s->rules, &who)) {
    case ACCESS_NO_HOST: return send_message(c, q->arena, 400, "The request has no Host header.");
    case ACCESS_WRONG_HOST:
        return send_message(c, q->arena, 421, "This server does not go by that name. Use its address, or start it with --host NAME.");
    case ACCESS_WRONG_ORIGIN: return send_message(c, q->arena, 403, "Forms are taken from pages of this server only.");
    case ACCESS_WRONG_METHOD: return send_message(c, q->arena, 405, "GET, HEAD and POST are answered.");
    case ACCESS_LOGIN: return show_login(s, c, q, false);
    case ACCESS_WRONG_TOKEN: return show_login(s, c, q, true);
    case ACCESS_LOGGED_IN: {
        web_response to = {.status = 303, .type = "text/plain; charset=utf-8", .location = access_next(&who)};
        return send_response(c, q->arena, &to, arena_printf(q->arena, "picket=%.*s; Path=/; HttpOnly; SameSite=Strict", ACCESS_SECRET, s->rules->secret));
    }
    case ACCESS_ALLOWED: break;
    }
    for (size_t i = 0; i < q->count; i++) q->arguments[i].value = text_view(&q->fields[i]);
    web_request r = {.method = str_from(method), .path = q->raw_path, .query = q->raw_query, .if_none_match = request_header(c, "If-None-Match"),
                     .accept = request_header(c, "Accept"), .form = {q->arguments, q->count}, .links = LINKS_SERVER};
    return show(s, c, q, &r, 0, STR(""));
}

static request *request_of(void *state) { return state; }

static deadline *deadline_of(struct MHD_Connection *c)
{
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(c, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    return info ? info->socket_context : NULL;
}

static void end_request(void *user, struct MHD_Connection *c, void **state, enum MHD_RequestTerminationCode code)
{
    (void)code;
    server *s = user;
    request *q = request_of(*state);
    deadline_answered(s->deadlines, deadline_of(c));
    if (!q) return;
    if (q->form) MHD_destroy_post_processor(q->form);
    for (size_t i = 0; i < q->count; i++) text_free(&q->fields[i]);
    arena *a = q->arena;
    mem_free(q);
    arena_free(a);
    *state = NULL;
}

/* The address as it was sent; the library gives the handler a decoded one, in which %2F could not be told from '/'. */
static void *begin_request(void *user, const char *uri, struct MHD_Connection *c)
{
    (void)user, (void)c;
    request *q = mem_zalloc(1, sizeof *q);
    q->arena = arena_new();
    pk_str whole = arena_str(q->arena, str_from(uri));
    size_t mark = str_find_char(whole, '?');
    q->raw_path = str_slice(whole, 0, mark == STR_NPOS ? whole.len : mark);
    q->raw_query = mark == STR_NPOS ? STR("") : str_slice(whole, mark + 1, whole.len);
    return q;
}

static enum MHD_Result handle(void *user, struct MHD_Connection *c, const char *path, const char *method, const char *version,
                              const char *data, size_t *size, void **state)
{
    (void)path, (void)version;
    server *s = user;
    request *q = request_of(*state);
    if (!q) return MHD_NO;
    if (!q->head_read) {
        deadline_head_read(s->deadlines, deadline_of(c));
        q->head_read = true;
        if (strcmp(method, "POST") == 0) {
            pk_str length = request_header(c, "Content-Length");
            int64_t n = 0;
            if (length.len && (!str_to_int(length, false, &n) || n > SERVER_FORM_LIMIT)) return send_message(c, q->arena, 413, "The form is too long.");
            q->form = MHD_create_post_processor(c, 16384, take_field, q);
            if (!q->form) return send_message(c, q->arena, 415, "A form is expected: application/x-www-form-urlencoded or multipart/form-data.");
        }
        return MHD_YES;
    }
    if (*size > 0) {
        if (q->form && !q->refused && MHD_post_process(q->form, data, *size) != MHD_YES && !q->refused) q->refused = 400;
        if (!q->form) q->refused = 413; /* a body where none belongs */
        *size = 0;
        return MHD_YES;
    }
    if (q->form) {
        MHD_destroy_post_processor(q->form); /* gives the last field */
        q->form = NULL;
    }
    if (q->refused) return send_message(c, q->arena, (int)q->refused, q->refused == 413 ? "The request is too long." : "The form could not be read.");
    return answer(s, c, q, method);
}

static void connection_changes(void *user, struct MHD_Connection *c, void **context, enum MHD_ConnectionNotificationCode code)
{
    server *s = user;
    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
        const union MHD_ConnectionInfo *info = MHD_get_connection_info(c, MHD_CONNECTION_INFO_CONNECTION_FD);
        *context = info ? deadline_begin(s->deadlines, info->connect_fd) : NULL;
    } else {
        deadline_end(s->deadlines, *context);
        *context = NULL;
    }
}

/* What clients do wrong is no news for the terminal. */
static void ignore_log(void *user, const char *format, va_list args) { (void)user, (void)format, (void)args; }

static void raise_file_limit(void)
{
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) != 0 || files.rlim_cur >= SERVER_CONNECTIONS + 200) return;
    files.rlim_cur = files.rlim_max < SERVER_CONNECTIONS + 200 ? files.rlim_max : SERVER_CONNECTIONS + 200;
    setrlimit(RLIMIT_NOFILE, &files);
}

static unsigned connection_limit(void)
{
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) != 0 || files.rlim_cur < 200 + THREADS) return THREADS;
    rlim_t most = files.rlim_cur - 200;
    return most < SERVER_CONNECTIONS ? (unsigned)most : SERVER_CONNECTIONS;
}

server *server_start(const web *w, const char *path, const store_run *run, const access_rules *rules, const struct sockaddr_storage *at,
                     pk_str address, diag_list *d)
{
    server *s = mem_zalloc(1, sizeof *s);
    s->pages = w;
    s->rules = rules;
    pthread_mutex_init(&s->lock, NULL);
    pthread_cond_init(&s->idle, NULL);
    for (; s->free_stores < THREADS; s->free_stores++)
        if (store_open(&s->stores[s->free_stores], path, run, d) != PK_OK) goto failed;
    raise_file_limit();
    int fd = told_listen_on(at, address, &s->port, d);
    if (fd < 0) goto failed;
    s->deadlines = deadlines_new(SERVER_HEAD_SECONDS, SERVER_ANSWER_SECONDS);
    s->daemon = !s->deadlines ? NULL
        : MHD_start_daemon(MHD_USE_EPOLL_INTERNAL_THREAD | MHD_USE_ERROR_LOG | MHD_USE_ITC, 0, NULL, NULL, handle, s,
                           MHD_OPTION_EXTERNAL_LOGGER, ignore_log, NULL, MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_THREAD_POOL_SIZE, THREADS,
                           MHD_OPTION_CONNECTION_LIMIT, connection_limit(), MHD_OPTION_CONNECTION_TIMEOUT, SILENT_SECONDS,
                           MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)HEAD_BYTES, MHD_OPTION_STRICT_FOR_CLIENT, 1,
                           MHD_OPTION_URI_LOG_CALLBACK, begin_request, s, MHD_OPTION_NOTIFY_COMPLETED, end_request, s,
                           MHD_OPTION_NOTIFY_CONNECTION, connection_changes, s, MHD_OPTION_END);
    if (s->daemon) return s;
    close(fd);
    diag_add(d, PK_ERROR, "web-listen", (diag_place){0}, STR(""), NULL, "the HTTP server could not be started");
failed:
    server_stop(s);
    return NULL;
}

void server_stop(server *s)
{
    if (!s) return;
    if (s->daemon) MHD_stop_daemon(s->daemon);
    deadlines_free(s->deadlines);
    for (size_t i = 0; i < s->free_stores; i++) store_close(s->stores[i]);
    pthread_cond_destroy(&s->idle);
    pthread_mutex_destroy(&s->lock);
    mem_free(s);
}

unsigned server_port(const server *s) { return s->port; }
