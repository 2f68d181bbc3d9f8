/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "port-peer.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>

#define BURST 32
#define FRAME_SIZE 60

static guint64
send_frames (DpdkPort *port, DpdkMempool *pool, guint64 n_frames)
{
  guint8 frame[FRAME_SIZE];
  guint64 n_sent = 0;

  memset (frame, 0xff, sizeof frame);
  while (n_sent < n_frames)
    {
      DpdkPacket *packet = dpdk_mempool_acquire (pool, NULL);

      if (packet == NULL)
        break;
      dpdk_packet_append (packet, frame, sizeof frame, NULL);
      if (dpdk_port_tx_burst (port, 0, &packet, 1) == 0)
        {
          dpdk_packet_unref (packet);
          break;
        }
      n_sent++;
    }
  return n_sent;
}

static guint64
receive_frames (DpdkPort *port)
{
  DpdkPacket *burst[BURST];
  guint n = dpdk_port_rx_burst (port, 0, burst, BURST);

  for (guint i = 0; i < n; i++)
    dpdk_packet_unref (burst[i]);
  return n;
}

typedef struct {
  DpdkEal *eal;
  DpdkMempool *pool;
  DpdkPort *port;
  const char *devargs;
} Process;

static guint64
obey (Process *self, const char *command)
{
  gint64 deadline = dpdk_test_get_deadline ();
  g_auto (GStrv) words = g_strsplit (command, " ", 2);
  guint64 number = words[1] != NULL ? g_ascii_strtoull (words[1], NULL, 10) : 0, n = 0;
  g_autoptr (GError) error = NULL;

  if (g_str_equal (words[0], "open"))
    self->port = port_open_started (self->eal, self->pool, self->devargs);
  else if (g_str_equal (words[0], "close"))
    g_clear_object (&self->port);
  else if (g_str_equal (words[0], "send"))
    n = send_frames (self->port, self->pool, number);
  else if (g_str_equal (words[0], "receive"))
    while (n < number && g_get_monotonic_time () < deadline)
      n += receive_frames (self->port);
  else if (g_str_equal (words[0], "flood"))
    while (TRUE)
      {
        send_frames (self->port, self->pool, BURST);
        receive_frames (self->port);
      }
  else
    g_error ("unknown command: %s", command);
  g_assert_no_error (error);
  return n;
}

void
port_peer_run_if_asked (int argc, char **argv)
{
  Process self = { .devargs = argc == 3 ? argv[2] : NULL };
  char line[64];

  if (argc != 3 || strcmp (argv[1], "--peer") != 0)
    return;
  prctl (PR_SET_PDEATHSIG, SIGKILL);
  self.eal = port_eal ();
  self.pool = port_pool (self.eal);
  self.port = port_open_started (self.eal, self.pool, self.devargs);
  printf ("ok 0\n");
  fflush (stdout);
  while (fgets (line, sizeof line, stdin) != NULL && strcmp (line, "quit\n") != 0)
    {
      printf ("ok %" G_GUINT64_FORMAT "\n", obey (&self, g_strchomp (line)));
      fflush (stdout);
    }
  g_clear_object (&self.port);
  port_finish (self.eal, self.pool);
  exit (0);
}

struct _PortPeer {
  GSubprocess *process;
  GDataInputStream *output;
};

static guint64
read_answer (PortPeer *self)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *line = g_data_input_stream_read_line (self->output, NULL, NULL, &error);

  g_assert_no_error (error);
  g_assert_nonnull (line);
  g_assert_true (g_str_has_prefix (line, "ok "));
  return g_ascii_strtoull (line + 3, NULL, 10);
}

PortPeer *
port_peer_new (const char *devargs)
{
  PortPeer *self = g_new0 (PortPeer, 1);
  g_autoptr (GError) error = NULL;

  self->process = g_subprocess_new (G_SUBPROCESS_FLAGS_STDIN_PIPE | G_SUBPROCESS_FLAGS_STDOUT_PIPE,
                                    &error, "/proc/self/exe", "--peer", devargs, NULL);
  g_assert_no_error (error);
  self->output = g_data_input_stream_new (g_subprocess_get_stdout_pipe (self->process));
  read_answer (self);
  return self;
}

void
port_peer_begin (PortPeer *self, const char *command)
{
  g_autofree char *line = g_strconcat (command, "\n", NULL);
  g_autoptr (GError) error = NULL;

  g_output_stream_write_all (g_subprocess_get_stdin_pipe (self->process), line, strlen (line), NULL,
                             NULL, &error);
  g_assert_no_error (error);
}

guint64
port_peer_tell (PortPeer *self, const char *command)
{
  port_peer_begin (self, command);
  return read_answer (self);
}

static void
finish (PortPeer *self)
{
  g_autoptr (GError) error = NULL;

  g_subprocess_wait (self->process, NULL, &error);
  g_assert_no_error (error);
  g_object_unref (self->output);
  g_object_unref (self->process);
  g_free (self);
}

void
port_peer_kill (PortPeer *self)
{
  g_subprocess_send_signal (self->process, SIGKILL);
  finish (self);
}

void
port_peer_free (PortPeer *self)
{
  g_autoptr (GSubprocess) process = g_object_ref (self->process);

  port_peer_begin (self, "quit");
  finish (self);
  g_assert_true (g_subprocess_get_if_exited (process));
  g_assert_cmpint (g_subprocess_get_exit_status (process), ==, 0);
}
