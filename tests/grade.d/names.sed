# Finds functions whose names have "open" and which take a string, and tells the
# compiler how they and their like are called.
/^extern/d
s/^[a-z].*[ *]([A-Za-z_]*)open([A-Za-z_]*) *\((const )?char.*/\
-DG_OPEN=\1open\2 -DG_CLOSE=\1close\2 -DG_READ=\1read\2 -DG_WRITE=\1write\2/
s/^\n//p
