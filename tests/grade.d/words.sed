# Says in words what a task, as guest.c has it, has a guest do.
s/^h$/prints "<hello>^" and halts/
s/^r(.)$/writes a tag to both ends of each page of \1 MB but of page tables, then reads all tags/
s/^p$/looks up the size of its pages in the page tables/
s/^l$/shifts a 1 to bit 40 of rax and back/
s/^s$/prints "<spinning>" and then loops/
s/^bo$/prints all 256 bytes between "<" and ">"/
s/^bl$/prints the bytes that it reads, up to a newline, at the end/
s/^bi$/prints the 256 bytes that it reads, at the end/
s/^i(.)$/is an image of \1 MB that looks for its own last 8 bytes/
s/^u$/prints "<before the fault>" and does ud2/
s/^w$/prints "<before the fault>" and writes to 0x7ffffff00000/
s/^o(.)$/keeps a \1 at 0x180000 for 300 million cycles, then prints it/
t
s/^\*/50 times: /
s/(^| )(.)[>^]([^ ]*)/\1\2 = open("\3", O_WRONLY);/g
s/(^| )(.)<([^ ]*)/\1\2 = open("\3", O_RDONLY);/g
s/(^| )(.)!([^ ]*)/\1open("\3", O_RDONLY), or a read from it, must fail;/g
s/(^| )(.)\?([^ ]*)/\1write(open("\3", O_WRONLY), ...);/g
s/ (.)\+([^ ]*)/ write(\1, "\2");/g
s/ (.)=([^ ]+)/ read(\1) finds "\2";/g
s/ (.)#/ write(\1, 65536 bytes);/g
s/ (.)@/ read(\1) finds them;/g
s/ (.)-( |$)/ close(\1);\2/g
s/ (.)\.( |$)/ read(\1) finds no more;\2/g
