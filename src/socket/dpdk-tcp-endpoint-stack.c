/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* the side of an endpoint that faces the stack: everything here runs on the worker */
#include "dpdk-tcp-endpoint-internal.h"

#include <rte_prefetch.h>
#include <lwip/sys.h>

/* a closed connection may wait this long for a peer that does not take our data */
#define CLOSE_TIMEOUT_S 60
/* of lwIP's slow timer, which is two ticks */
#define POLL_INTERVAL 25
#define POLL_UNIT_MS 20

static const DpdkClosableFuncs closable_funcs;

static DpdkTcpEndpoint *
from_closable (DpdkClosable *closable)
{
  return (DpdkTcpEndpoint *) ((char *) closable - G_STRUCT_OFFSET (DpdkTcpEndpoint, closable));
}

/* takes over @list, of which @n_bytes were read */
void
dpdk_tcp_endpoint_release_buffers (DpdkTcpEndpoint *self, struct pbuf *list, gsize n_bytes)
{
  dpdk_tcp_receive_queue_free_buffers (list);
  while (self->pcb != NULL && n_bytes > 0)
    {
      u16_t n = (u16_t) MIN (n_bytes, G_MAXUINT16);

      tcp_recved (self->pcb, n);
      n_bytes -= n;
    }
}

static void
free_buffers (DpdkTcpEndpoint *self)
{
  struct pbuf *list;
  gsize n_bytes;

  dpdk_tcp_endpoint_lock (self);
  list = dpdk_tcp_receive_queue_steal_read (&self->received, &n_bytes);
  dpdk_tcp_endpoint_unlock (self);
  dpdk_tcp_endpoint_release_buffers (self, list, n_bytes);
}

/* buffers that were not read belong to the stack, so it must know of them as long as it knows of the
   connection; then its reference is dropped, unless somebody still needs it */
static void
release_if_unused (DpdkTcpEndpoint *self)
{
  gboolean is_unused;

  free_buffers (self);
  dpdk_tcp_endpoint_lock (self);
  is_unused = self->is_attached && self->pcb == NULL && self->received.last == NULL &&
              !self->is_listed && !self->is_looked_at;
  dpdk_tcp_endpoint_unlock (self);
  if (!is_unused)
    return;
  self->is_attached = FALSE;
  dpdk_worker_core_remove_closable (self->core, &self->closable);
  dpdk_tcp_endpoint_unref (self);
}

/* the connection goes on without us, or has gone */
static void
detach (DpdkTcpEndpoint *self)
{
  if (dpdk_tcp_endpoint_claim_end (self))
    dpdk_tcp_endpoint_tell_connection (self, TRUE);
  if (self->pcb != NULL)
    {
      tcp_arg (self->pcb, NULL);
      tcp_set_callbacks (self->pcb, NULL);
      tcp_poll_interval (self->pcb, 0);
      self->pcb = NULL;
    }
  if (self->holds_port)
    dpdk_port_owners_release (dpdk_worker_core_get_shared (self->core)->port_owners,
                              dpdk_tcp_addresses_get_port (&self->addresses, DPDK_TCP_LOCAL));
  self->holds_port = FALSE;
  /* it is called for the last time */
  self->has_arrived = TRUE;
  if (self->ready_socket != NULL || g_atomic_pointer_get (&self->connecting) != NULL)
    dpdk_tcp_endpoint_kick (self);
  release_if_unused (self);
}

/* lwIP has freed the connection: nothing refers to our data any more */
static void
on_error (void *arg, err_t native)
{
  DpdkTcpEndpoint *self = arg;

  self->pcb = NULL;
  dpdk_tcp_endpoint_lock (self);
  self->error = native;
  self->error_is_of_connect = self->state == ENDPOINT_CONNECTING;
  self->state = ENDPOINT_CLOSED;
  dpdk_tcp_send_queue_clear (&self->sending);
  dpdk_tcp_endpoint_notify_locked (self);
  dpdk_tcp_endpoint_unlock (self);
  dpdk_tcp_endpoint_free_released (self);
  dpdk_tcp_endpoint_complete_connect (self);
  detach (self);
}

void
dpdk_tcp_endpoint_abort_now (DpdkTcpEndpoint *self, err_t reason)
{
  struct tcp_pcb *pcb = self->pcb;

  /* calls on_error () */
  tcp_arg (pcb, NULL);
  tcp_set_callbacks (pcb, NULL);
  tcp_abort (pcb);
  on_error (self, reason);
}

static gboolean
has_finished (DpdkTcpEndpoint *self)
{
  gboolean finished;

  dpdk_tcp_endpoint_lock (self);
  finished = self->fin_sent && self->sending.n_queued == 0 &&
             (self->peer_has_finished || self->close_wanted);
  if (finished && self->peer_has_finished)
    self->state = ENDPOINT_CLOSED;
  dpdk_tcp_endpoint_unlock (self);
  return finished;
}

/* hands over what lwIP has room for; it keeps pointers into the queue until the peer has it. FALSE: out
   of memory */
static gboolean
hand_over_locked (DpdkTcpEndpoint *self)
{
  while (dpdk_tcp_send_queue_get_n_unsent (&self->sending) > 0 && tcp_sndbuf (self->pcb) > 0)
    {
      gsize size;
      const void *data = dpdk_tcp_send_queue_peek_unsent (&self->sending, &size);
      u16_t n = (u16_t) MIN (MIN (size, tcp_sndbuf (self->pcb)), G_MAXUINT16);
      u8_t flags = n < dpdk_tcp_send_queue_get_n_unsent (&self->sending) ? TCP_WRITE_FLAG_MORE : 0;

      if (tcp_write (self->pcb, data, n, flags) != ERR_OK)
        return FALSE;
      dpdk_tcp_send_queue_mark_sent (&self->sending, n);
    }
  return TRUE;
}

void
dpdk_tcp_endpoint_send_queued (DpdkTcpEndpoint *self)
{
  gboolean has_memory;

  if (self->pcb == NULL)
    return;
  dpdk_tcp_endpoint_lock (self);
  has_memory = hand_over_locked (self);
  dpdk_tcp_endpoint_unlock (self);
  tcp_output (self->pcb);
  /* with data on its way the acknowledgement brings us back, without it only the timer does */
  if (!has_memory && self->pcb->tx->unacked == NULL)
    tcp_poll_interval (self->pcb, POLL_INTERVAL);
  else if (self->deadline == 0)
    tcp_poll_interval (self->pcb, 0);
}

static void
send_fin (DpdkTcpEndpoint *self)
{
  if (self->fin_sent || tcp_shutdown (self->pcb, 0, 1) != ERR_OK)
    return;
  self->fin_sent = TRUE;
  tcp_output (self->pcb);
}

static err_t
on_poll (void *arg, struct tcp_pcb *pcb)
{
  DpdkTcpEndpoint *self = arg;

  if (self->deadline != 0 && (gint32) (sys_now () - self->deadline) > 0)
    {
      dpdk_tcp_endpoint_abort_now (self, self->deadline_is_of_connect ? ERR_TIMEOUT : ERR_CLSD);
      return ERR_ABRT;
    }
  if (!self->deadline_is_of_connect)
    dpdk_tcp_endpoint_kick (self);
  return ERR_OK;
}

/* the deadline of what may take @ms, and shall not take much longer */
guint32
dpdk_tcp_endpoint_poll_for (DpdkTcpEndpoint *self, guint ms)
{
  tcp_poll_interval (self->pcb, (u8_t) CLAMP (ms / (10 * POLL_UNIT_MS), 1, POLL_INTERVAL));
  /* 0 would be none */
  return (sys_now () + MIN (ms, (guint) G_MAXINT32)) | 1;
}

static void
close_now (DpdkTcpEndpoint *self)
{
  struct tcp_pcb *pcb = self->pcb;
  gboolean reset_at_end;

  dpdk_tcp_endpoint_lock (self);
  reset_at_end = self->reset_at_end;
  dpdk_tcp_endpoint_unlock (self);
  if (reset_at_end)
    {
      dpdk_tcp_endpoint_abort_now (self, ERR_CLSD);
      return;
    }
  dpdk_tcp_endpoint_ref (self);
  detach (self);
  if (tcp_close (pcb) != ERR_OK)
    tcp_abort (pcb);
  dpdk_tcp_endpoint_unref (self);
}

/* brings the connection forward to what is wanted of it */
static void
advance (DpdkTcpEndpoint *self)
{
  gboolean close_wanted, abort_wanted, fin_wanted, reset_wanted, accept_wanted, nodelay;
  gboolean is_connecting, has_unsent;
  gint linger;
  struct pbuf *list;
  gsize n_bytes;

  if (self->pcb == NULL)
    {
      release_if_unused (self);
      return;
    }
  dpdk_tcp_endpoint_lock (self);
  list = dpdk_tcp_receive_queue_steal_read (&self->received, &n_bytes);
  abort_wanted = self->abort_wanted;
  close_wanted = self->close_wanted;
  accept_wanted = self->accept_wanted;
  self->accept_wanted = FALSE;
  nodelay = self->nodelay;
  linger = self->extra != NULL ? self->extra->linger : -1;
  self->pcb->ttl = self->ttl;
  self->pcb->tos = self->traffic_class;
  is_connecting = self->state == ENDPOINT_CONNECTING || self->state == ENDPOINT_NEW;
  fin_wanted = close_wanted || self->write_is_shut;
  has_unsent = dpdk_tcp_send_queue_get_n_unsent (&self->sending) > 0;
  dpdk_tcp_endpoint_unlock (self);

  dpdk_tcp_endpoint_release_buffers (self, list, n_bytes);
  if (accept_wanted)
    tcp_backlog_accepted (self->pcb);
  if (nodelay)
    tcp_nagle_disable (self->pcb);
  else
    tcp_nagle_enable (self->pcb);
  if (abort_wanted || (close_wanted && is_connecting))
    {
      dpdk_tcp_endpoint_abort_now (self, ERR_CLSD);
      return;
    }
  if (is_connecting)
    return;
  if (!fin_wanted)
    {
      if (has_unsent)
        dpdk_tcp_endpoint_send_queued (self);
      return;
    }
  if (close_wanted && self->deadline == 0)
    {
      guint timeout = linger > 0 ? (guint) linger : CLOSE_TIMEOUT_S * 1000;

      self->deadline = dpdk_tcp_endpoint_poll_for (self, timeout);
    }
  dpdk_tcp_endpoint_send_queued (self);
  dpdk_tcp_endpoint_lock (self);
  fin_wanted = dpdk_tcp_send_queue_get_n_unsent (&self->sending) == 0 && !self->reset_at_end;
  reset_wanted = self->reset_at_end && self->sending.n_queued == 0;
  dpdk_tcp_endpoint_unlock (self);
  if (fin_wanted)
    send_fin (self);
  if (reset_wanted || has_finished (self))
    close_now (self);
}

static gboolean
look_soon (DpdkTcpEndpoint *self)
{
  if (self->is_listed)
    return TRUE;
  if (!dpdk_worker_core_look_later (self->core, &closable_funcs, &self->closable,
                                    self->is_attached))
    return FALSE;
  self->is_listed = TRUE;
  self->look_holds = !self->is_attached;
  if (self->look_holds)
    dpdk_tcp_endpoint_ref (self);
  return TRUE;
}

/* there is more to do than to count what the peer has */
static void G_GNUC_NO_INLINE
handle_acknowledgement_and_unlock (DpdkTcpEndpoint *self)
{
  gboolean has_released = dpdk_tcp_send_queue_has_released (&self->sending);
  gboolean advance_wanted = dpdk_tcp_send_queue_get_n_unsent (&self->sending) > 0 ||
                            self->close_wanted || self->write_is_shut;

  dpdk_tcp_endpoint_unlock_own (self);
  if (has_released)
    dpdk_tcp_endpoint_free_released (self);
  /* later, because lwIP is in the middle of this segment and may still hold the connection */
  if (advance_wanted)
    dpdk_tcp_endpoint_kick (self);
  else if (self->room_is_wanted && self->has_writable)
    look_soon (self);
}

static err_t
on_sent (void *arg, struct tcp_pcb *pcb, u16_t size)
{
  DpdkTcpEndpoint *self = arg;

  dpdk_tcp_endpoint_lock_own (self);
  dpdk_tcp_endpoint_count_locked (self, n_acknowledged, size);
  dpdk_tcp_send_queue_acknowledge (&self->sending, size);
  dpdk_tcp_endpoint_notify_locked (self);
  if (self->sending.n_queued > 0 || self->room_is_wanted || self->close_wanted ||
      self->write_is_shut || dpdk_tcp_send_queue_has_released (&self->sending))
    handle_acknowledgement_and_unlock (self);
  else
    dpdk_tcp_endpoint_unlock_own (self);
  return ERR_OK;
}

static struct pbuf *
copy_if_better (DpdkTcpEndpoint *self, struct pbuf *p)
{
  DpdkStack *stack = dpdk_worker_core_get_stack (self->core);
  struct pbuf *copy;

  if (!dpdk_stack_should_copy (stack, p))
    return p;
  copy = pbuf_clone (PBUF_RAW, PBUF_RAM, p);
  if (copy == NULL)
    return p;
  pbuf_free (p);
  return copy;
}

static err_t
on_received (void *arg, struct tcp_pcb *pcb, struct pbuf *p, err_t native)
{
  DpdkTcpEndpoint *self = arg;
  gboolean is_usual = p != NULL;

  if (p != NULL)
    p = copy_if_better (self, p);
  dpdk_tcp_endpoint_lock_own (self);
  if (p == NULL)
    self->peer_has_finished = TRUE;
  else
    {
      dpdk_tcp_endpoint_count_locked (self, n_received, p->tot_len);
      dpdk_tcp_receive_queue_append (&self->received, p);
    }
  /* who closes or aborts shuts this side, too */
  if (self->read_is_shut)
    {
      dpdk_tcp_receive_queue_discard (&self->received);
      is_usual = FALSE;
    }
  dpdk_tcp_endpoint_notify_locked (self);
  dpdk_tcp_endpoint_unlock_own (self);
  self->has_arrived = TRUE;
  if (G_UNLIKELY (!is_usual))
    dpdk_tcp_endpoint_kick (self);
  else if (self->readable.func != NULL)
    /* now, so that what is written leaves with the acknowledgement: whatever the function does to the
       connection itself, lwIP does when it is through with this segment, or a task later */
    dpdk_tcp_endpoint_call_ready (self);
  return ERR_OK;
}

/* the worker ends */
static void
closable_close (DpdkClosable *closable)
{
  DpdkTcpEndpoint *self = dpdk_tcp_endpoint_ref (from_closable (closable));

  dpdk_tcp_endpoint_lock (self);
  if (self->error == ERR_OK)
    {
      self->error = ERR_CLSD;
      self->error_is_of_connect = self->state == ENDPOINT_CONNECTING;
    }
  self->close_wanted = TRUE;
  self->read_is_shut = TRUE;
  dpdk_tcp_receive_queue_discard (&self->received);
  dpdk_tcp_endpoint_notify_locked (self);
  dpdk_tcp_endpoint_unlock (self);
  dpdk_tcp_endpoint_complete_connect (self);
  dpdk_tcp_endpoint_call_connected (self);
  self->has_arrived = TRUE;
  dpdk_tcp_endpoint_call_ready (self);
  dpdk_tcp_endpoint_drop_ready (self);
  advance (self);
  dpdk_tcp_endpoint_unref (self);
}

static void
closable_abort (DpdkClosable *closable)
{
  DpdkTcpEndpoint *self = dpdk_tcp_endpoint_ref (from_closable (closable));

  dpdk_tcp_endpoint_drop_ready (self);
  dpdk_tcp_endpoint_lock (self);
  self->read_is_shut = TRUE;
  dpdk_tcp_receive_queue_discard (&self->received);
  dpdk_tcp_endpoint_unlock (self);
  if (self->pcb != NULL)
    dpdk_tcp_endpoint_abort_now (self, ERR_CLSD);
  else
    release_if_unused (self);
  dpdk_tcp_endpoint_unref (self);
}

static void
closable_lose_port (DpdkClosable *closable, const DpdkWorkerLoss *loss)
{
  DpdkTcpEndpoint *self = from_closable (closable);
  const guint8 *bytes;
  ip_addr_t ip;

  dpdk_tcp_addresses_get (&self->addresses, DPDK_TCP_LOCAL, &ip);
  bytes = IP_IS_V6_VAL (ip) ? (const guint8 *) ip_2_ip6 (&ip)->addr
                            : (const guint8 *) &ip_2_ip4 (&ip)->addr;
  if (self->pcb == NULL ||
      !dpdk_worker_loss_concerns (loss, !self->has_local || ip_addr_isany_val (ip),
                                  IP_IS_V6_VAL (ip), bytes))
    return;
  dpdk_tcp_endpoint_lock (self);
  if (self->error == ERR_OK)
    dpdk_tcp_endpoint_set_reason_locked (self, g_strdup (loss->reason));
  dpdk_tcp_endpoint_unlock (self);
  dpdk_tcp_endpoint_ref (self);
  dpdk_tcp_endpoint_abort_now (self, ERR_CLSD);
  dpdk_tcp_endpoint_unref (self);
}

static gboolean
closable_is_busy (DpdkClosable *closable)
{
  DpdkTcpEndpoint *self = from_closable (closable);
  gboolean is_busy;

  /* tasks are over, so the queue is brought forward here */
  dpdk_tcp_endpoint_ref (self);
  advance (self);
  is_busy = self->pcb != NULL;
  dpdk_tcp_endpoint_unref (self);
  return is_busy;
}

static void
look_at (DpdkTcpEndpoint *self, gboolean advance_wanted)
{
  gboolean connect_wanted, is_over;

  dpdk_tcp_endpoint_lock (self);
  is_over = self->close_wanted || self->abort_wanted;
  connect_wanted = self->connect_wanted;
  self->connect_wanted = FALSE;
  dpdk_tcp_endpoint_unlock (self);
  if (connect_wanted && is_over)
    dpdk_tcp_endpoint_fail_connect (self, ERR_CLSD);
  else if (connect_wanted)
    dpdk_tcp_endpoint_connect_now (self);
  if (advance_wanted)
    advance (self);
  dpdk_tcp_endpoint_call_connected (self);
  if (self->ready_socket == NULL)
    return;
  if (!is_over)
    dpdk_tcp_endpoint_call_ready (self);
  if (is_over || self->pcb == NULL)
    dpdk_tcp_endpoint_drop_ready (self);
}

static void
closable_look (DpdkClosable *closable)
{
  DpdkTcpEndpoint *self = from_closable (closable);
  gboolean advance_wanted = self->advance_wanted, holds = self->look_holds;

  self->is_listed = FALSE;
  self->advance_wanted = FALSE;
  if (self->is_attached)
    dpdk_worker_core_add_closable (self->core, &closable_funcs, closable);
  self->is_looked_at = TRUE;
  look_at (self, advance_wanted);
  self->is_looked_at = FALSE;
  if (self->pcb == NULL)
    release_if_unused (self);
  if (holds)
    dpdk_tcp_endpoint_unref (self);
}

static const DpdkClosableFuncs closable_funcs = {
  .close = closable_close,
  .abort = closable_abort,
  .is_busy = closable_is_busy,
  .look = closable_look,
  .lose_port = closable_lose_port,
};

/* for the function that will be called */
static void
prefetch_ready (gconstpointer arg)
{
  const DpdkTcpEndpoint *self = arg;

  rte_prefetch0 (self->ready_socket);
  rte_prefetch0 (self->readable.user_data);
}

static const struct tcp_callbacks tcp_callbacks = {
  .sent = on_sent,
  .recv = on_received,
  .connected = dpdk_tcp_endpoint_on_connected,
  .poll = on_poll,
  .errf = on_error,
  .prefetch = prefetch_ready,
};

void
dpdk_tcp_endpoint_attach (DpdkTcpEndpoint *self, struct tcp_pcb *pcb)
{
  self->pcb = pcb;
  self->is_attached = TRUE;
  tcp_arg (pcb, dpdk_tcp_endpoint_ref (self));
  tcp_set_callbacks (pcb, &tcp_callbacks);
  /* else it is added when it has been looked at */
  if (!self->is_listed)
    dpdk_worker_core_add_closable (self->core, &closable_funcs, &self->closable);
}

void
dpdk_tcp_endpoint_hold_port (DpdkTcpEndpoint *self, guint8 owner)
{
  DpdkWorkerShared *shared = dpdk_worker_core_get_shared (self->core);

  self->holds_port = shared->n_workers > 1 &&
                     dpdk_port_owners_hold (shared->port_owners, self->pcb->local_port, owner);
}

DpdkTcpEndpoint *
dpdk_tcp_endpoint_new_accepted (DpdkWorkerCore *core, struct tcp_pcb *pcb)
{
  DpdkTcpEndpoint *self = dpdk_tcp_endpoint_new (core);
  DpdkStackTcpOptions options;

  self->state = ENDPOINT_CONNECTED;
  self->ttl = pcb->ttl;
  self->traffic_class = pcb->tos;
  dpdk_tcp_addresses_set (&self->addresses, DPDK_TCP_LOCAL, &pcb->local_ip, pcb->local_port);
  dpdk_tcp_addresses_set (&self->addresses, DPDK_TCP_REMOTE, &pcb->remote_ip, pcb->remote_port);
  self->has_local = TRUE;
  dpdk_stack_tcp_options_read (&options, pcb);
  dpdk_tcp_endpoint_set_options_locked (self, &options);
  dpdk_tcp_endpoint_attach (self, pcb);
  /* its packets shall come here even when the listener is gone; other ports of nobody's are not
     forwarded */
  if (pcb->local_port >= DPDK_STACK_FIRST_EPHEMERAL_PORT)
    dpdk_tcp_endpoint_hold_port (self, DPDK_STACK_PORT_OF_ALL);
  return self;
}

/* runs what other threads wanted; holds the reference that dpdk_tcp_endpoint_kick() took */
static void
run_task (DpdkWorkerTask *task)
{
  DpdkTcpExtra *extra = (DpdkTcpExtra *) ((char *) task - G_STRUCT_OFFSET (DpdkTcpExtra, task));
  DpdkTcpEndpoint *self = extra->endpoint;

  g_atomic_int_set (&extra->task_is_posted, FALSE);
  look_at (self, TRUE);
  dpdk_tcp_endpoint_unref (self);
}

void
dpdk_tcp_endpoint_kick (DpdkTcpEndpoint *self)
{
  DpdkTcpExtra *extra;

  if (dpdk_worker_core_is_current (self->core) && look_soon (self))
    {
      self->advance_wanted = TRUE;
      return;
    }
  extra = dpdk_tcp_endpoint_get_extra (self);
  if (!g_atomic_int_compare_and_exchange (&extra->task_is_posted, FALSE, TRUE))
    return;
  extra->task.run = run_task;
  dpdk_tcp_endpoint_ref (self);
  if (dpdk_worker_core_post (self->core, &extra->task))
    return;
  g_atomic_int_set (&extra->task_is_posted, FALSE);
  /* the worker has ended */
  dpdk_tcp_endpoint_lock (self);
  if (self->error == ERR_OK)
    {
      self->error = ERR_CLSD;
      self->error_is_of_connect = self->state == ENDPOINT_CONNECTING;
    }
  dpdk_tcp_endpoint_notify_locked (self);
  dpdk_tcp_endpoint_unlock (self);
  dpdk_tcp_endpoint_complete_connect (self);
  dpdk_tcp_endpoint_unref (self);
}
