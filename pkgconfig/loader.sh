#!/bin/sh
# loader.sh - after `make install`: will programs find the library?
#
#   loader.sh LIBDIR SONAME
#
# The loader finds what is in its directories by a list, which is written anew
# if that may be.  Says what is left to do, if something is.
set -u

# Where a user's PATH does not have them.
PATH=$PATH:/usr/sbin:/sbin

looks_there() {
    ldconfig -N -X -v 2>/dev/null | grep -q "^$1:"
}

if ! command -v ldconfig >/dev/null; then
    echo "installed into $1"
elif ! looks_there "$1"; then
    echo "installed; programs find $2 by LD_LIBRARY_PATH=$1"
elif ldconfig 2>/dev/null; then
    echo "installed into $1; programs find it there"
else
    echo "installed; programs find $2 when root has run ldconfig"
fi
