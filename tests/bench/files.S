# Writes ten blocks to a file of its own and reads them back, again and again;
# the console says the bytes of a block, and how often.
	.include "guest.inc"
	.set	BUFFER, 0x10000
	get	%r8
	get	%r9
	open_file 01002		# O_RDWR | O_TRUNC
	movl	$0, BLOCK + 24		# SEEK_SET
	movq	$BUFFER, BLOCK + 8
1:	dec	%r9
	js	4f
	mov	$4, %ebx		# write
	call	transfer
	mov	$3, %ebx		# read
	call	transfer
	jmp	1b
4:	bye
transfer:
	mov	%ebx, BLOCK
	mov	%r8, BLOCK + 16
	mov	$10, %ecx
2:	inl	%dx, %eax
	cmp	%r8d, %eax
	jne	3f
	loop	2b
	movl	$5, BLOCK		# seek
	movq	$0, BLOCK + 16
	inl	%dx, %eax
	ret
3:	ud2
name:	.asciz	"bench"
