/* SPDX-License-Identifier: BSD-3-Clause */

/* The Internet checksum (RFC 1071): a sum of 16-bit words with the carry put
 * back in, so wider words do as well, in any byte order. */

#include "dpdk-lwip-port.h"

#include <string.h>

#if defined(__x86_64__) && defined(__GNUC__)
#include <immintrin.h>
#define HAVE_AVX2 1
/* below that there is nothing to gain */
#define MIN_AVX2 128
#endif

static inline uint64_t
load (const uint8_t *p)
{
  uint64_t x;

  memcpy (&x, p, sizeof x);
  return x;
}

static inline void
store (uint8_t *p, uint64_t x)
{
  memcpy (p, &x, sizeof x);
}

static inline uint64_t
add (uint64_t sum, uint64_t x)
{
  sum += x;
  return sum + (sum < x);
}

static inline uint16_t
fold (uint64_t sum)
{
  sum = (sum >> 32) + (sum & 0xffffffff);
  sum = (sum >> 32) + (sum & 0xffffffff);
  sum = (sum >> 16) + (sum & 0xffff);
  sum = (sum >> 16) + (sum & 0xffff);
  return (uint16_t) ((sum >> 16) + (sum & 0xffff));
}

/* what is left of the blocks */
static inline uint64_t
sum_rest (uint64_t sum, const uint8_t *p, size_t len)
{
  for (; len >= 8; p += 8, len -= 8)
    sum = add (sum, load (p));
  if (len & 4)
    {
      uint32_t x;

      memcpy (&x, p, sizeof x);
      sum = add (sum, x);
      p += 4;
    }
  if (len & 2)
    {
      uint16_t x;

      memcpy (&x, p, sizeof x);
      sum = add (sum, x);
      p += 2;
    }
  if (len & 1)
    {
      uint16_t x = 0;

      memcpy (&x, p, 1);
      sum = add (sum, x);
    }
  return sum;
}

static inline uint64_t
copy_rest (uint64_t sum, uint8_t *q, const uint8_t *p, size_t len)
{
  for (; len >= 8; p += 8, q += 8, len -= 8)
    {
      uint64_t x = load (p);

      store (q, x);
      sum = add (sum, x);
    }
  for (size_t i = 0; i < len; i++)
    q[i] = p[i];
  return sum_rest (sum, p, len);
}

uint16_t
dpdk_lwip_checksum_portable (const void *data,
                             size_t      len)
{
  const uint8_t *p = data;
  uint64_t a = 0, b = 0, c = 0, d = 0;

  for (; len >= 32; p += 32, len -= 32)
    {
      a = add (a, load (p));
      b = add (b, load (p + 8));
      c = add (c, load (p + 16));
      d = add (d, load (p + 24));
    }
  return fold (sum_rest (add (add (a, b), add (c, d)), p, len));
}

uint16_t
dpdk_lwip_checksum_copy_portable (void       *copy,
                                  const void *data,
                                  size_t      len)
{
  const uint8_t *p = data;
  uint8_t *q = copy;
  uint64_t a = 0, b = 0, c = 0, d = 0;

  for (; len >= 32; p += 32, q += 32, len -= 32)
    {
      uint64_t w = load (p), x = load (p + 8), y = load (p + 16), z = load (p + 24);

      store (q, w);
      store (q + 8, x);
      store (q + 16, y);
      store (q + 24, z);
      a = add (a, w);
      b = add (b, x);
      c = add (c, y);
      d = add (d, z);
    }
  return fold (copy_rest (add (add (a, b), add (c, d)), q, p, len));
}

#if HAVE_AVX2
/* four sums of 32-bit words in 64 bits each: no carry in less than 16 GB */
static inline __attribute__ ((target ("avx2"))) uint64_t
add_lanes (__m256i a, __m256i b)
{
  __m256i sum = _mm256_add_epi64 (a, b);
  __m128i half = _mm_add_epi64 (_mm256_castsi256_si128 (sum), _mm256_extracti128_si256 (sum, 1));

  return (uint64_t) _mm_extract_epi64 (half, 0) + (uint64_t) _mm_extract_epi64 (half, 1);
}

static inline __attribute__ ((target ("avx2"))) __m256i
widen (__m256i x)
{
  return _mm256_add_epi64 (_mm256_unpacklo_epi32 (x, _mm256_setzero_si256 ()),
                           _mm256_unpackhi_epi32 (x, _mm256_setzero_si256 ()));
}

static __attribute__ ((target ("avx2"))) uint16_t
checksum_avx2 (const uint8_t *p,
               size_t         len)
{
  __m256i a = _mm256_setzero_si256 (), b = a;

  for (; len >= 64; p += 64, len -= 64)
    {
      a = _mm256_add_epi64 (a, widen (_mm256_loadu_si256 ((const __m256i *) p)));
      b = _mm256_add_epi64 (b, widen (_mm256_loadu_si256 ((const __m256i *) (p + 32))));
    }
  return fold (sum_rest (add_lanes (a, b), p, len));
}

static __attribute__ ((target ("avx2"))) uint16_t
checksum_copy_avx2 (uint8_t       *q,
                    const uint8_t *p,
                    size_t         len)
{
  __m256i a = _mm256_setzero_si256 (), b = a;

  for (; len >= 64; p += 64, q += 64, len -= 64)
    {
      __m256i x = _mm256_loadu_si256 ((const __m256i *) p);
      __m256i y = _mm256_loadu_si256 ((const __m256i *) (p + 32));

      _mm256_storeu_si256 ((__m256i *) q, x);
      _mm256_storeu_si256 ((__m256i *) (q + 32), y);
      a = _mm256_add_epi64 (a, widen (x));
      b = _mm256_add_epi64 (b, widen (y));
    }
  return fold (copy_rest (add_lanes (a, b), q, p, len));
}
#endif

uint16_t
dpdk_lwip_checksum (const void *data,
                    size_t      len)
{
#if HAVE_AVX2
  if (len >= MIN_AVX2 && __builtin_cpu_supports ("avx2"))
    return checksum_avx2 (data, len);
#endif
  return dpdk_lwip_checksum_portable (data, len);
}

uint16_t
dpdk_lwip_checksum_copy (void       *copy,
                         const void *data,
                         size_t      len)
{
#if HAVE_AVX2
  if (len >= MIN_AVX2 && __builtin_cpu_supports ("avx2"))
    return checksum_copy_avx2 (copy, data, len);
#endif
  return dpdk_lwip_checksum_copy_portable (copy, data, len);
}
