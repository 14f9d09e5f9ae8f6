/*
 * Deadlines of connections. The HTTP library closes connections that are silent; a client that sends or takes a byte a second
 * is never silent. So each connection has so long for a request's head, and so long from there until its answer has been
 * taken; whoever is later is shut down by a thread that looks once a second.
 */
#ifndef PICKET_WEB_DEADLINES_H
#define PICKET_WEB_DEADLINES_H

#include <stdbool.h>

typedef struct deadlines deadlines;
typedef struct deadline deadline;     /* of one connection */

deadlines *deadlines_new(unsigned head_seconds, unsigned answer_seconds);
void deadlines_free(deadlines *d);    /* after all connections have ended */

deadline *deadline_begin(deadlines *d, int socket);
void deadline_head_read(deadlines *d, deadline *of);   /* the request's head is complete */
void deadline_answered(deadlines *d, deadline *of);    /* the answer has been taken; the next request may come */
void deadline_end(deadlines *d, deadline *of);         /* before the socket is closed */

#endif
