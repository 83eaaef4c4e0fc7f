/*
 * Makes the calls that the fuzzer's bytes tell, by 1 to 3 VMs, through the
 * file device and through POSIX calls, as twin.h says.  A byte tells who calls
 * and what; more bytes, what the fields of the request block are.
 *
 * Works in the working directory, which must be empty.
 */

#define BIG 5000
#include "../twin.h"

#define VMS 3
#define RAM (16 * KIB)
#define BLOCK 0x400u
#define PATH 0x1000u
#define BUFFER 0x2800u
#define CALLS_MAX 256		/* as many files as there may be, not more */

static const uint8_t *input;
static size_t left;		/* bytes of it */

static _Noreturn void fail(const char *what, long got, long wanted)
{
	fprintf(stderr, "%s: %ld, wanted %ld\n", what, got, wanted);
	abort();
}

/* The next byte of the input; 0 after its end. */
static uint8_t byte(void)
{
	if (left == 0)
		return 0;
	left--;
	return *input++;
}

/* One of COUNT numbers, or a few more or less. */
static uint64_t near(const uint64_t *numbers, size_t count)
{
	uint64_t number = numbers[byte() % count];

	return number + (uint64_t)(int8_t)byte();
}
#define NEAR(numbers) near(numbers, sizeof(numbers) / sizeof(numbers[0]))

static uint64_t any_address(void)
{
	const uint64_t addresses[] = {BUFFER, PATH, BLOCK, 0, RAM, RAM / 2,
	    RAM - sizeof(struct request), UINT64_MAX, UINT64_MAX - RAM,
	    1ull << 32, TABLES_BASE};

	return NEAR(addresses);
}

static uint64_t any_size(void)
{
	const uint64_t sizes_[] = {0, 200, 1024, BIG, RAM, RAM - BUFFER,
	    UINT64_MAX, UINT64_MAX - BUFFER, INT64_MAX, 1ull << 32};

	return NEAR(sizes_);
}

static uint64_t any_offset(void)
{
	const uint64_t offsets[] = {0, 100, BIG, (uint64_t)-BIG,
	    FILE_SIZE_MAX, (uint64_t)-FILE_SIZE_MAX, INT64_MAX,
	    (uint64_t)INT64_MIN, UINT32_MAX, 1ull << 32};

	return NEAR(offsets);
}

static int32_t any_handle(void)
{
	const int32_t handles[] = {-1, 0, 1, 2, HANDLES_MAX - 1, HANDLES_MAX,
	    INT32_MAX, INT32_MIN};
	uint8_t b = byte();

	if (b < 0xF0)
		return HANDLE_FIRST + b % 8;
	return handles[b % 8];
}

/* Puts a path into RAM, at PATH. */
static void path_put(struct twin *twin)
{
	static const char *const given[] = {"big", "small", "empty", "own",
	    "mine", "given/absent", "./small", "given/empty", "absent", "",
	    ".", "..", "/", "-own", "../big", "../own", "../vm2/own",
	    "../posix1/big", "given/../big", "big/", "/etc/own",
	    FILE_UNFINISHED, "..own", "own\n"};
	const size_t lengths[] = {1, 8, NAME_MAX, NAME_MAX + 1, PATH_MAX - 1,
	    PATH_MAX};
	char path[PATH_MAX + 1];
	uint8_t b = byte();
	size_t size;

	if (b < 0xC0) {
		const char *text = given[b % (sizeof(given) / sizeof(*given))];

		twin_put(twin, PATH, text, strlen(text) + 1);
		return;
	}
	size = lengths[b % 6];
	memset(path, 'n', size);
	for (size_t i = 0; i < size && i < 8 && b >= 0xE0; i++)
		path[i] = (char)byte();
	path[size] = '\0';
	twin_put(twin, PATH, path, size + 1);
}

static uint32_t open_flags(void)
{
	static const uint32_t more[] = {O_CREAT, O_EXCL, O_TRUNC, O_APPEND};
	uint8_t b = byte();
	uint32_t flags = b & 3;

	for (size_t i = 0; i < 4; i++)
		if (b & (4 << i))
			flags |= more[i];
	if (b >= 0xC0)
		flags ^= 1u << byte() % 32;
	return flags;
}

/* Fills in a request, and RAM that goes with it, as a good guest may. */
static void request_make(struct twin *twin, struct request *request)
{
	request->address = BUFFER;
	switch (request->operation) {
	case OPERATION_OPEN:
		request->address = PATH;
		path_put(twin);
		request->flags = open_flags();
		break;
	case OPERATION_SEEK:
		request->handle = any_handle();
		request->size = any_offset();
		request->flags = byte() % 5;
		break;
	default:
		request->handle = any_handle();
		request->size = byte();
	}
}

/* Makes the next call of the input by one of COUNT VMs. */
static void call(struct twin *twins, size_t count)
{
	uint8_t b = byte();
	struct twin *twin = &twins[(b >> 5) % count];
	struct request request = {.operation = b & 7};
	bool bad_block = b & 8, bad_fields = b & 16;

	if (request.operation == 6)
		request.operation = (uint32_t)(int8_t)byte();
	if (request.operation == 7) {	/* whatever the block is by now */
		twin_call(twin);
		return;
	}
	request_make(twin, &request);
	if (bad_fields) {
		request.address = any_address();
		if (request.operation != OPERATION_SEEK)
			request.size = any_size();
	}
	twin->vm.request = bad_block ? any_address() : BLOCK;
	if (in_ram(twin->vm.request, sizeof(request)))
		twin_put(twin, twin->vm.request, &request, sizeof(request));
	twin_call(twin);
}

/* How many files this process has open. */
static size_t descriptors(void)
{
	DIR *folder = opendir("/proc/self/fd");
	size_t count = 0;

	while (readdir(folder) != NULL)
		count++;
	closedir(folder);
	return count;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t pattern[RAM];
	static struct twin twins[VMS];
	static bool ready;
	size_t count, before;

	if (!ready) {
		ready = true;
		originals_make(RAM);
		for (size_t i = 0; i < RAM; i++)
			pattern[i] = (uint8_t)(i * 13 + i / 256 + 1);
	}
	before = descriptors();
	input = data;
	left = size;
	count = byte() % VMS + 1;
	for (size_t i = 0; i < count; i++) {
		twin_begin(&twins[i], i + 1);
		twin_put(&twins[i], 0, pattern, RAM);
	}
	for (size_t calls = 0; left > 0 && calls < CALLS_MAX; calls++)
		call(twins, count);
	for (size_t i = 0; i < count; i++)
		twin_end(&twins[i]);
	originals_check();
	if (descriptors() != before)
		fail("open files", (long)descriptors(), (long)before);
	return 0;
}
