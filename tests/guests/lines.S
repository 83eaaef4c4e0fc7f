# Reads the line "ID LENGTH COUNT", a letter and two numbers of six digits, and
# prints COUNT lines, each with one rep outsb: LENGTH times the letter, the
# number of the line, from 000001 on, and a newline.  Says "ready " before.
	.include "guest.inc"
	say	"ready "
	mov	$0x10000, %edi
1:	inb	$CONSOLE, %al
	stosb
	cmp	$'\n', %al
	jne	1b
	mov	$0x10002, %esi
	call	number
	mov	%rbx, %r8
	inc	%rsi
	call	number
	mov	0x10000, %al
	mov	$0x20000, %edi
	mov	%r8, %rcx
	rep stosb
	mov	$'0', %al
	mov	$6, %ecx
	rep stosb
	movb	$'\n', (%rdi)
2:	lea	-1(%rdi), %rax		# the next number, from its last digit
	jmp	4f
3:	movb	$'0', (%rax)
	dec	%rax
4:	incb	(%rax)
	cmpb	$'9', (%rax)
	ja	3b
	mov	$CONSOLE, %edx
	mov	$0x20000, %esi
	lea	7(%r8), %rcx
	rep outsb
	dec	%rbx
	jnz	2b
	bye
number:	xor	%ebx, %ebx		# rbx = six digits at rsi, which moves on
	mov	$6, %ecx
5:	xor	%eax, %eax
	lodsb
	imul	$10, %rbx
	lea	-'0'(%rbx, %rax), %rbx
	loop	5b
	ret
