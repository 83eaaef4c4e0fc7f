# Writes to the IDT that it was given.
	.include "guest.inc"
	say	"before\n"
	sub	$10, %rsp
	sidt	(%rsp)
	mov	2(%rsp), %rax
	.globl	fault
fault:	movq	$0, (%rax)
