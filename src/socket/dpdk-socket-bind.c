/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* binding a socket to an address that has a name */
#include "dpdk-lcore-private.h"
#include "dpdk-socket-host-private.h"
#include "dpdk-socket-private.h"
#include "dpdk-udp-socket-private.h"

#define PURPOSE "bind to"

static gboolean
bind_tcp (GSocketAddress *address, gpointer socket, GError **error)
{
  return dpdk_tcp_socket_bind (socket, address, error);
}

static gboolean
bind_udp (GSocketAddress *address, gpointer socket, GError **error)
{
  return dpdk_udp_socket_bind (socket, address, error);
}

/* one of IPv6 can have an address of either */
static GSocketFamily
get_udp_family (DpdkUdpSocket *self)
{
  GSocketFamily family = dpdk_udp_socket_get_family (self);

  if (family == G_SOCKET_FAMILY_IPV6 && !dpdk_udp_socket_get_ipv6_only (self))
    return G_SOCKET_FAMILY_INVALID;
  return family;
}

static gboolean
bind_to_host (gpointer socket, GSocketFamily family, DpdkSocketHostFunc bind,
              const char *host_and_port, guint16 default_port, GResolver *resolver,
              GCancellable *cancellable, GError **error)
{
  g_autoptr (DpdkSocketHost) host = dpdk_socket_host_look_up (
      socket, PURPOSE, host_and_port, default_port, family, resolver, cancellable, error);

  return host != NULL && dpdk_socket_host_use (host, bind, socket, error);
}

static void
on_looked_up (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  DpdkSocketHostFunc bind = g_task_get_task_data (task);
  GError *error = NULL;
  g_autoptr (DpdkSocketHost) host = dpdk_socket_host_look_up_finish (result, &error);

  if (host != NULL && dpdk_socket_host_use (host, bind, source, &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

/* takes over @task */
static void
bind_to_host_async (GTask *task, GSocketFamily family, DpdkSocketHostFunc bind,
                    const char *host_and_port, guint16 default_port, GResolver *resolver)
{
  g_task_set_task_data (task, bind, NULL);
  dpdk_socket_host_look_up_async (g_task_get_source_object (task), PURPOSE, host_and_port,
                                  default_port, family, resolver, g_task_get_cancellable (task),
                                  on_looked_up, task);
}

/**
 * dpdk_tcp_socket_bind_to_host:
 * @self: a socket
 * @host_and_port: a name or an address, with or without a port, as g_network_address_parse() takes it
 * @default_port: the port if there is none; 0 for any
 * @resolver: (nullable): what looks up the name, or %NULL for the default resolver of the process
 * @cancellable: (nullable): to give up
 * @error: return location for an error
 *
 * Binds the socket to the first address of a name that is of the family of the socket and that a port of
 * the runtime has.
 *
 * May be called from any thread but that of a worker.
 *
 * Fails with %G_IO_ERROR_INVALID_ARGUMENT if @host_and_port cannot be parsed or no port has an address
 * of the name, with the error of the resolver, with %G_IO_ERROR_CANCELLED, with
 * %DPDK_ERROR_WOULD_DEADLOCK on the thread of a worker, and as [method@Dpdk.TcpSocket.bind] does.
 *
 * Returns: %TRUE on success
 *
 * Since: 0.1
 */
gboolean
dpdk_tcp_socket_bind_to_host (DpdkTcpSocket *self, const char *host_and_port, guint16 default_port,
                              GResolver *resolver, GCancellable *cancellable, GError **error)
{
  g_return_val_if_fail (DPDK_IS_TCP_SOCKET (self) && dpdk_socket_is_made (DPDK_SOCKET (self)),
                        FALSE);
  g_return_val_if_fail (host_and_port != NULL, FALSE);
  g_return_val_if_fail (resolver == NULL || G_IS_RESOLVER (resolver), FALSE);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  if (!dpdk_lcore_check_may_wait (G_STRFUNC, "dpdk_tcp_socket_bind_to_host_async()", error))
    return FALSE;
  return bind_to_host (self, dpdk_tcp_socket_get_family (self), bind_tcp, host_and_port,
                       default_port, resolver, cancellable, error);
}

/**
 * dpdk_tcp_socket_bind_to_host_async:
 * @self: a socket
 * @host_and_port: a name or an address, with or without a port, as g_network_address_parse() takes it
 * @default_port: the port if there is none; 0 for any
 * @resolver: (nullable): what looks up the name, or %NULL for the default resolver of the process
 * @cancellable: (nullable): to give up
 * @callback: (scope async) (closure user_data): called when it is done
 * @user_data: data for @callback
 *
 * Binds the socket to the first address of a name that is of the family of the socket and that a port of
 * the runtime has.
 *
 * May be called from any thread but that of another worker. See
 * [method@Dpdk.TcpSocket.bind_to_host] for the errors.
 *
 * Since: 0.1
 */
void
dpdk_tcp_socket_bind_to_host_async (DpdkTcpSocket *self, const char *host_and_port,
                                    guint16 default_port, GResolver *resolver,
                                    GCancellable *cancellable, GAsyncReadyCallback callback,
                                    gpointer user_data)
{
  g_autoptr (GTask) task = NULL;

  g_return_if_fail (DPDK_IS_TCP_SOCKET (self) && dpdk_socket_is_made (DPDK_SOCKET (self)));
  g_return_if_fail (host_and_port != NULL);
  g_return_if_fail (resolver == NULL || G_IS_RESOLVER (resolver));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, dpdk_tcp_socket_bind_to_host_async);
  bind_to_host_async (g_steal_pointer (&task), dpdk_tcp_socket_get_family (self), bind_tcp,
                      host_and_port, default_port, resolver);
}

/**
 * dpdk_tcp_socket_bind_to_host_finish:
 * @self: a socket
 * @result: the result that the callback got
 * @error: return location for an error
 *
 * Ends [method@Dpdk.TcpSocket.bind_to_host_async].
 *
 * Returns: %TRUE on success
 *
 * Since: 0.1
 */
gboolean
dpdk_tcp_socket_bind_to_host_finish (DpdkTcpSocket *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (DPDK_IS_TCP_SOCKET (self), FALSE);
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

/**
 * dpdk_udp_socket_bind_to_host:
 * @self: a socket
 * @host_and_port: a name or an address, with or without a port, as g_network_address_parse() takes it
 * @default_port: the port if there is none; 0 for any
 * @resolver: (nullable): what looks up the name, or %NULL for the default resolver of the process
 * @cancellable: (nullable): to give up
 * @error: return location for an error
 *
 * Binds the socket to the first address of a name that is of the family of the socket, which may be for
 * both, and that a port of the runtime has.
 *
 * May be called from any thread but that of a worker.
 *
 * Fails with %G_IO_ERROR_INVALID_ARGUMENT if @host_and_port cannot be parsed or no port has an address
 * of the name, with the error of the resolver, with %G_IO_ERROR_CANCELLED, with
 * %DPDK_ERROR_WOULD_DEADLOCK on the thread of a worker, and as [method@Dpdk.UdpSocket.bind] does.
 *
 * Returns: %TRUE on success
 *
 * Since: 0.1
 */
gboolean
dpdk_udp_socket_bind_to_host (DpdkUdpSocket *self, const char *host_and_port, guint16 default_port,
                              GResolver *resolver, GCancellable *cancellable, GError **error)
{
  g_return_val_if_fail (dpdk_udp_socket_is_made (self), FALSE);
  g_return_val_if_fail (host_and_port != NULL, FALSE);
  g_return_val_if_fail (resolver == NULL || G_IS_RESOLVER (resolver), FALSE);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  if (!dpdk_lcore_check_may_wait (G_STRFUNC, "dpdk_udp_socket_bind_to_host_async()", error))
    return FALSE;
  return bind_to_host (self, get_udp_family (self), bind_udp, host_and_port, default_port, resolver,
                       cancellable, error);
}

/**
 * dpdk_udp_socket_bind_to_host_async:
 * @self: a socket
 * @host_and_port: a name or an address, with or without a port, as g_network_address_parse() takes it
 * @default_port: the port if there is none; 0 for any
 * @resolver: (nullable): what looks up the name, or %NULL for the default resolver of the process
 * @cancellable: (nullable): to give up
 * @callback: (scope async) (closure user_data): called when it is done
 * @user_data: data for @callback
 *
 * Binds the socket to the first address of a name that is of the family of the socket and that a port of
 * the runtime has.
 *
 * May be called from any thread but that of another worker. See
 * [method@Dpdk.UdpSocket.bind_to_host] for the errors.
 *
 * Since: 0.1
 */
void
dpdk_udp_socket_bind_to_host_async (DpdkUdpSocket *self, const char *host_and_port,
                                    guint16 default_port, GResolver *resolver,
                                    GCancellable *cancellable, GAsyncReadyCallback callback,
                                    gpointer user_data)
{
  g_autoptr (GTask) task = NULL;

  g_return_if_fail (dpdk_udp_socket_is_made (self));
  g_return_if_fail (host_and_port != NULL);
  g_return_if_fail (resolver == NULL || G_IS_RESOLVER (resolver));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, dpdk_udp_socket_bind_to_host_async);
  bind_to_host_async (g_steal_pointer (&task), get_udp_family (self), bind_udp, host_and_port,
                      default_port, resolver);
}

/**
 * dpdk_udp_socket_bind_to_host_finish:
 * @self: a socket
 * @result: the result that the callback got
 * @error: return location for an error
 *
 * Ends [method@Dpdk.UdpSocket.bind_to_host_async].
 *
 * Returns: %TRUE on success
 *
 * Since: 0.1
 */
gboolean
dpdk_udp_socket_bind_to_host_finish (DpdkUdpSocket *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (DPDK_IS_UDP_SOCKET (self), FALSE);
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}
