#define _GNU_SOURCE
#include "csystem.h"

int tl_open(const char *path, int flags) { return open(path, flags); }
int tl_create(const char *path, int flags, unsigned mode) { return open(path, flags, mode); }
int tl_accept(int listener) { return accept4(listener, 0, 0, SOCK_NONBLOCK | SOCK_CLOEXEC); }
char **tl_environment(void) { return environ; }

long tl_find(const void *haystack, size_t length, const void *needle, size_t needle_length) {
    const char *found = memmem(haystack, length, needle, needle_length);
    return found ? found - (const char *)haystack : -1;
}

int tl_thread_id(void) { return gettid(); }

int tl_errno(void) { return errno; }

int tl_set_nonblocking(int fd) {
    int flags = fcntl(fd, F_GETFL);
    return flags < 0 ? -1 : fcntl(fd, F_SETFL, flags | O_NONBLOCK);
}

int tl_set_cloexec(int fd) {
    int flags = fcntl(fd, F_GETFD);
    return flags < 0 ? -1 : fcntl(fd, F_SETFD, flags | FD_CLOEXEC);
}

int tl_epoll_ctl(int epoll_fd, int op, int fd, uint32_t events, uint64_t datum) {
    struct epoll_event event = {.events = events, .data = {.u64 = datum}};
    return epoll_ctl(epoll_fd, op, fd, &event);
}

uint64_t tl_epoll_datum(const struct epoll_event *event) { return event->data.u64; }
uint32_t tl_epoll_events(const struct epoll_event *event) { return event->events; }

static __thread uint64_t thread_slot;
uint64_t tl_thread_slot(void) { return thread_slot; }
void tl_set_thread_slot(uint64_t slot) { thread_slot = slot; }

void tl_name_thread(const char *name) { pthread_setname_np(pthread_self(), name); }

int64_t tl_now_micros(void) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

int64_t tl_monotonic_nanos(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

int tl_block_signal(int signal) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, signal);
    return pthread_sigmask(SIG_BLOCK, &set, 0);
}

int tl_terminal_size(int fd, int *columns, int *rows) {
    struct winsize size;
    if (ioctl(fd, TIOCGWINSZ, &size) < 0) return -1;
    *columns = size.ws_col;
    *rows = size.ws_row;
    return 0;
}
