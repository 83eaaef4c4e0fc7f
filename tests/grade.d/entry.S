# Where guest.c begins, with a stack of its own; at 16 is what it is to do.
	.globl	_start, g_halt, g_task
	.section .note.GNU-stack
	.section .start, "awx"
_start:	lea	room + 65536(%rip), %rsp
	jmp	1f
	.org	16
g_task:	.space	240
1:	call	g_main
g_halt:	hlt
	mov	$'!', %al	# which only a hypervisor that goes on lets out
	outb	%al, $0xE9
	jmp	g_halt
	.lcomm	room, 65536
