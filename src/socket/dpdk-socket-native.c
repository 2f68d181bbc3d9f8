/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dpdk-socket-native-private.h"

#include <string.h>

GIOErrorEnum
dpdk_io_error_from_native (err_t native, gboolean is_connecting)
{
  switch (native)
    {
    case ERR_RST:
      return is_connecting ? G_IO_ERROR_CONNECTION_REFUSED : G_IO_ERROR_CONNECTION_CLOSED;
    case ERR_ABRT:
    case ERR_TIMEOUT:
      return G_IO_ERROR_TIMED_OUT;
    case ERR_CLSD:
      return G_IO_ERROR_CLOSED;
    case ERR_USE:
      return G_IO_ERROR_ADDRESS_IN_USE;
    case ERR_RTE:
      return G_IO_ERROR_NETWORK_UNREACHABLE;
    case ERR_ISCONN:
      return G_IO_ERROR_EXISTS;
    case ERR_CONN:
      return G_IO_ERROR_NOT_CONNECTED;
    case ERR_VAL:
    case ERR_ARG:
      return G_IO_ERROR_INVALID_ARGUMENT;
    case ERR_MEM:
    case ERR_BUF:
      return G_IO_ERROR_NO_SPACE;
    default:
      return G_IO_ERROR_FAILED;
    }
}

const char *
dpdk_native_error_to_string (err_t native, gboolean is_connecting)
{
  switch (native)
    {
    case ERR_RST:
      return is_connecting ? "connection refused" : "connection reset by peer";
    case ERR_ABRT:
    case ERR_TIMEOUT:
      return "timed out";
    case ERR_CLSD:
      return "closed";
    case ERR_USE:
      return "address in use";
    case ERR_RTE:
      return "network unreachable";
    case ERR_ISCONN:
      return "connected already";
    case ERR_CONN:
      return "not connected";
    case ERR_VAL:
    case ERR_ARG:
      return "invalid argument";
    case ERR_MEM:
    case ERR_BUF:
      return "out of memory";
    default:
      return "failed";
    }
}

gboolean
dpdk_native_address_from_gio (GSocketAddress *address, ip_addr_t *ip, guint16 *port, GError **error)
{
  GInetSocketAddress *inet;
  GInetAddress *host;

  if (!G_IS_INET_SOCKET_ADDRESS (address))
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
                   "%s is not an address of IPv4 or IPv6", G_OBJECT_TYPE_NAME (address));
      return FALSE;
    }
  inet = G_INET_SOCKET_ADDRESS (address);
  host = g_inet_socket_address_get_address (inet);
  *port = g_inet_socket_address_get_port (inet);
  memset (ip, 0, sizeof *ip);
  if (g_inet_address_get_family (host) == G_SOCKET_FAMILY_IPV6)
    {
      guint scope_id = g_inet_socket_address_get_scope_id (inet);

      if (scope_id > G_MAXUINT8)
        {
          g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                       "Scope ID %u: the number of a port of the runtime, from 1, is expected",
                       scope_id);
          return FALSE;
        }
      memcpy (ip_2_ip6 (ip)->addr, g_inet_address_to_bytes (host), 16);
      /* global addresses have none, whatever GIO says */
      if (ip6_addr_has_scope (ip_2_ip6 (ip), IP6_UNKNOWN))
        ip6_addr_set_zone (ip_2_ip6 (ip), (u8_t) scope_id);
      IP_SET_TYPE (ip, IPADDR_TYPE_V6);
    }
  else
    {
      memcpy (&ip_2_ip4 (ip)->addr, g_inet_address_to_bytes (host), 4);
      IP_SET_TYPE (ip, IPADDR_TYPE_V4);
    }
  return TRUE;
}

GSocketAddress *
dpdk_native_address_to_gio (const ip_addr_t *ip, guint16 port)
{
  g_autoptr (GInetAddress) host = NULL;

  /* of a socket for both families, which is unspecified */
  if (IP_IS_ANY_TYPE_VAL (*ip))
    host = g_inet_address_new_any (G_SOCKET_FAMILY_IPV6);
  else if (IP_IS_V6 (ip))
    host =
        g_inet_address_new_from_bytes ((const guint8 *) ip_2_ip6 (ip)->addr, G_SOCKET_FAMILY_IPV6);
  else
    host =
        g_inet_address_new_from_bytes ((const guint8 *) &ip_2_ip4 (ip)->addr, G_SOCKET_FAMILY_IPV4);
  return g_object_new (G_TYPE_INET_SOCKET_ADDRESS, "address", host, "port", port, "scope-id",
                       IP_IS_V6 (ip) ? (guint) ip6_addr_zone (ip_2_ip6 (ip)) : 0u, NULL);
}

char *
dpdk_socket_address_to_string (GSocketAddress *address)
{
  return g_socket_connectable_to_string (G_SOCKET_CONNECTABLE (address));
}
