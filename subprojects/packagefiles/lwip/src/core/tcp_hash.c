/* SPDX-License-Identifier: BSD-3-Clause */

#include "lwip/opt.h"

#if LWIP_TCP

#include "lwip/priv/tcp_hash.h"
#include "lwip/debug.h"

#include <stdint.h>
#include <sys/mman.h>

#define MIN_BUCKETS 16U
#define MAX_BUCKETS (1U << 20)

#define LAST (TCP_HASH_WAYS - 1)

/* What is behind so many bytes belongs to very many connections, and lies in
 * huge pages: there are few translations of addresses then. */
#define SMALL_SIZE ((size_t)512 << 10)
#define HUGE_PAGE  ((size_t)2 << 20)
#define TABLE_SIZE (MAX_BUCKETS * sizeof(struct tcp_hash_bucket))

/** Reserves the address space of the largest table; its pages come when they are touched. */
err_t
tcp_hash_alloc(struct tcp_hash *table)
{
  const size_t size = TABLE_SIZE + HUGE_PAGE;
  char *p = (char *)mmap(NULL, size, PROT_READ | PROT_WRITE,
                         MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  size_t before;

  if (p == MAP_FAILED) {
    return ERR_MEM;
  }
  LWIP_ASSERT("a bucket is a cache line", sizeof(struct tcp_hash_bucket) == 64);
  before = HUGE_PAGE - 1 - ((uintptr_t)p + SMALL_SIZE - 1) % HUGE_PAGE;
  if (before > 0) {
    munmap(p, before);
  }
  munmap(p + before + TABLE_SIZE, HUGE_PAGE - before);
  madvise(p + before + SMALL_SIZE, TABLE_SIZE - SMALL_SIZE, MADV_HUGEPAGE);
  table->buckets = (struct tcp_hash_bucket *)(void *)(p + before);
  table->base = MIN_BUCKETS;
  return ERR_OK;
}

/** Frees the table, but not what is in it. */
void
tcp_hash_free(struct tcp_hash *table)
{
  if (table->buckets != NULL) {
    munmap(table->buckets, TABLE_SIZE);
  }
  table->buckets = NULL;
  table->base = 0;
  table->split = 0;
  table->num = 0;
}

static u64_t
byte_at(unsigned i, u8_t value)
{
  return (u64_t)value << (8 * i);
}

static void
put(struct tcp_hash_bucket *bucket, struct tcp_hash_node *node)
{
  const u64_t used = bucket->tags & (TCP_HASH_BYTES << 7);
  const u64_t unused = ~used & (TCP_HASH_BYTES << 7) & ~byte_at(TCP_HASH_WAYS, 0xff);
  const unsigned i = (unused != 0) ? tcp_hash_index(unused) : LAST;

  node->next = NULL;
  if ((bucket->tags & TCP_HASH_IS_CHAINED) && (i == LAST)) {
    node->next = bucket->nodes[LAST];
  } else if (unused == 0) {
    node->next = bucket->nodes[LAST];
    bucket->tags = (bucket->tags & ~byte_at(LAST, 0xff)) | TCP_HASH_IS_CHAINED;
  } else {
    bucket->tags |= byte_at(i, tcp_hash_tag(node->hash));
  }
  bucket->nodes[i] = node;
}

/** What is left of a chain goes on as if it had never been longer. */
static void
put_chain(struct tcp_hash_bucket *bucket, struct tcp_hash_node *chain)
{
  bucket->tags &= ~(byte_at(LAST, 0xff) | TCP_HASH_IS_CHAINED);
  while (chain != NULL) {
    struct tcp_hash_node *node = chain;
    chain = node->next;
    put(bucket, node);
  }
}

static void
unlink_node(struct tcp_hash_node **link, struct tcp_hash_node *node)
{
  while ((*link != NULL) && (*link != node)) {
    link = &(*link)->next;
  }
  LWIP_ASSERT("tcp_hash_remove: node not found", *link != NULL);
  if (*link != NULL) {
    *link = node->next;
  }
}

static void
take(struct tcp_hash_bucket *bucket, struct tcp_hash_node *node)
{
  unsigned i = 0;

  while ((i < TCP_HASH_WAYS) && (((bucket->tags & byte_at(i, 0xff)) == 0) || (bucket->nodes[i] != node))) {
    i++;
  }
  if (i < TCP_HASH_WAYS) {
    bucket->tags &= ~byte_at(i, 0xff);
  }
  if (bucket->tags & TCP_HASH_IS_CHAINED) {
    if (i == TCP_HASH_WAYS) {
      unlink_node(&bucket->nodes[LAST], node);
    }
    put_chain(bucket, bucket->nodes[LAST]);
  }
  node->next = NULL;
}

/** Splits one bucket. */
static void
grow(struct tcp_hash *table)
{
  struct tcp_hash_bucket *from = &table->buckets[table->split];
  struct tcp_hash_bucket *to = &table->buckets[table->split + table->base];
  const struct tcp_hash_bucket old = *from;
  const int is_chained = (old.tags & TCP_HASH_IS_CHAINED) != 0;
  struct tcp_hash_node *chain = is_chained ? old.nodes[LAST] : NULL;
  unsigned i;

  from->tags = 0;
  for (i = 0; i < TCP_HASH_WAYS; i++) {
    if (old.tags & byte_at(i, 0xff)) {
      put((old.nodes[i]->hash & table->base) ? to : from, old.nodes[i]);
    }
  }
  while (chain != NULL) {
    struct tcp_hash_node *node = chain;
    chain = node->next;
    put((node->hash & table->base) ? to : from, node);
  }
  if (++table->split == table->base) {
    table->base *= 2;
    table->split = 0;
  }
}

/** Puts in a node, whose hash is set. */
void
tcp_hash_insert(struct tcp_hash *table, struct tcp_hash_node *node)
{
  if ((++table->num > TCP_HASH_LOAD * tcp_hash_buckets(table)) &&
      (tcp_hash_buckets(table) < MAX_BUCKETS)) {
    grow(table);
  }
  put(tcp_hash_bucket(table, node->hash), node);
}

void
tcp_hash_remove(struct tcp_hash *table, struct tcp_hash_node *node)
{
  take(tcp_hash_bucket(table, node->hash), node);
  table->num--;
}

#endif /* LWIP_TCP */
