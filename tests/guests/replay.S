# Makes the calls that stand in RAM from 0x40000 on: for each a length, a request
# block, and so many bytes that go with it, to 0x2000 for open, to 0x4000
# otherwise; prints each result as four bytes, and after a read the first
# bytes of the buffer, as many as were read.  A length of all ones ends it.
	.include "guest.inc"
	.set	BUFFER, 0x4000
	mov	$0x278, %edx
	mov	$BLOCK, %eax
	outl	%eax, %dx
	mov	$0x40000, %r9d
1:	mov	%r9, %rsi
	lodsl
	cmp	$0xFFFFFFFF, %eax
	je	4f
	mov	$BLOCK, %edi
	mov	$32, %ecx
	rep movsb
	mov	$BUFFER, %edi
	cmpl	$1, BLOCK
	jne	2f
	mov	$0x2000, %edi
2:	mov	%eax, %ecx
	rep movsb
	mov	%rsi, %r9
	mov	$0x278, %edx
	inl	%dx, %eax
	mov	%eax, 0x3000
	mov	%eax, %ebx
	mov	$CONSOLE, %edx
	mov	$0x3000, %esi
	mov	$4, %ecx
	rep outsb
	cmpl	$3, BLOCK
	jne	1b
	test	%ebx, %ebx
	js	1b
	mov	$BUFFER, %esi
	mov	%ebx, %ecx
	rep outsb
	jmp	1b
4:	bye
