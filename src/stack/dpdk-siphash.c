/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dpdk-siphash.h"

#include <string.h>

/* SipHash-2-4, Aumasson and Bernstein 2012: GLib and DPDK have no keyed hash that an attacker
   cannot predict */

static inline guint64
rotate (guint64 x, guint bits)
{
  return (x << bits) | (x >> (64 - bits));
}

static inline void
sip_round (guint64 v[4])
{
  v[0] += v[1];
  v[1] = rotate (v[1], 13) ^ v[0];
  v[0] = rotate (v[0], 32);
  v[2] += v[3];
  v[3] = rotate (v[3], 16) ^ v[2];
  v[0] += v[3];
  v[3] = rotate (v[3], 21) ^ v[0];
  v[2] += v[1];
  v[1] = rotate (v[1], 17) ^ v[2];
  v[2] = rotate (v[2], 32);
}

static inline void
sip_block (guint64 v[4], guint64 block)
{
  v[3] ^= block;
  sip_round (v);
  sip_round (v);
  v[0] ^= block;
}

guint64
dpdk_siphash (const guint64 key[2], const void *data, gsize length)
{
  guint64 v[4] = {
    key[0] ^ G_GUINT64_CONSTANT (0x736f6d6570736575),
    key[1] ^ G_GUINT64_CONSTANT (0x646f72616e646f6d),
    key[0] ^ G_GUINT64_CONSTANT (0x6c7967656e657261),
    key[1] ^ G_GUINT64_CONSTANT (0x7465646279746573),
  };
  const char *at = data;
  guint64 last = 0;

  for (gsize left = length; left >= 8; left -= 8, at += 8)
    {
      guint64 block;

      memcpy (&block, at, 8);
      sip_block (v, GUINT64_FROM_LE (block));
    }
  memcpy (&last, at, length & 7);
  sip_block (v, GUINT64_FROM_LE (last) | ((guint64) length << 56));
  v[2] ^= 0xff;
  for (guint i = 0; i < 4; i++)
    sip_round (v);
  return v[0] ^ v[1] ^ v[2] ^ v[3];
}
