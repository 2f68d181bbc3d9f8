/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib-object.h>

G_BEGIN_DECLS

/* whether anybody listens: to tell nobody costs, too */
gboolean dpdk_notify_is_wanted (GObject *object);
void dpdk_notify_in_context (GObject *object, GMainContext *context, GParamSpec *pspec);
/* the same, but at once on the thread that has made the object */
void dpdk_notify_creator (GObject *object, GThread *thread, GMainContext *context,
                          GParamSpec *pspec);

G_END_DECLS
