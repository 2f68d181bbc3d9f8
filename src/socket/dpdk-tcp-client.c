/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dpdk-tcp-client-private.h"

#define DEFAULT_ATTEMPT_DELAY_MS 250
/* RFC 8305, 8 */
#define MIN_ATTEMPT_DELAY_MS 10

/**
 * DpdkTcpClient:
 *
 * Connects to names, services and addresses over TCP.
 *
 * It does for a runtime what [class@Gio.SocketClient] does for the kernel: a
 * [iface@Gio.SocketConnectable] is looked up in both families at the same time, and its addresses are
 * tried as "Happy Eyeballs" (RFC 8305) says. The families take turns, IPv6 first. An attempt that has
 * not answered within [property@Dpdk.TcpClient:attempt-delay] gets company, one that fails is followed
 * at once, and the first connection wins; the others end without a trace. Addresses that the runtime
 * has no route to are left out. If none answers, the error says what became of each.
 *
 * The names of a [class@Gio.NetworkAddress] and a [class@Gio.NetworkService] are looked up by
 * [property@Dpdk.TcpClient:resolver], which may be a [class@Dpdk.Resolver], or else by the default one
 * of the process. Other connectables enumerate their addresses themselves. Proxies are not used.
 *
 * Several connections may be made at the same time, from any threads; the properties must not be set
 * meanwhile by another thread. The client does not hold the runtime.
 *
 * ```c
 * g_autoptr (DpdkTcpClient) client = dpdk_tcp_client_new (runtime);
 * g_autoptr (DpdkTcpConnection) connection = NULL;
 *
 * dpdk_tcp_client_set_timeout (client, 10000);
 * connection = dpdk_tcp_client_connect_to_host (client, "www.example.org", 80, NULL, &error);
 * ```
 *
 * Since: 0.1
 */
struct _DpdkTcpClient {
  GObject parent_instance;

  GWeakRef runtime;
  GResolver *resolver;
  GSocketFamily family;
  GSocketAddress *local_address;
  DpdkTcpOptions *options;
  guint timeout;
  guint attempt_delay;
};

typedef enum {
  PROP_RUNTIME = 1,
  PROP_RESOLVER,
  PROP_FAMILY,
  PROP_LOCAL_ADDRESS,
  PROP_OPTIONS,
  PROP_TIMEOUT,
  PROP_ATTEMPT_DELAY,
} DpdkTcpClientProperty;

static GParamSpec *properties[PROP_ATTEMPT_DELAY + 1];

G_DEFINE_FINAL_TYPE (DpdkTcpClient, dpdk_tcp_client, G_TYPE_OBJECT)

static void
dpdk_tcp_client_finalize (GObject *object)
{
  DpdkTcpClient *self = DPDK_TCP_CLIENT (object);

  g_weak_ref_clear (&self->runtime);
  g_clear_object (&self->resolver);
  g_clear_object (&self->local_address);
  g_clear_object (&self->options);
  G_OBJECT_CLASS (dpdk_tcp_client_parent_class)->finalize (object);
}

static void
dpdk_tcp_client_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  DpdkTcpClient *self = DPDK_TCP_CLIENT (object);

  switch ((DpdkTcpClientProperty) id)
    {
    case PROP_RUNTIME:
      g_value_take_object (value, dpdk_tcp_client_dup_runtime (self));
      break;
    case PROP_RESOLVER:
      g_value_set_object (value, self->resolver);
      break;
    case PROP_FAMILY:
      g_value_set_enum (value, self->family);
      break;
    case PROP_LOCAL_ADDRESS:
      g_value_set_object (value, self->local_address);
      break;
    case PROP_OPTIONS:
      g_value_set_object (value, self->options);
      break;
    case PROP_TIMEOUT:
      g_value_set_uint (value, self->timeout);
      break;
    case PROP_ATTEMPT_DELAY:
      g_value_set_uint (value, self->attempt_delay);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
dpdk_tcp_client_set_property (GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  DpdkTcpClient *self = DPDK_TCP_CLIENT (object);

  switch ((DpdkTcpClientProperty) id)
    {
    case PROP_RUNTIME:
      g_weak_ref_set (&self->runtime, g_value_get_object (value));
      break;
    case PROP_RESOLVER:
      dpdk_tcp_client_set_resolver (self, g_value_get_object (value));
      break;
    case PROP_FAMILY:
      dpdk_tcp_client_set_family (self, (GSocketFamily) g_value_get_enum (value));
      break;
    case PROP_LOCAL_ADDRESS:
      dpdk_tcp_client_set_local_address (self, g_value_get_object (value));
      break;
    case PROP_OPTIONS:
      dpdk_tcp_client_set_options (self, g_value_get_object (value));
      break;
    case PROP_TIMEOUT:
      dpdk_tcp_client_set_timeout (self, g_value_get_uint (value));
      break;
    case PROP_ATTEMPT_DELAY:
      dpdk_tcp_client_set_attempt_delay (self, g_value_get_uint (value));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
dpdk_tcp_client_class_init (DpdkTcpClientClass *klass)
{
  const GParamFlags flags = G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY;
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->finalize = dpdk_tcp_client_finalize;
  object_class->get_property = dpdk_tcp_client_get_property;
  object_class->set_property = dpdk_tcp_client_set_property;

  /**
   * DpdkTcpClient:runtime: (getter dup_runtime)
   *
   * The runtime that the connections are made by, or %NULL if it is gone.
   *
   * Since: 0.1
   */
  properties[PROP_RUNTIME] =
      g_param_spec_object ("runtime", NULL, NULL, DPDK_TYPE_RUNTIME,
                           G_PARAM_READWRITE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS);
  /**
   * DpdkTcpClient:resolver:
   *
   * What looks up names, or %NULL for the default resolver of the process.
   *
   * Since: 0.1
   */
  properties[PROP_RESOLVER] = g_param_spec_object ("resolver", NULL, NULL, G_TYPE_RESOLVER, flags);
  /**
   * DpdkTcpClient:family:
   *
   * The family of the addresses to connect to, or %G_SOCKET_FAMILY_INVALID for both.
   *
   * Since: 0.1
   */
  properties[PROP_FAMILY] = g_param_spec_enum ("family", NULL, NULL, G_TYPE_SOCKET_FAMILY,
                                               G_SOCKET_FAMILY_INVALID, flags);
  /**
   * DpdkTcpClient:local-address:
   *
   * The address that connections come from, or %NULL to let the route decide. Only addresses of its
   * family are tried then.
   *
   * Since: 0.1
   */
  properties[PROP_LOCAL_ADDRESS] =
      g_param_spec_object ("local-address", NULL, NULL, G_TYPE_SOCKET_ADDRESS, flags);
  /**
   * DpdkTcpClient:options:
   *
   * The options that connections begin with, or %NULL for those of the runtime.
   *
   * Since: 0.1
   */
  properties[PROP_OPTIONS] =
      g_param_spec_object ("options", NULL, NULL, DPDK_TYPE_TCP_OPTIONS, flags);
  /**
   * DpdkTcpClient:timeout:
   *
   * How long connecting may take, with all that belongs to it, in milliseconds; 0 for as long as the
   * resolver and TCP try.
   *
   * Since: 0.1
   */
  properties[PROP_TIMEOUT] = g_param_spec_uint ("timeout", NULL, NULL, 0, G_MAXUINT, 0, flags);
  /**
   * DpdkTcpClient:attempt-delay:
   *
   * How long an address is waited for before the next one is tried beside it (RFC 8305, 5), in
   * milliseconds. Between 100 and 2000 are recommended.
   *
   * Since: 0.1
   */
  properties[PROP_ATTEMPT_DELAY] =
      g_param_spec_uint ("attempt-delay", NULL, NULL, MIN_ATTEMPT_DELAY_MS, G_MAXUINT,
                         DEFAULT_ATTEMPT_DELAY_MS, flags);
  g_object_class_install_properties (object_class, G_N_ELEMENTS (properties), properties);
}

static void
dpdk_tcp_client_init (DpdkTcpClient *self)
{
  g_weak_ref_init (&self->runtime, NULL);
  self->family = G_SOCKET_FAMILY_INVALID;
  self->attempt_delay = DEFAULT_ATTEMPT_DELAY_MS;
}

/**
 * dpdk_tcp_client_new:
 * @runtime: the runtime, which is not held
 *
 * Creates a client. May be called from any thread.
 *
 * Returns: (transfer full): the client
 *
 * Since: 0.1
 */
DpdkTcpClient *
dpdk_tcp_client_new (DpdkRuntime *runtime)
{
  g_return_val_if_fail (DPDK_IS_RUNTIME (runtime), NULL);

  return g_object_new (DPDK_TYPE_TCP_CLIENT, "runtime", runtime, NULL);
}

/**
 * dpdk_tcp_client_dup_runtime: (get-property runtime)
 * @self: a client
 *
 * Gets the runtime. May be called from any thread.
 *
 * Returns: (transfer full) (nullable): the runtime, or %NULL if it is gone
 *
 * Since: 0.1
 */
DpdkRuntime *
dpdk_tcp_client_dup_runtime (DpdkTcpClient *self)
{
  g_return_val_if_fail (DPDK_IS_TCP_CLIENT (self), NULL);

  return g_weak_ref_get (&self->runtime);
}

/**
 * dpdk_tcp_client_get_resolver: (get-property resolver)
 * @self: a client
 *
 * Gets what looks up names.
 *
 * Returns: (transfer none) (nullable): the resolver, or %NULL for the default one of the process
 *
 * Since: 0.1
 */
GResolver *
dpdk_tcp_client_get_resolver (DpdkTcpClient *self)
{
  g_return_val_if_fail (DPDK_IS_TCP_CLIENT (self), NULL);

  return self->resolver;
}

/**
 * dpdk_tcp_client_set_resolver: (set-property resolver)
 * @self: a client
 * @resolver: (nullable): the resolver, or %NULL for the default one of the process
 *
 * Sets what looks up names, for connections from now on.
 *
 * Since: 0.1
 */
void
dpdk_tcp_client_set_resolver (DpdkTcpClient *self, GResolver *resolver)
{
  g_return_if_fail (DPDK_IS_TCP_CLIENT (self));
  g_return_if_fail (resolver == NULL || G_IS_RESOLVER (resolver));

  if (g_set_object (&self->resolver, resolver))
    g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_RESOLVER]);
}

/**
 * dpdk_tcp_client_get_family: (get-property family)
 * @self: a client
 *
 * Gets the family of the addresses to connect to.
 *
 * Returns: the family, or %G_SOCKET_FAMILY_INVALID for both
 *
 * Since: 0.1
 */
GSocketFamily
dpdk_tcp_client_get_family (DpdkTcpClient *self)
{
  g_return_val_if_fail (DPDK_IS_TCP_CLIENT (self), G_SOCKET_FAMILY_INVALID);

  return self->family;
}

/**
 * dpdk_tcp_client_set_family: (set-property family)
 * @self: a client
 * @family: %G_SOCKET_FAMILY_IPV4, %G_SOCKET_FAMILY_IPV6, or %G_SOCKET_FAMILY_INVALID for both
 *
 * Sets the family of the addresses to connect to, for connections from now on. Nothing is looked up in
 * the other one.
 *
 * Since: 0.1
 */
void
dpdk_tcp_client_set_family (DpdkTcpClient *self, GSocketFamily family)
{
  g_return_if_fail (DPDK_IS_TCP_CLIENT (self));
  g_return_if_fail (family == G_SOCKET_FAMILY_INVALID || family == G_SOCKET_FAMILY_IPV4 ||
                    family == G_SOCKET_FAMILY_IPV6);

  if (self->family == family)
    return;
  self->family = family;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_FAMILY]);
}

/**
 * dpdk_tcp_client_get_local_address: (get-property local-address)
 * @self: a client
 *
 * Gets the address that connections come from.
 *
 * Returns: (transfer none) (nullable): the address, or %NULL if the route decides
 *
 * Since: 0.1
 */
GSocketAddress *
dpdk_tcp_client_get_local_address (DpdkTcpClient *self)
{
  g_return_val_if_fail (DPDK_IS_TCP_CLIENT (self), NULL);

  return self->local_address;
}

/**
 * dpdk_tcp_client_set_local_address: (set-property local-address)
 * @self: a client
 * @address: (nullable): an address of a port of the runtime, with port 0 for any; or %NULL to let the
 *   route decide
 *
 * Sets the address that connections come from, from now on. Connecting fails if it is not an address
 * of the runtime, or its port is taken.
 *
 * Since: 0.1
 */
void
dpdk_tcp_client_set_local_address (DpdkTcpClient *self, GSocketAddress *address)
{
  g_return_if_fail (DPDK_IS_TCP_CLIENT (self));
  g_return_if_fail (address == NULL || G_IS_SOCKET_ADDRESS (address));

  if (g_set_object (&self->local_address, address))
    g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_LOCAL_ADDRESS]);
}

/**
 * dpdk_tcp_client_get_options: (get-property options)
 * @self: a client
 *
 * Gets the options that connections begin with.
 *
 * Returns: (transfer none) (nullable): the options, or %NULL for those of the runtime
 *
 * Since: 0.1
 */
DpdkTcpOptions *
dpdk_tcp_client_get_options (DpdkTcpClient *self)
{
  g_return_val_if_fail (DPDK_IS_TCP_CLIENT (self), NULL);

  return self->options;
}

/**
 * dpdk_tcp_client_set_options: (set-property options)
 * @self: a client
 * @options: (nullable): the options, or %NULL for those of the runtime
 *
 * Sets the options that connections begin with, from now on.
 *
 * Since: 0.1
 */
void
dpdk_tcp_client_set_options (DpdkTcpClient *self, DpdkTcpOptions *options)
{
  g_return_if_fail (DPDK_IS_TCP_CLIENT (self));
  g_return_if_fail (options == NULL || DPDK_IS_TCP_OPTIONS (options));

  if (g_set_object (&self->options, options))
    g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_OPTIONS]);
}

/**
 * dpdk_tcp_client_get_timeout: (get-property timeout)
 * @self: a client
 *
 * Gets how long connecting may take.
 *
 * Returns: milliseconds, or 0 for no limit
 *
 * Since: 0.1
 */
guint
dpdk_tcp_client_get_timeout (DpdkTcpClient *self)
{
  g_return_val_if_fail (DPDK_IS_TCP_CLIENT (self), 0);

  return self->timeout;
}

/**
 * dpdk_tcp_client_set_timeout: (set-property timeout)
 * @self: a client
 * @timeout_ms: milliseconds, or 0 for no limit, which is the default
 *
 * Sets how long connecting may take, with all that belongs to it, for connections from now on.
 *
 * Since: 0.1
 */
void
dpdk_tcp_client_set_timeout (DpdkTcpClient *self, guint timeout_ms)
{
  g_return_if_fail (DPDK_IS_TCP_CLIENT (self));

  if (self->timeout == timeout_ms)
    return;
  self->timeout = timeout_ms;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_TIMEOUT]);
}

/**
 * dpdk_tcp_client_get_attempt_delay: (get-property attempt-delay)
 * @self: a client
 *
 * Gets how long an address is waited for before the next one is tried beside it.
 *
 * Returns: milliseconds
 *
 * Since: 0.1
 */
guint
dpdk_tcp_client_get_attempt_delay (DpdkTcpClient *self)
{
  g_return_val_if_fail (DPDK_IS_TCP_CLIENT (self), 0);

  return self->attempt_delay;
}

/**
 * dpdk_tcp_client_set_attempt_delay: (set-property attempt-delay)
 * @self: a client
 * @delay_ms: milliseconds, at least 10; 250 by default
 *
 * Sets how long an address is waited for before the next one is tried beside it (RFC 8305, 5), for
 * connections from now on.
 *
 * Since: 0.1
 */
void
dpdk_tcp_client_set_attempt_delay (DpdkTcpClient *self, guint delay_ms)
{
  g_return_if_fail (DPDK_IS_TCP_CLIENT (self));
  g_return_if_fail (delay_ms >= MIN_ATTEMPT_DELAY_MS);

  if (self->attempt_delay == delay_ms)
    return;
  self->attempt_delay = delay_ms;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_ATTEMPT_DELAY]);
}

/* what connects from now on; the runtime belongs to the caller, and may be NULL */
void
dpdk_tcp_client_get_settings (DpdkTcpClient *self, DpdkTcpRaceSettings *settings)
{
  *settings = (DpdkTcpRaceSettings){
    .runtime = g_weak_ref_get (&self->runtime),
    .resolver = self->resolver,
    .family = self->family,
    .local_address = self->local_address,
    .options = self->options,
    .timeout = self->timeout,
    .attempt_delay = self->attempt_delay,
  };
}
