/*
 * The file device by itself, without KVM: each rule for files, and guests that
 * mean harm.  Works in the working directory, which must be empty.  Prints TAP.
 */

#include "vm.h"

#define RAM (2 * MIB)
#define BLOCK 0x1000u
#define PATH 0x2000u
#define BUFFER 0x10000u

static int tests;
static struct original originals[5];
static struct options opt = {.memory = RAM, .files = originals};

static void ok(bool good, const char *name)
{
	printf("%sok %d - %s\n", good ? "" : "not ", ++tests, name);
}

static struct vm vms[2];

static void vms_create(void)
{
	for (size_t i = 0; i < 2; i++) {
		vm_begin(&vms[i], &opt, i == 0 ? 1 : 10);
		vms[i].request = BLOCK;
	}
}

static void vms_destroy(void)
{
	for (size_t i = 0; i < 2; i++)
		vm_end(&vms[i]);
}

static int64_t call(size_t i, uint32_t operation, int32_t handle,
    uint64_t address, uint64_t size, uint32_t flags)
{
	struct request request = {operation, handle, address, size, flags, 0};

	memcpy(vms[i].ram + BLOCK, &request, sizeof(request));
	return (int32_t)files_call(&vms[i]);
}

static int open_(size_t i, const char *path, int flags)
{
	memcpy(vms[i].ram + PATH, path, strlen(path) + 1);
	return (int)call(i, OPERATION_OPEN, 0, PATH, 0, (uint32_t)flags);
}

static int close_(size_t i, int handle)
{
	return (int)call(i, OPERATION_CLOSE, handle, 0, 0, 0);
}

static int write_(size_t i, int handle, const char *text)
{
	memcpy(vms[i].ram + BUFFER, text, strlen(text));
	return (int)call(i, OPERATION_WRITE, handle, BUFFER, strlen(text), 0);
}

/* Whether the next bytes of a handle are TEXT and then the end. */
static bool reads(size_t i, int handle, const char *text)
{
	size_t size = strlen(text);

	return call(i, OPERATION_READ, handle, BUFFER, 4096, 0) ==
	    (int64_t)size && memcmp(vms[i].ram + BUFFER, text, size) == 0;
}

static int seek(size_t i, int handle, int64_t offset)
{
	return (int)call(i, OPERATION_SEEK, handle, 0, (uint64_t)offset,
	    SEEK_SET);
}

/* Whether the host's file PATH is TEXT; NULL: whether there is none. */
static bool holds(const char *path, const char *text)
{
	char data[4096];
	int fd = open(path, O_RDONLY);
	ssize_t n = fd < 0 ? -1 : read(fd, data, sizeof(data));

	close(fd);
	if (text == NULL)
		return n < 0 && access(path, F_OK) != 0;
	return n == (ssize_t)strlen(text) && memcmp(data, text, (size_t)n) == 0;
}

static void fill(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0666);

	if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		exit(1);
	close(fd);
}

/* Adds TEXT to the host's file PATH. */
static void grow(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_APPEND);

	if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		exit(1);
	close(fd);
}

static size_t descriptors(void)
{
	size_t count = 0;

	for (int fd = 0; fd < 1024; fd++)
		count += fcntl(fd, F_GETFD) >= 0;
	return count;
}

/* Forbids more open files than there are, or allows them again. */
static void descriptors_allow(bool more)
{
	static struct rlimit before;
	struct rlimit none;

	if (!more)
		getrlimit(RLIMIT_NOFILE, &before);
	none = before;
	none.rlim_cur = 0;
	setrlimit(RLIMIT_NOFILE, more ? &before : &none);
}

static void test_sharing(void)
{
	int a = open_(0, "shared", O_RDWR), b = open_(0, "./shared", O_RDWR);
	int other = open_(1, "dir/shared", O_RDONLY);

	ok(a >= 3 && b >= 3 && a != b && other >= 3, "all may open a shared "
	    "file, by its path and its last component");
	ok(reads(0, a, "original") && holds("vm1/shared", NULL),
	    "reading it makes no copy");
	ok(seek(0, a, 2) == 2 && write_(0, a, "IG") == 2 &&
	    holds("vm1/shared", "orIGinal"), "a write in the middle does");
	ok(reads(0, b, "orIGinal"), "an older handle is on the copy too");
	ok(reads(0, a, "inal"), "and offsets are kept");
	ok(reads(1, other, "original"), "another VM reads the original");
	ok(seek(0, b, 0) == 0 && write_(0, b, "OR") == 2 &&
	    holds("vm1/shared", "ORIGinal"), "a write through each handle");
	ok(close_(0, a) == 0 && close_(0, b) == 0, "close");
	a = open_(0, "shared", O_RDONLY);
	ok(reads(0, a, "ORIGinal"), "the copy is there when opened again");
	b = open_(1, "shared", O_WRONLY | O_APPEND);
	ok(write_(1, b, "+") == 1 && holds("vm10/shared", "original+"),
	    "O_APPEND copies first");
	ok(reads(1, other, "+"), "for the VM's reader too");
	close_(1, b);
	b = open_(1, "shared", O_WRONLY | O_TRUNC);
	ok(b >= 3 && holds("vm10/shared", ""), "O_TRUNC empties the copy");
	ok(holds("dir/shared", "original"), "the original is as it was");
	b = open_(0, "locked", O_WRONLY | O_TRUNC);
	ok(write_(0, b, "mine") == 4 && holds("vm1/locked", "mine") &&
	    holds("locked", "read-only"), "an original of mode 0444");
	b = open_(1, "locked", O_RDWR);
	ok(call(1, OPERATION_WRITE, b, BUFFER, 0, 0) == 0 &&
	    holds("vm10/locked", NULL), "writing no bytes makes no copy");
	close_(1, b);
}

/* The copy of an original of mode 0444, without root's rights. */
static void test_locked(void)
{
	uid_t user = geteuid();
	int a, b;

	if (user == 0 && (chmod("vm10", 0777) != 0 || seteuid(65534) != 0))
		exit(1);
	a = open_(1, "locked", O_RDWR);
	ok(write_(1, a, "mine") == 4 && close_(1, a) == 0,
	    "a user writes a copy of a file of mode 0444");
	b = open_(1, "locked", O_RDWR);
	ok(reads(1, b, "mine-only") && write_(1, b, "!") == 1 &&
	    close_(1, b) == 0, "and opens it again");
	if (user == 0 && seteuid(0) != 0)
		exit(1);
}

/* What is in a VM's folder, and what the user does there meanwhile. */
static void test_folder(void)
{
	int a = open_(0, "kept", O_WRONLY);

	write_(0, a, "1");
	close_(0, a);
	ok(unlink("vm1/kept") == 0 && link("locked", "vm1/kept") == 0 &&
	    open_(0, "kept", O_RDONLY) == -ENOENT, "a file that took the place "
	    "of the guest's is not the guest's");
	ok(open_(0, "kept", O_WRONLY) == -EACCES && holds("locked",
	    "read-only"), "and if it is an original, stays");
	unlink("vm1/kept");
	a = open_(0, "kept", O_WRONLY);
	ok(write_(0, a, "2") == 1 && holds("vm1/kept", "2"),
	    "a file that the user took away is made again");
	ok(open_(0, "shared", O_RDONLY) >= 3 && open_(0, ".new", O_WRONLY) ==
	    -EACCES, "the name of what is being copied is not the guest's");
	fill("vm1/result", "of an earlier run");
	descriptors_allow(false);
	ok(open_(0, "result", O_WRONLY) == -EMFILE &&
	    holds("vm1/result", NULL) == false, "a file that can't be made "
	    "leaves an earlier one");
	descriptors_allow(true);
	ok(holds("vm1/result", "of an earlier run"), "as it was");
}

/* What the host has against a call is what the guest is told. */
static void test_host(void)
{
	static char *images[] = {(char *)(uintptr_t)"vm10/image"};
	int home = open(".", O_RDONLY), a, b, good = originals[1].fd;

	if (mkdir("gone", 0777) != 0 || chdir("gone") != 0 ||
	    rmdir("../gone") != 0)
		exit(1);
	vm_end(&vms[1]);
	vm_begin(&vms[1], &opt, 10);
	vms[1].request = BLOCK;
	ok(open_(1, "file", O_WRONLY) == -ENOENT, "no place for a folder");
	vm_end(&vms[1]);
	if (fchdir(home) != 0)
		exit(1);
	vm_begin(&vms[1], &opt, 10);
	vms[1].request = BLOCK;
	a = open_(1, "file", O_WRONLY);
	ok(write_(1, a, "x") == 1 && close_(1, a) == 0, "and then there is");
	descriptors_allow(false);
	a = open_(1, "file", O_RDONLY);
	descriptors_allow(true);
	ok(a == -EMFILE && open_(1, "file", O_RDONLY) >= 3,
	    "a file that can't be opened again, and then can");
	a = open_(1, "link", O_WRONLY);
	ok(close_(1, a) == 0 && unlink("vm10/link") == 0 &&
	    symlink("file", "vm10/link") == 0 &&
	    open_(1, "link", O_RDONLY) == -ENOENT, "a symlink in its place");
	fill("vm10/image", "a guest");
	opt.images = images;
	opt.count = 1;
	ok(open_(1, "image", O_WRONLY) == -EACCES && holds("vm10/image",
	    "a guest"), "a guest's image stays");
	opt.count = 0;
	unlink("vm10/locked");
	a = open_(1, "locked", O_RDWR);
	b = open_(1, "locked", O_WRONLY | O_APPEND);
	originals[1].fd = -1;
	ok(call(1, OPERATION_READ, a, BUFFER, 1, 0) == -EBADF &&
	    call(1, OPERATION_SEEK, a, 0, 0, SEEK_END) == -EBADF &&
	    write_(1, b, "x") == -EBADF, "an original that can't be read");
	originals[1].fd = good;
	stop_signal = SIGINT;
	ok(write_(1, a, "x") == -EINTR && holds("vm10/locked", NULL),
	    "a signal to end ends a copy");
	stop_signal = 0;
	ok(mkdir("vm10/.new", 0777) == 0 && write_(1, a, "x") == -EISDIR &&
	    rmdir("vm10/.new") == 0 && write_(1, a, "x") == 1,
	    "a folder where a copy is made");
	close(home);
}

/* An original of SIZE bytes, called NAME, is copied whole. */
static void test_copy(const char *name, size_t size)
{
	uint8_t *data = malloc(size), *copy = malloc(size);
	int fd = open(name, O_WRONLY), handle;
	char path[32];

	for (size_t i = 0; i < size; i++)
		data[i] = (uint8_t)(i * i >> 7);
	ok(write(fd, data, size) == (ssize_t)size, name);
	close(fd);
	handle = open_(1, name, O_RDWR);
	data[size / 2] = '#';
	ok(seek(1, handle, (int64_t)size / 2) == (int)(size / 2) &&
	    write_(1, handle, "#") == 1, "written in its middle");
	snprintf(path, sizeof(path), "vm10/%s", name);
	fd = open(path, O_RDONLY);
	ok(read(fd, copy, size) == (ssize_t)size && read(fd, copy, 1) == 0 &&
	    pread(fd, copy, size, 0) == (ssize_t)size &&
	    memcmp(data, copy, size) == 0, "is copied whole");
	close(fd);
	free(data);
	free(copy);
}

static void test_originals(void)
{
	char *path = originals[2].path;
	int a = open_(0, path, O_RDWR), b;

	ok(a >= 3 && path[0] == '/' && reads(0, a, "far"),
	    "an absolute path, as given");
	grow(path, " away");
	ok(reads(0, a, " away") && unlink(path) == 0, "an original that grows");
	b = open_(0, "absolute", O_RDWR | O_APPEND);
	ok(write_(0, b, "!") == 1 && holds("vm1/absolute", "far away!") &&
	    seek(0, a, 4) == 4 && reads(0, a, "away!"),
	    "and one that is removed");
	test_copy("64k", 64 * KIB);
	test_copy("five", 5 * MIB);
}

static void test_own(void)
{
	int a;

	ok(open_(0, "new", O_RDONLY) == -ENOENT, "no file to read");
	a = open_(0, "new", O_WRONLY);
	ok(a >= 3 && write_(0, a, "text") == 4 && holds("vm1/new", "text"),
	    "a file to write is made");
	ok(call(0, OPERATION_READ, a, BUFFER, 1, 0) == -EBADF,
	    "and not read through O_WRONLY");
	ok(open_(1, "new", O_RDONLY) == -ENOENT, "another VM has none");
	ok(open_(0, "new", O_RDWR | O_CREAT | O_EXCL) == -EEXIST, "O_EXCL");
	close_(0, a);
	fill("vm1/old", "of an earlier run");
	ok(open_(0, "old", O_RDONLY) == -ENOENT, "what an earlier run left is "
	    "no file of the guest's");
	a = open_(0, "old", O_RDWR);
	ok(a >= 3 && reads(0, a, ""), "and makes way for one");
	ok(write_(0, open_(0, "old", O_RDONLY), "x") == -EBADF,
	    "no write through O_RDONLY");
}

/*
 * Whether the next good call works, and no descriptor stays behind the HELD
 * ones.
 */
static bool fine(size_t held)
{
	int a = open_(0, "shared", O_RDONLY);

	return a >= 3 && close_(0, a) == 0 && descriptors() == held;
}

/* Lists all files here, with their types, sizes and modes. */
static void list(char *text, size_t size)
{
	FILE *find = popen("find . -printf '%p %y %s %m\n' | sort", "r");

	if (find == NULL)
		exit(1);
	text[fread(text, 1, size - 1, find)] = '\0';
	pclose(find);
}

/* Every path that must not be opened, for reading or for writing. */
static void test_paths(void)
{
	static char number[256 + 1], name255[255 + 1], huge[1000000];
	static char before[10000], after[10000];
	const char *bad[] = {"", ".", "..", "../x", "/etc/passwd", "./..",
	    "a/../../x", "vm10/shared", "../locked", "/", "./", ".//",
	    "dir/../locked", number};
	size_t held = descriptors();
	bool refused = true;

	list(before, sizeof(before));
	memset(number, 'n', 256);
	memset(name255, 'n', 255);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		refused = refused && open_(0, bad[i], O_RDONLY) < 0 &&
		    fine(held) && open_(0, bad[i], O_RDWR | O_CREAT |
		    O_TRUNC) < 0 && fine(held);
	ok(refused, "paths out of the VM's folder are refused");
	list(after, sizeof(after));
	ok(strstr(before, "./locked f 9 444\n") != NULL &&
	    strcmp(before, after) == 0, "and nothing is touched");
	ok(open_(0, name255, O_WRONLY) >= 3, "a name of 255 bytes is not");
	memset(huge, 'x', sizeof(huge) - 1);
	ok(open_(0, huge, O_WRONLY) == -ENAMETOOLONG, "one of a million is");
	huge[4096] = '\0';
	ok(open_(0, huge, O_WRONLY) == -ENAMETOOLONG, "one of 4096 too");
	memset(vms[0].ram + RAM - 8, 'x', 8);
	ok(call(0, OPERATION_OPEN, 0, RAM - 8, 0, O_WRONLY) == -EFAULT,
	    "a path that RAM ends before");
	ok(call(0, OPERATION_OPEN, 0, RAM, 0, O_WRONLY) == -EFAULT,
	    "a path that is not in RAM at all");
	if (symlink("../locked", "vm1/link") != 0 ||
	    mkfifo("vm1/pipe", 0666) != 0 || mkdir("vm1/folder", 0777) != 0)
		exit(1);
	ok(open_(0, "link", O_RDONLY) == -ENOENT &&
	    open_(0, "pipe", O_RDONLY) == -ENOENT, "planted files are not the "
	    "guest's");
	ok(write_(0, open_(0, "link", O_WRONLY), "x") == 1 &&
	    holds("locked", "read-only") && holds("vm1/link", "x"),
	    "a planted symlink is replaced, not followed");
	ok(write_(0, open_(0, "pipe", O_WRONLY), "x") == 1 &&
	    holds("vm1/pipe", "x"), "a planted pipe too");
	ok(open_(0, "folder", O_WRONLY) < 0, "a planted folder is an error");
}

static void test_numbers(void)
{
	const int32_t handles[] = {-1, 0, 1, 2, 200, 255, 258, 259, 1000,
	    INT32_MAX, INT32_MIN};
	const uint64_t places[][2] = {{RAM, 1}, {RAM - 1, 2}, {0, RAM + 1},
	    {UINT64_MAX, 1}, {UINT64_MAX, 2}, {UINT64_MAX - 7, 16},
	    {BUFFER, UINT64_MAX}, {1ull << 32, 1}, {SYSTEM_BASE, 8},
	    {UINT64_MAX - RAM + 1, RAM}};
	bool refused = true, faults = true;
	int a = open_(0, "numbers", O_RDWR);
	size_t held = descriptors();

	for (size_t i = 0; i < sizeof(handles) / sizeof(handles[0]); i++)
		for (uint32_t o = OPERATION_CLOSE; o <= OPERATION_SEEK; o++)
			refused = refused && call(0, o, handles[i], BUFFER, 1,
			    0) == -EBADF && fine(held);
	ok(refused, "handles that are not open");
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++)
		for (uint32_t o = OPERATION_READ; o <= OPERATION_WRITE; o++)
			faults = faults && call(0, o, a, places[i][0],
			    places[i][1], 0) == -EFAULT && fine(held);
	ok(faults, "buffers that are not all in RAM");
	ok(call(0, OPERATION_WRITE, a, 0, RAM, 0) == (int64_t)RAM,
	    "all of RAM can be written");
	vms[0].request = RAM - sizeof(struct request) + 1;
	ok(files_call(&vms[0]) == -EFAULT, "a request across the end of RAM");
	vms[0].request = UINT64_MAX;
	ok(files_call(&vms[0]) == -EFAULT, "no request");
	vms[0].request = BLOCK;
	ok(call(0, 0, 0, 0, 0, 0) == -ENOSYS && call(0, 6, 0, 0, 0, 0) ==
	    -ENOSYS && call(0, UINT32_MAX, 0, 0, 0, 0) == -ENOSYS,
	    "operations that there are not");
	ok(open_(0, "numbers", 3) == -EINVAL && open_(0, "numbers", 1 << 30) ==
	    -EINVAL && open_(0, "numbers", O_PATH) == -EINVAL, "flags too");
	ok(call(0, OPERATION_SEEK, a, 0, 0, 3) == -EINVAL &&
	    seek(0, a, -1) == -EINVAL && seek(0, a, 1ll << 31) == -EOVERFLOW &&
	    seek(0, a, INT64_MAX) == -EOVERFLOW, "offsets");
	ok(seek(0, a, INT32_MAX - 1) == INT32_MAX - 1 &&
	    write_(0, a, "xy") == 1, "a write up to the largest file");
	ok(seek(0, a, INT32_MAX) == INT32_MAX && write_(0, a, "x") == -EFBIG &&
	    call(0, OPERATION_SEEK, a, 0, INT64_MAX, SEEK_CUR) == -EOVERFLOW,
	    "the largest file");
	ok(seek(0, a, 0) == 0 && write_(0, a, "fine") == 4 && fine(held),
	    "and the next good call works");
	ok(close_(0, a) == 0 && close_(0, a) == -EBADF, "a handle closed");
}

static void test_exhaustion(void)
{
	size_t opened = 0, made = 0, before = descriptors();
	char name[32];

	for (int i = 0; i < 10000; i++)
		opened += open_(1, "own", O_RDWR) >= 0;
	ok(opened <= HANDLES_MAX && opened > HANDLES_MAX / 2 &&
	    open_(1, "own", O_RDWR) == -EMFILE, "10 000 opens without close");
	for (int i = 0; i < HANDLES_MAX; i++)
		close_(1, HANDLE_FIRST + i);
	ok(descriptors() <= before, "leave no descriptor behind");
	for (int i = 0; i < 100000; i++) {
		snprintf(name, sizeof(name), "file%d", i);
		made += close_(1, open_(1, name, O_WRONLY)) == 0;
	}
	ok(made > FILES_MAX / 2 && made <= FILES_MAX, "a hundred thousand "
	    "files: as many as the limit");
	ok(open_(1, "own", O_RDWR) >= 3, "and the next good call works");
}

int main(void)
{
	struct rlimit before, limit;

	signal(SIGXFSZ, SIG_IGN);
	if (mkdir("dir", 0777) != 0)
		return 1;
	fill("dir/shared", "original");
	fill("locked", "read-only");
	chmod("locked", 0444);
	originals[0].path = (char *)(uintptr_t)"dir/shared";
	originals[1].path = (char *)(uintptr_t)"./locked";
	fill("absolute", "far");
	originals[2].path = realpath("absolute", NULL);
	fill("five", "");
	originals[3].path = (char *)(uintptr_t)"five";
	fill("64k", "");
	originals[4].path = (char *)(uintptr_t)"64k";
	opt.file_count = 5;
	if (originals_open(&opt) != 0)
		return 1;
	vms_create();
	test_sharing();
	test_locked();
	test_originals();
	test_own();
	test_folder();
	test_paths();
	test_numbers();
	test_exhaustion();
	vms_destroy();
	vms_create();
	test_host();
	vms_destroy();
	vms_create();
	getrlimit(RLIMIT_FSIZE, &before);
	limit = before;
	limit.rlim_cur = 100000;
	setrlimit(RLIMIT_FSIZE, &limit);
	ok(call(0, OPERATION_WRITE, open_(0, "large", O_WRONLY), 0, RAM, 0) ==
	    100000 && call(0, OPERATION_WRITE, HANDLE_FIRST, 0, RAM, 0) ==
	    -EFBIG, "a limit on the size of files");
	limit.rlim_cur = 4;
	setrlimit(RLIMIT_FSIZE, &limit);
	ok(write_(0, open_(0, "shared", O_RDWR), "x") == -EFBIG &&
	    access("vm1/.new", F_OK) != 0 && holds("vm1/shared", "ORIGinal") &&
	    reads(0, HANDLE_FIRST + 1, "original"), "a copy that fails is not "
	    "there, but an earlier run's and the original are");
	setrlimit(RLIMIT_FSIZE, &before);
	vms_destroy();
	free(originals[2].path);
	printf("1..%d\n", tests);
	return 0;
}
