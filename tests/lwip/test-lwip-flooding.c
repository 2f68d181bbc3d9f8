/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Who knows the hash, but not its key, cannot put many connections into one bucket.  Lengths of
 * chains are counted, not time. */

#include "lwip-peer.h"

#define CHOSEN 10000
/* what the table has for so many */
#define UNKEYED_BITS 14

typedef struct {
  guint8 address[4];
  guint16 port;
} Source;

/* The hash of tcp_demux.c as it would be without its key. */
static guint32
unkeyed (guint32 local, guint16 local_port, guint32 remote, guint16 remote_port)
{
  const unsigned __int128 product =
      (unsigned __int128) ((guint64) local << 32 | remote) *
      (((guint64) local_port << 16 | remote_port) ^ G_GUINT64_CONSTANT (0x9e3779b97f4a7c15));
  const guint64 folded = (guint64) product ^ (guint64) (product >> 64);

  return (guint32) (folded ^ (folded >> 32));
}

/* Sources whose connections to 10.0.0.1:80 fall into one bucket of an unkeyed table. */
static void
choose (Source *sources)
{
  const guint8 local_bytes[4] = { 10, 0, 0, 1 };
  guint64 state = 42;
  guint32 local;

  memcpy (&local, local_bytes, 4);
  for (guint n = 0; n < CHOSEN;)
    {
      guint8 bytes[4] = { 10 };
      guint32 remote;
      guint16 port;

      state = state * G_GUINT64_CONSTANT (6364136223846793005) + 1442695040888963407;
      bytes[1] = (guint8) (1 + (state >> 56) % 250);
      bytes[2] = (guint8) (state >> 48);
      bytes[3] = (guint8) (state >> 40);
      port = (guint16) (state >> 24);
      memcpy (&remote, bytes, 4);
      if (unkeyed (local, 80, remote, port) % (1 << UNKEYED_BITS) != 0)
        continue;
      memcpy (sources[n].address, bytes, 4);
      sources[n].port = port;
      n++;
    }
}

typedef struct {
  const Source *sources;
  guint n;
} Syns;

static void
send_syns (Stack *stack, gpointer data)
{
  const Syns *self = data;

  for (guint i = 0; i < self->n; i++)
    {
      const Source *source = &self->sources[i];
      const guint8 tcp[20] = { (guint8) (source->port >> 8),
                               (guint8) source->port,
                               0,
                               80,
                               [7] = 1,
                               [12] = 0x50,
                               [13] = TCP_SYN,
                               [14] = 0xff,
                               [15] = 0xff };
      GByteArray *bytes = frame_ip4 (IP_PROTO_TCP, tcp, sizeof tcp);

      memcpy (bytes->data + ETH_LEN + 12, source->address, 4);
      inject (stack, bytes);
      g_byte_array_unref (bytes);
      g_queue_clear_full (&stack->out, g_free);
    }
}

typedef struct {
  guint pcbs;
  guint32 hash; /* of the last one that was opened */
  guint buckets;
  guint fullest;
  guint chained; /* for which the bucket had no room */
} Chains;

/* What is in the buckets: those of linear hashing, and the hash that each pcb has. */
static void
count_chains (Stack *stack, gpointer data)
{
  Chains *self = data;
  const guint buckets = (guint) lwip_stats.tcp_events.buckets - tcp_time_wait_buckets ();
  g_autofree guint *lengths = g_new0 (guint, buckets);
  guint base = 1;

  while (base * 2 <= buckets)
    base *= 2;
  *self = (Chains){ .buckets = buckets, .hash = tcp_active_pcbs->hash.hash };
  for (const struct tcp_pcb *pcb = tcp_active_pcbs; pcb != NULL; pcb = pcb->next)
    {
      guint i = pcb->hash.hash & (base - 1);

      if (i < buckets - base)
        i = pcb->hash.hash & (2 * base - 1);
      self->pcbs++;
      self->chained += ++lengths[i] > TCP_HASH_WAYS;
      self->fullest = MAX (self->fullest, lengths[i]);
    }
}

static void
test_chosen (void)
{
  g_autofree Source *sources = g_new (Source, CHOSEN);
  Syns syns = { sources, CHOSEN };
  guint32 hashes[2];
  Peer peer;
  World *world = peer_start (&peer);
  Stack *stack = &world->stacks[0];

  choose (sources);
  for (guint round = 0; round < G_N_ELEMENTS (hashes); round++)
    {
      Chains chains;

      if (round > 0)
        {
          stack_run (stack, stack_down, NULL);
          stack_run (stack, stack_up, NULL);
          stack_run (stack, server_listen, NULL);
        }
      stack_run (stack, send_syns, &syns);
      stack_run (stack, count_chains, &chains);
      g_test_message ("%u connections, %u buckets with up to %u, %u had no room", chains.pcbs,
                      chains.buckets, chains.fullest, chains.chained);
      g_assert_cmpuint (chains.pcbs, ==, CHOSEN);
      g_assert_cmpuint (chains.buckets * TCP_HASH_LOAD, >=, CHOSEN);
      /* as for connections at random: a bucket that is about to be split has twice its share, with the
         scatter of Poisson */
      g_assert_cmpuint (chains.fullest, <=, 5 * TCP_HASH_LOAD + 6);
      g_assert_cmpuint (chains.chained, <=, chains.pcbs / 8);
      hashes[round] = chains.hash;
    }
  /* each instance has its own key */
  g_assert_cmphex (hashes[0], !=, hashes[1]);
  peer_stop (&peer);
}

int
main (int argc, char *argv[])
{
  lwip_test_init (&argc, &argv);
  g_test_add_func ("/lwip/flooding/chosen", test_chosen);
  return g_test_run ();
}
