/*
 * The file device by itself, without KVM, where random_files does not come:
 * hosts that fail or do less than they are asked, limits, and files that others
 * make, change or give.  Works in the working directory, which must be empty.
 * Prints TAP.
 */

#define _GNU_SOURCE

#include <stdbool.h>
#include <stdint.h>
#include <unistd.h>

/* A host whose calls move few bytes, or that can't copy, or is slow to. */
static size_t host_most = SIZE_MAX;
static bool host_copies = true;
static void (*host_meanwhile)(void);

static ssize_t host_pread(int fd, void *data, size_t size, off_t at)
{
	return pread(fd, data, size < host_most ? size : host_most, at);
}

static ssize_t host_pwrite(int fd, const void *data, size_t size, off_t at)
{
	return pwrite(fd, data, size < host_most ? size : host_most, at);
}

static ssize_t host_copy(int from, off_t *in, int to, off_t *out, size_t size,
    unsigned int flags)
{
	if (host_meanwhile != NULL)
		host_meanwhile();
	if (!host_copies)
		return -1;
	return copy_file_range(from, in, to, out, size < host_most ? size :
	    host_most, flags);
}

#define pread host_pread
#define pwrite host_pwrite
#define copy_file_range host_copy
#include "vm.h"

#define RAM (2 * MIB)
#define BLOCK 0x1000u
#define PATH 0x2000u
#define BUFFER 0x10000u

#define FULL "mini_hypervisor: guest: standard output: No space left on device\n"

static char *paths[] = {"dir/shared", "locked", "private", "grows", "large",
    "dir/missing", "vm1/given", "sparse", "/proc/self/status"};
static char *images[] = {"vm1/image"};
static struct options opt = {
	.memory = RAM,
	.images = images,
	.count = 1,
	.paths = paths,
	.path_count = sizeof(paths) / sizeof(paths[0]),
};

static struct vm vm;

/* Makes the VM of guest NUMBER in place of the last. */
static void vm_change(size_t number)
{
	vm_end(&vm);
	vm_begin(&vm, &opt, number);
}

static int64_t call(uint32_t operation, int32_t handle, uint64_t address,
    uint64_t size, uint32_t flags)
{
	struct request request = {operation, handle, address, size, flags, 0};

	vm.request = BLOCK;
	memcpy(vm.ram + BLOCK, &request, sizeof(request));
	return (int32_t)files_call(&vm);
}

static int open_(const char *path, int flags)
{
	memcpy(vm.ram + PATH, path, strlen(path) + 1);
	return (int)call(OPERATION_OPEN, 0, PATH, 0, (uint32_t)flags);
}

static int close_(int handle)
{
	return (int)call(OPERATION_CLOSE, handle, 0, 0, 0);
}

static int write_(int handle, const char *text)
{
	memcpy(vm.ram + BUFFER, text, strlen(text));
	return (int)call(OPERATION_WRITE, handle, BUFFER, strlen(text), 0);
}

/* Whether the next bytes of a handle are TEXT and then the end. */
static bool reads(int handle, const char *text)
{
	size_t size = strlen(text);

	return call(OPERATION_READ, handle, BUFFER, 4096, 0) ==
	    (int64_t)size && memcmp(vm.ram + BUFFER, text, size) == 0;
}

/* Whether the handle's offset can be set. */
static bool seek(int handle, int64_t offset)
{
	return call(OPERATION_SEEK, handle, 0, (uint64_t)offset, SEEK_SET) ==
	    offset;
}

/* The permissions of the host's file PATH. */
static mode_t mode(const char *path)
{
	struct stat status;

	return stat(path, &status) == 0 ? status.st_mode & 07777 : 0;
}

/* Whether the host's file PATH is TEXT; NULL: whether there is none. */
static bool holds(const char *path, const char *text)
{
	return text != NULL ? file_is(path, text, strlen(text)) :
	    access(path, F_OK) != 0;
}

/* Runs a command on the host, which must succeed. */
static void shell(const char *command)
{
	if (system(command) != 0)
		exit(1);
}

static void test_modes(void)
{
	uid_t user = geteuid();
	int a = open_("private", O_RDWR);

	ok(call(OPERATION_WRITE, a, BUFFER, 0, 0) == 0 &&
	    holds("vm1/private", NULL), "writing no bytes makes no copy");
	if (user == 0 && (chmod("vm1", 0777) != 0 || seteuid(65534) != 0))
		exit(1);
	a = open_("locked", O_RDWR);
	ok(write_(a, "mine") == 4 && close_(a) == 0 &&
	    reads(a = open_("locked", O_RDWR), "mine-only") &&
	    write_(a, "!") == 1, "a user other than root writes a copy of a "
	    "file of mode 0444, and again");
	if (user == 0 && seteuid(0) != 0)
		exit(1);
	ok(open_("private", O_WRONLY | O_TRUNC) >= 3 &&
	    mode("vm1/private") == 0600 && mode("vm1/locked") == 0444,
	    "copies have the originals' modes");
	ok(write_(open_("dir/missing", O_WRONLY), "made") == 4 &&
	    holds("vm1/missing", "made") && mode("vm1/missing") == 0666 &&
	    holds("dir/missing", NULL), "a file given, but missing, is made");
}

/* What happens while an original is copied. */
static void growth(void)
{
	shell("printf ' now' >>grows");
	host_meanwhile = NULL;
}

/* What the user does meanwhile. */
static void test_user(void)
{
	int a = open_("grows", O_RDWR);

	ok(reads(a, "far") && system("printf ' away' >>grows") == 0 &&
	    reads(a, " away"), "an original grows");
	host_meanwhile = growth;
	ok(write_(open_("grows", O_RDWR | O_APPEND), "!") == 1 &&
	    holds("vm1/grows", "far away!"),
	    "even while it is copied, for O_APPEND");
	ok(write_(open_("kept", O_WRONLY), "1") == 1 &&
	    system("ln vm1/kept backup && chmod 0 backup") == 0 &&
	    reads(a = open_("kept", O_RDWR), "1") && write_(a, "2") == 1 &&
	    chmod("backup", 0600) == 0 && holds("backup", "12"), "a file with "
	    "another link and no permissions stays the guest's");
	shell("rm vm1/kept; printf \"the user's\" >vm1/kept");
	ok(write_(open_("kept", O_RDWR), "3") == 1 && holds("backup", "32") &&
	    holds("vm1/kept", "the user's"),
	    "and what takes its place is not the guest's");
}

/* What an earlier run, or another user, left in the VM's folder. */
static void test_left(void)
{
	static const char *const left[][2] = {{"file", "vm1/file"},
	    {"link", "vm1/link"}, {"pipe", "vm1/pipe"}};
	bool good = true;

	shell("cd vm1; printf old >" FILE_UNFINISHED "; printf old >file; "
	    "ln -s ../locked link; mkfifo pipe; mkdir folder");
	for (size_t i = 0; i < 3; i++)
		good = good && open_(left[i][0], O_RDONLY) == -ENOENT &&
		    write_(open_(left[i][0], O_RDWR), "x") == 1 &&
		    holds(left[i][1], "x");
	ok(good && holds("locked", "read-only") &&
	    holds("vm1/" FILE_UNFINISHED, NULL),
	    "files, symlinks and pipes are replaced, not followed");
	ok(open_("folder", O_WRONLY) == -EISDIR, "a folder is an error");
}

/* What this run was given stays, even where a guest's files are. */
static void test_given(void)
{
	ok(open_("image", O_WRONLY) == -EACCES && holds("vm1/image",
	    "read-only") && readlink("vm1/image", (char[9]){0}, 9) == 9,
	    "a symlink to a guest's image");
	ok(write_(open_("given", O_RDWR), "x") == -EACCES &&
	    reads(open_("given", O_RDONLY), "user's") &&
	    holds("vm1/given", "user's") && holds("vm1/" FILE_UNFINISHED,
	    NULL), "a shared file");
}

/* Folders that are not for a guest's files. */
static void test_folders(void)
{
	size_t held;

	vm_change(1);
	held = descriptors() - 1;		/* without its folder */
	shell("ln -s dir vm2; mkdir vm3");
	vm_change(2);
	ok(open_("new", O_WRONLY) == -ENOTDIR && holds("dir/new", NULL) &&
	    reads(open_("shared", O_RDWR), "original"),
	    "a symlink is not followed");
	ok(descriptors() == held, "nor held");
	if (chown("vm3", 65533, 65533) == 0) {
		vm_change(3);
		ok(open_("new", O_WRONLY) == -EACCES && holds("vm3/new",
		    NULL) && descriptors() == held, "nor is another user's");
	}
}

/* What the host has against a call is what the guest is told. */
static void test_host(void)
{
	int a = open_("shared", O_RDWR), fd, kept;

	fd = vm.handles[a].file->original->fd;
	kept = dup(fd);
	close(fd);
	ok(call(OPERATION_SEEK, a, 0, 0, SEEK_END) == -EBADF &&
	    open("private", O_WRONLY) == fd &&
	    call(OPERATION_READ, a, BUFFER, 1, 0) == -EBADF &&
	    write_(a, "x") == -EBADF && holds("vm4/shared", NULL),
	    "an original that can't be read");
	dup2(kept, fd);
	close(kept);
	stop_signal = SIGINT;
	ok(write_(a, "x") == -EINTR && holds("vm4/shared", NULL),
	    "a signal to stop stops a copy");
	stop_signal = 0;
}

/* Short reads and writes of the host's, of which a guest learns nothing. */
static void test_short(void)
{
	int a = open_("short", O_RDWR);

	host_most = 3;
	ok(write_(a, "ten bytes!") == 10 && holds("vm4/short", "ten bytes!"),
	    "writes in pieces");
	ok(seek(a, 1) && reads(a, "en bytes!"), "and reads");
	host_most = 1000;
	a = open_("large", O_RDWR);
	ok(seek(a, 5 * MIB) && write_(a, "end") == 3 &&
	    system("printf end | cat large - | cmp - vm4/large") == 0,
	    "a copy in pieces");
	vm_change(5);
	host_copies = false;
	a = open_("large", O_RDWR);
	ok(seek(a, 5 * MIB) && write_(a, "end") == 3 &&
	    system("printf end | cat large - | cmp - vm5/large") == 0,
	    "and by reads and writes");
	host_most = SIZE_MAX;
	ok(write_(open_("/proc/self/status", O_RDWR), "name") == 4 && system(
	    "grep -q '^name:' vm5/status && grep -q ^Pid: vm5/status") == 0,
	    "a file that tells no size");
	host_copies = true;
}

/* An original of which most is a hole. */
static void test_holes(void)
{
	int fd = open("sparse", O_WRONLY), a = open_("sparse", O_RDWR);
	struct stat status = {0};

	if (pwrite(fd, "middle", 6, 150000000) != 6 ||
	    ftruncate(fd, 1ll << 31) != 0)
		exit(1);
	ok(write_(a, "x") == -EFBIG && holds("vm5/sparse", NULL) &&
	    holds("vm5/" FILE_UNFINISHED, NULL) && seek(a, 150000000) &&
	    call(OPERATION_READ, a, BUFFER, 6, 0) == 6 &&
	    memcmp(vm.ram + BUFFER, "middle", 6) == 0,
	    "one of 2 GiB is too large to be copied, not to be read");
	if (ftruncate(fd, INT32_MAX) != 0)
		exit(1);
	ok(write_(a, "!") == 1 && stat("vm5/sparse", &status) == 0 &&
	    status.st_size == INT32_MAX && status.st_blocks < 2048 &&
	    seek(a, 150000000) && call(OPERATION_READ, a, BUFFER, 8, 0) == 8 &&
	    memcmp(vm.ram + BUFFER, "middle!", 8) == 0,
	    "one byte less is not, and holes are holes of its copy");
	close(fd);
}

static void test_numbers(void)
{
	const uint64_t places[][2] = {{RAM, 1}, {RAM - 1, 2}, {0, RAM + 1},
	    {UINT64_MAX, 1}, {UINT64_MAX, 2}, {BUFFER, UINT64_MAX}};
	bool faults = true;
	int a = open_("numbers", O_RDWR);

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++)
		for (uint32_t o = OPERATION_READ; o <= OPERATION_WRITE; o++)
			faults = faults && call(o, a, places[i][0],
			    places[i][1], 0) == -EFAULT;
	memset(vm.ram + RAM - 8, 'x', 8);
	ok(faults && call(OPERATION_OPEN, 0, RAM - 8, 0, O_WRONLY) == -EFAULT,
	    "buffers and a path that are not all in RAM");
	ok(call(OPERATION_WRITE, a, 0, RAM, 0) == (int64_t)RAM,
	    "all of RAM can be written");
	ok(call(OPERATION_SEEK, a, 0, 1ll << 31, SEEK_SET) == -EOVERFLOW &&
	    seek(a, INT32_MAX - 1) && write_(a, "xy") == 1 &&
	    write_(a, "x") == -EFBIG, "files grow up to the largest");
}

static void test_exhaustion(void)
{
	size_t made = 0, before = descriptors();
	int last = 0, handle;
	char name[32];

	for (int i = 0; i < 10000; i++) {
		handle = open_("own", O_RDWR);
		last = handle > last ? handle : last;
	}
	ok(last == 255 && open_("own", O_RDWR) == -EMFILE &&
	    descriptors() == before + 1, "10 000 opens without close");
	for (int i = HANDLE_FIRST; i <= last; i++)
		close_(i);
	for (int i = 0; i < 10000; i++) {
		snprintf(name, sizeof(name), "file%d", i);
		made += close_(open_(name, O_WRONLY)) == 0;
	}
	ok(made > FILES_MAX / 2 && made < FILES_MAX &&
	    vm.file_count == FILES_MAX,
	    "10 000 files: as many as the limit");
	ok(open_("own", O_RDWR) >= 3, "and the next good call works");
}

/* Whether other VMs can take the input. */
static bool input_free(void)
{
	return pthread_mutex_trylock(&console.in_lock) == 0 &&
	    pthread_mutex_unlock(&console.in_lock) == 0;
}

/* Handles 0, 1 and 2. */
static void test_console(void)
{
	int a = open_("locked", O_RDWR), b = open_("private", O_RDWR);
	int errors = dup(STDERR_FILENO);

	redirect(STDIN_FILENO, NULL);
	if (write(STDIN_FILENO, "input\n\377", 7) != 7 ||
	    lseek(STDIN_FILENO, 0, SEEK_SET) != 0)
		exit(1);
	ok(call(OPERATION_READ, 0, BUFFER, 4, 0) == 4 && !input_free() &&
	    call(OPERATION_READ, 0, BUFFER, 2, 0) == 2 && input_free(),
	    "a line of input, which others get no part of");
	ok(reads(0, "\377") && reads(0, "") && input_free() && reads(0, ""),
	    "input that is binary, and its end, which others get too");
	ok(write_(1, "out") == 3 && write_(2, "put") == 3 &&
	    wrote(STDOUT_FILENO, "", 0), "output is gathered");
	ok(write_(a, "mine") == 4 && wrote(STDOUT_FILENO, "output", 6),
	    "and written before a copy is made");
	redirect(STDOUT_FILENO, "/dev/full");
	redirect(STDERR_FILENO, NULL);
	write_(1, "lost");
	write_(b, "x");
	ok(vm.failed && holds("vm6/private", NULL) && wrote(STDERR_FILENO,
	    FULL, sizeof(FULL) - 1), "output that can't be written ends the VM "
	    "before a copy is made");
	redirect(STDERR_FILENO, NULL);
	vm.failed = false;
	call(OPERATION_WRITE, 1, 0, RAM, 0);
	ok(vm.failed && wrote(STDERR_FILENO, FULL, sizeof(FULL) - 1),
	    "and so at once if there is much");
	dup2(errors, STDERR_FILENO);
	close(errors);
}

/* Has files limited to SIZE bytes. */
static void limit(rlim_t size)
{
	struct rlimit limit;

	getrlimit(RLIMIT_FSIZE, &limit);
	limit.rlim_cur = size < limit.rlim_max ? size : limit.rlim_max;
	setrlimit(RLIMIT_FSIZE, &limit);
}

static void test_limits(void)
{
	int a = open_("shared", O_RDWR), b = open_("long", O_WRONLY);

	shell("printf earlier >vm6/shared");
	limit(100000);
	ok(call(OPERATION_WRITE, b, 0, RAM, 0) == 100000 &&
	    call(OPERATION_WRITE, b, 0, RAM, 0) == -EFBIG,
	    "a limit on the size of files");
	for (int size = 4; size <= 8; size += 4) {
		limit((rlim_t)size);
		ok(seek(a, 8) && write_(a, "x") == -EFBIG &&
		    holds("vm6/" FILE_UNFINISHED, NULL) &&
		    holds("vm6/shared", "earlier") && seek(a, 0) &&
		    reads(a, "original"), size < 8 ?
		    "a copy that fails is not there, but an earlier run's and "
		    "the original are" : "nor one with a write that fails");
	}
	limit(RLIM_INFINITY);
}

int main(void)
{
	signal(SIGXFSZ, SIG_IGN);
	umask(0);
	tap_open();
	redirect(STDIN_FILENO, "/dev/null");
	redirect(STDOUT_FILENO, NULL);
	shell("mkdir dir vm1; printf original >dir/shared; ln -s ../locked vm1/"
	    "image; printf \"user's\" >vm1/given; printf read-only >locked; "
	    "printf secret >private; printf far >grows; : >sparse; "
	    "head -c 5M /dev/urandom >large; chmod 444 locked; "
	    "chmod 600 private");
	if (originals_open(&opt) != 0)
		return 1;
	vm_begin(&vm, &opt, 1);
	test_modes();
	test_user();
	test_left();
	test_given();
	test_folders();
	vm_change(4);
	test_host();
	test_short();
	test_holes();
	test_numbers();
	test_exhaustion();
	vm_change(6);
	test_console();
	test_limits();
	vm_end(&vm);
	fprintf(tap, "1..%d\n", tests);
	return 0;
}
