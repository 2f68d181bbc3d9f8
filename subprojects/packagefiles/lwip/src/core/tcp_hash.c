/* SPDX-License-Identifier: BSD-3-Clause */

#include "lwip/opt.h"

#if LWIP_TCP

#include "lwip/priv/tcp_hash.h"
#include "lwip/debug.h"

#include <sys/mman.h>

#define MIN_BUCKETS 1024U
#define MAX_BUCKETS (1U << 22)

/** Reserves the address space of the largest table; its pages come when they are touched. */
err_t
tcp_hash_alloc(struct tcp_hash *table)
{
  void *p = mmap(NULL, MAX_BUCKETS * sizeof(*table->buckets), PROT_READ | PROT_WRITE,
                 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

  if (p == MAP_FAILED) {
    return ERR_MEM;
  }
  table->buckets = (struct tcp_hash_node **)p;
  table->base = MIN_BUCKETS;
  return ERR_OK;
}

/** Frees the table, but not what is in it. */
void
tcp_hash_free(struct tcp_hash *table)
{
  if (table->buckets != NULL) {
    munmap(table->buckets, MAX_BUCKETS * sizeof(*table->buckets));
  }
  table->buckets = NULL;
  table->base = 0;
  table->split = 0;
  table->num = 0;
}

/** Splits one bucket. */
static void
tcp_hash_grow(struct tcp_hash *table)
{
  struct tcp_hash_node **from = &table->buckets[table->split];
  struct tcp_hash_node **to = &table->buckets[table->split + table->base];

  while (*from != NULL) {
    struct tcp_hash_node *node = *from;
    if (node->hash & table->base) {
      *from = node->next;
      node->next = *to;
      *to = node;
    } else {
      from = &node->next;
    }
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
  struct tcp_hash_node **bucket;

  if ((++table->num > tcp_hash_buckets(table)) && (tcp_hash_buckets(table) < MAX_BUCKETS)) {
    tcp_hash_grow(table);
  }
  bucket = tcp_hash_bucket(table, node->hash);
  node->next = *bucket;
  *bucket = node;
}

void
tcp_hash_remove(struct tcp_hash *table, struct tcp_hash_node *node)
{
  struct tcp_hash_node **link = tcp_hash_bucket(table, node->hash);

  while ((*link != NULL) && (*link != node)) {
    link = &(*link)->next;
  }
  LWIP_ASSERT("tcp_hash_remove: node not found", *link != NULL);
  if (*link != NULL) {
    *link = node->next;
    table->num--;
  }
  node->next = NULL;
}

#endif /* LWIP_TCP */
