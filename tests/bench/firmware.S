# For QEMU's microvm in place of firmware: prints a line on the port that is the
# console here, and ends with a triple fault.  The CPU starts 16 bytes before
# the end, in real mode, with the segment of the code at the first byte.
	.globl	_start
	.section .start, "awx"
	.code16
_start:	mov	$0xE9, %dx
	mov	$line, %si
	mov	$6, %cx
1:	mov	%cs:(%si), %al
	outb	%al, %dx
	inc	%si
	loop	1b
	lidtw	%cs:none
	int3
line:	.ascii	"hello\n"
none:	.fill	6
	.org	0xFFF0
	jmp	_start
	.org	0x10000
