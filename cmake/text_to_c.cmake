# A text file of the tree as a constant of C: cmake -D IN=file -D OUT=file.c -D NAME=symbol -P text_to_c.cmake
file(READ "${IN}" text HEX)
string(REGEX REPLACE "(................................)" "\\1\n" text "${text}")
string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," text "${text}")
get_filename_component(from "${IN}" NAME)
file(WRITE "${OUT}" "/* ${from}, made by cmake/text_to_c.cmake */\nextern const char ${NAME}[];\nconst char ${NAME}[] = {\n${text}0};\n")
