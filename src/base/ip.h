/* IP addresses and networks. IPv4 is kept as IPv4-mapped IPv6, so that ::ffff:10.0.0.1 is inside 10.0.0.0/8. */
#ifndef PICKET_BASE_IP_H
#define PICKET_BASE_IP_H

#include "base/str.h"

typedef struct { uint8_t bytes[16]; } ip_address;

typedef struct {
    ip_address base;      /* host bits are zero */
    uint8_t bits;         /* 0..128, counted in the IPv6 form: 10.0.0.0/8 is 104 */
    bool v4;              /* written as IPv4: never matches a genuine IPv6 address */
} ip_network;

bool ip_parse(pk_str s, ip_address *out);             /* "10.0.0.1", "fe80::1%eth0" (zone ignored), "[::1]" */
bool ip_is_v4(const ip_address *a);
/* "a.b.c.d/n" or an address alone (a host). *host_bits: some bit below the mask was set (it is cleared). */
bool ip_network_parse(pk_str s, ip_network *out, bool *host_bits);
bool ip_network_contains(const ip_network *n, const ip_address *a);

#endif
