/*
 * What the proofs assume, as contracts in ACSL; "annotate" puts this where the
 * program's types are known.  Beside that they assume:
 *
 * - The functions that make a VM leave it as vm_good and ring_good say, and
 *   report and vm_report change nothing but errno.
 * - RAM, a VM, the console, the ring, the options and errno do not overlap.
 * - What a lock protects changes only under that lock.
 * - The memory model: bytes of RAM read as another type hold any value.  A
 *   wrong index is always noticed; a pointer that leaves an array, but not the
 *   struct around it, only where something is written through it or where a
 *   contract names its bounds.
 */

/* As the tools know neither GNU's errno nor its variable arguments. */
#undef errno
#define errno error_number
extern int errno;

/*@ // A string ends before LIMIT.
    predicate string_within{L}(char *s, integer limit) =
	\exists integer n; 0 <= n < limit && \valid_read(s + (0 .. n)) &&
	    s[n] == 0;
    predicate string{L}(char *s) =
	\exists integer n; 0 <= n && \valid_read(s + (0 .. n)) && s[n] == 0;
    predicate length{L}(char *s, integer n) =
	0 <= n && \valid_read(s + (0 .. n)) && s[n] == 0 &&
	(\forall integer i; 0 <= i < n ==> s[i] != 0);
*/

/* The tools do not know what is in a string constant. */
static const char dot[] = ".", dots[] = "..";
static const char memories[] = "2, 4 or 8", pages[] = "4 or 2";

/* ---- libc ------------------------------------------------------------- */

/*@ requires string: string(s);
    assigns \result \from s[0 ..];
    ensures length(s, \result); */
size_t strlen(const char *s);

/*@ requires strings: string(a) && string(b);
    assigns \result \from a[0 ..], b[0 ..];
    ensures differ: \result != 0 ==> \exists integer n; 0 <= n &&
	a[n] != b[n] && (\forall integer i; 0 <= i < n ==> a[i] == b[i] &&
	    a[i] != 0); */
int strcmp(const char *a, const char *b);

/*@ requires string: string(s);
    assigns \result \from s, s[0 ..], c;
    ensures found: \result != \null ==> c == 0 ||
	(\exists integer i; 0 <= i && \result == s + i && s[i] == (char)c);
    ensures rest: \result != \null ==> string(\result);
    ensures next: \result != \null && c != 0 ==> string(\result + 1); */
char *strrchr(const char *s, int c);

/*@ requires from: \valid_read(s + (0 .. size - 1));
    assigns \result \from s, s[0 .. size - 1], c, size;
    ensures \result != \null ==>
	\exists integer i; 0 <= i < size && s[i] == (char)c; */
const void *memory_find(const char *s, int c, size_t size);
#define memchr(s, c, size) memory_find(s, c, size)

/*@ requires to: \valid(to + (0 .. size - 1));
    requires from: \valid_read(from + (0 .. size - 1));
    assigns to[0 .. size - 1] \from from[0 .. size - 1]; */
void bytes_move(uint8_t *to, const uint8_t *from, size_t size);
#define memmove(to, from, size) bytes_move(to, from, size)

/*@ requires to: \valid(to + (0 .. size - 1));
    requires from: \valid_read(from + (0 .. size - 1));
    requires apart: \separated(to + (0 .. size - 1), from + (0 .. size - 1));
    assigns to[0 .. size - 1] \from from[0 .. size - 1]; */
void bytes_copy(uint8_t *to, const uint8_t *from, size_t size);
#define memcpy(to, from, size) bytes_copy(to, (const uint8_t *)(from), size)

/*@ requires to: \valid(to) && size == sizeof(*to);
    requires from: \valid_read(from + (0 .. size - 1));
    assigns *to \from from[0 .. size - 1]; */
void request_copy(struct request *to, const uint8_t *from, size_t size);

/* ---- threads ---------------------------------------------------------- */

/*
 * What waits for a lock finds the console as another VM's thread has left it,
 * where this file's invariant holds, as each function here has to see to.
 */
/*@ requires \valid(console);
    assigns console->in_next, console->in_size, console->in[..],
	console->out_given_up;
    ensures console->in_next <= console->in_size <= CONSOLE_INPUT; */
int console_lock(struct console *console);
#define pthread_mutex_lock(lock) console_lock(vm->console)
#define pthread_mutex_trylock(lock) console_lock(vm->console)

/*@ assigns \nothing; */
int console_unlock(void);
#define pthread_mutex_unlock(lock) console_unlock()

/* ---- the kernel ------------------------------------------------------- */

/*@ requires buffer: \valid(data + (0 .. size - 1));
    assigns data[0 .. size - 1], errno;
    ensures -1 <= \result <= size;
    ensures \result < 0 ==> 0 < errno < 4096; */
ssize_t bytes_read(int fd, uint8_t *data, size_t size);
#define read(fd, data, size) bytes_read(fd, data, size)

/*@ requires buffer: \valid_read(data + (0 .. size - 1));
    assigns errno;
    ensures -1 <= \result <= size;
    ensures \result < 0 ==> 0 < errno < 4096; */
ssize_t bytes_write(int fd, const uint8_t *data, size_t size);
#define write(fd, data, size) bytes_write(fd, data, size)

/*@ requires buffer: \valid(data + (0 .. size - 1)) && at >= 0;
    assigns data[0 .. size - 1], errno;
    ensures -1 <= \result <= size && at + \result <= INT64_MAX;
    ensures \result < 0 ==> 0 < errno < 4096; */
ssize_t bytes_read_at(int fd, uint8_t *data, size_t size, off_t at);
#define pread(fd, data, size, at) bytes_read_at(fd, data, size, at)

/*@ requires buffer: \valid_read(data + (0 .. size - 1)) && at >= 0;
    assigns errno;
    ensures -1 <= \result <= size && at + \result <= INT64_MAX;
    ensures \result < 0 ==> 0 < errno < 4096; */
ssize_t bytes_write_at(int fd, const uint8_t *data, size_t size, off_t at);
#define pwrite(fd, data, size, at) bytes_write_at(fd, data, size, at)

/*@ requires \valid(fds + (0 .. count - 1));
    assigns fds[0 .. count - 1], errno;
    ensures -1 <= \result <= count; */
int poll(struct pollfd *fds, nfds_t count, int timeout);

/*@ requires \valid(status);
    assigns *status, errno;
    ensures \result == 0 || \result == -1;
    ensures \result == 0 ==> status->st_size >= 0;
    ensures \result < 0 ==> 0 < errno < 4096; */
int fstat(int fd, struct stat *status);

/*@ requires \valid(status);
    assigns *status, errno;
    ensures \result == 0 || \result == -1; */
int fstatat(int folder, const char *name, struct stat *status, int flags);

/*@ assigns errno;
    ensures -1 <= \result;
    ensures \result < 0 ==> 0 < errno < 4096; */
off_t lseek(int fd, off_t offset, int whence);

/*@ requires \valid(in) && \valid(out) && *in >= 0;
    assigns *in, *out, errno;
    ensures -1 <= \result <= size && \old(*in) + \result <= INT64_MAX;
    ensures \result < 0 ==> 0 < errno < 4096; */
ssize_t copy_file_range(int from, off_t *in, int to, off_t *out, size_t size,
    unsigned int flags);

/*@ assigns errno;
    ensures \result == 0 || \result == -1;
    ensures \result < 0 ==> 0 < errno < 4096; */
int ftruncate(int fd, off_t size);

/*@ assigns errno;
    ensures \result == 0 || \result == -1; */
int unlinkat(int folder, const char *name, int flags);

/*@ assigns errno;
    ensures \result == 0 || \result == -1; */
int close(int fd);

/*@ assigns errno;
    ensures -1 <= \result;
    ensures \result < 0 ==> 0 < errno < 4096; */
int file_open_at(int folder);
#define openat(folder, name, ...) file_open_at(folder)

/*@ requires name: string(to);
    assigns errno;
    ensures \result == 0 || \result == -1;
    ensures \result < 0 ==> 0 < errno < 4096; */
int renameat(int from_folder, const char *from, int to_folder, const char *to);

/* KVM_GET_REGS, the only ioctl in what is proved. */
/*@ requires regs: \valid(regs);
    assigns *regs, errno; */
int registers_get(struct kvm_regs *regs);

/* ---- the compiler ----------------------------------------------------- */

/*@ requires \valid(sum);
    assigns *sum;
    ensures \result == 0 <==> INT64_MIN <= a + b <= INT64_MAX;
    ensures \result == 0 ==> *sum == a + b; */
int sum_overflows(int64_t a, int64_t b, int64_t *sum);
#define __builtin_add_overflow(a, b, sum) sum_overflows(a, b, sum)

/*
 * The ring fills a page of kvm_run.  Its array has no size in the kernel's
 * header, which the tools can't have.
 */
/*@ assigns \result \from ring;
    ensures \valid_read(\result + (0 .. (PAGE_4K - 8) / 24 - 1)); */
const struct kvm_coalesced_mmio *ring_entries(
    const struct kvm_coalesced_mmio_ring *ring);

/* ---- the command line ------------------------------------------------- */

/*@ requires string: string(s);
    assigns \result \from s, s[0 ..], c;
    ensures \result != \null ==> \exists integer i; 0 <= i &&
	\result == s + i && s[i] == (char)c &&
	(\forall integer k; 0 <= k < i ==> s[k] != 0); */
char *strchr(const char *s, int c);

/* main's arguments, of which there is one at least, and their number. */
extern const int words;
/*@ predicate words_good{L}(char **argv) = words >= 1 &&
	\valid_read(argv + (0 .. words)) && argv[words] == \null &&
	(\forall integer i; 0 <= i < words ==> argv[i] != \null &&
	    string(argv[i])) &&
	\separated(argv + (0 .. words), &optind, &optarg, &errno); */

/* Each option but -h has an argument, so that it takes a word at least. */
/*@ requires words: words_good(argv) && 1 <= optind <= words;
    assigns optind, optarg;
    ensures end: \result == -1 ==> \old(optind) <= optind <= words;
    ensures next: \result == 'm' || \result == 'p' || \result == 'g' ||
	\result == 'f' ==> \old(optind) < optind <= words && string(optarg); */
int option_next(char **argv);
#define getopt_long(argc, argv, letters, options, index) option_next(argv)

/* The heap, of which calloc gives parts: room for two lists of all words. */
#define HEAP (2L * INT32_MAX)
extern char **const heap;
/*@ requires count >= 0;
    assigns \result \from count, heap;
    ensures \result == \null || (\valid(\result + (0 .. count - 1)) &&
	\exists integer i; 0 <= i <= HEAP - count && \result == heap + i); */
char **pointers_new(size_t count);

/*@ assigns \nothing;
    ensures \false; */
void exit(int status);

/* ---- this program ----------------------------------------------------- */

/* snprintf with "%s": all of a string that fits, as it must here. */
/*@ requires fits: \exists integer n; 0 <= n < size && length(from, n);
    requires to: \valid(to + (0 .. size - 1));
    assigns to[0 .. size - 1];
    ensures string_within(to, size); */
void string_copy(char *to, size_t size, const char *from);

/* The tree of what --file names, which original_open has made. */
/*@ requires name: string(key->name);
    assigns \result \from *root;
    ensures \result == \null || (\valid_read(\result) &&
	\valid_read(*\result) && string((*\result)->path) &&
	\separated(\result, file) &&
	\separated(*\result, vm, vm->console, &errno)); */
struct original *const *original_find(const struct vm *vm, struct file **file,
    const struct original *key, void *const *root);
#define tfind(key, root, compare) original_find(vm, file, key, root)
