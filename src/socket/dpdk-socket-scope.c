/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* which port an address is of. The scope of a link-local address is the number of a port in its
   runtime, from 1 */
#include "dpdk-socket-native-private.h"
#include "dpdk-socket-private.h"

static gboolean
is_link_local (const ip_addr_t *ip)
{
  return IP_IS_V6_VAL (*ip) && ip6_addr_islinklocal (ip_2_ip6 (ip));
}

gboolean
dpdk_socket_check_scope (DpdkWorkerCore *core, ip_addr_t *ip, GError **error)
{
  guint n_ports = dpdk_worker_core_get_n_ports (core);
  g_autoptr (GSocketAddress) address = NULL;
  g_autofree char *name = NULL;

  if (!is_link_local (ip))
    return TRUE;
  if (!ip6_addr_has_zone (ip_2_ip6 (ip)) && n_ports == 1)
    ip6_addr_set_zone (ip_2_ip6 (ip), 1);
  if (ip6_addr_has_zone (ip_2_ip6 (ip)) && ip6_addr_zone (ip_2_ip6 (ip)) <= n_ports)
    return TRUE;
  address = dpdk_native_address_to_gio (ip, 0);
  name = g_inet_address_to_string (
      g_inet_socket_address_get_address (G_INET_SOCKET_ADDRESS (address)));
  if (ip6_addr_has_zone (ip_2_ip6 (ip)))
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                 "%s%%%u: the runtime has %u ports, whose numbers begin with 1", name,
                 ip6_addr_zone (ip_2_ip6 (ip)), n_ports);
  else
    g_set_error (
        error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
        "%s is link-local and the runtime has %u ports: its scope ID must be the number of "
        "one of them, from 1",
        name, n_ports);
  return FALSE;
}

DpdkPort *
dpdk_socket_find_port (DpdkWorker *worker, GSocketAddress *address, const ip_addr_t *ip,
                       GError **error)
{
  DpdkWorkerCore *core = dpdk_worker_get_core_private (worker);
  DpdkPort *port;

  if (!G_IS_INET_SOCKET_ADDRESS (address))
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
                   "%s is not an address of IPv4 or IPv6", G_OBJECT_TYPE_NAME (address));
      return NULL;
    }
  /* it is in no configuration; the worker knows whether it is ours */
  if (ip != NULL && is_link_local (ip))
    return dpdk_worker_core_get_port (core, ip6_addr_zone (ip_2_ip6 (ip)) - 1);
  port = dpdk_worker_core_find_port (
      core, g_inet_socket_address_get_address (G_INET_SOCKET_ADDRESS (address)));
  if (port == NULL)
    {
      g_autofree char *name = dpdk_socket_address_to_string (address);

      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                   "Cannot bind to %s: no port of the runtime has this address", name);
    }
  return port;
}

gboolean
dpdk_socket_is_ours (DpdkWorkerCore *core, const ip_addr_t *ip)
{
  return !is_link_local (ip) || dpdk_stack_has_address (dpdk_worker_core_get_stack (core),
                                                        ip6_addr_zone (ip_2_ip6 (ip)) - 1u, TRUE,
                                                        (const guint8 *) ip_2_ip6 (ip)->addr);
}
