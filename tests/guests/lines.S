# Reads the line "ID LENGTH COUNT", a letter and two numbers of six digits, and
# prints COUNT lines that are LENGTH times the letter and a newline, each with
# one rep outsb.  Says "ready " before it reads.
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
	movb	$'\n', (%rdi)
2:	mov	$CONSOLE, %edx
	mov	$0x20000, %esi
	lea	1(%r8), %rcx
	rep outsb
	dec	%rbx
	jnz	2b
	bye
number:	xor	%ebx, %ebx		# rbx = six digits at rsi, which moves on
	mov	$6, %ecx
3:	xor	%eax, %eax
	lodsb
	imul	$10, %rbx
	lea	-'0'(%rbx, %rax), %rbx
	loop	3b
	ret
