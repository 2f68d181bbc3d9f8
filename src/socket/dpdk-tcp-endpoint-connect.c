/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* connecting on the thread of the worker, which is told by a function */
#include "dpdk-tcp-endpoint-internal.h"

gboolean
dpdk_tcp_endpoint_begin_connect (DpdkTcpEndpoint *self, DpdkTcpSocket *socket, const ip_addr_t *ip,
                                 guint16 port, DpdkTcpConnectedFunc func, gpointer user_data,
                                 GDestroyNotify destroy, GError **error)
{
  if (!dpdk_tcp_endpoint_connect (self, ip, port, NULL, error))
    return FALSE;
  self->connected = (DpdkTcpConnected){ func, user_data, destroy, g_object_ref (socket) };
  return TRUE;
}

/* once, when it is over */
void
dpdk_tcp_endpoint_call_connected (DpdkTcpEndpoint *self)
{
  DpdkTcpConnected connected = self->connected;
  g_autoptr (GError) error = NULL;
  gboolean is_over;

  if (G_LIKELY (connected.func == NULL))
    return;
  dpdk_tcp_endpoint_lock (self);
  is_over = self->state != ENDPOINT_CONNECTING || self->error != ERR_OK;
  if (self->error != ERR_OK)
    dpdk_tcp_endpoint_set_error_locked (self, &error);
  dpdk_tcp_endpoint_unlock (self);
  if (!is_over)
    return;
  self->connected = (DpdkTcpConnected){ 0 };
  connected.func (connected.socket, error, connected.user_data);
  if (connected.destroy != NULL)
    connected.destroy (connected.user_data);
  g_object_unref (connected.socket);
}
