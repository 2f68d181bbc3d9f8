/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "net-mock-resolver.h"

/* how long it takes to notice that it was cancelled */
#define CANCEL_DELAY_MS 20

typedef struct {
  char *name;
  GSocketFamily family;
  GInetAddress *address;
  guint delay_ms;
} Entry;

typedef struct {
  GPtrArray *entries;
  gint n_pending;
} NetMockResolverPrivate;

G_DEFINE_TYPE_WITH_PRIVATE (NetMockResolver, net_mock_resolver, G_TYPE_RESOLVER)

#define NET_TYPE_OLD_RESOLVER (net_old_resolver_get_type ())
G_DECLARE_FINAL_TYPE (NetOldResolver, net_old_resolver, NET, OLD_RESOLVER, NetMockResolver)

struct _NetOldResolver {
  NetMockResolver parent_instance;
};

G_DEFINE_FINAL_TYPE (NetOldResolver, net_old_resolver, NET_TYPE_MOCK_RESOLVER)

static NetMockResolverPrivate *
get_private (gpointer self)
{
  return net_mock_resolver_get_instance_private (NET_MOCK_RESOLVER (self));
}

static void
entry_free (gpointer data)
{
  Entry *self = data;

  g_clear_object (&self->address);
  g_free (self->name);
  g_free (self);
}

static void
free_addresses (gpointer list)
{
  g_resolver_free_addresses (list);
}

typedef struct {
  GList *addresses;
  GSource *timer;
  GSource *cancelled;
} Lookup;

static void
clear_source (GSource **source)
{
  if (*source == NULL)
    return;
  g_source_destroy (*source);
  g_clear_pointer (source, g_source_unref);
}

static void
lookup_free (gpointer data)
{
  Lookup *self = data;

  g_resolver_free_addresses (self->addresses);
  g_free (self);
}

/* takes the source, which holds the task */
static void
attach (GTask *task, GSource **place, GSource *source, GSourceFunc func)
{
  clear_source (place);
  *place = source;
  g_source_set_callback (source, func, g_object_ref (task), g_object_unref);
  g_source_attach (source, g_task_get_context (task));
}

static gboolean
on_over (gpointer data)
{
  g_autoptr (GTask) task = g_object_ref (G_TASK (data));
  Lookup *self = g_task_get_task_data (task);

  clear_source (&self->timer);
  clear_source (&self->cancelled);
  g_atomic_int_add (&get_private (g_task_get_source_object (task))->n_pending, -1);
  if (g_task_return_error_if_cancelled (task))
    return G_SOURCE_REMOVE;
  if (self->addresses != NULL)
    g_task_return_pointer (task, g_steal_pointer (&self->addresses), free_addresses);
  else
    g_task_return_new_error (task, G_RESOLVER_ERROR, G_RESOLVER_ERROR_NOT_FOUND,
                             "The mock has no address");
  return G_SOURCE_REMOVE;
}

static gboolean
on_cancelled (GCancellable *cancellable, gpointer data)
{
  Lookup *self = g_task_get_task_data (data);

  attach (data, &self->timer, g_timeout_source_new (CANCEL_DELAY_MS), on_over);
  return G_SOURCE_REMOVE;
}

static void
look_up (GResolver *resolver, const char *name, GResolverNameLookupFlags flags,
         GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data)
{
  NetMockResolverPrivate *self = get_private (resolver);
  g_autoptr (GTask) task = g_task_new (resolver, cancellable, callback, user_data);
  Lookup *lookup = g_new0 (Lookup, 1);
  gboolean is_known = FALSE;
  guint delay_ms = 0;

  for (guint i = 0; i < self->entries->len; i++)
    {
      const Entry *entry = g_ptr_array_index (self->entries, i);
      GResolverNameLookupFlags other = entry->family == G_SOCKET_FAMILY_IPV6
                                           ? G_RESOLVER_NAME_LOOKUP_FLAGS_IPV4_ONLY
                                           : G_RESOLVER_NAME_LOOKUP_FLAGS_IPV6_ONLY;

      if (!g_str_equal (entry->name, name) || (flags & other) != 0)
        continue;
      is_known = TRUE;
      delay_ms = MAX (delay_ms, entry->delay_ms);
      if (entry->address != NULL)
        lookup->addresses = g_list_append (lookup->addresses, g_object_ref (entry->address));
    }
  g_task_set_task_data (task, lookup, lookup_free);
  g_atomic_int_inc (&self->n_pending);
  if (is_known)
    attach (task, &lookup->timer, g_timeout_source_new (delay_ms), on_over);
  if (cancellable != NULL)
    attach (task, &lookup->cancelled, g_cancellable_source_new (cancellable),
            G_SOURCE_FUNC (on_cancelled));
}

static void
net_mock_resolver_lookup_by_name_async (GResolver *resolver, const char *name,
                                        GCancellable *cancellable, GAsyncReadyCallback callback,
                                        gpointer user_data)
{
  look_up (resolver, name, G_RESOLVER_NAME_LOOKUP_FLAGS_DEFAULT, cancellable, callback, user_data);
}

static GList *
net_mock_resolver_lookup_finish (GResolver *resolver, GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

static void
net_mock_resolver_finalize (GObject *object)
{
  g_ptr_array_unref (get_private (object)->entries);
  G_OBJECT_CLASS (net_mock_resolver_parent_class)->finalize (object);
}

static void
net_mock_resolver_class_init (NetMockResolverClass *klass)
{
  GResolverClass *resolver_class = G_RESOLVER_CLASS (klass);

  G_OBJECT_CLASS (klass)->finalize = net_mock_resolver_finalize;
  resolver_class->lookup_by_name_async = net_mock_resolver_lookup_by_name_async;
  resolver_class->lookup_by_name_finish = net_mock_resolver_lookup_finish;
  resolver_class->lookup_by_name_with_flags_async = look_up;
  resolver_class->lookup_by_name_with_flags_finish = net_mock_resolver_lookup_finish;
}

static void
net_mock_resolver_init (NetMockResolver *self)
{
  get_private (self)->entries = g_ptr_array_new_with_free_func (entry_free);
}

static void
net_old_resolver_class_init (NetOldResolverClass *klass)
{
  G_RESOLVER_CLASS (klass)->lookup_by_name_with_flags_async = NULL;
  G_RESOLVER_CLASS (klass)->lookup_by_name_with_flags_finish = NULL;
}

static void
net_old_resolver_init (NetOldResolver *self)
{
}

NetMockResolver *
net_mock_resolver_new (void)
{
  return g_object_new (NET_TYPE_MOCK_RESOLVER, NULL);
}

NetMockResolver *
net_mock_resolver_new_old (void)
{
  return g_object_new (NET_TYPE_OLD_RESOLVER, NULL);
}

void
net_mock_resolver_add (NetMockResolver *self, const char *name, GSocketFamily family,
                       const char *address, guint delay_ms)
{
  Entry *entry = g_new0 (Entry, 1);

  entry->name = g_strdup (name);
  entry->family = family;
  entry->address = address != NULL ? g_inet_address_new_from_string (address) : NULL;
  entry->delay_ms = delay_ms;
  g_ptr_array_add (get_private (self)->entries, entry);
}

guint
net_mock_resolver_get_n_pending (NetMockResolver *self)
{
  return (guint) g_atomic_int_get (&get_private (self)->n_pending);
}
