/*
 * To a guest, copy on write must be as if its VM had had copies of all shared
 * files from the start.  A twin is a VM and that other world beside it: RAM
 * that is like the VM's, and a folder that began with full copies and in which
 * nothing but POSIX calls works.  Calls by 1 to 3 VMs are made in both, and
 * must come to the same results, the same bytes in RAM and in the end the same
 * files.
 *
 * A byte tells who calls and what; more bytes, what the fields of the request
 * block are.  The bytes are libFuzzer's or, built without it, a random number
 * generator's:
 *
 *	random_files SEQUENCES [SEED [record]]
 *
 * prints TAP.  "record" has it write guest 1's calls to the file calls, as the
 * guest replay takes them, what that must print to the file output, and what
 * its files must be in the end to the folder files.
 *
 * Works in the working directory, which must be empty.
 */

#include "vm.h"

#define VMS 3
#define RAM (32 * KIB)
#define BLOCK 0x1000u
#define PATH 0x2000u
#define BUFFER 0x4000u
#define CALLS_MAX 256		/* as many files as there may be, not more */
#define SEQUENCE 200		/* bytes of one that is random */
#define BIG 5000		/* bytes of the largest original */
#define ORIGINALS 3
#define SHARED (ORIGINALS + 1)	/* one is missing */
#define REFUSED LONG_MIN	/* the result is any error */

struct twin {
	struct vm vm;
	uint8_t ram[RAM];		/* what vm.ram must be */
	char folder[32];		/* what the VM's files must be */
	int fds[HANDLES_MAX];		/* by handle, or -1 */
};

static char *paths[SHARED] = {"big", "./small", "given/empty", "given/absent"};
static const char *const files[SHARED] = {"big", "small", "empty", "absent"};
static const size_t sizes[ORIGINALS] = {BIG, 100, 0};
static uint8_t contents[ORIGINALS][BIG];
static struct options opt =
    {.memory = RAM, .paths = paths, .path_count = SHARED};
static const uint8_t *input;
static size_t left;		/* bytes of it */
static FILE *calls, *output;	/* or NULL */

static unsigned long sequence;		/* of calls, its number */

/* Says what differs; ends the process. */
static _Noreturn void fail(const char *what, long got, long wanted)
{
	fprintf(tap, "not ok 1 - sequence %lu: %s: %ld, wanted %ld\n1..1\n",
	    sequence, what, got, wanted);
	fflush(tap);
	abort();
}

static long result(long value)
{
	return value < 0 ? -errno : value;
}

/* Makes the file PATH what original NUMBER is at the start. */
static void file_fill(const char *path, size_t number)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0666);

	if (fd < 0 || write(fd, contents[number], sizes[number]) !=
	    (ssize_t)sizes[number])
		fail(path, -errno, 0);
	close(fd);
}

/* Whether the file PATH is what original NUMBER was at the start. */
static bool file_holds(const char *path, size_t number)
{
	return file_is(path, contents[number], sizes[number]);
}

/* Where, from AT on, there are data in a file of SIZE bytes; or SIZE. */
static off_t data_next(int fd, off_t at, off_t size)
{
	off_t next = lseek(fd, at, SEEK_DATA);

	return next < 0 ? size : next;
}

/* Compares two files, which may be 2 GiB of almost nothing. */
static void same(const char *path, const char *wanted)
{
	static char a[1 << 16], b[1 << 16];
	int fa = open(path, O_RDONLY | O_NOFOLLOW), fb = open(wanted, O_RDONLY);
	off_t size = lseek(fa, 0, SEEK_END), at = 0, ahead;
	ssize_t n;

	if (size < 0 || size != lseek(fb, 0, SEEK_END))
		fail(path, size, lseek(fb, 0, SEEK_END));
	while (at < size) {
		ahead = data_next(fb, at, size);
		at = data_next(fa, at, size);
		if (ahead < at)
			at = ahead;
		n = pread(fa, a, sizeof(a), at);
		if (n != pread(fb, b, sizeof(b), at) || n < 0 ||
		    memcmp(a, b, (size_t)n) != 0)
			fail(path, at, at);
		at += n;
	}
	close(fa);
	close(fb);
}

/* Makes the originals, and an idle console. */
static void originals_make(void)
{
	struct rlimit limit;

	tap_open();
	signal(SIGXFSZ, SIG_IGN);
	getrlimit(RLIMIT_NOFILE, &limit);
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
	limit.rlim_cur = limit.rlim_max = FILE_SIZE_MAX;
	setrlimit(RLIMIT_FSIZE, &limit);
	mkdir("given", 0777);
	for (size_t i = 0; i < ORIGINALS; i++) {
		for (size_t at = 0; at < sizes[i]; at++)
			contents[i][at] = (uint8_t)(i + at * 7 % 83);
		file_fill(paths[i], i);
	}
	redirect(STDIN_FILENO, "/dev/null");
	redirect(STDOUT_FILENO, "/dev/null");
	if (originals_open(&opt) != 0)
		exit(1);
}

/* Compares the originals with what they were. */
static void originals_check(void)
{
	for (size_t i = 0; i < ORIGINALS; i++)
		if (!file_holds(paths[i], i))
			fail(paths[i], 0, 0);
	if (access(paths[ORIGINALS], F_OK) == 0)
		fail(paths[ORIGINALS], 0, -ENOENT);
}

/* Makes the VM of guest NUMBER, and its twin. */
static void twin_begin(struct twin *twin, size_t number)
{
	char path[64];

	vm_begin(&twin->vm, &opt, number);
	memset(twin->ram, 0, sizeof(twin->ram));
	memset(twin->fds, -1, sizeof(twin->fds));
	snprintf(twin->folder, sizeof(twin->folder), "posix%zu", number);
	if (mkdir(twin->folder, 0777) != 0)
		exit(1);
	for (size_t i = 0; i < ORIGINALS; i++) {
		snprintf(path, sizeof(path), "%s/%s", twin->folder, files[i]);
		file_fill(path, i);
	}
}

/* Compares the VM's file NAME with its twin, and removes both. */
static void file_end(const struct twin *twin, const char *name)
{
	char path[512], wanted[512];
	size_t number = 0;

	snprintf(path, sizeof(path), "vm%zu/%s", twin->vm.number, name);
	snprintf(wanted, sizeof(wanted), "%s/%s", twin->folder, name);
	while (number < ORIGINALS && strcmp(files[number], name) != 0)
		number++;
	if (faccessat(AT_FDCWD, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
		same(path, wanted);
	else if (number == ORIGINALS || !file_holds(wanted, number))
		fail(path, -ENOENT, 0);
	unlink(path);
	unlink(wanted);
}

/* Compares all that is left of the VM with its twin, and removes both. */
static void twin_end(struct twin *twin)
{
	const struct dirent *entry;
	char path[64];
	DIR *folder;

	vm_end(&twin->vm);
	for (int i = 0; i < HANDLES_MAX; i++)
		if (twin->fds[i] >= 0)
			close(twin->fds[i]);
	folder = opendir(twin->folder);
	while ((entry = readdir(folder)) != NULL)
		if (strcmp(entry->d_name, ".") != 0 &&
		    strcmp(entry->d_name, "..") != 0)
			file_end(twin, entry->d_name);
	closedir(folder);
	rmdir(twin->folder);
	snprintf(path, sizeof(path), "vm%zu", twin->vm.number);
	if (rmdir(path) != 0 && errno != ENOENT)
		fail(path, -errno, 0);
}

static bool in_ram(uint64_t address, uint64_t size)
{
	return address <= RAM && size <= RAM - address;
}

/* The name of the file that a guest means by PATH; NULL if it can't be one. */
static const char *name_meant(const char *path)
{
	for (size_t i = 0; i < SHARED; i++)
		if (strcmp(path, paths[i]) == 0)
			return files[i];
	if (strchr("-", path[0]) != NULL || strcmp(path, ".") == 0 ||
	    strcmp(path, "..") == 0)
		return NULL;
	for (size_t i = 0; path[i] != '\0'; i++)
		if (path[i] == '/' || (path[i] > 0 && path[i] < 32) ||
		    path[i] == 127)
			return NULL;
	return path;
}

static long twin_open(struct twin *twin, const struct request *request)
{
	const int known = O_ACCMODE | O_CREAT | O_EXCL | O_TRUNC | O_APPEND;
	int flags = (int)request->flags, number = HANDLE_FIRST;
	const char *given, *name;
	static char path[PATH_MAX];

	if ((flags & ~known) || (flags & O_ACCMODE) == O_ACCMODE)
		return -EINVAL;
	if (!in_ram(request->address, 1))
		return -EFAULT;
	given = (const char *)twin->ram + request->address;
	if (memchr(given, '\0', RAM - request->address) == NULL)
		return -EFAULT;
	name = name_meant(given);
	if (name == NULL)
		return REFUSED;
	if (strlen(name) > NAME_MAX)
		return -ENAMETOOLONG;
	while (number < HANDLES_MAX && twin->fds[number] >= 0)
		number++;
	if (number == HANDLES_MAX)
		return -EMFILE;
	if (!(flags & O_CREAT))		/* POSIX leaves it undefined then */
		flags &= ~O_EXCL;
	if ((flags & O_ACCMODE) != O_RDONLY)
		flags |= O_CREAT;
	snprintf(path, sizeof(path), "%s/%s", twin->folder, name);
	twin->fds[number] = open(path, flags, 0666);
	return twin->fds[number] < 0 ? -errno : number;
}

static long twin_close(struct twin *twin, const struct request *request, int fd)
{
	if (fd < 0)
		return -EBADF;
	twin->fds[request->handle] = -1;
	return result(close(fd));
}

/* The console's input has ended. */
static long twin_read(struct twin *twin, const struct request *request, int fd)
{
	uint64_t at = request->address, size = request->size;

	if (request->handle == STDIN_FILENO)
		return in_ram(at, size) ? 0 : -EFAULT;
	if (!in_ram(at, size))
		return read(fd, twin->ram, 0) < 0 ? -errno : -EFAULT;
	return result(read(fd, twin->ram + at, size));
}

static long twin_write(struct twin *twin, const struct request *request, int fd)
{
	bool good = in_ram(request->address, request->size);

	if (request->handle == STDOUT_FILENO ||
	    request->handle == STDERR_FILENO)
		return good ? (long)request->size : -EFAULT;
	if (!good)
		return write(fd, twin->ram, 0) < 0 ? -errno : -EFAULT;
	return result(write(fd, twin->ram + request->address, request->size));
}

static long twin_seek(const struct request *request, int fd)
{
	int64_t offset = (int64_t)request->size;
	off_t here = lseek(fd, 0, SEEK_CUR), base;

	if (request->handle >= 0 && request->handle < HANDLE_FIRST)
		return -ESPIPE;
	if (here < 0)
		return -EBADF;
	if (request->flags > SEEK_END)
		return -EINVAL;
	base = lseek(fd, 0, (int)request->flags);
	lseek(fd, here, SEEK_SET);
	if (offset > FILE_SIZE_MAX - base)
		return -EOVERFLOW;
	return result(lseek(fd, offset < -base ? -1 : base + offset, SEEK_SET));
}

/* Makes the call whose block is at vm.request, without the device. */
static long twin_posix(struct twin *twin)
{
	struct request request;
	int fd = -1;

	if (!in_ram(twin->vm.request, sizeof(request)))
		return -EFAULT;
	memcpy(&request, twin->ram + twin->vm.request, sizeof(request));
	if (request.handle >= HANDLE_FIRST &&
	    request.handle < HANDLES_MAX)
		fd = twin->fds[request.handle];
	switch (request.operation) {
	case OPERATION_OPEN:
		return twin_open(twin, &request);
	case OPERATION_CLOSE:
		return twin_close(twin, &request, fd);
	case OPERATION_READ:
		return twin_read(twin, &request, fd);
	case OPERATION_WRITE:
		return twin_write(twin, &request, fd);
	case OPERATION_SEEK:
		return twin_seek(&request, fd);
	default:
		return -ENOSYS;
	}
}

/* Puts SIZE bytes at ADDRESS, which is RAM, in both. */
static void twin_put(struct twin *twin, uint64_t address, const void *data,
    size_t size)
{
	memcpy(twin->vm.ram + address, data, size);
	memcpy(twin->ram + address, data, size);
}

/* Makes the call whose block is at vm.request in both; returns its result. */
static int32_t twin_call(struct twin *twin)
{
	static const char *const calls[] = {"nothing", "open", "close", "read",
	    "write", "lseek"};
	uint32_t operation = 0;
	int64_t got;
	long wanted;

	if (in_ram(twin->vm.request, sizeof(struct request)))
		memcpy(&operation, twin->ram + twin->vm.request,
		    sizeof(operation));
	got = files_call(&twin->vm);
	wanted = twin_posix(twin);
	if (wanted == REFUSED ? got >= 0 : got != wanted)
		fail(calls[operation > OPERATION_SEEK ? 0 : operation],
		    (long)got, wanted);
	if (twin->vm.failed)
		fail("the VM", -1, 0);
	if (memcmp(twin->vm.ram, twin->ram, RAM) != 0)
		fail("RAM", 0, 0);
	return (int32_t)got;
}

/* The next byte of the input; 0 after its end. */
static uint8_t byte(void)
{
	if (left == 0)
		return 0;
	left--;
	return *input++;
}

/* A number that something depends on, or a few more or less. */
static uint64_t any_number(void)
{
	const uint64_t numbers[] = {0, 100, 1024, BIG, (uint64_t)-BIG, BLOCK,
	    PATH, BUFFER, RAM - BUFFER, RAM - sizeof(struct request), RAM,
	    TABLES_BASE, FILE_SIZE_MAX, (uint64_t)-FILE_SIZE_MAX, UINT32_MAX,
	    1ull << 32, INT64_MAX, (uint64_t)INT64_MIN, UINT64_MAX,
	    UINT64_MAX - BUFFER, UINT64_MAX - RAM};
	uint64_t n = numbers[byte() % (sizeof(numbers) / sizeof(*numbers))];

	return n + (uint64_t)(int8_t)byte();
}

static uint64_t any_offset(void)
{
	uint8_t b = byte();

	if (b < 0x40)
		return any_number();
	return (uint64_t)((int64_t)byte() * 20 * (b < 0xC0 ? 1 : -1));
}

/* One that may be open, or the console's, or none. */
static int32_t any_handle(void)
{
	const int32_t handles[] = {-1, 0, 1, 2, HANDLES_MAX - 1, HANDLES_MAX,
	    INT32_MAX, INT32_MIN};
	uint8_t b = byte();

	if (b < 0xF0)
		return HANDLE_FIRST + b % 6;
	return handles[b % 8];
}

/* Puts a path into RAM, at PATH. */
static void path_put(struct twin *twin)
{
	static const char *const good[] = {"big", "small", "empty", "own",
	    "mine", "absent", "given/absent", "./small", "given/empty"};
	static const char *const bad[] = {"", ".", "..", "/", "-own", "../big",
	    "../own", "../vm2/own", "../posix1/big", "given/../big", "big/",
	    "/etc/own", FILE_UNFINISHED, "..own", "own\n", "own\177",
	    "\33[2J", "./own"};
	const size_t lengths[] = {1, 8, NAME_MAX, NAME_MAX + 1, PATH_MAX - 1,
	    PATH_MAX};
	char path[PATH_MAX + 1];
	uint8_t b = byte();
	const char *text = b < 0xC0 ? good[b % 9] : bad[b % 18];
	size_t size = lengths[b % 6];

	if (b < 0xE0) {
		twin_put(twin, PATH, text, strlen(text) + 1);
		return;
	}
	memset(path, 'n', size);
	for (size_t i = 0; i < size && i < 8 && b >= 0xF0; i++)
		path[i] = (char)byte();
	path[size] = '\0';
	twin_put(twin, PATH, path, size + 1);
}

static uint32_t open_flags(void)
{
	static const uint32_t more[] = {0, 0, 0, O_CREAT, O_TRUNC, O_APPEND,
	    O_CREAT | O_EXCL, O_TRUNC | O_APPEND};
	uint8_t b = byte();
	uint32_t flags = b % 3 | more[b / 3 % 8];

	if (b >= 0xE0)
		flags ^= 1u << byte() % 32;
	return flags;
}

/* Fills in a request, and RAM that goes with it, as a good guest may. */
static void request_make(struct twin *twin, struct request *request)
{
	static uint8_t data[RAM];
	uint8_t b;

	request->address = BUFFER;
	if (request->operation == OPERATION_OPEN) {
		request->address = PATH;
		path_put(twin);
		request->flags = open_flags();
		return;
	}
	request->handle = any_handle();
	if (request->operation == OPERATION_SEEK) {
		request->size = any_offset();
		request->flags = byte() % 4;
		return;
	}
	b = byte();
	request->size = b < 0xC0 ? b : (b - 0xC0u) * 100;
	if (request->operation == OPERATION_WRITE) {
		memset(data, byte(), request->size);
		for (size_t i = 0; i < request->size; i++)
			data[i] += (uint8_t)(i * 13 + i / 256);
		twin_put(twin, BUFFER, data, request->size);
	}
}

/* Records guest 1's call, which came to VALUE. */
static void call_record(const struct twin *twin, const struct request *request,
    int32_t value)
{
	const uint8_t *data = twin->ram + request->address;
	uint32_t size = 0;

	if (request->operation == OPERATION_WRITE)
		size = (uint32_t)request->size;
	if (request->operation == OPERATION_OPEN)
		size = (uint32_t)strlen((const char *)data) + 1;
	fwrite(&size, sizeof(size), 1, calls);
	fwrite(request, sizeof(*request), 1, calls);
	fwrite(data, size, 1, calls);
	if (request->operation == OPERATION_WRITE && value > 0 &&
	    request->handle < HANDLE_FIRST)
		fwrite(data, (size_t)value, 1, output);
	fwrite(&value, sizeof(value), 1, output);
	if (request->operation == OPERATION_READ && value > 0)
		fwrite(data, (size_t)value, 1, output);
}

/* Makes the next call of the input by one of COUNT VMs. */
static void call(struct twin *twins, size_t count)
{
	static const uint32_t operations[16] = {
		1, 1, 1, 1, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 0
	};
	uint8_t b = byte(), bad = 0;
	struct twin *twin = &twins[(b >> 6) % count];
	struct request request = {.operation = operations[b % 16]};
	int32_t value;

	if (request.operation == 0)
		request.operation = (uint32_t)(int8_t)byte();
	/* The guest replay has other bytes in its RAM, and more of it. */
	if (calls == NULL && b / 16 % 4 == 0) {
		bad = byte() % 8;
		if (bad == 0) {		/* whatever the block is by now */
			twin_call(twin);
			return;
		}
	}
	request_make(twin, &request);
	if (bad & 1)
		request.address = any_number();
	if ((bad & 2) && request.operation != OPERATION_SEEK)
		request.size = any_number();
	twin->vm.request = bad & 4 ? any_number() : BLOCK;
	if (in_ram(twin->vm.request, sizeof(request)))
		twin_put(twin, twin->vm.request, &request, sizeof(request));
	value = twin_call(twin);
	if (calls != NULL && twin->vm.number == 1)
		call_record(twin, &request, value);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct twin twins[VMS];
	size_t count, before;

	if (opt.files == NULL)
		originals_make();
	before = descriptors();
	input = data;
	left = size;
	count = byte() % VMS + 1;
	for (size_t i = 0; i < count; i++)
		twin_begin(&twins[i], i + 1);
	for (size_t i = 0; left > 0 && i < CALLS_MAX; i++)
		call(twins, count);
	if (calls != NULL && system("cp -r posix1 files") != 0)
		fail("cp", 1, 0);
	for (size_t i = 0; i < count; i++)
		twin_end(&twins[i]);
	originals_check();
	if (descriptors() != before)
		fail("open files", (long)descriptors(), (long)before);
	return 0;
}

#ifndef LIBFUZZER
int main(int argc, char **argv)
{
	unsigned long count = argc > 1 ? strtoul(argv[1], NULL, 10) : 1000;
	uint8_t data[SEQUENCE];

	srandom(argc > 2 ? (unsigned int)strtoul(argv[2], NULL, 10) : 1);
	if (argc > 3) {
		calls = fopen("calls", "w");
		output = fopen("output", "w");
	}
	for (sequence = 0; sequence < count; sequence++) {
		for (size_t i = 0; i < SEQUENCE; i++)
			data[i] = (uint8_t)(random() >> 16);
		LLVMFuzzerTestOneInput(data, SEQUENCE);
	}
	if (calls != NULL) {
		fwrite("\377\377\377\377", 4, 1, calls);
		fclose(calls);
		fclose(output);
	}
	fprintf(tap, "ok 1 - %lu random sequences of calls\n1..1\n", count);
	return 0;
}
#endif
