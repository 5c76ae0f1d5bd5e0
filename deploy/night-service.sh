#!/bin/sh
# Runs skysieve in a container: the password of the database comes from a secret, where there is one.
set -eu
if [ -e /run/secrets/database-password ] && [ ! -r /run/secrets/database-password ]; then
    echo "secrets/database-password cannot be read by the user $(id -u) of the container: chmod 0644 it" \
        "(the folder secrets keeps others out)" >&2
    exit 1
fi
if [ -r /run/secrets/database-password ]; then
    PGPASSWORD=$(cat /run/secrets/database-password)
    export PGPASSWORD
fi
exec skysieve "$@"
