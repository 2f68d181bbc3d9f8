/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bench-contender.h"

#include "bench-thread.h"

#include <stdlib.h>
#include <unistd.h>

#define OPTION "--contender"

typedef struct {
  const BenchContender *contender;
  gpointer data;
} Server;

static guint
answer (gpointer user_data, const char *command, double values[BENCH_CHILD_MAX_VALUES])
{
  Server *self = user_data;

  return self->contender->run (self->data, command, values);
}

void
bench_contender_serve (int argc, char **argv, const BenchContender *const *contenders)
{
  if (argc != 4 || !g_str_equal (argv[1], OPTION))
    return;
  for (; *contenders != NULL; contenders++)
    if (g_str_equal ((*contenders)->name, argv[2]))
      {
        Server server = { .contender = *contenders };

        bench_thread_raise ();
        server.data = server.contender->start (argv[3]);
        bench_child_serve (answer, &server);
        /* the other threads poll on */
        _exit (0);
      }
  g_printerr ("there is no contender \"%s\"\n", argv[2]);
  exit (1);
}

BenchChild *
bench_contender_new (const BenchContender *contender, const char *argument)
{
  const char *argv[] = { OPTION, contender->name, argument, NULL };

  return bench_child_new (argv);
}

double
bench_contender_run (BenchChild *child, const char *command)
{
  double values[BENCH_CHILD_MAX_VALUES];

  bench_child_ask (child, command, values);
  return values[0];
}
