/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "example-echo.h"
#include "example-program.h"

#define SHUTDOWN_MS 5000

static int port = 7;
static char **name_servers;
static guint n_open;

static const GOptionEntry option_entries[] = {
  { "port", 'p', G_OPTION_FLAG_NONE, G_OPTION_ARG_INT, &port,
    "The port that the server listens on (default 7)", "N" },
  { "name-server", 'n', G_OPTION_FLAG_NONE, G_OPTION_ARG_STRING_ARRAY, &name_servers,
    "Where the client looks names up over DPDK; may be given several times", "ADDRESS[:PORT]" },
  G_OPTION_ENTRY_NULL,
};

static void
on_incoming (DpdkTcpListener *listener, DpdkTcpConnection *connection, gpointer user_data)
{
  example_echo_serve (G_IO_STREAM (connection), &n_open);
}

static gboolean
run_server (DpdkRuntime *runtime, GError **error)
{
  g_autoptr (GPtrArray) listeners = g_ptr_array_new_with_free_func (g_object_unref);

  return example_listen (runtime, port, on_incoming, NULL, listeners, error) &&
         dpdk_runtime_run (runtime, error) && example_drain (&n_open, error);
}

static gboolean
run_client (DpdkRuntime *runtime, GSocketConnectable *server, const char *text, GError **error)
{
  g_autoptr (DpdkTcpClient) client = dpdk_tcp_client_new (runtime);
  g_autoptr (DpdkTcpConnection) connection = NULL;

  /* Without name servers of its own, it looks names up as all programs of this machine do. */
  if (name_servers != NULL)
    {
      g_autoptr (DpdkResolver) resolver =
          dpdk_resolver_new (runtime, (const char *const *) name_servers, error);

      if (resolver == NULL)
        return FALSE;
      dpdk_tcp_client_set_resolver (client, G_RESOLVER (resolver));
    }

  connection = dpdk_tcp_client_connect (client, server, NULL, error);

  return connection != NULL && example_echo_ask (G_IO_STREAM (connection), text, error) &&
         dpdk_runtime_shutdown (runtime, SHUTDOWN_MS, error);
}

static gboolean
run (int argc, char **argv, GError **error)
{
  g_autoptr (DpdkRuntime) runtime = NULL;
  g_autoptr (GSocketConnectable) server = NULL;
  g_autofree char *text = NULL;
  guint64 number;

  if (g_str_equal (argv[1], "server"))
    {
      runtime = dpdk_runtime_new (error);
      return runtime != NULL && run_server (runtime, error);
    }

  if (!g_ascii_string_to_unsigned (argv[3], 10, 1, G_MAXUINT16, &number, error))
    return FALSE;
  server = g_network_address_new (argv[2], number);
  if (argc > 4)
    text = g_strjoinv (" ", argv + 4);

  runtime = dpdk_runtime_new (error);

  return runtime != NULL && run_client (runtime, server, text, error);
}

static gboolean
is_usage_right (int argc, char **argv)
{
  if (argc == 2 && g_str_equal (argv[1], "server"))
    return port > 0 && port <= G_MAXUINT16;

  return argc >= 4 && g_str_equal (argv[1], "client");
}

int
main (int argc, char **argv)
{
  return example_main (argc, argv, "server | client HOST PORT [TEXT...] - echo over DPDK", NULL,
                       option_entries, is_usage_right, run);
}
