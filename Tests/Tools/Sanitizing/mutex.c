// Tells the thread sanitizer about the slow paths of Synchronization.Mutex.
//
// Why: a Mutex that nobody contends for is taken and given back by an atomic that the compiler puts
// into our own code, where the sanitizer sees it. When threads meet, the rest happens in
// libswiftSynchronization, which is not instrumented: the sanitizer misses that one thread waited
// for the other and reports a race between two holders of the same lock. Suppressions would hide
// real races in the same functions; this library, preloaded, says what has happened instead.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdint.h>
#include <stdlib.h>

extern void __tsan_acquire(void *address) __attribute__((weak));
extern void __tsan_release(void *address) __attribute__((weak));

#define SWIFTCALL __attribute__((swiftcall))
#define CONTEXT __attribute__((swift_context))
#define LOCK "$s15Synchronization12_MutexHandleV9_lockSlowyys6UInt32VF"
#define UNLOCK "$s15Synchronization12_MutexHandleV11_unlockSlowyyF"
#define TRY_LOCK "$s15Synchronization12_MutexHandleV12_tryLockSlowSbyF"

static void *next(const char *name) {
    void *found = dlsym(RTLD_NEXT, name);
    if (!found) abort();
    return found;
}

SWIFTCALL void meterd_lock(uint32_t thread, CONTEXT void *mutex) __asm__(LOCK);
SWIFTCALL void meterd_lock(uint32_t thread, CONTEXT void *mutex) {
    static SWIFTCALL void (*real)(uint32_t, CONTEXT void *);
    if (!real) real = (SWIFTCALL void (*)(uint32_t, CONTEXT void *))next(LOCK);
    real(thread, mutex);
    if (__tsan_acquire) __tsan_acquire(mutex);
}

SWIFTCALL void meterd_unlock(CONTEXT void *mutex) __asm__(UNLOCK);
SWIFTCALL void meterd_unlock(CONTEXT void *mutex) {
    static SWIFTCALL void (*real)(CONTEXT void *);
    if (!real) real = (SWIFTCALL void (*)(CONTEXT void *))next(UNLOCK);
    if (__tsan_release) __tsan_release(mutex);
    real(mutex);
}

SWIFTCALL _Bool meterd_try_lock(CONTEXT void *mutex) __asm__(TRY_LOCK);
SWIFTCALL _Bool meterd_try_lock(CONTEXT void *mutex) {
    static SWIFTCALL _Bool (*real)(CONTEXT void *);
    if (!real) real = (SWIFTCALL _Bool (*)(CONTEXT void *))next(TRY_LOCK);
    _Bool taken = real(mutex);
    if (taken && __tsan_acquire) __tsan_acquire(mutex);
    return taken;
}
