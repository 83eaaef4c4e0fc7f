#include "base.h"
#include <stdint.h>

#define STACK 0x10000		/* bytes of RAM that malloc leaves for it */
#define ROUND(size) (((size) + 15) & ~(uintptr_t)15)

extern char end[];		/* the first free byte, says guest.ld */
static char *heap, *heap_end;	/* free memory */

/* The guest starts here, with RAM bytes of memory. */
__attribute__((section(".start"))) _Noreturn void _start(size_t ram)
{
	heap = (char *)ROUND((uintptr_t)end);
	heap_end = (char *)ram - STACK;
	main();
	halt();
}

void halt(void)
{
	for (;;)
		__asm__ volatile("hlt");
}

void print(const char *text)
{
	size_t size = strlen(text);

	__asm__ volatile("rep outsb" : "+S"(text), "+c"(size)
	    : "d"((uint16_t)0xE9) : "memory");
}

/* ---- memory ----------------------------------------------------------- */

/* In assembly, because compilers make such loops calls of these functions. */
void *memcpy(void *to, const void *from, size_t size)
{
	void *at = to;

	__asm__ volatile("rep movsb" : "+D"(at), "+S"(from), "+c"(size)
	    : : "memory");
	return to;
}

void *memmove(void *to, const void *from, size_t size)
{
	char *last = (char *)to + size - 1;
	const char *from_last = (const char *)from + size - 1;

	if ((uintptr_t)to <= (uintptr_t)from)
		return memcpy(to, from, size);
	__asm__ volatile("std; rep movsb; cld"
	    : "+D"(last), "+S"(from_last), "+c"(size) : : "memory");
	return to;
}

void *memset(void *to, int byte, size_t size)
{
	void *at = to;

	__asm__ volatile("rep stosb" : "+D"(at), "+c"(size) : "a"(byte)
	    : "memory");
	return to;
}

int memcmp(const void *a, const void *b, size_t size)
{
	const unsigned char *left = a, *right = b;

	for (; size > 0; size--, left++, right++)
		if (*left != *right)
			return *left - *right;
	return 0;
}

size_t strlen(const char *text)
{
	size_t size = 0;

	while (text[size] != '\0')
		size++;
	return size;
}

void *malloc(size_t size)
{
	char *block = heap;

	if (size > (size_t)(heap_end - heap))
		return NULL;
	heap += ROUND(size);
	return block;
}

/* What this copies after the old block's end does no harm. */
void *realloc(void *old, size_t size)
{
	void *block = malloc(size);

	return block == NULL ? NULL : memcpy(block, old, size);
}

void free(void *block)
{
	(void)block;
}

int abs(int number)
{
	return number < 0 ? -number : number;
}

/* ---- files ------------------------------------------------------------ */

enum { OPEN = 1, CLOSE, READ, WRITE, SEEK };

/* Has the hypervisor do one thing; returns its answer. */
static int call(uint32_t operation, int handle, const void *address,
    uint64_t size, int flags)
{
	static struct {
		uint32_t operation;
		int32_t handle;
		uint64_t address, size;
		uint32_t flags, reserved;
	} request;
	int result;

	request.operation = operation;
	request.handle = handle;
	request.address = (uintptr_t)address;
	request.size = size;
	request.flags = (uint32_t)flags;
	__asm__ volatile("outl %%eax, %%dx; inl %%dx, %%eax" : "=a"(result)
	    : "a"(&request), "d"((uint16_t)0x0278) : "memory");
	return result;
}

int open(const char *path, int flags, ...)
{
	return call(OPEN, 0, path, 0, flags);
}

int close(int fd)
{
	return call(CLOSE, fd, NULL, 0, 0);
}

ssize_t read(int fd, void *buffer, size_t size)
{
	return call(READ, fd, buffer, size, 0);
}

ssize_t write(int fd, const void *buffer, size_t size)
{
	return call(WRITE, fd, buffer, size, 0);
}

off_t lseek(int fd, off_t offset, int whence)
{
	return call(SEEK, fd, NULL, (uint64_t)offset, whence);
}
