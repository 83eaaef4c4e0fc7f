# Opens the shared file "given" and prints the four bytes that it begins with.
	.include "guest.inc"
	open_file 0			# O_RDONLY
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
