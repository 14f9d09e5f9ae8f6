/* A buffer in front of a function. Large reads go past the buffer. */
#include "formats/tap.h"

pk_str tap_peek(tap *t, size_t want)
{
    if (!t->head) t->head = mem_alloc(TAP_HEAD);
    if (t->at) memmove(t->head, t->head + t->at, t->len - t->at);
    t->len -= t->at;
    t->at = 0;
    if (want > TAP_HEAD) want = TAP_HEAD;
    while (t->len < want && !t->ended) {
        size_t n = t->pull(t->self, t->head + t->len, want - t->len);
        t->ended = n == 0;
        t->len += n;
    }
    return (pk_str){(const char *)t->head, t->len};
}

size_t tap_read(tap *t, void *buffer, size_t n)
{
    if (t->at < t->len) {
        size_t here = t->len - t->at < n ? t->len - t->at : n;
        memcpy(buffer, t->head + t->at, here);
        t->at += here;
        return here;
    }
    if (t->ended || !n) return 0;
    size_t got = t->pull(t->self, buffer, n);
    t->ended = got == 0;
    return got;
}

bool tap_move(tap *t, int64_t n)
{
    if (t->at < t->len || !t->move || !t->move(t->self, n)) return false;
    t->ended = false;
    return true;
}

void tap_forget(tap *t)
{
    t->at = t->len = 0;
    t->ended = false;
}

void tap_reuse(tap *t) { *t = (tap){.head = t->head}; }

void tap_close(tap *t)
{
    mem_free(t->head);
    *t = (tap){0};
}
