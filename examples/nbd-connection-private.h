/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "nbd-connection.h"

G_BEGIN_DECLS

typedef enum {
  PHASE_NEGOTIATION,
  PHASE_TRANSMISSION,
  /* the client sends no more, and gets what it has asked for */
  PHASE_DRAINING,
  PHASE_CLOSED,
} NbdPhase;

/* But for the count of references and what is said to be for any thread, all of it is for the thread
   of the worker alone. A request that is with the pool is not here, and has a reference. */
struct _NbdConnection {
  gatomicrefcount ref_count;
  NbdService *service;
  DpdkTcpConnection *stream;
  DpdkTcpSocket *socket;
  DpdkWorker *worker;
  /* for any thread */
  gint is_closed;

  NbdPhase phase;
  NbdNegotiation *negotiation;
  GSource *timeout;
  NbdExport *export;
  gboolean is_structured;
  gboolean has_context;

  guint8 header[NBD_REQUEST_SIZE];
  gsize n_header;
  /* whose data is being received, and how much is missing */
  NbdRequest *incoming;
  gsize n_missing;

  /* of the negotiation: (element-type GBytes) */
  GQueue talk;
  /* (element-type NbdRequest) */
  GQueue answered;
  /* of the first bytes of the first of these */
  gsize n_written;
  guint n_outstanding;
  gsize cost;
};

static inline void
nbd_connection_count (NbdConnection *self, NbdCounter counter, gint64 n)
{
  nbd_statistics_add (&self->service->statistics, counter, n);
}

void nbd_connection_clear_timeout (NbdConnection *self);
/* The socket sends what it has taken, and lets go of us. */
void nbd_connection_close (NbdConnection *self);
/* Because of what the client has done. */
void nbd_connection_fail (NbdConnection *self);
/* Will not be answered any more. */
void nbd_connection_abandon (NbdConnection *self, NbdRequest *request);

/* It counts no more for what the client may ask for. */
void nbd_connection_forget_cost (NbdConnection *self, const NbdRequest *request);
/* Writes as much as possible, and gives whether an answer was brought to its end. */
gboolean nbd_connection_send (NbdConnection *self);
/* Takes a step, and gives whether there may be another one. */
gboolean nbd_connection_receive (NbdConnection *self);

G_END_DECLS
