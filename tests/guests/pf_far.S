# Writes to where no page table leads.
	.include "guest.inc"
	say	"before\n"
	mov	$0x123456789000, %rax
	.globl	fault
fault:	movq	$1, (%rax)
