/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* receiving as GIO does it, on any thread */
#include "dpdk-udp-endpoint-internal.h"

#include "dpdk-deadline-private.h"
#include "dpdk-socket-native-private.h"

#include <sys/socket.h>

/* how much may be read before the worker is told */
#define MAX_READ 16
#define MAX_READ_COST (32 * 1024)

static gsize
copy_out (const DpdkUdpDatagram *datagram, const GInputMessage *message)
{
  gsize total = 0;

  for (guint i = 0; i < message->num_vectors && total < datagram->data->tot_len; i++)
    {
      const GInputVector *vector = &message->vectors[i];
      guint16 n = (guint16) MIN (vector->size, (gsize) datagram->data->tot_len - total);

      pbuf_copy_partial (datagram->data, vector->buffer, n, (guint16) total);
      total += n;
    }
  return total;
}

static void
fill_message (const DpdkUdpDatagram *datagram, GInputMessage *message, gint flags)
{
  gsize size = datagram->data->tot_len;

  message->bytes_received = copy_out (datagram, message);
  message->flags = message->bytes_received < size ? MSG_TRUNC : 0;
  if ((flags & MSG_TRUNC) != 0)
    message->bytes_received = size;
  if (message->address != NULL)
    *message->address = dpdk_native_address_to_gio (&datagram->ip, datagram->port);
  if (message->control_messages != NULL)
    *message->control_messages = NULL;
  if (message->num_control_messages != NULL)
    *message->num_control_messages = 0;
}

/* copies without the lock, so that the worker need not wait for us */
static void
take_one_locked (DpdkUdpEndpoint *self, GInputMessage *message, gint flags)
{
  DpdkUdpDatagram *datagram = dpdk_udp_queue_pop (&self->received);

  self->n_borrowed++;
  g_mutex_unlock (&self->lock);
  fill_message (datagram, message, flags);
  g_mutex_lock (&self->lock);
  self->n_borrowed--;
  dpdk_udp_queue_push (&self->read, &datagram->item);
  /* it waits for what we have borrowed */
  if (self->is_closed)
    g_cond_broadcast (&self->changed);
}

static guint
peek_locked (DpdkUdpEndpoint *self, GInputMessage *messages, guint n_messages, gint flags)
{
  guint n = 0;

  for (DpdkUdpItem *item = self->received.head; item != NULL && n < n_messages; item = item->next)
    fill_message ((const DpdkUdpDatagram *) item, &messages[n++], flags);
  return n;
}

static gboolean
make_ready_locked (DpdkUdpEndpoint *self, gint64 deadline, GCancellable *cancellable,
                   GError **error)
{
  if (deadline != 0 && !dpdk_udp_endpoint_wait_locked (self, G_IO_IN, deadline, cancellable, error))
    return FALSE;
  if (!dpdk_udp_endpoint_check_locked (self, error))
    return FALSE;
  if (self->received.head != NULL)
    return TRUE;
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK, "No datagram has arrived");
  return FALSE;
}

static guint
receive_locked (DpdkUdpEndpoint *self, GInputMessage *messages, guint n_messages, gint flags,
                gint64 deadline, GCancellable *cancellable, GError **error)
{
  guint n = 0;

  while (n < n_messages)
    {
      /* what comes after the first one is for the next call to report */
      if (n > 0 && self->has_error)
        break;
      if (self->received.head == NULL || self->has_error || self->is_closed)
        {
          if (!make_ready_locked (self, deadline, cancellable, n == 0 ? error : NULL))
            break;
        }
      if ((flags & MSG_PEEK) != 0)
        return peek_locked (self, messages, n_messages, flags);
      take_one_locked (self, &messages[n++], flags);
    }
  return n;
}

gint
dpdk_udp_endpoint_receive (DpdkUdpEndpoint *self, GInputMessage *messages, guint n_messages,
                           gint flags, gint64 timeout_us, GCancellable *cancellable, GError **error)
{
  DpdkUdpWaiting waiting;
  gint64 deadline;
  gboolean kick;
  guint n;

  if ((flags & MSG_OOB) != 0)
    {
      dpdk_udp_endpoint_set_error (self, error, G_IO_ERROR_NOT_SUPPORTED,
                                   "has no out-of-band data");
      return -1;
    }
  if (!dpdk_udp_endpoint_begin (self, "g_datagram_based_receive_messages", timeout_us, cancellable,
                                &waiting, error))
    return -1;
  deadline = dpdk_deadline_from_timeout (timeout_us);
  g_mutex_lock (&self->lock);
  n = receive_locked (self, messages, n_messages, flags, deadline, cancellable, error);
  kick = self->read.n >= MAX_READ || self->read.cost >= MAX_READ_COST ||
         (self->is_closed && self->read.n > 0);
  g_mutex_unlock (&self->lock);
  dpdk_udp_endpoint_end (&waiting);
  if (kick)
    dpdk_udp_endpoint_kick (self);
  return n > 0 || n_messages == 0 ? (gint) n : -1;
}
