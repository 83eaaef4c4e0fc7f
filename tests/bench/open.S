# Opens and closes the file "given" as often as the console says.
	.include "guest.inc"
	get	%r9
1:	dec	%r9
	js	2f
	open_file 0			# O_RDONLY
	test	%eax, %eax
	js	3f
	movl	$2, BLOCK		# close
	inl	%dx, %eax
	jmp	1b
2:	bye
3:	ud2
name:	.asciz	"given"
