/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* the example "proxy": a kernel's socket at each end, and ours between them */
#include "net-fixture.h"
#include "net-kernel.h"
#include "net-program.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>

#define MEBIBYTE (1024 * 1024)
#define PORT 9000
/* more than all buffers on the way */
#define FLOOD (256 * (guint64) MEBIBYTE)

typedef struct {
  DpdkTestProcess *process;
  const char *host;
  int listener;
  guint16 server_port;
} Proxy;

typedef struct {
  /* what the clients connect to */
  const char *host;
  const char *listen;
  /* where the server listens */
  const char *server;
  const char *to;
} Way;

static const Way ways[] = {
  { NET_OUR_V4, "dpdk:9000", "127.0.0.1", "kernel:127.0.0.1" },
  { "127.0.0.1", "kernel:9000", NET_KERNEL_V4, "dpdk:" NET_KERNEL_V4 },
  { "::1", "kernel:9000", NET_KERNEL_V6, "dpdk:[" NET_KERNEL_V6 "]" },
};

/* the server's port comes first, because nobody may have its address yet */
static void
proxy_start (Proxy *self, const Way *way, const char *arguments)
{
  g_autofree char *all = NULL;

  net_run ("ip link set lo up");
  self->server_port = 0;
  self->listener = net_kernel_listen (strchr (way->server, ':') != NULL ? "::" : "0.0.0.0", 100,
                                      &self->server_port);
  all = g_strdup_printf ("--listen %s --to %s:%u %s", way->listen, way->to, self->server_port,
                         arguments);
  self->process = net_program_start ("proxy", all);
  self->host = way->host;
  net_program_wait_for_output (self->process, "listening on");
  net_kernel_up_default ();
}

static void
proxy_connect (Proxy *self, int *client, int *server)
{
  *client = net_kernel_connect (self->host, PORT);
  *server = net_kernel_accept (self->listener);
}

static guint64
get_figure (const char *output, const char *name)
{
  g_autofree char *key = g_strconcat ("\n", name, ": ", NULL);
  const char *found = strstr (output, key);

  if (found == NULL)
    g_error ("the proxy does not tell \"%s\": %s", name, output);
  return g_ascii_strtoull (found + strlen (key), NULL, 10);
}

/* gives what it has printed */
static char *
proxy_stop (Proxy *self, guint n_finished, guint n_failed)
{
  char *output = net_program_stop (self->process, SIGTERM);

  g_assert_cmpuint (get_figure (output, "finished"), ==, n_finished);
  g_assert_cmpuint (get_figure (output, "failed"), ==, n_failed);
  if (self->listener >= 0)
    net_kernel_close (self->listener);
  return output;
}

typedef struct {
  int fd;
  guint64 offset;
  guint64 size;
} Half;

static gpointer
write_thread (gpointer data)
{
  Half *self = data;

  net_kernel_write_pattern (self->fd, self->offset, self->size);
  net_kernel_finish (self->fd);
  return NULL;
}

static gpointer
read_thread (gpointer data)
{
  Half *self = data;

  g_assert_cmpuint (net_kernel_read_pattern_to_end (self->fd, self->offset), ==, self->size);
  return NULL;
}

/* both ways at once, with an end of each */
static void
exchange (Proxy *proxy, guint64 to_server, guint64 to_client)
{
  int client, server;
  Half halves[4];
  GThread *threads[4];

  proxy_connect (proxy, &client, &server);
  halves[0] = (Half){ client, 1, to_server };
  halves[1] = (Half){ server, 1, to_server };
  halves[2] = (Half){ server, 2, to_client };
  halves[3] = (Half){ client, 2, to_client };
  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    threads[i] = g_thread_new ("half", i % 2 == 0 ? write_thread : read_thread, &halves[i]);
  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    g_thread_join (threads[i]);
  net_kernel_close (client);
  net_kernel_close (server);
}

/* the second speaks when the first has said all: the end of a direction is that of this one only */
static void
exchange_in_turn (Proxy *proxy, gboolean client_is_first)
{
  int fds[2];

  proxy_connect (proxy, &fds[0], &fds[1]);
  if (!client_is_first)
    {
      int fd = fds[0];

      fds[0] = fds[1];
      fds[1] = fd;
    }
  net_kernel_write_pattern (fds[0], 3, 100000);
  net_kernel_finish (fds[0]);
  g_assert_cmpuint (net_kernel_read_pattern_to_end (fds[1], 3), ==, 100000);
  net_kernel_write_pattern (fds[1], 4, 300000);
  net_kernel_finish (fds[1]);
  g_assert_cmpuint (net_kernel_read_pattern_to_end (fds[0], 4), ==, 300000);
  net_kernel_close (fds[0]);
  net_kernel_close (fds[1]);
}

static void
run_exact (gconstpointer data)
{
  const guint64 large = dpdk_test_scale (16) * (guint64) MEBIBYTE;
  const guint64 sizes[][2] = { { 0, 0 }, { 1, 0 }, { 0, 1 }, { large, 7 }, { large, large } };
  g_autofree char *output = NULL;
  guint64 to_server = 0, to_client = 0;
  Proxy proxy;

  proxy_start (&proxy, data, "");
  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++)
    {
      exchange (&proxy, sizes[i][0], sizes[i][1]);
      to_server += sizes[i][0];
      to_client += sizes[i][1];
    }
  exchange_in_turn (&proxy, TRUE);
  exchange_in_turn (&proxy, FALSE);
  output = proxy_stop (&proxy, G_N_ELEMENTS (sizes) + 2, 0);
  g_assert_cmpuint (get_figure (output, "bytes-to-server"), ==, to_server + 400000);
  g_assert_cmpuint (get_figure (output, "bytes-to-client"), ==, to_client + 400000);
}

/* many at a time, which send in turn what they have in pieces of random sizes */
static void
run_many (gconstpointer data)
{
  const guint n = dpdk_test_scale (150);
  g_autoptr (GRand) random = dpdk_test_random_new ();
  g_autofree int *clients = g_new (int, n);
  g_autofree int *servers = g_new (int, n);
  g_autofree guint *done = g_new0 (guint, n);
  g_autofree char *output = NULL;
  Proxy proxy;

  proxy_start (&proxy, data, "");
  for (guint i = 0; i < n; i++)
    proxy_connect (&proxy, &clients[i], &servers[i]);
  for (guint round = 0; round < 3; round++)
    for (guint i = 0; i < n; i++)
      {
        guint size = (guint) g_rand_int_range (random, 1, 8000);

        net_kernel_write_pattern (clients[i], i + done[i], size);
        net_kernel_write_pattern (servers[i], 2 * i + done[i], size);
        net_kernel_read_pattern (servers[i], i + done[i], size);
        net_kernel_read_pattern (clients[i], 2 * i + done[i], size);
        done[i] += size;
      }
  for (guint i = 0; i < n; i++)
    {
      int *first = i % 2 == 0 ? clients : servers;
      int *second = i % 2 == 0 ? servers : clients;

      net_kernel_finish (first[i]);
      net_kernel_assert_at_end (second[i]);
      net_kernel_close (second[i]);
      net_kernel_assert_at_end (first[i]);
      net_kernel_close (first[i]);
    }
  output = proxy_stop (&proxy, n, 0);
}

/* as long as the server does not read, the proxy stops reading too; then not a byte is missing */
static void
run_pressure (gconstpointer data)
{
  const gint64 deadline = dpdk_test_get_deadline ();
  guint64 total = 0, last = 0;
  gint64 last_time = g_get_monotonic_time ();
  g_autofree char *output = NULL;
  Proxy proxy;
  int client, server;

  proxy_start (&proxy, data, "");
  proxy_connect (&proxy, &client, &server);
  /* until nothing has gone for half a second */
  while (g_get_monotonic_time () - last_time < G_TIME_SPAN_SECOND / 2)
    {
      gssize n = send (client, net_pattern (total), NET_PATTERN_SIZE, MSG_DONTWAIT | MSG_NOSIGNAL);

      g_assert_cmpint (g_get_monotonic_time (), <, deadline);
      if (n > 0)
        total += (guint64) n;
      else
        g_assert_true (errno == EAGAIN || errno == EINTR);
      if (total != last)
        last_time = g_get_monotonic_time ();
      last = total;
      g_assert_cmpuint (total, <, FLOOD);
    }
  net_kernel_finish (client);
  g_assert_cmpuint (net_kernel_read_pattern_to_end (server, 0), ==, total);
  net_kernel_close (server);
  net_kernel_assert_at_end (client);
  net_kernel_close (client);
  output = proxy_stop (&proxy, 1, 0);
}

/* an error is carried over as an error: in each state, from each side */
static void
run_errors (gconstpointer data)
{
  const guint n = 8;
  g_autofree char *output = NULL;
  Proxy proxy;

  proxy_start (&proxy, data, "");
  for (guint i = 0; i < n; i++)
    {
      int client, server, first, second;

      proxy_connect (&proxy, &client, &server);
      first = i % 2 == 0 ? client : server;
      second = i % 2 == 0 ? server : client;
      if (i & 2)
        {
          net_kernel_write_pattern (first, 0, 1000);
          net_kernel_read_pattern (second, 0, 1000);
        }
      /* one direction has ended in good order */
      if (i & 4)
        {
          net_kernel_finish (second);
          net_kernel_assert_at_end (first);
        }
      net_kernel_reset (first);
      net_kernel_assert_reset (second);
      net_kernel_close (second);
    }
  /* nobody serves */
  net_kernel_close (proxy.listener);
  proxy.listener = -1;
  {
    int client = net_kernel_connect (proxy.host, PORT);

    net_kernel_assert_reset (client);
    net_kernel_close (client);
  }
  output = proxy_stop (&proxy, 0, n + 1);
}

static void
run_idle (gconstpointer data)
{
  g_autofree char *output = NULL;
  int client, server;
  Proxy proxy;

  proxy_start (&proxy, data, "--idle 1");
  proxy_connect (&proxy, &client, &server);
  net_kernel_write_pattern (client, 0, 10);
  net_kernel_read_pattern (server, 0, 10);
  net_kernel_assert_reset (client);
  net_kernel_assert_reset (server);
  net_kernel_close (client);
  net_kernel_close (server);
  output = proxy_stop (&proxy, 0, 1);
  g_assert_cmpuint (get_figure (output, "timed-out"), ==, 1);
}

/* it is told to end with connections in all states */
static void
run_stop (gconstpointer data)
{
  enum {
    N = 20
  };
  g_autofree char *output = NULL;
  int clients[N], servers[N];
  Proxy proxy;

  proxy_start (&proxy, data, "");
  for (guint i = 0; i < N; i++)
    {
      proxy_connect (&proxy, &clients[i], &servers[i]);
      if (i % 2 == 0)
        net_kernel_write_pattern (clients[i], 0, 10000);
      if (i % 3 == 0)
        net_kernel_finish (servers[i]);
    }
  output = proxy_stop (&proxy, 0, N);
  for (guint i = 0; i < N; i++)
    {
      net_kernel_close (clients[i]);
      net_kernel_close (servers[i]);
    }
}

/* refused before anything is started */
static void
test_usage (void)
{
  static const char *const wrong[] = {
    "",
    "--listen dpdk:80",
    "--listen dpdk:80 --to kernel:127.0.0.1:80 more",
    "--listen dpdk:80 --to udp:127.0.0.1:80",
    "--listen dpdk:65536 --to kernel:127.0.0.1:80",
    "--listen dpdk:80 --to kernel:127.0.0.1",
    "--listen kernel:80 --to dpdk:localhost:80",
    "--listen kernel:80 --to kernel:127.0.0.1:81",
  };

  for (guint i = 0; i < G_N_ELEMENTS (wrong); i++)
    {
      g_autofree char *arguments = g_strconcat (wrong[i], " 2>/dev/null", NULL);
      DpdkTestProcess *process = net_program_start ("proxy", arguments);
      int wait_status = dpdk_test_process_wait (process);

      g_assert_true (WIFEXITED (wait_status));
      g_assert_cmpint (WEXITSTATUS (wait_status), ==, 2);
      dpdk_test_assert_finalize (process);
    }
}

static void
add (const char *name, const char *way_name, const Way *way, GTestDataFunc func)
{
  g_autofree char *path = g_strdup_printf ("/net/proxy/%s/%s", way_name, name);

  dpdk_test_add_data_func (path, DPDK_TEST_FLAGS_NETWORK, way, func);
}

int
main (int argc, char **argv)
{
  static const char *const names[] = { "to-kernel", "from-kernel" };

  dpdk_test_init (&argc, &argv);
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      add ("exact", names[i], &ways[i], run_exact);
      add ("many", names[i], &ways[i], run_many);
      add ("pressure", names[i], &ways[i], run_pressure);
      add ("errors", names[i], &ways[i], run_errors);
      add ("idle", names[i], &ways[i], run_idle);
      add ("stop", names[i], &ways[i], run_stop);
    }
  add ("exact", "from-kernel-v6", &ways[2], run_exact);
  dpdk_test_add_func ("/net/proxy/usage", DPDK_TEST_FLAGS_NONE, test_usage);
  return g_test_run ();
}
