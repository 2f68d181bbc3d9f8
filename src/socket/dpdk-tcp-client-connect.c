/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* what a DpdkTcpClient connects to */
#include "dpdk-tcp-client-private.h"

#include "dpdk-eal-private.h"
#include "dpdk-lcore-private.h"
#include "dpdk-own-context-private.h"

static void
run (DpdkTcpClient *self, GTask *task, GSocketConnectable *connectable, gboolean *is_gone)
{
  g_autoptr (DpdkRuntime) runtime = NULL;
  DpdkTcpRaceSettings settings;

  if (dpdk_eal_is_inert ())
    {
      g_task_return_new_error (task, DPDK_ERROR, DPDK_ERROR_EAL_DEAD,
                               "The DpdkTcpClient belongs to the parent of this process");
      return;
    }
  if (g_task_return_error_if_cancelled (task))
    return;
  dpdk_tcp_client_get_settings (self, &settings);
  runtime = settings.runtime;
  if (runtime == NULL)
    {
      g_task_return_new_error (task, G_IO_ERROR, G_IO_ERROR_CLOSED,
                               "DpdkTcpClient: the DpdkRuntime was shut down");
      return;
    }
  if (is_gone != NULL)
    *is_gone = FALSE;
  dpdk_tcp_race_run (task, connectable, &settings, is_gone);
}

static void
on_connected (GObject *source, GAsyncResult *result, gpointer user_data)
{
  *(GAsyncResult **) user_data = g_object_ref (result);
}

/* in a context of its own; the resolver may have to finish what nobody wants any more */
static DpdkTcpConnection *
connect_sync (DpdkTcpClient *self, GSocketConnectable *connectable, GCancellable *cancellable,
              GError **error)
{
  GMainContext *context = dpdk_own_context_begin ();
  g_autoptr (GAsyncResult) result = NULL;
  gboolean is_gone = TRUE;
  GTask *task;

  task = g_task_new (self, cancellable, on_connected, &result);
  g_task_set_source_tag (task, dpdk_tcp_client_connect);
  run (self, task, connectable, &is_gone);
  g_object_unref (task);
  while (result == NULL || !is_gone)
    g_main_context_iteration (context, TRUE);
  dpdk_own_context_end (context, cancellable);
  return g_task_propagate_pointer (G_TASK (result), error);
}

static void
connect_async (DpdkTcpClient *self, GSocketConnectable *connectable, gpointer tag, GError *error,
               GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (self, cancellable, callback, user_data);

  g_task_set_source_tag (task, tag);
  if (error != NULL)
    g_task_return_error (task, error);
  else
    run (self, task, connectable, NULL);
}

/**
 * dpdk_tcp_client_connect:
 * @self: a client
 * @connectable: what to connect to
 * @cancellable: (nullable): to give up
 * @error: return location for an error
 *
 * Connects to a name, a service or an address, and waits for it.
 *
 * May be called from any thread but that of a worker.
 *
 * Fails with the error of the last address that was tried, such as %G_IO_ERROR_CONNECTION_REFUSED; its
 * message names all of them. If there was no address to try it is the error of the resolver, or
 * %G_IO_ERROR_NETWORK_UNREACHABLE if the runtime has no route to any. Also fails with
 * %G_IO_ERROR_TIMED_OUT, %G_IO_ERROR_CANCELLED, %G_IO_ERROR_CLOSED if the runtime was shut down, and
 * with %DPDK_ERROR_WOULD_DEADLOCK on the thread of a worker.
 *
 * Returns: (transfer full): the connection
 *
 * Since: 0.1
 */
DpdkTcpConnection *
dpdk_tcp_client_connect (DpdkTcpClient *self, GSocketConnectable *connectable,
                         GCancellable *cancellable, GError **error)
{
  g_return_val_if_fail (DPDK_IS_TCP_CLIENT (self), NULL);
  g_return_val_if_fail (G_IS_SOCKET_CONNECTABLE (connectable), NULL);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  if (!dpdk_lcore_check_may_wait ("dpdk_tcp_client_connect", "dpdk_tcp_client_connect_async()",
                                  error))
    return NULL;
  return connect_sync (self, connectable, cancellable, error);
}

/**
 * dpdk_tcp_client_connect_async:
 * @self: a client
 * @connectable: what to connect to
 * @cancellable: (nullable): to give up
 * @callback: (scope async) (closure user_data): called when it is done
 * @user_data: data for @callback
 *
 * Connects to a name, a service or an address.
 *
 * May be called from any thread. See [method@Dpdk.TcpClient.connect] for the errors.
 *
 * Since: 0.1
 */
void
dpdk_tcp_client_connect_async (DpdkTcpClient *self, GSocketConnectable *connectable,
                               GCancellable *cancellable, GAsyncReadyCallback callback,
                               gpointer user_data)
{
  g_return_if_fail (DPDK_IS_TCP_CLIENT (self));
  g_return_if_fail (G_IS_SOCKET_CONNECTABLE (connectable));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  connect_async (self, connectable, dpdk_tcp_client_connect_async, NULL, cancellable, callback,
                 user_data);
}

static DpdkTcpConnection *
connect_finish (DpdkTcpClient *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

/**
 * dpdk_tcp_client_connect_finish:
 * @self: a client
 * @result: the result that the callback got
 * @error: return location for an error
 *
 * Ends [method@Dpdk.TcpClient.connect_async].
 *
 * Returns: (transfer full): the connection
 *
 * Since: 0.1
 */
DpdkTcpConnection *
dpdk_tcp_client_connect_finish (DpdkTcpClient *self, GAsyncResult *result, GError **error)
{
  return connect_finish (self, result, error);
}

/**
 * dpdk_tcp_client_connect_to_host:
 * @self: a client
 * @host_and_port: a name or an address, with or without a port, as g_network_address_parse() takes it
 * @default_port: the port if there is none
 * @cancellable: (nullable): to give up
 * @error: return location for an error
 *
 * Connects to a host, and waits for it.
 *
 * May be called from any thread but that of a worker.
 *
 * Fails with %G_IO_ERROR_INVALID_ARGUMENT if @host_and_port cannot be parsed, and as
 * [method@Dpdk.TcpClient.connect] does.
 *
 * Returns: (transfer full): the connection
 *
 * Since: 0.1
 */
DpdkTcpConnection *
dpdk_tcp_client_connect_to_host (DpdkTcpClient *self, const char *host_and_port,
                                 guint16 default_port, GCancellable *cancellable, GError **error)
{
  g_autoptr (GSocketConnectable) connectable = NULL;

  g_return_val_if_fail (DPDK_IS_TCP_CLIENT (self), NULL);
  g_return_val_if_fail (host_and_port != NULL, NULL);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  if (!dpdk_lcore_check_may_wait ("dpdk_tcp_client_connect_to_host",
                                  "dpdk_tcp_client_connect_to_host_async()", error))
    return NULL;
  connectable = g_network_address_parse (host_and_port, default_port, error);
  return connectable != NULL ? connect_sync (self, connectable, cancellable, error) : NULL;
}

/**
 * dpdk_tcp_client_connect_to_host_async:
 * @self: a client
 * @host_and_port: a name or an address, with or without a port, as g_network_address_parse() takes it
 * @default_port: the port if there is none
 * @cancellable: (nullable): to give up
 * @callback: (scope async) (closure user_data): called when it is done
 * @user_data: data for @callback
 *
 * Connects to a host.
 *
 * May be called from any thread. See [method@Dpdk.TcpClient.connect_to_host] for the errors.
 *
 * Since: 0.1
 */
void
dpdk_tcp_client_connect_to_host_async (DpdkTcpClient *self, const char *host_and_port,
                                       guint16 default_port, GCancellable *cancellable,
                                       GAsyncReadyCallback callback, gpointer user_data)
{
  g_autoptr (GSocketConnectable) connectable = NULL;
  GError *error = NULL;

  g_return_if_fail (DPDK_IS_TCP_CLIENT (self));
  g_return_if_fail (host_and_port != NULL);
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  connectable = g_network_address_parse (host_and_port, default_port, &error);
  connect_async (self, connectable, dpdk_tcp_client_connect_to_host_async, error, cancellable,
                 callback, user_data);
}

/**
 * dpdk_tcp_client_connect_to_host_finish:
 * @self: a client
 * @result: the result that the callback got
 * @error: return location for an error
 *
 * Ends [method@Dpdk.TcpClient.connect_to_host_async].
 *
 * Returns: (transfer full): the connection
 *
 * Since: 0.1
 */
DpdkTcpConnection *
dpdk_tcp_client_connect_to_host_finish (DpdkTcpClient *self, GAsyncResult *result, GError **error)
{
  return connect_finish (self, result, error);
}

/**
 * dpdk_tcp_client_connect_to_uri:
 * @self: a client
 * @uri: a URI with a host, such as `http://www.example.org:8080/`
 * @default_port: the port if there is none in it
 * @cancellable: (nullable): to give up
 * @error: return location for an error
 *
 * Connects to the host of a URI, and waits for it. Nothing is sent, and no TLS is spoken.
 *
 * May be called from any thread but that of a worker.
 *
 * Fails with the error of g_network_address_parse_uri() if @uri cannot be parsed, and as
 * [method@Dpdk.TcpClient.connect] does.
 *
 * Returns: (transfer full): the connection
 *
 * Since: 0.1
 */
DpdkTcpConnection *
dpdk_tcp_client_connect_to_uri (DpdkTcpClient *self, const char *uri, guint16 default_port,
                                GCancellable *cancellable, GError **error)
{
  g_autoptr (GSocketConnectable) connectable = NULL;

  g_return_val_if_fail (DPDK_IS_TCP_CLIENT (self), NULL);
  g_return_val_if_fail (uri != NULL, NULL);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  if (!dpdk_lcore_check_may_wait ("dpdk_tcp_client_connect_to_uri",
                                  "dpdk_tcp_client_connect_to_uri_async()", error))
    return NULL;
  connectable = g_network_address_parse_uri (uri, default_port, error);
  return connectable != NULL ? connect_sync (self, connectable, cancellable, error) : NULL;
}

/**
 * dpdk_tcp_client_connect_to_uri_async:
 * @self: a client
 * @uri: a URI with a host, such as `http://www.example.org:8080/`
 * @default_port: the port if there is none in it
 * @cancellable: (nullable): to give up
 * @callback: (scope async) (closure user_data): called when it is done
 * @user_data: data for @callback
 *
 * Connects to the host of a URI.
 *
 * May be called from any thread. See [method@Dpdk.TcpClient.connect_to_uri] for the errors.
 *
 * Since: 0.1
 */
void
dpdk_tcp_client_connect_to_uri_async (DpdkTcpClient *self, const char *uri, guint16 default_port,
                                      GCancellable *cancellable, GAsyncReadyCallback callback,
                                      gpointer user_data)
{
  g_autoptr (GSocketConnectable) connectable = NULL;
  GError *error = NULL;

  g_return_if_fail (DPDK_IS_TCP_CLIENT (self));
  g_return_if_fail (uri != NULL);
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  connectable = g_network_address_parse_uri (uri, default_port, &error);
  connect_async (self, connectable, dpdk_tcp_client_connect_to_uri_async, error, cancellable,
                 callback, user_data);
}

/**
 * dpdk_tcp_client_connect_to_uri_finish:
 * @self: a client
 * @result: the result that the callback got
 * @error: return location for an error
 *
 * Ends [method@Dpdk.TcpClient.connect_to_uri_async].
 *
 * Returns: (transfer full): the connection
 *
 * Since: 0.1
 */
DpdkTcpConnection *
dpdk_tcp_client_connect_to_uri_finish (DpdkTcpClient *self, GAsyncResult *result, GError **error)
{
  return connect_finish (self, result, error);
}
