/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* the path of datagrams on the worker */
#include "dpdk-udp-endpoint-internal.h"

/* small datagrams that wait are copied, or each would pin a whole buffer */
#define SMALL_DATA 512
#define MAX_WAITING_IN_BUFFERS 64
/* of the smallest MTU of IPv6, less its headers (RFC 8200, 5) */
#define MIN_FRAGMENT 1200

static struct pbuf *
copy_if_better (DpdkUdpEndpoint *self, DpdkStack *stack, struct pbuf *p)
{
  struct pbuf *copy;

  if (!dpdk_stack_is_short_of_buffers (stack) &&
      (p->tot_len >= SMALL_DATA || self->n_waiting + self->arrived.n < MAX_WAITING_IN_BUFFERS))
    return p;
  copy = pbuf_clone (PBUF_RAW, PBUF_RAM, p);
  if (copy == NULL)
    return p;
  pbuf_free (p);
  return copy;
}

void
dpdk_udp_endpoint_on_received (void *arg, struct udp_pcb *pcb, struct pbuf *p, const ip_addr_t *ip,
                               u16_t port)
{
  DpdkUdpEndpoint *self = arg;
  DpdkStack *stack = dpdk_worker_core_get_stack (self->core);
  /* it may be in the buffer that is freed */
  ip_addr_t from = *ip;
  DpdkUdpDatagram *datagram = NULL;

  if (dpdk_stack_is_out_of_memory (stack))
    pbuf_free (p);
  else
    datagram = dpdk_udp_datagram_new (copy_if_better (self, stack, p), &from, port);
  if (datagram == NULL)
    {
      g_mutex_lock (&self->lock);
      self->statistics.receive_dropped++;
      g_mutex_unlock (&self->lock);
      return;
    }
  dpdk_udp_queue_push (&self->arrived, &datagram->item);
  dpdk_udp_endpoint_announce (self);
}

static void
receive_arrived (DpdkUdpEndpoint *self)
{
  DpdkUdpQueue dropped = { 0 };
  DpdkUdpDatagram *datagram;

  g_mutex_lock (&self->lock);
  while ((datagram = dpdk_udp_queue_pop (&self->arrived)) != NULL)
    {
      if (self->is_closed)
        dpdk_udp_queue_push (&dropped, &datagram->item);
      else if (self->received.cost >= self->options.receive_buffer_size)
        {
          self->statistics.receive_dropped++;
          dpdk_udp_queue_push (&dropped, &datagram->item);
        }
      else
        {
          self->statistics.received++;
          self->statistics.received_bytes += datagram->data->tot_len;
          dpdk_udp_queue_push (&self->received, &datagram->item);
        }
    }
  dpdk_udp_queue_move (&dropped, &self->read);
  self->n_waiting = self->received.n;
  dpdk_udp_endpoint_notify_locked (self);
  g_mutex_unlock (&self->lock);
  dpdk_udp_datagram_queue_clear (&dropped);
}

/* once in a turn, when the burst is over: lwIP is not in the middle of anything then */
static void
run_arrival (DpdkWorkerTask *task)
{
  DpdkUdpEndpoint *self =
      (DpdkUdpEndpoint *) ((char *) task - G_STRUCT_OFFSET (DpdkUdpEndpoint, arrival_task));

  self->arrival_is_posted = FALSE;
  receive_arrived (self);
  dpdk_udp_endpoint_call_readable (self);
  dpdk_udp_endpoint_unref (self);
}

void
dpdk_udp_endpoint_announce (DpdkUdpEndpoint *self)
{
  if (self->arrival_is_posted)
    return;
  self->arrival_task.run = run_arrival;
  self->arrival_is_posted = TRUE;
  dpdk_udp_endpoint_ref (self);
  if (dpdk_worker_core_post (self->core, &self->arrival_task))
    return;
  /* the worker closes all it has */
  self->arrival_is_posted = FALSE;
  dpdk_udp_datagram_queue_clear (&self->arrived);
  dpdk_udp_endpoint_unref (self);
}

void
dpdk_udp_endpoint_free_read (DpdkUdpEndpoint *self)
{
  DpdkUdpQueue read = { 0 };

  g_mutex_lock (&self->lock);
  dpdk_udp_queue_move (&read, &self->read);
  g_mutex_unlock (&self->lock);
  dpdk_udp_datagram_queue_clear (&read);
}

static void
apply_options (DpdkUdpEndpoint *self, const DpdkUdpOptions *options)
{
  struct udp_pcb *pcb = self->pcb;

  pcb->ttl = options->ttl;
  pcb->tos = options->traffic_class;
  udp_set_multicast_ttl (pcb, options->multicast_ttl);
  if (options->multicast_loopback)
    udp_set_flags (pcb, UDP_FLAGS_MULTICAST_LOOP);
  else
    udp_clear_flags (pcb, UDP_FLAGS_MULTICAST_LOOP);
}

gboolean
dpdk_udp_endpoint_has_room (DpdkUdpEndpoint *self, gsize length)
{
  DpdkStack *stack = dpdk_worker_core_get_stack (self->core);
  guint n = 1 + (guint) (length / MIN_FRAGMENT);

  if (dpdk_stack_get_room (stack) >= n)
    return TRUE;
  dpdk_stack_flush (stack);
  return dpdk_stack_get_room (stack) >= n;
}

err_t
dpdk_udp_endpoint_send_now (DpdkUdpEndpoint *self, struct pbuf *p, const ip_addr_t *to,
                            guint16 port, const DpdkUdpOptions *options)
{
  err_t native = dpdk_udp_endpoint_ensure_bound (self);
  struct netif *netif;
  ip_addr_t source;

  if (native != ERR_OK)
    return native;
  apply_options (self, options);
  netif = dpdk_udp_endpoint_find_route (self, to, options->multicast_interface, &source);
  if (netif == NULL)
    return ERR_RTE;
  return udp_sendto_if_src (self->pcb, p, to, port, netif, &source);
}

void
dpdk_udp_statistics_count_sent (DpdkUdpStatistics *statistics, err_t native, gsize length)
{
  if (native != ERR_OK)
    {
      statistics->send_dropped++;
      return;
    }
  statistics->sent++;
  statistics->sent_bytes += length;
}

void
dpdk_udp_endpoint_add_sent_locked (DpdkUdpEndpoint *self, const DpdkUdpStatistics *sent)
{
  self->statistics.sent += sent->sent;
  self->statistics.sent_bytes += sent->sent_bytes;
  self->statistics.send_dropped += sent->send_dropped;
}

/* what other threads have queued, as far as the device has room */
void
dpdk_udp_endpoint_transmit (DpdkUdpEndpoint *self)
{
  DpdkUdpStatistics sent = { 0 };
  DpdkUdpOutgoing *outgoing;
  DpdkUdpOptions options;
  gsize cost = 0;

  g_mutex_lock (&self->lock);
  dpdk_udp_queue_move (&self->unsent, &self->sending);
  options = self->options;
  g_mutex_unlock (&self->lock);
  if (self->unsent.head == NULL)
    return;
  while ((outgoing = (DpdkUdpOutgoing *) self->unsent.head) != NULL &&
         dpdk_udp_endpoint_has_room (self, outgoing->pbuf.pbuf.tot_len))
    {
      gsize length = outgoing->pbuf.pbuf.tot_len;

      dpdk_udp_queue_pop (&self->unsent);
      cost += outgoing->item.cost;
      dpdk_udp_statistics_count_sent (&sent,
                                      dpdk_udp_endpoint_send_now (self, &outgoing->pbuf.pbuf,
                                                                  &outgoing->ip, outgoing->port,
                                                                  &options),
                                      length);
      pbuf_free (&outgoing->pbuf.pbuf);
    }
  g_mutex_lock (&self->lock);
  self->n_sending -= cost;
  dpdk_udp_endpoint_add_sent_locked (self, &sent);
  dpdk_udp_endpoint_notify_locked (self);
  g_mutex_unlock (&self->lock);
  if (self->unsent.head != NULL)
    dpdk_udp_endpoint_kick (self);
}
