// Lets the thread sanitizer see two kinds of order between threads that lie in Swift's libraries, which are built without it:
//
// - The waiting half of Synchronization.Mutex. The quick half is compiled into our code and seen; whoever had to wait would seem
//   to hold the Mutex without any order to the one before.
// - A continuation that is resumed before its task waits for it: the task then goes on without having been handed over.
//
// Each function below stands in for the library's of the same name: it calls that one and tells the sanitizer. Only
// deploy/check-threads links this; nothing calls it by another name.

#define _GNU_SOURCE
#include <dlfcn.h>
#include <sanitizer/tsan_interface.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#define SWIFT __attribute__((swiftcall))
#define ASYNC __attribute__((swiftasynccall))
#define SELF __attribute__((swift_context))

// The library's own function of that name; looked up once.
#define NEXT(type, name) ({ \
    static void *found; \
    if (!__atomic_load_n(&found, __ATOMIC_ACQUIRE)) __atomic_store_n(&found, next(name), __ATOMIC_RELEASE); \
    (type)__atomic_load_n(&found, __ATOMIC_ACQUIRE); \
})

static void *next(const char *name) {
    void *found = dlsym(RTLD_NEXT, name);
    if (!found) abort();
    return found;
}

#define LOCK "$s15Synchronization12_MutexHandleV9_lockSlowyys6UInt32VF"
#define TRY_LOCK "$s15Synchronization12_MutexHandleV12_tryLockSlowSbyF"
#define UNLOCK "$s15Synchronization12_MutexHandleV11_unlockSlowyyF"

typedef SWIFT void (*Lock)(uint32_t thread, SELF void *mutex);
typedef SWIFT bool (*TryLock)(SELF void *mutex);
typedef SWIFT void (*Unlock)(SELF void *mutex);

SWIFT void seen_lock(uint32_t thread, SELF void *mutex) __asm__(LOCK);
SWIFT bool seen_try_lock(SELF void *mutex) __asm__(TRY_LOCK);
SWIFT void seen_unlock(SELF void *mutex) __asm__(UNLOCK);

SWIFT void seen_lock(uint32_t thread, SELF void *mutex) {
    NEXT(Lock, LOCK)(thread, mutex);
    __tsan_acquire(mutex);
}

SWIFT bool seen_try_lock(SELF void *mutex) {
    bool locked = NEXT(TryLock, TRY_LOCK)(mutex);
    if (locked) __tsan_acquire(mutex);
    return locked;
}

SWIFT void seen_unlock(SELF void *mutex) {
    __tsan_release(mutex);
    NEXT(Unlock, UNLOCK)(mutex);
}

typedef SWIFT void (*Resume)(void *task);
typedef SWIFT void (*ResumeWithError)(void *task, void *error);
typedef ASYNC void (*Await)(void *context);

// Of the task that runs on this thread; the one that a continuation names.
SWIFT void *swift_task_getCurrent(void);

SWIFT void swift_continuation_resume(void *task) {
    __tsan_release(task);
    NEXT(Resume, "swift_continuation_resume")(task);
}

SWIFT void swift_continuation_throwingResume(void *task) {
    __tsan_release(task);
    NEXT(Resume, "swift_continuation_throwingResume")(task);
}

SWIFT void swift_continuation_throwingResumeWithError(void *task, void *error) {
    __tsan_release(task);
    NEXT(ResumeWithError, "swift_continuation_throwingResumeWithError")(task, error);
}

ASYNC void swift_continuation_await(void *context) {
    Await await = NEXT(Await, "swift_continuation_await");
    __tsan_acquire(swift_task_getCurrent());
    __attribute__((musttail)) return await(context);
}
