/*
 * To a guest, copy on write must be as if its VM had had copies of all shared
 * files from the start.  Makes random sequences of calls by 1 to 3 VMs, once
 * through the file device and once through POSIX calls in a folder per VM that
 * began with full copies, and compares every result and every file's bytes.
 *
 *	oracle SEQUENCES [SEED [CALLS OUTPUT FILES]]
 *
 * Works in the working directory.  Prints TAP.  Writes the first VM's calls to
 * the file CALLS, as the guest replay takes them, what that must print to
 * OUTPUT, and what its files must be in the end to the folder FILES.
 */

#define BIG 150000
#include "twin.h"

#define VMS 3
#define RAM (256 * KIB)
#define BLOCK 0x1000u			/* where the request is in RAM */
#define PATH 0x2000u
#define BUFFER 0x10000u
#define SIZE_MAX_CALL 0x20000u

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

static _Noreturn void fail(const char *what, long got, long wanted)
{
	fprintf(tap, "not ok 1 - sequence %lu, step %lu: %s: %ld, wanted %ld\n1..1\n",
	    sequence, step, what, got, wanted);
	exit(1);
}

static FILE *calls, *output;		/* or NULL */
static const char *keep;		/* or NULL */

/* Notes a call that has been made, with what goes with it and its result. */
static void note(const struct vm *vm, const struct request *request,
    uint32_t size, int32_t value)
{
	bool opens = request->operation == OPERATION_OPEN;

	if (calls == NULL || vm->number != 1)
		return;
	fwrite(&size, sizeof(size), 1, calls);
	fwrite(request, sizeof(*request), 1, calls);
	fwrite(vm->ram + (opens ? PATH : BUFFER), size, 1, calls);
	if (request->operation == OPERATION_WRITE && value > 0 &&
	    request->handle < HANDLE_FIRST)
		fwrite(vm->ram + BUFFER, (size_t)value, 1, output);
	fwrite(&value, sizeof(value), 1, output);
	if (request->operation == OPERATION_READ && value > 0)
		fwrite(vm->ram + BUFFER, (size_t)value, 1, output);
}

/* Makes a call, whose path or data are in RAM. */
static void make(struct twin *twin, struct request request)
{
	struct vm *vm = &twin->vm;
	uint32_t size = 0;
	int32_t value;

	if (request.operation == OPERATION_WRITE)
		size = (uint32_t)request.size;
	if (request.operation == OPERATION_OPEN)
		size = (uint32_t)strlen((char *)vm->ram + PATH) + 1;
	twin_put(twin, BLOCK, &request, sizeof(request));
	vm->request = BLOCK;
	value = twin_call(twin);
	note(vm, &request, size, value);
}

/* A handle that may be open, or the console's, or none. */
static int random_handle(void)
{
	if (random_below(16) == 0)
		return (int)random_below(HANDLE_FIRST + 1) - 1;
	return (int)random_below(7) + HANDLE_FIRST;
}

static void try_open(struct twin *twin)
{
	static const char *const all[] = {"big", "small", "empty", "own",
	    "absent", "../big"};
	static const int extra[] = {O_CREAT, O_TRUNC, O_APPEND, O_EXCL};
	const char *path = all[random_below(6)];
	int flags = (int)random_below(3);

	for (size_t i = 0; i < 4; i++)
		if (random_below(5) == 0)
			flags |= extra[i];
	twin_put(twin, PATH, path, strlen(path) + 1);
	make(twin, (struct request){.operation = OPERATION_OPEN,
	    .address = PATH, .flags = (uint32_t)flags});
}

static void try_transfer(struct twin *twin, uint32_t operation)
{
	static char data[SIZE_MAX_CALL];
	int handle = random_handle();
	uint32_t size = random_below(4) ? random_below(200) :
	    random_below(SIZE_MAX_CALL);

	for (uint32_t i = 0; i < size; i++)
		data[i] = (char)random_below(256);
	twin_put(twin, BUFFER, data, size);
	make(twin, (struct request){.operation = operation, .handle = handle,
	    .address = BUFFER, .size = size});
}

static void try_seek(struct twin *twin)
{
	int handle = random_handle();
	uint32_t whence = random_below(3);
	off_t offset = (off_t)random_below(100000) -
	    (whence == SEEK_SET ? 100 : 50000);

	make(twin, (struct request){.operation = OPERATION_SEEK,
	    .handle = handle, .size = (uint64_t)offset, .flags = whence});
}

/* Makes a random call. */
static void try(struct twin *twin)
{
	switch (random_below(8)) {
	case 0:
	case 1:
		try_open(twin);
		break;
	case 2:
		make(twin, (struct request){.operation = OPERATION_CLOSE,
		    .handle = random_handle()});
		break;
	case 3:
		try_seek(twin);
		break;
	case 4:
	case 5:
		try_transfer(twin, OPERATION_WRITE);
		break;
	default:
		try_transfer(twin, OPERATION_READ);
	}
}

/* Copies what the first VM's files must be to FILES. */
static void files_keep(void)
{
	char command[PATH_MAX];

	snprintf(command, sizeof(command), "cp -r posix1 '%s'", keep);
	if (system(command) != 0)
		fail(command, 1, 0);
}

/* Makes the sequence number SEQUENCE of random calls by 1 to 3 VMs. */
static void sequence_make(void)
{
	static struct twin twins[VMS];
	uint32_t machines = random_below(VMS) + 1;

	for (size_t i = 0; i < machines; i++)
		twin_begin(&twins[i], i + 1);
	for (step = 0; step < 40; step++)
		try(&twins[random_below(machines)]);
	if (keep != NULL)
		files_keep();
	for (size_t i = 0; i < machines; i++)
		twin_end(&twins[i]);
	originals_check();
}

int main(int argc, char **argv)
{
	unsigned long count = argc > 1 ? strtoul(argv[1], NULL, 10) : 1000;
	uint64_t seed = argc > 2 ? strtoul(argv[2], NULL, 10) : 1;

	tap_open();
	originals_make(RAM);
	if (argc > 5) {
		calls = fopen(argv[3], "w");
		output = fopen(argv[4], "w");
		keep = argv[5];
	}
	for (sequence = 0; sequence < count; sequence++) {
		state = seed * 1000003 + sequence + 1;
		for (int i = 0; i < 10; i++)
			random_below(VMS);	/* it begins much alike */
		sequence_make();
	}
	if (calls != NULL) {
		fwrite("\377\377\377\377", 4, 1, calls);
		fclose(calls);
		fclose(output);
	}
	fprintf(tap, "ok 1 - %lu sequences of calls, seed %lu\n1..1\n", count,
	    (unsigned long)seed);
	return 0;
}
