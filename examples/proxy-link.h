/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

typedef struct {
  /* (element-type ProxyLink) */
  GQueue links;
  guint open;
  guint finished;
  guint failed;
  guint timed_out;
  guint64 bytes_to_server;
  guint64 bytes_to_client;
} ProxyCounters;

/* Two streams, each of which gets what the other one gives, its end included. An error of one ends
   both, and so do @idle_seconds without a byte unless they are 0. */
typedef struct _ProxyLink ProxyLink;

/* Lasts until the end of both. */
void proxy_link_start (GIOStream *client, GIOStream *server, guint idle_seconds,
                       ProxyCounters *counters);

/* Resets all streams of all links, which end soon after. */
void proxy_link_abort_all (ProxyCounters *counters);

G_END_DECLS
