/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bench-netns.h"

#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

struct _BenchNetns {
  pid_t id;
  GAsyncQueue *commands;
  GAsyncQueue *answers;
};

typedef struct {
  BenchNetnsFunc func;
  gpointer user_data;
} Command;

static gpointer
run (gpointer data)
{
  BenchNetns *self = data;

  if (unshare (CLONE_NEWNET) != 0)
    {
      g_printerr ("%s: no network namespace: %s\n", g_get_prgname (), g_strerror (errno));
      exit (1);
    }
  self->id = (pid_t) syscall (SYS_gettid);
  g_async_queue_push (self->answers, self);
  while (TRUE)
    {
      g_autofree Command *command = g_async_queue_pop (self->commands);

      command->func (command->user_data);
      g_async_queue_push (self->answers, self);
    }
  return NULL;
}

BenchNetns *
bench_netns_new (void)
{
  BenchNetns *self = g_new0 (BenchNetns, 1);

  self->commands = g_async_queue_new ();
  self->answers = g_async_queue_new ();
  g_thread_unref (g_thread_new ("netns", run, self));
  bench_netns_wait (self);
  return self;
}

pid_t
bench_netns_get_id (BenchNetns *self)
{
  return self->id;
}

void
bench_netns_start (BenchNetns *self, BenchNetnsFunc func, gpointer user_data)
{
  Command *command = g_new (Command, 1);

  *command = (Command){ func, user_data };
  g_async_queue_push (self->commands, command);
}

void
bench_netns_wait (BenchNetns *self)
{
  g_async_queue_pop (self->answers);
}

void
bench_netns_call (BenchNetns *self, BenchNetnsFunc func, gpointer user_data)
{
  bench_netns_start (self, func, user_data);
  bench_netns_wait (self);
}

void
bench_netns_run_command (const char *format, ...)
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
