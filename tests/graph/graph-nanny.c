/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "graph-runner.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* one process per case: it enters a sandbox, starts the children and looks at what they leave */

typedef struct {
  const GraphStep *step;
  const char *events_path;
  const char *errors_path;
  pid_t pid;
  int pid_fd;
  int output_fd;
  gint64 deadline;
  gboolean is_ready;
  int wait_status;
  GString *problems;
} Run;

static void
child_exec (Run *self, int output_fd)
{
  g_autofree char *line = g_strdup_printf ("%s %s", g_getenv ("GRAPH_CHILD"), self->step->args);
  g_auto (GStrv) argv = g_strsplit (line, " ", -1);
  int errors_fd = open (self->errors_path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND, 0666);
  struct rlimit no_core = { 0, 0 };
  sigset_t none;

  /* the signals of the one who started the tests are not ours */
  sigemptyset (&none);
  sigprocmask (SIG_SETMASK, &none, NULL);
  prctl (PR_SET_PDEATHSIG, SIGKILL);
  setpgid (0, 0);
  setrlimit (RLIMIT_CORE, &no_core);
  g_setenv ("GRAPH_EVENTS", self->events_path, TRUE);
  g_setenv ("G_DEBUG", "gc-friendly,fatal-warnings", TRUE);
  g_unsetenv ("G_MESSAGES_DEBUG");
  dup2 (open ("/dev/null", O_RDONLY), STDIN_FILENO);
  dup2 (output_fd, STDOUT_FILENO);
  dup2 (errors_fd, STDERR_FILENO);
  closefrom (STDERR_FILENO + 1);
  execv (argv[0], argv);
  _exit (127);
}

static gboolean
start (Run *self)
{
  int fds[2];

  if (pipe2 (fds, O_CLOEXEC) != 0)
    return FALSE;
  self->pid = fork ();
  if (self->pid == 0)
    child_exec (self, fds[1]);
  close (fds[1]);
  self->output_fd = fds[0];
  self->pid_fd = self->pid > 0 ? (int) syscall (SYS_pidfd_open, self->pid, 0) : -1;
  return self->pid_fd >= 0;
}

/* where the threads are, as far as this machine can tell */
static void
describe_hang (Run *self)
{
  g_autofree char *command =
      g_strdup_printf ("for t in /proc/%d/task/*; do echo \"$(cat $t/comm): wchan $(cat $t/wchan) "
                       "syscall $(cat $t/syscall)\"; done 2>&1; command -v gdb >/dev/null && "
                       "timeout 60 gdb -p %d -batch -ex 'thread apply all bt 25' 2>/dev/null",
                       (int) self->pid, (int) self->pid);
  g_autofree char *text = NULL;
  const char *argv[] = { "/bin/sh", "-c", command, NULL };

  if (g_spawn_sync (NULL, (char **) argv, NULL, G_SPAWN_DEFAULT, NULL, NULL, &text, NULL, NULL,
                    NULL))
    g_string_append_printf (self->problems, "%s\n", text);
}

static void
read_output (Run *self)
{
  char bytes[256];
  gssize n = read (self->output_fd, bytes, sizeof bytes);

  if (n <= 0)
    {
      close (self->output_fd);
      self->output_fd = -1;
      return;
    }
  if (self->is_ready || n != strlen ("ready\n") || memcmp (bytes, "ready\n", (gsize) n) != 0)
    {
      g_string_append_printf (self->problems, "unexpected on standard output: %.*s\n", (int) n,
                              bytes);
      return;
    }
  self->is_ready = TRUE;
  for (guint i = 0; i < self->step->n_send; i++)
    kill (self->pid, self->step->send);
}

static void
wait_for_end (Run *self)
{
  gboolean has_ended = FALSE;

  while (!has_ended)
    {
      struct pollfd fds[] = {
        { .fd = self->pid_fd, .events = POLLIN },
        { .fd = self->output_fd, .events = POLLIN },
      };
      gint64 left_us = self->deadline - g_get_monotonic_time ();

      if (left_us <= 0)
        {
          g_string_append (self->problems, "hangs:\n");
          describe_hang (self);
          kill (-self->pid, SIGKILL);
          break;
        }
      if (poll (fds, G_N_ELEMENTS (fds), (int) (left_us / 1000) + 1) < 0 && errno != EINTR)
        break;
      if (self->output_fd >= 0 && fds[1].revents != 0)
        read_output (self);
      has_ended = fds[0].revents != 0;
    }
  /* what it wrote just before its end; nobody else has the other end open, unless it forked */
  while (has_ended && self->output_fd >= 0 &&
         poll (&(struct pollfd){ .fd = self->output_fd, .events = POLLIN }, 1, 0) > 0)
    read_output (self);
  while (waitpid (self->pid, &self->wait_status, 0) < 0 && errno == EINTR)
    ;
  /* children of the child, if it forked and hangs */
  if (kill (-self->pid, SIGKILL) == 0)
    g_string_append (self->problems, "left behind: a process\n");
  if (self->output_fd >= 0)
    close (self->output_fd);
  close (self->pid_fd);
}

static void
check_status (Run *self)
{
  const GraphStep *step = self->step;
  int status = self->wait_status;
  gboolean by_status = WIFEXITED (status) && WEXITSTATUS (status) == step->status;
  gboolean by_signal =
      step->signal != 0 && WIFSIGNALED (status) && WTERMSIG (status) == step->signal;

  if (step->n_send > 0 && !self->is_ready)
    g_string_append (self->problems, "it never was ready\n");
  if (step->is_either ? by_status || by_signal : step->signal != 0 ? by_signal : by_status)
    return;
  if (WIFEXITED (status))
    g_string_append_printf (self->problems, "ended with status %d", WEXITSTATUS (status));
  else
    g_string_append_printf (self->problems, "ended by signal %d (%s)", WTERMSIG (status),
                            g_strsignal (WTERMSIG (status)));
  g_string_append_printf (self->problems, ", but expected was status %d or signal %d\n",
                          step->status, step->signal);
}

static void
check_files (Run *self)
{
  g_autofree char *events = NULL;
  g_autofree char *errors = NULL;

  if (!g_file_get_contents (self->events_path, &events, NULL, NULL))
    events = g_strdup ("");
  if (!g_file_get_contents (self->errors_path, &errors, NULL, NULL))
    errors = g_strdup ("");
  graph_check_events (events, self->step->events, (int) self->pid, self->problems);
  if (self->step->errors == NULL ? *errors != '\0'
                                 : !g_pattern_match_simple (self->step->errors, errors))
    g_string_append (self->problems, "unexpected on standard error\n");
  graph_sandbox_check (self->problems);
  if (self->problems->len > 0)
    g_string_append_printf (self->problems, "standard error:\n%sevents:\n%s", errors, events);
}

static gboolean
run_step (const GraphCase *graph_case, guint index, const char *folder, GString *report)
{
  g_autofree char *events_path = g_strdup_printf ("%s/events-%u", folder, index);
  g_autofree char *errors_path = g_strdup_printf ("%s/errors-%u", folder, index);
  Run run = {
    .step = &graph_case->steps[index],
    .events_path = events_path,
    .errors_path = errors_path,
    .deadline = g_get_monotonic_time () + graph_case->timeout_s * G_USEC_PER_SEC,
    .problems = g_string_new (NULL),
  };
  gboolean is_good;

  if (start (&run))
    {
      wait_for_end (&run);
      check_status (&run);
      check_files (&run);
    }
  else
    g_string_append_printf (run.problems, "cannot start it: %s\n", g_strerror (errno));
  is_good = run.problems->len == 0;
  if (!is_good)
    g_string_append_printf (report, "step %u: unshare -mn %s %s\n%s\n", index,
                            g_getenv ("GRAPH_CHILD"), run.step->args, run.problems->str);
  g_string_free (run.problems, TRUE);
  return is_good;
}

void
graph_nanny (const GraphCase *self, const char *folder)
{
  g_autoptr (GString) report = g_string_new (NULL);
  g_autofree char *path = g_build_filename (folder, "report", NULL);

  prctl (PR_SET_PDEATHSIG, SIGKILL);
  graph_sandbox_enter (report);
  for (guint i = 0; report->len == 0 && i < self->n_steps; i++)
    run_step (self, i, folder, report);
  if (report->len > 0)
    g_file_set_contents (path, report->str, (gssize) report->len, NULL);
  _exit (report->len == 0 ? 0 : 1);
}
