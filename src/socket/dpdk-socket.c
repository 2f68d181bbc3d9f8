/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dpdk-socket-native-private.h"
#include "dpdk-edge-private.h"
#include "dpdk-notify-private.h"
#include "dpdk-socket-private.h"

/**
 * DpdkSocket:
 *
 * What all sockets have in common.
 *
 * A socket belongs to one [class@Dpdk.Worker] and to a [class@Dpdk.Port], and holds both. Programs
 * use [class@Dpdk.TcpSocket], [class@Dpdk.TcpListener] and [class@Dpdk.UdpSocket]; further subclasses
 * are not possible outside of the library.
 *
 * ```c
 * g_autoptr (GSocketAddress) address = dpdk_socket_get_local_address (DPDK_SOCKET (listener), &error);
 * ```
 *
 * Since: 0.1
 */
typedef struct {
  DpdkWorker *worker;
  DpdkPort *port;
} DpdkSocketPrivate;

/* Who made it. As most are made by their own worker, in its main context, those have none: there may be
   very many of them. */
typedef struct {
  GMainContext *context;
  GThread *thread;
} Creator;

typedef enum {
  PROP_WORKER = 1,
  PROP_PORT,
  PROP_CORE_ID,
  PROP_TTL,
  PROP_TRAFFIC_CLASS,
  PROP_LOCAL_ADDRESS,
} DpdkSocketProperty;

static GParamSpec *properties[PROP_LOCAL_ADDRESS + 1];

G_DEFINE_ABSTRACT_TYPE_WITH_PRIVATE (DpdkSocket, dpdk_socket, G_TYPE_OBJECT)

static GQuark
creator_quark (void)
{
  static gsize quark;

  if (g_once_init_enter (&quark))
    g_once_init_leave (&quark, g_quark_from_static_string ("dpdk-socket-creator"));
  return (GQuark) quark;
}

static void
creator_free (gpointer data)
{
  Creator *self = data;

  g_main_context_unref (self->context);
  g_free (self);
}

static void
note_creator (DpdkSocket *self, DpdkWorker *worker)
{
  DpdkWorkerCore *core = dpdk_worker_get_core_private (worker);
  Creator *creator;

  if (dpdk_worker_core_is_current (core) &&
      g_main_context_get_thread_default () == dpdk_worker_core_get_main_context (core))
    return;
  creator = g_new (Creator, 1);
  creator->context = g_main_context_ref_thread_default ();
  creator->thread = g_thread_self ();
  g_object_set_qdata_full (G_OBJECT (self), creator_quark (), creator, creator_free);
}

static GMainContext *
get_context (DpdkSocket *self)
{
  DpdkSocketPrivate *priv = dpdk_socket_get_instance_private (self);
  const Creator *creator = g_object_get_qdata (G_OBJECT (self), creator_quark ());

  return creator != NULL
             ? creator->context
             : dpdk_worker_core_get_main_context (dpdk_worker_get_core_private (priv->worker));
}

static gboolean
is_creator (DpdkSocket *self)
{
  DpdkSocketPrivate *priv = dpdk_socket_get_instance_private (self);
  const Creator *creator = g_object_get_qdata (G_OBJECT (self), creator_quark ());

  return creator != NULL
             ? creator->thread == g_thread_self ()
             : dpdk_worker_core_is_current (dpdk_worker_get_core_private (priv->worker));
}

static void
dpdk_socket_finalize (GObject *object)
{
  DpdkSocketPrivate *priv = dpdk_socket_get_instance_private (DPDK_SOCKET (object));

  dpdk_edge_clear (object, &priv->worker);
  dpdk_edge_clear (object, &priv->port);
  G_OBJECT_CLASS (dpdk_socket_parent_class)->finalize (object);
}

static void
dpdk_socket_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  DpdkSocket *self = DPDK_SOCKET (object);

  switch ((DpdkSocketProperty) id)
    {
    case PROP_WORKER:
      g_value_set_object (value, dpdk_socket_get_worker (self));
      break;
    case PROP_PORT:
      g_value_set_object (value, dpdk_socket_get_port (self));
      break;
    case PROP_CORE_ID:
      g_value_set_uint (value, dpdk_socket_get_core_id (self));
      break;
    case PROP_TTL:
      g_value_set_uint (value, dpdk_socket_get_ttl (self));
      break;
    case PROP_TRAFFIC_CLASS:
      g_value_set_uint (value, dpdk_socket_get_traffic_class (self));
      break;
    case PROP_LOCAL_ADDRESS:
      if (dpdk_socket_is_made (self))
        g_value_take_object (value, dpdk_socket_get_local_address (self, NULL));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
dpdk_socket_set_property (GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  DpdkSocket *self = DPDK_SOCKET (object);

  switch (id)
    {
    case PROP_TTL:
      dpdk_socket_set_ttl (self, g_value_get_uint (value));
      break;
    case PROP_TRAFFIC_CLASS:
      dpdk_socket_set_traffic_class (self, g_value_get_uint (value));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
dpdk_socket_class_init (DpdkSocketClass *klass)
{
  const GParamFlags flags = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY;
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->finalize = dpdk_socket_finalize;
  object_class->get_property = dpdk_socket_get_property;
  object_class->set_property = dpdk_socket_set_property;

  /**
   * DpdkSocket:worker:
   *
   * The worker that the socket belongs to.
   *
   * Since: 0.1
   */
  properties[PROP_WORKER] = g_param_spec_object ("worker", NULL, NULL, DPDK_TYPE_WORKER, flags);
  /**
   * DpdkSocket:port:
   *
   * The port that the socket uses: that of the address that it is bound to.
   *
   * Since: 0.1
   */
  properties[PROP_PORT] = g_param_spec_object ("port", NULL, NULL, DPDK_TYPE_PORT, flags);
  /**
   * DpdkSocket:core-id:
   *
   * The CPU core that the worker of the socket is pinned to.
   *
   * Since: 0.1
   */
  properties[PROP_CORE_ID] = g_param_spec_uint ("core-id", NULL, NULL, 0, G_MAXUINT, 0, flags);
  /**
   * DpdkSocket:ttl:
   *
   * The time to live of packets (RFC 791), and their hop limit (RFC 8200), from 1 to 255. A listener
   * has it for its own packets, and gives it to the connections that it accepts from then on.
   *
   * Since: 0.1
   */
  properties[PROP_TTL] = g_param_spec_uint (
      "ttl", NULL, NULL, 1, 255, DPDK_IP_TTL_DEFAULT,
      (GParamFlags) (G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY));
  /**
   * DpdkSocket:traffic-class:
   *
   * The traffic class of packets, from 0 to 255: the differentiated services field (RFC 2474) of IPv4
   * and IPv6. The lower two bits are for congestion notification (RFC 3168), which TCP does by itself:
   * for TCP they stay 0. A listener gives it to the connections that it accepts from then on.
   *
   * Since: 0.1
   */
  properties[PROP_TRAFFIC_CLASS] = g_param_spec_uint (
      "traffic-class", NULL, NULL, 0, 255, 0,
      (GParamFlags) (G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY));
  /**
   * DpdkSocket:local-address:
   *
   * The address that the socket is bound to; %NULL if it has none yet. There is a notification when it
   * is bound or connected, but none when the first datagram that is sent gives it an address.
   *
   * Since: 0.1
   */
  properties[PROP_LOCAL_ADDRESS] =
      g_param_spec_object ("local-address", NULL, NULL, G_TYPE_SOCKET_ADDRESS, flags);
  g_object_class_install_properties (object_class, G_N_ELEMENTS (properties), properties);
}

gboolean
dpdk_socket_is_made (DpdkSocket *self)
{
  return ((DpdkSocketPrivate *) dpdk_socket_get_instance_private (self))->worker != NULL;
}

static void
dpdk_socket_init (DpdkSocket *self)
{
}

void
dpdk_socket_notify (DpdkSocket *self, GParamSpec *pspec)
{
  if (!dpdk_notify_is_wanted (G_OBJECT (self)))
    return;
  if (is_creator (self))
    g_object_notify_by_pspec (G_OBJECT (self), pspec);
  else
    dpdk_notify_in_context (G_OBJECT (self), get_context (self), pspec);
}

void
dpdk_socket_notify_ip_option (DpdkSocket *self, DpdkIpOption option)
{
  dpdk_socket_notify (self,
                      properties[option == DPDK_IP_OPTION_TTL ? PROP_TTL : PROP_TRAFFIC_CLASS]);
}

void
dpdk_socket_notify_later (DpdkSocket *self, GParamSpec *pspec)
{
  if (dpdk_notify_is_wanted (G_OBJECT (self)))
    dpdk_notify_in_context (G_OBJECT (self), get_context (self), pspec);
}

void
dpdk_socket_notify_local_address (DpdkSocket *self)
{
  dpdk_socket_notify (self, properties[PROP_LOCAL_ADDRESS]);
}

void
dpdk_socket_set_owners (DpdkSocket *self, DpdkWorker *worker, DpdkPort *port)
{
  DpdkSocketPrivate *priv = dpdk_socket_get_instance_private (self);
  gboolean has_changed = priv->port != NULL && priv->port != port;

  if (priv->worker == NULL)
    note_creator (self, worker);
  dpdk_edge_set (self, &priv->worker, worker);
  dpdk_edge_set (self, &priv->port, port);
  if (has_changed)
    dpdk_socket_notify (self, properties[PROP_PORT]);
}

void
dpdk_socket_set_wrong_worker (DpdkWorkerCore *core, const char *call, const char *socket,
                              const char *instead, GError **error)
{
  DpdkWorkerCore *current = dpdk_worker_core_get_current ();
  guint index = dpdk_worker_core_get_index (core);

  if (current != NULL)
    g_set_error (error, DPDK_ERROR, DPDK_ERROR_WRONG_WORKER,
                 "%s: the %s belongs to worker %u, and this is worker %u", call, socket, index,
                 dpdk_worker_core_get_index (current));
  else
    g_set_error (error, DPDK_ERROR, DPDK_ERROR_WRONG_WORKER,
                 "%s: the %s belongs to worker %u, and this thread is no worker: use %s here", call,
                 socket, index, instead);
}

/**
 * dpdk_socket_get_worker: (get-property worker)
 * @self: a socket
 *
 * Gets the worker that the socket belongs to. May be called from any thread.
 *
 * Returns: (transfer none): the worker
 *
 * Since: 0.1
 */
DpdkWorker *
dpdk_socket_get_worker (DpdkSocket *self)
{
  g_return_val_if_fail (DPDK_IS_SOCKET (self), NULL);

  return ((DpdkSocketPrivate *) dpdk_socket_get_instance_private (self))->worker;
}

/**
 * dpdk_socket_get_port: (get-property port)
 * @self: a socket
 *
 * Gets the port that the socket uses. May be called from any thread.
 *
 * Returns: (transfer none): the port
 *
 * Since: 0.1
 */
DpdkPort *
dpdk_socket_get_port (DpdkSocket *self)
{
  g_return_val_if_fail (DPDK_IS_SOCKET (self), NULL);

  return ((DpdkSocketPrivate *) dpdk_socket_get_instance_private (self))->port;
}

/**
 * dpdk_socket_get_local_address: (get-property local-address)
 * @self: a socket
 * @error: return location for an error
 *
 * Gets the address that the socket is bound to. May be called from any thread.
 *
 * Fails with %G_IO_ERROR_NOT_CONNECTED if it has none yet.
 *
 * Returns: (transfer full): the address
 *
 * Since: 0.1
 */
GSocketAddress *
dpdk_socket_get_local_address (DpdkSocket *self, GError **error)
{
  g_return_val_if_fail (DPDK_IS_SOCKET (self) && dpdk_socket_is_made (self), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  return DPDK_SOCKET_GET_CLASS (self)->get_local_address (self, error);
}

/**
 * dpdk_socket_is_closed:
 * @self: a socket
 *
 * Whether the socket was closed, by [method@Dpdk.Socket.close], by the end of its worker, or by an
 * error of the connection. May be called from any thread.
 *
 * Returns: %TRUE if it was
 *
 * Since: 0.1
 */
gboolean
dpdk_socket_is_closed (DpdkSocket *self)
{
  g_return_val_if_fail (DPDK_IS_SOCKET (self) && dpdk_socket_is_made (self), TRUE);

  return DPDK_SOCKET_GET_CLASS (self)->is_closed (self);
}

/**
 * dpdk_socket_close:
 * @self: a socket
 *
 * Closes the socket. Pending operations end with %G_IO_ERROR_CLOSED. Data that was written is still
 * sent. If the socket has received data that was not read, the connection then ends with a reset
 * (RFC 2525, 2.17), else in an orderly way.
 *
 * May be called from any thread. A connection ends in the background; the address of a listener or of
 * a [class@Dpdk.UdpSocket] is free when the call returns, except when a worker closes that of another.
 *
 * Since: 0.1
 */
void
dpdk_socket_close (DpdkSocket *self)
{
  g_return_if_fail (DPDK_IS_SOCKET (self) && dpdk_socket_is_made (self));

  DPDK_SOCKET_GET_CLASS (self)->close (self);
}
