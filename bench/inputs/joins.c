/*
 * join-events COUNT KEYS > OUT: logins and logouts of KEYS users as UDM, in order of time, so many an hour that a million of
 * them is a day. Each login has its logout five minutes later, but for one in a thousand.
 */
#include <stdio.h>

#include "base/timestamp.h"
#include "inputs.h"

#define DAY (INT64_C(86400) * SECOND)
#define STAY (300 * SECOND)

static void put_event(arena *a, timestamp at, uint64_t login, uint64_t keys, bool out)
{
    uint64_t user = login * 7919 % keys;
    pk_str time = timestamp_text(a, at);
    printf("{\"metadata\":{\"event_timestamp\":\"" STR_FMT "\",\"event_type\":\"%s\"},\"principal\":{\"hostname\":\"h%u\",\"ip\":[\"10.%u.%u.%u\"]},"
           "\"target\":{\"user\":{\"userid\":\"u%u\"}}}\n",
           STR_ARG(time), out ? "USER_LOGOUT" : "USER_LOGIN", (unsigned)(user % 997), (unsigned)(user >> 16 & 255), (unsigned)(user >> 8 & 255),
           (unsigned)(user & 255), (unsigned)user);
    arena_reset(a);
}

int join_events(int argc, char **argv)
{
    int64_t count, keys;
    if (argc != 3 || !str_to_int(str_from(argv[1]), true, &count) || !str_to_int(str_from(argv[2]), true, &keys) || keys == 0) return 3;
    timestamp start = INT64_C(1767225600) * SECOND, step = DAY / 500000; /* 2026-01-01 */
    arena *a = arena_new();
    for (uint64_t written = 0, login = 0, logout = 0; written < (uint64_t)count; written++) {
        timestamp next_in = start + (timestamp)login * step, next_out = start + (timestamp)logout * step + STAY;
        if (logout < login && next_out <= next_in) put_event(a, next_out, logout++, (uint64_t)keys, true);
        else put_event(a, next_in, login++, (uint64_t)keys, false);
        logout += logout % 1000 == 999; /* who forgets it */
    }
    arena_free(a);
    return 0;
}
