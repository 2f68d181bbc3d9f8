/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* checksums, segmentation and merging in all combinations: what arrives must not depend on them */
#include "net-frames.h"
#include "net-hold.h"
#include "net-kernel.h"

#include <glib/gstdio.h>

#define BULK (4u * 1024 * 1024)
#define N_DAMAGED 20
#define MAX_EXCHANGES 20

/* large enough to be referred to, and one that is not */
#define PIECE 2200
#define LENT_PIECE 100
#define N_PIECES 100

#define MTU 1500
#define ALL                                                                                        \
  (DPDK_STACK_OFFLOAD_RX_CHECKSUM | DPDK_STACK_OFFLOAD_TX_CHECKSUM | DPDK_STACK_OFFLOAD_TSO |      \
   DPDK_STACK_OFFLOAD_MULTI_SEGMENTS | DPDK_STACK_OFFLOAD_GRO | DPDK_STACK_OFFLOAD_GSO)

/* of packets that refer to data which was written */
#define REFERENCE_NEEDS (DPDK_STACK_OFFLOAD_TX_CHECKSUM | DPDK_STACK_OFFLOAD_MULTI_SEGMENTS)

static const NetFamily families[] = NET_FAMILIES;

static const struct {
  const char *key;
  DpdkStackOffload offload;
} kinds[] = {
  { "rx_checksum", DPDK_STACK_OFFLOAD_RX_CHECKSUM },
  { "tx_checksum", DPDK_STACK_OFFLOAD_TX_CHECKSUM },
  { "tso", DPDK_STACK_OFFLOAD_TSO },
  { "multi_segments", DPDK_STACK_OFFLOAD_MULTI_SEGMENTS },
  { "gro", DPDK_STACK_OFFLOAD_GRO },
  { "gso", DPDK_STACK_OFFLOAD_GSO },
};

/* each on its own, all, none */
static const DpdkStackOffload combinations[] = {
  DPDK_STACK_OFFLOAD_NONE,
  ALL,
  DPDK_STACK_OFFLOAD_RX_CHECKSUM,
  DPDK_STACK_OFFLOAD_TX_CHECKSUM,
  DPDK_STACK_OFFLOAD_TSO,
  DPDK_STACK_OFFLOAD_MULTI_SEGMENTS,
  DPDK_STACK_OFFLOAD_GRO,
  DPDK_STACK_OFFLOAD_GSO,
  DPDK_STACK_OFFLOAD_RX_CHECKSUM | DPDK_STACK_OFFLOAD_TX_CHECKSUM,
};

static char *
dup_offloads (DpdkStackOffload disabled)
{
  GString *json = g_string_new ("{");

  for (guint i = 0; i < G_N_ELEMENTS (kinds); i++)
    g_string_append_printf (json, "%s\"%s\": \"%s\"", i > 0 ? ", " : "", kinds[i].key,
                            (disabled & kinds[i].offload) != 0 ? "off" : "auto");
  g_string_append_c (json, '}');
  return g_string_free (json, FALSE);
}

static DpdkRuntime *
start_tap (DpdkStackOffload disabled)
{
  g_autofree char *offloads = dup_offloads (disabled);
  g_autofree char *json = g_strdup_printf (
      "{\"dpdk_cores\": [0], \"devices\": [{\"vdev\": \"net_tap0,iface=" NET_INTERFACE "\","
      " \"mac\": \"" NET_OUR_MAC "\", \"addresses\": [\"" NET_OUR_V4 "/24\", \"" NET_OUR_V6
      "/64\"], \"offloads\": %s}]}",
      offloads);
  DpdkRuntime *runtime = net_start_with (json);

  net_kernel_up_default ();
  return runtime;
}

static void
stop (DpdkRuntime *runtime)
{
  g_autoptr (GError) error = NULL;

  dpdk_runtime_shutdown (runtime, 10000, &error);
  g_assert_no_error (error);
  g_assert_finalize_object (runtime);
}

static guint64
count (DpdkRuntime *runtime, DpdkStackCounter counter)
{
  g_autoptr (DpdkWorker) worker = dpdk_runtime_dup_worker (runtime, 0);
  g_autoptr (DpdkStackCounters) counters = dpdk_worker_dup_stack_counters (worker);

  return dpdk_stack_counters_get_value (counters, counter);
}

static DpdkStackOffload
get_used (DpdkRuntime *runtime)
{
  g_autoptr (DpdkWorker) worker = dpdk_runtime_dup_worker (runtime, 0);
  g_autoptr (DpdkPort) port = dpdk_runtime_dup_port (runtime, 0);

  return dpdk_worker_get_offloads (worker, port);
}

/* what is said to be used is what is counted, and what the device was configured with */
static void
check_counters (DpdkRuntime *runtime)
{
  DpdkStackOffload used = get_used (runtime);
  g_autoptr (DpdkPort) port = dpdk_runtime_dup_port (runtime, 0);
  DpdkTxOffload tx = dpdk_port_get_tx_offloads (port);

  g_assert_cmpint (count (runtime, DPDK_STACK_COUNTER_TX_CHECKSUM_OFFLOADED) > 0, ==,
                   (used & DPDK_STACK_OFFLOAD_TX_CHECKSUM) != 0);
  g_assert_cmpint ((tx & DPDK_TX_OFFLOAD_TCP_CHECKSUM) != 0, ==,
                   (used & DPDK_STACK_OFFLOAD_TX_CHECKSUM) != 0);
  g_assert_cmpint ((tx & DPDK_TX_OFFLOAD_MULTI_SEGMENTS) != 0, ==,
                   (used & DPDK_STACK_OFFLOAD_MULTI_SEGMENTS) != 0);
  if ((used & DPDK_STACK_OFFLOAD_GRO) == 0)
    g_assert_cmpuint (count (runtime, DPDK_STACK_COUNTER_GRO_SEGMENTS), ==, 0);
  if ((used & DPDK_STACK_OFFLOAD_TSO) == 0)
    g_assert_cmpuint (count (runtime, DPDK_STACK_COUNTER_TSO_SEGMENTS), ==, 0);
  if ((used & REFERENCE_NEEDS) != REFERENCE_NEEDS)
    g_assert_cmpuint (count (runtime, DPDK_STACK_COUNTER_TX_REFERENCES), ==, 0);
  g_assert_cmpint (count (runtime, DPDK_STACK_COUNTER_GSO_SEGMENTS) > 0, ==,
                   (used & DPDK_STACK_OFFLOAD_GSO) != 0);
  g_assert_cmpuint (count (runtime, DPDK_STACK_COUNTER_DROPPED_CHECKSUM), ==, 0);
}

typedef struct {
  DpdkTcpConnection *connection;
  int fd;
  guint64 size;
} Transfer;

static gpointer
write_thread (gpointer data)
{
  Transfer *self = data;

  if (self->connection != NULL)
    net_write_pattern (self->connection, 0, self->size);
  else
    net_kernel_write_pattern (self->fd, 0, self->size);
  return NULL;
}

/* both ways at once, so that data and acknowledgements mix */
static void
exchange_with_kernel (DpdkTcpConnection *connection, int fd, guint64 size)
{
  Transfer theirs = { .fd = fd, .size = size }, ours = { .connection = connection, .size = size };
  GThread *kernel, *stack;
  g_autoptr (GError) error = NULL;

  /* one way first: only there is something to merge for sure */
  kernel = g_thread_new ("kernel", write_thread, &theirs);
  net_read_pattern (connection, 0, size);
  g_thread_join (kernel);
  stack = g_thread_new ("stack", write_thread, &ours);
  net_kernel_read_pattern (fd, 0, size);
  g_thread_join (stack);
  theirs.size = ours.size = size / 4;
  kernel = g_thread_new ("kernel", write_thread, &theirs);
  stack = g_thread_new ("stack", write_thread, &ours);
  net_read_pattern (connection, 0, size / 4);
  net_kernel_read_pattern (fd, 0, size / 4);
  g_thread_join (kernel);
  g_thread_join (stack);
  dpdk_tcp_connection_shutdown (connection, FALSE, TRUE, &error);
  g_assert_no_error (error);
  net_kernel_assert_at_end (fd);
  net_kernel_close (fd);
  net_assert_at_end (connection);
  net_close (connection);
  net_release (connection);
}

static guint64
get_size (void)
{
  return MAX (dpdk_test_scale (BULK), 512u * 1024);
}

static void
test_kernel (void)
{
  g_autoptr (GError) error = NULL;
  DpdkEal *eal = dpdk_eal_new (NULL, &error);

  g_assert_no_error (error);
  for (guint i = 0; i < G_N_ELEMENTS (combinations); i++)
    {
      DpdkRuntime *runtime = start_tap (combinations[i]);
      DpdkStackOffload used = get_used (runtime);

      /* the tap cannot do it for IPv6 */
      g_assert_cmphex (used | DPDK_STACK_OFFLOAD_TSO, ==,
                       (ALL & ~combinations[i]) | DPDK_STACK_OFFLOAD_TSO);
      g_assert_cmphex (used & DPDK_STACK_OFFLOAD_TSO, ==, 0);
      for (guint k = 0; k < G_N_ELEMENTS (families); k++)
        {
          DpdkTcpListener *listener = net_listen (runtime, families[k].ours, 0);
          int fd = net_kernel_connect (families[k].ours, net_listener_get_port (listener));

          exchange_with_kernel (net_accept (listener), fd, get_size ());
          net_release (listener);
          /* a checksum over fragments is nobody else's business */
          net_run ("ping -q -c 3 -i 0.01 -s 4000 %s", families[k].ours);
        }
      check_counters (runtime);
      g_assert_cmpint (count (runtime, DPDK_STACK_COUNTER_RX_CHECKSUM_OFFLOADED) > 0, ==,
                       (used & (DPDK_STACK_OFFLOAD_RX_CHECKSUM | DPDK_STACK_OFFLOAD_GRO)) != 0);
      if ((used & DPDK_STACK_OFFLOAD_GRO) != 0)
        g_assert_cmpuint (count (runtime, DPDK_STACK_COUNTER_GRO_SEGMENTS), >, 0);
      stop (runtime);
    }
  g_object_unref (eal);
  dpdk_test_assert_eal_dead ();
}

/* dropped and counted, whoever has looked at it first */
static void
test_damaged (void)
{
  static const NetFrameKind frames[] = { NET_FRAME_UDP, NET_FRAME_TCP, NET_FRAME_UDP6,
                                         NET_FRAME_TCP6 };
  static const DpdkStackOffload disabled[] = { DPDK_STACK_OFFLOAD_NONE, ALL };
  g_autoptr (GRand) random = dpdk_test_random_new ();
  g_autoptr (GError) error = NULL;
  DpdkEal *eal = dpdk_eal_new (NULL, &error);

  g_assert_no_error (error);
  for (guint i = 0; i < G_N_ELEMENTS (disabled); i++)
    {
      DpdkRuntime *runtime = start_tap (disabled[i]);
      guint64 n_damaged = 0;
      int fd;

      net_frame_init (NET_INTERFACE);
      fd = net_packet_open (NET_INTERFACE);
      for (guint k = 0; k < G_N_ELEMENTS (frames) * N_DAMAGED; k++)
        {
          NetFrame frame;

          net_frame_fill (&frame, frames[k % G_N_ELEMENTS (frames)], 9, random);
          frame.bytes[frame.size - 1] ^= 1;
          net_packet_send (fd, frame.bytes, frame.size);
          n_damaged++;
          DPDK_TEST_WAIT_UNTIL (count (runtime, DPDK_STACK_COUNTER_DROPPED_CHECKSUM) == n_damaged);
        }
      net_kernel_close (fd);
      stop (runtime);
    }
  g_object_unref (eal);
  dpdk_test_assert_eal_dead ();
}

static DpdkRuntime *
start_end (guint end, const char *devargs, DpdkPort *port, guint mtu, DpdkStackOffload disabled)
{
  g_autoptr (DpdkRuntimeBuilder) builder = dpdk_runtime_builder_new ();
  g_autoptr (GError) error = NULL;
  g_autofree char *json = g_strdup_printf (
      "{\"dpdk_cores\": [%u], \"devices\": [{\"vdev\": \"%s\", \"mac\": \"02:00:00:00:00:0%u\","
      " \"mtu\": %u, \"addresses\": [\"198.18.1.%u/24\", \"fde7:f17d:24:1::%u/64\"]}]}",
      end, devargs, end + 1, mtu, end + 1, end + 1);
  DpdkRuntime *runtime;

  if (port != NULL)
    dpdk_runtime_builder_add_port (builder, port);
  /* the other way to switch off */
  dpdk_runtime_builder_set_disabled_offloads (builder, disabled);
  runtime = net_build_with (builder, json, &error);
  g_assert_no_error (error);
  return runtime;
}

static void
exchange_between (DpdkRuntime *client, DpdkRuntime *server, const char *host, guint64 size)
{
  DpdkTcpListener *listener = net_listen (server, host, 0);
  DpdkTcpConnection *ends[2];

  ends[0] = net_connect (client, host, net_listener_get_port (listener));
  ends[1] = net_accept (listener);
  for (guint i = 0; i < 2; i++)
    {
      Transfer transfer = { .connection = ends[i], .size = size };
      GThread *thread = g_thread_new ("write", write_thread, &transfer);

      net_read_pattern (ends[1 - i], 0, size);
      g_thread_join (thread);
    }
  for (guint i = 0; i < 2; i++)
    net_close (ends[i]);
  net_release (ends[0]);
  net_release (ends[1]);
  net_release (listener);
}

static void
exchange_both (DpdkRuntime *const *runtimes)
{
  exchange_between (runtimes[0], runtimes[1], "198.18.1.2", get_size ());
  exchange_between (runtimes[1], runtimes[0], "fde7:f17d:24:1::1", get_size ());
  for (guint i = 0; i < 2; i++)
    check_counters (runtimes[i]);
}

/* segments are joined when there are several at a time, which is a matter of luck */
static void
exchange_until (DpdkRuntime *const *runtimes, guint end, DpdkStackCounter counter)
{
  for (guint i = 0; i < MAX_EXCHANGES && count (runtimes[end], counter) == 0; i++)
    exchange_both (runtimes);
  g_assert_cmpuint (count (runtimes[end], counter), >, 0);
}

/* the link can do nothing but send packets of several buffers */
static void
test_link (void)
{
  static const DpdkStackOffload disabled[][2] = {
    { DPDK_STACK_OFFLOAD_NONE, DPDK_STACK_OFFLOAD_NONE },
    { DPDK_STACK_OFFLOAD_GRO, DPDK_STACK_OFFLOAD_NONE },
    { DPDK_STACK_OFFLOAD_MULTI_SEGMENTS, DPDK_STACK_OFFLOAD_GSO },
    { ALL, ALL },
  };
  g_autoptr (GError) error = NULL;
  DpdkEal *eal = dpdk_eal_new (NULL, &error);

  g_assert_no_error (error);
  for (guint i = 0; i < G_N_ELEMENTS (disabled); i++)
    {
      DpdkTestLink *link = dpdk_test_link_new (eal, 1, &error);
      DpdkRuntime *runtimes[2];

      g_assert_no_error (error);
      for (guint end = 0; end < 2; end++)
        {
          DpdkPort *port = dpdk_test_link_get_port (link, end);

          runtimes[end] =
              start_end (end, dpdk_port_get_devargs (port), port, MTU, disabled[i][end]);
          g_assert_cmphex (get_used (runtimes[end]) & DPDK_STACK_OFFLOAD_GRO, ==,
                           DPDK_STACK_OFFLOAD_GRO & ~disabled[i][end]);
        }
      exchange_both (runtimes);
      for (guint end = 0; end < 2; end++)
        if ((get_used (runtimes[end]) & DPDK_STACK_OFFLOAD_GRO) != 0)
          exchange_until (runtimes, end, DPDK_STACK_COUNTER_GRO_SEGMENTS);
      stop (runtimes[0]);
      stop (runtimes[1]);
      g_assert_finalize_object (link);
    }
  g_object_unref (eal);
  dpdk_test_assert_eal_dead ();
}

/* frames that are damaged, lost and out of order on their way must not get into what is merged */
static void
test_impaired (void)
{
  DpdkTestImpairment *impairment = dpdk_test_impairment_new ();
  g_autoptr (GError) error = NULL;
  DpdkEal *eal = dpdk_eal_new (NULL, &error);
  DpdkRuntime *runtimes[2];
  DpdkTestLink *link;

  g_assert_no_error (error);
  dpdk_test_impairment_set_seed (impairment, 1);
  dpdk_test_impairment_set_loss (impairment, 0.005);
  dpdk_test_impairment_set_corrupt (impairment, 0.005);
  dpdk_test_impairment_set_reorder (impairment, 0.01);
  link = dpdk_test_link_new_impaired (eal, 1, impairment, &error);
  g_assert_no_error (error);
  dpdk_test_impairment_free (impairment);
  for (guint end = 0; end < 2; end++)
    {
      DpdkPort *port = dpdk_test_link_get_port (link, end);

      runtimes[end] =
          start_end (end, dpdk_port_get_devargs (port), port, MTU, DPDK_STACK_OFFLOAD_NONE);
    }
  exchange_between (runtimes[0], runtimes[1], "198.18.1.2", get_size () / 4);
  exchange_between (runtimes[1], runtimes[0], "fde7:f17d:24:1::1", get_size () / 4);
  for (guint end = 0; end < 2; end++)
    {
      g_assert_cmpuint (count (runtimes[end], DPDK_STACK_COUNTER_GRO_SEGMENTS), >, 0);
      stop (runtimes[end]);
    }
  g_assert_finalize_object (link);
  g_object_unref (eal);
  dpdk_test_assert_eal_dead ();
}

/* a device that makes checksums and cuts segments, and one that takes them as they are */
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

  self->runtimes[1] = start_end (1, vhost, NULL, mtu, disabled[1]);
  self->runtimes[0] = start_end (0, virtio, NULL, mtu, disabled[0]);
}

static const DpdkStackOffload none[2] = { DPDK_STACK_OFFLOAD_NONE, DPDK_STACK_OFFLOAD_NONE };

static void
virtio_stop (Virtio *self)
{
  stop (self->runtimes[0]);
  stop (self->runtimes[1]);
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
    { ALL, ALL },
  };
  static const guint mtus[] = { MTU, 9000 };
  Virtio virtio = virtio_new ();
  DpdkRuntime **runtimes = virtio.runtimes;

  for (guint i = 0; i < G_N_ELEMENTS (disabled); i++)
    {
      DpdkStackOffload used;

      virtio_start (&virtio, i, mtus[i % 2], disabled[i]);
      g_test_message ("virtio-user uses 0x%x, vhost 0x%x", get_used (runtimes[0]),
                      get_used (runtimes[1]));
      g_assert_cmphex (get_used (runtimes[0]) & disabled[i][0], ==, 0);
      g_assert_cmphex (get_used (runtimes[1]) & disabled[i][1], ==, 0);
      exchange_both (runtimes);
      used = get_used (runtimes[0]);
      /* what the device does not do, the stack does */
      if ((disabled[i][0] & (DPDK_STACK_OFFLOAD_TSO | DPDK_STACK_OFFLOAD_TX_CHECKSUM |
                             DPDK_STACK_OFFLOAD_MULTI_SEGMENTS)) == 0)
        {
          g_assert_cmphex (used & (DPDK_STACK_OFFLOAD_TSO | DPDK_STACK_OFFLOAD_GSO), ==,
                           DPDK_STACK_OFFLOAD_TSO);
          exchange_until (runtimes, 0, DPDK_STACK_COUNTER_TSO_SEGMENTS);
          exchange_until (runtimes, 0, DPDK_STACK_COUNTER_TX_REFERENCES);
        }
      else
        g_assert_cmphex (used & (DPDK_STACK_OFFLOAD_TSO | DPDK_STACK_OFFLOAD_GSO), ==,
                         DPDK_STACK_OFFLOAD_GSO & ~disabled[i][0]);
      virtio_stop (&virtio);
    }
  virtio_free (&virtio);
}

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

  virtio_start (&virtio, 0, MTU, none);
  listener = net_listen (runtimes[1], "198.18.1.2", 0);
  ends[0] = net_connect (runtimes[0], "198.18.1.2", net_listener_get_port (listener));
  ends[1] = net_accept (listener);
  /* the window opens first */
  for (guint i = 0; i < 16; i++)
    {
      net_write_pattern (ends[0], 0, N_PIECES * PIECE);
      net_read_pattern (ends[1], 0, N_PIECES * PIECE);
    }
  g_assert_cmpuint (count (runtimes[0], DPDK_STACK_COUNTER_GSO_SEGMENTS), ==, 0);
  for (guint round = 0;
       round < MAX_EXCHANGES || count (runtimes[0], DPDK_STACK_COUNTER_GSO_SEGMENTS) == 0; round++)
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
  Transfer transfer = { .size = get_size () };
  DpdkTcpConnection *ends[2], *lost[2];
  DpdkTcpListener *listener;
  guint64 n_before;
  GThread *thread;
  NetHold *hold;

  virtio_start (&virtio, 0, MTU, none);
  listener = net_listen (runtimes[1], "198.18.1.2", 0);
  for (guint i = 0; i < 2; i++)
    {
      DpdkTcpConnection **pair = i == 0 ? ends : lost;

      pair[0] = net_connect (runtimes[0], "198.18.1.2", net_listener_get_port (listener));
      pair[1] = net_accept (listener);
    }
  hold = net_hold_begin (runtimes[1], 0);
  transfer.connection = ends[0];
  n_before = count (runtimes[0], DPDK_STACK_COUNTER_TX_REFERENCES);
  thread = g_thread_new ("write", write_thread, &transfer);
  DPDK_TEST_WAIT_UNTIL (count (runtimes[0], DPDK_STACK_COUNTER_TCP_TIMEOUTS) > 1);
  g_assert_cmpuint (count (runtimes[0], DPDK_STACK_COUNTER_TX_REFERENCES), >, n_before);
  net_hold_end (hold);
  net_read_pattern (ends[1], 0, transfer.size);
  g_thread_join (thread);
  /* the memory of what is lost is used again before the driver is through with it, if it is not counted */
  hold = net_hold_begin (runtimes[1], 0);
  n_before = count (runtimes[0], DPDK_STACK_COUNTER_TX_REFERENCES);
  net_write_pattern (lost[0], 0, 64 * 1024);
  DPDK_TEST_WAIT_UNTIL (count (runtimes[0], DPDK_STACK_COUNTER_TX_REFERENCES) > n_before);
  dpdk_tcp_connection_abort (lost[0]);
  net_release (lost[0]);
  thread = g_thread_new ("write", write_thread, &transfer);
  n_before = count (runtimes[0], DPDK_STACK_COUNTER_TCP_SENT);
  DPDK_TEST_WAIT_UNTIL (count (runtimes[0], DPDK_STACK_COUNTER_TCP_SENT) > n_before);
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
  dpdk_test_add_func ("/net/offloads/kernel", DPDK_TEST_FLAGS_NETWORK, test_kernel);
  dpdk_test_add_func ("/net/offloads/damaged", DPDK_TEST_FLAGS_NETWORK, test_damaged);
  dpdk_test_add_func ("/net/offloads/link", DPDK_TEST_FLAGS_NETWORK, test_link);
  dpdk_test_add_func ("/net/offloads/impaired", DPDK_TEST_FLAGS_NETWORK, test_impaired);
  dpdk_test_add_func ("/net/offloads/virtio", DPDK_TEST_FLAGS_NETWORK, test_virtio);
  dpdk_test_add_func ("/net/offloads/pieces", DPDK_TEST_FLAGS_NETWORK, test_pieces);
  dpdk_test_add_func ("/net/offloads/held", DPDK_TEST_FLAGS_NETWORK, test_held);
  return g_test_run ();
}
