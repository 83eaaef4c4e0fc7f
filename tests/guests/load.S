# Reads its number, a line of four digits, and makes ten calls on the shared
# file load, which has lines of 40 bytes that begin with 1000, 1001 and so on:
# it writes its number over the 1050 and at the end.  After each call it
# prints ten lines, "NUMBER LINE RESULT DATA": LINE counts from 00, RESULT is
# the call's in hexadecimal and DATA what was read last.  Says "ready " before
# it reads.
	.include "guest.inc"
	say	"ready "
	lea	number(%rip), %rdi
	mov	$5, %ecx
	rep insb
	mov	number(%rip), %eax
	mov	%eax, line(%rip)
	lea	calls(%rip), %rbx
1:	mov	$0x278, %edx
	mov	%ebx, %eax
	outl	%eax, %dx
	inl	%dx, %eax
	lea	result(%rip), %rdi
	mov	$8, %ecx
2:	rol	$4, %eax
	mov	%eax, %edx
	and	$15, %edx
	mov	digits(%rdx), %dl
	mov	%dl, (%rdi)
	inc	%rdi
	loop	2b
3:	mov	$CONSOLE, %edx
	lea	line(%rip), %rsi
	mov	$(number - line), %ecx
	rep outsb
	incb	line + 6
	cmpb	$'9', line + 6
	jbe	3b
	movb	$'0', line + 6
	incb	line + 5
	add	$32, %rbx
	cmp	$calls_end, %rbx
	jb	1b
	bye

line:	.ascii	"NNNN 00 "
result:	.ascii	"RRRRRRRR "
data:	.ascii	"none\n"
number:	.ascii	"NNNN\n"
name:	.asciz	"load"
digits:	.ascii	"0123456789abcdef"

# call OPERATION, ADDRESS, SIZE, FLAGS: a request block, for the first handle.
.macro call operation, address=0, size=0, flags=0
	.long	\operation, 3
	.quad	\address, \size
	.long	\flags, 0
.endm
	.balign	8
calls:
	call	1, name, 0, 2		# open, O_RDWR
	call	5, 0, 2000, 0		# seek, SEEK_SET
	call	3, data, 4		# read
	call	5, 0, -4, 1		# seek, SEEK_CUR
	call	4, number, 4		# write
	call	5, 0, 2000, 0		# seek, SEEK_SET
	call	3, data, 4		# read
	call	5, 0, 0, 2		# seek, SEEK_END
	call	4, number, 5		# write
	call	2			# close
calls_end:
