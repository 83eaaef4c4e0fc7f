# Reads a word from the console.
	.include "guest.inc"
	say	"before\n"
	.globl	fault
fault:	inw $CONSOLE, %ax
