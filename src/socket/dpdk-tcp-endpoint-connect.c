/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* binding and connecting on the thread of the worker */
#include "dpdk-socket-native-private.h"
#include "dpdk-socket-private.h"
#include "dpdk-tcp-endpoint-internal.h"

static struct tcp_pcb *
create_pcb (DpdkTcpEndpoint *self, const ip_addr_t *ip)
{
  struct tcp_pcb *pcb = tcp_new_ip_type (IP_GET_TYPE (ip));
  DpdkStackTcpOptions options;

  if (pcb == NULL)
    return NULL;
  dpdk_tcp_endpoint_get_options (self, &options);
  if (dpdk_stack_tcp_options_apply (&options, pcb) != ERR_OK)
    {
      tcp_abort (pcb);
      return NULL;
    }
  pcb->ttl = dpdk_tcp_endpoint_get_ip_option (self, DPDK_IP_OPTION_TTL);
  pcb->tos = dpdk_tcp_endpoint_get_ip_option (self, DPDK_IP_OPTION_TRAFFIC_CLASS);
  return pcb;
}

typedef struct {
  DpdkTcpEndpoint *self;
  const ip_addr_t *ip;
  guint16 port;
  err_t native;
} Bind;

static void
bind_on_worker (gpointer data)
{
  Bind *bind = data;
  DpdkTcpEndpoint *self = bind->self;
  struct tcp_pcb *pcb;

  if (self->pcb != NULL)
    {
      bind->native = ERR_ISCONN;
      return;
    }
  if (dpdk_tcp_endpoint_is_closed (self))
    {
      bind->native = ERR_CLSD;
      return;
    }
  if (!dpdk_socket_is_ours (self->core, bind->ip))
    {
      bind->native = ERR_VAL;
      return;
    }
  pcb = create_pcb (self, bind->ip);
  bind->native = pcb != NULL ? tcp_bind (pcb, bind->ip, bind->port) : ERR_MEM;
  if (bind->native != ERR_OK)
    {
      if (pcb != NULL)
        tcp_abort (pcb);
      return;
    }
  dpdk_tcp_endpoint_attach (self, pcb);
  /* the answers must come to this worker, whatever queue the device chooses */
  dpdk_tcp_endpoint_hold_port (self, (guint8) (dpdk_worker_core_get_index (self->core) + 1));
  dpdk_tcp_endpoint_lock (self);
  dpdk_tcp_addresses_set (&self->addresses, DPDK_TCP_LOCAL, &pcb->local_ip, pcb->local_port);
  self->has_local = TRUE;
  dpdk_tcp_endpoint_unlock (self);
}

gboolean
dpdk_tcp_endpoint_bind (DpdkTcpEndpoint *self, const ip_addr_t *ip, guint16 port, GError **error)
{
  Bind bind = { .self = self, .ip = ip, .port = port };

  if (!dpdk_worker_core_call (self->core, bind_on_worker, &bind, error))
    return FALSE;
  if (bind.native == ERR_OK)
    return TRUE;
  {
    g_autoptr (GSocketAddress) address = dpdk_native_address_to_gio (ip, port);
    g_autofree char *name = dpdk_socket_address_to_string (address);

    g_set_error (error, G_IO_ERROR, dpdk_io_error_from_native (bind.native, FALSE),
                 "Cannot bind to %s: %s (lwIP error %d)", name,
                 bind.native == ERR_ISCONN ? "bound already"
                 : bind.native == ERR_VAL  ? "no port of the runtime has this address"
                                           : dpdk_native_error_to_string (bind.native, FALSE),
                 bind.native);
  }
  return FALSE;
}

void
dpdk_tcp_endpoint_fail_connect (DpdkTcpEndpoint *self, err_t native)
{
  if (self->pcb != NULL)
    {
      dpdk_tcp_endpoint_abort_now (self, native);
      return;
    }
  dpdk_tcp_endpoint_lock (self);
  self->error = native;
  self->error_is_of_connect = TRUE;
  self->state = ENDPOINT_CLOSED;
  dpdk_tcp_endpoint_notify_locked (self);
  dpdk_tcp_endpoint_unlock (self);
  dpdk_tcp_endpoint_complete_connect (self);
}

err_t
dpdk_tcp_endpoint_on_connected (void *arg, struct tcp_pcb *pcb, err_t native)
{
  DpdkTcpEndpoint *self = arg;
  gboolean has_function;

  if (self->deadline_is_of_connect)
    {
      self->deadline_is_of_connect = FALSE;
      self->deadline = 0;
      tcp_poll_interval (pcb, 0);
    }
  dpdk_tcp_endpoint_lock (self);
  self->state = ENDPOINT_CONNECTED;
  dpdk_tcp_addresses_set (&self->addresses, DPDK_TCP_LOCAL, &pcb->local_ip, pcb->local_port);
  self->has_local = TRUE;
  has_function = self->connecting != NULL && self->connecting->connected.func != NULL;
  dpdk_tcp_endpoint_notify_locked (self);
  dpdk_tcp_endpoint_unlock (self);
  dpdk_tcp_endpoint_complete_connect (self);
  if (has_function)
    dpdk_tcp_endpoint_kick (self);
  else
    dpdk_worker_core_expedite (self->core);
  return ERR_OK;
}

void
dpdk_tcp_endpoint_connect_now (DpdkTcpEndpoint *self)
{
  ip_addr_t ip;
  guint16 port = dpdk_tcp_addresses_get (&self->addresses, DPDK_TCP_REMOTE, &ip);
  guint timeout;
  err_t native;

  if (dpdk_stack_refuses_connection (dpdk_worker_core_get_stack (self->core)))
    {
      dpdk_tcp_endpoint_lock (self);
      dpdk_tcp_endpoint_set_reason_locked (
          self, g_strdup_printf ("the memory budget of worker %u, %" G_GUINT64_FORMAT
                                 " bytes, is spent (lwIP error %d)",
                                 dpdk_worker_core_get_index (self->core),
                                 dpdk_worker_core_get_budget (self->core)->limit, ERR_MEM));
      dpdk_tcp_endpoint_unlock (self);
      dpdk_tcp_endpoint_fail_connect (self, ERR_MEM);
      return;
    }
  if (self->pcb == NULL)
    {
      struct tcp_pcb *pcb = create_pcb (self, &ip);

      if (pcb == NULL)
        {
          dpdk_tcp_endpoint_fail_connect (self, ERR_MEM);
          return;
        }
      dpdk_tcp_endpoint_attach (self, pcb);
    }
  if (!dpdk_stack_is_reachable (dpdk_worker_core_get_stack (self->core), IP_IS_V6 (&ip),
                                IP_IS_V6 (&ip) ? (const guint8 *) ip_2_ip6 (&ip)->addr
                                               : (const guint8 *) &ip_2_ip4 (&ip)->addr))
    {
      dpdk_tcp_endpoint_fail_connect (self, ERR_RTE);
      return;
    }
  native = tcp_connect (self->pcb, &ip, port, dpdk_tcp_endpoint_on_connected);
  if (native != ERR_OK)
    {
      dpdk_tcp_endpoint_fail_connect (self, native);
      return;
    }
  timeout = dpdk_tcp_endpoint_get_connect_timeout (self);
  if (timeout > 0)
    {
      self->deadline = dpdk_tcp_endpoint_poll_for (self, timeout);
      self->deadline_is_of_connect = TRUE;
    }
  dpdk_tcp_endpoint_lock (self);
  dpdk_tcp_addresses_set (&self->addresses, DPDK_TCP_LOCAL, &self->pcb->local_ip,
                          self->pcb->local_port);
  self->has_local = TRUE;
  dpdk_tcp_endpoint_unlock (self);
}

gboolean
dpdk_tcp_endpoint_begin_connect (DpdkTcpEndpoint *self, DpdkTcpSocket *socket, const ip_addr_t *ip,
                                 guint16 port, DpdkTcpConnectedFunc func, gpointer user_data,
                                 GDestroyNotify destroy, GError **error)
{
  if (!dpdk_tcp_endpoint_connect (self, ip, port, NULL, error))
    return FALSE;
  /* the worker ends, and takes no tasks any more */
  if (dpdk_tcp_endpoint_is_closed (self))
    {
      dpdk_tcp_endpoint_lock (self);
      dpdk_tcp_endpoint_set_error_locked (self, error);
      dpdk_tcp_endpoint_unlock (self);
      return FALSE;
    }
  dpdk_tcp_endpoint_lock (self);
  dpdk_tcp_endpoint_get_connecting_locked (self)->connected =
      (DpdkTcpConnected){ func, user_data, destroy, g_object_ref (socket) };
  dpdk_tcp_endpoint_unlock (self);
  return TRUE;
}

/* once, when it is over */
void
dpdk_tcp_endpoint_call_connected (DpdkTcpEndpoint *self)
{
  DpdkTcpConnected connected = { 0 };
  g_autoptr (GError) error = NULL;

  if (G_LIKELY (g_atomic_pointer_get (&self->connecting) == NULL))
    return;
  dpdk_tcp_endpoint_lock (self);
  if (self->connecting != NULL && (self->state != ENDPOINT_CONNECTING || self->error != ERR_OK))
    {
      connected = self->connecting->connected;
      self->connecting->connected = (DpdkTcpConnected){ 0 };
      if (connected.func != NULL && self->error != ERR_OK)
        dpdk_tcp_endpoint_set_error_locked (self, &error);
      dpdk_tcp_endpoint_drop_connecting_locked (self);
    }
  dpdk_tcp_endpoint_unlock (self);
  if (connected.func == NULL)
    return;
  if (error == NULL)
    dpdk_tcp_socket_notify_open (connected.socket);
  connected.func (connected.socket, error, connected.user_data);
  if (connected.destroy != NULL)
    connected.destroy (connected.user_data);
  g_object_unref (connected.socket);
}
