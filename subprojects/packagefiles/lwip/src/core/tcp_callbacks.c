/* SPDX-License-Identifier: BSD-3-Clause */

/* What is called for a connection. There are many connections, but few
 * combinations of functions: each pcb has a pointer to a table. */

#include "lwip/opt.h"

#if LWIP_TCP && LWIP_CALLBACK_API

#include "lwip/mem.h"
#include "lwip/priv/tcp_callbacks.h"
#include "lwip/priv/tcp_priv.h"

struct made_table {
  struct tcp_callbacks callbacks;
  u32_t refs;
  struct made_table *next;
};

/* those of a new pcb */
const struct tcp_callbacks tcp_callbacks_default = { .recv = tcp_recv_null };

static const struct tcp_callbacks none;

/* those that did not come from the application as a whole */
static LWIP_TLS struct made_table *made;

/** The pcb does not need its table any more. */
void
tcp_callbacks_release(struct tcp_pcb *pcb)
{
  struct made_table **place, *table;

  for (place = &made; (table = *place) != NULL; place = &table->next) {
    if (&table->callbacks == pcb->callbacks) {
      if (--table->refs == 0) {
        *place = table->next;
        mem_free(table);
      }
      break;
    }
  }
  pcb->callbacks = &none;
}

/** A table like this one, with a reference; NULL: out of memory. */
static const struct tcp_callbacks *
find_or_make(const struct tcp_callbacks *wanted)
{
  struct made_table *table;

  for (table = made; table != NULL; table = table->next) {
    const struct tcp_callbacks *callbacks = &table->callbacks;
    if ((callbacks->sent == wanted->sent) && (callbacks->recv == wanted->recv) &&
        (callbacks->connected == wanted->connected) && (callbacks->poll == wanted->poll) &&
        (callbacks->errf == wanted->errf) && (callbacks->prefetch == wanted->prefetch)) {
      table->refs++;
      return callbacks;
    }
  }
  table = (struct made_table *)mem_malloc(sizeof(*table));
  if (table == NULL) {
    return NULL;
  }
  table->callbacks = *wanted;
  table->refs = 1;
  table->next = made;
  made = table;
  return &table->callbacks;
}

static err_t
set(struct tcp_pcb *pcb, const struct tcp_callbacks *wanted)
{
  const struct tcp_callbacks *callbacks = find_or_make(wanted);

  if (callbacks == NULL) {
    return ERR_MEM;
  }
  tcp_callbacks_release(pcb);
  pcb->callbacks = callbacks;
  return ERR_OK;
}

/**
 * Sets all functions that are called for a connection. They may be set one by
 * one as well; this cannot fail.
 *
 * @param pcb a connection
 * @param callbacks stays as it is, as long as the connection is there; NULL: none
 */
void
tcp_set_callbacks(struct tcp_pcb *pcb, const struct tcp_callbacks *callbacks)
{
  LWIP_ASSERT_CORE_LOCKED();
  LWIP_ERROR("tcp_set_callbacks: invalid pcb", pcb != NULL, return);
  LWIP_ASSERT("invalid socket state for callbacks", pcb->state != LISTEN);

  tcp_callbacks_release(pcb);
  pcb->callbacks = (callbacks != NULL) ? callbacks : &none;
}

/**
 * @ingroup tcp_raw
 * Sets the callback function that will be called when new data
 * arrives. The callback function will be passed a NULL pbuf to
 * indicate that the remote host has closed the connection. If the
 * callback function returns ERR_OK or ERR_ABRT it must have
 * freed the pbuf, otherwise it must not have freed it.
 *
 * @param pcb tcp_pcb to set the recv callback
 * @param recv callback function to call for this pcb when data is received
 * @return ERR_MEM if nothing has changed
 */
err_t
tcp_recv(struct tcp_pcb *pcb, tcp_recv_fn recv)
{
  struct tcp_callbacks callbacks;

  LWIP_ASSERT_CORE_LOCKED();
  if (pcb == NULL) {
    return ERR_ARG;
  }
  LWIP_ASSERT("invalid socket state for recv callback", pcb->state != LISTEN);
  callbacks = *pcb->callbacks;
  callbacks.recv = recv;
  return set(pcb, &callbacks);
}

/**
 * @ingroup tcp_raw
 * Specifies the callback function that should be called when data has
 * successfully been received (i.e., acknowledged) by the remote
 * host. The len argument passed to the callback function gives the
 * amount bytes that was acknowledged by the last acknowledgment.
 *
 * @param pcb tcp_pcb to set the sent callback
 * @param sent callback function to call for this pcb when data is successfully sent
 * @return ERR_MEM if nothing has changed
 */
err_t
tcp_sent(struct tcp_pcb *pcb, tcp_sent_fn sent)
{
  struct tcp_callbacks callbacks;

  LWIP_ASSERT_CORE_LOCKED();
  if (pcb == NULL) {
    return ERR_ARG;
  }
  LWIP_ASSERT("invalid socket state for sent callback", pcb->state != LISTEN);
  callbacks = *pcb->callbacks;
  callbacks.sent = sent;
  return set(pcb, &callbacks);
}

/**
 * @ingroup tcp_raw
 * Used to specify the function that should be called when a fatal error
 * has occurred on the connection.
 *
 * If a connection is aborted because of an error, the application is
 * alerted of this event by the err callback. Errors that might abort a
 * connection are when there is a shortage of memory. The callback
 * function to be called is set using the tcp_err() function.
 *
 * @note The corresponding pcb is already freed when this callback is called!
 *
 * @param pcb tcp_pcb to set the err callback
 * @param err callback function to call for this pcb when a fatal error
 *        has occurred on the connection
 * @return ERR_MEM if nothing has changed
 */
err_t
tcp_err(struct tcp_pcb *pcb, tcp_err_fn err)
{
  struct tcp_callbacks callbacks;

  LWIP_ASSERT_CORE_LOCKED();
  if (pcb == NULL) {
    return ERR_ARG;
  }
  LWIP_ASSERT("invalid socket state for err callback", pcb->state != LISTEN);
  callbacks = *pcb->callbacks;
  callbacks.errf = err;
  return set(pcb, &callbacks);
}

/** Only the function of tcp_poll(). */
err_t
tcp_callbacks_set_poll(struct tcp_pcb *pcb, tcp_poll_fn poll)
{
  struct tcp_callbacks callbacks = *pcb->callbacks;

  if (callbacks.poll == poll) {
    return ERR_OK;
  }
  callbacks.poll = poll;
  return set(pcb, &callbacks);
}

/** The one that tcp_connect() is given. */
err_t
tcp_callbacks_set_connected(struct tcp_pcb *pcb, tcp_connected_fn connected)
{
  struct tcp_callbacks callbacks = *pcb->callbacks;

  if (callbacks.connected == connected) {
    return ERR_OK;
  }
  callbacks.connected = connected;
  return set(pcb, &callbacks);
}

#endif /* LWIP_TCP && LWIP_CALLBACK_API */
