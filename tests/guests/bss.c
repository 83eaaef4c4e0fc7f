/* Has 1 MiB of .bss and finds it zeroed and its own. */
#include <stddef.h>
#include <stdint.h>

static volatile uint8_t big[1 << 20];
static volatile const char right[] = "zeroed\n", wrong[] = "soiled\n";

__attribute__((section(".start"), noreturn))
void _start(void)
{
	volatile const char *text = right;

	for (size_t i = 0; i < sizeof(big); i++)
		if (big[i]++ != 0)
			text = wrong;
	for (size_t i = 0; i < sizeof(big); i++)
		if (big[i] != 1)
			text = wrong;
	for (; *text != '\0'; text++)
		__asm__ volatile("outb %0, $0xE9" : : "a"(*text));
	for (;;)
		__asm__ volatile("hlt");
}
