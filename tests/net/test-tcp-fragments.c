/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Segments that a router on the way has cut. The fragments of all connections between two hosts come to the
   same worker, wherever the connections are. */
#include "net-fixture.h"
#include "net-kernel.h"

#include <sched.h>
#include <unistd.h>

#define N_WORKERS 2
#define N_CONNECTIONS 24
#define SIZE 100000
/* of the link between the router and us */
#define MTU 600
#define ROUTER_V4 "198.19.0.1"
#define FAR_V4 "198.19.0.2"

static const char json[] =
    "{\"dpdk_cores\": [0, 1], \"devices\": [{\"vdev\": \"net_tap0,iface=dpdk0\","
    " \"mac\": \"" NET_OUR_MAC "\", \"addresses\": [\"198.18.0.2/24\"],"
    " \"gateway_v4\": \"198.18.0.1\"}]}";

typedef struct {
  GMutex lock;
  GCond changed;
  pid_t thread_id;
  gboolean has_link;
  guint16 port;
} Far;

/* a host behind the kernel's end of our link, in a network namespace of this thread */
static gpointer
far_thread (gpointer data)
{
  Far *self = data;
  int fds[N_CONNECTIONS];

  g_assert_cmpint (unshare (CLONE_NEWNET), ==, 0);
  g_mutex_lock (&self->lock);
  self->thread_id = gettid ();
  g_cond_broadcast (&self->changed);
  while (!self->has_link)
    g_cond_wait (&self->changed, &self->lock);
  g_mutex_unlock (&self->lock);
  net_run ("ip link set far1 up");
  net_run ("ip addr add " FAR_V4 "/24 dev far1");
  net_run ("ip route add default via " ROUTER_V4);
  /* its packets may be cut */
  net_run ("echo 1 >/proc/sys/net/ipv4/ip_no_pmtu_disc");
  for (guint i = 0; i < N_CONNECTIONS; i++)
    fds[i] = net_kernel_connect (NET_OUR_V4, self->port);
  for (guint i = 0; i < N_CONNECTIONS; i++)
    {
      net_kernel_write_pattern (fds[i], 0, SIZE);
      net_kernel_read_pattern (fds[i], 1, SIZE);
    }
  for (guint i = 0; i < N_CONNECTIONS; i++)
    net_kernel_close (fds[i]);
  return NULL;
}

/* gives the far host a link to the kernel here, which cuts what it forwards to us */
static void
connect_far (Far *self)
{
  g_mutex_lock (&self->lock);
  while (self->thread_id == 0)
    g_cond_wait (&self->changed, &self->lock);
  net_run ("ip link add far0 type veth peer name far1");
  net_run ("ip link set far1 netns %d", self->thread_id);
  net_run ("ip link set far0 up");
  net_run ("ip addr add " ROUTER_V4 "/24 dev far0");
  net_run ("echo 1 >/proc/sys/net/ipv4/ip_forward");
  net_run ("ip link set " NET_INTERFACE " mtu %u", MTU);
  self->has_link = TRUE;
  g_cond_broadcast (&self->changed);
  g_mutex_unlock (&self->lock);
}

static guint
get_worker_index (DpdkTcpConnection *connection)
{
  DpdkTcpSocket *socket = dpdk_tcp_connection_get_socket (connection);

  return dpdk_worker_get_index (dpdk_socket_get_worker (DPDK_SOCKET (socket)));
}

static guint64
count_fragments (void)
{
  g_autofree char *text = net_run_for_output (
      NULL, "awk '/^Ip:/ { if (++n == 1) for (i = 2; i <= NF; i++) { if ($i == \"FragCreates\")"
            " at = i } else print $at }' /proc/net/snmp");

  return g_ascii_strtoull (text, NULL, 10);
}

static gpointer
answer_thread (gpointer data)
{
  DpdkTcpConnection *connection = data;

  net_read_pattern (connection, 0, SIZE);
  net_write_pattern (connection, 1, SIZE);
  net_assert_at_end (connection);
  net_close (connection);
  net_release (connection);
  return NULL;
}

static void
run (guint16 port)
{
  DpdkRuntime *runtime = net_start_with (json);
  DpdkTcpListener *listener;
  guint n_of_worker[N_WORKERS] = { 0 };
  GThread *threads[N_CONNECTIONS], *thread;
  Far far = { 0 };

  net_kernel_up (NET_INTERFACE, NET_KERNEL_V4 "/24", NULL);
  listener = net_listen (runtime, NET_OUR_V4, port);
  far.port = net_listener_get_port (listener);
  thread = g_thread_new ("far", far_thread, &far);
  connect_far (&far);
  for (guint i = 0; i < N_CONNECTIONS; i++)
    {
      DpdkTcpConnection *connection = net_accept (listener);

      n_of_worker[get_worker_index (connection)]++;
      threads[i] = g_thread_new ("answer", answer_thread, connection);
    }
  g_test_message ("%u connections on worker 0, %u on worker 1", n_of_worker[0], n_of_worker[1]);
  for (guint i = 0; i < N_CONNECTIONS; i++)
    g_thread_join (threads[i]);
  g_thread_join (thread);
  g_assert_cmpuint (n_of_worker[0], >, 0);
  g_assert_cmpuint (n_of_worker[1], >, 0);
  /* each segment of 1,460 bytes is three */
  g_assert_cmpuint (count_fragments (), >, N_CONNECTIONS * SIZE / MTU);
  net_release (listener);
  net_stop (runtime);
}

static void
test_segments (void)
{
  run (8080);
}

/* of the range in which a port of nobody's has a worker */
static void
test_segments_ephemeral (void)
{
  run (0);
}

int
main (int argc, char **argv)
{
  dpdk_test_init (&argc, &argv);
  dpdk_test_add_func ("/net/tcp-fragments/segments", DPDK_TEST_FLAGS_NETWORK, test_segments);
  dpdk_test_add_func ("/net/tcp-fragments/segments-ephemeral", DPDK_TEST_FLAGS_NETWORK,
                      test_segments_ephemeral);
  return g_test_run ();
}
