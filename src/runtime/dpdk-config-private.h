/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "dpdk-glib.h"
#include "dpdk-stack-budget.h"
#include "dpdk-stack-tcp.h"

G_BEGIN_DECLS

/* What a configuration is made of; nothing is NULL */
typedef struct {
  GArray *cores;
  GPtrArray *devices;
  GPtrArray *eal_args;
  DpdkStackTcpOptions tcp_options;
  guint max_time_wait;
  /* bytes, 0 for the default */
  guint64 memory_budget;
  GPtrArray *name_servers;
} DpdkConfigFields;

struct _DpdkConfig {
  GObject parent_instance;

  char *path;
  gboolean is_default;
  DpdkConfigFields fields;
};

void dpdk_config_fields_init (DpdkConfigFields *fields);
void dpdk_config_fields_clear (DpdkConfigFields *fields);

G_END_DECLS
