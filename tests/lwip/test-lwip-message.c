/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* tcp_write_message() queues what tcp_write() with a copy does, whatever waits and whatever the
 * connection has agreed on. */

#include "lwip-peer.h"

#include <lwip/tcp_params.h>

typedef err_t (*WriteFunc) (struct tcp_pcb *pcb, const void *data, u16_t len);

typedef struct {
  const char *name;
  /* of messages that are written one after the other */
  guint16 lens[3];
  gboolean nodelay;
  gboolean timestamps;
  gboolean output_between;
  /* of a peer that has not announced more than that; 0 for the most */
  guint16 window;
  gboolean is_closed;
  gint allocations_left;
} Case;

static const Case cases[] = {
  { "one", { 64 }, .nodelay = TRUE, .allocations_left = -1 },
  { "nothing", { 0, 64 }, .nodelay = TRUE, .allocations_left = -1 },
  { "nagle", { 64, 10, 20 }, .output_between = TRUE, .allocations_left = -1 },
  { "no-nagle", { 64, 10, 20 }, .nodelay = TRUE, .output_between = TRUE, .allocations_left = -1 },
  { "behind-unsent", { 64, 10, 20 }, .nodelay = TRUE, .allocations_left = -1 },
  { "timestamps", { 64, 10 }, .nodelay = TRUE, .timestamps = TRUE, .allocations_left = -1 },
  { "as-a-segment", { 536 }, .nodelay = TRUE, .allocations_left = -1 },
  { "more-than-a-segment", { 537, 1100 }, .nodelay = TRUE, .allocations_left = -1 },
  { "segment-with-timestamps", { 524, 525 }, .timestamps = TRUE, .allocations_left = -1 },
  { "small-window", { 200 }, .nodelay = TRUE, .window = 100, .allocations_left = -1 },
  { "closed", { 64 }, .nodelay = TRUE, .is_closed = TRUE, .allocations_left = -1 },
  { "no-memory", { 64, 64 }, .nodelay = TRUE, .allocations_left = 0 },
  { "memory-for-one", { 64, 64 }, .nodelay = TRUE, .allocations_left = 1 },
  { "memory-for-two", { 64, 64 }, .nodelay = TRUE, .allocations_left = 2 },
  { "memory-for-three", { 64, 64 }, .nodelay = TRUE, .allocations_left = 3 },
};

typedef struct {
  const Case *of;
  WriteFunc write;
  struct tcp_pcb *pcb;
  GString *state;
} Writing;

static err_t
write_plainly (struct tcp_pcb *pcb, const void *data, u16_t len)
{
  return tcp_write (pcb, data, len, TCP_WRITE_FLAG_COPY);
}

static void
describe_segments (GString *state, const struct tcp_pcb *pcb, const char *name,
                   const struct tcp_seg *seg)
{
  for (; seg != NULL; seg = seg->next)
    {
      guint8 data[2000];
      guint16 n = pbuf_copy_partial (seg->p, data, sizeof data,
                                     (u16_t) ((guint8 *) seg->tcphdr - (guint8 *) seg->p->payload));
      guint32 seqno = lwip_ntohl (seg->tcphdr->seqno) - pcb->lastack;
      g_autofree char *sum = NULL;

      g_assert_cmpuint (n, >=, TCP_HLEN);
      /* options and acknowledgements are written when the segment leaves */
      sum = g_compute_checksum_for_data (G_CHECKSUM_SHA256, data + n - seg->len, seg->len);
      g_string_append_printf (state, "%s %u+%u flags %x header %x %s\n", name, seqno, seg->len,
                              seg->flags, lwip_ntohs (seg->tcphdr->_hdrlen_rsvd_flags), sum);
    }
}

static void
write_messages (Stack *stack, gpointer data)
{
  Writing *self = data;
  struct tcp_pcb *pcb = self->pcb;

  if (self->of->nodelay)
    tcp_nagle_disable (pcb);
  else
    tcp_nagle_enable (pcb);
  if (self->of->is_closed)
    g_assert_cmpint (tcp_shutdown (pcb, 0, 1), ==, ERR_OK);
  g_atomic_int_set (&allocations_left, self->of->allocations_left);
  for (guint i = 0; i < G_N_ELEMENTS (self->of->lens); i++)
    {
      err_t err;

      if (i > 0 && self->of->lens[i] == 0)
        break;
      err = self->write (pcb, pattern + 100 * i, self->of->lens[i]);
      g_string_append_printf (self->state, "error %d\n", err);
      if (self->of->output_between)
        tcp_output (pcb);
    }
  g_atomic_int_set (&allocations_left, -1);
  g_string_append_printf (self->state, "next %u room %u pbufs %u flags %x\n",
                          pcb->snd_lbb - pcb->lastack, (guint) pcb->snd_buf, pcb->tx->snd_queuelen,
                          pcb->flags);
  describe_segments (self->state, pcb, "unacked", pcb->tx->unacked);
  describe_segments (self->state, pcb, "unsent", pcb->tx->unsent);
  if (pcb->tx->unsent != NULL)
    g_assert_null (pcb->tx->last_unsent->next);
  tcp_output (pcb);
}

static char *
run_case (const Case *of, WriteFunc write)
{
  static const guint8 mss[] = { 2, 4, 536 >> 8, 536 & 0xff };
  g_autoptr (GString) state = g_string_new (NULL);
  Peer peer;
  World *world = peer_start (&peer);
  Writing writing = { of, write, NULL, state };
  Conn *conn;

  if (of->window != 0)
    peer.window = of->window;
  if (of->timestamps)
    {
      stack_run (&world->stacks[0], accept_timestamps, NULL);
      conn = open_with_timestamp (&peer, 1);
    }
  else
    {
      set_options (&peer, mss, sizeof mss);
      conn = peer_open (&peer);
    }
  writing.pcb = conn->pcb;
  stack_run (&world->stacks[0], write_messages, &writing);
  g_string_append_printf (state, "window %u\n", (guint) conn->pcb->snd_wnd_max);
  peer_stop (&peer);
  return g_string_free (g_steal_pointer (&state), FALSE);
}

static void
test_same (gconstpointer data)
{
  const Case *of = data;
  g_autofree char *plainly = run_case (of, write_plainly);
  g_autofree char *as_message = run_case (of, tcp_write_message);

  g_test_message ("%s", plainly);
  g_assert_cmpstr (as_message, ==, plainly);
}

int
main (int argc, char *argv[])
{
  lwip_test_init (&argc, &argv);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *path = g_strdup_printf ("/lwip/message/%s", cases[i].name);

      g_test_add_data_func (path, &cases[i], test_same);
    }
  return g_test_run ();
}
