/* What every cmocka program needs, and comparing views. */
#ifndef PICKET_TESTS_BASE_CHECK_H
#define PICKET_TESTS_BASE_CHECK_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/str.h"

#define assert_str(view, expected)                                                                                     \
    do {                                                                                                               \
        pk_str view_ = (view);                                                                                         \
        pk_str expected_ = str_from(expected);                                                                         \
        if (!str_equal(view_, expected_)) fail_msg("got '%.*s', expected '%s'", STR_ARG(view_), expected_.ptr);         \
    } while (0)

#endif
