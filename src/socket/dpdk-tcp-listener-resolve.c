/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* listening on an address that has a name */
#include "dpdk-lcore-private.h"
#include "dpdk-socket-private.h"

typedef struct {
  DpdkRuntime *runtime;
  GSocketAddressEnumerator *enumerator;
  char *name;
  guint backlog;
  DpdkTcpListenerFlags flags;
  /* of the first address, which is told if none is good */
  GError *error;
} Search;

static Search *
search_new (DpdkRuntime *runtime, GSocketConnectable *connectable, guint backlog,
            DpdkTcpListenerFlags flags)
{
  Search *self = g_new0 (Search, 1);

  self->runtime = g_object_ref (runtime);
  self->enumerator = g_socket_connectable_enumerate (connectable);
  self->name = g_socket_connectable_to_string (connectable);
  self->backlog = backlog;
  self->flags = flags;
  return self;
}

static void
search_free (Search *self)
{
  g_object_unref (self->runtime);
  g_object_unref (self->enumerator);
  g_free (self->name);
  g_clear_error (&self->error);
  g_free (self);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Search, search_free)

static DpdkTcpListener *
try_address (Search *self, GSocketAddress *address)
{
  return dpdk_tcp_listener_new_with_flags (self->runtime, address, self->backlog, self->flags,
                                           self->error == NULL ? &self->error : NULL);
}

static GError *
steal_error (Search *self)
{
  if (self->error != NULL)
    return g_steal_pointer (&self->error);
  return g_error_new (G_IO_ERROR, G_IO_ERROR_NOT_FOUND, "%s has no address", self->name);
}

/**
 * dpdk_tcp_listener_new_for_connectable:
 * @runtime: the runtime
 * @connectable: what to listen on, for instance a [class@Gio.NetworkAddress] of a host name
 * @backlog: how many connections may wait to be accepted, at least 1
 * @flags: how to listen
 * @cancellable: (nullable): to give up
 * @error: return location for an error
 *
 * Listens on the first address of @connectable that a port of the runtime has, and waits for the
 * resolver.
 *
 * May be called from any thread but that of a worker.
 *
 * Fails with the errors of the resolver, with those of [ctor@Dpdk.TcpListener.new] for the first
 * address, with %G_IO_ERROR_NOT_FOUND if there is none, with %G_IO_ERROR_CANCELLED, and with
 * %DPDK_ERROR_WOULD_DEADLOCK on the thread of a worker.
 *
 * Returns: (transfer full): the listener
 *
 * Since: 0.1
 */
DpdkTcpListener *
dpdk_tcp_listener_new_for_connectable (DpdkRuntime *runtime, GSocketConnectable *connectable,
                                       guint backlog, DpdkTcpListenerFlags flags,
                                       GCancellable *cancellable, GError **error)
{
  g_autoptr (GError) local_error = NULL;
  g_autoptr (Search) search = NULL;

  g_return_val_if_fail (DPDK_IS_RUNTIME (runtime), NULL);
  g_return_val_if_fail (G_IS_SOCKET_CONNECTABLE (connectable), NULL);
  g_return_val_if_fail (backlog > 0, NULL);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  if (!dpdk_lcore_check_may_wait ("dpdk_tcp_listener_new_for_connectable",
                                  "dpdk_tcp_listener_new_for_connectable_async()", error))
    return NULL;
  search = search_new (runtime, connectable, backlog, flags);
  while (TRUE)
    {
      g_autoptr (GSocketAddress) address =
          g_socket_address_enumerator_next (search->enumerator, cancellable, &local_error);
      DpdkTcpListener *listener = address != NULL ? try_address (search, address) : NULL;

      if (listener != NULL)
        return listener;
      if (address == NULL)
        break;
    }
  g_propagate_error (error,
                     local_error != NULL ? g_steal_pointer (&local_error) : steal_error (search));
  return NULL;
}

static void
on_address (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  Search *search = g_task_get_task_data (task);
  GError *error = NULL;
  g_autoptr (GSocketAddress) address = g_socket_address_enumerator_next_finish (
      G_SOCKET_ADDRESS_ENUMERATOR (source), result, &error);
  DpdkTcpListener *listener = address != NULL ? try_address (search, address) : NULL;

  if (listener != NULL)
    g_task_return_pointer (task, listener, g_object_unref);
  else if (address == NULL)
    g_task_return_error (task, error != NULL ? error : steal_error (search));
  else
    g_socket_address_enumerator_next_async (search->enumerator, g_task_get_cancellable (task),
                                            on_address, g_object_ref (task));
}

/**
 * dpdk_tcp_listener_new_for_connectable_async:
 * @runtime: the runtime
 * @connectable: what to listen on, for instance a [class@Gio.NetworkAddress] of a host name
 * @backlog: how many connections may wait to be accepted, at least 1
 * @flags: how to listen
 * @cancellable: (nullable): to give up
 * @callback: (scope async) (closure user_data): called when it is done
 * @user_data: data for @callback
 *
 * Listens on the first address of @connectable that a port of the runtime has. May be called from any
 * thread; on the thread of a worker only if it is the only one. See
 * [ctor@Dpdk.TcpListener.new_for_connectable] for the errors.
 *
 * Since: 0.1
 */
void
dpdk_tcp_listener_new_for_connectable_async (DpdkRuntime *runtime, GSocketConnectable *connectable,
                                             guint backlog, DpdkTcpListenerFlags flags,
                                             GCancellable *cancellable,
                                             GAsyncReadyCallback callback, gpointer user_data)
{
  g_autoptr (GTask) task = NULL;
  Search *search;

  g_return_if_fail (DPDK_IS_RUNTIME (runtime));
  g_return_if_fail (G_IS_SOCKET_CONNECTABLE (connectable));
  g_return_if_fail (backlog > 0);
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  task = g_task_new (runtime, cancellable, callback, user_data);
  g_task_set_source_tag (task, dpdk_tcp_listener_new_for_connectable_async);
  search = search_new (runtime, connectable, backlog, flags);
  g_task_set_task_data (task, search, (GDestroyNotify) search_free);
  g_socket_address_enumerator_next_async (search->enumerator, cancellable, on_address,
                                          g_object_ref (task));
}

/**
 * dpdk_tcp_listener_new_for_connectable_finish:
 * @result: the result that the callback got
 * @error: return location for an error
 *
 * Ends [func@Dpdk.TcpListener.new_for_connectable_async].
 *
 * Returns: (transfer full): the listener
 *
 * Since: 0.1
 */
DpdkTcpListener *
dpdk_tcp_listener_new_for_connectable_finish (GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (G_IS_TASK (result), NULL);
  g_return_val_if_fail (
      g_task_get_source_tag (G_TASK (result)) == dpdk_tcp_listener_new_for_connectable_async, NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}
