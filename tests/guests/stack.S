# Pushes with its stack gone.
	.include "guest.inc"
	say	"before\n"
	xor	%esp, %esp
	.globl	fault
fault:	push	%rax
