/*
 * The last version's text, and a VM of it that has RAM, files and a console but
 * no CPU, for programs that call its functions themselves.
 */

#define main hypervisor_main
#include "../Version_C/mini_hypervisor.c"
#undef main

#include <dirent.h>

static struct console console;		/* of all VMs */
static FILE *tap;			/* stdout is the console's */
static int tests;

/* Has results printed where stdout leads now. */
static inline void tap_open(void)
{
	tap = fdopen(dup(STDOUT_FILENO), "w");
	if (tap == NULL)
		exit(1);
}

static inline void ok(bool good, const char *name)
{
	fprintf(tap, "%sok %d - %s\n", good ? "" : "not ", ++tests, name);
}

/* Puts an empty file, or the one at PATH, in place of a standard stream. */
static inline void redirect(int stream, const char *path)
{
	int fd = path ? open(path, O_RDWR) : memfd_create("stream", 0);

	if (fd < 0 || dup2(fd, stream) != stream)
		exit(1);
	close(fd);
}

/* Whether the file PATH is SIZE bytes of DATA. */
static inline bool file_is(const char *path, const void *data, size_t size)
{
	static uint8_t seen[2 * CONSOLE_OUTPUT];
	int fd = open(path, O_RDONLY);
	ssize_t n = fd < 0 ? -1 : read(fd, seen, sizeof(seen));

	close(fd);
	return n == (ssize_t)size && memcmp(seen, data, size) == 0;
}

/* Whether all that was written to a standard stream is SIZE bytes of DATA. */
static inline bool wrote(int stream, const void *data, size_t size)
{
	return file_is(stream == STDOUT_FILENO ? "/dev/stdout" : "/dev/stderr",
	    data, size);
}

/* How many files this process has open. */
static inline size_t descriptors(void)
{
	DIR *folder = opendir("/proc/self/fd");
	size_t count = 0;

	while (readdir(folder) != NULL)
		count++;
	closedir(folder);
	return count;
}

/*
 * Makes the VM of guest NUMBER, with its folder, and its RAM zeroed.  The
 * sanitizer reports an access beyond either end of that.
 */
static inline void vm_begin(struct vm *vm, const struct options *opt,
    size_t number)
{
	memset(vm, 0, sizeof(*vm));
	vm_init(vm, opt, NULL, &console, "guest");
	vm->number = number;
	folder_create(vm);
	vm->ram = calloc(1, opt->memory);
	if (vm->ram == NULL)
		exit(1);
}

/* Releases all that vm_begin and the guest's calls took. */
static inline void vm_end(struct vm *vm)
{
	files_destroy(vm);
	folder_remove(vm);
	free(vm->ram);
}
