/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dpdk-address-search-private.h"

/* how long addresses of IPv4 wait for those of IPv6 (RFC 8305, 3) */
#define RESOLUTION_DELAY_MS 50

typedef struct {
  char *name;
  guint16 port;
} Host;

struct _DpdkAddressSearch {
  guint ref_count;
  DpdkAddressSearchFunc func;
  gpointer user_data;
  gboolean *is_gone;

  GResolver *resolver;
  GSocketFamily family;
  GCancellable *cancellable;
  /* what is still to be looked up; NULL or empty when it is */
  GNetworkService *service;
  GQueue hosts;
  GSocketAddressEnumerator *enumerator;

  /* the host that is being looked up */
  Host *host;
  guint n_lookups;
  gboolean v6_is_over;
  GList *held;
  gboolean has_found;
  GError *error;
  GSource *timer;
};

static void
host_free (gpointer data)
{
  Host *self = data;

  g_free (self->name);
  g_free (self);
}

static void
free_addresses (GList *addresses)
{
  g_list_free_full (addresses, g_object_unref);
}

static void
clear_timer (DpdkAddressSearch *self)
{
  if (self->timer == NULL)
    return;
  g_source_destroy (self->timer);
  g_clear_pointer (&self->timer, g_source_unref);
}

static void
search_unref (DpdkAddressSearch *self)
{
  if (--self->ref_count > 0)
    return;
  if (self->is_gone != NULL)
    *self->is_gone = TRUE;
  g_clear_pointer (&self->host, host_free);
  g_queue_clear_full (&self->hosts, host_free);
  g_clear_object (&self->service);
  g_clear_object (&self->enumerator);
  g_clear_object (&self->resolver);
  g_object_unref (self->cancellable);
  free_addresses (self->held);
  g_clear_error (&self->error);
  g_free (self);
}

static void
add_host (DpdkAddressSearch *self, const char *name, guint16 port)
{
  Host *host = g_new0 (Host, 1);

  host->name = g_strdup (name);
  host->port = port;
  g_queue_push_tail (&self->hosts, host);
}

/* the function may end the search */
static void
report (DpdkAddressSearch *self, GList *addresses, const GError *error, gboolean is_over)
{
  if (self->func != NULL)
    self->func (addresses, error, is_over, self->user_data);
  else
    free_addresses (addresses);
}

static gboolean
has_more (DpdkAddressSearch *self)
{
  return self->service != NULL || self->enumerator != NULL || !g_queue_is_empty (&self->hosts);
}

static gboolean
is_wanted (DpdkAddressSearch *self, GSocketFamily family)
{
  return self->family == G_SOCKET_FAMILY_INVALID || self->family == family;
}

/* gives what is known of the host, which may be all that there will be */
static void
report_host (DpdkAddressSearch *self, GList *addresses)
{
  g_autoptr (GError) error = NULL;

  self->has_found = self->has_found || addresses != NULL;
  if (self->n_lookups > 0)
    {
      if (addresses != NULL)
        report (self, addresses, NULL, FALSE);
      return;
    }
  g_clear_pointer (&self->host, host_free);
  error = g_steal_pointer (&self->error);
  report (self, addresses, self->has_found ? NULL : error, !has_more (self));
}

static gboolean
on_resolution_delay (gpointer user_data)
{
  DpdkAddressSearch *self = user_data;

  clear_timer (self);
  report_host (self, g_steal_pointer (&self->held));
  return G_SOURCE_REMOVE;
}

static void
set_timer (DpdkAddressSearch *self, guint delay_ms, GSourceFunc func)
{
  g_autoptr (GMainContext) context = g_main_context_ref_thread_default ();

  self->timer = g_timeout_source_new (delay_ms);
  g_source_set_static_name (self->timer, "DpdkTcpClient address");
  g_source_set_callback (self->timer, func, self, NULL);
  g_source_attach (self->timer, context);
}

/* takes the addresses */
static GList *
to_socket_addresses (DpdkAddressSearch *self, GList *addresses)
{
  GList *list = NULL;

  for (GList *l = addresses; l != NULL; l = l->next)
    if (is_wanted (self, g_inet_address_get_family (l->data)))
      list = g_list_prepend (list, g_inet_socket_address_new (l->data, self->host->port));
  g_resolver_free_addresses (addresses);
  return g_list_reverse (list);
}

/* that a name does not exist is only sure if nothing else has failed */
static void
note_error (DpdkAddressSearch *self, GError *error)
{
  if (self->error == NULL ||
      g_error_matches (self->error, G_RESOLVER_ERROR, G_RESOLVER_ERROR_NOT_FOUND))
    {
      g_clear_error (&self->error);
      self->error = error;
    }
  else
    g_error_free (error);
}

static void
take_lookup (DpdkAddressSearch *self, GSocketFamily family, GList *found, GError *error)
{
  GList *addresses = NULL;

  self->n_lookups--;
  if (self->func == NULL)
    {
      g_resolver_free_addresses (found);
      g_clear_error (&error);
      return;
    }
  if (error != NULL)
    note_error (self, error);
  addresses = to_socket_addresses (self, found);
  if (family == G_SOCKET_FAMILY_IPV6)
    self->v6_is_over = TRUE;
  if (family == G_SOCKET_FAMILY_IPV4 && !self->v6_is_over && addresses != NULL)
    {
      self->held = addresses;
      set_timer (self, RESOLUTION_DELAY_MS, on_resolution_delay);
      return;
    }
  if (self->v6_is_over)
    {
      clear_timer (self);
      addresses = g_list_concat (addresses, g_steal_pointer (&self->held));
    }
  report_host (self, addresses);
}

static void
on_looked_up (GObject *source, GAsyncResult *result, gpointer user_data)
{
  DpdkAddressSearch *self = user_data;
  GError *error = NULL;
  GList *found = g_resolver_lookup_by_name_finish (G_RESOLVER (source), result, &error);

  take_lookup (self, G_SOCKET_FAMILY_INVALID, found, error);
  search_unref (self);
}

static void
on_looked_up_v4 (GObject *source, GAsyncResult *result, gpointer user_data)
{
  DpdkAddressSearch *self = user_data;
  GError *error = NULL;
  GList *found = g_resolver_lookup_by_name_with_flags_finish (G_RESOLVER (source), result, &error);

  take_lookup (self, G_SOCKET_FAMILY_IPV4, found, error);
  search_unref (self);
}

static void
on_looked_up_v6 (GObject *source, GAsyncResult *result, gpointer user_data)
{
  DpdkAddressSearch *self = user_data;
  GError *error = NULL;
  GList *found = g_resolver_lookup_by_name_with_flags_finish (G_RESOLVER (source), result, &error);

  take_lookup (self, G_SOCKET_FAMILY_IPV6, found, error);
  search_unref (self);
}

static DpdkAddressSearch *
begin_lookup (DpdkAddressSearch *self)
{
  self->n_lookups++;
  self->ref_count++;
  return self;
}

static gboolean
on_literal (gpointer user_data)
{
  DpdkAddressSearch *self = user_data;

  clear_timer (self);
  report_host (self, g_steal_pointer (&self->held));
  return G_SOURCE_REMOVE;
}

static gboolean
take_literal (DpdkAddressSearch *self)
{
  GSocketAddress *address =
      g_inet_socket_address_new_from_string (self->host->name, self->host->port);

  if (address == NULL)
    return FALSE;
  if (is_wanted (self, g_socket_address_get_family (address)))
    self->held = g_list_prepend (NULL, address);
  else
    {
      self->error = g_error_new (G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
                                 "%s is not of the family of the DpdkTcpClient", self->host->name);
      g_object_unref (address);
    }
  set_timer (self, 0, on_literal);
  return TRUE;
}

static void
look_up_host (DpdkAddressSearch *self)
{
  self->host = g_queue_pop_head (&self->hosts);
  self->has_found = FALSE;
  self->v6_is_over = !is_wanted (self, G_SOCKET_FAMILY_IPV6);
  if (take_literal (self))
    return;
  /* a resolver of the application need not have it */
  if (G_RESOLVER_GET_CLASS (self->resolver)->lookup_by_name_with_flags_async == NULL)
    {
      g_resolver_lookup_by_name_async (self->resolver, self->host->name, self->cancellable,
                                       on_looked_up, begin_lookup (self));
      return;
    }
  if (is_wanted (self, G_SOCKET_FAMILY_IPV6))
    g_resolver_lookup_by_name_with_flags_async (
        self->resolver, self->host->name, G_RESOLVER_NAME_LOOKUP_FLAGS_IPV6_ONLY, self->cancellable,
        on_looked_up_v6, begin_lookup (self));
  if (is_wanted (self, G_SOCKET_FAMILY_IPV4))
    g_resolver_lookup_by_name_with_flags_async (
        self->resolver, self->host->name, G_RESOLVER_NAME_LOOKUP_FLAGS_IPV4_ONLY, self->cancellable,
        on_looked_up_v4, begin_lookup (self));
}

static void
on_service (GObject *source, GAsyncResult *result, gpointer user_data)
{
  DpdkAddressSearch *self = user_data;
  g_autoptr (GError) error = NULL;
  GList *targets = g_resolver_lookup_service_finish (G_RESOLVER (source), result, &error);

  self->n_lookups--;
  for (GList *l = targets; l != NULL; l = l->next)
    add_host (self, g_srv_target_get_hostname (l->data), g_srv_target_get_port (l->data));
  g_resolver_free_targets (targets);
  /* RFC 2782: a target of "." says so */
  if (g_queue_is_empty (&self->hosts) && error == NULL)
    error = g_error_new_literal (G_RESOLVER_ERROR, G_RESOLVER_ERROR_NOT_FOUND,
                                 "The service is not available there");
  report (self, NULL, error, error != NULL);
  search_unref (self);
}

static void
look_up_service (DpdkAddressSearch *self)
{
  g_autoptr (GNetworkService) service = g_steal_pointer (&self->service);

  g_resolver_lookup_service_async (self->resolver, g_network_service_get_service (service),
                                   g_network_service_get_protocol (service),
                                   g_network_service_get_domain (service), self->cancellable,
                                   on_service, begin_lookup (self));
}

static void
on_next (GObject *source, GAsyncResult *result, gpointer user_data)
{
  DpdkAddressSearch *self = user_data;
  g_autoptr (GError) error = NULL;
  GSocketAddress *address = g_socket_address_enumerator_next_finish (
      G_SOCKET_ADDRESS_ENUMERATOR (source), result, &error);

  self->n_lookups--;
  if (address == NULL)
    {
      g_clear_object (&self->enumerator);
      report (self, NULL, error, TRUE);
    }
  else if (is_wanted (self, g_socket_address_get_family (address)))
    report (self, g_list_prepend (NULL, address), NULL, FALSE);
  else
    {
      g_object_unref (address);
      if (self->func != NULL)
        dpdk_address_search_want (self);
    }
  search_unref (self);
}

void
dpdk_address_search_want (DpdkAddressSearch *self)
{
  if (self->n_lookups > 0 || self->timer != NULL)
    return;
  if (self->service != NULL)
    look_up_service (self);
  else if (!g_queue_is_empty (&self->hosts))
    look_up_host (self);
  else if (self->enumerator != NULL)
    g_socket_address_enumerator_next_async (self->enumerator, self->cancellable, on_next,
                                            begin_lookup (self));
}

void
dpdk_address_search_end (DpdkAddressSearch *self)
{
  self->func = NULL;
  clear_timer (self);
  g_cancellable_cancel (self->cancellable);
  search_unref (self);
}

void
dpdk_address_search_watch (DpdkAddressSearch *self, gboolean *is_gone)
{
  self->is_gone = is_gone;
}

DpdkAddressSearch *
dpdk_address_search_new (GSocketConnectable *connectable, GResolver *resolver, GSocketFamily family,
                         DpdkAddressSearchFunc func, gpointer user_data)
{
  DpdkAddressSearch *self = g_new0 (DpdkAddressSearch, 1);

  self->ref_count = 1;
  self->func = func;
  self->user_data = user_data;
  self->resolver = resolver != NULL ? g_object_ref (resolver) : g_resolver_get_default ();
  self->family = family;
  self->cancellable = g_cancellable_new ();
  g_queue_init (&self->hosts);
  /* not those derived from them, which may have an enumerator of their own */
  if (G_OBJECT_TYPE (connectable) == G_TYPE_NETWORK_ADDRESS)
    add_host (self, g_network_address_get_hostname (G_NETWORK_ADDRESS (connectable)),
              g_network_address_get_port (G_NETWORK_ADDRESS (connectable)));
  else if (G_OBJECT_TYPE (connectable) == G_TYPE_NETWORK_SERVICE)
    self->service = g_object_ref (G_NETWORK_SERVICE (connectable));
  else
    self->enumerator = g_socket_connectable_enumerate (connectable);
  return self;
}
