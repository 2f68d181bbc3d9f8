/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dpdk-test-end-private.h"
#include "dpdk-test-fail-private.h"

#define BACKLOG 16
#define SHUTDOWN_MS 20000

/**
 * DpdkTestPair:
 *
 * Two runtimes in one process, one at each end of a [class@DpdkTesting.Link].
 *
 * Each has one worker, on a core of its own if the process may use more than one, and an IPv4 and an
 * IPv6 address. They are peers like any two machines: neighbours are found by ARP and neighbour
 * discovery, connections are made over the link, and whatever the link does to packets happens to
 * theirs.
 *
 * All functions may be called from any thread but that of a worker.
 *
 * ```c
 * g_autoptr (DpdkTestLink) link = dpdk_test_link_new_impaired (eal, 1, impairment, &error);
 * g_autoptr (DpdkTestPair) pair = dpdk_test_pair_new (link, &error);
 * g_autoptr (DpdkTcpConnection) client = NULL, server = NULL;
 *
 * dpdk_test_pair_connect (pair, 0, G_SOCKET_FAMILY_IPV6, &client, &server, &error);
 * ```
 *
 * Since: 0.1
 */
struct _DpdkTestPair {
  GObject parent_instance;
  DpdkTestLink *link;
  DpdkRuntime *runtimes[2];
};

typedef enum {
  PROP_LINK = 1,
} DpdkTestPairProperty;

static GParamSpec *properties[PROP_LINK + 1];

G_DEFINE_FINAL_TYPE (DpdkTestPair, dpdk_test_pair, G_TYPE_OBJECT)

static void
dpdk_test_pair_dispose (GObject *object)
{
  DpdkTestPair *self = DPDK_TEST_PAIR (object);

  g_clear_object (&self->runtimes[0]);
  g_clear_object (&self->runtimes[1]);
  g_clear_object (&self->link);
  G_OBJECT_CLASS (dpdk_test_pair_parent_class)->dispose (object);
}

static void
dpdk_test_pair_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  switch ((DpdkTestPairProperty) id)
    {
    case PROP_LINK:
      g_value_set_object (value, DPDK_TEST_PAIR (object)->link);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
dpdk_test_pair_class_init (DpdkTestPairClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->dispose = dpdk_test_pair_dispose;
  object_class->get_property = dpdk_test_pair_get_property;

  /**
   * DpdkTestPair:link:
   *
   * The link between the runtimes.
   *
   * Since: 0.1
   */
  properties[PROP_LINK] =
      g_param_spec_object ("link", NULL, NULL, DPDK_TEST_TYPE_LINK,
                           G_PARAM_READABLE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY);
  g_object_class_install_properties (object_class, G_N_ELEMENTS (properties), properties);
}

static void
dpdk_test_pair_init (DpdkTestPair *self)
{
}

/**
 * dpdk_test_pair_new:
 * @link: a link whose ports are not started
 * @error: return location for an error
 *
 * Builds a runtime at each end of a link. The pair holds the link.
 *
 * Fails as [method@Dpdk.RuntimeBuilder.build] does.
 *
 * Returns: (transfer full): the pair
 *
 * Since: 0.1
 */
DpdkTestPair *
dpdk_test_pair_new (DpdkTestLink *link, GError **error)
{
  g_autoptr (DpdkTestPair) self = NULL;

  g_return_val_if_fail (DPDK_TEST_IS_LINK (link), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  self = g_object_new (DPDK_TEST_TYPE_PAIR, NULL);
  self->link = g_object_ref (link);
  for (guint end = 0; end < 2; end++)
    {
      DpdkPort *port = dpdk_test_link_get_port (link, end);

      self->runtimes[end] =
          dpdk_test_end_build_runtime (end, dpdk_port_get_devargs (port), port, error);
      if (self->runtimes[end] == NULL)
        return NULL;
    }
  return g_steal_pointer (&self);
}

/**
 * dpdk_test_pair_get_link: (get-property link)
 * @self: a pair
 *
 * Gets the link between the runtimes.
 *
 * Returns: (transfer none): the link
 *
 * Since: 0.1
 */
DpdkTestLink *
dpdk_test_pair_get_link (DpdkTestPair *self)
{
  g_return_val_if_fail (DPDK_TEST_IS_PAIR (self), NULL);

  return self->link;
}

/**
 * dpdk_test_pair_get_runtime:
 * @self: a pair
 * @end: 0 or 1
 *
 * Gets the runtime at an end.
 *
 * Returns: (transfer none) (nullable): the runtime, or %NULL if it was shut down
 *
 * Since: 0.1
 */
DpdkRuntime *
dpdk_test_pair_get_runtime (DpdkTestPair *self, guint end)
{
  g_return_val_if_fail (DPDK_TEST_IS_PAIR (self), NULL);
  g_return_val_if_fail (end < 2, NULL);

  return self->runtimes[end];
}

/**
 * dpdk_test_pair_get_address:
 * @self: a pair
 * @end: 0 or 1
 * @family: %G_SOCKET_FAMILY_IPV4 or %G_SOCKET_FAMILY_IPV6
 *
 * Gets the address of a runtime.
 *
 * Returns: (transfer none): the address as a text
 *
 * Since: 0.1
 */
const char *
dpdk_test_pair_get_address (DpdkTestPair *self, guint end, GSocketFamily family)
{
  g_return_val_if_fail (DPDK_TEST_IS_PAIR (self), NULL);
  g_return_val_if_fail (end < 2, NULL);

  return dpdk_test_end_get_address (end, family);
}

/**
 * dpdk_test_pair_connect:
 * @self: a pair
 * @end: the end that connects, 0 or 1
 * @family: %G_SOCKET_FAMILY_IPV4 or %G_SOCKET_FAMILY_IPV6
 * @connection: (out) (transfer full): return location for the connection at @end
 * @accepted: (out) (transfer full): return location for the connection at the other end
 * @error: return location for an error
 *
 * Makes a TCP connection between the runtimes.
 *
 * Returns: %TRUE on success
 *
 * Since: 0.1
 */
gboolean
dpdk_test_pair_connect (DpdkTestPair *self, guint end, GSocketFamily family,
                        DpdkTcpConnection **connection, DpdkTcpConnection **accepted,
                        GError **error)
{
  g_autoptr (GSocketAddress) any = NULL;
  g_autoptr (GSocketAddress) address = NULL;
  g_autoptr (DpdkTcpListener) listener = NULL;
  g_autoptr (DpdkTcpSocket) socket = NULL;
  g_autoptr (DpdkTcpConnection) client = NULL;

  g_return_val_if_fail (DPDK_TEST_IS_PAIR (self), FALSE);
  g_return_val_if_fail (end < 2, FALSE);
  g_return_val_if_fail (connection != NULL && accepted != NULL, FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);
  g_return_val_if_fail (self->runtimes[0] != NULL && self->runtimes[1] != NULL, FALSE);

  any =
      g_inet_socket_address_new_from_string (dpdk_test_pair_get_address (self, 1 - end, family), 0);
  listener = dpdk_tcp_listener_new (self->runtimes[1 - end], any, BACKLOG, error);
  if (listener == NULL)
    return FALSE;
  address = dpdk_socket_get_local_address (DPDK_SOCKET (listener), error);
  socket = address != NULL ? dpdk_tcp_socket_new (self->runtimes[end], family, error) : NULL;
  client = socket != NULL ? dpdk_tcp_socket_connect (socket, address, NULL, error) : NULL;
  *accepted = client != NULL ? dpdk_tcp_listener_accept (listener, NULL, error) : NULL;
  if (*accepted == NULL)
    return FALSE;
  *connection = g_steal_pointer (&client);
  return TRUE;
}

/**
 * dpdk_test_pair_assert_shutdown:
 * @self: a pair
 * @end: 0 or 1
 *
 * Shuts a runtime down, drops it, and asserts that it ended in time and that nobody else holds it. The
 * other one goes on, and finds that its peer does not answer any more. Connections of the runtime may
 * still be held; they are closed.
 *
 * Since: 0.1
 */
void
dpdk_test_pair_assert_shutdown (DpdkTestPair *self, guint end)
{
  g_autoptr (GError) error = NULL;

  g_return_if_fail (DPDK_TEST_IS_PAIR (self));
  g_return_if_fail (end < 2);
  g_return_if_fail (self->runtimes[end] != NULL);

  if (!dpdk_runtime_shutdown (self->runtimes[end], SHUTDOWN_MS, &error))
    dpdk_test_fail ("%s", error->message);
  dpdk_test_assert_finalize (g_steal_pointer (&self->runtimes[end]));
}
