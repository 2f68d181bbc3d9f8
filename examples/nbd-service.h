/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "nbd-export.h"
#include "nbd-statistics.h"

G_BEGIN_DECLS

/* What all connections share. */
typedef struct {
  /* (element-type NbdExport): the first one is the default one */
  GPtrArray *exports;
  /* (element-type NbdExportInfo): the same, as they are told of */
  GPtrArray *infos;
  NbdStatistics statistics;
  /* the threads that do the I/O of files, and take requests */
  GThreadPool *pool;
  guint max_connections;
  /* how long a client may take to choose an export */
  guint negotiation_seconds;
  /* requests fail, and connections end when they are idle */
  gint is_stopping;

  GMutex lock;
  /* those that have not ended, to each of which it has a reference */
  GHashTable *connections;
} NbdService;

NbdService *nbd_service_new (guint n_threads, guint max_connections, guint negotiation_seconds,
                             GError **error);
/* Waits for the requests that are with the pool. There must be no connections any more. */
void nbd_service_finish (NbdService *self);
void nbd_service_free (NbdService *self);
/* Takes over @export, whose file must not be served already. To be called before there are
   connections. */
gboolean nbd_service_add_export (NbdService *self, NbdExport *export, GError **error);
/* Serves a connection on its worker. May be called from any thread. */
void nbd_service_accept (NbdService *self, DpdkTcpConnection *stream);
/* Ends all connections when they are idle. May be called from any thread. */
void nbd_service_stop (NbdService *self);
gboolean nbd_service_is_stopping (NbdService *self);
void nbd_service_print (NbdService *self);

G_END_DECLS
