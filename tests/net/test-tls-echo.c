/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* the example "tls-echo": openssl against its server, a server of GIO's against its client, and what
   both say about certificates */
#include "net-kernel.h"
#include "net-program.h"
#include "net-tls.h"

#include <signal.h>
#include <string.h>
#include <sys/wait.h>

#define MEBIBYTE (1024 * 1024)
#define PORT 7007

/* the file of all data that is sent */
static char *
write_data (gsize size)
{
  g_autofree char *data = g_malloc (size);
  g_autoptr (GError) error = NULL;
  char *path = NULL;

  net_kernel_close (g_file_open_tmp ("dpdk-net-XXXXXX", &path, &error));
  g_assert_no_error (error);
  for (gsize at = 0; at < size; at += NET_PATTERN_SIZE)
    memcpy (data + at, net_pattern (at), MIN (size - at, NET_PATTERN_SIZE));
  g_file_set_contents (path, data, (gssize) size, &error);
  g_assert_no_error (error);
  return path;
}

static DpdkTestProcess *
start_server (const char *pem, const char *arguments)
{
  g_autofree char *all = g_strdup_printf ("server --port %d --cert '%s' %s", PORT, pem, arguments);
  DpdkTestProcess *server = net_program_start ("tls-echo", all);

  net_program_wait_for_output (server, "listening on " NET_OUR_V4);
  net_program_wait_for_output (server, "listening on [" NET_OUR_V6 "]");
  net_kernel_up_default ();
  return server;
}

/* NULL, or the error of the exchange */
static GError *
ask (const char *host, GTlsCertificate *certificate, guint64 size)
{
  GIOStream *base = net_kernel_stream_new (net_kernel_connect (host, PORT));
  GIOStream *stream = net_tls_client_new (base, host);
  GError *error = NULL;
  guint8 byte;

  if (certificate != NULL)
    g_tls_connection_set_certificate (G_TLS_CONNECTION (stream), certificate);
  /* with TLS 1.3 the server's verdict comes after the client's end of the handshake */
  if (g_tls_connection_handshake (G_TLS_CONNECTION (stream), NULL, &error) &&
      g_output_stream_write_all (g_io_stream_get_output_stream (stream), net_pattern (0), 1, NULL,
                                 NULL, &error) &&
      g_input_stream_read_all (g_io_stream_get_input_stream (stream), &byte, 1, NULL, NULL, &error))
    {
      for (guint64 done = 0; done < size; done += NET_PATTERN_SIZE)
        {
          net_stream_write_pattern (stream, done, NET_PATTERN_SIZE);
          net_stream_read_pattern (stream, done, NET_PATTERN_SIZE);
        }
      net_tls_finish (stream);
      net_tls_assert_at_end (stream);
    }
  g_io_stream_close (stream, NULL, NULL);
  g_object_unref (stream);
  g_object_unref (base);
  return error;
}

static void
test_server (void)
{
  const char *pem = NET_TLS_PEM;
  DpdkTestProcess *server = start_server (pem, "2>/dev/null");
  g_autofree char *output = NULL;

  g_assert_no_error (ask (NET_OUR_V4, NULL, 2 * MEBIBYTE));
  g_assert_no_error (ask (NET_OUR_V6, NULL, 2 * MEBIBYTE));
  /* clients that never become one */
  for (guint i = 0; i < 30; i++)
    {
      int fd = net_kernel_connect (NET_OUR_V4, PORT);

      if (i % 3 == 0)
        net_kernel_write (fd, "hello", 5);
      if (i % 2 == 0)
        net_kernel_reset (fd);
      else
        net_kernel_close (fd);
    }
  g_assert_no_error (ask (NET_OUR_V4, NULL, MEBIBYTE));
  output = net_program_stop (server, SIGTERM);
}

/* the handshake of a client that says nothing is no reason not to end */
static void
test_stop (void)
{
  const char *pem = NET_TLS_PEM;
  DpdkTestProcess *server = start_server (pem, "2>/dev/null");
  g_autofree char *output = NULL;
  int fds[5];

  for (guint i = 0; i < G_N_ELEMENTS (fds); i++)
    fds[i] = net_kernel_connect (NET_OUR_V4, PORT);
  output = net_program_stop (server, SIGINT);
  for (guint i = 0; i < G_N_ELEMENTS (fds); i++)
    net_kernel_close (fds[i]);
}

static void
test_client_certificate (void)
{
  const char *pem = NET_TLS_PEM;
  g_autofree char *log = write_data (0);
  g_autofree char *arguments = g_strdup_printf ("--ca '%s' 2>'%s'", pem, log);
  DpdkTestProcess *server = start_server (pem, arguments);
  g_autofree char *output = NULL;
  g_autoptr (GTlsCertificate) certificate = net_tls_certificate_new ();
  g_autoptr (GError) error = NULL;

  g_assert_no_error (ask (NET_OUR_V4, certificate, MEBIBYTE));
  error = ask (NET_OUR_V4, NULL, MEBIBYTE);
  g_assert_nonnull (error);
  output = net_program_stop (server, SIGTERM);
  net_run ("grep -q '^tls-echo: " NET_KERNEL_V4 ":' '%s'", log);
  net_run ("rm '%s'", log);
}

static void
serve_echo (int fd, gpointer data)
{
  g_autoptr (GIOStream) base = net_kernel_stream_new (fd);
  g_autoptr (GIOStream) stream = net_tls_server_new (base);
  g_autoptr (GError) error = NULL;

  /* some of the clients do not like the certificate */
  if (!g_tls_connection_handshake (G_TLS_CONNECTION (stream), NULL, NULL))
    return;
  g_output_stream_splice (g_io_stream_get_output_stream (stream),
                          g_io_stream_get_input_stream (stream), G_OUTPUT_STREAM_SPLICE_NONE, NULL,
                          &error);
  /* with TLS 1.3 its dislike comes later */
  if (error == NULL)
    net_tls_close (stream);
}

/* gives what it has written to standard output and error; the end of @arguments may be a redirection */
static char *
run_client (const char *arguments, const char *host, guint16 port, const char *rest, int status)
{
  g_autofree char *all = g_strdup_printf ("%s client %s %u %s 2>&1", arguments, host, port, rest);
  DpdkTestProcess *client = net_program_start ("tls-echo", all);
  char *output;
  int wait_status;

  net_kernel_up_default ();
  wait_status = dpdk_test_process_wait (client);
  output = net_program_get_output (client, NULL);
  if (!WIFEXITED (wait_status) || WEXITSTATUS (wait_status) != status)
    g_error ("wait status %d of a client with \"%s\": %s", wait_status, arguments, output);
  dpdk_test_assert_finalize (client);
  return output;
}

static void
test_client (void)
{
  NetKernelServer *server = net_kernel_server_new ("::", serve_echo, NULL);
  guint16 port = net_kernel_server_get_port (server);
  const char *pem = NET_TLS_PEM;
  g_autofree char *data = write_data (4 * MEBIBYTE);
  g_autofree char *trust = g_strdup_printf ("--ca '%s'", pem);
  g_autofree char *trust_name = g_strdup_printf ("--ca '%s' --name " NET_TLS_NAME, pem);
  g_autofree char *trust_wrong = g_strdup_printf ("--ca '%s' --name example.org", pem);
  g_autofree char *show = g_strdup_printf ("--ca '%s' --cert '%s'", pem, pem);
  g_autofree char *from_file = g_strdup_printf ("<'%s' | cmp - '%s'", data, data);
  const struct {
    const char *arguments;
    const char *host;
    const char *rest;
    int status;
    /* in what it writes */
    const char *expected;
  } runs[] = {
    { trust, NET_KERNEL_V4, "hello to you", 0, "hello to you" },
    { trust_name, NET_KERNEL_V6, "hello to you", 0, "hello to you" },
    { show, NET_KERNEL_V6, "hello to you", 0, "hello to you" },
    { trust_wrong, NET_KERNEL_V4, "hello", 1, "it is for another name" },
    { "", NET_KERNEL_V4, "hello", 1, "nobody who is trusted has signed it" },
    { "--insecure", NET_KERNEL_V4, "hello to you", 0, "hello to you" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (runs); i++)
    {
      g_autofree char *output =
          run_client (runs[i].arguments, runs[i].host, port, runs[i].rest, runs[i].status);

      if (strstr (output, runs[i].expected) == NULL)
        g_error ("run %u: not in its output: \"%s\": %s", i, runs[i].expected, output);
    }
  {
    g_autofree char *output = run_client (trust, NET_KERNEL_V4, port, from_file, 0);

    g_assert_cmpstr (output, ==, "");
  }
  net_run ("rm '%s'", data);
  net_kernel_server_free (server);
}

/* refused before anything is started */
static void
test_usage (void)
{
  static const struct {
    const char *arguments;
    int status;
  } wrong[] = {
    { "", 2 },
    { "server", 2 },
    { "client", 2 },
    { "client 192.0.2.1", 2 },
    { "--no-such", 2 },
    { "client nobody 7", 1 },
    { "client 192.0.2.1 70000", 1 },
    { "--ca /nowhere client 192.0.2.1 7", 1 },
    { "--cert /nowhere server", 1 },
  };

  for (guint i = 0; i < G_N_ELEMENTS (wrong); i++)
    {
      g_autofree char *arguments = g_strconcat (wrong[i].arguments, " 2>/dev/null", NULL);
      DpdkTestProcess *process = net_program_start ("tls-echo", arguments);
      int wait_status = dpdk_test_process_wait (process);

      g_assert_true (WIFEXITED (wait_status));
      g_assert_cmpint (WEXITSTATUS (wait_status), ==, wrong[i].status);
      dpdk_test_assert_finalize (process);
    }
}

int
main (int argc, char **argv)
{
  dpdk_test_init (&argc, &argv);
  if (net_tls_is_missing ())
    return 0;
  dpdk_test_add_func ("/net/tls-echo/server", DPDK_TEST_FLAGS_NETWORK, test_server);
  dpdk_test_add_func ("/net/tls-echo/stop", DPDK_TEST_FLAGS_NETWORK, test_stop);
  dpdk_test_add_func ("/net/tls-echo/client-certificate", DPDK_TEST_FLAGS_NETWORK,
                      test_client_certificate);
  dpdk_test_add_func ("/net/tls-echo/client", DPDK_TEST_FLAGS_NETWORK, test_client);
  dpdk_test_add_func ("/net/tls-echo/usage", DPDK_TEST_FLAGS_NONE, test_usage);
  return g_test_run ();
}
