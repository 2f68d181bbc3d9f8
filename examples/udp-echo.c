/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "example-program.h"

#include <stdio.h>
#include <string.h>

#define BUFFER_SIZE 65536
#define SHUTDOWN_MS 5000

static int port = 7;
static int timeout_ms = 1000;
static int attempts = 5;

static const GOptionEntry option_entries[] = {
  { "port", 'p', G_OPTION_FLAG_NONE, G_OPTION_ARG_INT, &port,
    "The port that the server binds (default 7)", "N" },
  { "timeout", 't', G_OPTION_FLAG_NONE, G_OPTION_ARG_INT, &timeout_ms,
    "How long the client waits for an answer (default 1000)", "MILLISECONDS" },
  { "attempts", 'a', G_OPTION_FLAG_NONE, G_OPTION_ARG_INT, &attempts,
    "How often the client sends before it gives up (default 5)", "N" },
  G_OPTION_ENTRY_NULL,
};

static gboolean
on_readable (GDatagramBased *socket, GIOCondition condition, gpointer user_data)
{
  static char buffer[BUFFER_SIZE];
  GInputVector vector = { buffer, sizeof buffer };

  if ((condition & G_IO_HUP) != 0)
    return G_SOURCE_REMOVE;

  while (TRUE)
    {
      g_autoptr (GSocketAddress) address = NULL;
      GInputMessage in = { .address = &address, .vectors = &vector, .num_vectors = 1 };
      GOutputVector answer;
      GOutputMessage out = { .vectors = &answer, .num_vectors = 1 };

      if (g_datagram_based_receive_messages (socket, &in, 1, 0, 0, NULL, NULL) < 1)
        return G_SOURCE_CONTINUE;

      /* An answer that has no room is lost, as any datagram may be. */
      answer.buffer = buffer;
      answer.size = in.bytes_received;
      out.address = address;
      g_datagram_based_send_messages (socket, &out, 1, 0, 0, NULL, NULL);
    }
}

static gboolean
run_server (DpdkRuntime *runtime, GError **error)
{
  g_autoptr (DpdkUdpSocket) socket = NULL;
  g_autoptr (GInetAddress) any = g_inet_address_new_any (G_SOCKET_FAMILY_IPV6);
  g_autoptr (GSocketAddress) address = g_inet_socket_address_new (any, port);
  g_autoptr (GSource) source = NULL;
  gboolean success;

  /* For both families, and all addresses of all ports. */
  socket = dpdk_udp_socket_new (runtime, G_SOCKET_FAMILY_IPV6, error);
  if (socket == NULL || !dpdk_udp_socket_bind (socket, address, error))
    return FALSE;

  source = g_datagram_based_create_source (G_DATAGRAM_BASED (socket), G_IO_IN, NULL);
  g_source_set_callback (source, G_SOURCE_FUNC (on_readable), NULL, NULL);
  g_source_attach (source, NULL);
  g_print ("serving port %d\n", port);
  success = dpdk_runtime_run (runtime, error);
  g_source_destroy (source);

  return success;
}

static gboolean
ask (DpdkUdpSocket *socket, const char *text, gsize length, GError **error)
{
  static char buffer[BUFFER_SIZE];
  GOutputVector out_vector = { text, length };
  GInputVector in_vector = { buffer, sizeof buffer };

  for (int i = 0; i < attempts; i++)
    {
      GOutputMessage out = { .vectors = &out_vector, .num_vectors = 1 };
      GInputMessage in = { .vectors = &in_vector, .num_vectors = 1 };

      g_clear_error (error);
      if (g_datagram_based_send_messages (G_DATAGRAM_BASED (socket), &out, 1, 0, -1, NULL, error) <
          1)
        return FALSE;

      if (g_datagram_based_receive_messages (G_DATAGRAM_BASED (socket), &in, 1, 0,
                                             timeout_ms * G_TIME_SPAN_MILLISECOND, NULL,
                                             error) == 1)
        {
          fwrite (buffer, 1, in.bytes_received, stdout);
          return fflush (stdout) == 0;
        }

      /* A datagram may be lost; whatever else has happened will happen again. */
      if (!g_error_matches (*error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT))
        return FALSE;
    }

  return FALSE;
}

static gboolean
ask_lines (DpdkUdpSocket *socket, GError **error)
{
  g_autoptr (GIOChannel) input = g_io_channel_unix_new (0);
  GIOStatus status;

  g_io_channel_set_encoding (input, NULL, NULL);
  while (TRUE)
    {
      g_autofree char *line = NULL;
      gsize length;

      status = g_io_channel_read_line (input, &line, &length, NULL, error);
      if (status != G_IO_STATUS_NORMAL)
        return status == G_IO_STATUS_EOF;
      if (!ask (socket, line, length, error))
        return FALSE;
    }
}

static gboolean
run_client (DpdkRuntime *runtime, GSocketAddress *address, const char *text, GError **error)
{
  g_autoptr (DpdkUdpSocket) socket =
      dpdk_udp_socket_new (runtime, g_socket_address_get_family (address), error);
  gboolean success;

  if (socket == NULL || !dpdk_udp_socket_connect (socket, address, error))
    return FALSE;

  success = text != NULL ? ask (socket, text, strlen (text), error) : ask_lines (socket, error);

  return success && dpdk_runtime_shutdown (runtime, SHUTDOWN_MS, error);
}

static gboolean
run (int argc, char **argv, GError **error)
{
  g_autoptr (DpdkRuntime) runtime = NULL;
  g_autoptr (GSocketAddress) address = NULL;
  g_autofree char *text = NULL;

  if (g_str_equal (argv[1], "server"))
    {
      runtime = dpdk_runtime_new (error);
      return runtime != NULL && run_server (runtime, error);
    }

  address = example_parse_address (argv[2], argv[3], error);
  if (address == NULL)
    return FALSE;
  if (argc > 4)
    text = g_strjoinv (" ", argv + 4);

  runtime = dpdk_runtime_new (error);

  return runtime != NULL && run_client (runtime, address, text, error);
}

static gboolean
is_usage_right (int argc, char **argv)
{
  if (argc == 2 && g_str_equal (argv[1], "server"))
    return port > 0 && port <= G_MAXUINT16;

  return argc >= 4 && g_str_equal (argv[1], "client") && attempts > 0;
}

int
main (int argc, char **argv)
{
  return example_main (
      argc, argv, "server | client ADDRESS PORT [TEXT...] - UDP echo over DPDK",
      "Without TEXT the client sends each line of its standard input as a datagram.",
      option_entries, is_usage_right, run);
}
