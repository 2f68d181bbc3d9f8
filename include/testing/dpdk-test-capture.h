/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#if !defined(DPDK_GLIB_TESTING_INSIDE) && !defined(DPDK_GLIB_TESTING_COMPILATION)
#error "Only <dpdk-glib-testing.h> can be included directly."
#endif

#include <dpdk-glib.h>

G_BEGIN_DECLS

/**
 * DpdkTestCaptureFilter:
 * @data: (array length=length): the frame
 * @length: its length in bytes
 * @user_data: user data
 *
 * Decides whether a [class@DpdkTesting.Capture] keeps a frame. Runs on the thread that moves the
 * packets of the link, and must not use the link.
 *
 * Returns: %TRUE to keep it
 *
 * Since: 0.1
 */
typedef gboolean (*DpdkTestCaptureFilter) (const guint8 *data, gsize length, gpointer user_data);

#define DPDK_TEST_TYPE_CAPTURE (dpdk_test_capture_get_type ())

DPDK_AVAILABLE_IN_0_1
G_DECLARE_FINAL_TYPE (DpdkTestCapture, dpdk_test_capture, DPDK_TEST, CAPTURE, GObject)

DPDK_AVAILABLE_IN_0_1
DpdkTestCapture *dpdk_test_capture_new (guint max_packets, DpdkTestCaptureFilter filter,
                                        gpointer user_data, GDestroyNotify destroy);
DPDK_AVAILABLE_IN_0_1
guint dpdk_test_capture_get_n_packets (DpdkTestCapture *self);
DPDK_AVAILABLE_IN_0_1
guint64 dpdk_test_capture_get_n_missed (DpdkTestCapture *self);
DPDK_AVAILABLE_IN_0_1
GBytes *dpdk_test_capture_dup_packet (DpdkTestCapture *self, guint index);
DPDK_AVAILABLE_IN_0_1
gint64 dpdk_test_capture_get_timestamp (DpdkTestCapture *self, guint index);
DPDK_AVAILABLE_IN_0_1
void dpdk_test_capture_stop (DpdkTestCapture *self);
DPDK_AVAILABLE_IN_0_1
gboolean dpdk_test_capture_save (DpdkTestCapture *self, const char *path, GError **error);

G_END_DECLS
