# Writes as many bytes of RAM as the console says to a file of its own, with one
# call.
	.include "guest.inc"
	.set	BLOCK, 0x1000
	get	%r8
	mov	$0x278, %edx
	mov	$BLOCK, %eax
	outl	%eax, %dx
	movl	$1, BLOCK		# open
	lea	name(%rip), %rax
	mov	%rax, BLOCK + 8
	movl	$1, BLOCK + 24		# O_WRONLY
	inl	%dx, %eax
	movl	$4, BLOCK		# write
	mov	%eax, BLOCK + 4
	mov	%r8, BLOCK + 16
	inl	%dx, %eax
	bye
name:	.asciz	"written"
