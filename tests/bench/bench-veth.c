/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bench-veth.h"

#include "bench-report.h"
#include "bench-thread.h"

#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static const char *const addresses[] = { "198.18.0.1", "198.18.0.2" };
static const char *const links[] = { "bench0", "bench1" };

typedef struct {
  guint peer;
  pid_t id;
  GThread *thread;
  GAsyncQueue *commands;
  GAsyncQueue *answers;
} End;

typedef struct {
  void (*func) (gpointer user_data);
  gpointer user_data;
  gboolean is_last;
} Command;

struct _BenchVeth {
  End ends[2];
};

const char *
bench_veth_get_address (guint peer)
{
  return addresses[peer];
}

/* in the network of the thread that calls it */
static void G_GNUC_PRINTF (1, 2) run_command (const char *format, ...)
{
  g_autofree char *line = NULL;
  va_list arguments;
  int status;

  va_start (arguments, format);
  line = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  status = system (line);
  if (status != 0)
    {
      g_printerr ("%s: %s: wait status %d\n", g_get_prgname (), line, status);
      exit (1);
    }
}

static gpointer
run (gpointer data)
{
  End *self = data;
  gboolean is_last = FALSE;

  if (unshare (CLONE_NEWNET) != 0)
    {
      g_printerr ("%s: no network namespace: %s\n", g_get_prgname (), g_strerror (errno));
      exit (1);
    }
  self->id = (pid_t) syscall (SYS_gettid);
  g_async_queue_push (self->answers, self);
  while (!is_last)
    {
      g_autofree Command *command = g_async_queue_pop (self->commands);

      is_last = command->is_last;
      if (is_last)
        bench_thread_pin (self->peer);
      command->func (command->user_data);
      g_async_queue_push (self->answers, self);
    }
  return NULL;
}

static void
order (End *self, void (*func) (gpointer user_data), gpointer user_data, gboolean is_last)
{
  Command *command = g_new (Command, 1);

  *command = (Command){ func, user_data, is_last };
  g_async_queue_push (self->commands, command);
  if (!is_last)
    g_async_queue_pop (self->answers);
}

typedef struct {
  const End *end;
  const End *other;
  guint mtu;
} Setting;

static void
create (gpointer user_data)
{
  const Setting *setting = user_data;

  run_command ("ip link add %s type veth peer name %s netns %d", links[0], links[1],
               (int) setting->other->id);
}

static void
set_up (gpointer user_data)
{
  const Setting *setting = user_data;
  const guint peer = setting->end->peer;

  run_command ("ip link set lo up && ip address add %s/24 dev %s && "
               "ip link set %s mtu %u up && "
               "sysctl -qw net.ipv4.ip_local_port_range='10000 65535'",
               addresses[peer], links[peer], links[peer], setting->mtu);
}

BenchVeth *
bench_veth_new (guint mtu)
{
  BenchVeth *self = g_new0 (BenchVeth, 1);

  for (guint peer = 0; peer < 2; peer++)
    {
      End *end = &self->ends[peer];

      end->peer = peer;
      end->commands = g_async_queue_new ();
      end->answers = g_async_queue_new ();
      end->thread = g_thread_new ("veth", run, end);
      g_async_queue_pop (end->answers);
    }
  order (&self->ends[0], create, &(Setting){ &self->ends[0], &self->ends[1], mtu }, FALSE);
  for (guint peer = 0; peer < 2; peer++)
    order (&self->ends[peer], set_up, &(Setting){ &self->ends[peer], NULL, mtu }, FALSE);
  return self;
}

void
bench_veth_run (BenchVeth *self, guint peer, void (*func) (gpointer user_data), gpointer user_data)
{
  order (&self->ends[peer], func, user_data, TRUE);
}
