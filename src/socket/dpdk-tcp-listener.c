/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dpdk-socket-native-private.h"
#include "dpdk-socket-private.h"
#include "dpdk-tcp-listener-core-private.h"
#include "dpdk-tcp-options-private.h"

#define MAX_INCOMING_PER_DISPATCH 16

/**
 * DpdkTcpListener:
 *
 * Accepts TCP connections on an address of a [class@Dpdk.Runtime].
 *
 * A listener listens on all workers of the runtime; each connection belongs to the worker that its
 * packets reach. Connections are taken by [method@Dpdk.TcpListener.accept],
 * [method@Dpdk.TcpListener.accept_async] or, if neither waits, handed to the handlers of
 * [signal@Dpdk.TcpListener::incoming] in the main context that was the thread's default when the
 * listener was made. A listener made on a worker thus serves on the thread of that worker.
 * [method@Dpdk.TcpListener.create_source] tells any other main context.
 *
 * ```c
 * static void
 * on_incoming (DpdkTcpListener *listener, DpdkTcpConnection *connection, gpointer user_data)
 * {
 *   // connection is a GIOStream
 * }
 *
 * g_autoptr (DpdkTcpListener) listener = dpdk_tcp_listener_new (runtime, address, 128, &error);
 * g_signal_connect (listener, "incoming", G_CALLBACK (on_incoming), NULL);
 * ```
 *
 * Since: 0.1
 */
struct _DpdkTcpListener {
  DpdkSocket parent_instance;

  GPtrArray *workers;
  GPtrArray *cores;
  DpdkTcpAcceptQueue *queue;
  GSource *source;
  GSocketAddress *address;
  guint backlog;
  gboolean ipv6_only;
  GMutex lock;
  /* under the lock */
  DpdkStackTcpOptions options;
  guint8 ttl;
  guint8 traffic_class;
};

typedef enum {
  PROP_BACKLOG = 1,
  PROP_IPV6_ONLY,
} DpdkTcpListenerProperty;

typedef enum {
  SIGNAL_INCOMING,
} DpdkTcpListenerSignal;

static GParamSpec *properties[PROP_IPV6_ONLY + 1];
static guint signals[SIGNAL_INCOMING + 1];

G_DEFINE_FINAL_TYPE (DpdkTcpListener, dpdk_tcp_listener, DPDK_TYPE_SOCKET)

typedef struct {
  GSource source;
  GWeakRef listener;
  DpdkTcpAcceptQueue *queue;
} IncomingSource;

static gboolean
incoming_is_ready (IncomingSource *self)
{
  g_autoptr (DpdkTcpListener) listener = NULL;

  if (dpdk_tcp_accept_queue_is_empty (self->queue))
    return FALSE;
  listener = g_weak_ref_get (&self->listener);
  return listener != NULL &&
         g_signal_has_handler_pending (listener, signals[SIGNAL_INCOMING], 0, FALSE);
}

static gboolean
incoming_prepare (GSource *source, gint *timeout)
{
  *timeout = -1;
  return incoming_is_ready ((IncomingSource *) source);
}

static gboolean
incoming_check (GSource *source)
{
  return incoming_is_ready ((IncomingSource *) source);
}

static gboolean
incoming_dispatch (GSource *source, GSourceFunc callback, gpointer user_data)
{
  IncomingSource *self = (IncomingSource *) source;
  g_autoptr (DpdkTcpListener) listener = g_weak_ref_get (&self->listener);

  for (guint i = 0; listener != NULL && i < MAX_INCOMING_PER_DISPATCH; i++)
    {
      DpdkTcpEndpoint *endpoint = dpdk_tcp_accept_queue_pop (self->queue);
      g_autoptr (DpdkTcpConnection) connection = NULL;

      if (endpoint == NULL)
        break;
      connection = dpdk_tcp_listener_take (listener, endpoint);
      g_signal_emit (listener, signals[SIGNAL_INCOMING], 0, connection);
    }
  return G_SOURCE_CONTINUE;
}

static void
incoming_finalize (GSource *source)
{
  IncomingSource *self = (IncomingSource *) source;

  g_weak_ref_clear (&self->listener);
  dpdk_tcp_accept_queue_unref (self->queue);
}

static GSource *
create_incoming_source (DpdkTcpListener *self)
{
  static GSourceFuncs funcs = {
    .prepare = incoming_prepare,
    .check = incoming_check,
    .dispatch = incoming_dispatch,
    .finalize = incoming_finalize,
  };
  g_autoptr (GMainContext) context = g_main_context_ref_thread_default ();
  GSource *source = g_source_new (&funcs, sizeof (IncomingSource));
  IncomingSource *incoming = (IncomingSource *) source;

  g_source_set_static_name (source, "DpdkTcpListener incoming");
  g_weak_ref_init (&incoming->listener, self);
  incoming->queue = dpdk_tcp_accept_queue_ref (self->queue);
  dpdk_tcp_accept_queue_set_context (self->queue, context);
  g_source_attach (source, context);
  return source;
}

static void
close_listener (DpdkTcpListener *self, gboolean wait)
{
  for (guint i = 0; i < self->cores->len; i++)
    dpdk_tcp_listener_core_close (g_ptr_array_index (self->cores, i), wait);
  dpdk_tcp_accept_queue_close (self->queue);
}

static GSocketAddress *
dpdk_tcp_listener_get_local_address (DpdkSocket *socket, GError **error)
{
  return g_object_ref (DPDK_TCP_LISTENER (socket)->address);
}

static gboolean
dpdk_tcp_listener_is_closed (DpdkSocket *socket)
{
  return dpdk_tcp_accept_queue_is_closed (DPDK_TCP_LISTENER (socket)->queue);
}

static void
dpdk_tcp_listener_close (DpdkSocket *socket)
{
  close_listener (DPDK_TCP_LISTENER (socket), TRUE);
}

static guint8 *
find_ip_option (DpdkTcpListener *self, guint option)
{
  return option == DPDK_IP_OPTION_TTL ? &self->ttl : &self->traffic_class;
}

static guint8
dpdk_tcp_listener_get_ip_option (DpdkSocket *socket, guint option)
{
  DpdkTcpListener *self = DPDK_TCP_LISTENER (socket);
  guint8 value;

  g_mutex_lock (&self->lock);
  value = *find_ip_option (self, option);
  g_mutex_unlock (&self->lock);
  return value;
}

static gboolean
dpdk_tcp_listener_set_ip_option (DpdkSocket *socket, guint option, guint8 value)
{
  DpdkTcpListener *self = DPDK_TCP_LISTENER (socket);
  guint8 ttl, traffic_class;
  gboolean has_changed;

  value = dpdk_ip_option_mask_for_tcp (option, value);
  g_mutex_lock (&self->lock);
  has_changed = *find_ip_option (self, option) != value;
  *find_ip_option (self, option) = value;
  ttl = self->ttl;
  traffic_class = self->traffic_class;
  g_mutex_unlock (&self->lock);
  for (guint i = 0; has_changed && i < self->cores->len; i++)
    dpdk_tcp_listener_core_set_ip_options (g_ptr_array_index (self->cores, i), ttl, traffic_class);
  return has_changed;
}

static void
dpdk_tcp_listener_dispose (GObject *object)
{
  DpdkTcpListener *self = DPDK_TCP_LISTENER (object);

  if (self->queue != NULL && !dpdk_eal_is_inert ())
    close_listener (self, FALSE);
  if (self->source != NULL)
    {
      g_source_destroy (self->source);
      g_clear_pointer (&self->source, g_source_unref);
    }
  G_OBJECT_CLASS (dpdk_tcp_listener_parent_class)->dispose (object);
}

static void
dpdk_tcp_listener_finalize (GObject *object)
{
  DpdkTcpListener *self = DPDK_TCP_LISTENER (object);

  g_clear_pointer (&self->cores, g_ptr_array_unref);
  g_clear_pointer (&self->queue, dpdk_tcp_accept_queue_unref);
  g_clear_pointer (&self->workers, g_ptr_array_unref);
  g_clear_object (&self->address);
  g_mutex_clear (&self->lock);
  G_OBJECT_CLASS (dpdk_tcp_listener_parent_class)->finalize (object);
}

static void
dpdk_tcp_listener_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  switch ((DpdkTcpListenerProperty) id)
    {
    case PROP_BACKLOG:
      g_value_set_uint (value, DPDK_TCP_LISTENER (object)->backlog);
      break;
    case PROP_IPV6_ONLY:
      g_value_set_boolean (value, DPDK_TCP_LISTENER (object)->ipv6_only);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
dpdk_tcp_listener_class_init (DpdkTcpListenerClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  DpdkSocketClass *socket_class = DPDK_SOCKET_CLASS (klass);

  object_class->dispose = dpdk_tcp_listener_dispose;
  object_class->finalize = dpdk_tcp_listener_finalize;
  object_class->get_property = dpdk_tcp_listener_get_property;
  socket_class->get_local_address = dpdk_tcp_listener_get_local_address;
  socket_class->is_closed = dpdk_tcp_listener_is_closed;
  socket_class->close = dpdk_tcp_listener_close;
  socket_class->get_ip_option = dpdk_tcp_listener_get_ip_option;
  socket_class->set_ip_option = dpdk_tcp_listener_set_ip_option;

  /**
   * DpdkTcpListener:backlog:
   *
   * How many connections may wait to be accepted.
   *
   * Since: 0.1
   */
  properties[PROP_BACKLOG] =
      g_param_spec_uint ("backlog", NULL, NULL, 0, G_MAXUINT, 0,
                         G_PARAM_READABLE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY);
  /**
   * DpdkTcpListener:ipv6-only:
   *
   * Whether a listener of `::` accepts connections of IPv6 only, and not also those of IPv4.
   *
   * Since: 0.1
   */
  properties[PROP_IPV6_ONLY] =
      g_param_spec_boolean ("ipv6-only", NULL, NULL, FALSE,
                            G_PARAM_READABLE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY);
  g_object_class_install_properties (object_class, G_N_ELEMENTS (properties), properties);

  /**
   * DpdkTcpListener::incoming:
   * @self: the listener
   * @connection: the connection
   *
   * A connection was accepted. It is closed unless a handler takes a reference.
   *
   * Emitted in the main context that was the thread's default when the listener was made.
   *
   * Since: 0.1
   */
  signals[SIGNAL_INCOMING] =
      g_signal_new ("incoming", DPDK_TYPE_TCP_LISTENER, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                    G_TYPE_NONE, 1, DPDK_TYPE_TCP_CONNECTION);
}

static void
dpdk_tcp_listener_init (DpdkTcpListener *self)
{
  g_mutex_init (&self->lock);
  self->ttl = DPDK_IP_TTL_DEFAULT;
}

static DpdkWorker *
find_worker (DpdkTcpListener *self, DpdkWorkerCore *core)
{
  for (guint i = 0; i < self->workers->len; i++)
    {
      DpdkWorker *worker = g_ptr_array_index (self->workers, i);

      if (dpdk_worker_get_core_private (worker) == core)
        return worker;
    }
  g_return_val_if_reached (NULL);
}

static DpdkPort *
find_port_of (DpdkTcpListener *self, DpdkWorkerCore *core, GSocketAddress *local)
{
  GInetSocketAddress *inet = G_INET_SOCKET_ADDRESS (local);
  GInetAddress *host = g_inet_socket_address_get_address (inet);
  DpdkPort *port = dpdk_worker_core_find_port (core, host);

  /* it is in no configuration */
  if (port == NULL && g_inet_address_get_family (host) == G_SOCKET_FAMILY_IPV6 &&
      g_inet_address_get_is_link_local (host))
    port = dpdk_worker_core_get_port (core, (gint) g_inet_socket_address_get_scope_id (inet) - 1);
  return port != NULL ? port : dpdk_socket_get_port (DPDK_SOCKET (self));
}

DpdkTcpSocket *
dpdk_tcp_listener_wrap (DpdkTcpListener *self, DpdkTcpEndpoint *endpoint)
{
  DpdkWorkerCore *core = dpdk_tcp_endpoint_get_core (endpoint);
  /* one that was accepted has it */
  g_autoptr (GSocketAddress) local = dpdk_tcp_endpoint_get_local_address (endpoint, NULL);

  return dpdk_tcp_socket_new_take (find_worker (self, core), find_port_of (self, core, local),
                                   g_socket_address_get_family (local), endpoint);
}

DpdkTcpAcceptQueue *
dpdk_tcp_listener_get_queue (DpdkTcpListener *self)
{
  return self->queue;
}

/* NULL if it is none of this listener's workers */
DpdkTcpListenerCore *
dpdk_tcp_listener_find_core (DpdkTcpListener *self, DpdkWorkerCore *worker)
{
  for (guint i = 0; i < self->cores->len; i++)
    {
      DpdkTcpListenerCore *core = g_ptr_array_index (self->cores, i);

      if (dpdk_tcp_listener_core_get_worker (core) == worker)
        return core;
    }
  return NULL;
}

static gboolean
listen_on_all (DpdkTcpListener *self, const ip_addr_t *ip, guint16 *port, GError **error)
{
  for (guint i = 0; i < self->workers->len; i++)
    {
      DpdkWorker *worker = g_ptr_array_index (self->workers, i);
      DpdkTcpListenerCore *core =
          dpdk_tcp_listener_core_new (dpdk_worker_get_core_private (worker), self->queue, ip, port,
                                      self->backlog, &self->options, error);

      if (core == NULL)
        return FALSE;
      g_ptr_array_add (self->cores, core);
    }
  return TRUE;
}

/**
 * dpdk_tcp_listener_new:
 * @runtime: the runtime
 * @address: an address of a port of the runtime, or `0.0.0.0` for all addresses of IPv4 and `::` for
 *   those of both families; port 0 for any
 * @backlog: how many connections may wait to be accepted, at least 1
 * @error: return location for an error
 *
 * Binds to an address and listens. The scope ID of a link-local address is the number of the port in
 * the runtime, from 1 for the first one; without one it is that of the only port.
 *
 * May be called from any thread; on the thread of a worker only if it is the only one.
 *
 * Fails with %G_IO_ERROR_INVALID_ARGUMENT if no port has the address, with
 * %G_IO_ERROR_ADDRESS_IN_USE if the port is taken, with %G_IO_ERROR_CLOSED if the runtime was shut
 * down, and with %DPDK_ERROR_WRONG_WORKER if one worker would have to wait for another.
 *
 * Returns: (transfer full): the listener
 *
 * Since: 0.1
 */
DpdkTcpListener *
dpdk_tcp_listener_new (DpdkRuntime *runtime, GSocketAddress *address, guint backlog, GError **error)
{
  return dpdk_tcp_listener_new_with_flags (runtime, address, backlog, DPDK_TCP_LISTENER_FLAGS_NONE,
                                           error);
}

/**
 * DpdkTcpListenerFlags:
 * @DPDK_TCP_LISTENER_FLAGS_NONE: none
 * @DPDK_TCP_LISTENER_FLAGS_IPV6_ONLY: a listener of `::` does not accept connections of IPv4, so that
 *   another listener can have the same port of `0.0.0.0`
 *
 * How a listener listens.
 *
 * Since: 0.1
 */

/**
 * dpdk_tcp_listener_new_with_flags:
 * @runtime: the runtime
 * @address: an address of a port of the runtime, or an unspecified one
 * @backlog: how many connections may wait to be accepted, at least 1
 * @flags: how to listen
 * @error: return location for an error
 *
 * Binds to an address and listens. May be called from any thread; on the thread of a worker only if it
 * is the only one. See [ctor@Dpdk.TcpListener.new] for the addresses and the errors.
 *
 * Returns: (transfer full): the listener
 *
 * Since: 0.1
 */
DpdkTcpListener *
dpdk_tcp_listener_new_with_flags (DpdkRuntime *runtime, GSocketAddress *address, guint backlog,
                                  DpdkTcpListenerFlags flags, GError **error)
{
  g_autoptr (DpdkTcpListener) self = NULL;
  g_autoptr (GPtrArray) workers = NULL;
  DpdkPort *port;
  ip_addr_t ip;
  guint16 number;

  g_return_val_if_fail (DPDK_IS_RUNTIME (runtime), NULL);
  g_return_val_if_fail (G_IS_SOCKET_ADDRESS (address), NULL);
  g_return_val_if_fail (backlog > 0, NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  workers = dpdk_runtime_dup_workers (runtime, error);
  if (workers == NULL || !dpdk_native_address_from_gio (address, &ip, &number, error))
    return NULL;
  if (!dpdk_socket_check_scope (dpdk_worker_get_core_private (g_ptr_array_index (workers, 0)), &ip,
                                error))
    return NULL;
  port = dpdk_socket_find_port (g_ptr_array_index (workers, 0), address, &ip, error);
  if (port == NULL)
    return NULL;
  if (IP_IS_V6_VAL (ip) && ip_addr_isany_val (ip) && !(flags & DPDK_TCP_LISTENER_FLAGS_IPV6_ONLY))
    ip = *IP_ANY_TYPE;
  self = g_object_new (DPDK_TYPE_TCP_LISTENER, NULL);
  self->workers = g_steal_pointer (&workers);
  self->cores = g_ptr_array_new_with_free_func ((GDestroyNotify) dpdk_tcp_listener_core_unref);
  self->queue = dpdk_tcp_accept_queue_new ();
  self->backlog = backlog;
  self->ipv6_only = (flags & DPDK_TCP_LISTENER_FLAGS_IPV6_ONLY) != 0;
  self->options = dpdk_worker_core_get_shared (
                      dpdk_worker_get_core_private (g_ptr_array_index (self->workers, 0)))
                      ->tcp_options;
  dpdk_socket_set_owners (DPDK_SOCKET (self), g_ptr_array_index (self->workers, 0), port);
  if (!listen_on_all (self, &ip, &number, error))
    return NULL;
  self->address = dpdk_native_address_to_gio (&ip, number);
  self->source = create_incoming_source (self);
  return g_steal_pointer (&self);
}

/**
 * dpdk_tcp_listener_get_backlog: (get-property backlog)
 * @self: a listener
 *
 * Gets how many connections may wait to be accepted. May be called from any thread.
 *
 * Returns: the number
 *
 * Since: 0.1
 */
guint
dpdk_tcp_listener_get_backlog (DpdkTcpListener *self)
{
  g_return_val_if_fail (DPDK_IS_TCP_LISTENER (self) && self->queue != NULL, 0);

  return self->backlog;
}

/**
 * dpdk_tcp_listener_get_ipv6_only: (get-property ipv6-only)
 * @self: a listener
 *
 * Gets whether a listener of `::` accepts connections of IPv6 only. May be called from any thread.
 *
 * Returns: %TRUE if it does
 *
 * Since: 0.1
 */
gboolean
dpdk_tcp_listener_get_ipv6_only (DpdkTcpListener *self)
{
  g_return_val_if_fail (DPDK_IS_TCP_LISTENER (self) && self->queue != NULL, FALSE);

  return self->ipv6_only;
}

/**
 * dpdk_tcp_listener_dup_options:
 * @self: a listener
 *
 * Gets the options of the connections that will be accepted. May be called from any thread.
 *
 * Returns: (transfer full): new options; to change them does not change the listener
 *
 * Since: 0.1
 */
DpdkTcpOptions *
dpdk_tcp_listener_dup_options (DpdkTcpListener *self)
{
  DpdkStackTcpOptions values;

  g_return_val_if_fail (DPDK_IS_TCP_LISTENER (self) && self->queue != NULL, NULL);

  g_mutex_lock (&self->lock);
  values = self->options;
  g_mutex_unlock (&self->lock);
  return dpdk_tcp_options_new_from_values (&values);
}

static gboolean
check_may_call_all (DpdkTcpListener *self, GError **error)
{
  DpdkWorkerCore *current = dpdk_worker_core_get_current ();

  for (guint i = 0; current != NULL && i < self->workers->len; i++)
    if (dpdk_worker_get_core_private (g_ptr_array_index (self->workers, i)) != current)
      {
        g_set_error (error, DPDK_ERROR, DPDK_ERROR_WRONG_WORKER,
                     "The DpdkTcpListener listens on %u workers, for all of which worker %u cannot "
                     "wait",
                     self->workers->len, dpdk_worker_core_get_index (current));
        return FALSE;
      }
  return TRUE;
}

/**
 * dpdk_tcp_listener_set_options:
 * @self: a listener
 * @options: the options, which are copied
 * @error: return location for an error
 *
 * Sets the options of connections that are opened from now on.
 *
 * May be called from any thread; on the thread of a worker only if it is the only one.
 *
 * Fails with %G_IO_ERROR_CLOSED if the listener is closed or a worker has ended, and with
 * %DPDK_ERROR_WRONG_WORKER if one worker would have to wait for another.
 *
 * Returns: %TRUE on success
 *
 * Since: 0.1
 */
gboolean
dpdk_tcp_listener_set_options (DpdkTcpListener *self, DpdkTcpOptions *options, GError **error)
{
  DpdkStackTcpOptions values;

  g_return_val_if_fail (DPDK_IS_TCP_LISTENER (self) && self->queue != NULL, FALSE);
  g_return_val_if_fail (DPDK_IS_TCP_OPTIONS (options), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  if (dpdk_tcp_accept_queue_is_closed (self->queue))
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_CLOSED, "The DpdkTcpListener is closed");
      return FALSE;
    }
  if (!check_may_call_all (self, error))
    return FALSE;
  values = *dpdk_tcp_options_get_values (options);
  for (guint i = 0; i < self->cores->len; i++)
    if (!dpdk_tcp_listener_core_set_options (g_ptr_array_index (self->cores, i), &values, error))
      return FALSE;
  g_mutex_lock (&self->lock);
  self->options = values;
  g_mutex_unlock (&self->lock);
  return TRUE;
}
