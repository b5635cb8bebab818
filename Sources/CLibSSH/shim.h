#ifndef WEIR_CLIBSSH_SHIM_H
#define WEIR_CLIBSSH_SHIM_H

#include <libssh/libssh.h>
#include <libssh/server.h>
#include <libssh/callbacks.h>

#endif
