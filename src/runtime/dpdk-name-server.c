/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dpdk-name-server-private.h"

#define DNS_PORT 53

static gboolean
can_be_asked (GSocketAddress *address)
{
  GInetSocketAddress *inet = G_INET_SOCKET_ADDRESS (address);
  GInetAddress *host = g_inet_socket_address_get_address (inet);

  return g_inet_socket_address_get_port (inet) != 0 && !g_inet_address_get_is_any (host) &&
         !g_inet_address_get_is_multicast (host);
}

GSocketAddress *
dpdk_name_server_parse (const char *text, GError **error)
{
  g_autoptr (GSocketConnectable) parsed = g_network_address_parse (text, DNS_PORT, NULL);
  g_autoptr (GSocketAddress) address = NULL;

  if (parsed != NULL)
    {
      GNetworkAddress *name = G_NETWORK_ADDRESS (parsed);

      address = g_inet_socket_address_new_from_string (g_network_address_get_hostname (name),
                                                       g_network_address_get_port (name));
    }
  if (address != NULL && can_be_asked (address))
    return g_steal_pointer (&address);
  g_set_error (error, DPDK_ERROR, DPDK_ERROR_INVALID_ARGUMENT,
               "\"%s\" is not the address of a name server: must be an address of IPv4 or IPv6, "
               "with or without a port, such as \"192.0.2.1\" or \"[2001:db8::1]:53\"",
               text);
  return NULL;
}
