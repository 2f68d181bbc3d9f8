/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dpdk-glib.h"

#include <string.h>

/**
 * dpdk_udp_address_init:
 * @self: the address to fill
 * @address: an address of IPv4 or IPv6
 * @error: return location for an error
 *
 * Takes over a [class@Gio.SocketAddress], which must be a [class@Gio.InetSocketAddress].
 *
 * May be called from any thread.
 *
 * Fails with %G_IO_ERROR_NOT_SUPPORTED for any other.
 *
 * Returns: %TRUE on success
 *
 * Since: 0.1
 */
gboolean
dpdk_udp_address_init (DpdkUdpAddress *self, GSocketAddress *address, GError **error)
{
  GInetSocketAddress *inet;
  GInetAddress *host;

  g_return_val_if_fail (self != NULL, FALSE);
  g_return_val_if_fail (G_IS_SOCKET_ADDRESS (address), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  if (!G_IS_INET_SOCKET_ADDRESS (address))
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
                   "%s is not an address of IPv4 or IPv6", G_OBJECT_TYPE_NAME (address));
      return FALSE;
    }
  inet = G_INET_SOCKET_ADDRESS (address);
  host = g_inet_socket_address_get_address (inet);
  memset (self, 0, sizeof *self);
  self->family = g_inet_address_get_family (host);
  self->port = g_inet_socket_address_get_port (inet);
  if (self->family == G_SOCKET_FAMILY_IPV6)
    self->scope_id = g_inet_socket_address_get_scope_id (inet);
  memcpy (self->bytes, g_inet_address_to_bytes (host), g_inet_address_get_native_size (host));
  return TRUE;
}

/**
 * dpdk_udp_address_to_socket_address:
 * @self: an address
 *
 * Makes a [class@Gio.SocketAddress] of the address. May be called from any thread.
 *
 * Returns: (transfer full) (nullable): the address, %NULL if @self has none
 *
 * Since: 0.1
 */
GSocketAddress *
dpdk_udp_address_to_socket_address (const DpdkUdpAddress *self)
{
  g_autoptr (GInetAddress) host = NULL;

  g_return_val_if_fail (self != NULL, NULL);

  if (self->family != G_SOCKET_FAMILY_IPV4 && self->family != G_SOCKET_FAMILY_IPV6)
    return NULL;
  host = g_inet_address_new_from_bytes (self->bytes, self->family);
  return g_object_new (G_TYPE_INET_SOCKET_ADDRESS, "address", host, "port", (guint) self->port,
                       "scope-id", self->scope_id, NULL);
}
