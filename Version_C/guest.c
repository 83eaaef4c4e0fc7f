/*
 * A guest: all the software in its machine.  It starts at address 0, talks to
 * the console and halts.
 */

#include <stddef.h>
#include <stdint.h>

/* ---- console ---------------------------------------------------------- */

#define CONSOLE_PORT 0xE9

/* Prints SIZE bytes, with one instruction. */
static void print_bytes(const char *bytes, size_t size)
{
	__asm__ volatile("rep outsb"
	    : "+S"(bytes), "+c"(size)
	    : "d"((uint16_t)CONSOLE_PORT)
	    : "memory");
}

/* Prints a string. */
static void print(const char *text)
{
	size_t size = 0;

	while (text[size] != '\0')
		size++;
	print_bytes(text, size);
}

/* Prints a number in decimal. */
static void print_number(uint64_t number)
{
	char digits[20];
	size_t at = sizeof(digits);

	do {
		digits[--at] = (char)('0' + number % 10);
		number /= 10;
	} while (number > 0);
	print_bytes(digits + at, sizeof(digits) - at);
}

/* ---- the machine ------------------------------------------------------ */

/* Ends the guest. */
__attribute__((noreturn))
static void halt(void)
{
	for (;;)
		__asm__ volatile("hlt");
}

/*
 * Stores BYTE at ADDRESS and returns the old byte; in assembly, because to C
 * address 0 is a null pointer.
 */
static uint8_t exchange(uintptr_t address, uint8_t byte)
{
	__asm__ volatile("xchgb %0, (%1)"
	    : "+q"(byte)
	    : "r"(address)
	    : "memory");
	return byte;
}

/* Changes a byte of memory and changes it back; 1 if that worked, else 0. */
static int touch(uintptr_t address)
{
	uint8_t old = exchange(address, 0x5A);

	return exchange(address, old) == 0x5A;
}

/* Says what the machine has: RAM and PAGE in bytes. */
static void describe(size_t ram, size_t page)
{
	print(NAME ": hello! I have ");
	print_number(ram >> 20);
	print(" MiB of RAM, in pages of ");
	print_number(page >> 10);
	print(" KiB.\n");
	if (touch(0) && touch(ram - 1))
		print(NAME ": its first byte and its last are mine to "
		    "write.\n");
}

/* ---- conversation ----------------------------------------------------- */

#ifdef TALK
/* Waits for a byte of input; the end of input is 0xFF. */
static uint8_t get_byte(void)
{
	uint8_t byte;

	__asm__ volatile("inb %1, %0"
	    : "=a"(byte)
	    : "d"((uint16_t)CONSOLE_PORT)
	    : "memory");
	return byte;
}

/*
 * Reads a line of input into LINE, without its newline, keeps at most SIZE - 1
 * bytes of it, and terminates it with '\0'.  Returns its length.
 */
static size_t get_line(char *line, size_t size)
{
	size_t length = 0;
	uint8_t byte;

	while ((byte = get_byte()) != '\n' && byte != 0xFF)
		if (length < size - 1)
			line[length++] = (char)byte;
	line[length] = '\0';
	return length;
}

/* Asks who is there, and greets. */
static void converse(void)
{
	char name[64];

	print(NAME ": what is your name? ");
	if (get_line(name, sizeof(name)) == 0) {
		print("\n" NAME ": nobody there? Good-bye, then.\n");
		return;
	}
	print(NAME ": nice to meet you, ");
	print(name);
	print("!\n");
}

#endif

/* ---- files ------------------------------------------------------------ */

#define FILES_PORT 0x0278

#define O_RDONLY 0
#define O_WRONLY 1
#define O_RDWR   2
#define O_CREAT  0100
#define O_TRUNC  01000
#define O_APPEND 02000

#define SEEK_SET 0
#define SEEK_CUR 1
#define SEEK_END 2

#define ENOENT  2	/* no such file */
#define ENOSPC  28	/* no space */
#define EBADMSG 74	/* a file is not what it should be */

typedef int64_t ssize_t;
typedef int64_t off_t;

/* What the hypervisor is to do. */
struct request {
	uint32_t operation;	/* OPEN to SEEK */
	int32_t handle;		/* of a file that is open */
	uint64_t address;	/* of the path, or of the bytes */
	uint64_t size;		/* in bytes; of SEEK: the offset */
	uint32_t flags;		/* of OPEN: O_; of SEEK: SEEK_ */
	uint32_t reserved;
};

enum { OPEN = 1, CLOSE, READ, WRITE, SEEK };

/*
 * Has the hypervisor do OPERATION.  Returns its answer, which is negative where
 * it failed: an errno.
 */
static int call(uint32_t operation, int handle, const void *address,
    uint64_t size, int flags)
{
	static struct request request;
	static int handed_over;
	int result;

	request.operation = operation;
	request.handle = handle;
	request.address = (uintptr_t)address;
	request.size = size;
	request.flags = (uint32_t)flags;
	if (!handed_over) {
		__asm__ volatile("outl %0, %1"
		    :
		    : "a"((uint32_t)(uintptr_t)&request),
		      "d"((uint16_t)FILES_PORT)
		    : "memory");
		handed_over = 1;
	}
	__asm__ volatile("inl %1, %0"
	    : "=a"(result)
	    : "d"((uint16_t)FILES_PORT)
	    : "memory");
	return result;
}

/* Opens a file.  Returns a handle, or a negative errno. */
static int open(const char *path, int flags)
{
	return call(OPEN, 0, path, 0, flags);
}

/* Closes a file.  Returns 0, or a negative errno. */
static int close(int fd)
{
	return call(CLOSE, fd, NULL, 0, 0);
}

/* Returns the bytes read, 0 at the file's end, or a negative errno. */
static ssize_t read(int fd, void *buf, size_t size)
{
	return call(READ, fd, buf, size, 0);
}

/* Returns the bytes written, or a negative errno. */
static ssize_t write(int fd, const void *buf, size_t size)
{
	return call(WRITE, fd, buf, size, 0);
}

/* Goes to another place in a file and returns it, or a negative errno. */
static off_t lseek(int fd, off_t offset, int whence)
{
	return call(SEEK, fd, NULL, (uint64_t)offset, whence);
}

/* ---- the program ------------------------------------------------------ */

#define PICTURE "flowers.png"
#define OWN NAME ".txt"

/* The palette's entries that colour the petals, and only them. */
#define FIRST_PETAL 1
#define PETALS 48

/* A PNG's palette as a chunk: length, type, entries, check sum. */
#define MAX_ENTRIES 256
#define CHUNK_SIZE (4 + 4 + MAX_ENTRIES * 3 + 4)

/* The guest's last letter; it tells the guests apart. */
#define LAST (NAME[sizeof(NAME) - 2])

/* A colour; 0 stands for a shade's darkest component, 255 for its brightest. */
struct colour {
	char guest;		/* whose it is: its LAST, or '\0' for all */
	const char *what;	/* to say of the picture */
	uint8_t part[3];	/* red, green, blue */
};

static const struct colour colours[] = {
	{ '1', "petals painted blue", { 0, 88, 255 } },
	{ '2', "petals painted yellow", { 255, 205, 0 } },
	{ '\0', "petals painted violet", { 150, 0, 255 } },
};

/* Prints a line about FILE; if RESULT is an error, with its number. */
static void say(const char *file, const char *what, ssize_t result)
{
	print(NAME ": ");
	print(file);
	print(": ");
	print(what);
	if (result < 0) {
		print(", error ");
		print_number((uint64_t)-result);
	}
	print("\n");
}

/* Returns 1 if SIZE bytes are the same at A and at B, else 0. */
static int same(const void *a, const void *b, size_t size)
{
	const uint8_t *left = a;
	const uint8_t *right = b;

	for (size_t i = 0; i < size; i++)
		if (left[i] != right[i])
			return 0;
	return 1;
}

/* Returns 0 if all of SIZE bytes could be read, else a negative errno. */
static ssize_t read_all(int fd, void *buf, size_t size)
{
	ssize_t got = read(fd, buf, size);

	if (got < 0)
		return got;
	return (size_t)got == size ? 0 : -EBADMSG;
}

/* Returns 0 if all of SIZE bytes could be written, else a negative errno. */
static ssize_t write_all(int fd, const void *buf, size_t size)
{
	ssize_t put = write(fd, buf, size);

	if (put < 0)
		return put;
	return (size_t)put == size ? 0 : -ENOSPC;
}

/* Numbers in a PNG file have their highest byte first. */
static uint32_t get_u32(const uint8_t *bytes)
{
	return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 |
	    (uint32_t)bytes[2] << 8 | bytes[3];
}

static void put_u32(uint8_t *bytes, uint32_t number)
{
	for (int i = 0; i < 4; i++)
		bytes[i] = (uint8_t)(number >> (24 - 8 * i));
}

/* The check sum at the end of a PNG chunk, of its type and its data. */
static uint32_t crc32(const uint8_t *bytes, size_t size)
{
	uint32_t crc = 0xFFFFFFFF;

	for (size_t i = 0; i < size; i++) {
		crc ^= bytes[i];
		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0xEDB88320 : 0);
	}
	return ~crc;
}

/*
 * Walks through the chunks of a PNG file up to the palette's, whose length and
 * type CHUNK gets.  Returns 0, or a negative errno.
 */
static ssize_t find_palette(int fd, uint8_t chunk[CHUNK_SIZE])
{
	ssize_t error = read_all(fd, chunk, 8);
	off_t at = 8;

	if (error < 0)
		return error;
	if (!same(chunk, "\x89PNG\r\n\x1A\n", 8))
		return -EBADMSG;
	while ((error = read_all(fd, chunk, 8)) == 0) {
		if (same(chunk + 4, "PLTE", 4))
			return 0;
		at += 8 + (off_t)get_u32(chunk) + 4;
		if (lseek(fd, at, SEEK_SET) != at)
			return -EBADMSG;
	}
	return error;
}

/* Reads the palette; returns the bytes of its entries, or a negative errno. */
static ssize_t read_palette(int fd, uint8_t chunk[CHUNK_SIZE])
{
	ssize_t error = find_palette(fd, chunk);
	size_t size;

	if (error < 0)
		return error;
	size = get_u32(chunk);
	if (size % 3 != 0 || size / 3 > MAX_ENTRIES)
		return -EBADMSG;
	error = read_all(fd, chunk + 8, size + 4);
	if (error < 0)
		return error;
	if (crc32(chunk + 4, 4 + size) != get_u32(chunk + 8 + size))
		return -EBADMSG;
	return (ssize_t)size;
}

/* Gives the petals' shades another colour; they stay as dark or as light. */
static void colour_petals(uint8_t *entry, const struct colour *colour)
{
	for (size_t i = FIRST_PETAL; i < FIRST_PETAL + PETALS; i++) {
		uint8_t *shade = entry + i * 3;
		int dark = 255;
		int bright = 0;

		for (int c = 0; c < 3; c++) {
			dark = shade[c] < dark ? shade[c] : dark;
			bright = shade[c] > bright ? shade[c] : bright;
		}
		for (int c = 0; c < 3; c++)
			shade[c] = (uint8_t)(dark +
			    (bright - dark) * colour->part[c] / 255);
	}
}

/* Paints the petals of an open picture.  Returns 0, or a negative errno. */
static ssize_t paint(int fd, const struct colour *colour)
{
	static uint8_t chunk[CHUNK_SIZE];
	ssize_t size = read_palette(fd, chunk);
	off_t at;

	if (size < 0)
		return size;
	if (size / 3 < FIRST_PETAL + PETALS)
		return -EBADMSG;
	colour_petals(chunk + 8, colour);
	put_u32(chunk + 8 + size, crc32(chunk + 4, 4 + (size_t)size));
	at = lseek(fd, -(size + 4), SEEK_CUR);
	if (at < 0)
		return at;
	return write_all(fd, chunk + 8, (size_t)size + 4);
}

/* Writes a line after the end of an open picture, which viewers ignore. */
static ssize_t sign(int fd)
{
	static const char text[] = "This copy is " NAME "'s.\n";
	off_t at = lseek(fd, 0, SEEK_END);

	return at < 0 ? at : write_all(fd, text, sizeof(text) - 1);
}

/* Paints the petals of the picture that all guests see in its own colour. */
static void paint_picture(void)
{
	const struct colour *colour = colours;
	int fd = open(PICTURE, O_RDONLY);
	ssize_t error;

	if (fd == -ENOENT) {
		say(PICTURE, "there is none; -f flowers.png gives me one", 0);
		return;
	}
	close(fd);
	fd = open(PICTURE, O_RDWR);
	if (fd < 0) {
		say(PICTURE, "I cannot open it", fd);
		return;
	}
	while (colour->guest != LAST && colour->guest != '\0')
		colour++;
	error = paint(fd, colour);
	if (error == 0)
		say(PICTURE, colour->what, 0);
	else if (error == -EBADMSG && (error = sign(fd)) == 0)
		say(PICTURE, "not the one that I can paint, so I signed it", 0);
	else
		say(PICTURE, "I cannot paint it", error);
	close(fd);
}

/* Writes a file of its own, and reads it again. */
static void keep_diary(void)
{
	static const char text[] = "The diary of " NAME ".\n"
	    "Today I painted flowers, in the colour that I like.\n"
	    "No other guest can read this.\n";
	char again[sizeof(text)];
	ssize_t result;
	int fd = open(OWN, O_WRONLY | O_CREAT | O_TRUNC);

	if (fd < 0) {
		say(OWN, "I cannot create it", fd);
		return;
	}
	result = write_all(fd, text, sizeof(text) - 1);
	close(fd);
	if (result < 0) {
		say(OWN, "I cannot write it", result);
		return;
	}
	say(OWN, "written, a file of my own", 0);
	fd = open(OWN, O_RDONLY);
	result = fd < 0 ? fd : read(fd, again, sizeof(again));
	if (result == sizeof(text) - 1 && same(again, text, sizeof(text) - 1))
		say(OWN, "read again, every byte is there", 0);
	else
		say(OWN, "read again, it is not what I wrote", result);
	if (fd >= 0)
		close(fd);
}

/* Tries to open a file that it is not to have. */
static void pry(const char *path)
{
	int fd = open(path, O_RDONLY);

	if (fd == -ENOENT) {
		say(path, "there is no such file for me", 0);
	} else if (fd < 0) {
		say(path, "not for me", fd);
	} else {
		say(path, "I can open it, and should not!", 0);
		close(fd);
	}
}

/* The first byte of the image: called with the bytes of RAM and of a page. */
__attribute__((section(".start"), noreturn))
void _start(size_t ram, size_t page)
{
	describe(ram, page);
	paint_picture();
	keep_diary();
	pry(LAST == '1' ? "guest2.txt" : "guest1.txt");
	pry("../" PICTURE);
	pry("/etc/passwd");
#ifdef TALK
	converse();
#endif
	halt();
}
