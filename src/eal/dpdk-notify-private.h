/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib-object.h>

G_BEGIN_DECLS

void dpdk_notify_in_context (GObject *object, GMainContext *context, GParamSpec *pspec);

G_END_DECLS
