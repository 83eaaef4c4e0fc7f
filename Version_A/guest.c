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

/* ---- the program ------------------------------------------------------ */

/* The first byte of the image: called with the bytes of RAM and of a page. */
__attribute__((section(".start"), noreturn))
void _start(size_t ram, size_t page)
{
	describe(ram, page);
#ifdef TALK
	converse();
#endif
	halt();
}
