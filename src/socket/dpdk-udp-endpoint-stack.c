/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* the life of an endpoint on its worker, and what the network tells it there */
#include "dpdk-udp-endpoint-internal.h"

#include <lwip/icmp.h>
#include <lwip/prot/icmp6.h>

/* which errors end an operation, and with what: as Linux does without IP_RECVERR */
static gboolean
get_network_error (gboolean is_v6, guint8 type, guint8 code, GIOErrorEnum *error, const char **text)
{
  *error = G_IO_ERROR_HOST_UNREACHABLE;
  *text = "host unreachable";
  if (is_v6 ? type == ICMP6_TYPE_PP : type == ICMP_PP)
    {
      *error = G_IO_ERROR_FAILED;
      *text = "the peer could not parse the packet";
      return TRUE;
    }
  if (code == (is_v6 ? (guint8) ICMP6_DUR_PORT : (guint8) ICMP_DUR_PORT))
    {
      *error = G_IO_ERROR_CONNECTION_REFUSED;
      *text = "connection refused";
      return TRUE;
    }
  if (is_v6)
    {
      *error = G_IO_ERROR_PERMISSION_DENIED;
      *text = "administratively prohibited";
      return code == 1 || code == 5 || code == 6;
    }
  switch (code)
    {
    case ICMP_DUR_PROTO:
      *error = G_IO_ERROR_NOT_SUPPORTED;
      *text = "the peer has no UDP";
      return TRUE;
    case 6:
    case 9:
      *error = G_IO_ERROR_NETWORK_UNREACHABLE;
      *text = "network unreachable";
      return TRUE;
    case 7:
    case 8:
    case 10:
    case 13:
    case 14:
    case 15:
      return TRUE;
    default:
      /* may pass */
      return FALSE;
    }
}

void
dpdk_udp_endpoint_on_network_error (void *arg, struct udp_pcb *pcb, u8_t is_v6, u8_t type,
                                    u8_t code)
{
  DpdkUdpEndpoint *self = arg;
  GIOErrorEnum error;
  const char *text;

  if (!get_network_error (is_v6, type, code, &error, &text))
    return;
  g_mutex_lock (&self->lock);
  self->has_error = TRUE;
  self->error_code = (gint) error;
  self->error_text = text;
  dpdk_udp_endpoint_notify_locked (self);
  g_mutex_unlock (&self->lock);
  dpdk_udp_endpoint_announce (self);
}

/* nothing goes in or out any more; what is under way is sent */
static void
remove_pcb (DpdkUdpEndpoint *self)
{
  dpdk_udp_endpoint_transmit (self);
  dpdk_udp_endpoint_leave_groups (self, -1);
  dpdk_udp_outgoing_queue_clear (&self->unsent);
  dpdk_udp_datagram_queue_clear (&self->arrived);
  if (self->pcb != NULL)
    udp_remove (g_steal_pointer (&self->pcb));
  self->is_removed = TRUE;
  dpdk_udp_endpoint_clear_readable (self);
}

/* the stack lets go of it when nobody has a buffer of the stack any more */
static void
release_if_unused (DpdkUdpEndpoint *self)
{
  gboolean is_unused;

  dpdk_udp_endpoint_free_read (self);
  g_mutex_lock (&self->lock);
  is_unused = self->is_attached && self->is_closed && self->pcb == NULL && self->n_borrowed == 0 &&
              self->read.head == NULL;
  g_mutex_unlock (&self->lock);
  if (!is_unused)
    return;
  self->is_attached = FALSE;
  dpdk_worker_core_remove_closable (self->core, &self->closable);
  dpdk_udp_endpoint_unref (self);
}

static void
mark_closed (DpdkUdpEndpoint *self, const char *reason)
{
  DpdkStackUdpBinding binding;
  gboolean had_binding;

  g_mutex_lock (&self->lock);
  if (!self->is_closed)
    self->reason = g_strdup (reason);
  self->is_closed = TRUE;
  had_binding = self->has_binding;
  self->has_binding = FALSE;
  binding = self->binding;
  dpdk_udp_queue_move (&self->read, &self->received);
  dpdk_udp_endpoint_notify_locked (self);
  g_mutex_unlock (&self->lock);
  if (had_binding)
    dpdk_stack_udp_ports_remove (dpdk_worker_core_get_shared (self->core)->udp_ports, &binding);
}

static void
close_now (DpdkUdpEndpoint *self)
{
  dpdk_udp_endpoint_ref (self);
  remove_pcb (self);
  release_if_unused (self);
  dpdk_udp_endpoint_unref (self);
}

static DpdkUdpEndpoint *
from_closable (DpdkClosable *closable)
{
  return (DpdkUdpEndpoint *) ((char *) closable - G_STRUCT_OFFSET (DpdkUdpEndpoint, closable));
}

/* the worker ends */
static void
closable_close (DpdkClosable *closable)
{
  DpdkUdpEndpoint *self = from_closable (closable);

  mark_closed (self, NULL);
  close_now (self);
}

static void
closable_abort (DpdkClosable *closable)
{
  DpdkUdpEndpoint *self = dpdk_udp_endpoint_ref (from_closable (closable));

  mark_closed (self, NULL);
  remove_pcb (self);
  /* a reader that copies a datagram, which it does not wait for anything in */
  g_mutex_lock (&self->lock);
  self->n_waiters++;
  while (self->n_borrowed > 0)
    g_cond_wait (&self->changed, &self->lock);
  self->n_waiters--;
  g_mutex_unlock (&self->lock);
  release_if_unused (self);
  dpdk_udp_endpoint_unref (self);
}

/* a socket without an address of the port goes on with the others */
static void
closable_lose_port (DpdkClosable *closable, const DpdkWorkerLoss *loss)
{
  DpdkUdpEndpoint *self = from_closable (closable);
  const ip_addr_t *ip = &self->local_ip;
  gboolean is_v6 = IP_IS_V6_VAL (*ip);
  const guint8 *bytes =
      is_v6 ? (const guint8 *) ip_2_ip6 (ip)->addr : (const guint8 *) &ip_2_ip4 (ip)->addr;

  if (dpdk_udp_endpoint_is_closed (self))
    return;
  dpdk_udp_endpoint_leave_groups (self, (gint) loss->interface);
  if (!dpdk_worker_loss_concerns (loss, !self->has_local || ip_addr_isany_val (*ip), is_v6, bytes))
    return;
  mark_closed (self, loss->reason);
  close_now (self);
}

static gboolean
closable_is_busy (DpdkClosable *closable)
{
  return FALSE;
}

static const DpdkClosableFuncs closable_funcs = {
  .close = closable_close,
  .abort = closable_abort,
  .is_busy = closable_is_busy,
  .lose_port = closable_lose_port,
};

static void
attach (DpdkUdpEndpoint *self)
{
  self->is_attached = TRUE;
  dpdk_worker_core_add_closable (self->core, &closable_funcs, &self->closable);
  dpdk_udp_endpoint_ref (self);
}

/* holds the reference that dpdk_udp_endpoint_kick() took */
static void
run_task (DpdkWorkerTask *task)
{
  DpdkUdpEndpoint *self =
      (DpdkUdpEndpoint *) ((char *) task - G_STRUCT_OFFSET (DpdkUdpEndpoint, task));

  g_atomic_int_set (&self->task_is_posted, FALSE);
  if (dpdk_udp_endpoint_is_closed (self))
    close_now (self);
  else
    {
      dpdk_udp_endpoint_free_read (self);
      dpdk_udp_endpoint_transmit (self);
    }
  dpdk_udp_endpoint_unref (self);
}

void
dpdk_udp_endpoint_kick (DpdkUdpEndpoint *self)
{
  if (!g_atomic_int_compare_and_exchange (&self->task_is_posted, FALSE, TRUE))
    return;
  self->task.run = run_task;
  dpdk_udp_endpoint_ref (self);
  if (dpdk_worker_core_post (self->core, &self->task))
    return;
  g_atomic_int_set (&self->task_is_posted, FALSE);
  /* the worker has ended, or closes all it has */
  dpdk_udp_endpoint_unref (self);
}

static void
attach_on_worker (gpointer data)
{
  attach (data);
}

/* from now on the end of the worker closes it */
gboolean
dpdk_udp_endpoint_attach (DpdkUdpEndpoint *self, GError **error)
{
  return dpdk_worker_core_call (self->core, attach_on_worker, self, error);
}

static void
close_on_worker (gpointer data)
{
  close_now (data);
}

void
dpdk_udp_endpoint_close (DpdkUdpEndpoint *self, gboolean wait)
{
  /* in a forked child a lock may be that of a thread that is not there */
  if (dpdk_eal_is_inert () || dpdk_udp_endpoint_is_closed (self))
    return;
  mark_closed (self, NULL);
  if (wait && (dpdk_worker_core_is_current (self->core) || dpdk_worker_core_get_current () == NULL))
    /* fails only if the worker has ended, which has closed it */
    dpdk_worker_core_call (self->core, close_on_worker, self, NULL);
  else
    dpdk_udp_endpoint_kick (self);
}
