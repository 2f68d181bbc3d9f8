/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* the example "soup-server", with curl and raw sockets as its clients */
#include "net-kernel.h"
#include "net-program.h"
#include "net-tls.h"

#include <signal.h>
#include <string.h>
#include <sys/socket.h>

#define MEBIBYTE (1024 * 1024)
#define PORT 8080
#define N_FILES 100

static const char *const hosts[] = { NET_OUR_V4, "[" NET_OUR_V6 "]" };

typedef struct {
  DpdkTestProcess *process;
  char *folder;
  const char *pem;
  gsize large_size;
  /* for curl */
  const char *scheme;
  char *options;
} Server;

static void
write_file (const char *folder, const char *name, gsize size)
{
  g_autofree char *path = g_build_filename (folder, name, NULL);
  g_autofree char *data = g_malloc (size + 1);
  g_autoptr (GError) error = NULL;

  for (gsize at = 0; at < size; at += NET_PATTERN_SIZE)
    memcpy (data + at, net_pattern (at), MIN (size - at, NET_PATTERN_SIZE));
  g_file_set_contents (path, data, (gssize) size, &error);
  g_assert_no_error (error);
}

static void
server_start (Server *self, gboolean is_tls, const char *more_arguments)
{
  g_autofree char *arguments = NULL;
  g_autofree char *tls_arguments = NULL;
  g_autoptr (GError) error = NULL;

  self->folder = g_dir_make_tmp ("dpdk-net-XXXXXX", &error);
  g_assert_no_error (error);
  self->large_size = dpdk_test_scale (24) * (gsize) MEBIBYTE;
  write_file (self->folder, "empty", 0);
  write_file (self->folder, "large", self->large_size);
  write_file (self->folder, "a b.txt", 1000);
  net_run ("mkdir '%s/sub'; echo index >'%s/sub/index.html'; echo secret >'%s.secret'",
           self->folder, self->folder, self->folder);
  for (guint i = 0; i < N_FILES; i++)
    {
      g_autofree char *name = g_strdup_printf ("f%u", i);

      write_file (self->folder, name, i * 997);
    }
  self->pem = is_tls ? NET_TLS_PEM : NULL;
  self->scheme = is_tls ? "https" : "http";
  self->options = is_tls ? g_strdup_printf ("--cacert '%s'", self->pem) : g_strdup ("");
  tls_arguments = is_tls ? g_strdup_printf ("--tls-cert '%s'", self->pem) : g_strdup ("");
  arguments = g_strdup_printf ("--port %d --directory '%s' %s %s", PORT, self->folder,
                               tls_arguments, more_arguments);
  self->process = net_program_start ("soup-server", arguments);
  net_program_wait_for_output (self->process, "listening on " NET_OUR_V4);
  net_program_wait_for_output (self->process, "listening on [" NET_OUR_V6 "]");
  net_kernel_up_default ();
}

static void
server_stop (Server *self, int signal)
{
  g_autofree char *output = net_program_stop (self->process, signal);

  net_run ("rm -r '%s' '%s.secret'", self->folder, self->folder);
  g_free (self->folder);
  g_free (self->options);
}

/* the paths are separated by spaces */
static char *
curl (Server *self, const char *host, const char *arguments, const char *paths, int *wait_status)
{
  g_autoptr (GString) urls = g_string_new (NULL);
  g_auto (GStrv) list = g_strsplit (paths, " ", -1);

  for (guint i = 0; list[i] != NULL; i++)
    g_string_append_printf (urls, " '%s://%s:%d%s'", self->scheme, host, PORT, list[i]);
  return net_run_for_output (wait_status, "curl -sS -m 60 %s %s %s", self->options, arguments,
                             urls->str);
}

static void
assert_curl (Server *self, const char *host, const char *arguments, const char *paths,
             const char *expected)
{
  int wait_status;
  g_autofree char *output = curl (self, host, arguments, paths, &wait_status);

  g_assert_cmpint (wait_status, ==, 0);
  g_assert_cmpstr (output, ==, expected);
}

static void
get_files (Server *server)
{
  for (guint i = 0; i < G_N_ELEMENTS (hosts); i++)
    {
      net_run ("curl -sSf -m 100 %s %s://%s:%d/large | cmp - '%s/large'", server->options,
               server->scheme, hosts[i], PORT, server->folder);
      net_run ("curl -sSf -m 60 %s %s://%s:%d/a%%20b.txt | cmp - '%s/a b.txt'", server->options,
               server->scheme, hosts[i], PORT, server->folder);
      assert_curl (server, hosts[i], "-f", "/empty", "");
      assert_curl (server, hosts[i], "-f", "/sub/", "index\n");
    }
}

/* all requests of a client are answered on one connection, of which it counts the new ones */
static void
keep_alive (Server *server)
{
  for (guint i = 0; i < G_N_ELEMENTS (hosts); i++)
    {
      assert_curl (server, hosts[i], "-o /dev/null -o /dev/null -w '%{num_connects} '", "/f10 /f20",
                   "1 0 ");
      assert_curl (server, hosts[i],
                   "-o /dev/null -o /dev/null -o /dev/null -o /dev/null "
                   "-w '%{http_code}:%{num_connects} '",
                   "/empty /nothing /status /large", "200:1 404:0 200:0 200:0 ");
      assert_curl (server, hosts[i], "-I -o /dev/null -o /dev/null -w '%{num_connects} '",
                   "/f10 /large", "1 0 ");
      /* the old version has to ask for it */
      assert_curl (server, hosts[i], "--http1.0 -o /dev/null -o /dev/null -w '%{num_connects} '",
                   "/f10 /f20", "1 1 ");
    }
}

static void
parallel (Server *server)
{
  for (guint i = 0; i < G_N_ELEMENTS (hosts); i++)
    {
      net_run ("curl -sf -m 100 %s --parallel --parallel-immediate --parallel-max %d "
               "-o '%s/got#1' '%s://%s:%d/f[0-%d]'",
               server->options, N_FILES, server->folder, server->scheme, hosts[i], PORT,
               N_FILES - 1);
      net_run ("cd '%s' && for i in $(seq 0 %d); do cmp f$i got$i || exit 1; done", server->folder,
               N_FILES - 1);
    }
}

static void
ranges (Server *server)
{
  static const struct {
    const char *range;
    gsize skip;
    gsize count;
  } parts[] = {
    { "0-0", 0, 1 },
    { "100-199", 100, 100 },
    { "65536-", 65536, 0 },
    { "1000000-1500000", 1000000, 500001 },
  };

  for (guint i = 0; i < G_N_ELEMENTS (parts); i++)
    net_run ("curl -sSf -m 60 %s -r %s %s://%s:%d/large >'%s/part' && "
             "tail -c +%" G_GSIZE_FORMAT " '%s/large' | head -c %" G_GSIZE_FORMAT
             " | cmp - '%s/part'",
             server->options, parts[i].range, server->scheme, hosts[i % 2], PORT, server->folder,
             parts[i].skip + 1, server->folder,
             parts[i].count > 0 ? parts[i].count : server->large_size, server->folder);
  net_run ("curl -sSf -m 60 %s -r -777 %s://%s:%d/large >'%s/part' && "
           "tail -c 777 '%s/large' | cmp - '%s/part'",
           server->options, server->scheme, hosts[0], PORT, server->folder, server->folder,
           server->folder);
  assert_curl (server, hosts[0], "-r 100-199 -o /dev/null -w '%{http_code} %{size_download}'",
               "/large", "206 100");
  assert_curl (server, hosts[0], "-r 99999999999- -o /dev/null -w '%{http_code}'", "/large", "416");
  /* a download that broke off goes on */
  net_run ("cd '%s' && head -c 100000 large >rest && curl -sSf -m 60 %s -C - -o rest "
           "%s://%s:%d/large && cmp large rest",
           server->folder, server->options, server->scheme, hosts[1], PORT);
}

static void
odd_requests (Server *server)
{
  const char *code = "-o /dev/null -w '%{http_code}'";

  assert_curl (server, hosts[0], code, "/no-such-file", "404");
  assert_curl (server, hosts[0], code, "/sub", "404");
  assert_curl (server, hosts[0], code, "/f10/more", "404");
  assert_curl (server, hosts[0], "-X DELETE -o /dev/null -w '%{http_code}'", "/f10", "405");
  assert_curl (server, hosts[0], "--data-binary 12345 -o /dev/null -w '%{http_code}'", "/f10",
               "405");
  {
    g_autofree char *up = g_strdup_printf ("/sub/..%%2f../..%s.secret", server->folder);
    g_autofree char *plain = g_strdup_printf ("/../..%s.secret", server->folder);
    int wait_status;
    g_autofree char *one = curl (server, hosts[0], "--path-as-is", up, &wait_status);
    g_autofree char *two = curl (server, hosts[0], "--path-as-is", plain, &wait_status);

    g_assert_null (strstr (one, "secret\n"));
    g_assert_null (strstr (two, "secret\n"));
  }
  {
    int wait_status;
    g_autofree char *page = curl (server, hosts[0], "-f", "/status", &wait_status);

    g_assert_cmpint (wait_status, ==, 0);
    g_assert_true (g_str_has_prefix (page, "client: " NET_KERNEL_V4 "\n"));
  }
}

static guint
get_open (Server *server)
{
  int wait_status;
  g_autofree char *page = curl (server, hosts[0], "-f", "/status", &wait_status);
  const char *open = strstr (page, "\nopen: ");

  g_assert_nonnull (open);
  return (guint) g_ascii_strtoull (open + strlen ("\nopen: "), NULL, 10);
}

/* nothing is left of clients that hang up: before they ask, while they do, while they are answered */
static void
hang_up (Server *server)
{
  static const char request[] = "GET /large HTTP/1.1\r\nHost: x\r\n\r\n";
  const guint n = dpdk_test_scale (60);

  for (guint i = 0; i < n; i++)
    {
      int fd = net_kernel_connect (i % 2 == 0 ? NET_OUR_V4 : NET_OUR_V6, PORT);
      guint8 buffer[5000];

      net_kernel_write (fd, request, i % 3 == 0 ? 9 : strlen (request));
      if (i % 3 == 2 && server->pem == NULL)
        net_kernel_read (fd, buffer, 1 + i * 40 % sizeof buffer);
      if (i % 4 < 2)
        net_kernel_reset (fd);
      else
        net_kernel_close (fd);
    }
  /* the one that asks */
  DPDK_TEST_WAIT_UNTIL (get_open (server) == 1);
}

static void
run (gconstpointer data)
{
  const char *scheme = data;
  Server server;

  server_start (&server, g_str_equal (scheme, "https"), "");
  get_files (&server);
  keep_alive (&server);
  parallel (&server);
  ranges (&server);
  odd_requests (&server);
  hang_up (&server);
  server_stop (&server, SIGTERM);
}

/* it is told to end while it serves */
static void
run_stop (gconstpointer data)
{
  static const char request[] = "GET /large HTTP/1.1\r\nHost: x\r\n\r\n";
  const char *scheme = data;
  int fds[20];
  Server server;

  server_start (&server, g_str_equal (scheme, "https"), "");
  for (guint i = 0; i < G_N_ELEMENTS (fds); i++)
    {
      guint8 buffer[1000];

      fds[i] = net_kernel_connect (NET_OUR_V4, PORT);
      if (i % 2 == 0 && server.pem == NULL)
        {
          net_kernel_write (fds[i], request, strlen (request));
          net_kernel_read (fds[i], buffer, sizeof buffer);
        }
    }
  server_stop (&server, SIGINT);
  for (guint i = 0; i < G_N_ELEMENTS (fds); i++)
    net_kernel_close (fds[i]);
}

#define IDLE_S 2

/* up to the end of the headers of an answer that has no body */
static gboolean
ask (int fd)
{
  static const char request[] = "GET /empty HTTP/1.1\r\nHost: x\r\n\r\n";
  char answer[1000] = "";

  /* the server may just have closed it */
  if (send (fd, request, strlen (request), MSG_NOSIGNAL) < 0)
    return FALSE;
  for (gsize n = 0; strstr (answer, "\r\n\r\n") == NULL;)
    {
      gssize m = recv (fd, answer + n, sizeof answer - 1 - n, 0);

      if (m <= 0)
        return FALSE;
      n += (gsize) m;
    }
  g_assert_true (g_str_has_prefix (answer, "HTTP/1.1 200"));
  return TRUE;
}

/* gives when the server has answered for the last time; the pauses are shorter than the timeout, but
   together they are longer */
static gint64
ask_with_pauses (int *fd)
{
  gint64 end = 0;
  guint n_answers = 0;

  while (n_answers < 4)
    {
      if (n_answers == 0)
        *fd = net_kernel_connect (NET_OUR_V4, PORT);
      if (n_answers > 0)
        g_usleep (IDLE_S * G_USEC_PER_SEC / 3);
      end = g_get_monotonic_time ();
      if (ask (*fd))
        n_answers++;
      else
        {
          /* this machine was too slow */
          net_kernel_close (*fd);
          n_answers = 0;
        }
    }
  return end;
}

/* whoever does not ask loses the connection; a download does not, however long it takes */
static void
run_idle (gconstpointer data)
{
  static const char request[] = "GET /large HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
  static const char half[] = "GET /empty HTTP/1.1\r\nHo";
  g_autofree char *arguments = g_strdup_printf ("--idle-timeout %d", IDLE_S);
  int silent, asking, slow, idle;
  gint64 start, answered;
  guint64 n_read = 0;
  gssize n;
  Server server;
  static guint8 buffer[65536];

  server_start (&server, FALSE, arguments);
  slow = net_kernel_connect (NET_OUR_V6, PORT);
  net_kernel_write (slow, request, strlen (request));
  start = g_get_monotonic_time ();
  silent = net_kernel_connect (NET_OUR_V4, PORT);
  asking = net_kernel_connect (NET_OUR_V6, PORT);
  net_kernel_write (asking, half, strlen (half));
  net_kernel_assert_at_end (silent);
  /* timers of whole seconds come up to one second early or late */
  g_assert_cmpint (g_get_monotonic_time () - start, >=, (IDLE_S - 1) * G_USEC_PER_SEC);
  net_kernel_assert_at_end (asking);
  net_kernel_close (silent);
  net_kernel_close (asking);

  answered = ask_with_pauses (&idle);
  net_kernel_assert_at_end (idle);
  g_assert_cmpint (g_get_monotonic_time () - answered, >=, (IDLE_S - 1) * G_USEC_PER_SEC);
  net_kernel_close (idle);
  /* by now it has taken longer than the others may */
  while ((n = net_kernel_read_some (slow, buffer, sizeof buffer)) > 0)
    n_read += (guint64) n;
  g_assert_cmpuint (n_read, >, server.large_size);
  net_kernel_close (slow);
  DPDK_TEST_WAIT_UNTIL (get_open (&server) == 1);
  server_stop (&server, SIGTERM);
}

/* the same over TLS, where the client sees the end of the session, too */
static void
run_idle_tls (gconstpointer data)
{
  g_autofree char *arguments = g_strdup_printf ("--idle-timeout %d", IDLE_S);
  g_autoptr (GIOStream) base = NULL;
  g_autoptr (GIOStream) stream = NULL;
  Server server;

  if (net_tls_is_missing ())
    return;
  server_start (&server, TRUE, arguments);
  base = net_kernel_stream_new (net_kernel_connect (NET_OUR_V4, PORT));
  stream = net_tls_client_new (base, NET_OUR_V4);
  net_tls_handshake (stream);
  net_tls_assert_at_end (stream);
  net_tls_close (stream);
  DPDK_TEST_WAIT_UNTIL (get_open (&server) == 1);
  server_stop (&server, SIGTERM);
}

int
main (int argc, char **argv)
{
  dpdk_test_init (&argc, &argv);
  /* many programs are started */
  dpdk_test_set_timeout (240);
  dpdk_test_add_data_func ("/net/soup-server/http", DPDK_TEST_FLAGS_NETWORK, "http", run);
  dpdk_test_add_data_func ("/net/soup-server/http-stop", DPDK_TEST_FLAGS_NETWORK, "http", run_stop);
  dpdk_test_add_data_func ("/net/soup-server/http-idle", DPDK_TEST_FLAGS_NETWORK, NULL, run_idle);
  if (g_tls_backend_supports_tls (g_tls_backend_get_default ()))
    {
      dpdk_test_add_data_func ("/net/soup-server/https", DPDK_TEST_FLAGS_NETWORK, "https", run);
      dpdk_test_add_data_func ("/net/soup-server/https-stop", DPDK_TEST_FLAGS_NETWORK, "https",
                               run_stop);
      dpdk_test_add_data_func ("/net/soup-server/https-idle", DPDK_TEST_FLAGS_NETWORK, NULL,
                               run_idle_tls);
    }
  return g_test_run ();
}
