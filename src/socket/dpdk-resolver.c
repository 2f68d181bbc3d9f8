/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dpdk-dns-lookup-private.h"

#include "dpdk-lcore-private.h"
#include "dpdk-own-context-private.h"
#include "dpdk-name-server-private.h"
#include "dpdk-eal-private.h"
#include "dpdk-notify-private.h"

#define DEFAULT_ATTEMPTS 2
#define MAX_ATTEMPTS 16
#define DEFAULT_ATTEMPT_TIMEOUT_MS 2000

/**
 * DpdkResolver:
 *
 * A [class@Gio.Resolver] that asks name servers over the ports of a runtime.
 *
 * The questions of the DNS (RFC 1035) go out over UDP, each from a random port with a random number,
 * with a size of 1232 bytes allowed for the answer (RFC 6891), and again over TCP if the answer is
 * longer. What does not repeat the question, or comes from elsewhere, is ignored. A server that fails
 * or does not answer in time is followed by the next one. An address is asked for in both families at
 * the same time; those that the runtime has a route to come first, and of these IPv6.
 *
 * Addresses in text form, `localhost` and the names below it (RFC 6761) are answered without asking.
 * Names are taken as they are: there are no search domains, no file of hosts, and nothing is cached.
 *
 * Names that do not exist, or have no record of the kind, are reported as
 * %G_RESOLVER_ERROR_NOT_FOUND, and what no server could answer as
 * %G_RESOLVER_ERROR_TEMPORARY_FAILURE, with what each of them said.
 *
 * The functions of [class@Gio.Resolver] may be called from any thread; those that wait not on the
 * thread of a worker, where they fail with %DPDK_ERROR_WOULD_DEADLOCK. The resolver does not hold the
 * runtime, so that it may stay the default of the process; lookups fail with %G_IO_ERROR_CLOSED when
 * the runtime is gone.
 *
 * ```c
 * const char *const name_servers[] = { "192.0.2.53", "[2001:db8::53]:53", NULL };
 * g_autoptr (DpdkResolver) resolver = dpdk_resolver_new (runtime, name_servers, &error);
 *
 * if (resolver != NULL)
 *   g_resolver_set_default (G_RESOLVER (resolver));
 * ```
 *
 * Since: 0.1
 */
struct _DpdkResolver {
  GResolver parent_instance;

  GWeakRef runtime;
  /* (element-type GSocketAddress); NULL unless made by dpdk_resolver_new() */
  GPtrArray *servers;
  char **name_servers;
  gint attempts;
  gint attempt_timeout_ms;
  /* of whoever made it */
  GMainContext *context;
  GThread *thread;
};

typedef enum {
  PROP_NAME_SERVERS = 1,
  PROP_ATTEMPTS,
  PROP_ATTEMPT_TIMEOUT,
} DpdkResolverProperty;

static GParamSpec *properties[PROP_ATTEMPT_TIMEOUT + 1];

G_DEFINE_FINAL_TYPE (DpdkResolver, dpdk_resolver, G_TYPE_RESOLVER)

/* what a lookup is for; each method of GResolver has one of these */
typedef struct {
  const char *name;
  GInetAddress *address;
  GResolverNameLookupFlags flags;
  GResolverRecordType type;
} Request;

typedef void (*StartFunc) (GTask *task, const DpdkDnsSettings *settings, const Request *request);

static void
start_addresses (GTask *task, const DpdkDnsSettings *settings, const Request *request)
{
  dpdk_dns_lookup_addresses (task, settings, request->name, request->flags);
}

static void
start_pointer (GTask *task, const DpdkDnsSettings *settings, const Request *request)
{
  dpdk_dns_lookup_pointer (task, settings, request->address);
}

static void
start_records (GTask *task, const DpdkDnsSettings *settings, const Request *request)
{
  dpdk_dns_lookup_records (task, settings, request->name, request->type);
}

static void
lookup_async (GResolver *resolver, StartFunc start, const Request *request,
              GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data)
{
  DpdkResolver *self = DPDK_RESOLVER (resolver);
  g_autoptr (DpdkRuntime) runtime = NULL;
  g_autoptr (GTask) task = g_task_new (self, cancellable, callback, user_data);
  DpdkDnsSettings settings;

  g_task_set_source_tag (task, lookup_async);
  g_task_set_name (task, "DpdkResolver lookup");
  if (dpdk_eal_is_inert ())
    {
      g_task_return_new_error (task, DPDK_ERROR, DPDK_ERROR_EAL_DEAD,
                               "The DpdkResolver belongs to the parent of this process");
      return;
    }
  g_return_if_fail (self->servers != NULL);
  runtime = g_weak_ref_get (&self->runtime);
  settings = (DpdkDnsSettings){
    .runtime = runtime,
    .servers = self->servers,
    .attempts = (guint) g_atomic_int_get (&self->attempts),
    .timeout_ms = (guint) g_atomic_int_get (&self->attempt_timeout_ms),
  };
  start (task, &settings, request);
}

static void
on_looked_up (GObject *source, GAsyncResult *result, gpointer user_data)
{
  *(GAsyncResult **) user_data = g_object_ref (result);
}

static gpointer
lookup (GResolver *resolver, StartFunc start, const Request *request, const char *call,
        const char *instead, GCancellable *cancellable, GError **error)
{
  GMainContext *context;
  g_autoptr (GAsyncResult) result = NULL;

  if (!dpdk_lcore_check_may_wait (call, instead, error))
    return NULL;
  g_return_val_if_fail (DPDK_RESOLVER (resolver)->servers != NULL, NULL);
  context = dpdk_own_context_begin ();
  lookup_async (resolver, start, request, cancellable, on_looked_up, &result);
  while (result == NULL)
    g_main_context_iteration (context, TRUE);
  dpdk_own_context_end (context, cancellable);
  return g_task_propagate_pointer (G_TASK (result), error);
}

static gpointer
lookup_finish (GResolver *resolver, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, resolver), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

static GList *
dpdk_resolver_lookup_by_name (GResolver *resolver, const char *hostname, GCancellable *cancellable,
                              GError **error)
{
  const Request request = { .name = hostname };

  return lookup (resolver, start_addresses, &request, "g_resolver_lookup_by_name",
                 "g_resolver_lookup_by_name_async()", cancellable, error);
}

static void
dpdk_resolver_lookup_by_name_async (GResolver *resolver, const char *hostname,
                                    GCancellable *cancellable, GAsyncReadyCallback callback,
                                    gpointer user_data)
{
  const Request request = { .name = hostname };

  lookup_async (resolver, start_addresses, &request, cancellable, callback, user_data);
}

static GList *
dpdk_resolver_lookup_list_finish (GResolver *resolver, GAsyncResult *result, GError **error)
{
  return lookup_finish (resolver, result, error);
}

static GList *
dpdk_resolver_lookup_by_name_with_flags (GResolver *resolver, const char *hostname,
                                         GResolverNameLookupFlags flags, GCancellable *cancellable,
                                         GError **error)
{
  const Request request = { .name = hostname, .flags = flags };

  return lookup (resolver, start_addresses, &request, "g_resolver_lookup_by_name_with_flags",
                 "g_resolver_lookup_by_name_with_flags_async()", cancellable, error);
}

static void
dpdk_resolver_lookup_by_name_with_flags_async (GResolver *resolver, const char *hostname,
                                               GResolverNameLookupFlags flags,
                                               GCancellable *cancellable,
                                               GAsyncReadyCallback callback, gpointer user_data)
{
  const Request request = { .name = hostname, .flags = flags };

  lookup_async (resolver, start_addresses, &request, cancellable, callback, user_data);
}

static char *
dpdk_resolver_lookup_by_address (GResolver *resolver, GInetAddress *address,
                                 GCancellable *cancellable, GError **error)
{
  const Request request = { .address = address };

  return lookup (resolver, start_pointer, &request, "g_resolver_lookup_by_address",
                 "g_resolver_lookup_by_address_async()", cancellable, error);
}

static void
dpdk_resolver_lookup_by_address_async (GResolver *resolver, GInetAddress *address,
                                       GCancellable *cancellable, GAsyncReadyCallback callback,
                                       gpointer user_data)
{
  const Request request = { .address = address };

  lookup_async (resolver, start_pointer, &request, cancellable, callback, user_data);
}

static char *
dpdk_resolver_lookup_by_address_finish (GResolver *resolver, GAsyncResult *result, GError **error)
{
  return lookup_finish (resolver, result, error);
}

/* those of services come from here, too */
static GList *
dpdk_resolver_lookup_records (GResolver *resolver, const char *rrname, GResolverRecordType type,
                              GCancellable *cancellable, GError **error)
{
  const Request request = { .name = rrname, .type = type };

  return lookup (resolver, start_records, &request, "g_resolver_lookup_records",
                 "g_resolver_lookup_records_async()", cancellable, error);
}

static void
dpdk_resolver_lookup_records_async (GResolver *resolver, const char *rrname,
                                    GResolverRecordType type, GCancellable *cancellable,
                                    GAsyncReadyCallback callback, gpointer user_data)
{
  const Request request = { .name = rrname, .type = type };

  lookup_async (resolver, start_records, &request, cancellable, callback, user_data);
}

static void
dpdk_resolver_finalize (GObject *object)
{
  DpdkResolver *self = DPDK_RESOLVER (object);

  g_weak_ref_clear (&self->runtime);
  g_clear_pointer (&self->servers, g_ptr_array_unref);
  g_strfreev (self->name_servers);
  g_main_context_unref (self->context);
  G_OBJECT_CLASS (dpdk_resolver_parent_class)->finalize (object);
}

static void
dpdk_resolver_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  DpdkResolver *self = DPDK_RESOLVER (object);

  switch ((DpdkResolverProperty) id)
    {
    case PROP_NAME_SERVERS:
      g_value_set_boxed (value, self->name_servers);
      break;
    case PROP_ATTEMPTS:
      g_value_set_uint (value, dpdk_resolver_get_attempts (self));
      break;
    case PROP_ATTEMPT_TIMEOUT:
      g_value_set_uint (value, dpdk_resolver_get_attempt_timeout (self));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
dpdk_resolver_set_property (GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  DpdkResolver *self = DPDK_RESOLVER (object);

  switch ((DpdkResolverProperty) id)
    {
    case PROP_ATTEMPTS:
      dpdk_resolver_set_attempts (self, g_value_get_uint (value));
      break;
    case PROP_ATTEMPT_TIMEOUT:
      dpdk_resolver_set_attempt_timeout (self, g_value_get_uint (value));
      break;
    case PROP_NAME_SERVERS:
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
dpdk_resolver_class_init (DpdkResolverClass *klass)
{
  const GParamFlags flags = G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY;
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GResolverClass *resolver_class = G_RESOLVER_CLASS (klass);

  object_class->finalize = dpdk_resolver_finalize;
  object_class->get_property = dpdk_resolver_get_property;
  object_class->set_property = dpdk_resolver_set_property;
  resolver_class->lookup_by_name = dpdk_resolver_lookup_by_name;
  resolver_class->lookup_by_name_async = dpdk_resolver_lookup_by_name_async;
  resolver_class->lookup_by_name_finish = dpdk_resolver_lookup_list_finish;
  resolver_class->lookup_by_name_with_flags = dpdk_resolver_lookup_by_name_with_flags;
  resolver_class->lookup_by_name_with_flags_async = dpdk_resolver_lookup_by_name_with_flags_async;
  resolver_class->lookup_by_name_with_flags_finish = dpdk_resolver_lookup_list_finish;
  resolver_class->lookup_by_address = dpdk_resolver_lookup_by_address;
  resolver_class->lookup_by_address_async = dpdk_resolver_lookup_by_address_async;
  resolver_class->lookup_by_address_finish = dpdk_resolver_lookup_by_address_finish;
  resolver_class->lookup_records = dpdk_resolver_lookup_records;
  resolver_class->lookup_records_async = dpdk_resolver_lookup_records_async;
  resolver_class->lookup_records_finish = dpdk_resolver_lookup_list_finish;

  /**
   * DpdkResolver:name-servers: (getter dup_name_servers)
   *
   * The addresses of the name servers, in the order in which they are asked.
   *
   * Since: 0.1
   */
  properties[PROP_NAME_SERVERS] =
      g_param_spec_boxed ("name-servers", NULL, NULL, G_TYPE_STRV,
                          G_PARAM_READABLE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY);
  /**
   * DpdkResolver:attempts:
   *
   * How often each name server is asked; the next one's turn comes in between.
   *
   * Since: 0.1
   */
  properties[PROP_ATTEMPTS] =
      g_param_spec_uint ("attempts", NULL, NULL, 1, MAX_ATTEMPTS, DEFAULT_ATTEMPTS, flags);
  /**
   * DpdkResolver:attempt-timeout:
   *
   * How long an answer of a name server is waited for, in milliseconds.
   *
   * Since: 0.1
   */
  properties[PROP_ATTEMPT_TIMEOUT] = g_param_spec_uint ("attempt-timeout", NULL, NULL, 1, G_MAXINT,
                                                        DEFAULT_ATTEMPT_TIMEOUT_MS, flags);
  g_object_class_install_properties (object_class, G_N_ELEMENTS (properties), properties);
}

static void
dpdk_resolver_init (DpdkResolver *self)
{
  g_weak_ref_init (&self->runtime, NULL);
  self->attempts = DEFAULT_ATTEMPTS;
  self->attempt_timeout_ms = DEFAULT_ATTEMPT_TIMEOUT_MS;
  self->context = g_main_context_ref_thread_default ();
  self->thread = g_thread_self ();
}

static void
notify (DpdkResolver *self, DpdkResolverProperty property)
{
  dpdk_notify_creator (G_OBJECT (self), self->thread, self->context, properties[property]);
}

static GPtrArray *
parse_servers (const char *const *name_servers, GError **error)
{
  g_autoptr (GPtrArray) servers = g_ptr_array_new_with_free_func (g_object_unref);

  for (guint i = 0; name_servers != NULL && name_servers[i] != NULL; i++)
    {
      GSocketAddress *server = dpdk_name_server_parse (name_servers[i], error);

      if (server == NULL)
        {
          g_prefix_error (error, "DpdkResolver: ");
          return NULL;
        }
      g_ptr_array_add (servers, server);
    }
  if (servers->len > 0)
    return g_steal_pointer (&servers);
  g_set_error_literal (error, DPDK_ERROR, DPDK_ERROR_INVALID_ARGUMENT,
                       "DpdkResolver: there is no name server, neither as an argument nor as "
                       "\"name_servers\" of the configuration");
  return NULL;
}

/**
 * dpdk_resolver_new:
 * @runtime: the runtime, which is not held
 * @name_servers: (nullable) (array zero-terminated=1): addresses of name servers, each with or without
 *   a port, such as `192.0.2.53`, `192.0.2.53:5353` or `[2001:db8::53]:5353`; %NULL for those of the
 *   configuration of the runtime, see [method@Dpdk.Config.get_name_servers]
 * @error: return location for an error
 *
 * Creates a resolver. It asks nothing yet.
 *
 * May be called from any thread.
 *
 * Fails with %DPDK_ERROR_INVALID_ARGUMENT if there is no name server, or one is not such an address.
 *
 * Returns: (transfer full): the resolver
 *
 * Since: 0.1
 */
DpdkResolver *
dpdk_resolver_new (DpdkRuntime *runtime, const char *const *name_servers, GError **error)
{
  g_autoptr (GPtrArray) servers = NULL;
  DpdkResolver *self;

  g_return_val_if_fail (DPDK_IS_RUNTIME (runtime), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  if (name_servers == NULL)
    name_servers = dpdk_config_get_name_servers (dpdk_runtime_get_config (runtime));
  servers = parse_servers (name_servers, error);
  if (servers == NULL)
    return NULL;
  self = g_object_new (DPDK_TYPE_RESOLVER, NULL);
  g_weak_ref_set (&self->runtime, runtime);
  self->servers = g_steal_pointer (&servers);
  self->name_servers = g_strdupv ((char **) name_servers);
  return self;
}

/**
 * dpdk_resolver_dup_name_servers: (get-property name-servers)
 * @self: a resolver
 *
 * Gets the addresses of the name servers, as they were given. May be called from any thread.
 *
 * Returns: (transfer full) (array zero-terminated=1): the addresses
 *
 * Since: 0.1
 */
char **
dpdk_resolver_dup_name_servers (DpdkResolver *self)
{
  g_return_val_if_fail (DPDK_IS_RESOLVER (self), NULL);

  return g_strdupv (self->name_servers);
}

/**
 * dpdk_resolver_get_attempts: (get-property attempts)
 * @self: a resolver
 *
 * Gets how often each name server is asked. May be called from any thread.
 *
 * Returns: the number
 *
 * Since: 0.1
 */
guint
dpdk_resolver_get_attempts (DpdkResolver *self)
{
  g_return_val_if_fail (DPDK_IS_RESOLVER (self), 0);

  return (guint) g_atomic_int_get (&self->attempts);
}

/**
 * dpdk_resolver_set_attempts: (set-property attempts)
 * @self: a resolver
 * @attempts: the number, from 1 to 16; 2 by default
 *
 * Sets how often each name server is asked, for lookups from now on. May be called from any thread.
 *
 * Since: 0.1
 */
void
dpdk_resolver_set_attempts (DpdkResolver *self, guint attempts)
{
  g_return_if_fail (DPDK_IS_RESOLVER (self));
  g_return_if_fail (attempts >= 1 && attempts <= MAX_ATTEMPTS);

  if (g_atomic_int_exchange (&self->attempts, (gint) attempts) != (gint) attempts)
    notify (self, PROP_ATTEMPTS);
}

/**
 * dpdk_resolver_get_attempt_timeout: (get-property attempt-timeout)
 * @self: a resolver
 *
 * Gets how long an answer of a name server is waited for. May be called from any thread.
 *
 * Returns: milliseconds
 *
 * Since: 0.1
 */
guint
dpdk_resolver_get_attempt_timeout (DpdkResolver *self)
{
  g_return_val_if_fail (DPDK_IS_RESOLVER (self), 0);

  return (guint) g_atomic_int_get (&self->attempt_timeout_ms);
}

/**
 * dpdk_resolver_set_attempt_timeout: (set-property attempt-timeout)
 * @self: a resolver
 * @timeout_ms: milliseconds, at least 1; 2000 by default
 *
 * Sets how long an answer of a name server is waited for, for lookups from now on. May be called from
 * any thread.
 *
 * Since: 0.1
 */
void
dpdk_resolver_set_attempt_timeout (DpdkResolver *self, guint timeout_ms)
{
  g_return_if_fail (DPDK_IS_RESOLVER (self));
  g_return_if_fail (timeout_ms >= 1 && timeout_ms <= G_MAXINT);

  if (g_atomic_int_exchange (&self->attempt_timeout_ms, (gint) timeout_ms) != (gint) timeout_ms)
    notify (self, PROP_ATTEMPT_TIMEOUT);
}
