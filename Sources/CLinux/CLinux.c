// fallocate, accept4, struct ucred and most of what posix_spawn does here are GNU extensions.
#define _GNU_SOURCE
#include "CLinux.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

int meterd_reserve(int fd, int64_t offset, int64_t length) {
    return fallocate(fd, 0, offset, length) == 0 ? 0 : errno;
}

int meterd_peer_credentials(int fd, uint32_t *pid, uint32_t *uid, uint32_t *gid) {
    struct ucred peer;
    socklen_t size = sizeof(peer);
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) {
        return errno;
    }
    *pid = (uint32_t)peer.pid;
    *uid = (uint32_t)peer.uid;
    *gid = (uint32_t)peer.gid;
    return 0;
}

int meterd_accept(int listener) {
    int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    return fd >= 0 ? fd : -errno;
}

void *meterd_map_aligned(size_t bytes, size_t alignment) {
    char *start = mmap(NULL, bytes + alignment, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (start == MAP_FAILED) {
        return NULL;
    }
    size_t before = -(uintptr_t)start & (alignment - 1);
    if (before != 0) {
        munmap(start, before);
    }
    munmap(start + before + bytes, alignment - before);
    return start + before;
}

void meterd_unmap(void *start, size_t bytes) {
    munmap(start, bytes);
}

// Since Linux 6.1; an older kernel says that it is no advice it knows.
#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE 25
#endif

void meterd_use_large_pages(void *start, size_t bytes) {
    madvise(start, bytes, MADV_HUGEPAGE);
    madvise(start, bytes, MADV_COLLAPSE);
}

// glibc has no function for it, and headers that declare the structure clash with older ones.
struct scheduling {
    uint32_t size;
    uint32_t policy;
    uint64_t flags;
    int32_t nice;
    uint32_t priority;
    uint64_t runtime;
    uint64_t deadline;
    uint64_t period;
};

int meterd_request_slice(uint64_t nanoseconds) {
    struct scheduling present = {.size = sizeof(present)};
    if (syscall(SYS_sched_getattr, 0, &present, sizeof(present), 0) != 0) {
        return errno;
    }
    present.runtime = nanoseconds;
    return syscall(SYS_sched_setattr, 0, &present, 0) == 0 ? 0 : errno;
}

// The reflected Castagnoli polynomial.
#define POLYNOMIAL 0x82F63B78u

static uint32_t table[256];

// Long inputs are cut into three lanes of so many bytes, because the instruction takes three cycles
// and a processor can have three of them under way.
#define LANE 4096

// What so many zero bytes make of a register, by its four bytes: the way to put lanes together.
static uint32_t past_lane[4][256];

__attribute__((constructor)) static void fill_tables(void) {
    for (uint32_t index = 0; index < 256; index++) {
        uint32_t value = index;
        for (int bit = 0; bit < 8; bit++) {
            value = (value & 1) ? (value >> 1) ^ POLYNOMIAL : value >> 1;
        }
        table[index] = value;
    }
    for (int bit = 0; bit < 32; bit++) {
        uint32_t value = UINT32_C(1) << bit;
        for (int count = 0; count < LANE; count++) {
            value = (value >> 8) ^ table[value & 0xFF];
        }
        // The register is linear in its bits.
        for (uint32_t byte = 0; byte < 256; byte++) {
            if (byte >> (bit % 8) & 1) {
                past_lane[bit / 8][byte] ^= value;
            }
        }
    }
}

static inline uint32_t skip_lane(uint32_t value) {
    return past_lane[0][value & 0xFF] ^ past_lane[1][value >> 8 & 0xFF] ^
           past_lane[2][value >> 16 & 0xFF] ^ past_lane[3][value >> 24];
}

uint32_t meterd_crc32c_portable(uint32_t crc, const void *bytes, size_t length) {
    const uint8_t *next = bytes;
    crc = ~crc;
    while (length--) {
        crc = (crc >> 8) ^ table[(crc ^ *next++) & 0xFF];
    }
    return ~crc;
}

#if defined(__x86_64__)
#include <immintrin.h>

__attribute__((target("sse4.2"))) static uint32_t crc_hardware(uint32_t crc, const void *bytes,
                                                               size_t length) {
    const uint8_t *next = bytes;
    uint64_t value = (uint32_t)~crc;
    while (length >= 3 * LANE) {
        uint64_t second = 0;
        uint64_t third = 0;
        for (size_t offset = 0; offset < LANE; offset += 8) {
            uint64_t words[3];
            memcpy(&words[0], next + offset, 8);
            memcpy(&words[1], next + LANE + offset, 8);
            memcpy(&words[2], next + 2 * LANE + offset, 8);
            value = _mm_crc32_u64(value, words[0]);
            second = _mm_crc32_u64(second, words[1]);
            third = _mm_crc32_u64(third, words[2]);
        }
        value = skip_lane(skip_lane((uint32_t)value) ^ (uint32_t)second) ^ (uint32_t)third;
        next += 3 * LANE;
        length -= 3 * LANE;
    }
    while (length >= 8) {
        uint64_t word;
        memcpy(&word, next, 8);
        value = _mm_crc32_u64(value, word);
        next += 8;
        length -= 8;
    }
    uint32_t tail = (uint32_t)value;
    while (length--) {
        tail = _mm_crc32_u8(tail, *next++);
    }
    return ~tail;
}

static bool has_hardware(void) {
    return __builtin_cpu_supports("sse4.2");
}
#elif defined(__aarch64__) && defined(__ARM_FEATURE_CRC32)
#include <arm_acle.h>

static uint32_t crc_hardware(uint32_t crc, const void *bytes, size_t length) {
    const uint8_t *next = bytes;
    crc = ~crc;
    while (length >= 8) {
        uint64_t word;
        memcpy(&word, next, 8);
        crc = __crc32cd(crc, word);
        next += 8;
        length -= 8;
    }
    while (length--) {
        crc = __crc32cb(crc, *next++);
    }
    return ~crc;
}

static bool has_hardware(void) {
    return true;
}
#else
static uint32_t crc_hardware(uint32_t crc, const void *bytes, size_t length) {
    return meterd_crc32c_portable(crc, bytes, length);
}

static bool has_hardware(void) {
    return false;
}
#endif

uint32_t meterd_crc32c(uint32_t crc, const void *bytes, size_t length) {
    return has_hardware() ? crc_hardware(crc, bytes, length)
                          : meterd_crc32c_portable(crc, bytes, length);
}

static int spawn_between(char *const *arguments, char *const *environment, pid_t *child, int input,
                         int output) {
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t signals;
    int code = posix_spawn_file_actions_init(&actions);
    if (code != 0) {
        return code;
    }
    code = posix_spawnattr_init(&attributes);
    if (code != 0) {
        posix_spawn_file_actions_destroy(&actions);
        return code;
    }
    if ((code = posix_spawn_file_actions_adddup2(&actions, input, 0)) == 0 &&
        (code = posix_spawn_file_actions_adddup2(&actions, output, 1)) == 0 &&
        (code = posix_spawn_file_actions_addclosefrom_np(&actions, 3)) == 0 &&
        (code = posix_spawn_file_actions_addchdir_np(&actions, "/")) == 0) {
        sigemptyset(&signals);
        posix_spawnattr_setsigmask(&attributes, &signals);
        sigfillset(&signals);
        posix_spawnattr_setsigdefault(&attributes, &signals);
        posix_spawnattr_setpgroup(&attributes, 0);
        posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF |
                                                  POSIX_SPAWN_SETPGROUP);
        code = posix_spawn(child, arguments[0], &actions, &attributes, arguments, environment);
    }
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    return code;
}

int meterd_spawn(char *const *arguments, char *const *environment, int32_t *child, int *input,
                 int *output) {
    int to[2], from[2];
    pid_t pid = 0;
    if (pipe2(to, O_CLOEXEC) != 0) {
        return errno;
    }
    if (pipe2(from, O_CLOEXEC) != 0) {
        int code = errno;
        close(to[0]);
        close(to[1]);
        return code;
    }
    int code = spawn_between(arguments, environment, &pid, to[0], from[1]);
    close(to[0]);
    close(from[1]);
    if (code != 0) {
        close(to[1]);
        close(from[0]);
        return code;
    }
    *child = (int32_t)pid;
    *input = to[1];
    *output = from[0];
    return 0;
}
