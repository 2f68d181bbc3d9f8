/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "port-fixture.h"

#include <net/if.h>
#include <rte_ethdev.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define BURST 32
#define FRAME_SIZE 60
#define PAUSE_US 20

/* not in a header that is installed */
struct rte_eth_dev;
struct rte_eth_dev *rte_eth_dev_get_by_name (const char *name);
int rte_eth_dev_callback_process (struct rte_eth_dev *device, enum rte_eth_event_type event,
                                  void *result);

DpdkEal *
port_eal (void)
{
  g_autoptr (GError) error = NULL;
  DpdkEal *eal = dpdk_eal_new (NULL, &error);

  g_assert_no_error (error);
  return eal;
}

DpdkMempool *
port_pool (DpdkEal *eal)
{
  g_autoptr (GError) error = NULL;
  DpdkMempool *pool = dpdk_mempool_new (eal, PORT_POOL_SIZE, 0, 2048, -1, &error);

  g_assert_no_error (error);
  return pool;
}

DpdkPort *
port_open (DpdkEal *eal, const char *devargs)
{
  g_autoptr (GError) error = NULL;
  DpdkPort *port = dpdk_port_new (eal, devargs, &error);

  g_assert_no_error (error);
  g_assert_true (DPDK_IS_PORT (port));
  return port;
}

void
port_start (DpdkPort *port, DpdkMempool *pool, guint n_queues)
{
  g_autoptr (GError) error = NULL;

  dpdk_port_configure (port, pool, n_queues, PORT_DESCRIPTORS, &error);
  g_assert_no_error (error);
  dpdk_port_start (port, &error);
  g_assert_no_error (error);
  g_assert_true (dpdk_port_is_started (port));
}

DpdkPort *
port_open_started (DpdkEal *eal, DpdkMempool *pool, const char *devargs)
{
  DpdkPort *port = port_open (eal, devargs);

  port_start (port, pool, 1);
  return port;
}

void
port_finish (DpdkEal *eal, DpdkMempool *pool)
{
  g_clear_object (&pool);
  g_clear_object (&eal);
  dpdk_test_assert_eal_dead ();
}

static void
emit (DpdkPort *port, enum rte_eth_event_type event)
{
  g_autofree char *name =
      g_strndup (dpdk_port_get_devargs (port), strcspn (dpdk_port_get_devargs (port), ","));
  struct rte_eth_dev *device = rte_eth_dev_get_by_name (name);

  g_assert_nonnull (device);
  rte_eth_dev_callback_process (device, event, NULL);
}

void
port_emit_removal (DpdkPort *port)
{
  emit (port, RTE_ETH_EVENT_INTR_RMV);
}

void
port_emit_link (DpdkPort *port)
{
  emit (port, RTE_ETH_EVENT_INTR_LSC);
}

gboolean
port_set_interface_up (const char *name, gboolean up)
{
  struct ifreq request = { 0 };
  int fd = socket (AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  gboolean success;

  g_strlcpy (request.ifr_name, name, IFNAMSIZ);
  success = ioctl (fd, SIOCGIFFLAGS, &request) == 0;
  request.ifr_flags = (short) (up ? request.ifr_flags | IFF_UP : request.ifr_flags & ~IFF_UP);
  success = success && ioctl (fd, SIOCSIFFLAGS, &request) == 0;
  close (fd);
  return success;
}

struct _PortTraffic {
  DpdkPort *from;
  DpdkPort *to;
  DpdkMempool *pool;
  GThread *sender;
  GThread *receiver;
  gint is_stopping;
  guint64 n_received;
};

static gpointer
run_sender (gpointer data)
{
  PortTraffic *self = data;
  guint8 frame[FRAME_SIZE];

  memset (frame, 0xff, sizeof frame);
  while (!g_atomic_int_get (&self->is_stopping))
    {
      DpdkPacket *burst[BURST];
      guint n = 0, n_sent;

      while (n < BURST && (burst[n] = dpdk_mempool_acquire (self->pool, NULL)) != NULL)
        dpdk_packet_append (burst[n++], frame, sizeof frame, NULL);
      n_sent = dpdk_port_tx_burst (self->from, 0, burst, n);
      for (guint i = n_sent; i < n; i++)
        dpdk_packet_unref (burst[i]);
      /* the other threads of the test want a processor, too */
      g_usleep (PAUSE_US);
    }
  return NULL;
}

static gpointer
run_receiver (gpointer data)
{
  PortTraffic *self = data;

  while (!g_atomic_int_get (&self->is_stopping))
    {
      DpdkPacket *burst[BURST];
      guint n = dpdk_port_rx_burst (self->to, 0, burst, BURST);

      for (guint i = 0; i < n; i++)
        dpdk_packet_unref (burst[i]);
      __atomic_fetch_add (&self->n_received, n, __ATOMIC_RELAXED);
      if (n == 0)
        g_usleep (PAUSE_US);
    }
  return NULL;
}

PortTraffic *
port_traffic_start (DpdkPort *from, DpdkPort *to, DpdkMempool *pool)
{
  PortTraffic *self = g_new0 (PortTraffic, 1);

  self->from = g_object_ref (from);
  self->to = g_object_ref (to);
  self->pool = g_object_ref (pool);
  self->sender = g_thread_new ("sender", run_sender, self);
  self->receiver = g_thread_new ("receiver", run_receiver, self);
  return self;
}

guint64
port_traffic_get_n_received (PortTraffic *self)
{
  return __atomic_load_n (&self->n_received, __ATOMIC_RELAXED);
}

void
port_traffic_stop (PortTraffic *self)
{
  g_atomic_int_set (&self->is_stopping, TRUE);
  g_thread_join (self->sender);
  g_thread_join (self->receiver);
  g_object_unref (self->from);
  g_object_unref (self->to);
  g_object_unref (self->pool);
  g_free (self);
}
