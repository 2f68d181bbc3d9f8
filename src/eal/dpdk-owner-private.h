/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "dpdk-glib.h"

G_BEGIN_DECLS

typedef void (*DpdkOwnerFunc) (gpointer data);
typedef gboolean (*DpdkOwnerPollFunc) (gpointer data);

void dpdk_owner_start (void);
void dpdk_owner_stop (void);
gboolean dpdk_owner_is_current (void);
void dpdk_owner_post (DpdkOwnerFunc func, gpointer data);
void dpdk_owner_post_poll (DpdkOwnerPollFunc func, gpointer data, gboolean must_end);
gboolean dpdk_owner_call (DpdkOwnerFunc func, gpointer data, const char *what, GError **error);
void dpdk_owner_refuse_calls (void);
void dpdk_owner_abandon (gpointer data);
gboolean dpdk_owner_wait_idle (gint64 deadline);
void dpdk_owner_before_fork (void);
void dpdk_owner_after_fork (void);

G_END_DECLS
