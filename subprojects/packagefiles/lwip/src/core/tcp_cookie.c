/* SPDX-License-Identifier: BSD-3-Clause */

#include "lwip/opt.h"

#if LWIP_TCP

#include "lwip/priv/tcp_cookie.h"
#include "lwip/def.h"
#include "lwip/sys.h"

#include <string.h>

/* A cookie has 5 bits of the time, in periods of a minute, 3 bits for one of
 * these values of MSS, and 24 bits of a keyed hash of all that. */
#define COOKIE_PERIOD_MS 64000U
#define COOKIE_PERIODS   2U

static const u16_t cookie_mss[8] = { 64, 536, 1024, 1220, 1440, 1460, 4312, 8900 };

static LWIP_TLS u64_t cookie_key[2];
static LWIP_TLS u32_t cookie_last;
static LWIP_TLS u8_t cookie_used; /* cookie_last is valid */

#define ROTATE(x, bits) (((x) << (bits)) | ((x) >> (64 - (bits))))

#define SIP_ROUND(v) do { \
  v[0] += v[1]; v[1] = ROTATE(v[1], 13); v[1] ^= v[0]; v[0] = ROTATE(v[0], 32); \
  v[2] += v[3]; v[3] = ROTATE(v[3], 16); v[3] ^= v[2]; \
  v[0] += v[3]; v[3] = ROTATE(v[3], 21); v[3] ^= v[0]; \
  v[2] += v[1]; v[1] = ROTATE(v[1], 17); v[1] ^= v[2]; v[2] = ROTATE(v[2], 32); \
} while (0)

/** SipHash-2-4 of whole words, of which the last one carries the length. */
static u64_t
siphash(const u64_t *words, size_t num)
{
  u64_t v[4];
  size_t i;

  v[0] = cookie_key[0] ^ 0x736f6d6570736575ULL;
  v[1] = cookie_key[1] ^ 0x646f72616e646f6dULL;
  v[2] = cookie_key[0] ^ 0x6c7967656e657261ULL;
  v[3] = cookie_key[1] ^ 0x7465646279746573ULL;
  for (i = 0; i < num; i++) {
    v[3] ^= words[i];
    SIP_ROUND(v);
    SIP_ROUND(v);
    v[0] ^= words[i];
  }
  v[2] ^= 0xff;
  for (i = 0; i < 4; i++) {
    SIP_ROUND(v);
  }
  return v[0] ^ v[1] ^ v[2] ^ v[3];
}

static u32_t
secret_hash(const ip_addr_t *local_ip, u16_t local_port, const ip_addr_t *remote_ip, u16_t remote_port,
            u32_t irs, u32_t period, u32_t mss_index)
{
  u64_t words[7];

  memset(words, 0, sizeof(words));
#if LWIP_IPV6
  if (IP_IS_V6(local_ip)) {
    memcpy(&words[0], ip_2_ip6(local_ip)->addr, 16);
    memcpy(&words[2], ip_2_ip6(remote_ip)->addr, 16);
  }
#endif /* LWIP_IPV6 */
#if LWIP_IPV4
  if (!IP_IS_V6(local_ip)) {
    memcpy(&words[0], &ip_2_ip4(local_ip)->addr, 4);
    memcpy(&words[2], &ip_2_ip4(remote_ip)->addr, 4);
  }
#endif /* LWIP_IPV4 */
  words[4] = ((u64_t)irs << 32) | ((u32_t)local_port << 16) | remote_port;
  words[5] = ((u64_t)mss_index << 32) | period;
  words[6] = (u64_t)48 << 56;
  return (u32_t)siphash(words, LWIP_ARRAYSIZE(words));
}

static void
make_key(void)
{
  if (cookie_key[0] == 0) {
    cookie_key[0] = ((u64_t)LWIP_RAND() << 32) | LWIP_RAND() | 1;
    cookie_key[1] = ((u64_t)LWIP_RAND() << 32) | LWIP_RAND();
  }
}

/** A number that is the same for every connection between these two ends, and tells nothing about others. */
u32_t
tcp_secret_offset(const ip_addr_t *local_ip, u16_t local_port, const ip_addr_t *remote_ip, u16_t remote_port)
{
  make_key();
  /* no cookie has such an index */
  return secret_hash(local_ip, local_port, remote_ip, remote_port, 0, 0, 0xff);
}

/** The initial sequence number for the answer to a SYN with the number irs. */
u32_t
tcp_cookie_make(const ip_addr_t *local_ip, u16_t local_port, const ip_addr_t *remote_ip,
                u16_t remote_port, u32_t irs, u16_t mss)
{
  const u32_t now = sys_now();
  const u32_t period = now / COOKIE_PERIOD_MS;
  u32_t mss_index = LWIP_ARRAYSIZE(cookie_mss) - 1;

  make_key();
  cookie_used = 1;
  cookie_last = now;
  while ((mss_index > 0) && (cookie_mss[mss_index] > mss)) {
    mss_index--;
  }
  return (period << 27) | (mss_index << 24) |
         (secret_hash(local_ip, local_port, remote_ip, remote_port, irs, period, mss_index) & 0xffffff);
}

/** The MSS in a cookie, or 0 if it is none, or too old. */
u16_t
tcp_cookie_check(const ip_addr_t *local_ip, u16_t local_port, const ip_addr_t *remote_ip,
                 u16_t remote_port, u32_t irs, u32_t cookie)
{
  const u32_t now = sys_now();
  const u32_t mss_index = (cookie >> 24) & 7;
  u32_t age;

  if (!cookie_used || ((u32_t)(now - cookie_last) > COOKIE_PERIODS * COOKIE_PERIOD_MS)) {
    return 0;
  }
  for (age = 0; age < COOKIE_PERIODS; age++) {
    u32_t period = now / COOKIE_PERIOD_MS - age;
    if (((period & 0x1f) == (cookie >> 27)) &&
        (((secret_hash(local_ip, local_port, remote_ip, remote_port, irs, period, mss_index) ^ cookie) &
          0xffffff) == 0)) {
      return cookie_mss[mss_index];
    }
  }
  return 0;
}

void
tcp_cookie_fini(void)
{
  cookie_key[0] = 0;
  cookie_key[1] = 0;
  cookie_last = 0;
  cookie_used = 0;
}

#endif /* LWIP_TCP */
