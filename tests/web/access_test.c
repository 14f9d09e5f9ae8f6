/* Who may ask: a table of requests and what each is answered. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "web/access.h"

#define SECRET "0123456789abcdef0123456789abcdef"
#define TOKEN "a token of some length"

static const pk_str names[] = {{"picket.example", 14}, {"SIEM", 4}};

static access_rules rules_of(bool token)
{
    access_rules r = {.hosts = names, .host_count = 2, .token = token ? STR(TOKEN) : STR("")};
    memcpy(r.secret, SECRET, ACCESS_SECRET);
    return r;
}

typedef struct {
    const char *method, *path, *host, *origin, *site, *authorization, *cookie, *token;
    access_answer open, locked; /* without and with a token to be shown */
} row;

static const row rows[] = {
    /* names */
    {"GET", "/", "127.0.0.1:8484", 0, 0, 0, 0, 0, ACCESS_ALLOWED, ACCESS_LOGIN},
    {"HEAD", "/", "localhost", 0, 0, 0, 0, 0, ACCESS_ALLOWED, ACCESS_LOGIN},
    {"GET", "/", "LocalHost:1", 0, 0, 0, 0, 0, ACCESS_ALLOWED, ACCESS_LOGIN},
    {"GET", "/", "[::1]:8484", 0, 0, 0, 0, 0, ACCESS_ALLOWED, ACCESS_LOGIN},
    {"GET", "/", "siem:80", 0, 0, 0, 0, 0, ACCESS_ALLOWED, ACCESS_LOGIN},
    {"GET", "/", "picket.example", 0, 0, 0, 0, 0, ACCESS_ALLOWED, ACCESS_LOGIN},
    {"GET", "/", "", 0, 0, 0, 0, 0, ACCESS_NO_HOST, ACCESS_NO_HOST},
    {"GET", "/", "evil.example", 0, 0, 0, 0, 0, ACCESS_WRONG_HOST, ACCESS_WRONG_HOST},
    {"GET", "/", "127.0.0.1.evil.example:8484", 0, 0, 0, 0, 0, ACCESS_WRONG_HOST, ACCESS_WRONG_HOST},
    {"GET", "/", "localhost.evil.example", 0, 0, 0, 0, 0, ACCESS_WRONG_HOST, ACCESS_WRONG_HOST},
    {"GET", "/", "localhost:8484@evil.example", 0, 0, 0, 0, 0, ACCESS_WRONG_HOST, ACCESS_WRONG_HOST},
    {"GET", "/", "localhost:99999x", 0, 0, 0, 0, 0, ACCESS_WRONG_HOST, ACCESS_WRONG_HOST},
    {"GET", "/", "[localhost]", 0, 0, 0, 0, 0, ACCESS_WRONG_HOST, ACCESS_WRONG_HOST},
    {"GET", "/", "[::1", 0, 0, 0, 0, 0, ACCESS_WRONG_HOST, ACCESS_WRONG_HOST},
    {"GET", "/", "127.0.0.1 evil", 0, 0, 0, 0, 0, ACCESS_WRONG_HOST, ACCESS_WRONG_HOST},
    /* methods */
    {"PUT", "/", "localhost", 0, 0, 0, 0, 0, ACCESS_WRONG_METHOD, ACCESS_WRONG_METHOD},
    {"get", "/", "localhost", 0, 0, 0, 0, 0, ACCESS_WRONG_METHOD, ACCESS_WRONG_METHOD},
    /* forms */
    {"POST", "/attack", "localhost:1", "http://localhost:1", "same-origin", 0, 0, 0, ACCESS_ALLOWED, ACCESS_LOGIN},
    {"POST", "/attack", "localhost:1", 0, 0, 0, 0, 0, ACCESS_ALLOWED, ACCESS_LOGIN},
    {"POST", "/attack", "localhost:1", "http://localhost:2", 0, 0, 0, 0, ACCESS_WRONG_ORIGIN, ACCESS_WRONG_ORIGIN},
    {"POST", "/attack", "localhost:1", "null", 0, 0, 0, 0, ACCESS_ALLOWED, ACCESS_LOGIN},
    {"POST", "/attack", "localhost:1", "null", "same-origin", 0, 0, 0, ACCESS_ALLOWED, ACCESS_LOGIN},
    {"POST", "/attack", "localhost:1", "null", "cross-site", 0, 0, 0, ACCESS_WRONG_ORIGIN, ACCESS_WRONG_ORIGIN},
    {"POST", "/attack", "localhost:1", "null", "same-site", 0, 0, 0, ACCESS_WRONG_ORIGIN, ACCESS_WRONG_ORIGIN},
    {"POST", "/attack", "localhost:1", 0, "cross-site", 0, 0, 0, ACCESS_WRONG_ORIGIN, ACCESS_WRONG_ORIGIN},
    {"POST", "/login", "localhost:1", "http://evil.example", 0, 0, 0, TOKEN, ACCESS_WRONG_ORIGIN, ACCESS_WRONG_ORIGIN},
    /* the token */
    {"GET", "/assets/style.css", "localhost", 0, 0, 0, 0, 0, ACCESS_ALLOWED, ACCESS_ALLOWED},
    {"GET", "/rules", "localhost", 0, 0, "Bearer " TOKEN, 0, 0, ACCESS_ALLOWED, ACCESS_ALLOWED},
    {"GET", "/rules", "localhost", 0, 0, "bearer " TOKEN, 0, 0, ACCESS_ALLOWED, ACCESS_ALLOWED},
    {"GET", "/rules", "localhost", 0, 0, "Bearer " TOKEN "x", 0, 0, ACCESS_ALLOWED, ACCESS_LOGIN},
    {"GET", "/rules", "localhost", 0, 0, "Bearer " TOKEN TOKEN, 0, 0, ACCESS_ALLOWED, ACCESS_LOGIN},
    {"GET", "/rules", "localhost", 0, 0, "Bearer a token", 0, 0, ACCESS_ALLOWED, ACCESS_LOGIN},
    {"GET", "/rules", "localhost", 0, 0, "Bearer ", 0, 0, ACCESS_ALLOWED, ACCESS_LOGIN},
    {"GET", "/rules", "localhost", 0, 0, 0, "picket=" SECRET, 0, ACCESS_ALLOWED, ACCESS_ALLOWED},
    {"GET", "/rules", "localhost", 0, 0, 0, "a=b; picket=" SECRET "; c=d", 0, ACCESS_ALLOWED, ACCESS_ALLOWED},
    {"GET", "/rules", "localhost", 0, 0, 0, "xpicket=" SECRET, 0, ACCESS_ALLOWED, ACCESS_LOGIN},
    {"GET", "/rules", "localhost", 0, 0, 0, "picket=" TOKEN, 0, ACCESS_ALLOWED, ACCESS_LOGIN},
    {"GET", "/rules", "localhost", 0, 0, 0, "picket=", 0, ACCESS_ALLOWED, ACCESS_LOGIN},
    {"GET", "/rules", "localhost", 0, 0, 0, ";;; ;picket", 0, ACCESS_ALLOWED, ACCESS_LOGIN},
    {"POST", "/login", "localhost", 0, 0, 0, 0, TOKEN, ACCESS_ALLOWED, ACCESS_LOGGED_IN},
    {"POST", "/login", "localhost", 0, 0, 0, 0, "wrong", ACCESS_ALLOWED, ACCESS_WRONG_TOKEN},
    {"POST", "/login", "localhost", 0, 0, 0, 0, 0, ACCESS_ALLOWED, ACCESS_WRONG_TOKEN},
};

static void answers(void **state)
{
    (void)state;
    access_rules open = rules_of(false), locked = rules_of(true);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const row *w = &rows[i];
        access_request r = {.method = str_from(w->method), .path = str_from(w->path), .host = str_from(w->host), .origin = str_from(w->origin),
                            .fetch_site = str_from(w->site), .authorization = str_from(w->authorization), .cookie = str_from(w->cookie),
                            .token = str_from(w->token)};
        if (access_check(&open, &r) != w->open || access_check(&locked, &r) != w->locked)
            fail_msg("%s %s of %s (row %zu): %d and %d", w->method, w->path, w->host, i, access_check(&open, &r), access_check(&locked, &r));
    }
}

static void next_place(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"/rules?q=a", "/rules?q=a"}, {"", "/"}, {"//evil.example", "/"}, {"/\\evil.example", "/"}, {"https://evil.example", "/"},
        {"/a\r\nSet-Cookie: x=y", "/"}, {"/login", "/"}, {"/a\\b", "/"}, {"/\x01", "/"}, {"/attack/T1090", "/attack/T1090"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        access_request r = {.next = str_from(cases[i][0])};
        pk_str to = access_next(&r);
        if (!str_equal(to, str_from(cases[i][1]))) fail_msg("%s leads to " STR_FMT, cases[i][0], STR_ARG(to));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(answers), cmocka_unit_test(next_place)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
