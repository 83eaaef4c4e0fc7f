/* Works with floating point, and with vectors in a local array. */
#include <stddef.h>
#include <stdint.h>

static void print(const char *text, size_t size)
{
	__asm__ volatile("rep outsb" : "+S"(text), "+c"(size)
	    : "d"((uint16_t)0xE9) : "memory");
}

__attribute__((section(".start"), noreturn))
void _start(size_t ram, size_t page)
{
	volatile float local[64] __attribute__((aligned(16)));
	float sum = 0;
	double root;
	uint32_t number;
	char text[] = "00000\n";

	for (size_t i = 0; i < 64; i++)
		local[i] = (float)i * 0.5f + (float)(page != 0);
	for (size_t i = 0; i < 64; i++)
		sum += local[i];		/* 64 * 63 / 4 + 64 = 1072 */
	root = (double)ram / 3.0 * 3.0;
	__asm__("sqrtsd %0, %0" : "+x"(root));	/* 2048 of 4 MiB */
	number = (uint32_t)(sum * 10.0f + (float)root);
	for (int i = 4; i >= 0; i--, number /= 10)
		text[i] = (char)('0' + number % 10);
	print(text, 6);				/* 10720 + 2048 */
	for (;;)
		__asm__ volatile("hlt");
}
