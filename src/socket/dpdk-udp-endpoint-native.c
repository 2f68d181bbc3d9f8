/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* bursts of packets between the application and the stack, on the thread of the worker */
#include "dpdk-udp-endpoint-internal.h"

#include "dpdk-held-private.h"
#include "dpdk-socket-private.h"

#include <rte_mbuf.h>

gboolean
dpdk_udp_endpoint_check_worker (DpdkUdpEndpoint *self, const char *call, GError **error)
{
  if (G_LIKELY (dpdk_worker_core_is_current (self->core)))
    return TRUE;
  dpdk_socket_set_wrong_worker (self->core, call, "DpdkUdpSocket", "GDatagramBased", error);
  return FALSE;
}

static void
clear_function (DpdkUdpEndpoint *self)
{
  GDestroyNotify destroy = g_steal_pointer (&self->readable_destroy);
  gpointer user_data = g_steal_pointer (&self->readable_data);

  self->readable = NULL;
  if (destroy != NULL)
    destroy (user_data);
}

static void
drop_socket_if_unused (DpdkUdpEndpoint *self)
{
  if (!self->is_calling && self->readable == NULL)
    g_clear_object (&self->readable_socket);
}

void
dpdk_udp_endpoint_clear_readable (DpdkUdpEndpoint *self)
{
  clear_function (self);
  drop_socket_if_unused (self);
}

void
dpdk_udp_endpoint_set_readable (DpdkUdpEndpoint *self, DpdkUdpSocket *socket,
                                DpdkUdpReadableFunc func, gpointer user_data,
                                GDestroyNotify destroy)
{
  clear_function (self);
  self->readable = func;
  self->readable_data = user_data;
  self->readable_destroy = destroy;
  if (func == NULL)
    {
      drop_socket_if_unused (self);
      return;
    }
  if (self->readable_socket == NULL)
    self->readable_socket = g_object_ref (socket);
  dpdk_udp_endpoint_announce (self);
}

/* the function may replace and drop itself, and close the socket */
void
dpdk_udp_endpoint_call_readable (DpdkUdpEndpoint *self)
{
  if (self->readable == NULL || self->is_calling ||
      (dpdk_udp_endpoint_check (self, G_IO_IN) & (G_IO_IN | G_IO_ERR)) == 0)
    return;
  self->is_calling = TRUE;
  self->readable (self->readable_socket, self->readable_data);
  self->is_calling = FALSE;
  drop_socket_if_unused (self);
}

static void
address_from_native (DpdkUdpAddress *address, const ip_addr_t *ip, guint16 port)
{
  gboolean is_v6 = IP_IS_V6_VAL (*ip);

  address->family = is_v6 ? G_SOCKET_FAMILY_IPV6 : G_SOCKET_FAMILY_IPV4;
  address->port = port;
  address->scope_id = is_v6 ? ip6_addr_zone (ip_2_ip6 (ip)) : 0;
  memset (address->bytes, 0, sizeof address->bytes);
  if (is_v6)
    memcpy (address->bytes, ip_2_ip6 (ip)->addr, 16);
  else
    memcpy (address->bytes, &ip_2_ip4 (ip)->addr, 4);
}

static gboolean
address_to_native (const DpdkUdpAddress *address, ip_addr_t *ip)
{
  memset (ip, 0, sizeof *ip);
  switch (address->family)
    {
    case G_SOCKET_FAMILY_IPV4:
      memcpy (&ip_2_ip4 (ip)->addr, address->bytes, 4);
      IP_SET_TYPE (ip, IPADDR_TYPE_V4);
      return TRUE;
    case G_SOCKET_FAMILY_IPV6:
      memcpy (ip_2_ip6 (ip)->addr, address->bytes, 16);
      /* as in GIO; what is too large is the number of no port */
      if (ip6_addr_has_scope (ip_2_ip6 (ip), IP6_UNKNOWN))
        ip6_addr_set_zone (ip_2_ip6 (ip), (u8_t) MIN (address->scope_id, G_MAXUINT8));
      IP_SET_TYPE (ip, IPADDR_TYPE_V6);
      return TRUE;
    default:
      return FALSE;
    }
}

gint
dpdk_udp_endpoint_try_receive (DpdkUdpEndpoint *self, DpdkUdpMessage *messages, guint n_messages,
                               GError **error)
{
  struct rte_mempool *pool;
  DpdkUdpQueue taken = { 0 };
  DpdkUdpDatagram *datagram;
  gboolean is_alive;
  guint n = 0, n_lost = 0;

  g_mutex_lock (&self->lock);
  is_alive = dpdk_udp_endpoint_check_locked (self, error);
  for (guint i = 0; is_alive && i < n_messages && self->received.head != NULL; i++)
    dpdk_udp_queue_push (&taken, dpdk_udp_queue_pop (&self->received));
  g_mutex_unlock (&self->lock);
  if (!is_alive)
    return -1;
  pool = dpdk_stack_get_pool (dpdk_worker_core_get_stack (self->core));
  while ((datagram = dpdk_udp_queue_pop (&taken)) != NULL)
    {
      struct rte_mbuf *mbuf = dpdk_stack_packet_unwrap (g_steal_pointer (&datagram->data), pool);

      if (mbuf != NULL)
        {
          messages[n].packet = (DpdkPacket *) mbuf;
          address_from_native (&messages[n].address, &datagram->ip, datagram->port);
          n++;
        }
      else
        n_lost++;
      dpdk_udp_datagram_free (datagram);
    }
  if (n > 0)
    dpdk_held_take (rte_lcore_id (), n);
  if (n_lost > 0)
    {
      g_mutex_lock (&self->lock);
      self->statistics.receive_dropped += n_lost;
      g_mutex_unlock (&self->lock);
    }
  return (gint) n;
}

static gboolean
find_target (DpdkUdpEndpoint *self, const DpdkUdpMessage *message, const DpdkUdpOptions *options,
             ip_addr_t *ip, guint16 *port, GError **error)
{
  gsize length = rte_pktmbuf_pkt_len ((const struct rte_mbuf *) message->packet);

  *port = message->address.port;
  if (!address_to_native (&message->address, ip))
    {
      /* ours to change, so ours to read */
      if (!self->has_remote)
        {
          dpdk_udp_endpoint_set_error (self, error, G_IO_ERROR_NOT_CONNECTED,
                                       "is not connected, and the message has no address");
          return FALSE;
        }
      *ip = self->remote_ip;
      *port = self->remote_port;
    }
  else if (self->family == G_SOCKET_FAMILY_IPV4 ? IP_IS_V6_VAL (*ip)
                                                : IP_IS_V4_VAL (*ip) && options->v6_only)
    {
      dpdk_udp_endpoint_set_error (self, error, G_IO_ERROR_INVALID_ARGUMENT,
                                   self->family == G_SOCKET_FAMILY_IPV4
                                       ? "is of IPv4, and the address is of IPv6"
                                       : "is for IPv6 only, and the address is of IPv4");
      return FALSE;
    }
  return dpdk_udp_endpoint_check_destination (self, options, ip, *port, length, FALSE, error);
}

/* takes over @message's packet, unless there is an error */
static gboolean
try_send_one (DpdkUdpEndpoint *self, const DpdkUdpMessage *message, const DpdkUdpOptions *options,
              DpdkUdpStatistics *sent, GError **error)
{
  DpdkStack *stack = dpdk_worker_core_get_stack (self->core);
  gsize length = rte_pktmbuf_pkt_len ((const struct rte_mbuf *) message->packet);
  struct pbuf *p;
  ip_addr_t ip;
  guint16 port;

  if (!find_target (self, message, options, &ip, &port, error))
    return FALSE;
  p = dpdk_stack_packet_wrap_for_sending (stack, (struct rte_mbuf *) message->packet);
  if (p == NULL)
    {
      dpdk_udp_endpoint_set_error (self, error, G_IO_ERROR_NO_SPACE,
                                   "has no memory to copy the datagram to");
      return FALSE;
    }
  dpdk_udp_statistics_count_sent (sent, dpdk_udp_endpoint_send_now (self, p, &ip, port, options),
                                  length);
  pbuf_free (p);
  dpdk_held_release (rte_lcore_id (), 1);
  return TRUE;
}

gint
dpdk_udp_endpoint_try_send (DpdkUdpEndpoint *self, const DpdkUdpMessage *messages, guint n_messages,
                            GError **error)
{
  DpdkUdpStatistics sent = { 0 };
  DpdkUdpOptions options;
  gboolean is_alive, failed = FALSE;
  guint n = 0;

  /* other threads' come first */
  dpdk_udp_endpoint_transmit (self);
  g_mutex_lock (&self->lock);
  is_alive = dpdk_udp_endpoint_check_locked (self, error);
  options = self->options;
  g_mutex_unlock (&self->lock);
  if (!is_alive)
    return -1;
  while (n < n_messages && self->unsent.head == NULL &&
         dpdk_udp_endpoint_has_room (
             self, rte_pktmbuf_pkt_len ((const struct rte_mbuf *) messages[n].packet)))
    {
      failed = !try_send_one (self, &messages[n], &options, &sent, n == 0 ? error : NULL);
      if (failed)
        break;
      n++;
    }
  g_mutex_lock (&self->lock);
  dpdk_udp_endpoint_add_sent_locked (self, &sent);
  g_mutex_unlock (&self->lock);
  return failed && n == 0 ? -1 : (gint) n;
}
