/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* TLS over our connections, with peers behind the kernel's: the same library, OpenSSL and curl */
#include "net-kernel.h"
#include "net-tls.h"

#include <string.h>

#define MEBIBYTE (1024 * 1024)

static const NetFamily families[] = NET_FAMILIES;

static void
connect_to_us (DpdkRuntime *runtime, const NetFamily *family, GIOStream **ours, GIOStream **kernels)
{
  DpdkTcpListener *listener = net_listen (runtime, family->ours, 0);
  int fd = net_kernel_connect (family->ours, net_listener_get_port (listener));

  *ours = G_IO_STREAM (net_accept (listener));
  *kernels = net_kernel_stream_new (fd);
  net_release (listener);
}

static void
connect_to_kernel (DpdkRuntime *runtime, const NetFamily *family, GIOStream **ours,
                   GIOStream **kernels)
{
  guint16 port = 0;
  int listener = net_kernel_listen (family->kernels, 1, &port);

  *ours = G_IO_STREAM (net_connect (runtime, family->kernels, port));
  *kernels = net_kernel_stream_new (net_kernel_accept (listener));
  net_kernel_close (listener);
}

/* The end that writes on after it has read the end is the server. */
static gpointer
server_thread (gpointer data)
{
  GIOStream *base = data;
  GIOStream *stream = net_tls_server_new (base);

  net_stream_read_pattern (stream, 0, MEBIBYTE);
  net_stream_write_pattern (stream, 5, 2 * MEBIBYTE);
  net_stream_read_pattern (stream, 9, 1000);
  net_tls_assert_at_end (stream);
  net_stream_write_pattern (stream, 7, MEBIBYTE);
  net_tls_close (stream);
  net_release_later (stream);
  return NULL;
}

static void
be_client (GIOStream *base, const char *host)
{
  GIOStream *stream = net_tls_client_new (base, host);

  net_tls_handshake (stream);
  net_stream_write_pattern (stream, 0, MEBIBYTE);
  net_stream_read_pattern (stream, 5, 2 * MEBIBYTE);
  net_stream_write_pattern (stream, 9, 1000);
  net_tls_finish (stream);
  net_stream_read_pattern (stream, 7, MEBIBYTE);
  net_tls_assert_at_end (stream);
  net_tls_close (stream);
  net_release_later (stream);
}

static void
exchange (GIOStream *client, const char *host, GIOStream *server)
{
  GThread *thread = g_thread_new ("server", server_thread, server);

  be_client (client, host);
  g_thread_join (thread);
}

static void
test_client (void)
{
  DpdkRuntime *runtime = net_start ();

  for (guint i = 0; i < G_N_ELEMENTS (families); i++)
    {
      GIOStream *ours, *kernels;

      connect_to_kernel (runtime, &families[i], &ours, &kernels);
      exchange (ours, families[i].kernels, kernels);
      g_object_unref (kernels);
      net_release_later (ours);
    }
  net_stop (runtime);
}

static void
test_server (void)
{
  DpdkRuntime *runtime = net_start ();

  for (guint i = 0; i < G_N_ELEMENTS (families); i++)
    {
      GIOStream *ours, *kernels;

      connect_to_us (runtime, &families[i], &ours, &kernels);
      exchange (kernels, families[i].ours, ours);
      g_object_unref (kernels);
      net_release_later (ours);
    }
  net_stop (runtime);
}

static const char *const versions[] = { "-tls1_2", "-tls1_3" };

/* each line comes back with its letters in reverse order */
static void
ask_openssl (DpdkRuntime *runtime, const NetFamily *family, guint16 port)
{
  GIOStream *base = G_IO_STREAM (net_connect (runtime, family->kernels, port));
  GIOStream *stream = net_tls_client_new (base, NET_TLS_NAME);
  GOutputStream *output = g_io_stream_get_output_stream (stream);
  GInputStream *input = g_io_stream_get_input_stream (stream);
  g_autoptr (GError) error = NULL;

  for (gsize size = 1; size < 16000; size += size)
    {
      g_autofree char *line = g_strnfill (size + 1, 'x');
      g_autofree char *answer = g_malloc (size + 1);
      gsize n;

      line[0] = 'a';
      line[size] = '\n';
      g_output_stream_write_all (output, line, size + 1, NULL, NULL, &error);
      g_assert_no_error (error);
      g_input_stream_read_all (input, answer, size + 1, &n, NULL, &error);
      g_assert_no_error (error);
      g_assert_cmpuint (n, ==, size + 1);
      line[0] = size > 1 ? 'x' : 'a';
      line[size - 1] = 'a';
      g_assert_cmpmem (answer, n, line, size + 1);
    }
  net_tls_close (stream);
  net_release_later (stream);
  net_release_later (base);
}

static gboolean
is_listening (const char *host, guint16 port)
{
  int error_number;
  int fd = net_kernel_try_connect (host, port, &error_number);

  if (fd >= 0)
    net_kernel_close (fd);
  return fd >= 0;
}

static void
test_openssl_server (void)
{
  DpdkRuntime *runtime = net_start ();
  const char *path = NET_TLS_PEM;

  for (guint i = 0; i < G_N_ELEMENTS (families); i++)
    for (guint j = 0; j < G_N_ELEMENTS (versions); j++)
      {
        g_autofree char *command =
            g_strdup_printf ("exec openssl s_server -quiet -rev -accept %u -cert '%s' -key '%s' %s "
                             "2>/dev/null",
                             7000 + i * 2 + j, path, path, versions[j]);
        const char *const argv[] = { "/bin/sh", "-c", command, NULL };
        g_autoptr (GError) error = NULL;
        DpdkTestProcess *server = dpdk_test_process_spawn_program (argv, &error);
        guint16 port = (guint16) (7000 + i * 2 + j);

        g_assert_no_error (error);
        DPDK_TEST_WAIT_UNTIL (is_listening (families[i].kernels, port));
        ask_openssl (runtime, &families[i], port);
        dpdk_test_process_kill (server, SIGTERM);
        dpdk_test_process_wait (server);
        dpdk_test_assert_finalize (server);
      }
  net_stop (runtime);
}

static char *
dup_name (DpdkTcpListener *listener)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GSocketAddress) address =
      dpdk_socket_get_local_address (DPDK_SOCKET (listener), &error);

  g_assert_no_error (error);
  return g_socket_connectable_to_string (G_SOCKET_CONNECTABLE (address));
}

typedef struct {
  DpdkTcpListener *listener;
  gsize size;
} Echo;

/* all of it, and then all of it back */
static gpointer
echo_thread (gpointer data)
{
  Echo *self = data;
  GIOStream *base = G_IO_STREAM (net_accept (self->listener));
  GIOStream *stream = net_tls_server_new (base);

  net_stream_read_pattern (stream, 0, self->size);
  net_stream_write_pattern (stream, 0, self->size);
  net_tls_close (stream);
  net_release_later (stream);
  net_release_later (base);
  return NULL;
}

static void
test_openssl_client (void)
{
  DpdkRuntime *runtime = net_start ();
  const char *path = NET_TLS_PEM;
  g_autoptr (GError) error = NULL;
  g_autofree char *data = g_malloc (MEBIBYTE);
  g_autofree char *data_path = NULL;

  net_kernel_close (g_file_open_tmp ("dpdk-net-XXXXXX", &data_path, &error));
  g_assert_no_error (error);
  for (gsize at = 0; at < MEBIBYTE; at += NET_PATTERN_SIZE)
    memcpy (data + at, net_pattern (at), NET_PATTERN_SIZE);
  g_file_set_contents (data_path, data, MEBIBYTE, &error);
  g_assert_no_error (error);
  for (guint i = 0; i < G_N_ELEMENTS (families); i++)
    for (guint j = 0; j < G_N_ELEMENTS (versions); j++)
      {
        Echo echo = { net_listen (runtime, families[i].ours, 0), MEBIBYTE };
        g_autofree char *name = dup_name (echo.listener);
        GThread *thread = g_thread_new ("echo", echo_thread, &echo);

        net_run ("openssl s_client -quiet -nocommands %s -connect '%s' -CAfile '%s' "
                 "-verify_return_error -verify_hostname " NET_TLS_NAME
                 " <'%s' 2>/dev/null | cmp - '%s'",
                 versions[j], name, path, data_path, data_path);
        g_thread_join (thread);
        net_release (echo.listener);
      }
  net_run ("rm '%s'", data_path);
  net_stop (runtime);
}

#define N_REQUESTS 3

static gpointer
http_thread (gpointer data)
{
  Echo *self = data;
  GIOStream *base = G_IO_STREAM (net_accept (self->listener));
  GIOStream *stream = net_tls_server_new (base);
  GInputStream *input = g_io_stream_get_input_stream (stream);
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < N_REQUESTS; i++)
    {
      g_autoptr (GString) request = g_string_new (NULL);
      g_autofree char *head = g_strdup_printf (
          "HTTP/1.1 200 OK\r\nContent-Length: %" G_GSIZE_FORMAT "\r\n\r\n", self->size);
      char c;

      while (!g_str_has_suffix (request->str, "\r\n\r\n"))
        {
          g_assert_cmpint (g_input_stream_read (input, &c, 1, NULL, &error), ==, 1);
          g_assert_no_error (error);
          g_string_append_c (request, c);
        }
      g_assert_true (g_str_has_prefix (request->str, "GET /"));
      g_output_stream_write_all (g_io_stream_get_output_stream (stream), head, strlen (head), NULL,
                                 NULL, &error);
      g_assert_no_error (error);
      net_stream_write_pattern (stream, 0, self->size);
    }
  net_tls_assert_at_end (stream);
  net_tls_close (stream);
  net_release_later (stream);
  net_release_later (base);
  return NULL;
}

/* checks the certificate, and keeps the connection for all of its requests */
static void
test_curl (void)
{
  DpdkRuntime *runtime = net_start ();
  const char *path = NET_TLS_PEM;

  for (guint i = 0; i < G_N_ELEMENTS (families); i++)
    {
      Echo echo = { net_listen (runtime, families[i].ours, 0), 50000 };
      g_autofree char *name = dup_name (echo.listener);
      GThread *thread = g_thread_new ("http", http_thread, &echo);
      g_autoptr (GBytes) expected = g_bytes_new_static (net_pattern (0), echo.size);
      g_autofree char *sum = g_compute_checksum_for_bytes (G_CHECKSUM_SHA256, expected);
      g_autofree char *output = NULL;
      g_autofree char *expected_output = g_strdup_printf ("%s  -\n", sum);
      int wait_status;

      output = net_run_for_output (
          &wait_status,
          "curl -sSf -m 30 --http1.1 --cacert '%s' 'https://%s/[1-%d]' | tail -c %" G_GSIZE_FORMAT
          " | sha256sum",
          path, name, N_REQUESTS, echo.size);
      g_assert_cmpint (wait_status, ==, 0);
      g_assert_cmpstr (output, ==, expected_output);
      g_thread_join (thread);
      net_release (echo.listener);
    }
  net_stop (runtime);
}

int
main (int argc, char **argv)
{
  dpdk_test_init (&argc, &argv);
  if (net_tls_is_missing ())
    return 0;
  dpdk_test_add_func ("/net/tls/client", DPDK_TEST_FLAGS_NETWORK, test_client);
  dpdk_test_add_func ("/net/tls/server", DPDK_TEST_FLAGS_NETWORK, test_server);
  dpdk_test_add_func ("/net/tls/openssl-client", DPDK_TEST_FLAGS_NETWORK, test_openssl_client);
  dpdk_test_add_func ("/net/tls/openssl-server", DPDK_TEST_FLAGS_NETWORK, test_openssl_server);
  dpdk_test_add_func ("/net/tls/curl", DPDK_TEST_FLAGS_NETWORK, test_curl);
  return g_test_run ();
}
