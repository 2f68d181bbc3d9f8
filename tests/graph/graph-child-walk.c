/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "graph-child.h"

#include "graph-registrant.h"
#include "graph-shim.h"

#include <string.h>

/*
 * A random walk over the graph: references are made, passed to other threads and dropped, while
 * packets and connections are in use. Whatever the way, the end must be clean.
 */

#define N_STEPS 200
#define MAX_SLOTS 48
/* how many references a step adds at most */
#define MAX_NEW 8
#define MAX_RUNTIMES 3
#define MAX_REGISTRANTS 3
#define MAX_PORTS 6
#define DATA_SIZE 2048
#define POOL_SIZE 255
/* the world's own device has number 0 */
#define FIRST_DEVICE 1

typedef enum {
  SLOT_FREE,
  SLOT_EAL,
  SLOT_MEMPOOL,
  SLOT_PORT,
  SLOT_PACKET,
  SLOT_BYTES,
  SLOT_RUNTIME,
  SLOT_WORKER,
  SLOT_LISTENER,
  SLOT_CONNECTION,
} SlotKind;

/* one reference */
typedef struct {
  SlotKind kind;
  gpointer object;
} Slot;

typedef struct {
  const WorldOptions *options;
  GRand *random;
  Slot slots[MAX_SLOTS];
  guint n_slots;
  Registrant *registrants[MAX_REGISTRANTS];
  GPtrArray *threads;
  guint n_runtimes;
  guint n_ports;
} Walk;

static const guint8 content[] = "what every packet of the walk has in it";

static guint
draw (Walk *self, guint n)
{
  return (guint) g_rand_int_range (self->random, 0, (gint32) n);
}

static void
drop_reference (Slot slot)
{
  switch (slot.kind)
    {
    case SLOT_FREE:
      break;
    case SLOT_PACKET:
      dpdk_packet_unref (slot.object);
      break;
    case SLOT_BYTES:
      /* whatever else is gone, the data is there */
      g_assert_cmpmem (g_bytes_get_data (slot.object, NULL), g_bytes_get_size (slot.object),
                       content, sizeof content);
      g_bytes_unref (slot.object);
      break;
    default:
      g_object_unref (slot.object);
    }
}

static gpointer
take_reference (Slot slot)
{
  switch (slot.kind)
    {
    case SLOT_PACKET:
      return dpdk_packet_ref (slot.object);
    case SLOT_BYTES:
      return g_bytes_ref (slot.object);
    default:
      return g_object_ref (slot.object);
    }
}

static void
put (Walk *self, SlotKind kind, gpointer object)
{
  Slot slot = { kind, object };

  g_assert_nonnull (object);
  g_assert_cmpuint (self->n_slots, <, MAX_SLOTS);
  self->slots[self->n_slots++] = slot;
}

static Slot
take (Walk *self, guint index)
{
  Slot slot = self->slots[index];

  self->slots[index] = self->slots[--self->n_slots];
  return slot;
}

/* any reference of this kind, or NULL; the walk keeps it */
static gpointer
find (Walk *self, SlotKind kind)
{
  guint first = self->n_slots > 0 ? draw (self, self->n_slots) : 0;

  for (guint i = 0; i < self->n_slots; i++)
    {
      Slot *slot = &self->slots[(first + i) % self->n_slots];

      if (slot->kind == kind)
        return slot->object;
    }
  return NULL;
}

/* objects are refused when the EAL is ending, and only then */
static void
check_creation (gpointer object, GError *error)
{
  if (object != NULL)
    return;
  g_assert_nonnull (error);
  if (!g_error_matches (error, DPDK_ERROR, DPDK_ERROR_EAL_DEAD) &&
      !g_error_matches (error, DPDK_ERROR, DPDK_ERROR_NO_MEMORY))
    g_error ("refused: %s", error->message);
}

static void
make_mempool (Walk *self)
{
  DpdkEal *eal = find (self, SLOT_EAL);
  g_autoptr (GError) error = NULL;
  DpdkMempool *pool;

  if (eal == NULL)
    return;
  pool = dpdk_mempool_new (eal, POOL_SIZE, draw (self, 2) * 32, DATA_SIZE, -1, &error);
  check_creation (pool, error);
  if (pool != NULL)
    put (self, SLOT_MEMPOOL, pool);
}

static char *
get_devargs (Walk *self)
{
  guint number = FIRST_DEVICE + MAX_RUNTIMES + self->n_ports++;

  if (strcmp (self->options->device, "net_tap") == 0)
    return g_strdup_printf ("net_tap%u,iface=walk%u", number, number);
  if (strcmp (self->options->device, "net_memif") == 0)
    return g_strdup_printf ("net_memif%u,role=server,id=%u,socket=walk%u", number, number, number);
  return g_strdup_printf ("%s%u", self->options->device, number);
}

static void
make_port (Walk *self)
{
  DpdkEal *eal = find (self, SLOT_EAL);
  DpdkMempool *pool = find (self, SLOT_MEMPOOL);
  g_autofree char *devargs = NULL;
  g_autoptr (GError) error = NULL;
  DpdkPort *port;

  if (eal == NULL || pool == NULL || self->n_ports == MAX_PORTS)
    return;
  devargs = get_devargs (self);
  port = dpdk_port_new (eal, devargs, &error);
  check_creation (port, error);
  if (port == NULL)
    return;
  put (self, SLOT_PORT, port);
  if (!dpdk_port_configure (port, pool, 1, 64, &error))
    {
      /* a tap takes buffers of the pool already now */
      g_assert_error (error, DPDK_ERROR, DPDK_ERROR_NO_MEMORY);
      return;
    }
  if (draw (self, 4) == 0)
    return;
  dpdk_port_start (port, &error);
  g_assert_no_error (error);
}

static void
make_packet (Walk *self)
{
  DpdkMempool *pool = find (self, SLOT_MEMPOOL);
  g_autoptr (GError) error = NULL;
  DpdkPacket *packet;

  if (pool == NULL)
    return;
  packet = dpdk_mempool_acquire (pool, &error);
  check_creation (packet, error);
  if (packet == NULL)
    return;
  dpdk_packet_append (packet, content, sizeof content, &error);
  g_assert_no_error (error);
  put (self, SLOT_PACKET, packet);
}

static void
clone_packet (Walk *self)
{
  DpdkMempool *pool = find (self, SLOT_MEMPOOL);
  DpdkPacket *packet = find (self, SLOT_PACKET);
  g_autoptr (GError) error = NULL;
  DpdkPacket *clone;

  if (packet == NULL || pool == NULL)
    return;
  clone = dpdk_packet_clone (packet, pool, &error);
  check_creation (clone, error);
  if (clone != NULL)
    put (self, SLOT_PACKET, clone);
}

static void
view_packet (Walk *self)
{
  DpdkPacket *packet = find (self, SLOT_PACKET);
  gsize length;

  if (packet == NULL)
    return;
  /* a device may have made it */
  if (memcmp (dpdk_packet_get_data (packet, &length), content, sizeof content) == 0)
    put (self, SLOT_BYTES, dpdk_packet_to_bytes (packet));
}

/* only this thread uses queues of the walk's own ports */
static void
send_packet (Walk *self)
{
  DpdkPort *port = find (self, SLOT_PORT);
  DpdkPacket *packet = find (self, SLOT_PACKET);

  if (port == NULL || packet == NULL || dpdk_port_get_n_queues (port) == 0)
    return;
  dpdk_packet_ref (packet);
  if (dpdk_port_tx_burst (port, 0, &packet, 1) == 0)
    dpdk_packet_unref (packet);
}

static void
receive_packets (Walk *self)
{
  DpdkPort *port = find (self, SLOT_PORT);
  DpdkPacket *packets[MAX_NEW];
  guint n;

  if (port == NULL || dpdk_port_get_n_queues (port) == 0)
    return;
  n = dpdk_port_rx_burst (port, 0, packets, G_N_ELEMENTS (packets));
  for (guint i = 0; i < n; i++)
    put (self, SLOT_PACKET, packets[i]);
}

static void
close_port (Walk *self)
{
  DpdkPort *port = find (self, SLOT_PORT);
  g_autoptr (GError) error = NULL;

  if (port == NULL)
    return;
  dpdk_port_close (port, &error);
  g_assert_no_error (error);
}

/* what the driver of a device says when it is pulled out */
static void
unplug_port (Walk *self)
{
  g_autoptr (DpdkPort) port = NULL;
  DpdkRuntime *runtime = draw (self, 2) == 0 ? find (self, SLOT_RUNTIME) : NULL;
  DpdkPort *own = find (self, SLOT_PORT);

  if (runtime != NULL)
    port = dpdk_runtime_dup_port (runtime, 0);
  else if (own != NULL)
    port = g_object_ref (own);
  if (port != NULL && !dpdk_port_is_removed (port))
    graph_unplug (dpdk_port_get_devargs (port));
}

static void
make_runtime (Walk *self)
{
  WorldOptions options = *self->options;
  g_autoptr (GError) error = NULL;
  DpdkRuntime *runtime;

  if (self->n_runtimes == MAX_RUNTIMES || find (self, SLOT_EAL) == NULL)
    return;
  options.number = FIRST_DEVICE + self->n_runtimes++;
  options.seed = draw (self, 1 << 16);
  runtime = world_runtime_new (&options, &error);
  check_creation (runtime, error);
  if (runtime == NULL)
    return;
  put (self, SLOT_RUNTIME, runtime);
  put (self, SLOT_WORKER, dpdk_runtime_dup_worker (runtime, 0));
}

static void
make_connection (Walk *self)
{
  World world = { 0 };
  g_autoptr (GError) error = NULL;
  g_autoptr (GSocketAddress) address = NULL;
  g_autoptr (DpdkTcpSocket) socket = NULL;
  DpdkTcpListener *listener;
  GInetAddress *host;
  GPtrArray *devices, *addresses;

  world.runtime = find (self, SLOT_RUNTIME);
  if (world.runtime == NULL)
    return;
  devices = dpdk_config_get_devices (dpdk_runtime_get_config (world.runtime));
  addresses = dpdk_device_config_get_addresses (g_ptr_array_index (devices, 0));
  host = dpdk_interface_address_get_address (
      g_ptr_array_index (addresses, draw (self, addresses->len)));
  address = g_inet_socket_address_new (host, (guint16) (1024 + draw (self, 60000)));
  listener = dpdk_tcp_listener_new (world.runtime, address, 4, &error);
  if (listener == NULL)
    return;
  put (self, SLOT_LISTENER, listener);
  socket = dpdk_tcp_socket_new (world.runtime, g_socket_address_get_family (address), &error);
  world.connection =
      socket != NULL ? dpdk_tcp_socket_connect (socket, address, NULL, &error) : NULL;
  /* the runtime may be at its end */
  if (world.connection == NULL)
    return;
  put (self, SLOT_CONNECTION, world.connection);
  world.peer = dpdk_tcp_listener_accept (listener, NULL, &error);
  if (world.peer == NULL)
    return;
  put (self, SLOT_CONNECTION, world.peer);
  if (draw (self, 2) == 0)
    {
      GThread *threads[2];

      world_start_exchange (world.connection, world.peer, threads);
      g_ptr_array_add (self->threads, threads[0]);
      g_ptr_array_add (self->threads, threads[1]);
    }
}

static void
make_registrant (Walk *self)
{
  Registrant **registrant = &self->registrants[draw (self, MAX_REGISTRANTS)];
  DpdkEal *eal = find (self, SLOT_EAL);

  if (*registrant != NULL)
    registrant_free (g_steal_pointer (registrant), draw (self, REGISTRANT_N_ENDS));
  else if (eal != NULL)
    *registrant = registrant_new ();
}

static void
copy_reference (Walk *self)
{
  Slot slot = self->slots[draw (self, self->n_slots)];

  put (self, slot.kind, take_reference (slot));
}

static void
drop_slot (gpointer data)
{
  drop_reference (*(Slot *) data);
}

static gpointer
drop_on_thread (gpointer data)
{
  drop_slot (data);
  g_free (data);
  return NULL;
}

static void
drop_on_worker (DpdkWorker *worker, gpointer data)
{
  drop_slot (data);
}

/* @slot may be the last one that holds the worker */
static void
drop_anywhere (Walk *self, Slot slot)
{
  Registrant *registrant = self->registrants[draw (self, MAX_REGISTRANTS)];
  DpdkWorker *worker = find (self, SLOT_WORKER);

  switch (draw (self, 4))
    {
    case 0:
      /* it may still be at it when the walk is over */
      g_ptr_array_add (self->threads,
                       g_thread_new ("fresh", drop_on_thread, g_memdup2 (&slot, sizeof slot)));
      return;
    case 1:
      if (registrant != NULL)
        {
          registrant_call (registrant, drop_slot, &slot);
          return;
        }
      break;
    case 2:
      if (worker != NULL)
        {
          Slot *copy = g_memdup2 (&slot, sizeof slot);

          if (dpdk_worker_invoke (worker, drop_on_worker, copy, g_free, NULL))
            return;
        }
      break;
    }
  drop_reference (slot);
}

static void
drop_one (Walk *self)
{
  /* the walk ends when nothing is left to walk on */
  if (self->n_slots > 1)
    drop_anywhere (self, take (self, draw (self, self->n_slots)));
}

typedef void (*Action) (Walk *self);

static const struct {
  const char *name;
  Action action;
  guint weight;
} actions[] = {
  { "mempool", make_mempool, 3 },       { "port", make_port, 3 },
  { "packet", make_packet, 8 },         { "clone", clone_packet, 5 },
  { "view", view_packet, 5 },           { "send", send_packet, 10 },
  { "receive", receive_packets, 10 },   { "close", close_port, 1 },
  { "unplug", unplug_port, 1 },         { "runtime", make_runtime, 1 },
  { "connection", make_connection, 2 }, { "registrant", make_registrant, 2 },
  { "copy", copy_reference, 12 },       { "drop", drop_one, 20 },
};

static void
step (Walk *self)
{
  guint total = 0, at;

  for (guint i = 0; i < G_N_ELEMENTS (actions); i++)
    total += actions[i].weight;
  at = draw (self, total);
  for (guint i = 0; i < G_N_ELEMENTS (actions); i++)
    {
      if (at < actions[i].weight)
        {
          graph_event ("step %s", actions[i].name);
          actions[i].action (self);
          return;
        }
      at -= actions[i].weight;
    }
}

/* whoever pulls a device out knows it; the test wants silence */
static GLogWriterOutput
write_log (GLogLevelFlags level, const GLogField *fields, gsize n_fields, gpointer data)
{
  for (gsize i = 0; i < n_fields; i++)
    if (strcmp (fields[i].key, "MESSAGE") == 0 &&
        g_str_has_suffix (fields[i].value, ": the device was removed"))
      return G_LOG_WRITER_HANDLED;
  return g_log_writer_default (level, fields, n_fields, data);
}

static int
run_walk (World *world, const ChildOptions *options)
{
  Walk self = {
    .options = &options->world,
    .random = g_rand_new_with_seed (options->world.seed),
    .threads = g_ptr_array_new (),
  };

  g_log_set_writer_func (write_log, NULL, NULL);
  world_open (world, &options->world);
  put (&self, SLOT_EAL, g_steal_pointer (&world->eal));
  put (&self, SLOT_RUNTIME, g_steal_pointer (&world->runtime));
  put (&self, SLOT_MEMPOOL, g_steal_pointer (&world->mempool));
  g_clear_object (&world->port);
  g_clear_pointer (&world->packet, dpdk_packet_unref);
  for (guint i = 0; i < N_STEPS; i++)
    {
      while (self.n_slots + MAX_NEW > MAX_SLOTS)
        drop_one (&self);
      step (&self);
    }
  while (self.n_slots > 0)
    drop_anywhere (&self, take (&self, draw (&self, self.n_slots)));
  for (guint i = 0; i < MAX_REGISTRANTS; i++)
    if (self.registrants[i] != NULL)
      registrant_free (self.registrants[i], draw (&self, REGISTRANT_N_ENDS));
  for (guint i = 0; i < self.threads->len; i++)
    g_thread_join (g_ptr_array_index (self.threads, i));
  g_ptr_array_unref (self.threads);
  g_rand_free (self.random);
  g_assert_true (world_wait_dead (WORLD_PATIENCE_S));
  return 0;
}

const Scenario walk_scenarios[] = {
  { "walk", run_walk },
  { NULL, NULL },
};
