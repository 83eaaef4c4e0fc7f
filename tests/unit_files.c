/*
 * The file device by itself, without KVM: each rule for files, and guests that
 * mean harm.  Works in the working directory, which must be empty.  Prints TAP.
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

static char absolute[PATH_MAX];
static char *paths[] = {"dir/shared", "./locked", absolute, "five", "64k",
    "private", "dir/missing", "vm10/given", "sparse", "/proc/self/status"};
static char *images[] = {"vm10/image"};
static struct options opt = {
	.memory = RAM,
	.images = images,
	.count = 1,
	.paths = paths,
	.path_count = sizeof(paths) / sizeof(paths[0]),
};

static struct vm vms[2];

/* VM 0 is of guest 1 and VM 1 of guest NUMBER. */
static void vms_create(size_t number)
{
	vm_begin(&vms[0], &opt, 1);
	vm_begin(&vms[1], &opt, number);
	vms[0].request = vms[1].request = BLOCK;
}

static void vms_destroy(void)
{
	vm_end(&vms[0]);
	vm_end(&vms[1]);
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

/* The permissions of the host's file PATH. */
static mode_t mode(const char *path)
{
	struct stat status;

	return stat(path, &status) == 0 ? status.st_mode & 07777 : 0;
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

/* Opens the host's file PATH with FLAGS and writes TEXT. */
static void put(const char *path, int flags, const char *text)
{
	int fd = open(path, O_WRONLY | flags, 0666);

	if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		exit(1);
	close(fd);
}

/* Makes the host's file PATH be TEXT. */
static void fill(const char *path, const char *text)
{
	put(path, O_CREAT | O_TRUNC, text);
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
	int a = open_(0, "shared", O_RDWR), b;

	ok(seek(0, a, 2) == 2 && write_(0, a, "IG") == 2 &&
	    holds("vm1/shared", "orIGinal") && seek(0, a, 0) == 0 &&
	    write_(0, a, "OR") == 2, "a write to a shared file, by its name");
	ok(holds("vm1/shared", "ORIGinal") && holds("dir/shared", "original") &&
	    reads(1, open_(1, "dir/shared", O_RDONLY), "original"),
	    "makes a copy, and the original is as it was");
	b = open_(0, "locked", O_WRONLY | O_TRUNC);
	ok(write_(0, b, "mine") == 4 && holds("vm1/locked", "mine") &&
	    holds("locked", "read-only"), "an original of mode 0444");
	b = open_(1, "locked", O_RDWR);
	ok(call(1, OPERATION_WRITE, b, BUFFER, 0, 0) == 0 &&
	    holds("vm10/locked", NULL), "writing no bytes makes no copy");
	close_(1, b);
	b = open_(1, "private", O_WRONLY);
	ok(write_(1, b, "x") == 1 && mode("vm10/private") == 0600,
	    "an original of mode 0600 has a copy of that mode");
	ok(open_(0, "private", O_WRONLY | O_TRUNC) >= 3 &&
	    mode("vm1/private") == 0600, "which O_TRUNC makes too");
	b = open_(0, "dir/missing", O_WRONLY);
	ok(write_(0, b, "made") == 4 && holds("vm1/missing", "made") &&
	    holds("dir/missing", NULL) && mode("vm1/missing") == 0666,
	    "a file that was given but is missing is made");
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

/* What the user does meanwhile in a VM's folder. */
static void test_folder(void)
{
	int a = open_(0, "kept", O_WRONLY);

	write_(0, a, "1");
	close_(0, a);
	ok(link("vm1/kept", "backup") == 0 && chmod("vm1/kept", 0) == 0 &&
	    reads(0, a = open_(0, "kept", O_RDWR), "1") &&
	    write_(0, a, "2") == 1 && chmod("backup", 0600) == 0 &&
	    holds("backup", "12") && close_(0, a) == 0, "a file with another "
	    "link and no permissions stays the guest's");
	ok(link("vm1/shared", "copied") == 0 &&
	    write_(0, a = open_(0, "shared", O_RDWR), "OR") == 2 &&
	    holds("copied", "ORIGinal") && close_(0, a) == 0,
	    "and a copy with another link");
	unlink("vm1/kept");
	fill("vm1/kept", "the user's");
	ok(write_(0, a = open_(0, "kept", O_RDWR), "3") == 1 &&
	    holds("backup", "32") && holds("vm1/kept", "the user's"),
	    "a file that takes the place of the guest's is not the guest's");
	fill("vm1/result", "of an earlier run");
	descriptors_allow(false);
	ok(open_(0, "result", O_WRONLY) == -EMFILE, "a file that can't be "
	    "made");
	descriptors_allow(true);
	ok(holds("vm1/result", "of an earlier run") && holds("vm1/"
	    FILE_UNFINISHED, NULL), "leaves an earlier one as it was");
	fill("vm1/" FILE_UNFINISHED, "of a run that was killed");
	ok(write_(0, open_(0, "result", O_WRONLY), "new") == 3 &&
	    holds("vm1/result", "new") && holds("vm1/" FILE_UNFINISHED, NULL),
	    "what a killed run was making is in no guest's way");
}

/* What this run was given stays, even where a guest's files are. */
static void test_given(void)
{
	ok(open_(1, "image", O_WRONLY) == -EACCES && holds("vm10/image",
	    "read-only") && readlink("vm10/image", (char[9]){0}, 9) == 9,
	    "a symlink to a guest's image");
	ok(write_(1, open_(1, "given", O_RDWR), "x") == -EACCES &&
	    reads(1, open_(1, "given", O_RDONLY), "user's") &&
	    holds("vm10/given", "user's") && holds("vm10/" FILE_UNFINISHED,
	    NULL), "a shared file");
	ok(write_(0, open_(0, "given", O_RDWR), "USER") == 4 &&
	    holds("vm1/given", "USER's") && holds("vm10/given", "user's"),
	    "of which another VM has its copy");
}

/* Folders that are not for a guest's files. */
static void test_folders(void)
{
	size_t held;

	vms_destroy();
	if (symlink("dir", "vm20") != 0 || mkdir("vm21", 0777) != 0)
		exit(1);
	held = descriptors();
	vms_create(20);
	ok(open_(1, "new", O_WRONLY) == -ENOTDIR && holds("dir/new", NULL) &&
	    reads(1, open_(1, "shared", O_RDWR), "original"),
	    "a symlink is not followed");
	vms_destroy();
	if (chown("vm21", 65533, 65533) == 0) {
		vms_create(21);
		ok(open_(1, "new", O_WRONLY) == -EACCES && holds("vm21/new",
		    NULL), "another user's is not used");
		vms_destroy();
	}
	ok(descriptors() == held, "nor held");
	vms_create(10);
}

/* What the host has against a call is what the guest is told. */
static void test_host(void)
{
	int home = open(".", O_RDONLY), a, b, fd, kept;

	if (mkdir("gone", 0777) != 0 || chdir("gone") != 0 ||
	    rmdir("../gone") != 0)
		exit(1);
	vms_destroy();
	vms_create(30);
	ok(open_(1, "file", O_WRONLY) == -ENOENT, "no place for a folder");
	vms_destroy();
	if (fchdir(home) != 0)
		exit(1);
	vms_create(10);
	unlink("vm10/locked");
	a = open_(1, "locked", O_RDWR);
	b = open_(1, "locked", O_WRONLY | O_APPEND);
	fd = vms[1].handles[a].file->original->fd;
	kept = dup(fd);
	close(fd);
	ok(call(1, OPERATION_READ, a, BUFFER, 1, 0) == -EBADF &&
	    call(1, OPERATION_SEEK, a, 0, 0, SEEK_END) == -EBADF &&
	    open("private", O_WRONLY) == fd && write_(1, b, "x") == -EBADF,
	    "an original that can't be read");
	dup2(kept, fd);
	close(kept);
	stop_signal = SIGINT;
	ok(write_(1, a, "x") == -EINTR && holds("vm10/locked", NULL),
	    "a signal to stop stops a copy");
	stop_signal = 0;
	ok(mkdir("vm10/" FILE_UNFINISHED, 0777) == 0 && write_(1, a, "x") ==
	    -EEXIST && rmdir("vm10/" FILE_UNFINISHED) == 0 &&
	    write_(1, a, "x") == 1, "a folder where a copy is made");
	close(home);
}

/* Short reads and writes of the host's, of which a guest learns nothing. */
static void test_short(void)
{
	int a = open_(1, "short", O_RDWR), b = open_(0, "64k", O_RDWR);

	host_most = 3;
	ok(write_(1, a, "ten bytes!") == 10 && holds("vm10/short",
	    "ten bytes!"), "writes of the host's in pieces");
	ok(seek(1, a, 1) == 1 && reads(1, a, "en bytes!"), "and reads");
	host_copies = false;
	ok(seek(0, b, 64 * KIB) == 64 * KIB && write_(0, b, "end") == 3 &&
	    system("printf end | cat 64k - | cmp -s - vm1/64k") == 0,
	    "and a copy by those");
	host_most = SIZE_MAX;
	b = open_(0, "five", O_RDWR);
	ok(seek(0, b, 5 * MIB) == 5 * MIB && write_(0, b, "end") == 3 &&
	    system("printf end | cat five - | cmp -s - vm1/five") == 0,
	    "a copy without copy_file_range");
	host_copies = true;
	b = open_(0, "/proc/self/status", O_RDWR);
	ok(seek(0, b, 0) == 0 && write_(0, b, "name") == 4 && system(
	    "grep -q '^name:' vm1/status && grep -q ^Pid: vm1/status") == 0,
	    "and one of a file that tells no size");
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

/* What happens while an original is copied. */
static void growth(void)
{
	put(absolute, O_APPEND, " now");
	host_meanwhile = NULL;
}

static void test_originals(void)
{
	int a = open_(0, absolute, O_RDWR), b;

	ok(a >= 3 && absolute[0] == '/' && reads(0, a, "far"),
	    "an absolute path, as given");
	put(absolute, O_APPEND, " away");
	ok(reads(0, a, " away"), "an original that grows");
	host_meanwhile = growth;
	b = open_(0, "absolute", O_RDWR | O_APPEND);
	ok(write_(0, b, "!") == 1 && holds("vm1/absolute", "far away!"),
	    "even while it is copied, for O_APPEND");
	ok(holds(absolute, "far away now") && unlink(absolute) == 0 &&
	    reads(1, open_(1, "absolute", O_RDONLY), "far away now") &&
	    seek(0, a, 4) == 4 && reads(0, a, "away!"), "and is removed");
	test_copy("64k", 64 * KIB);
	test_copy("five", 5 * MIB);
}

/* An original of which most is a hole. */
static void test_holes(void)
{
	int fd = open("sparse", O_WRONLY), a = open_(1, "sparse", O_RDWR);
	struct stat status = {0};

	if (pwrite(fd, "middle", 6, 150000000) != 6 ||
	    ftruncate(fd, 300000000) != 0)
		exit(1);
	ok(write_(1, a, "x") == 1 && stat("vm10/sparse", &status) == 0 &&
	    status.st_size == 300000000 && status.st_blocks < 2048 &&
	    seek(1, a, 150000000) == 150000000 &&
	    call(1, OPERATION_READ, a, BUFFER, 7, 0) == 7 &&
	    memcmp(vms[1].ram + BUFFER, "middle", 7) == 0,
	    "holes of an original are holes of its copy");
	if (ftruncate(fd, 1ll << 31) != 0)
		exit(1);
	a = open_(0, "sparse", O_RDWR);
	ok(write_(0, a, "x") == -EFBIG && holds("vm1/sparse", NULL) &&
	    holds("vm1/" FILE_UNFINISHED, NULL) && seek(0, a, 150000000) > 0 &&
	    call(0, OPERATION_READ, a, BUFFER, 6, 0) == 6 &&
	    memcmp(vms[0].ram + BUFFER, "middle", 6) == 0,
	    "one of 2 GiB is too large to be copied, not to be read");
	if (ftruncate(fd, INT32_MAX) != 0)
		exit(1);
	ok(write_(0, a, "x") == 1 && stat("vm1/sparse", &status) == 0 &&
	    status.st_size == INT32_MAX, "one byte less is not");
	close(fd);
}

/* Handles 0, 1 and 2. */
static void test_console(void)
{
	int a = open_(0, "locked", O_RDWR), errors = dup(STDERR_FILENO);

	redirect(STDIN_FILENO, NULL);
	if (write(STDIN_FILENO, "input\n\377", 7) != 7 ||
	    lseek(STDIN_FILENO, 0, SEEK_SET) != 0)
		exit(1);
	ok(call(0, OPERATION_READ, 0, BUFFER, 4, 0) == 4 &&
	    reads(0, 0, "t\n\377") && reads(0, 0, "") && reads(0, 0, ""),
	    "the input, binary, and then its end");
	ok(reads(1, 0, ""), "which leaves the input to others");
	ok(write_(0, 1, "out") == 3 && write_(0, 2, "put") == 3 &&
	    wrote(STDOUT_FILENO, "", 0), "output is gathered");
	ok(write_(0, a, "mine") == 4 && wrote(STDOUT_FILENO, "output", 6),
	    "and written before a copy is made");
	a = open_(1, "shared", O_RDWR);
	unlink("vm10/shared");
	redirect(STDOUT_FILENO, "/dev/full");
	redirect(STDERR_FILENO, NULL);
	write_(1, 1, "lost");
	write_(1, a, "x");
	ok(vms[1].failed && holds("vm10/shared", NULL) && wrote(STDERR_FILENO,
	    FULL, sizeof(FULL) - 1), "output that can't be written ends the VM "
	    "before a copy is made");
	redirect(STDERR_FILENO, NULL);
	vms[0].out_size = 0;
	call(0, OPERATION_WRITE, 1, 0, RAM, 0);
	ok(vms[0].failed && wrote(STDERR_FILENO, FULL, sizeof(FULL) - 1),
	    "and so at once if there is much");
	dup2(errors, STDERR_FILENO);
	close(errors);
}

static void test_own(void)
{
	fill("vm1/old", "of an earlier run");
	ok(open_(0, "old", O_RDONLY) == -ENOENT, "what an earlier run left is "
	    "no file of the guest's");
	ok(reads(0, open_(0, "old", O_RDWR), ""), "and makes way for one");
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
	static char before[10000], after[10000];
	const char *bad[] = {"", ".", "..", "../x", "/etc/passwd", "./..",
	    "a/../../x", "vm10/shared", "../locked", "/", "./", ".//",
	    "dir/../locked", "./shared", "./new", "-new", FILE_UNFINISHED,
	    "new\n", "\33[2J", "new\177"};
	const char *planted[] = {"link", "pipe"};
	bool refused = true;

	list(before, sizeof(before));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		refused = refused && open_(0, bad[i], O_RDONLY) < 0 &&
		    open_(0, bad[i], O_RDWR | O_CREAT | O_TRUNC) < 0;
	list(after, sizeof(after));
	ok(refused && strstr(before, "./locked f 9 444\n") != NULL &&
	    strcmp(before, after) == 0, "paths out of the VM's folder, and "
	    "misleading names, are refused, and nothing is touched");
	ok(open_(0, "n\303\251-w ", O_WRONLY) >= 3, "one of UTF-8 and a blank "
	    "is not");
	memset(vms[0].ram + RAM - 8, 'x', 8);
	ok(call(0, OPERATION_OPEN, 0, RAM - 8, 0, O_WRONLY) == -EFAULT,
	    "a path that RAM ends before");
	if (symlink("../locked", "vm1/link") != 0 ||
	    mkfifo("vm1/pipe", 0666) != 0 || mkdir("vm1/folder", 0777) != 0)
		exit(1);
	for (size_t i = 0; i < 2; i++)
		ok(open_(0, planted[i], O_RDONLY) == -ENOENT &&
		    write_(0, open_(0, planted[i], O_WRONLY), "x") == 1 &&
		    holds("locked", "read-only"), "a planted symlink and a "
		    "planted pipe are replaced, not followed");
	ok(holds("vm1/link", "x") && holds("vm1/pipe", "x") &&
	    open_(0, "folder", O_WRONLY) < 0, "a planted folder is an error");
}

static void test_numbers(void)
{
	const uint64_t places[][2] = {{RAM, 1}, {RAM - 1, 2}, {0, RAM + 1},
	    {UINT64_MAX, 1}, {UINT64_MAX, 2}, {BUFFER, UINT64_MAX}};
	bool faults = true;
	int a = open_(0, "numbers", O_RDWR);

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++)
		for (uint32_t o = OPERATION_READ; o <= OPERATION_WRITE; o++)
			faults = faults && call(0, o, a, places[i][0],
			    places[i][1], 0) == -EFAULT;
	ok(faults, "buffers that are not all in RAM");
	ok(call(0, OPERATION_WRITE, a, 0, RAM, 0) == (int64_t)RAM,
	    "all of RAM can be written");
	ok(seek(0, a, 1ll << 31) == -EOVERFLOW &&
	    seek(0, a, INT32_MAX - 1) == INT32_MAX - 1 &&
	    write_(0, a, "xy") == 1, "a write up to the largest file");
	ok(seek(0, a, INT32_MAX) == INT32_MAX &&
	    write_(0, a, "x") == -EFBIG && seek(0, a, 0) == 0 &&
	    write_(0, a, "fine") == 4, "which grows no more");
}

static void test_exhaustion(void)
{
	size_t made = 0, before = descriptors();
	int last = 0, handle;
	char name[32];

	for (int i = 0; i < 10000; i++) {
		handle = open_(1, "own", O_RDWR);
		last = handle > last ? handle : last;
	}
	ok(last == 255 && open_(1, "own", O_RDWR) == -EMFILE,
	    "10 000 opens without close");
	for (int i = HANDLE_FIRST; i <= last; i++)
		close_(1, i);
	ok(descriptors() <= before + 1, "leave one descriptor open");
	for (int i = 0; i < 10000; i++) {
		snprintf(name, sizeof(name), "file%d", i);
		made += close_(1, open_(1, name, O_WRONLY)) == 0;
	}
	ok(made < FILES_MAX && made > FILES_MAX / 2 &&
	    vms[1].file_count == FILES_MAX, "ten thousand files: as many as "
	    "the limit");
	ok(open_(1, "own", O_RDWR) >= 3, "and the next good call works");
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
	int a = open_(0, "shared", O_RDWR);

	limit(100000);
	ok(call(0, OPERATION_WRITE, open_(0, "large", O_WRONLY), 0, RAM, 0) ==
	    100000 && call(0, OPERATION_WRITE, a + 1, 0, RAM, 0) ==
	    -EFBIG, "a limit on the size of files");
	for (int size = 4; size <= 8; size += 4) {
		limit((rlim_t)size);
		ok(seek(0, a, 8) == 8 && write_(0, a, "x") == -EFBIG &&
		    holds("vm1/" FILE_UNFINISHED, NULL) &&
		    holds("vm1/shared", "ORIGinal") && seek(0, a, 0) == 0 &&
		    reads(0, a, "original"), size < 8 ?
		    "a copy that fails is not there, but an earlier run's and "
		    "the original are" : "nor one with a write that fails");
	}
	limit(RLIM_INFINITY);
}

int main(void)
{
	static const char *const begin[][2] = {{"dir/shared", "original"},
	    {"vm10/given", "user's"}, {"locked", "read-only"},
	    {"private", "secret"}, {"absolute", "far"}, {"sparse", ""},
	    {"five", ""}, {"64k", ""}};

	signal(SIGXFSZ, SIG_IGN);
	umask(0);
	tap_open();
	redirect(STDIN_FILENO, "/dev/null");
	redirect(STDOUT_FILENO, NULL);
	if (mkdir("dir", 0777) != 0 || mkdir("vm10", 0777) != 0 ||
	    symlink("../locked", "vm10/image") != 0)
		return 1;
	for (size_t i = 0; i < sizeof(begin) / sizeof(begin[0]); i++)
		fill(begin[i][0], begin[i][1]);
	chmod("locked", 0444);
	chmod("private", 0600);
	if (realpath("absolute", absolute) == NULL || originals_open(&opt) != 0)
		return 1;
	vms_create(10);
	test_sharing();
	test_locked();
	test_originals();
	test_holes();
	test_own();
	test_folder();
	test_given();
	test_paths();
	test_numbers();
	test_exhaustion();
	test_folders();
	test_host();
	test_short();
	test_console();
	vms_destroy();
	vms_create(10);
	test_limits();
	vms_destroy();
	fprintf(tap, "1..%d\n", tests);
	return 0;
}
