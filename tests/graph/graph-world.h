/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <dpdk-glib.h>

#include "graph-registrant.h"

/* what an application holds: all of it in one place, where a leak checker finds it */
typedef struct {
  DpdkEal *eal;
  DpdkMempool *mempool;
  DpdkPort *port;
  DpdkPacket *packet;
  GBytes *bytes;
  Registrant *registrant;
  DpdkRuntime *runtime;
  DpdkTcpSocket *socket;
  DpdkTcpConnection *connection;
  DpdkTcpListener *listener;
  DpdkTcpConnection *peer;
} World;

typedef struct {
  /* net_null, net_ring, net_memif or net_tap */
  const char *device;
  /* number of the device: two can be there at the same time */
  guint number;
  gboolean huge;
  /* NULL for the library's own */
  const char *file_prefix;
  /* workers keep no buffers for themselves */
  gboolean no_cache;
  /* chooses between equally good ways to do things */
  guint seed;
  /* the EAL is there before the runtime */
  gboolean eal_first;
} WorldOptions;

#define WORLD_PORT 7
/* nearly as long as the test waits for the process: a machine may stand still for a minute */
#define WORLD_PATIENCE_S 100
#define WORLD_MEMPOOL_SIZE 1024

DpdkConfig *world_config_new (const WorldOptions *options, GError **error);
char **world_eal_args (const WorldOptions *options);
DpdkRuntime *world_runtime_new (const WorldOptions *options, GError **error);

/* aborts if anything fails */
void world_open (World *world, const WorldOptions *options);
void world_connect (World *world, const WorldOptions *options);
void world_exchange (World *world, gsize size);
void world_drop_sockets (World *world, guint seed);
void world_drop_all (World *world, guint seed);

/* two threads that send to and fro until the connection ends; they hold what they use */
void world_start_exchange (DpdkTcpConnection *connection, DpdkTcpConnection *peer,
                           GThread *threads[2]);
/* the same between the connections of the world; @wait until it works */
void world_start_traffic (World *world, gboolean wait);
/* returns when bytes have gone both ways since the last call */
void world_wait_traffic (void);
void world_join_traffic (void);

void world_check_memory (const WorldOptions *options);
gboolean world_wait_dead (guint seconds);
guint world_count_fds (void);
guint world_count_threads (void);
/* tells the parent that the signal may come */
void world_ready (void);
