/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* listening on an address that has a name */
#include "dpdk-lcore-private.h"
#include "dpdk-socket-host-private.h"
#include "dpdk-tcp-listener.h"

#define PURPOSE "listen on"

typedef struct {
  DpdkRuntime *runtime;
  guint backlog;
  DpdkTcpListener *listener;
} Listen;

static gboolean
listen_on_address (GSocketAddress *address, gpointer user_data, GError **error)
{
  Listen *self = user_data;

  self->listener = dpdk_tcp_listener_new (self->runtime, address, self->backlog, error);
  return self->listener != NULL;
}

/* in the context of the caller, where the signals will be emitted */
static DpdkTcpListener *
listen_on_host (DpdkRuntime *runtime, DpdkSocketHost *host, guint backlog, GError **error)
{
  Listen self = { runtime, backlog, NULL };

  dpdk_socket_host_use (host, listen_on_address, &self, error);
  return self.listener;
}

/**
 * dpdk_tcp_listener_new_for_host:
 * @runtime: the runtime
 * @host_and_port: a name or an address, with or without a port, as g_network_address_parse() takes it
 * @default_port: the port if there is none; 0 for any
 * @backlog: how many connections may wait to be accepted, at least 1
 * @resolver: (nullable): what looks up the name, or %NULL for the default resolver of the process
 * @cancellable: (nullable): to give up
 * @error: return location for an error
 *
 * Binds to the first address of a name that a port of the runtime has, and listens.
 *
 * May be called from any thread but that of a worker.
 *
 * Fails with %G_IO_ERROR_INVALID_ARGUMENT if @host_and_port cannot be parsed or no port has an address
 * of the name, with the error of the resolver, with %G_IO_ERROR_CANCELLED, with
 * %DPDK_ERROR_WOULD_DEADLOCK on the thread of a worker, and as [ctor@Dpdk.TcpListener.new] does.
 *
 * Returns: (transfer full): the listener
 *
 * Since: 0.1
 */
DpdkTcpListener *
dpdk_tcp_listener_new_for_host (DpdkRuntime *runtime, const char *host_and_port,
                                guint16 default_port, guint backlog, GResolver *resolver,
                                GCancellable *cancellable, GError **error)
{
  g_autoptr (DpdkSocketHost) host = NULL;

  g_return_val_if_fail (DPDK_IS_RUNTIME (runtime), NULL);
  g_return_val_if_fail (host_and_port != NULL, NULL);
  g_return_val_if_fail (backlog > 0, NULL);
  g_return_val_if_fail (resolver == NULL || G_IS_RESOLVER (resolver), NULL);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  if (!dpdk_lcore_check_may_wait ("dpdk_tcp_listener_new_for_host",
                                  "dpdk_tcp_listener_new_for_host_async()", error))
    return NULL;
  host = dpdk_socket_host_look_up (runtime, PURPOSE, host_and_port, default_port,
                                   G_SOCKET_FAMILY_INVALID, resolver, cancellable, error);
  return host != NULL ? listen_on_host (runtime, host, backlog, error) : NULL;
}

static void
on_looked_up (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  GError *error = NULL;
  g_autoptr (DpdkSocketHost) host = dpdk_socket_host_look_up_finish (result, &error);
  DpdkTcpListener *listener = NULL;

  if (host != NULL)
    listener = listen_on_host (DPDK_RUNTIME (source), host,
                               GPOINTER_TO_UINT (g_task_get_task_data (task)), &error);
  if (listener != NULL)
    g_task_return_pointer (task, listener, g_object_unref);
  else
    g_task_return_error (task, error);
}

/**
 * dpdk_tcp_listener_new_for_host_async:
 * @runtime: the runtime
 * @host_and_port: a name or an address, with or without a port, as g_network_address_parse() takes it
 * @default_port: the port if there is none; 0 for any
 * @backlog: how many connections may wait to be accepted, at least 1
 * @resolver: (nullable): what looks up the name, or %NULL for the default resolver of the process
 * @cancellable: (nullable): to give up
 * @callback: (scope async) (closure user_data): called when it is done
 * @user_data: data for @callback
 *
 * Binds to the first address of a name that a port of the runtime has, and listens.
 *
 * May be called from any thread; on the thread of a worker only if it is the only one. See
 * [ctor@Dpdk.TcpListener.new_for_host] for the errors.
 *
 * Since: 0.1
 */
void
dpdk_tcp_listener_new_for_host_async (DpdkRuntime *runtime, const char *host_and_port,
                                      guint16 default_port, guint backlog, GResolver *resolver,
                                      GCancellable *cancellable, GAsyncReadyCallback callback,
                                      gpointer user_data)
{
  g_autoptr (GTask) task = NULL;

  g_return_if_fail (DPDK_IS_RUNTIME (runtime));
  g_return_if_fail (host_and_port != NULL);
  g_return_if_fail (backlog > 0);
  g_return_if_fail (resolver == NULL || G_IS_RESOLVER (resolver));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  task = g_task_new (runtime, cancellable, callback, user_data);
  g_task_set_source_tag (task, dpdk_tcp_listener_new_for_host_async);
  g_task_set_task_data (task, GUINT_TO_POINTER (backlog), NULL);
  dpdk_socket_host_look_up_async (runtime, PURPOSE, host_and_port, default_port,
                                  G_SOCKET_FAMILY_INVALID, resolver, cancellable, on_looked_up,
                                  g_steal_pointer (&task));
}

/**
 * dpdk_tcp_listener_new_for_host_finish:
 * @result: the result that the callback got
 * @error: return location for an error
 *
 * Ends [func@Dpdk.TcpListener.new_for_host_async].
 *
 * Returns: (transfer full): the listener
 *
 * Since: 0.1
 */
DpdkTcpListener *
dpdk_tcp_listener_new_for_host_finish (GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (G_IS_TASK (result), NULL);
  g_return_val_if_fail (g_async_result_is_tagged (result, dpdk_tcp_listener_new_for_host_async),
                        NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}
