/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tells the thread sanitizer about the synchronisation inside of GLib, which is not instrumented: to be
   preloaded. It hides less than suppressions of frames would, but not nothing: a counter of references
   orders whoever drops one after all that did so before, a reference that is taken does, too, and a
   thread that returns from poll() comes after all that attached a source to its main context. */
#include <dlfcn.h>
#include <glib-object.h>
#include <poll.h>

/* missing in the programs without it that a test starts */
void __tsan_acquire (void *address) __attribute__ ((weak));
void __tsan_release (void *address) __attribute__ ((weak));

static void
acquire (gconstpointer address)
{
  if (__tsan_acquire != NULL)
    __tsan_acquire ((void *) address);
}

static void
release (gconstpointer address)
{
  if (__tsan_release != NULL)
    __tsan_release ((void *) address);
}

#define REAL(function)                                                                             \
  static typeof (&function) real;                                                                  \
  if (G_UNLIKELY (__atomic_load_n (&real, __ATOMIC_RELAXED) == NULL))                              \
  __atomic_store_n (&real, (typeof (&function)) dlsym (RTLD_NEXT, #function), __ATOMIC_RELAXED)

#define LOCK(function, Type)                                                                       \
  void function (Type *lock)                                                                       \
  {                                                                                                \
    REAL (function);                                                                               \
    real (lock);                                                                                   \
    acquire (lock);                                                                                \
  }
#define TRYLOCK(function, Type)                                                                    \
  gboolean function (Type *lock)                                                                   \
  {                                                                                                \
    gboolean is_locked;                                                                            \
    REAL (function);                                                                               \
    is_locked = real (lock);                                                                       \
    if (is_locked)                                                                                 \
      acquire (lock);                                                                              \
    return is_locked;                                                                              \
  }
#define UNLOCK(function, Type)                                                                     \
  void function (Type *lock)                                                                       \
  {                                                                                                \
    REAL (function);                                                                               \
    release (lock);                                                                                \
    real (lock);                                                                                   \
  }

LOCK (g_mutex_lock, GMutex)
TRYLOCK (g_mutex_trylock, GMutex)
UNLOCK (g_mutex_unlock, GMutex)
LOCK (g_rec_mutex_lock, GRecMutex)
TRYLOCK (g_rec_mutex_trylock, GRecMutex)
UNLOCK (g_rec_mutex_unlock, GRecMutex)
LOCK (g_rw_lock_reader_lock, GRWLock)
TRYLOCK (g_rw_lock_reader_trylock, GRWLock)
UNLOCK (g_rw_lock_writer_unlock, GRWLock)

/* a writer comes after the readers, but no reader after another */
void
g_rw_lock_reader_unlock (GRWLock *lock)
{
  REAL (g_rw_lock_reader_unlock);
  release (lock->i);
  real (lock);
}

void
g_rw_lock_writer_lock (GRWLock *lock)
{
  REAL (g_rw_lock_writer_lock);
  real (lock);
  acquire (lock);
  acquire (lock->i);
}

gboolean
g_rw_lock_writer_trylock (GRWLock *lock)
{
  gboolean is_locked;

  REAL (g_rw_lock_writer_trylock);
  is_locked = real (lock);
  if (is_locked)
    {
      acquire (lock);
      acquire (lock->i);
    }
  return is_locked;
}

void
g_cond_wait (GCond *cond, GMutex *mutex)
{
  REAL (g_cond_wait);
  release (mutex);
  real (cond, mutex);
  acquire (mutex);
}

gboolean
g_cond_wait_until (GCond *cond, GMutex *mutex, gint64 end_time)
{
  gboolean in_time;

  REAL (g_cond_wait_until);
  release (mutex);
  in_time = real (cond, mutex, end_time);
  acquire (mutex);
  return in_time;
}

#undef g_once_init_enter
gboolean
g_once_init_enter (volatile void *location)
{
  gboolean is_first;

  REAL (g_once_init_enter);
  is_first = real (location);
  if (!is_first)
    acquire ((gconstpointer) location);
  return is_first;
}

#undef g_once_init_leave
void
g_once_init_leave (volatile void *location, gsize result)
{
  REAL (g_once_init_leave);
  release ((gconstpointer) location);
  real (location, result);
}

#undef g_object_ref
gpointer
g_object_ref (gpointer object)
{
  REAL (g_object_ref);
  acquire (object);
  return real (object);
}

/* whoever drops the last reference comes after all others */
#define UNREF(function, Type)                                                                      \
  void function (Type object)                                                                      \
  {                                                                                                \
    REAL (function);                                                                               \
    release (object);                                                                              \
    acquire (object);                                                                              \
    real (object);                                                                                 \
  }

UNREF (g_object_unref, gpointer)
UNREF (g_bytes_unref, GBytes *)
UNREF (g_source_unref, GSource *)
UNREF (g_ptr_array_unref, GPtrArray *)

gpointer
g_weak_ref_get (GWeakRef *reference)
{
  gpointer object;

  REAL (g_weak_ref_get);
  object = real (reference);
  acquire (reference);
  return object;
}

void
g_weak_ref_set (GWeakRef *reference, gpointer object)
{
  REAL (g_weak_ref_set);
  release (reference);
  real (reference, object);
}

void
g_weak_ref_init (GWeakRef *reference, gpointer object)
{
  REAL (g_weak_ref_init);
  release (reference);
  real (reference, object);
}

gboolean (g_atomic_ref_count_dec) (gatomicrefcount *count)
{
  REAL (g_atomic_ref_count_dec);
  release (count);
  acquire (count);
  return real (count);
}

void
g_atomic_rc_box_release_full (gpointer block, GDestroyNotify clear)
{
  REAL (g_atomic_rc_box_release_full);
  release (block);
  acquire (block);
  real (block, clear);
}

void
g_async_queue_push (GAsyncQueue *queue, gpointer data)
{
  REAL (g_async_queue_push);
  release (queue);
  real (queue, data);
}

gpointer
g_async_queue_pop (GAsyncQueue *queue)
{
  gpointer data;
  REAL (g_async_queue_pop);
  data = real (queue);
  acquire (queue);
  return data;
}

guint
g_source_attach (GSource *source, GMainContext *context)
{
  REAL (g_source_attach);
  release (context != NULL ? (gpointer) context : (gpointer) g_main_context_default ());
  return real (source, context);
}

int
poll (struct pollfd *fds, nfds_t n_fds, int timeout)
{
  GMainContext *context = g_main_context_get_thread_default ();
  int n;

  REAL (poll);
  n = real (fds, n_fds, timeout);
  acquire (context != NULL ? context : g_main_context_default ());
  return n;
}
