/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dpdk-tcp-listener-core-private.h"

#include "dpdk-socket-native-private.h"
#include "dpdk-socket-private.h"

#include <lwip/tcp.h>

/* what the application wants to be called for each connection */
typedef struct {
  DpdkTcpAcceptFunc func;
  gpointer user_data;
  GDestroyNotify destroy;
} Accept;

struct _DpdkTcpListenerCore {
  gatomicrefcount ref_count;
  DpdkWorkerTask task;
  gint is_closing;
  DpdkWorkerCore *worker;
  DpdkTcpAcceptQueue *queue;

  /* for the thread of the worker */
  DpdkClosable closable;
  struct tcp_pcb *pcb;
  gboolean holds_port;
  GWeakRef listener;
  Accept accept;
  /* (element-type DpdkTcpEndpoint), for the function */
  GQueue accepted;
  DpdkWorkerTask accepted_task;
  gboolean is_calling;
};

static DpdkTcpListenerCore *
core_ref (DpdkTcpListenerCore *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

void
dpdk_tcp_listener_core_unref (DpdkTcpListenerCore *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  g_weak_ref_clear (&self->listener);
  dpdk_worker_core_unref (self->worker);
  dpdk_tcp_accept_queue_unref (self->queue);
  g_free (self);
}

static void
clear_accept (DpdkTcpListenerCore *self)
{
  Accept accept = self->accept;

  self->accept = (Accept){ 0 };
  if (accept.destroy != NULL)
    accept.destroy (accept.user_data);
}

/* takes over the endpoint */
static void
hand_over (DpdkTcpListenerCore *self, DpdkTcpEndpoint *endpoint)
{
  if (dpdk_tcp_accept_queue_push (self->queue, endpoint))
    return;
  dpdk_tcp_endpoint_abort (endpoint);
  dpdk_tcp_endpoint_unref (endpoint);
}

static void
call_accept (DpdkTcpListenerCore *self, DpdkTcpEndpoint *endpoint)
{
  g_autoptr (DpdkTcpListener) listener = g_weak_ref_get (&self->listener);
  g_autoptr (DpdkTcpSocket) socket = NULL;

  if (listener == NULL || self->pcb == NULL || self->accept.func == NULL)
    {
      hand_over (self, endpoint);
      return;
    }
  socket = dpdk_tcp_listener_wrap (listener, endpoint);
  self->accept.func (listener, socket, self->accept.user_data);
}

/* holds the reference that on_accepted () took */
static void
run_accepted (DpdkWorkerTask *task)
{
  DpdkTcpListenerCore *self =
      (DpdkTcpListenerCore *) ((char *) task -
                               G_STRUCT_OFFSET (DpdkTcpListenerCore, accepted_task));

  self->is_calling = TRUE;
  while (!g_queue_is_empty (&self->accepted))
    call_accept (self, g_queue_pop_head (&self->accepted));
  self->is_calling = FALSE;
  /* it was closed by the function */
  if (self->pcb == NULL)
    clear_accept (self);
  dpdk_tcp_listener_core_unref (self);
}

static err_t
on_accepted (void *arg, struct tcp_pcb *pcb, err_t native)
{
  DpdkTcpListenerCore *self = arg;
  DpdkTcpEndpoint *endpoint;

  if (native != ERR_OK || pcb == NULL)
    return ERR_VAL;
  if (self->accept.func == NULL)
    {
      /* counts for the backlog until the application has taken it */
      tcp_backlog_delayed (pcb);
      hand_over (self, dpdk_tcp_endpoint_new_accepted (self->worker, pcb));
      dpdk_worker_core_expedite (self->worker);
      return ERR_OK;
    }
  /* later, because lwIP is in the middle of this segment */
  endpoint = dpdk_tcp_endpoint_new_accepted (self->worker, pcb);
  g_queue_push_tail (&self->accepted, endpoint);
  if (self->accepted.length > 1)
    return ERR_OK;
  self->accepted_task.run = run_accepted;
  core_ref (self);
  if (!dpdk_worker_core_post (self->worker, &self->accepted_task))
    run_accepted (&self->accepted_task);
  return ERR_OK;
}

static void
close_now (DpdkTcpListenerCore *self)
{
  if (self->pcb == NULL)
    return;
  if (self->holds_port)
    dpdk_port_owners_release (dpdk_worker_core_get_shared (self->worker)->port_owners,
                              self->pcb->local_port);
  tcp_arg (self->pcb, NULL);
  tcp_accept (self->pcb, NULL);
  tcp_close (g_steal_pointer (&self->pcb));
  if (!self->is_calling)
    clear_accept (self);
  dpdk_worker_core_remove_closable (self->worker, &self->closable);
  dpdk_tcp_listener_core_unref (self);
}

static DpdkTcpListenerCore *
from_closable (DpdkClosable *closable)
{
  return (DpdkTcpListenerCore *) ((char *) closable -
                                  G_STRUCT_OFFSET (DpdkTcpListenerCore, closable));
}

/* the worker ends, and with it all others of the runtime */
static void
closable_close (DpdkClosable *closable)
{
  DpdkTcpListenerCore *self = from_closable (closable);
  g_autoptr (DpdkTcpAcceptQueue) queue = dpdk_tcp_accept_queue_ref (self->queue);

  close_now (self);
  dpdk_tcp_accept_queue_close (queue);
}

/* the other workers of the runtime lose it too, and the first to do so says why */
static void
closable_lose_port (DpdkClosable *closable, const DpdkWorkerLoss *loss)
{
  DpdkTcpListenerCore *self = from_closable (closable);
  g_autoptr (DpdkTcpAcceptQueue) queue = NULL;
  const ip_addr_t *ip;
  gboolean is_v6;

  if (self->pcb == NULL)
    return;
  ip = &self->pcb->local_ip;
  is_v6 = IP_IS_V6 (ip);
  if (!dpdk_worker_loss_concerns (loss, ip_addr_isany (ip), is_v6,
                                  is_v6 ? (const guint8 *) ip_2_ip6 (ip)->addr
                                        : (const guint8 *) &ip_2_ip4 (ip)->addr))
    return;
  queue = dpdk_tcp_accept_queue_ref (self->queue);
  close_now (self);
  dpdk_tcp_accept_queue_close_because (queue, loss->reason);
}

static gboolean
closable_is_busy (DpdkClosable *closable)
{
  return FALSE;
}

static const DpdkClosableFuncs closable_funcs = {
  .close = closable_close,
  .abort = closable_close,
  .is_busy = closable_is_busy,
  .lose_port = closable_lose_port,
};

typedef struct {
  DpdkTcpListenerCore *self;
  const ip_addr_t *ip;
  guint16 *port;
  guint backlog;
  const DpdkStackTcpOptions *options;
  err_t native;
} Listen;

typedef struct {
  DpdkWorkerTask task;
  DpdkTcpListenerCore *self;
  guint8 ttl;
  guint8 traffic_class;
} SetIpOptions;

static err_t
listen_native (Listen *listen, struct tcp_pcb **listening)
{
  struct tcp_pcb *pcb;
  err_t native;

  if (!dpdk_socket_is_ours (listen->self->worker, listen->ip))
    return ERR_VAL;
  pcb = tcp_new_ip_type (IP_GET_TYPE (listen->ip));
  if (pcb == NULL)
    return ERR_MEM;
  pcb->ttl = DPDK_IP_TTL_DEFAULT;
  /* connections of an earlier listener may linger in TIME_WAIT (RFC 9293, 3.6.1) */
  ip_set_option (pcb, SOF_REUSEADDR);
  native = tcp_bind (pcb, listen->ip, *listen->port);
  if (native != ERR_OK)
    {
      tcp_abort (pcb);
      return native;
    }
  native = dpdk_stack_tcp_options_apply (listen->options, pcb);
  *listening =
      native == ERR_OK ? tcp_listen_with_backlog_and_err (pcb, listen->backlog, &native) : NULL;
  if (*listening == NULL)
    tcp_abort (pcb);
  return native;
}

static void
listen_on_worker (gpointer data)
{
  Listen *listen = data;
  DpdkTcpListenerCore *self = listen->self;
  DpdkWorkerShared *shared = dpdk_worker_core_get_shared (self->worker);
  struct tcp_pcb *pcb = NULL;

  listen->native = listen_native (listen, &pcb);
  if (listen->native != ERR_OK)
    return;
  *listen->port = pcb->local_port;
  /* the device may spread the connections, whatever number the port has */
  self->holds_port =
      shared->n_workers > 1 &&
      dpdk_port_owners_hold (shared->port_owners, pcb->local_port, DPDK_STACK_PORT_OF_ALL);
  self->pcb = pcb;
  tcp_arg (pcb, core_ref (self));
  tcp_accept (pcb, on_accepted);
  dpdk_worker_core_add_closable (self->worker, &closable_funcs, &self->closable);
}

/* @port: if it points to 0, the number that was chosen is put there */
DpdkTcpListenerCore *
dpdk_tcp_listener_core_new (DpdkWorkerCore *worker, DpdkTcpAcceptQueue *queue, const ip_addr_t *ip,
                            guint16 *port, guint backlog, const DpdkStackTcpOptions *options,
                            GError **error)
{
  DpdkTcpListenerCore *self = g_new0 (DpdkTcpListenerCore, 1);
  Listen listen = { .self = self, .ip = ip, .port = port, .backlog = backlog, .options = options };

  g_atomic_ref_count_init (&self->ref_count);
  self->worker = dpdk_worker_core_ref (worker);
  self->queue = dpdk_tcp_accept_queue_ref (queue);
  g_weak_ref_init (&self->listener, NULL);
  g_queue_init (&self->accepted);
  if (!dpdk_worker_core_call (worker, listen_on_worker, &listen, error))
    {
      dpdk_tcp_listener_core_unref (self);
      return NULL;
    }
  if (listen.native != ERR_OK)
    {
      g_autoptr (GSocketAddress) address = dpdk_native_address_to_gio (ip, *port);
      g_autofree char *name = dpdk_socket_address_to_string (address);

      g_set_error (error, G_IO_ERROR, dpdk_io_error_from_native (listen.native, FALSE),
                   "Cannot listen on %s: %s (lwIP error %d)", name,
                   listen.native == ERR_VAL ? "no port of the runtime has this address"
                                            : dpdk_native_error_to_string (listen.native, FALSE),
                   listen.native);
      dpdk_tcp_listener_core_unref (self);
      return NULL;
    }
  return self;
}

typedef struct {
  DpdkTcpListenerCore *self;
  const DpdkStackTcpOptions *options;
} SetOptions;

static void
set_options_on_worker (gpointer data)
{
  SetOptions *set = data;

  if (set->self->pcb != NULL)
    dpdk_stack_tcp_options_apply (set->options, set->self->pcb);
}

gboolean
dpdk_tcp_listener_core_set_options (DpdkTcpListenerCore *self, const DpdkStackTcpOptions *options,
                                    GError **error)
{
  SetOptions set = { .self = self, .options = options };

  return dpdk_worker_core_call (self->worker, set_options_on_worker, &set, error);
}

static void
set_ip_options_on_worker (gpointer data)
{
  SetIpOptions *set = data;

  if (set->self->pcb == NULL)
    return;
  set->self->pcb->ttl = set->ttl;
  set->self->pcb->tos = set->traffic_class;
}

static void
run_set_ip_options (DpdkWorkerTask *task)
{
  SetIpOptions *set = (SetIpOptions *) task;

  set_ip_options_on_worker (set);
  dpdk_tcp_listener_core_unref (set->self);
  g_free (set);
}

void
dpdk_tcp_listener_core_set_ip_options (DpdkTcpListenerCore *self, guint8 ttl, guint8 traffic_class)
{
  SetIpOptions set = {
    .task.run = run_set_ip_options, .self = self, .ttl = ttl, .traffic_class = traffic_class
  };
  SetIpOptions *copy;

  if (dpdk_worker_core_is_current (self->worker) || dpdk_worker_core_get_current () == NULL)
    {
      /* fails only if the worker has ended, which has closed it */
      dpdk_worker_core_call (self->worker, set_ip_options_on_worker, &set, NULL);
      return;
    }
  copy = g_memdup2 (&set, sizeof set);
  core_ref (self);
  if (dpdk_worker_core_post (self->worker, &copy->task))
    return;
  dpdk_tcp_listener_core_unref (self);
  g_free (copy);
}

DpdkWorkerCore *
dpdk_tcp_listener_core_get_worker (DpdkTcpListenerCore *self)
{
  return self->worker;
}

gboolean
dpdk_tcp_listener_core_set_accept (DpdkTcpListenerCore *self, DpdkTcpListener *listener,
                                   DpdkTcpAcceptFunc func, gpointer user_data,
                                   GDestroyNotify destroy)
{
  if (self->pcb == NULL)
    return FALSE;
  clear_accept (self);
  g_weak_ref_set (&self->listener, listener);
  self->accept = (Accept){ func, user_data, destroy };
  return TRUE;
}

static void
run_close (DpdkWorkerTask *task)
{
  DpdkTcpListenerCore *self =
      (DpdkTcpListenerCore *) ((char *) task - G_STRUCT_OFFSET (DpdkTcpListenerCore, task));

  close_now (self);
  dpdk_tcp_listener_core_unref (self);
}

static void
close_on_worker (gpointer data)
{
  close_now (data);
}

/* @wait: whether the port shall be closed when the call returns; a worker cannot wait for another */
void
dpdk_tcp_listener_core_close (DpdkTcpListenerCore *self, gboolean wait)
{
  if (!g_atomic_int_compare_and_exchange (&self->is_closing, FALSE, TRUE))
    return;
  if (wait &&
      (dpdk_worker_core_is_current (self->worker) || dpdk_worker_core_get_current () == NULL))
    {
      /* fails only if the worker has ended, which has closed it */
      dpdk_worker_core_call (self->worker, close_on_worker, self, NULL);
      return;
    }
  self->task.run = run_close;
  core_ref (self);
  if (!dpdk_worker_core_post (self->worker, &self->task))
    dpdk_tcp_listener_core_unref (self);
}
