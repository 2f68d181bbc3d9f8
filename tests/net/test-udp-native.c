/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* packets of UDP on the thread of the worker */
#include "net-kernel.h"
#include "net-udp-bursts.h"

#include <netinet/in.h>
#include <string.h>

static const NetFamily families[] = NET_FAMILIES;

static guint
get_in_use (DpdkRuntime *runtime)
{
  g_autoptr (DpdkPort) port = dpdk_runtime_dup_port (runtime, 0);

  return dpdk_mempool_get_in_use (dpdk_port_get_mempool (port));
}

static void
test_burst (void)
{
  DpdkRuntime *runtime = net_start ();

  for (guint i = 0; i < G_N_ELEMENTS (families); i++)
    {
      NetUdpBursts echo = { .runtime = runtime, .host = families[i].ours, .port = 7000 };
      int fd = net_kernel_udp_open (families[i].kernels, 0);
      guint n = dpdk_test_scale (10000) / NET_UDP_BURST * NET_UDP_BURST + NET_UDP_BURST, in_use;

      net_udp_bursts_open (&echo, 0);
      net_udp_bursts_warm_up (fd, echo.host, echo.port);
      in_use = get_in_use (runtime);
      g_assert_cmpuint (net_udp_bursts_exchange (fd, echo.host, echo.port, n, 1400), ==, 0);
      g_assert_cmpint (g_atomic_int_get (&echo.n_echoed), ==, (gint) n + 1);
      g_assert_cmpint (g_atomic_int_get (&echo.n_several), >, 0);
      g_assert_cmpuint (net_udp_get_statistics (echo.socket).sent, ==, n + 1);
      /* put together from fragments, and sent in fragments */
      for (guint j = 0; j < 10; j++)
        {
          g_autofree guint8 *buffer = g_malloc (NET_UDP_MAX);
          gsize size;

          net_kernel_udp_send (fd, echo.host, echo.port, net_pattern (j), 6000 * j);
          size = net_kernel_udp_receive (fd, buffer, NET_UDP_MAX, NULL);
          g_assert_cmpmem (buffer, size, net_pattern (j), 6000 * j);
        }
      /* none is kept */
      DPDK_TEST_WAIT_UNTIL (get_in_use (runtime) <= in_use + NET_UDP_BURST);
      net_udp_bursts_close (&echo);
      net_kernel_close (fd);
    }
  net_stop (runtime);
}

static guint
sum_address (const char *host)
{
  g_autoptr (GInetAddress) address = g_inet_address_new_from_string (host);
  const guint8 *bytes = g_inet_address_to_bytes (address);
  guint sum = 0;

  for (gsize i = 0; i < g_inet_address_get_native_size (address); i += 2)
    sum += (guint) (bytes[i] << 8 | bytes[i + 1]);
  return sum;
}

/* two bytes of data with which the checksum, either way, would be 0, which says that there is none */
static void
fill_for_zero (guint8 *data, const NetFamily *family, guint16 port, guint16 their_port)
{
  const guint length = 8 + 2;
  guint sum = IPPROTO_UDP + length + length + port + their_port + sum_address (family->ours) +
              sum_address (family->kernels);

  while (sum >> 16 != 0)
    sum = (sum >> 16) + (sum & 0xffff);
  data[0] = (guint8) (~sum >> 8);
  data[1] = (guint8) ~sum;
}

static void
exchange_checksums (DpdkRuntime *runtime, const NetFamily *family)
{
  NetUdpBursts echo = { .runtime = runtime, .host = family->ours, .port = 7000 };
  DpdkUdpSocket *copied = net_udp_new (runtime, family->ours, 7001);
  int fd = net_kernel_udp_open (family->kernels, 0);
  guint8 data[2], received[2];

  net_udp_bursts_open (&echo, 0);
  net_udp_bursts_warm_up (fd, echo.host, echo.port);
  g_assert_cmpuint (net_udp_bursts_exchange (fd, echo.host, echo.port, 4 * NET_UDP_BURST, 1400), ==,
                    0);
  fill_for_zero (data, family, 7000, net_kernel_get_port (fd));
  net_kernel_udp_send (fd, family->ours, 7000, data, sizeof data);
  g_assert_cmpuint (net_kernel_udp_receive (fd, received, sizeof received, NULL), ==, 2);
  g_assert_cmpmem (received, sizeof received, data, sizeof data);

  fill_for_zero (data, family, 7001, net_kernel_get_port (fd));
  net_kernel_udp_send (fd, family->ours, 7001, data, sizeof data);
  g_assert_cmpuint (net_udp_receive (copied, received, sizeof received, NULL), ==, 2);
  net_udp_send (copied, family->kernels, net_kernel_get_port (fd), received, sizeof received);
  g_assert_cmpuint (net_kernel_udp_receive (fd, received, sizeof received, NULL), ==, 2);
  g_assert_cmpmem (received, sizeof received, data, sizeof data);

  net_udp_bursts_close (&echo);
  net_release (copied);
  net_kernel_close (fd);
}

/* made and verified by the device, here of packets of one buffer, or by the stack where the data are or
   while it copies them */
static void
test_checksums (void)
{
  static const char *const modes[] = { "auto", "off" };
  g_autoptr (GError) error = NULL;
  DpdkEal *eal = dpdk_eal_new (NULL, &error);

  g_assert_no_error (error);
  for (guint i = 0; i < G_N_ELEMENTS (modes); i++)
    {
      g_autofree char *json = g_strdup_printf (
          "{\"dpdk_cores\": [0], \"devices\": [{\"vdev\": \"net_tap0,iface=" NET_INTERFACE "\","
          " \"mac\": \"" NET_OUR_MAC "\", \"addresses\": [\"" NET_OUR_V4 "/24\", \"" NET_OUR_V6
          "/64\"], \"offloads\": {\"rx_checksum\": \"%s\", \"tx_checksum\": \"%s\","
          " \"multi_segments\": \"off\"}}]}",
          modes[i], modes[i]);
      DpdkRuntime *runtime = net_start_with (json);
      g_autoptr (DpdkWorker) worker = dpdk_runtime_dup_worker (runtime, 0);
      g_autoptr (DpdkStackCounters) counters = NULL;

      net_kernel_up_default ();
      for (guint j = 0; j < G_N_ELEMENTS (families); j++)
        exchange_checksums (runtime, &families[j]);
      counters = dpdk_worker_dup_stack_counters (worker);
      g_assert_cmpint (
          dpdk_stack_counters_get_value (counters, DPDK_STACK_COUNTER_TX_CHECKSUM_OFFLOADED) > 0,
          ==, i == 0);
      g_assert_cmpuint (
          dpdk_stack_counters_get_value (counters, DPDK_STACK_COUNTER_DROPPED_CHECKSUM), ==, 0);
      g_clear_object (&worker);
      dpdk_runtime_shutdown (runtime, 10000, &error);
      g_assert_no_error (error);
      net_release (runtime);
    }
  g_object_unref (eal);
  dpdk_test_assert_eal_dead ();
}

/* packets and bytes that outlive the socket and the runtime */
typedef struct {
  DpdkUdpSocket *socket;
  GBytes *bytes[3];
  gint n;
} Keep;

static void
keep_on_readable (DpdkUdpSocket *socket, gpointer user_data)
{
  Keep *self = user_data;
  g_autoptr (GSocketAddress) from = NULL;
  g_autoptr (GError) error = NULL;
  GBytes *bytes;

  while ((bytes = dpdk_udp_socket_try_receive_bytes (socket, &from, &error)) != NULL)
    {
      self->bytes[self->n] = bytes;
      g_atomic_int_inc (&self->n);
      g_clear_object (&from);
    }
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);
}

static void
keep_start (DpdkWorker *worker, gpointer user_data)
{
  Keep *self = user_data;
  g_autoptr (GError) error = NULL;

  dpdk_udp_socket_set_readable_callback (self->socket, keep_on_readable, self, NULL, &error);
  g_assert_no_error (error);
}

static void
test_bytes (void)
{
  static const gsize sizes[] = { 0, 1000, 60000 };
  DpdkRuntime *runtime = net_start ();
  g_autoptr (DpdkWorker) worker = dpdk_runtime_dup_worker (runtime, 0);
  Keep keep = { .socket = net_udp_new (runtime, NET_OUR_V4, 7000) };
  int fd = net_kernel_udp_open (NET_KERNEL_V4, 0);
  g_autoptr (GError) error = NULL;

  /* one that is there already, too */
  net_kernel_udp_send (fd, NET_OUR_V4, 7000, net_pattern (0), sizes[0]);
  DPDK_TEST_WAIT_UNTIL (net_udp_get_statistics (keep.socket).received == 1);
  dpdk_worker_invoke (worker, keep_start, &keep, NULL, &error);
  for (guint i = 1; i < G_N_ELEMENTS (sizes); i++)
    net_kernel_udp_send (fd, NET_OUR_V4, 7000, net_pattern (i), sizes[i]);
  DPDK_TEST_WAIT_UNTIL (g_atomic_int_get (&keep.n) == (gint) G_N_ELEMENTS (sizes));
  net_kernel_close (fd);
  /* the worker holds it as long as there is a function */
  dpdk_socket_close (DPDK_SOCKET (keep.socket));
  net_release (keep.socket);
  g_clear_object (&worker);
  dpdk_runtime_shutdown (runtime, 10000, &error);
  g_assert_no_error (error);
  g_object_unref (runtime);
  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++)
    {
      gsize size;
      const guint8 *data = g_bytes_get_data (keep.bytes[i], &size);

      g_assert_cmpmem (data, size, net_pattern (i), sizes[i]);
      g_bytes_unref (keep.bytes[i]);
    }
  dpdk_test_assert_eal_dead ();
}

#define KERNEL_LINK_LOCAL "fe80::99"

static GSocketAddress *
scoped_address (const char *host, guint scope_id, guint16 port)
{
  g_autoptr (GInetAddress) inet = g_inet_address_new_from_string (host);

  return g_object_new (G_TYPE_INET_SOCKET_ADDRESS, "address", inet, "port", (guint) port,
                       "scope-id", scope_id, NULL);
}

typedef struct {
  DpdkUdpSocket *socket;
  guint16 port;
  gint is_done;
} Scopes;

static gint
try_send_scoped (Scopes *self, const char *host, guint scope_id, GError **error)
{
  DpdkMempool *pool = dpdk_port_get_mempool (dpdk_socket_get_port (DPDK_SOCKET (self->socket)));
  g_autoptr (GSocketAddress) address = scoped_address (host, scope_id, self->port);
  DpdkUdpMessage message = { 0 };
  gint n;

  message.packet = dpdk_packet_new_from_data (pool, net_pattern (0), 10, error);
  g_assert_nonnull (message.packet);
  g_assert_true (dpdk_udp_address_init (&message.address, address, error));
  n = dpdk_udp_socket_try_send (self->socket, &message, 1, error);
  if (n < 1)
    dpdk_packet_unref (message.packet);
  return n;
}

static void
send_scoped (DpdkWorker *worker, gpointer user_data)
{
  static const guint wrong[] = { 2, 255, 256, 257 };
  Scopes *self = user_data;
  g_autoptr (GError) error = NULL;

  /* that of a global address means nothing */
  for (guint scope_id = 0; scope_id < 3; scope_id++)
    g_assert_cmpint (try_send_scoped (self, NET_KERNEL_V6, scope_id, &error), ==, 1);
  g_assert_cmpint (try_send_scoped (self, KERNEL_LINK_LOCAL, 1, &error), ==, 1);
  g_assert_no_error (error);
  for (guint i = 0; i < G_N_ELEMENTS (wrong); i++)
    {
      g_assert_cmpint (try_send_scoped (self, KERNEL_LINK_LOCAL, wrong[i], &error), ==, -1);
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NETWORK_UNREACHABLE);
      g_clear_error (&error);
    }
  g_atomic_int_set (&self->is_done, TRUE);
}

/* the scope of a link-local address is the number of a port */
static void
test_scopes (void)
{
  DpdkRuntime *runtime = net_start ();
  DpdkUdpSocket *socket;
  g_autoptr (GSocketAddress) wrong = scoped_address (KERNEL_LINK_LOCAL, 2, 9);
  g_autoptr (GError) error = NULL;
  Scopes scopes = { 0 };
  guint8 data[10];
  int fd;

  net_kernel_up (NET_INTERFACE, KERNEL_LINK_LOCAL "/64", NULL);
  fd = net_kernel_udp_open (NULL, 0);
  socket = net_udp_new (runtime, "::", 0);
  scopes.socket = socket;
  scopes.port = net_kernel_get_port (fd);
  dpdk_worker_invoke (dpdk_socket_get_worker (DPDK_SOCKET (socket)), send_scoped, &scopes, NULL,
                      &error);
  g_assert_no_error (error);
  DPDK_TEST_WAIT_UNTIL (g_atomic_int_get (&scopes.is_done));
  for (guint i = 0; i < 4; i++)
    {
      g_assert_cmpuint (net_kernel_udp_receive (fd, data, sizeof data, NULL), ==, sizeof data);
      g_assert_cmpmem (data, sizeof data, net_pattern (0), sizeof data);
    }
  g_assert_cmpint (net_udp_try_send (socket, wrong, data, sizeof data, &error), ==, -1);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NETWORK_UNREACHABLE);
  g_clear_error (&error);
  g_assert_false (dpdk_udp_socket_connect (socket, wrong, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NETWORK_UNREACHABLE);
  net_kernel_close (fd);
  net_release (socket);
  net_stop (runtime);
}

int
main (int argc, char **argv)
{
  dpdk_test_init (&argc, &argv);
  dpdk_test_add_func ("/net/udp-native/burst", DPDK_TEST_FLAGS_NETWORK, test_burst);
  dpdk_test_add_func ("/net/udp-native/checksums", DPDK_TEST_FLAGS_NETWORK, test_checksums);
  dpdk_test_add_func ("/net/udp-native/bytes", DPDK_TEST_FLAGS_NETWORK, test_bytes);
  dpdk_test_add_func ("/net/udp-native/scopes", DPDK_TEST_FLAGS_NETWORK, test_scopes);
  return g_test_run ();
}
