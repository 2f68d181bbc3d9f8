/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <dpdk-glib-testing.h>

G_BEGIN_DECLS

void dpdk_test_capture_offer (DpdkTestCapture *self, const guint8 *data, gsize length);
gboolean dpdk_test_capture_is_stopped (DpdkTestCapture *self);

G_END_DECLS
