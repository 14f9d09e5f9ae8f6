# What `make install` puts where. share/picket is found from the binary and from the library (src/api/share.c).
include(GNUInstallDirs)

install(TARGETS picket libpicket_static libpicket_shared)
install(FILES include/picket.h TYPE INCLUDE)
install(DIRECTORY share/ DESTINATION ${CMAKE_INSTALL_DATADIR}/picket)
install(FILES ${CMAKE_BINARY_DIR}/picket.1 DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
install(FILES ${CMAKE_BINARY_DIR}/picket.bash DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions RENAME picket)

# pkg-config --cflags --libs picket; with --static also what libpicket.a needs, as shared libraries.
file(CONFIGURE OUTPUT ${CMAKE_BINARY_DIR}/picket.pc @ONLY CONTENT [[
prefix=@CMAKE_INSTALL_PREFIX@
includedir=${prefix}/@CMAKE_INSTALL_INCLUDEDIR@
libdir=${prefix}/@CMAKE_INSTALL_LIBDIR@

Name: picket
Description: Runs detection rules over logs, and says why each one fired
Version: @PROJECT_VERSION@
Cflags: -I${includedir}
Libs: -L${libdir} -lpicket
Libs.private: -lhs -lpcre2-8 -lyaml -larchive -lutf8proc -lsimdjson -lsqlite3 -lnettle -lpsl -lmicrohttpd -lstdc++ -lpthread -ldl -lm
]])
install(FILES ${CMAKE_BINARY_DIR}/picket.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
