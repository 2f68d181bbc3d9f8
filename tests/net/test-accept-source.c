/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* sources of a listener: in any context, several at once, cancelled, closed, by a closure */
#include "net-fixture.h"
#include "net-kernel.h"

#define N_CLIENTS 20

static const NetFamily families[] = NET_FAMILIES;

typedef struct {
  DpdkTcpListener *listener;
  GMainContext *context;
  GThread *thread;
  GPtrArray *connections;
  GIOCondition last;
  gint n_calls;
  gint n_taken;
  gint is_over;
  gint stops;
} Taker;

static void
taker_clear (Taker *self)
{
  g_clear_pointer (&self->connections, g_ptr_array_unref);
  g_clear_pointer (&self->context, g_main_context_unref);
}

/* all that wait, so that the last call finds none */
static gboolean
on_ready (DpdkTcpListener *listener, GIOCondition condition, gpointer user_data)
{
  Taker *self = user_data;
  DpdkTcpConnection *connection;
  g_autoptr (GError) error = NULL;

  g_assert_true (listener == self->listener);
  g_assert_true (g_thread_self () == self->thread);
  self->last = condition;
  g_atomic_int_inc (&self->n_calls);
  while ((connection = dpdk_tcp_listener_accept_nonblocking (listener, &error)) != NULL)
    {
      g_ptr_array_add (self->connections, connection);
      g_atomic_int_inc (&self->n_taken);
    }
  if (condition == G_IO_HUP)
    {
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED);
      g_atomic_int_set (&self->is_over, TRUE);
      return G_SOURCE_REMOVE;
    }
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);
  return G_SOURCE_CONTINUE;
}

/* runs on the thread of @self */
static GSource *
taker_attach (Taker *self, GCancellable *cancellable, GMainContext *context)
{
  GSource *source = dpdk_tcp_listener_create_source (self->listener, cancellable);

  self->thread = g_thread_self ();
  self->connections = g_ptr_array_new ();
  g_source_set_callback (source, G_SOURCE_FUNC (on_ready), self, NULL);
  g_source_attach (source, context);
  return source;
}

/* they are the ends of the same connection */
static void
exchange (DpdkTcpConnection *connection, int fd)
{
  net_write_pattern (connection, 0, 3000);
  net_kernel_read_pattern (fd, 0, 3000);
  net_kernel_write_pattern (fd, 0, 3000);
  net_read_pattern (connection, 0, 3000);
  net_kernel_close (fd);
  net_assert_at_end (connection);
  net_close (connection);
  net_release (connection);
}

/* the default context: one connection after the other, and several at once */
static void
test_default (void)
{
  DpdkRuntime *runtime = net_start ();

  for (guint i = 0; i < G_N_ELEMENTS (families); i++)
    {
      Taker taker = { .listener = net_listen (runtime, families[i].ours, 0) };
      guint16 port = net_listener_get_port (taker.listener);
      GSource *source;
      int fds[N_CLIENTS];

      /* one that is there before the source */
      fds[0] = net_kernel_connect (families[i].ours, port);
      source = taker_attach (&taker, NULL, NULL);
      DPDK_TEST_WAIT_UNTIL (taker.n_taken == 1);
      for (guint j = 1; j < N_CLIENTS / 2; j++)
        {
          fds[j] = net_kernel_connect (families[i].ours, port);
          DPDK_TEST_WAIT_UNTIL ((guint) taker.n_taken == j + 1);
        }
      for (guint j = N_CLIENTS / 2; j < N_CLIENTS; j++)
        fds[j] = net_kernel_connect (families[i].ours, port);
      DPDK_TEST_WAIT_UNTIL (taker.n_taken == N_CLIENTS);
      g_assert_cmpint (taker.last, ==, G_IO_IN);
      for (guint j = 0; j < N_CLIENTS; j++)
        /* in the order that they came in */
        exchange (g_ptr_array_index (taker.connections, j), fds[j]);
      dpdk_socket_close (DPDK_SOCKET (taker.listener));
      DPDK_TEST_WAIT_UNTIL (taker.is_over);
      g_assert_cmpint (taker.last, ==, G_IO_HUP);
      g_assert_true (g_source_is_destroyed (source));
      g_source_unref (source);
      taker_clear (&taker);
      net_release (taker.listener);
    }
  net_stop (runtime);
}

static void
attach_on_worker (DpdkWorker *worker, gpointer user_data)
{
  Taker *self = user_data;

  g_source_unref (taker_attach (self, NULL, dpdk_worker_get_main_context (worker)));
}

/* that of a worker, whose thread may not wait */
static void
test_worker (void)
{
  Taker taker = { 0 };
  DpdkRuntime *runtime = net_start ();
  DpdkWorker *worker = dpdk_runtime_dup_worker (runtime, 0);
  g_autoptr (GError) error = NULL;
  int fds[N_CLIENTS];
  guint16 port;

  taker.listener = net_listen (runtime, NET_OUR_V4, 0);
  port = net_listener_get_port (taker.listener);
  dpdk_worker_invoke (worker, attach_on_worker, &taker, NULL, &error);
  g_assert_no_error (error);
  for (guint j = 0; j < N_CLIENTS; j++)
    {
      fds[j] = net_kernel_connect (NET_OUR_V4, port);
      if (j % 2 == 0)
        DPDK_TEST_WAIT_UNTIL ((guint) g_atomic_int_get (&taker.n_taken) == j + 1);
    }
  DPDK_TEST_WAIT_UNTIL (g_atomic_int_get (&taker.n_taken) == N_CLIENTS);
  for (guint j = 0; j < N_CLIENTS; j++)
    exchange (g_ptr_array_index (taker.connections, j), fds[j]);
  dpdk_socket_close (DPDK_SOCKET (taker.listener));
  DPDK_TEST_WAIT_UNTIL (g_atomic_int_get (&taker.is_over));
  taker_clear (&taker);
  net_release_later (taker.listener);
  g_object_unref (worker);
  net_stop (runtime);
}

static gpointer
taker_thread (gpointer data)
{
  Taker *self = data;
  GSource *source = taker_attach (self, NULL, self->context);

  while (!g_atomic_int_get (&self->is_over))
    g_main_context_iteration (self->context, TRUE);
  g_source_unref (source);
  return NULL;
}

static guint
count_taken (Taker *takers, guint n)
{
  guint n_taken = 0;

  for (guint i = 0; i < n; i++)
    n_taken += (guint) g_atomic_int_get (&takers[i].n_taken);
  return n_taken;
}

/* each connection is for one of them, and none waits for ever */
static void
test_threads (void)
{
  DpdkRuntime *runtime = net_start ();
  DpdkTcpListener *listener = net_listen (runtime, NET_OUR_V4, 0);
  guint16 port = net_listener_get_port (listener);
  Taker takers[4] = { 0 };
  GThread *threads[G_N_ELEMENTS (takers)];
  int fds[N_CLIENTS];
  guint n_connections = 0;

  for (guint i = 0; i < G_N_ELEMENTS (takers); i++)
    {
      takers[i].listener = listener;
      takers[i].context = g_main_context_new ();
      threads[i] = g_thread_new ("taker", taker_thread, &takers[i]);
    }
  for (guint j = 0; j < N_CLIENTS; j++)
    {
      fds[j] = net_kernel_connect (NET_OUR_V4, port);
      DPDK_TEST_WAIT_UNTIL (count_taken (takers, G_N_ELEMENTS (takers)) == j + 1);
    }
  dpdk_socket_close (DPDK_SOCKET (listener));
  for (guint i = 0; i < G_N_ELEMENTS (takers); i++)
    {
      g_thread_join (threads[i]);
      n_connections += takers[i].connections->len;
      for (guint j = 0; j < takers[i].connections->len; j++)
        net_release (g_ptr_array_index (takers[i].connections, j));
      taker_clear (&takers[i]);
    }
  g_assert_cmpuint (n_connections, ==, N_CLIENTS);
  for (guint j = 0; j < N_CLIENTS; j++)
    {
      net_kernel_assert_at_end (fds[j]);
      net_kernel_close (fds[j]);
    }
  net_release (listener);
  net_stop (runtime);
}

static gboolean
on_cancelled (DpdkTcpListener *listener, GIOCondition condition, gpointer user_data)
{
  Taker *self = user_data;

  self->last = condition;
  self->n_calls++;
  return G_SOURCE_REMOVE;
}

static gpointer
cancel_thread (gpointer data)
{
  g_cancellable_cancel (data);
  return NULL;
}

static void
test_cancel (void)
{
  DpdkRuntime *runtime = net_start ();
  DpdkTcpListener *listener = net_listen (runtime, NET_OUR_V4, 0);

  /* before it is attached, and while it is polled */
  for (guint early = 0; early < 2; early++)
    {
      g_autoptr (GCancellable) cancellable = g_cancellable_new ();
      Taker taker = { .last = G_IO_IN };
      GSource *source = dpdk_tcp_listener_create_source (listener, cancellable);

      g_source_set_callback (source, G_SOURCE_FUNC (on_cancelled), &taker, NULL);
      if (early)
        g_cancellable_cancel (cancellable);
      g_source_attach (source, NULL);
      while (g_main_context_iteration (NULL, FALSE))
        ;
      if (!early)
        {
          GThread *thread;

          g_assert_cmpint (taker.n_calls, ==, 0);
          thread = g_thread_new ("cancel", cancel_thread, cancellable);
          DPDK_TEST_WAIT_UNTIL (taker.n_calls == 1);
          g_thread_join (thread);
        }
      g_assert_cmpint (taker.n_calls, ==, 1);
      g_assert_cmpint (taker.last, ==, 0);
      g_assert_true (g_source_is_destroyed (source));
      g_source_unref (source);
    }
  /* one that was never attached, and one whose context goes first */
  g_source_unref (dpdk_tcp_listener_create_source (listener, NULL));
  {
    GMainContext *context = g_main_context_new ();
    Taker taker = { .listener = listener };
    GSource *source = taker_attach (&taker, NULL, context);
    int fd;

    g_main_context_iteration (context, FALSE);
    g_main_context_unref (context);
    fd = net_kernel_connect (NET_OUR_V4, net_listener_get_port (listener));
    net_release (net_accept (listener));
    net_kernel_close (fd);
    g_source_unref (source);
    taker_clear (&taker);
  }
  net_release (listener);
  net_stop (runtime);
}

static gboolean
on_closure (DpdkTcpListener *listener, GIOCondition condition, gpointer user_data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DpdkTcpConnection) connection =
      dpdk_tcp_listener_accept_nonblocking (listener, &error);

  g_assert_cmpint (condition, ==, G_IO_IN);
  g_assert_no_error (error);
  ++*(gint *) user_data;
  /* of two calls */
  return *(gint *) user_data < 2;
}

/* as bindings do; without a closure callback GLib would complain */
static void
test_closure (void)
{
  DpdkRuntime *runtime = net_start ();
  DpdkTcpListener *listener = net_listen (runtime, NET_OUR_V6, 0);
  guint16 port = net_listener_get_port (listener);
  GSource *source = dpdk_tcp_listener_create_source (listener, NULL);
  gint n_calls = 0;
  GClosure *closure = g_cclosure_new (G_CALLBACK (on_closure), &n_calls, NULL);
  int fds[3];

  g_closure_set_marshal (closure, g_cclosure_marshal_generic);
  g_source_set_closure (source, closure);
  g_source_attach (source, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (fds); i++)
    fds[i] = net_kernel_connect (NET_OUR_V6, port);
  DPDK_TEST_WAIT_UNTIL (g_source_is_destroyed (source));
  g_assert_cmpint (n_calls, ==, 2);
  g_source_unref (source);
  /* the third one waits for another taker */
  exchange (net_accept (listener), fds[2]);
  for (guint i = 0; i < 2; i++)
    net_kernel_close (fds[i]);
  net_release (listener);
  net_stop (runtime);
}

int
main (int argc, char **argv)
{
  dpdk_test_init (&argc, &argv);
  dpdk_test_add_func ("/net/accept-source/default", DPDK_TEST_FLAGS_NETWORK, test_default);
  dpdk_test_add_func ("/net/accept-source/worker", DPDK_TEST_FLAGS_NETWORK, test_worker);
  dpdk_test_add_func ("/net/accept-source/threads", DPDK_TEST_FLAGS_NETWORK, test_threads);
  dpdk_test_add_func ("/net/accept-source/cancel", DPDK_TEST_FLAGS_NETWORK, test_cancel);
  dpdk_test_add_func ("/net/accept-source/closure", DPDK_TEST_FLAGS_NETWORK, test_closure);
  return g_test_run ();
}
