/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* sending as GIO does it, on any thread */
#include "dpdk-udp-endpoint-internal.h"

#include "dpdk-deadline-private.h"
#include "dpdk-socket-native-private.h"

#include <string.h>
#include <sys/socket.h>

/* an IPv4 address may come as one of IPv6 (RFC 4291, 2.5.5.2) */
static void
unmap (ip_addr_t *ip)
{
  ip4_addr_t v4;

  if (!IP_IS_V6 (ip) || !ip6_addr_isipv4mappedipv6 (ip_2_ip6 (ip)))
    return;
  v4.addr = ip_2_ip6 (ip)->addr[3];
  ip_addr_copy_from_ip4 (*ip, v4);
}

gboolean
dpdk_udp_endpoint_convert_address (DpdkUdpEndpoint *self, GSocketAddress *address, ip_addr_t *ip,
                                   guint16 *port, GError **error)
{
  DpdkUdpOptions options;
  gboolean is_v6;

  if (!dpdk_native_address_from_gio (address, ip, port, error))
    return FALSE;
  unmap (ip);
  is_v6 = IP_IS_V6 (ip);
  dpdk_udp_endpoint_get_options (self, &options);
  if (self->family == G_SOCKET_FAMILY_IPV4 ? is_v6 : !is_v6 && options.v6_only)
    {
      g_autofree char *name = dpdk_socket_address_to_string (address);

      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                   "%s is not of the family of the DpdkUdpSocket, which is %s", name,
                   self->family == G_SOCKET_FAMILY_IPV4 ? "IPv4" : "IPv6 only");
      return FALSE;
    }
  return TRUE;
}

/* a socket of IPv6 has a family of its own once it has an address */
static gboolean
can_reach (DpdkUdpEndpoint *self, const ip_addr_t *ip)
{
  gboolean can;

  g_mutex_lock (&self->lock);
  can = !self->has_local || IP_IS_ANY_TYPE_VAL (self->local_ip) ||
        IP_GET_TYPE (&self->local_ip) == IP_GET_TYPE (ip);
  g_mutex_unlock (&self->lock);
  return can;
}

static DpdkRoute
find_route (DpdkUdpEndpoint *self, const ip_addr_t *ip)
{
  gboolean is_v6 = IP_IS_V6 (ip);

  /* the scope is the number of a port */
  if (is_v6 && ip6_addr_zone (ip_2_ip6 (ip)) > dpdk_worker_core_get_n_ports (self->core))
    return DPDK_ROUTE_NONE;
  return dpdk_worker_core_find_route (self->core, is_v6,
                                      is_v6 ? (const guint8 *) ip_2_ip6 (ip)->addr
                                            : (const guint8 *) &ip_2_ip4 (ip)->addr);
}

gboolean
dpdk_udp_endpoint_check_destination (DpdkUdpEndpoint *self, const DpdkUdpOptions *options,
                                     const ip_addr_t *ip, guint16 port, gsize length,
                                     gboolean on_link, GError **error)
{
  gsize max = IP_IS_V6 (ip) ? DPDK_UDP_MAX_V6 : DPDK_UDP_MAX_V4;
  DpdkRoute route = find_route (self, ip);
  gboolean is_of_family = self->family == G_SOCKET_FAMILY_IPV4 || can_reach (self, ip);
  GIOErrorEnum code;
  const char *text;

  if (is_of_family && port != 0 && !ip_addr_isany (ip) && length <= max &&
      route >= (on_link ? DPDK_ROUTE_UNICAST : DPDK_ROUTE_GATEWAY) &&
      (route != DPDK_ROUTE_BROADCAST || options->broadcast))
    return TRUE;
  if (port == 0 || ip_addr_isany (ip))
    {
      code = G_IO_ERROR_INVALID_ARGUMENT;
      text = "not an address that can be sent to";
    }
  else if (!is_of_family)
    {
      code = G_IO_ERROR_INVALID_ARGUMENT;
      text = "the local address of the DpdkUdpSocket is of another family";
    }
  else if (length > max)
    {
      code = G_IO_ERROR_MESSAGE_TOO_LARGE;
      text = "the datagram is too large";
    }
  else if (route == DPDK_ROUTE_BROADCAST)
    {
      code = G_IO_ERROR_PERMISSION_DENIED;
      text = "a broadcast needs the property \"broadcast\"";
    }
  else
    {
      code = G_IO_ERROR_NETWORK_UNREACHABLE;
      text = "network unreachable";
    }
  {
    g_autoptr (GSocketAddress) address = dpdk_native_address_to_gio (ip, port);
    g_autofree char *name = dpdk_socket_address_to_string (address);

    g_set_error (error, G_IO_ERROR, code, "Cannot send %" G_GSIZE_FORMAT " bytes to %s: %s", length,
                 name, text);
  }
  return FALSE;
}

static gsize
get_length (const GOutputMessage *message)
{
  gsize length = 0;

  for (guint i = 0; i < message->num_vectors; i++)
    length += message->vectors[i].size;
  return length;
}

static gboolean
find_destination (DpdkUdpEndpoint *self, const GOutputMessage *message, ip_addr_t *ip,
                  guint16 *port, GError **error)
{
  gboolean is_connected;

  if (message->address != NULL)
    return dpdk_udp_endpoint_convert_address (self, message->address, ip, port, error);
  g_mutex_lock (&self->lock);
  is_connected = self->has_remote;
  *ip = self->remote_ip;
  *port = self->remote_port;
  g_mutex_unlock (&self->lock);
  if (!is_connected)
    dpdk_udp_endpoint_set_error (self, error, G_IO_ERROR_NOT_CONNECTED,
                                 "is not connected, and the message has no address");
  return is_connected;
}

static DpdkUdpOutgoing *
make_outgoing (DpdkUdpEndpoint *self, const GOutputMessage *message, gint flags, GError **error)
{
  gsize length = get_length (message);
  DpdkUdpOptions options;
  DpdkUdpOutgoing *outgoing;
  gsize offset = 0;
  ip_addr_t ip;
  guint16 port;

  dpdk_udp_endpoint_get_options (self, &options);
  if (!find_destination (self, message, &ip, &port, error) ||
      !dpdk_udp_endpoint_check_destination (self, &options, &ip, port, length,
                                            (flags & MSG_DONTROUTE) != 0, error))
    return NULL;
  outgoing = dpdk_udp_outgoing_new (length);
  outgoing->ip = ip;
  outgoing->port = port;
  for (guint i = 0; i < message->num_vectors; i++)
    {
      const GOutputVector *vector = &message->vectors[i];

      if (vector->size > 0)
        memcpy (outgoing->data + offset, vector->buffer, vector->size);
      offset += vector->size;
    }
  return outgoing;
}

/* takes over @outgoing if it succeeds */
static gboolean
queue_one_locked (DpdkUdpEndpoint *self, DpdkUdpOutgoing *outgoing, gint64 deadline,
                  GCancellable *cancellable, GError **error)
{
  if (deadline != 0 &&
      !dpdk_udp_endpoint_wait_locked (self, G_IO_OUT, deadline, cancellable, error))
    return FALSE;
  if (!dpdk_udp_endpoint_check_locked (self, error))
    return FALSE;
  if (self->n_sending >= self->options.send_buffer_size)
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK, "The send buffer is full");
      return FALSE;
    }
  self->n_sending += outgoing->item.cost;
  dpdk_udp_queue_push (&self->sending, &outgoing->item);
  return TRUE;
}

static gboolean
send_one (DpdkUdpEndpoint *self, GOutputMessage *message, gint flags, gint64 deadline,
          GCancellable *cancellable, GError **error)
{
  DpdkUdpOutgoing *outgoing;
  gboolean is_alive, success;

  /* an error of the network comes before one of the arguments */
  g_mutex_lock (&self->lock);
  is_alive = dpdk_udp_endpoint_check_locked (self, error);
  g_mutex_unlock (&self->lock);
  if (!is_alive)
    return FALSE;
  outgoing = make_outgoing (self, message, flags, error);
  if (outgoing == NULL)
    return FALSE;
  message->bytes_sent = outgoing->pbuf.pbuf.tot_len;
  g_mutex_lock (&self->lock);
  success = queue_one_locked (self, outgoing, deadline, cancellable, error);
  g_mutex_unlock (&self->lock);
  if (success)
    /* each at once: one that waits for room would wait for ever */
    dpdk_udp_endpoint_kick (self);
  else
    {
      message->bytes_sent = 0;
      pbuf_free (&outgoing->pbuf.pbuf);
    }
  return success;
}

static gboolean
has_pending_error (DpdkUdpEndpoint *self)
{
  gboolean has_error;

  g_mutex_lock (&self->lock);
  has_error = self->has_error;
  g_mutex_unlock (&self->lock);
  return has_error;
}

gint
dpdk_udp_endpoint_send (DpdkUdpEndpoint *self, GOutputMessage *messages, guint n_messages,
                        gint flags, gint64 timeout_us, GCancellable *cancellable, GError **error)
{
  DpdkUdpWaiting waiting;
  gint64 deadline;
  guint n = 0;

  if ((flags & MSG_OOB) != 0)
    {
      dpdk_udp_endpoint_set_error (self, error, G_IO_ERROR_NOT_SUPPORTED,
                                   "has no out-of-band data");
      return -1;
    }
  if (!dpdk_udp_endpoint_begin (self, "g_datagram_based_send_messages", timeout_us, cancellable,
                                &waiting, error))
    return -1;
  deadline = dpdk_deadline_from_timeout (timeout_us);
  while (n < n_messages && (n == 0 || !has_pending_error (self)) &&
         send_one (self, &messages[n], flags, deadline, cancellable, n == 0 ? error : NULL))
    n++;
  dpdk_udp_endpoint_end (&waiting);
  /* on our own thread there is no need to wait for the next turn */
  if (n > 0 && dpdk_worker_core_is_current (self->core))
    dpdk_udp_endpoint_transmit (self);
  return n > 0 || n_messages == 0 ? (gint) n : -1;
}
