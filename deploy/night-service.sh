#!/bin/sh
# Runs skysieve in a container: the password of the database comes from a secret, where there is one.
set -eu
if [ -r /run/secrets/database-password ]; then
    PGPASSWORD=$(cat /run/secrets/database-password)
    export PGPASSWORD
fi
exec skysieve "$@"
