/* The HTTP server: carries requests to web_handle() and its responses back. See server.c. */
#ifndef PICKET_WEB_SERVER_H
#define PICKET_WEB_SERVER_H

#include "web/access.h"
#include "web/web.h"

#define SERVER_FORM_LIMIT (4u << 20)   /* bytes of a form that is posted */
#define SERVER_FIELDS 32               /* fields of it */
#define SERVER_HEAD_SECONDS 15         /* for a request's head */
#define SERVER_ANSWER_SECONDS 120      /* from there until its answer has been taken */
#define SERVER_CONNECTIONS 4000

typedef struct server server;

/* "127.0.0.1:8484", "[::1]:0", "localhost:8484" into a socket address; *loopback: only this machine reaches it. false: not of this form. */
struct sockaddr_storage;
bool server_address(pk_str text, struct sockaddr_storage *out, bool *loopback);
/* Could a server listen at `at` now, which the user wrote as `address`? false: *d says why not. */
bool server_can_listen(const struct sockaddr_storage *at, pk_str address, diag_list *d);

/*
 * Listens at `at`, which the user wrote as `address`, over the catalogue at `path`. `w`, `run` and what `rules` points to must
 * outlive the server. NULL: *d says why.
 */
server *server_start(const web *w, const char *path, const store_run *run, const access_rules *rules, const struct sockaddr_storage *at,
                     pk_str address, diag_list *d);
void server_stop(server *s);           /* ends connections; NULL is fine */
unsigned server_port(const server *s);

#endif
