# Writes the first byte of the shared file "given", so that it gets a copy.
	.include "guest.inc"
	open_file 2			# O_RDWR
	movl	$4, BLOCK		# write
	movq	$1, BLOCK + 16
	inl	%dx, %eax
	cmp	$1, %eax
	jne	1f
	bye
1:	ud2
name:	.asciz	"given"
