/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dpdk-test-case-private.h"
#include "dpdk-test-end-private.h"
#include "dpdk-test-fail-private.h"
#include "dpdk-test-sandbox-private.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define PATH_PREFIX "/dpdk-test-process/subprocess/"
#define FD_VARIABLE "DPDK_TEST_PROCESS_FD"
#define FOLDER_VARIABLE "DPDK_TEST_PROCESS_FOLDER"
#define CHILD_FD 3
#define POLL_MS 10

/**
 * DpdkTestProcess:
 *
 * A second process of a test.
 *
 * It runs a function of the test program that was added with [func@DpdkTesting.add_process], in the
 * namespaces of the test, or any other program. Both processes know a folder that is theirs, for
 * sockets, and can wait for each other by lines of text. When the test ends, however it ends, the
 * process is killed.
 *
 * In the function, [func@DpdkTesting.Process.get_parent] stands for the test, with the same folder and
 * the other end of the lines.
 *
 * An object is for one thread at a time.
 *
 * ```c
 * static void
 * serve (void)
 * {
 *   DpdkTestProcess *parent = dpdk_test_process_get_parent ();
 *   g_autofree char *devargs = dpdk_test_process_dup_memif (parent, 0);
 *
 *   open_port (devargs);
 *   dpdk_test_process_say (parent, "ready");
 *   dpdk_test_process_expect (parent, "stop");
 * }
 *
 * static void
 * test_crash (void)
 * {
 *   g_autoptr (DpdkTestProcess) process = dpdk_test_process_spawn ("serve", &error);
 *
 *   dpdk_test_process_expect (process, "ready");
 *   dpdk_test_process_kill (process, SIGKILL);
 *   g_assert_cmpint (dpdk_test_process_wait (process), ==, SIGKILL);
 * }
 *
 * dpdk_test_add_process ("serve", serve);
 * dpdk_test_add_func ("/memif/crash", DPDK_TEST_FLAGS_NONE, test_crash);
 * ```
 *
 * Since: 0.1
 */
struct _DpdkTestProcess {
  GObject parent_instance;
  GSubprocess *subprocess;
  char *folder;
  int fd;
  GString *input;
  gboolean is_parent;
};

G_DEFINE_FINAL_TYPE (DpdkTestProcess, dpdk_test_process, G_TYPE_OBJECT)

static void
dpdk_test_process_dispose (GObject *object)
{
  DpdkTestProcess *self = DPDK_TEST_PROCESS (object);

  if (self->subprocess != NULL)
    g_subprocess_force_exit (self->subprocess);
  g_clear_object (&self->subprocess);
  if (self->fd >= 0)
    close (self->fd);
  self->fd = -1;
  G_OBJECT_CLASS (dpdk_test_process_parent_class)->dispose (object);
}

static void
dpdk_test_process_finalize (GObject *object)
{
  DpdkTestProcess *self = DPDK_TEST_PROCESS (object);

  if (self->folder != NULL && !self->is_parent)
    dpdk_test_sandbox_remove_folder (self->folder);
  g_free (self->folder);
  g_string_free (self->input, TRUE);
  G_OBJECT_CLASS (dpdk_test_process_parent_class)->finalize (object);
}

static void
dpdk_test_process_class_init (DpdkTestProcessClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = dpdk_test_process_dispose;
  G_OBJECT_CLASS (klass)->finalize = dpdk_test_process_finalize;
}

static void
dpdk_test_process_init (DpdkTestProcess *self)
{
  self->fd = -1;
  self->input = g_string_new (NULL);
}

static void
run_process (gconstpointer data)
{
  const GTestFunc *func = data;

  (*func) ();
  dpdk_test_assert_eal_dead ();
}

/**
 * dpdk_test_add_process: (skip)
 * @name: a name for [ctor@DpdkTesting.Process.spawn], without a slash
 * @func: the function
 *
 * Adds a function that runs in a second process of a test. It is no test of its own.
 *
 * Since: 0.1
 */
void
dpdk_test_add_process (const char *name, GTestFunc func)
{
  g_autofree char *path = g_strconcat (PATH_PREFIX, name, NULL);

  g_return_if_fail (name != NULL && strchr (name, '/') == NULL);
  g_return_if_fail (func != NULL);

  g_test_add_data_func (path, dpdk_test_keep (&func, sizeof func), run_process);
}

/* runs between fork and exec */
static void
die_with_parent (gpointer data)
{
  prctl (PR_SET_PDEATHSIG, SIGKILL);
}

static gboolean
make_channel (int fds[2], GError **error)
{
  if (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) == 0)
    return TRUE;
  g_set_error (error, G_IO_ERROR, g_io_error_from_errno (errno), "DpdkTestProcess: socketpair: %s",
               g_strerror (errno));
  return FALSE;
}

static DpdkTestProcess *
spawn (const char *const *argv, GError **error)
{
  g_autoptr (DpdkTestProcess) self = g_object_new (DPDK_TEST_TYPE_PROCESS, NULL);
  g_autoptr (GSubprocessLauncher) launcher = g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_NONE);
  g_autofree char *output = NULL;
  int fds[2];

  self->folder = g_dir_make_tmp ("dpdk-test-XXXXXX", error);
  if (self->folder == NULL || !make_channel (fds, error))
    return NULL;
  self->fd = fds[0];
  output = g_build_filename (self->folder, "output", NULL);
  g_subprocess_launcher_set_stdout_file_path (launcher, output);
  g_subprocess_launcher_set_child_setup (launcher, die_with_parent, NULL, NULL);
  g_subprocess_launcher_take_fd (launcher, fds[1], CHILD_FD);
  g_subprocess_launcher_setenv (launcher, FD_VARIABLE, G_STRINGIFY (CHILD_FD), TRUE);
  g_subprocess_launcher_setenv (launcher, FOLDER_VARIABLE, self->folder, TRUE);
  self->subprocess = g_subprocess_launcher_spawnv (launcher, argv, error);
  return self->subprocess != NULL ? g_steal_pointer (&self) : NULL;
}

/**
 * dpdk_test_process_spawn: (constructor)
 * @name: what was given to [func@DpdkTesting.add_process]
 * @error: return location for an error
 *
 * Starts a process that runs a function of this program.
 *
 * Returns: (transfer full): the process
 *
 * Since: 0.1
 */
DpdkTestProcess *
dpdk_test_process_spawn (const char *name, GError **error)
{
  g_autofree char *program = NULL;
  g_autofree char *path = NULL;
  const char *argv[5] = { NULL };

  g_return_val_if_fail (name != NULL, NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  program = g_file_read_link ("/proc/self/exe", error);
  if (program == NULL)
    return NULL;
  path = g_strconcat (PATH_PREFIX, name, NULL);
  argv[0] = program;
  argv[1] = "-p";
  argv[2] = path;
  /* what g_test_trap_subprocess() gives to its own */
  argv[3] = "--GTestSubprocess";
  return spawn (argv, error);
}

/**
 * dpdk_test_process_spawn_program: (constructor)
 * @argv: (array zero-terminated=1): the program and its arguments
 * @error: return location for an error
 *
 * Starts any program. It does not know the lines, so it can be told from and waited for by what it
 * writes: [method@DpdkTesting.Process.dup_output].
 *
 * Returns: (transfer full): the process
 *
 * Since: 0.1
 */
DpdkTestProcess *
dpdk_test_process_spawn_program (const char *const *argv, GError **error)
{
  g_return_val_if_fail (argv != NULL && argv[0] != NULL, NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  return spawn (argv, error);
}

/**
 * dpdk_test_process_get_parent:
 *
 * Gets what stands for the test in a process that it has started.
 *
 * Returns: (transfer none) (nullable): the test, or %NULL in a process that no test has started
 *
 * Since: 0.1
 */
DpdkTestProcess *
dpdk_test_process_get_parent (void)
{
  static DpdkTestProcess *parent;
  static gsize initialized;

  if (g_once_init_enter (&initialized))
    {
      const char *fd = g_getenv (FD_VARIABLE);

      if (fd != NULL)
        {
          parent = g_object_new (DPDK_TEST_TYPE_PROCESS, NULL);
          parent->is_parent = TRUE;
          parent->fd = (int) g_ascii_strtoll (fd, NULL, 10);
          parent->folder = g_strdup (g_getenv (FOLDER_VARIABLE));
        }
      g_once_init_leave (&initialized, 1);
    }
  return parent;
}

/**
 * dpdk_test_process_get_folder:
 * @self: a process
 *
 * Gets a folder that only the two processes know. It is removed with the object.
 *
 * Returns: (transfer none) (type filename): the folder
 *
 * Since: 0.1
 */
const char *
dpdk_test_process_get_folder (DpdkTestProcess *self)
{
  g_return_val_if_fail (DPDK_TEST_IS_PROCESS (self), NULL);

  return self->folder;
}

/**
 * dpdk_test_process_dup_memif:
 * @self: a process
 * @number: the number of the device
 *
 * Makes the arguments of a memif device whose other end is in the other process, with a socket in
 * [method@DpdkTesting.Process.get_folder]. The test has the server's end.
 *
 * Returns: (transfer full): arguments for [ctor@Dpdk.Port.new]
 *
 * Since: 0.1
 */
char *
dpdk_test_process_dup_memif (DpdkTestProcess *self, guint number)
{
  g_return_val_if_fail (DPDK_TEST_IS_PROCESS (self), NULL);

  return g_strdup_printf ("net_memif%u,id=%u,role=%s,socket=%s/memif,socket-abstract=no", number,
                          number, self->is_parent ? "client" : "server", self->folder);
}

/**
 * dpdk_test_process_build_runtime:
 * @self: a process
 * @error: return location for an error
 *
 * Builds a runtime in this process whose peer is the runtime that the other process builds in the
 * same way. They are linked by the device 0 of [method@DpdkTesting.Process.dup_memif], and have the
 * addresses that [method@DpdkTesting.Process.get_address] gives.
 *
 * The test has to build its one first: it has the server's end of the device.
 *
 * Must not be called on the thread of a worker. Fails as [method@Dpdk.RuntimeBuilder.build] does.
 *
 * Returns: (transfer full): the runtime
 *
 * Since: 0.1
 */
DpdkRuntime *
dpdk_test_process_build_runtime (DpdkTestProcess *self, GError **error)
{
  g_autofree char *devargs = NULL;

  g_return_val_if_fail (DPDK_TEST_IS_PROCESS (self), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  devargs = dpdk_test_process_dup_memif (self, 0);
  return dpdk_test_end_build_runtime (self->is_parent ? 1 : 0, devargs, NULL, error);
}

/**
 * dpdk_test_process_get_address:
 * @self: a process
 * @end: 0 for the test, 1 for the other process
 * @family: %G_SOCKET_FAMILY_IPV4 or %G_SOCKET_FAMILY_IPV6
 *
 * Gets the address of a runtime of [method@DpdkTesting.Process.build_runtime].
 *
 * Returns: (transfer none): the address as a text
 *
 * Since: 0.1
 */
const char *
dpdk_test_process_get_address (DpdkTestProcess *self, guint end, GSocketFamily family)
{
  g_return_val_if_fail (DPDK_TEST_IS_PROCESS (self), NULL);
  g_return_val_if_fail (end < 2, NULL);

  return dpdk_test_end_get_address (end, family);
}

/**
 * dpdk_test_process_say:
 * @self: a process
 * @line: a line, without its end
 *
 * Says something to the other process, which waits for it with [method@DpdkTesting.Process.expect].
 * Does nothing if that process is gone.
 *
 * Since: 0.1
 */
void
dpdk_test_process_say (DpdkTestProcess *self, const char *line)
{
  g_autofree char *text = NULL;
  gsize done = 0, length;

  g_return_if_fail (DPDK_TEST_IS_PROCESS (self));
  g_return_if_fail (line != NULL && strchr (line, '\n') == NULL);

  text = g_strconcat (line, "\n", NULL);
  length = strlen (text);
  while (done < length)
    {
      gssize n = send (self->fd, text + done, length - done, MSG_NOSIGNAL);

      if (n < 0 && errno != EINTR)
        return;
      done += n > 0 ? (gsize) n : 0;
    }
}

/* FALSE at the end */
static gboolean
read_some (DpdkTestProcess *self)
{
  struct pollfd poll_fd = { .fd = self->fd, .events = POLLIN };
  char buffer[256];
  gssize n;

  if (poll (&poll_fd, 1, POLL_MS) <= 0)
    return TRUE;
  n = recv (self->fd, buffer, sizeof buffer, MSG_DONTWAIT);
  if (n > 0)
    g_string_append_len (self->input, buffer, n);
  return n > 0 || (n < 0 && (errno == EINTR || errno == EAGAIN));
}

static char *
take_line (DpdkTestProcess *self)
{
  const char *end = memchr (self->input->str, '\n', self->input->len);
  char *line;

  if (end == NULL)
    return NULL;
  line = g_strndup (self->input->str, (gsize) (end - self->input->str));
  g_string_erase (self->input, 0, end + 1 - self->input->str);
  return line;
}

/**
 * dpdk_test_process_expect:
 * @self: a process
 * @line: a line, without its end
 *
 * Waits for the next line that the other process says, and asserts that it is @line. Iterates the
 * thread's default main context meanwhile.
 *
 * The test waits until [func@DpdkTesting.get_deadline]; the process that it has started waits for as
 * long as the test lives.
 *
 * Since: 0.1
 */
void
dpdk_test_process_expect (DpdkTestProcess *self, const char *line)
{
  g_autofree char *said = NULL;
  gboolean at_end = FALSE;
  gint64 deadline;

  g_return_if_fail (DPDK_TEST_IS_PROCESS (self));
  g_return_if_fail (line != NULL);

  deadline = self->is_parent ? G_MAXINT64 : dpdk_test_get_deadline ();
  while ((said = take_line (self)) == NULL && !at_end && dpdk_test_wait_a_little (deadline))
    at_end = !read_some (self);
  if (g_strcmp0 (said, line) != 0)
    dpdk_test_fail ("the other process should say \"%s\", and %s%s", line,
                    said != NULL ? "says: "
                    : at_end     ? "has ended"
                                 : "says nothing",
                    said != NULL ? said : "");
}

/**
 * dpdk_test_process_dup_output:
 * @self: a process
 *
 * Gets all that the process has written to its standard output up to now.
 *
 * Returns: (transfer full): the output
 *
 * Since: 0.1
 */
GBytes *
dpdk_test_process_dup_output (DpdkTestProcess *self)
{
  g_autofree char *path = NULL;
  char *output = NULL;
  gsize length = 0;

  g_return_val_if_fail (DPDK_TEST_IS_PROCESS (self), NULL);

  path = g_build_filename (self->folder, "output", NULL);
  g_file_get_contents (path, &output, &length, NULL);
  return g_bytes_new_take (output, length);
}

/**
 * dpdk_test_process_kill:
 * @self: a process
 * @signal_number: the signal, for example `SIGKILL`
 *
 * Sends a signal to the process. Does nothing if it has ended.
 *
 * Since: 0.1
 */
void
dpdk_test_process_kill (DpdkTestProcess *self, int signal_number)
{
  g_return_if_fail (DPDK_TEST_IS_PROCESS (self));
  g_return_if_fail (self->subprocess != NULL);

  g_subprocess_send_signal (self->subprocess, signal_number);
}

static void
on_waited (GObject *source, GAsyncResult *result, gpointer user_data)
{
  gboolean *is_over = user_data;

  *is_over = g_subprocess_wait_finish (G_SUBPROCESS (source), result, NULL);
}

/**
 * dpdk_test_process_wait:
 * @self: a process
 *
 * Waits for the end of the process, and asserts that it comes in time. Iterates the thread's default
 * main context meanwhile.
 *
 * Returns: the wait status, as waitpid() gives it: 0 after a success, the number of the signal if it
 *   was killed by one
 *
 * Since: 0.1
 */
int
dpdk_test_process_wait (DpdkTestProcess *self)
{
  gboolean is_over = FALSE;

  g_return_val_if_fail (DPDK_TEST_IS_PROCESS (self), -1);
  g_return_val_if_fail (self->subprocess != NULL, -1);

  g_subprocess_wait_async (self->subprocess, NULL, on_waited, &is_over);
  DPDK_TEST_WAIT_UNTIL (is_over);
  return g_subprocess_get_status (self->subprocess);
}
