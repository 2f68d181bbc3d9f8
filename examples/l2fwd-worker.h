/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <dpdk-glib.h>

#define L2FWD_MAC_SIZE 6

/* What comes in at one port goes out at its partner. */
typedef struct {
  DpdkPort *input;
  DpdkPort *output;
  gboolean updates_macs;
  guint8 source[L2FWD_MAC_SIZE];
  guint8 destination[L2FWD_MAC_SIZE];

  /* written by the worker only */
  guint64 n_received;
  guint64 n_sent;
  guint64 n_dropped;
} L2fwdPath;

/* A thread that polls the inputs of its paths until *quit. */
typedef struct {
  DpdkEal *eal;
  guint core;
  GPtrArray *paths;
  const gint *quit;
  GThread *thread;
  /* it pushes something when it has started, or has the error */
  GAsyncQueue *started;
  GError *error;
} L2fwdWorker;

L2fwdPath *l2fwd_path_new (DpdkPort *input, DpdkPort *output, guint output_index,
                           gboolean updates_macs);
void l2fwd_path_free (L2fwdPath *self);

L2fwdWorker *l2fwd_worker_new (DpdkEal *eal, guint core, const gint *quit);
gboolean l2fwd_worker_start (L2fwdWorker *self, GError **error);
void l2fwd_worker_join (L2fwdWorker *self);
void l2fwd_worker_free (L2fwdWorker *self);

/* counters that another thread writes */
static inline guint64
l2fwd_read (const guint64 *counter)
{
  return __atomic_load_n (counter, __ATOMIC_RELAXED);
}
