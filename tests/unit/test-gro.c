/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* bursts of all kinds of segments through GRO: what is joined must be what would have come one by one,
   and everything else must be left as it is */
#include "dpdk-mempool-private.h"
#include "dpdk-stack-private.h"
#include "internet-sum.h"

#include <lwip/prot/tcp.h>
#include <string.h>

#define N_BURSTS 20000
#define MAX_BURST 32
#define N_FLOWS 12
#define SEGMENT 100
#define MAX_FRAME 1600

typedef struct {
  gboolean is_v6;
  guint options;
  guint8 id;
  guint32 sequence;
} Sender;

typedef struct {
  guint8 bytes[MAX_FRAME];
  guint length;
  guint header;
  gboolean may_join;
} Frame;

static guint8 *
get_tcp (guint8 *frame, gboolean is_v6)
{
  return frame + SIZEOF_ETH_HDR + (is_v6 ? IP6_HLEN : IP_HLEN);
}

static void
put_u32 (guint8 *at, guint32 value)
{
  dpdk_stack_frame_set_u16 (at, value >> 16);
  dpdk_stack_frame_set_u16 (at + 2, value & 0xffff);
}

/* a frame with right lengths and checksums */
static void
build (Frame *frame, const Sender *sender, guint8 flags, guint size, guint8 first)
{
  guint tcp_length = DPDK_STACK_TCP_MIN + sender->options, l4 = tcp_length + size;
  guint8 *ip = frame->bytes + SIZEOF_ETH_HDR, *tcp = get_tcp (frame->bytes, sender->is_v6);

  memset (frame->bytes, 0, sizeof frame->bytes);
  frame->header = (guint) (tcp - frame->bytes) + tcp_length;
  frame->length = frame->header + size;
  dpdk_stack_frame_set_u16 (frame->bytes + 12, sender->is_v6 ? ETHTYPE_IPV6 : ETHTYPE_IP);
  if (sender->is_v6)
    {
      ip[0] = 0x60;
      dpdk_stack_frame_set_u16 (ip + 4, l4);
      ip[6] = IP_PROTO_TCP;
      ip[7] = 64;
      ip[23] = sender->id;
      ip[39] = 1;
    }
  else
    {
      ip[0] = 0x45;
      dpdk_stack_frame_set_u16 (ip + 2, IP_HLEN + l4);
      /* each has another identification */
      dpdk_stack_frame_set_u16 (ip + 4, sender->sequence & 0xffff);
      ip[6] = 0x40;
      ip[8] = 64;
      ip[9] = IP_PROTO_TCP;
      ip[15] = sender->id;
      ip[19] = 1;
      dpdk_stack_frame_set_u16 (ip + 10, (guint16) ~internet_sum (ip, IP_HLEN, 0));
    }
  tcp[1] = sender->id;
  tcp[3] = 80;
  put_u32 (tcp + 4, sender->sequence);
  put_u32 (tcp + 8, 77);
  tcp[12] = (guint8) (tcp_length / 4 << 4);
  tcp[13] = flags;
  dpdk_stack_frame_set_u16 (tcp + 14, 1000);
  memset (tcp + DPDK_STACK_TCP_MIN, 1, sender->options);
  for (guint i = 0; i < size; i++)
    frame->bytes[frame->header + i] = (guint8) (first + i);
  dpdk_stack_frame_set_u16 (
      tcp + 16, (guint16) ~internet_sum (
                    tcp, l4,
                    IP_PROTO_TCP + l4 +
                        internet_sum (ip + (sender->is_v6 ? 8 : 12), sender->is_v6 ? 32 : 8, 0)));
  frame->may_join = size > 0 && (flags & ~TCP_PSH) == TCP_ACK;
}

static guint
choose_size (GRand *rand)
{
  switch (g_rand_int_range (rand, 0, 12))
    {
    case 0:
      return (guint) g_rand_int_range (rand, 1, SEGMENT);
    case 1:
      return SEGMENT + (guint) g_rand_int_range (rand, 1, SEGMENT);
    case 2:
      return 0;
    default:
      return SEGMENT;
    }
}

static guint8
choose_flags (GRand *rand)
{
  static const guint8 others[] = { TCP_ACK | TCP_PSH, TCP_ACK | TCP_FIN, TCP_SYN,
                                   TCP_ACK | TCP_URG, TCP_ACK | TCP_ECE, TCP_RST };

  return g_rand_int_range (rand, 0, 10) > 0
             ? TCP_ACK
             : others[g_rand_int_range (rand, 0, G_N_ELEMENTS (others))];
}

/* makes it something that must not become part of a larger segment; FALSE: nobody can see any more that
   it is of this sender */
static gboolean
spoil (Frame *frame, const Sender *sender, GRand *rand)
{
  switch (g_rand_int_range (rand, 0, 6))
    {
    case 0:
      /* damaged on its way */
      frame->bytes[frame->length - 1] ^= 0x20;
      break;
    case 1:
      get_tcp (frame->bytes, sender->is_v6)[16] ^= 1;
      break;
    case 2:
      /* padded */
      frame->length += 3;
      break;
    case 3:
      /* cut short */
      frame->length -= (guint) g_rand_int_range (rand, 1, (gint32) frame->length);
      frame->may_join = FALSE;
      return frame->length + sender->options >= frame->header;
    case 4:
      /* a header of TCP that is shorter than it can be, or longer than the packet */
      get_tcp (frame->bytes, sender->is_v6)[12] = g_rand_boolean (rand) ? 0x40 : 0xf0;
      break;
    default:
      frame->bytes[SIZEOF_ETH_HDR] ^= 0xf0;
      frame->may_join = FALSE;
      return FALSE;
    }
  frame->may_join = FALSE;
  return TRUE;
}

static struct rte_mbuf *
new_mbuf (struct rte_mempool *pool, const Frame *frame, GRand *rand)
{
  /* data may be in other buffers than the header, or begin in its */
  guint first = frame->header + (guint) g_rand_int_range (rand, 0, 3);
  struct rte_mbuf *mbuf = rte_pktmbuf_alloc (pool);

  if (g_rand_boolean (rand) || first > frame->length)
    first = frame->length;
  g_assert_nonnull (mbuf);
  memcpy (rte_pktmbuf_append (mbuf, (guint16) first), frame->bytes, first);
  for (guint at = first, n; at < frame->length; at += n)
    {
      struct rte_mbuf *more = rte_pktmbuf_alloc (pool);

      g_assert_nonnull (more);
      n = (guint) g_rand_int_range (rand, 1, (gint32) (frame->length - at) + 1);
      memcpy (rte_pktmbuf_append (more, (guint16) n), frame->bytes + at, n);
      g_assert_cmpint (rte_pktmbuf_chain (mbuf, more), ==, 0);
    }
  return mbuf;
}

static gboolean
is_joined (const struct rte_mbuf *mbuf)
{
  return (mbuf->ol_flags & RTE_MBUF_F_RX_LRO) != 0;
}

/* each buffer begins with its frame, of which the lengths and flags may have been changed since */
static gboolean
is_of (const Frame *frame, const Sender *sender, const struct rte_mbuf *mbuf, const guint8 *bytes)
{
  guint l4 = frame->header - DPDK_STACK_TCP_MIN - sender->options;

  if (!is_joined (mbuf))
    return mbuf->pkt_len == frame->length && memcmp (bytes, frame->bytes, frame->length) == 0;
  return frame->may_join && mbuf->pkt_len > frame->length &&
         memcmp (bytes + l4, frame->bytes + l4, 8) == 0 &&
         memcmp (bytes + frame->header, frame->bytes + frame->header,
                 frame->length - frame->header) == 0;
}

/* what came out as one: the frames of the sender from @first on in the order in which they came */
static void
check_output (struct rte_mbuf *mbuf, const Frame *frames, const guint *senders, guint n,
              gboolean *is_seen, Sender *all)
{
  guint8 bytes[MAX_BURST * MAX_FRAME], *tcp;
  guint length = rte_pktmbuf_pkt_len (mbuf), filled = 0, first = n, offset, n_joined = 0, sender;
  const Frame *head;
  guint8 flags;
  gboolean is_v6;

  g_assert_cmpuint (length, <=, sizeof bytes);
  rte_mbuf_sanity_check (mbuf, 1);
  for (struct rte_mbuf *segment = mbuf; segment != NULL; segment = segment->next)
    {
      memcpy (bytes + filled, rte_pktmbuf_mtod (segment, void *), segment->data_len);
      filled += segment->data_len;
      g_assert_cmpuint (filled, <=, length);
    }
  g_assert_cmpuint (filled, ==, length);
  for (guint i = 0; i < n && first == n; i++)
    if (!is_seen[i] && is_of (&frames[i], &all[senders[i]], mbuf, bytes))
      first = i;
  g_assert_cmpuint (first, <, n);
  sender = senders[first];
  /* nothing of the same sender was overtaken */
  for (guint i = 0; i < first; i++)
    g_assert_true (is_seen[i] || senders[i] != sender);
  is_seen[first] = TRUE;
  if (!is_joined (mbuf))
    return;

  head = &frames[first];
  is_v6 = all[sender].is_v6;
  tcp = get_tcp (bytes, is_v6);
  flags = get_tcp ((guint8 *) head->bytes, is_v6)[13];
  offset = head->length;
  for (guint i = first + 1; i < n && offset < length; i++)
    {
      guint size = frames[i].length - MIN (frames[i].header, frames[i].length);

      if (senders[i] != sender)
        continue;
      g_assert_false (is_seen[i]);
      g_assert_true (frames[i].may_join);
      g_assert_cmpmem (bytes + offset, size, frames[i].bytes + frames[i].header, size);
      flags |= get_tcp ((guint8 *) frames[i].bytes, is_v6)[13];
      is_seen[i] = TRUE;
      offset += size;
      n_joined++;
    }
  g_assert_cmpuint (offset, ==, length);
  g_assert_cmpuint (n_joined, >, 0);
  g_assert_cmphex (tcp[13], ==, flags);
  g_assert_cmpuint (dpdk_stack_frame_get_u16 (bytes + SIZEOF_ETH_HDR + (is_v6 ? 4 : 2)), ==,
                    length - SIZEOF_ETH_HDR - (is_v6 ? IP6_HLEN : 0));
  g_assert_cmphex (dpdk_stack_packet_get_verified (mbuf), ==,
                   PBUF_OFFLOAD_IP_CSUM | PBUF_OFFLOAD_L4_CSUM);
}

static void
run (struct rte_mempool *pool)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (0x6760);
  g_autofree Frame *frames = g_new0 (Frame, MAX_BURST);
  DpdkStack *stack = g_new0 (DpdkStack, 1);
  /* and one of which nothing is known */
  Sender senders[N_FLOWS + 1] = { 0 };
  guint64 n_joined = 0;

  for (guint i = 0; i < N_FLOWS; i++)
    senders[i] = (Sender){
      .is_v6 = i % 2 == 0,
      .options = i % 3 == 0 ? 12 : 0,
      .id = (guint8) (i + 1),
      /* wraps soon */
      .sequence = 0u - i * 1000,
    };
  for (guint burst = 0; burst < N_BURSTS; burst++)
    {
      guint n = (guint) g_rand_int_range (rand, 1, MAX_BURST + 1), n_left, of[MAX_BURST];
      guint n_active = (guint) g_rand_int_range (rand, 1, N_FLOWS + 1);
      struct rte_mbuf *packets[MAX_BURST];
      gboolean is_seen[MAX_BURST] = { FALSE };

      for (guint i = 0; i < n; i++)
        {
          Sender *sender = &senders[of[i] = (guint) g_rand_int_range (rand, 0, (gint32) n_active)];
          guint size = choose_size (rand);

          /* a gap, or something again */
          if (g_rand_int_range (rand, 0, 20) == 0)
            sender->sequence += (guint32) g_rand_int_range (rand, -2, 3) * SEGMENT;
          build (&frames[i], sender, choose_flags (rand), size, (guint8) g_rand_int (rand));
          sender->sequence += size;
          if (g_rand_int_range (rand, 0, 25) == 0 && !spoil (&frames[i], sender, rand))
            of[i] = N_FLOWS;
          packets[i] = new_mbuf (pool, &frames[i], rand);
          if (frames[i].may_join && g_rand_int_range (rand, 0, 4) == 0)
            packets[i]->ol_flags |= RTE_MBUF_F_RX_L4_CKSUM_GOOD | RTE_MBUF_F_RX_IP_CKSUM_GOOD;
        }
      n_left = dpdk_stack_gro (stack, packets, n);
      n_joined += n - n_left;
      g_assert_cmpuint (stack->gro_segments, ==, n_joined);
      for (guint i = 0; i < n_left; i++)
        {
          check_output (packets[i], frames, of, n, is_seen, senders);
          rte_pktmbuf_free (packets[i]);
        }
      for (guint i = 0; i < n; i++)
        g_assert_true (is_seen[i]);
    }
  g_assert_cmpuint (n_joined, >, N_BURSTS);
  g_free (stack);
}

static void
test_bursts (void)
{
  g_autoptr (GError) error = NULL;
  DpdkEal *eal = dpdk_eal_new (NULL, &error);
  DpdkMempool *pool;

  g_assert_no_error (error);
  pool = dpdk_mempool_new (eal, 4095, 0, 2048, -1, &error);
  g_assert_no_error (error);
  run (dpdk_mempool_get_native (pool));
  g_assert_cmpuint (dpdk_mempool_get_in_use (pool), ==, 0);
  g_object_unref (pool);
  g_object_unref (eal);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/unit/gro/bursts", test_bursts);
  return g_test_run ();
}
