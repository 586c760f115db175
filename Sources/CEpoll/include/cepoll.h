// epoll, timerfd and eventfd, which Swift's Glibc module does not show, and errno-free helpers for the event's union.
#ifndef CEPOLL_H
#define CEPOLL_H

#include <stdint.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <time.h>

static const uint32_t cepoll_in = EPOLLIN;
static const uint32_t cepoll_out = EPOLLOUT;
static const uint32_t cepoll_edge = EPOLLET;

/// Registers (`EPOLL_CTL_ADD`) or changes (`EPOLL_CTL_MOD`) a descriptor that is known by `key`.
static inline int cepoll_control(int epoll, int operation, int descriptor, uint32_t events, uint64_t key) {
    struct epoll_event event = {.events = events, .data = {.u64 = key}};
    return epoll_ctl(epoll, operation, descriptor, &event);
}

static inline uint64_t cepoll_key(const struct epoll_event *events, int index) { return events[index].data.u64; }
static inline uint32_t cepoll_events(const struct epoll_event *events, int index) { return events[index].events; }

/// The next expiry of a timer of CLOCK_MONOTONIC, in nanoseconds of that clock; 0 turns it off.
static inline int cepoll_set_timer(int timer, uint64_t nanoseconds) {
    struct itimerspec value = {.it_value = {.tv_sec = nanoseconds / 1000000000, .tv_nsec = nanoseconds % 1000000000}};
    return timerfd_settime(timer, TFD_TIMER_ABSTIME, &value, 0);
}

/// A descriptor that is readable from a signal until it is cleared; negative when there is none to be had.
static inline int cepoll_make_signal(void) { return eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC); }

static inline void cepoll_signal(int signal) {
    // Full only when it is readable anyway.
    (void)!eventfd_write(signal, 1);
}

static inline void cepoll_clear(int signal) {
    eventfd_t value;
    (void)!eventfd_read(signal, &value);
}

/// The CPU-time clock of a process, as clock_getcpuclockid gives it.
static inline uint64_t cepoll_process_cpu_nanoseconds(int pid) {
    clockid_t clock;
    struct timespec value;
    if (clock_getcpuclockid(pid, &clock) != 0 || clock_gettime(clock, &value) != 0) return 0;
    return (uint64_t)value.tv_sec * 1000000000 + value.tv_nsec;
}

#endif
