/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* the same between a device that makes checksums and cuts segments, and one that takes them as they are */
#include "net-hold.h"
#include "net-offloads.h"

#include <glib/gstdio.h>

/* large enough to be referred to, and one that is not */
#define PIECE 2200
#define LENT_PIECE 100
#define N_PIECES 100
#define MIN_ROUNDS 20

typedef struct {
  char *folder;
  DpdkEal *eal;
  DpdkRuntime *runtimes[2];
} Virtio;

static Virtio
virtio_new (void)
{
  Virtio self = { 0 };
  g_autoptr (GError) error = NULL;

  self.folder = g_dir_make_tmp ("dpdk-offloads-XXXXXX", &error);
  g_assert_no_error (error);
  self.eal = dpdk_eal_new (NULL, &error);
  g_assert_no_error (error);
  /* the thread that DPDK has for vhost, and never ends, is woken up by a pipe */
  dpdk_test_ignore_fds (2);
  return self;
}

static void
virtio_free (Virtio *self)
{
  g_object_unref (self->eal);
  dpdk_test_assert_eal_dead ();
  g_rmdir (self->folder);
  g_free (self->folder);
}

static void
virtio_start (Virtio *self, guint index, guint mtu, const DpdkStackOffload disabled[2])
{
  g_autofree char *path = g_strdup_printf ("%s/vhost%u", self->folder, index);
  g_autofree char *vhost = g_strdup_printf ("net_vhost%u,iface=%s,queues=1,tso=1", index, path);
  g_autofree char *virtio = g_strdup_printf ("net_virtio_user%u,path=%s,queues=1", index, path);

  self->runtimes[1] = net_offload_start (1, vhost, NULL, mtu, disabled[1]);
  self->runtimes[0] = net_offload_start (0, virtio, NULL, mtu, disabled[0]);
}

static void
virtio_stop (Virtio *self)
{
  net_offload_stop (self->runtimes[0]);
  net_offload_stop (self->runtimes[1]);
}

static void
test_virtio (void)
{
  static const DpdkStackOffload disabled[][2] = {
    { DPDK_STACK_OFFLOAD_NONE, DPDK_STACK_OFFLOAD_NONE },
    { DPDK_STACK_OFFLOAD_TSO, DPDK_STACK_OFFLOAD_NONE },
    { DPDK_STACK_OFFLOAD_MULTI_SEGMENTS, DPDK_STACK_OFFLOAD_GRO },
    { DPDK_STACK_OFFLOAD_TX_CHECKSUM, DPDK_STACK_OFFLOAD_RX_CHECKSUM },
    { DPDK_STACK_OFFLOAD_RX_CHECKSUM, DPDK_STACK_OFFLOAD_TX_CHECKSUM },
    { DPDK_STACK_OFFLOAD_TSO | DPDK_STACK_OFFLOAD_GSO, DPDK_STACK_OFFLOAD_MULTI_SEGMENTS },
    { NET_OFFLOAD_ALL, NET_OFFLOAD_ALL },
  };
  static const guint mtus[] = { NET_OFFLOAD_MTU, 9000 };
  Virtio virtio = virtio_new ();
  DpdkRuntime **runtimes = virtio.runtimes;

  for (guint i = 0; i < G_N_ELEMENTS (disabled); i++)
    {
      DpdkStackOffload used;

      virtio_start (&virtio, i, mtus[i % 2], disabled[i]);
      g_test_message ("virtio-user uses 0x%x, vhost 0x%x", net_offload_get_used (runtimes[0]),
                      net_offload_get_used (runtimes[1]));
      g_assert_cmphex (net_offload_get_used (runtimes[0]) & disabled[i][0], ==, 0);
      g_assert_cmphex (net_offload_get_used (runtimes[1]) & disabled[i][1], ==, 0);
      net_offload_exchange_both (runtimes);
      used = net_offload_get_used (runtimes[0]);
      /* what the device does not do, the stack does */
      if ((disabled[i][0] & (DPDK_STACK_OFFLOAD_TSO | DPDK_STACK_OFFLOAD_TX_CHECKSUM |
                             DPDK_STACK_OFFLOAD_MULTI_SEGMENTS)) == 0)
        {
          g_assert_cmphex (used & (DPDK_STACK_OFFLOAD_TSO | DPDK_STACK_OFFLOAD_GSO), ==,
                           DPDK_STACK_OFFLOAD_TSO);
          net_offload_exchange_until (runtimes, 0, DPDK_STACK_COUNTER_TSO_SEGMENTS);
          net_offload_exchange_until (runtimes, 0, DPDK_STACK_COUNTER_TX_REFERENCES);
        }
      else
        g_assert_cmphex (used & (DPDK_STACK_OFFLOAD_TSO | DPDK_STACK_OFFLOAD_GSO), ==,
                         DPDK_STACK_OFFLOAD_GSO & ~disabled[i][0]);
      virtio_stop (&virtio);
    }
  virtio_free (&virtio);
}

static const DpdkStackOffload none[2] = { DPDK_STACK_OFFLOAD_NONE, DPDK_STACK_OFFLOAD_NONE };

/* data in so many pieces, some of them lent, that a packet of 64 KiB of them has more buffers than a
   device takes */
static void
test_pieces (void)
{
  g_autoptr (GError) error = NULL;
  Virtio virtio = virtio_new ();
  DpdkRuntime **runtimes = virtio.runtimes;
  DpdkTcpConnection *ends[2];
  DpdkTcpListener *listener;
  guint64 offset = 0;

  virtio_start (&virtio, 0, NET_OFFLOAD_MTU, none);
  listener = net_listen (runtimes[1], "198.18.1.2", 0);
  ends[0] = net_connect (runtimes[0], "198.18.1.2", net_listener_get_port (listener));
  ends[1] = net_accept (listener);
  /* the window opens first */
  for (guint i = 0; i < 16; i++)
    {
      net_write_pattern (ends[0], 0, N_PIECES * PIECE);
      net_read_pattern (ends[1], 0, N_PIECES * PIECE);
    }
  g_assert_cmpuint (net_offload_count (runtimes[0], DPDK_STACK_COUNTER_GSO_SEGMENTS), ==, 0);
  for (guint round = 0;
       round < MIN_ROUNDS || net_offload_count (runtimes[0], DPDK_STACK_COUNTER_GSO_SEGMENTS) == 0;
       round++)
    {
      const guint64 first = offset;
      NetHold *hold = net_hold_begin (runtimes[0], 0);

      for (guint i = 0; i < N_PIECES; i++)
        {
          g_autoptr (GBytes) lent = g_bytes_new (net_pattern (offset + PIECE), LENT_PIECE);

          net_write_pattern (ends[0], offset, PIECE);
          dpdk_tcp_connection_write_bytes (ends[0], lent, NULL, &error);
          g_assert_no_error (error);
          offset += PIECE + LENT_PIECE;
        }
      net_hold_end (hold);
      net_read_pattern (ends[1], first, offset - first);
    }
  for (guint i = 0; i < 2; i++)
    net_close (ends[i]);
  net_release (ends[0]);
  net_release (ends[1]);
  net_release (listener);
  virtio_stop (&virtio);
  virtio_free (&virtio);
}

/* The driver has the packets until the other side takes them: meanwhile their data is sent again, and a
   connection ends whose data it has. */
static void
test_held (void)
{
  Virtio virtio = virtio_new ();
  DpdkRuntime **runtimes = virtio.runtimes;
  NetTransfer transfer = { .size = net_offload_get_size () };
  DpdkTcpConnection *ends[2], *lost[2];
  DpdkTcpListener *listener;
  guint64 n_before;
  GThread *thread;
  NetHold *hold;

  virtio_start (&virtio, 0, NET_OFFLOAD_MTU, none);
  listener = net_listen (runtimes[1], "198.18.1.2", 0);
  for (guint i = 0; i < 2; i++)
    {
      DpdkTcpConnection **pair = i == 0 ? ends : lost;

      pair[0] = net_connect (runtimes[0], "198.18.1.2", net_listener_get_port (listener));
      pair[1] = net_accept (listener);
    }
  hold = net_hold_begin (runtimes[1], 0);
  transfer.connection = ends[0];
  n_before = net_offload_count (runtimes[0], DPDK_STACK_COUNTER_TX_REFERENCES);
  thread = g_thread_new ("write", net_transfer_thread, &transfer);
  DPDK_TEST_WAIT_UNTIL (net_offload_count (runtimes[0], DPDK_STACK_COUNTER_TCP_TIMEOUTS) > 1);
  g_assert_cmpuint (net_offload_count (runtimes[0], DPDK_STACK_COUNTER_TX_REFERENCES), >, n_before);
  net_hold_end (hold);
  net_read_pattern (ends[1], 0, transfer.size);
  g_thread_join (thread);
  /* the memory of what is lost is used again before the driver is through with it, if it is not counted */
  hold = net_hold_begin (runtimes[1], 0);
  n_before = net_offload_count (runtimes[0], DPDK_STACK_COUNTER_TX_REFERENCES);
  net_write_pattern (lost[0], 0, 64 * 1024);
  DPDK_TEST_WAIT_UNTIL (net_offload_count (runtimes[0], DPDK_STACK_COUNTER_TX_REFERENCES) >
                        n_before);
  dpdk_tcp_connection_abort (lost[0]);
  net_release (lost[0]);
  thread = g_thread_new ("write", net_transfer_thread, &transfer);
  n_before = net_offload_count (runtimes[0], DPDK_STACK_COUNTER_TCP_SENT);
  DPDK_TEST_WAIT_UNTIL (net_offload_count (runtimes[0], DPDK_STACK_COUNTER_TCP_SENT) > n_before);
  net_hold_end (hold);
  net_read_pattern (ends[1], 0, transfer.size);
  g_thread_join (thread);
  net_release (lost[1]);
  for (guint i = 0; i < 2; i++)
    net_close (ends[i]);
  net_release (ends[0]);
  net_release (ends[1]);
  net_release (listener);
  virtio_stop (&virtio);
  virtio_free (&virtio);
}

int
main (int argc, char **argv)
{
  dpdk_test_init (&argc, &argv);
  dpdk_test_add_func ("/net/offloads-virtio/all", DPDK_TEST_FLAGS_NETWORK, test_virtio);
  dpdk_test_add_func ("/net/offloads-virtio/pieces", DPDK_TEST_FLAGS_NETWORK, test_pieces);
  dpdk_test_add_func ("/net/offloads-virtio/held", DPDK_TEST_FLAGS_NETWORK, test_held);
  return g_test_run ();
}
