# Calls the file device before it told the device where its request is, then
# tells so with one rep outsl, of which the last counts, opens a file of its
# own, and writes to it twice with one rep insl.  Prints the four results.
	.include "guest.inc"
	.set	PLACES, 0x2000
	.set	RESULTS, 0x3000
	mov	$0x278, %edx
	mov	$RESULTS, %edi
	inl	%dx, %eax
	stosl
	movl	$0xFFFFFFFF, PLACES
	movl	$BLOCK, PLACES + 4
	mov	$PLACES, %esi
	mov	$2, %ecx
	rep outsl
	movl	$1, BLOCK		# open
	lea	name(%rip), %rax
	mov	%rax, BLOCK + 8
	movl	$1, BLOCK + 24		# O_WRONLY
	inl	%dx, %eax
	stosl
	movl	$4, BLOCK		# write
	mov	%eax, BLOCK + 4
	movq	$5, BLOCK + 16
	mov	$2, %ecx
	rep insl
	mov	$CONSOLE, %edx
	mov	$RESULTS, %esi
	mov	$16, %ecx
	rep outsb
	bye
name:	.asciz	"twice"
