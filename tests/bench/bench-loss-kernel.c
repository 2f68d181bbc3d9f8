/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bench-loss.h"
#include "bench-socket.h"
#include "bench-tap.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define BACKLOG 4096
#define CHUNK_SIZE (64 * 1024)
#define MAX_EVENTS 64
#define TIMEOUT_MS 5

static const char algorithm[] = "cubic";

typedef struct {
  BenchLossSettings settings;
  BenchTap *tap;
  int listener;
  int *senders;
  /* of the round */
  gint is_over;
  guint64 n_bytes;
  guint64 n_retransmitted;
} Contender;

static guint8 data[CHUNK_SIZE];

static void
set_up (gpointer user_data)
{
  /* the same buffers as ours; and nothing is learnt from round to round */
  bench_netns_run_command ("sysctl -qw net.ipv4.tcp_sack=1 net.ipv4.tcp_no_metrics_save=1 "
                           "net.ipv4.tcp_rmem='4096 131072 %d' net.ipv4.tcp_wmem='4096 131072 %d'",
                           BENCH_LOSS_BUFFER_SIZE, BENCH_LOSS_BUFFER_SIZE);
}

static void
listen_in_netns (gpointer user_data)
{
  Contender *self = user_data;

  self->listener =
      bench_socket_listen (bench_tap_get_address (BENCH_TAP_SERVER), BENCH_LOSS_PORT, BACKLOG);
}

static gboolean
is_over (Contender *self)
{
  return g_atomic_int_get (&self->is_over);
}

static void
receive (Contender *self, int fd)
{
  static guint8 buffer[CHUNK_SIZE];
  ssize_t n;

  while ((n = recv (fd, buffer, sizeof buffer, 0)) > 0)
    __atomic_store_n (&self->n_bytes, self->n_bytes + (guint64) n, __ATOMIC_RELAXED);
  /* the last one was lost, or the round is over */
  if (n < 0 && errno != EAGAIN && !is_over (self))
    bench_socket_check (-1, "recv");
}

static void
receive_all (gpointer user_data)
{
  Contender *self = user_data;
  g_autoptr (GArray) fds = g_array_new (FALSE, FALSE, sizeof (int));
  int epoll = bench_socket_check (epoll_create1 (EPOLL_CLOEXEC), "epoll");
  struct epoll_event events[MAX_EVENTS];

  bench_socket_watch (epoll, self->listener, EPOLLIN, NULL);
  while (!is_over (self))
    {
      int n = epoll_wait (epoll, events, MAX_EVENTS, TIMEOUT_MS);

      for (int i = 0; i < n; i++)
        {
          int fd;

          if (events[i].data.ptr != NULL)
            receive (self, GPOINTER_TO_INT (events[i].data.ptr));
          else if ((fd = bench_socket_accept (self->listener)) >= 0)
            {
              g_array_append_val (fds, fd);
              bench_socket_watch (epoll, fd, EPOLLIN, GINT_TO_POINTER (fd));
            }
        }
    }
  for (guint i = 0; i < fds->len; i++)
    bench_socket_reset (g_array_index (fds, int, i));
  close (epoll);
}

static void
count_retransmissions (Contender *self, int fd)
{
  struct tcp_info info;
  socklen_t size = sizeof info;

  bench_socket_check (getsockopt (fd, IPPROTO_TCP, TCP_INFO, &info, &size), "TCP_INFO");
  self->n_retransmitted += info.tcpi_total_retrans;
}

static void
send_all (gpointer user_data)
{
  Contender *self = user_data;
  int epoll = bench_socket_check (epoll_create1 (EPOLL_CLOEXEC), "epoll");
  struct epoll_event events[MAX_EVENTS];

  for (guint i = 0; i < self->settings.n_connections; i++)
    {
      self->senders[i] =
          bench_socket_connect (bench_tap_get_address (BENCH_TAP_SERVER), BENCH_LOSS_PORT);
      bench_socket_check (setsockopt (self->senders[i], IPPROTO_TCP, TCP_CONGESTION, algorithm,
                                      sizeof algorithm - 1),
                          "TCP_CONGESTION");
      bench_socket_watch (epoll, self->senders[i], EPOLLOUT | EPOLLET,
                          GINT_TO_POINTER (self->senders[i]));
    }
  while (!is_over (self))
    {
      int n = epoll_wait (epoll, events, MAX_EVENTS, TIMEOUT_MS);

      for (int i = 0; i < n; i++)
        {
          int fd = GPOINTER_TO_INT (events[i].data.ptr);
          ssize_t sent = 0;

          while (!is_over (self) && (sent = send (fd, data, sizeof data, MSG_NOSIGNAL)) > 0)
            ;
          if (!is_over (self) && sent < 0 && errno != EAGAIN && errno != ENOTCONN)
            bench_socket_check (-1, "send");
        }
    }
  self->n_retransmitted = 0;
  for (guint i = 0; i < self->settings.n_connections; i++)
    {
      count_retransmissions (self, self->senders[i]);
      bench_socket_reset (self->senders[i]);
    }
  close (epoll);
}

static gpointer
start (const char *argument)
{
  Contender *self = g_new0 (Contender, 1);
  g_autoptr (DpdkTestImpairment) impairment = NULL;

  self->settings = bench_loss_settings_parse (argument);
  impairment = bench_loss_new_impairment (&self->settings);
  self->tap = bench_tap_new (impairment);
  self->senders = g_new0 (int, self->settings.n_connections);
  for (guint peer = 0; peer < 2; peer++)
    bench_netns_call (bench_tap_get_netns (self->tap, peer), set_up, self);
  bench_netns_call (bench_tap_get_netns (self->tap, BENCH_TAP_SERVER), listen_in_netns, self);
  return self;
}

static guint
run (gpointer contender, const char *command, double values[BENCH_CHILD_MAX_VALUES])
{
  Contender *self = contender;
  const BenchLossRound round = bench_loss_round_parse (command);
  BenchNetns *server = bench_tap_get_netns (self->tap, BENCH_TAP_SERVER);
  BenchNetns *client = bench_tap_get_netns (self->tap, BENCH_TAP_CLIENT);
  guint64 first = __atomic_load_n (&self->n_bytes, __ATOMIC_RELAXED);
  gint64 from = g_get_monotonic_time ();

  bench_loss_set_seed (&self->settings, bench_tap_get_link (self->tap), round.seed);
  g_atomic_int_set (&self->is_over, FALSE);
  bench_netns_start (server, receive_all, self);
  bench_netns_start (client, send_all, self);
  g_usleep (round.ms * 1000);
  values[BENCH_LOSS_RATE] = (double) (__atomic_load_n (&self->n_bytes, __ATOMIC_RELAXED) - first) *
                            8e6 / (double) (g_get_monotonic_time () - from);
  g_atomic_int_set (&self->is_over, TRUE);
  bench_netns_wait (client);
  bench_netns_wait (server);
  values[BENCH_LOSS_RETRANSMITTED] = (double) self->n_retransmitted;
  values[BENCH_LOSS_TIMEOUTS] = 0;
  g_usleep (4 * self->settings.delay_us + 10000);
  return BENCH_LOSS_N_VALUES;
}

const BenchContender bench_loss_kernel = { "kernel", start, run };
