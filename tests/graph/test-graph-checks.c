/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "graph-runner.h"

#include <signal.h>
#include <string.h>

/* a test of the tests: they must see what is wrong */

#define PID 100
#define INIT "100 101 init\n100 101 init-done 5\n100 101 queue 0 dpdk-glib-0\n100 101 start 0\n"
#define STOP "100 101 stop 0\n"
#define CLOSE "100 101 close 0\n"
#define REMOVE "100 101 remove\n"
#define FREE "100 101 free dpdk-glib-0 0\n"
#define CLEANUP "100 101 cleanup\n100 101 cleanup-done 0\n"

typedef struct {
  const char *name;
  const char *events;
  GraphEvents kind;
  /* a part of the report; NULL if there must be none */
  const char *problem;
} EventsCase;

static const EventsCase events_cases[] = {
  { "good", INIT STOP CLOSE REMOVE FREE CLEANUP, GRAPH_EVENTS_WHOLE, NULL },
  { "return-after", INIT STOP CLOSE REMOVE FREE CLEANUP "100 100 return\n", GRAPH_EVENTS_WHOLE,
    NULL },
  { "cut", INIT STOP, GRAPH_EVENTS_CUT, NULL },
  { "not-whole", INIT STOP CLOSE REMOVE FREE, GRAPH_EVENTS_WHOLE, "no cleanup" },
  { "nothing", "", GRAPH_EVENTS_CUT, "0 times init" },
  { "two-inits", INIT INIT STOP CLOSE REMOVE FREE CLEANUP, GRAPH_EVENTS_WHOLE, "2 times init" },
  { "two-cleanups", INIT STOP CLOSE REMOVE FREE CLEANUP CLEANUP, GRAPH_EVENTS_WHOLE,
    "2 times cleanup" },
  { "unwanted-cleanup", INIT CLEANUP, GRAPH_EVENTS_NO_CLEANUP, "nobody wanted" },
  { "cleanup-not-last", INIT STOP CLOSE REMOVE CLEANUP FREE, GRAPH_EVENTS_WHOLE,
    "after the cleanup" },
  { "drop-after-cleanup", INIT STOP CLOSE REMOVE FREE CLEANUP "100 100 drop S\n",
    GRAPH_EVENTS_WHOLE, "\"drop S\" after the cleanup" },
  { "cleanup-not-done", INIT STOP CLOSE REMOVE FREE "100 101 cleanup\n", GRAPH_EVENTS_WHOLE,
    "no cleanup" },
  { "cleanup-fails", INIT STOP CLOSE REMOVE FREE "100 101 cleanup\n100 101 cleanup-done -1\n",
    GRAPH_EVENTS_WHOLE, "cleanup-done -1" },
  { "cleanup-on-main", INIT STOP CLOSE REMOVE FREE "100 100 cleanup\n100 100 cleanup-done 0\n",
    GRAPH_EVENTS_WHOLE, "cleanup on the main thread" },
  { "cleanup-elsewhere", INIT STOP CLOSE REMOVE FREE "100 102 cleanup\n100 102 cleanup-done 0\n",
    GRAPH_EVENTS_WHOLE, "cleanup on another thread" },
  { "no-stop", INIT CLOSE REMOVE FREE CLEANUP, GRAPH_EVENTS_WHOLE, "without stop" },
  { "number-again", INIT STOP CLOSE REMOVE "100 101 start 0\n" STOP CLOSE REMOVE FREE CLEANUP,
    GRAPH_EVENTS_WHOLE, NULL },
  { "second-without-stop", INIT STOP CLOSE REMOVE "100 101 start 0\n" CLOSE REMOVE FREE CLEANUP,
    GRAPH_EVENTS_WHOLE, "without stop" },
  { "stop-late", INIT CLOSE STOP REMOVE FREE CLEANUP, GRAPH_EVENTS_CUT, "stop of closed" },
  { "close-twice", INIT STOP CLOSE CLOSE REMOVE FREE CLEANUP, GRAPH_EVENTS_CUT, "second close" },
  { "no-close", INIT STOP FREE CLEANUP, GRAPH_EVENTS_WHOLE, "no port was closed" },
  { "no-remove", INIT STOP CLOSE FREE CLEANUP, GRAPH_EVENTS_WHOLE, "0 removed" },
  { "remove-early", INIT STOP REMOVE CLOSE FREE CLEANUP, GRAPH_EVENTS_WHOLE,
    "removed before it was closed" },
  { "no-free", INIT STOP CLOSE REMOVE CLEANUP, GRAPH_EVENTS_WHOLE, "no pool was freed" },
  { "free-early", INIT STOP FREE CLOSE REMOVE CLEANUP, GRAPH_EVENTS_WHOLE,
    "freed before the port" },
  { "free-twice", INIT STOP CLOSE REMOVE FREE FREE CLEANUP, GRAPH_EVENTS_WHOLE, "freed twice" },
  { "free-in-use", INIT STOP CLOSE REMOVE "100 101 free dpdk-glib-0 3\n" CLEANUP,
    GRAPH_EVENTS_WHOLE, "3 buffers in use" },
  { "forked-child", INIT "200 200 stop 0\n" STOP CLOSE REMOVE FREE CLEANUP, GRAPH_EVENTS_WHOLE,
    "in a child" },
  { "garbage", INIT "x\n" STOP CLOSE REMOVE FREE CLEANUP, GRAPH_EVENTS_WHOLE, "cannot read" },
};

static void
check_report (const char *report, const char *problem)
{
  g_test_message ("%s", report);
  if (problem == NULL)
    g_assert_cmpstr (report, ==, "");
  else
    g_assert_nonnull (strstr (report, problem));
}

static void
test_events (gconstpointer data)
{
  const EventsCase *test = data;
  g_autoptr (GString) problems = g_string_new (NULL);

  graph_check_events (test->events, test->kind, PID, problems);
  check_report (problems->str, test->problem);
}

typedef struct {
  const char *name;
  const char *args;
  int send;
  const char *problem;
} ChildCase;

static const ChildCase child_cases[] = {
  { "good", "behave", 0, NULL },
  { "leak-port", "broken-leak-port", 0, "no cleanup" },
  { "leak-packet", "broken-leak-packet", 0, "no cleanup" },
  { "cleanup-twice", "broken-cleanup-twice", 0, "2 times cleanup" },
  { "file", "broken-file", 0, "left behind: /run/dpdk/file" },
  { "page", "broken-page", 0, "left behind: /dev/shm/rtemap_0" },
  { "interface", "broken-interface", 0, "left behind: network interface left" },
  { "process", "broken-process", 0, "left behind: a process" },
  { "status", "broken-status", 0, "ended with status 3" },
  { "error", "broken-error", 0, "unexpected on standard error" },
  { "warning", "broken-warning", 0, "ended by signal" },
  { "crash", "broken-crash", 0, "ended " },
  { "hang", "broken-hang", 0, "hangs:" },
  { "not-ready", "behave", SIGTERM, "never was ready" },
  { "unknown", "no-such-scenario", 0, "unknown scenario" },
};

static void
test_child (gconstpointer data)
{
  const ChildCase *test = data;
  GraphCase *graph_case = graph_case_new ();
  GraphStep *step = graph_case_add (graph_case, "%s", test->args);
  g_autofree char *report = NULL;

  /* nothing else takes that long */
  if (strcmp (test->name, "hang") == 0)
    graph_case->timeout_s = 3;
  step->send = test->send;
  step->n_send = test->send != 0;
  report = graph_run_case (graph_case);
  check_report (report != NULL ? report : "", test->problem);
  graph_case_free (graph_case);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (events_cases); i++)
    {
      g_autofree char *path = g_strdup_printf ("/graph/checks/events/%s", events_cases[i].name);

      g_test_add_data_func (path, &events_cases[i], test_events);
    }
  for (guint i = 0; i < G_N_ELEMENTS (child_cases); i++)
    {
      g_autofree char *path = g_strdup_printf ("/graph/checks/child/%s", child_cases[i].name);

      g_test_add_data_func (path, &child_cases[i], test_child);
    }
  return g_test_run ();
}
