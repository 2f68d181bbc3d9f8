/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

void dpdk_test_fail_at (int line, const char *file, const char *function, const char *format, ...)
    G_GNUC_PRINTF (4, 5);

/* ends the test; returns where assertions are not fatal */
#define dpdk_test_fail(...) dpdk_test_fail_at (__LINE__, __FILE__, G_STRFUNC, __VA_ARGS__)

G_END_DECLS
