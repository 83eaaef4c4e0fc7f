/* The other file of own.c. */

int number = 42;
volatile double half = 0.5;

/* A linker may replace mov from the GOT, but not push. */
__asm__(".globl number_by_got\n"
    "number_by_got: pushq number@GOTPCREL(%rip)\n"
    "popq %rax\n"
    "ret\n");
