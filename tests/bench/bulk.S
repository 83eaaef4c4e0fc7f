# Prints by handle 1 the bytes of RAM that the console says, so often as it says
# then.
	.include "guest.inc"
	get	%r8
	get	%r9
	mov	$0x278, %edx
	mov	$BLOCK, %eax
	outl	%eax, %dx
	movl	$4, BLOCK		# write
	movl	$1, BLOCK + 4
	movq	$0x10000, BLOCK + 8
	mov	%r8, BLOCK + 16
1:	dec	%r9
	js	2f
	inl	%dx, %eax
	cmp	%r8d, %eax
	je	1b
	ud2
2:	bye
