/* pk_serve_start: a server over a catalogue, with its pages, its token and its names; pk_serve_check: whether there can be one. */
#include <fcntl.h>
#include <stdio.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "web/server.h"
#include "web/share.h"

struct pk_server {
    arena *arena;
    web *pages;
    store_run *run;
    access_rules rules;
    server *server;
};

#define TOKEN_LONGEST 1024

/* The first line of the file. Only its owner should be able to read it, which is said but not demanded. */
static pk_str read_token(arena *a, const char *path, diag_list *d)
{
    char bytes[TOKEN_LONGEST + 1];
    struct stat st;
    diag_place place = {.file = str_from(path)};
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, bytes, sizeof bytes);
    if (n < 0) {
        diag_add(d, PK_ERROR, "web-token", place, STR(""), NULL, "the token could not be read: %m");
        if (fd >= 0) close(fd);
        return STR("");
    }
    if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && (st.st_mode & 077))
        diag_add(d, PK_WARNING, "web-token", place, STR(""), "chmod 600 keeps it to its owner.", "the token can be read by others of this machine");
    close(fd);
    pk_str token = {bytes, (size_t)n};
    size_t end = str_find_char(token, '\n');
    token = str_trim(str_slice(token, 0, end == STR_NPOS ? token.len : end));
    if (token.len < ACCESS_TOKEN_LEAST || (size_t)n == sizeof bytes) {
        diag_add(d, PK_ERROR, "web-token", place, STR(""), "`openssl rand -hex 16` makes one.", "the token has %zu characters; %d to %d are expected",
                 token.len, ACCESS_TOKEN_LEAST, TOKEN_LONGEST);
        return STR("");
    }
    return arena_str(a, token);
}

static bool make_secret(char *secret, diag_list *d)
{
    unsigned char bytes[ACCESS_SECRET / 2];
    if (getrandom(bytes, sizeof bytes, 0) != (ssize_t)sizeof bytes) {
        diag_add(d, PK_ERROR, "web-token", (diag_place){0}, STR(""), NULL, "the system gives no random numbers");
        return false;
    }
    for (size_t i = 0; i < sizeof bytes; i++) {
        secret[2 * i] = "0123456789abcdef"[bytes[i] >> 4];
        secret[2 * i + 1] = "0123456789abcdef"[bytes[i] & 15];
    }
    return true;
}

/* PK_ERROR_USAGE: what is asked for can't be served like that, wherever. */
static pk_status set_access(pk_server *s, const pk_web_options *o, struct sockaddr_storage *at, diag_list *d)
{
    bool loopback = false;
    if (!server_address(str_from(o->listen), at, &loopback)) {
        diag_add(d, PK_ERROR, "web-address", (diag_place){0}, STR(""), "give an address and a port, as 127.0.0.1:8484 or [::1]:8484",
                 "'%s' is no address to listen on", o->listen);
        return PK_ERROR_USAGE;
    }
    pk_str *hosts = ARENA_ARRAY(s->arena, pk_str, o->hosts.count + 1);
    for (size_t i = 0; i < o->hosts.count; i++) hosts[i] = arena_str(s->arena, o->hosts.items[i]);
    s->rules.hosts = hosts;
    s->rules.host_count = o->hosts.count;
    if (o->token_file) {
        s->rules.token = read_token(s->arena, o->token_file, d);
        if (s->rules.token.len == 0) return PK_ERROR_USAGE;
        return make_secret(s->rules.secret, d) ? PK_OK : PK_ERROR_IO;
    }
    if (loopback) return PK_OK;
    diag_add(d, PK_ERROR, "web-token", (diag_place){0}, STR(""), "give --token FILE, or listen on 127.0.0.1",
             "'%s' can be reached from other machines, and no token is asked for", o->listen);
    return PK_ERROR_USAGE;
}

static void tell_ready(const pk_server *s, const pk_web_options *o)
{
    char url[128];
    pk_str listen = str_from(o->listen);
    size_t colon = listen.len;
    while (colon > 0 && listen.ptr[colon - 1] != ':') colon--;
    snprintf(url, sizeof url, "http://" STR_FMT ":%u/", (int)(colon - 1), listen.ptr, server_port(s->server));
    if (o->ready) o->ready(url, o->user);
}

static pk_web_options with_defaults(const pk_web_options *options)
{
    pk_web_options o = options ? *options : (pk_web_options){0};
    if (!o.listen) o.listen = "127.0.0.1:8484";
    return o;
}

/* Warnings are left to the start. */
pk_status pk_serve_check(const pk_web_options *options, pk_diagnostic_fn fn, void *user)
{
    pk_web_options o = with_defaults(options);
    struct sockaddr_storage at;
    diag_list *d = diag_list_new();
    pk_server s = {.arena = arena_new()};
    pk_status status = set_access(&s, &o, &at, d);
    if (status == PK_OK && !server_can_listen(&at, str_from(o.listen), d)) status = PK_ERROR_IO;
    for (size_t i = 0; fn && status != PK_OK && i < diag_count(d); i++) fn(diag_at(d, i), user);
    diag_list_free(d);
    arena_free(s.arena);
    return status;
}

pk_status pk_serve_start(pk_server **out, const char *catalog, const pk_web_options *options, pk_diagnostic_fn fn, void *user)
{
    pk_web_options o = with_defaults(options);
    struct sockaddr_storage at;
    diag_list *d = diag_list_new();
    pk_server *s = mem_zalloc(1, sizeof *s);
    s->arena = arena_new();
    pk_status status = set_access(s, &o, &at, d);
    if (status == PK_OK) status = web_from_share(&s->pages, o.share, d);
    if (status == PK_OK && o.alerts) status = store_run_load(&s->run, o.alerts, d);
    if (status == PK_OK) s->server = server_start(s->pages, catalog, s->run, &s->rules, &at, str_from(o.listen), d);
    for (size_t i = 0; fn && i < diag_count(d); i++) fn(diag_at(d, i), user);
    diag_list_free(d);
    if (!s->server) {
        pk_serve_stop(s);
        return status == PK_ERROR_USAGE ? status : PK_ERROR_IO;
    }
    *out = s;
    tell_ready(s, &o);
    return PK_OK;
}

void pk_serve_stop(pk_server *s)
{
    if (!s) return;
    server_stop(s->server);
    store_run_free(s->run);
    web_free(s->pages);
    arena_free(s->arena);
    mem_free(s);
}
