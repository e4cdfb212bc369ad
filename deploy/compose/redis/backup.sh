#!/bin/sh
# Writes all that this server holds to standard output. By way of the disk: straight to its output, redis-cli leaves the mark of
# the end of the transmission in it.
set -eu
REDISCLI_AUTH=$(cat /run/secrets/redis_password)
export REDISCLI_AUTH
trap 'rm -f /data/backup.rdb' EXIT
redis-cli --rdb /data/backup.rdb >&2
cat /data/backup.rdb
