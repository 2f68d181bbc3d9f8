/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "example-program.h"

#define BACKLOG 512
#define DRAIN_MS 10000
#define SHUTDOWN_MS 10000

GSocketAddress *
example_parse_address (const char *host, const char *service, GError **error)
{
  GSocketAddress *address;
  guint64 number;

  if (!g_ascii_string_to_unsigned (service, 10, 1, G_MAXUINT16, &number, error))
    return NULL;

  address = g_inet_socket_address_new_from_string (host, number);
  if (address == NULL)
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "'%s' is not an address", host);

  return address;
}

gboolean
example_listen (DpdkRuntime *runtime, guint16 port, ExampleIncomingFunc incoming,
                gpointer user_data, GPtrArray *listeners, GError **error)
{
  GPtrArray *devices = dpdk_config_get_devices (dpdk_runtime_get_config (runtime));

  for (guint i = 0; i < devices->len; i++)
    {
      GPtrArray *addresses = dpdk_device_config_get_addresses (devices->pdata[i]);

      if (dpdk_device_config_get_role (devices->pdata[i]) != DPDK_DEVICE_ROLE_DPDK)
        continue;

      for (guint j = 0; j < addresses->len; j++)
        {
          GInetAddress *address = dpdk_interface_address_get_address (addresses->pdata[j]);
          g_autoptr (GSocketAddress) socket_address = g_inet_socket_address_new (address, port);
          g_autofree char *text =
              g_socket_connectable_to_string (G_SOCKET_CONNECTABLE (socket_address));
          DpdkTcpListener *listener =
              dpdk_tcp_listener_new (runtime, socket_address, BACKLOG, error);

          if (listener == NULL)
            return FALSE;

          g_ptr_array_add (listeners, listener);
          g_signal_connect (listener, "incoming", G_CALLBACK (incoming), user_data);
          g_print ("listening on %s\n", text);
        }
    }

  return TRUE;
}

static gboolean
on_drain_timeout (gpointer user_data)
{
  gboolean *is_late = user_data;

  *is_late = TRUE;

  return G_SOURCE_CONTINUE;
}

gboolean
example_drain (const guint *n_open, GError **error)
{
  gboolean is_late = FALSE;
  guint timeout = g_timeout_add (DRAIN_MS, on_drain_timeout, &is_late);

  while (g_atomic_int_get (n_open) > 0 && !is_late)
    g_main_context_iteration (NULL, TRUE);
  g_source_remove (timeout);

  if (g_atomic_int_get (n_open) > 0)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT,
                   "%u connections did not end with the runtime", g_atomic_int_get (n_open));
      return FALSE;
    }

  return TRUE;
}

gboolean
example_end (DpdkRuntime *runtime, GError **error)
{
  g_autoptr (DpdkEal) eal = dpdk_eal_dup_current ();

  return dpdk_runtime_shutdown (runtime, SHUTDOWN_MS, error) &&
         (eal == NULL || dpdk_eal_shutdown (eal, SHUTDOWN_MS, error));
}

int
example_main (int argc, char **argv, const char *parameters, const char *summary,
              const GOptionEntry *entries, ExampleUsageFunc is_usage_right, ExampleRunFunc run)
{
  g_autoptr (GOptionContext) context = g_option_context_new (parameters);
  g_autoptr (GError) error = NULL;

  g_option_context_set_summary (context, summary);
  g_option_context_add_main_entries (context, entries, NULL);
  if (!g_option_context_parse (context, &argc, &argv, &error))
    {
      g_printerr ("%s: %s\n", g_get_prgname (), error->message);
      return 2;
    }

  if (!is_usage_right (argc, argv))
    {
      g_autofree char *help = g_option_context_get_help (context, TRUE, NULL);

      g_printerr ("%s", help);
      return 2;
    }

  if (!run (argc, argv, &error))
    {
      g_printerr ("%s: %s\n", g_get_prgname (), error->message);
      return 1;
    }

  return 0;
}
