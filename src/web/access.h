/*
 * Who may ask: the Host a browser was led to, where a form came from, and the token. Pure functions over headers, so that they can
 * be tested and fuzzed without a connection.
 *
 * A page in the visitor's browser can send requests to any address, also to this machine's loopback, under a name that its
 * owner points there (DNS rebinding). So a Host is answered only if it is an address, "localhost" or a name that was allowed: an
 * address in Host cannot have been rebound. A form is taken only from a page of the same Host.
 */
#ifndef PICKET_WEB_ACCESS_H
#define PICKET_WEB_ACCESS_H

#include "base/mem.h"

#define ACCESS_SECRET 32          /* characters of the secret in the cookie */
#define ACCESS_TOKEN_LEAST 16     /* shortest token that is taken */

typedef struct {
    const pk_str *hosts;          /* further names, without a port; compared without case */
    size_t host_count;
    pk_str token;                 /* empty: none is needed */
    char secret[ACCESS_SECRET];   /* what the cookie holds after a login: random, of this run */
} access_rules;

typedef struct {
    pk_str method, path;
    pk_str host, origin, fetch_site; /* headers Host, Origin, Sec-Fetch-Site */
    pk_str authorization, cookie;
    pk_str token;                 /* field of the login form */
    pk_str next;                  /* field of the login form: the path to go on to */
} access_request;

typedef enum {
    ACCESS_ALLOWED,
    ACCESS_LOGIN,                 /* 401: show the form */
    ACCESS_WRONG_TOKEN,           /* 401: show it again */
    ACCESS_LOGGED_IN,             /* 303 to access_next(), with the cookie */
    ACCESS_NO_HOST,               /* 400 */
    ACCESS_WRONG_HOST,            /* 421 */
    ACCESS_WRONG_ORIGIN,          /* 403 */
    ACCESS_WRONG_METHOD,          /* 405 */
} access_answer;

access_answer access_check(const access_rules *rules, const access_request *r);

/* A path of this server to go to after the login; "/" for anything that might lead elsewhere. */
pk_str access_next(const access_request *r);

/* The name in a Host header without its port; false: it is none. An address in brackets is given without them. */
bool access_host_name(pk_str host, pk_str *name, bool *address);

#endif
