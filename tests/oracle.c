/*
 * To a guest, copy on write must be as if its VM had had copies of all shared
 * files from the start.  Makes random sequences of calls by 1 to 3 VMs, once
 * through the file device and once through POSIX calls in a folder per VM that
 * began with full copies, and compares every result and every file's bytes.
 *
 *	oracle SEQUENCES [SEED [INPUT OUTPUT]]
 *
 * Works in the working directory.  Prints TAP.  Writes the first VM's calls to
 * the file INPUT, as the guest replay reads them, and what must come of them
 * to OUTPUT.
 */

#define main hypervisor_main
#include "../Version_C/mini_hypervisor.c"
#undef main

#define VMS 3
#define RAM (2 * MIB)
#define BLOCK 0x1000u			/* where the request is in RAM */
#define PATH 0x2000u
#define BUFFER 0x10000u
#define SIZE_MAX_CALL 0x20000u

static const char *const names[] = {"big", "small", "empty", "own", "mine"};
#define ORIGINALS 3
#define NAMES 5

static uint64_t state;			/* of the random numbers */
static unsigned long sequence, step;	/* where we are */

/* A random number below LIMIT; xorshift64*. */
static uint32_t random_below(uint32_t limit)
{
	state ^= state >> 12;
	state ^= state << 25;
	state ^= state >> 27;
	return (uint32_t)((state * 2685821657736338717ull) >> 33) % limit;
}

static void fail(const char *what, long got, long wanted)
{
	printf("not ok 1 - sequence %lu, step %lu: %s: %ld, wanted %ld\n1..1\n",
	    sequence, step, what, got, wanted);
	exit(1);
}

static FILE *input, *output;		/* or NULL */

/* Notes a call that has been made, with what goes with it and its result. */
static void note(const struct vm *vm, const struct request *request,
    uint32_t size, int32_t value)
{
	bool opens = request->operation == OPERATION_OPEN;

	if (input == NULL || vm->number != 1)
		return;
	fwrite(&size, sizeof(size), 1, input);
	fwrite(request, sizeof(*request), 1, input);
	fwrite(vm->ram + (opens ? PATH : BUFFER), size, 1, input);
	fwrite(&value, sizeof(value), 1, output);
	if (request->operation == OPERATION_READ && value > 0)
		fwrite(vm->ram + BUFFER, (size_t)value, 1, output);
}

/* The POSIX side: the descriptors behind a VM's handles. */
static int posix_fd[VMS][HANDLE_FIRST + HANDLES_MAX];

static void file_fill(const char *path, size_t size, char base)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0666);
	static char data[200000];

	for (size_t i = 0; i < size; i++)
		data[i] = (char)(base + (char)(i * 7 % 83));
	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		fail("writing a file", errno, 0);
	close(fd);
}

static const size_t sizes[ORIGINALS] = {150000, 100, 0};

/* Compares two files; a missing one has size -1. */
static void same(const char *path, const char *wanted)
{
	static char a[1 << 22], b[1 << 22];
	int fa = open(path, O_RDONLY), fb = open(wanted, O_RDONLY);
	ssize_t na = fa < 0 ? -1 : read(fa, a, sizeof(a));
	ssize_t nb = fb < 0 ? -1 : read(fb, b, sizeof(b));

	if (na != nb)
		fail(path, na, nb);
	if (na > 0 && memcmp(a, b, (size_t)na) != 0)
		fail(path, 0, 0);
	close(fa);
	close(fb);
}

/* Makes a call through the device. */
static int64_t device(struct vm *vm, struct request request)
{
	bool writes = request.operation == OPERATION_WRITE;
	uint32_t size = writes ? (uint32_t)request.size : 0;
	int32_t value;

	if (request.operation == OPERATION_OPEN)
		size = (uint32_t)strlen((char *)vm->ram + PATH) + 1;
	memcpy(vm->ram + BLOCK, &request, sizeof(request));
	vm->request = BLOCK;
	value = (int32_t)files_call(vm);
	note(vm, &request, size, value);
	return value;
}

/* A handle that may be open, or never. */
static int random_handle(void)
{
	return (int)random_below(8) + HANDLE_FIRST - 1;
}

static long result(long value)
{
	return value < 0 ? -errno : value;
}

static void try_open(struct vm *vm, size_t number)
{
	static const int extra[] = {O_CREAT, O_TRUNC, O_APPEND, O_EXCL};
	const char *name = names[random_below(NAMES)];
	int flags = (int)random_below(3), posix;
	char path[64];
	int64_t got;
	long wanted;

	for (size_t i = 0; i < 4; i++)
		if (random_below(5) == 0)
			flags |= extra[i];
	if (!(flags & O_CREAT))
		flags &= ~O_EXCL;
	snprintf((char *)vm->ram + PATH, 64, "%s%s",
	    random_below(3) ? "" : "./", name);
	got = device(vm, (struct request){.operation = OPERATION_OPEN,
	    .address = PATH, .flags = (uint32_t)flags});
	snprintf(path, sizeof(path), "posix%zu/%s", number, name);
	posix = flags | ((flags & O_ACCMODE) ? O_CREAT : 0);
	wanted = result(open(path, posix, 0666));
	if (got < 0 || wanted < 0) {
		if (got != wanted)
			fail("open", (long)got, wanted);
		return;
	}
	if (posix_fd[number][got] >= 0)
		fail("open gave a handle twice", (long)got, 0);
	posix_fd[number][got] = (int)wanted;
}

static void try_transfer(struct vm *vm, size_t number, bool writes)
{
	static char data[SIZE_MAX_CALL];
	int handle = random_handle(), fd = posix_fd[number][handle];
	uint32_t size = random_below(4) ? random_below(200) :
	    random_below(SIZE_MAX_CALL);
	int64_t got;
	long wanted;

	for (uint32_t i = 0; i < size; i++)
		data[i] = (char)random_below(256);
	memcpy(vm->ram + BUFFER, data, size);
	got = device(vm, (struct request){.operation = writes ?
	    OPERATION_WRITE : OPERATION_READ, .handle = handle,
	    .address = BUFFER, .size = size});
	wanted = result(writes ? write(fd, data, size) : read(fd, data, size));
	if (got != wanted)
		fail(writes ? "write" : "read", (long)got, wanted);
	if (memcmp(vm->ram + BUFFER, data, size) != 0)
		fail("the bytes", 0, 0);
}

static void try_seek(struct vm *vm, size_t number)
{
	int handle = random_handle(), whence = (int)random_below(3);
	off_t offset = (off_t)random_below(100000) -
	    (whence == SEEK_SET ? 100 : 50000);
	int64_t got = device(vm, (struct request){.operation = OPERATION_SEEK,
	    .handle = handle, .size = (uint64_t)offset,
	    .flags = (uint32_t)whence});
	long wanted = result(lseek(posix_fd[number][handle], offset, whence));

	if (got != wanted)
		fail("lseek", (long)got, wanted);
}

static void try_close(struct vm *vm, size_t number, int handle)
{
	int64_t got = device(vm, (struct request){
	    .operation = OPERATION_CLOSE, .handle = handle});
	long wanted = result(close(posix_fd[number][handle]));

	posix_fd[number][handle] = -1;
	if (got != wanted)
		fail("close", (long)got, wanted);
}

/* Makes a random call by a random one of COUNT VMs. */
static void try(struct vm *vms, uint32_t count)
{
	size_t number = random_below(count);
	struct vm *vm = &vms[number];

	switch (random_below(8)) {
	case 0:
	case 1:
		try_open(vm, number);
		break;
	case 2:
		try_close(vm, number, random_handle());
		break;
	case 3:
		try_seek(vm, number);
		break;
	case 4:
	case 5:
		try_transfer(vm, number, true);
		break;
	default:
		try_transfer(vm, number, false);
	}
}

/* Compares and removes all files. */
static void compare(struct vm *vms)
{
	char path[64], wanted[64];

	for (size_t i = 0; i < ORIGINALS; i++) {
		snprintf(wanted, sizeof(wanted), "before/%s", names[i]);
		same(names[i], wanted);
	}
	for (size_t v = 0; v < VMS; v++) {
		for (int h = 0; h < HANDLE_FIRST + HANDLES_MAX; h++)
			if (posix_fd[v][h] >= 0)
				try_close(&vms[v], v, h);
		for (size_t i = 0; i < NAMES; i++) {
			snprintf(path, sizeof(path), "vm%zu/%s", v + 1,
			    names[i]);
			snprintf(wanted, sizeof(wanted), "posix%zu/%s", v,
			    names[i]);
			same(i < ORIGINALS && access(path, F_OK) != 0 ?
			    names[i] : path, wanted);
			unlink(path);
			unlink(wanted);
		}
		files_destroy(&vms[v]);
		folder_remove(&vms[v]);
	}
}

int main(int argc, char **argv)
{
	unsigned long count = argc > 1 ? strtoul(argv[1], NULL, 10) : 1000;
	uint64_t seed = argc > 2 ? strtoul(argv[2], NULL, 10) : 1;
	static struct original originals[ORIGINALS];
	static struct vm vms[VMS];
	struct options opt = {.memory = RAM, .files = originals,
	    .file_count = ORIGINALS};
	uint8_t *ram = malloc(VMS * RAM);
	char path[64];

	mkdir("before", 0777);
	for (size_t i = 0; i < ORIGINALS; i++) {
		snprintf(path, sizeof(path), "before/%s", names[i]);
		file_fill(path, sizes[i], (char)i);
		file_fill(names[i], sizes[i], (char)i);
		originals[i].path = (char *)(uintptr_t)names[i];
	}
	if (ram == NULL || originals_open(&opt) != 0)
		return 1;
	if (argc > 4) {
		input = fopen(argv[3], "w");
		output = fopen(argv[4], "w");
	}
	for (sequence = 0; sequence < count; sequence++) {
		uint32_t machines;

		state = seed * 1000003 + sequence + 1;
		for (int i = 0; i < 10; i++)
			machines = random_below(VMS) + 1;
		memset(vms, 0, sizeof(vms));
		memset(posix_fd, -1, sizeof(posix_fd));
		for (size_t v = 0; v < VMS; v++) {
			vms[v].opt = &opt;
			vms[v].ram = ram + v * RAM;
			vms[v].number = v + 1;
			folder_create(&vms[v]);
			snprintf(path, sizeof(path), "posix%zu", v);
			mkdir(path, 0777);
			for (size_t i = 0; i < ORIGINALS; i++) {
				snprintf(path, sizeof(path), "posix%zu/%s", v,
				    names[i]);
				file_fill(path, sizes[i], (char)i);
			}
		}
		for (step = 0; step < 40; step++)
			try(vms, machines);
		compare(vms);
	}
	if (input != NULL) {
		fwrite("\377\377\377\377", 4, 1, input);
		fclose(input);
		fclose(output);
	}
	printf("ok 1 - %lu sequences of calls, seed %lu\n1..1\n", count,
	    (unsigned long)seed);
	return 0;
}
