/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* listening on an address that has a name */
#include "dpdk-address-search-private.h"
#include "dpdk-lcore-private.h"
#include "dpdk-socket-native-private.h"
#include "dpdk-socket-private.h"

/* what a name stands for, and what is to be done with it */
typedef struct {
  char *name;
  guint backlog;
  DpdkAddressSearch *search;
  GSource *cancelled;
  /* (element-type GSocketAddress) */
  GList *addresses;
} Host;

static void
end_search (Host *self)
{
  if (self->cancelled != NULL)
    g_source_destroy (self->cancelled);
  g_clear_pointer (&self->cancelled, g_source_unref);
  g_clear_pointer (&self->search, dpdk_address_search_end);
}

static void
host_free (gpointer data)
{
  Host *self = data;

  end_search (self);
  g_list_free_full (self->addresses, g_object_unref);
  g_free (self->name);
  g_free (self);
}

static gboolean
on_cancelled (GCancellable *cancellable, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;

  end_search (g_task_get_task_data (task));
  g_task_return_error_if_cancelled (task);
  return G_SOURCE_REMOVE;
}

static void
on_addresses (GList *addresses, const GError *error, gboolean is_over, gpointer user_data)
{
  Host *self = g_task_get_task_data (user_data);
  g_autoptr (GTask) task = NULL;

  self->addresses = g_list_concat (self->addresses, addresses);
  if (!is_over)
    {
      dpdk_address_search_want (self->search);
      return;
    }
  task = user_data;
  end_search (self);
  if (self->addresses != NULL)
    g_task_return_boolean (task, TRUE);
  else if (error != NULL)
    g_task_return_error (task, g_error_copy (error));
  else
    g_task_return_new_error (task, G_IO_ERROR, G_IO_ERROR_HOST_NOT_FOUND,
                             "Cannot listen on %s: it has no address", self->name);
}

static void
look_up (GTask *task, GSocketConnectable *connectable, GResolver *resolver, guint backlog,
         gboolean *is_gone)
{
  GCancellable *cancellable = g_task_get_cancellable (task);
  Host *self = g_new0 (Host, 1);

  self->name = g_socket_connectable_to_string (connectable);
  self->backlog = backlog;
  g_task_set_task_data (task, self, host_free);
  if (g_task_return_error_if_cancelled (task))
    return;
  if (cancellable != NULL)
    {
      self->cancelled = g_cancellable_source_new (cancellable);
      g_source_set_callback (self->cancelled, G_SOURCE_FUNC (on_cancelled), task, NULL);
      g_source_attach (self->cancelled, g_task_get_context (task));
    }
  self->search =
      dpdk_address_search_new (connectable, resolver, G_SOCKET_FAMILY_INVALID, on_addresses, task);
  if (is_gone != NULL)
    {
      *is_gone = FALSE;
      dpdk_address_search_watch (self->search, is_gone);
    }
  dpdk_address_search_want (self->search);
  /* dropped when it is over */
  g_object_ref (task);
}

/* on the first address that is ours */
static DpdkTcpListener *
listen_on (DpdkRuntime *runtime, Host *host, GError **error)
{
  g_autoptr (GPtrArray) workers = dpdk_runtime_dup_workers (runtime, error);
  g_autoptr (GString) others = g_string_new (NULL);

  if (workers == NULL)
    return NULL;
  for (GList *l = host->addresses; l != NULL; l = l->next)
    {
      g_autofree char *name = dpdk_socket_address_to_string (l->data);

      if (dpdk_socket_find_port (g_ptr_array_index (workers, 0), l->data, NULL, NULL) != NULL)
        return dpdk_tcp_listener_new (runtime, l->data, host->backlog, error);
      g_string_append_printf (others, "%s%s", others->len > 0 ? ", " : "", name);
    }
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
               "Cannot listen on %s: no port of the runtime has one of its addresses, %s",
               host->name, others->str);
  return NULL;
}

static void
on_looked_up (GObject *source, GAsyncResult *result, gpointer user_data)
{
  *(GAsyncResult **) user_data = g_object_ref (result);
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
  g_autoptr (GSocketConnectable) connectable = NULL;
  g_autoptr (GMainContext) context = NULL;
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GTask) task = NULL;
  gboolean is_gone = TRUE;

  g_return_val_if_fail (DPDK_IS_RUNTIME (runtime), NULL);
  g_return_val_if_fail (host_and_port != NULL, NULL);
  g_return_val_if_fail (backlog > 0, NULL);
  g_return_val_if_fail (resolver == NULL || G_IS_RESOLVER (resolver), NULL);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  if (!dpdk_lcore_check_may_wait ("dpdk_tcp_listener_new_for_host",
                                  "dpdk_tcp_listener_new_for_host_async()", error))
    return NULL;
  connectable = g_network_address_parse (host_and_port, default_port, error);
  if (connectable == NULL)
    return NULL;
  context = g_main_context_new ();
  g_main_context_push_thread_default (context);
  task = g_task_new (runtime, cancellable, on_looked_up, &result);
  g_task_set_source_tag (task, dpdk_tcp_listener_new_for_host);
  look_up (task, connectable, resolver, backlog, &is_gone);
  while (result == NULL || !is_gone)
    g_main_context_iteration (context, TRUE);
  g_main_context_pop_thread_default (context);
  /* in the context of the caller, where the signals will be emitted */
  return g_task_propagate_boolean (task, error)
             ? listen_on (runtime, g_task_get_task_data (task), error)
             : NULL;
}

static void
on_async_looked_up (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  GTask *lookup = G_TASK (result);
  GError *error = NULL;
  DpdkTcpListener *listener = NULL;

  if (g_task_propagate_boolean (lookup, &error))
    listener = listen_on (DPDK_RUNTIME (source), g_task_get_task_data (lookup), &error);
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
  g_autoptr (GSocketConnectable) connectable = NULL;
  g_autoptr (GTask) task = NULL;
  g_autoptr (GTask) lookup = NULL;
  GError *error = NULL;

  g_return_if_fail (DPDK_IS_RUNTIME (runtime));
  g_return_if_fail (host_and_port != NULL);
  g_return_if_fail (backlog > 0);
  g_return_if_fail (resolver == NULL || G_IS_RESOLVER (resolver));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  task = g_task_new (runtime, cancellable, callback, user_data);
  g_task_set_source_tag (task, dpdk_tcp_listener_new_for_host_async);
  connectable = g_network_address_parse (host_and_port, default_port, &error);
  if (connectable == NULL)
    {
      g_task_return_error (task, error);
      return;
    }
  lookup = g_task_new (runtime, cancellable, on_async_looked_up, g_steal_pointer (&task));
  g_task_set_source_tag (lookup, dpdk_tcp_listener_new_for_host_async);
  look_up (lookup, connectable, resolver, backlog, NULL);
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
