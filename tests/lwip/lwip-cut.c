/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A netif that is given several segments at once, and makes their checksums: what leaves is what would
   have left one by one. */

#include "internet-sum.h"
#include "lwip-fixture.h"

#define TCP_SEQUENCE 4
#define TCP_FLAGS_AT 13
#define TCP_CHECKSUM 16

static void
put_16 (guint8 *at, guint value)
{
  at[0] = (guint8) (value >> 8);
  at[1] = (guint8) value;
}

static void
finish (guint8 *frame, guint length, gboolean is_v6)
{
  guint ip_length = is_v6 ? IP6_HLEN : IP_HLEN, l4_length = length - ETH_LEN - ip_length;
  guint8 *ip = frame + ETH_LEN, *tcp = ip + ip_length;

  put_16 (ip + (is_v6 ? 4 : 2), l4_length + (is_v6 ? 0 : ip_length));
  if (!is_v6)
    {
      put_16 (ip + 10, 0);
      put_16 (ip + 10, ~internet_sum (ip, ip_length, 0));
    }
  put_16 (tcp + TCP_CHECKSUM, 0);
  put_16 (tcp + TCP_CHECKSUM, ~internet_sum (tcp, l4_length,
                                             internet_sum (ip + (is_v6 ? 8 : 12), is_v6 ? 32 : 8,
                                                           IP_PROTO_TCP + l4_length)));
}

/* @emit is called for each frame */
void
lwip_cut (struct pbuf *p, void (*emit) (gpointer, const guint8 *, guint), gpointer user_data)
{
  g_autofree guint8 *all = g_malloc (p->tot_len);
  g_autofree guint8 *frame = g_malloc (p->tot_len);
  gboolean is_v6;
  guint tcp_at, header;
  guint32 sequence;
  guint8 flags;

  pbuf_copy_partial (p, all, p->tot_len, 0);
  is_v6 = all[12] == 0x86;
  tcp_at = ETH_LEN + (is_v6 ? IP6_HLEN : IP_HLEN);
  if ((p->offload & PBUF_OFFLOAD_TX_CSUM) == 0 || all[ETH_LEN + (is_v6 ? 6 : 9)] != IP_PROTO_TCP)
    {
      g_assert_cmpuint (p->segment_len, ==, 0);
      emit (user_data, all, p->tot_len);
      return;
    }
  header = tcp_at + (guint) (all[tcp_at + 12] >> 4) * 4;
  flags = all[tcp_at + TCP_FLAGS_AT];
  memcpy (&sequence, all + tcp_at + TCP_SEQUENCE, sizeof sequence);
  sequence = g_ntohl (sequence);
  if (p->segment_len != 0)
    {
      /* there are several, which carry nothing that is for one of them only */
      g_assert_cmpuint (p->tot_len, >, header + p->segment_len);
      g_assert_cmphex (flags & ~(TCP_ACK | TCP_PSH | TCP_FIN | TCP_ECE), ==, 0);
    }
  memcpy (frame, all, header);
  for (guint offset = 0, n; offset == 0 || header + offset < p->tot_len; offset += n)
    {
      guint left = p->tot_len - header - offset;
      guint32 big_endian = g_htonl (sequence + offset);

      n = p->segment_len != 0 ? MIN (left, p->segment_len) : left;
      memcpy (frame + header, all + header + offset, n);
      memcpy (frame + tcp_at + TCP_SEQUENCE, &big_endian, sizeof big_endian);
      frame[tcp_at + TCP_FLAGS_AT] = n == left ? flags : flags & (guint8) ~(TCP_PSH | TCP_FIN);
      finish (frame, header + n, is_v6);
      emit (user_data, frame, header + n);
      if (n == 0)
        break;
    }
}
