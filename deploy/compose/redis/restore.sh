#!/bin/sh
# Puts a backup (standard input, as deploy/compose/redis/backup.sh wrote it) in the place of everything this server has stored.
# The server must be down. What is no whole backup changes nothing.
set -eu
rm -rf /data/restored
mkdir /data/restored
# A server that appends to a log reads that alone: the backup becomes the base of a new one.
cat > /data/restored/appendonly.aof.1.base.rdb
echo 'file appendonly.aof.1.base.rdb seq 1 type b' > /data/restored/appendonly.aof.manifest
redis-check-aof /data/restored/appendonly.aof.manifest >&2 || { rm -rf /data/restored && exit 1; }
rm -rf /data/appendonlydir
mv /data/restored /data/appendonlydir
