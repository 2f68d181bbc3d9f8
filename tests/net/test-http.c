/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* curl and raw sockets against the example HTTP server */
#include "net-fixture.h"
#include "net-kernel.h"
#include "net-program.h"

#include <signal.h>
#include <string.h>

#define PORT 80
#define MEBIBYTE (1024 * 1024)
/* byte i of the server's /bytes/N is i modulo this */
#define PERIOD 251

static DpdkTestProcess *
start_server (const char *arguments)
{
  g_autofree char *all = g_strdup_printf ("--summary --port %d %s", PORT, arguments);
  DpdkTestProcess *server = net_program_start ("http-server", all);

  net_program_wait_for_output (server, "listening on " NET_OUR_V4);
  net_program_wait_for_output (server, "listening on [" NET_OUR_V6 "]");
  net_kernel_up_default ();
  return server;
}

static guint64
get_figure (const char *output, const char *name)
{
  g_autofree char *key = g_strconcat ("\n", name, ": ", NULL);
  const char *found = strstr (output, key);

  if (found == NULL)
    g_error ("the summary has no \"%s\": %s", name, output);
  return g_ascii_strtoull (found + strlen (key), NULL, 10);
}

static void
stop_server (DpdkTestProcess *server, guint64 n_connections, guint64 n_requests)
{
  g_autofree char *output = net_program_stop (server, SIGTERM);

  g_assert_cmpuint (get_figure (output, "connections"), ==, n_connections);
  g_assert_cmpuint (get_figure (output, "requests"), ==, n_requests);
  g_assert_cmpuint (get_figure (output, "packets-in"), >, 0);
  g_assert_cmpuint (get_figure (output, "packets-out"), >, 0);
}

static void
fill_pattern (guint8 *buffer, gsize size, guint64 offset)
{
  for (gsize i = 0; i < size; i++)
    buffer[i] = (guint8) ((offset + i) % PERIOD);
}

static char *
compute_checksum (guint64 size)
{
  g_autoptr (GChecksum) checksum = g_checksum_new (G_CHECKSUM_SHA256);
  static guint8 chunk[PERIOD * 256];

  fill_pattern (chunk, sizeof chunk, 0);
  for (gsize n; size > 0; size -= n)
    {
      n = MIN (size, sizeof chunk);
      g_checksum_update (checksum, chunk, (gssize) n);
    }
  return g_strdup (g_checksum_get_string (checksum));
}

static void
assert_body (const char *host, guint64 size)
{
  g_autofree char *checksum = compute_checksum (size);
  g_autofree char *output = NULL;
  int wait_status;

  output = net_run_for_output (
      &wait_status, "curl -sSf -m 120 http://%s:%d/bytes/%" G_GUINT64_FORMAT " | sha256sum", host,
      PORT, size);
  g_assert_cmpint (wait_status, ==, 0);
  g_assert_true (g_str_has_prefix (output, checksum));
}

static void
test_bodies (void)
{
  const guint64 sizes[] = { 0, 1, MEBIBYTE, 100 * MEBIBYTE };
  DpdkTestProcess *server = start_server ("");

  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++)
    {
      guint64 size = sizes[i] > MEBIBYTE ? dpdk_test_scale (100) * (guint64) MEBIBYTE : sizes[i];

      assert_body (NET_OUR_V4, size);
      assert_body ("[" NET_OUR_V6 "]", size);
    }
  stop_server (server, 2 * G_N_ELEMENTS (sizes), 2 * G_N_ELEMENTS (sizes));
}

static void
test_head (void)
{
  DpdkTestProcess *server = start_server ("");
  g_autofree char *head = NULL;
  g_autofree char *text = NULL;
  g_autofree char *status = NULL;
  int wait_status;

  head = net_run_for_output (&wait_status, "curl -sSI -m 10 http://" NET_OUR_V4 "/bytes/12345");
  g_assert_cmpint (wait_status, ==, 0);
  g_assert_nonnull (strstr (head, "HTTP/1.1 200"));
  g_assert_nonnull (strstr (head, "Content-Length: 12345\r\n"));
  text = net_run_for_output (&wait_status, "curl -sS -m 10 http://" NET_OUR_V4 "/");
  g_assert_cmpint (wait_status, ==, 0);
  g_assert_true (g_str_has_prefix (text, "Hello from dpdk-glib"));
  status = net_run_for_output (&wait_status, "curl -sS -m 10 -o /dev/null -w '%%{http_code}' "
                                             "http://" NET_OUR_V4 "/no-such-thing");
  g_assert_cmpstr (status, ==, "404");
  stop_server (server, 3, 3);
}

#define N_PARALLEL 100

static void
assert_files (const char *directory, guint first)
{
  g_autofree guint8 *expected = g_malloc (first + N_PARALLEL);

  fill_pattern (expected, first + N_PARALLEL, 0);
  for (guint i = 0; i < N_PARALLEL; i++)
    {
      g_autofree char *path = g_strdup_printf ("%s/%u", directory, first + i);
      g_autofree char *contents = NULL;
      g_autoptr (GError) error = NULL;
      gsize size;

      g_file_get_contents (path, &contents, &size, &error);
      g_assert_no_error (error);
      g_assert_cmpmem (contents, size, expected, first + i);
    }
}

static void
test_parallel (void)
{
  const guint first = 100000;
  const char *hosts[] = { NET_OUR_V4, "[" NET_OUR_V6 "]" };
  DpdkTestProcess *server = start_server ("");

  for (guint i = 0; i < G_N_ELEMENTS (hosts); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autofree char *directory = g_dir_make_tmp ("dpdk-net-XXXXXX", &error);

      g_assert_no_error (error);
      net_run ("curl -sSf -m 60 --no-keepalive --parallel --parallel-immediate --parallel-max %d "
               "-o '%s/#1' 'http://%s/bytes/[%u-%u]'",
               N_PARALLEL, directory, hosts[i], first, first + N_PARALLEL - 1);
      assert_files (directory, first);
      net_run ("rm -r '%s'", directory);
    }
  stop_server (server, 2 * N_PARALLEL, 2 * N_PARALLEL);
}

/* reads one answer, byte by byte up to the end of the head */
static void
assert_answer (int fd, gsize size)
{
  g_autoptr (GString) head = g_string_new (NULL);
  g_autofree char *length = g_strdup_printf ("\r\nContent-Length: %" G_GSIZE_FORMAT "\r\n", size);
  g_autofree guint8 *body = g_malloc (size + 1);
  g_autofree guint8 *expected = g_malloc (size + 1);

  while (!g_str_has_suffix (head->str, "\r\n\r\n"))
    {
      char c;

      net_kernel_read (fd, &c, 1);
      g_string_append_c (head, c);
    }
  g_assert_true (g_str_has_prefix (head->str, "HTTP/1.1 200 "));
  g_assert_nonnull (strstr (head->str, length));
  net_kernel_read (fd, body, size);
  fill_pattern (expected, size, 0);
  g_assert_cmpmem (body, size, expected, size);
}

static void
append_request (GString *out, guint size)
{
  g_string_append_printf (out, "GET /bytes/%u HTTP/1.1\r\nHost: %s\r\n\r\n", size, NET_OUR_V4);
}

#define N_KEPT 200

static void
test_keep_alive (void)
{
  const char *hosts[] = { NET_OUR_V4, NET_OUR_V6 };
  DpdkTestProcess *server = start_server ("");

  for (guint i = 0; i < G_N_ELEMENTS (hosts); i++)
    {
      int fd = net_kernel_connect (hosts[i], PORT);

      for (guint j = 0; j < N_KEPT; j++)
        {
          g_autoptr (GString) request = g_string_new (NULL);

          append_request (request, j * 97);
          net_kernel_write (fd, request->str, request->len);
          assert_answer (fd, j * 97);
        }
      net_kernel_finish (fd);
      net_kernel_assert_at_end (fd);
      net_kernel_close (fd);
    }
  stop_server (server, 2, 2 * N_KEPT);
}

typedef struct {
  int fd;
  GString *text;
  gsize chunk;
} Sender;

static gpointer
send_in_chunks (gpointer data)
{
  Sender *self = data;

  for (gsize at = 0; at < self->text->len; at += self->chunk)
    net_kernel_write (self->fd, self->text->str + at, MIN (self->chunk, self->text->len - at));
  return NULL;
}

/* all requests at once, and each in pieces that end anywhere */
static void
test_pipelining (void)
{
  const gsize chunks[] = { 1000000, 1, 7, 1460 };
  const guint n = 100;
  DpdkTestProcess *server = start_server ("");

  for (guint i = 0; i < G_N_ELEMENTS (chunks); i++)
    {
      g_autoptr (GString) text = g_string_new (NULL);
      Sender sender = { .text = text, .chunk = chunks[i] };
      GThread *thread;

      for (guint j = 0; j < n; j++)
        append_request (text, (j * 7919) % 50000);
      sender.fd = net_kernel_connect (NET_OUR_V4, PORT);
      thread = g_thread_new ("send", send_in_chunks, &sender);
      for (guint j = 0; j < n; j++)
        assert_answer (sender.fd, (j * 7919) % 50000);
      g_thread_join (thread);
      net_kernel_finish (sender.fd);
      net_kernel_assert_at_end (sender.fd);
      net_kernel_close (sender.fd);
    }
  stop_server (server, G_N_ELEMENTS (chunks), G_N_ELEMENTS (chunks) * n);
}

/* a client that goes away in the middle of a body is no reason for anything */
static void
test_client_goes_away (void)
{
  const guint n = dpdk_test_scale (100);
  DpdkTestProcess *server = start_server ("");
  g_autofree char *output = NULL;

  for (guint i = 0; i < n; i++)
    {
      static const char request[] = "GET /bytes/10000000 HTTP/1.1\r\nHost: x\r\n\r\n";
      int fd = net_kernel_connect (i % 2 == 0 ? NET_OUR_V4 : NET_OUR_V6, PORT);
      guint8 buffer[5000];

      net_kernel_write (fd, request, strlen (request));
      net_kernel_read (fd, buffer, 1 + i * 40 % sizeof buffer);
      if (i % 3 == 0)
        net_kernel_reset (fd);
      else
        net_kernel_close (fd);
    }
  assert_body (NET_OUR_V4, MEBIBYTE);
  stop_server (server, n + 1, n + 1);
}

/* the server is told to end while it serves */
static void
test_stop_while_serving (void)
{
  DpdkTestProcess *server = start_server ("");
  int fds[20];

  for (guint i = 0; i < G_N_ELEMENTS (fds); i++)
    {
      static const char request[] = "GET /bytes/100000000 HTTP/1.1\r\nHost: x\r\n\r\n";
      guint8 buffer[1000];

      fds[i] = net_kernel_connect (NET_OUR_V4, PORT);
      net_kernel_write (fds[i], request, strlen (request));
      net_kernel_read (fds[i], buffer, sizeof buffer);
    }
  stop_server (server, G_N_ELEMENTS (fds), G_N_ELEMENTS (fds));
  for (guint i = 0; i < G_N_ELEMENTS (fds); i++)
    net_kernel_close (fds[i]);
}

int
main (int argc, char **argv)
{
  dpdk_test_init (&argc, &argv);
  dpdk_test_add_func ("/net/http/bodies", DPDK_TEST_FLAGS_NETWORK, test_bodies);
  dpdk_test_add_func ("/net/http/head", DPDK_TEST_FLAGS_NETWORK, test_head);
  dpdk_test_add_func ("/net/http/parallel", DPDK_TEST_FLAGS_NETWORK, test_parallel);
  dpdk_test_add_func ("/net/http/keep-alive", DPDK_TEST_FLAGS_NETWORK, test_keep_alive);
  dpdk_test_add_func ("/net/http/pipelining", DPDK_TEST_FLAGS_NETWORK, test_pipelining);
  dpdk_test_add_func ("/net/http/client-goes-away", DPDK_TEST_FLAGS_NETWORK, test_client_goes_away);
  dpdk_test_add_func ("/net/http/stop-while-serving", DPDK_TEST_FLAGS_NETWORK,
                      test_stop_while_serving);
  return g_test_run ();
}
