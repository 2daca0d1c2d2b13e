// What the Swift import of glibc leaves out on Linux, and the one instruction that Swift cannot
// spell: the hardware CRC-32C. Headers and thin inline calls only; rules live in Swift.
#ifndef METERD_CLINUX_H
#define METERD_CLINUX_H

// Only what glibc's own Swift module leaves out: a header that both modules include would make its
// names belong to whichever was imported first.
// _GNU_SOURCE is not defined here: it changes fd_set, which then clashes with Dispatch's module.
#include <stddef.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>

/// Reserves disk space so that a later write cannot fail for lack of it; returns 0 or an errno value.
int meterd_reserve(int fd, int64_t offset, int64_t length);

/// Reads the credentials of the process at the other end of a Unix socket; returns 0 or an errno value.
int meterd_peer_credentials(int fd, uint32_t *pid, uint32_t *uid, uint32_t *gid);

/// Accepts a connection that is non-blocking and closed on exec; returns it, or minus an errno value.
int meterd_accept(int listener);

/// Asks the scheduler to give the calling thread the processor in slices of this length: shorter ones
/// come sooner. Kernels before 6.12 take no notice. Returns 0 or an errno value.
int meterd_request_slice(uint64_t nanoseconds);

/// CRC-32C (Castagnoli) of `length` bytes, continuing from `crc` (0 to start).
uint32_t meterd_crc32c(uint32_t crc, const void *bytes, size_t length);

/// Asks for the cache line at an address that is going to be used soon; any address will do.
static inline void meterd_prefetch(const void *address) {
    __builtin_prefetch(address, 1);
}

/// Maps `bytes` (a multiple of `alignment`, a power of two) of zeroed memory at an address aligned to
/// `alignment`; NULL when there is none.
void *meterd_map_aligned(size_t bytes, size_t alignment);

/// Gives back what was mapped.
void meterd_unmap(void *start, size_t bytes);

/// Asks for large pages in mapped memory from now on, and for what is there to be moved into some;
/// only a wish: where the kernel has none to give, nothing changes.
void meterd_use_large_pages(void *start, size_t bytes);

/// Starts a program with pipes for its standard input and output, in a process group of its own, in the
/// root directory, with no other open files but standard error and with all signals at their defaults.
/// Returns 0, or an errno value and nothing started. Arguments and environment end with NULL.
int meterd_spawn(char *const *arguments, char *const *environment, int32_t *child, int *input,
                 int *output);

/// `meterd_crc32c` by table only; tests compare the two.
uint32_t meterd_crc32c_portable(uint32_t crc, const void *bytes, size_t length);

#endif
