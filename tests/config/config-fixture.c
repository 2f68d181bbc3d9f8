/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config-fixture.h"

#include <sched.h>
#include <string.h>

guint
config_first_core (void)
{
  cpu_set_t set;

  g_assert_cmpint (sched_getaffinity (0, sizeof set, &set), ==, 0);
  for (guint core = 0; core < CPU_SETSIZE; core++)
    if (CPU_ISSET (core, &set))
      return core;
  g_assert_not_reached ();
}

char *
config_fill_in (const char *text)
{
  g_autofree char *core = g_strdup_printf ("%u", config_first_core ());
  GString *filled = g_string_new (text);

  g_string_replace (filled, "@C@", core, 0);

  return g_string_free (filled, FALSE);
}

DpdkConfig *
config_parse (const char *text, GError **error)
{
  g_autofree char *filled = config_fill_in (text);

  return dpdk_config_new_from_data (filled, -1, error);
}

static void
append_device (GString *dump, DpdkDeviceConfig *device)
{
  GPtrArray *addresses = dpdk_device_config_get_addresses (device);
  GInetAddress *gateways[] = { dpdk_device_config_get_gateway_v4 (device),
                               dpdk_device_config_get_gateway_v6 (device) };

  if (dpdk_device_config_get_pci_address (device) != NULL)
    g_string_append_printf (dump, "pci=%s ", dpdk_device_config_get_pci_address (device));
  if (dpdk_device_config_get_vdev (device) != NULL)
    g_string_append_printf (dump, "vdev=%s ", dpdk_device_config_get_vdev (device));
  if (dpdk_device_config_get_mac (device) != NULL)
    g_string_append_printf (dump, "mac=%s ", dpdk_device_config_get_mac (device));
  for (guint i = 0; i < addresses->len; i++)
    {
      g_autofree char *text = dpdk_interface_address_to_string (g_ptr_array_index (addresses, i));

      g_string_append_printf (dump, "address=%s ", text);
    }
  for (guint i = 0; i < G_N_ELEMENTS (gateways); i++)
    if (gateways[i] != NULL)
      {
        g_autofree char *text = g_inet_address_to_string (gateways[i]);

        g_string_append_printf (dump, "gateway=%s ", text);
      }
  g_string_append_printf (dump, "mtu=%u role=%d ", dpdk_device_config_get_mtu (device),
                          dpdk_device_config_get_role (device));
  if (dpdk_device_config_get_original_name (device) != NULL)
    g_string_append_printf (dump, "name=%s ", dpdk_device_config_get_original_name (device));
}

/* nothing if it is the default */
static void
append_tcp (GString *dump, DpdkConfig *config)
{
  g_autoptr (DpdkTcpOptions) options = dpdk_config_dup_tcp_options (config);
  g_autofree char *text = g_strdup_printf (
      "tcp=%d,%u,%u,%u,%u,%d,%u,%u,%u,%u,%d,%d ", dpdk_tcp_options_get_congestion_control (options),
      dpdk_tcp_options_get_receive_buffer_size (options),
      dpdk_tcp_options_get_send_buffer_size (options), dpdk_tcp_options_get_rto_min (options),
      dpdk_tcp_options_get_ack_delay (options), dpdk_tcp_options_get_keepalive (options),
      dpdk_tcp_options_get_keepalive_idle (options),
      dpdk_tcp_options_get_keepalive_interval (options),
      dpdk_tcp_options_get_keepalive_count (options), dpdk_tcp_options_get_user_timeout (options),
      dpdk_tcp_options_get_timestamps (options), dpdk_tcp_options_get_ecn (options));

  if (strcmp (text, "tcp=0,262144,262144,200,10,0,7200,75,9,0,0,0 ") != 0)
    g_string_append (dump, text);
  if (dpdk_config_get_max_time_wait (config) != 1048576)
    g_string_append_printf (dump, "time-wait=%u ", dpdk_config_get_max_time_wait (config));
}

char *
config_dump (DpdkConfig *config)
{
  GString *dump = g_string_new (NULL);
  GPtrArray *devices = dpdk_config_get_devices (config);
  const char *const *args = dpdk_config_get_eal_args (config);
  const char *const *servers = dpdk_config_get_name_servers (config);
  const guint *cores;
  gsize n_cores;

  cores = dpdk_config_get_cores (config, &n_cores);
  g_assert_cmpuint (n_cores, ==, 1);
  g_assert_cmpuint (cores[0], ==, config_first_core ());

  for (guint i = 0; i < devices->len; i++)
    append_device (dump, g_ptr_array_index (devices, i));
  append_tcp (dump, config);
  for (guint i = 0; args[i] != NULL; i++)
    g_string_append_printf (dump, "arg=%s ", args[i]);
  for (guint i = 0; servers[i] != NULL; i++)
    g_string_append_printf (dump, "server=%s ", servers[i]);

  return g_string_free (dump, FALSE);
}

void
config_assert_message (const GError *error, const char *pattern)
{
  g_autofree char *filled = config_fill_in (pattern);
  g_autoptr (GString) full = g_string_new ("<data>:");

  g_string_append (full, filled);
  if (!g_pattern_match_simple (full->str, error->message))
    {
      g_test_message ("expected: %s", full->str);
      g_test_message ("found:    %s", error->message);
      g_test_fail ();
    }
}

void
config_assert_is_default (DpdkConfig *config)
{
  g_autofree char *dump = config_dump (config);

  g_assert_true (dpdk_config_get_is_default (config));
  g_assert_null (dpdk_config_get_path (config));
  g_assert_cmpstr (dump, ==,
                   "vdev=net_tap0,iface=dpdk0 mac=02:c4:d3:48:bb:8f address=198.18.0.2/24 "
                   "address=fde7:f17d:24::2/64 gateway=198.18.0.1 gateway=fde7:f17d:24::1 "
                   "mtu=1500 role=0 ");
}
