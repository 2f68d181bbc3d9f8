/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dpdk-dns-lookup-private.h"

#include "dpdk-runtime-private.h"

#include <resolv.h>
#include <string.h>

#define MAX_QUERIES 2
#define LOCALHOST "localhost"

typedef struct _Lookup Lookup;

typedef struct {
  Lookup *lookup;
  DpdkDnsQuery *query;
  GPtrArray *records;
  GError *error;
  gboolean is_over;
} Part;

struct _Lookup {
  GTask *task;
  GSource *cancelled;
  /* of the runtime, to know what it can reach; NULL if it was shut down */
  DpdkWorker *worker;
  Part parts[MAX_QUERIES];
  guint n_parts;
  /* gives the task what the parts have found */
  void (*finish) (Lookup *self);
};

static void
free_addresses (gpointer list)
{
  g_resolver_free_addresses (list);
}

static void
free_records (gpointer list)
{
  g_list_free_full (list, (GDestroyNotify) g_variant_unref);
}

static void
lookup_free (Lookup *self)
{
  for (guint i = 0; i < self->n_parts; i++)
    {
      g_clear_pointer (&self->parts[i].query, dpdk_dns_query_free);
      g_clear_pointer (&self->parts[i].records, g_ptr_array_unref);
      g_clear_error (&self->parts[i].error);
    }
  if (self->cancelled != NULL)
    {
      g_source_destroy (self->cancelled);
      g_source_unref (self->cancelled);
    }
  g_clear_object (&self->worker);
  g_object_unref (self->task);
  g_free (self);
}

static gboolean
on_cancelled (GCancellable *cancellable, gpointer user_data)
{
  Lookup *self = user_data;

  g_task_return_error_if_cancelled (self->task);
  lookup_free (self);
  return G_SOURCE_REMOVE;
}

static Lookup *
lookup_new (GTask *task, DpdkRuntime *runtime, void (*finish) (Lookup *self))
{
  GCancellable *cancellable = g_task_get_cancellable (task);
  Lookup *self = g_new0 (Lookup, 1);

  self->task = g_object_ref (task);
  self->finish = finish;
  if (runtime != NULL)
    self->worker = dpdk_runtime_dup_worker (runtime, 0);
  if (cancellable != NULL)
    {
      self->cancelled = g_cancellable_source_new (cancellable);
      g_source_set_callback (self->cancelled, G_SOURCE_FUNC (on_cancelled), self, NULL);
      g_source_attach (self->cancelled, g_task_get_context (task));
    }
  return self;
}

static void
on_part_over (GPtrArray *records, const GError *error, gpointer user_data)
{
  Part *part = user_data;
  Lookup *self = part->lookup;

  part->records = records != NULL ? g_ptr_array_ref (records) : NULL;
  part->error = error != NULL ? g_error_copy (error) : NULL;
  part->is_over = TRUE;
  for (guint i = 0; i < self->n_parts; i++)
    if (!self->parts[i].is_over)
      return;
  self->finish (self);
  lookup_free (self);
}

static void
add_query (Lookup *self, const DpdkDnsSettings *settings, const char *name, ns_type type)
{
  Part *part = &self->parts[self->n_parts++];

  part->lookup = self;
  part->query = dpdk_dns_query_new (settings, name, type, g_task_get_context (self->task),
                                    on_part_over, part);
}

/* that a name does not exist is only sure if no server has failed */
static void
return_error (Lookup *self)
{
  guint which = 0;

  for (guint i = 1; i < self->n_parts; i++)
    if (g_error_matches (self->parts[which].error, G_RESOLVER_ERROR, G_RESOLVER_ERROR_NOT_FOUND))
      which = i;
  g_task_return_error (self->task, g_steal_pointer (&self->parts[which].error));
}

static gboolean
is_reachable (Lookup *self, GInetAddress *address)
{
  return self->worker != NULL &&
         dpdk_worker_core_find_route (dpdk_worker_get_core_private (self->worker),
                                      g_inet_address_get_family (address) == G_SOCKET_FAMILY_IPV6,
                                      g_inet_address_to_bytes (address)) != DPDK_ROUTE_NONE;
}

/* RFC 6724, 6: rule 1, and then IPv6 first */
static void
finish_addresses (Lookup *self)
{
  GList *reachable = NULL, *others = NULL, *all;

  for (guint i = 0; i < self->n_parts; i++)
    for (guint j = 0; self->parts[i].records != NULL && j < self->parts[i].records->len; j++)
      {
        gsize size;
        const guint8 *bytes = g_variant_get_fixed_array (
            g_ptr_array_index (self->parts[i].records, j), &size, sizeof *bytes);
        GInetAddress *address = g_inet_address_new_from_bytes (
            bytes, size == 16 ? G_SOCKET_FAMILY_IPV6 : G_SOCKET_FAMILY_IPV4);

        if (is_reachable (self, address))
          reachable = g_list_prepend (reachable, address);
        else
          others = g_list_prepend (others, address);
      }
  all = g_list_concat (g_list_reverse (reachable), g_list_reverse (others));
  if (all != NULL)
    g_task_return_pointer (self->task, all, free_addresses);
  else
    return_error (self);
}

static void
finish_records (Lookup *self)
{
  GPtrArray *records = self->parts[0].records;
  GList *list = NULL;

  if (records == NULL)
    {
      return_error (self);
      return;
    }
  for (guint i = records->len; i > 0; i--)
    list = g_list_prepend (list, g_variant_ref (g_ptr_array_index (records, i - 1)));
  g_task_return_pointer (self->task, list, free_records);
}

/* a name that is none of a host could be taken for something else by who gets it */
static void
finish_pointer (Lookup *self)
{
  GPtrArray *records = self->parts[0].records;
  const char *name;

  if (records == NULL)
    {
      return_error (self);
      return;
    }
  g_variant_get (g_ptr_array_index (records, 0), "(&s)", &name);
  if (res_hnok (name) == 1)
    g_task_return_pointer (self->task, g_strdup (name), g_free);
  else
    g_task_return_new_error (self->task, G_RESOLVER_ERROR, G_RESOLVER_ERROR_NOT_FOUND,
                             "The address has the name \"%s\", which is not one of a host", name);
}

/* RFC 6761, 6.3 */
static gboolean
is_localhost (const char *name)
{
  gsize length = strlen (name);

  if (length > 0 && name[length - 1] == '.')
    length--;
  if (length < strlen (LOCALHOST))
    return FALSE;
  if (length > strlen (LOCALHOST) && name[length - strlen (LOCALHOST) - 1] != '.')
    return FALSE;
  return g_ascii_strncasecmp (name + length - strlen (LOCALHOST), LOCALHOST, strlen (LOCALHOST)) ==
         0;
}

static GList *
get_loopback (GResolverNameLookupFlags flags)
{
  GList *list = NULL;

  if ((flags & G_RESOLVER_NAME_LOOKUP_FLAGS_IPV6_ONLY) == 0)
    list = g_list_prepend (list, g_inet_address_new_loopback (G_SOCKET_FAMILY_IPV4));
  if ((flags & G_RESOLVER_NAME_LOOKUP_FLAGS_IPV4_ONLY) == 0)
    list = g_list_prepend (list, g_inet_address_new_loopback (G_SOCKET_FAMILY_IPV6));
  return list;
}

void
dpdk_dns_lookup_addresses (GTask *task, const DpdkDnsSettings *settings, const char *name,
                           GResolverNameLookupFlags flags)
{
  Lookup *self;

  if (g_task_return_error_if_cancelled (task))
    return;
  if (is_localhost (name))
    {
      g_task_return_pointer (task, get_loopback (flags), free_addresses);
      return;
    }
  self = lookup_new (task, settings->runtime, finish_addresses);
  if ((flags & G_RESOLVER_NAME_LOOKUP_FLAGS_IPV4_ONLY) == 0)
    add_query (self, settings, name, ns_t_aaaa);
  if ((flags & G_RESOLVER_NAME_LOOKUP_FLAGS_IPV6_ONLY) == 0)
    add_query (self, settings, name, ns_t_a);
}

static char *
get_reverse_name (GInetAddress *address)
{
  gsize size = g_inet_address_get_native_size (address);
  const guint8 *bytes = g_inet_address_to_bytes (address);
  GString *name = g_string_new (NULL);

  for (gsize i = size; i > 0; i--)
    if (size == 4)
      g_string_append_printf (name, "%u.", bytes[i - 1]);
    else
      g_string_append_printf (name, "%x.%x.", bytes[i - 1] & 0xf, bytes[i - 1] >> 4);
  g_string_append (name, size == 4 ? "in-addr.arpa" : "ip6.arpa");
  return g_string_free (name, FALSE);
}

void
dpdk_dns_lookup_pointer (GTask *task, const DpdkDnsSettings *settings, GInetAddress *address)
{
  g_autofree char *name = NULL;

  if (g_task_return_error_if_cancelled (task))
    return;
  if (g_inet_address_get_is_loopback (address))
    {
      g_task_return_pointer (task, g_strdup (LOCALHOST), g_free);
      return;
    }
  name = get_reverse_name (address);
  add_query (lookup_new (task, settings->runtime, finish_pointer), settings, name, ns_t_ptr);
}

static ns_type
get_type (GResolverRecordType type)
{
  switch (type)
    {
    case G_RESOLVER_RECORD_SRV:
      return ns_t_srv;
    case G_RESOLVER_RECORD_MX:
      return ns_t_mx;
    case G_RESOLVER_RECORD_TXT:
      return ns_t_txt;
    case G_RESOLVER_RECORD_SOA:
      return ns_t_soa;
    case G_RESOLVER_RECORD_NS:
      return ns_t_ns;
    default:
      return ns_t_invalid;
    }
}

void
dpdk_dns_lookup_records (GTask *task, const DpdkDnsSettings *settings, const char *name,
                         GResolverRecordType type)
{
  ns_type native = get_type (type);

  if (g_task_return_error_if_cancelled (task))
    return;
  if (native == ns_t_invalid)
    {
      g_task_return_new_error (task, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
                               "DpdkResolver: records of type %d are not supported", (gint) type);
      return;
    }
  add_query (lookup_new (task, settings->runtime, finish_records), settings, name, native);
}
