/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Our Internet checksum against lwIP's own three, and against one that is too simple to be wrong. */

#include "lwip-reference-checksum.h"

#include <glib.h>
#include <lwip/inet_chksum.h>
#include <lwip/prot/ip.h>
#include <string.h>

#include <dpdk-lwip-port.h>

/* an aligned start, any alignment before it, and some room behind it */
#define MAX_LENGTH 66000
#define SLACK 64
#define GUARD 0xa5

typedef u16_t (*Sum) (const void *data, gsize len);
typedef u16_t (*SumCopy) (void *copy, const void *data, gsize len);

static guint8 source[MAX_LENGTH + SLACK];
static guint8 target[MAX_LENGTH + 2 * SLACK];

/* in the byte order of the machine, as all of them give it; 0 and 0xffff are the same sum, and only
   nothing but zeros gives 0 */
static guint16
sum_simply (const guint8 *data, gsize len)
{
  guint32 sum = 0;

  for (gsize i = 0; i < len; i++)
    {
      sum += i % 2 == 0 ? (guint32) data[i] << 8 : data[i];
      sum = (sum >> 16) + (sum & 0xffff);
    }
  return GUINT16_TO_BE ((guint16) sum);
}

static void
fill (GRand *rand)
{
  switch (g_rand_int_range (rand, 0, 6))
    {
    case 0:
      memset (source, 0, sizeof source);
      break;
    case 1:
      /* every addition carries */
      memset (source, 0xff, sizeof source);
      break;
    default:
      for (gsize i = 0; i < sizeof source; i += 4)
        {
          guint32 word = g_rand_int (rand);

          memcpy (source + i, &word, sizeof word);
        }
    }
}

/* all lengths up to a few blocks, and some of the longer ones */
static gsize
choose_length (GRand *rand, guint round)
{
  if (round < 600)
    return round / 2;
  if (round % 4 == 0)
    return (gsize) g_rand_int_range (rand, 1200, 1600);
  return (gsize) g_rand_int_range (rand, 0, round % 16 == 1 ? MAX_LENGTH : 9200);
}

static void
check_copy (SumCopy sum_copy, gsize from, gsize to, gsize len, guint16 expected)
{
  memset (target, GUARD, sizeof target);
  g_assert_cmphex (sum_copy (target + SLACK + to, source + from, len), ==, expected);
  g_assert_cmpmem (target + SLACK + to, len, source + from, len);
  for (gsize i = 0; i < SLACK + to; i++)
    g_assert_cmphex (target[i], ==, GUARD);
  for (gsize i = SLACK + to + len; i < MIN (SLACK + to + len + SLACK, sizeof target); i++)
    g_assert_cmphex (target[i], ==, GUARD);
}

static void
test_bytes (void)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (0x7071);

  for (guint round = 0; round < 4000; round++)
    {
      gsize from = (gsize) g_rand_int_range (rand, 0, SLACK / 2);
      gsize to = (gsize) g_rand_int_range (rand, 0, SLACK / 2);
      gsize len = choose_length (rand, round);
      const guint8 *data = source + from;
      guint16 expected;

      if (round % 32 == 0)
        fill (rand);
      expected = sum_simply (data, len);
      g_assert_cmphex (dpdk_lwip_checksum (data, len), ==, expected);
      g_assert_cmphex (dpdk_lwip_checksum_portable (data, len), ==, expected);
      /* the first of lwIP's overflows behind 64 KiB */
      if (len <= 65535)
        g_assert_cmphex (lwip_1_standard_chksum (data, (int) len), ==, expected);
      g_assert_cmphex (lwip_2_standard_chksum (data, (int) len), ==, expected);
      g_assert_cmphex (lwip_3_standard_chksum (data, (int) len), ==, expected);
      check_copy (dpdk_lwip_checksum_copy, from, to, len, expected);
      check_copy (dpdk_lwip_checksum_copy_portable, from, to, len, expected);
    }
}

/* a receiver adds the checksum to the sum of the rest and gets 0xffff */
static void
test_inverse (void)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (0x7072);

  for (guint round = 0; round < 2000; round++)
    {
      gsize len = 2 * (gsize) g_rand_int_range (rand, 2, 800);
      gsize at = 2 * (gsize) g_rand_int_range (rand, 0, (gint32) len / 2);
      guint16 sum = 0;

      if (round % 32 == 0)
        fill (rand);
      memcpy (source + at, &sum, sizeof sum);
      sum = inet_chksum (source, (u16_t) len);
      memcpy (source + at, &sum, sizeof sum);
      g_assert_cmphex (dpdk_lwip_checksum (source, len), ==, 0xffff);
      source[at] ^= 0x10;
      g_assert_cmphex (dpdk_lwip_checksum (source, len), !=, 0xffff);
    }
}

/* cuts @len bytes into pbufs, of which some are empty */
static guint
cut (GRand *rand, struct pbuf *pbufs, guint max, guint8 *data, gsize len)
{
  guint n = (guint) g_rand_int_range (rand, 1, (gint32) max + 1);
  gsize left = len;

  for (guint i = 0; i < n; i++)
    {
      gsize part = i + 1 == n ? left : (gsize) g_rand_int_range (rand, 0, (gint32) left + 1);

      if (i + 1 < n && g_rand_int_range (rand, 0, 8) == 0)
        part = (gsize) g_rand_int_range (rand, 0, (gint32) MIN (left, 3) + 1);
      pbufs[i] = (struct pbuf){
        .next = i + 1 < n ? &pbufs[i + 1] : NULL,
        .payload = data,
        .len = (u16_t) part,
        .tot_len = (u16_t) left,
        .ref = 1,
      };
      data += part;
      left -= part;
    }
  return n;
}

static void
append_address (GByteArray *pseudo, const ip_addr_t *ip)
{
  if (IP_IS_V6 (ip))
    g_byte_array_append (pseudo, (const guint8 *) ip_2_ip6 (ip)->addr, 16);
  else
    g_byte_array_append (pseudo, (const guint8 *) &ip_2_ip4 (ip)->addr, 4);
}

/* RFC 9293, 3.1, and RFC 8200, 8.1, as they draw it */
static guint16
sum_with_pseudo_header (gconstpointer data, gsize len, u8_t protocol, const ip_addr_t *from,
                        const ip_addr_t *to)
{
  g_autoptr (GByteArray) bytes = g_byte_array_new ();
  guint8 length[4] = { 0, 0, (guint8) (len >> 8), (guint8) len };
  guint8 next_header[4] = { 0, 0, 0, protocol };

  append_address (bytes, from);
  append_address (bytes, to);
  if (IP_IS_V6 (from))
    {
      g_byte_array_append (bytes, length, 4);
      g_byte_array_append (bytes, next_header, 4);
    }
  else
    {
      g_byte_array_append (bytes, next_header + 2, 2);
      g_byte_array_append (bytes, length + 2, 2);
    }
  g_byte_array_append (bytes, data, (guint) len);
  return (guint16) ~sum_simply (bytes->data, bytes->len);
}

static void
choose_addresses (GRand *rand, ip_addr_t *from, ip_addr_t *to)
{
  if (g_rand_boolean (rand))
    {
      IP_ADDR4 (from, 0, 0, 0, 0);
      *to = *from;
      ip_2_ip4 (from)->addr = g_rand_int (rand);
      ip_2_ip4 (to)->addr = g_rand_int (rand);
      return;
    }
  IP_ADDR6 (from, g_rand_int (rand), g_rand_int (rand), g_rand_int (rand), g_rand_int (rand));
  IP_ADDR6 (to, g_rand_int (rand), g_rand_int (rand), g_rand_int (rand), g_rand_int (rand));
}

static void
test_chains (void)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (0x7073);

  for (guint round = 0; round < 4000; round++)
    {
      gsize offset = (gsize) g_rand_int_range (rand, 0, SLACK / 2);
      gsize len = choose_length (rand, round) % 65000;
      u8_t protocol = g_rand_boolean (rand) ? IP_PROTO_TCP : IP_PROTO_UDP;
      struct pbuf pbufs[12];
      guint16 expected;
      ip_addr_t from, to;

      if (round % 32 == 0)
        fill (rand);
      cut (rand, pbufs, G_N_ELEMENTS (pbufs), source + offset, len);
      choose_addresses (rand, &from, &to);
      expected = (guint16) ~sum_simply (source + offset, len);
      g_assert_cmphex (inet_chksum_pbuf (pbufs), ==, expected);
      g_assert_cmphex (lwip_2_inet_chksum_pbuf (pbufs), ==, expected);
      expected = sum_with_pseudo_header (source + offset, len, protocol, &from, &to);
      g_assert_cmphex (ip_chksum_pseudo (pbufs, protocol, (u16_t) len, &from, &to), ==, expected);
      g_assert_cmphex (lwip_2_ip_chksum_pseudo (pbufs, protocol, (u16_t) len, &from, &to), ==,
                       expected);
      g_assert_cmphex (lwip_3_ip_chksum_pseudo (pbufs, protocol, (u16_t) len, &from, &to), ==,
                       expected);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/lwip/checksum/bytes", test_bytes);
  g_test_add_func ("/lwip/checksum/inverse", test_inverse);
  g_test_add_func ("/lwip/checksum/chains", test_chains);
  return g_test_run ();
}
