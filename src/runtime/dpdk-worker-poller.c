/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dpdk-worker-poller-private.h"

#include <errno.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct _DpdkWorkerPoller {
  GMainContext *context;
  int wake_fd;
  /* the wake descriptor, then those of the devices, then those of the context */
  GArray *fds;
  guint n_own;
};

DpdkWorkerPoller *
dpdk_worker_poller_new (void)
{
  DpdkWorkerPoller *self = g_new0 (DpdkWorkerPoller, 1);

  self->context = g_main_context_new ();
  self->fds = g_array_new (FALSE, TRUE, sizeof (GPollFD));
  self->wake_fd = eventfd (0, EFD_CLOEXEC | EFD_NONBLOCK);
  dpdk_worker_poller_add_fd (self, self->wake_fd);
  return self;
}

void
dpdk_worker_poller_free (DpdkWorkerPoller *self)
{
  g_main_context_unref (self->context);
  g_array_unref (self->fds);
  if (self->wake_fd >= 0)
    close (self->wake_fd);
  g_free (self);
}

GMainContext *
dpdk_worker_poller_get_context (DpdkWorkerPoller *self)
{
  return self->context;
}

void
dpdk_worker_poller_add_fd (DpdkWorkerPoller *self, int fd)
{
  GPollFD poll_fd = { .fd = fd, .events = G_IO_IN };

  if (fd < 0)
    return;
  g_array_append_val (self->fds, poll_fd);
  self->n_own = self->fds->len;
}

void
dpdk_worker_poller_remove_fd (DpdkWorkerPoller *self, int fd)
{
  for (guint i = 0; i < self->n_own; i++)
    if (g_array_index (self->fds, GPollFD, i).fd == fd)
      {
        g_array_remove_index (self->fds, i);
        self->n_own--;
        return;
      }
}

void
dpdk_worker_poller_enter (DpdkWorkerPoller *self)
{
  g_main_context_acquire (self->context);
  g_main_context_push_thread_default (self->context);
}

void
dpdk_worker_poller_leave (DpdkWorkerPoller *self)
{
  g_main_context_pop_thread_default (self->context);
  g_main_context_release (self->context);
}

/* asks the context for its descriptors and puts them behind ours */
static gint
query (DpdkWorkerPoller *self, gint priority, gint *timeout_ms)
{
  gint n_room, n;

  while (TRUE)
    {
      n_room = (gint) (self->fds->len - self->n_own);
      n = g_main_context_query (self->context, priority, timeout_ms,
                                &g_array_index (self->fds, GPollFD, self->n_own), n_room);
      if (n <= n_room)
        return n;
      g_array_set_size (self->fds, self->n_own + (guint) n);
    }
}

static gboolean
check_and_dispatch (DpdkWorkerPoller *self, gint priority, gint n)
{
  if (!g_main_context_check (self->context, priority,
                             &g_array_index (self->fds, GPollFD, self->n_own), n))
    return FALSE;
  g_main_context_dispatch (self->context);
  return TRUE;
}

/* TRUE if something was dispatched */
gboolean
dpdk_worker_poller_iterate (DpdkWorkerPoller *self, gboolean look_at_fds)
{
  gint priority, timeout_ms, n;

  g_main_context_prepare (self->context, &priority);
  n = query (self, priority, &timeout_ms);
  for (gint i = 0; i < n; i++)
    g_array_index (self->fds, GPollFD, self->n_own + (guint) i).revents = 0;
  if (look_at_fds)
    g_poll (&g_array_index (self->fds, GPollFD, self->n_own), (guint) n, 0);
  return check_and_dispatch (self, priority, n);
}

static void
drain_wake_fd (DpdkWorkerPoller *self)
{
  guint64 count;

  while (read (self->wake_fd, &count, sizeof count) < 0 && errno == EINTR)
    ;
}

/* TRUE if something was dispatched */
gboolean
dpdk_worker_poller_sleep (DpdkWorkerPoller *self, gint64 timeout_us)
{
  gint priority, timeout_ms, n;
  struct timespec timeout;

  g_main_context_prepare (self->context, &priority);
  n = query (self, priority, &timeout_ms);
  if (timeout_ms >= 0)
    timeout_us = MIN (timeout_us, timeout_ms * G_TIME_SPAN_MILLISECOND);
  timeout.tv_sec = timeout_us / G_USEC_PER_SEC;
  timeout.tv_nsec = (timeout_us % G_USEC_PER_SEC) * 1000;
  for (guint i = 0; i < self->n_own + (guint) n; i++)
    g_array_index (self->fds, GPollFD, i).revents = 0;
  /* GPollFD is struct pollfd where poll() exists */
  G_STATIC_ASSERT (sizeof (GPollFD) == sizeof (struct pollfd));
  ppoll ((struct pollfd *) (void *) self->fds->data, self->n_own + (guint) n, &timeout, NULL);
  if (g_array_index (self->fds, GPollFD, 0).revents != 0)
    drain_wake_fd (self);
  return check_and_dispatch (self, priority, n);
}

void
dpdk_worker_poller_wake (DpdkWorkerPoller *self)
{
  guint64 one = 1;

  while (write (self->wake_fd, &one, sizeof one) < 0 && errno == EINTR)
    ;
}
