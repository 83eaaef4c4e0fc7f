# Jumps to an instruction of two bytes whose second one is behind RAM.
	.include "guest.inc"
	say	"before\n"
	.set	fault, 0x3FFFFF
	.globl	fault
	movb	$0xCD, -1(%rdi)		# int $n
	lea	-1(%rdi), %rax
	jmp	*%rax
