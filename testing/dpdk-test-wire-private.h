/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "dpdk-test-impairment-private.h"

#include <rte_mbuf.h>
#include <rte_ring.h>

G_BEGIN_DECLS

#define DPDK_TEST_WIRE_MAX_QUEUES 16

typedef struct _DpdkTestWire DpdkTestWire;

/* one queue of one direction */
typedef struct {
  struct rte_ring *in;
  /* the same as @in, if nothing is between them */
  struct rte_ring *out;
  guint64 index;
  /* of Held */
  GArray *held;
} DpdkTestChannel;

/* from end i to the other one; all but the rings is for who has the lock of the wire */
typedef struct {
  DpdkTestImpairment impairment;
  DpdkTestChannel channels[DPDK_TEST_WIRE_MAX_QUEUES];
  DpdkTestLinkStatistics statistics;
  /* of Travelling, in the order of their arrival */
  GQueue line;
  /* the first one on the line that waits for the bandwidth, and how many do */
  GList *waiting;
  guint n_waiting;
  gint64 free_at;
  gint64 last_due;
  /* of GWeakRef on a DpdkTestCapture */
  GPtrArray *captures;
} DpdkTestDirection;

/* what is between two ports: it lives as long as the link object, either port, or the pump */
struct _DpdkTestWire {
  gatomicrefcount references;
  pid_t pid;
  DpdkEal *eal;
  DpdkMempool *pool;
  struct rte_mempool *native_pool;
  guint number;
  guint n_queues;
  gboolean is_direct;
  GMutex lock;
  gint n_lock_waiters;
  gint open[2];
  gint up[2];
  guint16 port_ids[2];
  DpdkTestDirection directions[2];
};

DpdkTestWire *dpdk_test_wire_new (DpdkEal *eal, guint n_queues, gboolean is_direct, GError **error);
DpdkTestWire *dpdk_test_wire_ref (DpdkTestWire *self);
void dpdk_test_wire_unref (DpdkTestWire *self);
/* makes the device of an end, which holds the wire until it is closed */
char *dpdk_test_wire_open_end (DpdkTestWire *self, guint end, GError **error);
void dpdk_test_wire_close_end (DpdkTestWire *self, guint end);

/* a copy in the pool of the wire, or what is there to fill; NULL if there is no room */
struct rte_mbuf *dpdk_test_wire_copy (DpdkTestWire *self, struct rte_mbuf *mbuf);
struct rte_mbuf *dpdk_test_wire_alloc (DpdkTestWire *self);

void dpdk_test_wire_lock (DpdkTestWire *self);
void dpdk_test_wire_unlock (DpdkTestWire *self);

/* moves packets until both ends are closed */
void dpdk_test_pump_start (DpdkTestWire *wire);
void dpdk_test_direction_init (DpdkTestDirection *self, guint n_queues);
void dpdk_test_direction_clear (DpdkTestDirection *self, guint n_queues);

G_END_DECLS
