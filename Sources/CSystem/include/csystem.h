// What glibc has and `import Glibc` does not show to Swift, and the few calls that are variadic in C.
#pragma once
// _GNU_SOURCE stays out of this header: it changes glibc's structs and enums, and Swift then refuses to see them
// from two modules (Glibc's and this). What needs it is a function of csystem.c.
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <arpa/inet.h>
#include <poll.h>
#include <pthread.h>
#include <pwd.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/// `open(path, flags)`, without a mode; -1 and errno on error.
int tl_open(const char *path, int flags);
/// `open(path, flags, mode)` for files that may be made.
int tl_create(const char *path, int flags, unsigned mode);
/// accept4(2) with SOCK_NONBLOCK | SOCK_CLOEXEC.
int tl_accept(int listener);
/// This process's environment: NULL-terminated `NAME=value` strings.
char **tl_environment(void);
/// memmem(3): the first place of `needle`, or -1.
long tl_find(const void *haystack, size_t length, const void *needle, size_t needle_length);
/// The kernel's number of this thread.
int tl_thread_id(void);
/// `errno` as a function: the macro expands to a call Swift cannot see.
int tl_errno(void);
/// `fcntl(fd, F_SETFL, flags | O_NONBLOCK)`; -1 and errno on error.
int tl_set_nonblocking(int fd);
/// `fcntl(fd, F_SETFD, FD_CLOEXEC)`; -1 and errno on error.
int tl_set_cloexec(int fd);
/// epoll_ctl with a 64-bit user datum (the union of `epoll_data` is awkward from Swift).
int tl_epoll_ctl(int epoll_fd, int op, int fd, uint32_t events, uint64_t datum);
/// The datum of one returned event (`struct epoll_event` is packed on x86-64).
uint64_t tl_epoll_datum(const struct epoll_event *event);
uint32_t tl_epoll_events(const struct epoll_event *event);
/// The slot of this thread (0 when never set). A C thread-local, because Swift folds pthread_self() over awaits.
uint64_t tl_thread_slot(void);
void tl_set_thread_slot(uint64_t slot);
/// Names the calling thread (15 bytes at most).
void tl_name_thread(const char *name);
/// Wall clock in microseconds since 1970; monotonic clock in nanoseconds.
int64_t tl_now_micros(void);
int64_t tl_monotonic_nanos(void);
/// Blocks `signal` in the calling thread; its children and later threads inherit that.
int tl_block_signal(int signal);
/// `ioctl(fd, TIOCGWINSZ)`: columns and rows of a terminal; -1 when it is none.
int tl_terminal_size(int fd, int *columns, int *rows);
