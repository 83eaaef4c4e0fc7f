# Reads from a non-canonical address.
	.include "guest.inc"
	say	"before\n"
	mov	$1, %rax
	shl	$63, %rax
	.globl	fault
fault:	mov	(%rax), %al
