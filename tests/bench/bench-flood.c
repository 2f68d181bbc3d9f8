/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bench-flood.h"

#include "bench-report.h"

#include <rte_byteorder.h>
#include <rte_ether.h>
#include <rte_ip.h>
#include <rte_tcp.h>
#include <stdlib.h>
#include <string.h>

#define SERVER_IP RTE_IPV4 (198, 18, 0, 1)
/* not those of the link */
#define FIRST_SOURCE RTE_IPV4 (10, 0, 0, 0)
#define SOURCES_MASK 0x00ffffffu
#define TTL 64

char *
bench_flood_round_to_string (const BenchFloodRound *self)
{
  return g_strdup_printf ("%u %u", self->rate, self->ms);
}

BenchFloodRound
bench_flood_round_parse (const char *command)
{
  g_auto (GStrv) words = g_strsplit (command, " ", 2);

  return (BenchFloodRound){ (guint) strtoul (words[0], NULL, 10), (guint) atoi (words[1]) };
}

void
bench_flood_begin (BenchFlood *self, guint rate)
{
  *self = (BenchFlood){
    .random = 88172645463325252,
    .since = g_get_monotonic_time (),
    .rate = rate,
  };
}

guint
bench_flood_get_due (const BenchFlood *self, guint max)
{
  gint64 elapsed = g_get_monotonic_time () - self->since;
  guint64 wanted;

  if (self->rate == BENCH_FLOOD_MAX)
    return max;
  wanted = (guint64) elapsed * self->rate / G_USEC_PER_SEC;
  return (guint) MIN (wanted - MIN (wanted, self->n_sent), (guint64) max);
}

double
bench_flood_get_rate (const BenchFlood *self)
{
  return (double) self->n_sent * G_USEC_PER_SEC /
         (double) MAX (g_get_monotonic_time () - self->since, 1);
}

void
bench_flood_make (BenchFlood *self, const guint8 server_mac[6],
                  guint8 frame[BENCH_FLOOD_FRAME_SIZE])
{
  struct rte_ether_hdr ether = { .ether_type = RTE_BE16 (RTE_ETHER_TYPE_IPV4) };
  struct rte_ipv4_hdr ip = {
    .version_ihl = RTE_IPV4_VHL_DEF,
    .total_length = rte_cpu_to_be_16 (BENCH_FLOOD_FRAME_SIZE - sizeof ether),
    .time_to_live = TTL,
    .next_proto_id = IPPROTO_TCP,
    .dst_addr = rte_cpu_to_be_32 (SERVER_IP),
  };
  struct rte_tcp_hdr tcp = {
    .dst_port = rte_cpu_to_be_16 (BENCH_FLOOD_PORT),
    .data_off = sizeof tcp << 2,
    .tcp_flags = RTE_TCP_SYN_FLAG,
    .rx_win = RTE_BE16 (0xffff),
  };

  G_STATIC_ASSERT (sizeof ether + sizeof ip + sizeof tcp == BENCH_FLOOD_FRAME_SIZE);
  self->random ^= self->random << 13;
  self->random ^= self->random >> 7;
  self->random ^= self->random << 17;
  memcpy (&ether.dst_addr, server_mac, sizeof ether.dst_addr);
  ether.src_addr.addr_bytes[0] = 2;
  ether.src_addr.addr_bytes[5] = 2;
  ip.src_addr = rte_cpu_to_be_32 (FIRST_SOURCE | ((guint32) self->random & SOURCES_MASK));
  ip.hdr_checksum = rte_ipv4_cksum (&ip);
  tcp.src_port = rte_cpu_to_be_16 ((guint16) (1024 + (self->random >> 24) % (65536 - 1024)));
  tcp.sent_seq = (guint32) (self->random >> 32);
  tcp.cksum = rte_ipv4_udptcp_cksum (&ip, &tcp);
  memcpy (frame, &ether, sizeof ether);
  memcpy (frame + sizeof ether, &ip, sizeof ip);
  memcpy (frame + sizeof ether + sizeof ip, &tcp, sizeof tcp);
  self->n_sent++;
}

guint
bench_flood_summarize (const BenchFlood *self, GArray *times, double values[BENCH_CHILD_MAX_VALUES])
{
  double sum = 0;

  for (guint i = 0; i < times->len; i++)
    sum += g_array_index (times, double, i);
  values[BENCH_FLOOD_MEDIAN] = bench_median (times);
  values[BENCH_FLOOD_MEAN] = sum / times->len;
  values[BENCH_FLOOD_RATE] = bench_flood_get_rate (self);
  values[BENCH_FLOOD_N_CONNECTIONS] = times->len;
  return BENCH_FLOOD_N_VALUES;
}
