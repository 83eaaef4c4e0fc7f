# Writes the first byte of the shared file "given", so that it gets a copy.
	.include "guest.inc"
	.set	BLOCK, 0x1000
	mov	$0x278, %edx
	mov	$BLOCK, %eax
	outl	%eax, %dx
	movl	$1, BLOCK		# open
	lea	name(%rip), %rax
	mov	%rax, BLOCK + 8
	movl	$2, BLOCK + 24		# O_RDWR
	inl	%dx, %eax
	mov	%eax, BLOCK + 4
	movl	$4, BLOCK		# write
	movq	$1, BLOCK + 16
	inl	%dx, %eax
	cmp	$1, %eax
	jne	1f
	bye
1:	ud2
name:	.asciz	"given"
