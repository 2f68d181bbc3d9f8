/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* bursts on the thread of the worker, and one port on several workers */
#include "net-kernel.h"
#include "net-udp.h"

#include <netinet/in.h>
#include <string.h>

#define BURST 32
#define N_WORKERS 2

static const NetFamily families[] = NET_FAMILIES;

static const char two_workers[] =
    "{\"dpdk_cores\": [0, 1], \"devices\": [{\"vdev\": \"net_tap0,iface=dpdk0\","
    " \"mac\": \"" NET_OUR_MAC "\","
    " \"addresses\": [\"198.18.0.2/24\", \"198.18.0.3/24\", \"fde7:f17d:24::2/64\"],"
    " \"gateway_v4\": \"198.18.0.1\"}]}";

/* an echo server that takes bursts and sends the same packets back */
typedef struct {
  DpdkRuntime *runtime;
  const char *host;
  guint16 port;
  gboolean may_share;
  DpdkUdpSocket *socket;
  gint is_ready;
  gint n_echoed;
  gint n_several;
  gint n_destroyed;
} Echo;

static void
drop_packets (DpdkUdpMessage *messages, gint n)
{
  for (gint i = 0; i < n; i++)
    dpdk_packet_unref (messages[i].packet);
}

static void
echo_on_readable (DpdkUdpSocket *socket, gpointer user_data)
{
  Echo *self = user_data;
  DpdkUdpMessage messages[BURST];
  g_autoptr (GError) error = NULL;
  gint n;

  while ((n = dpdk_udp_socket_try_receive (socket, messages, BURST, &error)) > 0)
    {
      gint n_sent = 0, m = 0;

      if (n > 1)
        g_atomic_int_inc (&self->n_several);
      do
        {
          m = dpdk_udp_socket_try_send (socket, messages + n_sent, (guint) (n - n_sent), &error);
          g_assert_no_error (error);
          n_sent += m;
        }
      while (m > 0 && n_sent < n);
      g_atomic_int_add (&self->n_echoed, n_sent);
      drop_packets (messages + n_sent, n - n_sent);
    }
  g_assert_no_error (error);
}

static void
echo_on_destroy (gpointer data)
{
  g_atomic_int_inc (&((Echo *) data)->n_destroyed);
}

static void
echo_start (DpdkWorker *worker, gpointer user_data)
{
  Echo *self = user_data;
  g_autoptr (GSocketAddress) address = net_address (self->host, self->port);
  g_autoptr (GError) error = NULL;

  self->socket = dpdk_udp_socket_new (self->runtime, g_socket_address_get_family (address), &error);
  g_assert_no_error (error);
  g_assert_true (dpdk_socket_get_worker (DPDK_SOCKET (self->socket)) == worker);
  dpdk_udp_socket_set_reuse_address (self->socket, self->may_share);
  dpdk_udp_socket_bind (self->socket, address, &error);
  g_assert_no_error (error);
  dpdk_udp_socket_set_readable_callback (self->socket, echo_on_readable, self, echo_on_destroy,
                                         &error);
  g_assert_no_error (error);
  g_atomic_int_set (&self->is_ready, TRUE);
}

static void
echo_open (Echo *self, guint worker_index)
{
  g_autoptr (DpdkWorker) worker = dpdk_runtime_dup_worker (self->runtime, worker_index);
  g_autoptr (GError) error = NULL;

  dpdk_worker_invoke (worker, echo_start, self, NULL, &error);
  g_assert_no_error (error);
  DPDK_TEST_WAIT_UNTIL (g_atomic_int_get (&self->is_ready));
}

static void
echo_close (Echo *self)
{
  dpdk_socket_close (DPDK_SOCKET (self->socket));
  g_assert_cmpint (g_atomic_int_get (&self->n_destroyed), ==, 1);
  net_release (g_steal_pointer (&self->socket));
}

/* different for each of a burst, and spread up to @max, which is no multiple of 997 */
static gsize
get_size (guint i, gsize max)
{
  return i * 997 % max;
}

/* bursts of datagrams there and back; returns how many came back out of turn, which only one queue
   excludes: the kernel moves a flow to another queue of a tap when it has seen an answer there */
static guint
exchange (int fd, const char *host, guint16 port, guint n, gsize max)
{
  g_autofree guint8 *buffer = g_malloc (NET_UDP_MAX);
  guint n_out_of_turn = 0;

  for (guint i = 0; i < n; i += BURST)
    {
      gboolean is_back[BURST] = { FALSE };

      for (guint j = i; j < i + BURST; j++)
        net_kernel_udp_send (fd, host, port, net_pattern (j), get_size (j, max));
      for (guint j = i; j < i + BURST; j++)
        {
          g_autoptr (GSocketAddress) from = NULL;
          gsize size = net_kernel_udp_receive (fd, buffer, NET_UDP_MAX, &from);
          guint k = i;

          while (k < i + BURST && get_size (k, max) != size)
            k++;
          g_assert_cmpuint (k, <, i + BURST);
          g_assert_false (is_back[k - i]);
          is_back[k - i] = TRUE;
          n_out_of_turn += k != j;
          g_assert_cmpmem (buffer, size, net_pattern (k), get_size (k, max));
          net_udp_assert_from (from, host, port);
        }
    }
  return n_out_of_turn;
}

/* one datagram, so that the neighbours know each other */
static void
warm_up (int fd, const char *host, guint16 port)
{
  char byte;

  net_kernel_udp_send (fd, host, port, "x", 1);
  net_kernel_udp_receive (fd, &byte, 1, NULL);
}

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
      Echo echo = { .runtime = runtime, .host = families[i].ours, .port = 7000 };
      int fd = net_kernel_udp_open (families[i].kernels, 0);
      guint n = dpdk_test_scale (10000) / BURST * BURST + BURST, in_use;

      echo_open (&echo, 0);
      warm_up (fd, echo.host, echo.port);
      in_use = get_in_use (runtime);
      g_assert_cmpuint (exchange (fd, echo.host, echo.port, n, 1400), ==, 0);
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
      DPDK_TEST_WAIT_UNTIL (get_in_use (runtime) <= in_use + BURST);
      echo_close (&echo);
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
  Echo echo = { .runtime = runtime, .host = family->ours, .port = 7000 };
  DpdkUdpSocket *copied = net_udp_new (runtime, family->ours, 7001);
  int fd = net_kernel_udp_open (family->kernels, 0);
  guint8 data[2], received[2];

  echo_open (&echo, 0);
  warm_up (fd, echo.host, echo.port);
  g_assert_cmpuint (exchange (fd, echo.host, echo.port, 4 * BURST, 1400), ==, 0);
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

  echo_close (&echo);
  net_release (copied);
  net_kernel_close (fd);
}

/* made and verified by the device, or by the stack where the data are or while it copies them */
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
          "/64\"], \"offloads\": {\"rx_checksum\": \"%s\", \"tx_checksum\": \"%s\"}}]}",
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

static void
assert_wrong_worker (GError **error)
{
  g_assert_error (*error, DPDK_ERROR, DPDK_ERROR_WRONG_WORKER);
  g_clear_error (error);
}

typedef struct {
  DpdkUdpSocket *socket;
  gboolean is_own;
  gint is_done;
} Calls;

static void
call_all (DpdkWorker *worker, gpointer user_data)
{
  Calls *self = user_data;
  GDatagramBased *based = G_DATAGRAM_BASED (self->socket);
  g_autoptr (GSocketAddress) address = net_address (NET_KERNEL_V4, 9);
  g_autoptr (GError) error = NULL;
  GInputMessage in = { 0 };
  GOutputMessage out = { .address = address };
  DpdkUdpMessage message;

  /* whatever blocks would wait for itself, or for another worker */
  if (worker != NULL)
    {
      g_assert_cmpint (g_datagram_based_receive_messages (based, &in, 1, 0, -1, NULL, &error), ==,
                       -1);
      g_assert_error (error, DPDK_ERROR, DPDK_ERROR_WOULD_DEADLOCK);
      g_clear_error (&error);
      g_assert_cmpint (g_datagram_based_send_messages (based, &out, 1, 0, 1000, NULL, &error), ==,
                       -1);
      g_assert_error (error, DPDK_ERROR, DPDK_ERROR_WOULD_DEADLOCK);
      g_clear_error (&error);
      g_assert_false (g_datagram_based_condition_wait (based, G_IO_IN, -1, NULL, &error));
      g_assert_error (error, DPDK_ERROR, DPDK_ERROR_WOULD_DEADLOCK);
      g_assert_nonnull (strstr (error->message, "dpdk_udp_socket_set_readable_callback"));
      g_clear_error (&error);
      if (!self->is_own)
        {
          g_assert_false (dpdk_udp_socket_connect (self->socket, address, &error));
          assert_wrong_worker (&error);
        }
    }
  /* whatever does not block may be called anywhere */
  g_assert_cmpint (g_datagram_based_send_messages (based, &out, 1, 0, 0, NULL, &error), ==, 1);
  g_assert_no_error (error);
  g_assert_cmpint (g_datagram_based_receive_messages (based, &in, 1, 0, 0, NULL, &error), ==, -1);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);
  g_clear_error (&error);
  if (self->is_own)
    g_assert_cmpint (dpdk_udp_socket_try_receive (self->socket, &message, 1, &error), ==, 0);
  else
    {
      g_assert_cmpint (dpdk_udp_socket_try_receive (self->socket, &message, 1, &error), ==, -1);
      assert_wrong_worker (&error);
      g_assert_cmpint (dpdk_udp_socket_try_send (self->socket, &message, 1, &error), ==, -1);
      assert_wrong_worker (&error);
      g_assert_null (dpdk_udp_socket_try_receive_bytes (self->socket, NULL, &error));
      assert_wrong_worker (&error);
      g_assert_false (
          dpdk_udp_socket_set_readable_callback (self->socket, NULL, NULL, NULL, &error));
      assert_wrong_worker (&error);
    }
  g_assert_no_error (error);
  g_atomic_int_set (&self->is_done, TRUE);
}

static DpdkRuntime *
start_two (void)
{
  DpdkRuntime *runtime = net_start_with (two_workers);

  net_kernel_up_default ();
  g_assert_cmpuint (dpdk_runtime_get_n_workers (runtime), ==, N_WORKERS);
  return runtime;
}

static void
test_wrong_thread (void)
{
  DpdkRuntime *runtime = start_two ();
  DpdkUdpSocket *socket = net_udp_new (runtime, NET_OUR_V4, 7000);
  g_autoptr (GError) error = NULL;

  {
    Calls calls = { .socket = socket };

    call_all (NULL, &calls);
  }
  for (guint i = 0; i < N_WORKERS; i++)
    {
      g_autoptr (DpdkWorker) worker = dpdk_runtime_dup_worker (runtime, i);
      Calls calls = { .socket = socket };

      calls.is_own = dpdk_socket_get_worker (DPDK_SOCKET (socket)) == worker;
      dpdk_worker_invoke (worker, call_all, &calls, NULL, &error);
      g_assert_no_error (error);
      DPDK_TEST_WAIT_UNTIL (g_atomic_int_get (&calls.is_done));
    }
  net_release (socket);
  net_stop (runtime);
}

/* packets come to the worker that has the socket, by whatever queue; so do those that are put together
   from fragments first, and ICMP errors */
static void
test_steering (void)
{
  const guint n_peers = 20;
  DpdkRuntime *runtime = start_two ();

  for (guint i = 0; i < 2 * N_WORKERS; i++)
    {
      const NetFamily *family = &families[i / N_WORKERS];
      Echo echo = { .runtime = runtime, .host = family->ours, .port = (guint16) (7000 + i) };

      echo_open (&echo, i % N_WORKERS);
      for (guint j = 0; j < n_peers; j++)
        {
          int fd = net_kernel_udp_open (family->kernels, 0);

          warm_up (fd, echo.host, echo.port);
          exchange (fd, echo.host, echo.port, 4 * BURST, 1400);
          exchange (fd, echo.host, echo.port, BURST, 5000);
          net_kernel_close (fd);
        }
      echo_close (&echo);
    }
  net_run ("echo 0 > /proc/sys/net/ipv4/icmp_ratelimit");
  net_run ("echo 0 > /proc/sys/net/ipv6/icmp/ratelimit");
  /* how many errors the namespace sends at once, of which each may count twice (from Linux 6.12 on) */
  net_run ("test ! -e %s || echo 1000 > %s", "/proc/sys/net/ipv4/icmp_msgs_burst",
           "/proc/sys/net/ipv4/icmp_msgs_burst");
  for (guint i = 0; i < 40; i++)
    {
      DpdkUdpSocket *socket = net_udp_new_connected (runtime, families[i % 2].kernels, 9);
      g_autoptr (GError) error = NULL;

      net_udp_send (socket, NULL, 0, "x", 1);
      g_assert_true (g_datagram_based_condition_wait (G_DATAGRAM_BASED (socket), G_IO_IN,
                                                      net_udp_get_patience (), NULL, &error));
      g_assert_false (dpdk_udp_socket_take_error (socket, &error));
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CONNECTION_REFUSED);
      net_release (socket);
    }
  net_stop (runtime);
}

/* a socket on each worker for one address: each serves what its queue gets */
static void
test_shared (void)
{
  const guint n_peers = 64;
  DpdkRuntime *runtime = start_two ();
  Echo echoes[N_WORKERS];

  for (guint i = 0; i < N_WORKERS; i++)
    {
      echoes[i] = (Echo){ .runtime = runtime, .host = NET_OUR_V4, .port = 7000, .may_share = TRUE };
      echo_open (&echoes[i], i);
    }
  for (guint i = 0; i < n_peers; i++)
    {
      int fd = net_kernel_udp_open (NET_KERNEL_V4, 0);

      warm_up (fd, NET_OUR_V4, 7000);
      exchange (fd, NET_OUR_V4, 7000, BURST, 3000);
      net_kernel_close (fd);
    }
  for (guint i = 0; i < N_WORKERS; i++)
    {
      g_test_message ("worker %u: %d", i, g_atomic_int_get (&echoes[i].n_echoed));
      g_assert_cmpint (g_atomic_int_get (&echoes[i].n_echoed), >, 0);
    }
  /* the other one takes over all */
  echo_close (&echoes[0]);
  for (guint i = 0; i < n_peers; i++)
    {
      int fd = net_kernel_udp_open (NET_KERNEL_V4, 0);

      warm_up (fd, NET_OUR_V4, 7000);
      net_kernel_close (fd);
    }
  echo_close (&echoes[1]);
  net_stop (runtime);
}

/* the same port of different addresses on different workers */
static void
test_mixed (void)
{
  DpdkRuntime *runtime = start_two ();
  Echo echoes[] = {
    { .runtime = runtime, .host = "198.18.0.2", .port = 7000 },
    { .runtime = runtime, .host = "198.18.0.3", .port = 7000 },
    { .runtime = runtime, .host = NET_OUR_V6, .port = 7000 },
  };
  g_autoptr (GSocketAddress) any = net_address ("0.0.0.0", 7000);
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (echoes); i++)
    echo_open (&echoes[i], i % N_WORKERS);
  for (guint i = 0; i < 20; i++)
    for (guint j = 0; j < G_N_ELEMENTS (echoes); j++)
      {
        int fd = net_kernel_udp_open (j < 2 ? NET_KERNEL_V4 : NET_KERNEL_V6, 0);

        warm_up (fd, echoes[j].host, 7000);
        exchange (fd, echoes[j].host, 7000, BURST, 2000);
        net_kernel_close (fd);
      }
  /* in use, whichever worker it would belong to */
  for (guint i = 0; i < N_WORKERS; i++)
    {
      DpdkUdpSocket *socket = dpdk_udp_socket_new (runtime, G_SOCKET_FAMILY_IPV4, &error);

      g_assert_no_error (error);
      g_assert_false (dpdk_udp_socket_bind (socket, any, &error));
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_ADDRESS_IN_USE);
      g_clear_error (&error);
      net_release (socket);
    }
  for (guint i = 0; i < G_N_ELEMENTS (echoes); i++)
    echo_close (&echoes[i]);
  net_stop (runtime);
}

/* from a worker to a socket of the other */
static void
test_between_workers (void)
{
  DpdkRuntime *runtime = start_two ();
  g_autofree guint8 *buffer = g_malloc (NET_UDP_MAX);

  for (guint i = 0; i < 8; i++)
    {
      const char *host = families[i % 2].ours;
      DpdkUdpSocket *server = net_udp_new (runtime, host, (guint16) (7000 + i));
      DpdkUdpSocket *clients[N_WORKERS];

      for (guint j = 0; j < N_WORKERS; j++)
        {
          const gsize size = 30000 * j + 100;
          g_autoptr (GSocketAddress) from = NULL;
          gsize n;

          clients[j] = net_udp_new_connected (runtime, host, (guint16) (7000 + i));
          net_udp_send (clients[j], NULL, 0, net_pattern (i), size);
          n = net_udp_receive (server, buffer, NET_UDP_MAX, &from);
          g_assert_cmpmem (buffer, n, net_pattern (i), size);
          net_udp_send (server, host, net_address_get_port (from), buffer, n);
          n = net_udp_receive (clients[j], buffer, NET_UDP_MAX, NULL);
          g_assert_cmpmem (buffer, n, net_pattern (i), size);
        }
      for (guint j = 0; j < N_WORKERS; j++)
        net_release (clients[j]);
      net_release (server);
    }
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
  dpdk_test_add_func ("/net/udp-native/wrong-thread", DPDK_TEST_FLAGS_NETWORK, test_wrong_thread);
  dpdk_test_add_func ("/net/udp-native/steering", DPDK_TEST_FLAGS_NETWORK, test_steering);
  dpdk_test_add_func ("/net/udp-native/shared", DPDK_TEST_FLAGS_NETWORK, test_shared);
  dpdk_test_add_func ("/net/udp-native/mixed", DPDK_TEST_FLAGS_NETWORK, test_mixed);
  dpdk_test_add_func ("/net/udp-native/between-workers", DPDK_TEST_FLAGS_NETWORK,
                      test_between_workers);
  return g_test_run ();
}
