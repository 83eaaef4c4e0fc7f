/*
 * Makes calls by 1 to 3 VMs, through the file device and through POSIX calls,
 * as twin.h says.  A byte tells who calls and what; more bytes, what the fields
 * of the request block are.  The bytes are libFuzzer's or, built without it, a
 * random number generator's:
 *
 *	random_files SEQUENCES [SEED [record]]
 *
 * prints TAP.  "record" has it write guest 1's calls to the file calls, as the
 * guest replay takes them, what that must print to the file output, and what
 * its files must be in the end to the folder files.
 *
 * Works in the working directory, which must be empty.
 */

#include "twin.h"

#define VMS 3
#define RAM (32 * KIB)
#define BLOCK 0x1000u
#define PATH 0x2000u
#define BUFFER 0x4000u
#define CALLS_MAX 256		/* as many files as there may be, not more */
#define SEQUENCE 200		/* bytes of one that is random */

static const uint8_t *input;
static size_t left;		/* bytes of it */
static FILE *calls, *output;	/* or NULL */

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
	    "/etc/own", FILE_UNFINISHED, "..own", "own\n"};
	const size_t lengths[] = {1, 8, NAME_MAX, NAME_MAX + 1, PATH_MAX - 1,
	    PATH_MAX};
	char path[PATH_MAX + 1];
	uint8_t b = byte();
	const char *text = b < 0xC0 ? good[b % 9] : bad[b % 15];
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

	if (opt.memory == 0)
		originals_make(RAM);
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
