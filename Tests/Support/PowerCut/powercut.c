// Keeps an undo log of everything that a power cut could take from one folder.
//
// Preloaded into the daemon (LD_PRELOAD), it lets all calls through to the real file system, and
// notes before each write to a file of the folder what stood there, and after each sync what is
// durable from then on. When the daemon has been killed with SIGKILL, all that it had written is
// still in the kernel's memory; the crash campaign reads the log and takes back what no finished
// fdatasync had covered, whole or at the borders of sectors, as a disk without power would.
//
//   METERD_POWERCUT_FOLDER   the folder
//   METERD_POWERCUT_LOG      the log, which is continued when it exists
//   METERD_POWERCUT_DELAY    a sync takes up to so many microseconds longer, as on a slow disk, so
//                            that there is something to lose at any moment
//   METERD_POWERCUT_LIE      when set, a sync does nothing and says that it has: the campaign must
//                            find what is lost then, or it proves nothing
//
// The log is a row of records: a header, then `length` bytes, unless `length` counts zeros only.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum kind {
    KIND_WRITE = 1,    // file, offset, extra: the file's size before; payload: what stood there
    KIND_ZEROS = 2,    // the same, where only zeros stood; no payload
    KIND_SIZE = 3,     // file, extra: the file's size before
    KIND_SYNCED = 4,   // file, extra: the log's length when the sync began
    KIND_CREATED = 5,  // payload: the name
    KIND_RENAMED = 6,  // payload: the old name, a zero, the new name
    KIND_REMOVED = 7,  // payload: the name, a zero, the name under which it is kept
    KIND_FOLDER = 8,   // the folder is synced, extra: the log's length when that began
    KIND_NAME = 9,     // file; payload: a name that the file is opened by
};

struct record {
    uint32_t magic;
    uint32_t kind;
    uint64_t file;  // the inode's number
    uint64_t offset;
    uint64_t length;
    uint64_t extra;
};

#define MAGIC 0x5043554Cu
#define DESCRIPTORS 65536

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char folder[PATH_MAX];
static int log_file = -1;
static uint64_t log_length;
static bool lies;
static unsigned delay;
static uint64_t kept;
// Inode numbers of the folder's open files, 0 for all others; 1 for the folder itself.
static uint64_t files[DESCRIPTORS];

#define REAL(name) \
    static __typeof__(name) *real; \
    if (!real) real = (__typeof__(name) *)dlsym(RTLD_NEXT, #name)

static ssize_t real_pwrite(int fd, const void *bytes, size_t count, off_t offset) {
    REAL(pwrite);
    return real(fd, bytes, count, offset);
}

static void give_up(const char *what) {
    dprintf(2, "powercut: %s: %s\n", what, strerror(errno));
    abort();
}

__attribute__((constructor)) static void begin(void) {
    const char *path = getenv("METERD_POWERCUT_FOLDER");
    const char *log = getenv("METERD_POWERCUT_LOG");
    lies = getenv("METERD_POWERCUT_LIE") != NULL;
    if (getenv("METERD_POWERCUT_DELAY")) delay = (unsigned)atoi(getenv("METERD_POWERCUT_DELAY"));
    if (!path || !log) return;
    snprintf(folder, sizeof(folder), "%s", path);
    int fd = open(log, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0) give_up(log);
    log_length = (uint64_t)lseek(fd, 0, SEEK_END);
    log_file = fd;
}

// Under the lock. One that is torn by the kill belongs to a call that has not happened.
static void note(uint32_t kind, uint64_t file, uint64_t offset, uint64_t length, uint64_t extra,
                 const void *payload, size_t bytes) {
    struct record head = {MAGIC, kind, file, offset, length, extra};
    struct iovec parts[2] = {{&head, sizeof(head)}, {(void *)payload, bytes}};
    ssize_t count = pwritev(log_file, parts, bytes ? 2 : 1, (off_t)log_length);
    if (count != (ssize_t)(sizeof(head) + bytes)) give_up("the log cannot be written");
    log_length += (uint64_t)count;
}

static uint64_t file_of(int fd) {
    return fd >= 0 && fd < DESCRIPTORS ? __atomic_load_n(&files[fd], __ATOMIC_ACQUIRE) : 0;
}

static void set_file(int fd, uint64_t file) {
    if (fd >= 0 && fd < DESCRIPTORS) __atomic_store_n(&files[fd], file, __ATOMIC_RELEASE);
}

// The name of an open file in the folder, or null.
static const char *name_in_folder(int fd, char path[PATH_MAX]) {
    char link[64];
    snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
    ssize_t count = readlink(link, path, PATH_MAX - 1);
    if (count <= 0) return NULL;
    path[count] = 0;
    size_t length = strlen(folder);
    if (strncmp(path, folder, length) != 0) return NULL;
    if (path[length] == 0) return "";
    return path[length] == '/' ? path + length + 1 : NULL;
}

static uint64_t size_of(int fd) {
    struct stat status;
    return fstat(fd, &status) == 0 ? (uint64_t)status.st_size : 0;
}

// Notes what stands in a range that is about to be changed; under the lock.
static void keep(int fd, uint64_t file, uint64_t offset, uint64_t count) {
    uint64_t size = size_of(fd);
    char *bytes = calloc(1, count ? count : 1);
    if (!bytes) give_up("memory");
    uint64_t have = 0;
    while (have < count) {
        ssize_t done = pread(fd, bytes + have, count - have, (off_t)(offset + have));
        if (done < 0 && errno == EINTR) continue;
        if (done <= 0) break;
        have += (uint64_t)done;
    }
    bool zeros = true;
    for (uint64_t index = 0; index < count && zeros; index++) zeros = bytes[index] == 0;
    note(zeros ? KIND_ZEROS : KIND_WRITE, file, offset, count, size, bytes, zeros ? 0 : count);
    free(bytes);
}

static int opened(int fd, bool created) {
    if (fd < 0 || log_file < 0) return fd;
    char path[PATH_MAX];
    const char *name = name_in_folder(fd, path);
    struct stat status;
    if (!name || fstat(fd, &status) != 0) {
        set_file(fd, 0);
        return fd;
    }
    if (S_ISDIR(status.st_mode)) {
        set_file(fd, 1);
        return fd;
    }
    pthread_mutex_lock(&lock);
    if (created) note(KIND_CREATED, status.st_ino, 0, strlen(name), 0, name, strlen(name));
    note(KIND_NAME, status.st_ino, 0, strlen(name), 0, name, strlen(name));
    pthread_mutex_unlock(&lock);
    set_file(fd, status.st_ino);
    return fd;
}

// Opens without truncating, so that what truncation takes away can be noted first.
static int open_noting(int fd, int flags) {
    if (fd >= 0 && file_of(fd) > 1 && (flags & O_TRUNC)) {
        pthread_mutex_lock(&lock);
        uint64_t size = size_of(fd);
        if (size > 0) {
            keep(fd, file_of(fd), 0, size);
            note(KIND_SIZE, file_of(fd), 0, 0, size, NULL, 0);
            if (ftruncate(fd, 0) != 0) give_up("a file cannot be emptied");
        }
        pthread_mutex_unlock(&lock);
    }
    return fd;
}

int openat(int at, const char *path, int flags, ...) {
    REAL(openat);
    mode_t mode = 0;
    if (flags & O_CREAT) {
        va_list list;
        va_start(list, flags);
        mode = va_arg(list, mode_t);
        va_end(list);
    }
    bool ours = log_file >= 0 && file_of(at) == 1;
    if (!ours) {
        int fd = real(at, path, flags, mode);
        set_file(fd, 0);
        return fd;
    }
    bool existed = faccessat(at, path, F_OK, 0) == 0;
    int fd = opened(real(at, path, flags & ~O_TRUNC, mode), !existed);
    return open_noting(fd, flags);
}

int open(const char *path, int flags, ...) {
    REAL(open);
    mode_t mode = 0;
    if (flags & O_CREAT) {
        va_list list;
        va_start(list, flags);
        mode = va_arg(list, mode_t);
        va_end(list);
    }
    int fd = real(path, flags, mode);
    // The folder itself is opened by its path, its files by their names in it.
    return flags & O_DIRECTORY ? opened(fd, false) : (set_file(fd, 0), fd);
}

int close(int fd) {
    REAL(close);
    set_file(fd, 0);
    return real(fd);
}

ssize_t pwrite(int fd, const void *bytes, size_t count, off_t offset) {
    uint64_t file = file_of(fd);
    if (file <= 1) return real_pwrite(fd, bytes, count, offset);
    pthread_mutex_lock(&lock);
    keep(fd, file, (uint64_t)offset, count);
    ssize_t result = real_pwrite(fd, bytes, count, offset);
    int code = errno;
    pthread_mutex_unlock(&lock);
    errno = code;
    return result;
}

int ftruncate(int fd, off_t length) {
    REAL(ftruncate);
    uint64_t file = file_of(fd);
    if (file <= 1) return real(fd, length);
    pthread_mutex_lock(&lock);
    uint64_t size = size_of(fd);
    if (size > (uint64_t)length) keep(fd, file, (uint64_t)length, size - (uint64_t)length);
    note(KIND_SIZE, file, 0, 0, size, NULL, 0);
    int result = real(fd, length);
    pthread_mutex_unlock(&lock);
    return result;
}

int fallocate(int fd, int mode, off_t offset, off_t length) {
    REAL(fallocate);
    uint64_t file = file_of(fd);
    if (file > 1) {
        pthread_mutex_lock(&lock);
        note(KIND_SIZE, file, 0, 0, size_of(fd), NULL, 0);
        pthread_mutex_unlock(&lock);
    }
    return real(fd, mode, offset, length);
}

static int synced(int fd, int (*sync)(int)) {
    uint64_t file = file_of(fd);
    if (file == 0) return sync(fd);
    // What is written while the sync runs may or may not be covered: it is not.
    pthread_mutex_lock(&lock);
    uint64_t covered = log_length;
    pthread_mutex_unlock(&lock);
    if (delay && file != 1) {
        struct timespec now;
        clock_gettime(CLOCK_MONOTONIC, &now);
        usleep((unsigned)(now.tv_nsec / 1000) % delay);
    }
    if (lies) return 0;
    int result = sync(fd);
    if (result != 0) return result;
    pthread_mutex_lock(&lock);
    note(file == 1 ? KIND_FOLDER : KIND_SYNCED, file, 0, 0, covered, NULL, 0);
    pthread_mutex_unlock(&lock);
    return result;
}

int fdatasync(int fd) {
    REAL(fdatasync);
    return synced(fd, real);
}

int fsync(int fd) {
    REAL(fsync);
    return synced(fd, real);
}

static size_t pair(char *payload, const char *first, const char *second) {
    return (size_t)snprintf(payload, 2 * NAME_MAX + 2, "%s%c%s", first, 0, second);
}

int renameat(int from, const char *name, int to, const char *new_name) {
    REAL(renameat);
    if (file_of(from) != 1 || file_of(to) != 1) return real(from, name, to, new_name);
    char payload[2 * NAME_MAX + 2];
    pthread_mutex_lock(&lock);
    // Before the call: to take back what has not happened does nothing.
    size_t bytes = pair(payload, name, new_name);
    note(KIND_RENAMED, 0, 0, bytes, 0, payload, bytes);
    int result = real(from, name, to, new_name);
    int code = errno;
    pthread_mutex_unlock(&lock);
    errno = code;
    return result;
}

// A removed file is kept beside the folder: until the folder is synced it may come back.
int unlinkat(int at, const char *name, int flags) {
    REAL(unlinkat);
    if (file_of(at) != 1) return real(at, name, flags);
    char payload[2 * NAME_MAX + 2], place[PATH_MAX + 64], spare[64];
    pthread_mutex_lock(&lock);
    snprintf(spare, sizeof(spare), "%d-%llu", getpid(), (unsigned long long)kept++);
    snprintf(place, sizeof(place), "%s.removed/%s", folder, spare);
    size_t bytes = pair(payload, name, spare);
    note(KIND_REMOVED, 0, 0, bytes, 0, payload, bytes);
    int result = renameat(at, name, AT_FDCWD, place) == 0 ? 0 : real(at, name, flags);
    int code = errno;
    pthread_mutex_unlock(&lock);
    errno = code;
    return result;
}
