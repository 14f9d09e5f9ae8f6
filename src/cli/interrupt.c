/* Signals. A handler can only reach what is static: this is the one such place. */
#include "cli/session.h"

#include <signal.h>

static pk_scanner *volatile running;
static volatile sig_atomic_t caught;

static void on_signal(int number)
{
    caught = 1;
    if (running) pk_scanner_stop(running);
    signal(number, SIG_DFL); /* the second one ends the process */
}

void interrupt_watch(pk_scanner *s)
{
    struct sigaction action = {.sa_handler = on_signal};
    sigemptyset(&action.sa_mask);
    running = s;
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
}

void interrupt_unwatch(void)
{
    running = NULL;
    signal(SIGINT, SIG_DFL);
    signal(SIGTERM, SIG_DFL);
}

bool interrupted(void) { return caught != 0; }
