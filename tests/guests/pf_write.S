# Writes the byte behind RAM.
	.include "guest.inc"
	say	"before\n"
	.globl	fault
fault:	mov	%al, (%rdi)
