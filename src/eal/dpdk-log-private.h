/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

void dpdk_log_redirect (void);
/* called with each message of DPDK, on the thread that it comes from, before that thread goes on */
void dpdk_log_set_watch (void (*func) (const char *message));
void dpdk_log_capture_begin (void);
char *dpdk_log_capture_end (void);

G_END_DECLS
