/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* for the files of the runtime itself */
#pragma once

#include "dpdk-runtime-private.h"

G_BEGIN_DECLS

struct _DpdkRuntime {
  GObject parent_instance;

  DpdkConfig *config;
  guint n_workers;
  guint n_ports;
  /* of whoever made it */
  GMainContext *context;
  GThread *thread;

  GMutex lock;
  GCond stopped;
  /* empty once stopped */
  DpdkRuntimeParts parts;
  gboolean is_stopping;
  gboolean is_stopped;
  guint next_worker;
  GMainLoop *loop;
  gboolean quit_wanted;
};

/* takes what is left of the runtime and ends it on the owner thread */
void dpdk_runtime_begin_stop_locked (DpdkRuntime *self, gboolean will_wait);
void dpdk_runtime_notify_running (DpdkRuntime *self);

G_END_DECLS
