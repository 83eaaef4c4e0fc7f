/*
 * The command line and the image.  The first line of the input is the command
 * line, its words apart by a space each; what follows is a guest's image.
 *
 * Works in the working directory, which must be empty.
 */

#define _GNU_SOURCE

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static _Noreturn void ended(int status);
static ssize_t said(int fd, const void *data, size_t size);
static FILE *messages;		/* what the program says */

/* The program's ways out.  A sanitizer's report goes to the real stderr. */
#define exit ended
#define write said
#undef stderr
#define stderr messages
#include "../vm.h"
#undef exit
#undef write

#define WORDS_MAX 200

static const struct known {
	const char *path;
	off_t size;		/* bytes; 0 where it doesn't matter */
	bool image;		/* may be a guest's, where RAM is as large */
	bool file;		/* may be shared */
} known[] = {
	{"good", 100, true, true},
	{"folder/good", 100, true, true},
	{"other", 1, true, true},
	{"two", 2 * MIB, true, true},
	{"four", 4 * MIB, true, true},
	{"large", 8 * MIB + 1, true, true},
	{"empty", 0, false, true},
	{"folder", 0, false, false},
	{"link", 0, false, false},	/* to nowhere */
	{"pipe", 0, true, false},
	{"missing", 0, false, false},
	{"", 0, false, false},
};

static jmp_buf end;
static char message[1 << 18];	/* the stream messages goes here */

static _Noreturn void ended(int status)
{
	longjmp(end, status + 1);
}

static ssize_t said(int fd, const void *data, size_t size)
{
	(void)fd;
	return (ssize_t)fwrite(data, 1, size, messages);
}

static void must(bool good, const char *what)
{
	if (good)
		return;
	dprintf(STDERR_FILENO, "it is not so: %s\n", what);
	abort();
}

/* Takes all that has been said since the last time. */
static const char *heard(void)
{
	static char text[sizeof(message)];
	long size;

	fflush(messages);
	size = ftell(messages);
	memcpy(text, message, (size_t)size);
	text[size] = '\0';
	rewind(messages);
	return text;
}

/* A failure is reported in lines that can be read; success in none. */
static void result_check(int result)
{
	const char *c = heard();

	must(result == 0 || result == -1, "the result is 0 or -1");
	must((result == 0) == (*c == '\0'), "a failure is reported");
	while (*c != '\0') {
		must(strncmp(c, "mini_hypervisor: ", 17) == 0, "who reports");
		while (*c != '\0' && *c != '\177' && (uint8_t)*c >= ' ')
			c++;
		must(*c++ == '\n', "lines without control characters");
	}
}

static void files_make(void)
{
	messages = fmemopen(message, sizeof(message), "w");
	must(messages != NULL && mkdir("folder", 0777) == 0 &&
	    symlink("nowhere", "link") == 0 && mkfifo("pipe", 0666) == 0,
	    "the folder is empty");
	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++) {
		int fd;

		if (!known[i].file)
			continue;
		fd = creat(known[i].path, 0666);
		must(ftruncate(fd, known[i].size) == 0, "a file is made");
		close(fd);
	}
}

/* Parses; returns the status that this ends with, or -1 if it goes on. */
static int parse(struct options *options, int argc, char **argv)
{
	int status = setjmp(end);

	if (status != 0)
		return status - 1;
	optind = 0;			/* getopt begins anew */
	options_parse(options, argc, argv);
	return -1;
}

/* What an option's name in full or in part is: its letter, or 0. */
static char long_find(const char *name, size_t size)
{
	static const char *const names[] = {"memory", "page", "guest", "file",
	    "help"};

	for (size_t i = 0; i < 5 && size > 0; i++)
		if (strncmp(names[i], name, size) == 0)
			return names[i][0];
	return 0;
}

/* Takes VALUE for the option LETTER.  Returns 2 if that is misuse, or -1. */
static int value_take(struct options *wanted, char letter, char *value)
{
	size_t digit = value[0] != '\0' && value[1] == '\0' ?
	    (size_t)(value[0] - '0') : 0;

	switch (letter) {
	case 'm':
		wanted->memory = digit * MIB;
		return digit == 2 || digit == 4 || digit == 8 ? -1 : 2;
	case 'p':
		wanted->page = digit == 2 ? PAGE_2M : PAGE_4K;
		return digit == 2 || digit == 4 ? -1 : 2;
	case 'g':
		wanted->images[wanted->count++] = value;
		return -1;
	case 'f':
		wanted->files[wanted->file_count++].path = value;
		return -1;
	default:
		return 2;
	}
}

/*
 * Parses what stands at argv[*AT], and its value behind it, when LIST is the
 * option before it.  Returns the status that this ends with, or -1.
 */
static int word_take(struct options *wanted, char **argv, int *at, char *list)
{
	char *word = argv[*at], *value = NULL;

	if (word[0] != '-' || word[1] == '\0')
		return *list == 'g' || *list == 'f' ?
		    value_take(wanted, *list, word) : 2;
	*list = word[1];
	if (word[1] == '-') {
		value = strchr(word, '=');
		*list = long_find(word + 2, value ? (size_t)(value - word) - 2 :
		    strlen(word) - 2);
		if (value != NULL)
			value++;
		if (*list == 'h' && value != NULL)
			return 2;
	} else if (word[2] != '\0') {
		value = word + 2;
	}
	if (*list == 'h')
		return 0;
	if (*list == '\0' || strchr("mpgf", *list) == NULL)
		return 2;
	if (value == NULL)
		value = argv[++*at];
	return value ? value_take(wanted, *list, value) : 2;
}

/* What options_parse must do, by other means. */
static int parse_wanted(struct options *wanted, int argc, char **argv)
{
	int status = -1, at = 1;
	char list = 0;

	for (; status < 0 && at < argc && strcmp(argv[at], "--") != 0; at++)
		status = word_take(wanted, argv, &at, &list);
	for (at++; status < 0 && at < argc; at++)
		status = list == 'g' || list == 'f' ?
		    value_take(wanted, list, argv[at]) : 2;
	if (status < 0 && (wanted->memory == 0 || wanted->page == 0 ||
	    wanted->count == 0))
		status = 2;
	return status;
}

static void options_check(const struct options *got,
    const struct options *wanted)
{
	must(*heard() == '\0', "success is silent");
	must(got->memory == wanted->memory, "the size of RAM");
	must(got->page == wanted->page, "the size of a page");
	must(got->count == wanted->count && memcmp(got->images,
	    wanted->images, got->count * sizeof(char *)) == 0, "the images");
	must(got->file_count == wanted->file_count, "how many files");
	for (size_t i = 0; i < got->file_count; i++)
		must(got->files[i].path == wanted->files[i].path, "the files");
}

/* Help or misuse, in full. */
static void end_check(int status)
{
	const char *text = heard();
	size_t size = strlen(text), all = strlen(usage);

	must(size >= all && strcmp(text + size - all, usage) == 0,
	    "the usage is shown");
	must((status == 0) == (size == all), "and for misuse what is wrong");
	must(status == 0 || strncmp(text, "mini_hypervisor: ", 17) == 0,
	    "who reports");
}

/* What is known of PATH, or NULL if it may be anything. */
static const struct known *known_find(const char *path)
{
	static const struct known missing;

	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
		if (strcmp(known[i].path, path) == 0)
			return &known[i];
	return access(path, F_OK) == 0 ? NULL : &missing;
}

static void images_check(const struct options *options)
{
	for (size_t i = 0; i < options->count; i++) {
		const struct known *k = known_find(options->images[i]);
		int result = image_check(options, options->images[i]);

		result_check(result);
		must(k == NULL || (result == 0) == (k->image &&
		    k->size <= (off_t)options->memory), "a good image");
	}
}

/* Whether two files have the same last component. */
static bool alike(const struct original *a, const struct original *b)
{
	return strcmp(basename(a->path), basename(b->path)) == 0;
}

static void originals_test(struct options *options)
{
	const struct original *files = options->files;
	bool good = true, unknown = false;
	int result = originals_open(options);

	result_check(result);
	for (size_t i = 0; i < options->file_count; i++) {
		const struct known *k = known_find(files[i].path);

		unknown = unknown || k == NULL;
		good = good && (k == NULL || k->file);
		for (size_t j = 0; j < i; j++)
			good = good && !alike(&files[i], &files[j]);
		must(result != 0 || strcmp(files[i].name,
		    basename(files[i].path)) == 0, "a file's name");
		if (files[i].fd > 0)
			close(files[i].fd);
	}
	must(good ? unknown || result == 0 : result != 0, "good files");
}

/* Reads an image of SIZE bytes from a pipe to RAM of MEMORY bytes. */
static void image_read_test(const uint8_t *data, size_t size, size_t memory)
{
	const struct options options = {.memory = memory};
	static struct vm vm;
	int ends[2], result;

	must(pipe(ends) == 0 && write(ends[1], data, size) == (ssize_t)size,
	    "a pipe");
	close(ends[1]);
	vm_begin(&vm, &options, 1);
	vm.name = (char[]){"image"};
	result = image_read(&vm, ends[0]);
	result_check(result);
	must((result == 0) == (size > 0 && size <= memory), "an image's size");
	must(memcmp(vm.ram, data, size < memory ? size : memory) == 0,
	    "its bytes");
	for (size_t i = size; i < memory; i++)
		must(vm.ram[i] == 0, "nothing behind it");
	vm_end(&vm);
	close(ends[0]);
}

/* Loads an image from a file, as the VM of these options does. */
static void memory_test(const struct options *options, const uint8_t *data,
    size_t size)
{
	static const struct kvm kvm;
	static struct vm vm = {.kvm = &kvm};
	uint64_t last;
	int fd = creat("image", 0666), result;

	must(write(fd, data, size) == (ssize_t)size, "a file");
	close(fd);
	vm.opt = options;
	vm.image = vm.name = (char[]){"image"};
	result = memory_create(&vm);
	result_check(result);
	must((result == 0) == (size > 0), "an image's size");
	must(memcmp(vm.ram, data, size) == 0, "its bytes");
	for (size_t i = size; i % PAGE_4K != 0; i++)
		must(vm.ram[i] == 0, "nothing behind it");
	memcpy(&last, vm.ram + options->memory - sizeof(last), sizeof(last));
	must(last == SYSTEM_ADDRESS(vectors.hlt[VECTORS]), "return address");
	memory_free(&vm);
}

/* Makes the words of LINE; returns how many. */
static int words_make(const char *line, size_t size, char **argv)
{
	int argc = 0;

	argv[argc++] = strdup("mini_hypervisor");
	while (size > 0 && argc <= WORDS_MAX) {
		const char *space = memchr(line, ' ', size);
		size_t length = space ? (size_t)(space - line) : size;

		argv[argc++] = strndup(line, length);
		length += space != NULL;
		line += length;
		size -= length;
	}
	argv[argc] = NULL;
	return argc;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *line_end = memchr(data, '\n', size), *image;
	size_t line = line_end ? (size_t)(line_end - data) : size, rest;
	static char *images[WORDS_MAX];
	static struct original files[WORDS_MAX];
	struct options options = {0}, wanted = {.images = images,
	    .files = files};
	char *argv[WORDS_MAX + 2];
	int argc, status;

	if (messages == NULL)
		files_make();
	argc = words_make((const char *)data, line, argv);
	image = data + line + (line < size);
	rest = size - (size_t)(image - data);
	status = parse(&options, argc, argv);
	must(status == parse_wanted(&wanted, argc, argv), "the status");
	if (status < 0) {
		options_check(&options, &wanted);
		images_check(&options);
		originals_test(&options);
		memory_test(&options, image, rest);
	} else {
		end_check(status);
	}
	for (size_t memory = rest > 1 ? rest - 1 : 1; memory <= rest + 1;
	    memory++)
		image_read_test(image, rest, memory);
	free(options.images);
	free(options.files);
	while (argc > 0)
		free(argv[--argc]);
	return 0;
}
