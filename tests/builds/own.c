/* A user's guest, whose other file is more.c. */

extern char end[];
extern int number;
extern volatile double half;
const int *number_by_got(void);

static char last[100000];

static void say(const char *text)
{
	for (; *text != '\0'; text++)
		__asm__ volatile("outb %0, $0xE9" : : "a"(*text));
}

/* Not the first function in its file. */
__attribute__((section(".start"))) void _start(void)
{
	say("two files\n");
	if (number_by_got() == &number && number == 42)
		say("a GOT\n");
	if (half * 3 == 1.5)
		say("a double\n");
	last[sizeof(last) - 1] = end[0] = 'x';
	if (end >= last + sizeof(last) && end < last + 2 * sizeof(last))
		say("end\n");
	for (;;)
		__asm__ volatile("hlt");
}
