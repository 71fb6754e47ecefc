// Locks and condition variables straight from Windows. Those of the C++ library are made of
// semaphores here, each a round trip to the wineserver; these stay within the process.

#ifndef NODE_DOKAN_TEST_SIMULATOR_DLL_SYNC_H_
#define NODE_DOKAN_TEST_SIMULATOR_DLL_SYNC_H_

#include <functional>

#include "dokan_abi.h"

namespace simulator {

class Mutex {
 public:
  Mutex() = default;
  Mutex(const Mutex&) = delete;
  Mutex& operator=(const Mutex&) = delete;

 private:
  friend class Lock;
  friend class Condition;
  SRWLOCK lock_ = SRWLOCK_INIT;
};

class Lock {
 public:
  explicit Lock(Mutex& mutex) : mutex_(mutex) { AcquireSRWLockExclusive(&mutex_.lock_); }
  ~Lock() {
    if (held_) ReleaseSRWLockExclusive(&mutex_.lock_);
  }
  Lock(const Lock&) = delete;
  Lock& operator=(const Lock&) = delete;

  void Release() {
    ReleaseSRWLockExclusive(&mutex_.lock_);
    held_ = false;
  }
  void Acquire() {
    AcquireSRWLockExclusive(&mutex_.lock_);
    held_ = true;
  }

 private:
  friend class Condition;
  Mutex& mutex_;
  bool held_ = true;
};

class Condition {
 public:
  Condition() = default;
  Condition(const Condition&) = delete;
  Condition& operator=(const Condition&) = delete;

  void Wait(Lock& lock, DWORD milliseconds = INFINITE) {
    SleepConditionVariableSRW(&variable_, &lock.mutex_.lock_, milliseconds, 0);
  }
  void WakeOne() { WakeConditionVariable(&variable_); }
  void WakeAll() { WakeAllConditionVariable(&variable_); }

 private:
  CONDITION_VARIABLE variable_ = CONDITION_VARIABLE_INIT;
};

// A thread that has to be joined before it is destroyed.
class Thread {
 public:
  explicit Thread(std::function<void()> body);
  ~Thread();
  Thread(const Thread&) = delete;
  Thread& operator=(const Thread&) = delete;

  void Join();

 private:
  HANDLE handle_;
};

}  // namespace simulator

#endif  // NODE_DOKAN_TEST_SIMULATOR_DLL_SYNC_H_
