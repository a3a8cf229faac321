#include "pool.h"

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <cstdlib>
#include <exception>
#include <mutex>
#include <new>
#include <thread>
#include <utility>
#include <vector>
#if defined(__linux__)
#include <sys/mman.h>
#endif
#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace metadescent {
namespace {

void relax() {
#if defined(__x86_64__)
  _mm_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

/** Rounds to spin before sleeping, some tens of microseconds: an unroll's regions follow each other quickly. */
constexpr int kSpins = 2000;

/** A buffer that only grows. Large ones use huge pages: a step reads megabytes of state, so TLB misses would cost time. */
class Buffer {
 public:
  ~Buffer() { std::free(memory); }

  void* resize(size_t bytes) {
    if (bytes <= size) return memory;
    constexpr size_t huge = size_t{2} << 20;
    const size_t alignment = bytes >= huge ? huge : 4096;
    const size_t wanted = (bytes + alignment - 1) / alignment * alignment;
    std::free(memory);
    size = 0;
    memory = std::aligned_alloc(alignment, wanted);
    if (memory == nullptr) throw std::bad_alloc();
#if defined(__linux__)
    if (alignment == huge) madvise(memory, wanted, MADV_HUGEPAGE);
#endif
    size = wanted;
    return memory;
  }

 private:
  void* memory = nullptr;
  size_t size = 0;
};

}  // namespace

struct Pool::State {
  std::vector<std::thread> threads;
  std::vector<Buffer> buffers;
  Work work = nullptr;
  void* argument = nullptr;
  /**
   * The run's number in the upper half, then its number of pieces, then the next piece, 16 bits each. Taking a piece
   * increments the ticket, so a late thread cannot take from a newer run.
   */
  std::atomic<uint64_t> ticket{0};
  std::atomic<int> unfinished{0};
  std::atomic<bool> stop{false};
  std::mutex mutex;
  std::condition_variable wake;
  /** What a piece threw; run() rethrows it in its caller once all pieces are finished. */
  std::exception_ptr failure;

  static uint32_t run_of(uint64_t ticket) { return static_cast<uint32_t>(ticket >> 32); }

  /** Takes pieces of this run until none are left. */
  void take(int thread, uint32_t run) {
    uint64_t now = ticket.load(std::memory_order_acquire);
    while (run_of(now) == run && (now & 0xffff) < (now >> 16 & 0xffff)) {
      if (!ticket.compare_exchange_weak(now, now + 1, std::memory_order_acq_rel)) continue;
      try {
        work(argument, thread, static_cast<int>(now & 0xffff));
      } catch (...) {
        std::lock_guard lock(mutex);
        failure = std::current_exception();
      }
      unfinished.fetch_sub(1, std::memory_order_acq_rel);
      now = ticket.load(std::memory_order_acquire);
    }
  }

  void serve(int thread) {
    for (uint32_t seen = 0;;) {
      const auto called = [&] { return stop.load() || run_of(ticket.load(std::memory_order_acquire)) != seen; };
      for (int spin = 0; spin < kSpins && !called(); spin++) relax();
      if (!called()) {
        std::unique_lock lock(mutex);
        wake.wait(lock, called);
      }
      if (stop.load()) return;
      seen = run_of(ticket.load(std::memory_order_acquire));
      take(thread, seen);
    }
  }
};

Pool::Pool(int threads) : state(new State) {
  state->buffers = std::vector<Buffer>(threads + 1);
  for (int thread = 1; thread < threads; thread++) {
    state->threads.emplace_back([this, thread] { state->serve(thread); });
  }
}

Pool::~Pool() {
  {
    std::lock_guard lock(state->mutex);
    state->stop = true;
  }
  state->wake.notify_all();
  for (auto& thread : state->threads) thread.join();
  delete state;
}

int Pool::size() const { return static_cast<int>(state->threads.size()) + 1; }

void Pool::run(int pieces, Work work, void* argument) {
  State& s = *state;
  if (pieces == 1 || s.threads.empty()) {
    for (int piece = 0; piece < pieces; piece++) work(argument, 0, piece);
    return;
  }
  const uint32_t run = State::run_of(s.ticket.load()) + 1;
  {
    // Under the lock, so that no thread falls asleep between checking for a run and the start of this one.
    std::lock_guard lock(s.mutex);
    s.work = work;
    s.argument = argument;
    s.unfinished.store(pieces);
    s.ticket.store(uint64_t{run} << 32 | uint64_t(pieces) << 16, std::memory_order_release);
  }
  s.wake.notify_all();
  s.take(0, run);
  for (int spin = 0; s.unfinished.load(std::memory_order_acquire) > 0; spin++) {
    if (spin < kSpins) relax();
    else std::this_thread::yield();
  }
  if (s.failure) std::rethrow_exception(std::exchange(s.failure, nullptr));
}

void* Pool::memory(int thread, size_t bytes) { return state->buffers[thread].resize(bytes); }

}  // namespace metadescent
