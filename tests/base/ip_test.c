/* Addresses (RFC 4291, examples of section 2.2) and networks. */
#include "check.h"

#include "base/ip.h"

static void test_addresses(void **state)
{
    (void)state;
    static const struct { const char *text, *bytes; } cases[] = {
        {"10.0.0.1", "\0\0\0\0\0\0\0\0\0\0\xff\xff\x0a\0\0\1"},
        {"::ffff:10.0.0.1", "\0\0\0\0\0\0\0\0\0\0\xff\xff\x0a\0\0\1"},
        {"2001:DB8:0:0:8:800:200C:417A", "\x20\x01\x0d\xb8\0\0\0\0\0\x08\x08\0\x20\x0c\x41\x7a"},
        {"2001:DB8::8:800:200C:417A", "\x20\x01\x0d\xb8\0\0\0\0\0\x08\x08\0\x20\x0c\x41\x7a"},
        {"::1", "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1"},
        {"::", "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"},
        {"fe80::", "\xfe\x80\0\0\0\0\0\0\0\0\0\0\0\0\0\0"},
        {"[fe80::1%eth0]", "\xfe\x80\0\0\0\0\0\0\0\0\0\0\0\0\0\1"},
    };
    ip_address out;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_true(ip_parse(str_from(cases[i].text), &out));
        assert_memory_equal(out.bytes, cases[i].bytes, 16);
    }
    static const char *const wrong[] = {"", "1", "1.2.3", "1.2.3.4.5", "256.1.1.1", "01.2.3.4", "1.2.3.4 ", "1..2.3", ".1.2.3", ":", ":::", "1:2", "1:2:3:4:5:6:7:8:9", "1::2::3",
                                        "12345::", "::1.2.3", "1:2:3:4:5:6:7:", "::1:", "fe80::1%", "g::", "1:2:3:4:5:6:7:1.2.3.4", "1:2:3:4:5:6:7::8", "[10.0.0.1"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        if (ip_parse(str_from(wrong[i]), &out)) fail_msg("'%s' was taken for an address", wrong[i]);
}

static void test_networks(void **state)
{
    (void)state;
    static const struct { const char *network, *address; bool inside; } cases[] = {
        {"10.0.0.0/8", "10.255.0.1", true},      {"10.0.0.0/8", "11.0.0.0", false}, {"10.0.0.0/8", "::ffff:10.1.1.1", true},
        {"192.168.1.128/25", "192.168.1.127", false}, {"192.168.1.128/25", "192.168.1.255", true}, {"0.0.0.0/0", "8.8.8.8", true},
        {"0.0.0.0/0", "2001:db8::1", false},     {"::/0", "10.0.0.1", false},       {"::/0", "2001:db8::1", true},
        {"fe80::/10", "febf::1", true},          {"fe80::/10", "fec0::1", false},   {"10.0.0.1", "10.0.0.1", true},
        {"10.0.0.1", "10.0.0.2", false},         {"::1/128", "::1", true},          {"::ffff:0:0/96", "10.0.0.1", true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        ip_network n;
        ip_address at;
        bool host_bits;
        assert_true(ip_network_parse(str_from(cases[i].network), &n, &host_bits));
        assert_false(host_bits);
        assert_true(ip_parse(str_from(cases[i].address), &at));
        if (ip_network_contains(&n, &at) != cases[i].inside) fail_msg("%s in %s", cases[i].address, cases[i].network);
    }
    ip_network n;
    ip_address at;
    bool host_bits;
    assert_true(ip_network_parse(STR("10.1.2.3/8"), &n, &host_bits) && host_bits);
    assert_true(ip_parse(STR("10.9.9.9"), &at) && ip_network_contains(&n, &at));
    static const char *const wrong[] = {"10.0.0.0/33", "10.0.0.0/", "10.0.0.0/-1", "::/129", "10.0.0/8", "10.0.0.0/08"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) assert_false(ip_network_parse(str_from(wrong[i]), &n, &host_bits));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_addresses), cmocka_unit_test(test_networks)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
