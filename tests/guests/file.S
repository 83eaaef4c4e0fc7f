# Opens the shared file "given" and prints the four bytes that it begins with.
	.include "guest.inc"
	.set	BLOCK, 0x1000
	mov	$0x278, %edx
	mov	$BLOCK, %eax
	outl	%eax, %dx
	movl	$1, BLOCK		# open, O_RDONLY
	lea	name(%rip), %rax
	mov	%rax, BLOCK + 8
	inl	%dx, %eax
	mov	%eax, BLOCK + 4
	movl	$3, BLOCK		# read
	movq	$0x2000, BLOCK + 8
	movq	$4, BLOCK + 16
	inl	%dx, %eax
	mov	$CONSOLE, %edx
	mov	$0x2000, %esi
	mov	%eax, %ecx
	rep outsb
	bye
name:	.asciz	"given"
