/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The wheel of those that wait for a timer: nothing before its time and nothing after it, and no look at
 * a connection that has no deadline. */

#include "lwip-peer.h"

#include <lwip/priv/tcp_recovery.h>
#include <lwip/tcp_params.h>

#define N_MANY 100000
#define N_RANDOM 3000
#define N_STEPS 3000

typedef struct {
  struct tcp_pcb *pcb;
  guint due; /* tcp_ticks of the next poll, by what was set */
  guint n_polls;
} Timed;

/* A connection that nothing has been sent on. */
static struct tcp_pcb *
pcb_new (guint index)
{
  struct tcp_pcb *pcb = tcp_new ();

  g_assert_nonnull (pcb);
  IP_ADDR4 (&pcb->local_ip, 10, 0, 0, 1);
  IP_ADDR4 (&pcb->remote_ip, 10, 0, 0, 2);
  pcb->local_port = (u16_t) (1 + index / 50000);
  pcb->remote_port = (u16_t) (1 + index % 50000);
  pcb->state = ESTABLISHED;
  TCP_REG (&tcp_active_pcbs, pcb);
  return pcb;
}

static void
pcb_end (struct tcp_pcb *pcb)
{
  tcp_abandon (pcb, 0);
}

static guint64
n_visits (void)
{
  return lwip_stats.tcp_events.timer_visits;
}

static void
tick (void)
{
  tcp_tmr ();
  while (tcp_timed_due () != 0)
    tcp_tmr_more ();
}

static void
drop_frames (Stack *stack)
{
  g_queue_clear_full (&stack->out, g_free);
}

static void
set_keepalive (struct tcp_pcb *pcb, guint idle)
{
  tcp_set_keepalive_times (pcb, idle, 100000000, 9);
  tcp_set_keepalive (pcb, 1);
}

/* Deadlines of a tick, of more than a turn of the near slots, and of more than one of the far slots. */
static void
check_horizons (Stack *stack, gpointer data)
{
  static const guint slow_ticks[] = { 1,     2,     3,     100,   127,   128,   129,   255,
                                      256,   257,   1000,  32512, 32639, 32640, 32641, 32767,
                                      32768, 32769, 65279, 65280, 65281, 65536, 65537, 100000 };
  struct tcp_pcb *pcbs[G_N_ELEMENTS (slow_ticks)];
  guint32 start;
  guint64 visits;

  for (guint phase = 0; phase < 3; phase++)
    {
      start = tcp_ticks;
      visits = n_visits ();
      for (guint i = 0; i < G_N_ELEMENTS (slow_ticks); i++)
        {
          pcbs[i] = pcb_new (i);
          set_keepalive (pcbs[i], (slow_ticks[i] - 1) * TCP_SLOW_INTERVAL);
        }
      while (tcp_ticks - start < 100010)
        {
          tick ();
          for (guint i = 0; i < G_N_ELEMENTS (slow_ticks); i++)
            g_assert_cmpuint (pcbs[i]->keep_cnt_sent, ==, tcp_ticks - start >= slow_ticks[i]);
          drop_frames (stack);
        }
      /* one each when they are due, one when a far slot comes up, and those of a probe that is far away */
      g_assert_cmpuint (n_visits () - visits, >=, G_N_ELEMENTS (slow_ticks));
      g_assert_cmpuint (n_visits () - visits, <=, 8 * G_N_ELEMENTS (slow_ticks));
      for (guint i = 0; i < G_N_ELEMENTS (slow_ticks); i++)
        pcb_end (pcbs[i]);
      g_assert_true (tcp_timers_idle ());
      for (guint i = 0; i <= phase * 77; i++)
        tick ();
    }
}

static void
run_job (StackFunc func)
{
  Peer peer;
  World *world = peer_start (&peer);

  stack_run (&world->stacks[0], func, NULL);
  peer_stop (&peer);
}

static void
test_horizons (void)
{
  run_job (check_horizons);
}

/* Each time before its deadline something makes it later: it is looked at no more often than that. */
static void
check_many (Stack *stack, gpointer data)
{
  g_autofree struct tcp_pcb **pcbs = g_new (struct tcp_pcb *, N_MANY);
  const guint idle_ticks = 202;
  guint64 visits = n_visits ();

  /* those of neighbor discovery */
  drop_frames (stack);
  for (guint i = 0; i < N_MANY; i++)
    {
      pcbs[i] = pcb_new (i);
      set_keepalive (pcbs[i], 2000);
    }
  for (guint i = 0; i < 4 * idle_ticks; i++)
    {
      if (i % 50 == 0)
        for (guint j = 0; j < N_MANY; j++)
          {
            /* what a segment does */
            pcbs[j]->tmr = tcp_ticks;
            tcp_output (pcbs[j]);
          }
      tick ();
      if (i < idle_ticks - 2)
        g_assert_cmpuint (n_visits (), ==, visits);
    }
  g_assert_cmpuint (n_visits () - visits, >=, 4 * N_MANY);
  g_assert_cmpuint (n_visits () - visits, <=, 6 * N_MANY);
  g_assert_cmpuint (stack->out.length, ==, 0);
  for (guint i = 0; i < idle_ticks; i++)
    tick ();
  g_assert_cmpuint (stack->out.length, ==, N_MANY);
  drop_frames (stack);
  for (guint i = 0; i < N_MANY; i++)
    pcb_end (pcbs[i]);
  g_assert_true (tcp_timers_idle ());
}

static void
test_many (void)
{
  run_job (check_many);
}

/* Nothing to do, nothing is looked at. */
static void
check_idle (Stack *stack, gpointer data)
{
  struct tcp_pcb *waiting, *pcbs[100];
  guint64 visits;

  for (guint i = 0; i < G_N_ELEMENTS (pcbs); i++)
    pcbs[i] = pcb_new (i);
  g_assert_true (tcp_timers_idle ());
  waiting = pcb_new (G_N_ELEMENTS (pcbs));
  tcp_poll_interval (waiting, 25);
  g_assert_false (tcp_timers_idle ());
  visits = n_visits ();
  for (guint i = 0; i < 5000; i++)
    tick ();
  g_assert_cmpuint (n_visits () - visits, ==, 100);
  tcp_poll_interval (waiting, 0);
  for (guint i = 0; i < 50; i++)
    tick ();
  g_assert_true (tcp_timers_idle ());
  g_assert_cmpuint (n_visits () - visits, <=, 101);
  pcb_end (waiting);
  for (guint i = 0; i < G_N_ELEMENTS (pcbs); i++)
    pcb_end (pcbs[i]);
}

static void
test_idle (void)
{
  run_job (check_idle);
}

static err_t
count_poll (void *arg, struct tcp_pcb *pcb)
{
  Timed *timed = arg;

  g_assert_true (timed->pcb == pcb);
  g_assert_cmpuint (tcp_ticks, ==, timed->due);
  timed->due += pcb->pollinterval;
  timed->n_polls++;
  return ERR_OK;
}

static void
timed_open (Timed *timed, guint index, tcp_poll_fn poll)
{
  timed->pcb = pcb_new (index);
  tcp_arg (timed->pcb, timed);
  tcp_poll (timed->pcb, poll, 0);
}

static void
timed_set (Timed *timed, guint interval)
{
  if (interval != timed->pcb->pollinterval)
    timed->due = tcp_ticks + interval;
  tcp_poll_interval (timed->pcb, (u8_t) interval);
}

/* Deadlines come, go, and become earlier and later, and connections begin and end. */
static void
check_random (Stack *stack, gpointer data)
{
  g_autofree Timed *timed = g_new0 (Timed, N_RANDOM);
  g_autoptr (GRand) rand = g_rand_new_with_seed (7);
  guint64 n = 0;

  for (guint i = 0; i < N_RANDOM; i++)
    timed_open (&timed[i], i, count_poll);
  for (guint step = 0; step < N_STEPS; step++)
    {
      for (guint i = 0; i < 100; i++)
        {
          guint index = (guint) g_rand_int_range (rand, 0, N_RANDOM);

          switch (g_rand_int_range (rand, 0, 4))
            {
            case 0:
              pcb_end (timed[index].pcb);
              timed_open (&timed[index], index, count_poll);
              break;
            case 1:
              timed_set (&timed[index], 0);
              break;
            default:
              timed_set (&timed[index], (guint) g_rand_int_range (rand, 1, 256));
              break;
            }
        }
      tick ();
    }
  for (guint i = 0; i < N_RANDOM; i++)
    {
      if (timed[i].pcb->pollinterval != 0)
        g_assert_cmpint ((gint32) (timed[i].due - tcp_ticks), >, 0);
      n += timed[i].n_polls;
      pcb_end (timed[i].pcb);
    }
  g_assert_cmpuint (n, >, N_RANDOM);
  g_assert_true (tcp_timers_idle ());
}

static void
test_random (void)
{
  run_job (check_random);
}

static Timed *all;
static GRand *all_rand;

/* ends others, of which some are due now too, opens new ones in their place, and may end itself */
static err_t
end_others (void *arg, struct tcp_pcb *pcb)
{
  Timed *timed = arg;
  gboolean is_ended = FALSE;

  count_poll (arg, pcb);
  for (guint i = 0; i < 3; i++)
    {
      guint index = (guint) g_rand_int_range (all_rand, 0, N_RANDOM);

      is_ended |= &all[index] == timed;
      pcb_end (all[index].pcb);
      timed_open (&all[index], index, end_others);
      timed_set (&all[index], (guint) g_rand_int_range (all_rand, 1, 4));
    }
  return is_ended ? ERR_ABRT : ERR_OK;
}

static void
check_ended (Stack *stack, gpointer data)
{
  g_autofree Timed *timed = g_new0 (Timed, N_RANDOM);
  g_autoptr (GRand) rand = g_rand_new_with_seed (8);
  guint64 n = 0;

  all = timed;
  all_rand = rand;
  for (guint i = 0; i < N_RANDOM; i++)
    {
      timed_open (&timed[i], i, end_others);
      timed_set (&timed[i], 2);
    }
  for (guint step = 0; step < 200; step++)
    tick ();
  for (guint i = 0; i < N_RANDOM; i++)
    {
      g_assert_cmpint ((gint32) (timed[i].due - tcp_ticks), >, 0);
      n += timed[i].n_polls;
      pcb_end (timed[i].pcb);
    }
  g_assert_cmpuint (n, >, 10 * N_RANDOM);
  g_assert_true (tcp_timers_idle ());
}

static void
test_ended (void)
{
  run_job (check_ended);
}

static gboolean
count_frames (World *world, guint from, const guint8 *data, guint len)
{
  /* IPv4 */
  if (from == 0 && data[12] == 8 && data[13] == 0)
    ++*(guint *) world->filter_data;
  return FALSE;
}

/* The ms until the stack sends something; 0: it does not in most ms. */
static guint
time_to_frame (Peer *peer, guint most)
{
  World *world = peer->world;
  guint frames = 0, ms;

  world->filter = count_frames;
  world->filter_data = &frames;
  world->cut[0] = FALSE;
  for (ms = 0; ms < most && frames == 0; ms++)
    world_run (world, 1);
  world->cut[0] = TRUE;
  world->filter = NULL;
  return frames != 0 ? ms : 0;
}

static void
assert_silent (Peer *peer, guint ms)
{
  World *world = peer->world;
  guint frames = 0;

  world->filter = count_frames;
  world->filter_data = &frames;
  world->cut[0] = FALSE;
  world_run (world, ms);
  world->cut[0] = TRUE;
  world->filter = NULL;
  g_assert_cmpuint (frames, ==, 0);
}

static void
assert_between (guint ms, guint from, guint to)
{
  g_assert_cmpuint (ms, >, from);
  g_assert_cmpuint (ms, <=, to);
}

typedef struct {
  struct tcp_pcb *pcb;
  guint value;
} Setting;

static void
set_ack_delay (Stack *stack, gpointer data)
{
  Setting *setting = data;

  tcp_set_ack_delay (setting->pcb, (u16_t) setting->value);
}

static void
set_rto_min (Stack *stack, gpointer data)
{
  Setting *setting = data;

  tcp_set_rto_min (setting->pcb, (u16_t) setting->value);
}

static void
test_ack_delay (void)
{
  static const guint delays[] = { 1, 10, 11, 40, 200, 500 };
  Peer peer;
  World *world = peer_start (&peer);

  for (guint i = 0; i < G_N_ELEMENTS (delays); i++)
    {
      Conn *conn = peer_open (&peer);
      Setting setting = { conn->pcb, delays[i] };
      guint up = (delays[i] + 9) / 10 * 10;

      stack_run (&world->stacks[0], set_ack_delay, &setting);
      for (guint j = 0; j < 2; j++)
        {
          peer_send (&peer, TCP_ACK | TCP_PSH, peer.seq + 10 * j, peer.ack, 10);
          g_assert_cmpuint (peer.replies, ==, 0);
          /* the first tick begins somewhere */
          assert_between (time_to_frame (&peer, 1000), up - MIN (up, 11), up + 1);
          assert_silent (&peer, 1000);
        }
      /* the ACK of the second segment does not wait */
      peer_send (&peer, TCP_ACK | TCP_PSH, peer.seq + 20, peer.ack, 10);
      g_assert_cmpuint (peer.replies, ==, 0);
      peer_send (&peer, TCP_ACK | TCP_PSH, peer.seq + 30, peer.ack, 10);
      g_assert_cmpuint (peer.replies, ==, 1);
      assert_silent (&peer, 1000);
    }
  peer_stop (&peer);
}

/* The retransmission timer begins again with each ACK, and is twice as long after each time. */
static void
test_retransmission (void)
{
  Peer peer;
  World *world = peer_start (&peer);
  Conn *conn = peer_open (&peer);
  Setting setting = { conn->pcb, 300 };

  stack_run (&world->stacks[0], set_rto_min, &setting);
  stack_run (&world->stacks[0], conn_write, conn);
  stack_run (&world->stacks[0], conn_write, conn);
  drop_frames (&world->stacks[0]);
  peer_send (&peer, TCP_ACK, peer.seq, peer.ack + 500, 0);
  for (guint i = 0; i < 3; i++)
    {
      assert_silent (&peer, 250);
      peer_send (&peer, TCP_ACK, peer.seq, peer.ack + 600 + i, 0);
    }
  assert_between (time_to_frame (&peer, 1000), 280, 340);
  assert_between (time_to_frame (&peer, 1000), 580, 640);
  assert_between (time_to_frame (&peer, 2000), 1180, 1240);
  /* all of it has arrived */
  peer_send (&peer, TCP_ACK, peer.seq, peer.ack + 2000, 0);
  assert_silent (&peer, 10000);
  /* it begins anew */
  stack_run (&world->stacks[0], conn_write, conn);
  drop_frames (&world->stacks[0]);
  assert_between (time_to_frame (&peer, 1000), 280, 340);
  peer_stop (&peer);
}

static void
write_little (Stack *stack, gpointer data)
{
  Conn *conn = data;

  g_assert_cmpint (tcp_write (conn->pcb, pattern, 10, TCP_WRITE_FLAG_COPY), ==, ERR_OK);
  tcp_output (conn->pcb);
}

/* A tail loss probe leaves the peer time to delay its ACK, as the retransmission timer does. */
static void
test_probe (void)
{
  static const guint8 sack_permitted[] = { 4, 2, 1, 1 };
  static const guint times[][2] = { { 400, 200 }, { 600, 300 }, { 1000, 500 }, { 3000, 500 } };
  Peer peer;
  World *world = peer_start (&peer);

  for (guint i = 0; i < G_N_ELEMENTS (times); i++)
    {
      Setting setting = { .value = times[i][0] };
      PcbInfo info;
      Conn *conn;

      set_options (&peer, sack_permitted, sizeof sack_permitted);
      conn = peer_open (&peer);
      setting.pcb = info.pcb = conn->pcb;
      stack_run (&world->stacks[0], set_rto_min, &setting);
      stack_run (&world->stacks[0], write_little, conn);
      drop_frames (&world->stacks[0]);
      assert_between (time_to_frame (&peer, 5000), times[i][1], times[i][1] + 24);
      /* which is no timeout */
      stack_run (&world->stacks[0], pcb_info, &info);
      g_assert_cmpint (info.rto, ==, times[i][0] / TCP_SLOW_INTERVAL + 1);
      peer_send (&peer, TCP_ACK, peer.seq, peer.ack + 10, 0);
      assert_silent (&peer, 5000);
    }
  peer_stop (&peer);
}

static void
test_persist (void)
{
  Peer peer;
  World *world = peer_start (&peer);
  Conn *conn = peer_open (&peer);

  peer.window = 0;
  peer_send (&peer, TCP_ACK, peer.seq, peer.ack, 0);
  stack_run (&world->stacks[0], conn_write, conn);
  g_assert_cmpuint (world->stacks[0].out.length, ==, 0);
  assert_between (time_to_frame (&peer, 5000), 1480, 1540);
  assert_between (time_to_frame (&peer, 5000), 2980, 3040);
  assert_between (time_to_frame (&peer, 10000), 5980, 6040);
  peer_stop (&peer);
}

/* The last byte goes with a probe: there is nothing left to probe for. */
static void
test_persist_last (void)
{
  Peer peer;
  World *world = peer_start (&peer);
  Conn *conn = peer_open (&peer);

  peer.window = 9;
  peer_send (&peer, TCP_ACK, peer.seq, peer.ack, 0);
  stack_run (&world->stacks[0], write_little, conn);
  /* cuts the segment */
  g_assert_cmpuint (time_to_frame (&peer, 5000), >, 0);
  peer.window = 0;
  peer_send (&peer, TCP_ACK, peer.seq, peer.ack + 9, 0);
  g_assert_cmpuint (time_to_frame (&peer, 5000), >, 0);
  peer_send (&peer, TCP_ACK, peer.seq, peer.ack + 10, 0);
  assert_silent (&peer, 200000);
  g_assert_nonnull (conn->pcb);
  peer_stop (&peer);
}

static void
close_it (Stack *stack, gpointer data)
{
  conn_finish (data);
}

static void
shut_down (Stack *stack, gpointer data)
{
  Conn *conn = data;

  tcp_shutdown (conn->pcb, 0, 1);
}

/* The only connection ends after that time. */
static void
assert_ends (World *world, guint ms)
{
  world_run (world, ms - 30);
  g_assert_cmpuint (world_count (world, 0).active, ==, 1);
  world_run (world, 90);
  g_assert_cmpuint (world_count (world, 0).active, ==, 0);
}

static void
test_states (void)
{
  Peer peer;
  World *world = peer_start (&peer);
  Conn *conn = peer_open (&peer);

  /* FIN-WAIT-2 with nobody who would read */
  stack_run (&world->stacks[0], close_it, conn);
  drop_frames (&world->stacks[0]);
  peer_send (&peer, TCP_ACK, peer.seq, peer.ack + 1, 0);
  assert_ends (world, TCP_FIN_WAIT_TIMEOUT);

  /* with somebody it lasts, until he goes, too */
  conn = peer_open (&peer);
  stack_run (&world->stacks[0], shut_down, conn);
  drop_frames (&world->stacks[0]);
  peer_send (&peer, TCP_ACK, peer.seq, peer.ack + 1, 0);
  world_run (world, 120000);
  g_assert_cmpuint (world_count (world, 0).active, ==, 1);
  stack_run (&world->stacks[0], close_it, conn);
  world_run (world, TCP_FIN_WAIT_TIMEOUT + 60);
  g_assert_cmpuint (world_count (world, 0).active, ==, 0);

  /* SYN-RECEIVED */
  peer.port++;
  peer_send (&peer, TCP_SYN, 999, 0, 0);
  g_assert_cmpuint (world_count (world, 0).active, ==, 1);
  assert_ends (world, TCP_SYN_RCVD_TIMEOUT);

  /* LAST-ACK */
  conn = peer_open (&peer);
  peer_send (&peer, TCP_ACK | TCP_FIN, peer.seq, peer.ack, 0);
  stack_run (&world->stacks[0], close_it, conn);
  assert_ends (world, 2 * TCP_MSL);
  peer_stop (&peer);
}

/* Data out of sequence is not kept for ever. */
static void
test_out_of_sequence (void)
{
  Peer peer;
  World *world = peer_start (&peer);
  Conn *conn = peer_open (&peer);
  PcbInfo info = { .pcb = conn->pcb };
  guint ms = 0, expected;

  peer_send (&peer, TCP_ACK | TCP_PSH, peer.seq + 10, peer.ack, 10);
  stack_run (&world->stacks[0], pcb_info, &info);
  g_assert_cmpuint (info.ooseq, ==, 1);
  expected = (guint) info.rto * TCP_SLOW_INTERVAL * TCP_OOSEQ_TIMEOUT;
  while (info.ooseq != 0 && ms < 2 * expected)
    {
      world_run (world, 10);
      stack_run (&world->stacks[0], pcb_info, &info);
      ms += 10;
    }
  assert_between (ms, expected - 40, expected + 40);
  peer_stop (&peer);
}

/* An ACK that is due does not wait until the Nagle algorithm lets data go. */
static void
turn_nagle_on (Stack *stack, gpointer data)
{
  tcp_nagle_enable (((Conn *) data)->pcb);
}

static void
test_ack_with_nagle (void)
{
  Peer peer;
  World *world = peer_start (&peer);
  Conn *conn = peer_open (&peer);

  stack_run (&world->stacks[0], turn_nagle_on, conn);
  for (guint i = 0; i < 2; i++)
    stack_run (&world->stacks[0], write_little, conn);
  g_assert_cmpuint (world->stacks[0].out.length, ==, 1);
  drop_frames (&world->stacks[0]);
  peer_send (&peer, TCP_ACK | TCP_PSH, peer.seq, peer.ack, 10);
  g_assert_cmpuint (peer.replies, ==, 0);
  peer_send (&peer, TCP_ACK | TCP_PSH, peer.seq + 10, peer.ack, 10);
  g_assert_cmpuint (peer.replies, ==, 1);
  g_assert_cmpuint (peer.reply_len, ==, 0);
  g_assert_cmphex (peer.reply_ack, ==, peer.seq + 20);
  peer_stop (&peer);
}

int
main (int argc, char *argv[])
{
  lwip_test_init (&argc, &argv);
  g_test_add_func ("/lwip/wheel/ack-delay", test_ack_delay);
  g_test_add_func ("/lwip/wheel/ack-with-nagle", test_ack_with_nagle);
  g_test_add_func ("/lwip/wheel/ended", test_ended);
  g_test_add_func ("/lwip/wheel/horizons", test_horizons);
  g_test_add_func ("/lwip/wheel/idle", test_idle);
  g_test_add_func ("/lwip/wheel/many", test_many);
  g_test_add_func ("/lwip/wheel/out-of-sequence", test_out_of_sequence);
  g_test_add_func ("/lwip/wheel/persist", test_persist);
  g_test_add_func ("/lwip/wheel/persist-last", test_persist_last);
  g_test_add_func ("/lwip/wheel/probe", test_probe);
  g_test_add_func ("/lwip/wheel/random", test_random);
  g_test_add_func ("/lwip/wheel/retransmission", test_retransmission);
  g_test_add_func ("/lwip/wheel/states", test_states);
  return g_test_run ();
}
