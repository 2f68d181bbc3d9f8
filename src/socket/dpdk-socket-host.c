/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dpdk-socket-host-private.h"

#include "dpdk-address-search-private.h"
#include "dpdk-own-context-private.h"
#include "dpdk-socket-native-private.h"

struct _DpdkSocketHost {
  char *name;
  const char *purpose;
  GSocketFamily family;
  /* (element-type GSocketAddress) */
  GList *addresses;
};

typedef struct {
  DpdkSocketHost *host;
  DpdkAddressSearch *search;
  GSource *cancelled;
} Lookup;

void
dpdk_socket_host_free (DpdkSocketHost *self)
{
  g_list_free_full (self->addresses, g_object_unref);
  g_free (self->name);
  g_free (self);
}

static void
end_search (Lookup *self)
{
  if (self->cancelled != NULL)
    g_source_destroy (self->cancelled);
  g_clear_pointer (&self->cancelled, g_source_unref);
  g_clear_pointer (&self->search, dpdk_address_search_end);
}

static void
lookup_free (gpointer data)
{
  Lookup *self = data;

  end_search (self);
  g_clear_pointer (&self->host, dpdk_socket_host_free);
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
  Lookup *self = g_task_get_task_data (user_data);
  DpdkSocketHost *host = self->host;
  g_autoptr (GTask) task = NULL;

  host->addresses = g_list_concat (host->addresses, addresses);
  if (!is_over)
    {
      dpdk_address_search_want (self->search);
      return;
    }
  task = user_data;
  end_search (self);
  if (host->addresses != NULL)
    g_task_return_pointer (task, g_steal_pointer (&self->host),
                           (GDestroyNotify) dpdk_socket_host_free);
  else if (error != NULL)
    g_task_return_error (task, g_error_copy (error));
  else
    g_task_return_new_error (task, G_IO_ERROR, G_IO_ERROR_HOST_NOT_FOUND,
                             "Cannot %s %s: it has no address%s", host->purpose, host->name,
                             host->family == G_SOCKET_FAMILY_IPV4   ? " of IPv4"
                             : host->family == G_SOCKET_FAMILY_IPV6 ? " of IPv6"
                                                                    : "");
}

static void
look_up (GTask *task, const char *purpose, GSocketConnectable *connectable, GSocketFamily family,
         GResolver *resolver, gboolean *is_gone)
{
  GCancellable *cancellable = g_task_get_cancellable (task);
  Lookup *self = g_new0 (Lookup, 1);

  self->host = g_new0 (DpdkSocketHost, 1);
  self->host->name = g_socket_connectable_to_string (connectable);
  self->host->purpose = purpose;
  self->host->family = family;
  g_task_set_task_data (task, self, lookup_free);
  if (g_task_return_error_if_cancelled (task))
    return;
  if (cancellable != NULL)
    {
      self->cancelled = g_cancellable_source_new (cancellable);
      g_source_set_callback (self->cancelled, G_SOURCE_FUNC (on_cancelled), task, NULL);
      g_source_attach (self->cancelled, g_task_get_context (task));
    }
  self->search = dpdk_address_search_new (connectable, resolver, family, on_addresses, task);
  if (is_gone != NULL)
    {
      *is_gone = FALSE;
      dpdk_address_search_watch (self->search, is_gone);
    }
  dpdk_address_search_want (self->search);
  /* dropped when it is over */
  g_object_ref (task);
}

static void
on_looked_up (GObject *source, GAsyncResult *result, gpointer user_data)
{
  *(GAsyncResult **) user_data = g_object_ref (result);
}

DpdkSocketHost *
dpdk_socket_host_look_up (gpointer source, const char *purpose, const char *host_and_port,
                          guint16 default_port, GSocketFamily family, GResolver *resolver,
                          GCancellable *cancellable, GError **error)
{
  g_autoptr (GSocketConnectable) connectable = NULL;
  GMainContext *context;
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GTask) task = NULL;
  gboolean is_gone = TRUE;

  connectable = g_network_address_parse (host_and_port, default_port, error);
  if (connectable == NULL)
    return NULL;
  context = dpdk_own_context_begin ();
  task = g_task_new (source, cancellable, on_looked_up, &result);
  g_task_set_source_tag (task, dpdk_socket_host_look_up_async);
  look_up (task, purpose, connectable, family, resolver, &is_gone);
  while (result == NULL || !is_gone)
    g_main_context_iteration (context, TRUE);
  dpdk_own_context_end (context, cancellable);
  return g_task_propagate_pointer (task, error);
}

void
dpdk_socket_host_look_up_async (gpointer source, const char *purpose, const char *host_and_port,
                                guint16 default_port, GSocketFamily family, GResolver *resolver,
                                GCancellable *cancellable, GAsyncReadyCallback callback,
                                gpointer user_data)
{
  g_autoptr (GSocketConnectable) connectable = NULL;
  g_autoptr (GTask) task = g_task_new (source, cancellable, callback, user_data);
  GError *error = NULL;

  g_task_set_source_tag (task, dpdk_socket_host_look_up_async);
  connectable = g_network_address_parse (host_and_port, default_port, &error);
  if (connectable == NULL)
    g_task_return_error (task, error);
  else
    look_up (task, purpose, connectable, family, resolver, NULL);
}

DpdkSocketHost *
dpdk_socket_host_look_up_finish (GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

gboolean
dpdk_socket_host_use (DpdkSocketHost *self, DpdkSocketHostFunc func, gpointer user_data,
                      GError **error)
{
  g_autoptr (GString) others = g_string_new (NULL);

  for (GList *l = self->addresses; l != NULL; l = l->next)
    {
      g_autoptr (GError) local_error = NULL;
      g_autofree char *name = NULL;

      if (func (l->data, user_data, &local_error))
        return TRUE;
      if (!g_error_matches (local_error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT))
        {
          g_propagate_error (error, g_steal_pointer (&local_error));
          return FALSE;
        }
      name = dpdk_socket_address_to_string (l->data);
      g_string_append_printf (others, "%s%s", others->len > 0 ? ", " : "", name);
    }
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
               "Cannot %s %s: no port of the runtime has one of its addresses, %s", self->purpose,
               self->name, others->str);
  return FALSE;
}
