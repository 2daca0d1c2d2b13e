// Counts what a process takes from the heap, by the Dispatch queue that takes it. For LD_PRELOAD.
//
//   cc -O2 -fPIC -shared -ftls-model=initial-exec -o allocation-shim.so AllocationShim.c
//   ALLOCATION_SHIM_FILE=/dev/shm/counts LD_PRELOAD=./allocation-shim.so meterd ...
//
// The file is mapped, and can be read while the process runs: see `struct table`. Threads of a pool
// serve many queues, so that a thread's name says nothing: the queue's label does. A thread that
// serves no queue, and the main thread, count under the thread's name in brackets. With `sampling`
// set to 1 (by whoever has the file mapped) the call stacks of allocations are kept as well, each
// once with its count.
//
// It never takes from the heap itself once it has begun, takes no locks, and calls glibc's own
// `__libc_malloc` and its like, so that it needs no `dlsym` for what it stands in for.

#define _GNU_SOURCE
#include <dlfcn.h>
#include <elf.h>
#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <link.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

// The layout that readers know; change `VERSION` with it.
#define MAGIC 0x434F4C4C41544D4Dull // "MMTALLOC" as it lies in memory, nearly
#define VERSION 1
#define SLOTS 256
#define LABEL 48
#define STACKS 4096
#define DEPTH 28
// What glibc maps for itself is not seen; what others map from this size on is counted.
#define BIG_MAPPING 65536

struct slot { // 128 bytes
    _Atomic uint32_t state; // 0 free, 1 being written, 2 valid
    uint32_t reserved;
    char label[LABEL];
    _Atomic uint64_t malloc, calloc, realloc, aligned, mapped, freed, bytes;
    uint64_t padding[2];
};

struct stack { // 256 bytes
    _Atomic uint64_t hash; // 0 free
    _Atomic uint32_t slot;
    _Atomic uint32_t depth; // set last
    _Atomic uint64_t count;
    uint64_t bytes;
    uint64_t frames[DEPTH]; // addresses as they run; less `base` they are the program's own
};

struct table {
    uint64_t magic;
    uint32_t version, slots, stacks, depth;
    uint64_t base; // where the program is loaded
    _Atomic uint32_t sampling;
    _Atomic uint32_t lost; // stacks that found no room
    uint32_t knows_queues;
    uint32_t reserved[3];
    uint64_t padding;
    struct slot slot[SLOTS];
    struct stack stack[STACKS];
};
_Static_assert(sizeof(struct slot) == 128, "readers know the size of a slot");
_Static_assert(sizeof(struct stack) == 32 + DEPTH * 8, "readers know the size of a stack");
_Static_assert(offsetof(struct table, slot) == 64, "readers know where the slots begin");

extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);
extern void *__libc_memalign(size_t, size_t);
extern void __libc_free(void *);

static struct table *table; // nil until the constructor has run: nothing is counted before
static const char *(*label_of_queue)(void *);

static _Thread_local int inside;             // an allocation by this shim or what it calls
static _Thread_local int is_main;            // the process's first thread
static _Thread_local const char *last_label; // the slot that this thread used last
static _Thread_local struct slot *last_slot;

// ---- Which queue

static struct slot *find(const char *label) {
    uint32_t hash = 2166136261u;
    for (const char *c = label; *c; c++) hash = (hash ^ (uint8_t)*c) * 16777619u;
    for (uint32_t i = 0; i < SLOTS; i++) {
        struct slot *slot = &table->slot[(hash + i) % SLOTS];
        uint32_t state = atomic_load_explicit(&slot->state, memory_order_acquire);
        if (state == 0 && atomic_compare_exchange_strong(&slot->state, &state, 1)) {
            strncpy(slot->label, label, LABEL - 1);
            atomic_store_explicit(&slot->state, 2, memory_order_release);
            return slot;
        }
        while ((state = atomic_load_explicit(&slot->state, memory_order_acquire)) == 1) {}
        if (strncmp(slot->label, label, LABEL - 1) == 0) return slot;
    }
    return &table->slot[hash % SLOTS]; // full: counted somewhere rather than nowhere
}

static struct slot *current(void) {
    // The main thread is never asked: it comes here before Dispatch has made itself ready, and
    // would not be able to end the process later.
    const char *label = label_of_queue && !is_main ? label_of_queue(NULL) : "";
    // Queues' labels are constants or live as long as their queue: the pointer says enough.
    if (label == last_label && label && *label) return last_slot;
    if (label && *label) {
        last_slot = find(label);
        last_label = label;
        return last_slot;
    }
    char name[24] = "[";
    if (pthread_getname_np(pthread_self(), name + 1, 18) != 0) name[1] = 0;
    strcat(name, "]");
    last_label = NULL;
    return find(name);
}

// ---- Call stacks

static inline __attribute__((always_inline)) void sample(struct slot *slot, size_t bytes) {
    void *frames[DEPTH + 2];
    int depth = backtrace(frames, DEPTH + 2) - 2; // without this function and the one that counts
    if (depth <= 0) return;
    uint64_t hash = 14695981039346656037ull ^ (uint64_t)(uintptr_t)slot;
    for (int i = 0; i < depth; i++) {
        hash = (hash ^ (uint64_t)(uintptr_t)frames[i + 2]) * 1099511628211ull;
    }
    if (hash == 0) hash = 1;
    for (uint32_t i = 0; i < STACKS; i++) {
        struct stack *stack = &table->stack[(hash + i) % STACKS];
        uint64_t found = atomic_load(&stack->hash);
        if (found == 0 && atomic_compare_exchange_strong(&stack->hash, &found, hash)) {
            for (int f = 0; f < depth; f++) stack->frames[f] = (uint64_t)(uintptr_t)frames[f + 2];
            stack->bytes = bytes;
            atomic_store(&stack->slot, (uint32_t)(slot - table->slot));
            atomic_store(&stack->count, 1);
            atomic_store(&stack->depth, (uint32_t)depth);
            return;
        }
        if (found == hash) {
            atomic_fetch_add_explicit(&stack->count, 1, memory_order_relaxed);
            return;
        }
    }
    atomic_fetch_add(&table->lost, 1);
}

// ---- Counting

static __attribute__((noinline)) void count(size_t kind, size_t bytes) {
    if (!table || inside) return;
    inside = 1;
    int saved = errno;
    struct slot *slot = current();
    _Atomic uint64_t *counter = (_Atomic uint64_t *)((char *)slot + kind);
    atomic_fetch_add_explicit(counter, 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&slot->bytes, bytes, memory_order_relaxed);
    if (kind != offsetof(struct slot, freed)
        && atomic_load_explicit(&table->sampling, memory_order_relaxed)) {
        sample(slot, bytes);
    }
    errno = saved;
    inside = 0;
}
#define COUNT(kind, bytes) count(offsetof(struct slot, kind), bytes)

void *malloc(size_t size) {
    COUNT(malloc, size);
    return __libc_malloc(size);
}

void *calloc(size_t number, size_t size) {
    COUNT(calloc, number * size);
    return __libc_calloc(number, size);
}

void *realloc(void *old, size_t size) {
    COUNT(realloc, size);
    return __libc_realloc(old, size);
}

void *reallocarray(void *old, size_t number, size_t size) {
    size_t bytes;
    if (__builtin_mul_overflow(number, size, &bytes)) {
        errno = ENOMEM;
        return NULL;
    }
    COUNT(realloc, bytes);
    return __libc_realloc(old, bytes);
}

void *memalign(size_t alignment, size_t size) {
    COUNT(aligned, size);
    return __libc_memalign(alignment, size);
}

void *aligned_alloc(size_t alignment, size_t size) {
    COUNT(aligned, size);
    return __libc_memalign(alignment, size);
}

int posix_memalign(void **result, size_t alignment, size_t size) {
    if (alignment % sizeof(void *) != 0 || (alignment & (alignment - 1)) != 0 || alignment == 0) {
        return EINVAL;
    }
    COUNT(aligned, size);
    void *memory = __libc_memalign(alignment, size);
    if (!memory) return ENOMEM;
    *result = memory;
    return 0;
}

void free(void *memory) {
    if (memory) COUNT(freed, 0);
    __libc_free(memory);
}

void *mmap(void *address, size_t length, int protection, int flags, int file, off_t offset) {
    if ((flags & MAP_ANONYMOUS) && length >= BIG_MAPPING) COUNT(mapped, length);
    return (void *)syscall(SYS_mmap, address, length, protection, flags, file, offset);
}

// ---- Beginning

// Dispatch is linked into the program, which does not export it: its symbol table says where it is.
static void *in_symbol_table(const char *wanted, uint64_t base) {
    void *found = NULL;
    int file = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    if (file < 0) return NULL;
    struct stat status;
    char *image = MAP_FAILED;
    if (fstat(file, &status) == 0) {
        image = (char *)syscall(
            SYS_mmap, NULL, status.st_size, PROT_READ, MAP_PRIVATE, file, (off_t)0);
    }
    close(file);
    if (image == MAP_FAILED) return NULL;
    const Elf64_Ehdr *header = (const Elf64_Ehdr *)image;
    const Elf64_Shdr *sections = (const Elf64_Shdr *)(image + header->e_shoff);
    for (int i = 0; i < header->e_shnum && !found; i++) {
        if (sections[i].sh_type != SHT_SYMTAB) continue;
        const Elf64_Sym *symbols = (const Elf64_Sym *)(image + sections[i].sh_offset);
        const char *names = image + sections[sections[i].sh_link].sh_offset;
        for (size_t s = 0; s < sections[i].sh_size / sizeof(Elf64_Sym); s++) {
            if (ELF64_ST_TYPE(symbols[s].st_info) != STT_FUNC) continue;
            if (strcmp(names + symbols[s].st_name, wanted) != 0) continue;
            found = (void *)(uintptr_t)(base + symbols[s].st_value);
            break;
        }
    }
    munmap(image, status.st_size);
    return found;
}

static int first_object(struct dl_phdr_info *info, size_t size, void *base) {
    (void)size;
    *(uint64_t *)base = info->dlpi_addr;
    return 1; // the program itself comes first
}

static __attribute__((constructor)) void begin(void) {
    const char *path = getenv("ALLOCATION_SHIM_FILE");
    if (!path) return;
    // Only this process: what it starts would count into the same table.
    int file = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (file < 0) return;
    if (ftruncate(file, sizeof(struct table)) != 0) {
        close(file);
        return;
    }
    struct table *made = (struct table *)syscall(
        SYS_mmap, NULL, sizeof(struct table), PROT_READ | PROT_WRITE, MAP_SHARED, file, (off_t)0);
    close(file);
    if (made == MAP_FAILED) return;
    unsetenv("ALLOCATION_SHIM_FILE");
    unsetenv("LD_PRELOAD");
    dl_iterate_phdr(first_object, &made->base);
    const char *name = "dispatch_queue_get_label";
    void *label = dlsym(RTLD_DEFAULT, name);
    if (!label) label = in_symbol_table(name, made->base);
    label_of_queue = (const char *(*)(void *))label;
    // The first call loads the unwinder, which takes memory.
    void *frames[2];
    backtrace(frames, 2);
    made->version = VERSION;
    made->slots = SLOTS;
    made->stacks = STACKS;
    made->depth = DEPTH;
    made->knows_queues = label != NULL;
    is_main = 1;
    atomic_thread_fence(memory_order_release);
    made->magic = MAGIC;
    table = made;
}
