/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What ICMP tells of the path of a connection, and who may tell it. */

#include "lwip-peer.h"

#include <lwip/tcp_params.h>

/* where a frame has what */
#define IS_V6(frame) ((frame)[12] == 0x86)
#define TCP_AT(frame) (ETH_LEN + (IS_V6 (frame) ? 40 : 20))

/* A router between the two stacks, with a link behind it that is narrower. */
typedef struct {
  guint mtu;
  guint announced; /* the MTU that it tells, 0: old, it does not */
  gboolean silent;
  guint too_big; /* packets it has dropped, */
  guint sent; /* answered, */
  guint fragmented; /* and sent on, larger than its MTU, because it may fragment them */
  guint largest; /* that went through whole */
  gboolean all_marked; /* every IPv4 segment has DF */
} Router;

static gboolean
is_tcp (const guint8 *frame)
{
  if (IS_V6 (frame))
    return frame[ETH_LEN + 6] == IP_PROTO_TCP;
  return frame[12] == 0x08 && frame[13] == 0x00 && frame[ETH_LEN + 9] == IP_PROTO_TCP;
}

static void
put16 (guint8 *at, guint value)
{
  at[0] = (guint8) (value >> 8);
  at[1] = (guint8) value;
}

/* An ICMP error from 10.0.0.9 or fd00::9 about a frame, as a frame for who has sent it. */
static Frame *
icmp_error (const guint8 *about, guint len, guint8 type, guint8 code, guint value)
{
  const gboolean v6 = IS_V6 (about);
  const guint quoted = MIN (len - ETH_LEN, v6 ? 1200u : 28u);
  const guint ip_len = v6 ? 40 : 20;
  Frame *frame = g_malloc0 (sizeof (Frame) + ETH_LEN + ip_len + 8 + quoted);
  guint8 *ip = frame->data + ETH_LEN, *icmp = ip + ip_len;
  guint16 sum;

  frame->len = ETH_LEN + ip_len + 8 + quoted;
  memcpy (frame->data, about + 6, 6);
  memcpy (frame->data + 6, "\2\0\0\0\0\x9", 6);
  memcpy (frame->data + 12, about + 12, 2);
  icmp[0] = type;
  icmp[1] = code;
  put16 (icmp + 6, value);
  memcpy (icmp + 8, about + ETH_LEN, quoted);
  if (v6)
    {
      g_autofree guint8 *pseudo = g_malloc0 (40 + 8 + quoted);
      ip[0] = 0x60;
      put16 (ip + 4, 8 + quoted);
      ip[6] = IP6_NEXTH_ICMP6;
      ip[7] = 64;
      memcpy (ip + 8, "\xfd\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x9", 16);
      memcpy (ip + 24, about + ETH_LEN + 8, 16);
      memcpy (pseudo, ip + 8, 32);
      put16 (pseudo + 34, 8 + quoted);
      pseudo[39] = IP6_NEXTH_ICMP6;
      memcpy (pseudo + 40, icmp, 8 + quoted);
      sum = inet_chksum (pseudo, (u16_t) (40 + 8 + quoted));
    }
  else
    {
      ip[0] = 0x45;
      put16 (ip + 2, 20 + 8 + quoted);
      ip[8] = 64;
      ip[9] = IP_PROTO_ICMP;
      memcpy (ip + 12, "\xa\0\0\x9", 4);
      memcpy (ip + 16, about + ETH_LEN + 12, 4);
      sum = inet_chksum (ip, 20);
      memcpy (ip + 10, &sum, 2);
      sum = inet_chksum (icmp, (u16_t) (8 + quoted));
    }
  memcpy (icmp + 2, &sum, 2);
  return frame;
}

static void
frame_return (World *world, guint to, Frame *frame)
{
  Stack *stack = &world->stacks[to];

  frame->at = clock_ms + 1;
  g_queue_push_head (&stack->in, frame);
}

static gboolean
filter_router (World *world, guint from, const guint8 *data, guint len)
{
  Router *router = world->filter_data;
  const gboolean v6 = IS_V6 (data);
  const guint packet = len - ETH_LEN;

  if (!is_tcp (data))
    return TRUE;
  /* but for a reset of no connection */
  if (!v6 && (data[ETH_LEN + 6] & 0x40) == 0 && (data[TCP_AT (data) + 13] & TCP_RST) == 0)
    router->all_marked = FALSE;
  if (packet <= router->mtu)
    {
      /* the server may never have sent what is too large, and then knows of nothing */
      if (from == 1)
        router->largest = MAX (router->largest, packet);
      return TRUE;
    }
  if (!v6 && (data[ETH_LEN + 6] & 0x40) == 0)
    {
      router->fragmented++;
      return TRUE;
    }
  router->too_big++;
  if (!router->silent)
    {
      router->sent++;
      frame_return (world, from,
                    v6 ? icmp_error (data, len, ICMP6_TYPE_PTB, 0, router->announced)
                       : icmp_error (data, len, ICMP_DUR, ICMP_DUR_FRAG, router->announced));
    }
  return FALSE;
}

typedef struct {
  gboolean ipv6;
  Router router;
  guint mtu; /* of both stacks */
  guint largest; /* expected */
  gboolean fragments; /* expected */
  gboolean small;
  gboolean timestamps;
  double loss;
  guint max_ms;
} Case;

static void
use_timestamps (struct tcp_pcb *pcb, gpointer data)
{
  g_assert_cmpint (tcp_set_timestamps (pcb, 1), ==, ERR_OK);
}

static void
test_narrow (gconstpointer data)
{
  const Case *test = data;

  for (guint seed = 0; seed < 5; seed++)
    {
      World *world = world_new (seed);
      Router router = test->router;
      Connect connect = { .ipv6 = test->ipv6,
                          .bytes = 600000,
                          .small = test->small,
                          .prepare = test->timestamps ? use_timestamps : NULL };
      struct stats_ stats[2];
      guint32 begin;

      world->stacks[0].mtu = world->stacks[1].mtu = (guint16) test->mtu;
      world->filter = filter_router;
      world->filter_data = &router;
      world->delay = 2 + seed;
      world->loss = test->loss;
      router.all_marked = TRUE;
      world_start (world);
      stack_run (&world->stacks[0], server_listen, NULL);
      begin = clock_ms;
      transfer (world, &connect, test->max_ms);
      g_test_message ("seed %u: %u ms, %u too big, %u answered, %u fragmented, largest %u", seed,
                      clock_ms - begin, router.too_big, router.sent, router.fragmented,
                      router.largest);
      for (guint i = 0; i < 2; i++)
        stack_run (&world->stacks[i], stack_stats, &stats[i]);
      g_assert_cmpuint (stats[1].tcp_events.path_mtu, >=, 1);
      g_assert_cmpuint (router.too_big, >, 0);
      if (test->fragments)
        g_assert_cmpuint (router.fragmented, >, 0);
      else
        {
          g_assert_cmpuint (router.fragmented, ==, 0);
          g_assert_true (router.all_marked || test->ipv6 || router.announced < 552);
          /* it uses what there is */
          g_assert_cmpuint (router.largest, ==, test->largest);
        }
      check_all_closed (world);
      world_free (world);
    }
}

/* a FIN that was on a segment which had to be cut belongs to its end */
static void
test_fin (gconstpointer data)
{
  for (guint bytes = 1300; bytes < 4500; bytes += 379)
    {
      World *world = world_new (bytes);
      Router router = { .mtu = 1280, .announced = 1280 };
      Connect connect = { .ipv6 = GPOINTER_TO_INT (data), .bytes = bytes };

      world->filter = filter_router;
      world->filter_data = &router;
      world_start (world);
      stack_run (&world->stacks[0], server_listen, NULL);
      transfer (world, &connect, 5000);
      g_assert_cmpuint (router.too_big, >, 0);
      world_free (world);
    }
}

typedef struct {
  struct tcp_pcb *pcb;
  guint16 mss;
  guint32 lastack;
  guint32 snd_nxt;
  guint8 dont_fragment;
} PathInfo;

static void
path_info (Stack *stack, gpointer data)
{
  PathInfo *info = data;

  info->mss = info->pcb->mss;
  info->lastack = info->pcb->lastack;
  info->snd_nxt = info->pcb->snd_nxt;
  info->dont_fragment = info->pcb->netif_hints.dont_fragment;
}

/* A packet of stack 0 that quotes these numbers, and an error about it. */
static GByteArray *
forged_error (guint16 local_port, guint16 remote_port, guint32 seqno, guint16 packet_len,
              guint8 type, guint8 code, guint value)
{
  guint8 frame[ETH_LEN + 28] = { 2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 0x08, 0x00, 0x45 };
  guint8 *ip = frame + ETH_LEN, *tcp = ip + 20;
  GByteArray *bytes = g_byte_array_new ();
  g_autofree Frame *error = NULL;

  put16 (ip + 2, packet_len);
  ip[6] = 0x40;
  ip[9] = IP_PROTO_TCP;
  memcpy (ip + 12, "\xa\0\0\1\xa\0\0\2", 8);
  put16 (tcp, local_port);
  put16 (tcp + 2, remote_port);
  put16 (tcp + 4, seqno >> 16);
  put16 (tcp + 6, seqno & 0xffff);
  error = icmp_error (frame, sizeof frame, type, code, value);
  g_byte_array_append (bytes, error->data, error->len);
  return bytes;
}

/* Everybody can send ICMP errors. */
static void
test_forged (void)
{
  static const guint8 mss_1460[] = { 2, 4, 1460 >> 8, 1460 & 0xff };
  Peer peer;
  World *world = peer_start (&peer);
  PathInfo info;
  struct stats_ before, after;
  GByteArray *bytes;
  Conn *conn;
  guint32 seq;

  set_options (&peer, mss_1460, sizeof mss_1460);
  conn = peer_open (&peer);
  info.pcb = conn->pcb;
  stack_run (&world->stacks[0], conn_write, conn);
  g_queue_clear_full (&world->stacks[0].out, g_free);
  stack_run (&world->stacks[0], path_info, &info);
  g_assert_cmpuint (info.mss, ==, 1460);
  g_assert_true (info.dont_fragment);
  g_assert_cmpuint (info.snd_nxt - info.lastack, ==, 1000);
  seq = info.lastack;

  stack_run (&world->stacks[0], stack_stats, &before);
  /* numbers that are not in flight */
  world_inject (world, forged_error (80, peer.port, seq - 1, 1500, 3, 4, 600));
  world_inject (world, forged_error (80, peer.port, seq + 1000, 1500, 3, 4, 600));
  world_inject (world, forged_error (80, peer.port, seq + 0x80000000u, 1500, 3, 4, 600));
  /* of another connection, or of none */
  world_inject (world, forged_error (80, (guint16) (peer.port + 1), seq, 1500, 3, 4, 600));
  world_inject (world, forged_error (81, peer.port, seq, 1500, 3, 4, 600));
  /* that are too small for what is quoted */
  world_inject (world, forged_error (80, peer.port, seq, 1040, 3, 4, 1040));
  world_inject (world, forged_error (80, peer.port, seq, 600, 3, 4, 1400));
  stack_run (&world->stacks[0], stack_stats, &after);
  g_assert_cmpuint (after.tcp_events.icmp_ignored - before.tcp_events.icmp_ignored, ==, 7);
  /* from somebody else than the quoted one, with a wrong checksum, too short */
  bytes = forged_error (80, peer.port, seq, 1500, 3, 4, 600);
  bytes->data[ETH_LEN + 20 + 8 + 15]++;
  world_inject (world, bytes);
  for (guint cut = 1; cut <= 28; cut++)
    {
      bytes = forged_error (80, peer.port, seq, 1500, 3, 4, 600);
      g_byte_array_set_size (bytes, bytes->len - cut);
      put16 (bytes->data + ETH_LEN + 2, bytes->len - ETH_LEN);
      world_inject (world, bytes);
    }
  stack_run (&world->stacks[0], path_info, &info);
  g_assert_cmpuint (info.mss, ==, 1460);
  g_assert_true (info.dont_fragment);
  g_assert_cmpuint (world->stacks[0].out.length, ==, 0);

  /* nothing of that kind ends a connection: neither do those that are right */
  for (guint8 code = 0; code < 16; code++)
    {
      if (code == ICMP_DUR_FRAG)
        continue;
      world_inject (world, forged_error (80, peer.port, seq, 1040, ICMP_DUR, code, 0));
      world_inject (world, forged_error (80, peer.port, seq, 1040, ICMP_TE, code, 0));
      world_inject (world, forged_error (80, peer.port, seq, 1040, ICMP_SQ, code, 0));
    }
  g_assert_nonnull (conn->pcb);
  stack_run (&world->stacks[0], path_info, &info);
  g_assert_cmpuint (info.mss, ==, 1460);

  /* one that is: the segment comes again, in two. It is no smaller than it has to be. */
  world_inject (world, forged_error (80, peer.port, seq, 1040, 3, 4, 700));
  stack_run (&world->stacks[0], path_info, &info);
  g_assert_cmpuint (info.mss, ==, 660);
  /* larger again: no */
  world_inject (world, forged_error (80, peer.port, seq, 1040, 3, 4, 800));
  stack_run (&world->stacks[0], path_info, &info);
  g_assert_cmpuint (info.mss, ==, 660);
  g_assert_true (info.dont_fragment);
  /* absurdly small: as small as we go, and fragmented by whom that does not suffice */
  world_inject (world, forged_error (80, peer.port, seq, 1040, 3, 4, 68));
  stack_run (&world->stacks[0], path_info, &info);
  g_assert_cmpuint (info.mss, ==, 552 - 40);
  g_assert_false (info.dont_fragment);
  peer_send (&peer, TCP_ACK, peer.seq, peer.ack + 1000, 0);
  g_assert_cmpuint (conn->acked, ==, 1000);

  /* after a while the path may be larger again */
  world_run (world, 10 * 60 * 1000 + 1000);
  stack_run (&world->stacks[0], conn_write, conn);
  stack_run (&world->stacks[0], path_info, &info);
  g_assert_cmpuint (info.mss, ==, 1460);
  g_assert_true (info.dont_fragment);
  peer_stop (&peer);
}

typedef struct {
  guint8 type;
  guint8 code;
} Refusal;

static gboolean
filter_refuse (World *world, guint from, const guint8 *data, guint len)
{
  const Refusal *refusal = world->filter_data;

  if (from != 1 || !is_tcp (data))
    return TRUE;
  frame_return (world, from, icmp_error (data, len, refusal->type, refusal->code, 0));
  return FALSE;
}

/* To open a connection takes long enough when nobody says that it is in vain. */
static void
test_refused (void)
{
  static const struct {
    gboolean ipv6;
    Refusal refusal;
    err_t err; /* ERR_OK: it goes on trying */
  } cases[] = {
    { FALSE, { ICMP_DUR, ICMP_DUR_NET }, ERR_OK },
    { FALSE, { ICMP_DUR, ICMP_DUR_HOST }, ERR_OK },
    { FALSE, { ICMP_DUR, ICMP_DUR_PROTO }, ERR_RST },
    { FALSE, { ICMP_DUR, ICMP_DUR_PORT }, ERR_RST },
    { FALSE, { ICMP_DUR, 9 }, ERR_RTE },
    { FALSE, { ICMP_DUR, 10 }, ERR_RTE },
    { FALSE, { ICMP_DUR, 13 }, ERR_RTE },
    { FALSE, { ICMP_TE, ICMP_TE_TTL }, ERR_OK },
    { TRUE, { ICMP6_TYPE_DUR, ICMP6_DUR_NO_ROUTE }, ERR_OK },
    { TRUE, { ICMP6_TYPE_DUR, ICMP6_DUR_PROHIBITED }, ERR_RTE },
    { TRUE, { ICMP6_TYPE_DUR, ICMP6_DUR_PORT }, ERR_RST },
    { TRUE, { ICMP6_TYPE_TE, 0 }, ERR_OK },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      World *world = world_new (i);
      Refusal refusal = cases[i].refusal;
      Connect connect = { .ipv6 = cases[i].ipv6, .bytes = 100 };

      world->filter = filter_refuse;
      world->filter_data = &refusal;
      world_start (world);
      stack_run (&world->stacks[0], server_listen, NULL);
      stack_run (&world->stacks[1], client_connect, &connect);
      world_run (world, 1500);
      g_assert_cmpint (connect.conn->err, ==, cases[i].err);
      g_assert_true ((connect.conn->pcb == NULL) == (cases[i].err != ERR_OK));
      if (cases[i].err == ERR_OK)
        {
          /* and when the way is free again it gets there */
          world->filter = NULL;
          world_run (world, 10000);
          g_assert_cmpuint (connect.conn->received, ==, connect.bytes);
        }
      world_free (world);
    }
}

typedef struct {
  guint16 mtu;
} Mtu;

static void
stack_peer_mtu (Stack *stack, gpointer data)
{
  Mtu *mtu = data;
  ip6_addr_t addr;

  stack_ip6 (1 - stack->id, &addr);
  mtu->mtu = nd6_get_destination_mtu (&addr, &stack->netif);
}

/* The path MTU of an IPv6 destination serves all that goes there. */
static void
test_destination (void)
{
  World *world = world_new (1);
  Router router = { .mtu = 1300, .announced = 1300 };
  Connect connect = { .ipv6 = TRUE, .bytes = 100000 };
  Mtu mtu;
  guint too_big;

  world->filter = filter_router;
  world->filter_data = &router;
  world_start (world);
  stack_run (&world->stacks[0], server_listen, NULL);
  transfer (world, &connect, 20000);
  stack_run (&world->stacks[1], stack_peer_mtu, &mtu);
  g_assert_cmpuint (mtu.mtu, ==, 1300);
  /* the next connection knows */
  too_big = router.too_big;
  transfer (world, &connect, 20000);
  g_assert_cmpuint (router.too_big, ==, too_big);
  /* until it is forgotten */
  world_run (world, 10 * 60 * 1000 + 2000);
  stack_run (&world->stacks[1], stack_peer_mtu, &mtu);
  g_assert_cmpuint (mtu.mtu, ==, 1500);
  world_free (world);
}

int
main (int argc, char *argv[])
{
  static const Case cases[] = {
    /* IPv4: a common tunnel, a large step, a router that does not tell, one with an absurd MTU */
    { FALSE, { .mtu = 1400, .announced = 1400 }, 1500, 1400, .max_ms = 4000 },
    { FALSE, { .mtu = 576, .announced = 576 }, 9000, 576, .max_ms = 8000 },
    { FALSE, { .mtu = 552, .announced = 0 }, 1500, 552, .max_ms = 8000 },
    { FALSE, { .mtu = 296, .announced = 296 }, 1500, 0, TRUE, .max_ms = 8000 },
    { FALSE, { .mtu = 1400, .announced = 1400 }, 1500, 1400, .small = TRUE, .max_ms = 20000 },
    { FALSE,
      { .mtu = 1000, .announced = 1000 },
      1500,
      1000,
      .timestamps = TRUE,
      .loss = 0.01,
      .max_ms = 30000 },
    /* nobody tells: it takes some timeouts */
    { FALSE, { .mtu = 1400, .silent = TRUE }, 1500, 576, .max_ms = 60000 },
    { TRUE, { .mtu = 1400, .announced = 1400 }, 1500, 1400, .max_ms = 4000 },
    { TRUE, { .mtu = 1280, .announced = 1280 }, 9000, 1280, .max_ms = 8000 },
    { TRUE, { .mtu = 1400, .silent = TRUE }, 1500, 1280, .max_ms = 60000 },
    { TRUE, { .mtu = 1300, .announced = 1300 }, 1500, 1300, .loss = 0.01, .max_ms = 30000 },
  };

  lwip_test_init (&argc, &argv);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree gchar *path =
          g_strdup_printf ("/lwip/path/%s/%u-%u-%u", cases[i].ipv6 ? "ipv6" : "ipv4", cases[i].mtu,
                           cases[i].router.mtu, i);
      g_test_add_data_func (path, &cases[i], test_narrow);
    }
  g_test_add_data_func ("/lwip/path/fin/ipv4", GINT_TO_POINTER (0), test_fin);
  g_test_add_data_func ("/lwip/path/fin/ipv6", GINT_TO_POINTER (1), test_fin);
  g_test_add_func ("/lwip/path/forged", test_forged);
  g_test_add_func ("/lwip/path/refused", test_refused);
  g_test_add_func ("/lwip/path/destination", test_destination);
  return g_test_run ();
}
