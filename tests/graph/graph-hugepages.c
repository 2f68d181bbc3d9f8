/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "graph-runner.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define N_PAGES 512
#define KNOB "/proc/sys/vm/nr_hugepages"
#define FOLDER "/sys/kernel/mm/hugepages"

static guint64
read_number (const char *path)
{
  g_autofree char *text = NULL;

  if (!g_file_get_contents (path, &text, NULL, NULL))
    return 0;
  return g_ascii_strtoull (text, NULL, 10);
}

static gboolean
write_number (guint64 number)
{
  g_autofree char *text = g_strdup_printf ("%" G_GUINT64_FORMAT, number);
  int fd = open (KNOB, O_WRONLY | O_CLOEXEC);
  gboolean is_written = fd >= 0 && write (fd, text, strlen (text)) > 0;

  if (fd >= 0)
    close (fd);
  return is_written;
}

static guint64
count (const char *what)
{
  g_autoptr (GDir) dir = g_dir_open (FOLDER, 0, NULL);
  const char *name;
  guint64 n = 0;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *path = g_build_filename (FOLDER, name, what, NULL);

      n += read_number (path);
    }
  return n;
}

/* outlives us, however we end, and gives the pages back */
static gboolean
start_keeper (guint64 old)
{
  int fds[2];
  char byte;
  pid_t pid;

  if (pipe2 (fds, O_CLOEXEC) != 0)
    return FALSE;
  pid = fork ();
  if (pid == 0)
    {
      setsid ();
      for (int signal = 1; signal < SIGRTMIN; signal++)
        if (signal != SIGCHLD)
          sigaction (signal, &(struct sigaction){ .sa_handler = SIG_IGN }, NULL);
      close (fds[1]);
      /* standard output is the pipe that the harness reads to its end */
      for (int fd = 0; fd <= STDERR_FILENO; fd++)
        close (fd);
      while (read (fds[0], &byte, 1) < 0 && errno == EINTR)
        ;
      write_number (old);
      _exit (0);
    }
  close (fds[0]);
  /* fds[1] stays open until we end: all that fork from us must close it, and nannies end first */
  return pid > 0;
}

gboolean
graph_hugepages_reserve (GString *reason)
{
  static gboolean is_done;
  guint64 old = read_number (KNOB);

  if (is_done)
    return TRUE;
  if (count ("free_hugepages") < N_PAGES)
    {
      if (access (KNOB, W_OK) != 0 || !start_keeper (old))
        {
          g_string_append (reason, "no hugepages are free, and " KNOB " cannot be written");
          return FALSE;
        }
      write_number (old + N_PAGES);
      if (count ("free_hugepages") < N_PAGES / 2)
        {
          g_string_append (reason, "the machine has no memory for hugepages");
          return FALSE;
        }
    }
  is_done = TRUE;
  return TRUE;
}

gboolean
graph_hugepages_are_free (void)
{
  gint64 deadline = g_get_monotonic_time () + 5 * G_USEC_PER_SEC;

  /* the kernel frees them a moment after the process is gone, and others may use some for a while */
  while (count ("free_hugepages") < count ("nr_hugepages"))
    {
      if (g_get_monotonic_time () > deadline)
        return FALSE;
      g_usleep (10000);
    }
  return TRUE;
}
